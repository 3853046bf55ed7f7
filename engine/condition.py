"""Conditional events (sự kiện điều kiện): looked at whenever the instance has moved.

The library looks only when another step of the same scope completes, and at the variables the
waiting token carried when it came. Here a condition sees what any token decided since; it fires
when it becomes true, and again only after it was false in between (BPMN 2.0.2 §10.5.5).
"""

from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions.conditional import ConditionalEventDefinition
from SpiffWorkflow.util.task import TaskState

from engine.blackboard import noted
from engine.boundary import Boundary


class Condition(ConditionalEventDefinition):
    """A condition over the variables of the instance; fires when `look_at_conditions` says so."""

    def has_fired(self, my_task: Any) -> bool:
        """Return whether it was found true."""
        return bool(my_task.internal_data.get("event_fired", False))

    def is_true(self, my_task: Any) -> bool:
        """Return whether it holds; only true counts, null and text do not."""
        variables = {**my_task.data, **noted(my_task.workflow)}
        evaluator = my_task.workflow.script_engine.environment
        return evaluator.evaluate(self.expression, variables) is True


def own_conditions(spec: Any) -> bool:
    """Have the conditional events of `spec` behave as ours; return whether there is one."""
    found = False
    for task_spec in spec.task_specs.values():
        definition = getattr(task_spec, "event_definition", None)
        if isinstance(definition, ConditionalEventDefinition):
            definition.__class__ = Condition
            found = True
    return found


def look_at_conditions(workflow: Any) -> bool:
    """Fire the conditional events that became true; return whether one did."""
    waiting = [
        t
        for t in workflow.everywhere()
        if t._state == TaskState.WAITING
        and isinstance(getattr(t.task_spec, "event_definition", None), Condition)
    ]
    fired = False
    for task in waiting:
        if task._state != TaskState.WAITING:  # withdrawn by one that fired before it
            continue
        spec, true = task.task_spec, task.task_spec.event_definition.is_true(task)
        if true and not task.internal_data.get("held"):
            fired = True
            if isinstance(spec, Boundary) and not spec.cancel_activity:
                spec.happen(task)
            else:
                task.internal_data["event_fired"] = True
                spec._update(task)
                continue
        task.internal_data["held"] = true
    return fired
