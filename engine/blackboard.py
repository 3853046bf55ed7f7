"""What was decided anywhere in a running procedure (bảng ghi chung), the newest last.

Each token carries its own copy of the variables, which other branches never see. Whoever looks at
the instance as a whole, a conditional event or an event sub-process, reads here. Kept only by
procedures that have one; the instances of a list keep theirs apart, as they keep their element.
"""

from collections.abc import Iterator
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.util.task import TaskState

from engine.tables import copied

_LIVE = TaskState.READY | TaskState.WAITING | TaskState.STARTED

#: where the state keeps it; no variable begins so
_KEPT = "cv.noted"


def keep_notes(spec: Any) -> None:
    """Have the instances of the process `spec` keep what is decided in them."""
    spec.keeps_notes = True


def note(workflow: Any, values: dict[str, Any]) -> None:
    """Note the variables just written in a scope, for it and those around it."""
    if not values or not getattr(workflow.top_workflow.spec, "keeps_notes", False):
        return
    for scope in _around(workflow):
        scope.data[_KEPT] = {**scope.data.get(_KEPT, {}), **copied(values)}


def begin_notes(top: Any) -> None:
    """Have a run that comes from a version without notes note what its tokens know, or stop."""
    scopes = [top, *top.subprocesses.values()]
    if not getattr(top.spec, "keeps_notes", False):
        for scope in scopes:
            scope.data.pop(_KEPT, None)
        return
    if _KEPT in top.data:
        return
    live = [t for scope in scopes for t in scope.tasks.values() if t.has_state(_LIVE)]
    for task in sorted(live, key=lambda t: t.last_state_change):
        nearest = next(_around(task.workflow))
        nearest.data[_KEPT] = {**nearest.data.get(_KEPT, {}), **copied(task.data)}


def noted(workflow: Any) -> dict[str, Any]:
    """Return what was decided so far, as seen from a scope: what is nearest counts."""
    found: dict[str, Any] = {}
    for scope in reversed(list(_around(workflow))):
        found.update(scope.data.get(_KEPT, {}))
    return {name: copied(value) for name, value in found.items()}


def _around(workflow: Any) -> Iterator[Any]:
    """Yield the scopes that keep their own: instances of a list outwards, then the process."""
    top = workflow.top_workflow
    while workflow is not top:
        task = top.get_task_from_id(workflow.parent_task_id)
        if isinstance(task.parent.task_spec, LoopTask):
            yield workflow
        workflow = task.workflow
    yield top
