"""What a submission is (nội dung đã nhập): values by place, and which of them may be kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from forms.definition import FormDefinition


@dataclass(frozen=True, slots=True)
class Upload:
    """What the server knows of an uploaded file (tệp đã tải lên): name, size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Submission:
    """A valid submission (nội dung đã nhập); every visible field has a value or None.

    `dropped` names the paths that were sent but do not apply: hidden by a condition, or read-only.
    `sensitive` names the paths that must not be stored.
    """

    form: FormDefinition
    data: Mapping[str, Any]
    dropped: tuple[str, ...] = ()
    sensitive: frozenset[str] = field(default=frozenset(), repr=False)

    def storable(self) -> dict[str, Any]:
        """Return the values without the sensitive ones."""
        return without(self.data, self.sensitive)

    def as_json(self) -> dict[str, Any]:
        """Return what may be stored as plain JSON: ISO dates, decimals as text."""
        plain: dict[str, Any] = _plain(self.storable())
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else value


def without(values: Mapping[str, Any], paths: frozenset[str], above: str = "") -> dict[str, Any]:
    """Return a copy of nested values without these paths; `rows.*.key` stands for every row."""
    return {
        key: _without(value, paths, f"{above}{key}")
        for key, value in values.items()
        if f"{above}{key}" not in paths
    }


def _without(value: Any, paths: frozenset[str], path: str) -> Any:
    if isinstance(value, Mapping):
        return without(value, paths, f"{path}.")
    if isinstance(value, list):
        return [_without(row, paths, f"{path}.*") for row in value]
    return value


def lookup(values: Mapping[str, Any], place: tuple[str, ...]) -> Any:
    """Return the value at a place, None when something on the way is missing."""
    found: Any = values
    for name in place:
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def put(values: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    """Set the value at a place."""
    for name in place[:-1]:
        values = values.setdefault(name, {})
    values[place[-1]] = value
