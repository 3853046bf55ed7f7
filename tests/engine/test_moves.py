"""Acts of people on a run, pure: move ahead and back, never two tokens for one course."""

import pytest
from bpmn_drawing import Drawing, each, event, timer
from token_runs import Run, twice

from engine import moves
from engine.machine import NotWaiting
from engine.moves import LeadsNowhere, NoSuchTarget
from engine.tables import new_id


def moved(run: Run, node: str, target: str, **where: object) -> Run:
    """Move the token of an open step."""
    item = run.item(node, **where)
    return run._take(twice(moves.move, run.program, run.bytes, item, target, run.now))


def fork() -> bytes:
    """o, then a1-a2 beside b1-b2, joined before c, which may go back to o."""
    drawing = Drawing().start().user("o", "a1", "a2", "b1", "b2", "c").both("f", "j")
    drawing.xor("g", default="d").end().chain("s", "o", "f", "a1", "a2", "j")
    drawing.chain("f", "b1", "b2", "j").chain("j", "c", "g").flow("g", "o", "again = true")
    return drawing.flow("g", "e", identity="d").xml()


def guarded() -> bytes:
    """a with a reminder at its edge (late), then b."""
    drawing = Drawing().start().user("a", "b", "late").end().end("e2")
    drawing.boundary("t", "a", timer("Duration", "P1D"), interrupting=False)
    return drawing.chain("s", "a", "b", "e").chain("t", "late", "e2").xml()


def finish(run: Run, limit: int = 40) -> Run:
    """Complete whatever waits, the first each time."""
    for _ in range(limit):
        if run.done:
            return run
        run.complete(next(iter(run.open)))
    raise AssertionError(run.at)


def test_a_step_is_passed_over_and_the_run_goes_on() -> None:
    run = Run(guarded(), x=1)
    assert moved(run, "a", "b").at == ["b"]
    assert run.events == []  # the reminder went with its step
    assert run.data()["x"] == 1
    assert run.do("b").done


def test_what_was_decided_is_kept_on_the_way_back() -> None:
    run = Run(guarded()).do("a", decided="yes")
    assert moved(run, "b", "a").at == ["a"]
    assert run.events == ["t"]  # armed again
    assert run.loaded()[0].data["decided"] == "yes"
    assert run.do("a", "b").done


def test_back_within_a_branch_leaves_the_other_branch_alone() -> None:
    run = Run(fork()).do("o", "a1")
    assert moved(run, "a2", "a1").at == ["a1", "b1"]
    assert run.do("a1", "b1", "b2", "a2").at == ["c"]
    assert finish(run).done


def test_back_before_a_fork_withdraws_the_other_branch() -> None:
    run = Run(fork()).do("o", "a1")
    assert moved(run, "a2", "o").at == ["o"]
    assert run.do("o").at == ["a1", "b1"]
    assert finish(run).done


def test_back_before_a_fork_forgets_who_had_arrived_at_its_join() -> None:
    run = Run(fork()).do("o", "b1", "b2", "a1")
    assert moved(run, "a2", "o").at == ["o"]
    assert run.do("o", "a1", "a2").at == ["b1"]  # the old arrival of b2 counts no more
    assert run.do("b1", "b2").at == ["c"]
    assert finish(run).done


def test_back_within_a_branch_keeps_who_had_arrived_at_its_join() -> None:
    run = Run(fork()).do("o", "b1", "b2", "a1")
    assert moved(run, "a2", "a1").at == ["a1"]
    assert run.do("a1", "a2").at == ["c"]
    assert finish(run).done


def test_ahead_out_of_a_fork_withdraws_the_other_branch() -> None:
    run = Run(fork()).do("o", "a1")
    assert moved(run, "a2", "c").at == ["c"]
    assert finish(run).done


def test_a_second_round_of_the_fork_is_moved_like_the_first() -> None:
    run = Run(fork()).do("o", "a1", "b1", "a2", "b2").do("c", again=True).do("o", "b1")
    assert moved(run, "b2", "b1").at == ["a1", "b1"]
    run.do("b1", "b2", "a1", "a2")
    assert run.at == ["c"]
    assert run.do("c", again=False).done


def test_back_before_a_reminder_that_fired_withdraws_it() -> None:
    drawing = Drawing().start().user("o", "a", "late").end().end("e2")
    drawing.boundary("t", "a", timer("Duration", "P1D"), interrupting=False)
    run = Run(drawing.chain("s", "o", "a", "e").chain("t", "late", "e2").xml()).do("o").fire("t")
    assert run.at == ["a", "late"]
    assert moved(run, "a", "o").at == ["o"]
    assert run.do("o").at == ["a"]
    assert run.events == ["t"]
    assert finish(run).done


def test_ahead_leaves_a_reminder_that_fired() -> None:
    run = Run(guarded()).fire("t")
    assert moved(run, "a", "b").at == ["b", "late"]
    assert finish(run).done


def test_one_of_a_list_takes_the_whole_step_with_it() -> None:
    drawing = Drawing().start().user("o", "c").user("m", inner=each("xs", "x")).end()
    run = Run(drawing.chain("s", "o", "m", "c", "e").xml(), xs=["k", "l", "n"]).do("o")
    run.complete(run.item("m", x="k"))
    assert moved(run, "m", "o", x="l").at == ["o"]
    assert run.do("o").at == ["m", "m", "m"]
    assert moved(run, "m", "c", x="l").at == ["c"]
    assert "x" not in run.loaded()[0].data
    assert run.do("c").done


def inner() -> bytes:
    """o, then a sub-process x-y, then c."""
    drawing = Drawing().start().user("o", "c").end()
    body = Drawing("q").start("is").user("x", "y").end("ie").chain("is", "x", "y", "ie")
    drawing.sub("sub", body)
    return drawing.chain("s", "o", "sub", "c", "e").xml()


def test_within_and_out_of_a_sub_process() -> None:
    run = Run(inner()).do("o", "x")
    assert moved(run, "y", "x").at == ["x"]
    assert moved(run, "x", "o").at == ["o"]
    assert not run.load().subprocesses
    assert moved(run.do("o"), "x", "c").at == ["c"]
    assert run.do("c").done


def test_a_wait_for_a_message_is_moved_too() -> None:
    drawing = Drawing().start().user("a").end()
    drawing.node("intermediateCatchEvent", "w", event("message", messageRef="M"))
    run = Run(drawing.chain("s", "a", "w", "e").xml('<bpmn:message id="M" name="reply"/>'))
    assert moved(run, "a", "w").events == ["w"]
    waiting = next(iter(run.waiting))
    run._take(twice(moves.move, run.program, run.bytes, waiting, "a", run.now))
    assert (run.at, run.events) == (["a"], [])


@pytest.mark.parametrize("target", ["f", "j", "s", "e", "nowhere", "x"])
def test_what_no_token_may_enter_is_refused(target: str) -> None:
    run = Run(fork())
    with pytest.raises(NoSuchTarget):
        moves.move(run.program, run.bytes, run.item("o"), target, run.now)


def test_into_one_branch_of_a_fork_leads_nowhere() -> None:
    run = Run(fork())
    step = moves.move(run.program, run.bytes, run.item("o"), "a1", run.now)
    with pytest.raises(LeadsNowhere) as refused:
        moves.ensure_goes_on(run.program, step.state, "a1", run.now)
    assert refused.value.fields["place"] == "j"
    ahead = moves.move(run.program, run.bytes, run.item("o"), "c", run.now)
    moves.ensure_goes_on(run.program, ahead.state, "c", run.now)


def test_into_a_sub_process_from_outside_is_refused() -> None:
    run = Run(inner())
    with pytest.raises(NoSuchTarget):
        moves.move(run.program, run.bytes, run.item("o"), "x", run.now)


def test_a_token_that_is_gone_is_not_moved() -> None:
    run = Run(fork())
    with pytest.raises(NotWaiting):
        moves.move(run.program, run.bytes, new_id(), "c", run.now)
