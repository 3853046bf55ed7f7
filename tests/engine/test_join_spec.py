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
