"""Tokens handled by hand (đặt lại vị trí xử lý): foresee, withdraw, put elsewhere.

Only for acts of people on a run (move, send back, migrate); a run of its own goes by the library's
rules. Everything here works on a loaded workflow and leaves a state that the loader reads again.
"""

from collections.abc import Iterator
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import BoundaryEvent
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.util.task import TaskState

from engine import compaction
from engine.tables import copied
from engine.workflow import LIVE, UNFINISHED

SPLIT = ".BoundaryEventSplit"


def children(task: Any) -> list[Any]:
    """Return the tasks that follow `task` in the tree."""
    return [task.workflow.tasks[i] for i in task._children]


def parent(task: Any) -> Any:
    """Return the task before `task`, None for the first."""
    return task.workflow.tasks.get(task._parent)


def remove(task: Any) -> None:
    """Take a task and all below it out of the tree, with the sub-processes that run there."""
    todo, found = [task], []
    while todo:
        current = todo.pop()
        found.append(current)
        todo.extend(children(current))
    above = parent(task)
    if above is not None:
        above._children.remove(task.id)
    top = task.workflow.top_workflow
    for gone in found:
        del task.workflow.tasks[gone.id]
        top.event_manager.remove_task(gone)
        _remove_subprocess(top, gone)


def _remove_subprocess(top: Any, task: Any) -> None:
    sub = top.subprocesses.pop(task.id, None)
    for inner in [] if sub is None else list(sub.tasks.values()):
        top.event_manager.remove_task(inner)
        _remove_subprocess(top, inner)


def hang(task: Any, above: Any) -> None:
    """Hang a task below another one, in its old place among brothers where there is one."""
    before = parent(task)
    if before is not None:
        before._children.remove(task.id)
    task._parent = above.id
    above._children.append(task.id)


def splice(task: Any) -> None:
    """Take one task out of the tree and leave what follows it in its place."""
    compaction.splice(task, task.workflow.tasks)
    task.workflow.top_workflow.event_manager.remove_task(task)


def forget_foreseen(workflow: Any) -> None:
    """Drop what is only foreseen; `foresee` draws it again."""
    for task in list(workflow.tasks.values()):
        if task.id in workflow.tasks and task._state < TaskState.WAITING:
            remove(task)


def foresee(task: Any) -> None:
    """Foresee what may follow a live task: completing it finds its ways on there."""
    task.task_spec._predict(task, mask=UNFINISHED)


def following(scope: Any) -> dict[str, list[str]]:
    """Return for each spec of a scope the names of those that may follow it."""
    return {name: list(spec._outputs) for name, spec in scope.task_specs.items()}


def entrance(spec: Any) -> Any:
    """Return the spec by which a node is entered: events at its edge are armed there."""
    return spec._wf_spec.task_specs.get(f"{spec.name}{SPLIT}", spec)


def end(task: Any) -> Any:
    """End a token without going on: it counts as done; return the task to hang others below.

    What runs inside it, each of its list and the events at its edge are withdrawn.
    """
    workflow = task.workflow
    for child in children(task):
        remove(child)
    _remove_subprocess(workflow.top_workflow, task)
    workflow.top_workflow.event_manager.remove_task(task)
    disarm(task)
    task._set_state(TaskState.COMPLETED)
    return task


def disarm(task: Any) -> None:
    """Take away the events at the edge of a step, and where fired ones meet its end."""
    above = parent(task)
    if not isinstance(above.task_spec, BoundaryEventSplit) or isinstance(
        task.task_spec, BoundaryEvent
    ):
        return
    for brother in children(above):
        if brother is not task and brother._state & LIVE:
            remove(brother)
            continue
        for child in children(brother):
            if isinstance(child.task_spec, BoundaryEventJoin):
                remove(child)


def put(above: Any, spec: Any, data: dict[str, Any]) -> Any:
    """Have a token enter the node of `spec` as the next after `above`, with these variables."""
    above.data = copied(data)
    child = above._add_child(entrance(spec), TaskState.FUTURE)
    child.triggered = True
    child.task_spec._predict(child, mask=UNFINISHED)
    child.task_spec._update(child)
    return child


def step_between(above: Any, task: Any, spec: Any) -> None:
    """Have `task` come after a step of `spec` that counts as done, below `above`."""
    between = _done(above, spec)
    hang(task, between)


def _done(above: Any, spec: Any) -> Any:
    made = above._add_child(spec, TaskState.FUTURE)
    made.data = copied(above.data)
    made._set_state(TaskState.COMPLETED)
    return made


def arm(task: Any) -> None:
    """Arm the events at the edge of a step that do not stand beside it yet."""
    name = f"{task.task_spec.name}{SPLIT}"
    spec = task.workflow.spec.task_specs.get(name)
    if spec is None:
        return
    above = parent(task)
    if above.task_spec is not spec:
        place = above._children.index(task.id)
        split = _done(above, spec)
        hang(task, split)
        above._children.remove(split.id)
        above._children.insert(place, split.id)
        above = split
    standing = {child.task_spec for child in children(above)}
    for edge in spec.outputs:
        if isinstance(edge, BoundaryEvent) and edge not in standing:
            made = above._add_child(edge, TaskState.MAYBE)
            made._set_state(TaskState.WAITING)
            edge._update(made)
            foresee(made)


def withdraw(task: Any) -> None:
    """Withdraw a token: nothing of it is awaited or arrives anywhere any more."""
    disarm(task)
    remove(task)


def tokens(workflow: Any) -> Iterator[tuple[Any, str]]:
    """Yield each token of one scope with the name of the spec where it stands.

    A token that waits at a join stands at the step it came from. Events at the edge of a step, and
    each of a step's list, belong to the step.
    """
    fired: dict[Any, float] = {}
    for task in workflow.tasks.values():
        if isinstance(task.task_spec, UnstructuredJoin) and task._state == TaskState.COMPLETED:
            fired[task.task_spec] = max(fired.get(task.task_spec, 0), task.last_state_change)
    for task in list(workflow.tasks.values()):
        above = parent(task)
        if above is None or (isinstance(above.task_spec, LoopTask) and task.triggered):
            continue
        spec = task.task_spec
        if isinstance(spec, UnstructuredJoin):
            arrived = task._state == TaskState.CANCELLED and (
                task.last_state_change > fired.get(spec, 0)
            )
            if task._state == TaskState.WAITING or arrived:
                yield task, above.task_spec.name
        elif task._state & LIVE and not isinstance(spec, BoundaryEvent | BoundaryEventJoin):
            yield task, spec.name
