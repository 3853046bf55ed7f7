"""What the axis has forgotten is sent again, and comes into effect once."""

import pytest
from story import Story, letter

from exchange.gateway import MessageType
from processes.delivery.reconciliation import RECONCILE_JOB, post_reconciling
from records.document import IncomingDocument
from records.recipient import Recipient
from records.transfer import Carriage, Direction, Packet, StatusReceived, StatusReport
from records.vocabulary import Delivery


def compare(story: Story) -> None:
    with story.office.database.transaction() as tx:
        post_reconciling(tx)
    story.work(hurry=True)


def forget(story: Story, *packets: str) -> None:
    """Have the axis know nothing of these sendings, as after a restore."""
    for table in ("axis_packet", "axis_sending"):
        story.run_sql(f"DELETE FROM {table} WHERE sending_id = ANY(%s)", list(packets))


def sendings(story: Story) -> set[str]:
    return {row[0] for row in story.rows("SELECT DISTINCT sending_id FROM axis_packet")}


@pytest.fixture
def reported(story_office: Story) -> StatusReport:
    """A letter that arrived, and the report of it that reached the sender."""
    document = letter(story_office, subject="trục quên")
    story_office.work(hurry=True)
    of_document = IncomingDocument.identifier == story_office.outgoing(document).identifier
    [arrived] = story_office.all(IncomingDocument, of_document)
    [report] = story_office.all(StatusReport, StatusReport.incoming_document_id == arrived.id)
    return report


def test_a_report_the_axis_forgot_is_sent_again_and_counts_once(story_office, reported):
    packet = story_office.one(Packet, Packet.send_key == f"status:{reported.id}")
    before = packet.packet_id
    known = sendings(story_office)
    compare(story_office)
    assert sendings(story_office) == known  # nothing is missing, nothing is sent
    # whoever confirmed it has it: that is known now, and such a message is not asked after again
    assert story_office.one(Packet, Packet.id == packet.id).state is Carriage.ACKNOWLEDGED
    story_office.run_sql("UPDATE packet SET state = 'sent' WHERE id = %s", packet.id)

    forget(story_office, before)
    compare(story_office)
    after = story_office.one(Packet, Packet.id == packet.id)
    assert after.packet_id != before
    assert after.packet_id in sendings(story_office)
    assert after.state is Carriage.SENT
    came = story_office.all(
        Packet, Packet.send_id == packet.send_id, Packet.direction == Direction.IN
    )
    assert sorted(p.result for p in came) == ["accepted", "duplicate"]
    ids = [p.packet_id for p in came]
    assert len(story_office.all(StatusReceived, StatusReceived.packet_id.in_(ids))) == 1

    forget(story_office, after.packet_id)  # a second time, under another id
    compare(story_office)
    assert story_office.one(Packet, Packet.id == packet.id).packet_id != after.packet_id


def test_a_document_forgotten_before_anybody_fetched_it_arrives(story_office):
    document = letter(story_office, subject="quên trước khi nhận")
    story_office.work(hurry=True, poll=False)
    [recipient] = story_office.all(Recipient, Recipient.outgoing_document_id == document)
    assert recipient.delivery is Delivery.SENT
    packet = story_office.one(Packet, Packet.send_key == f"envelope:{recipient.id}")
    forget(story_office, packet.packet_id.partition(":")[0])
    story_office.work(hurry=True)
    [recipient] = story_office.all(Recipient, Recipient.outgoing_document_id == document)
    assert recipient.delivery is Delivery.SENT  # without a comparison it is lost

    compare(story_office)
    [recipient] = story_office.all(Recipient, Recipient.outgoing_document_id == document)
    assert recipient.delivery is Delivery.ARRIVED
    of_document = IncomingDocument.identifier == story_office.outgoing(document).identifier
    assert len(story_office.all(IncomingDocument, of_document)) == 1


def test_a_receiver_that_could_not_take_it_in_is_shown_to_the_clerk(story_office):
    document = letter(story_office, subject="bên nhận không đọc được")
    story_office.work(hurry=True, poll=False)
    given = story_office.one(
        Packet, Packet.outgoing_document_id == document, Packet.direction == Direction.OUT
    )
    story_office.run_sql(
        "UPDATE axis_packet SET state = 'fail', description = 'Tệp đính kèm hỏng'"
        " WHERE sending_id = %s",
        given.packet_id.partition(":")[0],
    )
    compare(story_office)
    assert story_office.one(Packet, Packet.id == given.id).state is Carriage.FAILED
    [recipient] = story_office.all(Recipient, Recipient.outgoing_document_id == document)
    assert recipient.delivery is Delivery.FAILED
    assert "Tệp đính kèm hỏng" in recipient.delivery_reason


class Carrier:
    """A carrier that tells what it took as it was told to, and knows everything it is sent."""

    def __init__(self, rows: list[dict] | None, given: str) -> None:
        self.rows, self.given, self.sent_again = rows, given, 0

    def sent(self, _message_type: MessageType) -> list[dict] | None:
        return self.rows

    def send(self, *_whatever: object) -> str:
        self.sent_again += 1
        return self.given

    def list_received(self, _message_type: MessageType) -> list:
        return []


def test_a_carrier_that_does_not_list_is_sent_it_once(story_office, reported):
    """An empty list, none at all, and one by other names; three looks at each."""
    packet = story_office.one(Packet, Packet.send_key == f"status:{reported.id}")
    quiet = "UPDATE packet SET state = 'confirmed' WHERE direction = 'out' AND id <> %s"
    story_office.run_sql(quiet, packet.id)
    for rows, times in ([], 1), (None, 0), ([{"docId": "1"}], 0):
        carrier = Carrier(rows, given=f"id {rows}")
        story_office.run_sql(
            "UPDATE packet SET packet_id = %s WHERE id = %s", carrier.given, packet.id
        )
        with story_office.reopened(gateway=lambda _agency, _code, to=carrier: to) as story:
            for _ in range(3):
                with story.office.database.transaction() as tx:
                    post_reconciling(tx)
                story.work(hurry=True, poll=False)
        assert carrier.sent_again == times, rows
    assert story_office.value("SELECT count(*) FROM job WHERE kind = %s", RECONCILE_JOB) == 0
