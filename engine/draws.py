"""Values for a dry run (giá trị chạy thử): what a diagram's conditions ask about, by chance."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions.timer import (
    TimeDateEventDefinition,
    TimerEventDefinition,
)

from engine.choices import KEY, key_of
from engine.diagram import Node
from engine.expressions import TEXT, ExpressionError, Kind, compile_expression
from engine.expressions import syntax as s
from engine.program import Program

_PLAIN: dict[str, tuple[Any, ...]] = {
    "text": ("", "x"),
    "number": (0, 1, 10),
    "boolean": (True, False),
    "date": ("2026-03-05",),
    "time": ("08:00:00",),
    "moment": ("2026-03-05T08:00:00+07:00",),
    "duration": ("P1D",),
}


@dataclass(slots=True)
class Draws:
    """What each variable may be: declared kinds, and the values it is compared with."""

    kinds: Mapping[str, Kind]
    compared: dict[str, set[Any]] = field(default_factory=dict)
    lists: frozenset[str] = frozenset()
    elements: frozenset[str] = frozenset()
    #: what a timer asks about: text of a moment or a duration
    times: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, program: Program, kinds: Mapping[str, Kind]) -> "Draws":
        """Return what to draw for a program; `kinds` are the declared variables."""
        made = cls(kinds)
        for text in conditions(program):
            try:
                tree = compile_expression(text).tree
            except ExpressionError:
                continue
            made.look(tree)
        for text, drawn in _timers(program):
            try:
                made.times |= dict.fromkeys(compile_expression(text).names, drawn)
            except ExpressionError:
                continue
        nodes = program.nodes.values()
        made.lists = frozenset(n.collection for n in nodes if n.collection)
        made.elements = frozenset(n.element for n in nodes if n.element)
        return made

    def look(self, tree: s.Node) -> None:
        """Note every comparison of a variable with a written value."""
        self._truth(tree)
        for node in s.walk(tree):
            self._look(node)

    def _look(self, node: s.Node) -> None:
        match node:
            case s.Compare(left=s.Name(name=name), right=s.Literal(value=value)):
                self._note(name, value)
            case s.Compare(left=s.Literal(value=value), right=s.Name(name=name)):
                self._note(name, value)
            case s.In(value=s.Name(name=name), tests=tests):
                for test in tests:
                    for option in test.items if isinstance(test, s.ListOf) else (test,):
                        if isinstance(option, s.Literal):
                            self._note(name, option.value)
            case s.Logic(operands=operands):
                for part in operands:
                    self._truth(part)
            case s.Not(operand=operand):
                self._truth(operand)

    def _truth(self, node: Any) -> None:
        if isinstance(node, s.Name):
            self.compared.setdefault(node.name, set()).update((True, False))

    def _note(self, name: str, value: Any) -> None:
        if isinstance(value, str | bool | int):
            self.compared.setdefault(name, set()).add(value)

    def some(
        self, chance: random.Random, *, node: Node | None = None, forward: bool = False
    ) -> dict[str, Any]:
        """Return values for every variable that is asked about, and an officer's choices."""
        drawn: dict[str, Any] = {}
        for name in sorted(
            self.kinds.keys() | self.compared.keys() | self.lists | self.times.keys()
        ):
            if name in self.elements or name == KEY:
                continue
            drawn[name] = self._one(name, chance)
        if node is not None and node.choices:
            drawn[KEY] = {} if forward else _choose(node, chance)  # what was chosen before is over
        return drawn

    def _one(self, name: str, chance: random.Random) -> Any:
        kind = self.kinds.get(name)
        if name in self.times:
            return self.times[name]
        if name in self.lists and (kind is None or kind.name != "list"):
            return ["x"] * chance.randrange(3)
        options = sorted(self.compared.get(name, ()), key=repr)
        if kind is None:
            return chance.choice([*options, None])
        if options and chance.random() < 0.5:
            return chance.choice(options)
        return value_of(kind, chance)


def value_of(kind: Kind, chance: random.Random) -> Any:
    """Return some value of a kind, as a variable keeps it."""
    if kind.values:
        return chance.choice(sorted(kind.values))
    if kind.name == "list":
        return [value_of(kind.item or TEXT, chance) for _ in range(chance.randrange(3))]
    if kind.name == "context":
        return {name: value_of(part, chance) for name, part in kind.keys or ()}
    return chance.choice(_PLAIN.get(kind.name, (None,)))


def _choose(node: Node, chance: random.Random) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for gateway, flow, _ in chance.sample(node.choices, len(node.choices)):
        if chance.random() < 0.7:  # sometimes nothing is chosen
            chosen[key_of(gateway)] = flow
    return chosen


def _timers(program: Program) -> Iterator[tuple[str, str]]:
    for spec in (program.spec, *program.subprocess_specs.values()):
        for task in spec.task_specs.values():
            timer = getattr(task, "event_definition", None)
            if isinstance(timer, TimerEventDefinition):
                is_date = isinstance(timer, TimeDateEventDefinition)
                yield str(timer.expression), _PLAIN["moment" if is_date else "duration"][0]


def conditions(program: Program) -> Iterator[str]:
    """Yield the expressions a program evaluates."""
    for spec in (program.spec, *program.subprocess_specs.values()):
        for task in spec.task_specs.values():
            for condition, _ in getattr(task, "cond_task_specs", ()):
                if condition is not None:
                    yield str(condition.args[0])
            for name in ("condition", "cardinality"):
                text = getattr(task, name, None)
                if isinstance(text, str):
                    yield text
