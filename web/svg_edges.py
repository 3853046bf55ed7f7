"""The lines of a process drawing: sequence and message flows, associations (luồng)."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from engine.diagram import TASKS, kind_of, tag
from web.svg_pen import (
    DI,
    LABEL,
    LINE,
    arrow,
    box_of,
    circle,
    direction,
    name_of,
    number,
    words,
    wrap,
)


def draw_edge(
    edge: Any,
    element: Any,
    points: list[tuple[float, float]],
    elements: Mapping[str, Any],
    state: str,
    *,
    named: bool,
) -> Markup:
    """Draw a flow or association with its head, its mark at the start and its label.

    `state` is the class of a flow that was taken, or that is on a wrong way.
    """
    kind = kind_of(element)
    look = {"messageFlow": " message", "association": " assoc"}.get(kind, "")
    if kind.startswith("data"):
        look = " assoc"
    path = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)
    drawn = Markup('<path class="flow{}{}" d="{}"/>').format(look, state, path)
    if kind in {"sequenceFlow", "messageFlow"}:
        head = "open" if kind == "messageFlow" else "arrow"
        tip = arrow(points[-2], points[-1])
        drawn += Markup('<path class="{}{}" d="{}"/>').format(head, state, tip)
    if kind == "messageFlow":
        drawn += circle(points[0][0], points[0][1], 3.5, "open")
    drawn += _start(elements, element, points)
    return drawn + _label(edge, element, points) if named else drawn


def _label(edge: Any, element: Any, points: list[tuple[float, float]]) -> Markup:
    bounds = box_of(edge.find("di:BPMNLabel/dc:Bounds", DI))
    name = name_of(element)
    if not name:
        return Markup("")
    middle = len(points) // 2
    (ax, ay), (bx, by) = points[middle - 1], points[middle]
    lines = wrap(name, max(90.0, bounds.width + 6 if bounds else 0), LABEL, 3)
    x = bounds.x + bounds.width / 2 if bounds else (ax + bx) / 2
    y = bounds.y + len(lines) * LINE / 2 if bounds else (ay + by) / 2 - 8
    return words(lines, x, y, "lab")


def _start(elements: Mapping[str, Any], element: Any, points: list[tuple[float, float]]) -> Markup:
    """The slash of a default flow, the diamond of a condition that leaves an activity."""
    source = elements.get(element.get("sourceRef"))
    if source is None or kind_of(element) != "sequenceFlow":
        return Markup("")
    (x, y), (ux, uy) = points[0], direction(points[0], points[1])
    if source.get("default") == element.get("id"):
        mx, my = x + ux * 10, y + uy * 10
        path = f"M{number(mx - ux * 3 - uy * 5)} {number(my - uy * 3 + ux * 5)}"
        path += f"L{number(mx + ux * 3 + uy * 5)} {number(my + uy * 3 - ux * 5)}"
        return Markup('<path class="mk" d="{}"/>').format(path)
    if kind_of(source) in TASKS and element.find(tag("conditionExpression")) is not None:
        path = f"M{number(x)} {number(y)}"
        path += f"L{number(x + ux * 8 - uy * 4.5)} {number(y + uy * 8 + ux * 4.5)}"
        path += f"L{number(x + ux * 16)} {number(y + uy * 16)}"
        path += f"L{number(x + ux * 8 + uy * 4.5)} {number(y + uy * 8 - ux * 4.5)}z"
        return Markup('<path class="open" d="{}"/>').format(path)
    return Markup("")
