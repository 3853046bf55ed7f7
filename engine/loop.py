"""Steps that are done again, or for each of a list (bước lặp), right behind an event.

What follows an event is only foreseen until it happens; the library then starts any step but one of
these, to which it may not yet add its instances.
"""

from typing import Any

from SpiffWorkflow.bpmn.specs.defaults import (
    ParallelMultiInstanceTask,
    SequentialMultiInstanceTask,
    StandardLoopTask,
)
from SpiffWorkflow.util.task import TaskState


class _Begins:
    """Is sure to come once its turn is there."""

    def _update(self, my_task: Any) -> None:
        if my_task._state & TaskState.PREDICTED_MASK:
            my_task._set_state(TaskState.FUTURE)
            self._predict(my_task, mask=TaskState.FUTURE | TaskState.PREDICTED_MASK)  # type: ignore[attr-defined]
        super()._update(my_task)  # type: ignore[misc] # the library's class comes next


class Loop(_Begins, StandardLoopTask):
    """A standard loop."""


class Parallel(_Begins, ParallelMultiInstanceTask):
    """For each of a list, all at once."""

    def children_complete(self, my_task: Any) -> bool:
        """Whether every instance is completed; while one that is asleep is not, nobody is woken."""
        workflow = my_task.workflow
        rows = workflow.asleep.get(my_task.id, {})
        if workflow.fans.get(my_task.id) or any(
            row[3] != TaskState.COMPLETED for row in rows.values()
        ):
            return False
        return bool(super().children_complete(my_task))


class Sequential(_Begins, SequentialMultiInstanceTask):
    """For each of a list, one after the other."""


_OURS: dict[type, type] = {
    StandardLoopTask: Loop,
    ParallelMultiInstanceTask: Parallel,
    SequentialMultiInstanceTask: Sequential,
}


def own_loop(task_spec: Any) -> None:
    """Have a loop begin our way."""
    task_spec.__class__ = _OURS.get(type(task_spec), type(task_spec))
