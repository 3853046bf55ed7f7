"""The syntax tree (cây cú pháp): every form an expression can take, and there is no other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression; `at` is its place in the source, from 0."""

    at: int


@dataclass(frozen=True, slots=True)
class Literal(Node):
    value: Any


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ContextOf(Node):
    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Name(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Path(Node):
    base: Node
    key: str


@dataclass(frozen=True, slots=True)
class Not(Node):
    operand: Node


@dataclass(frozen=True, slots=True)
class Negate(Node):
    operand: Node


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """`and` or `or` over all its operands."""

    operator: str
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """`=`, `!=`, `<`, `<=`, `>` or `>=`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """`+`, `-`, `*`, `/` or `%`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Interval(Node):
    low: Node
    high: Node
    with_low: bool
    with_high: bool


@dataclass(frozen=True, slots=True)
class In(Node):
    """True when the value passes one of the tests: an interval, a list or a single value."""

    value: Node
    tests: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class If(Node):
    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    """`some` or `every` over one list."""

    every: bool
    name: str
    source: Node
    test: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    function: str
    arguments: tuple[Node, ...]


def children(node: Node) -> tuple[Node, ...]:
    """Return the direct parts of a node."""
    match node:
        case ListOf(items=parts) | Logic(operands=parts) | Call(arguments=parts):
            return parts
        case ContextOf():
            return tuple(part for _, part in node.entries)
        case Path():
            return (node.base,)
        case Not() | Negate():
            return (node.operand,)
        case Compare() | Arithmetic():
            return (node.left, node.right)
        case Interval():
            return (node.low, node.high)
        case In():
            return (node.value, *node.tests)
        case If():
            return (node.condition, node.then, node.otherwise)
        case Quantified():
            return (node.source, node.test)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and every part below it."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        waiting.extend(children(part))


def depth(node: Node) -> int:
    """Return how many levels of parts the tree has."""
    level, levels = [node], 0
    while level:
        levels += 1
        level = [part for parent in level for part in children(parent)]
    return levels


def free_names(node: Node, bound: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the variables the expression reads."""
    if isinstance(node, Name):
        return frozenset() if node.name in bound else frozenset({node.name})
    if isinstance(node, Quantified):
        return free_names(node.source, bound) | free_names(node.test, bound | {node.name})
    return frozenset().union(*(free_names(part, bound) for part in children(node)))
