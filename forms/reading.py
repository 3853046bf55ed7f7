"""A form-js schema read and checked (kiểm tra biểu mẫu): every fault is named at once."""

import re
from collections.abc import Mapping
from typing import Any

from forms.checks import Checks
from forms.components import Component, Group, Note, Rows, Words
from forms.errors import FormRefused
from forms.inputs import Input
from forms.scopes import check_scopes
from forms.vocabulary import ATTRIBUTES, REFUSED, ROOT

MOST_COMPONENTS = 300
DEEPEST = 6
_FORM_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_IMAGE = re.compile(r"data:image/(?:png|jpeg|webp);base64,[A-Za-z0-9+/=]{1,200000}")


def read_components(schema: Mapping[str, Any]) -> tuple[str, tuple[Component, ...]]:
    """Return the key and the parts of a form; raise `FormRefused` with every problem found."""
    reader = _Reader()
    key = reader.root(schema)
    components = reader.components(schema.get("components"), "biểu mẫu", 1)
    reader.problems.extend(check_scopes(components))
    if reader.problems:
        raise FormRefused(reader.problems)
    return key, components


class _Reader(Checks):
    """One reading; what is wrong is collected and the reading goes on."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def root(self, schema: Mapping[str, Any]) -> str:
        """Check the outermost attributes and return the key."""
        self.known(schema, ROOT, "biểu mẫu")
        key = schema.get("id")
        if not isinstance(key, str) or not _FORM_KEY.fullmatch(key):
            self.wrong("biểu mẫu", "id phải là chữ cái, số, gạch ngang", "a malformed id")
            key = "form"
        if schema.get("type", "default") != "default":
            self.wrong("biểu mẫu", "type phải là default", "its type is not default")
        return key

    def components(self, found: Any, where: str, depth: int) -> tuple[Component, ...]:
        """Read a list of components; one that is unusable is named and left out."""
        if not isinstance(found, list):
            self.wrong(where, "thiếu danh sách components", "its components are missing")
            return ()
        if depth > DEEPEST:
            self.wrong(where, f"lồng quá {DEEPEST} tầng", f"nested deeper than {DEEPEST}")
            return ()
        parts = [self._component(part, where, depth) for part in found]
        return tuple(part for part in parts if part is not None)

    def _component(self, found: Any, above: str, depth: int) -> Component | None:
        self._count += 1
        if self._count > MOST_COMPONENTS:
            if self._count == MOST_COMPONENTS + 1:
                vi, en = f"quá {MOST_COMPONENTS} thành phần", f"over {MOST_COMPONENTS} components"
                self.wrong("biểu mẫu", vi, en)
            return None
        if not isinstance(found, dict):
            self.wrong(above, "có thành phần không phải đối tượng", "a component is no object")
            return None
        where = str(found.get("key") or found.get("id") or above)[:80]
        kind = found.get("type")
        if not isinstance(kind, str) or kind not in ATTRIBUTES:
            default = f"không có loại thành phần “{kind}”", f"there is no component type “{kind}”"
            self.wrong(where, *REFUSED.get(str(kind), default))
            return None
        self.known(found, ATTRIBUTES[kind], where)
        if kind == "group":
            return self._group(found, where, depth)
        if kind == "dynamiclist":
            return self._rows(found, where, depth)
        if "key" in ATTRIBUTES[kind]:
            return Input(self, found, where).field()
        return self._note(found, where)

    def _group(self, found: dict[str, Any], where: str, depth: int) -> Group:
        path = found.get("path") or ""
        return Group(
            id=where,
            label=self.label(found, where),
            components=self.components(found.get("components"), where, depth + 1),
            path=tuple(self.key(name, where) for name in str(path).split(".")) if path else (),
            hide=self.condition(found, where),
            columns=self.columns(found, where),
        )

    def _rows(self, found: dict[str, Any], where: str, depth: int) -> Rows:
        properties = self.properties(found, where)
        return Rows(
            id=where,
            key=self.key(found.get("path"), where),
            label=self.label(found, where),
            components=self.components(found.get("components"), where, depth + 1),
            hide=self.condition(found, where),
            addable=self.attribute(found, "allowAddRemove", bool, True, where),
            initial=max(0, min(self.attribute(found, "defaultRepetitions", int, 1, where), 20)),
            least=self.number(properties, "cv:min-rows", 0, where) or 0,
            most=min(self.number(properties, "cv:max-rows", 100, where) or 100, 500),
            columns=self.columns(found, where),
        )

    def _note(self, found: dict[str, Any], where: str) -> Note:
        properties = self.properties(found, where)
        kind = found["type"]
        words = None
        if kind == "text":
            words = self.words(found.get("text"), properties.get("en:text"), where)
        elif kind == "button":
            words = self.label(found, where)
        elif kind == "image":
            source = found.get("source")
            if not isinstance(source, str) or not _IMAGE.fullmatch(source):
                vi = "ảnh phải nằm sẵn trong biểu mẫu (PNG, JPEG, WebP), không lấy từ địa chỉ ngoài"
                self.wrong(where, vi, "an image is embedded (PNG, JPEG, WebP), never fetched")
            words = Words(str(source), self.text(found.get("alt"), where))
        return Note(where, kind, words, self.condition(found, where), self.columns(found, where))
