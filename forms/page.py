"""What a page shows of a form (trang biểu mẫu): plain values, nothing of any framework."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shown:
    """When a part is shown, if that is one field having (or not having) certain values."""

    field: str
    values: tuple[str, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class OptionView:
    value: str
    label: str
    selected: bool


@dataclass(frozen=True, slots=True)
class FieldView:
    """One input: `name` for the browser, `id` for links, `value` as it was typed."""

    name: str
    id: str
    kind: str
    label: str
    hint: str = ""
    value: str = ""
    checked: bool = False
    options: tuple[OptionView, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    errors: tuple[str, ...] = ()
    required: bool = False
    readonly: bool = False
    disabled: bool = False
    sensitive: bool = False
    hidden: bool = False
    hide: str = ""
    shown: Shown | None = None
    multiple: bool = False
    accept: str = ""
    max_bytes: int | None = None
    max_length: int | None = None
    input_mode: str = ""
    suffix: str = ""
    columns: int | None = None


@dataclass(frozen=True, slots=True)
class NoteView:
    """Text (markdown), a line, a space, an image or a button."""

    id: str
    kind: str
    text: str = ""
    alt: str = ""
    hidden: bool = False
    hide: str = ""
    shown: Shown | None = None


@dataclass(frozen=True, slots=True)
class GroupView:
    id: str
    label: str
    parts: tuple["PartView", ...]
    hidden: bool = False
    hide: str = ""
    shown: Shown | None = None
    kind: str = "group"


@dataclass(frozen=True, slots=True)
class RowView:
    """One row; `remove` is the value its button posts as `row_command`, empty without one."""

    number: int
    parts: tuple["PartView", ...]
    remove: str = ""


@dataclass(frozen=True, slots=True)
class RowsView:
    """A list of rows; `add` is the value its button posts as `row_command`, empty without one."""

    name: str
    id: str
    label: str
    rows: tuple[RowView, ...]
    add: str = ""
    errors: tuple[str, ...] = ()
    hidden: bool = False
    hide: str = ""
    shown: Shown | None = None
    kind: str = "rows"


PartView = FieldView | NoteView | GroupView | RowsView


@dataclass(frozen=True, slots=True)
class FormView:
    """The page: title, parts in order, errors for the summary as (id to link to, message)."""

    key: str
    title: str
    parts: tuple[PartView, ...]
    errors: tuple[tuple[str, str], ...] = ()
