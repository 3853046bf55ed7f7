"""What a thrown event carries (dữ liệu kèm sự kiện): all but what its instance of a list owns.

The library sends all variables along. Thrown by one instance of a list and caught in another, the
element of the first took the place of the second's. Those names belong to an instance; what was
decided in it goes along, since the event is there to say so. An error or escalation, which goes
outwards only, still says of which one it is.
"""

from typing import Any

from SpiffWorkflow.bpmn.specs.defaults import EndEvent, IntermediateThrowEvent, SendTask
from SpiffWorkflow.bpmn.specs.event_definitions.item_aware_event import SignalEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask


class _Sparing:
    """Throws without what belongs to an instance of a list."""

    def _run_hook(self, my_task: Any) -> Any:
        own = own_names(my_task)
        if not own:
            return super()._run_hook(my_task)  # type: ignore[misc] # the library's class comes next
        whole = my_task.data
        my_task.data = {name: value for name, value in whole.items() if name not in own}
        try:
            return super()._run_hook(my_task)  # type: ignore[misc] # the library's class comes next
        finally:
            my_task.data = whole


class SparingEnd(_Sparing, EndEvent):
    """An end that throws."""


class SparingThrow(_Sparing, IntermediateThrowEvent):
    """An event thrown on the way."""


class SparingSend(_Sparing, SendTask):
    """A step that sends a message."""


_ABROAD = (MessageEventDefinition, SignalEventDefinition)
_OWN: dict[type, type] = {
    EndEvent: SparingEnd,
    IntermediateThrowEvent: SparingThrow,
    SendTask: SparingSend,
}


def own_throw(task_spec: Any) -> None:
    """Have what throws a message or signal leave out what belongs to its instance."""
    ours = _OWN.get(type(task_spec))
    if ours is not None and isinstance(task_spec.event_definition, _ABROAD):
        task_spec.__class__ = ours


def own_names(task: Any) -> set[str]:
    """Return the element and the result of each list that a token runs in an instance of."""
    found: set[str] = set()
    while True:
        above = task.parent
        loop = above.task_spec if above is not None else None
        if isinstance(loop, LoopTask) and loop.task_spec == task.task_spec.name:
            items = (getattr(loop, name, None) for name in ("input_item", "output_item"))
            found.update(item.bpmn_id for item in items if item is not None)
        scope = task.workflow
        if scope is scope.top_workflow:
            break
        task = scope.top_workflow.get_task_from_id(scope.parent_task_id)
    return found
