"""A document that came twice is closed with reference to the first (NĐ 30, Phụ lục VI, Phần I)."""

from uuid import UUID

import pytest
from story import Story, incoming_letter, incoming_steps, registering, snapshot

from engine import history
from engine.instance import InstanceStatus
from forms.errors import FormInvalid
from processes import prefill, work_items
from processes.incoming.duplicate import FirstUnknown, PossibleDuplicate
from processes.order import Order
from records.document import IncomingDocument
from records.dossier import DossierItem
from records.link import DocumentLink
from records.register import RegisterEntry
from records.vocabulary import IncomingStatus

REASON = "Bưu điện phát hai lần"


def of(story: Story, document: UUID) -> IncomingDocument:
    return story.one(IncomingDocument, IncomingDocument.id == document)


def twice(story: Story, number: str) -> tuple[UUID, UUID]:
    """The same letter, registered once and waiting to be registered again."""
    first = incoming_letter(story, "present", code_number=number)
    return first, incoming_letter(story, "register", code_number=number)


def test_the_clerk_closes_it_with_the_first_and_the_reason(story_office):
    story = story_office
    first, second = twice(story, "501")
    number = of(story, first).arrival_number
    values = registering(of(story, second), story.kind("STTTT", "CV"))
    with pytest.raises(PossibleDuplicate, match="choose “duplicate”"):
        story.do("vanthu.stttt", "register", of=second, **values)
    with pytest.raises(FormInvalid) as refused:
        story.do("vanthu.stttt", "register", of=second, outcome="duplicate", reason=" ")
    assert list(refused.value.errors) == ["reason"]
    done = story.do("vanthu.stttt", "register", of=second, outcome="duplicate", reason=REASON)
    assert f"số đến {number}" in done.summary
    assert done.result.is_finished
    closed = of(story, second)
    assert (closed.status, closed.arrival_number) == (IncomingStatus.REFUSED, None)
    assert f"số đến {number}" in closed.refusal_reason
    assert REASON in closed.refusal_reason
    link = story.one(DocumentLink, DocumentLink.from_incoming_id == second)
    assert link.to_incoming_id == first
    assert not story.all(RegisterEntry, RegisterEntry.incoming_document_id == second)
    assert story.instance(second).status == InstanceStatus.COMPLETED
    with story.office.database.session() as session:
        last = history.events_of(session, story.instance(second).id)[-1].body
    assert REASON.encode() in last
    # the first goes its way, and the next number leaves no gap
    assert story.standing(first) == ["present"]
    third = incoming_letter(story, "present", code_number="502")
    assert of(story, third).arrival_number == number + 1


def test_the_first_is_named_by_its_arrival_number_where_nothing_is_alike(story_office):
    story = story_office
    first = incoming_letter(story, "present", code_number="601")
    other = incoming_letter(story, "register", code_number="602")
    closing = {"outcome": "duplicate", "reason": "Bản fax của cùng văn bản"}
    before = snapshot(story)
    for wrong in ({}, {"duplicate_number": 99_999}):
        with pytest.raises(FirstUnknown):
            story.do("vanthu.stttt", "register", of=other, **closing, **wrong)
    assert snapshot(story) == before
    number = of(story, first).arrival_number
    story.do("vanthu.stttt", "register", of=other, **closing, duplicate_number=number)
    assert story.one(DocumentLink, DocumentLink.from_incoming_id == other).to_incoming_id == first


def test_what_the_leader_sends_back_as_a_duplicate_is_closed_too(story_office):
    story = story_office
    first = incoming_letter(story, "present", code_number="701")
    second = incoming_letter(story, "direct", code_number="702")
    back = {"outcome": "return", "reason": "Trùng văn bản đã xử lý"}
    story.do("giamdoc.stttt", "direct", of=second, **back)
    number = of(story, first).arrival_number
    closing = {"outcome": "duplicate", "reason": "Lãnh đạo phát hiện", "duplicate_number": number}
    story.do("vanthu.stttt", "register", of=second, **closing)
    assert story.standing(second) == []
    assert of(story, second).arrival_number == number + 1, "a number is never erased"


def test_the_form_offers_the_number_of_the_first(story_office):
    story = story_office
    first, second = twice(story, "801")
    (step,) = story.items("vanthu.stttt", "register", second)
    with story.as_("vanthu.stttt") as tx:
        item, instance = work_items.read(tx, step.id)
        order = Order(item, instance, tx.get(IncomingDocument, second), {})
        offered = prefill.initial_values(tx, order)["duplicate_number"]
    assert offered == of(story, first).arrival_number


def test_a_duplicate_lies_in_no_dossier_of_the_first(story_office):
    story = story_office
    first, second = twice(story, "901")
    story.do("vanthu.stttt", "register", of=second, outcome="duplicate", reason=REASON)
    for node, user, values in incoming_steps(story, of(story, first))[2:]:
        story.do(user, node, of=first, **values)
    assert story.all(DossierItem, DossierItem.incoming_document_id == first)
    assert not story.all(DossierItem, DossierItem.incoming_document_id == second)
