"""Drawn pictures for the demo: blue handwritten signatures, red round seals marked MẪU."""

import hashlib
import io
import math
import random
from importlib import resources

from PIL import Image, ImageDraw, ImageFont

from signing.typeface import Face

#: Decree 30/2020, annex I: the signature is blue, the seal red, both on transparent ground
BLUE = (22, 48, 158)
RED = (204, 20, 28)
#: everything is drawn larger and reduced, so that edges are smooth
OVERSIZE = 3
SEAL_PIXELS = 520
SIGNATURE_PIXELS = (750, 300)
Point = tuple[float, float]


def draw_signature(name: str) -> bytes:
    """Return a PNG of a scrawl; equal names give equal scrawls."""
    chance = random.Random(hashlib.sha256(name.encode()).digest())  # noqa: S311 - a drawing
    width, height = (side * OVERSIZE for side in SIGNATURE_PIXELS)
    image = Image.new("RGBA", (width, height), (*BLUE, 0))
    pen = ImageDraw.Draw(image)
    for stroke in _strokes(name, chance):
        _ink(pen, [(x * width, y * height) for x, y in _smooth(stroke)], chance)
    return _png(image.resize(SIGNATURE_PIXELS, Image.Resampling.LANCZOS))


def _strokes(name: str, chance: random.Random) -> list[list[Point]]:
    """Return a tall initial, a run of small letters for each word, and a flourish below."""
    start, middle = 0.07, 0.56
    loop = 0.10 + chance.uniform(0, 0.03)
    strokes = [_initial(start, middle, loop)]
    x = start + loop * 1.7
    words = name.split()[1:] or [name]
    step = (0.84 - x) / max(sum(len(word) for word in words), 6)
    for word in words:
        stroke: list[Point] = [(x, middle)]
        for letter in word:
            tall = letter.isupper() or letter.lower() in "bdđhklt"
            low = letter.lower() in "gpqy"
            rise = chance.uniform(0.20, 0.34) if tall else chance.uniform(0.05, 0.12)
            fall = chance.uniform(0.16, 0.26) if low else chance.uniform(-0.01, 0.05)
            stroke += [(x + step * 0.45, middle - rise), (x + step * 0.75, middle + fall)]
            x += step
        strokes.append([*stroke, (x + step * 0.5, middle - 0.03)])
        middle -= 0.025
    return [*strokes, _flourish(start, middle, min(x + 0.07, 0.95))]


def _initial(x: float, y: float, loop: float) -> list[Point]:
    return [
        (x + loop * 0.2, y - 0.05),
        (x + loop, y - 0.42),
        (x + loop * 1.2, y - 0.34),
        (x + loop * 0.5, y + 0.30),
        (x, y + 0.16),
        (x + loop * 0.7, y - 0.10),
        (x + loop * 1.9, y - 0.06),
    ]


def _flourish(start: float, y: float, end: float) -> list[Point]:
    return [
        (end, y - 0.16),
        (end - 0.20, y + 0.24),
        (start + 0.20, y + 0.33),
        (start + 0.24, y + 0.25),
        (end * 0.75, y + 0.20),
        (end, y + 0.13),
    ]


def _smooth(points: list[Point], pieces: int = 24) -> list[Point]:
    """Return a Catmull-Rom curve through the points."""
    ends = [points[0], *points, points[-1]]
    curve = []
    for one, two, three, four in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for piece in range(pieces):
            t = piece / pieces
            curve.append((_blend(one, two, three, four, 0, t), _blend(one, two, three, four, 1, t)))
    return [*curve, points[-1]]


def _blend(one: Point, two: Point, three: Point, four: Point, axis: int, t: float) -> float:
    a, b, c, d = one[axis], two[axis], three[axis], four[axis]
    return 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )


def _ink(pen: ImageDraw.ImageDraw, points: list[Point], chance: random.Random) -> None:
    """Draw a line that is thin where the hand is quick and at both ends."""
    phase = chance.uniform(0, math.tau)
    for number, (x, y) in enumerate(points):
        following = points[min(number + 1, len(points) - 1)]
        length = math.hypot(following[0] - x, following[1] - y)
        share = number / max(len(points) - 1, 1)
        pressure = 0.55 + 0.45 * math.sin(math.pi * share) + 0.12 * math.sin(phase + share * 19)
        radius = max(1.6, 4.6 * pressure) * OVERSIZE / 2 * 1.25
        dots = max(1, int(length / (radius / 2)))
        for dot in range(dots):
            u = x + (following[0] - x) * dot / dots
            v = y + (following[1] - y) * dot / dots
            pen.ellipse((u - radius, v - radius, u + radius, v + radius), fill=(*BLUE, 255))


def draw_seal(name: str) -> bytes:
    """Return a PNG of a round seal with the agency's name around a star, marked MẪU."""
    side = SEAL_PIXELS * OVERSIZE
    image = Image.new("RGBA", (side, side), (*RED, 0))
    pen = ImageDraw.Draw(image)
    centre = side / 2
    for radius, width in ((0.485, 0.012), (0.46, 0.005), (0.29, 0.006)):
        _ring(pen, centre, radius * side, round(width * side))
    _star(pen, centre, centre - 0.03 * side, 0.14 * side)
    _around(image, name.upper(), 0.34 * side, side)
    font = _font(round(0.075 * side))
    pen.text((centre, centre + 0.18 * side), "MẪU", font=font, fill=(*RED, 255), anchor="mm")
    return _png(image.resize((SEAL_PIXELS, SEAL_PIXELS), Image.Resampling.LANCZOS))


def _ring(pen: ImageDraw.ImageDraw, centre: float, radius: float, width: int) -> None:
    box = (centre - radius, centre - radius, centre + radius, centre + radius)
    pen.ellipse(box, outline=(*RED, 255), width=width)


def _star(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    points = []
    for corner in range(10):
        length = radius if corner % 2 == 0 else radius * 0.382
        angle = corner * math.pi / 5
        points.append((x + length * math.sin(angle), y - length * math.cos(angle)))
    pen.polygon(points, fill=(*RED, 255))


def _around(image: Image.Image, text: str, radius: float, side: int) -> None:
    """Write text clockwise along a circle, centred at the top, small enough to leave a gap."""
    size = round(0.084 * side)
    most = math.tau * 0.86 * radius
    font = _font(size)
    while sum(font.getlength(letter) for letter in text) * 1.08 > most and size > 8:
        size -= 2
        font = _font(size)
    spacing = 1.08 * (radius + size * 0.35) / radius
    total = sum(font.getlength(letter) for letter in text) * spacing / (radius + size * 0.35)
    angle = -total / 2
    for letter in text:
        share = font.getlength(letter) * spacing / (radius + size * 0.35)
        _letter(image, letter, font, radius, angle + share / 2)
        angle += share


def _letter(
    image: Image.Image,
    letter: str,
    font: ImageFont.FreeTypeFont,
    radius: float,
    angle: float,
) -> None:
    """Set one letter upright on the circle, its foot towards the centre."""
    tile = round(font.size * 2.4)
    drawn = Image.new("L", (tile, tile), 0)
    pen = ImageDraw.Draw(drawn)
    pen.text((tile / 2, tile / 2 + font.size * 0.34), letter, font=font, fill=255, anchor="ms")
    turned = drawn.rotate(-math.degrees(angle), resample=Image.Resampling.BICUBIC)
    middle = radius + font.size * 0.34
    x = image.width / 2 + middle * math.sin(angle) - tile / 2
    y = image.height / 2 - middle * math.cos(angle) - tile / 2
    image.paste((*RED, 255), (round(x), round(y)), turned)


def _font(size: int) -> ImageFont.FreeTypeFont:
    program = resources.files("signing") / "fonts" / f"TinosVN1000-{Face.BOLD.value}.ttf"
    return ImageFont.truetype(io.BytesIO(program.read_bytes()), size)


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
