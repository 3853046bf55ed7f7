"""Where a diagram does not say which way, an officer does (cán bộ chọn hướng đi).

The ways out of a gateway that no data decide are offered at the step before it. What the officer
chose stands in `cv_choice`; a condition in our language still counts where its data are there. When
nothing was chosen the way that is nearest to an end is taken, so a run never circles by default.
"""

import re
from collections import deque
from collections.abc import Iterator
from typing import Any

import orjson
from lxml import etree

from engine.choices import KEY, key_of
from engine.diagram import CONGVAN, HUMAN, kind_of, scopes, tag
from engine.expressions import ExpressionError, compile_expression
from engine.foreign.rewriting import (
    Completion,
    definitions_of,
    flows_in,
    leaving,
    name_of,
    nodes_in,
    text_of,
)
from engine.normalise import Rewrites, splits

_CHOOSE = frozenset({"exclusiveGateway", "inclusiveGateway"})
_FAILS = frozenset({"errorEventDefinition", "cancelEventDefinition"})
_BRACES = re.compile(r"\s*[$#]\{(.*)\}\s*", re.DOTALL)
_TWINS = (("&&", " and "), ("||", " or "), (" eq ", " = "), (" ne ", " != "), (" gt ", " > "),
          (" lt ", " < "), (" ge ", " >= "), (" le ", " <= "))  # fmt: skip


def complete(done: Completion) -> None:
    """Have every way out of a gateway decided: by data, by the officer, or by default."""
    for scope in list(scopes(done.root)):
        if kind_of(scope) != "adHocSubProcess":
            _split(done, scope)
        near = distances(scope)
        out = leaving(scope)
        _unasked(done, scope)
        for element in list(scope):
            if kind_of(element) in _CHOOSE:
                _gateway(done, element, out.get(element.get("id"), []), near)
    for scope in scopes(done.root):
        _offer(scope)


def _split(done: Completion, scope: Any) -> None:
    """Conditional flows from a step are a gateway that nobody drew."""
    rewrites = Rewrites(count=done.count)
    splits(scope, rewrites)
    done.count = rewrites.count
    done.given |= rewrites.made
    for element, vi, en in rewrites.notes:
        done.say(element, "split", vi, en)


def _unasked(done: Completion, scope: Any) -> None:
    """Only a choice asks for conditions: a parallel or event-based gateway opens all its flows."""
    nodes = nodes_in(scope)
    for flow in flows_in(scope):
        source = nodes.get(flow.get("sourceRef"))
        if source is not None and kind_of(source) not in _CHOOSE and _written(flow):
            _condition(flow, None)
            done.say(
                flow, "condition", "điều kiện sau cổng không rẽ theo điều kiện bị bỏ qua",
                "its condition is not asked for at such a gateway",
            )  # fmt: skip


def distances(scope: Any) -> dict[str, int]:
    """Return how many flows each node is away from an end of its scope."""
    nodes, before = nodes_in(scope), dict[str, set[str]]()
    out = leaving(scope)
    for element in flows_in(scope):
        before.setdefault(element.get("targetRef"), set()).add(element.get("sourceRef"))
    ends = {i for i, e in nodes.items() if i not in out or kind_of(e) == "endEvent"}
    # what fails goes on at an edge outside, which may lead back: any other end is nearer
    failing = {i for i in ends if any(kind_of(d) in _FAILS for d in definitions_of(nodes[i]))}
    near: dict[str, int] = {}
    for begun, away in ((ends - failing, 0), (failing, len(nodes))):
        todo = deque(sorted(begun))
        near.update(dict.fromkeys(todo, away))
        while todo:
            current = todo.popleft()
            for earlier in before.get(current, ()):
                if earlier not in near:
                    near[earlier] = near[current] + 1
                    todo.append(earlier)
    return near


def _gateway(done: Completion, gateway: Any, flows: list[Any], near: dict[str, int]) -> None:
    if len(flows) < 2:
        gateway.attrib.pop("default", None)
        for flow in flows:
            _condition(flow, None)
        return
    default = gateway.get("default")
    if default not in {f.get("id") for f in flows}:
        default = None
        gateway.attrib.pop("default", None)
    for flow in flows:
        if flow.get("id") == default:
            _condition(flow, None)
    always = [f for f in flows if _written(f) == "true"]
    asked = [f for f in flows if f.get("id") != default]
    conditions = {f.get("id"): _readable(done, f) for f in asked}
    if all(conditions[f.get("id")] and _known(conditions[f.get("id")], done) for f in asked):
        for flow in asked:
            _condition(flow, conditions[flow.get("id")])
        if default is None and kind_of(gateway) == "exclusiveGateway" and always:
            gateway.set("default", always[0].get("id"))
        elif default is None and not always:
            _default(done, gateway, flows, near)
        return
    _ask(done, gateway, flows, conditions)
    if always and kind_of(gateway) == "exclusiveGateway":
        gateway.set("default", always[0].get("id"))
    elif not always:
        _default(done, gateway, flows, near, told=True)


def _ask(
    done: Completion, gateway: Any, flows: list[Any], conditions: dict[str, str | None]
) -> None:
    chosen = f"{KEY}.{key_of(gateway)}"
    for flow in flows:
        identity = flow.get("id")
        wanted = f'{chosen} = "{identity}" or list contains({chosen}, "{identity}")'
        written = conditions.get(identity)
        if written == "true" and kind_of(gateway) == "inclusiveGateway":
            continue
        if written:
            known = compile_expression(written).names
            there = " and ".join(f"{name} != null" for name in sorted(known))
            wanted += f" or ({chosen} = null and {there or 'true'} and ({written}))"
        _condition(flow, wanted)
    gateway.set(f"{{{CONGVAN}}}choice", KEY)
    done.say(
        gateway, "choice", f"tại cổng «{name_of(gateway)}» cán bộ chọn luồng đi tiếp",
        f"at “{name_of(gateway)}” the officer chooses the way on",
    )  # fmt: skip


def _default(
    done: Completion, gateway: Any, flows: list[Any], near: dict[str, int], *, told: bool = False
) -> None:
    """The way nearest to an end, the first drawn of equals."""
    nearest = min(flows, key=lambda f: near.get(f.get("targetRef"), len(near) + 1))
    gateway.set("default", nearest.get("id"))
    if not told:
        done.say(
            gateway, "no-default",
            f"cổng «{name_of(gateway)}» không có luồng mặc định nên lấy «{name_of(nearest)}»",
            f"“{name_of(gateway)}” has no default flow and takes “{name_of(nearest)}”",
        )  # fmt: skip


def _written(flow: Any) -> str:
    return text_of(flow.find(tag("conditionExpression")))


def _readable(done: Completion, flow: Any) -> str | None:
    """Return a flow's condition in our language, or None where it is not written in it."""
    text = _written(flow)
    found = _BRACES.fullmatch(text)
    plain = found[1].strip() if found else text.removeprefix("=").strip()
    for theirs, ours in _TWINS:
        plain = plain.replace(theirs, ours)
    plain = re.sub(r"!(?!=)\s*([\w.]+|\([^()]*\))", r"not(\1)", plain)
    try:
        compile_expression(plain)
    except ExpressionError:
        if text:
            done.say(
                flow, "condition", f"điều kiện «{text[:80]}» không tính được",
                f"the condition “{text[:80]}” cannot be told",
            )  # fmt: skip
        return None
    if plain != text:
        done.say(
            flow, "condition", f"điều kiện «{text[:80]}» được hiểu là «{plain[:80]}»",
            f"the condition “{text[:80]}” is taken as “{plain[:80]}”",
        )  # fmt: skip
    return plain


def _known(condition: str | None, done: Completion) -> bool:
    """Whether data decide; what says the same whatever they are, but `true`, decides nothing."""
    if condition is None:
        return False
    names = compile_expression(condition).names
    return condition == "true" or (bool(names) and names <= done.declared)


def _condition(flow: Any, text: str | None) -> None:
    for drawn in flow.findall(tag("conditionExpression")):
        flow.remove(drawn)
    if text is not None:
        etree.SubElement(flow, tag("conditionExpression")).text = text


def _offer(scope: Any) -> None:
    """Tell each step which choices follow it before anybody else is asked."""
    nodes, out = nodes_in(scope), leaving(scope)
    for identity, element in nodes.items():
        if kind_of(element) not in HUMAN:
            continue
        offered = list(_ahead(identity, nodes, out))
        if element.find(tag("standardLoopCharacteristics")) is not None:
            offered.append((identity, "again", "Làm lại"))
        if offered:
            element.set(f"{{{CONGVAN}}}choices", orjson.dumps(offered).decode())


def _ahead(
    start: str, nodes: dict[str, Any], out: dict[str, list[Any]]
) -> Iterator[tuple[str, str, str]]:
    seen, todo = {start}, [f.get("targetRef") for f in out.get(start, ())]
    while todo:
        current = todo.pop()
        if current in seen or current not in nodes:
            continue
        seen.add(current)
        element = nodes[current]
        if kind_of(element) in HUMAN:
            continue
        if element.get(f"{{{CONGVAN}}}choice"):
            for flow in out.get(current, ()):
                yield current, flow.get("id"), flow.get("name") or _target(flow, nodes)
        todo.extend(f.get("targetRef") for f in out.get(current, ()))


def _target(flow: Any, nodes: dict[str, Any]) -> str:
    target = nodes.get(flow.get("targetRef"))
    return name_of(target) if target is not None else str(flow.get("id"))
