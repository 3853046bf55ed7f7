"""Across the new year (qua năm): number, symbol and date are those of the day in Việt Nam."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from uuid import UUID

import pypdfium2
import pytest
import typst
from story import PASSWORD, Story, letter, regulation_values, today

from processes.order import Upload
from processes.outgoing.begin import begin
from processes.outgoing.number import YearPrinted
from processes.outgoing.paper import current_paper
from records.document import OutgoingDocument
from records.register import RegisterEntry, RegisterSeries
from records.vietnamese import VIETNAM
from records.vocabulary import OutgoingStatus
from signing.page_text import opened, read_page

YEAR = today().year
EVENING = datetime(YEAR, 12, 31, 23, 30, tzinfo=VIETNAM)
LAST_MINUTE = datetime(YEAR, 12, 31, 23, 59, tzinfo=VIETNAM)
#: the new year here, and still the old one in UTC
MORNING = datetime(YEAR + 1, 1, 1, 0, 30, tzinfo=VIETNAM)


@contextmanager
def at(story: Story, moment: datetime) -> Iterator[Story]:
    with story.reopened(clock=lambda: moment) as then:
        yield then


def signed_decision(story: Story, **changes) -> UUID:
    """A legal-normative decision of UBND tỉnh, signed in the last evening of the year."""
    with at(story, EVENING) as eve:
        with eve.as_("chuyenvien.ubnd") as tx:
            document, _ = begin(tx, eve.means)
        values = {**regulation_values(eve), "cooperating_units": [], **changes}
        files = values.pop("files", None)
        eve.do("chuyenvien.ubnd", "draft", of=document.id, files=files, **values)
        assert eve.outgoing(document.id).code_notation == "QĐ-UBND"
        eve.do("truongphong.th", "approve", of=document.id, outcome="approve")
        eve.do("chanvp", "check_format", of=document.id, outcome="approve")
        eve.do("chutich", "sign", of=document.id, outcome="sign", pin=PASSWORD)
    return document.id


def rows_of(story: Story, document: UUID) -> list[str]:
    """The lines of page 1 as a reader sees them, without blanks: signatures' appearances as well."""
    with story.office.database.transaction() as tx:
        paper = current_paper(tx, tx.get(OutgoingDocument, document))
        pdf = pypdfium2.PdfDocument(story.means.content.read(paper.file.sha256))
    pdf.init_forms()
    pdf[0].flatten()
    buffer = io.BytesIO()
    pdf.save(buffer)
    pdf.close()
    with opened(buffer.getvalue()) as flat:
        return [line.text for line in read_page(flat, 0).lines]


@pytest.mark.parametrize(
    ("moment", "year"), [(LAST_MINUTE, YEAR), (MORNING, YEAR + 1)], ids=["before", "after"]
)
def test_the_year_in_the_symbol_is_that_of_the_day_the_number_is_taken(story_office, moment, year):
    story = story_office
    document = signed_decision(story)
    with at(story, moment) as then:
        then.do("vanthu.ubnd", "number", of=document, pin=PASSWORD)
    numbered = story.outgoing(document)
    entry = story.one(RegisterEntry, RegisterEntry.outgoing_document_id == document)
    series = story.one(RegisterSeries, RegisterSeries.id == entry.series_id)
    assert series.year == year
    assert numbered.code_notation == f"{year}/QĐ-UBND"
    assert numbered.reference == f"{entry.number:02}/{year}/QĐ-UBND"
    day = date(YEAR, 12, 31) if year == YEAR else date(YEAR + 1, 1, 1)
    assert numbered.issued_on == day
    assert numbered.identifier == f"H55,{day:%Y/%m/%d},{numbered.reference}"
    # the page says what the register says
    (row,) = [line for line in rows_of(story, document) if "QĐ-UBND" in line][:1]
    assert f"Số:{numbered.reference}" in row
    month = f"{day.month:02}" if day.month < 3 else str(day.month)
    assert f"ngày{day.day:02}tháng{month}năm{year}" in row


def test_an_administrative_document_carries_the_year_in_its_date_alone(story_office):
    story = story_office
    with at(story, EVENING) as eve:
        document = letter(eve, "number")
    with at(story, MORNING) as then:
        then.do("vanthu.stttt", "number", of=document, pin=PASSWORD)
    numbered = story.outgoing(document)
    assert numbered.code_notation == "STTTT-CNTT"
    assert any(f"ngày01tháng01năm{YEAR + 1}" in line for line in rows_of(story, document))


def printed_page(symbol: str, year: str) -> bytes:
    """The first page of a decision as its author printed it to PDF."""
    return typst.compile(
        '#set page(paper: "a4")\n'
        f"Số:#h(20mm){symbol} #h(1fr) Thái Nguyên, ngày#h(10mm)tháng#h(10mm)năm {year}\\ \\ \\ \\ "
        "Quyết định".encode()
    )


@pytest.mark.parametrize(
    ("symbol", "year"),
    [(f"/{YEAR}/QĐ-UBND", ""), ("/QĐ-UBND", str(YEAR))],
    ids=["in the symbol", "in the date"],
)
def test_a_page_that_prints_the_old_year_gets_no_number_of_the_new(story_office, symbol, year):
    """What is signed cannot be altered: page and register would say two things."""
    story = story_office
    page = Upload("du-thao.pdf", story.means.content.put(printed_page(symbol, year)))
    document = signed_decision(story, source="pdf", pdf_file=["f1"], files={"f1": page})
    taken = "SELECT sum(next_number) FROM register_series WHERE key LIKE 'QPPL%%'"
    before = story.value(taken)
    with at(story, MORNING) as then, pytest.raises(YearPrinted) as refused:
        then.do("vanthu.ubnd", "number", of=document, pin=PASSWORD)
    assert str(YEAR) in refused.value.text("vi")
    assert str(YEAR + 1) in refused.value.text("vi")
    assert story.value(taken) == before
    assert story.outgoing(document).status is OutgoingStatus.SIGNED
    # the control: in the year it prints it is numbered
    with at(story, LAST_MINUTE) as then:
        then.do("vanthu.ubnd", "number", of=document, pin=PASSWORD)
    numbered = story.outgoing(document)
    (row,) = [line for line in rows_of(story, document) if "QĐ-UBND" in line][:1]
    assert f"Số:{numbered.reference}" in row
