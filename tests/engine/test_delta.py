"""A large state kept as what it has other than an earlier one: nothing of it may be lost."""

import random
from typing import Any
from uuid import UUID

import orjson
import plain_office as office
import pytest
import sqlalchemy as sa
from bpmn_drawing import Drawing, each
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import delta, history, replay
from engine.database import Database
from engine.instance import ProcessInstance
from engine.runtime import Completed

#: pieces that meet the places where a state is cut, in every way
STATES = st.lists(st.sampled_from(["\n", ",\n", '"', "a", "ế", "bcd", '","', ""])).map(
    lambda parts: "".join(parts).encode()
)


@given(STATES, STATES)
def test_a_difference_tells_the_whole_state(base: bytes, state: bytes) -> None:
    told = delta.difference(7, base, state)
    assert delta.applied(told, base) == state
    assert (delta.base_of(told), delta.is_difference(told)) == (7, True)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=20))
def test_how_a_run_of_states_is_kept(changed: list[int]) -> None:
    """Whatever changes: each is told by what is kept, and only a large one needs a base."""
    rows = [[f"id-{n:040}", 0] for n in range(800)]
    stored, base = b"", None
    for seq, place in enumerate(changed, start=3):
        for row in rows[place : place * 3]:
            row[1] = seq
        state = b",\n".join(map(orjson.dumps, rows))
        stored, base = delta.kept(seq, stored, base, state)
        assert base is not None
        assert delta.whole(stored, base) == state
        assert len(stored) * 8 <= len(state)
    assert delta.kept(40, stored, base, b"{}") == (b"{}", None)


@pytest.mark.parametrize(
    "forged", [b"[", b"[1,", b"[1,7]", b'[1,{"a":1}]', b"[1,[1]]", b"[1,[0,1,2]]", b"[1,null]"]
)
def test_a_difference_that_was_altered_is_refused(forged: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        delta.applied(forged, b"a\nb")


def test_what_changed_little_is_told_in_little() -> None:
    """A negative control of the size: with another base nothing is saved."""
    rows = [orjson.dumps([f"id-{n}", n]) for n in range(3_000)]
    state = b",\n".join(rows)
    rows[1_500] = b'["id-1500",-1]'
    changed = b",\n".join(rows)
    assert len(delta.difference(1, state, changed)) < 60
    assert len(delta.difference(1, state[:40], changed)) > len(changed) // 2


@pytest.fixture
def agency(database: Database) -> UUID:
    one = office.agency(database)
    body = Drawing("q").start("is").user("a", "b").end("ie").chain("is", "a", "b", "ie")
    drawing = Drawing().start().user("c").end().sub("sub", body, each("xs", "x"))
    office.publish(database, one, drawing.chain("s", "sub", "c", "e").xml())
    return one


@pytest.fixture
def wide(database: Database, agency: UUID) -> Completed:
    """A run of eighty instances, of which a third was drawn and completed once or twice."""
    done = office.start(database, agency, xs=[f"unit{n}" for n in range(80)])
    chance = random.Random(7)
    open_items = [item.id for item in done.opened]
    for count in range(40):
        item = open_items.pop(chance.randrange(len(open_items)))
        came = office.complete(database, agency, item, **{f"seen{count % 3}": count})
        open_items += [one.id for one in came.opened]
    return done


def test_every_moment_of_a_wide_run_is_kept_and_can_be_done_again(
    database: Database, wide: Completed
) -> None:
    with database.session() as session:
        instance = session.get_one(ProcessInstance, wide.instance.id)
        events = history.events_of(session, instance.id)
        kept = [delta.is_difference(event.stored) for event in events]
        assert kept.count(True) > 25 > kept.count(False) > 1  # a base, and after much a new one
        assert all(len(e.stored) * 6 < len(e.state) for e in events if e.base is not None)
        assert events[-1].state == instance.state
        assert history.verify(session, instance) is None
        report = replay.of_instance(session, instance)
        assert report.holds
        assert {event.verdict for event in report.events} == {replay.Verdict.AGREES}


def test_one_event_is_read_with_its_base(database: Database, wide: Completed) -> None:
    with database.session() as session:
        states = {e.seq: e.state for e in history.events_of(session, wide.instance.id)}
    with database.transaction() as tx:
        instance = tx.get(ProcessInstance, wide.instance.id)
        for seq, state in states.items():
            found = history.event_at(tx, instance, seq)
            assert found is not None
            assert found.state == state
        assert history.event_at(tx, instance, 99) is None


TAMPERED = [
    ("event", "instance_id", "state", "seq = 12", 12),  # a difference
    ("event", "instance_id", "state", "seq = 1", 1),  # the base of events
    ("process_instance", "id", "base", "true", 41),  # the base of the run
    ("process_instance", "id", "state", "true", 41),  # the present difference
]


def test_an_altered_difference_or_base_is_named(
    database: Database, administrator: Any, wide: Completed
) -> None:
    one = wide.instance.id
    run = administrator.execute
    run("SET session_replication_role = replica")  # past the append-only trigger
    try:
        for table, key, column, which, seq in TAMPERED:
            where = f"{key} = '{one}' AND {which}"
            (kept,) = run(f"SELECT {column} FROM {table} WHERE {where}").fetchone()
            for altered in (kept[:-9] + b"#" + kept[-8:], b"[3,[0,9]]", b"x\x01no", b"{}"):
                run(f"UPDATE {table} SET {column} = %s WHERE {where}", (altered,))
                found = broken(database, one)
                assert found is not None, (column, altered[:20])
                assert (found.seq, "trạng thái" in found.reason) == (seq, True), found
            run(f"UPDATE {table} SET {column} = %s WHERE {where}", (kept,))
            assert broken(database, one) is None
    finally:
        run("RESET session_replication_role")


def broken(database: Database, one: UUID) -> history.Broken | None:
    with database.session() as session:
        return history.verify(session, session.get_one(ProcessInstance, one))


def test_an_approval_writes_little(database: Database, agency: UUID) -> None:
    done = office.start(database, agency, xs=[f"unit{n}" for n in range(200)])
    office.complete(database, agency, done.opened[3].id)
    with database.session() as session:
        sizes = session.execute(
            sa.text(
                "SELECT octet_length(e.state), octet_length(p.base), octet_length(p.state)"
                " FROM event e JOIN process_instance p ON p.id = e.instance_id"
                " WHERE p.id = :id ORDER BY e.seq"
            ).bindparams(id=done.instance.id)
        ).all()
    (first, base, now), (second, *_) = sizes
    assert (first, second) == (base, now)
    assert base > 20 * now
