"""The rewriting before the first signature, and what is refused."""

import io

import pikepdf
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from signing.errors import AlreadySigned, EncryptedPdf, NotPdf, TailMismatch, TruncatedPdf
from signing.original import normalise
from signing.pdf_file import open_to_sign, tail_matches
from signing.policy import ValidationPolicy
from signing.report import Remark, Verdict
from signing.signer import SignRequest, SignRole, sign_pdf


def hybrid_file() -> bytes:
    """Return a file with a table and a stream of cross-references, as Word exports it."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
    ]
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    stream_at = len(out)
    # object 4 is known to the stream only; the stream itself is object 5
    entries = b"\0\0\0\0" + b"".join(b"\1" + place.to_bytes(3) for place in places)
    hidden = b"\1" + stream_at.to_bytes(3)
    data = entries + hidden
    out += (
        b"5 0 obj\n<< /Type /XRef /Size 5 /W [1 3 0] /Root 1 0 R /Length %d >>\nstream\n%s\nendstream\nendobj\n"
        % (len(data), data)
    )
    table_at = len(out)
    out += b"xref\n0 4\n0000000000 65535 f \n"
    for place in places:
        out += b"%010d 00000 n \n" % place
    out += b"trailer\n<< /Size 6 /Root 1 0 R /XRefStm %d >>\nstartxref\n%d\n%%%%EOF\n" % (
        stream_at,
        table_at,
    )
    return bytes(out)


def test_a_hybrid_file_becomes_plain(keystore, now, validate):
    hybrid = hybrid_file()
    assert PdfFileReader(io.BytesIO(hybrid), strict=False).xrefs.hybrid_xrefs_present
    with pytest.raises(TailMismatch):
        open_to_sign(hybrid)
    plain = normalise(hybrid)
    reader = open_to_sign(plain)
    assert not reader.xrefs.hybrid_xrefs_present
    assert not reader.has_xref_stream
    signed = sign_pdf(plain, SignRequest(SignRole.APPROVE, now), keystore("chutich"))
    report = validate(signed, ValidationPolicy())
    assert report.verdict is Verdict.VALID
    assert Remark.HYBRID not in report.remarks


def test_normalising_again_changes_nothing(draft):
    assert normalise(draft) == draft


def test_the_page_and_its_metadata_are_kept(layout):
    source = layout(
        '#set document(title: "Tờ trình", author: "Sở")\n#set text(font: "Tinos")\nNội dung'
    )
    with (
        pikepdf.open(io.BytesIO(source)) as before,
        pikepdf.open(io.BytesIO(normalise(source))) as after,
    ):
        assert after.pages[0].Contents.read_bytes() == before.pages[0].Contents.read_bytes()
        assert after.Root.Metadata.read_bytes() == before.Root.Metadata.read_bytes()
        assert "/OutputIntents" in after.Root


def test_a_signed_file_is_never_rewritten(by_person, issued):
    for signed in (by_person, issued):
        with pytest.raises(AlreadySigned):
            normalise(signed)


def test_a_signature_hidden_in_an_object_stream_is_seen(by_person):
    with pikepdf.open(io.BytesIO(by_person)) as document:
        packed = io.BytesIO()
        document.save(packed, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    # a careless program packed the signature away: the trace in clear is gone, the field is not
    data = packed.getvalue()
    with pytest.raises(AlreadySigned):
        normalise(data.replace(b"/ByteRange", b"/ByteRangX"))


@pytest.mark.parametrize("junk", [b"", b"PK\x03\x04 docx", b"\xd0\xcf\x11\xe0 doc", b"<html>"])
def test_what_is_no_pdf_is_refused(junk):
    with pytest.raises(NotPdf) as refusal:
        normalise(junk)
    assert "không phải là tệp PDF" in refusal.value.text()


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95, 0.995])
def test_a_truncated_file_is_refused(draft, share):
    with pytest.raises(TruncatedPdf):
        normalise(draft[: int(len(draft) * share)])


def test_a_damaged_table_is_refused(draft):
    with pytest.raises(TruncatedPdf):
        normalise(draft.replace(b"startxref\n", b"startxref\n9"))


@pytest.mark.parametrize("user", ["", "mật khẩu"])
def test_an_encrypted_file_is_refused(draft, user):
    with pikepdf.open(io.BytesIO(draft)) as document:
        out = io.BytesIO()
        document.save(out, encryption=pikepdf.Encryption(owner="chủ", user=user))
    with pytest.raises(EncryptedPdf) as refusal:
        normalise(out.getvalue())
    assert "mật khẩu" in refusal.value.text()
    with pytest.raises(EncryptedPdf):
        open_to_sign(out.getvalue())


def test_what_could_change_the_page_later_is_taken_out(draft):
    with pikepdf.open(io.BytesIO(draft)) as document:
        script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
        document.Root.OpenAction = script
        document.Root.AA = pikepdf.Dictionary(WS=script)
        document.pages[0].obj.AA = pikepdf.Dictionary(O=script)
        document.Root.Names = pikepdf.Dictionary(
            JavaScript=pikepdf.Dictionary(Names=[pikepdf.String("a"), script])
        )
        document.Root.AcroForm = pikepdf.Dictionary(Fields=[], XFA=pikepdf.String("<xfa/>"))
        out = io.BytesIO()
        document.save(out)
    assert b"app.alert" in out.getvalue()
    still = normalise(out.getvalue())
    assert b"app.alert" not in still
    assert b"/XFA" not in still


def test_the_tail(draft):
    last = PdfFileReader(io.BytesIO(draft)).last_startxref
    assert tail_matches(draft, last)
    assert tail_matches(draft + b"\r\n \0\n", last)
    assert not tail_matches(draft, last + 1)
    assert not tail_matches(draft + b"x", last)
    assert not tail_matches(draft.rstrip()[:-5], last)
    assert not tail_matches(b"", 0)
