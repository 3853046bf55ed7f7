"""Form definitions (biểu mẫu): form-js JSON, checked once, immutable, known by its digest."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from engine.expressions import Kind
from forms.components import Component, Leaf, Note, Rows, Words, kinds, leaves
from forms.errors import FormRefused, Problem, UnknownForm
from forms.reading import read_components

LARGEST_JSON = 256 * 1024
_DEEPEST = 40
_SHIPPED = Path(__file__).parent


@dataclass(frozen=True)
class FormDefinition:
    """One version of a form (biểu mẫu); equal when the key and the bytes are equal.

    `canonical` is the JSON with sorted keys and composed Unicode, `sha256` its digest in hex;
    `version` is given by whoever stores it.
    """

    key: str
    sha256: str
    canonical: bytes = field(repr=False, compare=False)
    components: tuple[Component, ...] = field(repr=False, compare=False)
    version: int | None = field(default=None, compare=False)

    def title(self, language: str = "vi") -> str:
        """Return the first heading of the form."""
        return self._title.text(language)

    def names(self) -> Mapping[str, Kind]:
        """Return the variables a submission gives to the procedure, sensitive ones left out."""
        return kinds(self.components)

    def numbered(self, version: int) -> "FormDefinition":
        """Return the same form under its stored version."""
        return replace(self, version=version)

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """What holds a value on the first level."""
        return tuple(leaves(self.components))

    @cached_property
    def sources(self) -> frozenset[str]:
        """The names of the lists of choices that the caller must supply."""
        return frozenset(_sources(self.leaves))

    @cached_property
    def _title(self) -> Words:
        for part in self.components:
            words = part.words if isinstance(part, Note) else None
            if words is not None and words.vi.startswith("#"):
                return Words(_heading(words.vi), _heading(words.en))
        return Words(self.key)


def _heading(markdown: str) -> str:
    return markdown.partition("\n")[0].lstrip("# ").strip()


def _sources(found: tuple[Leaf, ...]) -> set[str]:
    names: set[str] = set()
    for leaf in found:
        if isinstance(leaf.component, Rows):
            names |= _sources(tuple(leaves(leaf.component.components)))
        elif leaf.component.source:
            names.add(leaf.component.source)
    return names


def check_form(source: bytes | str | Mapping[str, Any]) -> FormDefinition:
    """Read and check a form; raise `FormRefused` naming everything that must be corrected."""
    schema = _composed(source if isinstance(source, Mapping) else _parsed(source))
    key, components = read_components(schema)
    canonical = canonical_bytes(schema)
    if len(canonical) > LARGEST_JSON:
        raise _unreadable("biểu mẫu quá lớn", "the form is too large")
    digest = hashlib.sha256(canonical).hexdigest()
    return FormDefinition(key, digest, canonical, components)


def canonical_bytes(schema: Mapping[str, Any]) -> bytes:
    """Return the one spelling of a form: sorted keys, no spaces, NFC, UTF-8."""
    try:
        text = json.dumps(
            _composed(schema),
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
            allow_nan=False,
        )
        return text.encode()
    except (TypeError, ValueError, RecursionError):
        raise _unreadable("không phải JSON", "it is not JSON") from None


@lru_cache(maxsize=128)
def load_form(key: str) -> FormDefinition:
    """Return a shipped form; raise `UnknownForm`."""
    if key not in shipped_keys():
        raise UnknownForm(key=key, what=f"biểu mẫu “{key}”")
    form = check_form((_SHIPPED / f"{key}.json").read_bytes())
    if form.key != key:
        raise _unreadable(f"khóa “{form.key}” khác tên tệp", f"its id is “{form.key}”")
    return form


@lru_cache(maxsize=1)
def shipped_keys() -> tuple[str, ...]:
    """Return the keys of the forms that come with the product."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.json")))


def _parsed(source: bytes | str) -> Mapping[str, Any]:
    if len(source) > LARGEST_JSON * 2:
        raise _unreadable("biểu mẫu quá lớn", "the form is too large")
    try:
        text = source.decode() if isinstance(source, bytes) else source
        schema = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _unreadable(
            "không đọc được JSON (UTF-8, không có khóa lặp)",
            "it is not JSON in UTF-8 without repeated keys",
        ) from None
    if not isinstance(schema, dict):
        raise _unreadable("JSON phải là một biểu mẫu", "the JSON is not a form")
    return schema


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _no_constant(_: str) -> None:
    raise ValueError


def _composed(value: Any, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        raise _unreadable("lồng quá sâu", "it is nested too deeply")
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {_composed(key): _composed(part, depth + 1) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_composed(part, depth + 1) for part in value]
    return value


def _unreadable(vi: str, en: str) -> FormRefused:
    return FormRefused([Problem("biểu mẫu", vi, en)])
