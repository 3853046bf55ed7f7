"""An executable diagram: its specs, built once per process, and its nodes (quy trình chạy được)."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.serializer.config import DEFAULT_CONFIG
from SpiffWorkflow.bpmn.serializer.default.event_definition import (
    TimerConditionalEventDefinitionConverter,
)
from SpiffWorkflow.bpmn.serializer.default.task_spec import BpmnTaskSpecConverter
from SpiffWorkflow.bpmn.serializer.workflow import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.specs.data_spec import TaskDataReference
from SpiffWorkflow.bpmn.specs.event_definitions.simple import NoneEventDefinition

from engine.ad_hoc import Overview
from engine.blackboard import keep_notes
from engine.boundary import WATCHED, own_boundaries
from engine.condition import own_conditions
from engine.decision_table import RuleTask, RuleTaskConverter
from engine.diagram import DiagramRefused, Model, Node, flow_nodes, kind_of, model_of
from engine.environment import Member, Members
from engine.event_choice import Crossroads
from engine.join_spec import OWN_JOINS
from engine.loop import own_loop
from engine.payload import own_throw
from engine.pools import messages_between
from engine.results import own_results
from engine.workflow import TIMERS, Parser

#: what the normaliser adds around drawn elements
_UNDRAWN = tuple(f"cv.{w}." for w in ["scope", "start", "end", "open", "enter", "meet", "more"])


@dataclass(frozen=True, slots=True)
class Program:
    """What the engine runs: the main spec, its sub-process specs, and what each node asks for."""

    spec: Any
    subprocess_specs: dict[str, Any]
    nodes: dict[str, Node]
    #: whether a condition waits somewhere, so that every step has to look
    has_conditions: bool = False
    #: messages that one pool of the file sends to another
    inner_messages: frozenset[str] = frozenset()

    @property
    def looks_everywhere(self) -> bool:
        """Whether something in it looks at the instance as a whole, whatever moves."""
        return self.has_conditions or bool(getattr(self.spec, "keeps_notes", False))

    def node_of(self, task: Any) -> Node | None:
        """Return the node drawn for a task, or None for the engine's own joins and splits."""
        return self.node_named(task.task_spec)

    def node_named(self, spec: Any) -> Node | None:
        """Return the node drawn for one of the library's specs, or None."""
        return self.nodes.get(getattr(spec, "bpmn_id", None) or spec.name)


@lru_cache(maxsize=1)
def _registry() -> Any:
    config = dict(DEFAULT_CONFIG)
    config.update(dict.fromkeys(TIMERS.values(), TimerConditionalEventDefinitionConverter))
    config[Crossroads] = BpmnTaskSpecConverter
    config[Overview] = BpmnTaskSpecConverter
    config[RuleTask] = RuleTaskConverter
    return BpmnWorkflowSerializer.configure(config)


def build(normalised: Any) -> tuple[bytes, Model]:
    """Return the specs of a normalised diagram as bytes and its model.

    Raises `DiagramRefused` with the parser's words.
    """
    model = model_of(normalised)
    parser = Parser()
    try:
        parser.add_bpmn_xml(normalised)
        spec = parser.get_spec(model.process_id)
        subs = parser.get_subprocess_specs(model.process_id, require_call_activity_specs=False)
    except (ValidationException, RecursionError) as error:
        if isinstance(error.__context__ or error, RecursionError):
            raise DiagramRefused(
                reason_vi="chuỗi bước nối tiếp quá dài. Chia thành các quy trình con.",
                reason_en="the chain of steps is too long. Split it into sub-processes.",
            ) from None
        raise DiagramRefused(reason_vi=str(error), reason_en=str(error)) from None
    except Exception as error:  # noqa: BLE001 - the parser raises anything on odd input
        words = f"{type(error).__name__}: {error}"
        raise DiagramRefused(reason_vi=words, reason_en=words) from None
    specs = {name: sub for name, sub in subs.items() if sub is not None}
    registry = _registry()
    for one in [spec, *specs.values()]:
        _own_timers(one)
        _nothing_lost(normalised, one)
    data = {
        "spec": registry.convert(spec),
        "subs": {name: registry.convert(sub) for name, sub in specs.items()},
        "nodes": {
            name: node.to_json()
            for name, node in model.nodes.items()
            if not name.startswith(_UNDRAWN)  # nobody stands where nothing is drawn
        },
        "messages": sorted(messages_between(normalised)),
    }
    return orjson.dumps(data, default=str), model


def _nothing_lost(normalised: Any, spec: Any) -> None:
    """The parser drops event definitions it does not know at a place: that must never pass."""
    drawn = {
        e.get("id")
        for e in flow_nodes(normalised)
        if any(kind_of(c).endswith("EventDefinition") for c in e)
    }
    for task_spec in spec.task_specs.values():
        definition = getattr(task_spec, "event_definition", None)
        if isinstance(definition, NoneEventDefinition) and task_spec.bpmn_id in drawn:
            raise DiagramRefused(
                reason_vi=f"sự kiện «{task_spec.bpmn_id}» sẽ không có tác dụng ở vị trí này.",
                reason_en=f"the event “{task_spec.bpmn_id}” would do nothing at its place.",
            )


def _own_timers(spec: Any) -> None:
    for task_spec in spec.task_specs.values():
        definition = getattr(task_spec, "event_definition", None)
        if definition is None:
            continue
        task_spec.event_definition = _own_timer(definition)
        inner = getattr(definition, "event_definitions", None)
        if inner:
            definition.event_definitions = [_own_timer(d) for d in inner]


def _own_timer(definition: Any) -> Any:
    ours = TIMERS.get(type(definition))
    if ours is None:
        return definition
    return ours(definition.name, definition.expression)


def restore(data: bytes) -> Program:
    """Return the program of stored specs.

    Always through the registry: only there is a multi-instance told of its children's completion,
    so a spec straight from the parser would never merge instances started by another process.
    """
    stored = orjson.loads(data)
    registry = _registry()
    spec = registry.restore(stored["spec"])
    subs = {name: registry.restore(sub) for name, sub in stored["subs"].items()}
    every = [spec, *subs.values()]
    for one in every:
        _own_parts(one)
        own_boundaries(one)
    conditions = [own_conditions(one) for one in every]
    if any(conditions) or any(map(_looks_around, every)):
        keep_notes(spec)
    nodes = {name: Node.from_json(node) for name, node in stored["nodes"].items()}
    messages = frozenset(stored.get("messages", ()))
    return Program(spec, subs, nodes, any(conditions), messages)


def _looks_around(spec: Any) -> bool:
    """Whether something in a process sees what other branches decided."""
    return spec.name.startswith(WATCHED) or any(
        isinstance(one, Overview) for one in spec.task_specs.values()
    )


def _own_parts(spec: Any) -> None:
    for task_spec in spec.task_specs.values():
        own_loop(task_spec)
        own_results(task_spec)
        own_throw(task_spec)
        if type(task_spec) in OWN_JOINS:
            task_spec.__class__ = OWN_JOINS[type(task_spec)]
        for name, ours in (("data_input", Members), ("input_item", Member)):
            given = getattr(task_spec, name, None)
            if isinstance(given, TaskDataReference):
                setattr(task_spec, name, ours(given.bpmn_id, given.bpmn_name))


class ProgramCache:
    """Programs by definition id: immutable, so one per process is enough; least used goes first."""

    def __init__(self, size: int = 256) -> None:
        self._size = size
        self._programs: OrderedDict[Any, Program] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Any) -> Program | None:
        """Return the program of a definition, or None where it was not loaded yet."""
        with self._lock:
            program = self._programs.get(key)
            if program is not None:
                self._programs.move_to_end(key)
            return program

    def put(self, key: Any, data: bytes) -> Program:
        """Build the program of a definition from its stored specs and keep it."""
        program = restore(data)
        with self._lock:
            self._programs[key] = program
            while len(self._programs) > self._size:
                self._programs.popitem(last=False)
        return program
