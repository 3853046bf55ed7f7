"""A diagram as the law reads it (cách đọc sơ đồ): where its verbs are carried out, on what ways."""

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property

from engine.definition import Prepared
from engine.diagram import SCOPES, Node
from engine.gateways import choice_of
from engine.graph import Flow, Graph

#: where a token goes straight on after a step, so that what was chosen there still holds
_PASSED = SCOPES | {"exclusiveGateway", "endEvent", "intermediateThrowEvent"}


class Reading:
    """The ways through a diagram and the verbs on them; dead steps are none."""

    def __init__(self, prepared: Prepared) -> None:
        self.graph: Graph = prepared.ways
        self.nodes = prepared.model.nodes

    @cached_property
    def reached(self) -> dict[str, Flow | None]:
        """The places some way from a start leads to."""
        return self.graph.reached(self.graph.starts, joining=False)

    @cached_property
    def steps(self) -> list[Node]:
        """The steps that can be reached, of officers and of the machine."""
        return self.standing(self.reached)

    def standing(self, keys: Iterable[str]) -> list[Node]:
        """Return the steps that stand at some places, in the order of the drawing."""
        elements = {self.graph.places[key].element for key in keys}
        return [n for n in self.nodes.values() if n.is_step and n.id in elements]

    def calling(self, verbs: Collection[str]) -> list[Node]:
        """Return the steps that call one of the verbs."""
        return [node for node in self.steps if node.verb in verbs]

    def places(self, verbs: Collection[str]) -> set[str]:
        """Return the places at which one of the verbs has been carried out."""
        return self.graph.done({node.id for node in self.calling(verbs)}) & self.reached.keys()

    def name(self, key: str) -> str:
        """Return what a place is called on the drawing."""
        element = self.graph.places[key].element
        return self.nodes[element].name if element in self.nodes else element

    def way_to(self, key: str) -> list[Flow]:
        """Return a way from a start to a place."""
        return self.graph.way(self.reached, key)

    def chosen(self, choices: Collection[str], *, surely: bool) -> Iterator[Flow]:
        """Yield the flows taken when an officer chose so at a step: `sign=return`.

        They leave the gateways right behind the step; not `surely`, also those that may be taken
        then, by default or because others come to the gateway as well.
        """
        for choice in choices:
            verb, _, outcome = choice.partition("=")
            for key in self.places([verb]):
                yield from self._chosen(key, outcome, surely=surely)

    def _chosen(self, key: str, outcome: str, *, surely: bool) -> Iterator[Flow]:
        seen: set[str] = set()
        todo = [key]
        own = self.graph.places[key].element
        while todo:
            for flow in self.graph.after[todo.pop()]:
                place = self.graph.places[flow.target]
                if place.key in seen or not (place.kind in _PASSED or place.element == own):
                    continue
                if surely and len(self.graph.before[place.key]) > 1:
                    continue
                seen.add(place.key)
                todo.append(place.key)
                if place.kind == "exclusiveGateway":
                    yield from _taken(self.graph.after[place.key], outcome, surely=surely)


def _taken(flows: list[Flow], outcome: str, *, surely: bool) -> Iterator[Flow]:
    known = {flow: choice_of(flow.condition) for flow in flows if flow.condition}
    told = {flow: choice for flow, choice in known.items() if choice is not None}
    holds = {flow: (wanted == outcome) is asked for flow, (wanted, asked) in told.items()}
    for flow in flows:
        if surely:
            takes = told.get(flow) == (outcome, True)
        elif flow.condition:
            takes = holds.get(flow, False)
        else:  # by default, where all other flows ask for another choice
            takes = len(holds) == len(flows) - 1 and not any(holds.values())
        if takes:
            yield flow
