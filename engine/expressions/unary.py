"""Cells of a decision table (ô điều kiện): FEEL's unary tests, read by the same language.

`-`, `"khẩn"`, `< 3`, `[1..5]`, `"a", "b"`, `not("a")`. The value tested goes under the name `?`.
"""

from collections.abc import Mapping
from functools import lru_cache

from engine.expressions import syntax as s
from engine.expressions.checking import infer, need
from engine.expressions.closures import closure
from engine.expressions.errors import ExpressionError
from engine.expressions.expression import Expression
from engine.expressions.kinds import BOOLEAN, Kind
from engine.expressions.parser import Parser, within_limits
from engine.expressions.tokens import LONGEST_SOURCE, Sort, tokens

#: the value that a cell tests
TESTED = "?"
_SIGNS = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "=": "=", "==": "=", "!=": "!="}


class _Cell(Parser):
    """One reading of one cell."""

    def tests(self) -> s.Node:
        """Read everything up to the end."""
        if self._is("not") and self._is("(", ahead=1):
            at = self._take().at
            self._take()
            tree: s.Node = s.Not(at, self._either())
            self._expect(")")
        else:
            tree = self._either()
        if self._peek().sort is not Sort.END:
            self._unexpected(("hết ô", "the end of the cell"))
        return tree

    def _either(self) -> s.Node:
        found = [self._one()]
        while self._skip(","):
            found.append(self._one())
        return found[0] if len(found) == 1 else s.Logic(found[0].at, "or", tuple(found))

    def _one(self) -> s.Node:
        token = self._peek()
        tested = s.Name(token.at, TESTED)
        if self._is(*_SIGNS):
            self._take()
            return s.Compare(token.at, _SIGNS[token.text], tested, self._operand())
        if self._is("(") and self._opens_interval():
            opening = self._take()
            return s.In(token.at, tested, (self._interval(opening, self._operand()),))
        return s.In(token.at, tested, (self._test(),))


@lru_cache(maxsize=4096)
def _compiled(cell: str) -> Expression | None:
    if cell.strip() in {"", "-"}:
        return None
    if len(cell) > LONGEST_SOURCE:
        raise ExpressionError("too-long", limit=LONGEST_SOURCE, source=cell)
    try:
        tree = _Cell(tokens(cell)).tests()
        within_limits(tree)
    except ExpressionError as error:
        raise error.within(cell) from None
    return Expression(cell, s.free_names(tree), tree, closure(tree), BOOLEAN)


def compile_tests(cell: str, names: Mapping[str, Kind] | None = None) -> Expression | None:
    """Compile one cell; None where it lets any value pass. Raises `ExpressionError`.

    With `names`, `?` among them, every operation must fit their kinds.
    """
    tests = _compiled(cell)
    if tests is not None and names is not None:
        try:
            need(tests.tree, infer(tests.tree, names), BOOLEAN)
        except ExpressionError as error:
            raise error.within(cell) from None
    return tests
