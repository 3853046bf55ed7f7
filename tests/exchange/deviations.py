"""Every deviation that has a code: what makes it in a message read, or in one to be written."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from sample_messages import DOCUMENT, NS, PDF, STATUS

from exchange.clock import VIETNAM
from exchange.document_type import DocumentType, document_type
from exchange.edxml import read, write, write_status
from exchange.envelope import (
    Attachment,
    Business,
    BusinessType,
    Code,
    Envelope,
    Party,
    ReceiverChange,
    Replacement,
    ResponseFor,
    Signer,
    TraceHop,
)
from exchange.errors import InvalidMessage
from exchange.findings import Finding
from exchange.status import StatusCode, StatusMessage

Change = Callable[[str], str]
REFUSED, NOTED = "refused", "noted"


@dataclass(frozen=True)
class Reading:
    """A message that deviates: the code it gets, and whether it is refused or taken all the same."""

    code: str
    outcome: str
    change: Change
    base: str = DOCUMENT

    def found(self) -> dict[str, tuple[str, Finding]]:
        """Return what reading it finds, by code: refused or noted, and the words."""
        try:
            message = read(self.change(self.base).encode())
        except InvalidMessage as error:
            return {bare(one.code): (REFUSED, one) for one in error.findings}
        assert message.original is not None
        return {bare(one.code): (NOTED, one) for one in message.original.remarks}


@dataclass(frozen=True)
class Writing:
    """A message that may not be sent so."""

    code: str
    message: Envelope | StatusMessage

    def found(self) -> dict[str, Finding]:
        """Return what keeps it from being sent, by code."""
        try:
            (write if isinstance(self.message, Envelope) else write_status)(self.message)
        except InvalidMessage as error:
            return {bare(one.code): one for one in error.findings}
        return {}


def bare(code: str) -> str:
    """Return a code without the numbers in it; what XML cannot carry has one code wherever it is."""
    code = re.sub(r"\[\d+\]", "", code)
    return "T.edXML.*" if code.startswith("T.edXML.") else code


def swap(old: str, new: str) -> Change:
    def change(text: str) -> str:
        assert old in text, old
        return text.replace(old, new)

    return change


def drop(name: str) -> Change:
    """Take the first element of this name away."""

    def change(text: str) -> str:
        less = re.sub(rf"<(edXML:|){name}>.*?</\1{name}>", "", text, count=1, flags=re.DOTALL)
        assert less != text, name
        return less

    return change


def fill(name: str, value: str) -> Change:
    """Give the first element of this name another text."""

    def change(text: str) -> str:
        found = re.search(rf"<(?:edXML:)?{name}[^>]*>([^<]*)<", text)
        assert found, name
        return text[: found.start(1)] + value + text[found.end(1) :]

    return change


def both(*changes: Change) -> Change:
    def change(text: str) -> str:
        for one in changes:
            text = one(text)
        return text

    return change


def add(xml: str) -> Change:
    """Put more into the header of a document."""
    return swap("<edXML:SteeringType>", xml + "<edXML:SteeringType>")


def business(kind: int, xml: str) -> Change:
    """Have a document be an operation, with more said of it."""
    name = "<edXML:BussinessDocType>{}</edXML:BussinessDocType>"
    return swap(name.format(0), name.format(kind) + xml)


PAPERS = "BussinessDocumentInfo"
_RECEIVER = (
    f"<edXML:{PAPERS}><edXML:ReceiverList><edXML:Receiver>{{}}</edXML:Receiver>"
    f"</edXML:ReceiverList></edXML:{PAPERS}>"
)
_TO = "<edXML:To><edXML:OrganId>H55</edXML:OrganId>"
_FILE = "AttachmentEncoded.Attachment"
_RECEIVER_PATH = f"Bussiness.{PAPERS}.ReceiverList.Receiver"
_REPLACEMENT_PATH = "Bussiness.ReplacementInfoList.ReplacementInfo"


def _copies(number: str) -> Change:
    return both(swap("PageAmount>", "PromulgationAmount>"), fill("PromulgationAmount", number))


READINGS = [
    Reading("M.edXML", REFUSED, swap(NS, "http://www.e-doc.vn/Schema/")),
    Reading("N.MessageHeader", REFUSED, swap("edXML:MessageHeader", "edXML:Header")),
    Reading("N.From.OrganId", REFUSED, drop("OrganId")),
    Reading("N.From.OrganName", NOTED, drop("OrganName")),
    Reading("N.To", REFUSED, drop("To")),
    Reading("N.To.OrganId", REFUSED, swap(_TO, "<edXML:To>")),
    Reading("M.To.OrganId", NOTED, swap(_TO, f"{_TO}</edXML:To>{_TO}")),
    Reading("N.DocumentId", NOTED, drop("DocumentId")),
    Reading("N.Code.CodeNumber", NOTED, drop("CodeNumber")),
    Reading("N.Code.CodeNotation", NOTED, drop("CodeNotation")),
    Reading("N.PromulgationInfo.PromulgationDate", REFUSED, drop("PromulgationInfo")),
    Reading("T.PromulgationInfo.PromulgationDate", REFUSED, fill("PromulgationDate", "31/02/2026")),
    Reading("N.DocumentType.TypeName", NOTED, drop("TypeName")),
    Reading("N.Subject", REFUSED, drop("Subject")),
    Reading("T.DueDate", NOTED, add("<edXML:DueDate>mai</edXML:DueDate>")),
    Reading("T.OtherInfo.Priority", NOTED, fill("Priority", "Khẩn")),
    Reading("R.OtherInfo.Priority", NOTED, fill("Priority", "70000")),
    Reading("M.OtherInfo.Priority", NOTED, fill("Priority", "5")),
    Reading("T.OtherInfo.PageAmount", NOTED, fill("PageAmount", "ba")),
    Reading("R.OtherInfo.PageAmount", NOTED, fill("PageAmount", "70000")),
    Reading("T.OtherInfo.PromulgationAmount", NOTED, _copies("-1") ),
    Reading("R.OtherInfo.PromulgationAmount", NOTED, _copies("70000")),
    Reading("T.SteeringType", NOTED, fill("SteeringType", "có")),
    Reading("R.SteeringType", NOTED, fill("SteeringType", "70000")),
    Reading(
        "M.ResponseFor.OrganId", NOTED,
        add("<edXML:ResponseFor><edXML:OrganId>1/A</edXML:OrganId><edXML:Code>G22</edXML:Code></edXML:ResponseFor>"),
    ),
    Reading(
        "T.ResponseFor.PromulgationDate", NOTED,
        add("<edXML:ResponseFor><edXML:PromulgationDate>?</edXML:PromulgationDate><edXML:Code>1/A</edXML:Code></edXML:ResponseFor>"),
    ),
    Reading("T.TraceHeader.Timestamp", NOTED, fill("Timestamp", "sáng nay")),
    Reading("M.Bussiness.BussinessDocType", REFUSED, fill("BussinessDocType", "7")),
    Reading("M.Bussiness.Paper", NOTED, fill("Paper", "3")),
    Reading("M.Bussiness.DocumentInfo", NOTED, business(2, f"<edXML:{PAPERS}><edXML:DocumentInfo>x</edXML:DocumentInfo></edXML:{PAPERS}>")),
    Reading("M.Bussiness.DocumentReceiver", NOTED, business(2, f"<edXML:{PAPERS}><edXML:DocumentReceiver>x</edXML:DocumentReceiver></edXML:{PAPERS}>")),
    Reading(f"N.{_RECEIVER_PATH}.OrganId", REFUSED, business(2, _RECEIVER.format("<edXML:ReceiverType>1</edXML:ReceiverType>"))),
    Reading(f"M.{_RECEIVER_PATH}.ReceiverType", REFUSED, business(2, _RECEIVER.format("<edXML:OrganId>G22</edXML:OrganId>"))),
    Reading(
        f"N.{_REPLACEMENT_PATH}.DocumentId", REFUSED,
        business(3, "<edXML:ReplacementInfoList><edXML:ReplacementInfo/></edXML:ReplacementInfoList>"),
    ),
    Reading("M.edXMLManifest", NOTED, drop("Reference")),
    Reading("N.AttachmentEncoded", NOTED, both(drop("Reference"), drop("Attachment"))),
    Reading(f"M.{_FILE}", REFUSED, drop("Attachment")),
    Reading(f"N.{_FILE}.AttachmentName", NOTED, swap("215.signed.pdf", "..")),
    Reading(f"M.{_FILE}.AttachmentName", NOTED, swap("215.signed.pdf", "../215.pdf")),
    Reading(f"M.{_FILE}.ContentType", NOTED, fill("ContentType", "application/zip")),
    Reading(f"N.{_FILE}.ContentTransferEncoded", REFUSED, fill("ContentTransferEncoded", "")),
    Reading(f"T.{_FILE}.ContentTransferEncoded", REFUSED, fill("ContentTransferEncoded", "JVBE*")),
    Reading(
        f"M.{_FILE}.ContentTransferEncoded", REFUSED,
        both(
            fill("ContentTransferEncoded", "UEsDBA=="), swap(".signed.pdf", ".doc"),
            swap("application/pdf", "application/zip"),
        ),
    ),
    Reading("N.ResponseFor", REFUSED, drop("ResponseFor"), STATUS),
    Reading("N.ResponseFor.OrganId", REFUSED, swap("<edXML:OrganId>H55.07</edXML:OrganId>", ""), STATUS),
    Reading("N.ResponseFor.Code", REFUSED, both(drop("Code"), drop("DocumentId")), STATUS),
    Reading("N.StatusCode", REFUSED, fill("StatusCode", ""), STATUS),
    Reading("M.StatusCode", REFUSED, fill("StatusCode", "07"), STATUS),
    Reading("N.Timestamp", REFUSED, drop("Timestamp"), STATUS),
    Reading("T.Timestamp", REFUSED, fill("Timestamp", "hôm qua"), STATUS),
    Reading("N.Description", NOTED, drop("Description"), STATUS),
]  # fmt: skip

GOOD = Envelope(
    sender=Party("H55.07", "Sở Tài chính"),
    receivers=(Party("H55", "UBND tỉnh"),),
    code=Code("215", "STC-VP"),
    promulgated_on=date(2026, 11, 20),
    document_type=document_type("Công văn"),
    subject="V/v góp ý quy chế",
    document_id="H55.07,2026/11/20,215/STC-VP",
    attachments=(Attachment.of("van-ban.pdf", PDF),),
)
GOOD_STATUS = StatusMessage(
    Party("H55", "UBND tỉnh"),
    ResponseFor("H55.07", "215/STC-VP", None, "H55.07,2026/11/20,215/STC-VP"),
    StatusCode.REFUSED,
    datetime(2026, 11, 20, 10, tzinfo=VIETNAM),
    "Sai nơi nhận",
)
LONG = "x" * 1_000
_NAIVE = datetime(2026, 11, 20)  # noqa: DTZ001 - a time without a zone is what is tried


def _party(path: str, place: Callable[[Party], Envelope]) -> list[Writing]:
    names = {
        "OrganName": "name", "OrganizationInCharge": "in_charge", "OrganAdd": "address",
        "Email": "email", "Telephone": "telephone", "Fax": "fax",
    }  # fmt: skip
    good = Party("H55.07", "Sở Tài chính")
    return [
        Writing(f"N.{path}.OrganId", place(replace(good, organ_id=" "))),
        Writing(f"R.{path}.OrganId", place(replace(good, organ_id=LONG))),
        Writing(f"N.{path}.OrganName", place(replace(good, name=""))),
        *(Writing(f"R.{path}.{e}", place(replace(good, **{n: LONG}))) for e, n in names.items()),
    ]


def _file(code: str, name: str = "a.pdf", content: bytes = PDF, content_id: str = "f1") -> Writing:
    made = Attachment(name, content, "", content_id)
    return Writing(f"{code[0]}.{_FILE}.{code[2:]}", replace(GOOD, attachments=(made,)))


def _so(code: str, /, **changes: object) -> Writing:
    return Writing(code, replace(GOOD, **changes))


def _does(code: str, kind: BusinessType, /, reason: str = "lý do", **changes: object) -> Writing:
    return _so(code, business=Business(kind, reason, **changes))


def _answers(code: str, /, **changes: str) -> Writing:
    good = {"organ_id": "G22", "code": "300/VPCP"}
    return _so(code, responses=(ResponseFor(**(good | changes)),))


def _reports(code: str, /, **changes: object) -> Writing:
    return Writing(code, replace(GOOD_STATUS, **changes))


WRITINGS = [
    *_party("From", lambda party: replace(GOOD, sender=party)),
    *_party("To", lambda party: replace(GOOD, receivers=(party,))),
    _so("N.To", receivers=()),
    _so("M.To.OrganId", receivers=(Party("H55", "A"), Party("H55", "B"))),
    _so("N.Code.CodeNumber", code=Code("", "A")),
    _so("R.Code.CodeNumber", code=Code(LONG, "A")),
    _so("N.Code.CodeNotation", code=Code("1", "")),
    _so("R.Code.CodeNotation", code=Code("1", LONG)),
    _so("N.DocumentType.TypeName", document_type=DocumentType("")),
    _so("R.DocumentType.TypeName", document_type=DocumentType(LONG)),
    _so("T.DocumentType.Type", document_type=DocumentType("Công văn", "mười")),
    _so("M.PromulgationInfo.PromulgationDate", promulgated_on=date(9999, 1, 1)),
    _so("N.Subject", subject=" "),
    _so("R.Subject", subject=LONG),
    _so("R.Content", content=LONG),
    _so("R.PromulgationInfo.Place", promulgated_at=LONG),
    _so("R.OtherInfo.SphereOfPromulgation", sphere=LONG),
    _so("R.OtherInfo.TyperNotation", typist=LONG),
    _so("N.ToPlaces.Place", to_places=("",)),
    _so("R.ToPlaces.Place", to_places=(LONG,)),
    _so("N.OtherInfo.Appendixes.Appendix", appendixes=("",)),
    _so("R.OtherInfo.Appendixes.Appendix", appendixes=(LONG,)),
    _so("R.OtherInfo.PromulgationAmount", copies=-1),
    _so("R.OtherInfo.PageAmount", pages=70_000),
    _so("R.SteeringType", steering=70_000),
    _so("N.SignerInfo.FullName", signer=Signer("")),
    _so("R.SignerInfo.FullName", signer=Signer(LONG)),
    _answers("N.ResponseFor.OrganId", organ_id=""),
    _answers("R.ResponseFor.OrganId", organ_id=LONG),
    _answers("N.ResponseFor.Code", code=""),
    _answers("R.ResponseFor.Code", code=LONG),
    _so("T.TraceHeader.Timestamp", trace=(TraceHop("H55", _NAIVE),)),
    _does("N.Bussiness.BussinessDocReason", BusinessType.RECALL, reason=" "),
    _does("N.Bussiness.ReplacementInfoList", BusinessType.REPLACE),
    _does("M.Bussiness.ReplacementInfoList", BusinessType.NEW, replacements=(Replacement("x", ()),)),
    _does(f"M.Bussiness.{PAPERS}", BusinessType.NEW, content_changed=True),
    _does(
        f"N.{_RECEIVER_PATH}.OrganId", BusinessType.UPDATE,
        receiver_changes=(ReceiverChange("", added=True),),
    ),
    _does(
        f"R.{_RECEIVER_PATH}.OrganId", BusinessType.UPDATE,
        receiver_changes=(ReceiverChange(LONG, added=True),),
    ),
    _does(f"N.{_REPLACEMENT_PATH}.DocumentId", BusinessType.REPLACE, replacements=(Replacement("", ()),)),
    _does(f"R.{_REPLACEMENT_PATH}.DocumentId", BusinessType.REPLACE, replacements=(Replacement(LONG, ()),)),
    _does(
        f"N.{_REPLACEMENT_PATH}.OrganIdList.OrganId", BusinessType.REPLACE,
        replacements=(Replacement("x", ("",)),),
    ),
    _does(
        f"R.{_REPLACEMENT_PATH}.OrganIdList.OrganId", BusinessType.REPLACE,
        replacements=(Replacement("x", (LONG,)),),
    ),
    _file("N.AttachmentName", name=""),
    _file("R.AttachmentName", name=LONG),
    _file("M.AttachmentName", name="a/b.pdf"),
    _file("N.ContentTransferEncoded", content=b""),
    _file("N.ContentId", content_id=""),
    _file("R.ContentId", content_id=LONG),
    _so(f"M.{_FILE}.ContentId", attachments=(Attachment.of("a.pdf", PDF),) * 2),
    _reports("N.ResponseFor.DocumentId", response=ResponseFor("G22", "1/A")),
    _reports("R.ResponseFor.DocumentId", response=ResponseFor("G22", "1/A", None, LONG)),
    _reports("T.Timestamp", at=_NAIVE),
    _reports("N.Description", description=" "),
    _so("T.edXML.*", subject="a\x00b"),
]  # fmt: skip

#: all codes, as the page of documents lists them
CODES = sorted({one.code for one in (*READINGS, *WRITINGS)}, key=lambda code: (code[2:], code))


def table() -> str:
    """Return the table of all codes as the page of documents has it."""
    reading = {case.code: case for case in READINGS}
    writing = {case.code: case for case in WRITINGS}
    lines = [
        "| Mã (code) | Đọc (reading) | Ghi (writing) | Tiếng Việt | English |",
        "|---|---|---|---|---|",
    ]
    for code in CODES:
        read_as = (
            {REFUSED: "từ chối", NOTED: "ghi nhận"}[reading[code].outcome]
            if code in reading
            else "–"
        )
        written_as = "từ chối" if code in writing else "–"
        finding = reading[code].found()[code][1] if code in reading else writing[code].found()[code]
        words = [" ".join(text.split()) for text in (finding.vi, finding.en)]
        lines.append(f"| `{code}` | {read_as} | {written_as} | {words[0]} | {words[1]} |")
    return "\n".join(lines) + "\n"
