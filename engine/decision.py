"""The way a run takes (đường đi), and how its gateways choose: what they ask, where tokens go."""

from typing import Any, TypedDict

from SpiffWorkflow.bpmn.specs.defaults import ExclusiveGateway, InclusiveGateway

from engine.decision_table import RuleTask
from engine.environment import plain
from engine.program import Program

#: what has conditions on its ways
CHOOSES = (ExclusiveGateway, InclusiveGateway)


class Asked(TypedDict):
    """A condition, or an output of a decision table, with the value it had."""

    expression: str
    value: Any


class Decision(TypedDict):
    """A gateway or a decision table, what it asked in order, and where its tokens went."""

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
        spec = task.task_spec
        if self._asked and isinstance(spec, CHOOSES):
            self._decided(task, self._asked)
        elif isinstance(spec, RuleTask):
            self._decided(task, [(name, task.data.get(name)) for name in spec.decision.outputs])

    def _decided(self, task: Any, asked: list[tuple[str, Any]]) -> None:
        self.decisions.append(
            {
                "node": _name(task.task_spec),
                "asked": [{"expression": text, "value": plain(value)} for text, value in asked],
                "took": [_name(child.task_spec) for child in task.children],
            }
        )


def _name(spec: Any) -> str:
    return str(getattr(spec, "bpmn_id", None) or spec.name)
