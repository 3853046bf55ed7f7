"""Gateways that several rounds of tokens come to: none loses what it began or waits for."""

from itertools import product

import pytest
from bpmn_drawing import Drawing, each, line
from conformance import DEFINED, MESSAGE
from token_runs import Run


def reminded(*, joined: bool) -> bytes:
    """A step whose reminder begins two steps side by side each time it comes."""
    drawing = line("u").boundary("b", "u", MESSAGE, interrupting=False).both("f").user("x", "y")
    if joined:
        drawing.both("j").user("z").end("e2").chain("b", "f", "x", "j", "z", "e2")
        return drawing.chain("f", "y", "j").xml(DEFINED)
    return drawing.end("e2").chain("b", "f", "x", "e2").chain("f", "y", "e2").xml(DEFINED)


def test_a_fork_that_is_come_to_twice_keeps_what_it_began_before() -> None:
    """The library withdrew the branches of the first time."""
    run = Run(reminded(joined=False)).deliver("message", "reply").deliver("message", "reply")
    assert run.at == ["u", "x", "x", "y", "y"]
    assert run.do("x", "y", "u", "y", "x").done


ORDERS = sorted({order for order in product("xy", repeat=4) if order.count("x") == 2})


@pytest.mark.parametrize("order", ORDERS, ids="".join)
def test_a_join_that_is_come_to_twice_fires_twice(order: tuple[str, ...]) -> None:
    """The library took what came first in the first round for the second as well."""
    run = Run(reminded(joined=True)).deliver("message", "reply").deliver("message", "reply")
    came = {"x": 0, "y": 0}
    for node in order:
        run.do(node)
        came[node] += 1
        assert run.at.count("z") == min(came.values())
    assert run.do("z", "u", "z").done


def test_a_join_takes_what_each_branch_brought() -> None:
    run = Run(reminded(joined=True)).deliver("message", "reply").do("y", b=2).do("x", a=1)
    assert {"a": 1, "b": 2}.items() <= run.open[run.item("z")].variables.items()


def test_what_leads_back_to_its_own_step_in_many_sub_processes() -> None:
    """Many of them are stored without what they foresee; a join called off below it stayed told."""
    inner = Drawing("i").start("is").user("w", "mend").end("ie").chain("is", "w", "ie")
    inner.boundary("b", "w", MESSAGE).chain("b", "mend", "w")
    drawing = Drawing().start().sub("i", inner, each("parts", "part")).end().chain("s", "i", "e")
    run = Run(drawing.xml(DEFINED), parts=[f"p{i}" for i in range(10)])
    run.deliver("message", "reply")
    assert run.at == ["mend"] * 10
    assert run.do(*["mend"] * 10).at == ["w"] * 10
    assert run.do(*["w"] * 10).done


def round_and_round() -> bytes:
    """A circle with a step beside it that ends by itself each round; all of it in a sub-process."""
    inner = Drawing("i").start("is").user("a", "note").both("f").xor("g", default="out")
    inner.end("ie").end("ne").chain("is", "a", "f", "note", "ne").flow("f", "g")
    inner.flow("g", "a", "again = true").flow("g", "ie", identity="out")
    return Drawing().start().sub("i", inner).user("after").end().chain("s", "i", "after", "e").xml()


def test_what_ends_beside_a_circle_leaves_nothing_behind_but_what_it_decided() -> None:
    run = Run(round_and_round(), x=0)
    sizes = []
    for number in range(40):
        run.do("a", again=True)
        decided = {3: {"x": 3}, 7: {"y": 7}, 9: {"x": 9, "note": "late"}}.get(number, {})
        run.do("note", **decided)
        sizes.append(len(run.step.state))
    assert max(sizes[20:]) <= 1.1 * max(sizes[10:20])
    run.do("a", again=False).do("note")
    assert run.at == ["after"]
    seen = run.open[run.item("after")].variables
    assert (seen["x"], seen["y"], seen["note"]) == (9, 7, "late")


def test_a_step_beside_a_circle_that_is_late_is_not_forgotten() -> None:
    run = Run(round_and_round(), x=0)
    for _ in range(6):
        run.do("a", again=True)
    assert run.at == ["a"] + ["note"] * 6
    run.do("a", again=False)
    for number in range(7):
        assert run.at == ["note"] * (7 - number)
        run.do("note", x=number)
    assert run.do("after").done
