"""Messages between pools of one instance (thư giữa các nhóm): kept until somebody waits."""

from collections.abc import Callable
from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.util.event import BpmnEvent

Did = Callable[[Any], None]

#: where the state keeps what was sent and not yet received
KEPT = "cv.messages"


def run_steps(workflow: Any, inner: frozenset[str], will: Did, did: Did) -> None:
    """Run to where tokens wait, handing over the `inner` messages on the way."""
    workflow.do_engine_steps(will_complete_task=will, did_complete_task=did)
    while inner and _hand_over(workflow, inner):
        workflow.do_engine_steps(will_complete_task=will, did_complete_task=did)


def _hand_over(workflow: Any, inner: frozenset[str]) -> bool:
    """Give each inner message to whoever waits for it, oldest first; whether one was taken.

    What nobody waits for yet stays with the state; what goes outside stays among the events.
    """
    kept: list[list[Any]] = workflow.data.setdefault(KEPT, [])
    outside = []
    for event in workflow.get_events():
        definition = event.event_definition
        if isinstance(definition, MessageEventDefinition) and definition.name in inner:
            kept.append([definition.name, event.payload or {}])
        else:
            outside.append(event)
    taken = []
    for letter in kept:
        event = BpmnEvent(MessageEventDefinition(letter[0]), payload=letter[1])
        if workflow.event_manager.catch(event, internal=False):
            taken.append(letter)
    for letter in taken:
        kept.remove(letter)
    workflow.bpmn_events.extend(outside)
    return bool(taken)
