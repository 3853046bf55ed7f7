"""What comes in an address or a form (tham số): text the database can hold, or it is refused.

One gate before every page and every resource, so that no view has to think of it.
"""

import unicodedata

from flask import request
from werkzeug.exceptions import NotFound

from engine.errors import OfficeError

#: the longest text to search for; what stands above it is no search
LONGEST_SEARCH = 200
#: the parameters that hold what an officer searches for
_SEARCHES = ("q", "text")
_MACHINES = "/api/"


class ControlCharacters(OfficeError):
    """A parameter holds characters that are no text (ký tự điều khiển)."""

    code = "control-characters"
    status = 400
    vi = "«{name}» có ký tự điều khiển, không phải chữ. Hãy xóa rồi gõ lại."
    en = "“{name}” holds control characters, which are no text. Delete and type it again."


class SearchTooLong(OfficeError):
    """The text to search for is too long (nội dung tìm kiếm quá dài)."""

    code = "search-too-long"
    status = 400
    vi = "Nội dung tìm kiếm dài quá {longest} ký tự. Hãy chỉ ghi số, ký hiệu hoặc vài từ trích yếu."
    en = "Search for no more than {longest} characters: a number, a symbol or words of a subject."


def is_text(value: str) -> bool:
    """Return whether `value` can be stored: no control characters but line breaks and tabs."""
    return not any(unicodedata.category(sign) == "Cc" and sign not in "\t\n\r" for sign in value)


def refuse_what_is_no_text() -> None:
    """Let an address and a page's form pass or raise `ControlCharacters`, `SearchTooLong`.

    An address with such characters in its path is none of ours. Bodies of machines are read by
    schemas, which know the place of each fault.
    """
    if not is_text(request.path):
        raise NotFound
    is_page = not request.path.startswith(_MACHINES)
    for name, value in request.args.items(multi=True):
        if not is_text(name + value):
            raise _refusal(name)
    # Other characters may come from a pasted text: the forms of procedures say so at the field.
    for name, value in request.form.items(multi=True) if is_page else ():
        if "\0" in name + value:
            raise _refusal(name)
    for name in _SEARCHES:
        if is_page and len(request.args.get(name, "")) > LONGEST_SEARCH:
            raise SearchTooLong(longest=LONGEST_SEARCH)


def _refusal(name: str) -> ControlCharacters:
    return ControlCharacters(name="".join(sign for sign in name if is_text(sign))[:60])
