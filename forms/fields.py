"""What was typed read into values (đọc giá trị nhập): one marshmallow field per kind of input."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NoReturn

import marshmallow

from engine.expressions import VIETNAM, ExpressionError
from forms.components import Field
from forms.messages import say

LONGEST_LINE = 1_000
LONGEST_TEXT = 100_000
MOST_ITEMS = 500
_LONGEST_TYPED = 40
_DATE = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(r"([0-9]{1,2})(?::|h|g)([0-9]{2})(?::([0-9]{2}))?")
_NUMBER = re.compile(r"-?[0-9]{1,18}(?:[.,][0-9]{1,10})?")
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]{1,10})?")
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_PHONE = re.compile(r"(?:\+84|0)[0-9]{8,10}")
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,128}")
#: signs that turn the direction of writing and so may falsify what is read
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


class Input(marshmallow.fields.Field[Any]):
    """A form field as marshmallow reads it; an empty string is no value."""

    def __init__(self, spec: Field, language: str) -> None:
        super().__init__(allow_none=True)
        self.spec = spec
        self.language = language

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        del attr, data, kwargs
        if isinstance(value, str):
            value = composed(value)
        return None if value is None or value == "" else self.read(value)

    def read(self, value: Any) -> Any:
        """Return the value of what was typed, or refuse it."""
        raise NotImplementedError

    def refuse(self, name: str, **fields: Any) -> NoReturn:
        """Raise the message `name` for this field."""
        label = self.spec.label.text(self.language)
        raise marshmallow.ValidationError(say(name, self.language, label=label, **fields))

    def typed(self, value: Any, name: str) -> str:
        """Return a short text, or refuse with the message `name`."""
        if not isinstance(value, str) or len(value) > _LONGEST_TYPED:
            self.refuse(name)
        return value


def composed(text: str) -> str:
    """Return text composed (NFC), with one kind of line end, without space around it.

    Text of which nothing is seen is empty.
    """
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").strip()
    return text if any(_is_seen(sign) for sign in text) else ""


#: fillers: letters by their category and yet blank
_UNSEEN = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def _is_seen(sign: str) -> bool:
    """Return whether a sign shows; controls and turning signs do, so that they are refused."""
    return sign not in _UNSEEN and (
        unicodedata.category(sign) not in {"Zs", "Zl", "Zp", "Cf"} or bool(_TURNING.match(sign))
    )


class Text(Input):
    """One line or many (văn bản); lengths count composed characters."""

    def read(self, value: Any) -> str:
        """Return the text."""
        spec, rules = self.spec, self.spec.rules
        if not isinstance(value, str):
            self.refuse("text")
        many = spec.kind == "textarea"
        if _TURNING.search(value) or any(_is_control(sign) for sign in value):
            self.refuse("sign")
        if not many and "\n" in value:
            self.refuse("one-line")
        longest = LONGEST_TEXT if many else LONGEST_LINE
        if isinstance(rules.max_length, int):
            longest = min(longest, rules.max_length)
        if len(value) > longest:
            self.refuse("max-length", limit=longest, found=len(value))
        if isinstance(rules.min_length, int) and len(value) < rules.min_length:
            self.refuse("min-length", limit=rules.min_length)
        self._check_shape(value)
        return value

    def _check_shape(self, value: str) -> None:
        rules = self.spec.rules
        if rules.pattern is not None and not _fits(rules.pattern.fullmatch, value):
            if rules.pattern_words is not None:
                raise marshmallow.ValidationError(rules.pattern_words.text(self.language))
            self.refuse("pattern")
        if rules.shape == "email" and not (len(value) <= 254 and _EMAIL.fullmatch(value)):
            self.refuse("email")
        if rules.shape == "phone" and not _PHONE.fullmatch(re.sub(r"[ .-]", "", value)):
            self.refuse("phone")


def _is_control(sign: str) -> bool:
    return sign not in "\n\t" and unicodedata.category(sign) in {"Cc", "Cs", "Co", "Cn"}


def _fits(matches: Any, value: str) -> bool:
    try:
        return bool(matches(value))
    except ExpressionError:  # longer than a pattern may be asked about
        return False


class Number(Input):
    """A number (số), `1.234,5` as typed in Vietnam or a JSON number; never a float inside."""

    def read(self, value: Any) -> int | Decimal:
        """Return an int where the field has no decimals, otherwise a Decimal."""
        digits, rules = self.spec.decimals or 0, self.spec.rules
        number = self._number(value)
        if not number.is_finite() or abs(number) >= Decimal(10) ** 18:
            self.refuse("number")
        if number != round(number, digits):
            self.refuse("decimals" if digits else "whole", limit=digits)
        if isinstance(rules.minimum, (int, Decimal)) and number < rules.minimum:
            self.refuse("min", limit=shown_number(rules.minimum, self.language))
        if isinstance(rules.maximum, (int, Decimal)) and number > rules.maximum:
            self.refuse("max", limit=shown_number(rules.maximum, self.language))
        return number if digits else int(number)

    def _number(self, value: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
            self.refuse("number")
        if not isinstance(value, str):
            # Decimal(int) of millions of digits would be slow; no office counts that far
            if isinstance(value, int) and abs(value) >= 10**18:
                self.refuse("number")
            return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        text = self.typed(value, "number").replace(" ", "")
        grouped = _GROUPED.fullmatch(text)
        if grouped and self.spec.decimals and "," not in text and text.count(".") == 1:
            self.refuse("ambiguous")
        if grouped:
            text = text.replace(".", "")
        elif not _NUMBER.fullmatch(text):
            self.refuse("number")
        return Decimal(text.replace(",", "."))


def shown_number(value: Any, language: str = "vi") -> str:
    """Write a number for people: a decimal comma in Vietnamese."""
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return text if language == "en" else text.replace(".", ",")


class Day(Input):
    """A date (ngày), typed dd/mm/yyyy or ISO."""

    def read(self, value: Any) -> date:
        """Return the date."""
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        found = read_day(self.typed(value, "date"))
        if found is None:
            self.refuse("date")
        if not 1900 <= found.year <= 2199:
            self.refuse("year")
        return found


class Clock(Input):
    """A time of day (giờ), typed 16:30 or 16h30."""

    def read(self, value: Any) -> time:
        """Return the time."""
        found = value if isinstance(value, time) else read_clock(self.typed(value, "time"))
        if found is None:
            self.refuse("time")
        return found


class Moment(Input):
    """A date and time (ngày giờ) in Vietnam, typed `22/11/2026 16:30` or ISO."""

    def read(self, value: Any) -> datetime:
        """Return an aware datetime."""
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=VIETNAM)
        text = self.typed(value, "datetime")
        day, _, clock = text.partition("T" if "T" in text else " ")
        found, at = read_day(day), read_clock(clock.strip())
        if found is not None and at is not None:
            return datetime.combine(found, at, tzinfo=VIETNAM)
        try:
            exact = datetime.fromisoformat(text)
        except ValueError:
            self.refuse("datetime")
        return exact if exact.tzinfo else exact.replace(tzinfo=VIETNAM)


def read_day(text: str) -> date | None:
    """Read `22/11/2026` or `2026-11-22`, None when there is no such day."""
    if found := _ISO_DATE.fullmatch(text):
        year, month, day = found.groups()
    elif found := _DATE.fullmatch(text):
        day, month, year = found.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def read_clock(text: str) -> time | None:
    """Read `16:30`, None when there is no such time."""
    found = _TIME.fullmatch(text)
    try:
        if found is None:
            return None
        hour, minute, second = (int(part or 0) for part in found.groups())
        return time(hour, minute, second)
    except ValueError:
        return None


class Tick(Input):
    """A checkbox (ô đánh dấu)."""

    def read(self, value: Any) -> bool:
        """Return true or false."""
        if isinstance(value, bool):
            return value
        if value in ("true", "on"):
            return True
        if value == "false":
            return False
        return self.refuse("boolean")


class Choice(Input):
    """One of the options (lựa chọn); a list supplied by the caller is looked up afterwards."""

    def read(self, value: Any) -> str:
        """Return the chosen value."""
        if not isinstance(value, str) or len(value) > 200:
            self.refuse("choice")
        if self.spec.source is None and all(o.value != value for o in self.spec.options):
            self.refuse("choice")
        return value


class Choices(Choice):
    """Several options (nhiều lựa chọn), each once, in the order given."""

    def read(self, value: Any) -> Any:
        """Return the list of chosen values."""
        if not isinstance(value, (list, tuple)) or len(value) > MOST_ITEMS:
            self.refuse("list")
        read = super().read
        return list(dict.fromkeys(read(part) for part in value))


class Files(Input):
    """References of uploaded files (tệp đính kèm); what they hold is looked up afterwards."""

    def read(self, value: Any) -> list[str]:
        """Return the references, each once."""
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, (list, tuple)) or len(found) > MOST_ITEMS:
            self.refuse("list")
        for part in found:
            if not isinstance(part, str) or not _REFERENCE.fullmatch(part):
                self.refuse("no-file")
        references = list(dict.fromkeys(found))
        if len(references) > 1 and not self.spec.multiple:
            self.refuse("one-file")
        return references


_INPUTS: Mapping[str, type[Input]] = {
    "text": Text,
    "textarea": Text,
    "number": Number,
    "date": Day,
    "time": Clock,
    "datetime": Moment,
    "checkbox": Tick,
    "checklist": Choices,
    "taglist": Choices,
    "radio": Choice,
    "select": Choice,
    "file": Files,
}


class Ignored(Input):
    """A value the server gives itself; what the browser says is not even read."""

    def read(self, value: Any) -> Any:
        """Return what was sent, only to be named as dropped."""
        return value


def input_of(spec: Field, language: str) -> Input:
    """Return the reader of one field."""
    ours = spec.is_given_by_server or spec.kind == "computed"
    return (Ignored if ours else _INPUTS[spec.kind])(spec, language)
