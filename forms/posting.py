"""A posted page read back into raw values (nội dung gửi từ trang), named as in `forms.view`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from forms.components import Field, Leaf, Rows, leaves
from forms.definition import FormDefinition
from forms.submission import lookup, put

#: the buttons that add and remove rows without JavaScript post this name
ROW_COMMAND = "row_command"
_COMMAND = re.compile(r"(add|remove):([A-Za-z0-9_.]{1,200}?)(?:\.([0-9]{1,3}))?")
_MANY = frozenset({"checklist", "taglist"})
_NO_FILES: Mapping[str, Sequence[str]] = {}
_MOST_ROWS = 500


class Posted(Protocol):
    """What every web framework's form looks like."""

    def getlist(self, key: str) -> list[str]:
        """Return all values of a name."""

    def keys(self) -> Iterable[str]:
        """Return the names."""


def from_post(
    form: FormDefinition,
    posted: Posted,
    *,
    uploaded: Mapping[str, Sequence[str]] = _NO_FILES,
    ignore: Iterable[str] = ("csrf_token",),
) -> dict[str, Any]:
    """Return the raw values of a posted page, as typed.

    `uploaded` holds the references of files stored from this post, by input name; `ignore` the
    door's own names. Rows left wholly empty are dropped. A name that the form does not know stays
    at the top, so that `validate` refuses it.
    """
    names = frozenset(posted.keys()) | uploaded.keys()
    used = {ROW_COMMAND, *ignore}
    raw = _level(form.leaves, posted, names, uploaded, "", used)
    for name in names - used:
        raw[name] = posted.getlist(name)
    return raw


def _level(
    found: Iterable[Leaf],
    posted: Posted,
    names: frozenset[str],
    uploaded: Mapping[str, Sequence[str]],
    prefix: str,
    used: set[str],
) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for leaf in found:
        part, name = leaf.component, prefix + leaf.path
        used.add(name)
        if isinstance(part, Rows):
            inside = tuple(leaves(part.components))
            rows = [
                _level(inside, posted, names, uploaded, f"{name}.{number}.", used)
                for number in _numbers(names, name)
            ]
            put(raw, leaf.place, [row for row in rows if not _is_blank(row)])
        elif not part.is_given_by_server and part.kind != "computed":
            value = _value(part, name, posted, uploaded)
            if value is not None:
                put(raw, leaf.place, value)
    return raw


def _numbers(names: frozenset[str], name: str) -> list[int]:
    start = f"{name}."
    found = {other[len(start) :].partition(".")[0] for other in names if other.startswith(start)}
    return sorted(int(part) for part in found if re.fullmatch("[0-9]{1,3}", part))[:_MOST_ROWS]


def _value(part: Field, name: str, posted: Posted, uploaded: Mapping[str, Sequence[str]]) -> Any:
    values = posted.getlist(name)
    if part.kind == "checkbox":
        return bool(values) and values[-1] != "false"
    if part.kind in _MANY:
        return [value for value in values if value]
    if part.kind == "file":
        return [value for value in (*values, *uploaded.get(name, ())) if value]
    return values[0] if values else None


def _is_blank(row: Any) -> bool:
    if isinstance(row, Mapping):
        return all(_is_blank(value) for value in row.values())
    return row in (None, "", False, []) or (isinstance(row, str) and not row.strip())


def edit_rows(form: FormDefinition, raw: Mapping[str, Any], command: str) -> dict[str, Any] | None:
    """Return the raw values with a row added or removed.

    Commands read `add:cooperating` and `remove:cooperating.1`; None when it is not of this form.
    """
    found = _COMMAND.fullmatch(command)
    if found is None:
        return None
    verb, path, number = found.groups()
    for leaf in form.leaves:
        part = leaf.component
        if not isinstance(part, Rows) or leaf.path != path or not part.addable:
            continue
        rows = list(lookup(raw, leaf.place) or [])
        if verb == "add" and number is None and len(rows) < part.most:
            rows.append({})
        elif verb == "remove" and number is not None and int(number) < len(rows):
            del rows[int(number)]
        changed = dict(raw)
        put(changed, leaf.place, rows)
        return changed
    return None
