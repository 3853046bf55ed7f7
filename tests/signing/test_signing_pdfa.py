"""PDF/A stays PDF/A under signatures; each rule of the check has been seen to fail."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pdfa_rules
import pikepdf
import pytest

from signing.corner import CopyForm, place_copy
from signing.signer import SignRequest, SignRole, sign_pdf

AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def test_no_rule_is_broken_by_picture_number_seal_and_copy(draft, issued, keystore):
    place = place_copy(issued, form=CopyForm.TRUE_COPY, organ_name="Sở Nội vụ", signed_at=AT)
    copied = sign_pdf(issued, SignRequest(SignRole.COPY, AT, place), keystore("ubnd"))
    assert pdfa_rules.broken_rules(copied, draft) == []


def test_no_rule_is_broken_by_a_signature_that_is_not_seen(draft, keystore):
    signed = sign_pdf(draft, SignRequest(SignRole.SEAL, AT), keystore("ubnd"))
    assert pdfa_rules.broken_rules(signed, draft) == []


def test_the_draft_that_goes_in_calls_itself_pdf_a(draft):
    with pikepdf.open(io.BytesIO(draft)) as document:
        xmp = document.Root.Metadata.read_bytes()
    assert b"<pdfaid:part>2</pdfaid:part>" in xmp
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in xmp


def _widget(document: pikepdf.Pdf, field: str) -> Any:
    return next(
        one for page in document.pages for one in page.obj.Annots if str(one.get("/T")) == field
    )


def _number(document: pikepdf.Pdf) -> Any:
    return _widget(document, "SoNgay")


def _font(document: pikepdf.Pdf) -> Any:
    return _number(document).AP.N.Resources.Font.Regular.DescendantFonts[0]


def _picture(document: pikepdf.Pdf) -> Any:
    return _widget(document, "CoQuan").AP.N.Resources.XObject.Image


def _set(of: Callable[[pikepdf.Pdf], Any], key: str, value: Any) -> Callable[[pikepdf.Pdf], None]:
    def change(document: pikepdf.Pdf) -> None:
        of(document)[key] = value

    return change


def _drop(of: Callable[[pikepdf.Pdf], Any], key: str) -> Callable[[pikepdf.Pdf], None]:
    def change(document: pikepdf.Pdf) -> None:
        del of(document)[key]

    return change


def _notdef(document: pikepdf.Pdf) -> None:
    form = _number(document).AP.N
    form.write(b"BT /Regular 10 Tf <00000041> Tj ET")


def _metadata(document: pikepdf.Pdf) -> None:
    document.Root.Metadata.write(document.Root.Metadata.read_bytes() + b" ")


Change = Callable[[pikepdf.Pdf], None]
CHANGES: dict[str, tuple[str, Change]] = {
    "6.1.12 permissions": ("a further permission", lambda d: d.Root.__setitem__(
        "/Perms", pikepdf.Dictionary(Other=pikepdf.Dictionary()))),
    "6.1.13 limits": ("a long string", _set(_number, "/TU", pikepdf.String("x" * 40_000))),
    "6.2.3 output intent": ("another intent", lambda d: d.Root.OutputIntents.append(
        pikepdf.Dictionary(S=pikepdf.Name.GTS_PDFX))),
    "6.2.4.3 device colours": ("no default colours", _drop(
        lambda d: _number(d).AP.N.Resources, "/ColorSpace")),
    "6.2.8 images": ("interpolation", _set(_picture, "/Interpolate", True)),
    "6.2.9 forms": ("a reference", _set(
        lambda d: _number(d).AP.N, "/Ref", pikepdf.Dictionary())),
    "6.2.10 transparency": ("no PDF/A intent", lambda d: d.Root.OutputIntents[0].__setitem__(
        "/S", pikepdf.Name.GTS_PDFX)),
    "6.2.11.3 CIDToGIDMap": ("no map", _drop(_font, "/CIDToGIDMap")),
    "6.2.11.4 embedding": ("no program", _drop(lambda d: _font(d).FontDescriptor, "/FontFile2")),
    "6.2.11.5 widths": ("a wrong width", _set(lambda d: _font(d).W, 1, pikepdf.Array([999]))),
    "6.2.11.8 notdef": ("glyph 0", _notdef),
    "6.3.1 kinds of annotation": ("a film", _set(_number, "/Subtype", pikepdf.Name.Movie)),
    "6.3.2 annotation flags": ("not printed", _set(_number, "/F", 0)),
    "6.3.3 appearances": ("nothing drawn", _drop(_number, "/AP")),
    "6.4.1 form": ("drawn by readers", _set(
        lambda d: d.Root.AcroForm, "/NeedAppearances", True)),
    "6.5.2 actions": ("an action", _set(_number, "/AA", pikepdf.Dictionary())),
    "6.6.2 metadata": ("changed XMP", _metadata),
}  # fmt: skip


@pytest.mark.parametrize("rule", CHANGES)
def test_each_rule_is_seen_to_fail(draft, issued, rule):
    with pikepdf.open(io.BytesIO(issued)) as document:
        CHANGES[rule][1](document)
        out = io.BytesIO()
        document.save(out, fix_metadata_version=False, static_id=False)
    assert rule in pdfa_rules.broken_rules(out.getvalue(), draft)


def _encrypted(pdf: bytes) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.save(out, encryption=pikepdf.Encryption(owner="a", user=""))
    return out.getvalue()


def _lzw(pdf: bytes) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        form = _number(document).AP.N
        form.write(b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", filter=pikepdf.Name.LZWDecode)
        document.save(out, compress_streams=False)
    return out.getvalue()


BYTES: dict[str, Callable[[bytes], bytes]] = {
    "6.1.2 header": lambda pdf: pdf.replace(b"%PDF-1.7", b"%PDF-2.0", 1),
    "6.1.3 trailer": _encrypted,
    "6.1.3 end of file": lambda pdf: pdf + b"behind",
    "6.1.7 filters": _lzw,
    "6.4.3 byte range": lambda pdf: pdf + b"\n",
}


@pytest.mark.parametrize("rule", BYTES)
def test_each_rule_about_bytes_is_seen_to_fail(draft, issued, rule):
    assert rule in pdfa_rules.broken_rules(BYTES[rule](issued), draft)


def test_every_rule_has_been_seen_to_fail():
    assert set(CHANGES) | set(BYTES) == set(pdfa_rules.RULES)
