"""A form made ready to be drawn (mô hình hiển thị): empty, with a draft, or as it was typed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from engine.expressions import VIETNAM, Expression
from engine.expressions import syntax as s
from forms.components import Component, Field, Group, Note, Rows, Words, leaves
from forms.definition import FormDefinition
from forms.fields import shown_number
from forms.page import (
    FieldView,
    FormView,
    GroupView,
    NoteView,
    OptionView,
    PartView,
    RowsView,
    RowView,
    Shown,
)
from forms.schema import read
from forms.submission import Upload, lookup, without
from forms.validation import hidden_leaves

Labels = Mapping[str, Mapping[str, str]]
_NO_LABELS: Labels = {}
_NO_ERRORS: Mapping[str, Sequence[str]] = {}
_NOTHING: Mapping[str, Any] = {}
_NO_UPLOADS: Mapping[str, Upload] = {}


@dataclass(frozen=True, slots=True)
class _Page:
    form: FormDefinition
    language: str
    labels: Labels
    errors: Mapping[str, Sequence[str]]
    uploads: Mapping[str, Upload]
    now: datetime | None
    values: Mapping[str, Any]
    has_raw: bool
    known: list[str] = field(default_factory=list)


def view_form(
    form: FormDefinition,
    *,
    language: str = "vi",
    raw: Mapping[str, Any] | None = None,
    errors: Mapping[str, Sequence[str]] = _NO_ERRORS,
    choices: Labels = _NO_LABELS,
    server_values: Mapping[str, Any] = _NOTHING,
    initial: Mapping[str, Any] = _NOTHING,
    uploads: Mapping[str, Upload] = _NO_UPLOADS,
    now: datetime | None = None,
) -> FormView:
    """Return the view of a form: empty, with a draft (`initial`), or as it was typed (`raw`).

    `choices` maps each named list to value → label in the reader's language; read-only fields show
    `server_values`.
    """
    given = initial if raw is None else raw
    values = initial if raw is None else read(form, raw, language)[0]
    page = _Page(form, language, choices, errors, uploads, now, values, raw is not None)
    parts = _level(page, form.components, given, server_values, _NOTHING, "")
    return FormView(form.key, form.title(language), parts, tuple(_summary(page)))


def input_id(name: str) -> str:
    """Return the id of an input, from its name."""
    return "f-" + name.replace(".", "-")


def _values(page: _Page, given: Mapping[str, Any], prefix: str) -> Mapping[str, Any]:
    """Return what the typed values of a level mean; rows are compared as they were typed."""
    return given if prefix else page.values


def _merged(
    components: tuple[Component, ...], values: Mapping[str, Any], server: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values conditions see: the server's for read-only fields."""
    merged: dict[str, Any] = dict(values)
    for leaf in leaves(components):
        part = leaf.component
        if isinstance(part, Field) and len(leaf.place) == 1:
            if part.is_given_by_server:
                merged[part.key] = lookup(server, leaf.place)
            elif merged.get(part.key) is None:
                merged[part.key] = False if part.kind == "checkbox" else part.default
    return merged


def _level(
    page: _Page,
    components: tuple[Component, ...],
    given: Mapping[str, Any],
    server: Mapping[str, Any],
    outer: Mapping[str, Any],
    prefix: str,
) -> tuple[PartView, ...]:
    """Return the views of the form's or of one row's parts."""
    scope = _merged(components, _values(page, given, prefix), server)
    hidden = hidden_leaves(tuple(leaves(components)), scope, outer, page.now)
    settled = {**outer, **without(scope, hidden)}
    return tuple(_parts(page, components, given, server, settled, prefix))


def _parts(
    page: _Page,
    components: tuple[Component, ...],
    given: Mapping[str, Any],
    server: Mapping[str, Any],
    scope: Mapping[str, Any],
    prefix: str,
) -> Iterator[PartView]:
    for part in components:
        condition: dict[str, Any] = {}
        if part.hide is not None:
            condition["hidden"] = part.hide.holds(scope, page.now)
            condition["hide"] = part.hide.source
            condition["shown"] = _shown(part.hide, prefix)
        match part:
            case Note():
                yield _note(page, part, condition)
            case Group():
                inner = prefix + "".join(f"{name}." for name in part.path)
                below = (_below(given, part.path), _below(server, part.path))
                parts = _parts(page, part.components, *below, scope, inner)
                label = part.label.text(page.language)
                yield GroupView(input_id(prefix + part.id), label, tuple(parts), **condition)
            case Rows():
                yield _rows(page, part, given, server, scope, prefix, condition)
            case Field():
                yield _field(page, part, given, server, prefix, condition)


def _below(values: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    found = lookup(values, path)
    return found if isinstance(found, Mapping) else {}


def _note(page: _Page, part: Note, condition: dict[str, Any]) -> NoteView:
    words = part.words or Words("")
    if part.kind == "image":
        return NoteView(part.id, part.kind, words.vi, words.en, **condition)
    return NoteView(part.id, part.kind, words.text(page.language), **condition)


def _rows(
    page: _Page,
    part: Rows,
    given: Mapping[str, Any],
    server: Mapping[str, Any],
    outer: Mapping[str, Any],
    prefix: str,
    condition: dict[str, Any],
) -> RowsView:
    name = prefix + part.key
    page.known.append(name)
    found = given.get(part.key)
    rows = [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
    if not page.has_raw:
        rows += [{}] * max(0, max(part.initial, part.least) - len(rows))
    fixed = server.get(part.key) or []
    views = []
    for number, row in enumerate(rows):
        own = fixed[number] if number < len(fixed) else {}
        inner = f"{name}.{number}."
        parts = _level(page, part.components, row, own, outer, inner)
        remove = f"remove:{name}.{number}" if part.addable else ""
        views.append(RowView(number, parts, remove))
    return RowsView(
        name=name,
        id=input_id(name),
        label=part.label.text(page.language),
        rows=tuple(views),
        add=f"add:{name}" if part.addable and len(rows) < part.most else "",
        errors=tuple(page.errors.get(name, ())),
        **condition,
    )


def _field(
    page: _Page,
    part: Field,
    given: Mapping[str, Any],
    server: Mapping[str, Any],
    prefix: str,
    condition: dict[str, Any],
) -> FieldView:
    name = prefix + part.key
    page.known.append(name)
    value = server.get(part.key) if part.is_given_by_server else given.get(part.key)
    if value is None and (part.is_given_by_server or not page.has_raw):
        value = part.default
    if part.sensitive:
        value = None  # a passphrase is never written back into a page
    hint = part.hint.text(page.language) if part.hint else ""
    limit = part.rules.max_length
    many = [str(one) for one in value] if isinstance(value, (list, tuple)) else []
    return FieldView(
        name=name,
        id=input_id(name),
        kind=part.kind,
        label=part.label.text(page.language),
        hint=hint,
        value="" if many else typed(value, page.language),
        checked=value in (True, "true", "on"),
        options=tuple(_options(page, part, many or [typed(value, page.language)])),
        files=tuple(_files(page, many)) if part.kind == "file" else (),
        errors=tuple(page.errors.get(name, ())),
        required=part.rules.required,
        readonly=part.readonly,
        disabled=part.disabled,
        sensitive=part.sensitive,
        multiple=part.multiple,
        accept=",".join(part.accept),
        max_bytes=part.max_bytes,
        max_length=limit if isinstance(limit, int) else None,
        input_mode=_INPUT_MODES.get(
            part.kind if part.kind != "number" or not part.decimals else "decimal", ""
        ),
        suffix=part.suffix.text(page.language) if part.suffix else "",
        columns=part.columns,
        **condition,
    )


_INPUT_MODES = {"number": "numeric", "decimal": "decimal", "date": "numeric"}


def typed(value: Any, language: str = "vi") -> str:
    """Write a value the way an official types it: dd/mm/yyyy, a decimal comma."""
    if isinstance(value, datetime):
        local = value.astimezone(VIETNAM) if value.tzinfo else value
        return local.strftime("%d/%m/%Y %H:%M")
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (Decimal, float)):
        return shown_number(value, language)
    return "" if value is None else str(value)


def _options(page: _Page, part: Field, chosen: list[str]) -> Iterator[OptionView]:
    if part.source is not None:
        for value, label in page.labels.get(part.source, {}).items():
            yield OptionView(value, label, value in chosen)
    for option in part.options:
        yield OptionView(option.value, option.words.text(page.language), option.value in chosen)


def _files(page: _Page, references: list[str]) -> Iterator[tuple[str, str]]:
    for reference in references:
        upload = page.uploads.get(reference)
        yield reference, upload.name if upload else reference


def _summary(page: _Page) -> Iterator[tuple[str, str]]:
    """Yield the errors in the order of the page, then those that belong to no input."""
    for name in page.known:
        for message in page.errors.get(name, ()):
            yield input_id(name), message
    for path in page.errors.keys() - set(page.known):
        for message in page.errors[path]:
            yield "", message


def _shown(hide: Expression | None, prefix: str) -> Shown | None:
    """Read the commonest conditions, so that a page may follow them without an interpreter."""
    if hide is None:
        return None
    node, negated = hide.tree, True
    if isinstance(node, s.Not):
        node, negated = node.operand, False
    match node:
        case s.Compare(left=s.Name(name=name), right=s.Literal(value=value)):
            if node.operator not in {"=", "!="}:
                return None
            values, negated = [value], negated == (node.operator == "=")
        case s.In(value=s.Name(name=name), tests=[s.ListOf(items=items)]):
            values = [item.value if isinstance(item, s.Literal) else None for item in items]
        case _:
            return None
    if not all(isinstance(value, (str, bool)) for value in values):
        return None
    return Shown(prefix + name, tuple(typed(value) for value in values), negated)
