"""What a signed page shows, looked at again (so sánh hình ảnh): the second line of validation.

Readers differ, and a rule about objects may have a hole. So each signed revision is drawn, and the
one that followed it, by another program than the one that judged the objects; outside the
rectangles of the signatures that came between, they must show the same.
"""

import io
import math
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
from PIL import ImageChops, ImageDraw

from signing.errors import cause_of
from signing.page_text import Box, View
from signing.report import DocumentReport, Reason, Remark, Verdict
from signing.verdict import WORST

#: pixels to a point: a digit of the text is seven high, and the same digit is the same pixels
SCALE = 0.5
MOST_PIXELS = 600_000
MOST_PAGES = 40
#: seconds of the processor; pages that changed come first
SECONDS = 3.0
#: levels of a colour that are the smoothing of an edge
SMOOTHING = 8
#: pixels around a rectangle that its border may touch
EDGE = 2
OBJECT = re.compile(rb"(?<!\d)(\d{1,10}) \d{1,5} obj")
BLANK = re.compile(rb"[\s\0]*")


class Outcome(StrEnum):
    """What the comparison says (kết quả so sánh hình ảnh)."""

    SAME = "same"
    DIFFERENT = "different"
    #: the file cannot be drawn
    FAILED = "failed"


@dataclass(frozen=True)
class Rendering:
    """How a file compares with what was signed; pages from 1."""

    outcome: Outcome
    pages: tuple[int, ...] = ()
    #: how many pages were drawn, and how many there are
    drawn: int = 0
    of: int = 0
    detail: str = ""


@dataclass(frozen=True)
class Mark:
    """The rectangle of a signature, and where the bytes it covers end."""

    page: int
    box: Box
    covered: int


def compare_renderings(pdf: bytes, *, seconds: float = SECONDS) -> Rendering:
    """Draw each signed revision of `pdf` and what followed it; never raise.

    No more than `MOST_PAGES` pages, and than `seconds` allow, are drawn: `drawn` says how many.
    """
    try:
        return _compare(pdf, seconds)
    except Exception as error:  # noqa: BLE001 - hostile files raise anything
        return Rendering(Outcome.FAILED, detail=cause_of(error)[:500])


def compared(report: DocumentReport, pdf: bytes, *, seconds: float = SECONDS) -> DocumentReport:
    """Return the report with what the drawn pages add: never a kinder verdict.

    What is shown otherwise than it was signed is invalid, what cannot be drawn is undetermined.
    """
    if report.verdict in {Verdict.INVALID, Verdict.UNSIGNED} or not report.is_readable:
        return report
    drawing = compare_renderings(pdf, seconds=seconds)
    if drawing.outcome is Outcome.SAME:
        partly = drawing.drawn and drawing.drawn < drawing.of
        remarks = (*report.remarks, Remark.PARTLY_COMPARED) if partly else report.remarks
        return replace(report, remarks=remarks)
    different = drawing.outcome is Outcome.DIFFERENT
    found = (
        (Verdict.INVALID, Reason.SHOWN_DIFFERENTLY)
        if different
        else (Verdict.UNDETERMINED, Reason.NOT_COMPARED)
    )
    now = _worse(found, (report.verdict, report.reason))
    then = _worse(found, (report.verdict_at_signing, report.reason_at_signing))
    pages = ", ".join(map(str, drawing.pages))
    return replace(
        report,
        verdict=now[0],
        reason=now[1],
        verdict_at_signing=then[0],
        reason_at_signing=then[1],
        detail=drawing.detail or f"pages {pages}",
    )


Judged = tuple[Verdict, Reason]


def _worse(found: Judged, so_far: Judged) -> Judged:
    return min(so_far, found, key=lambda one: WORST.index(one[0]))


def _compare(pdf: bytes, seconds: float) -> Rendering:
    started = time.process_time()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        count = len(document.pages)
        marks, ends = _marks(document, len(pdf))
        if not ends:
            return Rendering(Outcome.SAME, of=count)
        if BLANK.fullmatch(pdf, ends[-1]) is None:
            ends.append(len(pdf))
        if len(ends) < 2:
            return Rendering(Outcome.SAME, of=count)
        order = _order(document, pdf, marks, ends[0])
    different, drawn = [], 0
    with ExitStack() as stack:
        revisions = [stack.enter_context(_opened(pdf, end)) for end in ends]
        if any(len(one) != count for one in revisions):
            return Rendering(Outcome.DIFFERENT, detail="number of pages")
        for page in order[:MOST_PAGES]:
            if drawn and time.process_time() - started > seconds:
                break
            drawn += 1
            here = [one for one in marks if one.page == page]
            if not _is_same(revisions, ends, page, here):
                different.append(page + 1)
    outcome = Outcome.DIFFERENT if different else Outcome.SAME
    return Rendering(outcome, tuple(sorted(different)), drawn, count)


def _marks(document: Any, size: int) -> tuple[list[Mark], list[int]]:
    """Return the rectangles of the signed fields, and the ends of what they cover in order."""
    pages = {page.obj.objgen: number for number, page in enumerate(document.pages)}
    widgets = {
        note.objgen: number
        for number, page in enumerate(document.pages)
        for note in _dictionaries(page.obj, "/Annots")
    }
    marks, ends = [], set()
    for field in _signed(document):
        _, _, start, length = (int(one) for one in field.V.ByteRange)
        end = start + length
        if not 0 < end <= size:
            raise ValueError(end)
        ends.add(end)
        for widget in [field, *_dictionaries(field, "/Kids")]:
            page = pages.get(_page_of(widget), widgets.get(widget.objgen))
            if page is not None and "/Rect" in widget:
                x1, y1, x2, y2 = (float(one) for one in widget.Rect)
                box = Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
                marks.append(Mark(page, box, end))
    return marks, sorted(ends)


def _page_of(widget: Any) -> Any:
    page = widget.get("/P")
    return page.objgen if isinstance(page, pikepdf.Dictionary) else None


def _signed(document: Any) -> Iterator[Any]:
    form = document.Root.get("/AcroForm")
    pending = _dictionaries(form, "/Fields") if form is not None else []
    seen: set[tuple[int, int]] = set()
    while pending:
        field = pending.pop()
        if field.objgen in seen:
            raise ValueError(field.objgen)
        if field.objgen[0]:
            seen.add(field.objgen)
        if field.get("/FT") == "/Sig" and "/V" in field:
            yield field
        else:
            pending.extend(one for one in _dictionaries(field, "/Kids") if "/T" in one)


def _dictionaries(holder: Any, key: str) -> list[Any]:
    found = holder.get(key)
    entries = list(found) if isinstance(found, pikepdf.Array) else []
    return [one for one in entries if isinstance(one, pikepdf.Dictionary)]


def _order(document: Any, pdf: bytes, marks: list[Mark], first: int) -> list[int]:
    """Return the pages, those first that later revisions could have touched."""
    count = len(document.pages)
    if count <= MOST_PAGES:
        return sorted(range(count), key=lambda one: all(mark.page != one for mark in marks))
    later = {int(one) for one in OBJECT.findall(pdf, first)}
    touched = {mark.page for mark in marks}
    for number, page in enumerate(document.pages):
        parts = page.obj.get("/Contents")
        streams = parts if isinstance(parts, pikepdf.Array) else [parts]
        used = {page.obj.objgen[0], *(one.objgen[0] for one in streams if one is not None)}
        if used & later:
            touched.add(number)
    return [*sorted(touched), *(one for one in range(count) if one not in touched)]


class _opened:  # noqa: N801 - a context manager used as a function
    """Open the first `end` bytes of a file without copying them."""

    def __init__(self, pdf: bytes, end: int) -> None:
        self._pdf = pdf
        self._end = end

    def __enter__(self) -> Any:
        raw = pdfium.FPDF_LoadMemDocument64(self._pdf, self._end, None)
        if not raw:
            raise ValueError(pdfium.FPDF_GetLastError())
        self._document = pypdfium2.PdfDocument(raw)
        # without it the fields of a form are not drawn
        self._document.init_forms()
        return self._document

    def __exit__(self, *_: object) -> None:
        self._document.close()


def _is_same(revisions: list[Any], ends: list[int], page: int, marks: list[Mark]) -> bool:
    drawn = [_drawn(one, page) for one in revisions]
    for (view, earlier), (other, later), (covered, end) in zip(
        drawn, drawn[1:], pairwise(ends), strict=False
    ):
        if view != other or earlier.size != later.size:
            return False
        between = [mark.box for mark in marks if covered < mark.covered <= end]
        if _difference(view, earlier, later, between):
            return False
    return True


def _drawn(document: Any, number: int) -> tuple[View, Any]:
    page = document[number]
    try:
        view = View(Box(*page.get_cropbox()), page.get_rotation() % 360)
        scale = min(SCALE, math.sqrt(MOST_PIXELS / max(view.width * view.height, 1)))
        return view, page.render(scale=scale).to_pil().convert("RGB")
    finally:
        page.close()


def _difference(view: View, earlier: Any, later: Any, boxes: list[Box]) -> bool:
    changed = ImageChops.difference(earlier, later)
    if changed.getbbox() is None:
        return False
    draw = ImageDraw.Draw(changed)
    scale = changed.width / view.width
    for box in boxes:
        seen = view.seen_box(box)
        draw.rectangle(
            (
                seen.left * scale - EDGE,
                (view.height - seen.top) * scale - EDGE,
                seen.right * scale + EDGE,
                (view.height - seen.bottom) * scale + EDGE,
            ),
            fill=0,
        )
    bands: Any = changed.getextrema()
    return bool(max(band[1] for band in bands) > SMOOTHING)
