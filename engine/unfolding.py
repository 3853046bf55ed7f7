"""From a normalised diagram to one graph (trải sơ đồ): what lies inside what is laid side by side.

Links are flows and implicit splits gateways by then. Each call of a process is unfolded on its own,
so that no way leads in by one call and out by another. What may be skipped (a list that may be
empty, a step that an event interrupts) gets a way round it: an element counts as carried out only
where its body was passed.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from engine.diagram import FLOW_NODES, HUMAN, MACHINE, SCOPES, kind_of, own, tag
from engine.graph import Flow, Graph, Place
from engine.normalise import OWN_PREFIX

#: called processes that unfold to more are not followed further; the graph says so
MOST_PLACES = 5_000

#: where a token stands until somebody or something outside moves it on
WAITS = HUMAN | MACHINE | {"receiveTask", "intermediateCatchEvent", "boundaryEvent"}

#: what only something thrown inside an activity calls at its edge, and the attribute that names it
_THROWN = {"errorEventDefinition": "errorRef", "escalationEventDefinition": "escalationRef"}


def unfold(root: Any) -> Graph:
    """Return the graph of a normalised diagram: every process that no other calls."""
    processes = {p.get("id", ""): p for p in root.findall(tag("process"))}
    called = {e.get("calledElement") for e in root.iter(tag("callActivity"))}
    unfolding = _Unfolding(processes)
    for identity, process in processes.items():
        if identity not in called or called >= processes.keys():
            start = unfolding.place(identity, process, "", is_done=False)
            unfolding.graph.starts.append(start)
            unfolding.fill(process, start, "", (identity,))
    return unfolding.graph


class _Unfolding:
    def __init__(self, processes: dict[str, Any]) -> None:
        self.processes = processes
        self.graph = Graph()
        #: the keys as they were laid out, and where those inside each scope begin and end
        self.laid: list[str] = []
        self.spans: dict[str, tuple[int, int]] = {}
        #: what each throwing place throws: kind and reference
        self.thrown: dict[str, tuple[str, str | None]] = {}

    def place(self, key: str, element: Any, within: str, *, is_done: bool = True) -> str:
        kind = own(element, "kind") or kind_of(element)
        if own(element, "decision"):  # it decides at once: nobody waits
            kind = "decision"
        identity = element.get("id", "")
        drawn = "" if kind == "process" or identity.startswith(OWN_PREFIX) else identity
        event = next(iter(_definitions(element)), "").removesuffix("EventDefinition")
        if element.get("triggeredByEvent") == "true":
            event = "trigger"
        self.graph.places[key] = Place(key, drawn, kind, within, is_done, event)
        self.graph.after[key] = []
        self.graph.before[key] = []
        self.laid.append(key)
        return key

    def connect(self, source: str, target: str, flow: Any = None, *, aside: bool = False) -> None:
        identity = condition = ""
        if flow is not None:
            identity = flow.get("id") or ""
            identity = "" if identity.startswith(OWN_PREFIX) else identity
            condition = (flow.findtext(tag("conditionExpression")) or "").strip()
        made = Flow(source, target, identity, condition, aside)
        self.graph.after[source].append(made)
        self.graph.before[target].append(made)

    def fill(self, scope: Any, enter: str, leave: str, calls: tuple[str, ...]) -> None:
        """Lay out what is inside a scope between its way in and its way out ("" for a process)."""
        first = len(self.laid)
        nodes = {e.get("id"): e for e in scope if kind_of(e) in FLOW_NODES and e.get("id")}
        edged = {e.get("attachedToRef") for e in nodes.values()}
        ways = {i: self._element(e, enter, calls, is_edged=i in edged) for i, e in nodes.items()}
        self.spans[enter] = first, len(self.laid)
        came: set[Any] = set()
        left: set[Any] = set()
        for flow in scope.findall(tag("sequenceFlow")):
            source, target = flow.get("sourceRef"), flow.get("targetRef")
            if source in nodes and target in nodes:
                self.connect(ways[source][1], ways[target][0], flow)
                came.add(target)
                left.add(source)
        for identity, element in nodes.items():
            activity = element.get("attachedToRef")
            if activity in nodes:
                self._attach(element, ways[activity][0], ways[identity][0])
                came.add(identity)
        self._begin(scope, nodes, came, enter)
        for identity, element in nodes.items():
            if element.get("triggeredByEvent") == "true":
                self._on_event(element, enter, leave)
            elif (
                identity not in left
                and leave
                and "errorEventDefinition" not in (_definitions(element))
            ):
                self.connect(ways[identity][1], leave)

    def _begin(self, scope: Any, nodes: dict[str, Any], came: set[Any], enter: str) -> None:
        starts = [i for i, e in nodes.items() if kind_of(e) == "startEvent"]
        if not starts:  # as BPMN has it: whatever no flow leads to
            starts = [
                i for i, e in nodes.items()
                if i not in came and e.get("triggeredByEvent") != "true"
            ]  # fmt: skip
        for identity in starts:
            self.connect(enter, f"{enter}/{identity}")
            if kind_of(scope) == "adHocSubProcess":  # in any order, any number of times
                self.connect(f"{enter}/{identity}", enter)

    def _element(
        self, element: Any, within: str, calls: tuple[str, ...], *, is_edged: bool
    ) -> tuple[str, str]:
        """Lay out one element; return its way in and its way out."""
        key = f"{within}/{element.get('id')}"
        kind = kind_of(element)
        if kind in SCOPES or kind == "callActivity":
            return self._scope(element, key, within, calls)
        for definition in _definitions(element) if kind != "boundaryEvent" else ():
            if definition in _THROWN:
                self.thrown[key] = (definition, _reference(element, definition))
        if not (is_edged or _may_be_skipped(element)):
            place = self.place(key, element, within)
            return place, place
        enter = self.place(key, element, within, is_done=False)
        body = self.place(f"{key}*", element, within)
        leave = self.place(f"{key}.", element, within, is_done=False)
        self.connect(enter, body)
        self.connect(body, leave)
        if _may_be_skipped(element):
            self.connect(enter, leave)
        return enter, leave

    def _scope(
        self, element: Any, key: str, within: str, calls: tuple[str, ...]
    ) -> tuple[str, str]:
        enter = self.place(key, element, within, is_done=False)
        leave = self.place(f"{key}.", element, within)
        inner, name = element, element.get("calledElement") or ""
        if kind_of(element) == "callActivity":
            inner, calls = self.processes.get(name), (*calls, name)
        if inner is not None and (
            len(set(calls)) < len(calls) or len(self.graph.places) > MOST_PLACES
        ):
            self.graph.is_complete, inner = False, None
        if inner is not None:
            self.fill(inner, enter, leave, calls)
        holds = inner is not None and any(kind_of(e) in FLOW_NODES for e in inner)
        if not holds or _may_be_skipped(element) or kind_of(element) == "adHocSubProcess":
            self.connect(enter, leave)
        return enter, leave

    def _standing(self, scope: str) -> Iterator[str]:
        """Yield the places inside a scope where a token may wait when an event comes."""
        first, last = self.spans.get(scope, (0, 0))
        for key in self.laid[first:last]:
            place = self.graph.places[key]
            if place.is_done and place.kind in WAITS:
                yield key

    def _attach(self, event: Any, activity: str, target: str) -> None:
        """Lead from an activity to an event at its edge, from wherever a token may stand inside."""
        thrown = next((kind for kind in _definitions(event) if kind in _THROWN), "")
        sources = {activity: None, **dict.fromkeys(self._standing(activity))}
        if thrown:
            wanted = _reference(event, thrown)
            caught = {
                key: None
                for key, (kind, reference) in self.thrown.items()
                if key.startswith(f"{activity}/") and kind == thrown and wanted in {None, reference}
            }
            sources = caught or {activity: None}
        self._lead(sources, target, aside=event.get("cancelActivity") == "false")

    def _on_event(self, element: Any, scope: str, leave: str) -> None:
        """Lead into an event sub-process from wherever a token may stand in the scope around it."""
        own_key = f"{scope}/{element.get('id')}"
        start = next(element.iterchildren(tag("startEvent")), None)
        aside = start is not None and start.get("isInterrupting") == "false"
        around = [k for k in self._standing(scope) if not k.startswith(f"{own_key}/")]
        self._lead([scope, *around], own_key, aside=aside)
        if leave and not aside:
            self.connect(f"{own_key}.", leave)

    def _lead(self, sources: Iterable[str], target: str, *, aside: bool) -> None:
        for source in sources:
            self.connect(source, target, aside=aside)


def _definitions(element: Any) -> list[str]:
    return [kind_of(e) for e in element if kind_of(e).endswith("EventDefinition")]


def _reference(element: Any, kind: str) -> str | None:
    found = next(e for e in element if kind_of(e) == kind)
    return found.get(_THROWN[kind]) or None


def _may_be_skipped(element: Any) -> bool:
    """Whether it may be carried out not even once: for each of a list, or while something holds."""
    for loop in element.iterchildren(tag("multiInstanceLoopCharacteristics")):
        times = (loop.findtext(tag("loopCardinality")) or "").strip()
        return bool(own(loop, "collection")) or not times.isdigit() or int(times) < 1
    for loop in element.iterchildren(tag("standardLoopCharacteristics")):
        return str(loop.get("testBefore")) == "true"
    return False
