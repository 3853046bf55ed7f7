"""Where branches come together nobody's decision is lost, whichever came last."""

from itertools import permutations
from typing import Any

import orjson
import pytest
from bpmn_drawing import Drawing
from conformance import DEFINED, MESSAGE, fork, handler, inside
from token_runs import Run, Stock

from engine.branch import kept

BEFORE = {"ok": False, "n": 0, "who": "x"}


def seen(run: Run, node: str = "after") -> dict[str, Any]:
    return run.open[run.item(node)].variables


@pytest.mark.parametrize("kind", ["parallelGateway", "inclusiveGateway"])
@pytest.mark.parametrize("order", ["ab", "ba"])
def test_one_decides_the_other_only_carries_along(kind: str, order: str) -> None:
    run = Run(fork(kind), **BEFORE)
    for step in order:
        run.do(step, **({"ok": True} if step == "a" else {"n": 5}))
    assert seen(run) == {"ok": True, "n": 5, "who": "x"}


def test_the_library_brings_the_old_copy_back() -> None:
    stock = Stock(fork("parallelGateway"), ok=False)
    stock.complete("a", '{"ok":false}', ok=True)
    stock.complete("b", '{"ok":false}')
    assert stock.seen() == [("after", '{"ok":false}')]


@pytest.mark.parametrize(("order", "wins"), [("ab", "b"), ("ba", "a")])
def test_where_both_decide_the_one_that_came_last_counts(order: str, wins: str) -> None:
    run = Run(fork("parallelGateway"), who="x")
    for step in order:
        run.do(step, who=step)
    assert seen(run) == {"who": wins}


def test_a_decision_taken_back_is_one_too() -> None:
    """Null, false and an empty list are values."""
    run = Run(fork("parallelGateway"), ok=True, xs=[1], who="x")
    run.do("a", ok=None, xs=[], who=False).do("b")
    assert seen(run) == {"ok": None, "xs": [], "who": False}


def test_one_is_not_true() -> None:
    run = Run(fork("parallelGateway"), ok=1).do("a", ok=True).do("b")
    assert orjson.dumps(seen(run)) == b'{"ok":true}'


def test_fork_within_a_fork() -> None:
    drawing = Drawing().start().both("f", "g", "h", "j").user("a", "b", "c", "after").end()
    drawing.chain("s", "f", "a", "j", "after", "e").chain("f", "g", "b", "h", "j")
    xml = drawing.chain("g", "c", "h").xml()
    for order in permutations("abc"):
        run = Run(xml, p=0, q=0, r=0)
        for step in order:
            run.do(step, **{{"a": "p", "b": "q", "c": "r"}[step]: 1})
        assert seen(run) == {"p": 1, "q": 1, "r": 1}, order


def test_each_round_of_a_loop_counts_from_its_own_parting() -> None:
    drawing = Drawing().start().xor("m").both("f", "j").user("a", "b", "ask").xor("g", default="d")
    drawing.end().chain("s", "m", "f", "a", "j", "ask", "g").chain("f", "b", "j")
    run = Run(drawing.flow("g", "m", "again = true").flow("g", "e", identity="d").xml(), n=0, k=0)
    for count in range(1, 12):
        first, second = ("a", "b") if count % 2 else ("b", "a")
        run.do(first, n=count).do(second)
        assert seen(run, "ask") == {"n": count, "k": count - 1} | (
            {"again": True} if count > 1 else {}
        )
        run.do("ask", again=True, k=count)


def test_branches_of_a_sub_process_that_end_apart() -> None:
    part = Drawing("i").start("is").both("f").user("a", "b").end("e1").end("e2")
    part.chain("is", "f", "a", "e1").chain("f", "b", "e2")
    drawing = Drawing().start().sub("i", part).user("after").end().chain("s", "i", "after", "e")
    run = Run(drawing.xml(), ok=False).do("a", ok=True).do("b")
    assert seen(run) == {"ok": True}


def test_what_an_event_began_takes_back_nothing() -> None:
    scope = inside("one")
    scope.sub("h", handler(MESSAGE, interrupting=False), triggeredByEvent="true")
    drawing = Drawing().start().sub("i", scope).user("after").end().chain("s", "i", "after", "e")
    run = Run(drawing.xml(DEFINED), ok=False, n=0)
    run.deliver("message", "reply").deliver("message", "reply").do("hu", n=1)
    run.do("one", ok=True).do("hu")
    assert seen(run) == {"ok": True, "n": 1}


def test_saying_what_was_so_before_is_no_change() -> None:
    """A rule that can be told: whoever changed it counts before whoever left it as it was."""
    run = Run(fork("parallelGateway"), outcome="continue")
    run.do("a", outcome="return").do("b", outcome="continue")
    assert seen(run) == {"outcome": "return"}


def test_kept_says_only_what_somebody_carried_along() -> None:
    before = {"a": 1, "b": 1, "c": 1}
    came = [{"a": 2, "b": 2, "c": 1}, {"a": 3, "b": 1, "c": 1, "d": 4}]
    assert kept(before, came) == {"b": 2}
    assert kept(before, came[:1]) == {}
