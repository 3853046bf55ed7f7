"""The event-based gateway (cổng rẽ theo sự kiện): the first event that comes decides the way.

It is redrawn as a place that never goes on by itself, with the events behind it at its edge, each
interrupting. So each has its own token, subscription and timer, whatever their number: the library
keeps all of them in one token, takes any two timers for the same and loses them when saved.
"""

from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.specs.mixins import BpmnSpecMixin
from SpiffWorkflow.util.task import TaskState

from engine.diagram import kind_of, scopes, tag
from engine.event_scope import Log


class Crossroads(BpmnSpecMixin):
    """Where a token stands until one of the events at its edge takes it away."""

    def _update_hook(self, my_task: Any) -> bool:
        if my_task._state != TaskState.WAITING:
            my_task._inherit_data()
            my_task._set_state(TaskState.WAITING)
        return False


def unfold_event_gateways(root: Any, log: Log) -> None:
    """Redraw the events behind every event-based gateway as events at its edge."""
    for scope in list(scopes(root)):
        nodes = {e.get("id"): e for e in scope}
        for gateway in [e for e in scope if kind_of(e) == "eventBasedGateway"]:
            for flow in scope.findall(tag("sequenceFlow")):
                target = nodes.get(flow.get("targetRef"))
                if flow.get("sourceRef") == gateway.get("id") and target is not None:
                    scope.remove(flow)
                    _to_edge(gateway, target)
            log.note(
                gateway,
                "chờ ở cổng, sự kiện đến trước quyết định hướng đi",
                "waits at the gateway, the first event decides the way",
            )


def _to_edge(gateway: Any, event: Any) -> None:
    if kind_of(event) == "receiveTask":
        message = etree.Element(tag("messageEventDefinition"))
        message.set("messageRef", event.attrib.pop("messageRef", ""))
        for name in ("implementation", "operationRef", "instantiate"):
            event.attrib.pop(name, None)
        event.append(message)
    event.tag = tag("boundaryEvent")
    event.set("attachedToRef", gateway.get("id"))
    event.set("cancelActivity", "true")
    for part in list(event):
        if kind_of(part) in {"incoming", "dataOutputAssociation"}:
            event.remove(part)
