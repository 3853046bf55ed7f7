"""What a signature shows on the page (hình thức chữ ký số): a picture, text, or both."""

import io
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from PIL import Image, ImageChops
from pyhanko.pdf_utils.content import AppearanceContent, ResourceType
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, FloatObject, pdf_name
from pyhanko.pdf_utils.images import pil_image
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.stamp import BaseStampStyle

from signing.errors import ImageRefused
from signing.placement import LARGEST_PICTURE, Placement, TextRun
from signing.typeface import Face, typeface

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
#: Decree 30/2020, annex I, III.1d: regular, size 10, black
LINE_SIZE = 10.0
LEADING = 1.2
OPAQUE = 255
#: the content is turned against the page, so that the reader sees it upright
TURNED = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def shown_time(moment: datetime) -> str:
    """Return a time as signatures print it: ISO 8601 in Vietnam's zone, to the second."""
    return moment.astimezone(VIETNAM).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Drawing:
    """A picture fitted into the box, lines of text from its top, and text runs at their places."""

    placement: Placement
    image: bytes | None = None
    lines: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[float, float]:
        """Return width and height in points as the reader sees them."""
        box = self.placement.box
        if self.placement.rotation % 180:
            return box.height, box.width
        return box.width, box.height

    def runs(self) -> tuple[TextRun, ...]:
        """Return all text with its places."""
        top = self.size[1] - LINE_SIZE
        written = tuple(
            TextRun(line, 0, top - number * LINE_SIZE * LEADING, LINE_SIZE)
            for number, line in enumerate(self.lines)
        )
        return written + self.placement.runs


@dataclass(frozen=True)
class DrawingStyle(BaseStampStyle):
    """Hands a drawing to pyHanko."""

    border_width: int = 0
    drawing: Drawing = field(kw_only=True)

    def create_stamp(self, writer: Any, box: Any, text_params: Any) -> "_Stamp":
        """Return the stamp of the drawing; its box is the placement's."""
        del box, text_params
        return _Stamp(writer, self.drawing)


class _Stamp(AppearanceContent):
    def __init__(self, writer: Any, drawing: Drawing) -> None:
        width, height = drawing.size
        super().__init__(writer=writer, box=BoxConstraints(width=width, height=height))
        self._drawing = drawing

    def render(self) -> bytes:
        for name, space in _without_device().items():
            self.set_resource(ResourceType.COLOR_SPACE, pdf_name(name), space)
        commands = [b"q"]
        if self._drawing.image is not None:
            commands.append(self._picture(self._drawing.image))
        faces: dict[Face, list[TextRun]] = {}
        for run in self._drawing.runs():
            faces.setdefault(run.face, []).append(run)
        for face, runs in faces.items():
            commands.append(self._text(face, runs))
        commands.append(b"Q")
        return b"\n".join(commands)

    def _picture(self, image: bytes) -> bytes:
        picture = _picture(image)
        width, height = self._drawing.size
        scale = min(width / picture.width, height / picture.height)
        across, up = picture.width * scale, picture.height * scale
        reference = pil_image(picture, self.writer)
        self.set_resource(ResourceType.XOBJECT, pdf_name("/Image"), reference)
        return b"q %.4f 0 0 %.4f %.4f %.4f cm /Image Do Q" % (
            across,
            up,
            (width - across) / 2,
            (height - up) / 2,
        )

    def _text(self, face: Face, runs: list[TextRun]) -> bytes:
        letters = typeface(face)
        name = f"/{face.value}"
        font = letters.write(self.writer, "".join(run.text for run in runs))
        self.set_resource(ResourceType.FONT, pdf_name(name), font)
        shown = [
            b"%s %.3f Tf 1 0 0 1 %.3f %.3f Tm %s Tj"
            % (name.encode(), run.size, run.x, run.y, letters.shown(run.text))
            for run in runs
        ]
        return b"BT 0 g\n%s\nET" % b"\n".join(shown)

    def as_form_xobject(self) -> Any:
        form = super().as_form_xobject()
        rotation = self._drawing.placement.rotation
        if rotation:
            form[pdf_name("/Matrix")] = _numbers(*TURNED[rotation], 0, 0)
        form.compress()
        return form


def _numbers(*values: float) -> Any:
    return ArrayObject([FloatObject(round(value, 4)) for value in values])


def _picture(image: bytes) -> Image.Image:
    """Decode a PNG with its transparency; raise `ImageRefused`, for an opaque one too.

    An opaque seal would hide a third of the signature under it.
    """
    try:
        with Image.open(io.BytesIO(image), formats=["PNG"]) as picture:
            if max(picture.size) > LARGEST_PICTURE:
                raise ImageRefused(limit=LARGEST_PICTURE)
            decoded = _in_bytes(picture).convert("RGBA")
    except (OSError, ValueError, SyntaxError) as error:
        raise ImageRefused(limit=LARGEST_PICTURE) from error
    if decoded.getchannel("A").getextrema()[0] == OPAQUE:
        raise ImageRefused(limit=LARGEST_PICTURE)
    return decoded


def _in_bytes(picture: Image.Image) -> Image.Image:
    """Return a picture of 8 bits a channel: of 16 grey ones Pillow would keep the lower half."""
    if not picture.mode.startswith("I"):
        return picture
    clear = picture.info.get("transparency")
    deep = picture.convert("I")
    grey = deep.point(lambda tone: tone / 257).convert("L")
    if clear is None:
        return grey
    above = deep.point(lambda tone: tone - clear).convert("L")
    below = deep.point(lambda tone: tone * -1 + clear).convert("L")
    mask = ImageChops.lighter(above, below).point([0] + [OPAQUE] * 255)
    grey.putalpha(mask)
    return grey


def _without_device() -> Any:
    """Return what device colours mean in a drawing, whatever device the document is meant for.

    ISO 19005-2, 6.2.4.3: a document for a printing house has no place for DeviceRGB otherwise.
    """
    white = _numbers(0.9505, 1, 1.089)
    matrix = _numbers(0.4124, 0.2126, 0.0193, 0.3576, 0.7152, 0.1192, 0.1805, 0.0722, 0.9505)
    grey = DictionaryObject({pdf_name("/WhitePoint"): white, pdf_name("/Gamma"): FloatObject(2.2)})
    colour = DictionaryObject(
        {
            pdf_name("/WhitePoint"): white,
            pdf_name("/Gamma"): _numbers(2.2, 2.2, 2.2),
            pdf_name("/Matrix"): matrix,
        }
    )
    return {
        "/DefaultGray": ArrayObject([pdf_name("/CalGray"), grey]),
        "/DefaultRGB": ArrayObject([pdf_name("/CalRGB"), colour]),
    }
