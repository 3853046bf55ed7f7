"""Whoever draws a diagram runs none of our machine: one attack for each place that takes an expression.

Each is refused at publish. Then the program is built past the linter, as if a row of the database had
been written by another hand, and run: nothing is executed, and what comes is a clear refusal.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from bpmn_drawing import Drawing, again, each, event, line, timer
from conformance import ad_hoc, at_edge, choice, decided, for_each, rule, table
from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from token_runs import NOW, Run

from engine import definition, diagram, machine, normalise, program, redrawing
from engine import state as states
from engine.environment import Evaluator
from engine.errors import OfficeError
from engine.expressions import ExpressionError

Draw = Callable[[str], bytes]


def script(code: str) -> bytes:
    return (
        Drawing().start().script("x", f"a = {code}").user("u").end().chain("s", "x", "u", "e").xml()
    )


def cardinality(code: str) -> bytes:
    inner = f"<bpmn:loopCardinality>{code}</bpmn:loopCardinality>"
    return for_each(
        f"<bpmn:multiInstanceLoopCharacteristics>{inner}</bpmn:multiInstanceLoopCharacteristics>"
    )


def caught(definition_: str) -> bytes:
    drawing = Drawing().start().node("intermediateCatchEvent", "x", definition_).end()
    return drawing.chain("s", "x", "e").xml()


def called(code: str) -> bytes:
    """What a called process is handed is never an expression; its own scripts are."""
    part = Drawing("part").start("ps").script("px", f"a = {code}").end("pe").chain("ps", "px", "pe")
    drawing = Drawing().start().node("callActivity", "c", calledElement="part").end()
    return drawing.chain("s", "c", "e").xml(after=part.process())


def correlation(code: str) -> bytes:
    xml = (
        '<bpmn:message id="M" name="reply"/><bpmn:correlationProperty id="cp">'
        '<bpmn:correlationPropertyRetrievalExpression messageRef="M">'
        f"<bpmn:messagePath>{code}</bpmn:messagePath>"
        "</bpmn:correlationPropertyRetrievalExpression></bpmn:correlationProperty>"
        '<bpmn:collaboration id="co"><bpmn:correlationKey id="ck" name="ck">'
        "<bpmn:correlationPropertyRef>cp</bpmn:correlationPropertyRef></bpmn:correlationKey>"
        "</bpmn:collaboration>"
    )
    drawing = (
        Drawing().start().node("intermediateThrowEvent", "x", event("message", messageRef="M"))
    )
    return drawing.end().chain("s", "x", "e").xml(xml)


HOOKS: dict[str, Draw] = {
    "script": script,
    "condition of a gateway": lambda code: choice("exclusiveGateway", code),
    "condition of an inclusive gateway": lambda code: choice("inclusiveGateway", code),
    "cardinality": cardinality,
    "completion of a multi-instance": lambda code: for_each(each("xs", "x", until=code)),
    "timer, date": lambda code: caught(timer("Date", f"={code}")),
    "timer, duration": lambda code: caught(timer("Duration", f"={code}")),
    "timer, cycle": lambda code: at_edge(timer("Cycle", f"={code}"), interrupting=False),
    "loop": lambda code: for_each(again(code, before=True)),
    "conditional event": lambda code: caught(
        event("conditional", f"<bpmn:condition>{code}</bpmn:condition>")
    ),
    "correlation": correlation,
    "ad-hoc completion": ad_hoc,
    "DMN input": lambda code: decided(table(rule("-", "-", "1")).replace(">pages<", f">{code}<")),
    "DMN cell": lambda code: decided(table(rule(code, "-", "1"))),
    "DMN output": lambda code: decided(table(rule("-", "-", code))),
    "called process": called,
}

#: `{canary}` is a file that must not come into being
PAYLOADS = (
    "open('{canary}', 'w')",
    "__import__('os').system('touch {canary}')",
    "[c for c in ().__class__.__base__.__subclasses__()]",
    "(lambda: open('{canary}', 'w'))()",
)


def past_the_linter(xml: bytes) -> program.Program:
    normalised, log = normalise.normalise(diagram.read(xml))
    return program.restore(program.build(redrawing.redraw(normalised, log))[0])


def play(built: program.Program) -> None:
    """Run a few steps, whatever opens."""
    step = machine.start(built, {"xs": [1], "urgency": "", "pages": 1, "n": 1, "more": True}, NOW)
    for _ in range(3):
        if not step.opened:
            return
        step = machine.complete(built, step.state, step.opened[0].task_id, {}, NOW)


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("hook", HOOKS)
def test_nothing_is_executed(hook: str, payload: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    xml = HOOKS[hook](payload.format(canary=canary))
    assert definition.prepare(xml).has_errors
    with pytest.raises(OfficeError):
        play(past_the_linter(xml))
    assert not canary.exists()


@pytest.mark.parametrize("hook", ["script", "condition of a gateway", "loop", "cardinality"])
def test_the_same_runs_in_the_stock_library(hook: str, tmp_path: Path) -> None:
    """The attack is a real one: with the library's own engine the file is there."""
    canary = tmp_path / "canary"
    normalised, _ = normalise.normalise(
        diagram.read(HOOKS[hook](PAYLOADS[1].format(canary=canary)))
    )
    parser = BpmnParser()
    parser.add_bpmn_xml(etree.fromstring(etree.tostring(normalised)))
    workflow = BpmnWorkflow(parser.get_spec("p"))
    try:
        workflow.do_engine_steps()
        for task in workflow.get_tasks(manual=True):
            task.run()
            workflow.do_engine_steps()
    except Exception:  # noqa: BLE001 - it was executed first
        pass
    assert canary.exists()


def test_a_script_writes_no_variable_of_ours() -> None:
    for line_ in ("__class__ = 1", "cv.noted = 1", "a.b = 1", "a[0] = 1", "a, b = 1, 2", "del a"):
        with pytest.raises(ExpressionError):
            Evaluator(NOW).environment.execute(line_, {})


# the state loader --------------------------------------------------------------------------------


def loaded(state: dict[str, Any]) -> Any:
    built = Run(line("a", "b").xml()).program
    return states.load(
        orjson.dumps(state), built.spec, {}, Evaluator(datetime(2026, 1, 1, tzinfo=UTC))
    )


@pytest.mark.parametrize(
    "spec",
    ["__class__", "__init__", "os.system", "../../etc/passwd", "a.__class__", "Nobody", ""],
)
def test_state_names_only_steps_of_its_own_diagram(spec: str) -> None:
    state = orjson.loads(Run(line("a", "b").xml()).step.state)
    assert loaded(state)
    state["tasks"][-1][4] = spec
    with pytest.raises(KeyError):
        loaded(state)


def test_values_of_a_state_stay_values() -> None:
    """What looks like an object of some serializer is loaded as the JSON it is."""
    evil = {
        "typename": "os.system",
        "py/object": "os.system",
        "__reduce__": ["os.system", ["true"]],
    }
    run = Run(line("a", "b").xml(), evil=evil)
    assert run.loaded()[0].data == {"evil": evil}


def test_token_that_is_its_own_descendant_does_not_hang() -> None:
    """Its child says otherwise; the library walks down the children for ever."""
    state = orjson.loads(Run(line("a", "b").xml()).step.state)
    state["tasks"][-1][2] = [0]
    with pytest.raises(ValueError, match="below another"):
        loaded(state)


def test_token_that_is_its_own_ancestor_does_not_hang() -> None:
    state = orjson.loads(Run(line("a", "b").xml()).step.state)
    rows, last = state["tasks"], len(state["tasks"]) - 1
    rows[rows[last][1]][2].remove(last)
    rows[last][1], rows[last][2] = last, [last]  # both sides agree
    with pytest.raises(ValueError, match="ancestor"):
        loaded(state)


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{", b"\x80\x04.", b"[" * 100_000])
def test_what_is_no_state_is_refused(data: bytes) -> None:
    built = Run(line("a").xml()).program
    with pytest.raises((ValueError, TypeError, KeyError)):
        states.load(data, built.spec, {}, Evaluator(NOW))
