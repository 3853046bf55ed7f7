"""What a search tries on the engine: expressions, decision tables, diagrams, states.

Each property takes hypothesis' `data` and fails by raising. The ordinary tests run a short slice of
each; `make fuzz` runs them for as long as it is told.
"""

import random
from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
from bpmn_drawing import HEAD, Drawing
from conformance import BAD, DAY, DEFINED, MESSAGE, ROWS, SIGNAL, Row, decided, handler, rule, table
from exports import export
from foreign_runs import run_prepared
from hypothesis import strategies as st
from SpiffWorkflow.exceptions import SpiffWorkflowException
from token_runs import NOW, Run

from engine import definition, diagram, machine, program
from engine.environment import plain
from engine.errors import OfficeError
from engine.expressions import (
    ExpressionError,
    compile_assignments,
    compile_expression,
    compile_tests,
)

RUNNING = [row for row in ROWS if not row.refused]

WORDS = [
    "a", "b", "xs", "x", "null", "true", "false", "not", "and", "or", "if", "then", "else", "in",
    "between", "some", "every", "satisfies", "for", "return", "lambda", "count", "sum", "date",
    "duration", "now", "string", "contains", "substring", "(", ")", "[", "]", "{", "}", ",", ".",
    "..", ":", "=", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "**", "@", "?", ";",
    '"a"', '"P1D"', '"2026-01-02"', '"', "0", "1", "-5", "1.5", "9" * 40, "1e9", "__class__", "_",
    "os", "import", "\\", "\n", "é", "khẩn", "\x00",
]  # fmt: skip
SOUP = st.lists(st.sampled_from(WORDS), max_size=24).map(" ".join)
LETTERS = st.characters(max_codepoint=0x1EFF)
TEXT = st.one_of(SOUP, st.text(LETTERS, max_size=60))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats(allow_nan=False,
    allow_infinity=False, width=32) | st.text(LETTERS, max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abx"), inner),
    max_leaves=8,
)  # fmt: skip
VARIABLES = st.fixed_dictionaries({}, optional=dict.fromkeys(("a", "b", "x", "xs"), JSON))
#: a value of the language as a variable may keep it
KEPT = (type(None), bool, int, float, str, list, dict)


def expressions(data: Any) -> None:
    """Any text is an expression that gives a plain value, or an `ExpressionError`."""
    text, variables = data.draw(TEXT), data.draw(VARIABLES)
    for compiler in (compile_expression, compile_tests, compile_assignments):
        try:
            compiled = compiler(text)
            if compiled is not None:
                value = compiled.evaluate({**variables, "?": variables.get("a")}, NOW)
                assert isinstance(plain(value), KEPT)
        except ExpressionError as error:
            _told(error)


CELLS = st.one_of(
    st.sampled_from(["-", "", '"khẩn"', "< 3", "[1..5]", 'not("a")', "1", "pages", "null"]), TEXT
)


def decisions(data: Any) -> None:
    """A table of any cells is refused with words, or decides or refuses to."""
    rows = data.draw(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=4))
    hit = data.draw(st.sampled_from(["UNIQUE", "FIRST", "COLLECT", "COLLECT SUM", "ANY", "x"]))
    cells = "".join(rule(*(_printable(c) for c in row)) for row in rows)
    xml = decided(table(cells, hit))
    found = definition.prepare(xml)
    if not found.has_errors:
        urgency = data.draw(st.sampled_from(["khẩn", "a", None, 3]))
        _refuses_only_in_words(lambda: Run(xml, urgency=urgency, pages=data.draw(JSON)))


def _printable(text: str) -> str:
    return "".join(c for c in text if c in "\n\t" or (c.isprintable() and c < "\ud800"))


KINDS = [
    "userTask", "task", "serviceTask", "scriptTask", "exclusiveGateway", "parallelGateway",
    "inclusiveGateway", "eventBasedGateway", "complexGateway", "intermediateCatchEvent",
    "intermediateThrowEvent", "endEvent", "startEvent", "businessRuleTask", "callActivity",
    "receiveTask", "sendTask", "subProcess", "adHocSubProcess", "transaction", "boundaryEvent",
]  # fmt: skip
INNER = [
    "", '<bpmn:messageEventDefinition messageRef="M"/>', '<bpmn:signalEventDefinition signalRef="S"/>',
    "<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>",
    '<bpmn:errorEventDefinition errorRef="E"/>', '<bpmn:escalationEventDefinition escalationRef="X"/>',
    "<bpmn:terminateEventDefinition/>", '<bpmn:linkEventDefinition name="l"/>',
    "<bpmn:conditionalEventDefinition><bpmn:condition>a = 1</bpmn:condition></bpmn:conditionalEventDefinition>",
    "<bpmn:script>a = 1</bpmn:script>", "<bpmn:completionCondition>a = 1</bpmn:completionCondition>",
    '<bpmn:standardLoopCharacteristics loopMaximum="2"/>',
    '<bpmn:multiInstanceLoopCharacteristics congvan:collection="xs" congvan:element="x"/>',
]  # fmt: skip


def diagrams(data: Any) -> None:
    """Any drawing is refused with findings, or runs with saves and loads and refuses in words."""
    xml = f"{HEAD}{DEFINED}{_scope(data, 'p', 2).process()}</bpmn:definitions>".encode()
    _prepare_and_play(data, xml)


def _scope(data: Any, name: str, depth: int) -> Drawing:
    drawing = Drawing(name)
    count = data.draw(st.integers(1, 6))
    names = [f"{name}{i}" for i in range(count)]
    for one in names:
        kind = data.draw(st.sampled_from(KINDS))
        inner = data.draw(st.sampled_from(INNER))
        more: dict[str, Any] = {}
        if kind in {"subProcess", "adHocSubProcess", "transaction"}:
            inner += _scope(data, f"{one}.", depth - 1).inner() if depth else ""
            if kind == "subProcess" and data.draw(st.booleans()):
                more["triggeredByEvent"] = "true"
        if kind == "boundaryEvent":
            more["attachedToRef"] = data.draw(st.sampled_from(names))
            more["cancelActivity"] = data.draw(st.sampled_from(["true", "false"]))
        if kind in {"receiveTask", "sendTask"}:
            more["messageRef"] = "M"
        drawing.node(kind, one, inner, **more)
    for index in range(data.draw(st.integers(0, 8))):
        source, target = data.draw(st.sampled_from(names)), data.draw(st.sampled_from(names))
        when = data.draw(st.sampled_from([None, None, "a = 1", "b > 2"]))
        drawing.flow(source, target, when, identity=f"{name}f{index}")
    return drawing


def sound_diagrams(data: Any) -> None:
    """What is put together well is published, and a run of it is never stuck."""
    drawing = Drawing().start().end()
    enter, leave = _Maker(data, drawing, "p").block(3)
    drawing.flow("s", enter).flow(leave, "e")
    xml = drawing.xml(DEFINED)
    found = definition.prepare(xml)
    assert not found.has_errors, [f for f in found.findings if f.is_error]
    chance = random.Random(data.draw(st.integers(0, 2**32)))
    run = Run(xml, a=1, xs=["p", "q"])
    for _ in range(25):
        if run.done:
            assert (run.open, run.waiting, run.step.standing) == ({}, {}, [])
            return
        acts = sorted([*run.open, *run.waiting])
        assert acts, f"stuck at {run.step.standing}"
        chosen = chance.choice(acts)
        if chosen in run.open:
            run.complete(
                chosen, **chance.choice([{}, {"a": 1}, {"a": 2}, {"go": chance.random() < 0.2}])
            )
        elif run.waiting[chosen].kind == "timer":
            run.fire(run.waiting[chosen].node_id)
        else:
            run.deliver(run.waiting[chosen].kind, run.waiting[chosen].name, b=1)


class _Maker:
    """Puts blocks together, each with one way in and one way out."""

    def __init__(self, data: Any, drawing: Drawing, name: str) -> None:
        self.data, self.drawing, self.name = data, drawing, name
        self.count = 0

    def fresh(self) -> str:
        self.count += 1
        return f"{self.name}{self.count}"

    def block(self, depth: int) -> tuple[str, str]:
        shapes = [self._task, self._caught]
        if depth:
            shapes += [self._row, self._fork, self._choice, self._round, self._sub, self._events]
        return self.data.draw(st.sampled_from(shapes))(depth)

    def _task(self, _depth: int) -> tuple[str, str]:
        one, marks = self.fresh(), self.data.draw(st.sampled_from(["", *INNER[-2:]]))
        self.drawing.user(one, inner=marks)
        if not self.data.draw(st.booleans()):
            return one, one
        edge, late, last = self.fresh(), self.fresh(), self.fresh()
        interrupting = self.data.draw(st.booleans())
        kind = self.data.draw(st.sampled_from([MESSAGE, SIGNAL, DAY, BAD]))
        self.drawing.boundary(edge, one, kind, interrupting=interrupting).user(late)
        self.drawing.chain(edge, late, last)
        if not interrupting:
            self.drawing.end(last)
            return one, one
        self.drawing.xor(last).flow(one, last)
        return one, last

    def _caught(self, _depth: int) -> tuple[str, str]:
        one = self.fresh()
        kind = self.data.draw(st.sampled_from([MESSAGE, SIGNAL, DAY]))
        self.drawing.node("intermediateCatchEvent", one, kind)
        return one, one

    def _row(self, depth: int) -> tuple[str, str]:
        (first, a), (b, last) = self.block(depth - 1), self.block(depth - 1)
        self.drawing.flow(a, b)
        return first, last

    def _fork(self, depth: int) -> tuple[str, str]:
        split, join = self.fresh(), self.fresh()
        self.drawing.both(split, join)
        for _ in range(2):
            enter, leave = self.block(depth - 1)
            self.drawing.flow(split, enter).flow(leave, join)
        return split, join

    def _choice(self, depth: int) -> tuple[str, str]:
        split, join, other = self.fresh(), self.fresh(), self.fresh()
        self.drawing.xor(split, default=other).xor(join)
        enter, leave = self.block(depth - 1)
        self.drawing.flow(split, enter, "a = 1").flow(leave, join)
        enter, leave = self.block(depth - 1)
        self.drawing.flow(split, enter, identity=other).flow(leave, join)
        return split, join

    def _round(self, depth: int) -> tuple[str, str]:
        meet, ask, more, out = (self.fresh() for _ in range(4))
        self.drawing.xor(meet).user(ask).xor(more, default=out)
        enter, leave = self.block(depth - 1)
        after = self.fresh()
        self.drawing.user(after).chain(meet, enter).chain(leave, ask, more)
        self.drawing.flow(more, meet, "go = false").flow(more, after, identity=out)
        return meet, after

    def _sub(self, depth: int) -> tuple[str, str]:
        one = self.fresh()
        inner = Drawing(one).start(f"{one}s").end(f"{one}e")
        maker = _Maker(self.data, inner, f"{one}.")
        enter, leave = maker.block(depth - 1)
        inner.flow(f"{one}s", enter).flow(leave, f"{one}e")
        if self.data.draw(st.booleans()):
            kind = self.data.draw(st.sampled_from([MESSAGE, SIGNAL, DAY, BAD]))
            held = handler(kind, interrupting=self.data.draw(st.booleans()), name=f"{one}h")
            inner.sub(f"{one}h", held, triggeredByEvent="true")
        marks = self.data.draw(st.sampled_from(["", INNER[-1]]))
        self.drawing.sub(one, inner, marks)
        return one, one

    def _events(self, depth: int) -> tuple[str, str]:
        gateway, join = self.fresh(), self.fresh()
        self.drawing.node("eventBasedGateway", gateway).xor(join)
        for kind in (MESSAGE, DAY):
            one = self.fresh()
            self.drawing.node("intermediateCatchEvent", one, kind).flow(gateway, one)
            enter, leave = self.block(depth - 1)
            self.drawing.flow(one, enter).flow(leave, join)
        return gateway, join


def torn_diagrams(data: Any) -> None:
    """A good file with something changed, cut or doubled is refused in words or runs."""
    row: Row = data.draw(st.sampled_from(ROWS))
    xml = row.xml
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(xml)))
        length = data.draw(st.integers(0, 40))
        put = data.draw(
            st.sampled_from([b"", b"<", b'"', b"/>", b"x", b" id='s'", xml[at : at + length] * 2])
            | st.binary(max_size=4)
        )
        xml = xml[:at] + put + xml[at + length :]
    _prepare_and_play(data, xml, row.variables)


def _prepare_and_play(data: Any, xml: bytes, variables: dict[str, Any] | None = None) -> None:
    try:
        found = definition.prepare(xml)
    except diagram.DiagramRefused as refused:
        _told(refused)
        return
    assert all(f.vi and f.en for f in found.findings)
    if found.has_errors:
        return
    chance = random.Random(data.draw(st.integers(0, 2**32)))
    given = variables if variables is not None else {"a": 1, "xs": ["p", "q"]}
    built = program.restore(found.specs)
    _refuses_only_in_words(lambda: _play(built, given, chance))


def _play(built: program.Program, variables: dict[str, Any], chance: random.Random) -> None:
    step = machine.start(built, variables, NOW)
    opened: dict[UUID, Any] = {o.task_id: o for o in step.opened}
    waiting = {w.task_id: w for w in step.subscribed}
    for _ in range(12):
        if step.completed:
            assert not step.standing
            return
        acts = [*opened, *waiting]
        if not acts:
            return
        chosen = chance.choice(sorted(acts))
        if chosen in opened:
            values = chance.choice([{}, {"a": 1}, {"a": 2, "b": 3}])
            step = machine.complete(built, step.state, chosen, values, NOW)
        elif waiting[chosen].kind == "timer":
            step = machine.fire(built, step.state, chosen, NOW)
        else:
            one = waiting[chosen]
            step = machine.deliver(built, step.state, one.kind, one.name, {"b": 1}, NOW)
        for gone in step.closed:
            del opened[gone]
        opened.update({o.task_id: o for o in step.opened})
        for gone in step.unsubscribed:
            del waiting[gone]
        waiting.update({w.task_id: w for w in step.subscribed})


def _refuses_only_in_words(act: Callable[[], object]) -> None:
    try:
        act()
    except OfficeError as refused:
        _told(refused)


def _told(refused: OfficeError) -> None:
    assert refused.text("vi")
    assert refused.text("en")


#: what a state written by another hand may end in; never a hang, never anything executed
STATE_ERRORS = (
    OfficeError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError,
    SpiffWorkflowException, RecursionError,
)  # fmt: skip


def states(data: Any) -> None:
    """A state of which something was rewritten ends in an error or a state that loads."""
    row: Row = data.draw(st.sampled_from(RUNNING))
    run = Run(row.xml, **row.variables)
    state = orjson.loads(run.step.state)
    for _ in range(data.draw(st.integers(1, 3))):
        _rewrite(data, state)
    item = next(iter(run.open), None)
    try:
        if item is not None:
            step = machine.complete(run.program, orjson.dumps(state), item, {"a": 1}, NOW)
        else:
            step = machine.deliver(run.program, orjson.dumps(state), "message", "reply", {}, NOW)
        machine.look(run.program, step.state, NOW)
    except STATE_ERRORS:
        pass


def _rewrite(data: Any, state: Any) -> None:
    place = state
    while isinstance(place, dict | list) and place:
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(list(keys)))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            place[key] = data.draw(JSON | st.sampled_from(["__class__", "End", "Start", 2**40, -1]))
            return
        place = place[key]


def exports(data: Any) -> None:
    """Whatever another tool writes runs to its end, each process of it, or is refused in words."""
    seed = data.draw(st.integers(0, 2**32))
    try:
        found = definition.prepare(export(seed), foreign=True)
        if not found.has_errors:
            run_prepared(found)
    except diagram.DiagramRefused:
        return
    except Exception as fault:
        fault.add_note(f"the file of export({seed})")
        raise


PROPERTIES: dict[str, Callable[[Any], None]] = {
    "expressions": expressions,
    "decisions": decisions,
    "diagrams": diagrams,
    "sound diagrams": sound_diagrams,
    "torn diagrams": torn_diagrams,
    "states": states,
}

#: what takes a second each: the ordinary tests run a few of their own (`test_exports`)
LONG: dict[str, Callable[[Any], None]] = {"exports": exports}
