"""The body of a scope nested as another version has it (phần thân của phạm vi, khi đổi phiên bản).

What event sub-processes watch runs in a sub-process of its own, one for those that interrupt, one
within it for the others (`engine.event_scope`). A run that goes to a version with other ones has
its tokens taken out of such a sub-process, or put into one; each stays the token it was.
"""

from collections.abc import Callable
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine import tokens
from engine.boundary import WATCHED
from engine.tables import copied
from engine.workflow import LIVE, FlatSubWorkflow

#: the sub-processes a body may run in, the outer one first
LAYERS = ("ends", "beside")
END = ".EndJoin"

#: where a token of the old version is found in the new one, by its name and that of its scope
Place = Callable[[str, str, Any], str | None]


def layer(scope: str, kind: str) -> str:
    """Return the name of the sub-process in which the body of a scope runs."""
    return f"{WATCHED}{scope}.{kind}"


def nest(workflow: Any, spec: Any, specs: dict[str, Any], place: Place) -> None:
    """Have the tokens of a scope stand as deep as `spec`, its counterpart among `specs`, wants."""
    top, name = workflow.top_workflow, workflow.spec.name
    holder, outer = workflow, spec
    for kind in LAYERS:
        had = layer(name, kind) in top.subprocess_specs
        has = layer(spec.name, kind) in specs
        if had:
            task = next((t for t in holder.tasks.values() if _is_open(t, layer(name, kind))), None)
            if task is None:
                return  # an event has ended the body
            if not has:
                _take_out(task)
                continue
            holder = top.subprocesses[task.id]
        elif has:
            inner = _put_in(holder, outer, layer(spec.name, kind), specs, place)
            if inner is None:
                return
            holder = inner
        if has:
            outer = specs[layer(spec.name, kind)]


def _is_open(task: Any, name: str) -> bool:
    return bool(task._state & LIVE) and task.task_spec.name == name


def _take_out(task: Any) -> None:
    """Have what stands in a body stand in the scope around it, in place of its sub-process."""
    holder, top = task.workflow, task.workflow.top_workflow
    sub = top.subprocesses.pop(task.id)
    tokens.forget_foreseen(sub)
    tokens.disarm(task)
    above, root = tokens.parent(task), sub.task_tree
    end = holder.spec.task_specs[f"{holder.spec.name}{END}"]
    for inner in sub.tasks.values():
        inner.workflow = holder
        holder.tasks[inner.id] = inner
        if inner.task_spec.name == f"{sub.spec.name}{END}":
            inner.task_spec = end
    for child in tokens.children(root):
        tokens.hang(child, above)
    above._children.remove(task.id)
    del holder.tasks[task.id], holder.tasks[root.id]


def _put_in(holder: Any, outer: Any, name: str, specs: dict[str, Any], place: Place) -> Any:
    """Have what stands in a scope, but for handlers under way, stand in a new sub-process of it."""
    tokens.forget_foreseen(holder)
    root = holder.task_tree
    stays = _staying(holder, outer, place)
    moved = [t for t in holder.tasks.values() if t is not root and t.id not in stays]
    live = [t for t in moved if t._state & LIVE]
    if not live:
        return None
    ties = {t.id: _nearest(t, stays) for t in holder.tasks.values() if t is not root}
    task = root._add_child(outer.task_specs[name], TaskState.FUTURE)
    task.data = copied(max(live, key=lambda t: t.last_state_change).data)
    task._set_state(TaskState.STARTED)
    sub = FlatSubWorkflow(specs[outer.task_specs[name].spec], task.id, holder.top_workflow,
                          deserializing=True)  # fmt: skip
    holder.top_workflow.subprocesses[task.id] = sub
    sub.task_tree = Task(sub, sub.spec.start, state=TaskState.COMPLETED)
    sub.task_tree.data = copied(task.data)
    sub.spec = holder.spec  # as old as what it holds, until it is carried over
    for one in moved:
        del holder.tasks[one.id]
        one.workflow = sub
        sub.tasks[one.id] = one
    for one in [root, *holder.tasks.values(), *sub.tasks.values()]:
        one._children = [c for c in one._children if c not in ties]
    for identity, above in ties.items():
        within = sub if identity in sub.tasks else holder
        one = within.tasks[identity]
        one._parent = above.id if above is not None else within.task_tree.id
        within.tasks[one._parent]._children.append(identity)
    return sub


def _staying(holder: Any, outer: Any, place: Place) -> set[Any]:
    """Return what belongs to the scope itself, not to its body: handlers, and what led there."""
    found: set[Any] = set()
    for task in holder.tasks.values():  # those above come first
        if isinstance(task.task_spec, UnstructuredJoin):
            stays = task._parent in found
        else:
            stays = place(task.task_spec.name, holder.spec.name, outer) in outer.task_specs
        if not stays or task is holder.task_tree:
            continue
        current = task
        while current is not holder.task_tree and current.id not in found:
            found.add(current.id)
            current = tokens.parent(current)
    return found


def _nearest(task: Any, stays: set[Any]) -> Any:
    """Return the nearest task before `task` on its side, None for the beginning."""
    side = task.id in stays
    above = tokens.parent(task)
    while above is not task.workflow.task_tree and (above.id in stays) is not side:
        above = tokens.parent(above)
    return None if above is task.workflow.task_tree else above
