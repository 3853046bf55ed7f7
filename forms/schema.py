"""The marshmallow schema of a form, built from its JSON (lược đồ kiểm tra), and what it reads."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import marshmallow

from forms.components import Component, Field, Rows, Words, leaves
from forms.definition import FormDefinition
from forms.fields import input_of
from forms.messages import say

#: stands for the key in a message that marshmallow gives without it
_KEY = "\x00"


def read(
    form: FormDefinition, raw: Any, language: str
) -> tuple[Mapping[str, Any], dict[str, list[str]]]:
    """Return what could be read of the raw values, and the messages for what could not."""
    if not isinstance(raw, Mapping):
        return {}, {"": [say("group", language, label=form.title(language))]}
    try:
        found: Mapping[str, Any] = schema_of(form, language).load(dict(raw))
    except marshmallow.ValidationError as error:
        valid = error.valid_data if isinstance(error.valid_data, Mapping) else {}
        return valid, dict(_flat(error.messages, (), language))
    return found, {}


def _flat(found: Any, path: tuple[str, ...], language: str) -> Iterator[tuple[str, list[str]]]:
    if isinstance(found, Mapping):
        for key, part in found.items():
            yield from _flat(part, path if key == "_schema" else (*path, str(key)), language)
        return
    key, row = path[-1] if path else "", next((p for p in path if p.isdigit()), None)
    messages = [text.replace(_KEY, key) for text in found]
    if row is not None:
        messages = [say("row", language, row=int(row) + 1, message=text) for text in messages]
    yield ".".join(path), messages


@lru_cache(maxsize=256)
def schema_of(form: FormDefinition, language: str) -> marshmallow.Schema:
    """Return the marshmallow schema of a form, built once for each version and language."""
    return _schema(form.components, language, Words(form.title(), form.title("en")))


def _schema(components: tuple[Component, ...], language: str, label: Words) -> marshmallow.Schema:
    tree: dict[str, Any] = {}
    for leaf in leaves(components):
        branch = tree
        for name in leaf.place[:-1]:
            branch = branch.setdefault(name, {})
        branch[leaf.place[-1]] = leaf.component
    return _schema_of(tree, language, label)


def _schema_of(tree: Mapping[str, Any], language: str, label: Words) -> marshmallow.Schema:
    fields: dict[str, marshmallow.fields.Field[Any]] = {}
    for name, part in tree.items():
        if isinstance(part, Field):
            given = part.is_given_by_server or part.kind == "computed"
            fields[name] = (
                marshmallow.fields.Raw(allow_none=True) if given else input_of(part, language)
            )
        elif isinstance(part, Rows):
            nested = marshmallow.fields.Nested(_schema(part.components, language, part.label))
            wrong = say("list", language, label=part.label.text(language))
            fields[name] = marshmallow.fields.List(
                nested, allow_none=True, error_messages={"invalid": wrong}
            )
        else:
            inside = _schema_of(part, language, Words(name))
            fields[name] = marshmallow.fields.Nested(inside, allow_none=True)
    schema = marshmallow.Schema.from_dict(fields)(unknown=marshmallow.RAISE)
    schema.error_messages = {
        **schema.error_messages,
        "unknown": say("unknown", language, label=_KEY),
        "type": say("group", language, label=label.text(language)),
    }
    return schema
