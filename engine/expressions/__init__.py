"""The one language of diagrams and forms (biểu thức): a subset of FEEL; nothing else runs.

Whole numbers are `int`, all others `Decimal` of 34 digits (a float met in a variable is read by
its shortest decimal form). Null follows FEEL: `null = 1` is false, `null < 1` is null, operands of
unlike kinds give null, a missing name is null, and a condition holds only when it is true. Local
time is Vietnam's; the clock comes from the caller.
"""

from engine.expressions.errors import ExpressionError
from engine.expressions.expression import (
    Assignments,
    Expression,
    compile_assignments,
    compile_expression,
)
from engine.expressions.kinds import (
    ANY,
    BOOLEAN,
    CONTEXT,
    DATE,
    DURATION,
    LIST,
    MOMENT,
    NULL,
    NUMBER,
    TEXT,
    TIME,
    Kind,
    context_of,
    list_of,
    one_of,
)
from engine.expressions.patterns import Pattern, compile_pattern
from engine.expressions.unary import TESTED, compile_tests
from engine.expressions.values import VIETNAM, Months

__all__ = [
    "ANY",
    "BOOLEAN",
    "CONTEXT",
    "DATE",
    "DURATION",
    "LIST",
    "MOMENT",
    "NULL",
    "NUMBER",
    "TESTED",
    "TEXT",
    "TIME",
    "VIETNAM",
    "Assignments",
    "Expression",
    "ExpressionError",
    "Kind",
    "Months",
    "Pattern",
    "compile_assignments",
    "compile_expression",
    "compile_pattern",
    "compile_tests",
    "context_of",
    "list_of",
    "one_of",
]
