"""The parts of a form (thành phần biểu mẫu), read from form-js JSON and frozen."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from engine.expressions import (
    ANY,
    BOOLEAN,
    DATE,
    MOMENT,
    NUMBER,
    TEXT,
    TIME,
    Expression,
    Kind,
    Pattern,
    context_of,
    list_of,
    one_of,
)


@dataclass(frozen=True, slots=True)
class Words:
    """A text in Vietnamese with English beside it; without English the Vietnamese is shown."""

    vi: str
    en: str = ""

    def text(self, language: str = "vi") -> str:
        """Return the words in `vi` or `en`."""
        return self.en or self.vi if language == "en" else self.vi


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    words: Words


#: a limit is written in the form, or computed from other fields
Limit = Expression | int | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What a field demands (`validate` in form-js)."""

    required: bool = False
    min_length: Limit = None
    max_length: Limit = None
    minimum: Any = None
    maximum: Any = None
    pattern: Pattern | None = None
    pattern_words: Words | None = None
    shape: str | None = None
    check: Expression | None = None
    check_words: Words | None = None
    not_past: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One keyed input; `kind` is what the page shows and the reader expects.

    Kinds: text, textarea, number, date, time, datetime, checkbox, checklist, radio, select,
    taglist, file, computed. `source` names the list of choices the caller supplies.
    """

    id: str
    kind: str
    key: str
    label: Words
    hint: Words | None = None
    rules: Rules = field(default_factory=Rules)
    hide: Expression | None = None
    readonly: bool = False
    disabled: bool = False
    sensitive: bool = False
    default: Any = None
    options: tuple[Option, ...] = ()
    source: str | None = None
    multiple: bool = False
    accept: tuple[str, ...] = ()
    max_bytes: int | None = None
    decimals: int | None = None
    suffix: Words | None = None
    columns: int | None = None
    computed: Expression | None = None

    @property
    def is_given_by_server(self) -> bool:
        """A read-only value is never taken from the browser."""
        return self.readonly or self.disabled

    @property
    def value_kind(self) -> Kind:
        """What a condition finds under this key."""
        if self.kind in {"checklist", "taglist"}:
            return list_of(self._choice_kind)
        if self.kind in {"radio", "select"}:
            return self._choice_kind
        return _VALUE_KINDS[self.kind]

    @property
    def _choice_kind(self) -> Kind:
        return TEXT if self.source else one_of(option.value for option in self.options)


_VALUE_KINDS = {
    "text": TEXT,
    "textarea": TEXT,
    "number": NUMBER,
    "date": DATE,
    "time": TIME,
    "datetime": MOMENT,
    "checkbox": BOOLEAN,
    "file": list_of(TEXT),
    "computed": ANY,
}


@dataclass(frozen=True, slots=True)
class Note:
    """Something to read, not to fill in: text (markdown), separator, spacer, image, button."""

    id: str
    kind: str
    words: Words | None = None
    hide: Expression | None = None
    columns: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Fields shown together; with a `path` their values lie together too."""

    id: str
    label: Words
    components: tuple["Component", ...]
    path: tuple[str, ...] = ()
    hide: Expression | None = None
    columns: int | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """A repeated group (`dynamiclist`): a list of rows under `key`."""

    id: str
    key: str
    label: Words
    components: tuple["Component", ...]
    hide: Expression | None = None
    addable: bool = True
    initial: int = 1
    least: int = 0
    most: int = 100
    columns: int | None = None


Component = Field | Rows | Group | Note


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field or a list of rows where it lies: `place` in the values, `hides` above and at it."""

    component: Field | Rows
    place: tuple[str, ...]
    hides: tuple[Expression, ...]

    @property
    def path(self) -> str:
        """Return the place as written in names and errors."""
        return ".".join(self.place)


def leaves(
    components: tuple[Component, ...],
    place: tuple[str, ...] = (),
    hides: tuple[Expression, ...] = (),
) -> Iterator[Leaf]:
    """Yield what holds a value on this level; the inside of `Rows` is a level of its own."""
    for component in components:
        above = hides if component.hide is None else (*hides, component.hide)
        if isinstance(component, Group):
            yield from leaves(component.components, (*place, *component.path), above)
        elif isinstance(component, (Field, Rows)):
            yield Leaf(component, (*place, component.key), above)


def kinds(
    components: tuple[Component, ...], *, computed: bool = True, sensitive: bool = False
) -> dict[str, Kind]:
    """Return the variables these components declare."""
    tree: dict[str, Any] = {}
    for leaf in leaves(components):
        part = leaf.component
        if isinstance(part, Field):
            if (part.sensitive and not sensitive) or (part.computed and not computed):
                continue
            kind = part.value_kind
        else:
            kind = list_of(context_of(kinds(part.components, sensitive=sensitive)))
        branch = tree
        for name in leaf.place[:-1]:
            branch = branch.setdefault(name, {})
        branch[leaf.place[-1]] = kind
    return {name: _kind(found) for name, found in tree.items()}


def _kind(found: Any) -> Kind:
    if isinstance(found, Kind):
        return found
    return context_of({name: _kind(part) for name, part in found.items()})
