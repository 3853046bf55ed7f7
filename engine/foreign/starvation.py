"""Joins that could wait for ever (cổng gộp chờ mãi): they wait only for what can still come.

A parallel gateway needs a token on every flow that enters it. Where a choice or an interruption
before it lets one of them stay away, or branches that meet without a gateway send two tokens by one
of them, the diagram would stop there; drawn elsewhere, it is meant to go on.
"""

from collections import Counter
from typing import Any

from lxml import etree

from engine.diagram import kind_of, tag
from engine.foreign.rewriting import Completion, leaving, name_of, nodes_in

#: what gathers tokens, and what sends one on by one way only
_JOIN = frozenset({"parallelGateway", "inclusiveGateway"})
_ONE_WAY = frozenset({"exclusiveGateway", "eventBasedGateway"})
#: the flows of a join by which tokens came, marked where another join gathered them before
_Came = frozenset[str]
_GATHERED = "*"
_NONE: _Came = frozenset()
_TWICE: _Came = frozenset({"twice"})
#: into a join with more flows than this too much may come to be played through
_MANY = 5


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
    """Whether some way through the scope brings tokens by a part of the flows, or two by one.

    Played backwards: by which flows what stands at a node may come to the join, all that it becomes
    together. A circle counts for the ways out of it.
    """
    if len(entering) > _MANY:
        return True
    comes: dict[str, frozenset[_Came]] = {i: frozenset() for i in nodes}
    targets = Counter(f.get("targetRef") for flows in out.values() for f in flows)
    joins = {i for i, e in nodes.items() if kind_of(e) in _JOIN and targets[i] > 1}

    def by(flow: Any) -> frozenset[_Came]:
        target = flow.get("targetRef")
        if target == join:
            return frozenset({frozenset({flow.get("id")})})
        if target in joins:
            return frozenset(frozenset(_GATHERED + c.lstrip(_GATHERED) for c in came)
                             for came in comes[target])  # fmt: skip
        return comes[target]

    changed = True
    while changed:
        changed = False
        for identity, element in nodes.items():
            found = _together(element, [by(f) for f in out.get(identity, ())])
            for event in edge.get(identity, ()):
                if nodes[event].get("cancelActivity") == "false":
                    found |= _side_by_side([found, comes[event] | {_NONE}])
                else:
                    found |= comes[event]
            if found != comes[identity]:
                comes[identity], changed = found, True
    begun = [join, *(i for i, e in nodes.items() if kind_of(e) == "startEvent")]
    all_told = {frozenset(c.lstrip(_GATHERED) for c in came) for i in begun for came in comes[i]}
    return not all_told <= {_NONE, entering}


def _together(element: Any, ways: list[frozenset[_Came]]) -> frozenset[_Came]:
    """Return what comes of a token that leaves a node by these flows."""
    if not ways:
        return frozenset({_NONE})
    if kind_of(element) in _ONE_WAY:
        return frozenset[_Came]().union(*ways)
    if kind_of(element) == "inclusiveGateway":  # any of its flows stays away
        return _side_by_side([way | {_NONE} for way in ways])
    return _side_by_side(ways)


def _side_by_side(ways: list[frozenset[_Came]]) -> frozenset[_Came]:
    together = frozenset({_NONE})
    for way in ways:
        together = frozenset(_both(one, other) for one in together for other in way)
    return together


def _both(one: _Came, other: _Came) -> _Came:
    twice = any(not c.startswith(_GATHERED) for c in one & other)
    return _TWICE if twice or _TWICE in {one, other} else one | other


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
