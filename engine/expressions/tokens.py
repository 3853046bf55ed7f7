"""The source cut into tokens: ASCII words, numbers, quoted text, signs; nothing else."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from typing import Any

from engine.expressions.errors import ExpressionError

LONGEST_SOURCE = 2000
LONGEST_NUMBER = 30

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_SIGN = re.compile(r"<=|>=|!=|==|\.\.|[=<>.,()\[\]{}:+\-*/%@]")
_SPACE = re.compile(r"[ \t\r\n]+")
_REFUSED = frozenset({"**", "//", ":=", "/*"})
_ESCAPES = {'"': '"', "'": "'", "\\": "\\", "/": "/", "n": "\n", "t": "\t", "r": "\r"}


class Sort(Enum):
    WORD = auto()
    NUMBER = auto()
    TEXT = auto()
    SIGN = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    sort: Sort
    text: str
    at: int
    value: Any = None


def tokens(source: str) -> list[Token]:
    """Cut `source` into tokens, the last of sort END; raise `ExpressionError` at a foreign sign."""
    found: list[Token] = []
    at = 0
    while at < len(source):
        if space := _SPACE.match(source, at):
            at = space.end()
            continue
        token, at = _token(source, at)
        found.append(token)
    found.append(Token(Sort.END, "", len(source)))
    return found


def _token(source: str, at: int) -> tuple[Token, int]:
    if source[at] in "\"'":
        return _text(source, at)
    if word := _WORD.match(source, at):
        return Token(Sort.WORD, word.group(), at), word.end()
    if number := _NUMBER.match(source, at):
        return _number(source, at, number.group()), number.end()
    if source[at : at + 2] in _REFUSED:
        raise ExpressionError("forbidden", at=at, what=f"“{source[at : at + 2]}”")
    if sign := _SIGN.match(source, at):
        return Token(Sort.SIGN, sign.group(), at), sign.end()
    raise ExpressionError("character", at=at, shown=_shown(source[at]))


def _number(source: str, at: int, digits: str) -> Token:
    following = source[at + len(digits) : at + len(digits) + 1]
    if len(digits) > LONGEST_NUMBER or following.isalnum() or following == "_":
        raise ExpressionError("number", at=at, limit=LONGEST_NUMBER)
    return Token(Sort.NUMBER, digits, at, Decimal(digits) if "." in digits else int(digits))


def _text(source: str, start: int) -> tuple[Token, int]:
    quote, at, parts = source[start], start + 1, list[str]()
    while at < len(source):
        sign = source[at]
        if sign == quote:
            value = unicodedata.normalize("NFC", "".join(parts))
            return Token(Sort.TEXT, source[start : at + 1], start, value), at + 1
        if sign in "\n\r":
            break
        if sign == "\\":
            sign, at = _escape(source, at)
        else:
            at += 1
        parts.append(sign)
    raise ExpressionError("open-text", at=start)


def _escape(source: str, at: int) -> tuple[str, int]:
    letter = source[at + 1 : at + 2]
    if letter in _ESCAPES and letter:
        return _ESCAPES[letter], at + 2
    code = source[at + 2 : at + 6]
    if letter == "u" and re.fullmatch(r"[0-9A-Fa-f]{4}", code):
        sign = chr(int(code, 16))
        if sign.isprintable():
            return sign, at + 6
    raise ExpressionError("escape", at=at, shown=f"\\{letter}")


def _shown(sign: str) -> str:
    return f"“{sign}” (U+{ord(sign):04X})" if sign.isprintable() else f"U+{ord(sign):04X}"
