"""One keyed component of a form's JSON read into a field and its rules."""

import re
from typing import Any

from engine.expressions import NUMBER, ExpressionError, compile_expression
from forms.checks import Checks
from forms.components import Field, Limit, Option, Rules, Words
from forms.errors import Problem
from forms.vocabulary import CHOOSING, KINDS, OPTION_PROPERTY, VALIDATE

MOST_OPTIONS = 500
_ACCEPT = re.compile(r"\.[a-z0-9]{1,8}")


class Input:
    """The reading of one keyed component."""

    def __init__(self, checks: Checks, found: dict[str, Any], where: str) -> None:
        self._checks = checks
        self._found = found
        self._where = where
        self._properties = checks.properties(found, where)
        self._validate = checks.attribute(found, "validate", dict, {}, where)
        kind = found["type"]
        self._kind = self._subtype() if kind == "datetime" else KINDS[kind]

    def field(self) -> Field:
        """Return the field with its rules."""
        read, found, where = self._checks, self._found, self._where
        label = read.label(found, where)
        key = read.key(found.get("key"), where)
        computed = None
        if self._kind == "computed":
            computed = read.expression(found.get("expression"), where)
        elif not label.vi:
            self._wrong("thiếu nhãn (label)", "the label is missing")
        return Field(
            id=str(found.get("id") or key),
            kind=self._kind,
            key=key,
            label=label if label.vi else Words(key),
            hint=self._hint("description", "en:description"),
            rules=self._rules(),
            hide=read.condition(found, where),
            readonly=read.attribute(found, "readonly", bool, False, where),
            disabled=read.attribute(found, "disabled", bool, False, where),
            sensitive=self._properties.get("cv:sensitive") == "true",
            default=self._default(),
            options=self._options(),
            source=self._source(),
            multiple=read.attribute(found, "multiple", bool, False, where),
            accept=self._accept(),
            max_bytes=read.number(self._properties, "cv:max-bytes", None, where),
            decimals=self._decimals(),
            suffix=self._suffix(),
            columns=read.columns(found, where),
            computed=computed,
        )

    def _subtype(self) -> str:
        subtype = self._found.get("subtype", "date")
        if subtype in ("date", "time", "datetime"):
            return str(subtype)
        self._wrong("loại ngày giờ (subtype) sai", "a malformed subtype")
        return "date"

    def _wrong(self, vi: str, en: str) -> None:
        self._checks.problems.append(Problem(self._where, vi, en))

    def _hint(self, name: str, english: str) -> Words | None:
        words = self._checks.words(
            self._found.get(name), self._properties.get(english), self._where
        )
        return words if words.vi else None

    def _rules(self) -> Rules:
        read, rules, where = self._checks, self._validate, self._where
        for name in rules.keys() - VALIDATE:
            self._wrong(f"không hiểu điều kiện “{name}”", f"the rule “{name}” is not understood")
        pattern = rules.get("pattern")
        check = self._properties.get("cv:check")
        shape = rules.get("validationType") or None
        if shape not in (None, "email", "phone"):
            self._wrong("validationType sai", "a malformed validationType")
        return Rules(
            required=read.attribute(rules, "required", bool, False, where),
            min_length=self._limit("minLength"),
            max_length=self._limit("maxLength"),
            minimum=self._limit("min"),
            maximum=self._limit("max"),
            pattern=read.pattern(pattern, where) if pattern else None,
            pattern_words=self._message(rules.get("patternErrorMessage"), "en:patternErrorMessage"),
            shape=shape,
            check=read.expression(check, where) if check else None,
            check_words=self._message(self._properties.get("cv:check-message"), "en:check-message"),
            not_past=self._found.get("disallowPassedDates") is True,
        )

    def _message(self, vi: Any, english: str) -> Words | None:
        words = self._checks.words(vi, self._properties.get(english), self._where)
        return words if words.vi else None

    def _limit(self, name: str) -> Any:
        value = self._validate.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str) and value.lstrip().startswith("="):
            return self._checks.expression(value, self._where)
        return self._plain(name, value)

    def _plain(self, name: str, value: Any) -> Limit:
        try:
            number = compile_expression(str(value), {}, NUMBER).evaluate()
        except ExpressionError:
            number = None
        if number is None or (name.endswith("Length") and not isinstance(number, int)):
            self._wrong(f"“{name}” phải là số", f"“{name}” is not a number")
            return None
        found: Limit = number
        return found

    def _options(self) -> tuple[Option, ...]:
        if self._found["type"] not in CHOOSING:
            return ()
        values = self._found.get("values")
        if values is None:
            return ()
        if not isinstance(values, list) or len(values) > MOST_OPTIONS:
            self._wrong("danh sách lựa chọn sai hoặc quá dài", "malformed or too many options")
            return ()
        options: dict[str, Option] = {}
        for found in values:
            option = self._option(found)
            if option is None or option.value in options:
                self._wrong("có lựa chọn sai hoặc lặp lại", "an option is malformed or repeated")
                continue
            options[option.value] = option
        return tuple(options.values())

    def _option(self, found: Any) -> Option | None:
        if not isinstance(found, dict) or found.keys() - {"label", "value"}:
            return None
        value = found.get("value")
        if not isinstance(value, str) or not 0 < len(value) <= 200:
            return None
        english = self._properties.get(f"{OPTION_PROPERTY}{value}")
        return Option(value, self._checks.words(found.get("label") or value, english, self._where))

    def _source(self) -> str | None:
        if self._found["type"] not in CHOOSING:
            return None
        source = self._properties.get("cv:choices") or self._found.get("valuesKey") or None
        if (source is None) == (self._found.get("values") is None):
            self._wrong(
                "cần danh sách lựa chọn hoặc tên danh mục (cv:choices), một trong hai",
                "either options or the name of a list (cv:choices) is needed",
            )
        return self._checks.key(source, self._where) if source is not None else None

    def _accept(self) -> tuple[str, ...]:
        written = self._checks.attribute(self._found, "accept", str, "", self._where)
        found = tuple(part.strip().lower() for part in written.split(",") if part.strip())
        if not all(_ACCEPT.fullmatch(part) for part in found):
            self._wrong("accept là các đuôi tệp, ví dụ .pdf,.docx", "accept lists extensions")
        return found

    def _decimals(self) -> int | None:
        if self._kind != "number":
            return None
        digits = self._checks.attribute(self._found, "decimalDigits", int, 0, self._where)
        return digits if 0 <= digits <= 10 else 0

    def _suffix(self) -> Words | None:
        shown = self._checks.attribute(self._found, "appearance", dict, {}, self._where)
        words = self._checks.words(
            shown.get("suffixAdorner"), self._properties.get("en:suffix"), self._where
        )
        return words if words.vi else None

    def _default(self) -> Any:
        value = self._found.get("defaultValue")
        if value is None or isinstance(value, (str, bool, int, float)):
            return value
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            return value
        self._wrong("giá trị mặc định sai kiểu", "the default is malformed")
        return None
