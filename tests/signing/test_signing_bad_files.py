"""Files that cannot be signed, each by its own name, and odd ones that can; none is changed."""

import io
import time
from datetime import date

import pikepdf
import pytest
from attacks import paper, structure
from attacks.paper import CATALOG, CONTENT, PAGE, PAGES
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from signing.errors import (
    DynamicForm,
    EncryptedPdf,
    NotPdf,
    PagesMissing,
    SigningError,
    TruncatedPdf,
)
from signing.number_row import place_number
from signing.original import normalise
from signing.placement import Found, place_person, place_seal
from signing.policy import ValidationPolicy
from signing.report import Verdict
from signing.signer import SignRequest, SignRole, sign_pdf


def saved(change, **how) -> bytes:
    """Return the plain page after `change(document)`."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(paper.plain())) as document:
        change(document)
        document.save(out, **how)
    return out.getvalue()


def encrypted(user: str) -> bytes:
    return saved(lambda _: None, encryption=pikepdf.Encryption(owner="chủ", user=user))


def xfa(document, *, dynamic: bool) -> None:
    document.Root.AcroForm = pikepdf.Dictionary(Fields=[], XFA=pikepdf.String("<xdp/>"))
    if dynamic:
        document.Root.NeedsRendering = True


def scan() -> bytes:
    """Return a page that is one picture, without a letter."""
    out = io.BytesIO()
    Image.new("RGB", (620, 877), "white").save(out, "PDF")
    return out.getvalue()


def with_object(number: int, body: bytes) -> bytes:
    return paper.write(paper.objects({number: body}))


REFUSED = {
    "encrypted": (encrypted(""), EncryptedPdf, "mật khẩu"),
    "encrypted for readers": (encrypted("mở"), EncryptedPdf, "mật khẩu"),
    "dynamic XFA": (saved(lambda one: xfa(one, dynamic=True)), DynamicForm, "in ra PDF"),
    "no page": (with_object(PAGES, b"<< /Type /Pages /Kids [] /Count 0 >>"), PagesMissing, "trang"),
    "only null pages": (
        with_object(PAGES, b"<< /Type /Pages /Kids [null] /Count 1 >>"),
        PagesMissing,
        "trang",
    ),
    "page tree in a circle": (structure.kids_loop(), TruncatedPdf, "hỏng"),
    "no pages entry": (with_object(CATALOG, b"<< /Type /Catalog >>"), TruncatedPdf, "hỏng"),
    "catalogue a list": (with_object(CATALOG, b"[1 2]"), TruncatedPdf, "hỏng"),
    "catalogue missing": (
        paper.plain().replace(b"/Root 1 0 R", b"/Root 9 0 R"),
        TruncatedPdf,
        "hỏng",
    ),
    "table shifted": (paper.plain().replace(b"0000000015", b"0000000016"), TruncatedPdf, "hỏng"),
    "half a file": (paper.plain()[:300], TruncatedPdf, "tải lên lại"),
    "a picture": (b"\xff\xd8\xff\xe0 JFIF", NotPdf, "không phải là tệp PDF"),
}
SIGNED = {
    "linearised": paper.linearised(),
    "packed": paper.packed(),
    "as Word writes": paper.hybrid(),
    "static XFA": saved(lambda one: xfa(one, dynamic=False)),
    "a scan": scan(),
    "a page without content": with_object(PAGE, paper.page().replace(b"/Contents 4 0 R", b"")),
    "a page without size": with_object(PAGE, b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>"),
    "a page of odd annotations": with_object(PAGE, paper.page(b"/Annots [null 99 0 R (x)]")),
    "a wrong count of pages": with_object(PAGES, b"<< /Type /Pages /Kids [3 0 R] /Count 9 >>"),
    "content that is itself": with_object(CONTENT, b"4 0 R"),
    "parents in a circle": structure.parent_loop(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_signed_is_named(name):
    pdf, error, words = REFUSED[name]
    with pytest.raises(error) as refusal:
        normalise(pdf)
    assert words in refusal.value.text()
    assert refusal.value.text("en") != refusal.value.text()


@pytest.mark.parametrize("name", SIGNED)
def test_an_odd_file_is_signed_and_holds(name, pki, keystore, now, validate):
    pdf = normalise(SIGNED[name])
    image = pki.picture("chutich")
    place = place_person(pdf, name="Người không có trên trang", image=image)
    assert place.found is Found.GEOMETRY
    signed = sign_pdf(pdf, SignRequest(SignRole.APPROVE, now, place, image), keystore("chutich"))
    row = place_number(signed, reference="1/QĐ-UBND", issued_on=date(2026, 11, 2), place="Huế")
    assert row.found is Found.GEOMETRY
    seal = SignRequest(SignRole.SEAL, now, place_seal(signed), pki.picture("ubnd"))
    sealed = sign_pdf(signed, seal, keystore("ubnd"))
    assert sealed.startswith(signed)
    assert signed.startswith(pdf)
    report = validate(sealed, ValidationPolicy())
    assert report.verdict is Verdict.VALID, report.text("en")


def test_ten_thousand_pages_are_signed_within_seconds(pki, keystore, now):
    before = time.process_time()
    pdf = normalise(paper.with_pages(10_000))
    image = pki.picture("chutich")
    place = place_person(pdf, name="Trịnh Việt Hùng", image=image)
    assert (place.page, place.found) == (9_999, Found.GEOMETRY)
    signed = sign_pdf(pdf, SignRequest(SignRole.APPROVE, now, place, image), keystore("chutich"))
    assert signed.startswith(pdf)
    assert time.process_time() - before < 10


@settings(max_examples=20)
@given(data=st.data())
def test_whatever_was_damaged_is_refused_by_name_or_signed(data, keystore, now):
    """Change some bytes of a small file anywhere: no other error escapes, and nothing is lost."""
    pdf = bytearray(paper.plain())
    for _ in range(data.draw(st.integers(1, 4), label="changes")):
        at = data.draw(st.integers(0, len(pdf) - 1), label="at")
        pdf[at] = data.draw(st.integers(0, 255), label="byte")
    original = bytes(pdf)
    try:
        plain = normalise(original)
        signed = sign_pdf(plain, SignRequest(SignRole.APPROVE, now), keystore("chutich"))
    except SigningError:
        return
    assert signed.startswith(plain)
