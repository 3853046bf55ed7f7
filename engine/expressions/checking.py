"""Expressions checked before they run (kiểm tra kiểu): names exist, kinds fit, values occur."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import NoReturn

from engine.expressions import kinds as k
from engine.expressions import syntax as s
from engine.expressions.errors import ExpressionError
from engine.expressions.functions import FUNCTIONS
from engine.expressions.kinds import Kind
from engine.expressions.parts import PARTS
from engine.expressions.values import Months

_LITERALS = {"NoneType": k.NULL, "bool": k.BOOLEAN, "str": k.TEXT, "date": k.DATE, "time": k.TIME}
_LITERALS |= {"int": k.NUMBER, "Decimal": k.NUMBER, "datetime": k.MOMENT}
_LITERALS |= {"timedelta": k.DURATION, "Months": k.DURATION}
_ORDERED = frozenset({"any", "text", "number", "date", "time", "moment", "duration"})
_PARTS = {
    "date": frozenset().union(*(PARTS[c] for c in PARTS if c.__name__ == "date")),
    "moment": frozenset().union(*(PARTS[c] for c in PARTS if c.__name__ == "datetime")),
    "time": frozenset().union(*(PARTS[c] for c in PARTS if c.__name__ == "time")),
    "duration": frozenset().union(
        *(PARTS[c] for c in PARTS if c is Months or c.__name__ == "timedelta")
    ),
}
#: (operator, left, right) → result, for what is not plain numbers
_ARITHMETIC: dict[tuple[str, str, str], Kind] = {
    ("+", "text", "text"): k.TEXT,
    ("-", "date", "date"): k.DURATION,
    ("-", "moment", "moment"): k.DURATION,
    ("*", "number", "duration"): k.DURATION,
    ("*", "duration", "number"): k.DURATION,
    ("/", "duration", "number"): k.DURATION,
    ("+", "duration", "duration"): k.DURATION,
    ("-", "duration", "duration"): k.DURATION,
    ("+", "date", "duration"): k.DATE,
    ("-", "date", "duration"): k.DATE,
    ("+", "moment", "duration"): k.MOMENT,
    ("-", "moment", "duration"): k.MOMENT,
    ("+", "duration", "date"): k.DATE,
    ("+", "duration", "moment"): k.MOMENT,
    **{(sign, "number", "number"): k.NUMBER for sign in "+-*/%"},
}


def infer(node: s.Node, names: Mapping[str, Kind]) -> Kind:
    """Return the kind of `node`; raise `ExpressionError` where it can never work."""
    match node:
        case s.Literal():
            return _LITERALS[type(node.value).__name__]
        case s.Name():
            return _name(node, names)
        case s.Path():
            return _path(node, infer(node.base, names))
        case s.Not():
            need(node.operand, infer(node.operand, names), k.BOOLEAN)
            return k.BOOLEAN
        case s.Negate():
            kind = infer(node.operand, names)
            need(node.operand, kind, k.DURATION if kind is k.DURATION else k.NUMBER)
            return kind
        case s.Logic():
            for part in node.operands:
                need(part, infer(part, names), k.BOOLEAN)
            return k.BOOLEAN
        case s.Compare():
            return _compare(node, names)
        case s.Arithmetic():
            return _arithmetic(node, infer(node.left, names), infer(node.right, names))
        case s.In():
            return _in(node, names)
        case s.If():
            need(node.condition, infer(node.condition, names), k.BOOLEAN)
            return k.common(infer(node.then, names), infer(node.otherwise, names))
        case s.Quantified():
            item = _item(node.source, infer(node.source, names))
            need(node.test, infer(node.test, {**names, node.name: item}), k.BOOLEAN)
            return k.BOOLEAN
        case s.Call():
            return _call(node, names)
        case s.ListOf():
            return _list(node, names)
        case s.ContextOf():
            return k.context_of({key: infer(part, names) for key, part in node.entries})
    raise AssertionError(node)


def need(node: s.Node, found: Kind, wanted: Kind) -> None:
    """Refuse a part whose kind is not the wanted one."""
    if not k.fits(found, wanted):
        raise ExpressionError("wrong-kind", at=node.at, wanted=_word(wanted), found=_word(found))


def _word(kind: Kind) -> tuple[str, str]:
    return kind.text("vi"), kind.text("en")


def _mismatch(at: int, operation: str, left: Kind, right: Kind) -> NoReturn:
    raise ExpressionError(
        "mismatch", at=at, operation=f"“{operation}”", left=_word(left), right=_word(right)
    )


def _name(node: s.Name, names: Mapping[str, Kind]) -> Kind:
    kind = names.get(node.name)
    if kind is not None:
        return kind
    near = get_close_matches(node.name, names, n=1)
    raise ExpressionError(
        "unknown-name",
        at=node.at,
        name=node.name,
        hint=(f"; có phải là “{near[0]}”?", f"; did you mean “{near[0]}”?") if near else "",
    )


def _path(node: s.Path, base: Kind) -> Kind:
    if base.name == "list":
        return k.list_of(_path(node, base.item or k.ANY))
    if base.name == "context":
        kind = base.key(node.key)
    elif base.name in _PARTS:
        kind = k.NUMBER if node.key in _PARTS[base.name] else None
    else:
        kind = k.ANY if base.name in {"any", "null"} else None
    if kind is None:
        shown = node.base.name if isinstance(node.base, s.Name) else _word(base)
        raise ExpressionError("unknown-key", at=node.at, base=shown, name=node.key)
    return kind


def _compare(node: s.Compare, names: Mapping[str, Kind]) -> Kind:
    left, right = infer(node.left, names), infer(node.right, names)
    ordering = node.operator not in {"=", "!="}
    if not (k.fits(left, right) or right is k.NULL):
        _mismatch(node.at, node.operator, left, right)
    if ordering and not {left.name, right.name} <= _ORDERED:
        _mismatch(node.at, node.operator, left, right)
    if not ordering:
        _occurs(left, node.right)
        _occurs(right, node.left)
    return k.BOOLEAN


def _occurs(kind: Kind, node: s.Node) -> None:
    """Refuse `outcome = "retrun"`: a comparison with a value the form does not offer."""
    if kind.values is None or not isinstance(node, s.Literal) or not isinstance(node.value, str):
        return
    if node.value not in kind.values:
        values = ", ".join(sorted(kind.values))
        raise ExpressionError("impossible-value", at=node.at, value=node.value, values=values)


def _arithmetic(node: s.Arithmetic, left: Kind, right: Kind) -> Kind:
    if "any" in {left.name, right.name}:
        return k.ANY
    found = _ARITHMETIC.get((node.operator, left.name, right.name))
    if found is None:
        _mismatch(node.at, node.operator, left, right)
    return found


def _in(node: s.In, names: Mapping[str, Kind]) -> Kind:
    value = infer(node.value, names)
    for test in node.tests:
        if isinstance(test, s.Interval):
            for end in (test.low, test.high):
                kind = infer(end, names)
                if not k.fits(kind, value) or not {kind.name, value.name} <= _ORDERED:
                    _mismatch(node.at, "in", value, kind)
            continue
        kind = infer(test, names)
        for option in test.items if isinstance(test, s.ListOf) else (test,):
            _occurs(value, option)
        item = (kind.item or k.ANY) if kind.name == "list" else kind
        if not (k.fits(value, item) or item is k.NULL):
            _mismatch(node.at, "in", value, kind)
    return k.BOOLEAN


def _item(node: s.Node, kind: Kind) -> Kind:
    need(node, kind, k.LIST)
    return kind.item or k.ANY


def _list(node: s.ListOf, names: Mapping[str, Kind]) -> Kind:
    item: Kind | None = None
    for part in node.items:
        kind = infer(part, names)
        item = kind if item is None else k.common(item, kind)
    return k.list_of(item or k.ANY)


def _call(node: s.Call, names: Mapping[str, Kind]) -> Kind:
    function = FUNCTIONS[node.function]
    found = [infer(part, names) for part in node.arguments]
    for place, (part, kind) in enumerate(zip(node.arguments, found, strict=True)):
        need(part, kind, function.kind_of(place))
    match node.function:
        case "min" | "max" | "sum" if found:
            first = (found[0].item or k.ANY) if found[0].name == "list" else found[0]
            return Kind(first.name) if first.name in _ORDERED else k.ANY
        case "list contains" if found[0].item is not None:
            _occurs(found[0].item, node.arguments[1])
        case "append" | "concatenate" | "distinct values":
            return found[0] if node.function == "distinct values" else k.LIST
    return function.gives
