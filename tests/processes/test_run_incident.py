"""A run the machine cannot get on with becomes an incident: seen, mended, tried again."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson
import plain_office as office
import pytest
import sqlalchemy as sa
from bpmn_drawing import Drawing, each, event, timer

from engine import definition, handlers, history, jobs, machine, replay, runtime, steering
from engine.budget import BUDGET
from engine.database import Database, Transaction
from engine.incident import stopping
from engine.instance import InstanceStatus, ProcessInstance
from engine.jobs import ClaimedJob, Incident
from engine.subscription import Subscription
from engine.work_item import ItemStatus, WorkItem
from processes import telling, timers


@pytest.fixture
def agency(database: Database) -> UUID:
    return office.agency(database)


@pytest.fixture
def worker(database: Database) -> handlers.Handlers:
    found = handlers.Handlers()
    timers.add_handlers(found, SimpleNamespace(desk=office.DESK))  # type: ignore[arg-type]
    return found


def stuck_after(definition_: str, kind: str = "intermediateCatchEvent") -> bytes:
    """A step beside an event, after which no way is open unless `ok` is said."""
    drawing = Drawing().start().both("f").user("a", "y", "n").xor("g").end("e1").end("e2").end("e3")
    drawing.node(kind, "x", definition_).chain("s", "f", "a", "e1").chain("f", "x", "g")
    drawing.flow("g", "y", "ok = true").flow("g", "n", "ok = false")
    return (
        drawing.flow("y", "e2")
        .flow("n", "e3")
        .xml('<bpmn:message id="M" name="reply"/><bpmn:signal id="S" name="alarm"/>')
    )


def run_jobs(database: Database, worker: handlers.Handlers) -> int:
    with database.transaction() as tx:
        claimed = jobs.claim(tx, "w", [timers.TIMER_JOB, "deliver_event"], 20, lease=60)
    for job in claimed:
        handlers.execute(database, worker, job)
    return len(claimed)


def instance(database: Database, identity: UUID) -> SimpleNamespace:
    with database.session() as session:
        one = session.get_one(ProcessInstance, identity)
        return SimpleNamespace(status=one.status, standing=list(one.standing))


def incidents(database: Database, agency: UUID) -> list[str]:
    """What the open incidents of an agency say."""
    with database.session() as session:
        open_ = sa.select(Incident.error).where(
            Incident.agency_id == agency, Incident.closed_at.is_(None)
        )
        return list(session.scalars(open_))


def events(database: Database, identity: UUID) -> list[Any]:
    with database.session() as session:
        return [orjson.loads(e.body) for e in history.events_of(session, identity)]


def post_timer(database: Database, agency: UUID, identity: UUID) -> None:
    with database.transaction(office.acting(agency)) as tx:
        waiting = tx.scalar(sa.select(Subscription).where(Subscription.instance_id == identity))
        assert waiting is not None
        assert waiting.due_at is not None
        payload = {"subscription": str(waiting.id), "due": waiting.due_at.isoformat()}
        jobs.post(tx, timers.TIMER_JOB, payload, agency_id=agency)


def retry(database: Database, agency: UUID) -> None:
    with database.transaction() as tx:
        (found,) = tx.scalars(
            sa.select(Incident).where(Incident.agency_id == agency, Incident.closed_at.is_(None))
        )
        jobs.retry(tx, found)


def stop(database: Database, agency: UUID, worker: handlers.Handlers) -> UUID:
    """Have a timer come due after which no way is open."""
    office.publish(database, agency, stuck_after(timer("Duration", "PT1H")))
    identity = office.start(database, agency).instance.id
    post_timer(database, agency, identity)
    assert run_jobs(database, worker) == 1
    return identity


def test_timer_that_cannot_get_on_is_an_incident_at_once(
    database: Database, agency: UUID, worker: handlers.Handlers
) -> None:
    identity = stop(database, agency, worker)
    run = instance(database, identity)
    assert run.status == InstanceStatus.INCIDENT
    (found,) = incidents(database, agency)
    assert "Tại cổng «g» không có điều kiện nào đúng" in found
    assert "gateway “g”" in found
    assert str(identity) in found
    told = events(database, identity)
    assert [e["kind"] for e in told] == ["start", "incident"]
    assert told[1]["node"] == "x"
    assert told[1]["reason"].startswith("Tại cổng «g»")
    assert told[1]["code"] == "no-way-on"
    said = telling.told(told[1], lambda node: f"bước {node}", {})
    assert said.startswith("hệ thống chưa xử lý tiếp được tại «bước x»: Tại cổng «g»")
    assert told[0]["state"] == told[1]["state"]
    assert run_jobs(database, worker) == 0  # the same would stop it again: not tried by itself


def test_tried_again_it_stops_again_until_the_diagram_is_mended(
    database: Database, agency: UUID, worker: handlers.Handlers
) -> None:
    identity = stop(database, agency, worker)
    retry(database, agency)
    assert run_jobs(database, worker) == 1
    assert len(incidents(database, agency)) == 1
    assert [e["kind"] for e in events(database, identity)] == ["start", "incident"]
    mended = stuck_after(timer("Duration", "PT1H")).replace(b"ok = false", b"ok != true")
    version = office.publish(database, agency, mended)
    with database.transaction(office.acting(agency)) as tx:
        run = runtime.locked(tx, identity)
        assert run is not None
        new = tx.get(definition.Definition, version)
        steering.migrate(tx, office.DESK, run, new, {}, {"reason": "sửa điều kiện"})
    assert instance(database, identity).status == InstanceStatus.INCIDENT
    retry(database, agency)
    assert run_jobs(database, worker) == 1
    assert instance(database, identity).status == InstanceStatus.RUNNING
    assert incidents(database, agency) == []
    assert sorted(instance(database, identity).standing) == ["a", "n"]
    with database.session() as session:
        report = replay.of_instance(session, session.get_one(ProcessInstance, identity))
    assert report.holds


def test_an_incident_keeps_nobody_from_the_other_steps(
    database: Database, agency: UUID, worker: handlers.Handlers
) -> None:
    identity = stop(database, agency, worker)
    with database.session() as session:
        open_ = sa.select(WorkItem.id).where(
            WorkItem.instance_id == identity, WorkItem.status == ItemStatus.OPEN.value
        )
        item = session.scalars(open_).one()
    office.complete(database, agency, item)
    assert instance(database, identity).status == InstanceStatus.INCIDENT
    assert len(incidents(database, agency)) == 1


@pytest.mark.parametrize(
    ("kind", "ref", "name"), [("message", "M", "reply"), ("signal", "S", "alarm")]
)
def test_message_that_cannot_get_on_is_an_incident_of_its_run_alone(
    database: Database, agency: UUID, worker: handlers.Handlers, kind: str, ref: str, name: str
) -> None:
    xml = stuck_after(event(kind, **{f"{kind}Ref": ref}))
    office.publish(database, agency, xml)
    stuck = office.start(database, agency).instance.id
    office.publish(database, agency, xml.replace(b"ok = false", b"ok != true"))
    fine = office.start(database, agency).instance.id if kind == "signal" else None
    payload = {"kind": kind, "name": name, "payload": {"heard": 1}}
    with database.transaction(office.acting(agency)) as tx:
        jobs.post(tx, "deliver_event", payload, agency_id=agency)
    while run_jobs(database, worker):
        pass
    assert instance(database, stuck).status == InstanceStatus.INCIDENT
    assert len(incidents(database, agency)) == 1
    if fine is not None:
        assert sorted(instance(database, fine).standing) == ["a", "n"]


def test_officer_is_told_and_nothing_becomes_an_incident(database: Database, agency: UUID) -> None:
    drawing = Drawing().start().user("a", "y", "n").xor("g").end().chain("s", "a", "g")
    drawing.flow("g", "y", "ok = true").flow("g", "n", "ok = false").flow("y", "e").flow("n", "e")
    office.publish(database, agency, drawing.xml())
    begun = office.start(database, agency)
    with pytest.raises(machine.OfficeError) as told:
        office.complete(database, agency, begun.opened[0].id)
    assert told.value.code == "no-way-on"
    assert instance(database, begun.instance.id).status == InstanceStatus.RUNNING
    assert incidents(database, agency) == []


def test_step_of_the_machine_that_cannot_get_on(database: Database, agency: UUID) -> None:
    found = handlers.Handlers()

    def complete(tx: Transaction, job: ClaimedJob) -> None:
        item, run = runtime.find(tx, UUID(job.payload["item"]))
        with stopping(run.id, item.node_id):
            runtime.complete(tx, office.DESK, item, run, variables={}, outcome={})

    found.in_transaction(runtime.MACHINE_JOB, complete)
    office.publish(database, agency, stuck_after("", "serviceTask"))
    identity = office.start(database, agency).instance.id
    with database.transaction() as tx:
        (job,) = jobs.claim(tx, "w", [runtime.MACHINE_JOB], 5, lease=60)
    handlers.execute(database, found, job)
    assert instance(database, identity).status == InstanceStatus.INCIDENT
    assert "«g»" in incidents(database, agency)[0]
    assert events(database, identity)[-1]["node"] == "x"


def test_a_list_over_the_limit_is_an_incident_until_the_limit_is_raised(
    database: Database, agency: UUID, worker: handlers.Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`CONGVAN_MAX_INSTANCES`; the other limits of a command end the same way."""
    drawing = Drawing().start().user("u").user("m", inner=each("xs", "x")).end().end("e2")
    drawing.boundary("x", "u", timer("Duration", "PT1H"), interrupting=False)
    office.publish(database, agency, drawing.chain("s", "u", "e").chain("x", "m", "e2").xml())
    identity = office.start(database, agency, xs=[1, 2, 3]).instance.id
    monkeypatch.setattr(BUDGET, "instances", 2)
    post_timer(database, agency, identity)
    run_jobs(database, worker)
    assert instance(database, identity).status == InstanceStatus.INCIDENT
    assert "«xs»" in incidents(database, agency)[0]
    assert "2" in incidents(database, agency)[0]
    assert instance(database, identity).standing == ["u"]
    monkeypatch.setattr(BUDGET, "instances", 3)
    retry(database, agency)
    run_jobs(database, worker)
    assert instance(database, identity).status == InstanceStatus.RUNNING
    assert sorted(instance(database, identity).standing) == ["m", "u"]


@pytest.mark.parametrize("limit", ["steps", "seconds"])
def test_a_run_over_its_budget_is_an_incident(
    database: Database, agency: UUID, worker: handlers.Handlers, limit: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    identity = stop(database, agency, worker)
    with monkeypatch.context() as patched:
        if limit == "steps":
            patched.setattr(type(BUDGET), "steps", property(lambda _: 0))
        else:
            patched.setattr(BUDGET, "seconds", -1.0)
        retry(database, agency)
        run_jobs(database, worker)
    assert "quá giới hạn" in incidents(database, agency)[0]
    assert instance(database, identity).status == InstanceStatus.INCIDENT
