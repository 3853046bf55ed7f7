"""The control flow of a diagram as one graph (đồ thị luồng điều khiển), whatever lies inside what.

`engine.unfolding` builds it; here are the questions asked of it: what is reached without passing
something, what comes to its end without it, and by which way. Dominance is the first question.
"""

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

#: gateways behind which several tokens may be under way
_SPLITS = frozenset({"parallelGateway", "inclusiveGateway"})


@dataclass(frozen=True, slots=True)
class Place:
    """A point tokens pass (điểm trên đường đi): an element, or the way into or out of one.

    `is_done` marks the point at which the element has been carried out; `within` is the key of the
    scope around it, `element` empty where nobody drew it, `event` the kind of its first
    definition, or `trigger` for a sub-process that an event begins.
    """

    key: str
    element: str
    kind: str
    within: str
    is_done: bool = True
    event: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """A step from place to place; `aside` where it begins a token beside the one that stays."""

    source: str
    target: str
    id: str = ""
    condition: str = ""
    aside: bool = False


@dataclass(slots=True)
class Graph:
    """Places and flows of all processes of a file, with the places where they begin."""

    places: dict[str, Place] = field(default_factory=dict)
    after: dict[str, list[Flow]] = field(default_factory=dict)
    before: dict[str, list[Flow]] = field(default_factory=dict)
    starts: list[str] = field(default_factory=list)
    is_complete: bool = True
    _behind: dict[str, set[str]] = field(default_factory=dict)

    def done(self, elements: Collection[str]) -> set[str]:
        """Return the places at which one of the elements has been carried out."""
        return {k for k, p in self.places.items() if p.is_done and p.element in elements}

    def reached(
        self,
        origins: Iterable[str],
        without: Collection[str] = (),
        closed: Collection[Flow] = (),
        *,
        joining: bool = True,
        beside: Collection[str] = (),
    ) -> dict[str, Flow | None]:
        """Return the places reached from the origins, each with the flow it is first reached by.

        No token passes a place of `without` or a flow of `closed`. A parallel join opens when a
        token came by each of its flows, or, not `joining`, by any; it does not wait for those that
        come from `beside`, where tokens stand already.
        """
        found: dict[str, Flow | None] = dict.fromkeys(origins)
        todo = deque(found)
        arrived: dict[str, set[Flow]] = {}
        while todo:
            for flow in self.after[todo.popleft()]:
                target = flow.target
                if target in found or target in without or flow in closed:
                    continue
                if joining and self.places[target].kind == "parallelGateway":
                    came = arrived.setdefault(target, set())
                    came.add(flow)
                    if any(f not in came and f.source not in beside for f in self.awaited(target)):
                        continue
                found[target] = flow
                todo.append(target)
        return found

    def leads_back(self, source: str, join: str) -> bool:
        """Return whether a flow from `source` to a join only ever comes from that join (vòng lặp).

        Such a flow brings no token before the join first opens, so it is not waited for.
        """
        if join not in self._behind:
            before = self.reached(self.starts, {join}, joining=False)
            behind = self.reached([join], joining=False)
            self._behind[join] = behind.keys() - before.keys()
        return source in self._behind[join]

    def awaited(self, join: str) -> list[Flow]:
        """Return the flows by which a parallel join waits for a token before it first opens."""
        flows = self.before[join]
        if len(flows) < 2:
            return flows
        return [flow for flow in flows if not self.leads_back(flow.source, join)]

    def way(self, found: dict[str, Flow | None], target: str) -> list[Flow]:
        """Return the flows by which `reached` came to a place, in order."""
        flows: list[Flow] = []
        flow = found[target]
        while flow is not None:
            flows.append(flow)
            flow = found[flow.source]
        return flows[::-1]

    def ending(
        self, without: Collection[str] = (), closed: Collection[Flow] = ()
    ) -> dict[str, Flow | None]:
        """Return the places from which a run can end and pass no place of `without`.

        Each comes with the flow to go on by. From a parallel split every branch must be able to,
        unless one comes to an end that terminates the others; what a non-interrupting event begins
        beside cannot be counted on otherwise.
        """
        found: dict[str, Flow | None] = {
            k: None for k in self.places if not self.after[k] and k not in without
        }
        #: a place and, where its way on ends the branches beside it, the scope that ends
        todo = deque((k, self._ended_by(k)) for k in found)
        seen = set(todo)
        branches: dict[str, set[Flow]] = {}
        while todo:
            key, ended = todo.popleft()
            if self._joins(key):  # the branches beside it had to come there first
                ended = ""
            for flow in self.before[key]:
                source = flow.source
                alone = ended if ended and source.startswith(ended) else self._ended_by(source)
                if source in without or flow in closed or (flow.aside and not alone):
                    continue
                if self.places[source].kind == "parallelGateway" and not alone:
                    able = branches.setdefault(source, set())
                    able.add(flow)
                    if len(able) < len(self.after[source]):
                        continue
                found.setdefault(source, flow)
                if (source, alone) not in seen:
                    seen.add((source, alone))
                    todo.append((source, alone))
        return found

    def beside(self, key: str) -> set[str]:
        """Return the places where another token may stand while one passes `key`.

        Some split sends both on their ways, and no join of these ways lies between.
        """
        found: set[str] = set()
        joins = [k for k in self.places if self._joins(k)]
        for split, flows in self.after.items():
            kind = self.places[split].kind
            if len(flows) < 2 or not (kind in _SPLITS or any(f.aside for f in flows)):
                continue
            branches = [set(self.reached([f.target], {split}, joining=False)) for f in flows]
            for branch, flow in zip(branches, flows, strict=True):
                if key not in branch:
                    continue
                for other, begun in zip(branches, flows, strict=True):
                    if begun is flow:
                        continue
                    met = {split, *(j for j in joins if j in branch and j in other)}
                    if key in self.reached([flow.target], met, joining=False):
                        found |= self.reached([begun.target], met, joining=False).keys() - met
        return found

    def _ended_by(self, key: str) -> str:
        place = self.places[key]
        return f"{place.within}/" if place.event == "terminate" else ""

    def _joins(self, key: str) -> bool:
        return self.places[key].kind == "parallelGateway" and len(self.before[key]) > 1

    def onward(self, found: dict[str, Flow | None], origin: str) -> list[Flow]:
        """Return the flows by which a run comes from a place to its end, as `ending` says."""
        flows: list[Flow] = []
        flow = found[origin]
        while flow is not None:
            flows.append(flow)
            flow = found[flow.target]
        return flows

    def drawn(self, flows: Collection[Flow], first: str = "") -> tuple[str, ...]:
        """Return the ids of the drawn elements and flows of a way, in order, each turn once."""
        ids = [self.places[first].element] if first else []
        for flow in flows:
            ids += [self.places[flow.source].element, flow.id, self.places[flow.target].element]
        told: list[str] = []
        for one in ids:
            if one and (not told or told[-1] != one):
                told.append(one)
        return tuple(told)
