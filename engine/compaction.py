"""Forgetting finished history (thu gọn): a step costs the same after 5,000 rounds as after ten."""

from itertools import pairwise
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit, _EndJoin
from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import BoundaryEvent
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.util.deep_merge import DeepMerge
from SpiffWorkflow.util.task import TaskState

from engine.branch import kept
from engine.tables import copied

FINISHED = TaskState.FINISHED_MASK
UNFINISHED = TaskState.NOT_FINISHED_MASK


def compact(top: Any) -> list[Any]:
    """Forget finished history that no token can look back at; return the tasks dropped.

    What stays is bounded by the size of the diagram, so that completing an item costs the same
    after 10 rounds and after 5,000. The rules are the ones found right by differential tests.
    """
    dropped: list[Any] = []
    for task_id, sub in list(top.subprocesses.items()):
        task = top.get_task_from_id(task_id) if task_id in top.subprocesses else None
        if task is None or not task._state & FINISHED or not sub.completed:
            continue
        if not any(t._state & UNFINISHED for t in sub.tasks.values()):
            dropped.extend(sub.tasks.values())
            top.delete_subprocess(task)
    for workflow in [top, *top.subprocesses.values()]:
        _compact_one(workflow, top, dropped)
    return dropped


def _compact_one(workflow: Any, top: Any, dropped: list[Any]) -> None:
    tasks = workflow.tasks
    waiting_joins = {
        t.task_spec
        for t in tasks.values()
        if isinstance(t.task_spec, UnstructuredJoin)
        and not getattr(t.task_spec, "takes_by_flow", False)
        and t._state & TaskState.DEFINITE_MASK
    }
    # The newest fired instance of a join has consumed every older finished one.
    fired: dict[Any, float] = {}
    for task in tasks.values():
        if task._state == TaskState.COMPLETED and isinstance(task.task_spec, UnstructuredJoin):
            fired[task.task_spec] = max(fired.get(task.task_spec, 0), task.last_state_change)
    changed = True
    while changed:
        changed = False
        for task in list(tasks.values()):
            if (
                task.id not in tasks
                or task._parent is None
                or task is workflow.last_task
                or task.id in top.subprocesses
                or not task._state & FINISHED
            ):
                continue
            if _droppable(task, tasks, waiting_joins, fired):
                splice(task, tasks)
                dropped.append(task)
                changed = True
    _fold(workflow, dropped)


def _droppable(
    task: Any, tasks: dict[Any, Any], waiting_joins: set[Any], fired: dict[Any, float]
) -> bool:
    parent = tasks[task._parent]
    if not parent._state & FINISHED:  # an instance of a running multi-instance, for example
        return False
    if not task._children:
        if task.task_spec in waiting_joins and task.last_state_change > fired.get(
            task.task_spec, 0
        ):
            return False
        return _happened(task) or not (
            isinstance(parent.task_spec, BoundaryEventSplit)
            and any(tasks[c]._state & UNFINISHED for c in parent._children)
        )
    if len(task._children) != 1 or task._state != TaskState.COMPLETED:
        return False
    child = tasks[task._children[0]]
    if child._state != TaskState.COMPLETED or isinstance(parent.task_spec, LoopTask):
        return False
    return not (isinstance(parent.task_spec, BoundaryEventSplit) and len(parent._children) > 1)


def _happened(task: Any) -> bool:
    """Whether it is an event that happened at the edge of a step without ending it."""
    return (
        task._state == TaskState.COMPLETED
        and isinstance(task.task_spec, BoundaryEvent)
        and not task.task_spec.cancel_activity
    )


def _fold(workflow: Any, dropped: list[Any]) -> None:
    """Count once what ended beside the rest of a scope, however often a round left it behind.

    The join of the ends merges what came to it in order of time, so two that follow each other may
    be merged before it: one is kept. So it is with an event at an edge that happened again, and
    with a branch that ends by itself within a circle.
    """
    tasks = workflow.tasks
    joins: dict[Any, list[Any]] = {}
    for task in tasks.values():
        if isinstance(task.task_spec, UnstructuredJoin) and task._state & FINISHED:
            joins.setdefault(task.task_spec, []).append(task)
    for ended in joins.values():
        if len(ended) < 2:
            continue
        ended.sort(key=lambda t: t.last_state_change)
        for older, newer in pairwise(ended):
            if older._parent is None or newer._parent is None:
                continue
            above, end = tasks[older._parent], tasks[newer._parent]
            if _came_by_event(older, tasks) and _came_by_event(newer, tasks):
                gone: tuple[Any, ...] = (older, above, tasks[above._parent])
            elif _ended_beside(older, workflow) and _is_later(older, newer, workflow):
                gone = (older, above)
            else:
                continue
            before = tasks[gone[-1]._parent].data
            lost = kept(before, [above.data, end.data])
            end.data = {**DeepMerge.merge(copied(above.data), end.data), **lost}
            for task in gone:
                splice(task, tasks)
                dropped.append(task)


def _ended_beside(join: Any, workflow: Any) -> bool:
    """Whether a join holds nothing but the end of a branch that a fork began beside others."""
    tasks = workflow.tasks
    end = tasks[join._parent]
    fork = tasks.get(end._parent)
    return (
        isinstance(join.task_spec, _EndJoin)
        and join._state == TaskState.CANCELLED
        and not join._children
        and len(end._children) == 1
        and workflow.last_task not in {join, end}
        and fork is not None
        and fork._state == TaskState.COMPLETED
        and len(fork._children) > 1
        and not isinstance(fork.task_spec, LoopTask | BoundaryEventSplit)
    )


def _is_later(older: Any, newer: Any, workflow: Any) -> bool:
    """Whether the newer of two such branches began after the older one did, on the same way."""
    tasks = workflow.tasks
    if not _ended_beside(newer, workflow):
        return False
    first = tasks[tasks[older._parent]._parent]
    current = tasks.get(tasks[newer._parent]._parent)
    while current is not None and current is not first:
        current = tasks.get(current._parent)
    return current is first


def _came_by_event(join: Any, tasks: dict[Any, Any]) -> bool:
    """Whether a join holds nothing but the end of a way that an event at an edge began."""
    if join._children or join._state != TaskState.CANCELLED:
        return False
    end = tasks[join._parent]
    above = tasks.get(end._parent)
    return (
        above is not None and _happened(above) and len(end._children) == len(above._children) == 1
    )


def splice(task: Any, tasks: dict[Any, Any]) -> None:
    """Take one task out of the tree and leave what follows it in its place."""
    parent = tasks[task._parent]
    for child_id in task._children:
        tasks[child_id]._parent = parent.id
    place = parent._children.index(task.id)
    parent._children[place : place + 1] = task._children
    del tasks[task.id]
