"""Runs of a diagram in the pure machine, saved and loaded at every step, and in the stock library.

Between two steps a run keeps nothing but bytes: the state (whose keys it shuffles, for their order
must mean nothing) and the program (restored anew, as in another process). Every command is given
twice, the second time with the seed of the first: it must leave the same bytes.
"""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.specs.event_definitions.item_aware_event import SignalEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import EventBasedGateway
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from engine import definition, machine, normalise, program
from engine import state as states
from engine.chance import Chance
from engine.diagram import main_process, read
from engine.environment import Evaluator

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
UNFINISHED = TaskState.NOT_FINISHED_MASK


def prepared(xml: bytes) -> definition.Prepared:
    """Return the diagram through the pipeline; a finding above information fails the test."""
    found = definition.prepare(xml)
    grave = [f for f in found.findings if f.severity != "info"]
    assert not grave, grave
    return found


def shuffled(state: bytes, seed: int) -> bytes:
    """Return the same JSON with the keys of every object in another order."""
    chance = random.Random(seed)

    def turn(value: Any) -> Any:
        if isinstance(value, dict):
            keys = list(value)
            chance.shuffle(keys)
            return {k: turn(value[k]) for k in keys}
        return [turn(v) for v in value] if isinstance(value, list) else value

    return orjson.dumps(turn(orjson.loads(state)))


def twice(command: Any, *given: Any) -> Any:
    """Give a command, and again with the seed it drew from: what it leaves is the same."""
    done = command(*given)
    first = getattr(done, "step", done)
    with Chance(first.seed):
        again = command(*given)
    second = getattr(again, "step", again)
    assert (second.state, second.passed) == (first.state, first.passed)
    assert second.decisions == first.decisions
    return done


class Run:
    """One instance in our machine."""

    def __init__(self, diagram: bytes, now: datetime = NOW, **variables: Any) -> None:
        self.specs = prepared(diagram).specs
        self.now = now
        self.steps = 0
        self.open: dict[UUID, machine.Open] = {}
        self.waiting: dict[UUID, machine.Waiting] = {}
        self.thrown: list[machine.Thrown] = []
        self.programs = [program.restore(self.specs), program.restore(self.specs)]
        self._take(twice(machine.start, self.program, variables, now))

    @property
    def program(self) -> program.Program:
        """Another program object at every step."""
        return self.programs[self.steps % 2]

    @property
    def bytes(self) -> bytes:
        return shuffled(self.step.state, self.steps)

    @property
    def at(self) -> list[str]:
        """Where officers are awaited."""
        return sorted(o.node.id for o in self.open.values())

    @property
    def events(self) -> list[str]:
        """Which events are awaited."""
        return sorted(w.node_id for w in self.waiting.values())

    @property
    def done(self) -> bool:
        return self.step.completed

    def seen(self) -> list[tuple[str, str]]:
        """The open steps with what they see."""
        return sorted((o.node.id, _json(o.variables)) for o in self.open.values())

    def shown(self) -> list[tuple[str, str]]:
        """What each open step sees, in the order of `open`."""
        return [(o.node.id, _json(o.variables)) for o in self.open.values()]

    def item(self, node: str, **where: Any) -> UUID:
        """The first open item of a node whose variables are these."""
        return next(
            i
            for i, o in self.open.items()
            if o.node.id == node and where.items() <= o.variables.items()
        )

    def complete(self, item: UUID, **variables: Any) -> "Run":
        return self._take(
            twice(machine.complete, self.program, self.bytes, item, variables, self.now)
        )

    def do(self, *nodes: str, **variables: Any) -> "Run":
        """Complete an open step of each node."""
        for node in nodes:
            self.complete(self.item(node), **variables)
        return self

    def fire(self, node: str) -> "Run":
        """Fire the timer of a node at its own moment."""
        waiting = next(w for w in self.waiting.values() if w.node_id == node)
        assert waiting.due_at is not None
        self.now = max(self.now, waiting.due_at)
        return self._take(twice(machine.fire, self.program, self.bytes, waiting.task_id, self.now))

    def deliver(self, kind: str, name: str, **payload: Any) -> "Run":
        return self._take(
            twice(machine.deliver, self.program, self.bytes, kind, name, payload, self.now)
        )

    def data(self) -> dict[str, Any]:
        """What the last step left."""
        return self.load().last_task.data

    def load(self) -> Any:
        one = self.program
        return states.load(self.bytes, one.spec, one.subprocess_specs, Evaluator(self.now))

    def loaded(self) -> list[Any]:
        """The open steps' tasks as they come out of the stored state."""
        wanted = {str(i) for i in self.open}
        return [t for t in self.load().tasks.values() if str(t.id) in wanted]

    def _take(self, step: machine.Step) -> "Run":
        self.step = step
        self.steps += 1
        for gone in step.closed:
            del self.open[gone]
        self.open.update({o.task_id: o for o in step.opened})
        for gone in step.unsubscribed:
            del self.waiting[gone]
        self.waiting.update({w.task_id: w for w in step.subscribed})
        self.thrown += step.thrown
        again, kept = orjson.loads(states.dump(self.load())), orjson.loads(step.state)
        assert again == kept, (again, kept)
        return self


class Stock:
    """The same instance in the library as it is: kept in memory, never saved, never compacted."""

    def __init__(self, diagram: bytes, now: datetime = NOW, **variables: Any) -> None:
        prepared(diagram)
        parser = BpmnParser()
        # As normalised, not as redrawn for what the library does wrong: that is what it is asked.
        normalised = normalise.normalise(read(diagram))[0]
        parser.add_bpmn_xml(normalised)
        process = main_process(normalised).get("id")
        subs = parser.get_subprocess_specs(process, require_call_activity_specs=False)
        self.workflow = BpmnWorkflow(parser.get_spec(process), subs, script_engine=Evaluator(now))
        start = self.workflow.get_next_task(state=TaskState.READY)
        start.data.update(variables)
        self.workflow.do_engine_steps()

    def ready(self) -> list[Any]:
        return self.workflow.get_tasks(state=TaskState.READY, manual=True)

    @property
    def done(self) -> bool:
        return self.workflow.is_completed()

    def seen(self) -> list[tuple[str, str]]:
        return sorted((_node(t), _json(t.data)) for t in self.ready())

    def waiting(self) -> list[Any]:
        return [
            t
            for t in self.workflow.get_tasks(state=TaskState.WAITING)
            if isinstance(t.task_spec, CatchingEvent)
        ]

    @property
    def events(self) -> list[str]:
        """Which events are awaited from outside, each behind a gateway by itself."""
        return sorted(name for t in self.waiting() for name in _awaited(t))

    def deliver(self, kind: str, name: str, **payload: Any) -> None:
        event = SignalEventDefinition if kind == "signal" else MessageEventDefinition
        self.workflow.send_event(BpmnEvent(event(name), payload=payload))
        self.workflow.do_engine_steps()

    def fire(self, node: str) -> None:
        """Have the clock be past the moment of a timer."""
        for task in self.waiting():
            if node in _awaited(task):
                task.internal_data["event_value"] = "2000-01-01T00:00:00+00:00"
        self.workflow.refresh_timers()
        self.workflow.do_engine_steps()

    def complete(self, node: str, shown: str, **variables: Any) -> None:
        task = next(t for t in self.ready() if (_node(t), _json(t.data)) == (node, shown))
        task.data.update(variables)
        task.run()
        self.workflow.do_engine_steps()


def compare(diagram: bytes, choices: list[dict[str, Any]], seed: int, **variables: Any) -> int:
    """Run ours and the stock library by the same random choices; return the number of steps.

    After every step the open steps with all they see, and whether the process ended, are equal.
    """
    chance = random.Random(seed)
    ours, stock = Run(diagram, **variables), Stock(diagram, **variables)
    for count in range(60):
        assert (ours.seen(), ours.done) == (stock.seen(), stock.done)
        if ours.done or not ours.open:
            return count
        node, shown = chance.choice(ours.seen())
        item = next(
            i for i, o in ours.open.items() if (o.node.id, _json(o.variables)) == (node, shown)
        )
        chosen = chance.choice(choices) if choices else {}
        ours.complete(item, **chosen)
        stock.complete(node, shown, **chosen)
    return 60


_OUTSIDE = (MessageEventDefinition, SignalEventDefinition, TimerEventDefinition)


def _awaited(task: Any) -> list[str]:
    definition = task.task_spec.event_definition
    if isinstance(task.task_spec, EventBasedGateway):
        behind = zip(task.task_spec.outputs, definition.event_definitions, strict=True)
        return [_name(spec) for spec, one in behind if isinstance(one, _OUTSIDE)]
    return [_node(task)] if isinstance(definition, _OUTSIDE) else []


def _name(spec: Any) -> str:
    return getattr(spec, "bpmn_id", None) or spec.name


def _node(task: Any) -> str:
    return getattr(task.task_spec, "bpmn_id", None) or task.task_spec.name


def _json(data: dict[str, Any]) -> str:
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS).decode()


def hours(count: float) -> timedelta:
    return timedelta(hours=count)
