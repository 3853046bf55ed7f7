"""Hostile changes to signed files: none is valid, and the untouched file beside each is."""

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import RawContent
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, DiffResult, SuspiciousModification
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from signing.page_text import Box
from signing.pdf_file import tail_matches
from signing.placement import Placement
from signing.policy import SIGNATURE_ONLY, ValidationPolicy
from signing.report import Reason, Remark, Verdict
from signing.signer import SignRequest, SignRole, sign_pdf


def update(pdf: bytes, change) -> bytes:
    """Append a revision in which `change(writer, page)` alters something."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    page_ref, _ = writer.find_page_for_modification(0)
    change(writer, page_ref.get_object())
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def stream(writer, data: bytes):
    return writer.add_object(generic.StreamObject(stream_data=data))


def replace_contents(pdf: bytes) -> bytes:
    def change(writer, page):
        page["/Contents"] = stream(writer, b"BT /F1 12 Tf 100 700 Td (changed) Tj ET")
        writer.update_container(page)

    return update(pdf, change)


def free_text(pdf: bytes) -> bytes:
    def change(writer, page):
        note = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/FreeText"),
                pdf_name("/Rect"): generic.ArrayObject(
                    [generic.NumberObject(n) for n in (100, 500, 300, 540)]
                ),
                pdf_name("/Contents"): pdf_string("Hủy bỏ"),
                pdf_name("/DA"): pdf_string("/Helv 12 Tf 0 g"),
            }
        )
        page["/Annots"].append(writer.add_object(note))
        writer.update_container(page["/Annots"])

    return update(pdf, change)


def add_page(pdf: bytes) -> bytes:
    def change(writer, page):
        pages = writer.root["/Pages"]
        new = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Page"),
                pdf_name("/Parent"): generic.IndirectObject(
                    page.raw_get("/Parent").idnum, 0, writer
                ),
                pdf_name("/MediaBox"): page["/MediaBox"],
                pdf_name("/Contents"): stream(writer, b"0 0 100 100 re f"),
            }
        )
        pages["/Kids"].append(writer.add_object(new))
        pages[pdf_name("/Count")] = generic.NumberObject(int(pages["/Count"]) + 1)
        writer.update_container(pages)

    return update(pdf, change)


def other_seal(pdf: bytes) -> bytes:
    """Exchange the picture of a signature that was made already."""

    def change(writer, page):
        for widget in page["/Annots"]:
            field = widget.get_object()
            if field["/T"] == "SoNgay":
                form = RawContent(b"0 0 50 10 re f", box=BoxConstraints(50, 10)).as_form_xobject()
                field["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(form)})
                writer.update_container(field)

    return update(pdf, change)


def drawn_empty_field(pdf: bytes) -> bytes:
    """Add an unsigned signature field that paints over the page."""

    def change(writer, page):
        append_signature_field(writer, SigFieldSpec("Them", on_page=0, box=(100, 400, 500, 600)))
        for widget in page["/Annots"]:
            field = widget.get_object()
            if field["/T"] == "Them":
                data = b"1 1 1 rg 0 0 400 200 re f"
                form = RawContent(data, box=BoxConstraints(400, 200)).as_form_xobject()
                field["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(form)})

    return update(pdf, change)


def painted_field(pdf: bytes, kind: str, subfilter: str) -> bytes:
    """Add a painted field with a value that is no signature."""

    def change(writer, page):
        append_signature_field(writer, SigFieldSpec("Them", on_page=0, box=(100, 400, 500, 600)))
        value = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name(kind),
                pdf_name("/Filter"): pdf_name("/Adobe.PPKLite"),
                pdf_name("/SubFilter"): pdf_name(subfilter),
                pdf_name("/ByteRange"): generic.ArrayObject([generic.NumberObject(0)] * 4),
                pdf_name("/Contents"): generic.ByteStringObject(b"\0" * 8),
            }
        )
        for widget in page["/Annots"]:
            field = widget.get_object()
            if field["/T"] == "Them":
                data = b"1 1 1 rg 0 0 400 200 re f"
                form = RawContent(data, box=BoxConstraints(400, 200)).as_form_xobject()
                field["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(form)})
                field[pdf_name("/V")] = writer.add_object(value)

    return update(pdf, change)


def unknown_filter_field(pdf: bytes) -> bytes:
    """Add a painted field whose "signature" is of a kind that readers pass over."""
    return painted_field(pdf, "/Sig", "/acme.unknown")


def painted_timestamp(pdf: bytes) -> bytes:
    """Add a painted field that calls itself a timestamp of the document."""
    return painted_field(pdf, "/DocTimeStamp", "/ETSI.RFC3161")


def cut_end(pdf: bytes) -> bytes:
    """Append a small revision that changes the page, without its end mark: some readers fall back.

    Readers seek the mark in the last 1,024 bytes, so the revision is written by hand.
    """
    reader = PdfFileReader(io.BytesIO(pdf))
    page = reader.root["/Pages"]["/Kids"][0]
    number = page.raw_get("/Contents").idnum
    body = b"%d 0 obj\n<< /Length 19 >>\nstream\n0 0 300 300 re f   \nendstream\nendobj\n" % number
    at = len(pdf)
    return (
        pdf
        + body
        + (
            b"xref\n%d 1\n%010d 00000 n \ntrailer\n<< /Size %d /Root %d 0 R /Prev %d >>\n"
            b"startxref\n%d\n"
        )
        % (
            number,
            at,
            reader.trailer["/Size"],
            reader.root_ref.idnum,
            reader.last_startxref,
            at + len(body),
        )
    )


def last_signature(pdf: bytes) -> tuple[int, int]:
    """Return where the last /ByteRange array stands."""
    found = list(re.finditer(rb"/ByteRange (\[[^\]]*\])", pdf))[-1]
    return found.span(1)


def with_range(pdf: bytes, text: bytes) -> bytes:
    start, end = last_signature(pdf)
    return pdf[:start] + text.ljust(end - start) + pdf[end:]


def last_contents(pdf: bytes) -> tuple[int, int]:
    found = list(re.finditer(rb"/Contents (<[0-9a-fA-F]*>)", pdf))[-1]
    return found.span(1)


def half_range(pdf: bytes) -> bytes:
    start, end = last_signature(pdf)
    numbers = pdf[start:end].strip(b"[]").split()
    return with_range(pdf, b"[%s %s]" % (numbers[0], numbers[1]))


def negative_range(pdf: bytes) -> bytes:
    start, end = last_signature(pdf)
    numbers = pdf[start:end].strip(b"[]").split()
    return with_range(pdf, b"[0 -%s %s %s]" % (numbers[1], numbers[2], numbers[3]))


def without_range(pdf: bytes) -> bytes:
    start, _ = last_signature(pdf)
    key = pdf.rfind(b"/ByteRange", 0, start)
    return pdf[:key] + b"/ByteRangs" + pdf[key + 10 :]


def zero_contents(pdf: bytes) -> bytes:
    start, end = last_contents(pdf)
    return pdf[: start + 1] + b"0" * (end - start - 2) + pdf[end - 1 :]


def null_contents(pdf: bytes) -> bytes:
    start, end = last_contents(pdf)
    return pdf[:start] + b"null".ljust(end - start) + pdf[end:]


def flip_content(pdf: bytes) -> bytes:
    """Change one byte of the first revision."""
    position = pdf.index(b"/Producer") if b"/Producer" in pdf else 200
    return pdf[: position + 12] + bytes([pdf[position + 12] ^ 1]) + pdf[position + 13 :]


def flip_signature(pdf: bytes) -> bytes:
    """Change one digit in the middle of the last CMS, where the signature value lies."""
    start, _ = last_contents(pdf)
    digits = pdf[start + 1 :].split(b">")[0].rstrip(b"0")
    position = start + 1 + len(digits) - 20
    return (
        pdf[:position]
        + (b"1" if pdf[position : position + 1] != b"1" else b"2")
        + pdf[position + 1 :]
    )


def no_form(pdf: bytes) -> bytes:
    """Take the form with all signatures out of the catalogue."""

    def change(writer, page):
        del writer.root["/AcroForm"]
        writer.update_root()

    return update(pdf, change)


ATTACKS = {
    "page content replaced": (replace_contents, Reason.CONTENT_CHANGED),
    "FreeText added": (free_text, Reason.CONTENT_CHANGED),
    "page added": (add_page, Reason.CONTENT_CHANGED),
    "picture of a signature exchanged": (other_seal, Reason.CONTENT_CHANGED),
    "painted empty field": (drawn_empty_field, Reason.UNSIGNED_APPEARANCE),
    "painted field of an unknown kind": (unknown_filter_field, Reason.UNSUPPORTED),
    "painted timestamp": (painted_timestamp, Reason.UNSIGNED_APPEARANCE),
    "end cut off": (cut_end, Reason.TAIL_MISMATCH),
    "range null": (lambda pdf: with_range(pdf, b"null"), None),
    "range empty": (lambda pdf: with_range(pdf, b"[]"), None),
    "range of zeros": (lambda pdf: with_range(pdf, b"[0 0 0 0]"), None),
    "range negative": (negative_range, None),
    "range halved": (half_range, None),
    "range gone": (without_range, None),
    "contents of zeros": (zero_contents, None),
    "contents empty": (lambda pdf: with_contents(pdf, b"<>"), None),
    "contents 00": (lambda pdf: with_contents(pdf, b"<00>"), None),
    "contents null": (null_contents, None),
    "byte of the text flipped": (flip_content, Reason.HASH_FAILURE),
    "digit of the signature flipped": (flip_signature, None),
    "form taken out": (no_form, Reason.FORMAT_FAILURE),
    "bytes behind the end": (lambda pdf: pdf + b"\n5 0 obj\n<< >>\nendobj\n", None),
}


def with_contents(pdf: bytes, text: bytes) -> bytes:
    start, end = last_contents(pdf)
    return pdf[:start] + text.ljust(end - start) + pdf[end:]


@pytest.fixture(scope="module")
def untouched(issued, validate):
    return validate(issued, ValidationPolicy())


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_not_valid(issued, validate, untouched, name):
    """Without any expectation of roles, which would only add reasons to refuse."""
    attack, reason = ATTACKS[name]
    hostile = attack(issued)
    assert hostile != issued
    report = validate(hostile, ValidationPolicy())
    # a signature of an unknown kind may be sound: it is not refuted, nor does it pass
    unsupported = name == "painted field of an unknown kind"
    verdict = Verdict.UNDETERMINED if unsupported else Verdict.INVALID
    assert report.verdict is verdict, report.text()
    if reason:
        assert report.reason is reason
    # the control: the same file, untouched
    assert untouched.verdict is Verdict.VALID


def test_the_cut_end_is_caught_by_the_tail_alone(issued):
    hostile = cut_end(issued)
    reader = PdfFileReader(io.BytesIO(hostile), strict=True)
    # other readers show the changed page; this one sees nothing wrong with its signatures
    for signature in reader.embedded_signatures:
        signature.compute_integrity_info(diff_policy=SIGNATURE_ONLY)
        assert signature.summarise_integrity_info()["docmdp_ok"]
    assert not tail_matches(hostile, reader.last_startxref)
    assert tail_matches(issued, PdfFileReader(io.BytesIO(issued)).last_startxref)


def swap_payee(pdf: bytes) -> bytes:
    """Exchange the appearance of a filled text field, as DSS-2236 "replace" does."""

    def change(writer, page):
        for widget in page["/Annots"]:
            field = widget.get_object()
            if field["/T"] == "payee":
                data = b"BT /F 12 Tf 2 2 Td (Attacker) Tj ET"
                form = RawContent(data, box=BoxConstraints(200, 20)).as_form_xobject()
                form["/Resources"] = field["/AP"]["/N"]["/Resources"]
                field["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(form)})
                field["/V"] = pdf_string("Attacker")
                writer.update_container(field)

    return update(pdf, change)


def test_a_shadow_replacement_is_caught(with_text_field, keystore, now, validate):
    place = Placement(0, Box(300, 100, 400, 150))
    signed = sign_pdf(
        with_text_field, SignRequest(SignRole.APPROVE, now, place), keystore("chutich")
    )
    hostile = swap_payee(signed)
    judged = {}
    for label, policy in (("default", DEFAULT_DIFF_POLICY), ("ours", SIGNATURE_ONLY)):
        signature = PdfFileReader(io.BytesIO(hostile)).embedded_signatures[0]
        signature.compute_integrity_info(diff_policy=policy)
        judged[label] = signature.diff_result
    # the attack is real: the policy of the library takes it for the filling of a form
    assert isinstance(judged["default"], DiffResult)
    assert isinstance(judged["ours"], SuspiciousModification)
    report = validate(hostile, ValidationPolicy())
    assert (report.verdict, report.reason) == (Verdict.INVALID, Reason.CONTENT_CHANGED)
    assert validate(signed, ValidationPolicy()).verdict is Verdict.VALID


def test_a_file_cut_to_an_earlier_revision_lacks_a_role(by_person, numbered, issued, validate):
    for cut, missing in (
        (numbered, (SignRole.SEAL,)),
        (by_person, (SignRole.NUMBER, SignRole.SEAL)),
    ):
        assert issued.startswith(cut)
        report = validate(cut)
        assert (report.verdict, report.reason) == (Verdict.INVALID, Reason.MISSING_ROLE)
        assert report.missing_roles == missing
        assert validate(cut, ValidationPolicy()).verdict is Verdict.VALID
    assert "thiếu chữ ký: cơ quan ban hành" in validate(numbered).summary()


def test_a_file_cut_in_the_middle_is_broken(issued, validate):
    for share in (0.3, 0.6, 0.9, 0.999):
        report = validate(issued[: int(len(issued) * share)])
        assert report.verdict is Verdict.INVALID


def test_a_strangers_signature_on_top_counts(issued, keystore, now, validate, outgoing):
    place = Placement(0, Box(5, 5, 60, 30))
    request = SignRequest(SignRole.APPROVE, now, place, field="Them")
    report = validate(sign_pdf(issued, request, keystore("stranger")))
    assert report.verdict is Verdict.UNDETERMINED
    assert report.reason is Reason.UNKNOWN_AUTHORITY
    assert Remark.UNEXPECTED_SIGNER in report.remarks
    assert [one.verdict for one in report.signatures[:3]] == [Verdict.VALID] * 3


def test_a_trusted_but_unexpected_signer_is_remarked(issued, keystore, now, validate):
    def change(writer, page):
        append_signature_field(writer, SigFieldSpec("NguoiKy2", on_page=0, box=(0, 0, 595, 842)))

    request = SignRequest(SignRole.APPROVE, now, field="NguoiKy2")
    report = validate(sign_pdf(update(issued, change), request, keystore("chutich")))
    assert Remark.LARGE in report.remarks
    assert Remark.OVERLAP in report.remarks
    assert not validate(issued).remarks


def test_a_role_signed_by_another_is_missing(draft, keystore, now, validate):
    signed = sign_pdf(draft, SignRequest(SignRole.SEAL, now), keystore("chutich"))
    assert SignRole.SEAL in validate(signed).missing_roles


def test_an_empty_field_added_later_is_only_remarked(issued, validate):
    def change(writer, page):
        append_signature_field(writer, SigFieldSpec("Trong", on_page=0, box=(10, 10, 60, 40)))

    report = validate(update(issued, change))
    assert report.verdict is Verdict.VALID
    assert report.remarks == (Remark.EMPTY_FIELD,)


def test_no_signature_is_said_to_be_none(draft, validate):
    report = validate(draft, ValidationPolicy())
    assert (report.verdict, report.reason) == (Verdict.UNSIGNED, Reason.NO_SIGNATURE)
    assert report.summary() == "Không có chữ ký số"


@pytest.mark.parametrize("junk", [b"", b"PK\x03\x04", b"%PDF-1.7\n%%EOF\n", b"\0" * 4000])
def test_what_is_no_pdf_is_invalid(validate, junk):
    report = validate(junk, ValidationPolicy())
    assert (report.verdict, report.reason) == (Verdict.INVALID, Reason.UNREADABLE)
    assert not report.is_readable


@settings(max_examples=15)
@given(data=st.data())
def test_a_changed_byte_is_never_valid(issued, validate, data):
    """Only the unused rest of the last signature's room is covered by no signature."""
    start, end = last_contents(issued)
    position = data.draw(
        st.integers(0, start - 1) | st.integers(end, len(issued.rstrip()) - 1), label="position"
    )
    bit = data.draw(st.integers(0, 7), label="bit")
    changed = bytearray(issued)
    changed[position] ^= 1 << bit
    assert validate(bytes(changed), ValidationPolicy()).verdict is not Verdict.VALID


@settings(max_examples=15)
@given(length=st.integers(0, 400_000))
def test_a_cut_file_is_never_valid(issued, validate, length):
    cut = issued[: min(length, len(issued.rstrip()) - 1)]
    assert validate(cut).verdict is not Verdict.VALID
