"""A process as a picture without any script (sơ đồ tĩnh): page, print, auditor."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from markupsafe import Markup

from engine.diagram import EVENTS, GATEWAYS, TASKS, kind_of, read, tag
from web.svg_edges import draw_edge
from web.svg_pen import (
    DI,
    LABEL,
    LINE,
    Box,
    box_of,
    circle,
    mark,
    name_of,
    number,
    point_of,
    rect,
    shifted,
    width_of,
    words,
    wrap,
)
from web.svg_symbols import EVENT_MARKS, FILLED_EVENTS, GATEWAY_MARKS, LOWER_MARKS, TASK_MARKS

_WORDS = {
    "vi": {
        "diagram": "Sơ đồ {name}.", "done": "Đã qua: {names}.", "now": "Đang ở: {names}.",
        "left": "Còn lại: {names}.", "untitled": "quy trình",
        "is_done": "đã xong", "is_now": "đang thực hiện", "is_bad": "có điểm cần xem",
        "is_way": "trên đường đi sai", "way": "Đường đi sai, tô đỏ: {names}.",
    },
    "en": {
        "diagram": "Diagram of {name}.", "done": "Done: {names}.", "now": "Now at: {names}.",
        "left": "Still to come: {names}.", "untitled": "the process",
        "is_done": "done", "is_now": "in progress", "is_bad": "needs a look",
        "is_way": "on the wrong way", "way": "The wrong way, drawn in red: {names}.",
    },
}  # fmt: skip
_DATA = frozenset({"dataObjectReference", "dataInput", "dataOutput", "dataObject"})
_HEAD = 30.0  # the strip of a pool or lane that carries its name
_TEXT = 11.0
_BIG = 16.0
_BIG_LINE = 19.0
#: large words are read at three quarters of their size
_COMPACT_SCALE = 0.75


def render_diagram(
    xml: bytes,
    done: frozenset[str] = frozenset(),
    active: frozenset[str] = frozenset(),
    flows: frozenset[str] = frozenset(),
    language: str = "vi",
    *,
    bad: frozenset[str] = frozenset(),
    counts: Mapping[str, str] | None = None,
    compact: bool = False,
    way: Sequence[str] = (),
) -> Markup:
    """Draw a BPMN file's first plane as SVG with the classes of `base.css` and no style of its own.

    `done`, `active` and `bad` are ids of nodes, `flows` those of sequence flows taken, `counts`
    small words in the corner of a node; `compact` draws larger, shorter names for a small place;
    `way` are ids of nodes and flows in order, drawn in red: how a document would go against a rule.
    No markup at all where the file carries no drawing. Raises
    `DiagramRefused` for what `engine.diagram.read` refuses.
    """
    root = read(xml)
    told = _WORDS.get(language, _WORDS["vi"])
    drawing = _Drawing(root, done, active, flows, bad, counts or {}, told, compact, tuple(way))
    return drawing.render(hashlib.sha256(xml).hexdigest()[:10])


@dataclass
class _Drawing:
    root: Any
    done: frozenset[str]
    active: frozenset[str]
    flows: frozenset[str]
    bad: frozenset[str]
    counts: Mapping[str, str]
    words: Mapping[str, str]
    compact: bool
    way: tuple[str, ...]
    lanes: int = 0
    extent: list[Box] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.elements = {e.get("id"): e for e in self.root.iter(etree.Element) if e.get("id")}

    def render(self, key: str) -> Markup:
        plane = self.root.find(".//di:BPMNPlane", DI)
        if plane is None:
            return Markup("")
        layers: dict[int, list[Markup]] = {0: [], 1: [], 2: [], 3: []}
        for shape in plane.iterfind("di:BPMNShape", DI):
            element = self.elements.get(shape.get("bpmnElement"))
            box = box_of(shape.find("dc:Bounds", DI))
            if element is None or box is None:
                continue
            self.extent.append(box)
            layer, drawn = self._shape(shape, element, box)
            layers[layer].append(drawn)
        for edge in plane.iterfind("di:BPMNEdge", DI):
            element = self.elements.get(edge.get("bpmnElement"))
            points = [point_of(p) for p in edge.iterfind("dd:waypoint", DI)]
            if element is not None and len(points) > 1:
                self.extent += [Box(x, y, 0, 0) for x, y in points]
                layers[1].append(
                    draw_edge(
                        edge,
                        element,
                        points,
                        self.elements,
                        _look(element.get("id"), self.flows, self.way),
                        named=not self.compact,
                    )
                )
        if not self.extent:
            return Markup("")
        body = Markup("").join(part for layer in sorted(layers) for part in layers[layer])
        return self._frame(key, body)

    def _frame(self, key: str, body: Markup) -> Markup:
        left = min(b.x for b in self.extent) - 12
        top = min(b.y for b in self.extent) - 12
        width = max(b.x + b.width for b in self.extent) - left + 12
        height = max(b.y + b.height for b in self.extent) - top + 12
        title, text = self._told()
        scale = _COMPACT_SCALE if self.compact else 1
        return Markup(
            '<svg class="bpmn{compact}" xmlns="http://www.w3.org/2000/svg" viewBox="{} {} {} {}"'
            ' width="{wide}" height="{high}" role="img"'
            ' aria-labelledby="{key}-t {key}-d"><title id="{key}-t">{}</title>'
            '<desc id="{key}-d">{}</desc>{}</svg>'
        ).format(
            number(left), number(top), number(width), number(height), title, text, body,
            key=f"bpmn-{key}", compact=" compact" if self.compact else "",
            wide=number(round(width * scale)), high=number(round(height * scale)),
        )  # fmt: skip

    def _told(self) -> tuple[str, str]:
        """Return the title and the text that says what the drawing shows."""
        steps = [e for e in self.root.iter(tag("*")) if kind_of(e) in TASKS]
        process = next((e for e in self.root.iter(tag("process")) if e.get("name")), None)
        name = process.get("name") if process is not None else self.words["untitled"]
        parts = []
        on_way = dict.fromkeys(self.way)
        if names := ", ".join(name_of(self.elements[i]) for i in on_way
                              if i in self.elements and name_of(self.elements[i])
                              and kind_of(self.elements[i]) != "sequenceFlow"):  # fmt: skip
            parts.append(self.words["way"].format(names=names))
        for word, chosen in (
            ("now", [e for e in steps if e.get("id") in self.active]),
            ("done", [e for e in steps if e.get("id") in self.done - self.active]),
            ("left", [e for e in steps if e.get("id") not in self.done | self.active]),
        ):
            names = ", ".join(name_of(e) or e.get("id", "") for e in chosen)
            if names:
                parts.append(self.words[word].format(names=names))
        return self.words["diagram"].format(name=name), " ".join(parts)

    def _shape(self, shape: Any, element: Any, box: Box) -> tuple[int, Markup]:
        kind = kind_of(element)
        if kind in {"participant", "lane"}:
            return 0, self._lane(shape, element, box, kind)
        if kind == "group":
            return 0, self._group(element, box)
        if kind == "textAnnotation":
            return 2, _annotation(element, box)
        if kind in EVENTS:
            return 3 if kind == "boundaryEvent" else 2, self._event(shape, element, box, kind)
        if kind in GATEWAYS:
            return 2, self._gateway(shape, element, box, kind)
        if kind in _DATA or kind == "dataStoreReference":
            return 2, self._data(shape, element, box, kind)
        expanded = shape.get("isExpanded") == "true"
        return 0 if expanded else 2, self._activity(element, box, kind, expanded=expanded)

    def _node(self, element: Any, what: str, body: Markup) -> Markup:
        key = element.get("id", "")
        # the frame of a sub-process has no state to show: the steps inside have
        states = [] if what == "frame" else self._states(key)
        told = [name_of(element) or key, *(self.words[f"is_{state}"] for state in states)]
        return Markup('<g class="{}" data-element="{}"><title>{}</title>{}</g>').format(
            " ".join([what, *states]), key, ", ".join(told), body
        )

    def _states(self, key: str) -> list[str]:
        standing = "now" if key in self.active else "done" if key in self.done else ""
        marks = ("bad" if key in self.bad else "", "way" if key in self.way else "")
        return [state for state in (standing, *marks) if state]

    def _lane(self, shape: Any, element: Any, box: Box, kind: str) -> Markup:
        upright = shape.get("isHorizontal") == "false"
        look = "pool" if kind == "participant" else "lane"
        if kind == "lane":
            look += " alt" if self.lanes % 2 else ""
            self.lanes += 1
        name = name_of(element)
        drawn = rect(box, look)
        if not name:
            return drawn
        if kind == "participant" and element.get("processRef") is None:
            return drawn + words(wrap(name, box.width - 16, 12, 3), *box.centre, "lanetxt")
        if upright:
            head = Box(box.x, box.y, box.width, _HEAD)
            lines = wrap(name, box.width - 8, 12, 1)
            return drawn + rect(head, "lanehead") + words(lines, *head.centre, "lanetxt")
        head = Box(box.x, box.y, _HEAD, box.height)
        x, y = head.centre
        text = Markup("").join(
            Markup(
                '<text class="lanetxt" transform="translate({} {}) rotate(-90)">{}</text>'
            ).format(number(x + 4 + shift), number(y), line)
            for shift, line in shifted(wrap(name, box.height - 8, 12, 2), 13)
        )
        return drawn + rect(head, "lanehead") + text

    def _group(self, element: Any, box: Box) -> Markup:
        value = self.elements.get(element.get("categoryValueRef"))
        name = value.get("value", "") if value is not None else ""
        lines = words(wrap(name, box.width, LABEL, 1), box.x + box.width / 2, box.y - 8, "lab")
        return rect(box, "group", 10) + lines

    def _activity(self, element: Any, box: Box, kind: str, *, expanded: bool) -> Markup:
        look = "shape"
        if kind == "callActivity":
            look += " thick"
        if element.get("triggeredByEvent") == "true":
            look += " dashed"
        halo = Box(box.x - 6, box.y - 6, box.width + 12, box.height + 12)
        drawn = rect(halo, "halo", 13) + rect(box, look, 9)
        if kind == "transaction":
            inner = Box(box.x + 3, box.y + 3, box.width - 6, box.height - 6)
            drawn += rect(inner, "shape bare", 7)
        if kind in TASK_MARKS and not self.compact:
            filled = " fill" if kind == "sendTask" else ""
            drawn += mark(TASK_MARKS[kind], box.x + 3, box.y + 2, filled)
        lower = list(_lower_marks(element, kind, expanded=expanded))
        for place, key in enumerate(lower):
            x = box.x + box.width / 2 + (place - (len(lower) - 1) / 2) * 18
            drawn += mark(LOWER_MARKS[key], x, box.y + box.height - 10)
        lines = self._task_lines(element, box, expanded=expanded, marked=bool(lower))
        x, y = box.centre
        if expanded:
            y = box.y + 14
        elif lower:
            y -= 6
        elif len(lines) > 1 and not self.compact:
            y += 4  # below the mark in the corner
        step = _BIG_LINE if self.compact else LINE
        drawn += words(lines, x, y, "", step)
        if expanded:
            return self._node(element, "frame", drawn)
        return self._node(element, "step", drawn + self._count(element, box))

    def _task_lines(self, element: Any, box: Box, *, expanded: bool, marked: bool) -> list[str]:
        name = name_of(element)
        if self.compact:
            return wrap(name.partition(",")[0], box.width - 6, _BIG, int(box.height // _BIG_LINE))
        most = max(1, int((box.height - 8 - (14 if marked else 0)) // LINE))
        return wrap(name, box.width - 16, _TEXT, 1 if expanded else most)

    def _count(self, element: Any, box: Box) -> Markup:
        text = self.counts.get(element.get("id", ""))
        if not text:
            return Markup("")
        width = max(20.0, width_of(text, 11) + 12)
        pill = Box(box.x + box.width - width + 8, box.y - 8, width, 19)
        return Markup('<g class="count">{}{}</g>').format(
            rect(pill, "", 9.5), words([text], *pill.centre)
        )

    def _event(self, shape: Any, element: Any, box: Box, kind: str) -> Markup:
        x, y = box.centre
        radius = box.width / 2
        dashed = (
            element.get("cancelActivity") == "false" or element.get("isInterrupting") == "false"
        )
        look = "shape" + (" thick" if kind == "endEvent" else "") + (" dashed" if dashed else "")
        drawn = circle(x, y, radius, look)
        if kind not in {"startEvent", "endEvent"}:
            drawn += circle(x, y, radius - 3, "shape bare" + (" dashed" if dashed else ""))
        key = _event_mark(element)
        if key:
            thrown = kind in {"endEvent", "intermediateThrowEvent"} or key in FILLED_EVENTS
            filled = thrown and key != "timerEventDefinition"
            drawn += mark(EVENT_MARKS[key], x, y, " fill" if filled else "", radius / 18)
        return self._node(element, "event", drawn + self._label(shape, element, box))

    def _gateway(self, shape: Any, element: Any, box: Box, kind: str) -> Markup:
        x, y = box.centre
        outline = f"M{number(x)} {number(box.y)}L{number(box.x + box.width)} {number(y)}"
        outline += f"L{number(x)} {number(box.y + box.height)}L{number(box.x)} {number(y)}z"
        drawn = Markup('<path class="shape" d="{}"/>').format(outline)
        drawn += mark(GATEWAY_MARKS[kind], x, y, "", box.width / 50)
        return self._node(element, "gateway", drawn + self._label(shape, element, box))

    def _data(self, shape: Any, element: Any, box: Box, kind: str) -> Markup:
        x, y, w, h = number(box.x), number(box.y), number(box.width), number(box.height)
        if kind == "dataStoreReference":
            curve = number(box.height / 6)
            half = number(box.width / 2)
            path = f"M{x} {y}v{h}a{half} {curve} 0 0 0 {w} 0v-{h}a{half} {curve} 0 0 0 -{w} 0"
            path += f"a{half} {curve} 0 0 0 {w} 0"
        else:
            fold = 10
            path = f"M{x} {y}h{number(box.width - fold)}l{fold} {fold}"
            path += f"v{number(box.height - fold)}h-{w}z"
            path += f"M{number(box.x + box.width - fold)} {y}v{fold}h{fold}"
        drawn = Markup('<path class="shape" d="{}"/>').format(path)
        return self._node(element, "data", drawn + self._label(shape, element, box))

    def _label(self, shape: Any, element: Any, box: Box) -> Markup:
        name = name_of(element)
        if not name or self.compact:
            return Markup("")
        bounds = box_of(shape.find("di:BPMNLabel/dc:Bounds", DI))
        width = max(90.0, bounds.width + 6 if bounds else 0)
        lines = wrap(name, width, LABEL, 4)
        x = bounds.x + bounds.width / 2 if bounds else box.x + box.width / 2
        top = bounds.y if bounds else box.y + box.height + 3
        y = top + len(lines) * LINE / 2
        wide = max(width_of(line, LABEL) for line in lines)
        self.extent.append(Box(x - wide / 2, top, wide, len(lines) * LINE))
        return words(lines, x, y, "lab")


def _look(flow: str, taken: frozenset[str], way: tuple[str, ...]) -> str:
    return " way" if flow in way else " done" if flow in taken else ""


def _lower_marks(element: Any, kind: str, *, expanded: bool) -> Iterator[str]:
    loop = element.find(tag("multiInstanceLoopCharacteristics"))
    if loop is not None:
        yield "sequentialLoop" if loop.get("isSequential") == "true" else "parallelLoop"
    elif element.find(tag("standardLoopCharacteristics")) is not None:
        yield "standardLoop"
    if element.get("isForCompensation") == "true":
        yield "compensation"
    if kind == "adHocSubProcess":
        yield "adHoc"
    if kind in {"subProcess", "adHocSubProcess", "transaction"} and not expanded:
        yield "collapsed"


def _event_mark(element: Any) -> str:
    found = [k for child in element if (k := kind_of(child)).endswith("EventDefinition")]
    found += [kind_of(child) for child in element.findall(tag("eventDefinitionRef"))]
    if len(found) > 1:
        return "parallelMultiple" if element.get("parallelMultiple") == "true" else "multiple"
    return found[0] if found and found[0] in EVENT_MARKS else ""


def _annotation(element: Any, box: Box) -> Markup:
    text = element.findtext(tag("text")) or ""
    lines = wrap(text, box.width - 10, LABEL, max(1, int(box.height // LINE)))
    path = f"M{number(box.x + 10)} {number(box.y)}H{number(box.x)}V{number(box.y + box.height)}h10"
    told = words(lines, box.x + 6, box.y + box.height / 2, "lab start")
    return Markup('<path class="flow" d="{}"/>').format(path) + told
