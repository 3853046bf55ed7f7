"""Number and date that a page prints already: told before the signature, never issued wrong."""

from datetime import timedelta
from uuid import UUID

import pytest
import typst
from story import PASSWORD, Story, letter, letter_values, today

from processes.order import Upload
from processes.outgoing.number import OtherPrinted
from records.vocabulary import OutgoingStatus
from signing.number_row import Printed, read_printed
from web import cautions, paper
from web.app import create_app

DAY = today()


def page(number: str, day: str = "", month: str = "") -> bytes:
    """The first page of a công văn as its author printed it to PDF."""
    gap = "#h(10mm)"
    return typst.compile(
        '#set page(paper: "a4")\n'
        f"Số: {number or '#h(20mm)'}/STTTT-CNTT #h(1fr) Thái Nguyên, ngày {day or gap} tháng "
        f"{month or gap} năm {DAY.year}\\ \\ \\ \\ Kính gửi".encode()
    )


@pytest.fixture(scope="module")
def app(story_office: Story):
    return create_app(story_office.office)


def drafted(story: Story, pdf: bytes) -> UUID:
    """A letter of Sở TT&TT drafted as this PDF."""
    document = letter(story, "draft")
    values = {**letter_values(story), "source": "pdf", "pdf_file": ["f1"]}
    upload = Upload("du-thao.pdf", story.means.content.put(pdf))
    story.do("chuyenvien.stttt", "draft", of=document, files={"f1": upload}, **values)
    story.do("truongphong.stttt", "approve", of=document, outcome="approve")
    return document


def signed(story: Story, document: UUID) -> UUID:
    story.do("chanvp.stttt", "check_format", of=document, outcome="approve")
    story.do("giamdoc.stttt", "sign", of=document, outcome="sign", pin=PASSWORD)
    return document


def warned(app, story: Story, user: str, node: str, document: UUID) -> list[str]:
    (item,) = story.items(user, node, document)
    with app.test_request_context(), story.as_(user) as tx:
        subject = paper.load_document(tx, "outgoing", document)
        return [one["text"] for one in cautions.cautions(tx, item, subject)]


def test_what_a_page_prints_is_read_and_a_blank_is_a_blank():
    printed = read_printed(page("12", "3", "11"))
    assert printed == Printed("12", "/STTTT-CNTT", "3", "11", str(DAY.year))
    assert str(printed) == f"Số: 12/STTTT-CNTT, ngày 3 tháng 11 năm {DAY.year}"
    assert read_printed(page("")).is_blank, "a year alone is usual"
    assert not read_printed(page("", "3")).is_blank


def test_whoever_checks_the_layout_and_the_clerk_are_told(app, story_office):
    story = story_office
    document = drafted(story, page("12", "3", "11"))
    (told,) = warned(app, story, "chanvp.stttt", "check_format", document)
    assert f"«Số: 12/STTTT-CNTT, ngày 3 tháng 11 năm {DAY.year}»" in told
    signed(story, document)
    assert warned(app, story, "vanthu.stttt", "number", document) == [told]
    # the control: a page with blanks warns of nothing
    blank = drafted(story, page(""))
    assert warned(app, story, "chanvp.stttt", "check_format", blank) == []


def test_a_page_that_cannot_be_read_keeps_nobody_from_the_form(app, story_office):
    story = story_office
    document = drafted(story, page("12", "3", "11"))
    broken = story.means.content.put(b"%PDF-1.7 broken", accept=None).sha256
    story.run_sql("UPDATE file SET sha256 = %s WHERE outgoing_document_id = %s", broken, document)
    assert warned(app, story, "chanvp.stttt", "check_format", document) == []


def test_another_number_than_the_page_prints_is_not_given(story_office):
    """What is signed cannot be altered: page and register would say two things."""
    story = story_office
    following = story.value(
        "SELECT coalesce(max(s.next_number), 1) FROM register_series s JOIN register r"
        " ON r.id = s.register_id WHERE r.agency_id = %s AND r.kind = 'outgoing'",
        story.agency("STTTT"),
    )
    document = signed(story, drafted(story, page(str(following + 7))))
    with pytest.raises(OtherPrinted) as refused:
        story.do("vanthu.stttt", "number", of=document, pin=PASSWORD)
    assert str(following + 7) in refused.value.text()
    assert story.outgoing(document).status is OutgoingStatus.SIGNED
    other = DAY - timedelta(days=1)
    dated = signed(story, drafted(story, page("", f"{other.day:02}", str(other.month))))
    with pytest.raises(OtherPrinted):
        story.do("vanthu.stttt", "number", of=dated, pin=PASSWORD)
    # the control: the very number and day that the register gives
    right = page(f"{following:02}", f"{DAY.day:02}", str(DAY.month))
    agreed = signed(story, drafted(story, right))
    story.do("vanthu.stttt", "number", of=agreed, pin=PASSWORD)
    assert story.outgoing(agreed).serial_number == following
