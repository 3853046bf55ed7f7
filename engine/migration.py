"""A running procedure carried over to another version of its diagram (chuyển sang bản mới).

Pure: a state of the old program becomes a state of the new one. Every token stays the token it was,
so the item an officer works on, his draft, his deadline and running timers stay; only where it
stands is looked up in the new diagram: by the administrator's table, by id, then by name.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import BoundaryEvent
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.util.task import TaskState

from engine import changes, tokens
from engine import state as states
from engine.blackboard import begin_notes
from engine.body import END, nest
from engine.boundary import WATCHED
from engine.chance import drawn
from engine.compaction import compact
from engine.diagram import Node
from engine.dry_run import waits_for_ever
from engine.environment import Evaluator
from engine.errors import OfficeError
from engine.machine import Step, Waiting, awaited, event_tasks, outcome_of, ready_tasks
from engine.program import Program
from engine.workflow import LIVE

log = logging.getLogger(__name__)

#: what the library adds to a node's name for its own tasks around it
_AROUND = (".BoundaryEventSplit", ".BoundaryEventJoin", " [child]")


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a run cannot go over (lý do không chuyển được): the node where it stands, in words."""

    node: str
    vi: str
    en: str


class NotMigratable(OfficeError):
    """The run stands where the new diagram has no place for it (không chuyển được)."""

    code = "not-migratable"
    status = 409
    vi = "Hồ sơ chưa chuyển được sang bản mới: {reasons_vi}"
    en = "The run cannot go over to the new version: {reasons_en}"

    def __init__(self, obstacles: list[Obstacle]) -> None:
        self.obstacles = obstacles
        super().__init__(
            reasons_vi=" ".join(o.vi for o in obstacles),
            reasons_en=" ".join(o.en for o in obstacles),
        )


def match(old: Iterable[Node], new: Mapping[str, Node], table: Mapping[str, str]) -> dict[str, str]:
    """Return where each node of the old diagram is found in the new one.

    The table says first; then the same id; then the same kind and name where both have one only.
    """
    nodes = list(old)
    ours = Counter((n.kind, n.name) for n in nodes)
    named: dict[tuple[str, str], list[str]] = {}
    for node in new.values():
        named.setdefault((node.kind, node.name), []).append(node.id)
    found = {}
    for node in nodes:
        if node.id in table:
            if table[node.id] in new:
                found[node.id] = table[node.id]
        elif node.id in new:
            found[node.id] = node.id
        else:
            same = named.get((node.kind, node.name), [])
            if len(same) == 1 and ours[node.kind, node.name] == 1:
                found[node.id] = same[0]
    return found


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration did: a step whose items stay open, and which of them stand elsewhere."""

    step: Step
    #: token id → node of the new diagram where it now waits
    items: dict[str, Node]
    #: token id → node of the old diagram where it waited
    before: dict[str, Node]
    #: events that were awaited and no longer are, or otherwise
    stopped: tuple[Waiting, ...] = ()

    def changes(self) -> list[tuple[str, str]]:
        """Return what changes for who waits now, in Vietnamese and English; steps ahead aside."""
        found = []
        for identity, node in self.items.items():
            old = self.before.get(identity)
            if old is not None:
                found += changes.of_step(old, node)
        return found + changes.of_waiting(self.stopped, self.step.subscribed)


@drawn
def migrate(
    old: Program, new: Program, state: bytes, table: Mapping[str, str], now: datetime
) -> Migrated:
    """Return the state of `old` as one of `new`; raises `NotMigratable` with every obstacle."""
    evaluator = Evaluator(now)
    workflow = states.load(state, old.spec, old.subprocess_specs, evaluator)
    before, waited = _stand(old, workflow), _awaited(workflow)
    carried = _Carrier(old, new, match(old.nodes.values(), new.nodes, table))
    carried.scope(workflow, new.spec)
    if carried.obstacles:
        raise NotMigratable(carried.obstacles)
    workflow = states.load(states.dump(workflow), new.spec, new.subprocess_specs, evaluator)
    begin_notes(workflow)
    for scope in [workflow, *workflow.subprocesses.values()]:
        _arm(scope)
    workflow.settle()
    compact(workflow)
    return _migrated(new, workflow, before, waited)


@drawn
def restore(
    program: Program, state: bytes, former: Program, kept: bytes, now: datetime
) -> Migrated:
    """Return what leads from `state` of `program` back to the state `kept` of the former one."""
    evaluator = Evaluator(now)
    workflow = states.load(state, program.spec, program.subprocess_specs, evaluator)
    before, waited = _stand(program, workflow), _awaited(workflow)
    workflow = states.load(kept, former.spec, former.subprocess_specs, evaluator)
    done = _migrated(former, workflow, before, waited)
    done.step.state = kept
    return done


def _migrated(
    program: Program, workflow: Any, before: dict[str, Node], waited: dict[str, Waiting]
) -> Migrated:
    step = outcome_of(program, workflow, set(before), {})
    waits = _awaited(workflow)
    step.subscribed = [w for i, w in waits.items() if waited.get(i) != w]
    stopped = tuple(w for i, w in waited.items() if waits.get(i) != w)
    step.unsubscribed = [w.task_id for w in stopped]
    return Migrated(step, _stand(program, workflow), before, stopped)


def _stand(program: Program, workflow: Any) -> dict[str, Node]:
    found = {i: program.node_of(task) for i, task in ready_tasks(workflow).items()}
    return {i: node for i, node in found.items() if node is not None}


def _awaited(workflow: Any) -> dict[str, Waiting]:
    return {i: awaited(task) for i, task in event_tasks(workflow).items()}


class Route:
    """The way from one version to another by one table, for any number of runs (lộ trình chuyển).

    Runs that stand alike go on alike: whether one would wait for ever is tried out once.
    """

    def __init__(self, old: Program, new: Program, table: Mapping[str, str]) -> None:
        self.old, self.new, self.table = old, new, dict(table)
        self._tried: dict[tuple[str, ...], str | None] = {}

    def carry(self, state: bytes, now: datetime) -> Migrated:
        """Return a run carried over; raises `NotMigratable`, also where it would wait for ever.

        So it does for one whose state cannot be read: it stays, and keeps no other from going.
        """
        try:
            done = migrate(self.old, self.new, state, self.table, now)
            place = self._waits(done.step.state, now)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            log.exception("a run could not be read to be carried over")
            raise NotMigratable([Obstacle("", *_UNREADABLE)]) from error
        if place is not None:
            raise NotMigratable([Obstacle(place, *(w.format(place) for w in _FOR_EVER))])
        return done

    def _waits(self, state: bytes, now: datetime) -> str | None:
        alike = states.shape(state)
        if alike not in self._tried:
            self._tried[alike] = waits_for_ever(self.new, state, now)
        return self._tried[alike]


_UNREADABLE = (
    "Không đọc được trạng thái đã lưu nên hồ sơ ở lại bản đang chạy; báo người vận hành hệ thống.",
    "What is stored of the run cannot be read, so it stays where it is; tell the operator.",
)

_FOR_EVER = (
    "Sang sơ đồ mới, hồ sơ sẽ dừng mãi tại «{}» để chờ một nhánh không tới; chọn bước khác.",
    "In the new diagram the run would stay for ever at “{}”; choose another step.",
)


class _Carrier:
    """Gives every task of a loaded workflow its spec in the new diagram."""

    def __init__(self, old: Program, new: Program, found: dict[str, str]) -> None:
        self.old, self.new, self.found = old, new, found
        #: the scopes of the old diagram as the new one calls them
        self.scopes: dict[str, str] = {}
        self.obstacles: list[Obstacle] = []

    def scope(self, workflow: Any, spec: Any) -> None:
        """Carry one scope over to its new spec, and the scopes within it."""
        tokens.forget_foreseen(workflow)
        old_name = workflow.spec.name
        if not spec.name.startswith(WATCHED):
            self.scopes[old_name] = spec.name
            nest(workflow, spec, self.new.subprocess_specs, self._name)
        for task in list(workflow.tasks.values()):
            if task.id not in workflow.tasks:
                continue
            wanted = self._name(task.task_spec.name, old_name, spec)
            target = spec.task_specs.get(wanted) if wanted else None
            live = bool(task._state & LIVE)
            if target is None:
                self._gone(task, live)
            elif live and (reason := _unlike(task, target)):
                self._refuse(task, *reason)
            else:
                self._carry(task, target, live)
        for task in list(workflow.tasks.values()):
            self._arrive(task)

    def _name(self, name: str, scope: str, spec: Any) -> str | None:
        if name == f"{scope}{END}":
            return f"{spec.name}{END}"
        for around in _AROUND:
            if name.endswith(around):
                inner = self._name(name.removesuffix(around), scope, spec)
                return f"{inner}{around}" if inner else None
        if name.startswith(WATCHED):
            body, _dot, kind = name.removeprefix(WATCHED).rpartition(".")
            return f"{WATCHED}{self.scopes.get(body, body)}.{kind}"
        if name in self.old.nodes:
            return self.found.get(name)
        return name

    def _gone(self, task: Any, live: bool) -> None:
        """Forget what is done; drop what is armed at an edge that is gone; refuse all else."""
        spec = task.task_spec
        if isinstance(spec, BoundaryEventJoin) or (isinstance(spec, BoundaryEvent) and live):
            tokens.remove(task)
        elif isinstance(spec, BoundaryEventSplit) or not live:
            self._forget(task)
        else:
            name = self._called(task)
            self._refuse(
                task,
                f"Bước «{name}» đang chờ không còn trong sơ đồ mới; chọn bước thay thế.",
                f"Step “{name}”, where it stands, is not in the new diagram; choose another.",
            )

    def _forget(self, task: Any) -> None:
        above = tokens.parent(task)
        if above is None:
            return
        for child in tokens.children(task):
            beside = isinstance(task.task_spec, BoundaryEvent)
            if isinstance(child.task_spec, BoundaryEventJoin):
                tokens.remove(child)
            elif beside:  # not among the events at the edge of the step
                tokens.hang(child, tokens.parent(above) or above)
        tokens.splice(task)

    def _carry(self, task: Any, target: Any, live: bool) -> None:
        task.task_spec = target
        if not isinstance(target, SubWorkflowTask) or not live:
            return
        sub = task.workflow.top_workflow.subprocesses.get(task.id)
        inner = self.new.subprocess_specs.get(target.spec)
        if sub is not None and inner is not None:
            self.scope(sub, inner)
            sub.spec = inner

    def _arrive(self, task: Any) -> None:
        """Let a token that waits at a join come by the way the new diagram has from its step."""
        spec, above = task.task_spec, tokens.parent(task)
        if not isinstance(spec, UnstructuredJoin) or above is None:
            return
        if task._state & TaskState.FINISHED_MASK and task._state != TaskState.CANCELLED:
            return
        inputs = {one.name for one in spec.inputs}
        if above.task_spec.name in inputs:
            return
        way = _way_in(above.task_spec, spec, inputs)
        if way is None:
            name = self._called(task)
            self._refuse(
                task,
                f"Một nhánh đã tới chỗ hợp «{name}», nhưng sơ đồ mới nối nhánh này khác.",
                f"A branch has arrived at “{name}”, which the new diagram joins differently.",
            )
            return
        tokens.step_between(above, task, way)

    def _refuse(self, task: Any, vi: str, en: str) -> None:
        node = self.old.node_of(task) or self.new.node_of(task)
        self.obstacles.append(Obstacle(node.id if node else task.task_spec.name, vi, en))

    def _called(self, task: Any) -> str:
        node = self.old.node_of(task) or self.new.node_of(task)
        return node.name if node else str(task.task_spec.name)


_LOOPS = (
    "Bước «{}» đang lặp hoặc chạy theo danh sách, sơ đồ mới thì khác; chờ xong rồi chuyển.",
    "Step “{}” runs as a loop in one of the diagrams only; let it end first.",
)
_KINDS = (
    "«{}» thành một loại bước khác trong sơ đồ mới; chọn bước khác hoặc chờ xong rồi chuyển.",
    "“{}” is another kind of step in the new diagram; choose another one or let it end first.",
)


def _unlike(task: Any, target: Any) -> tuple[str, str] | None:
    """Say why a live token cannot wait at `target` as it does where it stands."""
    spec = task.task_spec
    name = spec.bpmn_name or spec.name
    if isinstance(spec, LoopTask) or isinstance(target, LoopTask):
        if type(spec) is type(target):
            return None
        return _LOOPS[0].format(name), _LOOPS[1].format(name)
    if isinstance(spec, SubWorkflowTask) or isinstance(target, SubWorkflowTask):
        same = isinstance(spec, SubWorkflowTask) and isinstance(target, SubWorkflowTask)
    elif isinstance(spec, CatchingEvent) or isinstance(target, CatchingEvent):
        same = type(spec) is type(target) and type(spec.event_definition) is type(
            target.event_definition
        )
    elif isinstance(spec, UnstructuredJoin) or isinstance(target, UnstructuredJoin):
        same = type(spec) is type(target)
    else:
        same = bool(spec.manual) == bool(target.manual)
    if same:
        return None
    return _KINDS[0].format(name), _KINDS[1].format(name)


def _way_in(origin: Any, join: Any, inputs: set[str]) -> Any:
    """Return the one input of a join to which the step leads, None where there is not just one."""
    scope = join._wf_spec
    after = tokens.following(scope)
    if origin.name not in after:
        return None
    seen, todo, found = {origin.name}, [origin.name], set()
    while todo:
        current = todo.pop()
        if current in inputs:
            found.add(current)
            continue
        for following in after[current]:
            if following not in seen and following != join.name:
                seen.add(following)
                todo.append(following)
    return scope.task_specs[found.pop()] if len(found) == 1 else None


def _arm(workflow: Any) -> None:
    """Arm what the new diagram has at the edges of live steps, and foresee what follows."""
    for task in list(workflow.tasks.values()):
        if not task._state & LIVE:
            continue
        spec, above = task.task_spec, tokens.parent(task)
        inside = above is not None and isinstance(above.task_spec, LoopTask) and task.triggered
        if not inside and not isinstance(spec, BoundaryEvent):
            tokens.arm(task)
        tokens.foresee(task)
