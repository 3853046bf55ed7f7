"""A partner whose system speaks edXML alone: all operations work with him, in both directions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from issuing import issued
from story import Story, envelope_from, incoming_steps

from exchange import edxml
from exchange.axis import Axis
from exchange.axis_client import AxisClient, Connection
from exchange.envelope import Business, BusinessType, Envelope, Party, Replacement, ResponseFor
from exchange.gateway import MessageType, Outcome
from exchange.status import StatusCode, StatusMessage
from exchange.wire import Secret
from processes.delivery import arrivals
from processes.recall.ask import AskBack, ask_back
from processes.update.ask import UpdateIssued, update_issued
from records.axis import AxisStore
from records.change import ChangeAnswer, ChangeKind, ChangeRequest
from records.document import IncomingDocument
from records.recipient import Recipient
from records.staffing import add_partner
from records.vocabulary import Delivery, IncomingStatus, OutgoingStatus

CODE, NAME = "H55.88", "Trung tâm Lưu trữ lịch sử"
#: what our nodes tell each other inside a message; a plain system drops it
OURS = re.compile(rb"<\?congvan[^>]*\?>")


@dataclass
class Plain:
    """The partner's system: it fetches, reads and sends standard messages and knows no marks."""

    client: AxisClient
    marks: list[int] = field(default_factory=list)

    def take(self, kind: MessageType) -> list[Envelope | StatusMessage]:
        found = []
        for arrival in self.client.list_received(kind):
            data, count = OURS.subn(b"", self.client.fetch(arrival.packet_id))
            self.marks.append(count)
            found.append(edxml.read(data))
            self.client.confirm(arrival.packet_id, Outcome.DONE)
        return found

    def send(self, message: Envelope | StatusMessage) -> None:
        if isinstance(message, StatusMessage):
            self.client.send(MessageType.STATUS, edxml.write_status(message), ())
        else:
            self.client.send(MessageType.EDOC, edxml.write(message), ())

    def report(self, of: Envelope, code: str, words: str, at: datetime) -> None:
        self.send(
            StatusMessage(
                sender=Party(CODE, NAME),
                response=ResponseFor(
                    of.sender.organ_id, str(of.code), of.promulgated_on, of.document_id
                ),
                code=StatusCode(code),
                at=at,
                description=words,
            )
        )


@pytest.fixture(scope="module")
def plain(story_office) -> Plain:
    database = story_office.office.database
    with database.transaction() as tx:
        axis = Axis(AxisStore(tx), lambda: tx.now, rules=story_office.means.axis_rules)
        axis.admit_system("plain", "khoa-plain")
        axis.admit_agency("plain", CODE, NAME)
    connection = Connection(story_office.means.axis_endpoint, "plain", Secret("khoa-plain"), CODE)
    return Plain(AxisClient(connection, database.clock))


def asked_of(story: Story, document: UUID) -> list[ChangeRequest]:
    return [
        one
        for one in story.all(ChangeRequest, ChangeRequest.outgoing_document_id == document)
        if one.organ_code == CODE
    ]


def at_partner(story: Story, document: UUID) -> Recipient:
    (found,) = [one for one in story.recipients(document) if one.organ_code == CODE]
    return found


def the_one(found: Sequence[Envelope | StatusMessage], kind: BusinessType) -> Envelope:
    (message,) = found
    assert isinstance(message, Envelope)
    assert message.business.type is kind
    return message


def test_he_is_asked_and_answers_in_the_standard_alone(story_office, plain):
    story = story_office
    document = issued(story, "gửi nơi dùng phần mềm khác", "SNV")
    story.work()
    start = datetime.now(UTC).replace(microsecond=0)

    def minute(number: int) -> datetime:
        return start + timedelta(minutes=number)

    with story.as_("vanthu.stttt") as tx:
        partner = add_partner(tx, NAME, CODE)
    with story.as_("vanthu.stttt") as tx:
        update_issued(tx, story.means, UpdateIssued(document, "Bổ sung", add=(partner.id,)))
    story.work(poll=False)
    # who is added simply gets the document
    new = the_one(plain.take(MessageType.EDOC), BusinessType.NEW)
    assert new.subject == "gửi nơi dùng phần mềm khác"
    plain.report(new, "01", "Đã đến", minute(1))
    plain.report(new, "03", "Đã vào sổ", minute(2))
    story.work()
    assert at_partner(story, document).delivery is Delivery.ACCEPTED

    with story.reopened(clock=lambda: minute(10)) as later:
        with later.as_("vanthu.stttt") as tx:
            update_issued(
                tx, later.means,
                UpdateIssued(document, "Sai trích yếu", subject="trích yếu đúng"),
            )  # fmt: skip
        later.work(poll=False)
        updated = the_one(plain.take(MessageType.EDOC), BusinessType.UPDATE)
    assert updated.business.document_id == new.document_id
    assert updated.business.reason == "Sai trích yếu"
    assert updated.subject == "trích yếu đúng"
    assert [a.sha256 for a in updated.attachments] == [a.sha256 for a in new.attachments]
    plain.report(updated, "15", "Đã cập nhật", minute(11))
    story.work()
    (update,) = asked_of(story, document)
    assert (update.answer, update.answer_reason) == (ChangeAnswer.AGREED, "Đã cập nhật")
    assert at_partner(story, document).delivery is Delivery.ACCEPTED

    with story.reopened(clock=lambda: minute(20)) as later:
        with later.as_("vanthu.stttt") as tx:
            ask_back(tx, AskBack(document, ChangeKind.RECALL, "Trái thẩm quyền"))
        later.work(poll=False)
        recall = the_one(plain.take(MessageType.EDOC), BusinessType.RECALL)
    assert recall.attachments == ()
    assert recall.business.reason == "Trái thẩm quyền"
    places = (recall.business.document_id, recall.responses[0].document_id, recall.document_id)
    assert set(places) == {new.document_id}, "wherever he looks for it"
    plain.report(recall, "16", "Đã nộp lưu", minute(21))
    story.work()
    answers = [(one.kind, one.answer, one.answer_reason) for one in asked_of(story, document)]
    assert answers == [
        (ChangeKind.UPDATE, ChangeAnswer.AGREED, "Đã cập nhật"),
        (ChangeKind.RECALL, ChangeAnswer.REFUSED, "Đã nộp lưu"),
    ]
    assert story.outgoing(document).status is OutgoingStatus.ISSUED

    with story.reopened(clock=lambda: minute(30)) as later:
        with later.as_("vanthu.stttt") as tx:
            one = at_partner(later, document).id
            ask_back(tx, AskBack(document, ChangeKind.TAKE_BACK, "Đề nghị trả lại", (one,)))
        later.work(poll=False)
        (taking,) = plain.take(MessageType.STATUS)
    assert isinstance(taking, StatusMessage)
    assert (taking.code, taking.description) == (StatusCode.TAKE_BACK, "Đề nghị trả lại")
    plain.report(new, "15", "Đã trả lại", minute(31))
    story.work()
    assert at_partner(story, document).delivery is Delivery.RECALLED
    assert all(plain.marks), "what our nodes tell each other was there, and he never saw it"


def test_what_he_asks_is_decided_here_and_told_in_the_standard(story_office, plain):
    story = story_office
    first = replace(
        envelope_from(story, "STC", "501", code=CODE),
        sender=Party(CODE, NAME), document_id=f"{CODE},2026/11/20,501/STC-VP",
    )  # fmt: skip
    plain.send(first)
    story.work(poll=False)
    settle(story, plain)
    here = story.incoming("STTTT", code_number="501")
    # a recall as the .NET sample writes it: neither Bussiness/DocumentId nor ResponseFor, no hop
    bare = Business(BusinessType.RECALL, "Gửi nhầm bản dự thảo")
    plain.send(replace(first, attachments=(), business=bare, trace=()))
    settle(story, plain)
    (item,) = story.items("vanthu.stttt", "decide", here.id)
    assert "Gửi nhầm bản dự thảo" in item.variables["request"]
    story.do("vanthu.stttt", "decide", of=here.id, outcome="refuse", reason="Đã phân công xử lý")
    told = settle(story, plain)
    assert [(one.code, one.description) for one in told] == [
        (StatusCode.CHANGE_REFUSED, "Đã phân công xử lý")
    ]
    assert told[0].response.document_id == first.document_id
    assert story.incoming("STTTT", code_number="501").status is IncomingStatus.RECEIVED

    second = replace(
        first, document_id=f"{CODE},2026/11/20,502/STC-VP", code=replace(first.code, number="502")
    )
    elsewhere = Replacement(first.document_id, (story.code("SNV"),))
    for_us = Replacement(first.document_id, ("H55.07",))
    replacing = Business(BusinessType.REPLACE, "Sai căn cứ", replacements=(elsewhere,))
    plain.send(replace(second, business=replacing))
    settle(story, plain)
    assert story.standing(here.id) == ["check"], "the replacement names another receiver"
    third = replace(
        second, document_id=f"{CODE},2026/11/20,503/STC-VP", code=replace(first.code, number="503")
    )
    plain.send(replace(third, business=replace(replacing, replacements=(for_us,))))
    settle(story, plain)
    assert story.standing(here.id) == ["check", "decide"]
    new = story.incoming("STTTT", code_number="503")
    accepted = {"outcome": "accept_unsigned", "reason": "Đã xác minh"}
    for node, user, values in incoming_steps(story, new)[:2]:
        story.do(user, node, of=new.id, **(accepted if node == "check" else values))
    story.do("vanthu.stttt", "decide", of=here.id, outcome="agree")
    told = settle(story, plain)
    assert [one.code for one in told] == [StatusCode.ACCEPTED]
    assert told[0].response.document_id == third.document_id
    ended = story.one(IncomingDocument, IncomingDocument.id == here.id)
    assert ended.status is IncomingStatus.REPLACED


def settle(story: Story, plain: Plain) -> list[StatusMessage]:
    """Have what he sent taken in, and return what he is told but for «đã đến»."""
    told: list[StatusMessage] = []
    for _ in range(3):
        with story.office.database.transaction() as tx:
            arrivals.post_polls(tx)
        story.work(poll=False)
        told += [m for m in plain.take(MessageType.STATUS) if isinstance(m, StatusMessage)]
    return [one for one in told if one.code is not StatusCode.ARRIVED]
