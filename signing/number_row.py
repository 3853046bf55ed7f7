"""Number and date in the row the page leaves for them (số, ký hiệu; địa danh, thời gian)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from signing.page_text import Box, Letter, Line, PageText, opened, read_page
from signing.placement import MM, Found, Placement, TextRun
from signing.typeface import Face, typeface

#: number and date stand in the upper part of page 1 (ô 3, ô 4)
HEAD = 0.55
DEFAULT_SIZE = 13.0
SMALLEST_SIZE = 8.0
BLANK = r"[.…_·]*"
NUMBER_ROW = re.compile(rf"(?i:số):?(?P<blank>{BLANK})(?P<number>\d*){BLANK}(?P<rest>/)")
DATE_ROW = re.compile(
    rf"(?P<before>(?i:ngày))(?P<day>{BLANK}\d*{BLANK})(?P<month_word>(?i:tháng))"
    rf"(?P<month>{BLANK}\d*{BLANK})(?P<year_word>(?i:năm))(?P<year>{BLANK}\d*)"
)


@dataclass(frozen=True)
class Printed:
    """What a page prints where number and date belong (số, ngày in sẵn); empty where blank."""

    number: str = ""
    notation: str = ""
    day: str = ""
    month: str = ""
    year: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether number, day and month are left for the clerk; a year is often printed."""
        return not (self.number or self.day or self.month)

    def contradicts(self, serial: int, issued_on: date) -> bool:
        """Return whether the page would say another number, day or month than these."""
        pairs = (
            (self.number, serial),
            (self.day, issued_on.day),
            (self.month, issued_on.month),
        )
        return any(printed and int(printed) != given for printed, given in pairs)

    def __str__(self) -> str:
        number = f"Số: {self.number}{self.notation}" if self.number else ""
        date_row = f"ngày {self.day or '…'} tháng {self.month or '…'} năm {self.year or '…'}"
        return ", ".join(
            part for part in (number, date_row if self.day or self.month else "") if part
        )


def read_printed(pdf: bytes) -> Printed:
    """Return what page 1 prints already in the rows of number and date (ô 3, ô 4)."""
    with opened(pdf) as document:
        page = read_page(document, 0)
    number = notation = ""
    for line in _head(page):
        if (row := NUMBER_ROW.search(line.text)) is not None:
            number, notation = row["number"], _notation(line, row.start("rest"))
            break
    dated = next((d for line in _head(page) if (d := DATE_ROW.search(line.text))), None)
    day, month, year = (_digits(dated[k]) for k in ("day", "month", "year")) if dated else ("",) * 3
    return Printed(number, notation, day, month, year)


def place_number(pdf: bytes, *, reference: str, issued_on: date, place: str) -> Placement:
    """Place number and date in the blanks of page 1 (ô 3, ô 4) as text that fits its row.

    `reference` is the whole số, ký hiệu (`188/2026/QĐ-UBND`); only what the page leaves blank is
    written. A row that is not there is written whole, and the place is `Found.GEOMETRY`; a blank
    too small for its text makes it `Found.NARROW`: look before the person signs.
    """
    with opened(pdf) as document:
        page = read_page(document, 0)
    number, row, notation = _number_runs(page, reference)
    dates, date_row = _date_runs(page, issued_on)
    rows = [one for one in (row, date_row) if one is not None]
    found = Found.GEOMETRY if len(rows) < 2 else Found.TEXT
    if found is Found.TEXT and any(_touches(run, rows) for run in [*number, *dates]):
        found = Found.NARROW
    known = row or date_row
    # 20 mm of margin and three lines of heading stand above the row
    baseline = known.baseline if known else page.view.height - 41 * MM
    if row is None:
        number = [_centred_run(f"Số: {reference}", 64 * MM, baseline, Face.REGULAR)]
    if date_row is None:
        text = f"{place}, ngày {_day(issued_on)} tháng {_month(issued_on)} năm {issued_on.year}"
        dates = [_centred_run(text, 142 * MM, baseline, Face.ITALIC)]
    runs = [*number, *dates]
    box = _around(runs, rows)
    moved = tuple(
        TextRun(run.text, run.x - box.left, run.y - box.bottom, run.size, run.face) for run in runs
    )
    view = page.view
    years = _printed_years(notation, date_row)
    return Placement(0, view.user_box(box), view.rotation, moved, found, notation, years)


def _head(page: PageText) -> Iterator[Line]:
    return (line for line in page.lines if line.baseline > page.view.height * (1 - HEAD))


def _number_runs(page: PageText, reference: str) -> tuple[list[TextRun], Line | None, str]:
    for line in _head(page):
        match = NUMBER_ROW.search(line.text)
        if match is None:
            continue
        notation = _notation(line, match.start("rest"))
        if match["number"]:
            return [], line, notation
        before = line.part(match.start(), match.start("blank"))[-1]
        after = line.part(match.start("rest"), match.end("rest"))[0]
        return (
            [_fitted(_unprinted(reference, notation), before, after, Face.REGULAR)],
            line,
            notation,
        )
    return [], None, ""


def _unprinted(reference: str, notation: str) -> str:
    """Return the head of a reference that a page with this symbol leaves blank: `188/2026`."""
    parts = reference.split("/")
    return "/".join(parts[: max(1, len(parts) - notation.count("/"))])


def _printed_years(notation: str, date_row: Line | None) -> tuple[int, ...]:
    dated = DATE_ROW.search(date_row.text) if date_row is not None else None
    written = [*notation.split("/"), _digits(dated["year"]) if dated else ""]
    return tuple(int(text) for text in written if re.fullmatch(r"\d{4}", text))


def _notation(line: Line, start: int) -> str:
    letters = line.part(start, len(line.text))
    shown = [letters[0].text]
    for earlier, letter in pairwise(letters):
        if letter.left - earlier.right > letter.size / 2:
            break
        shown.append(letter.text)
    return "".join(shown)


def _date_runs(page: PageText, issued_on: date) -> tuple[list[TextRun], Line | None]:
    for line in _head(page):
        match = DATE_ROW.search(line.text)
        if match is None:
            continue
        runs = []
        if not _digits(match["day"]):
            before = line.part(match.start("before"), match.end("before"))[-1]
            after = line.part(match.start("month_word"), match.end("month_word"))[0]
            runs.append(_fitted(_day(issued_on), before, after, Face.ITALIC))
        if not _digits(match["month"]):
            before = line.part(match.start("month_word"), match.end("month_word"))[-1]
            after = line.part(match.start("year_word"), match.end("year_word"))[0]
            runs.append(_fitted(_month(issued_on), before, after, Face.ITALIC))
        printed = _digits(match["year"])
        if len(printed) < 4:
            ending = str(issued_on.year)[len(printed) :]
            before = line.part(match.start("year_word"), match.end("year"))[-1]
            gap = 0.0 if printed else before.size / 4
            x = before.right + gap
            runs.append(TextRun(ending, x, before.baseline, before.size, Face.ITALIC))
        return runs, line
    return [], None


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdecimal())


def _day(issued_on: date) -> str:
    # Decree 30/2020, annex I, II.4: a zero before days below 10 and months 1 and 2
    return f"{issued_on.day:02}"


def _month(issued_on: date) -> str:
    return f"{issued_on.month:02}" if issued_on.month < 3 else str(issued_on.month)


def _fitted(text: str, before: Letter, after: Letter, face: Face) -> TextRun:
    """Centre `text` between two letters, smaller where the blank is narrow."""
    size = before.size if 6 <= before.size <= 24 else DEFAULT_SIZE
    width = typeface(face).width(text, size)
    gap = after.left - before.right
    if width > gap - 1:
        size = max(SMALLEST_SIZE, size * max(gap - 1, 0) / width)
        width = typeface(face).width(text, size)
    x = (before.right + after.left - width) / 2
    return TextRun(text, x, before.baseline, size, face)


def _touches(run: TextRun, rows: list[Line]) -> bool:
    right = run.x + typeface(run.face).width(run.text, run.size)
    return any(
        letter.left < right - 0.5 and run.x < letter.right - 0.5
        for line in rows
        for letter in line.letters
        if letter.text not in ".…_·" and abs(letter.baseline - run.y) < 1
    )


def _centred_run(text: str, middle: float, baseline: float, face: Face) -> TextRun:
    width = typeface(face).width(text, DEFAULT_SIZE)
    return TextRun(text, middle - width / 2, baseline, DEFAULT_SIZE, face)


def _around(runs: list[TextRun], rows: list[Line]) -> Box:
    """Return the box around what is written, or around the rows when all was printed before."""
    spans = [
        (run.x, run.x + typeface(run.face).width(run.text, run.size), run.y, run.size)
        for run in runs
    ] or [(line.letters[0].left, line.letters[-1].right, line.baseline, line.size) for line in rows]
    return Box(
        min(left for left, _, _, _ in spans) - 1,
        min(y - 0.3 * size for _, _, y, size in spans),
        max(right for _, right, _, _ in spans) + 1,
        max(y + 0.95 * size for _, _, y, size in spans),
    )
