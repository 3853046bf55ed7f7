"""Acts of people on a run, on the real PostgreSQL: the rows they write and the marks they leave."""

from typing import Any
from uuid import UUID

import plain_office as office
import pytest
import sqlalchemy as sa
from bpmn_drawing import Drawing, timer
from plain_office import DESK

from engine import history, jobs, migration, replay, runtime, steering
from engine.database import Database, Transaction
from engine.definition import Definition
from engine.failure import NoWayOn
from engine.instance import ProcessInstance, Suspended
from engine.machine import NotWaiting
from engine.replay import Verdict
from engine.runtime import MACHINE_JOB, Completed
from engine.steering import MovedOn, NotSuspended
from engine.subscription import Subscription
from engine.work_item import Candidate, WorkItem

WHY = {"reason": "đổi phân công"}


@pytest.fixture
def agency(database: Database) -> UUID:
    return office.agency(database)


def rows(database: Database, entity: Any, *where: Any) -> list[Any]:
    with database.session() as session:
        found = list(session.scalars(sa.select(entity).where(*where)))
        session.expunge_all()
        return found


def items(database: Database, done: Completed, status: str = "open") -> dict[str, WorkItem]:
    found = rows(database, WorkItem, WorkItem.instance_id == done.instance.id)
    return {i.node_id: i for i in found if i.status == status}


def inbox(database: Database, item: UUID) -> set[str]:
    return {c.group_key for c in rows(database, Candidate, Candidate.work_item_id == item)}


def marks(database: Database, done: Completed) -> list[str]:
    """The kinds of the events, in order; their chain holds, and done again they are the same."""
    with database.session() as session:
        instance = session.get_one(ProcessInstance, done.instance.id)
        report = replay.of_instance(session, instance)
        assert report.broken is None
        assert {e.verdict for e in report.events} == {Verdict.AGREES}, report.events
        return [e.kind for e in history.events_of(session, instance.id)]


def told(database: Database, done: Completed) -> dict[str, Any]:
    with database.session() as session:
        return history.facts_of(history.events_of(session, done.instance.id)[-1])


def act(database: Database, agency: UUID, done: Completed, verb: Any) -> Any:
    """Do something to the run in one transaction, its row locked."""
    with database.transaction(office.acting(agency)) as tx:
        return verb(tx, tx.get(ProcessInstance, done.instance.id, lock=True))


def item(tx: Transaction, identity: UUID) -> WorkItem:
    return tx.get(WorkItem, identity, lock=True)


def steps(*names: str, **more: Any) -> bytes:
    drawing = Drawing().start().user(*names, **more).end()
    return drawing.chain("s", *names, "e").xml()


def test_sent_back_leaves_its_mark_and_one_open_step(database: Database, agency: UUID) -> None:
    office.publish(database, agency, steps("a", "b"))
    done = office.start(database, agency)
    office.complete(database, agency, items(database, done)["a"].id)
    token = items(database, done)["b"].id
    act(
        database, agency, done,
        lambda tx, run: steering.move(tx, DESK, run, token, "a", "send_back", WHY),
    )  # fmt: skip
    assert list(items(database, done)) == ["a"]
    assert list(items(database, done, "withdrawn")) == ["b"]
    assert inbox(database, token) == set()
    assert marks(database, done) == ["start", "complete", "send_back"]
    facts = told(database, done)
    assert (facts["reason"], facts["node"], facts["name"]) == (WHY["reason"], "a", "Trần Văn A")
    office.complete(database, agency, items(database, done)["a"].id)
    office.complete(database, agency, items(database, done)["b"].id)
    assert items(database, done) == {}


def test_a_skipped_step_was_not_done(database: Database, agency: UUID) -> None:
    drawing = Drawing().start().user("a", "y", "n").xor("g").end()
    drawing.chain("s", "a", "g").flow("g", "y", "ok = true").flow("g", "n", "ok = false")
    office.publish(database, agency, drawing.flow("y", "e").flow("n", "e").xml())
    done = office.start(database, agency)
    skipped = items(database, done)["a"].id

    def skip(variables: dict[str, Any]) -> Any:
        return lambda tx, run: steering.skip(tx, DESK, item(tx, skipped), run, variables, WHY)

    with pytest.raises(NoWayOn):
        act(database, agency, done, skip({}))
    assert marks(database, done) == ["start"]
    act(database, agency, done, skip({"ok": True}))
    assert list(items(database, done)) == ["y"]
    [row] = rows(database, WorkItem, WorkItem.id == skipped)
    assert (row.status, row.done_by, row.outcome) == ("withdrawn", None, None)
    assert marks(database, done) == ["start", "skip"]


def test_a_held_run_is_in_no_inbox_and_does_not_go_on(database: Database, agency: UUID) -> None:
    drawing = Drawing().start().user("a", "late").end().end("e2")
    drawing.boundary("t", "a", timer("Duration", "P1D"), interrupting=False)
    office.publish(database, agency, drawing.chain("s", "a", "e").chain("t", "late", "e2").xml())
    done = office.start(database, agency)
    open_step = items(database, done)["a"].id
    groups = inbox(database, open_step)
    act(database, agency, done, lambda tx, run: steering.suspend(tx, run, WHY))
    assert inbox(database, open_step) == set()
    with pytest.raises(Suspended):
        office.complete(database, agency, open_step)
    with pytest.raises(Suspended):
        act(database, agency, done, lambda tx, run: steering.suspend(tx, run, WHY))

    def fire(tx: Transaction, run: ProcessInstance) -> Completed | None:
        [waiting] = tx.scalars(sa.select(Subscription).where(Subscription.instance_id == run.id))
        return runtime.fire(tx, DESK, waiting, run)

    assert act(database, agency, done, fire) is None
    assert rows(database, Subscription, Subscription.instance_id == done.instance.id)
    late = act(database, agency, done, lambda tx, run: steering.resume(tx, run, WHY))
    assert late == []  # not due yet by the transaction's clock
    assert inbox(database, open_step) == groups
    with pytest.raises(NotSuspended):
        act(database, agency, done, lambda tx, run: steering.resume(tx, run, WHY))
    assert act(database, agency, done, fire) is not None
    assert sorted(items(database, done)) == ["a", "late"]
    assert marks(database, done) == ["start", "suspend", "resume", "timer"]


def test_what_ran_out_while_held_is_named_at_resumption(database: Database, agency: UUID) -> None:
    drawing = Drawing().start().user("a").end().end("e2")
    drawing.boundary("t", "a", timer("Date", "2020-01-01T08:00"))
    office.publish(database, agency, drawing.chain("s", "a", "e").chain("t", "e2").xml())
    done = office.start(database, agency)
    act(database, agency, done, lambda tx, run: steering.suspend(tx, run, WHY))
    late = act(database, agency, done, lambda tx, run: steering.resume(tx, run, WHY))
    assert [s.node_id for s in late] == ["t"]


def test_a_machine_step_of_a_held_run_is_called_again(database: Database, agency: UUID) -> None:
    drawing = Drawing().start().node("serviceTask", "m", congvan__verb="seal").end()
    office.publish(database, agency, drawing.chain("s", "m", "e").xml())
    done = office.start(database, agency)
    act(database, agency, done, lambda tx, run: steering.suspend(tx, run, WHY))
    act(database, agency, done, lambda tx, run: steering.resume(tx, run, WHY))
    with database.session() as session:
        keys = session.scalars(
            sa.select(jobs.Job.__table__.c.key).where(
                jobs.Job.__table__.c.kind == MACHINE_JOB,
                jobs.Job.__table__.c.agency_id == agency,
            )
        ).all()
    assert len(set(keys)) == 2


def test_a_step_is_given_to_others(database: Database, agency: UUID) -> None:
    office.publish(database, agency, steps("a", congvan__exclude="=officer"))
    done = office.start(database, agency)
    before = items(database, done)["a"]
    act(
        database, agency, done,
        lambda tx, run: steering.reassign(tx, item(tx, before.id), run, ["officer:x"], WHY),
    )  # fmt: skip
    after = items(database, done)["a"]
    assert inbox(database, before.id) == {"officer:x"}
    assert (after.due_at, after.excluded) == (before.due_at, before.excluded)
    facts = told(database, done)
    assert (facts["kind"], facts["from"], facts["groups"]) == (
        "reassign", before.groups, ["officer:x"],
    )  # fmt: skip


# another version ---------------------------------------------------------------------------------


def over(database: Database, agency: UUID, done: Completed, version: UUID, **table: str) -> None:
    act(
        database, agency, done,
        lambda tx, run: steering.migrate(tx, DESK, run, tx.get(Definition, version), table, WHY),
    )  # fmt: skip


def test_carried_over_the_step_keeps_its_deadline_and_gets_its_new_form_and_people(
    database: Database, agency: UUID
) -> None:
    office.publish(database, agency, steps("a", "b"))
    done = office.start(database, agency)
    before = items(database, done)["a"]
    new = steps("a", "z", "b", congvan__form="f", congvan__role="clerk", name="Tiếp nhận")
    version = office.publish(database, agency, new)
    over(database, agency, done, version)
    after = items(database, done)["a"]
    assert (after.id, after.due_at, after.opened_at) == (
        before.id, before.due_at, before.opened_at,
    )  # fmt: skip
    assert (after.form, after.name, after.form_sha256) == ("f", "Tiếp nhận", "0" * 64)
    assert inbox(database, after.id) == {"role:clerk", "node:a"}
    facts = told(database, done)
    assert (facts["kind"], facts["to"]) == ("migrate", str(version))
    assert facts["definition"] == str(version)
    office.complete(database, agency, after.id)
    assert list(items(database, done)) == ["z"]
    assert marks(database, done) == ["start", "migrate", "complete"]


def test_what_does_not_change_is_not_touched(database: Database, agency: UUID) -> None:
    office.publish(database, agency, steps("a", "b"))
    done = office.start(database, agency)
    before = items(database, done)["a"].version
    over(database, agency, done, office.publish(database, agency, steps("a", "b", "c")))
    assert items(database, done)["a"].version == before
    assert told(database, done)["changed"] == []


def test_a_refused_migration_changes_nothing(database: Database, agency: UUID) -> None:
    first = office.publish(database, agency, steps("a", "b"))
    done = office.start(database, agency)
    version = office.publish(database, agency, steps("k"))
    with pytest.raises(migration.NotMigratable):
        over(database, agency, done, version)
    assert marks(database, done) == ["start"]
    over(database, agency, done, version, a="k")
    assert list(items(database, done)) == ["k"]
    [run] = rows(database, ProcessInstance, ProcessInstance.id == done.instance.id)
    assert run.definition_id == version != first


def test_given_back_as_it_stood_while_nothing_has_moved(database: Database, agency: UUID) -> None:
    drawing = Drawing().start().user("a", "late").end().end("e2")
    drawing.boundary("t", "a", timer("Duration", "P1D"), interrupting=False)
    first = office.publish(
        database, agency, drawing.chain("s", "a", "e").chain("t", "late", "e2").xml()
    )
    done = office.start(database, agency)
    before = items(database, done)["a"]
    [waiting] = rows(database, Subscription, Subscription.instance_id == done.instance.id)
    state = done.instance.state
    over(database, agency, done, office.publish(database, agency, steps("k")), a="k")
    assert not rows(database, Subscription, Subscription.instance_id == done.instance.id)
    act(database, agency, done, lambda tx, run: steering.give_back(tx, DESK, run, WHY))
    [again] = rows(database, Subscription, Subscription.instance_id == done.instance.id)
    assert (again.id, again.due_at) == (waiting.id, waiting.due_at)
    after = items(database, done)["a"]
    assert (after.id, after.due_at, after.name) == (before.id, before.due_at, before.name)
    [run] = rows(database, ProcessInstance, ProcessInstance.id == done.instance.id)
    assert (run.definition_id, run.state) == (first, state)
    assert marks(database, done) == ["start", "migrate", "give_back"]
    with pytest.raises(MovedOn):
        act(database, agency, done, lambda tx, run: steering.give_back(tx, DESK, run, WHY))


def test_not_given_back_after_it_moved(database: Database, agency: UUID) -> None:
    office.publish(database, agency, steps("a", "b"))
    done = office.start(database, agency)
    over(database, agency, done, office.publish(database, agency, steps("a", "z", "b")))
    office.complete(database, agency, items(database, done)["a"].id)
    with pytest.raises(MovedOn):
        act(database, agency, done, lambda tx, run: steering.give_back(tx, DESK, run, WHY))


def test_a_cancelled_or_finished_run_is_steered_no_more(database: Database, agency: UUID) -> None:
    version = office.publish(database, agency, steps("a"))
    done = office.start(database, agency)
    token = items(database, done)["a"].id
    act(database, agency, done, lambda tx, run: runtime.cancel(tx, DESK, run, dict(WHY)))
    for verb in (
        lambda tx, run: steering.move(tx, DESK, run, token, "a", "move", WHY),
        lambda tx, run: steering.suspend(tx, run, WHY),
        lambda tx, run: steering.reassign(tx, item(tx, token), run, ["x"], WHY),
        lambda tx, run: steering.migrate(tx, DESK, run, tx.get(Definition, version), {}, WHY),
    ):
        with pytest.raises(NotWaiting):
            act(database, agency, done, verb)
    assert marks(database, done) == ["start", "cancel"]
