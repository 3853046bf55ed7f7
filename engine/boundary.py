"""Events at the edge of a step (sự kiện biên): who catches what is thrown, and how often.

The library lets an error wake the edge of a neighbouring step, and an event that does not interrupt
happen once only. BPMN 2.0.2 §13.5.3: an error or escalation goes from its scope outwards, and what
does not interrupt may happen again as long as its step is open.
"""

from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent
from SpiffWorkflow.bpmn.specs.event_definitions.item_aware_event import CodeEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.bpmn.util.event import BpmnEvent, EventManager
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.util.task import TaskState

from engine.blackboard import noted

#: the part of a scope that event sub-processes watch; `engine.event_scope` draws it
WATCHED = "cv.scope."


class Boundary(BoundaryEvent):
    """An event at the edge of a step; without interrupting it, it happens as often as it comes."""

    def catch(self, my_task: Any, event: BpmnEvent) -> None:
        """Take the event: end the step, or send a token on beside it and wait for the next."""
        if not self.cancel_activity:
            self.happen(my_task, event)
        elif not any(_ends_the_step(t) for t in my_task.parent.children):
            super().catch(my_task, event)  # two that wait for one signal do not both end a step

    def happen(self, my_task: Any, event: BpmnEvent | None = None) -> None:
        """Send one token on; `my_task` waits on with its id, so its subscription stays."""
        fired = my_task.parent._add_child(self, TaskState.FUTURE)
        fired.triggered = True
        self._predict(fired, mask=TaskState.NOT_FINISHED_MASK)
        moment = my_task.internal_data.get("event_value")
        if moment is not None:
            fired.internal_data["event_value"] = moment
        if event is not None:
            self.event_definition.catch(fired, event)
        fired.internal_data["event_fired"] = True
        self._update(fired)

    def _predict_hook(self, my_task: Any) -> None:
        # The library's repeating timers foresee nothing, because they add their tokens themselves.
        TaskSpec._predict_hook(self, my_task)

    def _run_hook(self, my_task: Any) -> Any:
        main = next(
            (t for t in my_task.parent.children if not isinstance(t.task_spec, BoundaryEvent)), None
        )
        if main is not None and main.task_spec.name.startswith(WATCHED):
            # What happens to a whole scope sees the scope's variables, not those it began with.
            my_task.data.update(noted(my_task.workflow))
        return super()._run_hook(my_task)


class EdgeJoin(BoundaryEventJoin):
    """Where a step and the events at its edge come together: one of them ends the others.

    The library settles the next turn too, where an event leads back to its own step: after that
    the step would not end when its event comes, and stand there once more each time.
    """

    def _find_tasks(self, my_task: Any) -> list[Any]:
        split = my_task.find_ancestor(self.split_task)
        found = super()._find_tasks(my_task)
        return [t for t in found if t.find_ancestor(self.split_task) is split]


def _ends_the_step(task: Any) -> bool:
    return (
        isinstance(task.task_spec, BoundaryEvent)
        and task.task_spec.cancel_activity
        and bool(task.internal_data.get("event_fired"))
    )


def own_boundaries(spec: Any) -> None:
    """Have the events at the edges of `spec` behave as ours."""
    for task_spec in spec.task_specs.values():
        if type(task_spec) is BoundaryEventJoin:
            task_spec.__class__ = EdgeJoin
        if type(task_spec) is BoundaryEvent:
            task_spec.__class__ = Boundary
            if not task_spec.cancel_activity:  # only what interrupts has the step to withdraw
                task_spec.outputs = [
                    o for o in task_spec.outputs if not isinstance(o, BoundaryEventJoin)
                ]


class Events(EventManager):
    """Who catches an event: an error or an escalation by the nearest scope around its thrower."""

    def catch(self, event: BpmnEvent, internal: bool = True) -> int:
        """Give the event to whoever waits for it; return to how many."""
        if not isinstance(event.event_definition, CodeEventDefinition):
            return int(super().catch(event, internal) or 0)
        scope = event.target
        while scope.parent_task_id is not None:
            task = self.workflow.get_task_from_id(scope.parent_task_id)
            edges = [e for e in edges_of(task) if e.task_spec.catches(e, event)]
            # One handler takes it: the one that names the code before the one that takes any.
            edges.sort(key=lambda e: e.task_spec.event_definition.code is None)
            if edges:
                edges[0].task_spec.catch(edges[0], event)
                edges[0].task_spec._update(edges[0])
                return 1
            scope = task.workflow
        return 0


def edges_of(task: Any) -> list[Any]:
    """Return the tokens of the events at the edge of an open step."""
    parent = task.parent
    if isinstance(parent.task_spec, LoopTask):
        parent = parent.parent
    if not isinstance(parent.task_spec, BoundaryEventSplit):
        return []
    return [t for t in parent.children if isinstance(t.task_spec, BoundaryEvent)]
