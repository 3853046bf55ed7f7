"""What we sign, as other programs read it: qpdf, pdfium and a check of the CMS by hand."""

import ctypes
import hashlib
import io

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
from asn1crypto import cms
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509 import load_der_x509_certificate

FIELDS = ("NguoiKy", "SoNgay", "CoQuan")


def by_qpdf(pdf: bytes) -> dict[str, tuple[list[int], bytes]]:
    """Return range and contents of each signature, by the name of its field."""
    with pikepdf.open(io.BytesIO(pdf), attempt_recovery=False) as document:
        assert not document.check_pdf_syntax()
        return {
            str(field.T): ([int(one) for one in field.V.ByteRange], bytes(field.V.Contents))
            for field in document.Root.AcroForm.Fields
        }


def by_pdfium(pdf: bytes) -> list[tuple[list[int], bytes, str]]:
    """Return range, contents and kind of each signature in the order of the form."""
    document = pypdfium2.PdfDocument(pdf)
    found = []
    for number in range(pdfium.FPDF_GetSignatureCount(document)):
        signature = pdfium.FPDF_GetSignatureObject(document, number)
        spans = (ctypes.c_int * 4)()
        assert pdfium.FPDFSignatureObj_GetByteRange(signature, spans, 4) == 4
        length = pdfium.FPDFSignatureObj_GetContents(signature, None, 0)
        contents = ctypes.create_string_buffer(length)
        pdfium.FPDFSignatureObj_GetContents(signature, contents, length)
        kind = ctypes.create_string_buffer(64)
        pdfium.FPDFSignatureObj_GetSubFilter(signature, kind, 64)
        found.append((list(spans), contents.raw, kind.value.decode()))
    document.close()
    return found


def text_of(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    texts = []
    for page in document:
        text = page.get_textpage()
        texts.append(text.get_text_bounded())
        text.close()
        page.close()
    document.close()
    return texts


def check_by_hand(pdf: bytes, spans: list[int], contents: bytes) -> str:
    """Verify one signature with nothing of the library that made it; return who signed."""
    data = cms.ContentInfo.load(contents)["content"]
    (info,) = data["signer_infos"]
    attributes = {one["type"].native: one["values"][0].native for one in info["signed_attrs"]}
    start, length, second, rest = spans
    covered = pdf[start : start + length] + pdf[second : second + rest]
    if attributes["message_digest"] != hashlib.sha256(covered).digest():
        raise InvalidSignature
    serial = info["sid"].chosen["serial_number"].native
    certificate = next(
        found
        for found in (load_der_x509_certificate(one.chosen.dump()) for one in data["certificates"])
        if found.serial_number == serial
    )
    # RFC 5652, 5.4: signed as a SET, whatever tag it is stored under
    signed = b"\x31" + info["signed_attrs"].dump()[1:]
    key, value = certificate.public_key(), info["signature"].native
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(value, signed, ec.ECDSA(hashes.SHA256()))
    else:
        key.verify(value, signed, padding.PKCS1v15(), hashes.SHA256())
    return certificate.subject.rfc4514_string()


def test_three_readers_find_the_same_signatures(issued):
    found = by_qpdf(issued)
    assert tuple(found) == FIELDS
    seen = by_pdfium(issued)
    assert [(spans, contents) for spans, contents, _ in seen] == list(found.values())
    assert {kind for *_, kind in seen} == {"ETSI.CAdES.detached"}
    ends = [spans[2] + spans[3] for spans, _ in found.values()]
    assert ends == sorted(ends)
    assert ends[-1] == len(issued)


def test_each_signature_holds_by_hand(issued):
    signers = [check_by_hand(issued, *found) for found in by_qpdf(issued).values()]
    assert ["Trịnh Việt Hùng" in one for one in signers] == [True, False, False]


@pytest.mark.parametrize("field", FIELDS)
def test_the_check_by_hand_can_fail(issued, field):
    spans, contents = by_qpdf(issued)[field]
    with pytest.raises(InvalidSignature):
        check_by_hand(issued.replace(b"/Lang", b"/Lank"), spans, contents)
    last = contents.rstrip(b"\0")
    forged = last[:-1] + bytes([last[-1] ^ 1])
    with pytest.raises(InvalidSignature):
        check_by_hand(issued, spans, forged)


def test_each_revision_keeps_its_pages_and_their_text(draft, by_person, numbered, issued):
    before = text_of(draft)
    for pdf in (by_person, numbered, issued):
        with pikepdf.open(io.BytesIO(pdf), attempt_recovery=False) as document:
            assert len(document.pages) == len(before)
        assert text_of(pdf) == before
