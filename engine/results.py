"""The list that a step for each of a list gives (danh sách kết quả): one entry for each, in order.

The library appends in the order of completion and carries the growing list in every instance, which
the state would keep once for each. Here it grows beside the variables and becomes one at the end.
"""

from collections.abc import Iterator, MutableMapping
from typing import Any

from SpiffWorkflow.bpmn.specs.data_spec import TaskDataReference
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask

from engine.blackboard import note

_KEPT = "results"


class _Places(MutableMapping[int, Any]):
    """What the instances gave so far, by their place in the list."""

    def __init__(self, kept: dict[str, Any]) -> None:
        self.kept = kept

    def __getitem__(self, place: int) -> Any:
        return self.kept[str(place)]

    def __setitem__(self, place: int, value: Any) -> None:
        self.kept[str(place)] = value

    def __delitem__(self, place: int) -> None:
        del self.kept[str(place)]

    def __iter__(self) -> Iterator[int]:
        return map(int, self.kept)

    def __len__(self) -> int:
        return len(self.kept)

    def append(self, value: Any) -> None:
        """Take the next place."""
        self[len(self)] = value


class Results(TaskDataReference):
    """The list itself, while the instances run."""

    def exists(self, my_task: Any) -> bool:
        """Begin anew each time the step is entered."""
        my_task.internal_data.pop(_KEPT, None)
        return False

    def set(self, my_task: Any, _value: Any) -> None:
        """Begin with nothing."""
        my_task.internal_data[_KEPT] = {}

    def get(self, my_task: Any) -> Any:
        """Return the places to fill."""
        return _Places(my_task.internal_data.setdefault(_KEPT, {}))


class Result(TaskDataReference):
    """What one instance gives: a variable of it, null where it set none."""

    def exists(self, my_task: Any) -> bool:
        """Forget the last one's before the next begins; afterwards there is always an answer."""
        if isinstance(my_task.task_spec, LoopTask):
            my_task.data.pop(self.bpmn_id, None)
            return False
        return True


class Collected(TaskDataReference):
    """The finished list as a variable, in the order of the list that was run over."""

    def set(self, my_task: Any) -> None:
        """Write it when the step is done; an instance that was stopped gives nothing."""
        kept = my_task.internal_data.pop(_KEPT, {})
        my_task.data[self.bpmn_id] = [kept[place] for place in sorted(kept, key=int)]
        note(my_task.workflow, {self.bpmn_id: my_task.data[self.bpmn_id]})


def own_results(task_spec: Any) -> None:
    """Have a multi-instance give its list our way."""
    output, item = getattr(task_spec, "data_output", None), getattr(task_spec, "output_item", None)
    if isinstance(output, TaskDataReference) and isinstance(item, TaskDataReference):
        task_spec.data_output = Results(output.bpmn_id, output.bpmn_name)
        task_spec.output_item = Result(item.bpmn_id, item.bpmn_name)
        task_spec.data_output_associations = [Collected(output.bpmn_id, output.bpmn_name)]
