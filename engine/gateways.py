"""The ways out of a gateway (luồng ra khỏi cổng): each has its condition, and one always opens."""

from collections.abc import Iterator
from typing import Any

from engine.diagram import kind_of, scopes, tag
from engine.expressions import ExpressionError, compile_expression
from engine.expressions.syntax import Compare, Literal, Name, Not
from engine.finding import Finding, error

_CHOOSE = frozenset({"exclusiveGateway", "inclusiveGateway"})


def check_conditions(root: Any) -> Iterator[Finding]:
    """Return the flows out of a choice that neither have a condition nor are its default."""
    for gateway, flows in _choices(root):
        for flow in flows if len(flows) > 1 else ():
            if not _condition(flow) and flow.get("id") != gateway.get("default"):
                which = f" «{flow.get('name')}»" if flow.get("name") else ""
                yield error(
                    flow, "no-condition",
                    f"Luồng{which} ra khỏi cổng «{_name(gateway)}» chưa có điều kiện và không phải "
                    "luồng mặc định. Ghi điều kiện theo điều cán bộ chọn trên biểu mẫu của bước "
                    'trước cổng, ví dụ outcome = "return", hoặc đặt làm luồng mặc định.',
                    f"The flow{which} out of “{_name(gateway)}” has no condition and is not the "
                    "gateway's default. Write what the officer chooses at the form of the step "
                    'before, such as outcome = "return", or make it the default.',
                )  # fmt: skip


def check_defaults(root: Any) -> Iterator[Finding]:
    """Return the gateways at which a document may find no way on."""
    for gateway, flows in _choices(root):
        conditions = [_condition(f) for f in flows if f.get("id") != gateway.get("default")]
        if len(conditions) < len(flows) or not any(conditions) or _covers(conditions):
            continue
        yield error(
            gateway, "no-default",
            f"Cổng «{_name(gateway)}» không có luồng mặc định: khi không điều kiện nào đúng, quy "
            "trình không đi tiếp được. Chọn một luồng ra làm luồng mặc định.",
            f"Gateway “{_name(gateway)}” has no default flow: where no condition holds, the "
            "process cannot run on. Make one of its flows the default.",
        )  # fmt: skip


def _choices(root: Any) -> Iterator[tuple[Any, list[Any]]]:
    for scope in scopes(root):
        leaving: dict[str, list[Any]] = {}
        for flow in scope.findall(tag("sequenceFlow")):
            leaving.setdefault(flow.get("sourceRef"), []).append(flow)
        for element in scope:
            if kind_of(element) in _CHOOSE:
                yield element, leaving.get(element.get("id"), [])


def _name(gateway: Any) -> str:
    return str(gateway.get("name") or gateway.get("id"))


def _condition(flow: Any) -> str:
    return (flow.findtext(tag("conditionExpression")) or "").strip()


def _covers(conditions: list[str]) -> bool:
    """Whether one condition always holds, or one is an officer's choice and another the rest."""
    if "true" in conditions:
        return True
    choices = {choice for text in conditions if (choice := choice_of(text)) is not None}
    return any((value, False) in choices for value, chosen in choices if chosen)


def choice_of(condition: str) -> tuple[str, bool] | None:
    """Return the outcome a condition asks for, and whether it or any other; None if it does not."""
    # Only the outcome is always text or null: where operands may be unlike, both `x = 1` and
    # `x != 1` are null and neither way opens.
    try:
        tree = compile_expression(condition).tree
    except ExpressionError:
        return None
    negated = isinstance(tree, Not)
    match tree.operand if isinstance(tree, Not) else tree:
        case Compare(
            operator="=" | "!=" as operator, left=Name(name="outcome"), right=Literal(value=value)
        ) if isinstance(value, str):
            return value, (operator == "=") is not negated
        case _:
            return None
