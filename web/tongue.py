"""Words in the reader's language (ngôn ngữ): Vietnamese in the code, English in the catalogue."""

from typing import Any

import flask_babel


def _(text: str, **values: Any) -> str:
    """Return `text` in the reader's language, its `%(name)s` places filled in."""
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, count: int, **values: Any) -> str:
    """Return the form of the words that fits `count`; Vietnamese has one, English two."""
    return str(flask_babel.ngettext(one, many, count, **values))


def later(text: str) -> Any:
    """Return words that take their language when they are shown."""
    return flask_babel.lazy_gettext(text)
