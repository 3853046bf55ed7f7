"""The road of an outgoing document: person, then number and date, then seal."""

import io
import re
from datetime import date

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageChops
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel

from signing.errors import CertificateNotInForce, FieldTaken, PageMissing, TailMismatch
from signing.number_row import place_number
from signing.original import normalise
from signing.page_text import Box
from signing.placement import MM, Placement, place_box, place_person, place_seal
from signing.policy import SIGNATURE_ONLY, ValidationPolicy
from signing.report import Verdict
from signing.role import FIELD_NAMES
from signing.signer import SignRequest, SignRole, sign_pdf


def widgets(document: pikepdf.Pdf) -> dict[str, pikepdf.Dictionary]:
    return {str(one.T): one for page in document.pages for one in page.obj.get("/Annots", [])}


def rects(pdf: bytes) -> dict[str, Box]:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return {
            name: Box(*(float(value) for value in one.Rect))
            for name, one in widgets(document).items()
        }


def shown_text(pdf: bytes, field: str) -> str:
    """Draw an appearance on a page of its own and let pdfium read its letters."""
    with pikepdf.open(io.BytesIO(pdf)) as document, pikepdf.new() as sheet:
        page = sheet.add_blank_page(page_size=(600, 100))
        form = sheet.copy_foreign(widgets(document)[field].AP.N)
        page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(A=form))
        page.obj.Contents = sheet.make_stream(b"q 1 0 0 1 20 20 cm /A Do Q")
        out = io.BytesIO()
        sheet.save(out)
    shown = pypdfium2.PdfDocument(out.getvalue())
    text = str(shown[0].get_textpage().get_text_range())
    shown.close()
    return text


def test_three_signatures_hold(issued, validate):
    report = validate(issued)
    assert report.verdict is Verdict.VALID, report.text()
    assert [one.role for one in report.signatures] == [
        SignRole.APPROVE,
        SignRole.NUMBER,
        SignRole.SEAL,
    ]
    assert [one.coverage for one in report.signatures] == [
        "ENTIRE_REVISION",
        "ENTIRE_REVISION",
        "ENTIRE_FILE",
    ]
    assert report.tail_ok
    assert not report.remarks
    assert report.signatures[0].subject == "Trịnh Việt Hùng"


def test_nothing_but_signatures_was_added(issued):
    reader = PdfFileReader(io.BytesIO(issued))
    for signature in reader.embedded_signatures[:-1]:
        signature.compute_integrity_info(diff_policy=SIGNATURE_ONLY)
        assert signature.diff_result.modification_level is ModificationLevel.FORM_FILLING


def test_a_signature_keeps_every_byte_before_it(draft, by_person, numbered, issued):
    assert by_person.startswith(draft)
    assert numbered.startswith(by_person)
    assert issued.startswith(numbered)


def test_title_and_producer_stay_as_they_were_signed(draft, issued):
    before, after = pikepdf.open(io.BytesIO(draft)), pikepdf.open(io.BytesIO(issued))
    assert dict(before.docinfo) == dict(after.docinfo)
    assert before.Root.Metadata.read_bytes() == after.Root.Metadata.read_bytes()


def test_the_time_is_that_of_vietnam(by_person, now):
    signature = PdfFileReader(io.BytesIO(by_person)).embedded_signatures[0]
    assert signature.sig_object["/M"] == "D:20261122153000+07'00'"
    assert signature.self_reported_timestamp == now


def test_the_seal_covers_the_left_third_of_the_signature(issued):
    places = rects(issued)
    person = places[FIELD_NAMES[SignRole.APPROVE]]
    seal = places[FIELD_NAMES[SignRole.SEAL]]
    assert seal.width == pytest.approx(37 * MM, abs=0.1)
    assert seal.height == pytest.approx(37 * MM, abs=0.1)
    assert seal.right == pytest.approx(person.left + person.width / 3, abs=0.1)
    assert (seal.bottom + seal.top) / 2 == pytest.approx((person.bottom + person.top) / 2, abs=0.1)


def test_the_number_field_shows_number_and_date_as_text(issued):
    text = shown_text(issued, FIELD_NAMES[SignRole.NUMBER])
    assert re.findall(r"\d+", text) == ["188", "02", "11"]


def test_every_visible_field_has_an_appearance(draft, keystore, now):
    place = Placement(0, Box(100, 100, 200, 150))
    signed = sign_pdf(draft, SignRequest(SignRole.INCOMING, now, place), keystore("ubnd"))
    with pikepdf.open(io.BytesIO(signed)) as document:
        assert "/AP" in widgets(document)[FIELD_NAMES[SignRole.INCOMING]]


def test_lines_are_written_from_the_top(draft, keystore, now, validate):
    place = Placement(0, Box(300, 780, 560, 820))
    lines = ("188/2026/QĐ-UBND", "2026-11-02T15:30:00+07:00")
    signed = sign_pdf(draft, SignRequest(SignRole.ANNEX, now, place, lines=lines), keystore("ubnd"))
    text = shown_text(signed, FIELD_NAMES[SignRole.ANNEX])
    assert text.split() == list(lines)


def test_an_invisible_signature_holds(draft, keystore, now, validate):
    signed = sign_pdf(draft, SignRequest(SignRole.APPROVE, now), keystore("chutich"))
    assert validate(signed, ValidationPolicy()).verdict is Verdict.VALID


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_page_shows_the_picture_upright(draft, pki, keystore, now, rotation):
    document = pikepdf.open(io.BytesIO(draft))
    document.pages[0].Rotate = rotation
    out = io.BytesIO()
    document.save(out)
    turned = normalise(out.getvalue())
    # a mark in the upper left quarter of a transparent picture, at a place as seen
    picture = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 100, 50))
    image = io.BytesIO()
    picture.save(image, "PNG")
    place = place_box(turned, 0, Box(40, 40, 140, 90), over_text=True)
    request = SignRequest(SignRole.APPROVE, now, place, image.getvalue())
    signed = sign_pdf(turned, request, keystore("chutich"))
    shown = pypdfium2.PdfDocument(signed)
    shown.init_forms()
    page = shown[0]
    drawn = page.render(scale=1, may_draw_forms=True).to_pil().convert("RGB")
    page.close()
    shown.close()
    red, green, blue = drawn.split()
    pure = ImageChops.darker(
        ImageChops.darker(ImageChops.invert(red), ImageChops.invert(green)), blue
    )
    left, upper, right, lower = pure.point(lambda value: 255 if value == 255 else 0).getbbox()
    assert (left, right) == pytest.approx((40, 90), abs=2)
    assert (drawn.height - lower, drawn.height - upper) == pytest.approx((65, 90), abs=2)


def test_a_taken_field_is_refused(by_person, keystore, now):
    with pytest.raises(FieldTaken) as refusal:
        sign_pdf(by_person, SignRequest(SignRole.APPROVE, now), keystore("chutich"))
    assert refusal.value.fields == {"field": "NguoiKy"}


def test_a_second_field_of_a_role_is_possible(by_person, keystore, now, validate):
    request = SignRequest(SignRole.APPROVE, now, field="NguoiKy2")
    report = validate(sign_pdf(by_person, request, keystore("chutich")), ValidationPolicy())
    assert report.verdict is Verdict.VALID
    assert [one.role for one in report.signatures] == [SignRole.APPROVE, SignRole.APPROVE]


def test_an_expired_certificate_does_not_sign(draft, keystore, now):
    with pytest.raises(CertificateNotInForce, match="Phạm Hết Hạn"):
        sign_pdf(draft, SignRequest(SignRole.APPROVE, now), keystore("expired"))


def test_a_page_that_does_not_exist_is_refused(draft, keystore, now):
    place = Placement(7, Box(0, 0, 10, 10))
    with pytest.raises(PageMissing):
        sign_pdf(draft, SignRequest(SignRole.APPROVE, now, place), keystore("chutich"))


def test_a_file_with_something_behind_its_end_is_not_signed(by_person, keystore, now):
    with pytest.raises(TailMismatch):
        sign_pdf(
            by_person.rstrip() + b" 1 0 obj", SignRequest(SignRole.SEAL, now), keystore("ubnd")
        )


def test_places_are_found_again_on_the_signed_file(draft, issued, pki):
    image = pki.picture("chutich")
    assert place_person(issued, name="Trịnh Việt Hùng", image=image) == place_person(
        draft, name="Trịnh Việt Hùng", image=image
    )
    arguments = {"reference": "188/2026/QĐ-UBND", "issued_on": date(2026, 11, 2), "place": "X"}
    assert place_number(issued, **arguments) == place_number(draft, **arguments)
    assert place_seal(issued).found == "field"
