"""Taking back and recalling what was sent (lấy lại, thu hồi): asked, decided, applied, told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from issuing import issued
from story import Story, envelope_from, incoming_steps, letter, registering, send

from engine.instance import InstanceStatus, ProcessInstance
from exchange.envelope import Business, BusinessType, Party, ResponseFor, Staff, TraceHop
from exchange.status import StatusCode, StatusMessage
from forms.errors import FormInvalid
from processes.recall.ask import (
    AlreadyAsked,
    AlreadyWithdrawn,
    AskBack,
    NobodyToTakeFrom,
    NotIssuedYet,
    ask_back,
)
from processes.second_person import ReasonMissing
from records.authority import NoRight
from records.change import ChangeAnswer, ChangeKind, ChangeRequest
from records.directive import Assignment, Directive
from records.document import DocumentFrozen, IncomingDocument
from records.register import RegisterEntry, RegisterSeries
from records.register_book import incoming_book_rows
from records.transfer import Packet, StatusReceived, StatusReport
from records.vocabulary import AssignmentState, Delivery, IncomingStatus, OutgoingStatus

WHY = "Gửi nhầm nơi nhận, đề nghị lấy lại"


def sent(story: Story, subject: str, *to: str) -> UUID:
    document = issued(story, subject, *to)
    story.work()
    return document


def ask(
    story: Story, document: UUID, kind=ChangeKind.TAKE_BACK, reason=WHY, of=(), user="vanthu.stttt"
):
    with story.as_(user) as tx:
        return ask_back(tx, AskBack(document, kind, reason, of))


def requests(story: Story, document: UUID) -> list[ChangeRequest]:
    return story.all(ChangeRequest, ChangeRequest.outgoing_document_id == document)


def decide(story: Story, user: str, document: UUID, outcome: str, **values) -> None:
    story.do(user, "decide", of=document, outcome=outcome, **values)
    story.work()


def test_a_receiver_agrees_and_its_document_is_cancelled(story_office):
    story = story_office
    document = sent(story, "lấy lại một nơi", "STC", "SNV")
    stc, snv = story.recipients(document)
    here = story.incoming("STC", subject="lấy lại một nơi")
    story.do("vanthu.stc", "check", of=here.id, outcome="accept")
    story.do("vanthu.stc", "register", of=here.id, **registering(here, story.kind("STC", "CV")))
    ask(story, document, of=(stc.id,))
    story.work()
    (item,) = story.items("vanthu.stc", "decide", here.id)
    assert WHY in item.variables["request"]  # the clerk decides knowing why
    decide(story, "vanthu.stc", here.id, "agree")
    gone = story.incoming("STC", subject="lấy lại một nơi")
    assert gone.status is IncomingStatus.CANCELLED
    assert gone.withdrawn_reason == WHY
    assert gone.arrival_number is not None  # the number stays in the register, with a note
    assert story.standing(here.id) == []
    ended = {i.status for i in story.all(ProcessInstance, ProcessInstance.subject_id == here.id)}
    assert ended == {InstanceStatus.CANCELLED.value, InstanceStatus.COMPLETED.value}
    with pytest.raises(DocumentFrozen):
        gone.ensure_changeable()
    stc, snv = story.recipients(document)
    assert (stc.delivery, snv.delivery) == (Delivery.RECALLED, Delivery.ARRIVED)
    assert story.outgoing(document).status is OutgoingStatus.ISSUED  # it is in force elsewhere
    (request,) = requests(story, document)
    assert (request.answer, request.answered_by) == (ChangeAnswer.AGREED, "Lưu Thị Hạnh")
    assert story.broken_chains() == []


def test_the_register_keeps_the_number_and_tells_the_recall(story_office):
    story = story_office
    gone = story.incoming("STC", subject="lấy lại một nơi")
    entry = story.one(RegisterEntry, RegisterEntry.incoming_document_id == gone.id)
    with story.office.database.session() as session:
        series = session.get(RegisterSeries, entry.series_id)
        rows = incoming_book_rows(session, series.register_id, series.year)
    (row,) = [r for r in rows if r["number"] == str(entry.number)]
    assert "Đã thu hồi ngày" in row["note"]
    assert WHY in row["note"]


def test_a_receiver_refuses_with_a_reason_and_keeps_the_document(story_office):
    story = story_office
    document = sent(story, "không trả lại", "STC")
    here = story.incoming("STC", subject="không trả lại")
    ask(story, document)
    story.work()
    with pytest.raises(FormInvalid):
        story.do("vanthu.stc", "decide", of=here.id, outcome="refuse")
    decide(story, "vanthu.stc", here.id, "refuse", reason="Đã giải quyết xong")
    kept = story.incoming("STC", subject="không trả lại")
    assert kept.status is IncomingStatus.RECEIVED
    assert kept.frozen_at is None
    assert story.standing(here.id) == ["check"]
    (request,) = requests(story, document)
    assert (request.answer, request.answer_reason) == (ChangeAnswer.REFUSED, "Đã giải quyết xong")
    # whoever refused keeps his reason too
    (own,) = story.all(ChangeRequest, ChangeRequest.incoming_document_id == here.id)
    assert (own.answer, own.answer_reason) == (ChangeAnswer.REFUSED, "Đã giải quyết xong")
    (recipient,) = story.recipients(document)
    assert recipient.delivery is Delivery.ARRIVED
    # asked once more, it is a request of its own with an answer of its own; the wire tells seconds
    later = datetime.now(UTC) + timedelta(minutes=1)
    with story.reopened(clock=lambda: later) as again:
        ask(again, document, reason="Có sai sót về nội dung")
        again.work()
        decide(again, "vanthu.stc", here.id, "refuse", reason="Vẫn cần văn bản")
    first, second = requests(story, document)
    assert first.answer_reason == "Đã giải quyết xong"
    assert second.answer_reason == "Vẫn cần văn bản"


def test_a_recall_freezes_at_once_and_ends_when_all_have_agreed(story_office):
    story = story_office
    document = sent(story, "thu hồi tất cả", "STC", "SNV")
    asked = ask(story, document, ChangeKind.RECALL, "Ban hành trái thẩm quyền")
    assert len(asked) == 2
    frozen = story.outgoing(document)
    assert frozen.frozen_at is not None
    assert frozen.status is OutgoingStatus.ISSUED
    story.work()
    for user, agency in (("vanthu.stc", "STC"), ("vanthu.snv", "SNV")):
        here = story.incoming(agency, subject="thu hồi tất cả")
        assert story.outgoing(document).status is OutgoingStatus.ISSUED
        decide(story, user, here.id, "agree")
    recalled = story.outgoing(document)
    assert recalled.status is OutgoingStatus.RECALLED
    assert recalled.recalled_at is not None
    assert recalled.withdrawn_reason == "Ban hành trái thẩm quyền"
    with pytest.raises(AlreadyWithdrawn):
        ask(story, document)


def test_open_work_ends_when_a_document_at_work_is_given_back(story_office):
    story = story_office
    send(story, "STC", envelope_from(story, "STC", "7001"))
    story.work()
    here = story.incoming("STTTT", code_number="7001")
    steps = incoming_steps(story, here)
    steps[0] = ("check", "vanthu.stttt", {"outcome": "accept_unsigned", "reason": "Đã xác minh"})
    for node, user, values in steps[:5]:
        story.do(user, node, of=here.id, **values)
    assert story.standing(here.id) == ["process"]
    send(story, "STC", taking_back(story, here, "Gửi nhầm"), "H55.07")
    story.work()
    decide(story, "vanthu.stttt", here.id, "agree")
    assert story.standing(here.id) == []
    directives = [d.id for d in story.all(Directive, Directive.incoming_document_id == here.id)]
    parts = story.all(Assignment, Assignment.directive_id.in_(directives))
    assert {p.state for p in parts} == {AssignmentState.RETURNED}
    assert all("Gửi nhầm" in p.note for p in parts)


# -- as other systems send it ----------------------------------------------------------------------


def taking_back(story: Story, document: IncomingDocument, reason: str, at=None) -> StatusMessage:
    """A 13 as another system writes it."""
    return StatusMessage(
        sender=Party(story.code("STC"), "Sở Tài chính"),
        response=ResponseFor(
            "H55.07", document.reference, document.issued_on, document.identifier or ""
        ),
        code=StatusCode.TAKE_BACK,
        at=at or datetime.now(UTC).replace(microsecond=0),
        description=reason,
        staff=Staff(name="Văn thư Sở Tài chính"),
    )


def test_a_request_before_its_document_waits_for_it(story_office):
    story = story_office
    message = envelope_from(story, "STC", "7010")
    record = IncomingDocument(
        identifier=message.identifier, code_number="7010", code_notation="STC-VP",
        issued_on=message.promulgated_on,
    )  # fmt: skip
    send(story, "STC", taking_back(story, record, "Gửi sớm"), "H55.07")
    story.work()
    (waiting,) = story.all(ChangeRequest, ChangeRequest.identifier == message.identifier)
    assert waiting.incoming_document_id is None
    send(story, "STC", message)
    story.work()
    here = story.incoming("STTTT", code_number="7010")
    assert story.standing(here.id) == ["check", "decide"]
    decide(story, "vanthu.stttt", here.id, "agree")
    assert story.incoming("STTTT", code_number="7010").status is IncomingStatus.CANCELLED
    reported = story.all(StatusReport, StatusReport.incoming_document_id == here.id)
    assert [r.code for r in reported] == ["01", "15"]


def test_a_request_twice_is_one_task_and_no_reason_is_lost(story_office):
    story = story_office
    send(story, "STC", envelope_from(story, "STC", "7020"))
    story.work()
    here = story.incoming("STTTT", code_number="7020")
    now = datetime.now(UTC).replace(microsecond=0)
    first = taking_back(story, here, "Sai số liệu", now - timedelta(minutes=2))
    again = replace(first, at=now, description="Sai số liệu bảng 2")
    for message in (first, replace(first, staff=None), again):
        send(story, "STC", message, "H55.07")
    story.work()
    (request,) = story.all(ChangeRequest, ChangeRequest.incoming_document_id == here.id)
    assert request.reason == "Sai số liệu\nSai số liệu bảng 2"
    assert story.standing(here.id) == ["check", "decide"]
    results = [
        p.result
        for p in story.all(Packet, Packet.incoming_document_id == here.id, Packet.direction == "in")
    ]
    assert results == ["accepted", "accepted", "duplicate", "duplicate"]


def test_a_request_about_what_was_refused_or_given_back_is_agreed_to_at_once(story_office):
    story = story_office
    send(story, "STC", envelope_from(story, "STC", "7030"))
    story.work()
    here = story.incoming("STTTT", code_number="7030")
    story.do("vanthu.stttt", "check", of=here.id, outcome="return", reason="Không đúng nơi nhận")
    send(story, "STC", taking_back(story, here, "Gửi nhầm"), "H55.07")
    story.work()
    (request,) = story.all(ChangeRequest, ChangeRequest.incoming_document_id == here.id)
    assert request.answer is ChangeAnswer.AGREED
    assert story.standing(here.id) == []
    assert story.incoming("STTTT", code_number="7030").status is IncomingStatus.REFUSED


def test_a_recall_of_another_system_names_its_document_in_any_of_three_places(story_office):
    story = story_office
    for number, named in (("7041", "business"), ("7042", "response"), ("7043", "header")):
        message = envelope_from(story, "STC", number)
        send(story, "STC", message)
        story.work()
        own = message.identifier
        recall = replace(
            message,
            attachments=(),
            document_id=own
            if named == "header"
            else f"{story.code('STC')},2026/01/02,9{number}/TH",
            responses=(ResponseFor(story.code("STC"), str(message.code), None, own),)
            if named == "response"
            else (),
            business=Business(
                BusinessType.RECALL,
                "Thu hồi do sai",
                document_id=own if named == "business" else "",
            ),
            trace=(TraceHop(story.code("STC"), datetime.now(UTC)),),
        )
        send(story, "STC", recall)
        story.work()
        here = story.incoming("STTTT", code_number=number)
        assert story.standing(here.id) == ["check", "decide"], named
        # nobody but its sender can call it back
        (request,) = story.all(ChangeRequest, ChangeRequest.incoming_document_id == here.id)
        assert (request.kind, request.reason) == (ChangeKind.RECALL, "Thu hồi do sai")


def test_a_take_back_with_swapped_fields_still_finds_its_document(story_office):
    """A deployed system builds the identifier of the receiver's code and swaps Code and OrganId."""
    story = story_office
    message = envelope_from(story, "STC", "7045")
    send(story, "STC", message)
    story.work()
    here = story.incoming("STTTT", code_number="7045")
    swapped = ResponseFor(here.reference, "H55.07", None, f"H55.07,2026/01/02,{here.reference}")
    send(story, "STC", replace(taking_back(story, here, "Nhầm"), response=swapped), "H55.07")
    story.work()
    assert story.standing(here.id) == ["check", "decide"]


def test_nobody_calls_back_the_document_of_another(story_office):
    story = story_office
    send(story, "STC", envelope_from(story, "STC", "7050"))
    story.work()
    here = story.incoming("STTTT", code_number="7050")
    forged = replace(
        taking_back(story, here, "Giả mạo"), sender=Party(story.code("SNV"), "Sở Nội vụ")
    )
    send(story, "SNV", forged, "H55.07")
    story.work()
    assert story.standing(here.id) == ["check"]
    (request,) = story.all(ChangeRequest, ChangeRequest.reason == "Giả mạo")
    assert request.incoming_document_id is None


def test_what_cannot_be_asked_is_refused_in_words(story_office):
    story = story_office
    draft = letter(story, "approve", subject="chưa phát hành", to=("STC",))
    document = sent(story, "đòi hai lần", "STC")
    (recipient,) = story.recipients(document)
    with pytest.raises(NotIssuedYet):
        ask(story, draft)
    with pytest.raises(ReasonMissing):
        ask(story, document, reason="  ")
    with pytest.raises(NoRight):
        ask(story, document, user="chuyenvien.stttt")
    ask(story, document, of=(recipient.id,))
    with pytest.raises(AlreadyAsked):
        ask(story, document, of=(recipient.id,))
    story.work()
    here = story.incoming("STC", subject="đòi hai lần")
    decide(story, "vanthu.stc", here.id, "agree")
    # all who had it gave it back: nobody holds the document any more
    assert story.outgoing(document).status is OutgoingStatus.RECALLED
    refused = sent(story, "bị từ chối", "STC", "SNV")
    here = story.incoming("STC", subject="bị từ chối")
    story.do("vanthu.stc", "check", of=here.id, outcome="return", reason="Nhầm")
    story.work()
    first, _ = story.recipients(refused)
    with pytest.raises(NobodyToTakeFrom):
        ask(story, refused, of=(first.id,))
    codes = [s.code for s in story.all(StatusReceived, StatusReceived.recipient_id == recipient.id)]
    assert codes == ["01", "15"]
