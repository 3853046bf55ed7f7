"""The token game, pure: state in, state and what changed out (máy chạy quy trình).

No database here and no clock: a command gets the program, the bytes of the state and the moment,
and returns a `Step`. `engine.runtime` turns steps into rows.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn.specs.event_definitions.item_aware_event import SignalEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.multiple import MultipleEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.util.task import TaskState

from engine import state as states
from engine.blackboard import note
from engine.budget import BUDGET
from engine.chance import drawn, seed
from engine.compaction import compact
from engine.condition import look_at_conditions
from engine.decision import Decision, Trace
from engine.diagram import Node
from engine.environment import Evaluator
from engine.errors import OfficeError
from engine.failure import BudgetExceeded, failed
from engine.post import run_steps
from engine.program import Program
from engine.tables import copied
from engine.workflow import LIVE, CycleTimer, FlatWorkflow, Timer

COMPACT_EVERY = 100

#: what reaches a token from outside: an error or an escalation comes from within
_AWAITED = (Timer, MessageEventDefinition, SignalEventDefinition, MultipleEventDefinition)


class NotWaiting(OfficeError):
    """The token does not wait there any more (bước này không còn chờ xử lý)."""

    code = "not-waiting"
    status = 409
    vi = "Việc này đã được xử lý hoặc không còn chờ ở bước này. Chưa có gì thay đổi; tải lại trang."
    en = "This step is no longer waiting: it was completed or the process moved on."


@dataclass(frozen=True, slots=True)
class Open:
    """A step that now waits for somebody, with the variables it sees."""

    task_id: UUID
    node: Node
    variables: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event a token now waits for: a timer with its moment, a message or a signal by name."""

    task_id: UUID
    node_id: str
    kind: str
    name: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Thrown:
    """A message or signal that leaves the process."""

    kind: str
    name: str
    payload: dict[str, Any]


@dataclass(slots=True)
class Step:
    """What one command did."""

    state: bytes
    completed: bool
    opened: list[Open] = field(default_factory=list)
    closed: list[UUID] = field(default_factory=list)
    subscribed: list[Waiting] = field(default_factory=list)
    unsubscribed: list[UUID] = field(default_factory=list)
    thrown: list[Thrown] = field(default_factory=list)
    #: node ids passed through, in order (which way the gateways went)
    passed: list[str] = field(default_factory=list)
    #: how gateways chose among their ways
    decisions: list[Decision] = field(default_factory=list)
    #: node ids where tokens stand now
    standing: list[str] = field(default_factory=list)
    #: what the ids of its tokens were drawn from
    seed: bytes = b""


@drawn
def start(program: Program, variables: dict[str, Any], now: datetime) -> Step:
    """Begin a process with these routing variables and run to its first waiting steps."""
    workflow = FlatWorkflow(program.spec, program.subprocess_specs, script_engine=Evaluator(now))
    given = states.check_variables(variables)
    workflow.task_tree.data.update(given)
    for task in workflow.tasks.values():
        if task._state == TaskState.READY:
            task.data.update(copied(workflow.task_tree.data))
    note(workflow, given)
    return run_on(program, workflow, set(), None)


def _loaded(program: Program, state: bytes, task_id: UUID, now: datetime) -> FlatWorkflow:
    """Load what may change when the token `task_id` moves; a condition may look anywhere."""
    only = None if program.looks_everywhere else str(task_id)
    return states.load(state, program.spec, program.subprocess_specs, Evaluator(now), only)


@drawn
def complete(
    program: Program, state: bytes, task_id: UUID, variables: dict[str, Any], now: datetime
) -> Step:
    """Complete the waiting step `task_id` with what it decides, and run on.

    Raises `NotWaiting` where no token waits there, `BudgetExceeded` for an endless run.
    """
    workflow = _loaded(program, state, task_id, now)
    before = ready_tasks(workflow)
    task = before.get(str(task_id))
    if task is None:
        raise NotWaiting

    def act() -> None:
        given = states.check_variables(variables)
        task.data.update(given)
        states.check_variables(task.data)
        note(task.workflow, given)
        task.run()
        _forget_item(task)

    return run_on(program, workflow, set(before), act)


@drawn
def fire(program: Program, state: bytes, task_id: UUID, now: datetime) -> Step:
    """Fire the timer whose token is `task_id`; raises `NotWaiting` where it is gone."""
    workflow = _loaded(program, state, task_id, now)
    before = ready_tasks(workflow)
    task = event_tasks(workflow).get(str(task_id))
    timer = _timer_of(task) if task is not None else None
    if task is None or timer is None:
        raise NotWaiting

    def act() -> None:
        # What interrupts its step does so once, whatever its repetition says.
        once = bool(getattr(task.task_spec, "cancel_activity", False))
        if isinstance(timer, CycleTimer):
            timer.tick(task, now, last=once)
        else:
            timer.catch(task)
            task.internal_data["event_fired"] = True
            task.task_spec._update(task)

    return run_on(program, workflow, set(before), act)


@drawn
def deliver(
    program: Program, state: bytes, kind: str, name: str, payload: dict[str, Any], now: datetime
) -> Step:
    """Deliver a message or signal by name; raises `NotWaiting` where nobody waits for it."""
    workflow = states.load(state, program.spec, program.subprocess_specs, Evaluator(now))
    before = ready_tasks(workflow)
    definition = SignalEventDefinition(name) if kind == "signal" else MessageEventDefinition(name)

    def act() -> None:
        given = states.check_variables(payload)
        event = BpmnEvent(definition, payload=given)
        note(workflow, given)
        if workflow.event_manager.catch(event, internal=False) == 0:
            raise NotWaiting

    return run_on(program, workflow, set(before), act)


@drawn
def cancel(program: Program, state: bytes, now: datetime) -> Step:
    """End the process where it stands; all tokens are withdrawn."""
    workflow = states.load(state, program.spec, program.subprocess_specs, Evaluator(now))
    before, moments = set(ready_tasks(workflow)), moments_of(workflow)
    workflow.cancel()
    workflow.completed = True
    step = outcome_of(program, workflow, before, moments)
    step.completed = True
    return step


def look(program: Program, state: bytes, now: datetime) -> Step:
    """Return a stored state as a step that has just opened all it waits for; nothing moves."""
    workflow = states.load(state, program.spec, program.subprocess_specs, Evaluator(now))
    step = outcome_of(program, workflow, set(), {})
    step.state = state
    return step


def run_on(
    program: Program,
    workflow: FlatWorkflow,
    before: set[str],
    act: Callable[[], None] | None,
) -> Step:
    """Carry out `act`, run to the next waiting steps and say what changed against `before`."""
    deadline = time.monotonic() + BUDGET.seconds
    trace = Trace(program, workflow.script_engine.environment.asked)
    moments = {} if act is None else moments_of(workflow)
    count = 0

    def will(task: Any) -> None:
        nonlocal count
        count += 1
        trace.will()
        if count > BUDGET.steps or time.monotonic() > deadline:
            node = program.node_of(task)
            what = f"{BUDGET.steps} bước" if count > BUDGET.steps else f"{BUDGET.seconds} s"
            raise BudgetExceeded(what=what, node=node.name if node else task.task_spec.name)

    def did(task: Any) -> None:
        _forget_item(task)
        if count % COMPACT_EVERY == 0:  # the library's own walks are linear in what was run
            compact(workflow)
        trace.did(task)

    try:
        if act is not None:
            act()
        run_steps(workflow, program.inner_messages, will, did)
        while program.has_conditions and look_at_conditions(workflow):
            run_steps(workflow, program.inner_messages, will, did)
    except (SpiffWorkflowException, RecursionError) as error:
        raise failed(program, error) from error
    workflow.is_completed()
    compact(workflow)
    step = outcome_of(program, workflow, before, moments)
    step.passed, step.decisions = trace.passed, trace.decisions
    return step


def outcome_of(
    program: Program, workflow: FlatWorkflow, before: set[str], moments: dict[str, Any]
) -> Step:
    """Say what changed since the ready tasks were `before` and the awaited events `moments`."""
    thrown = [_thrown(event) for event in workflow.get_events()]
    withdrawn = [entry.body for entry in states.drop_withdrawn(workflow)]
    ready, waiting = ready_tasks(workflow), event_tasks(workflow)
    opened = []
    for task_id, task in ready.items():
        node = program.node_of(task)
        if task_id not in before and node is not None:
            opened.append(Open(UUID(task_id), node, dict(task.data)))
    return Step(
        state=states.dump(workflow),
        completed=bool(workflow.completed),
        opened=opened,
        closed=[
            *(UUID(i) for i in before if i not in ready),
            *(UUID(i) for body in withdrawn for i in body.get("ready", ())),
        ],
        subscribed=[
            awaited(task)
            for i, task in waiting.items()
            if i not in moments or moments[i] != _moment(task)
        ],
        unsubscribed=[
            *(UUID(i) for i, m in moments.items() if i not in waiting or m != _moment(waiting[i])),
            *(UUID(i) for body in withdrawn for i in body.get("timers", ())),
        ],
        thrown=[t for t in thrown if t is not None],
        standing=_standing(program, workflow),
        seed=seed(),
    )


def _standing(program: Program, workflow: FlatWorkflow) -> list[str]:
    specs = dict.fromkeys(t.task_spec for t in workflow.everywhere() if t._state & LIVE)
    places = {id(rest.place): rest.place for rest in workflow.resting.values()}
    names = dict.fromkeys(name for place in places.values() for name in place.at)
    found = [program.node_named(spec) for spec in specs]
    found += [program.nodes.get(name) for name in names]
    drawn_at = (node.id for node in found if node is not None and node.kind != "boundaryEvent")
    return list(dict.fromkeys(drawn_at))


def ready_tasks(workflow: FlatWorkflow) -> dict[str, Any]:
    """Return the tasks that wait for somebody, by id."""
    return {
        str(t.id): t
        for t in workflow.everywhere()
        if t._state == TaskState.READY and t.task_spec.manual
    }


def event_tasks(workflow: FlatWorkflow) -> dict[str, Any]:
    """Return the tasks that wait for an event from outside, by id."""
    return {
        str(t.id): t
        for t in workflow.everywhere()
        if t._state == TaskState.WAITING
        and isinstance(t.task_spec, CatchingEvent)
        and isinstance(t.task_spec.event_definition, _AWAITED)
    }


def _moment(task: Any) -> Any:
    """When its timer is due; a repeating one moves."""
    return task.internal_data.get("event_value")


def moments_of(workflow: FlatWorkflow) -> dict[str, Any]:
    """Return the moment each awaited event is due, None for one without a clock."""
    return {i: _moment(task) for i, task in event_tasks(workflow).items()}


def _timer_of(task: Any) -> Timer | None:
    definition = task.task_spec.event_definition
    if isinstance(definition, Timer):
        return definition
    if isinstance(definition, MultipleEventDefinition):
        return next((d for d in definition.event_definitions if isinstance(d, Timer)), None)
    return None


def awaited(task: Any) -> Waiting:
    """Return what an event task waits for."""
    definition = task.task_spec.event_definition
    name = getattr(task.task_spec, "bpmn_id", None) or task.task_spec.name
    timer = _timer_of(task)
    if timer is not None and timer is definition:
        due = datetime.fromisoformat(task.internal_data["event_value"])
        return Waiting(UUID(str(task.id)), name, "timer", definition.name or name, due)
    kind = "signal" if isinstance(definition, SignalEventDefinition) else "message"
    return Waiting(UUID(str(task.id)), name, kind, definition.name or name, None)


def _thrown(event: BpmnEvent) -> Thrown | None:
    definition = event.event_definition
    for kind, one in (("message", MessageEventDefinition), ("signal", SignalEventDefinition)):
        if isinstance(definition, one):
            return Thrown(kind, definition.name, event.payload or {})
    return None


def _forget_item(task: Any) -> None:
    """Drop the element of a finished instance from its loop's data.

    The library merges the instance's data upwards; what follows must not see the last element.
    """
    parent = task.workflow.tasks.get(task._parent)
    if parent is None or not isinstance(parent.task_spec, LoopTask):
        return
    item = getattr(parent.task_spec, "input_item", None)
    if item is not None:
        parent.data.pop(item.bpmn_id, None)
