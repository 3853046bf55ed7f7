"""What we write is what real messages look like, and comes back as it went out."""

import io
import re
import unicodedata
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from exchange.clock import VIETNAM
from exchange.document_type import GROUP_B, DocumentType, document_type, number_of
from exchange.edxml import Limits, read, write, write_status
from exchange.edxml_files import pack
from exchange.envelope import (
    Attachment,
    Business,
    BusinessType,
    Code,
    Party,
    ResponseFor,
    Signer,
    Staff,
    TraceHop,
)
from exchange.errors import InvalidMessage, MessageTooLarge
from exchange.status import StatusCode, StatusMessage

T_NAIVE = datetime(1990, 1, 1)  # noqa: DTZ001 - a time without a zone is what is tried
NS = "http://www.mic.gov.vn/TBT/QCVN_102_2016"


def children(data: bytes, name: str) -> list[str]:
    inner = re.search(rf"<edXML:{name}>(.*)</edXML:{name}>", data.decode(), re.DOTALL)[1]
    found, depth = [], 0
    for closing, tag, empty in re.findall(r"<(/?)edXML:(\w+)[^>]*?(/?)>", inner):
        if not closing and depth == 0:
            found.append(tag)
        depth += -1 if closing else (0 if empty else 1)
    return found


@pytest.fixture
def full(make_envelope):
    return make_envelope(
        to=("H55", "000.00.00.H55"),
        signer=Signer("Hoàng Thị Én", "PHÓ GIÁM ĐỐC", "KT. GIÁM ĐỐC"),
        content="Tóm tắt",
        promulgated_at="Thái Nguyên",
        due_on=date(2026, 12, 5),
        to_places=("Như trên", "Lưu: VT"),
        appendixes=("Phụ lục 1",),
        copies=2,
        pages=4,
        responses=(
            ResponseFor("G22", "300/VPCP-KSTT", date(2026, 11, 10), "G22,2026/11/10,300/VPCP-KSTT"),
        ),
        response_for_task="T1",
        application_type="A1",
        trace=(TraceHop("H55.07", datetime(2026, 11, 20, 9, 15, tzinfo=VIETNAM)),),
        business=Business(reason="Văn bản điện tử mới", staff=Staff("Lý Văn Ơn", "Văn phòng")),
    )


def test_java_order_and_literal_prefix(full):
    data = write(full)
    assert children(data, "MessageHeader") == [
        "From", "To", "To", "DocumentId", "Code", "PromulgationInfo", "DocumentType", "Subject",
        "Content", "SignerInfo", "DueDate", "OtherInfo", "ResponseFor", "SteeringType",
        "ResponseForTask", "ApplicationType", "ToPlaces",
    ]  # fmt: skip
    assert children(data, "TraceHeaderList") == ["Bussiness", "TraceHeader"]
    text = data.decode()
    assert text.count(f'xmlns="{NS}"') == 1
    assert f'<edXML:edXMLEnvelope xmlns:edXML="{NS}">' in text
    unprefixed = set(re.findall(r"<(\w+)[ >]", text)) - {"edXML"}
    assert unprefixed == {
        "edXML", "AttachmentEncoded", "Attachment", "ContentId", "AttachmentName", "Description", "ContentType",
    } - {"edXML"}  # fmt: skip
    assert text.count(">cid:") == 2
    assert f'<edXML:ContentTransferEncoded xmlns:edXML="{NS}">' in text
    assert "<edXML:Timestamp>2026/11/20 09:15:00</edXML:Timestamp>" in text
    assert "<edXML:DueDate>2026/12/05</edXML:DueDate>" in text


def test_status_order_and_staff_always_there():
    message = StatusMessage(
        Party("H55", "UBND tỉnh"),
        ResponseFor("H55.07", "215/STTTT-VP", date(2026, 11, 20), "H55.07,2026/11/20,215/STTTT-VP"),
        StatusCode.ARRIVED,
        datetime(2026, 11, 20, 3, 0, tzinfo=UTC),
    )
    data = write_status(message)
    order = ["From", "ResponseFor", "StaffInfo", "StatusCode", "Description", "Timestamp"]
    assert children(data, "MessageHeader") == order
    assert b"<edXML:StatusCode>01<" in data
    assert b"<edXML:Timestamp>2026/11/20 10:00:00<" in data  # Vietnamese time, not UTC
    assert b"edXMLBody" not in data
    assert b"AttachmentEncoded" not in data


def test_who_to_call_has_its_place_in_every_document(make_envelope):
    """A deployed hub reads StaffInfo without asking whether it is there."""
    assert children(write(make_envelope()), "StaffInfo") == [
        "Department",
        "Staff",
        "Mobile",
        "Email",
    ]
    assert read(write(make_envelope())).business.staff is None


def test_the_same_envelope_gives_the_same_bytes(full, make_envelope):
    sheet = Attachment.of("so-lieu.xlsx", b"PK\x03\x04 so lieu")
    first = write(replace(full, attachments=(sheet,)))
    again = Attachment.of("so-lieu.xlsx", b"PK\x03\x04 so lieu")
    assert write(replace(full, attachments=(again,))) == first
    assert write(make_envelope(216)) != write(make_envelope(217))
    with zipfile.ZipFile(io.BytesIO(pack(sheet)[0])) as archive:
        (entry,) = archive.infolist()
    assert entry.date_time == (1980, 1, 1, 0, 0, 0)  # not the hour of writing


@pytest.mark.parametrize(
    ("name", "wire_type"),
    [
        ("a.pdf", "application/pdf"),
        ("a.DOC", "application/msword"),
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.zip", "application/zip"),
        ("a.xlsx", "application/zip"),
        ("a.xls", "application/zip"),
        ("không đuôi", "application/zip"),
    ],
)
@pytest.mark.parametrize("content", [b"noi dung", b"PK\x03\x04gia", b"%PDF-1.4"])
def test_raw_or_one_entry_zip(make_envelope, name, wire_type, content):
    if content.startswith(b"%PDF") and wire_type != "application/zip":
        wire_type = "application/pdf"
    if content.startswith(b"%PDF") and name == "a.zip":
        wire_type = "application/pdf"
    envelope = make_envelope(attachments=(Attachment.of(name, content),))
    data = write(envelope)
    assert f"<ContentType>{wire_type}</ContentType>" in data.decode()
    assert read(data).attachments == envelope.attachments


def test_what_shrinks_too_well_is_not_mistaken_for_a_bomb(make_envelope):
    blank = Attachment.of("trang.bmp", bytes(40_000_000))
    assert read(write(make_envelope(attachments=(blank,)))).attachments == (blank,)


def test_decomposed_text_is_written_composed(make_envelope):
    subject = unicodedata.normalize("NFD", "V/v xử lý văn bản điện tử")
    data = write(make_envelope(subject=subject))
    assert unicodedata.normalize("NFC", subject).encode() in data
    assert subject.encode() not in data


def test_markup_in_text_is_text(make_envelope):
    subject = "a < b & c > d ]]> <edXML:Subject> \"' \r\n \t \r x"
    assert read(write(make_envelope(subject=subject))).subject == subject


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"subject": " "}, "N.Subject"),
        ({"subject": "x" * 501}, "R.Subject"),
        ({"receivers": ()}, "N.To"),
        ({"receivers": (Party("H55", "A"), Party("H55", "B"))}, "M.To[2].OrganId"),
        ({"sender": Party("", "A")}, "N.From.OrganId"),
        ({"sender": Party("H" * 36, "A")}, "R.From.OrganId"),
        ({"sender": Party("H55", "")}, "N.From.OrganName"),
        ({"code": Code("", "A")}, "N.Code.CodeNumber"),
        ({"code": Code("123456789012", "A")}, "R.Code.CodeNumber"),
        ({"document_type": DocumentType("Công văn", "mười")}, "T.DocumentType.Type"),
        ({"pages": 70_000}, "R.OtherInfo.PageAmount"),
        ({"subject": "a\x00b"}, "T.edXML.subject"),
        ({"subject": "a\ud800b"}, "T.edXML.subject"),
        ({"attachments": (Attachment.of("a/b.pdf", b"x"),)}, "M.AttachmentEncoded.Attachment[1].AttachmentName"),
        ({"attachments": (Attachment.of("a.pdf", b""),)}, "N.AttachmentEncoded.Attachment[1].ContentTransferEncoded"),
        ({"attachments": (Attachment.of("a.pdf", b"x"),) * 2}, "M.AttachmentEncoded.Attachment[2].ContentId"),
        ({"business": Business(BusinessType.RECALL)}, "N.Bussiness.BussinessDocReason"),
        ({"business": Business(BusinessType.REPLACE, "lý do")}, "N.Bussiness.ReplacementInfoList"),
        ({"business": Business(content_changed=True)}, "M.Bussiness.BussinessDocumentInfo"),
        ({"trace": (TraceHop("H55", T_NAIVE),)}, "T.TraceHeader.Timestamp"),
    ],
)  # fmt: skip
def test_what_may_not_be_sent_is_named(make_envelope, changes, code):
    write(make_envelope())
    with pytest.raises(InvalidMessage) as caught:
        write(make_envelope(**changes))
    assert code in [finding.code for finding in caught.value.findings]
    assert code in caught.value.text("vi")


@pytest.mark.parametrize(
    "code", [StatusCode.REFUSED, StatusCode.TAKE_BACK, StatusCode.CHANGE_REFUSED]
)
def test_who_refuses_gives_the_reason(code):
    at = datetime(2026, 11, 20, tzinfo=VIETNAM)
    message = StatusMessage(Party("H55", "A"), ResponseFor("G22", "1/A", None, "x"), code, at)
    with pytest.raises(InvalidMessage) as caught:
        write_status(message)
    assert [finding.code for finding in caught.value.findings] == ["N.Description"]
    assert read(write_status(replace(message, description="Sai nơi nhận"))).code is code


def test_a_message_too_large_to_send(make_envelope):
    with pytest.raises(MessageTooLarge):
        write(make_envelope(), Limits(message=500))


def test_every_kind_of_decree_30_is_found_by_name():
    for number, name in GROUP_B.items():
        assert number_of(name) == number
        assert number_of(unicodedata.normalize("NFD", name.upper())) == number
        bare = unicodedata.normalize("NFD", name).replace("đ", "d").replace("Đ", "D")
        assert number_of("".join(c for c in bare if not unicodedata.combining(c))) == number
    assert len(GROUP_B) == 32
    assert number_of("Quyết định (cá biệt)") == 2
    assert document_type("NGHỊ ĐỊNH") == DocumentType("NGHỊ ĐỊNH", "0")  # 7 would read Thông báo
