"""Where the letters of a PDF page stand, as its reader sees it: upright, from the lower left."""

import ctypes
import math
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium

from signing.errors import EncryptedPdf, TruncatedPdf

#: letters whose baselines differ by less stand on one line, in points
SAME_LINE = 3.0


class Box(NamedTuple):
    """A rectangle in points: left, bottom, right, top."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom

    def overlaps(self, other: "Box") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )


@dataclass(frozen=True)
class View:
    """How the reader sees a page: its visible box in user space and its clockwise rotation."""

    crop: Box
    rotation: int

    @property
    def width(self) -> float:
        return self.crop.height if self.rotation % 180 else self.crop.width

    @property
    def height(self) -> float:
        return self.crop.width if self.rotation % 180 else self.crop.height

    def seen(self, x: float, y: float) -> tuple[float, float]:
        """Turn a point of user space into one of the page as seen."""
        u, v = x - self.crop.left, y - self.crop.bottom
        across, up = self.crop.width, self.crop.height
        return {0: (u, v), 90: (v, across - u), 180: (across - u, up - v), 270: (up - v, u)}[
            self.rotation
        ]

    def seen_box(self, box: Box) -> Box:
        """Turn a rectangle of user space into one of the page as seen."""
        return _spanned(self.seen(box.left, box.bottom), self.seen(box.right, box.top))

    def user_box(self, box: Box) -> Box:
        """Turn a rectangle of the page as seen into one of user space."""
        return _spanned(self._user(box.left, box.bottom), self._user(box.right, box.top))

    def _user(self, a: float, b: float) -> tuple[float, float]:
        across, up = self.crop.width, self.crop.height
        u, v = {0: (a, b), 90: (across - b, a), 180: (across - a, up - b), 270: (b, up - a)}[
            self.rotation
        ]
        return u + self.crop.left, v + self.crop.bottom


def _spanned(one: tuple[float, float], other: tuple[float, float]) -> Box:
    return Box(
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[0], other[0]),
        max(one[1], other[1]),
    )


@dataclass(frozen=True)
class Letter:
    """One visible letter with its marks: extent along the line, baseline and size in points."""

    text: str
    left: float
    right: float
    baseline: float
    size: float


@dataclass(frozen=True)
class Line:
    """The letters on one baseline from left to right; blanks are gaps, not letters."""

    letters: tuple[Letter, ...]

    @property
    def text(self) -> str:
        """Return the letters without any space: a regular expression finds places in it."""
        return "".join(letter.text for letter in self.letters)

    @property
    def baseline(self) -> float:
        return self.letters[0].baseline

    @property
    def size(self) -> float:
        return max(letter.size for letter in self.letters)

    def part(self, start: int, end: int) -> tuple[Letter, ...]:
        """Return the letters behind the characters `start` to `end` of `text`."""
        found, position = [], 0
        for letter in self.letters:
            if start <= position < end:
                found.append(letter)
            position += len(letter.text)
        return tuple(found)

    def columns(self, gap: float) -> list["Line"]:
        """Split the line where a blank is wider than `gap` points."""
        parts: list[list[Letter]] = [[]]
        for letter in self.letters:
            if parts[-1] and letter.left - parts[-1][-1].right > gap:
                parts.append([])
            parts[-1].append(letter)
        return [Line(tuple(part)) for part in parts]


@dataclass(frozen=True)
class PageText:
    """A page as seen, with its lines from top to bottom."""

    number: int
    view: View
    lines: tuple[Line, ...]

    def inked(self) -> Iterator[Box]:
        """Return the rectangles of all letters, with the marks above and the tails below."""
        return (
            Box(one.left, one.baseline - 0.25 * one.size, one.right, one.baseline + 0.9 * one.size)
            for line in self.lines
            for one in line.letters
        )


@contextmanager
def opened(pdf: bytes) -> Iterator[Any]:
    """Open a document with pdfium; raise `EncryptedPdf` or `TruncatedPdf`."""
    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise EncryptedPdf from error
        raise TruncatedPdf from error
    try:
        yield document
    finally:
        document.close()


def read_view(document: Any, number: int) -> View:
    """Return how page `number` (from 0) is seen."""
    page = document[number]
    try:
        return View(Box(*page.get_cropbox()), page.get_rotation() % 360)
    finally:
        page.close()


def read_page(document: Any, number: int) -> PageText:
    """Return the lines of page `number` (from 0)."""
    view = read_view(document, number)
    page = document[number]
    text = page.get_textpage()
    try:
        letters = list(_letters(text, view))
    finally:
        text.close()
        page.close()
    return PageText(number, view, tuple(_lines(letters)))


def _letters(text: Any, view: View) -> Iterator[Letter]:
    pending: Letter | None = None
    for index in range(text.count_chars()):
        code = pdfium.FPDFText_GetUnicode(text, index)
        shown = chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else ""
        if not shown.strip() or not shown.isprintable():
            continue
        if pending is not None and unicodedata.combining(shown):
            # some programs write a base letter and its marks apart
            whole = unicodedata.normalize("NFC", pending.text + shown)
            pending = Letter(whole, pending.left, pending.right, pending.baseline, pending.size)
            continue
        if pending is not None:
            yield pending
        pending = _letter(text, view, index, unicodedata.normalize("NFC", shown))
    if pending is not None:
        yield pending


def _letter(text: Any, view: View, index: int, shown: str) -> Letter:
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(text, index, x, y)
    box = view.seen_box(Box(*text.get_charbox(index, loose=True)))
    matrix = pdfium.FS_MATRIX()
    scale = 1.0
    if pdfium.FPDFText_GetMatrix(text, index, matrix):
        scale = math.hypot(matrix.c, matrix.d)
    return Letter(
        text=shown,
        left=box.left,
        right=box.right,
        baseline=view.seen(x.value, y.value)[1],
        size=pdfium.FPDFText_GetFontSize(text, index) * scale,
    )


def _lines(letters: list[Letter]) -> Iterator[Line]:
    current: list[Letter] = []
    for letter in sorted(letters, key=lambda one: -one.baseline):
        if current and current[0].baseline - letter.baseline > SAME_LINE:
            yield _line(current)
            current = []
        current.append(letter)
    if current:
        yield _line(current)


def _line(letters: list[Letter]) -> Line:
    return Line(tuple(sorted(letters, key=lambda one: one.left)))
