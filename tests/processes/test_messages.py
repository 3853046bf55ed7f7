"""Messages between procedures: one run gets each, the one of the agency that has waited longest."""

from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import plain_office as office
import pytest
import sqlalchemy as sa
from bpmn_drawing import Drawing, event

from engine import history
from engine.database import Database
from engine.jobs import Job, Post, post_all
from processes import timers
from processes.means import Means

MEANS = cast("Means", SimpleNamespace(desk=office.DESK))


def waiting(kind: str) -> bytes:
    reference = {f"{kind}Ref": "M"}
    drawing = Drawing().start().node("intermediateCatchEvent", "c", event(kind, **reference))
    drawing.user("u").end().chain("s", "c", "u", "e")
    return drawing.xml(f'<bpmn:{kind} id="M" name="word"/>')


def told(database: Database, instance_id: UUID) -> list[str]:
    with database.session() as session:
        return [e.kind for e in history.events_of(session, instance_id)]


def send(database: Database, agency: UUID, kind: str, name: str = "word") -> None:
    payload: dict[str, Any] = {"kind": kind, "name": name, "payload": {"n": 1}}
    with database.transaction(office.acting(agency)) as tx:
        timers.deliver_event(tx, MEANS, payload)
    with database.transaction(
        office.acting(agency)
    ) as tx:  # one job for each that a signal reaches
        for job in tx.scalars(sa.select(Job).where(Job.agency_id == agency, Job.state == "ready")):
            assert job.kind == "deliver_event"
            timers.deliver_event(tx, MEANS, job.payload)
            job.state = "done"


@pytest.mark.parametrize(("kind", "reached"), [("message", 1), ("signal", 3)])
def test_who_gets_it(database: Database, kind: str, reached: int) -> None:
    agencies = [office.agency(database) for _ in range(2)]
    runs: dict[UUID, list[UUID]] = {agency: [] for agency in agencies}
    for agency in agencies:
        office.publish(database, agency, waiting(kind))
    for _ in range(3):
        for agency in agencies:
            runs[agency].append(office.start(database, agency).instance.id)
    ours, others = agencies[1], agencies[0]
    send(database, ours, kind, "another word")
    assert {tuple(told(database, run)) for run in runs[ours]} == {("start",)}
    send(database, ours, kind)
    assert [told(database, run) for run in runs[ours]] == [
        ["start", kind] if place < reached else ["start"] for place in range(3)
    ]
    assert {tuple(told(database, run)) for run in runs[others]} == {("start",)}
    if kind == "message":
        send(database, ours, kind)
        assert told(database, runs[ours][1]) == ["start", kind]


def test_nobody_waiting_is_no_error(database: Database) -> None:
    send(database, office.agency(database), "message")


def test_jobs_posted_at_once_are_posted_once(database: Database) -> None:
    agency = office.agency(database)
    posts = [Post(f"k{n}", {"n": n}, agency) for n in range(3)]
    for chosen in (posts[:2], posts):
        with database.transaction(office.acting(agency)) as tx:
            post_all(tx, "bench", chosen)
    with database.session() as session:
        found = session.scalars(sa.select(Job).where(Job.kind == "bench").order_by(Job.key)).all()
        assert [(j.key, j.payload, j.state, j.agency_id) for j in found] == [
            (f"k{n}", {"n": n}, "ready", agency) for n in range(3)
        ]
        assert all(j.run_at is not None and j.created_at is not None for j in found)
