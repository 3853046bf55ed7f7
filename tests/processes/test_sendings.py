"""One send id a sending: on every attempt, in the message, and at whoever it comes to twice."""

import re
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from story import Story, letter

from exchange import edxml
from exchange.errors import Unreachable
from exchange.gateway import Gateway, MessageType
from exchange.mark import send_id_of
from processes.delivery.contact import contact_of
from processes.delivery.gateway import gateway_of
from processes.delivery.unsent import send_again, unsent
from processes.outgoing.issue import SEND_JOB
from records.document import IncomingDocument, OutgoingDocument
from records.organization import Officer
from records.transfer import Attempt, AttemptOutcome, Carriage, Direction, Packet, StatusReceived
from records.vocabulary import Delivery

SUBJECT = "mỗi lượt gửi một mã"


def packets(story: Story, agency: str, direction: Direction, kind: str = "edoc") -> list[Packet]:
    of_agency = (Packet.agency_id == story.agency(agency), Packet.direction == direction)
    return list(story.all(Packet, *of_agency, Packet.message_type == kind))


def attempts(story: Story, packet: Packet) -> list[AttemptOutcome]:
    return [one.outcome for one in story.all(Attempt, Attempt.of_packet_id == packet.id)]


class LosesAnswers:
    """The axis takes what it is sent; the first answer is lost."""

    def __init__(self, inner: Gateway, sent: list[bytes]) -> None:
        self.inner, self.sent = inner, sent

    def __getattr__(self, name: str):
        return getattr(self.inner, name)

    def send(self, message_type: MessageType, data: bytes, to: tuple[str, ...] = ()) -> str:
        receipt = self.inner.send(message_type, data, to)
        if message_type is MessageType.EDOC:
            self.sent.append(data)
            if len(self.sent) == 1:
                raise Unreachable(operation="sendEdoc", reason="mất trả lời")
        return receipt


#: where another axis stands
ELSEWHERE = "https://truc.example/axis"


@pytest.fixture(scope="module")
def sent(story_office: Story) -> list[bytes]:
    """A letter to one agency, whose first answer was lost; what was sent of it."""
    data: list[bytes] = []
    roads: dict[UUID, Gateway] = {}

    def road(agency_id: UUID, code: str) -> Gateway:
        good = gateway_of(story_office.means, agency_id, code)
        return roads.setdefault(agency_id, LosesAnswers(good, data))  # type: ignore[arg-type]

    with story_office.reopened(gateway=road, carrier=ELSEWHERE) as story:
        letter(story, subject=SUBJECT, to=("UBND",))
        story.work(hurry=True)
    return data


def test_every_attempt_sends_the_same_under_one_id_and_is_on_record(story_office, sent):
    first, second = sent
    assert first == second
    (packet,) = packets(story_office, "STTTT", Direction.OUT)
    assert send_id_of(first) == packet.send_id
    assert attempts(story_office, packet) == [AttemptOutcome.FAILED, AttemptOutcome.SENT]
    lost, done = story_office.all(Attempt, Attempt.of_packet_id == packet.id)
    assert (lost.number, done.number) == (1, 2)
    assert (lost.error_code, "mất trả lời" in lost.error) == ("axis-unreachable", True)
    assert lost.started_at <= lost.ended_at <= done.started_at <= done.ended_at
    assert done.address == f"{ELSEWHERE} → {packet.to_code}"


def test_how_far_a_packet_is_stands_apart_from_what_becomes_of_the_document(story_office, sent):
    (out,) = packets(story_office, "STTTT", Direction.OUT)
    (came,) = packets(story_office, "UBND", Direction.IN)
    assert (out.state, came.state) == (Carriage.ACKNOWLEDGED, Carriage.CONFIRMED)
    assert came.send_id == out.send_id
    (report,) = packets(story_office, "UBND", Direction.OUT, "status")
    assert report.state is Carriage.SENT
    assert report.send_id != out.send_id


def offer_again(story: Story, packet: Packet, change: Callable[[bytes], bytes] = bytes) -> str:
    """Have the axis list the same sending once more, as a packet of its own."""
    digest, again = uuid4().hex, uuid4().hex
    story.run_sql(
        "INSERT INTO axis_message (digest, data, kept_at) VALUES (%s, %s, now())", digest,
        change(story.means.content.read(packet.sha256)),
    )  # fmt: skip
    copied = (
        "INSERT INTO axis_packet SELECT (jsonb_populate_record(p, jsonb_build_object('packet_id',"
        " %s::text, 'sending_id', %s::text, 'digest', %s::text, 'state', 'initial'))).*"
        " FROM axis_packet p WHERE packet_id = %s"
    )
    assert story.run_sql(copied, again, again, digest, packet.packet_id) == 1
    story.work()
    return again


def unmarked(data: bytes) -> bytes:
    return re.sub(rb"<\?congvan-.*?\?>", b"", data)


def test_a_sending_that_comes_as_another_packet_is_confirmed_and_changes_nothing(
    story_office, sent
):
    story = story_office
    (report,) = packets(story, "STTTT", Direction.IN, "status")
    before = len(story.all(StatusReceived))
    again = offer_again(story, report)
    repeated = story.one(Packet, Packet.packet_id == again)
    assert (repeated.result, repeated.state) == ("duplicate", Carriage.CONFIRMED)
    assert report.packet_id in repeated.note
    assert len(story.all(StatusReceived)) == before
    state = story.value("SELECT state FROM axis_packet WHERE packet_id = %s", again)
    assert state == "done"
    # the control: without its id it is another report
    offer_again(story, report, unmarked)
    assert len(story.all(StatusReceived)) == before + 1


def test_another_senders_packet_with_a_stolen_id_is_no_repeat(story_office, sent):
    """Whose id it bears proves nothing: it is held against what the same sender sent."""
    story = story_office
    (came,) = packets(story, "UBND", Direction.IN)

    def stolen(data: bytes) -> bytes:
        other = data.replace(b"H55.07<", b"H55.05<").replace(b"H55.07,", b"H55.05,")
        assert other != data
        return other

    story.run_sql("UPDATE axis_packet SET sent_as = 'H55.05' WHERE packet_id = %s", came.packet_id)
    again = offer_again(story, came, stolen)
    assert story.one(Packet, Packet.packet_id == again).result == "accepted"
    here = story.all(IncomingDocument, IncomingDocument.subject == SUBJECT)
    assert sorted(one.organ_code for one in here) == ["H55.05", "H55.07"]


def test_a_packet_listed_again_is_counted(story_office, sent):
    story = story_office
    came = packets(story, "UBND", Direction.IN)[0]
    before = story.value("SELECT count(*) FROM incoming_document")
    story.run_sql("UPDATE axis_packet SET state = 'initial' WHERE packet_id = %s", came.packet_id)
    story.work()
    assert story.one(Packet, Packet.id == came.id).repeats == came.repeats + 1
    assert story.value("SELECT count(*) FROM incoming_document") == before
    assert story.rows("SELECT 1 FROM job WHERE kind = %s AND state <> 'done'", SEND_JOB) == []


# whom the receiver may call, and when it was signed -------------------------------------------------


def test_the_receiver_is_told_whom_to_call(story_office, sent):
    staff = edxml.read(sent[0]).business.staff
    clerk = story_office.one(Officer, Officer.id == UUID(story_office.officer("vanthu.stttt")))
    assert (staff.name, staff.email) == (clerk.full_name, clerk.email)
    assert staff.department


def test_without_a_known_clerk_it_is_the_agency_s_office(story_office, sent):
    (packet,) = packets(story_office, "STTTT", Direction.OUT)
    with story_office.as_("vanthu.stttt") as tx:
        document = tx.get(OutgoingDocument, packet.outgoing_document_id)
        nobody, gone = contact_of(tx, document, None), contact_of(tx, document, str(uuid4()))
    assert nobody == gone
    assert nobody.name.startswith("Văn thư Sở")


def test_a_document_dated_ahead_is_not_sent_and_the_clerk_is_told_why(story_office):
    with story_office.reopened() as story:
        document = letter(story, subject="ngày chưa đến", to=("UBND",))
        story.run_sql(
            "UPDATE outgoing_document SET issued_on = issued_on + 2 WHERE id = %s", document
        )
        story.work()
        [recipient] = story.recipients(document)
        assert recipient.delivery is Delivery.FAILED
        assert "chưa đến" in recipient.delivery_reason
        assert story.all(Packet, Packet.outgoing_document_id == document) == []
        # the date is put right, the clerk sends again
        story.run_sql(
            "UPDATE outgoing_document SET issued_on = issued_on - 2 WHERE id = %s", document
        )
        with story.as_("vanthu.stttt") as tx:
            [failed] = [one for one in unsent(tx) if one.document_id == document]
            send_again(tx, failed.incident_id)
        story.work()
        assert story.recipients(document)[0].delivery is Delivery.ARRIVED
