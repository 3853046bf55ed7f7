"""The way a run has taken through its diagram (đường đã đi): steps passed, flows walked."""

from collections import Counter
from collections.abc import Iterable, Sequence

from engine.diagram import read

#: what one event left behind, in order, and where tokens stood after it
Move = tuple[Sequence[str], Sequence[str]]


def passed(moves: Iterable[Move]) -> list[str]:
    """Return the nodes passed, in order, each once."""
    return list(dict.fromkeys(node for left, _ in moves for node in left))


def walked(xml: bytes, moves: Iterable[Move]) -> frozenset[str]:
    """Return the flows that were walked: of a gateway those it chose, else the only one."""
    reached: dict[str | None, set[str]] = {}
    for left, standing in moves:
        for node in left:
            reached.setdefault(node, set()).update(left, standing)
    flows = list(read(xml).iter("{*}sequenceFlow"))
    ways = Counter(flow.get("sourceRef") for flow in flows)
    return frozenset(
        flow.get("id")
        for flow in flows
        if flow.get("targetRef") in reached.get(flow.get("sourceRef"), ())
        or (ways[flow.get("sourceRef")] == 1 and flow.get("sourceRef") in reached)
    )
