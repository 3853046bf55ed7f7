"""Every deviation met in traffic is read; what is dangerous or useless is refused in words."""

import base64
import re
from datetime import date

import pytest

from exchange.clock import VIETNAM
from exchange.edxml import Limits, read
from exchange.envelope import BusinessType, Envelope, Priority, ReceiverChange, Staff
from exchange.errors import (
    BrokenAttachment,
    DoctypeForbidden,
    InvalidMessage,
    MalformedXml,
    MessageTooLarge,
    UnsafeArchive,
)
from exchange.status import StatusCode, StatusMessage

NS = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
PDF = b"%PDF-1.7\n%%EOF\n"
PDF64 = base64.b64encode(PDF).decode()
FILE_TYPE = "<ContentType>application/pdf</ContentType>"
FILE_NAME = "<AttachmentName>215.signed.pdf</AttachmentName>"


def codes(error: InvalidMessage) -> list[str]:
    return [finding.code for finding in error.findings]


def remarks(message) -> set[str]:
    return {finding.code for finding in message.original.remarks}


def test_the_plain_message(document):
    data = document()
    envelope = read(data)
    assert isinstance(envelope, Envelope)
    assert envelope.sender.organ_id == "H55.07"
    assert envelope.sender.in_charge == "UBND tỉnh Thái Nguyên"
    assert [party.organ_id for party in envelope.receivers] == ["H55"]
    assert str(envelope.code) == "215/STTTT-VP"
    assert envelope.promulgated_on == date(2026, 11, 20)
    assert envelope.priority is Priority.URGENT
    assert (envelope.pages, envelope.copies) == (3, None)
    assert envelope.signer.full_name == "Hoàng Thị Én"
    assert envelope.business.type is BusinessType.NEW
    assert envelope.trace[0].at.isoformat() == "2026-11-20T09:15:00+07:00"
    (attachment,) = envelope.attachments
    assert (attachment.name, attachment.content, attachment.content_id) == (
        "215.signed.pdf",
        PDF,
        "f1",
    )
    assert envelope.original.data == data
    assert envelope.original.remarks == ()
    assert not envelope.original.carries_signature


def test_type_codes_stay_and_the_name_decides(document):
    kind = read(document()).document_type
    assert (kind.number, kind.detail, kind.group_b) == ("71", "0", 18)
    shouted = read(document(("Công văn", "CÔNG VĂN "))).document_type
    assert shouted.group_b == 18


def test_dotnet_order_with_document_id_last(document):
    text = document().decode()
    line = re.search(r" *<edXML:DocumentId>.*?</edXML:DocumentId>\n", text)[0]
    moved = text.replace(line, "").replace(
        "   </edXML:MessageHeader>", line + "</edXML:MessageHeader>"
    )
    assert moved != text
    assert read(moved.encode()) == read(document())


def test_reversed_children_everywhere(document):
    """Order carries no meaning but among the addressees."""
    from lxml import etree

    root = etree.fromstring(document())
    for element in root.iter():
        element[:] = list(reversed(element))
    assert read(etree.tostring(root, encoding="utf-8")) == read(document())


def test_default_namespace_only_and_foreign_prefix(document):
    bare = document().decode().replace(f' xmlns:edXML="{NS}"', "").replace("edXML:", "")
    assert "edXML:" not in bare
    assert read(bare.encode()) == read(document())
    other = document().decode().replace("edXML:", "ns7:").replace("xmlns:edXML", "xmlns:ns7")
    assert read(other.encode()) == read(document())


@pytest.mark.parametrize(
    "root",
    [
        '<EdXMLEnvelope xmlns="http://www.go.vn/eDoc"/>',
        "<edXML/>",
        '<edXML xmlns="http://www.e-doc.vn/Schema/"/>',
        "<a/>",
    ],
)
def test_other_formats_are_named_as_such(root):
    with pytest.raises(InvalidMessage) as caught:
        read(root.encode())
    assert codes(caught.value) == ["M.edXML"]
    assert "phần tử gốc" in caught.value.text("vi")


def test_business_with_one_s(document):
    data = document(("Bussiness", "Business"), ("DocType>0<", "DocType>2<"))
    assert read(data).business.type is BusinessType.UPDATE


@pytest.mark.parametrize(
    ("ours", "theirs"), [("cid:f1", "cid:f1"), ("cid:f1", "f1"), ("f1", "cid:f1"), ("f1", "f1")]
)
def test_both_forms_of_content_id(document, ours, theirs):
    data = document(
        ("<edXML:ContentId>cid:f1", f"<edXML:ContentId>{ours}"),
        ("<ContentId>cid:f1", f"<ContentId>{theirs}"),
    )
    envelope = read(data)
    assert envelope.attachments[0].content_id == "f1"
    assert remarks(envelope) == set()


@pytest.mark.parametrize("written", ["20/11/2026", "2026-11-20", "20-11-2026", "2026/11/20"])
def test_dates_are_read_tolerantly(document, written):
    data = document(("PromulgationDate>2026/11/20", f"PromulgationDate>{written}"))
    assert read(data).promulgated_on == date(2026, 11, 20)


@pytest.mark.parametrize("written", ["31/02/2026", "2026/13/01", "hôm nay", "2026.11.20"])
def test_a_date_that_is_no_day(document, written):
    with pytest.raises(InvalidMessage) as caught:
        read(document(("PromulgationDate>2026/11/20", f"PromulgationDate>{written}")))
    assert codes(caught.value) == ["T.PromulgationInfo.PromulgationDate"]
    assert "Ngày ban hành sai kiểu" in caught.value.text("vi")


@pytest.mark.parametrize(
    "identifier", ["0b2c4c0e-6a27-4d6e-9a64-7d6b1f4b7b11", "H55.07,2026-11-20,215/STTTT-VP"]
)
def test_unusual_document_ids_stay_as_they_are(document, identifier):
    data = document(("H55.07,2026/11/20,215/STTTT-VP", identifier))
    assert read(data).identifier == identifier


def test_a_missing_document_id_is_made(document):
    data = document(("<edXML:DocumentId>H55.07,2026/11/20,215/STTTT-VP</edXML:DocumentId>", ""))
    envelope = read(data)
    assert envelope.document_id == ""
    assert envelope.identifier == "H55.07,2026/11/20,215/STTTT-VP"
    assert remarks(envelope) == {"N.DocumentId"}


def test_two_codes_of_one_agency_and_one_code_twice(document):
    one = "<edXML:To><edXML:OrganId>H55</edXML:OrganId><edXML:OrganName>UBND tỉnh</edXML:OrganName></edXML:To>"
    old = one.replace("H55<", "000.00.00.H55<")
    envelope = read(document((one, one + old + one)))
    assert [party.organ_id for party in envelope.receivers] == ["H55", "000.00.00.H55"]
    assert remarks(envelope) == {"M.To[3].OrganId"}


def test_what_may_be_absent(document):
    text = document().decode()
    for name in ("TraceHeaderList", "OtherInfo", "SignerInfo", "Content", "SteeringType"):
        text = re.sub(rf"<edXML:{name}>.*?</edXML:{name}>", "", text, flags=re.DOTALL)
    envelope = read(text.encode())
    assert envelope.business.type is BusinessType.NEW
    assert (envelope.trace, envelope.signer, envelope.priority) == ((), None, Priority.NORMAL)


def test_trace_without_organ_and_with_an_odd_time(document):
    hop = "<edXML:TraceHeader><edXML:Timestamp>mai</edXML:Timestamp></edXML:TraceHeader>"
    envelope = read(document(("<edXML:Bussiness>", hop + "<edXML:Bussiness>")))
    assert (envelope.trace[1].organ_id, envelope.trace[1].at) == ("", None)
    assert remarks(envelope) == {"T.TraceHeader.Timestamp"}


def test_the_other_agency_s_normal_is_not_an_emergency(document):
    envelope = read(document(("Priority>1", "Priority>5")))
    assert envelope.priority is Priority.NORMAL
    assert remarks(envelope) == {"M.OtherInfo.Priority"}


def test_empty_and_repeated_response_for(document):
    empty = "<edXML:ResponseFor/>"
    full = (
        "<edXML:ResponseFor><edXML:OrganId>G22</edXML:OrganId><edXML:Code>300/VPCP-KSTT</edXML:Code>"
        "</edXML:ResponseFor>"
    )
    two = full.replace("300", "301")
    envelope = read(document(("<edXML:SteeringType>", empty + full + two + "<edXML:SteeringType>")))
    assert [response.code for response in envelope.responses] == ["300/VPCP-KSTT", "301/VPCP-KSTT"]


def test_decomposed_vietnamese_becomes_composed(document):
    import unicodedata

    data = unicodedata.normalize("NFD", document().decode()).encode()
    assert data != document()
    assert read(data) == read(document())


def test_unknown_elements_stay_in_the_bytes_only(document):
    strange = "<edXML:Sao><edXML:Kim>x</edXML:Kim></edXML:Sao><z:q xmlns:z='urn:z'><edXML:Subject>y</edXML:Subject></z:q>"
    data = document(("<edXML:Subject>", strange + "<edXML:Subject>"))
    envelope = read(data)
    assert envelope == read(document())
    assert envelope.original.data == data
    assert envelope.original.sha256 != read(document()).original.sha256


@pytest.mark.parametrize("namespace", [NS, "http://www.w3.org/2000/09/xmldsig#"])
def test_a_signature_is_noticed_in_either_namespace(document, namespace):
    mark = f'<Signature xmlns="{namespace}"><SignedInfo/></Signature></edXML:edXMLHeader>'
    envelope = read(document(("</edXML:edXMLHeader>", mark)))
    assert envelope.original.carries_signature
    empty = read(
        document(("</edXML:edXMLHeader>", "<edXML:DigitalSignature/></edXML:edXMLHeader>"))
    )
    assert not empty.original.carries_signature


def test_all_missing_things_are_told_at_once(document):
    text = document().decode()
    for name in ("Subject", "To", "PromulgationInfo"):
        text = re.sub(rf"<edXML:{name}>.*?</edXML:{name}>", "", text, flags=re.DOTALL)
    text = text.replace("<edXML:OrganId>H55.07</edXML:OrganId>", "", 1)
    with pytest.raises(InvalidMessage) as caught:
        read(text.encode())
    assert sorted(codes(caught.value)) == [
        "N.From.OrganId",
        "N.PromulgationInfo.PromulgationDate",
        "N.Subject",
        "N.To",
    ]
    assert "Thiếu trích yếu nội dung." in caught.value.text("vi")
    assert "Subject is missing." in caught.value.text("en")


def test_an_unknown_operation_is_not_taken_for_a_new_document(document):
    with pytest.raises(InvalidMessage) as caught:
        read(document(("DocType>0<", "DocType>7<")))
    assert codes(caught.value) == ["M.Bussiness.BussinessDocType"]


# --- operations ---------------------------------------------------------------------------------

UPDATE = """<edXML:DocumentId>H55.07,2026/11/01,200/STTTT-VP</edXML:DocumentId>
<edXML:BussinessDocType>2</edXML:BussinessDocType><edXML:BussinessDocumentInfo>
<edXML:DocumentInfo>1</edXML:DocumentInfo><edXML:DocumentReceiver>1</edXML:DocumentReceiver>
<edXML:ReceiverList>
<edXML:Receiver><edXML:OrganId>G12</edXML:OrganId><edXML:ReceiverType>0</edXML:ReceiverType></edXML:Receiver>
<edXML:Receiver><edXML:ReceiverType>1</edXML:ReceiverType><edXML:OrganId>G22</edXML:OrganId></edXML:Receiver>
</edXML:ReceiverList></edXML:BussinessDocumentInfo>
<edXML:StaffInfo><edXML:Staff>Lê Văn Ưu</edXML:Staff><edXML:StaffId>7</edXML:StaffId></edXML:StaffInfo>"""


def test_an_update_says_what_changed(document):
    business = read(
        document(("<edXML:BussinessDocType>0</edXML:BussinessDocType>", UPDATE))
    ).business
    assert business.type is BusinessType.UPDATE
    assert (business.content_changed, business.receivers_changed) == (True, True)
    assert business.receiver_changes == (
        ReceiverChange("G12", added=False),
        ReceiverChange("G22", added=True),
    )
    assert business.staff == Staff(name="Lê Văn Ưu", staff_id="7")


def test_a_recall_names_its_document_in_one_of_three_places(document):
    recall = document(("DocType>0<", "DocType>1<"))
    assert read(recall).targets == ("H55.07,2026/11/20,215/STTTT-VP",)
    answer = (
        "<edXML:ResponseFor><edXML:OrganId>{}</edXML:OrganId><edXML:Code>9/A</edXML:Code>"
        "<edXML:DocumentId>H55.07,2026/11/02,9/A</edXML:DocumentId></edXML:ResponseFor>"
    )
    twice = answer.format("H55") + answer.format("G22") + "<edXML:SteeringType>"
    by_response = document(("DocType>0<", "DocType>1<"), ("<edXML:SteeringType>", twice))
    assert read(by_response).targets == ("H55.07,2026/11/02,9/A",)
    named = "<edXML:DocumentId>H55.07,2026/11/03,8/B</edXML:DocumentId><edXML:BussinessDocType>1<"
    by_business = document(("<edXML:BussinessDocType>0<", named), ("<edXML:SteeringType>", twice))
    assert read(by_business).targets == ("H55.07,2026/11/03,8/B",)
    assert read(document()).targets == ()


def test_a_replacement_names_documents_and_receivers(document):
    info = """<edXML:BussinessDocType>3</edXML:BussinessDocType><edXML:ReplacementInfoList>
    <edXML:ReplacementInfo><edXML:DocumentId>H55.07,2026/10/01,190/A</edXML:DocumentId>
    <edXML:OrganIdList><edXML:OrganId>H55</edXML:OrganId><edXML:OrganId>G22</edXML:OrganId></edXML:OrganIdList>
    </edXML:ReplacementInfo></edXML:ReplacementInfoList>"""
    envelope = read(document(("<edXML:BussinessDocType>0</edXML:BussinessDocType>", info)))
    assert envelope.targets == ("H55.07,2026/10/01,190/A",)
    assert envelope.business.replacements[0].organ_ids == ("H55", "G22")


# --- files --------------------------------------------------------------------------------------


def with_file(document, payload: str, name: str = "phu-luc.doc", kind: str = "application/zip"):
    return document(
        (PDF64, payload),
        ("215.signed.pdf", name),
        (FILE_TYPE, f"<ContentType>{kind}</ContentType>"),
    )


def test_a_zipped_doc_comes_out_under_its_own_name(document, zip_of):
    payload = zip_of(("3c1f0a8e-8a55-4b62.tmp", b"\xd0\xcf\x11\xe0 doc"))
    envelope = read(with_file(document, payload))
    (attachment,) = envelope.attachments
    assert (attachment.name, attachment.content) == ("phu-luc.doc", b"\xd0\xcf\x11\xe0 doc")
    assert attachment.content_type == "application/msword"
    # manifest says pdf, attachment says zip: as in a message of 2019
    assert remarks(envelope) == {"M.AttachmentEncoded.Attachment[1].ContentType"}


def test_a_zip_by_name_is_left_alone(document, zip_of):
    payload = zip_of(("a.txt", b"a"), ("b.txt", b"b"))
    (attachment,) = read(with_file(document, payload, name="ho-so.ZIP")).attachments
    assert attachment.content == base64.b64decode(payload)


def test_an_office_file_called_zip_is_left_alone(document, zip_of):
    payload = zip_of(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<w/>"))
    (attachment,) = read(with_file(document, payload, name="bang.xlsx")).attachments
    assert attachment.content == base64.b64decode(payload)


def test_zip_type_with_plain_bytes_is_left_alone(document):
    (attachment,) = read(with_file(document, base64.b64encode(b"hello").decode())).attachments
    assert attachment.content == b"hello"


@pytest.mark.parametrize(
    "entries",
    [
        [("a", b"1"), ("b", b"2")],
        [("../../etc/passwd", b"1")],
        [("C:\\x.doc", b"1")],
        [("folder/", b"")],
        [],
    ],
)
def test_archives_that_are_not_one_plain_file(document, zip_of, entries):
    payload = zip_of(*entries)
    with pytest.raises(UnsafeArchive) as caught:
        read(with_file(document, payload))
    assert codes(caught.value) == ["M.AttachmentEncoded.Attachment[1].ContentTransferEncoded"]


def test_a_zip_bomb_is_not_unpacked(document, zip_of):
    bomb = zip_of(("x", b"\0" * 60_000_000))
    assert len(bomb) < 100_000
    with pytest.raises(UnsafeArchive) as caught:
        read(with_file(document, bomb))
    assert "bom nén" in caught.value.text("vi")
    # the control: the same file, honest about its size, passes where the limit allows it
    allowed = Limits(zip_ratio=10_000)
    assert len(read(with_file(document, bomb), allowed).attachments[0].content) == 60_000_000


def test_two_files_may_not_exceed_the_room_together(document, zip_of):
    payload = zip_of(("x", bytes(range(256)) * 40))
    data = with_file(document, payload).decode()
    one = re.search(r"<Attachment>.*?</Attachment>", data, re.DOTALL)[0]
    twice = data.replace(one, one + one).encode()
    assert len(read(twice).attachments) == 2
    with pytest.raises(UnsafeArchive):
        read(twice, Limits(unpacked=15_000))


def test_a_damaged_archive(document, zip_of):
    raw = bytearray(base64.b64decode(zip_of(("x", bytes(range(256)) * 40))))
    raw[60] ^= 0xFF
    with pytest.raises(UnsafeArchive):
        read(with_file(document, base64.b64encode(raw).decode()))
    with pytest.raises(UnsafeArchive):
        read(with_file(document, base64.b64encode(b"PK\x03\x04 nothing").decode()))


@pytest.mark.parametrize(
    "wrong",
    [
        "JVBE*i0x",
        "JVBERi0",
        "JVBE=Ri0",
        "JVBERi0xLjc=JVBE",
        "JVBERi0xă",
        "====",
        "A",
        "QQ==<!-- hai mẩu -->QUJD",
    ],
)
def test_wrong_base64_is_refused(document, wrong):
    with pytest.raises(BrokenAttachment) as caught:
        read(document((PDF64, wrong)))
    assert codes(caught.value) == ["T.AttachmentEncoded.Attachment[1].ContentTransferEncoded"]
    assert "gửi lại" in caught.value.text("vi")


def test_wrapped_base64_is_fine(document):
    wrapped = "\n".join(PDF64[i : i + 5] + " \t" for i in range(0, len(PDF64), 5))
    assert read(document((PDF64, f"\r\n{wrapped}\n"))).attachments[0].content == PDF


def test_an_empty_file_and_a_promised_one(document):
    with pytest.raises(BrokenAttachment) as caught:
        read(document((PDF64, "")))
    assert codes(caught.value) == ["N.AttachmentEncoded.Attachment[1].ContentTransferEncoded"]
    text = re.sub(r"<Attachment>.*</Attachment>", "", document().decode(), flags=re.DOTALL)
    with pytest.raises(BrokenAttachment) as caught:
        read(text.encode())
    assert "không kèm tệp" in caught.value.text("vi")


def test_a_file_the_manifest_does_not_list_is_kept(document):
    text = re.sub(r"<edXML:Reference>.*</edXML:Reference>", "", document().decode())
    envelope = read(text.encode())
    assert envelope.attachments[0].content == PDF
    assert remarks(envelope) == {"M.edXMLManifest"}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("../../etc/cron.d/x.pdf", "x.pdf"),
        ("C:\\Temp\\y.pdf", "y.pdf"),
        ("..", "tep-1"),
        ("hợp\u202efdp.exe", "hợpfdp.exe"),
        ("a" * 300 + ".pdf", "a" * 196 + ".pdf"),
    ],
)
def test_file_names_lose_paths_and_tricks(document, written, kept):
    envelope = read(document(("215.signed.pdf", written)))
    assert envelope.attachments[0].name == kept
    assert "M.AttachmentEncoded.Attachment[1].AttachmentName" in remarks(envelope)


# --- size and danger ----------------------------------------------------------------------------


def test_a_file_far_beyond_the_text_limit_of_the_parser(document):
    """libxml2 refuses text nodes over 10 MB in a tree; a 30 MB scan must still arrive."""
    content = b"%PDF-1.7 " + bytes(30_000_000)
    envelope = read(document((PDF64, base64.b64encode(content).decode())))
    assert envelope.attachments[0].content == content


def test_a_huge_message_is_refused_unread(document):
    with pytest.raises(MessageTooLarge) as caught:
        read(document(), Limits(message=1_000))
    assert "1000" in caught.value.text("vi")
    assert caught.value.status == 413


@pytest.mark.parametrize(
    ("limits", "tail"),
    [
        (Limits(depth=20), "<a>" * 30 + "</a>" * 30),
        (Limits(elements=500), "<a/>" * 600),
        (Limits(text=5_000), "<a>" + "x" * 6_000 + "</a>"),
        (Limits(attachments=0), ""),
    ],
)
def test_depth_count_and_text_are_bounded(document, limits, tail):
    data = document(("<AttachmentEncoded>", f"{tail}<AttachmentEncoded>"))
    read(data, Limits(depth=100))
    with pytest.raises(MessageTooLarge):
        read(data, limits)


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE edXML>",
        '<!DOCTYPE edXML SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE edXML [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE edXML [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_any_doctype_is_refused_in_any_encoding(document, doctype, encoding):
    text = document().decode().partition("?>")[2].strip()
    declared = f'<?xml version="1.0" encoding="{encoding}"?>'
    assert isinstance(read((declared + text).encode(encoding)), Envelope)
    with pytest.raises(DoctypeForbidden) as caught:
        read((declared + doctype + text).encode(encoding))
    assert "DOCTYPE" in caught.value.text("vi")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7",
        b"<edXML",
        b"<a></b>",
        b"<a>\xff</a>",
        b"\x00",
        b'<?xml version="1.0" encoding="x"?><a/>',
        b"<a>&x;</a>",
    ],
)
def test_what_is_not_xml(data):
    with pytest.raises(MalformedXml) as caught:
        read(data)
    assert "XML" in caught.value.text("vi")


def test_a_truncated_message(document):
    data = document()
    with pytest.raises(MalformedXml):
        read(data[: len(data) * 2 // 3])


# --- status messages ----------------------------------------------------------------------------


def test_a_status(status_xml):
    message = read(status_xml())
    assert isinstance(message, StatusMessage)
    assert message.code is StatusCode.ACCEPTED
    assert message.at.tzinfo is VIETNAM
    assert message.staff.name == "Lý Văn Ơn"
    assert (message.document_sender, message.document_receiver) == ("H55.07", "H55")
    assert message.original.remarks == ()


@pytest.mark.parametrize("code", ["1", "01", " 13 "])
def test_one_digit_codes_are_accepted(status_xml, code):
    message = read(status_xml(("StatusCode>03", f"StatusCode>{code}")))
    assert message.code == code.strip().zfill(2)


@pytest.mark.parametrize("code", ["07", "14", "103", "done", "٣"])
def test_codes_that_do_not_exist(status_xml, code):
    with pytest.raises(InvalidMessage) as caught:
        read(status_xml(("StatusCode>03", f"StatusCode>{code}")))
    assert codes(caught.value) == ["M.StatusCode"]


def test_take_back_comes_from_the_sender(status_xml):
    message = read(
        status_xml(
            ("StatusCode>03", "StatusCode>13"),
            ("<edXML:OrganId>H55<", "<edXML:OrganId>@<"),
            ("<edXML:OrganId>H55.07<", "<edXML:OrganId>H55<"),
            ("<edXML:OrganId>@<", "<edXML:OrganId>H55.07<"),
        )
    )
    assert (message.document_sender, message.document_receiver) == ("H55.07", "H55")


def test_take_back_with_swapped_fields_and_an_id_of_the_receiver(status_xml):
    """As one deployed sender writes it: Code and OrganId swapped, DocumentId of the receiver."""
    message = read(
        status_xml(
            ("StatusCode>03", "StatusCode>13"),
            ("<edXML:OrganId>H55.07<", "<edXML:OrganId>215/STTTT-VP<"),
            ("<edXML:Code>215/STTTT-VP<", "<edXML:Code>G12<"),
            ("H55.07,2026/11/20,", "G12,2026/11/20,"),
        )
    )
    assert (message.response.organ_id, message.response.code) == ("G12", "215/STTTT-VP")
    assert message.document_ids == ("G12,2026/11/20,215/STTTT-VP", "H55,2026/11/20,215/STTTT-VP")
    assert remarks(message) == {"M.ResponseFor.OrganId"}


def test_a_status_needs_its_parts(status_xml):
    text = status_xml().decode()
    for name in ("ResponseFor", "Timestamp"):
        text = re.sub(rf"<edXML:{name}>.*?</edXML:{name}>", "", text)
    with pytest.raises(InvalidMessage) as caught:
        read(text.replace("03</", "</").encode())
    assert sorted(codes(caught.value)) == ["N.ResponseFor", "N.StatusCode", "N.Timestamp"]
