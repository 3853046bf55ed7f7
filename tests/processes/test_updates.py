"""Updating what was sent (cập nhật): a new signed version, receivers added and taken off."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from issuing import issued
from story import Story, blank_pdf, envelope_from, letter, send, today, word_file

from exchange import edxml
from exchange.envelope import Business, BusinessType, ReceiverChange, TraceHop
from processes.order import Upload
from processes.outgoing.annex import annexes_to_send
from processes.outgoing.paper import current_paper
from processes.update.annexes import NoAnnexLeft
from processes.update.ask import (
    AlreadyRecipient,
    DueBeforeIssue,
    NothingToUpdate,
    UpdateIssued,
    update_issued,
)
from processes.update.signed_again import UpdateNotSigned
from processes.update.version import current_files
from records.change import ChangeAnswer, ChangeKind, ChangeRequest
from records.content import File, attach_file
from records.document import OutgoingDocument
from records.transfer import Packet
from records.vietnamese import day_text
from records.vocabulary import Authenticity, Delivery, FileKind, IncomingStatus

WHY = "Sai trích yếu, ký lại"


def sent(story: Story, subject: str, *to: str) -> UUID:
    document = issued(story, subject, *to)
    story.work()
    return document


def update(story: Story, document: UUID, reason: str = WHY, **changes) -> list[ChangeRequest]:
    with story.as_("vanthu.stttt") as tx:
        return update_issued(tx, story.means, UpdateIssued(document, reason, **changes))


def signed_again(story: Story) -> Upload:
    """Another PDF that was signed, numbered and sealed."""
    other = letter(story, "issue", subject="ký lại", to=("SNV",))
    with story.as_("vanthu.stttt") as tx:
        file = current_paper(tx, tx.get(OutgoingDocument, other)).file
    return Upload("ky-lai.pdf", story.means.content.put(story.means.content.read(file.sha256)))


def decide(story: Story, user: str, document: UUID, outcome: str, **values) -> None:
    story.do(user, "decide", of=document, outcome=outcome, **values)
    story.work()


def test_a_new_signed_version_supersedes_at_both_ends_and_the_old_is_kept(story_office):
    story = story_office
    document = sent(story, "trích yếu sai", "STC")
    here = story.incoming("STC", subject="trích yếu sai")
    old = story.one(File, File.incoming_document_id == here.id, File.kind == FileKind.MAIN)
    paper = signed_again(story)
    (request,) = update(story, document, subject="trích yếu đúng", paper=paper)
    story.work()
    with story.as_("vanthu.stttt") as tx:
        ours = current_paper(tx, tx.get(OutgoingDocument, document))
    assert ours.file.sha256 == paper.stored.sha256
    # nothing changes at the receiver before its clerk has decided
    assert story.incoming("STC", subject="trích yếu sai").id == here.id
    decide(story, "vanthu.stc", here.id, "agree")
    updated = story.incoming("STC", subject="trích yếu đúng")
    assert updated.id == here.id
    assert updated.authenticity is Authenticity.VALID  # judged anew by the worker
    mains = story.all(File, File.incoming_document_id == here.id, File.kind == FileKind.MAIN)
    assert [(f.version_no, f.sha256) for f in mains] == [
        (1, old.sha256),
        (2, paper.stored.sha256),
    ]
    kept = story.one(ChangeRequest, ChangeRequest.id == request.id)
    assert (kept.kind, kept.answer) == (ChangeKind.UPDATE, ChangeAnswer.AGREED)
    assert kept.content["before"]["subject"] == "trích yếu sai"
    (theirs,) = story.all(ChangeRequest, ChangeRequest.incoming_document_id == here.id)
    assert theirs.content["before"]["subject"] == "trích yếu sai"
    packet = story.one(Packet, Packet.id == theirs.packet_id)
    message = edxml.read(story.means.content.read(packet.sha256))
    assert message.business.type is BusinessType.UPDATE
    assert message.business.content_changed
    assert message.business.document_id == updated.identifier


def test_deadline_and_annexes_change_at_both_ends_and_the_old_are_kept(story_office):
    story = story_office
    document = issued(story, "sửa hạn và phụ lục", "STC")
    signed, other = signed_again(story), signed_again(story)
    table = story.means.content.put(word_file("biểu"))
    with story.as_("vanthu.stttt") as tx:
        ours = tx.get(OutgoingDocument, document)
        attach_file(tx, ours, signed.stored, name="bieu.signed.pdf", kind=FileKind.SIGNED_ANNEX)
        dropped = attach_file(tx, ours, table, name="so-lieu.docx", kind=FileKind.ANNEX).id
        kept = attach_file(tx, ours, table, name="mau.docx", kind=FileKind.ANNEX).id
    story.work()
    here = story.incoming("STC", subject="sửa hạn và phụ lục")
    new = story.means.content.put(word_file("biểu mới"))
    due = today() + timedelta(days=20)
    uploads = (Upload("bieu.pdf", other.stored), Upload("them.docx", new))
    update(story, document, due_on=due, annexes=uploads, drop_annexes=(dropped,))
    story.work()
    files = story.all(File, File.outgoing_document_id == document)
    sends = annexes_to_send(files)
    assert [f.name for f in sends] == ["bieu.pdf", "mau.docx", "them.docx"]
    assert {dropped, kept} <= {f.id for f in files}, "nothing is erased"
    # the clerk decides knowing what would change
    (item,) = story.items("vanthu.stc", "decide", here.id)
    told = item.variables["request"].split("\n")
    assert f"Hạn trả lời: (trống) → {day_text(due)}" in told
    assert "Tệp mới: bieu.pdf, them.docx" in told
    assert "Tệp được thay, bỏ: bieu.signed.pdf" in told
    assert story.incoming("STC", id=here.id).due_on is None
    decide(story, "vanthu.stc", here.id, "agree")
    updated = story.incoming("STC", id=here.id)
    assert updated.due_on == due
    theirs = story.all(File, File.incoming_document_id == here.id)
    assert [f.name for f in current_files(theirs)][1:] == ["bieu.pdf", "mau.docx", "them.docx"]
    assert {f.name for f in theirs if f.version_no == 1} >= {"bieu.signed.pdf", "so-lieu.docx"}
    (asked,) = story.all(ChangeRequest, ChangeRequest.incoming_document_id == here.id)
    before = asked.content["before"]
    assert before["due_on"] == ""
    assert "so-lieu.docx" in {f["name"] for f in before["files"]}
    assert updated.authenticity is Authenticity.VALID  # its paper is the same


def test_a_refused_update_leaves_the_document_as_it_was(story_office):
    story = story_office
    document = sent(story, "không cập nhật", "STC")
    here = story.incoming("STC", subject="không cập nhật")
    update(story, document, subject="đã sửa")
    story.work()
    decide(story, "vanthu.stc", here.id, "refuse", reason="Đã giải quyết theo bản cũ")
    assert story.incoming("STC", subject="không cập nhật").id == here.id
    request = story.one(ChangeRequest, ChangeRequest.outgoing_document_id == document)
    assert request.answer is ChangeAnswer.REFUSED
    assert request.answer_reason == "Đã giải quyết theo bản cũ"


def test_receivers_are_added_and_taken_off(story_office):
    story = story_office
    document = sent(story, "thêm bớt nơi nhận", "STC")
    (stc,) = story.recipients(document)
    update(story, document, add=(story.agency("SNV"),), remove=(stc.id,))
    story.work()
    arrived = story.incoming("SNV", subject="thêm bớt nơi nhận")
    assert story.standing(arrived.id) == ["check"]  # simply a document
    here = story.incoming("STC", subject="thêm bớt nơi nhận")
    decide(story, "vanthu.stc", here.id, "agree")
    assert story.incoming("STC", subject="thêm bớt nơi nhận").status is IncomingStatus.CANCELLED
    assert [r.delivery for r in story.recipients(document)] == [
        Delivery.RECALLED,
        Delivery.ARRIVED,
    ]
    with pytest.raises(AlreadyRecipient):
        update(story, document, add=(story.agency("SNV"),))


def test_only_a_validly_signed_paper_supersedes(story_office):
    story = story_office
    document = sent(story, "bản không ký", "STC")
    unsigned = Upload("a.pdf", story.means.content.put(blank_pdf("sửa")))
    with pytest.raises(UpdateNotSigned):
        update(story, document, paper=unsigned)
    with pytest.raises(UpdateNotSigned):
        update(story, document, annexes=(unsigned,))
    with pytest.raises(DueBeforeIssue):
        update(story, document, due_on=today() - timedelta(days=1))
    with story.as_("vanthu.stttt") as tx:
        stored = story.means.content.put(word_file("phụ lục"))
        ours = tx.get(OutgoingDocument, document)
        only = attach_file(tx, ours, stored, name="p.docx", kind=FileKind.ANNEX).id
    with pytest.raises(NoAnnexLeft):
        update(story, document, drop_annexes=(only,))
    with pytest.raises(NothingToUpdate):
        update(story, document, subject="bản không ký")
    files = story.all(File, File.outgoing_document_id == document)
    assert unsigned.stored.sha256 not in {f.sha256 for f in files}


# -- as other systems send it ----------------------------------------------------------------------


def updating(story: Story, message, **business):
    said = Business(BusinessType.UPDATE, "Cập nhật", document_id=message.identifier, **business)
    return replace(message, business=said, trace=(TraceHop(story.code("STC"), datetime.now(UTC)),))


def test_who_is_taken_off_by_an_update_gives_the_document_back(story_office):
    story = story_office
    message = envelope_from(story, "STC", "8001")
    send(story, "STC", message)
    story.work()
    here = story.incoming("STTTT", code_number="8001")
    off = (ReceiverChange("H55.07", added=False),)
    send(story, "STC", updating(story, message, receivers_changed=True, receiver_changes=off))
    story.work()
    decide(story, "vanthu.stttt", here.id, "agree")
    assert story.incoming("STTTT", code_number="8001").status is IncomingStatus.CANCELLED


def test_an_update_of_what_never_came_is_a_new_document(story_office):
    story = story_office
    message = envelope_from(story, "STC", "8002")
    on = (ReceiverChange("H55.07", added=True),)
    update_only = updating(story, message, receivers_changed=True, receiver_changes=on)
    send(story, "STC", update_only)
    story.work()
    here = story.incoming("STTTT", code_number="8002")
    assert story.standing(here.id) == ["check"]
    # the same update again, now of what is here, is a question to the clerk
    send(story, "STC", replace(update_only, subject="Sửa trích yếu"))
    story.work()
    assert story.standing(here.id) == ["check", "decide"]
