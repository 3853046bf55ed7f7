"""An edit of a diagram that leaves the rest as its author wrote it (sửa sơ đồ): slots of parts."""

import copy
from typing import Any

from lxml import etree

from engine.diagram import FLOW_NODES, kind_of, tag
from engine.difference import LANE, PARTS, WITHIN, Parts

_DRAWN = "{http://www.omg.org/spec/BPMN/20100524/DI}"
#: what BPMN wants before the flows of a node
_BEFORE_FLOWS = frozenset({"documentation", "extensionElements"})
_LANE_SETS = frozenset({"laneSet", "childLaneSet"})


class Surgery:
    """Makes a diagram say what it is to say, with the elements of another where they are new."""

    def __init__(self, root: Any, source: Parts) -> None:
        self.root = root
        self.source = source
        self.own = Parts(root)

    def make(self, wanted: dict[str, dict[str, str]]) -> None:
        """Add, remove and change parts until the diagram says just that."""
        for identity in [i for i in self.own.slots if i not in wanted]:
            self._remove(identity)
        for identity in self.source.slots:  # outer ones come first in a document
            if identity in wanted and identity not in self.own.slots:
                self._add(identity, wanted[identity].get(WITHIN, ""))
        for identity, said in wanted.items():
            has = self.own.slots.get(identity, {})
            for slot in dict.fromkeys([*has, *said]):
                if has.get(slot, "") != said.get(slot, ""):
                    self._set(identity, slot, said.get(slot, ""))
        self._tie()

    def _element(self, identity: str) -> Any:
        return self.own.elements[identity]

    def _remove(self, identity: str) -> None:
        element = self.own.elements.pop(identity)
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
        for drawn in self._drawing(self.root, identity):
            drawn.getparent().remove(drawn)
        del self.own.slots[identity]

    def _add(self, identity: str, within: str) -> None:
        model = self.source.elements[identity]
        made = copy.deepcopy(model)
        for inner in list(made):  # parts of their own are added by themselves
            if inner.get("id") in self.source.elements or kind_of(inner) in _LANE_SETS:
                made.remove(inner)
        if kind_of(model) == "lane":
            self._lane_set(model, within).append(made)
        elif within:
            _insert(self.own.elements[within], made)
        else:
            _insert(self._outside(model.getparent()), made)
        self.own.elements[identity] = made
        self.own.slots[identity] = Parts(self.root).slots[identity]
        self._draw(identity)

    def _lane_set(self, model: Any, within: str) -> Any:
        process = next(model.iterancestors(tag("process")))
        holder = self.own.elements[within or process.get("id")]
        kind = "childLaneSet" if within else "laneSet"
        found = holder.find(tag(kind))
        if found is None:
            found = etree.Element(tag(kind))
            holder.insert(len(holder) if within else 0, found)
        return found

    def _outside(self, parent: Any) -> Any:
        """Return what holds an element outside of processes: the file, or a collaboration in it."""
        if kind_of(parent) == "definitions":
            return self.root
        found = self.root.find(f".//{parent.tag}")
        if found is None:
            found = etree.Element(parent.tag, id=parent.get("id", ""))
            self.root.insert(0, found)
        return found

    def _set(self, identity: str, slot: str, value: str) -> None:
        element = self._element(identity)
        model = self.source.elements.get(identity)
        if slot == LANE:
            self._put_in_lane(identity, value)
        elif slot == WITHIN:
            _insert(self.own.elements[value], element)
        elif slot == "kind":
            element.tag = tag(value)
        elif not slot.startswith("<"):
            if value:
                element.set(slot, value)
            else:
                element.attrib.pop(slot, None)
        else:
            name = slot[1:-1]
            for child in [c for c in element if name in {kind_of(c), c.tag}]:
                element.remove(child)
            for child in model if value and model is not None else ():
                if name in {kind_of(child), child.tag}:
                    place = next((n for n, e in enumerate(element) if kind_of(e) in PARTS), None)
                    element.insert(len(element) if place is None else place, copy.deepcopy(child))

    def _put_in_lane(self, identity: str, lane: str) -> None:
        for reference in list(self.root.iter(tag("flowNodeRef"))):
            if (reference.text or "").strip() == identity:
                reference.getparent().remove(reference)
        if lane:
            etree.SubElement(self._element(lane), tag("flowNodeRef")).text = identity

    def _tie(self) -> None:
        """Write anew which flows come and go at each node, in the order BPMN wants its children."""
        flows = list(self.root.iter(tag("sequenceFlow")))
        for node in self.root.iter(tag("*")):
            if kind_of(node) not in FLOW_NODES:
                continue
            for child in [c for c in node if kind_of(c) in {"incoming", "outgoing"}]:
                node.remove(child)
            first = [c for c in node if kind_of(c) in _BEFORE_FLOWS]
            first.sort(key=lambda c: kind_of(c) != "documentation")
            ties = []
            for end, word in (("targetRef", "incoming"), ("sourceRef", "outgoing")):
                for flow in flows:
                    if flow.get(end) == node.get("id"):
                        tie = etree.Element(tag(word))
                        tie.text = flow.get("id")
                        ties.append(tie)
            for place, child in enumerate([*first, *ties]):
                node.insert(place, child)
        self._redraw(flows)

    def _redraw(self, flows: list[Any]) -> None:
        """A flow that leads elsewhere is drawn as in the other diagram where it leads so too."""
        for flow in flows:
            identity = flow.get("id")
            model = self.source.elements.get(identity)
            ends = ("sourceRef", "targetRef")
            was = self.own.slots.get(identity, {})
            if model is None or [flow.get(e) for e in ends] == [was.get(e) for e in ends]:
                continue
            if [flow.get(e) for e in ends] == [model.get(e) for e in ends]:
                for drawn in self._drawing(self.root, identity):
                    drawn.getparent().remove(drawn)
                self._draw(identity)

    def _draw(self, identity: str) -> None:
        plane = next(self.root.iter(f"{_DRAWN}BPMNPlane"), None)
        if plane is not None:
            for drawn in self._drawing(self.source.root, identity):
                plane.append(copy.deepcopy(drawn))

    def _drawing(self, root: Any, identity: str) -> list[Any]:
        return [
            e for kind in ("BPMNShape", "BPMNEdge") for e in root.iter(f"{_DRAWN}{kind}")
            if e.get("bpmnElement") == identity
        ]  # fmt: skip


def _insert(holder: Any, element: Any) -> None:
    """Put a part behind the last part of its holder: what BPMN wants behind them stays there."""
    places = [n for n, e in enumerate(holder) if kind_of(e) in PARTS]
    diagrams = [n for n, e in enumerate(holder) if e.tag == f"{_DRAWN}BPMNDiagram"]
    place = places[-1] + 1 if places else min(diagrams, default=len(holder))
    holder.insert(place, element)
