"""Strokes and letters of a drawing: escaped SVG pieces, lines of text, arrows (nét vẽ)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

#: pixels: one line of a label, and its letters
LINE = 13.5
LABEL = 10.5
DI = {
    "di": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "dd": "http://www.omg.org/spec/DD/20100524/DI",
}

_NARROW = frozenset("iìíỉĩịljtfr.,;:'|!()[] 1I-")
_WIDE = frozenset("mwMWĐƯƠ%@&")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the drawing, in its own pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """Return its middle."""
        return self.x + self.width / 2, self.y + self.height / 2


def width_of(text: str, size: float) -> float:
    """Return about how wide a text is at `size` pixels in the interface's typeface."""
    ems = 0.0
    for letter in text:
        if letter in _NARROW:
            ems += 0.34
        elif letter in _WIDE:
            ems += 0.86
        else:
            ems += 0.68 if letter.isupper() else 0.57
    return ems * size


def wrap(text: str, width: float, size: float, most: int) -> list[str]:
    """Break a label at spaces to lines of `width` pixels, `most` lines, an ellipsis after them.

    A Vietnamese syllable is never broken: one wider than the line stands alone on it.
    """
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1]}…"]
    return lines


def name_of(element: Any) -> str:
    """Return the name on one line."""
    return " ".join((element.get("name") or "").split())


def box_of(bounds: Any) -> Box | None:
    """Return the rectangle of a `Bounds` element."""
    if bounds is None:
        return None
    return Box(*(_coordinate(bounds.get(key)) for key in ("x", "y", "width", "height")))


def point_of(waypoint: Any) -> tuple[float, float]:
    """Return the place of a `waypoint` element."""
    return _coordinate(waypoint.get("x")), _coordinate(waypoint.get("y"))


def _coordinate(text: str | None) -> float:
    """Read a coordinate; what is no finite number of a sane size counts as 0."""
    try:
        value = float(text or 0)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) and abs(value) < 1_000_000 else 0.0


def number(value: float) -> str:
    """Write a coordinate with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")


def rect(box: Box, look: str, radius: float = 0) -> Markup:
    """Draw a rectangle."""
    rounded = Markup(' rx="{}"').format(number(radius)) if radius else ""
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"{}/>').format(
        look, number(box.x), number(box.y), number(box.width), number(box.height), rounded
    )


def circle(x: float, y: float, radius: float, look: str) -> Markup:
    """Draw a circle."""
    return Markup('<circle class="{}" cx="{}" cy="{}" r="{}"/>').format(
        look, number(x), number(y), number(max(radius, 1))
    )


def mark(path: str, x: float, y: float, filled: str = "", scale: float = 1) -> Markup:
    """Draw one of the symbols at a place."""
    scaled = f" scale({number(scale)})" if number(scale) != "1" else ""
    return Markup('<path class="mk{}" transform="translate({} {}){}" d="{}"/>').format(
        filled, number(x), number(y), scaled, path
    )


def shifted(lines: list[str], step: float) -> Iterator[tuple[float, str]]:
    """Yield each line with its distance from the middle of all."""
    for place, line in enumerate(lines):
        yield (place - (len(lines) - 1) / 2) * step, line


def words(lines: list[str], x: float, y: float, look: str = "", step: float = LINE) -> Markup:
    """Draw lines of text around a middle; the letters' own middle lies 4 px above their foot."""
    attribute = Markup(' class="{}"').format(look) if look else ""
    return Markup("").join(
        Markup('<text{} x="{}" y="{}">{}</text>').format(
            attribute, number(x), number(y + 4 + shift), escape(line)
        )
        for shift, line in shifted(lines, step)
    )


def direction(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    """Return the unit vector from `a` to `b`."""
    length = math.dist(a, b) or 1.0
    return (b[0] - a[0]) / length, (b[1] - a[1]) / length


def arrow(a: tuple[float, float], b: tuple[float, float]) -> str:
    """Return the path of the head of an arrow that comes from `a` and ends at `b`."""
    ux, uy = direction(a, b)
    x, y = b
    left = f"{number(x - ux * 8.4 - uy * 4.2)} {number(y - uy * 8.4 + ux * 4.2)}"
    right = f"{number(x - ux * 8.4 + uy * 4.2)} {number(y - uy * 8.4 - ux * 4.2)}"
    return f"M{number(x)} {number(y)}L{left}L{right}z"
