"""Expressions ready to run (biểu thức): read once, checked once, kept; evaluated many times."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from engine.expressions import syntax as s
from engine.expressions.checking import infer, need
from engine.expressions.closures import Closure, closure
from engine.expressions.errors import ExpressionError
from engine.expressions.kinds import ANY, Kind
from engine.expressions.parser import check_name, parse
from engine.expressions.tokens import LONGEST_SOURCE, Sort, Token, tokens
from engine.expressions.values import Run

MOST_ASSIGNMENTS = 50
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """One compiled expression; `names` are the variables it reads, `tree` what it says.

    `kind` is what it gives, known when it was compiled against declared names.
    """

    source: str
    names: frozenset[str]
    tree: s.Node
    _run: Closure = field(repr=False)
    kind: Kind = ANY

    def evaluate(self, variables: Mapping[str, Any] = _NOTHING, now: datetime | None = None) -> Any:
        """Return the value for these variables; a missing name is null.

        `now` is aware and needed only by `now()` and `today()`. Raises `ExpressionError` when the
        work or the value grows beyond its bounds.
        """
        try:
            return self._run(Run(variables, now))
        except ExpressionError as error:
            raise error.within(self.source) from None
        except (ArithmeticError, TypeError, ValueError, RecursionError):
            raise ExpressionError("failed", source=self.source) from None

    def holds(self, variables: Mapping[str, Any] = _NOTHING, now: datetime | None = None) -> bool:
        """Say whether the condition is true; false, null and other values all say no."""
        return self.evaluate(variables, now) is True


@dataclass(frozen=True, slots=True, eq=False)
class Assignments:
    """A script task's lines `name = expression` (kịch bản), each seeing the ones before it.

    `names` are the variables read from outside, `kinds` what the targets become.
    """

    source: str
    lines: tuple[tuple[str, Expression], ...]
    names: frozenset[str]
    kinds: Mapping[str, Kind]

    def evaluate(
        self, variables: Mapping[str, Any] = _NOTHING, now: datetime | None = None
    ) -> dict[str, Any]:
        """Return the assigned values only; `variables` stay as they are."""
        seen, given = dict(variables), dict[str, Any]()
        for name, expression in self.lines:
            seen[name] = given[name] = expression.evaluate(seen, now)
        return given


@lru_cache(maxsize=4096)
def _compiled(source: str) -> Expression:
    tree = parse(source)
    return Expression(source, s.free_names(tree), tree, closure(tree))


def compile_expression(
    source: str, names: Mapping[str, Kind] | None = None, result: Kind | None = None
) -> Expression:
    """Compile one expression, FEEL or its Python-like twin, a leading `=` allowed.

    With `names` every variable must be among them and every operation must fit their kinds; with
    `result` the value must be of that kind. Raises `ExpressionError` with the place and the reason.
    """
    if not isinstance(source, str):
        raise ExpressionError("not-text")
    expression = _compiled(source)
    if names is None:
        return expression
    try:
        kind = infer(expression.tree, names)
        need(expression.tree, kind, result or ANY)
    except ExpressionError as error:
        raise error.within(source) from None
    return Expression(source, expression.names, expression.tree, expression._run, kind)  # noqa: SLF001


def compile_assignments(source: str, names: Mapping[str, Kind] | None = None) -> Assignments:
    """Compile lines `name = expression`, empty lines allowed; raise `ExpressionError` otherwise.

    With `names` each line is checked as in `compile_expression`, earlier targets included.
    """
    if not isinstance(source, str):
        raise ExpressionError("not-text")
    written = [line for line in source.replace("\r\n", "\n").split("\n") if line.strip(" \t")]
    if not written:
        raise ExpressionError("empty", source=source)
    if len(written) > MOST_ASSIGNMENTS:
        raise ExpressionError("too-many-lines", limit=MOST_ASSIGNMENTS, source=source[:200])
    known = dict(names) if names is not None else None
    lines: list[tuple[str, Expression]] = []
    read, kinds = set[str](), dict[str, Kind]()
    for line in written:
        name, expression = _assignment(line, known)
        read |= expression.names - kinds.keys()
        kinds[name] = expression.kind
        if known is not None:
            known[name] = expression.kind
        lines.append((name, expression))
    return Assignments(source, tuple(lines), frozenset(read), kinds)


def _assignment(line: str, names: Mapping[str, Kind] | None) -> tuple[str, Expression]:
    if len(line) > LONGEST_SOURCE:
        raise ExpressionError("too-long", limit=LONGEST_SOURCE, source=line)
    shift = 0
    try:
        target, sign, *_ = [*tokens(line), *tokens("")]
        name = _target(target, sign)
        shift = sign.at + 1
        return name, compile_expression(line[shift:], names)
    except ExpressionError as error:
        raise error.within(line, shift) from None


def _target(target: Token, sign: Token) -> str:
    if target.sort is not Sort.WORD or sign.text != "=":
        raise ExpressionError("assignment", at=target.at)
    return check_name(target)
