"""Joins that could wait for ever (cổng gộp chờ mãi): they wait only for what can still come.

A parallel gateway needs a token on every flow that enters it. Where a choice or an interruption
before it lets one of them stay away, or branches that meet without a gateway send two tokens by one
of them, the diagram would stop there; drawn elsewhere, it is meant to go on.
"""

from typing import Any

from lxml import etree

from engine.diagram import kind_of, tag
from engine.foreign.rewriting import Completion, leaving, name_of, nodes_in

_CHOOSE = frozenset({"exclusiveGateway", "inclusiveGateway", "eventBasedGateway"})
#: what gathers tokens, and what sends one on by one way only
_JOIN = frozenset({"parallelGateway", "inclusiveGateway"})
_ONE_WAY = frozenset({"exclusiveGateway", "eventBasedGateway"})


def complete(done: Completion, scope: Any) -> None:
    """Make inclusive every parallel join of a scope that a choice before it could starve."""
    nodes, out = nodes_in(scope), leaving(scope)
    edge: dict[str, list[str]] = {}
    for identity, element in nodes.items():
        if kind_of(element) == "boundaryEvent":
            edge.setdefault(element.get("attachedToRef"), []).append(identity)
    doubled = _doubled(nodes, out, edge)
    for identity, element in nodes.items():
        entering = [
            f.get("id") for flows in out.values() for f in flows if f.get("targetRef") == identity
        ]
        if kind_of(element) != "parallelGateway" or len(entering) < 2:
            continue
        late = any(identity in _beyond(out.get(m, []), out, edge)[0] for m in doubled)
        if late or _is_starved(identity, frozenset(entering), nodes, out, edge):
            _wait_for_what_comes(done, element, out.get(identity, []))


def _doubled(
    nodes: dict[str, Any], out: dict[str, list[Any]], edge: dict[str, list[str]]
) -> set[str]:
    """Return the nodes that several branches of one fork come to, each for itself."""
    entering: dict[str, set[str]] = {}
    for flows in out.values():
        for flow in flows:
            entering.setdefault(flow.get("targetRef"), set()).add(flow.get("id"))
    merges = {
        m: flows
        for m, flows in entering.items()
        if len(flows) > 1 and kind_of(nodes[m]) not in _JOIN
    }
    found: set[str] = set()
    for identity, element in nodes.items():
        branches = [[f] for f in out.get(identity, ())] if kind_of(element) not in _ONE_WAY else []
        beside = [e for e in edge.get(identity, ()) if nodes[e].get("cancelActivity") == "false"]
        branches = (branches or [out.get(identity, [])]) if beside else branches
        branches += [out.get(event, []) for event in beside]
        if len(branches) < 2:
            continue
        came = [_beyond(branch, out, edge)[1] for branch in branches]
        for merge, entered in merges.items():
            ways = [entered & one for one in came if entered & one]
            if len(ways) > 1 and len(set().union(*ways)) > 1:
                found.add(merge)
    return found


def _beyond(
    flows: list[Any], out: dict[str, list[Any]], edge: dict[str, list[str]]
) -> tuple[set[str], set[str]]:
    """Return the nodes and the flows that a token on one of `flows` may come to."""
    nodes, passed, todo = set[str](), set[str](), list(flows)
    while todo:
        flow = todo.pop()
        passed.add(flow.get("id"))
        target = flow.get("targetRef")
        if target not in nodes:
            nodes.add(target)
            todo.extend(out.get(target, ()))
            for event in edge.get(target, ()):
                todo.extend(out.get(event, ()))
    return nodes, passed


def _is_starved(
    join: str,
    entering: frozenset[str],
    nodes: dict[str, Any],
    out: dict[str, list[Any]],
    edge: dict[str, list[str]],
) -> bool:
    def reached(flows: list[Any]) -> frozenset[str]:
        """The flows into the join that a token on one of `flows` may come by."""
        found: set[str] = set()
        seen: set[str] = set()
        todo = list(flows)
        while todo:
            flow = todo.pop()
            target = flow.get("targetRef")
            if target == join:
                found.add(flow.get("id"))
            elif target not in seen:
                seen.add(target)
                todo.extend(out.get(target, ()))
                for event in edge.get(target, ()):
                    todo.extend(out.get(event, ()))
        return frozenset(found)

    if entering - _come_first(join, nodes, out, edge):
        return True
    for identity, element in nodes.items():
        if identity == join:
            continue
        flows = out.get(identity, [])
        if kind_of(element) in _CHOOSE and len(flows) > 1:
            ways = {reached([flow]) for flow in flows}
        elif identity in edge:
            ways = {reached(flows)} | {reached(out.get(e, [])) for e in edge[identity]}
        else:
            continue
        union = frozenset[str]().union(*ways)
        # A choice before the fork lets all of them stay away together: nothing waits then.
        if any(way != union and (way or union != entering) for way in ways):
            return True
    return False


def _come_first(
    join: str, nodes: dict[str, Any], out: dict[str, list[Any]], edge: dict[str, list[str]]
) -> frozenset[str]:
    """Return the flows a token may come by that was not at the join before."""
    found: set[str] = set()
    todo = [i for i, e in nodes.items() if kind_of(e) == "startEvent"]
    seen = {join, *todo}
    while todo:
        current = todo.pop()
        for flow in out.get(current, ()):
            found.add(flow.get("id"))
        ahead = [f.get("targetRef") for f in out.get(current, ())] + edge.get(current, [])
        for following in ahead:
            if following not in seen:
                seen.add(following)
                todo.append(following)
    return frozenset(found)


def _wait_for_what_comes(done: Completion, join: Any, flows: list[Any]) -> None:
    join.tag = tag("inclusiveGateway")
    for flow in flows if len(flows) > 1 else ():
        for drawn in flow.findall(tag("conditionExpression")):
            flow.remove(drawn)
        etree.SubElement(flow, tag("conditionExpression")).text = "true"
    done.say(
        join, "join", f"cổng «{name_of(join)}» có thể chờ mãi một luồng không tới, nên chỉ chờ "
        "những luồng còn có thể tới",
        f"“{name_of(join)}” could wait for ever, so it waits only for what can still come",
    )  # fmt: skip
