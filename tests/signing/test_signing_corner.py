"""Annexes, copies and scans are signed at the upper right of page 1, and cover nothing there."""

import io
import itertools
from datetime import UTC, datetime

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageDraw

from signing.corner import (
    CopyForm,
    annex_lines,
    copy_lines,
    incoming_lines,
    place_annex,
    place_copy,
    place_incoming,
    zoned_time,
)
from signing.errors import NoRoom, PlaceTaken
from signing.page_text import Box, opened, read_page
from signing.placement import MM, Found, Placement, place_box
from signing.signer import SignRequest, SignRole, normalise, sign_pdf
from signing.vacancy import free_field, may_overlap

AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
TIME = "22/11/2026; 15:30:00; +07:00"
ORGAN = "Ủy ban nhân dân tỉnh Thái Nguyên"
PAGE = '#set text(font: "Tinos", size: 13pt)\n#set page(paper: "a4", margin: {margin})\n{body}'


def placed(pdf: bytes) -> dict[str, Placement]:
    return {
        "annex": place_annex(pdf, reference="188/2026/QĐ-UBND", signed_at=AT),
        "copy": place_copy(pdf, form=CopyForm.TRUE_COPY, organ_name=ORGAN, signed_at=AT),
        "incoming": place_incoming(pdf, organ_name=ORGAN, signed_at=AT),
    }


def scanned(draw, tone: int = 255) -> bytes:
    """Return a page that is one picture, as scanners make it, 100 pixels an inch."""
    image = Image.new("L", (827, 1169), tone)
    draw(ImageDraw.Draw(image))
    out = io.BytesIO()
    image.save(out, "PDF", resolution=100)
    return normalise(out.getvalue())


def turned(pdf: bytes, rotation: int, crop: list[float] | None = None) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.pages[0].Rotate = rotation
        if crop:
            document.pages[0].CropBox = crop
        out = io.BytesIO()
        document.save(out)
    return normalise(out.getvalue())


def test_the_lines_are_those_of_the_decree():
    assert annex_lines("188/2026/QĐ-UBND", AT) == ("188/2026/QĐ-UBND", TIME)
    assert copy_lines(CopyForm.TRUE_COPY, ORGAN, AT) == ("Sao y", ORGAN, TIME)
    assert [form.words for form in CopyForm] == ["Sao y", "Trích sao", "Sao lục"]
    assert incoming_lines(ORGAN, AT) == (ORGAN, TIME)


def test_the_time_is_told_in_vietnams_zone_whatever_the_server_runs_in():
    assert zoned_time(datetime(2026, 12, 31, 17, 0, tzinfo=UTC)) == "01/01/2027; 00:00:00; +07:00"


@pytest.mark.parametrize("role", ["annex", "copy", "incoming"])
def test_the_lines_stand_in_the_corner_of_a_page_with_the_margins_of_the_decree(draft, role):
    place = placed(draft)[role]
    with opened(draft) as document:
        page = read_page(document, 0)
    assert place.found is Found.TEXT
    assert place.page == 0
    assert place.box.right == pytest.approx(page.view.width - 8 * MM, abs=0.1)
    assert page.view.height - 20 * MM < place.box.bottom < place.box.top
    assert not any(place.box.overlaps(letter) for letter in page.inked())
    assert {(run.size, run.face.value) for run in place.runs} == {(10.0, "Regular")}


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, [20, 30, 560, 800]])
def test_the_corner_is_the_readers_on_a_turned_or_cropped_page(draft, keystore, rotation, crop):
    pdf = turned(draft, rotation, crop)
    place = place_annex(pdf, reference="188/2026/QĐ-UBND", signed_at=AT)
    signed = sign_pdf(pdf, SignRequest(SignRole.ANNEX, AT, place), keystore("ubnd"))
    before, after = (rendered(one) for one in (pdf, signed))
    changed = Image.frombytes(
        "L",
        before.size,
        bytes(255 * (a != b) for a, b in zip(before.tobytes(), after.tobytes(), strict=True)),
    ).getbbox()
    assert changed is not None
    left, upper, right, lower = changed
    # something appeared, only in the upper half, and nothing was there before
    assert lower < before.height / 2
    assert left > before.width * 0.2
    assert min(before.crop(changed).tobytes()) == 255
    # upright: two lines of text are wider than high
    assert right - left > 3 * (lower - upper)


def rendered(pdf: bytes) -> Image.Image:
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()
    page = document[0]
    image = page.render(scale=1.5, grayscale=True).to_pil()
    page.close()
    document.close()
    return image


@pytest.mark.parametrize("size", ["a3", "a5", "us-letter"])
def test_the_real_size_of_the_page_counts(layout, size):
    source = PAGE.format(margin="20mm", body="Phụ lục").replace('"a4"', f'"{size}"')
    pdf = normalise(layout(source))
    place = place_annex(pdf, reference="1/QĐ-UBND", signed_at=AT)
    with opened(pdf) as document:
        view = read_page(document, 0).view
    assert place.box.right == pytest.approx(view.width - 8 * MM, abs=0.1)
    assert place.box.top == pytest.approx(view.height - 5 * MM, abs=0.1)


def test_text_in_the_corner_is_not_covered(layout):
    body = "#align(right)[PHỤ LỤC I]\n" * 3
    pdf = normalise(layout(PAGE.format(margin="(x: 10mm, y: 6mm)", body=body)))
    place = place_annex(pdf, reference="188/2026/QĐ-UBND", signed_at=AT)
    with opened(pdf) as document:
        page = read_page(document, 0)
    assert not any(place.box.overlaps(letter) for letter in page.inked())
    # negative control: at its usual place it would have been covered
    usual = Box(
        page.view.width - 8 * MM - place.box.width,
        page.view.height - 5 * MM - place.box.height,
        page.view.width - 8 * MM,
        page.view.height - 5 * MM,
    )
    assert any(usual.overlaps(letter) for letter in page.inked())


def test_text_beyond_the_edge_of_the_page_takes_no_room(draft):
    with pikepdf.open(io.BytesIO(draft)) as document:
        document.pages[0].CropBox = [300, 300, 595, 842]
        out = io.BytesIO()
        document.save(out)
    place = place_annex(out.getvalue(), reference="188/QĐ-UBND", signed_at=AT)
    assert place.found is Found.TEXT


def test_a_page_without_room_is_told(layout):
    body = "#set par(leading: 2pt)\n" + "Văn bản dày đặc chữ từ mép này sang mép kia. " * 200
    pdf = normalise(layout(PAGE.format(margin="3mm", body=body)))
    with pytest.raises(NoRoom, match="20 mm") as refused:
        place_annex(pdf, reference="188/2026/QĐ-UBND", signed_at=AT)
    assert "chừa lề trên" in refused.value.text("vi")


def test_what_a_scan_shows_is_not_covered_though_it_has_no_letters():
    def stamp(pen):
        pen.rectangle((560, 20, 800, 110), fill=40)

    place = place_incoming(scanned(stamp), organ_name=ORGAN, signed_at=AT)
    assert place.box.top < 842 - 110 * 0.72
    free = place_incoming(scanned(lambda pen: None), organ_name=ORGAN, signed_at=AT)
    assert free.box.top == pytest.approx(842 - 5 * MM, abs=1)


def test_grey_paper_with_dust_is_still_free():
    def dust(pen):
        for x, y in ((600, 40), (700, 60), (650, 33)):
            pen.point((x, y), fill=0)

    place = place_incoming(scanned(dust, tone=205), organ_name=ORGAN, signed_at=AT)
    assert place.box.top == pytest.approx(842 - 5 * MM, abs=1)


def test_the_name_of_a_long_agency_is_broken_between_words(draft):
    organ = "Ban Quản lý dự án đầu tư xây dựng các công trình giao thông và nông nghiệp tỉnh"
    place = place_copy(draft, form=CopyForm.ONWARD, organ_name=organ, signed_at=AT)
    texts = [run.text for run in place.runs]
    assert (texts[0], texts[-1]) == ("Sao lục", TIME)
    assert len(texts) > 3
    assert " ".join(texts[1:-1]) == organ
    assert place.box.width <= 90 * MM + 2


def test_a_second_copy_stands_beside_the_first(draft, keystore):
    signed = draft
    for field in ("SaoY", "SaoY2", "SaoY3"):
        assert free_field(signed, SignRole.COPY) == field
        place = place_copy(signed, form=CopyForm.TRUE_COPY, organ_name=ORGAN, signed_at=AT)
        request = SignRequest(SignRole.COPY, AT, place, field=field)
        signed = sign_pdf(signed, request, keystore("ubnd"))


def test_the_text_of_the_signature_is_read_back(draft, keystore):
    place = place_copy(draft, form=CopyForm.TRUE_COPY, organ_name=ORGAN, signed_at=AT)
    signed = sign_pdf(draft, SignRequest(SignRole.COPY, AT, place), keystore("ubnd"))
    with pikepdf.open(io.BytesIO(signed)) as document:
        widget = document.pages[0].Annots[0]
        assert "/Image" not in str(widget.AP.N.Resources)
    flat = pypdfium2.PdfDocument(signed)
    flat.init_forms()
    page = flat[0]
    assert pypdfium2.raw.FPDFPage_Flatten(page, pypdfium2.raw.FLAT_NORMALDISPLAY) == 1
    page.close()
    text = flat[0].get_textpage().get_text_range()
    flat.close()
    assert all(line in text for line in ("Sao y", ORGAN, TIME))


# -- what may lie over what ------------------------------------------------------------------------

PAIRS = list(itertools.product(SignRole, repeat=2))


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_only_the_seal_may_lie_over_the_approver(blank, keystore, first, second):
    spot = Placement(0, Box(100, 100, 200, 150))
    over = Placement(0, Box(150, 120, 260, 190))
    beside = Placement(0, Box(200, 100, 300, 150))
    signed = sign_pdf(
        blank, SignRequest(first, AT, spot, field=free_field(blank, first)), keystore("ubnd")
    )
    field = free_field(signed, second)
    sign_pdf(signed, SignRequest(second, AT, beside, field=field), keystore("ubnd"))
    request = SignRequest(second, AT, over, field=field)
    if {first, second} == {SignRole.APPROVE, SignRole.SEAL}:
        sign_pdf(signed, request, keystore("ubnd"))
        return
    with pytest.raises(PlaceTaken) as refused:
        sign_pdf(signed, request, keystore("ubnd"))
    assert refused.value.fields["what"].endswith("»")


@pytest.fixture(scope="module")
def blank() -> bytes:
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        pdf.add_blank_page(page_size=(595, 842))
        out = io.BytesIO()
        pdf.save(out)
    return normalise(out.getvalue())


def test_another_page_is_another_place(blank, keystore):
    spot = Placement(0, Box(100, 100, 200, 150))
    signed = sign_pdf(blank, SignRequest(SignRole.APPROVE, AT, spot), keystore("chutich"))
    elsewhere = Placement(1, spot.box)
    sign_pdf(signed, SignRequest(SignRole.NUMBER, AT, elsewhere), keystore("ubnd"))


def test_fields_of_other_systems_may_not_be_covered():
    assert may_overlap("CoQuan", "NguoiKy2")
    assert not may_overlap("CoQuan", "Signature1")
    assert not may_overlap("NguoiKy", "NguoiKy2")


def test_a_drawn_place_that_covers_text_is_refused(draft):
    with opened(draft) as document:
        letter = next(iter(read_page(document, 0).inked()))
    box = Box(letter.left - 5, letter.bottom - 5, letter.right + 20, letter.top + 5)
    with pytest.raises(PlaceTaken, match="chữ của văn bản"):
        place_box(draft, 0, box)
    assert place_box(draft, 0, box, over_text=True).box == pytest.approx(box, abs=0.01)
