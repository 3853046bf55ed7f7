"""Where signatures stand on a page (vị trí ký): annex I of Decree 30/2020, read off the page."""

import io
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pikepdf
from PIL import Image

from signing.errors import EncryptedPdf, ImageRefused, PageMissing, PlaceTaken, TruncatedPdf
from signing.page_text import Box, Line, PageText, opened, read_page, read_view
from signing.role import FIELD_NAMES, SignRole
from signing.typeface import Face

MM = 72 / 25.4
#: Decree 30/2020, annex I, II.8: the seal has its real size
SEAL_DIAMETER = 37 * MM
SMALLEST_SEAL, LARGEST_SEAL = 25 * MM, 45 * MM
WIDEST_IMAGE = 45 * MM
TALLEST_IMAGE = 27 * MM
#: less blank than this between title and name is no place for a signature
LEAST_BLANK = 24.0
#: an image is never made lower than this, though it may then touch the lines beside it
LOWEST_IMAGE = 36.0
#: a wider blank than this parts two columns of one line
COLUMN_GAP = 12.0
LARGEST_PICTURE = 4000
#: pages from the end on which a name is sought
MOST_SEARCHED = 60


class Found(StrEnum):
    """How a place was found (cách xác định vị trí)."""

    #: the text of the page shows it
    TEXT = "text"
    #: an earlier signature field shows it
    FIELD = "field"
    #: the text shows it, but leaves too little room: letters touch
    NARROW = "narrow"
    #: nothing on the page shows it: the place the Decree draws; somebody should look
    GEOMETRY = "geometry"


@dataclass(frozen=True)
class TextRun:
    """Text on one baseline, its origin in points from the lower left of its box as seen."""

    text: str
    x: float
    y: float
    size: float
    face: Face = Face.REGULAR


@dataclass(frozen=True)
class Placement:
    """The rectangle of a signature: page from 0, box in user space, clockwise page rotation."""

    page: int
    box: Box
    rotation: int = 0
    runs: tuple[TextRun, ...] = ()
    found: Found = Found.TEXT
    #: what the page prints behind the blank of the number, such as `/2026/QĐ-UBND`
    notation: str = ""
    #: the years the page prints in that symbol and in the row of the date
    years: tuple[int, ...] = ()


def place_person(pdf: bytes, *, name: str, image: bytes, position: str = "") -> Placement:
    """Place a person's signature image centred between title and name (ô 7c).

    The box has the proportions of `image` (PNG). The name is sought from the end of the document,
    then the title `position`; else the place is `Found.GEOMETRY`.
    """
    aspect = _aspect(image)
    with opened(pdf) as document:
        last = len(document) - 1
        for number in range(last, max(-1, last - MOST_SEARCHED), -1):
            page = read_page(document, number)
            blank = _blank_above_name(page, name) or _blank_below_title(page, position)
            if blank is not None:
                box = _centred(blank, aspect)
                return Placement(number, page.view.user_box(box), page.view.rotation)
        page = read_page(document, last)
    box = _centred(_corner_for_signature(page), aspect)
    view = page.view
    return Placement(last, view.user_box(box), view.rotation, found=Found.GEOMETRY)


def place_seal(
    pdf: bytes,
    *,
    over: str = FIELD_NAMES[SignRole.APPROVE],
    diameter: float = SEAL_DIAMETER,
    image: bytes | None = None,
) -> Placement:
    """Place the seal over the left third of the signature in field `over` (ô 8).

    An `image` (PNG) that states its resolution states the seal's real size, which counts.
    Without such a field the seal stands at the lower right of the last page, `Found.GEOMETRY`.
    """
    diameter = (image and _stated_diameter(image)) or diameter
    place = _field_place(pdf, over)
    with opened(pdf) as document:
        page = place[0] if place else len(document) - 1
        view = read_view(document, page)
        if place:
            person, found = view.seen_box(place[1]), Found.FIELD
        else:
            corner = _corner_for_signature(read_page(document, page))
            person, found = _centred(corner, WIDEST_IMAGE / TALLEST_IMAGE), Found.GEOMETRY
    middle = (person.bottom + person.top) / 2
    left = max(0.0, person.left + person.width / 3 - diameter)
    bottom = min(max(0.0, middle - diameter / 2), view.height - diameter)
    box = Box(left, bottom, left + diameter, bottom + diameter)
    return Placement(page, view.user_box(box), view.rotation, found=found)


def place_box(pdf: bytes, page: int, box: Box, *, over_text: bool = False) -> Placement:
    """Place a signature where somebody drew it: `box` in points on the page as seen.

    Raise `PageMissing`, or `PlaceTaken` where it would cover text; a seal may (`over_text`).
    """
    with opened(pdf) as document:
        if not 0 <= page < len(document):
            raise PageMissing(pages=len(document))
        view = read_view(document, page)
        if not over_text and any(box.overlaps(one) for one in read_page(document, page).inked()):
            raise PlaceTaken(what="chữ của văn bản")
    return Placement(page, view.user_box(box), view.rotation)


def _aspect(image: bytes) -> float:
    try:
        with Image.open(io.BytesIO(image), formats=["PNG"]) as picture:
            width, height = picture.size
    except (OSError, ValueError, SyntaxError) as error:
        raise ImageRefused(limit=LARGEST_PICTURE) from error
    if not (0 < width <= LARGEST_PICTURE and 0 < height <= LARGEST_PICTURE):
        raise ImageRefused(limit=LARGEST_PICTURE)
    return width / height


def _stated_diameter(image: bytes) -> float | None:
    """Return the width of a scanned seal in points, None where the picture tells none."""
    _aspect(image)
    with Image.open(io.BytesIO(image), formats=["PNG"]) as picture:
        across = picture.info.get("dpi", (0, 0))[0]
        stated = picture.width / across * 72 if across else 0.0
    # no seal of the State is smaller or larger: else it is the resolution of a screen
    return stated if SMALLEST_SEAL <= stated <= LARGEST_SEAL else None


def _compact(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).casefold().split())


def _blank_above_name(page: PageText, name: str) -> Box | None:
    """Return the blank between the title and the lowest line that holds only the name."""
    wanted = _compact(name)
    if not wanted:
        return None
    for line in reversed(page.lines):
        for column in line.columns(COLUMN_GAP):
            text = column.text.casefold()
            # an academic title may stand before the name: "TS. Nguyễn Văn An"
            if not text.endswith(wanted) or len(text) > len(wanted) + 8:
                continue
            top_of_name = column.baseline + 0.95 * column.size
            title = _next_above(page, column)
            if title and title.baseline - 0.25 * title.size - top_of_name >= LEAST_BLANK:
                return _blank(column, top_of_name, title.baseline - 0.25 * title.size)
    return None


def _blank_below_title(page: PageText, position: str) -> Box | None:
    """Return the place under the lowest line that ends with the title."""
    wanted = _compact(position)
    if not wanted:
        return None
    for line in reversed(page.lines):
        for column in line.columns(COLUMN_GAP):
            text = column.text
            if text.casefold().endswith(wanted) and text.upper() == text:
                top = column.baseline - 0.25 * column.size
                return _blank(column, max(0.0, top - TALLEST_IMAGE - 4), top)
    return None


def _blank(column: Line, bottom: float, top: float) -> Box:
    middle = (column.letters[0].left + column.letters[-1].right) / 2
    return Box(middle - WIDEST_IMAGE / 2, bottom, middle + WIDEST_IMAGE / 2, top)


def _next_above(page: PageText, column: Line) -> Line | None:
    left, right = column.letters[0].left, column.letters[-1].right
    above = (
        other
        for line in reversed(page.lines)
        if line.baseline > column.baseline + 1
        for other in line.columns(COLUMN_GAP)
        if other.letters[0].left < right and left < other.letters[-1].right
    )
    return next(above, None)


def _centred(blank: Box, aspect: float) -> Box:
    height = min(max(blank.height - 4, LOWEST_IMAGE), TALLEST_IMAGE)
    width = min(height * aspect, WIDEST_IMAGE)
    height = width / aspect
    x, y = (blank.left + blank.right) / 2, (blank.bottom + blank.top) / 2
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _corner_for_signature(page: PageText) -> Box:
    """Return ô 7c as the Decree draws it: right half, under the last line where there is room."""
    lowest = min((line.baseline for line in page.lines), default=page.view.height)
    room = TALLEST_IMAGE + 8
    top = lowest - 10 if lowest - 10 - room > 20 * MM else 30 * MM + room
    # centre of the right column of a 210 mm page with margins of 30 and 15 mm
    middle = page.view.width * 148 / 210
    return Box(middle - WIDEST_IMAGE / 2, top - room, middle + WIDEST_IMAGE / 2, top)


def _field_place(pdf: bytes, field: str) -> tuple[int, Box] | None:
    """Return page and rectangle (user space) of a signature field's widget."""
    try:
        with pikepdf.open(io.BytesIO(pdf)) as document:
            for number, page in enumerate(document.pages):
                for widget in _annotations(page):
                    if str(widget.get("/T", "")) == field and "/Rect" in widget:
                        x1, y1, x2, y2 = (float(value) for value in widget.Rect)
                        return number, Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
    except pikepdf.PasswordError as error:
        raise EncryptedPdf from error
    except pikepdf.PdfError as error:
        raise TruncatedPdf from error
    return None


def _annotations(page: Any) -> list[Any]:
    notes = page.obj.get("/Annots")
    entries = list(notes) if isinstance(notes, pikepdf.Array) else []
    return [one for one in entries if isinstance(one, pikepdf.Dictionary)]
