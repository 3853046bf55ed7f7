"""Packets at the edge of what anybody sends: each gets a defined answer."""

import base64
import io
import unicodedata
import zipfile

import pytest

from exchange.edxml import Limits, read, write
from exchange.envelope import Attachment, Party
from exchange.errors import MessageTooLarge, UnsafeArchive

PDF64 = "JVBERi0xLjcKJSVFT0YK"


def test_ten_thousand_addressees_with_all_their_fields(make_envelope):
    receivers = tuple(
        Party(
            f"H{n % 90 + 10}.{n}", f"Cơ quan {n}", "UBND", "Số 1", "a@b.vn", "0208", "0209", "b.vn"
        )
        for n in range(10_000)
    )
    envelope = make_envelope(receivers=receivers)
    data = write(envelope)
    assert read(data) == envelope
    with pytest.raises(MessageTooLarge) as caught:  # the control: the bound of elements is seen
        read(data, Limits(elements=90_000))
    assert "90000" in caught.value.text("vi")


def test_file_names_of_300_letters_typed_decomposed(document):
    name = (
        unicodedata.normalize("NFD", "Phụ lục kèm theo Quyết định về việc ban hành quy chế ") * 6
        + ".pdf"
    )
    assert len(name) > 300
    message = read(document(("215.signed.pdf", name)))
    (attachment,) = message.attachments
    assert unicodedata.is_normalized("NFC", attachment.name)
    assert attachment.name.startswith("Phụ lục kèm theo Quyết định")
    assert attachment.name.endswith(".pdf")
    assert len(attachment.name) == 200
    assert [one.code for one in message.original.remarks] == [
        "M.AttachmentEncoded.Attachment[1].AttachmentName"
    ]
    # a name of 60 letters, however many characters it was typed with, stays as it is
    short = unicodedata.normalize("NFD", "Phụ lục số liệu quyết toán ngân sách năm 2026.xlsx")
    kept = read(document(("215.signed.pdf", short)))
    assert kept.attachments[0].name == unicodedata.normalize("NFC", short)
    assert kept.original.remarks == ()


def zipped(*entries: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


def carrying(document, name: str, content: bytes) -> bytes:
    return document(
        (PDF64, base64.b64encode(content).decode()), ("215.signed.pdf", name),
        ("application/pdf", "application/zip"),
    )  # fmt: skip


def test_a_zip_in_a_zip_is_opened_once(document, make_envelope):
    inner = zipped(("a.txt", b"a"), ("b.txt", b"b"))
    (one,) = read(carrying(document, "ho-so.doc", zipped(("x", inner)))).attachments
    assert (one.name, one.content) == ("ho-so.doc", inner)
    # a ZIP by its name stays closed, whatever is in it
    outer = zipped(("trong.zip", inner))
    assert read(carrying(document, "ho-so.zip", outer)).attachments[0].content == outer
    # and both come back from our own writer
    sent = (Attachment.of("ho-so.zip", outer), Attachment.of("ho-so.rar", inner))
    assert read(write(make_envelope(attachments=sent))).attachments == sent


def test_a_bomb_in_a_zip_in_a_zip_never_goes_off(document):
    bomb = zipped(("x", b"\0" * 40_000_000))
    (one,) = read(carrying(document, "ho-so.doc", zipped(("y", bomb)))).attachments
    assert one.content == bomb
    with pytest.raises(UnsafeArchive):  # the control: one layer less, and it is refused
        read(carrying(document, "ho-so.doc", bomb))


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\\..\\b.pdf", "/etc/cron.d/x.pdf", "C:\\x.pdf", "a/../x.pdf"]
)
def test_names_with_a_path_lose_it(document, name):
    message = read(document(("215.signed.pdf", name)))
    assert message.attachments[0].name in {"passwd", "b.pdf", "x.pdf"}
    assert [one.code for one in message.original.remarks] == [
        "M.AttachmentEncoded.Attachment[1].AttachmentName"
    ]


def test_one_agency_by_two_codes_and_one_code_in_two_spellings(document):
    to = "<edXML:To><edXML:OrganId>H55</edXML:OrganId>"
    more = "".join(
        to.replace("H55", code) + "</edXML:To>" for code in ("000.00.00.H55", "h55", " H55 ")
    )
    message = read(document((to, more + to)))
    # which codes are one agency the directory knows; which are one code its letters say
    assert [party.organ_id for party in message.receivers] == ["000.00.00.H55", "h55"]
    assert [one.code for one in message.original.remarks] == ["M.To[3].OrganId", "M.To[4].OrganId"]
