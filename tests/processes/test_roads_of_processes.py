"""Two processes and a road that failed: one tries, the other waits and knows by the rows."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

import pytest
from story import Story, letter

from engine import jobs
from exchange.errors import Unreachable
from exchange.gateway import Gateway, MessageType
from office.runner import Runner
from processes.delivery.gateway import gateway_of
from processes.outgoing.issue import SEND_JOB
from processes.roads import Roads
from records.transfer import Attempt, AttemptOutcome
from records.vocabulary import Delivery


class Road:
    """The way to the axis: fails, or waits until it is let through."""

    def __init__(self, inner: Gateway) -> None:
        self.inner, self.is_dead = inner, True
        self.begun, self.free = threading.Event(), threading.Event()
        self.calls = 0

    def __getattr__(self, name: str):
        return getattr(self.inner, name)

    def send(self, message_type: MessageType, data: bytes, to: tuple[str, ...] = ()) -> str:
        self.calls += 1
        if self.is_dead:
            raise Unreachable(operation="sendEdoc", reason="mất mạng")
        self.begun.set()
        assert self.free.wait(60)
        return self.inner.send(message_type, data, to)


class Process:
    """A worker process's state: its own roads, its own runner; the database is shared."""

    def __init__(self, story: Story, road: Road, name: str) -> None:
        means = replace(story.means, roads=Roads(), gateway=lambda *_: road)
        office = replace(story.office, means=means)
        self.runner = Runner(office.database, office.handlers(), name=name, lease=600)

    def claim(self, story: Story):
        """Return the job of the next letter, due now."""
        story.run_sql("UPDATE job SET run_at = now() WHERE kind = %s AND state = 'ready'", SEND_JOB)
        return self.runner.claim_waiting(1)


def outcomes(story: Story) -> list[AttemptOutcome]:
    rows = sorted(story.all(Attempt), key=lambda one: (one.started_at, one.id))
    return [one.outcome for one in rows]


@pytest.fixture(scope="module")
def letters(story_office: Story) -> list[UUID]:
    """Three letters to one receiver, issued and not sent."""
    return [letter(story_office, subject=f"đường {n}", to=("STC",)) for n in range(3)]


def test_a_dead_road_is_tried_by_one_process_at_a_time(story_office, letters):
    story = story_office
    story.run_sql("DELETE FROM job WHERE kind <> %s", SEND_JOB)
    road = Road(gateway_of(story.means, story.agency("STTTT"), story.code("STTTT")))
    first, second = Process(story, road, "một"), Process(story, road, "hai")
    [job] = first.claim(story)
    with suppress(Unreachable):
        first.runner.carry_out(job)
    assert outcomes(story) == [AttemptOutcome.FAILED]
    road.is_dead = False
    with ThreadPoolExecutor(1) as pool:
        [held] = first.claim(story)
        trying = pool.submit(first.runner.carry_out, held)
        assert road.begun.wait(60)
        calls = road.calls
        [other] = second.claim(story)  # a process that never failed on this road
        second.runner.carry_out(other)
        assert (road.calls, len(outcomes(story))) == (calls, 2)
        road.free.set()
        trying.result(60)
    assert outcomes(story) == [AttemptOutcome.FAILED, AttemptOutcome.SENT]
    # it answers: nobody waits for anybody any more
    for _ in range(2):
        for job in second.claim(story):
            second.runner.carry_out(job)
    found = [one.delivery for wanted in letters for one in story.recipients(wanted)]
    assert found == [Delivery.SENT] * 3


def test_who_died_in_the_middle_holds_nobody_up_once_its_lease_is_over(story_office, letters):
    """Kept last: what was begun counts while its job is held, and no longer."""
    story = story_office
    again = letter(story, subject="sau khi tiến trình chết", to=("STC",))
    story.run_sql("DELETE FROM job WHERE kind <> %s", SEND_JOB)
    story.run_sql("UPDATE delivery_attempt SET outcome = 'failed' WHERE outcome = 'sent'")
    cut = story.all(Attempt)[0]
    begun = (
        "INSERT INTO delivery_attempt (id, of_packet_id, agency_id, number, address, outcome,"
        " error_code, error, started_at)"
        " VALUES (gen_random_uuid(), %s, %s, 9, %s, 'begun', '', '', now())"
    )
    story.run_sql(begun, cut.of_packet_id, cut.agency_id, cut.address)
    held = (
        "UPDATE job SET state = 'running', attempt = 9, locked_by = 'chết', done_at = NULL,"
        " locked_until = now() + interval '1 hour' WHERE payload ->> 'recipient' ="
        " (SELECT recipient_id::text FROM packet WHERE id = %s)"
    )
    assert story.run_sql(held, cut.of_packet_id) == 1
    road = Road(gateway_of(story.means, story.agency("STTTT"), story.code("STTTT")))
    road.is_dead = False
    road.free.set()
    process = Process(story, road, "ba")
    [job] = process.claim(story)
    process.runner.carry_out(job)
    assert road.calls == 0
    story.run_sql("UPDATE job SET locked_until = now() WHERE locked_by = 'chết'")
    with story.office.database.transaction() as tx:
        jobs.reap(tx, process.runner.handlers.patience)
    # whoever is first: the one that was cut off comes again as well
    for _ in range(2):
        for job in process.claim(story):
            process.runner.carry_out(job)
    assert road.calls >= 1
    assert [one.delivery for one in story.recipients(again)] == [Delivery.SENT]
