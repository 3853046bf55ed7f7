"""Kinds of values (kiểu dữ liệu) that forms and verbs declare, for checking expressions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value is: a name, and what a list, a context or a closed choice holds.

    `item` belongs to lists, `keys` to contexts (None: not declared), `values` to text that can only
    be one of these.
    """

    name: str
    item: "Kind | None" = None
    keys: tuple[tuple[str, "Kind"], ...] | None = None
    values: frozenset[str] | None = None

    def key(self, name: str) -> "Kind | None":
        """Return the kind of one key of a context, None when it has no such key."""
        if self.keys is None:
            return ANY
        return dict(self.keys).get(name)

    def text(self, language: str = "vi") -> str:
        """Return the word an author reads for this kind."""
        vi, en = _WORDS[self.name]
        return en if language == "en" else vi


_WORDS = {
    "any": ("giá trị bất kỳ", "any value"),
    "null": ("giá trị trống", "null"),
    "text": ("chữ", "text"),
    "number": ("số", "number"),
    "boolean": ("đúng/sai", "true or false"),
    "date": ("ngày", "date"),
    "time": ("giờ", "time"),
    "moment": ("ngày giờ", "date and time"),
    "duration": ("khoảng thời gian", "duration"),
    "list": ("danh sách", "list"),
    "context": ("nhóm dữ liệu", "context"),
}

ANY = Kind("any")
NULL = Kind("null")
TEXT = Kind("text")
NUMBER = Kind("number")
BOOLEAN = Kind("boolean")
DATE = Kind("date")
TIME = Kind("time")
MOMENT = Kind("moment")
DURATION = Kind("duration")
LIST = Kind("list")
CONTEXT = Kind("context")


def list_of(item: Kind) -> Kind:
    """Return the kind of a list whose items are `item`."""
    return Kind("list", item=item)


def context_of(keys: Mapping[str, Kind]) -> Kind:
    """Return the kind of a context with exactly these keys."""
    return Kind("context", keys=tuple(keys.items()))


def one_of(values: Iterable[str]) -> Kind:
    """Return the kind of a text that can only be one of `values`."""
    return Kind("text", values=frozenset(values))


def fits(found: Kind, wanted: Kind) -> bool:
    """Say whether a value of kind `found` may stand where `wanted` is needed."""
    return found.name == wanted.name or "any" in {found.name, wanted.name} or found is NULL


def common(left: Kind, right: Kind) -> Kind:
    """Return the kind of a value that is either `left` or `right`."""
    if left == right or right is NULL:
        return left
    if left is NULL:
        return right
    if left.name != right.name:
        return ANY
    if left.values is not None and right.values is not None:
        return one_of(left.values | right.values)
    return Kind(left.name)
