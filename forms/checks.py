"""Attributes of a form's JSON read one by one (kiểm tra thuộc tính); what is wrong is collected."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from engine.expressions import (
    Expression,
    ExpressionError,
    Pattern,
    compile_expression,
    compile_pattern,
)
from forms.components import Words
from forms.errors import Problem
from forms.vocabulary import OPTION_PROPERTY, PROPERTIES

LONGEST_WORDS = 2000
_KEY = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*_?")
_MARKUP = re.compile(r"<[A-Za-z/!?]|\{\{|!\[|javascript:|data:|vbscript:", re.IGNORECASE)

_T = TypeVar("_T")


class Checks:
    """One reading of a form; a malformed attribute is named and its default used."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, where: str, vi: str, en: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(where, vi, en))

    def known(self, found: Mapping[str, Any], allowed: frozenset[str], where: str) -> None:
        """Name every attribute outside the vocabulary."""
        for name in found.keys() - allowed:
            vi, en = f"không hiểu thuộc tính “{name}”", f"the attribute “{name}” is not understood"
            self.wrong(where, vi, en)

    def attribute(
        self, found: Mapping[str, Any], name: str, kind: type[_T], default: _T, where: str
    ) -> _T:
        """Return an attribute of the given class, or the default with a problem."""
        value = found.get(name, default)
        if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
            return value
        self.wrong(where, f"thuộc tính “{name}” sai kiểu", f"the attribute “{name}” is malformed")
        return default

    def text(self, value: Any, where: str) -> str:
        """Return a plain text: no HTML, templates, images or scripts."""
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > LONGEST_WORDS:
            self.wrong(where, "chữ sai kiểu hoặc quá dài", "a text is malformed or too long")
            return ""
        if _MARKUP.search(value) or value.lstrip().startswith("="):
            self.wrong(
                where,
                "chữ hiển thị không được chứa HTML, ảnh, mã lệnh hay biểu thức",
                "shown text may not hold HTML, images, scripts or expressions",
            )
            return ""
        return value

    def properties(self, found: Mapping[str, Any], where: str) -> dict[str, str]:
        """Return our own properties; an unknown one is a problem."""
        given = self.attribute(found, "properties", dict, {}, where)
        for name, value in given.items():
            known = name in PROPERTIES or name.startswith(OPTION_PROPERTY)
            if not known or not isinstance(value, str):
                self.wrong(where, f"không hiểu thuộc tính “{name}”", f"unknown property “{name}”")
        return {name: value for name, value in given.items() if isinstance(value, str)}

    def words(self, vi: Any, en: Any, where: str) -> Words:
        """Return a text with its English."""
        return Words(self.text(vi, where), self.text(en, where))

    def label(self, found: Mapping[str, Any], where: str) -> Words:
        """Return the label with its English."""
        vi = found.get("label") or found.get("dateLabel") or found.get("timeLabel")
        return self.words(vi, self.properties(found, where).get("en:label"), where)

    def condition(self, found: Mapping[str, Any], where: str) -> Expression | None:
        """Return the expression that hides the component."""
        conditional = self.attribute(found, "conditional", dict, {}, where)
        self.known(conditional, frozenset({"hide"}), where)
        hide = conditional.get("hide")
        return None if hide is None or hide == "" else self.expression(hide, where)

    def expression(self, source: Any, where: str) -> Expression | None:
        """Compile an expression of the form."""
        return self._compiled(compile_expression, source, where)

    def pattern(self, source: Any, where: str) -> Pattern | None:
        """Compile a pattern of the form."""
        return self._compiled(compile_pattern, source, where)

    def _compiled(self, compiler: Callable[[str], _T], source: Any, where: str) -> _T | None:
        if not isinstance(source, str):
            self.wrong(where, "biểu thức phải là chữ", "an expression is text")
            return None
        try:
            return compiler(source)
        except ExpressionError as error:
            self.wrong(where, error.reason("vi"), error.reason("en"))
            return None

    def key(self, value: Any, where: str) -> str:
        """Return a key that an expression can name."""
        if isinstance(value, str) and len(value) <= 64 and _KEY.fullmatch(value):
            return value
        self.wrong(
            where,
            "khóa phải là chữ cái không dấu, số và gạch dưới",
            "a key is made of ASCII letters, digits and single underscores",
        )
        return "key"

    def number(
        self, properties: Mapping[str, str], name: str, default: int | None, where: str
    ) -> int | None:
        """Return a whole number written in a property."""
        value = properties.get(name)
        if value is None:
            return default
        if re.fullmatch("[0-9]{1,12}", value):
            return int(value)
        self.wrong(where, f"“{name}” phải là số nguyên", f"“{name}” is not a whole number")
        return default

    def columns(self, found: Mapping[str, Any], where: str) -> int | None:
        """Return the width in sixteenths of the page."""
        width = self.attribute(found, "layout", dict, {}, where).get("columns")
        return width if isinstance(width, int) and 1 <= width <= 16 else None
