"""Number and symbol (số và ký hiệu), written as Decree 30/2020, Điều 15 and annex I.II.3 demand."""

import re
import unicodedata
from datetime import date

from records.vietnamese import serial_words

_SPLIT = re.compile(r"\s*(?P<number>\d+[A-Za-zĐđ]?)\s*/\s*(?P<notation>\S(?:.*\S)?)\s*", re.DOTALL)


def build_notation(*, abbreviation: str | None, organ: str, unit: str = "") -> str:
    """Return the symbol: `QĐ-UBND`, `UBND-VP`.

    Kinds without an abbreviation (công văn, thư công) carry the drafting unit or field instead.
    """
    if not organ:
        msg = "the symbol names the issuing agency"
        raise ValueError(msg)
    parts = [abbreviation, organ] if abbreviation else [organ, unit]
    return "-".join(part.strip() for part in parts if part)


def dated_notation(notation: str, issued_on: date) -> str:
    """Return the symbol of a legal-normative document, which begins with the year of its number."""
    return f"{issued_on.year}/{notation}"


def build_reference(number: int, notation: str) -> str:
    """Return number and symbol joined by the slash: `05/UBND-VP`, `188/2026/QĐ-UBND`."""
    if number < 1:
        msg = f"a register number is positive, not {number}"
        raise ValueError(msg)
    return f"{serial_words(number)}/{notation}"


def split_reference(reference: str) -> tuple[str, str] | None:
    """Return number and symbol of a written reference, None when it has no such form."""
    found = _SPLIT.fullmatch(unicodedata.normalize("NFC", reference))
    if found is None:
        return None
    return found["number"], re.sub(r"\s*([/-])\s*", r"\1", found["notation"])


def build_identifier(organ_code: str, issued_on: date, reference: str) -> str:
    """Return the document's identifier on the exchange (mã định danh văn bản)."""
    return f"{organ_code},{issued_on:%Y/%m/%d},{reference}"


def likeness(number: str | None, notation: str | None, organ: str | None) -> str | None:
    """Return what number, symbol and agency name share with their other spellings, or None.

    Leading zeros, case, spaces and the Unicode form do not count; accents do.
    """
    if not (number and notation and organ):
        return None
    parts = (number.strip().lstrip("0"), re.sub(r"\s+", "", notation), " ".join(organ.split()))
    return "|".join(unicodedata.normalize("NFC", part).casefold() for part in parts)
