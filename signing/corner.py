"""The upper right corner of page 1 (góc trên bên phải trang đầu): annexes, copies, scans.

Decree 30/2020, annex I: no picture, text lines only, regular, size 10, black.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium
from PIL import Image, ImageDraw

from signing.appearance import LEADING, LINE_SIZE, VIETNAM
from signing.errors import NoRoom, PageMissing
from signing.page_text import Box, PageText, opened, read_page
from signing.placement import MM, Found, Placement, TextRun
from signing.typeface import Face, typeface

#: the margin above the text is 20 mm or more: three lines stand in it
TOP = 5 * MM
EDGE = 8 * MM
#: the widest line before it is broken, and the least blank between the lines and what is there
WIDEST_LINE = 90 * MM
CLEARANCE = 1 * MM
#: how far from the top a corner reaches, as a share of the page
CORNER = 0.5
STEP = 1 * MM
#: pixels a point when looking for ink, and how much darker than the paper ink is
DENSITY = 1.5
INK = 48
MOST_PIXELS = 3000
#: dust of a scan is no text
DUST = 0.001


class CopyForm(StrEnum):
    """How a document is copied (hình thức sao): Decree 30/2020, Điều 25."""

    TRUE_COPY = "sao y"
    EXTRACT = "trích sao"
    ONWARD = "sao lục"

    @property
    def words(self) -> str:
        """Return the form as it is printed."""
        return self.value.capitalize()


def zoned_time(moment: datetime) -> str:
    """Return day; time; Vietnam's zone (ngày tháng năm; giờ phút giây; múi giờ), ISO 8601."""
    local = moment.astimezone(VIETNAM)
    zone = local.isoformat(timespec="seconds")[-6:]
    return f"{local:%d/%m/%Y}; {local:%H:%M:%S}; {zone}"


def annex_lines(reference: str, signed_at: datetime) -> tuple[str, ...]:
    """Return what stands on an annex in a file of its own (phụ lục): annex I, III.1d."""
    return reference, zoned_time(signed_at)


def copy_lines(form: CopyForm, organ_name: str, signed_at: datetime) -> tuple[str, ...]:
    """Return what stands on a digitised copy (bản sao): annex I, part II, I.3."""
    return form.words, organ_name, zoned_time(signed_at)


def incoming_lines(organ_name: str, signed_at: datetime) -> tuple[str, ...]:
    """Return what stands on an incoming paper that was scanned (văn bản đến được số hóa)."""
    return organ_name, zoned_time(signed_at)


def place_annex(pdf: bytes, *, reference: str, signed_at: datetime) -> Placement:
    """Place the agency's signature on an annex; raise `NoRoom` where the page has none left."""
    return _place(pdf, annex_lines(reference, signed_at))


def place_copy(pdf: bytes, *, form: CopyForm, organ_name: str, signed_at: datetime) -> Placement:
    """Place the agency's signature on a copy; raise `NoRoom` where the page has none left."""
    return _place(pdf, copy_lines(form, organ_name, signed_at))


def place_incoming(pdf: bytes, *, organ_name: str, signed_at: datetime) -> Placement:
    """Place the agency's signature on a scan; raise `NoRoom` where the page has none left."""
    return _place(pdf, incoming_lines(organ_name, signed_at))


def _place(pdf: bytes, lines: tuple[str, ...]) -> Placement:
    """Return the text runs and the box around them, at the free place nearest to the corner."""
    with opened(pdf) as document:
        if not len(document):
            raise PageMissing(pages=0)
        page = read_page(document, 0)
        first = document[0]
        try:
            ink = _Ink(first, page)
        finally:
            first.close()
    room = page.view.width - 2 * EDGE
    broken = [part for line in lines for part in _broken(line, min(WIDEST_LINE, room))]
    width = max(typeface(Face.REGULAR).width(line, LINE_SIZE) for line in broken)
    height = LINE_SIZE * LEADING * len(broken)
    box = ink.nearest_room(width + 2, height)
    if box is None:
        raise NoRoom(width=round(width / MM), height=round(height / MM))
    runs = tuple(
        TextRun(line, 1, height - LINE_SIZE - number * LINE_SIZE * LEADING, LINE_SIZE)
        for number, line in enumerate(broken)
    )
    view = page.view
    in_corner = box.top > view.height - 30 * MM and box.right > view.width - 2 * EDGE
    found = Found.TEXT if in_corner else Found.GEOMETRY
    return Placement(0, view.user_box(box), view.rotation, runs, found)


def _broken(line: str, widest: float) -> list[str]:
    """Break a line between words, so that each part is at most `widest` points wide."""
    letters = typeface(Face.REGULAR)
    parts: list[str] = []
    for word in line.split():
        longer = f"{parts[-1]} {word}" if parts else word
        if parts and letters.width(longer, LINE_SIZE) <= widest:
            parts[-1] = longer
        else:
            parts.append(word)
    return parts


class _Window(NamedTuple):
    """A rectangle of pixels from the upper left."""

    left: int
    upper: int
    right: int
    lower: int


class _Ink:
    """What is on a page as seen: pixels darker than the paper, and letters even if invisible."""

    def __init__(self, page: Any, text: PageText) -> None:
        self._view = text.view
        longest = max(text.view.width, text.view.height)
        bitmap = page.render(scale=min(DENSITY, MOST_PIXELS / longest), grayscale=True)
        grey: Image.Image = bitmap.to_pil().convert("L")
        bitmap.close()
        self._size = grey.size
        # the paper of a scan is rarely white: its tone is the one met most often
        counts = grey.histogram()
        paper = counts.index(max(counts))
        self._dark = grey.point([255 if abs(tone - paper) > INK else 0 for tone in range(256)])
        pen = ImageDraw.Draw(self._dark)
        for taken in (*text.inked(), *_widgets(page, text)):
            window = self._window(taken)
            # text outside the visible page takes no room
            if window.left < window.right and window.upper < window.lower:
                pen.rectangle(window, fill=255)

    def nearest_room(self, width: float, height: float) -> Box | None:
        """Return the free box nearest to the upper right corner, going down, then left."""
        view = self._view
        right = view.width - EDGE
        while right - width >= EDGE:
            top = view.height - TOP
            while top - height >= view.height * (1 - CORNER):
                box = Box(right - width, top - height, right, top)
                if self._is_free(box):
                    return box
                top -= STEP
            right -= 8 * STEP
        return None

    def _is_free(self, box: Box) -> bool:
        around = Box(
            box.left - CLEARANCE,
            box.bottom - CLEARANCE,
            box.right + CLEARANCE,
            box.top + CLEARANCE,
        )
        area = self._dark.crop(self._window(around))
        dark = area.histogram()[255]
        return dark <= DUST * area.width * area.height

    def _window(self, box: Box) -> _Window:
        across = self._size[0] / self._view.width
        up = self._size[1] / self._view.height
        most_across, most_down = self._size
        return _Window(
            min(max(0, int(box.left * across)), most_across),
            min(max(0, int((self._view.height - box.top) * up)), most_down),
            max(0, min(most_across, int(box.right * across) + 1)),
            max(0, min(most_down, int((self._view.height - box.bottom) * up) + 1)),
        )


def _widgets(page: Any, text: PageText) -> Iterator[Box]:
    """Return the rectangles of form fields, earlier signatures among them."""
    for number in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, number)
        rectangle = pdfium.FS_RECTF()
        if pdfium.FPDFAnnot_GetSubtype(
            annotation
        ) == pdfium.FPDF_ANNOT_WIDGET and pdfium.FPDFAnnot_GetRect(annotation, rectangle):
            user = Box(rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)
            yield text.view.seen_box(user)
        pdfium.FPDFPage_CloseAnnot(annotation)
