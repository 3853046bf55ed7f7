"""Commands on the real PostgreSQL: the rows they write, what they refuse, what tampering leaves."""

import concurrent.futures
import hashlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import plain_office as office
import pytest
import sqlalchemy as sa
from bpmn_drawing import Drawing, line
from plain_office import DESK

from engine import definition, diagram, history, jobs, normalise, program, runtime, wire
from engine.budget import BUDGET
from engine.database import Database, Transaction, new_id
from engine.definition import Definition
from engine.errors import NotFound, Stale
from engine.failure import BudgetExceeded
from engine.history import Event
from engine.instance import ProcessInstance
from engine.machine import NotWaiting
from engine.runtime import Completed
from engine.subscription import Subscription
from engine.work_item import Candidate, WorkItem

KILLED = Path(__file__).with_name("killed_completion.py")


@pytest.fixture
def agency(database: Database) -> UUID:
    return office.agency(database)


def everything(database: Database, instance_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """All rows of an instance, table by table."""
    items = sa.select(WorkItem.id).where(WorkItem.instance_id == instance_id)
    wanted = {
        ProcessInstance: ProcessInstance.id == instance_id,
        WorkItem: WorkItem.instance_id == instance_id,
        Candidate: Candidate.work_item_id.in_(items),
        Subscription: Subscription.instance_id == instance_id,
        Event: Event.instance_id == instance_id,
    }
    found = {}
    with database.session() as session:
        for entity, where in wanted.items():
            table = entity.__table__
            order = [c for c in table.columns if c.primary_key]
            rows = session.execute(sa.select(table).where(where).order_by(*order))
            found[entity.__tablename__] = [dict(r._mapping) for r in rows]
    return found


def posted(database: Database, kind: str, agency_id: UUID) -> list[dict[str, Any]]:
    table = jobs.Job.__table__
    with database.session() as session:
        rows = session.execute(
            sa.select(table).where(table.c.kind == kind, table.c.agency_id == agency_id)
        )
        return [dict(r._mapping) for r in rows]


def holds(database: Database, instance_id: UUID) -> history.Broken | None:
    with database.session() as session:
        return history.verify(session, session.get_one(ProcessInstance, instance_id))


def item_at(done: Completed, node: str) -> UUID:
    return next(i.id for i in done.opened if i.node_id == node)


# what is written ---------------------------------------------------------------------------------


def test_start_writes_what_waits(database: Database, agency: UUID) -> None:
    definition_id = office.publish(database, agency, office.loop())
    done = office.start(database, agency, who="x")
    rows = everything(database, done.instance.id)
    (instance,) = rows["process_instance"]
    assert (instance["status"], instance["seq"], instance["version"]) == ("running", 1, 1)
    assert (instance["standing"], instance["definition_id"]) == (["a"], definition_id)
    (item,) = rows["work_item"]
    assert (item["node_id"], item["status"], item["verb"]) == ("a", "open", "do")
    assert (item["form"], item["form_sha256"]) == ("f", "0" * 64)
    assert item["variables"] == {"who": "x"}
    assert [c["group_key"] for c in rows["candidate"]] == ["node:a", "role:all"]
    (timer,) = rows["subscription"]
    assert (timer["kind"], timer["node_id"]) == ("timer", "t")
    (event,) = rows["event"]
    assert (event["kind"], event["officer_id"]) == ("start", office.OFFICER)
    assert event["stored"] == instance["stored"]
    body = orjson.loads(event["body"])
    assert [
        (o["item"], o["node"], o["groups"], o["excluded"], datetime.fromisoformat(o["due"]))
        for o in body["opened"]
    ] == [(str(item["id"]), "a", ["role:all", "node:a"], [], item["due_at"])]
    assert body["name"] == "Trần Văn A"


def test_complete_closes_and_opens(database: Database, agency: UUID) -> None:
    office.publish(database, agency, office.loop())
    done = office.start(database, agency)
    first = item_at(done, "a")
    again = office.complete(database, agency, first, again=True)
    rows = everything(database, done.instance.id)
    items = {i["id"]: i for i in rows["work_item"]}
    assert items[first]["status"] == "done"
    assert items[first]["done_by"] == office.OFFICER
    assert items[first]["outcome"] == {"outcome": "ok"}
    assert items[first]["version"] == 2
    second = item_at(again, "a")
    assert {c["work_item_id"] for c in rows["candidate"]} == {second}
    assert len(rows["subscription"]) == 1
    assert [e["kind"] for e in rows["event"]] == ["start", "complete"]
    assert orjson.loads(rows["event"][1]["body"])["passed"] == ["g"]
    end = office.complete(database, agency, second, again=False)
    assert end.is_finished
    rows = everything(database, done.instance.id)
    assert rows["process_instance"][0]["status"] == "completed"
    assert rows["process_instance"][0]["ended_at"] is not None
    assert rows["candidate"] == rows["subscription"] == []
    assert holds(database, done.instance.id) is None


def test_a_completion_is_two_round_trips(
    database: Database, agency: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.publish(database, agency, office.loop())
    first = item_at(office.start(database, agency), "a")
    office.complete(database, agency, item_at(office.start(database, agency), "a"), again=True)
    trips: list[list[str]] = []
    plain = wire._converse

    def converse(connection: Any, parcels: Any) -> Any:
        trips.append([parcel.key[0].split()[0] for parcel in parcels])
        return plain(connection, parcels)

    monkeypatch.setattr(wire, "_converse", converse)
    with database.transaction(office.acting(agency)) as tx:
        item, instance = runtime.find(tx, first)
        runtime.complete(tx, DESK, item, instance, variables={"again": True}, outcome={})
    assert trips == [["BEGIN", "SELECT", "SELECT"], ["WITH", "COMMIT"]]


def test_list_machine_and_message(database: Database, agency: UUID) -> None:
    office.publish(database, agency, office.busy())
    done = office.start(database, agency)
    done = office.complete(database, agency, item_at(done, "first"), xs=["p", "q"])
    rows = everything(database, done.instance.id)
    open_ = [i for i in rows["work_item"] if i["status"] == "open"]
    assert sorted(i["node_id"] for i in open_) == ["m", "m", "seal"]
    assert {i["variables"].get("x") for i in open_} == {"p", "q", None}
    assert {tuple(i["excluded"]) for i in open_} == {(str(office.OFFICER),), ()}
    seal = next(i for i in open_ if i["node_id"] == "seal")
    assert seal["groups"] == ["machine"]
    assert seal["id"] not in {c["work_item_id"] for c in rows["candidate"]}
    (job,) = posted(database, runtime.MACHINE_JOB, agency)
    assert job["payload"] == {"item": str(seal["id"])}
    assert [(s["kind"], s["name"], s["due_at"]) for s in rows["subscription"]] == [
        ("message", "reply", None)
    ]
    with database.transaction(office.acting(agency)) as tx:
        runtime.deliver(tx, DESK, done.instance.id, "message", "reply", {"number": 7})
    assert everything(database, done.instance.id)["subscription"] == []
    (thrown,) = posted(database, "deliver_event", agency)
    assert (thrown["payload"]["kind"], thrown["payload"]["name"]) == ("signal", "alarm")
    with pytest.raises(NotWaiting), database.transaction(office.acting(agency)) as tx:
        runtime.deliver(tx, DESK, done.instance.id, "message", "reply", {})
    for entry in open_:
        last = office.complete(database, agency, entry["id"])
    assert last.is_finished
    assert holds(database, done.instance.id) is None


def due(tx: Transaction, instance_id: UUID) -> tuple[Subscription, ProcessInstance]:
    [identity] = tx.scalars(
        sa.select(Subscription.id).where(Subscription.instance_id == instance_id)
    )
    found = runtime.find_timer(tx, identity)
    assert found is not None
    return found


def test_timer_opens_what_follows(database: Database, agency: UUID) -> None:
    office.publish(database, agency, office.loop())
    done = office.start(database, agency)
    with database.transaction(office.acting(agency)) as tx:
        fired = runtime.fire(tx, DESK, *due(tx, done.instance.id))
    assert fired is not None
    assert [i.node_id for i in fired.opened] == ["late"]
    rows = everything(database, done.instance.id)
    assert rows["subscription"] == []
    assert rows["event"][1]["kind"] == "timer"
    assert {i["status"] for i in rows["work_item"]} == {"open"}


def test_a_timer_and_the_completion_of_its_step_do_not_block_each_other(
    database: Database, agency: UUID
) -> None:
    """The officer holds the instance and deletes the clock that another process is about to ring."""
    office.publish(database, agency, office.loop())
    done = office.start(database, agency)
    with database.session() as session:
        [clock] = session.scalars(
            sa.select(Subscription.id).where(Subscription.instance_id == done.instance.id)
        )
    with concurrent.futures.ThreadPoolExecutor(1) as other:
        with database.transaction(office.acting(agency)) as tx:
            item, instance = runtime.find(tx, done.opened[0].id)

            def ring() -> object:
                with database.transaction(office.acting(agency)) as theirs:
                    return runtime.find_timer(theirs, clock)

            ringing = other.submit(ring)
            while not ringing.done() and not _waits(database):
                time.sleep(0.005)
            runtime.complete(tx, DESK, item, instance, variables={}, outcome={})
        assert ringing.result(20) is None


def _waits(database: Database) -> bool:
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
    with database.engine.connect() as connection:
        return connection.execute(sa.text(waiting)).first() is not None


def test_timer_of_an_ended_procedure_is_dropped(database: Database, agency: UUID) -> None:
    office.publish(database, agency, office.loop())
    done = office.start(database, agency)
    with database.transaction() as tx:
        tx.get(ProcessInstance, done.instance.id).status = "cancelled"
    with database.transaction() as tx:
        assert runtime.fire(tx, DESK, *due(tx, done.instance.id)) is None
    rows = everything(database, done.instance.id)
    assert rows["subscription"] == []
    assert len(rows["event"]) == 1


def test_cancel_withdraws(database: Database, agency: UUID) -> None:
    office.publish(database, agency, office.loop())
    done = office.start(database, agency)
    with database.transaction(office.acting(agency)) as tx:
        instance = tx.get(ProcessInstance, done.instance.id, lock=True)
        runtime.cancel(tx, DESK, instance, {"reason": "gửi nhầm"})
    rows = everything(database, done.instance.id)
    assert rows["process_instance"][0]["status"] == "cancelled"
    assert [i["status"] for i in rows["work_item"]] == ["withdrawn"]
    assert rows["candidate"] == rows["subscription"] == []
    assert orjson.loads(rows["event"][1]["body"])["reason"] == "gửi nhầm"
    assert holds(database, done.instance.id) is None
    with pytest.raises(NotWaiting):
        office.complete(database, agency, item_at(done, "a"))
    with pytest.raises(NotWaiting), database.transaction() as tx:
        runtime.cancel(tx, DESK, tx.get(ProcessInstance, done.instance.id), {"reason": "nữa"})


def test_running_instance_stays_with_its_version(database: Database, agency: UUID) -> None:
    first = office.publish(database, agency, line("a", "b").xml())
    done = office.start(database, agency)
    second = office.publish(database, agency, line("a", "c").xml())
    assert office.start(database, agency).instance.definition_id == second
    on = office.complete(database, agency, item_at(done, "a"))
    assert on.instance.definition_id == first
    assert [i.node_id for i in on.opened] == ["b"]
    with database.session() as session:
        versions = session.execute(
            sa.select(Definition.number, Definition.is_current)
            .where(Definition.agency_id == agency)
            .order_by(Definition.number)
        )
        assert [tuple(v) for v in versions] == [(1, False), (2, True)]


def test_diagram_with_errors_is_not_published(database: Database, agency: UUID) -> None:
    with pytest.raises(definition.NotPublishable) as refused:
        office.publish(database, agency, line("u").xml().replace(b'id="e"', b'id="cv.e"'))
    assert refused.value.findings
    with pytest.raises(NotFound):
        office.start(database, agency)


# what is refused ---------------------------------------------------------------------------------


def test_completing_twice_changes_nothing(database: Database, agency: UUID) -> None:
    office.publish(database, agency, office.loop())
    done = office.start(database, agency)
    item = item_at(done, "a")
    office.complete(database, agency, item, again=True)
    before = everything(database, done.instance.id)
    with pytest.raises(NotWaiting) as refused:
        office.complete(database, agency, item, again=False)
    assert refused.value.status == 409
    assert everything(database, done.instance.id) == before


def test_unknown_item(database: Database, agency: UUID) -> None:
    with pytest.raises(NotFound):
        office.complete(database, agency, new_id())


def test_fifty_threads_one_winner(database_url: str, agency: UUID) -> None:
    database = Database(database_url, pool_size=8)
    try:
        office.publish(database, agency, office.loop())
        done = office.start(database, agency)
        item = item_at(done, "a")

        def attempt(number: int) -> int | None:
            try:
                office.complete(database, agency, item, again=True, winner=number)
            except (NotWaiting, Stale):
                return None
            return number

        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            won = [n for n in pool.map(attempt, range(50)) if n is not None]
        assert len(won) == 1
        rows = everything(database, done.instance.id)
        assert rows["process_instance"][0]["seq"] == 2
        assert orjson.loads(rows["event"][1]["body"])["variables"]["winner"] == won[0]
        assert sorted(i["status"] for i in rows["work_item"]) == ["done", "open"]
        assert holds(database, done.instance.id) is None
    finally:
        database.dispose()


def test_endless_run_writes_nothing(database: Database, agency: UUID) -> None:
    """Its program is built past the linter, which refuses it."""
    drawing = Drawing().start().user("u").script("x", "n = n + 1").xor("g", default="d").end()
    drawing.chain("s", "u", "x", "g").flow("g", "x", "n > 0").flow("g", "e", identity="d")
    normalised, _ = normalise.normalise(diagram.read(drawing.xml()))
    prepared = definition.prepare(line("u").xml())
    built, _ = program.build(normalised)
    with database.transaction(office.acting(agency)) as tx:
        definition.publish(
            tx, replace(prepared, original=drawing.xml(), specs=built),
            agency_id=agency, key="p", name="Thử", forms={}, reason="",
        )  # fmt: skip
    done = office.start(database, agency, n=0)
    before = everything(database, done.instance.id)
    with pytest.raises(BudgetExceeded) as refused:
        office.complete(database, agency, item_at(done, "u"))
    assert str(BUDGET.steps) in refused.value.text("vi")
    assert everything(database, done.instance.id) == before


def test_program_is_built_once(database: Database, agency: UUID) -> None:
    one = office.publish(database, agency, line("u").xml(), key="one")
    two = office.publish(database, agency, line("u").xml(), key="two")
    with database.transaction() as tx:
        assert definition.program_of(tx, one) is definition.program_of(tx, one)
        assert definition.program_of(tx, one) is not definition.program_of(tx, two)
        with pytest.raises(NotFound):
            definition.program_of(tx, new_id())


def test_program_cache_forgets_the_least_used() -> None:
    cache = program.ProgramCache(size=2)
    specs = definition.prepare(line("u").xml()).specs
    kept = cache.put("a", specs)
    cache.put("b", specs)
    assert cache.get("a") is kept
    cache.put("c", specs)
    assert cache.get("a") is kept
    assert cache.get("b") is None


# history -----------------------------------------------------------------------------------------


@pytest.fixture
def told(database: Database, agency: UUID) -> UUID:
    """An instance with five events."""
    office.publish(database, agency, office.loop())
    done = office.start(database, agency)
    identity = done.instance.id
    for _ in range(4):
        done = office.complete(database, agency, item_at(done, "a"), again=True)
    return identity


def forge(body: bytes, **changed: Any) -> bytes:
    return orjson.dumps({**orjson.loads(body), **changed}, option=orjson.OPT_SORT_KEYS)


def change_body(tx: Any, one: UUID) -> None:
    tx.execute(
        "UPDATE event SET body = replace(encode(body, 'escape'), 'Tr', 'Ph')::bytea WHERE instance_id = %s AND seq = 3",
        (one,),
    )


def change_body_and_hash(tx: Any, one: UUID) -> None:
    body, previous = tx.execute(
        "SELECT body, previous FROM event WHERE instance_id = %s AND seq = 3", (one,)
    ).fetchone()
    body = forge(body, name="Người khác")
    tx.execute(
        "UPDATE event SET body = %s, hash = %s WHERE instance_id = %s AND seq = 3",
        (body, history.chain(previous, body), one),
    )


def remove(tx: Any, one: UUID) -> None:
    tx.execute("DELETE FROM event WHERE instance_id = %s AND seq = 3", (one,))


def remove_and_close_up(tx: Any, one: UUID) -> None:
    remove(tx, one)
    tx.execute("UPDATE event SET seq = seq - 1 WHERE instance_id = %s AND seq > 3", (one,))


def swap(tx: Any, one: UUID) -> None:
    tx.execute("UPDATE event SET seq = 100 WHERE instance_id = %s AND seq = 3", (one,))
    tx.execute("UPDATE event SET seq = 3 WHERE instance_id = %s AND seq = 4", (one,))
    tx.execute("UPDATE event SET seq = 4 WHERE instance_id = %s AND seq = 100", (one,))


def add(tx: Any, one: UUID) -> None:
    columns = "agency_id, kind, node_id, officer_id, position_id, on_behalf_of, at, body, state, previous, hash"
    tx.execute(
        f"INSERT INTO event (instance_id, seq, {columns}) SELECT instance_id, 6, {columns} FROM event WHERE instance_id = %s AND seq = 5",
        (one,),
    )


def change_state(tx: Any, one: UUID) -> None:
    tx.execute(
        "UPDATE event SET state = state || '\\x20'::bytea WHERE instance_id = %s AND seq = 3",
        (one,),
    )


def cut_tail(tx: Any, one: UUID) -> None:
    tx.execute("DELETE FROM event WHERE instance_id = %s AND seq = 5", (one,))


def cut_tail_and_head(tx: Any, one: UUID) -> None:
    cut_tail(tx, one)
    tx.execute(
        "UPDATE process_instance SET seq = 4, head = (SELECT hash FROM event e WHERE e.instance_id = %s AND e.seq = 4) WHERE id = %s",
        (one, one),
    )


def change_officer_column(tx: Any, one: UUID) -> None:
    tx.execute("UPDATE event SET officer_id = NULL WHERE instance_id = %s AND seq = 3", (one,))


def change_time_column(tx: Any, one: UUID) -> None:
    tx.execute(
        "UPDATE event SET at = at - interval '1 day' WHERE instance_id = %s AND seq = 3", (one,)
    )


def change_present_state(tx: Any, one: UUID) -> None:
    tx.execute("UPDATE process_instance SET state = state || '\\x20'::bytea WHERE id = %s", (one,))


def take_over_another(tx: Any, one: UUID) -> None:
    """The whole history of another instance under this one's name."""
    other = tx.execute(
        "SELECT instance_id FROM event WHERE instance_id <> %s ORDER BY at DESC LIMIT 1", (one,)
    ).fetchone()[0]
    tx.execute("DELETE FROM event WHERE instance_id = %s", (one,))
    tx.execute("UPDATE event SET instance_id = %s WHERE instance_id = %s", (one, other))


TAMPERED = {
    change_body: (3, "mã băm"), change_body_and_hash: (4, "mã băm"), remove: (3, "thiếu"),
    remove_and_close_up: (3, "mã băm"), swap: (3, "mã băm"), add: (6, "mã băm"),
    change_state: (3, "trạng thái"), cut_tail: (5, "cuối chuỗi"),
    cut_tail_and_head: (4, "trạng thái hiện tại"), change_officer_column: (3, "cột"),
    change_time_column: (3, "cột"), change_present_state: (5, "trạng thái hiện tại"),
    take_over_another: (1, "đổi chỗ"),
}  # fmt: skip


@pytest.mark.parametrize("tamper", TAMPERED, ids=lambda f: f.__name__)
def test_tampering_is_named(
    database: Database, administrator: Any, agency: UUID, told: UUID, tamper: Any
) -> None:
    other = office.start(database, agency).instance.id
    assert holds(database, told) is None
    administrator.execute("SET session_replication_role = replica")  # past the append-only trigger
    try:
        tamper(administrator, told)
    finally:
        administrator.execute("RESET session_replication_role")
    found = holds(database, told)
    assert found is not None
    seq, words = TAMPERED[tamper]
    assert (found.seq, words in found.reason) == (seq, True), found
    if tamper is not take_over_another:
        assert holds(database, other) is None


def test_state_of_every_moment_is_kept(database: Database, told: UUID) -> None:
    with database.session() as session:
        events = history.events_of(session, told)
        instance = session.get_one(ProcessInstance, told)
        assert len({hashlib.sha256(e.state).digest() for e in events}) == 5
        assert events[-1].state == instance.state
        assert [e.seq for e in events] == [1, 2, 3, 4, 5]


# killed in the middle ----------------------------------------------------------------------------


@pytest.mark.faults
def test_killed_after_any_statement_it_is_before_or_after(
    database: Database, database_url: str, agency: UUID
) -> None:
    """`kill -9` after each SQL statement of a completion, and once the commit was sent."""
    office.publish(database, agency, office.busy())
    outcomes = []
    for point in range(1, 12):
        done = office.start(database, agency)
        item = item_at(done, "first")
        before = everything(database, done.instance.id)
        child = subprocess.run(
            [sys.executable, str(KILLED), database_url, str(agency), str(item), str(point)],
            env={**os.environ, "PYTHONPATH": str(KILLED.parents[2])}, timeout=60, check=False,
            capture_output=True,
        )  # fmt: skip
        after = everything(database, done.instance.id)
        assert holds(database, done.instance.id) is None
        if after == before:
            outcomes.append("before")
            assert child.returncode == -signal.SIGKILL, child.stderr.decode()
            # Nothing is held: the officer does it again.
            office.complete(database, agency, item, xs=["p"])
        else:
            outcomes.append("after")
            assert [e["kind"] for e in after["event"]] == ["start", "complete"]
            assert sorted(i["status"] for i in after["work_item"]) == ["done", "open", "open"]
            with pytest.raises(NotWaiting):
                office.complete(database, agency, item, xs=["p"])
        if child.returncode == 0:
            break
    assert child.returncode == 0, "the last run was not killed: every point was met"
    # begin, the two reads and the one write leave nothing; the commit is the moment.
    assert outcomes == sorted(outcomes, reverse=True)
    assert outcomes.count("before") >= 4
    assert outcomes.count("after") >= 2
