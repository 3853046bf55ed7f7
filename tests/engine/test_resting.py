"""Sub-processes that rest while something else moves: unread, yet nothing of them is lost."""

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import plain_office as office
import pytest
import sqlalchemy as sa
from bpmn_drawing import Drawing, each, event, timer
from token_runs import NOW, Run

from engine import history, machine
from engine import state as states
from engine.database import Database
from engine.environment import Evaluator
from engine.instance import ProcessInstance

WIDE = [f"unit{n}" for n in range(6)]


def wide(*steps: str, until: str = "", edge: str = "", inside: Any = None) -> bytes:
    """Each of a list in a sub-process of its own, then c."""
    body = inside or Drawing("q").start("is").user(*steps).end("ie").chain("is", *steps, "ie")
    drawing = Drawing().start().user("c").end().sub("sub", body, each("xs", "x", until=until))
    if edge:
        drawing.boundary("t", "sub", edge).end("te").chain("t", "te")
    return drawing.chain("s", "sub", "c", "e").xml(
        '<bpmn:signal id="S" name="alarm"/><bpmn:message id="M" name="reply"/>'
    )


def awake(run: Run, only: str) -> tuple[int, int]:
    """How many sub-processes are read for a token, and how many rest."""
    one = run.program
    loaded = states.load(run.bytes, one.spec, one.subprocess_specs, Evaluator(NOW), only)
    return len(loaded.subprocesses), len(loaded.resting)


def test_only_the_token_of_the_step_is_made_of_its_row() -> None:
    """Those of the others stay rows until somebody looks at the list as a whole."""
    run = Run(wide("a"), xs=WIDE)
    for gone in (0, 1):
        run.complete(run.item("a", x=WIDE[gone]))
    one, item = run.program, str(run.item("a", x="unit3"))
    loaded = states.load(run.bytes, one.spec, one.subprocess_specs, Evaluator(NOW), item)
    (rows,) = loaded.asleep.values()
    whole = states.load(run.bytes, one.spec, one.subprocess_specs, Evaluator(NOW))
    assert len(loaded.tasks) + len(rows) == len(whole.tasks)
    assert (len(rows), whole.asleep) == (4, {})  # three rest, one ended before the last that did
    (holder,) = loaded.asleep
    assert [t.id for t in loaded.tasks[holder].children] == loaded.tasks[holder]._children
    assert (len(loaded.tasks), loaded.asleep) == (len(whole.tasks), {})
    for task_id, task in loaded.tasks.items():
        assert task.data == whole.tasks[task_id].data


def test_only_the_sub_process_of_the_step_is_read() -> None:
    run = Run(wide("a", "b"), xs=WIDE)
    item = run.item("a", x="unit3")
    assert awake(run, str(item)) == (1, 5)
    run.complete(item, seen=True)
    assert run.at == ["a"] * 5 + ["b"]
    assert [o.variables["x"] for o in run.step.opened] == ["unit3"]
    assert run.step.standing == ["sub", "b", "a"]


def test_what_waits_for_a_message_or_signal_is_always_read() -> None:
    body = Drawing("q").start("is").user("a").end("ie")
    body.node("intermediateCatchEvent", "w", event("signal", signalRef="S"))
    body.chain("is", "a", "w", "ie")
    run = Run(wide(inside=body), xs=WIDE[:3])
    run.complete(run.item("a", x="unit1"))
    item = run.item("a", x="unit0")
    assert awake(run, str(item)) == (2, 1)


def test_a_signal_thrown_by_one_reaches_all_that_wait() -> None:
    body = Drawing("q").start("is").user("a").end("ie").both("f").end("ie2")
    body.node("intermediateThrowEvent", "throw", event("signal", signalRef="S"))
    body.node("intermediateCatchEvent", "w", event("signal", signalRef="S"))
    body.user("z").chain("is", "f", "a", "throw", "ie").chain("f", "w", "z", "ie2")
    run = Run(wide(inside=body), xs=WIDE[:3])
    run.complete(run.item("a", x="unit1"))
    assert run.at == ["a", "a", "z", "z", "z"]


def test_an_end_before_all_are_done_withdraws_those_that_rest() -> None:
    run = Run(wide("a", until="enough = true"), xs=WIDE)
    run.complete(run.item("a", x="unit2"), enough=True)
    assert run.at == ["c"]
    assert len(run.step.closed) == 6
    assert not run.load().resting
    assert run.do("c").done


def test_what_interrupts_the_list_withdraws_those_that_rest_and_their_timers() -> None:
    body = Drawing("q").start("is").user("a").end("ie").end("le")
    body.boundary("late", "a", timer("Duration", "P9D"), interrupting=True).chain("late", "le")
    run = Run(wide(inside=body.chain("is", "a", "ie"), edge=timer("Duration", "P1D")), xs=WIDE[:3])
    assert run.events == ["late", "late", "late", "t"]
    run.fire("t")
    assert (run.at, run.events, run.done) == ([], [], True)
    again = Run(wide(inside=body, edge=timer("Duration", "P1D")), xs=WIDE[:3])
    again.fire("late")
    assert (again.at, again.events) == (["a", "a"], ["late", "late", "t"])


def test_sub_processes_within_sub_processes_are_found_by_their_way_down() -> None:
    deep = Drawing("r").start("rs").user("a", "b").end("re").chain("rs", "a", "b", "re")
    body = Drawing("q").start("is").end("ie").sub("inner", deep).chain("is", "inner", "ie")
    run = Run(wide(inside=body), xs=WIDE[:3])
    item = run.item("a", x="unit2")
    assert awake(run, str(item)) == (2, 4)
    run.complete(item)
    assert run.at == ["a", "a", "b"]
    for _ in range(5):
        run.complete(next(iter(run.open)))
    assert run.at == ["c"]


def test_the_data_of_one_that_rests_is_its_own() -> None:
    """The list's step gathers what each decided; those that rest see what they saw before."""
    run = Run(wide("a", "b"), xs=WIDE[:3], n=0, deep={"list": [1, 2]})
    for n, unit in enumerate(WIDE[:2]):
        run.complete(run.item("a", x=unit), n=n + 1, deep={"list": [n]})
        run.complete(run.item("b", x=unit))
    run.complete(run.item("a", x="unit2"))
    [left] = run.open.values()
    assert (left.variables["n"], left.variables["deep"]) == (0, {"list": [1, 2]})


@pytest.mark.parametrize("seed", range(6))
def test_resting_changes_nothing_of_a_run(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same choices with everything read each time: the same steps, the same data, the end."""
    deep = Drawing("r").start("rs").user("a", "b").end("re").chain("rs", "a", "b", "re")
    body = Drawing("q").start("is").end("ie").user("k").both("f", "j")
    body.sub("inner", deep, each("xs", "y")).chain("is", "f", "inner", "j", "ie")
    body.chain("f", "k", "j")
    diagram = wide(inside=body)
    partly, wholly = Run(diagram, xs=WIDE[:3]), Run(diagram, xs=WIDE[:3])
    chance, load = random.Random(seed), states.load
    for count in range(40):
        assert sorted(partly.shown()) == sorted(wholly.shown())
        assert sorted(partly.step.standing) == sorted(wholly.step.standing)
        if not partly.open:
            break
        node, shown = chance.choice(sorted(partly.shown()))
        given = {f"n{count}": count}
        for run in (partly, wholly):
            if run is wholly:
                monkeypatch.setattr(states, "load", lambda *a: load(*a[:4]))
            item = next(
                i for i, o in run.open.items() if (o.node.id, _json(o.variables)) == (node, shown)
            )
            run.complete(item, **given)
            monkeypatch.setattr(states, "load", load)
    assert partly.done
    assert wholly.done


@pytest.mark.parametrize("until", ["", "n7 != null"])
@pytest.mark.parametrize("seed", range(3))
def test_instances_that_rest_change_nothing_of_a_wide_run(
    seed: int, until: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What each decides changes the list's variables, but nobody else's, however it is stored."""
    diagram = wide("a", "b", until=until, edge=timer("Duration", "P1D"))
    units = [f"unit{n}" for n in range(12)]
    partly, wholly = (
        Run(diagram, xs=units, deep={"n": [0]}),
        Run(diagram, xs=units, deep={"n": [0]}),
    )
    chance, load = random.Random(seed), states.load
    tokens = set()
    for count in range(40):
        assert sorted(partly.shown()) == sorted(wholly.shown())
        if not partly.open:
            break
        node, shown = chance.choice(sorted(partly.shown()))
        given = {f"n{count % 9}": count, "deep": {"n": [count]}, "by": count}
        for run in (partly, wholly):
            if run is wholly:
                monkeypatch.setattr(states, "load", lambda *a: load(*a[:4]))
            else:
                one = run.program
                item = next(iter(run.open))
                read = load(run.bytes, one.spec, one.subprocess_specs, Evaluator(NOW), str(item))
                tokens.add(len(read.tasks))
            item = next(
                i for i, o in run.open.items() if (o.node.id, _json(o.variables)) == (node, shown)
            )
            run.complete(item, **given)
            monkeypatch.setattr(states, "load", load)
        for opened in partly.step.opened:
            if opened.node.id == "b":  # it sees what its own unit decided, and nobody else
                mine = {name for name in opened.variables if name[0] == "n" or name == "by"}
                assert mine == {f"n{count % 9}", "by"}
                assert opened.variables["by"] == count
    assert partly.done
    assert min(tokens) < 11  # and few tokens were made meanwhile


def test_a_sub_process_that_rests_is_never_begun_twice() -> None:
    run = Run(wide("a"), xs=WIDE[:2])
    one, item = run.program, str(run.item("a", x="unit0"))
    loaded = states.load(run.bytes, one.spec, one.subprocess_specs, Evaluator(NOW), item)
    [resting] = loaded.resting
    (holder,) = loaded.asleep
    assert loaded.tasks[holder].children
    task = loaded.tasks[resting]
    with pytest.raises(AssertionError, match="rests"):
        task.task_spec.start_workflow(task)


def test_a_token_that_is_nowhere_reads_all() -> None:
    run = Run(wide("a"), xs=WIDE[:2])
    with pytest.raises(machine.NotWaiting):
        machine.complete(run.program, run.bytes, next(iter(Run(wide("a"), xs=[1]).open)), {}, NOW)


def _json(data: dict[str, Any]) -> str:
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS).decode()


def test_a_large_state_is_packed_in_its_column_and_nowhere_else(database: Database) -> None:
    agency = office.agency(database)
    office.publish(database, agency, wide("a"))
    done = office.start(database, agency, xs=[f"unit{n}" for n in range(120)])
    with database.session() as session:
        instance = session.get_one(ProcessInstance, done.instance.id)
        raw = session.scalar(
            sa.text("SELECT octet_length(base) FROM process_instance WHERE id = :id").bindparams(
                id=instance.id
            )
        )
        assert len(instance.state) > 32_768 > raw
        assert orjson.loads(instance.state)["format"] == states.FORMAT
        assert history.verify(session, instance) is None


_TWO_LISTS = """
import hashlib, sys
from bpmn_drawing import Drawing, each
from token_runs import Run
drawing = Drawing().start().both("f", "j").user("c").end().chain("s", "f")
for name in ("one", "two"):
    body = Drawing(f"q{name}").start(f"s{name}").user(f"a{name}").end(f"e{name}")
    body.chain(f"s{name}", f"a{name}", f"e{name}")
    drawing.sub(name, body, each("xs", "x")).chain("f", name, "j")
run = Run(drawing.chain("j", "c", "e").xml(), xs=[f"unit{n}" for n in range(8)])
loaded = run.load()
print([t.task_spec.name for t in loaded.tasks.values()])
"""


def test_two_lists_are_read_in_the_same_order_in_every_process() -> None:
    """A replay in another process must come to the same bytes: sets of text have no order."""
    here = Path(__file__).parent
    told = {
        subprocess.run(
            [sys.executable, "-c", _TWO_LISTS], check=True, capture_output=True, text=True,
            cwd=here, env={**os.environ, "PYTHONHASHSEED": str(seed),
                           "PYTHONPATH": f"{here.parents[1]}:{here}"},
        ).stdout
        for seed in range(4)
    }  # fmt: skip
    assert len(told) == 1
