"""How a gateway chose among its ways (quyết định tại cổng): what it asked, what came, where to."""

from collections.abc import Iterator
from typing import Any, TypedDict

from SpiffWorkflow.bpmn.specs.defaults import ExclusiveGateway, InclusiveGateway

from engine.environment import plain

#: what has conditions on its ways
CHOOSES = (ExclusiveGateway, InclusiveGateway)


class Asked(TypedDict):
    """A condition with the value it had."""

    expression: str
    value: Any


class Decision(TypedDict):
    """A gateway, the conditions it asked in order, and the elements its tokens went to."""

    node: str
    asked: list[Asked]
    took: list[str]


def decision_of(task: Any, asked: list[tuple[str, Any]]) -> Iterator[Decision]:
    """Yield the decision of a gateway that has just run; other tasks choose nothing."""
    if isinstance(task.task_spec, CHOOSES):
        yield {
            "node": _name(task.task_spec),
            "asked": [{"expression": text, "value": plain(value)} for text, value in asked],
            "took": [_name(child.task_spec) for child in task.children],
        }


def _name(spec: Any) -> str:
    return str(getattr(spec, "bpmn_id", None) or spec.name)
