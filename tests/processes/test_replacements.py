"""Replacing what was sent (thay thế): the new is registered, the old marked, linked both ways."""

from dataclasses import replace
from uuid import UUID

import pytest
from issuing import issued
from story import LETTER, Story, envelope_from, letter_values, registering, send

from exchange import edxml
from exchange.envelope import Business, BusinessType, Replacement
from processes import work_items
from processes.order import Order
from processes.outgoing.begin import begin
from processes.prefill import initial_values
from processes.recall.ask import AlreadyWithdrawn, NotIssuedYet
from processes.replace.decide import SuccessorNotRegistered
from records.change import ChangeAnswer, ChangeKind, ChangeRequest
from records.document import OutgoingDocument
from records.link import DocumentLink
from records.transfer import Packet, StatusReport
from records.vocabulary import IncomingStatus, LinkKind, OutgoingStatus

NEW = "bản thay thế"


@pytest.fixture(scope="module")
def replaced(story_office) -> tuple[Story, UUID, UUID]:
    """A letter to two agencies, and one that replaces it at one of them and goes to a third."""
    story = story_office
    old = issued(story, "bản bị thay thế", "STC", "UBND")
    story.work()
    with story.as_("chuyenvien.stttt") as tx:
        document, _ = begin(tx, story.means, subject=NEW, replaces=old)
    (item,) = story.items("chuyenvien.stttt", "draft", document.id)
    with story.as_("chuyenvien.stttt") as tx:
        item, instance = work_items.read(tx, item.id)
        order = Order(item, instance, tx.get(OutgoingDocument, document.id), {})
        offered = [row["agency"] for row in initial_values(tx, order)["recipients"]]
    assert offered == [str(story.agency("STC")), str(story.agency("UBND"))]
    values = letter_values(story, subject=NEW, to=("STC", "SNV"))
    story.do("chuyenvien.stttt", "draft", of=document.id, **values)
    for node, user, filled in LETTER[:-1]:
        story.do(user, node, of=document.id, **filled)
    story.work()
    return story, old, document.id


def test_the_issue_of_the_new_one_ends_the_old(replaced):
    story, old, new = replaced
    ended = story.outgoing(old)
    assert ended.status is OutgoingStatus.REPLACED
    assert ended.frozen_at is not None
    assert story.outgoing(new).reference in ended.withdrawn_reason
    with pytest.raises(AlreadyWithdrawn), story.as_("chuyenvien.stttt") as tx:
        begin(tx, story.means, subject="lần nữa", replaces=old)
    with story.as_("chuyenvien.stttt") as tx:
        draft, _ = begin(tx, story.means, subject="dự thảo")
    with pytest.raises(NotIssuedYet), story.as_("chuyenvien.stttt") as tx:
        begin(tx, story.means, subject="thay dự thảo", replaces=draft.id)


def test_the_old_is_marked_once_the_new_is_registered_and_they_are_linked(replaced):
    story, old, _new = replaced
    first = story.incoming("STC", subject="bản bị thay thế")
    second = story.incoming("STC", subject=NEW)
    packet = story.one(Packet, Packet.incoming_document_id == second.id, Packet.direction == "in")
    business = edxml.read(story.means.content.read(packet.sha256)).business
    assert business.type is BusinessType.REPLACE
    assert [r.document_id for r in business.replacements] == [story.outgoing(old).identifier]
    assert story.standing(first.id) == ["check", "decide"]
    assert story.standing(second.id) == ["check"]
    with pytest.raises(SuccessorNotRegistered):
        story.do("vanthu.stc", "decide", of=first.id, outcome="agree")
    story.do("vanthu.stc", "check", of=second.id, outcome="accept")
    story.do("vanthu.stc", "register", of=second.id, **registering(second, story.kind("STC", "CV")))
    story.do("vanthu.stc", "decide", of=first.id, outcome="agree")
    story.work()
    first = story.incoming("STC", subject="bản bị thay thế")
    assert first.status is IncomingStatus.REPLACED
    assert first.frozen_at is not None
    assert story.standing(first.id) == []
    assert story.incoming("STC", subject=NEW).status is IncomingStatus.REGISTERED
    link = story.one(DocumentLink, DocumentLink.from_incoming_id == second.id)
    assert (link.to_incoming_id, link.kind) == (first.id, LinkKind.REPLACES)
    codes = [
        r.code for r in story.all(StatusReport, StatusReport.incoming_document_id == second.id)
    ]
    assert codes == ["01", "03"]
    told = story.all(StatusReport, StatusReport.incoming_document_id == first.id)
    assert [r.code for r in told] == ["01"]


def test_only_receivers_who_got_the_old_are_told_of_a_replacement(replaced):
    story, _old, _new = replaced
    here = story.incoming("SNV", subject=NEW)
    packet = story.one(Packet, Packet.incoming_document_id == here.id, Packet.direction == "in")
    business = edxml.read(story.means.content.read(packet.sha256)).business
    assert business.type is BusinessType.NEW
    assert story.all(ChangeRequest, ChangeRequest.agency_id == story.agency("SNV")) == []
    # who got only the old one is not told anything by this document
    assert story.standing(story.incoming("UBND", subject="bản bị thay thế").id) == ["check"]


def test_a_replacement_before_what_it_replaces_waits_for_it(replaced):
    story, _old, _new = replaced

    first, second = envelope_from(story, "STC", "8101"), envelope_from(story, "STC", "8102")
    said = Business(
        BusinessType.REPLACE, "Sai nội dung",
        replacements=(Replacement(first.identifier, ("H55.07",)),),
    )  # fmt: skip
    send(story, "STC", replace(second, business=said))
    story.work()
    send(story, "STC", first)
    story.work()
    here = story.incoming("STTTT", code_number="8101")
    assert story.standing(here.id) == ["check", "decide"]
    request = story.one(ChangeRequest, ChangeRequest.incoming_document_id == here.id)
    assert (request.kind, request.answer) == (ChangeKind.REPLACE, ChangeAnswer.OPEN)
    # kept with a reason, nothing changes
    story.do("vanthu.stttt", "decide", of=here.id, outcome="refuse", reason="Chưa rõ căn cứ")
    assert story.incoming("STTTT", code_number="8101").status is IncomingStatus.RECEIVED
