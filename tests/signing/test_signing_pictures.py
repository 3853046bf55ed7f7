"""The drawn pictures of the demo."""

import io

import pytest
from PIL import Image

from signing.testing.pictures import draw_seal, draw_signature


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    assert image.format == "PNG"
    assert image.mode == "RGBA"
    return image


def test_signatures_are_blue_on_nothing_and_differ():
    one, other = draw_signature("Trịnh Việt Hùng"), draw_signature("Nguyễn Thị Ánh Tuyết")
    assert one == draw_signature("Trịnh Việt Hùng")
    assert one != other
    image = opened(one)
    inked = [pixel for pixel in image.get_flattened_data() if pixel[3] > 128]
    assert 0.01 < len(inked) / (image.width * image.height) < 0.3
    assert all(blue > red + 60 for red, _, blue, _ in inked)


@pytest.mark.parametrize("name", ["Sở", "Ủy ban nhân dân tỉnh Thái Nguyên", "Văn phòng " * 8])
def test_seals_are_round_red_and_transparent(name):
    image = opened(draw_seal(name))
    assert image.width == image.height
    assert image.getpixel((0, 0))[3] == 0
    assert image.getpixel((image.width - 1, image.height - 1))[3] == 0
    inked = [pixel for pixel in image.get_flattened_data() if pixel[3] > 128]
    assert all(red > blue + 60 for red, _, blue, _ in inked)
    left, upper, right, lower = image.getbbox()
    assert right - left == pytest.approx(image.width, rel=0.03)
    assert lower - upper == pytest.approx(right - left, abs=2)


def test_seals_differ_by_name():
    assert draw_seal("Sở Nội vụ") != draw_seal("Sở Y tế")
