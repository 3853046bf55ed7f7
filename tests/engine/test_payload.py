"""What a thrown event carries: never the element of the instance of a list it was thrown in."""

from typing import Any

import pytest
from bpmn_drawing import Drawing, each, event
from conformance import DEFINED
from token_runs import Run

SIGNAL = event("signal", signalRef="S")
MESSAGE = event("message", messageRef="M")


def of_two(throw: str, catch: str, kind: str = "intermediateThrowEvent") -> bytes:
    """Two instances of a list; in each one officer tells, and another waits to be told."""
    inner = Drawing("i").start("is").xor("g", default="wait").user("tell", "told")
    inner.node(kind, "t", throw).end("ie").node("intermediateCatchEvent", "c", catch)
    inner.flow("is", "g").flow("g", "tell", 'part = "a"').flow("g", "c", identity="wait")
    inner.chain("tell", "t", "ie").chain("c", "told", "ie")
    drawing = Drawing().start().sub("i", inner, each("parts", "part")).user("after").end()
    return drawing.chain("s", "i", "after", "e").xml(DEFINED)


@pytest.mark.parametrize("definition", [SIGNAL, MESSAGE], ids=["signal", "message"])
def test_one_instance_tells_another_and_leaves_it_its_element(definition: str) -> None:
    run = Run(of_two(definition, definition), parts=["a", "b"])
    run.do("tell", verdict="good")
    assert run.at == ["told"]
    seen = run.open[run.item("told")].variables
    assert (seen["part"], seen["verdict"]) == ("b", "good")
    assert run.do("told").at == ["after"]
    assert run.do("after").done


def test_what_leaves_the_process_carries_no_element_either() -> None:
    run = Run(of_two(SIGNAL, MESSAGE), parts=["a", "b"])
    run.do("tell", verdict="good")
    (thrown,) = run.thrown
    assert {k: v for k, v in thrown.payload.items() if k != "parts"} == {"verdict": "good"}


def test_the_thrower_keeps_its_element() -> None:
    inner = Drawing("i").start("is").node("intermediateThrowEvent", "t", SIGNAL).user("u").end("ie")
    inner.chain("is", "t", "u", "ie")
    drawing = Drawing().start().sub("i", inner, each("parts", "part")).end().chain("s", "i", "e")
    run = Run(drawing.xml(DEFINED), parts=["a", "b"])
    assert sorted(o.variables["part"] for o in run.open.values()) == ["a", "b"]


def elements(run: Run) -> list[dict[str, Any]]:
    return [o.variables for o in run.open.values()]


def test_of_a_list_within_a_list_both_elements_stay() -> None:
    inner = (
        Drawing("j")
        .start("js")
        .xor("g", default="wait")
        .node("intermediateThrowEvent", "t", SIGNAL)
    )
    inner.node("intermediateCatchEvent", "c", SIGNAL).user("go", "told").end("je")
    inner.flow("js", "g").flow("g", "go", 'x = "p" and part = "a"').flow("g", "c", identity="wait")
    inner.chain("go", "t", "je").chain("c", "told", "je")
    outer = (
        Drawing("i").start("is").sub("j", inner, each("xs", "x")).end("ie").chain("is", "j", "ie")
    )
    drawing = Drawing().start().sub("i", outer, each("parts", "part")).end().chain("s", "i", "e")
    run = Run(drawing.xml(DEFINED), parts=["a", "b"], xs=["p", "q"]).do("go", verdict="good")
    found = sorted((v["part"], v["x"], v["verdict"]) for v in elements(run))
    assert found == [("a", "q", "good"), ("b", "p", "good"), ("b", "q", "good")]


def test_outside_of_lists_all_goes_along() -> None:
    drawing = Drawing().start().user("u").node("intermediateThrowEvent", "t", SIGNAL).end()
    run = Run(drawing.chain("s", "u", "t", "e").xml(DEFINED), part="a").do("u", verdict="good")
    assert run.thrown[0].payload == {"part": "a", "verdict": "good"}
