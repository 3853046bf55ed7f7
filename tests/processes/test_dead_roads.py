"""A dead recipient is a matter of its own: others get theirs, and the clerk is told and sends again."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from uuid import UUID

import pytest
from story import Story, letter

from engine.backoff import Backoff
from engine.errors import NotFound
from engine.handlers import Later
from exchange.axis_client import AxisClient, Connection, Secret
from exchange.errors import ExchangeError, RefusedByAxis, Unreachable
from exchange.gateway import Gateway, MessageType
from office.runner import Runner
from office.worker import LINES
from processes.delivery.gateway import gateway_of
from processes.delivery.unsent import documents_unsent, send_again, unsent
from processes.outgoing.issue import SEND_JOB
from processes.roads import ABREAST, TROUBLED, Roads
from records.authority import NoRight
from records.transfer import Attempt, AttemptOutcome, Carriage, Packet
from records.vocabulary import Delivery

DEAD = "H55.05"


@contextlib.contextmanager
def silent_axis() -> Iterator[int]:
    """A server that takes every connection and never answers; its port."""
    kept: list[socket.socket] = []
    server = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        with contextlib.suppress(OSError):
            while True:
                kept.append(server.accept()[0])

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        for one in kept:
            one.close()
        thread.join(10)


class Split:
    """One receiver is behind an axis that hangs; everybody else is where they were."""

    def __init__(self, good: Gateway, dead: Gateway) -> None:
        self.good, self.dead = good, dead

    def __getattr__(self, name: str):
        return getattr(self.good, name)

    def send(self, message_type: MessageType, data: bytes, to: tuple[str, ...] = ()) -> str:
        return (self.dead if DEAD in to else self.good).send(message_type, data, to)


def hanging(port: int) -> Gateway:
    where = f"http://127.0.0.1:{port}/axis"
    return AxisClient(Connection(where, "s", Secret("x"), "H55.07", total_timeout=30))


@pytest.fixture(scope="module")
def document(story_office: Story) -> UUID:
    """A letter to a dead recipient and to a living one, issued and not sent yet."""
    return letter(story_office, subject="một nơi nhận không trả lời", to=("STC", "UBND"))


def living(story: Story, document: UUID) -> UUID:
    return next(r.id for r in story.recipients(document) if r.organ_code != DEAD)


def delivery(story: Story, document: UUID) -> dict[str, Delivery]:
    return {one.organ_code: one.delivery for one in story.recipients(document)}


class Lines:
    """The lines of a worker, with the road to the dead recipient through a server that hangs."""

    def __init__(self, story: Story, roads: Roads, port: int) -> None:
        def road(agency_id: UUID, code: str) -> Gateway:
            return Split(gateway_of(story.means, agency_id, code), hanging(port))  # type: ignore[return-value]

        office = replace(story.office, means=replace(story.means, gateway=road, roads=roads))
        self.runner = Runner(office.database, office.handlers(), name="lines", lease=600)
        self.pool = ThreadPoolExecutor(LINES)
        self.busy: set[Future[None]] = set()

    def run(self) -> None:
        """Carry out what is due in all lines that are free, until none is free or nothing is due."""
        while len(self.busy) < LINES:
            found = self.runner.claim_waiting(LINES - len(self.busy))
            if not found:
                return
            begun = {self.pool.submit(self.runner.carry_out, job) for job in found}
            wait(begun, timeout=3)
            self.busy = {one for one in self.busy | begun if not one.done()}


def crowd(story: Story, document: UUID) -> None:
    """Twenty sendings to the dead recipient stand before the one to the living."""
    (dead,) = [r for r in story.recipients(document) if r.organ_code == DEAD]
    story.run_sql(
        "INSERT INTO job (id, agency_id, kind, payload, state, priority, attempt, max_attempts,"
        " run_at) SELECT gen_random_uuid(), %s, %s, jsonb_build_object('recipient', %s::text),"
        " 'ready', 0, 0, 6, now() - interval '1 day' FROM generate_series(1, 20)",
        *(dead.agency_id, SEND_JOB, str(dead.id)),
    )


class NoRoads(Roads):
    """The control: every line may be taken by the same dead recipient."""

    @contextlib.contextmanager
    def taken(self, road: str, trouble: type[Exception]) -> Iterator[None]:
        yield


@pytest.mark.parametrize(("roads", "arrives"), [(NoRoads, False), (Roads, True)])
def test_others_get_theirs_while_one_recipients_axis_hangs(story_office, document, roads, arrives):
    story = story_office
    story.run_sql("DELETE FROM job WHERE state = 'running'")
    crowd(story, document)
    with silent_axis() as port:
        lines = Lines(story, roads(), port)
        lines.run()
        found = delivery(story, document)
        story.run_sql(
            "DELETE FROM job WHERE payload ->> 'recipient' <> %s", str(living(story, document))
        )
    lines.pool.shutdown()
    assert found["H55"] is (Delivery.SENT if arrives else Delivery.PENDING)
    assert found[DEAD] is Delivery.PENDING


# -- roads ------------------------------------------------------------------------------------------


def fail(roads: Roads, road: str) -> None:
    with pytest.raises(Unreachable), roads.taken(road, Unreachable):
        raise Unreachable(operation="sendEdoc", reason="im lặng")


def test_a_road_that_failed_gets_one_attempt_until_one_succeeds():
    roads = Roads()
    with contextlib.ExitStack() as under_way:
        for _ in range(ABREAST):
            under_way.enter_context(roads.taken("A", Unreachable))
        with pytest.raises(Later), roads.taken("A", Unreachable):
            pass
    fail(roads, "A")
    with roads.taken("A", Unreachable), pytest.raises(Later), roads.taken("A", Unreachable):
        pass
    with roads.taken("A", Unreachable), roads.taken("A", Unreachable):
        pass  # the last attempt came through


def test_a_refusal_is_an_answer():
    roads = Roads()
    with pytest.raises(RefusedByAxis), roads.taken("A", ExchangeError):
        raise RefusedByAxis(operation="sendEdoc", error_code="18", description="không có nơi nhận")
    with roads.taken("A", ExchangeError), roads.taken("A", ExchangeError):
        pass


def test_all_roads_that_failed_leave_lines_to_the_others():
    roads = Roads()
    names = [f"dead {n}" for n in range(TROUBLED + 1)]
    for name in names:
        fail(roads, name)
    with contextlib.ExitStack() as under_way:
        for name in names[:TROUBLED]:
            under_way.enter_context(roads.taken(name, Unreachable))
        with pytest.raises(Later), roads.taken(names[-1], Unreachable):
            pass
        with roads.taken("living", Unreachable):
            pass
    assert TROUBLED < LINES


# -- the clerk --------------------------------------------------------------------------------------


class Refuses:
    """An axis that is away."""

    def __getattr__(self, name: str):
        def call(*_: object) -> None:
            raise Unreachable(operation=name, reason="mất mạng")

        return call


@pytest.fixture(scope="module")
def given_up(story_office: Story) -> UUID:
    """A letter that could not be sent: three attempts, then an incident."""
    story = story_office
    story.run_sql("DELETE FROM job WHERE kind = %s", SEND_JOB)
    document = letter(story, subject="mất mạng cả buổi", to=("SNV",))
    with story.reopened(gateway=lambda *_: Refuses()) as away:  # type: ignore[arg-type,return-value]
        means = replace(away.means, sending=Backoff(3))
        offline = Story(replace(away.office, means=means), story.acting)
        for _ in range(3):
            offline.run_sql("UPDATE job SET run_at = created_at WHERE state = 'ready'")
            offline.work(poll=False)
    return document


def test_the_clerk_sees_what_was_given_up_and_sends_it_again(story_office, given_up):
    story = story_office
    (recipient,) = story.recipients(given_up)
    assert recipient.delivery is Delivery.FAILED
    (packet,) = story.all(Packet, Packet.recipient_id == recipient.id)
    assert packet.state is Carriage.FAILED
    tried = story.all(Attempt, Attempt.of_packet_id == packet.id)
    assert [one.outcome for one in tried] == [
        AttemptOutcome.FAILED, AttemptOutcome.FAILED, AttemptOutcome.GIVEN_UP
    ]  # fmt: skip
    assert {one.error_code for one in tried} == {"axis-unreachable"}
    with story.as_("vanthu.stttt") as tx:
        (one,) = unsent(tx)
        assert (one.document_id, one.to, "mất mạng" in one.why) == (given_up, recipient.name, True)
        assert documents_unsent(tx, "outgoing") == [given_up]
        assert documents_unsent(tx, "incoming") == []
    with story.as_("vanthu.stc") as tx:
        assert unsent(tx) == []
        with pytest.raises(NotFound):
            send_again(tx, one.incident_id)
    with story.as_("chuyenvien.stttt") as tx, pytest.raises(NoRight):
        send_again(tx, one.incident_id)
    with story.as_("vanthu.stttt") as tx:
        send_again(tx, one.incident_id)
    story.work()
    (recipient,) = story.recipients(given_up)
    assert recipient.delivery is Delivery.ARRIVED
    (sent,) = story.all(Packet, Packet.recipient_id == recipient.id)
    assert (sent.id, sent.send_id, sent.sha256) == (packet.id, packet.send_id, packet.sha256)
    with story.as_("vanthu.stttt") as tx:
        assert unsent(tx) == []
