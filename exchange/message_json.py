"""A message as plain values for JSON, and back (gói tin ở dạng JSON).

The keys are those of our dataclasses. What follows from others (size, SHA-256, type of a file, the
original) is written for the reader; coming back, size and SHA-256 have to hold, the rest is passed
over.
"""

from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from enum import Enum, IntEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from exchange.envelope import Attachment, Envelope, Original
from exchange.errors import InvalidMessage
from exchange.findings import Finding, missing, wrong_type, wrong_value
from exchange.status import StatusMessage

EDOC: Final = "edoc"
STATUS: Final = "status"

#: takes a name and a path, either may be "", and gives the bytes; raises OSError
Files = Callable[[str, str], bytes]

_KINDS: Final = {
    str: ("chuỗi ký tự", "a string"),
    int: ("số nguyên", "a whole number"),
    bool: ("true hoặc false", "true or false"),
}


class InvalidForm(InvalidMessage):
    """The JSON does not describe a message (JSON sai gói tin); `findings` says where."""

    code = "invalid-message-form"
    vi = "Tệp JSON không mô tả đúng gói tin: {findings_vi} Sửa tệp rồi chạy lại."
    en = "The JSON does not describe a message: {findings_en} Correct it and run again."
    citation = ""


def to_data(message: Envelope | StatusMessage, paths: Sequence[str] = ()) -> dict[str, Any]:
    """Return a message as plain values; `paths` says where each attachment was put."""
    kind = EDOC if isinstance(message, Envelope) else STATUS
    data = {"message_type": kind, **_plain(message)}
    for attachment, path in zip(data.get("attachments", ()), paths, strict=False):
        attachment["path"] = path
    return data


def from_data(data: object, files: Files) -> Envelope | StatusMessage:
    """Make a message of plain values; raises InvalidForm with everything that is wrong."""
    form = _Form(files)
    kinds: dict[object, type[Envelope | StatusMessage]] = {EDOC: Envelope, STATUS: StatusMessage}
    stated = data.get("message_type", EDOC) if isinstance(data, dict) else EDOC
    kind = kinds.get(stated if isinstance(stated, str) else None)
    if kind is None:
        raise InvalidForm(_unknown("message_type", stated, kinds))
    message = form.value(kind, data, "")
    if form.findings:
        raise InvalidForm(*form.findings)
    assert isinstance(message, Envelope | StatusMessage)
    return message


def _plain(value: Any) -> Any:
    match value:
        case Attachment():
            own = {"size": len(value.content), "sha256": value.sha256}
            named = {name: getattr(value, name) for name in ("name", "description", "content_id")}
            return {**named, "content_type": value.content_type, **own}
        case Original():
            return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.repr}
        case IntEnum():
            return int(value)
        case Enum():
            return value.value
        case datetime() | date():
            return value.isoformat()
        case tuple():
            return [_plain(item) for item in value]
        case _ if is_dataclass(value):
            return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
        case _:
            return value


class _Form:
    """Reads values by the types of our dataclasses and collects what does not fit."""

    def __init__(self, files: Files) -> None:
        self.findings: list[Finding] = []
        self._files = files

    def value(self, kind: Any, value: object, path: str) -> Any:
        """Return `value` as `kind`; None, with a finding, where it is none."""
        origin = get_origin(kind)
        if origin in (Union, UnionType):
            (kind,) = (one for one in get_args(kind) if one is not NoneType)
            return None if value is None else self.value(kind, value, path)
        if origin is tuple:
            return self._tuple(get_args(kind)[0], value, path)
        if kind is Attachment:
            return self._attachment(value, path)
        if is_dataclass(kind):
            return self._dataclass(kind, value, path)
        if isinstance(kind, type) and issubclass(kind, Enum):
            # true is the number 1 to Python, but nobody's urgency
            known = not isinstance(value, bool) and value in [one.value for one in kind]
            return kind(value) if known else self._find(_unknown(path, value, kind))
        if kind in (date, datetime):
            return self._moment(kind, value, path)
        if type(value) is kind:
            return value
        return self._find(wrong_type(path, str(value), *_KINDS[kind]))

    def _find(self, finding: Finding) -> Any:
        self.findings.append(finding)
        return None

    def _tuple(self, kind: Any, value: object, path: str) -> Any:
        if not isinstance(value, list):
            return self._find(wrong_type(path, str(value), "danh sách", "a list"))
        return tuple(self.value(kind, one, f"{path}[{n}]") for n, one in enumerate(value, 1))

    def _moment(self, kind: type[date], value: object, path: str) -> Any:
        try:
            return kind.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            shape = "2026-11-27" if kind is date else "2026-11-27T15:30:00+07:00"
            return self._find(wrong_type(path, str(value), f"ISO 8601: {shape}"))

    def _dataclass(self, kind: Any, value: object, path: str) -> Any:
        if not isinstance(value, dict):
            return self._find(wrong_type(path or "JSON", str(value), "đối tượng {…}", "an object"))
        kinds, parts = _hints(kind), {part.name: part for part in fields(kind)}
        beside = {"message_type", "original"} if not path else set()
        for name in sorted(set(map(str, value)) - set(parts) - beside):
            self._find(_unknown(_at(path, name[:40]), name[:40], parts))
        given = {}
        for name, part in parts.items():
            if name == "original":
                continue
            if name in value:
                given[name] = self.value(kinds[name], value[name], _at(path, name))
            elif _is_required(part):
                self._find(missing(_at(path, name)))
        return kind(**given) if not self.findings else None

    def _attachment(self, value: object, path: str) -> Any:
        if not isinstance(value, dict):
            return self._find(wrong_type(path, str(value), "đối tượng {…}", "an object"))
        known = {"name", "description", "content_id", "content_type", "size", "sha256", "path"}
        for name in sorted(set(map(str, value)) - known):
            self._find(_unknown(_at(path, name[:40]), name[:40], known))
        words = {
            part: self.value(str, value.get(part, ""), _at(path, part))
            for part in ("name", "description", "content_id", "path", "sha256")
        }
        if None in words.values():
            return None
        if not words["name"]:
            return self._find(missing(_at(path, "name")))
        try:
            content = self._files(words["name"], words["path"])
        except OSError as error:
            vi, en = f"không mở được tệp ({error})", f"the file cannot be opened ({error})"
            return self._find(wrong_value(_at(path, "path"), vi, en))
        made = Attachment.of(words["name"], content, words["description"])
        stated = (value.get("size", len(content)), words["sha256"].lower() or made.sha256)
        if stated != (len(content), made.sha256):
            vi, en = "tệp không còn như đã ghi", "the file is not what was written down"
            return self._find(wrong_value(_at(path, "sha256"), vi, en))
        content_id = words["content_id"] or made.content_id
        return Attachment(words["name"], content, words["description"], content_id)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _is_required(part: "Field[Any]") -> bool:
    return part.default is MISSING and part.default_factory is MISSING


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _unknown(path: str, value: object, known: Any) -> Finding:
    names = ", ".join(str(one.value if isinstance(one, Enum) else one) for one in known)
    return wrong_value(path, f"«{str(value)[:40]}», cần một trong: {names}", f"one of {names}")
