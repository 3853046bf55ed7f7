"""The syntax tree made into Python closures: no code object, no builtins, no way out."""

from collections.abc import Callable
from operator import ge, gt, le, lt
from typing import Any

from engine.expressions import syntax as s
from engine.expressions import values as v
from engine.expressions.functions import FUNCTIONS
from engine.expressions.parts import part_of

Closure = Callable[[v.Run], Any]
Test = Callable[[v.Run, Any], bool | None]

_Order = Callable[[Any, Any], bool]
_ORDERINGS: dict[str, _Order] = {"<": lt, "<=": le, ">": gt, ">=": ge}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": v.add,
    "-": v.subtract,
    "*": v.multiply,
    "/": v.divide,
    "%": v.modulo,
}


def closure(node: s.Node, bound: tuple[str, ...] = ()) -> Closure:
    """Return the function that computes `node`; `bound` are the names of `some` around it."""
    match node:
        case s.Literal():
            return _literal(node.value)
        case s.Name():
            return _name(node.name, bound)
        case s.Path():
            return _path(closure(node.base, bound), node.key)
        case s.Compare():
            return _compare(node, bound)
        case s.Logic():
            operands = tuple(closure(part, bound) for part in node.operands)
            return _logic(operands, decisive=node.operator == "or")
        case s.Not():
            return _not(closure(node.operand, bound))
        case s.Negate():
            return _negate(closure(node.operand, bound))
        case s.Arithmetic():
            left, right = closure(node.left, bound), closure(node.right, bound)
            return _arithmetic(_ARITHMETIC[node.operator], left, right)
        case s.In():
            return _in(node, bound)
        case s.If():
            parts = (node.condition, node.then, node.otherwise)
            return _if(*(closure(part, bound) for part in parts))
        case s.Quantified():
            return _quantified(node, bound)
        case s.Call():
            return _call(node, bound)
        case s.ListOf():
            return _list(tuple(closure(part, bound) for part in node.items))
        case s.ContextOf():
            return _context({key: closure(part, bound) for key, part in node.entries})
    raise AssertionError(node)


def _literal(value: Any) -> Closure:
    return lambda _: value


def _name(name: str, bound: tuple[str, ...]) -> Closure:
    if name in bound:
        place = len(bound) - 1 - bound[::-1].index(name)
        return lambda run: run.bound[place]
    return lambda run: run.variables.get(name)


def _path(base: Closure, key: str) -> Closure:
    return lambda run: part_of(run, base(run), key)


def _compare(node: s.Compare, bound: tuple[str, ...]) -> Closure:
    left, right = closure(node.left, bound), closure(node.right, bound)
    if node.operator not in _ORDERINGS:
        wanted = node.operator == "="
        whole = _equality(left, right, wanted=wanted)
        match node.left, node.right:
            case s.Name(name=name), s.Literal(value=value) if name not in bound:
                return _is(name, value, whole, wanted=wanted)
        return whole
    holds = _ORDERINGS[node.operator]

    def order(run: v.Run) -> bool | None:
        a, b = left(run), right(run)
        if a.__class__ is int and b.__class__ is int:
            return holds(a, b)
        pair = v.ordered_pair(a, b)
        return None if pair is None else holds(*pair)

    return order


def _is(name: str, value: Any, whole: Closure, *, wanted: bool) -> Closure:
    """What nearly every condition asks, without a call for either side."""
    kind = value.__class__ if value.__class__ in v.PLAIN else None

    def equality(run: v.Run) -> bool | None:
        found = run.variables.get(name)
        return (found == value) is wanted if found.__class__ is kind else whole(run)

    return equality


def _equality(left: Closure, right: Closure, *, wanted: bool) -> Closure:
    plain = v.PLAIN

    def equality(run: v.Run) -> bool | None:
        a, b = left(run), right(run)
        if a.__class__ is b.__class__ and a.__class__ in plain:
            return (a == b) is wanted
        found = v.equal(run, a, b)
        return None if found is None else found is wanted

    return equality


def _logic(operands: tuple[Closure, ...], *, decisive: bool) -> Closure:
    """`or` ends at the first true, `and` at the first false; else a non-boolean gives null."""
    neutral = not decisive

    def logic(run: v.Run) -> bool | None:
        answer: bool | None = neutral
        for operand in operands:
            value = operand(run)
            if value is decisive:
                return not neutral
            if value is not neutral:
                answer = None
        return answer

    return logic


def _not(operand: Closure) -> Closure:
    def negation(run: v.Run) -> bool | None:
        value = operand(run)
        return not value if isinstance(value, bool) else None

    return negation


def _negate(operand: Closure) -> Closure:
    return lambda run: v.negate(operand(run))


def _arithmetic(operation: Callable[[Any, Any], Any], left: Closure, right: Closure) -> Closure:
    return lambda run: operation(left(run), right(run))


def _in(node: s.In, bound: tuple[str, ...]) -> Closure:
    value = closure(node.value, bound)
    tests = tuple(_test(test, bound) for test in node.tests)

    def membership(run: v.Run) -> bool | None:
        found = value(run)
        answer: bool | None = False
        for test in tests:
            passed = test(run, found)
            if passed:
                return True
            if passed is None:
                answer = None
        return answer

    return membership


def _test(node: s.Node, bound: tuple[str, ...]) -> Test:
    if isinstance(node, s.Interval):
        return _interval(node, bound)
    member = _member(closure(node, bound))
    if isinstance(node, s.ListOf):
        values = {part.value if isinstance(part, s.Literal) else None for part in node.items}
        if all(isinstance(value, str) for value in values):
            return _choice(frozenset(values), member)
    return member


def _choice(values: frozenset[Any], otherwise: Test) -> Test:
    """Look a text up among written values, the commonest condition of all."""

    def choice(run: v.Run, value: Any) -> bool | None:
        return value in values if value.__class__ is str else otherwise(run, value)

    return choice


def _member(items: Closure) -> Test:
    def member(run: v.Run, value: Any) -> bool | None:
        found = items(run)
        if isinstance(found, (list, tuple)):
            return v.contains_item(run, found, value)
        return v.equal(run, value, found)

    return member


def _interval(node: s.Interval, bound: tuple[str, ...]) -> Test:
    low, high = closure(node.low, bound), closure(node.high, bound)
    above: _Order = ge if node.with_low else gt
    below: _Order = le if node.with_high else lt

    def inside(run: v.Run, value: Any) -> bool | None:
        lower, upper = v.ordered_pair(value, low(run)), v.ordered_pair(value, high(run))
        if lower is None or upper is None:
            return None
        return above(*lower) and below(*upper)

    return inside


def _if(condition: Closure, then: Closure, otherwise: Closure) -> Closure:
    return lambda run: then(run) if condition(run) is True else otherwise(run)


def _quantified(node: s.Quantified, bound: tuple[str, ...]) -> Closure:
    source = closure(node.source, bound)
    test = closure(node.test, (*bound, node.name))
    # each round costs about as many steps as the test has parts
    cost = 8 * sum(1 for _ in s.walk(node.test))
    neutral = node.every
    decisive = not neutral

    def quantified(run: v.Run) -> bool | None:
        items = source(run)
        if not isinstance(items, (list, tuple)):
            return None
        answer: bool | None = neutral
        run.bound.append(None)
        try:
            for item in items:
                run.spend(cost)
                run.bound[-1] = item
                value = test(run)
                if value is decisive:
                    return not neutral
                if value is not neutral:
                    answer = None
        finally:
            run.bound.pop()
        return answer

    return quantified


def _call(node: s.Call, bound: tuple[str, ...]) -> Closure:
    compute = FUNCTIONS[node.function].compute
    arguments = tuple(closure(part, bound) for part in node.arguments)
    return lambda run: compute(run, [argument(run) for argument in arguments])


def _list(items: tuple[Closure, ...]) -> Closure:
    return lambda run: [item(run) for item in items]


def _context(entries: dict[str, Closure]) -> Closure:
    return lambda run: {key: entry(run) for key, entry in entries.items()}
