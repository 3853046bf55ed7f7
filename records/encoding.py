"""One form for all text: Unicode TCVN 6909:2001 in NFC; old encodings are found and converted.

Text of the nineties arrives as TCVN3 (ABC) or VNI letters that a program took for Western ones:
"Th¸i Nguyªn", "Thaùi Nguyeân". `repair` tells them apart by the Vietnamese syllables they give,
never by bytes alone.
"""

import unicodedata
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from records.syllable import is_syllable

TONES = "\u0300\u0309\u0303\u0301\u0323"  # huyền, hỏi, ngã, sắc, nặng: the order of dictionaries
_QUALITIES = "\u0306\u0302\u031b"
_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"


class Encoding(StrEnum):
    """How the letters of a text are coded (bảng mã)."""

    UNICODE = "unicode"
    TCVN3 = "tcvn3"
    VNI = "vni"


class Repaired(NamedTuple):
    """Text in Unicode NFC and the encoding it came in."""

    text: str
    encoding: Encoding


# TCVN 5712:1993 VN3: 67 small letters and 7 capitals, each one byte.
_TCVN3 = dict(
    zip(
        "µ¸¶·¹¨»¾¼½Æ©ÇÊÈÉË®ÌÐÎÏÑªÒÕÓÔÖ×ÝØÜÞßãáâä«åèæçé¬êíëìîïóñòô\u00adõøö÷ùúýûüþ¡¢§£¤¥¦",
        "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵĂÂĐÊÔƠƯ",
        strict=True,
    )
)

_VNI_MARKS = {
    # the tone alone
    "ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323",
    # circumflex, alone and with a tone
    "â": "\u0302", "á": "\u0302\u0301", "à": "\u0302\u0300", "å": "\u0302\u0309",
    "ã": "\u0302\u0303", "ä": "\u0302\u0323",
    # breve, alone and with a tone
    "ê": "\u0306", "é": "\u0306\u0301", "è": "\u0306\u0300", "ú": "\u0306\u0309",
    "ü": "\u0306\u0303", "ë": "\u0306\u0323",
}  # fmt: skip
_VNI_LETTERS = dict(zip("ôöñíìæóòî", "ơưđíìỉĩịỵ", strict=True))
_VNI_BEARERS = {  # which marks a letter may bear
    **dict.fromkeys("a", "ùøûõïâáàåãäêéèúüë"),
    **dict.fromkeys("eo", "ùøûõïâáàåãä"),
    **dict.fromkeys("uôö", "ùøûõï"),
    **dict.fromkeys("y", "ùøûõ"),
}


@lru_cache(maxsize=1)
def _vni() -> dict[str, str]:
    table = dict(_VNI_LETTERS)
    for bearer, marks in _VNI_BEARERS.items():
        base = _VNI_LETTERS.get(bearer, bearer)
        for mark in marks:
            table[bearer + mark] = normalize(base + _VNI_MARKS[mark])
    capitals = {}
    for old, new in table.items():
        capitals[old.upper()] = new.upper()
        capitals[old[0].upper() + old[1:]] = new.upper()
    return table | capitals


def normalize(text: str) -> str:
    """Return `text` in NFC, the only form that is stored (chuẩn hóa Unicode dựng sẵn)."""
    return unicodedata.normalize("NFC", text)


def repair(text: str) -> Repaired:
    """Return `text` in Unicode NFC, converted when it is TCVN3 or VNI (chuyển mã)."""
    encoding = detect(text)
    return Repaired(convert(text, encoding), encoding)


def decode(data: bytes) -> Repaired:
    """Return the text of `data`: Unicode by its mark or as valid UTF-8, else an old encoding."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return repair(data.decode("utf-16", errors="replace"))
    try:
        return repair(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return repair(data.decode("latin-1"))


def detect(text: str) -> Encoding:
    """Return the encoding whose reading of `text` gives the most Vietnamese syllables."""
    words = [w for w in text.split() if not w.isascii()]
    best, best_share = Encoding.UNICODE, _share(words, Encoding.UNICODE)
    for encoding in (Encoding.TCVN3, Encoding.VNI):
        share = _share(words, encoding)
        if share > best_share and share >= 0.5:
            best, best_share = encoding, share
    return best


def is_unicode(text: str) -> bool:
    """Return whether `text` may be kept as typed: not TCVN3 or VNI taken for Western letters.

    Words with letters no old encoding has are Unicode; a lone sign such as × or µ proves nothing.
    """
    if text.isascii():
        return True
    words = [word for word in normalize(text).split() if not word.isascii()]
    doubtful = [
        word
        for word in words
        if sum(map(str.isalpha, word)) > 1 and not any(c > "\xff" and c.isalpha() for c in word)
    ]
    old = detect(" ".join(doubtful))
    if old is Encoding.UNICODE:
        return True
    told = sum(_share([word], old) > _share([word], Encoding.UNICODE) for word in doubtful)
    return told < (1 if len(doubtful) == len(words) else 2)


def _share(words: list[str], encoding: Encoding) -> float:
    """Return how many of `words`, read in `encoding`, are made of Vietnamese syllables only."""
    if not words:
        return 0.0
    good = 0
    for word in words:
        read = convert(word, encoding)
        cleaned = "".join(c if c.isalpha() else " " if _is_separator(c) else "\0" for c in read)
        good += all(is_syllable(part) for part in cleaned.split())
    return good / len(words)


def _is_separator(character: str) -> bool:
    # A symbol such as © inside a word is no punctuation: it betrays an old encoding.
    return character.isascii() or character in "–—…“”‘’"


def convert(text: str, encoding: Encoding) -> str:
    """Return `text`, coded in `encoding`, in Unicode NFC."""
    match encoding:
        case Encoding.TCVN3:
            return normalize(_tcvn3_capitals(text))
        case Encoding.VNI:
            return normalize(_from_vni(text))
        case _:
            return normalize(text)


def _tcvn3_capitals(text: str) -> str:
    """Convert TCVN3; words set in a capital font (.VnTimeH) share their bytes with small letters.

    A word is in capitals when its unaccented letters, at least two, are; a whole text likewise.
    """
    shouting = _is_capital(text, least=4)
    pieces = []
    for word in text.split(" "):
        new = "".join(_TCVN3.get(c, c) for c in word)
        pieces.append(new.upper() if shouting or _is_capital(word, least=2) else new)
    return " ".join(pieces)


def _is_capital(text: str, least: int) -> bool:
    letters = [c for c in text if c.isascii() and c.isalpha()]
    return len(letters) >= least and all(c.isupper() for c in letters)


def _from_vni(text: str) -> str:
    table = _vni()
    out: list[str] = []
    i = 0
    while i < len(text):
        width = 2 if text[i : i + 2] in table and i + 1 < len(text) else 1
        out.append(table.get(text[i : i + width], text[i : i + width]))
        i += width
    return "".join(out)


def fold(text: str) -> str:
    """Return `text` in small letters without marks, đ as d: what search compares (bỏ dấu)."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return normalize("".join(c for c in plain if not unicodedata.combining(c)))


def sort_key(text: str) -> bytes:
    """Return bytes that sort as a Vietnamese dictionary does: letter, then tone, then capital.

    Spaces come before signs, signs before digits, digits before letters; equal to ICU's `vi` on
    names (letters and spaces), without needing ICU in the database.
    """
    letters, tones, cases = bytearray(), bytearray(), bytearray()
    for character in normalize(text):
        parts = unicodedata.normalize("NFD", character)
        base = normalize(parts[0] + "".join(c for c in parts[1:] if c in _QUALITIES))
        tone = next((c for c in parts[1:] if c in TONES), "")
        letters += _weight(base.lower())
        tones.append(TONES.index(tone) + 2 if tone else 1)
        cases.append(1 if base == base.lower() else 2)
    return bytes(letters) + b"\0" + bytes(tones) + b"\0" + bytes(cases)


@lru_cache(maxsize=1024)
def _weight(letter: str) -> bytes:
    if len(letter) == 1 and (place := _ALPHABET.find(letter)) >= 0:
        return bytes([40 + place])
    if letter.isascii() and letter.isdigit():
        return bytes([20 + int(letter)])
    if letter.isspace():
        return b"\1"
    rank = 80 if letter[0].isalpha() else 2
    return bytes([rank]) + b"".join((ord(c) + 1).to_bytes(3, "big") for c in letter)
