"""The fields a document is typeset from (các thành phần thể thức), checked before the press."""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from importlib import resources
from typing import Any, Literal, Self, get_args

from engine.errors import OfficeError
from records.issuing_error import MissingFields
from records.typesetting.structure import structure
from records.vocabulary import Urgency

Kind = Literal["decision", "letter", "named"]


class UnknownField(OfficeError):
    """The template has no such field (mẫu không có mục này)."""

    code = "unknown-field"
    vi = "Mẫu văn bản không có mục «{field}» hoặc mục này sai kiểu dữ liệu."
    en = "The template has no field «{field}», or its value is of the wrong type."


class UnprintableText(OfficeError):
    """The text has characters the document face lacks (ký tự không in được)."""

    code = "unprintable-text"
    citation = "Nghị định 30/2020/NĐ-CP, Phụ lục I (phông chữ, bộ mã ký tự)"
    vi = (
        "Nội dung có ký tự không thuộc bộ mã tiếng Việt dùng cho văn bản: {characters}. "
        "Hãy bỏ hoặc thay các ký tự này (biểu tượng, chữ nước ngoài đặc biệt)."
    )
    en = "The text has characters official documents cannot carry: {characters}. Replace them."


@dataclass(frozen=True, slots=True)
class Attachment:
    """What is issued with the document in the same file (quy chế, quy định kèm theo)."""

    name: str
    subject: str
    issued_by: str
    body: str
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """The parts of an official document (Decree 30/2020, Điều 8).

    `body` and the bodies of attachments are plain text, one paragraph a line
    (`records.typesetting.structure`). Number and date are left blank: the year too is that of the
    day on which the number is taken.
    """

    kind: Kind
    issuer: str
    notation: str
    place: str
    subject: str
    body: str
    #: lines above the signature: `TM. ỦY BAN NHÂN DÂN`, `CHỦ TỊCH`
    signing_lines: list[str]
    signer_name: str
    superior: str = ""
    type_name: str = ""
    #: who decides, over the legal bases: `ỦY BAN NHÂN DÂN TỈNH THÁI NGUYÊN`
    authority: str = ""
    bases: list[str] = field(default_factory=list)
    addressees: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    urgency: str = Urgency.NORMAL.value
    #: the number is followed by its year (`188/2026/QĐ-UBND`) and needs more room
    year_in_reference: bool = False
    attachments: list[Attachment] = field(default_factory=list)

    @classmethod
    def of_fields(cls, kind: str, given: Mapping[str, Any]) -> Self:
        """Return the paper of the `given` fields, texts normalised.

        Raises `UnknownField`, `MissingFields`, `UnprintableText`.
        """
        if kind not in get_args(Kind):
            raise UnknownField(field=kind)
        values: dict[str, Any] = {"kind": kind}
        expected = {f.name: f for f in fields(cls)}
        for name, value in given.items():
            if name == "kind" or name not in expected:
                raise UnknownField(field=name)
            values[name] = _read(name, value)
        missing = [label for name, label in _NEEDED[kind].items() if not values.get(name)]
        if missing:
            raise MissingFields(names=", ".join(missing))
        return cls(**values)

    def as_data(self) -> str:
        """Return the JSON the template reads."""
        data = {name.replace("_", "-"): value for name, value in asdict(self).items()}
        data |= {
            "issuer": _agency_lines(self.issuer),
            "superior": _agency_lines(self.superior),
            "about": f"V/v {_ABOUT.sub('', self.subject, count=1)}",
            "title": " ".join(part for part in (self.type_name, self.subject) if part),
            "bases": [_without_end(base) for base in self.bases],
            "recipients": [_bare(name) for name in self.recipients],
            "addressees": [_bare(name) for name in self.addressees],
            "enacting": self.type_name,
            "urgency": Urgency(self.urgency).stamp,
            "signature": {"lines": self.signing_lines, "name": self.signer_name},
            "body": _blocks(self.body, ends_document=True),
            "attachments": [
                {
                    "name": part.name,
                    "subject": part.subject,
                    "issued-by": part.issued_by,
                    "signed": part.signed,
                    "body": _blocks(part.body, ends_document=True),
                }
                for part in self.attachments
            ],
        }
        return json.dumps(data, ensure_ascii=False, sort_keys=True)


_ALWAYS = {
    "issuer": "tên cơ quan ban hành",
    "notation": "ký hiệu",
    "place": "địa danh",
    "subject": "trích yếu",
    "body": "nội dung",
    "signing_lines": "quyền hạn, chức vụ người ký",
    "signer_name": "họ tên người ký",
    "recipients": "nơi nhận",
}
_NEEDED: dict[str, dict[str, str]] = {
    "decision": _ALWAYS | {"type_name": "tên loại", "authority": "thẩm quyền ban hành"},
    "letter": _ALWAYS | {"addressees": "kính gửi"},
    "named": _ALWAYS | {"type_name": "tên loại"},
}
_LISTS = {"signing_lines", "bases", "addressees", "recipients"}


def _read(name: str, value: Any) -> Any:
    if name == "year_in_reference":
        if not isinstance(value, bool):
            raise UnknownField(field=name)
        return value
    if name == "urgency":
        if value not in list(Urgency):
            raise UnknownField(field=name)
        return str(Urgency(value).value)
    if name in _LISTS:
        if not isinstance(value, list):
            raise UnknownField(field=name)
        return [words for item in value if (words := _line(name, item))]
    if name == "attachments":
        if not isinstance(value, list):
            raise UnknownField(field=name)
        return [_attachment(item) for item in value]
    return _text(name, value).strip() if name == "body" else _line(name, value)


def _attachment(value: Any) -> Attachment:
    known = {f.name for f in fields(Attachment)}
    if isinstance(value, Attachment):
        value = asdict(value)
    if not isinstance(value, Mapping) or not known - {"signed"} <= value.keys() <= known:
        raise UnknownField(field="attachments")
    return Attachment(
        name=_line("attachments", value["name"]),
        subject=_line("attachments", value["subject"]),
        issued_by=_line("attachments", value["issued_by"]),
        body=_text("attachments", value["body"]),
        signed=value.get("signed") is True,
    )


def _line(name: str, value: Any) -> str:
    return " ".join(_text(name, value).split())


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise UnknownField(field=name)
    text = unicodedata.normalize("NFC", value)
    strange = sorted({c for c in text if c not in "\n\r\t" and not _is_covered(ord(c))})
    if strange:
        shown = ", ".join(f"«{c}» (U+{ord(c):04X})" if c.isprintable() else f"U+{ord(c):04X}"
                          for c in strange[:10])  # fmt: skip
        raise UnprintableText(characters=shown, field=name)
    return text


@cache
def _coverage() -> list[list[int]]:
    runs: list[list[int]] = json.loads(
        resources.files("records.typesetting").joinpath("fonts/coverage.json").read_text("ascii")
    )
    return runs


def _is_covered(code: int) -> bool:
    return any(first <= code <= last for first, last in _coverage())


def _agency_lines(name: str) -> list[str]:
    """Return the lines of an agency's name as clerks break it: the committee, then its place.

    Another long name is broken at the space nearest its middle.
    """
    broken = re.fullmatch(r"(?i)((?:ủy|uỷ) ban nhân dân|hội đồng nhân dân) (\S.{8,})", name)
    if broken:
        return [broken[1], broken[2]]
    if len(name) <= 24 or " " not in name:
        return [name] if name else []
    middle = min(re.finditer(" ", name), key=lambda space: abs(space.start() - len(name) / 2))
    return [name[: middle.start()], name[middle.end() :]]


def _without_end(text: str) -> str:
    return text.rstrip(" ./;,")


def _bare(line: str) -> str:
    """Return a line of a list without the dash and the end that the press sets (II.9)."""
    return _without_end(re.sub(r"^(?:[-–—−+•]\s*)+(?=[\w«“\"(])", "", line))


#: a letter's subject stands behind `V/v` (annex I.II.5), which many type themselves
_ABOUT = re.compile(r"\A\s*(?:v/v|về việc)\b[\s:.]*", re.IGNORECASE)


def _blocks(text: str, *, ends_document: bool) -> list[dict[str, str]]:
    """Return the blocks of a body; the last one ends with `./.` (annex I.II.6)."""
    blocks = [block._asdict() for block in structure(text)]
    if blocks and ends_document:
        last = blocks[-1]["text"].rstrip(" ./")
        blocks[-1]["text"] = f"{last}./."
    return blocks
