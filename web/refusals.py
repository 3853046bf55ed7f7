"""Why something was refused, where only the code of the refusal was kept (lý do từ chối)."""

import re
from collections.abc import Iterator

from engine.errors import OfficeError
from signing.errors import SigningError
from web.door import language

_Kind = type[OfficeError] | type[SigningError]
#: what only the moment of the refusal could have filled in
_IN_BRACKETS = re.compile(r"\s*\([^()]*\{[^{}]*\}[^()]*\)")
_PLACE = re.compile(r"\{[^{}]*\}")
_SENTENCE = re.compile(r"[.:;](\s|$)")


def refusal_text(code: str) -> str:
    """Return the first words of what was told then, the code itself where nobody knows it."""
    known: list[_Kind] = [*_kinds(OfficeError), *_kinds(SigningError)]
    for kind in known:
        if kind.code == code:
            told = kind.en if language() == "en" else kind.vi
            told = _PLACE.sub("…", _IN_BRACKETS.sub("", told))
            return _SENTENCE.split(told, maxsplit=1)[0]
    return code


def _kinds(root: _Kind) -> Iterator[_Kind]:
    yield root
    for kind in root.__subclasses__():
        yield from _kinds(kind)
