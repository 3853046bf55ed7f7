"""Pictures of signatures and seals on the page: transparency, depth of colour, real size."""

import io
import struct
import zlib

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageDraw

from signing.errors import ImageRefused
from signing.page_text import Box
from signing.placement import MM, Placement, place_seal
from signing.signer import SignRequest, SignRole, normalise, sign_pdf

BLUE, RED = (20, 60, 200), (200, 20, 20)


def png(image: Image.Image, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", **options)
    return out.getvalue()


def raw_png(size: int, colour_type: int, rows: bytes, *extra: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of 16 bits a channel, which Pillow does not write in every kind of colour."""
    header = struct.pack(">IIBBBBB", size, size, 16, colour_type, 0, 0, 0)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def half(ink: bytes, nothing: bytes) -> bytes:
    """Return rows of 40 points, ink in the left half and nothing in the right one."""
    return (b"\0" + ink * 20 + nothing * 20) * 40


def colour(colour: tuple[int, int, int]) -> Image.Image:
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    image.paste((*colour, 255), (0, 0, 20, 40))
    return image


def deep(colour: tuple[int, int, int], alpha: int) -> bytes:
    return struct.pack(">4H", *(257 * tone for tone in colour), alpha)


PICTURES = {
    "RGBA": (png(colour(BLUE)), BLUE),
    "palette": (png(colour(RED).quantize(4)), RED),
    "grey and alpha": (png(colour((60, 60, 60)).convert("LA")), (60, 60, 60)),
    "16 bit RGBA": (raw_png(40, 6, half(deep(BLUE, 65535), deep(BLUE, 0))), BLUE),
    "16 bit grey": (
        raw_png(40, 0, half(b"\x3c\x3c", b"\xff\xff"), (b"tRNS", b"\xff\xff")),
        (60, 60, 60),
    ),
}


@pytest.fixture(scope="module")
def page() -> bytes:
    """Return a page that is green, so that what shines through is seen."""
    with pikepdf.new() as pdf:
        blank = pdf.add_blank_page(page_size=(595, 842))
        blank.obj.Contents = pdf.make_stream(b"0 1 0 rg 0 0 595 842 re f")
        out = io.BytesIO()
        pdf.save(out)
    return normalise(out.getvalue())


def seen(pdf: bytes, scale: float = 1) -> Image.Image:
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()
    first = document[0]
    image = first.render(scale=scale).to_pil().convert("RGB")
    first.close()
    document.close()
    return image


@pytest.mark.parametrize("kind", PICTURES)
def test_ink_has_its_colour_and_the_page_shines_through(page, keystore, now, kind):
    image, expected = PICTURES[kind]
    place = Placement(0, Box(100, 100, 200, 200))
    signed = sign_pdf(page, SignRequest(SignRole.SEAL, now, place, image), keystore("ubnd"))
    shown = seen(signed)
    assert shown.getpixel((125, 842 - 150)) == pytest.approx(expected, abs=3)
    assert shown.getpixel((175, 842 - 150)) == (0, 255, 0)
    with pikepdf.open(io.BytesIO(signed)) as document:
        drawn = document.pages[0].Annots[0].AP.N.Resources.XObject.Image
        assert drawn.SMask.ColorSpace == "/DeviceGray"
        assert (drawn.SMask.Width, drawn.SMask.Height) == (40, 40)


def test_half_transparent_ink_is_mixed_with_what_lies_below(page, keystore, now):
    image = png(Image.new("RGBA", (10, 10), (255, 0, 0, 128)))
    place = Placement(0, Box(100, 100, 200, 200))
    signed = sign_pdf(page, SignRequest(SignRole.SEAL, now, place, image), keystore("ubnd"))
    assert seen(signed).getpixel((150, 842 - 150)) == pytest.approx((128, 127, 0), abs=3)


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 40), RED).save(out, "JPEG")
    return out.getvalue()


UNUSABLE = {
    "a JPEG named .png": jpeg(),
    "opaque": png(Image.new("RGB", (40, 40), RED)),
    "opaque with an alpha channel": png(Image.new("RGBA", (40, 40), (*RED, 255))),
    "cut off": PICTURES["RGBA"][0][:-30],
    "too large": png(Image.new("1", (4001, 1))),
    "empty": b"",
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_an_unusable_picture_is_refused_and_nothing_is_signed(page, keystore, now, kind):
    place = Placement(0, Box(100, 100, 200, 200))
    request = SignRequest(SignRole.SEAL, now, place, UNUSABLE[kind])
    with pytest.raises(ImageRefused, match="transparent PNG"):
        sign_pdf(page, request, keystore("ubnd"))


def ring(size: int, **options) -> bytes:
    image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((0, 0, size - 1, size - 1), outline=(*RED, 255), width=size // 20)
    return png(image, **options)


def across(before: bytes, after: bytes) -> float:
    """Return how wide what was added is, in millimetres."""
    left, _, right, _ = ImageChops.difference(seen(before, 4), seen(after, 4)).getbbox()
    return (right - left) / 4 / MM


@pytest.mark.parametrize(
    ("image", "width"),
    [
        (ring(400), 37),
        (ring(425, dpi=(300, 300)), 36),  # 425 pixels of a 300 dpi scan
        (ring(378, dpi=(96, 96)), 37),  # 100 mm: the resolution of a screen, no seal
    ],
)
def test_the_seal_has_its_real_size(page, keystore, now, image, width):
    place = place_seal(page, image=image)
    signed = sign_pdf(page, SignRequest(SignRole.SEAL, now, place, image), keystore("ubnd"))
    assert across(page, signed) == pytest.approx(width, abs=0.3)
