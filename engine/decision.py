"""The way a run takes (đường đi), and how its gateways choose: what they ask, where tokens go."""

from typing import Any, TypedDict

from SpiffWorkflow.bpmn.specs.defaults import ExclusiveGateway, InclusiveGateway

from engine.environment import plain
from engine.program import Program

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


class Trace:
    """The way a run takes: the nodes it passes, and how its gateways choose.

    `asked` is where the environment notes each expression with what it gave.
    """

    def __init__(self, program: Program, asked: list[tuple[str, Any]]) -> None:
        self.passed: list[str] = []
        self.decisions: list[Decision] = []
        self._program = program
        self._asked = asked

    def will(self) -> None:
        """Note that a task is about to run: what is asked from now on is its."""
        self._asked.clear()

    def did(self, task: Any) -> None:
        """Note where a task that ran stood, and what it chose."""
        node = self._program.node_of(task)
        if node is not None and (not self.passed or self.passed[-1] != node.id):
            self.passed.append(node.id)
        if self._asked and isinstance(task.task_spec, CHOOSES):
            asked: list[Asked] = [{"expression": e, "value": plain(v)} for e, v in self._asked]
            took = [_name(child.task_spec) for child in task.children]
            self.decisions.append({"node": _name(task.task_spec), "asked": asked, "took": took})


def _name(spec: Any) -> str:
    return str(getattr(spec, "bpmn_id", None) or spec.name)
