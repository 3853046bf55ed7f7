"""An answer (văn bản trả lời) knows whom it answers: nobody types again what is on record."""

from dataclasses import replace
from uuid import UUID

import pytest
from issuing import issued
from story import (
    Story,
    envelope_from,
    incoming_letter,
    letter_values,
    send,
    today,
)

from exchange.envelope import ResponseFor
from processes import work_items
from processes.incoming.receive import ReceiveIncoming, receive
from processes.order import Order
from processes.outgoing.begin import begin
from processes.prefill import initial_values
from records.document import OutgoingDocument
from records.link import DocumentLink
from records.organization import AgencyCode
from records.staffing import add_partner
from records.vocabulary import Channel, LinkKind

AUTHOR = "chuyenvien.stttt"


def answer_to(story: Story, received: UUID | None) -> UUID:
    with story.as_(AUTHOR) as tx:
        document, _ = begin(tx, story.means, in_reply_to=received)
    return document.id


def shown(story: Story, document: UUID, node: str = "draft") -> list[tuple[str, bool]]:
    """The recipients the form of a step shows before anything was typed."""
    (item,) = story.items(AUTHOR, node, document)
    with story.as_(AUTHOR) as tx:
        item, instance = work_items.read(tx, item.id)
        order = Order(item, instance, tx.get(OutgoingDocument, document), {})
        found = initial_values(tx, order)["recipients"]
    return [(row["agency"], row["for_information"]) for row in found]


def on_paper(story: Story, organ_name: str) -> UUID:
    with story.as_("vanthu.stttt") as tx:
        document, _ = receive(
            tx, story.means,
            ReceiveIncoming(
                Channel.POST, organ_name, "hỏi về chế độ", type_name="Công văn", issued_on=today()
            ),
        )  # fmt: skip
    return document.id


@pytest.mark.parametrize(
    "written", ["Sở Tài chính", "sở  tài chính ", "Uỷ ban nhân dân tỉnh Thái Nguyên", "UBND tỉnh"]
)
def test_who_wrote_on_paper_is_known_by_name(story_office, written):
    symbol = "STC" if "chính" in written else "UBND"
    document = answer_to(story_office, on_paper(story_office, written))
    assert shown(story_office, document) == [(str(story_office.agency(symbol)), False)]


@pytest.mark.parametrize("number", [0, 1])
def test_who_sent_over_the_exchange_is_known_by_any_of_its_codes(story_office, number):
    story = story_office
    ubnd = story.agency("UBND")
    codes = [one.code for one in story.all(AgencyCode, AgencyCode.agency_id == ubnd)]
    send(story, "UBND", envelope_from(story, "UBND", f"77{number}", code=codes[number]))
    story.work()
    received = story.incoming("STTTT", code_number=f"77{number}")
    assert received.organ_code == codes[number]
    assert shown(story, answer_to(story, received.id)) == [(str(ubnd), False)]


@pytest.mark.parametrize("name", ["Công ty TNHH Sông Công", "Sở Thông tin và Truyền thông", ""])
def test_whom_one_cannot_write_to_is_not_guessed(story_office, name):
    """A stranger, oneself, nobody: the author chooses."""
    assert shown(story_office, answer_to(story_office, on_paper(story_office, name))) == []


def test_a_document_that_answers_nothing_begins_without_recipients(story_office):
    assert shown(story_office, answer_to(story_office, None)) == []


def test_what_the_author_chose_instead_stays(story_office):
    story = story_office
    received = incoming_letter(story, "process")
    document = answer_to(story, received)
    assert shown(story, document) == [(str(story.agency("STC")), False)]
    others = [
        {"agency": str(story.agency("UBND")), "for_information": False},
        {"agency": str(story.agency("SNV")), "for_information": True},
    ]
    story.do(AUTHOR, "draft", of=document, **letter_values(story, recipients=others))
    assert [r.name for r in story.recipients(document)] == [
        "Ủy ban nhân dân tỉnh Thái Nguyên",
        "Sở Nội vụ",
    ]
    story.do("truongphong.stttt", "approve", of=document, outcome="return", reason="Sửa lại")
    assert shown(story, document) == [
        (str(story.agency("UBND")), False),
        (str(story.agency("SNV")), True),
    ]


def test_an_agency_beyond_this_installation_stays_a_recipient_of_the_next_draft(story_office):
    story = story_office
    with story.as_("quantri.stttt") as tx:
        partner = add_partner(tx, "Bộ Thông tin và Truyền thông", "G14").id
    document = answer_to(story, None)
    to = [{"agency": str(partner), "for_information": True}]
    values = letter_values(story, recipients=[*to, {"agency": str(story.agency("UBND"))}])
    story.do(AUTHOR, "draft", of=document, **values)
    story.do("truongphong.stttt", "approve", of=document, outcome="return", reason="Sửa lại")
    assert shown(story, document) == [(str(partner), True), (str(story.agency("UBND")), False)]


# -- an answer that comes ---------------------------------------------------------------------------


def links_of(story: Story, number: str, *responses: ResponseFor) -> list[DocumentLink]:
    """Have an answer of Sở Tài chính come to Sở TT&TT; return what it is linked to."""
    send(story, "STC", envelope_from(story, "STC", number, responses=responses))
    story.work()
    here = story.incoming("STTTT", code_number=number)
    return story.all(DocumentLink, DocumentLink.from_incoming_id == here.id)


def test_an_answer_that_comes_is_linked_to_what_it_answers(story_office):
    story = story_office
    ours = story.outgoing(issued(story, "hỏi Sở Tài chính", "STC"))
    whole = ResponseFor(ours.organ_code, ours.reference, ours.issued_on, ours.identifier)
    # once for each document, however often it is named
    (link,) = links_of(story, "9001", whole, whole)
    assert (link.kind, link.to_outgoing_id) == (LinkKind.REPLIES_TO, ours.id)
    # some systems leave the identifier out or make up their own: number, notation and day tell
    (link,) = links_of(story, "9002", replace(whole, document_id="0b2c-uuid"))
    assert link.to_outgoing_id == ours.id
    # of another agency it is not ours, whatever its number
    (link,) = links_of(story, "9003", replace(whole, organ_id="G22", document_id="x"))
    assert (link.to_outgoing_id, link.to_reference) == (None, ours.reference)
