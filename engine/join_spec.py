"""Gateways that join as BPMN 2.0 has it (cổng gộp): the inclusive waits for what can still come.

The library looks only down to the first join of each path, so in a loop it fires too early or
never; it keeps one token a gateway, and a second one that arrives may take away what the first has
become: a reminder sent twice, with two steps side by side, lost one of them. Here every token waits
at its own flow; a firing takes one from each flow that has one.
"""

from collections.abc import Collection
from typing import Any

from SpiffWorkflow.bpmn.exceptions import WorkflowTaskException
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit, _EndJoin
from SpiffWorkflow.bpmn.specs.defaults import InclusiveGateway, ParallelGateway
from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import BoundaryEvent
from SpiffWorkflow.util.deep_merge import DeepMerge
from SpiffWorkflow.util.task import TaskState

from engine.branch import keep_decisions
from engine.workflow import LIVE

_TO_COME = TaskState.FUTURE | TaskState.PREDICTED_MASK


class InclusiveJoin(InclusiveGateway):
    """Fires when no token elsewhere can still reach a flow that has none."""

    #: who waits here waits for a turn of its own; a token withdrawn here was taken by another
    takes_by_flow = True

    def _update_hook(self, my_task: Any) -> bool:
        others = [t for t in _here(my_task.workflow, self) if t is not my_task]
        may_fire = not any(t._state == TaskState.READY for t in others) and not _is_awaited(
            my_task.workflow, self, [my_task, *others], frozenset({self})
        )
        return _goes_on(my_task, may_fire)

    def _run_hook(self, my_task: Any) -> bool:
        _take_one_of_each(self, my_task)
        matches, defaults = self._get_matching_outputs(my_task)
        if not matches + defaults:
            raise WorkflowTaskException("No conditions satisfied on gateway", task=my_task)
        my_task._sync_children(matches or defaults, TaskState.FUTURE)
        for child in my_task.children:
            child.task_spec._predict(child, mask=_TO_COME)
        return True


class ParallelJoin(ParallelGateway):
    """Fires when each of its flows has a token; what came by a flow before its turn waits on.

    A flow that only what follows the gateway can come by, round a circle, is another turn: a fork
    at the head of a loop does not wait for the loop. So `engine.soundness` has it.
    """

    takes_by_flow = True

    def _update_hook(self, my_task: Any) -> bool:
        turn = _turn(self, my_task.parent.task_spec)
        others = [
            t
            for t in _here(my_task.workflow, self)
            if t is not my_task and t.parent.task_spec in turn
        ]
        came = {t.parent.task_spec for t in [my_task, *others]}
        may_fire = came >= turn and not any(t._state == TaskState.READY for t in others)
        return _goes_on(my_task, may_fire)

    def _run_hook(self, my_task: Any) -> bool:
        _take_one_of_each(self, my_task, _turn(self, my_task.parent.task_spec))
        return True


def _goes_on(my_task: Any, may_fire: bool) -> bool:
    """Have a token go on with what it brings, or wait."""
    if may_fire:
        my_task._inherit_data()
    else:
        my_task._set_state(TaskState.WAITING)
    return may_fire


def _turn(spec: Any, origin: Any) -> set[Any]:
    """Return the specs before a gateway whose tokens come together with one from `origin`."""
    first: set[Any] | None = spec.__dict__.get("_first_turn")
    if first is None:
        seen, todo = {spec}, [spec._wf_spec.start]
        while todo:
            current = todo.pop()
            if current not in seen:
                seen.add(current)
                todo.extend(current.outputs)
        first = {before for before in spec.inputs if before in seen and before is not spec}
        spec._first_turn = first
    return first if origin in first else set(spec.inputs) - first


class EndJoin(_EndJoin):
    """Where all the ends of a scope come together."""

    def _run_hook(self, my_task: Any) -> bool:
        came = _merge_earlier(self, my_task)
        my_task._inherit_data()
        keep_decisions(my_task, [*came, my_task.parent])
        my_task.workflow.data.update(my_task.data)
        return True


def _take_one_of_each(spec: Any, my_task: Any, turn: Collection[Any] | None = None) -> None:
    """Take one waiting token from each other flow, the first that came, and what it brings."""
    came, branches = {my_task.parent.task_spec.name}, []
    waiting = [
        t
        for t in _here(my_task.workflow, spec)
        if t._state == TaskState.WAITING and (turn is None or t.parent.task_spec in turn)
    ]
    for task in sorted(waiting, key=lambda t: t.last_state_change):
        if task.parent.task_spec.name in came:
            continue  # a second token of one flow is for the next firing
        came.add(task.parent.task_spec.name)
        DeepMerge.merge(my_task.data, task.parent.data)
        branches.append(task.parent)
        task.cancel()
    my_task._inherit_data()
    keep_decisions(my_task, [*branches, my_task.parent])


def _merge_earlier(spec: Any, my_task: Any) -> list[Any]:
    """As the library does: take over the data of what else came, and what became of it.

    Return the last token of each branch that came earlier, in order of time.
    """
    earlier = [
        t
        for t in my_task.workflow.tasks.values()
        if t.task_spec is spec
        and t._state & TaskState.FINISHED_MASK
        and not my_task.is_descendant_of(t)
    ]
    came = []
    for task in sorted(earlier, key=lambda t: t.last_state_change):
        if task.parent is not None:
            came.append(task.parent)
            DeepMerge.merge(my_task.data, task.parent.data)
        if task._state == TaskState.COMPLETED:
            task._drop_children(force=True)
    return came


#: what a program runs instead of the library's
OWN_JOINS: dict[type, type] = {
    InclusiveGateway: InclusiveJoin,
    ParallelGateway: ParallelJoin,
    _EndJoin: EndJoin,
}


def _here(workflow: Any, spec: Any) -> list[Any]:
    """Return the tokens that stand at a gateway."""
    return [t for t in workflow.tasks.values() if t.task_spec is spec and t._state & LIVE]


def _is_awaited(workflow: Any, spec: Any, here: list[Any], seen: frozenset[Any]) -> bool:
    """Whether something will still come; two such gateways do not wait for each other only."""
    for origin in _blockers(workflow, spec, here):
        if not isinstance(origin, InclusiveJoin):
            return True
        if origin in seen:
            continue
        theirs = _here(workflow, origin)
        if not _blockers(workflow, origin, theirs):  # it goes on by itself
            return True
        if _is_awaited(workflow, origin, theirs, seen | {origin}):
            return True
    return False


def _blockers(workflow: Any, spec: Any, here: list[Any]) -> set[Any]:
    """Return where tokens stand that can come by a flow without one, and by none that has one."""
    have = {t.parent.task_spec for t in here}
    missing = set(spec.inputs) - have
    if not missing:
        return set()
    origins = {
        t.task_spec
        for t in workflow.tasks.values()
        if t._state & LIVE
        and t.task_spec is not spec
        and not isinstance(t.task_spec, BoundaryEvent)
    }
    reached = {origin: _reach(origin, spec) for origin in origins}
    return {o for o in origins if reached[o] & missing and not reached[o] & have}


def _reach(origin: Any, join: Any) -> set[Any]:
    """Return the specs a token at `origin` may come to without passing `join`."""
    splits = [s for s in origin.inputs if isinstance(s, BoundaryEventSplit)]
    seen: set[Any] = set()
    todo = [origin, *splits]  # what stands at its edge may take it another way
    while todo:
        spec = todo.pop()
        if spec in seen or spec is join:
            continue
        seen.add(spec)
        todo.extend(spec.outputs)
    return seen
