"""A whole file that a desktop agent signed: taken only if it is ours with signatures behind it."""

import io

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from signing.errors import EncryptedPdf, TailMismatch, TruncatedPdf
from signing.page_text import Box
from signing.placement import Placement
from signing.session_errors import OtherCertificate, OtherDocument, UploadRefused
from signing.sessions import accept_file, mark_of
from signing.signer import SignRequest, SignRole, sign_pdf
from tests.signing.conftest import NOW

PLACE = Placement(0, Box(100, 100, 200, 150))


def update(pdf: bytes, change) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    page_ref, _ = writer.find_page_for_modification(0)
    change(writer, page_ref.get_object())
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def other_contents(writer, page) -> None:
    page["/Contents"] = writer.add_object(
        generic.StreamObject(stream_data=b"BT /F1 12 Tf 100 700 Td (changed) Tj ET")
    )
    writer.update_container(page)


def annotation(writer, page) -> None:
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Square"),
            pdf_name("/Rect"): generic.ArrayObject(
                [generic.NumberObject(n) for n in (100, 500, 300, 540)]
            ),
        }
    )
    if "/Annots" in page:
        page["/Annots"].append(writer.add_object(note))
        writer.update_container(page["/Annots"])
    else:
        page[pdf_name("/Annots")] = generic.ArrayObject([writer.add_object(note)])
        writer.update_container(page)


def empty_field(writer, page) -> None:
    append_signature_field(writer, SigFieldSpec("Them", on_page=0, box=(100, 400, 500, 600)))


@pytest.fixture(scope="module")
def agent(keystore):
    """Return what signs as an agent does: fields of its own, one revision after the other."""

    def sign(pdf: bytes, *fields: str, key: str = "ubnd") -> bytes:
        for number, field in enumerate(fields or ("Signature1",)):
            bottom = 100 + 60 * (number + 3 * (key != "ubnd"))
            place = Placement(0, Box(100, bottom, 200, bottom + 50))
            request = SignRequest(SignRole.SEAL, NOW, place, lines=("188",), field=field)
            pdf = sign_pdf(pdf, request, keystore(key))
        return pdf

    return sign


@pytest.fixture(scope="module")
def certificate(keystore) -> bytes:
    return keystore("ubnd").certificate()


@pytest.mark.parametrize("fields", [("Signature1",), ("So", "Ngay", "Dau")])
@pytest.mark.parametrize("base", ["draft", "by_person"])
def test_signatures_behind_our_bytes_are_taken(request, agent, certificate, base, fields):
    pdf = request.getfixturevalue(base)
    assert accept_file(pdf, agent(pdf, *fields), certificate).fields == fields


def test_another_document_is_refused(agent, certificate, draft, by_person):
    for signed in (agent(draft), draft, b"", by_person[:-1]):
        with pytest.raises(OtherDocument):
            accept_file(by_person, signed, certificate)
    with pytest.raises(OtherDocument):
        accept_file(draft, draft, certificate)


def test_a_byte_of_ours_that_changed_is_refused(agent, certificate, draft):
    signed = agent(draft)
    changed = signed[:900] + bytes([signed[900] ^ 1]) + signed[901:]
    with pytest.raises(OtherDocument):
        accept_file(draft, changed, certificate)


def test_another_certificate_is_refused(agent, certificate, draft):
    with pytest.raises(OtherCertificate) as refused:
        accept_file(draft, agent(draft, key="chutich"), certificate)
    assert "Trịnh Việt Hùng" in refused.value.text()
    mixed = agent(agent(draft, "Mot"), "Hai", key="chutich")
    with pytest.raises(OtherCertificate):
        accept_file(draft, mixed, certificate)


@pytest.mark.parametrize("change", [other_contents, annotation, empty_field])
def test_what_is_no_signature_is_refused_before_and_behind_it(agent, certificate, draft, change):
    for signed in (agent(update(draft, change)), update(agent(draft), change)):
        with pytest.raises(UploadRefused):
            accept_file(draft, signed, certificate)


def test_a_file_without_a_new_signature_is_refused(certificate, by_person):
    def title(writer, _page) -> None:
        writer.set_info(generic.DictionaryObject({pdf_name("/Title"): generic.pdf_string("x")}))

    with pytest.raises(UploadRefused):
        accept_file(by_person, update(by_person, title), certificate)


def test_a_signature_that_does_not_hold_is_refused(agent, certificate, draft):
    signed = agent(draft)
    box = signed.index(b"/Rect", len(draft))
    at = signed.index(b"100", box)
    changed = signed[:at] + b"101" + signed[at + 3 :]
    with pytest.raises(UploadRefused, match="không đúng với nội dung"):
        accept_file(draft, changed, certificate)


def test_bytes_behind_the_end_and_a_missing_end_are_refused(agent, certificate, draft):
    signed = agent(draft)
    with pytest.raises((TailMismatch, TruncatedPdf)):
        accept_file(draft, signed + b" 1 0 obj", certificate)
    hostile = update(signed, other_contents)
    with pytest.raises((TailMismatch, TruncatedPdf)):
        accept_file(draft, hostile[: hostile.rindex(b"%%EOF")], certificate)


def test_a_rewritten_or_encrypted_file_is_refused(agent, certificate, draft):
    for options in ({}, {"encryption": pikepdf.Encryption(owner="x", user="")}):
        with pikepdf.open(io.BytesIO(agent(draft))) as document:
            out = io.BytesIO()
            document.save(out, **options)
        with pytest.raises((OtherDocument, EncryptedPdf)):
            accept_file(draft, out.getvalue(), certificate)


def test_the_mark_of_a_request_leaves_out_the_time_alone():
    first = SignRequest(SignRole.NUMBER, NOW, PLACE, reason="Cấp số 188/QĐ-UBND")
    later = SignRequest(SignRole.NUMBER, NOW.replace(hour=9), PLACE, reason=first.reason)
    assert mark_of(first) == mark_of(later)
    others = [
        SignRequest(SignRole.NUMBER, NOW, PLACE, reason="Cấp số 189/QĐ-UBND"),
        SignRequest(SignRole.SEAL, NOW, PLACE, reason=first.reason),
        SignRequest(SignRole.NUMBER, NOW, None, reason=first.reason),
        SignRequest(SignRole.NUMBER, NOW, PLACE, b"png", reason=first.reason),
    ]
    assert mark_of(first) not in {mark_of(other) for other in others}
