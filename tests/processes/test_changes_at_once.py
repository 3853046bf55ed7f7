"""Several requests open at once at one receiver: each gets the answer that was meant for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from issuing import issued
from story import Story, envelope_from, send

from exchange import edxml
from exchange.envelope import Business, BusinessType, Party, Replacement, ResponseFor, TraceHop
from exchange.gateway import MessageType
from exchange.mark import answered_of, put_answered, put_marks
from exchange.status import StatusCode, StatusMessage
from processes import work_items
from processes.delivery.gateway import gateway_of
from processes.delivery.statuses import sending_of
from processes.recall.ask import AskBack, ask_back
from processes.update.ask import UpdateIssued, update_issued
from processes.work_items import CompleteItem
from records.change import ChangeAnswer, ChangeKind, ChangeRequest
from records.document import IncomingDocument
from records.transfer import Carriage, Packet, StatusReceived
from records.vocabulary import Delivery, IncomingStatus

NOBODY = (ChangeAnswer.OPEN, "")


def sent(story: Story, subject: str, *to: str) -> UUID:
    document = issued(story, subject, *to)
    story.work()
    return document


def update(story: Story, document: UUID, subject: str, reason: str) -> UUID:
    with story.as_("vanthu.stttt") as tx:
        asked = update_issued(tx, story.means, UpdateIssued(document, reason, subject=subject))
    story.work()
    return asked[0].id


def answer(story: Story, user: str, here: UUID, about: str, outcome: str, reason: str = "") -> None:
    """Answer the one of several requests that gives this reason."""
    (item,) = [
        one for one in story.items(user, "decide", here) if about in one.variables["request"]
    ]
    values = {"outcome": outcome, **({"reason": reason} if reason else {})}
    with story.as_(user) as tx:
        work_items.complete(tx, story.means, CompleteItem(item.id, item.version, values, {}))
    story.work()


def answers(story: Story, *requests: UUID) -> list[tuple[ChangeAnswer, str]]:
    found = [story.one(ChangeRequest, ChangeRequest.id == key) for key in requests]
    return [(one.answer, one.answer_reason) for one in found]


def carried(story: Story, *requests: UUID) -> list[Carriage]:
    keys = [f"change:{one}" for one in requests]
    return [story.one(Packet, Packet.send_key == key).state for key in keys]


def status(story: Story, document: UUID, code: str, reason: str, at: datetime) -> StatusMessage:
    """An answer as a plain client of the axis writes it."""
    ours = story.outgoing(document)
    return StatusMessage(
        sender=Party(story.code("STC"), "Sở Tài chính"),
        response=ResponseFor(
            ours.organ_code, ours.reference, ours.issued_on, ours.identifier or ""
        ),
        code=StatusCode(code),
        at=at,
        description=reason,
    )


def send_named(story: Story, message: StatusMessage, sending: UUID) -> None:
    """Send a status that names the sending it answers."""
    data = put_answered(edxml.write_status(message), sending)
    gateway_of(story.means, story.agency("STC"), story.code("STC")).send(
        MessageType.STATUS, data, ()
    )


def test_two_updates_are_told_apart_by_the_sending_each_answer_names(story_office):
    story = story_office
    document = sent(story, "hai lần cập nhật", "STC")
    here = story.incoming("STC", subject="hai lần cập nhật").id
    first = update(story, document, "hai lần cập nhật, một", "Sửa lần một")
    second = update(story, document, "hai lần cập nhật, hai", "Sửa lần hai")
    assert story.standing(here) == ["check", "decide", "decide"]
    # the answer comes after both were asked: by its time alone it would be the second's
    answer(story, "vanthu.stc", here, "Sửa lần một", "refuse", "Bản một còn sai")
    assert answers(story, first, second) == [(ChangeAnswer.REFUSED, "Bản một còn sai"), NOBODY]
    # nor is the packet of the other taken for answered
    assert carried(story, first, second) == [Carriage.ACKNOWLEDGED, Carriage.SENT]
    answer(story, "vanthu.stc", here, "Sửa lần hai", "agree")
    assert carried(story, first, second) == [Carriage.ACKNOWLEDGED] * 2
    assert [a for a, _ in answers(story, first, second)] == [
        ChangeAnswer.REFUSED,
        ChangeAnswer.AGREED,
    ]
    assert story.incoming("STC", id=here).subject == "hai lần cập nhật, hai"
    # in the bytes: one mark, and it names what brought the request
    (report,) = story.all(StatusReceived, StatusReceived.code == "16")
    packet = story.one(Packet, Packet.packet_id == report.packet_id, Packet.direction == "in")
    asked = story.one(ChangeRequest, ChangeRequest.id == first)
    assert answered_of(story.means.content.read(packet.sha256)) == sending_of(asked)
    assert story.broken_chains() == []


def test_the_answers_of_a_plain_client_are_told_apart_by_time(story_office):
    story = story_office
    document = sent(story, "bên nhận không đánh dấu", "STC")
    first = update(story, document, "không đánh dấu, một", "Sửa lần một")
    later = datetime.now(UTC) + timedelta(minutes=5)
    with story.reopened(clock=lambda: later) as again:
        second = update(again, document, "không đánh dấu, hai", "Sửa lần hai")
    after = later.replace(microsecond=0) + timedelta(seconds=30)
    send(story, "STC", status(story, document, "16", "Không rõ", after))
    story.work()
    assert answers(story, first, second) == [NOBODY, (ChangeAnswer.REFUSED, "Không rõ")]
    between = after - timedelta(minutes=3)
    send(story, "STC", status(story, document, "15", "Được", between))
    story.work()
    assert answers(story, first, second) == [
        (ChangeAnswer.AGREED, "Được"),
        (ChangeAnswer.REFUSED, "Không rõ"),
    ]


def test_an_answer_that_names_what_was_not_asked_of_this_receiver_answers_nothing(story_office):
    story = story_office
    document = sent(story, "hai nơi nhận", "STC", "SNV")
    with story.as_("vanthu.stttt") as tx:
        asked = update_issued(
            tx, story.means, UpdateIssued(document, "Sửa", subject="hai nơi nhận, sửa")
        )
    story.work()
    other = next(one for one in asked if one.organ_code == story.code("SNV"))
    message = status(story, document, "15", "Của nơi khác", datetime.now(UTC))
    send_named(story, message, sending_of(other))
    story.work()
    assert answers(story, *(one.id for one in asked)) == [NOBODY, NOBODY]
    # kept, though it answers nothing
    assert story.one(StatusReceived, StatusReceived.description == "Của nơi khác").answers


def test_agreeing_to_the_later_update_answers_the_earlier_and_none_undoes_it(story_office):
    story = story_office
    document = sent(story, "bản sau gồm bản trước", "STC")
    here = story.incoming("STC", subject="bản sau gồm bản trước").id
    first = update(story, document, "bản trước", "Sửa trước")
    second = update(story, document, "bản sau", "Sửa sau")
    answer(story, "vanthu.stc", here, "Sửa sau", "agree")
    assert story.standing(here) == ["check"], "nothing is left to say of the earlier"
    assert [a for a, _ in answers(story, first, second)] == [ChangeAnswer.AGREED] * 2
    assert story.incoming("STC", id=here).subject == "bản sau"
    # one that was asked before and comes only now is in it too
    packet = story.all(Packet, Packet.incoming_document_id == here, Packet.message_type == "edoc")[
        0
    ]
    message = edxml.read(story.means.content.read(packet.sha256))
    late = replace(
        message,
        subject="bản cũ đến muộn",
        business=Business(BusinessType.UPDATE, "Đến muộn", document_id=message.identifier),
        trace=(TraceHop("H55.07", datetime.now(UTC) - timedelta(days=1)),),
    )
    send(story, "STTTT", late)
    story.work()
    assert story.incoming("STC", id=here).subject == "bản sau"
    (request,) = story.all(ChangeRequest, ChangeRequest.reason == "Đến muộn")
    assert request.answer is ChangeAnswer.AGREED
    assert story.standing(here) == ["check"]


def test_a_recall_is_not_held_up_by_an_update_and_answers_it_too(story_office):
    story = story_office
    document = sent(story, "đang cập nhật thì thu hồi", "STC")
    here = story.incoming("STC", subject="đang cập nhật thì thu hồi").id
    first = update(story, document, "đang cập nhật", "Sửa trích yếu")
    with story.as_("vanthu.stttt") as tx:
        (recall,) = ask_back(tx, AskBack(document, ChangeKind.RECALL, "Trái thẩm quyền"))
    story.work()
    answer(story, "vanthu.stc", here, "Trái thẩm quyền", "agree")
    gone = story.incoming("STC", id=here)
    assert (gone.status, story.standing(here)) == (IncomingStatus.CANCELLED, [])
    assert gone.subject == "đang cập nhật thì thu hồi"
    told = answers(story, first, recall.id)
    assert [a for a, _ in told] == [ChangeAnswer.REFUSED, ChangeAnswer.AGREED]
    assert "đã được thu hồi" in told[0][1]
    (recipient,) = story.recipients(document)
    assert recipient.delivery is Delivery.RECALLED


def test_an_update_that_left_before_the_recall_brings_nothing_back(story_office):
    story = story_office
    message = envelope_from(story, "STC", "8201")
    send(story, "STC", message)
    story.work()
    here = story.incoming("STTTT", code_number="8201")
    now = datetime.now(UTC)
    recall = Business(BusinessType.RECALL, "Thu hồi", document_id=message.identifier)
    said = replace(message, attachments=(), business=recall, trace=(TraceHop("H55.05", now),))
    send(story, "STC", said)
    story.work()
    answer(story, "vanthu.stttt", here.id, "Thu hồi", "agree")
    before = Business(BusinessType.UPDATE, "Sửa", document_id=message.identifier)
    hop = TraceHop("H55.05", now - timedelta(minutes=10))
    send(story, "STC", replace(message, business=before, trace=(hop,)))
    story.work()
    (same,) = story.all(IncomingDocument, IncomingDocument.code_number == "8201")
    assert same.status is IncomingStatus.CANCELLED
    (request,) = story.all(
        ChangeRequest,
        ChangeRequest.incoming_document_id == here.id,
        ChangeRequest.kind == ChangeKind.UPDATE,
    )
    assert request.answer is ChangeAnswer.REFUSED
    # asked after it was given back, the receiver is one again and gets the document
    after = TraceHop("H55.05", now + timedelta(minutes=10))
    send(story, "STC", replace(message, business=before, trace=(after,)))
    story.work()
    both = story.all(IncomingDocument, IncomingDocument.code_number == "8201")
    assert [one.status for one in both] == [IncomingStatus.CANCELLED, IncomingStatus.RECEIVED]


def test_who_keeps_what_is_replaced_answers_no_other_request(story_office):
    story = story_office
    document = sent(story, "thay thế và cập nhật", "STC")
    here = story.incoming("STC", subject="thay thế và cập nhật").id
    asked = update(story, document, "cập nhật trước khi thay thế", "Sửa trích yếu")
    ours = story.outgoing(document)
    new = envelope_from(story, "STTTT", "8301", code="H55.07", to=story.code("STC"))
    replacing = Business(
        BusinessType.REPLACE,
        "Thay thế vì sai căn cứ",
        replacements=(Replacement(ours.identifier or "", (story.code("STC"),)),),
    )
    marked = put_marks(edxml.write(replace(new, business=replacing)), uuid4())
    gateway_of(story.means, story.agency("STTTT"), "H55.07").send(MessageType.EDOC, marked, ())
    story.work()
    answer(story, "vanthu.stc", here, "sai căn cứ", "refuse", "Vẫn dùng bản cũ")
    assert answers(story, asked) == [NOBODY]
    (said,) = story.all(StatusReceived, StatusReceived.description == "Vẫn dùng bản cũ")
    assert said.code == "16"


@pytest.fixture(autouse=True)
def no_leftovers(story_office):
    yield
    assert story_office.unfinished_jobs() == []
