"""P6: over a road that loses, doubles, delays and shuffles, one document arrives and both agree."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from story import Seeded, Story, letter, open_story, registering

from exchange.axis import Axis
from exchange.faulty import Faults, FaultyGateway
from exchange.gateway import Gateway
from processes.delivery.gateway import gateway_of
from records.axis import AxisStore
from records.document import IncomingDocument
from records.register import RegisterEntry
from records.transfer import Packet, StatusReceived, StatusReport
from records.vocabulary import Authenticity, Delivery

pytestmark = pytest.mark.faults

BAD = Faults(
    lost_ack=0.25,
    unavailable=0.25,
    duplicate=0.3,
    reorder=0.5,
    longest_delay=timedelta(minutes=5),
)


class Road:
    """One bad road for each agency; its faults repeat with the seed."""

    def __init__(self, story: Story, faults: Faults, seed: int) -> None:
        self.story = story
        self.faults = faults
        self.seed = seed
        self.now = datetime.now(UTC)
        self.gateways: dict[UUID, FaultyGateway] = {}

    def __call__(self, agency_id: UUID, code: str) -> Gateway:
        if agency_id not in self.gateways:
            seed = self.seed * 10 + len(self.gateways)
            good = gateway_of(self.story.means, agency_id, code)
            self.gateways[agency_id] = FaultyGateway(good, seed, self.faults, lambda: self.now)
        return self.gateways[agency_id]

    def injected(self, name: str) -> int:
        return sum(g.injected[name] for g in self.gateways.values())


def reconcile(story: Story, road: Road) -> None:
    """Work until all is said and heard; what failed for a while is tried again."""
    for _ in range(60):
        road.now += timedelta(minutes=2)
        story.run_sql("UPDATE job SET max_attempts = 1000 WHERE state <> 'done'")
        try:
            story.work(rounds=3, hurry=True)
        except AssertionError:
            continue
        if not story.unfinished_jobs() and not story.on_the_wire():
            return
    raise AssertionError((story.unfinished_jobs(), story.on_the_wire()))


@pytest.fixture(scope="module")
def ground(seeded: Seeded):
    with open_story(seeded) as story:
        yield story


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_document_one_arrival_number_and_both_sides_agree(ground, seed):
    road = Road(ground, BAD, seed)
    subject = f"đường xấu {seed}"
    with ground.reopened(gateway=road) as story:
        document = letter(story, subject=subject, to=("UBND", "STC"))
        reconcile(story, road)
        for symbol, clerk in (("UBND", "vanthu.ubnd"), ("STC", "vanthu.stc")):
            here = story.incoming(symbol, subject=subject)  # exactly one
            assert here.authenticity is Authenticity.VALID
            story.do(clerk, "check", of=here.id, outcome="accept")
            if symbol == "UBND":
                values = registering(here, story.kind(symbol, "CV"))
                story.do(clerk, "register", of=here.id, **values)
        reconcile(story, road)
        registered = story.incoming("UBND", subject=subject)
        entries = story.all(RegisterEntry, RegisterEntry.incoming_document_id == registered.id)
        assert [e.number for e in entries] == [registered.arrival_number]
        delivered = {r.organ_code: r.delivery for r in story.recipients(document)}
        assert delivered == {"H55": Delivery.ACCEPTED, "H55.05": Delivery.ARRIVED}
        ensure_both_agree(story, document)
        assert story.broken_chains() == []
    # the control: the road was bad indeed
    assert all(road.injected(f) for f in ("lost_ack", "unavailable", "duplicate", "delay"))


def ensure_both_agree(story: Story, document: UUID) -> None:
    for recipient in story.recipients(document):
        received = story.all(StatusReceived, StatusReceived.recipient_id == recipient.id)
        arrived = story.all(
            IncomingDocument,
            IncomingDocument.identifier == story.outgoing(document).identifier,
            IncomingDocument.agency_id == recipient.receiver_agency_id,
        )
        assert len(arrived) == 1
        reported = story.all(StatusReport, StatusReport.incoming_document_id == arrived[0].id)
        assert sorted(s.code for s in received) == sorted(r.code for r in reported)
        sent = story.all(
            Packet,
            Packet.outgoing_document_id == document,
            Packet.to_code == recipient.organ_code,
            Packet.message_type == "edoc",
        )
        assert len(sent) == 1


def test_what_is_garbled_on_the_way_is_refused_kept_and_taken_when_sent_again(ground):
    garbling = Faults(corrupt=1.0)
    road = Road(ground, garbling, 7)
    with ground.reopened(gateway=road) as story:
        letter(story, subject="bị hỏng trên đường")
        story.work()
        assert story.all(IncomingDocument, IncomingDocument.subject == "bị hỏng trên đường") == []
        (bad,) = story.all(Packet, Packet.result == "refused")
        assert "Không lấy được tệp đính kèm" in bad.note
        assert story.means.content.path(bad.sha256).is_file()
        assert story.value("SELECT count(*) FROM axis_packet WHERE state = 'fail'") == 1
    with ground.office.database.transaction() as tx:
        Axis(AxisStore(tx)).redeliver(bad.packet_id)
    ground.work()
    (document,) = ground.all(IncomingDocument, IncomingDocument.subject == "bị hỏng trên đường")
    assert document.authenticity is Authenticity.VALID
    taken = ground.one(Packet, Packet.id == bad.id)
    assert (taken.result, taken.note) == ("accepted", "")
