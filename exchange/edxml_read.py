"""Read an edXML message: any prefix, any order, every known deviation, nothing dangerous.

What real traffic gets wrong is tolerated and remarked on `original.remarks`; refused is only what
leaves no document to register: no sender, no addressee, no subject, no date, a broken file.
"""

from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from typing import BinaryIO

from exchange.clock import parse_date, parse_moment
from exchange.document_type import DocumentType
from exchange.edxml_attachments import read_attachments
from exchange.edxml_business import read_business, read_staff
from exchange.edxml_tree import NAMESPACE, Node, Tree, parse
from exchange.envelope import (
    Code,
    Envelope,
    Original,
    Party,
    Priority,
    ResponseFor,
    Signer,
    TraceHop,
)
from exchange.errors import InvalidMessage
from exchange.findings import missing, wrong_type, wrong_value
from exchange.identity import organ_key
from exchange.limits import DEFAULT_LIMITS, Limits
from exchange.notes import Notes
from exchange.status import StatusCode, StatusMessage

_EMPTY = Node("")
_DATE = "yyyy/MM/dd"
_TIME = "yyyy/MM/dd HH:mm:ss"


def read(source: bytes | BinaryIO, limits: Limits = DEFAULT_LIMITS) -> Envelope | StatusMessage:
    """Read one message (đọc gói tin), given as bytes or as a file that is read piece by piece.

    Raises MalformedXml, DoctypeForbidden, MessageTooLarge, InvalidMessage (its findings all at
    once), BrokenAttachment or UnsafeArchive; else only OSError, where the disk has no room for a
    large file while it is taken out: the message may be good.
    """
    with closing(parse(source, limits)) as tree:
        return _read(tree, source if isinstance(source, bytes) else None, limits)


def _read(tree: Tree, data: bytes | None, limits: Limits) -> Envelope | StatusMessage:
    root = tree.root
    if root is None or root.name != "edXML":
        vi = f"phần tử gốc phải là edXML thuộc không gian tên {NAMESPACE}"
        raise InvalidMessage(wrong_value("edXML", vi, f"the root must be edXML of {NAMESPACE}"))
    header = root.find("edXMLEnvelope", "edXMLHeader", "MessageHeader")
    if header is None:
        raise InvalidMessage(missing("MessageHeader"))
    notes = Notes()
    message = (
        _read_status(header, notes)
        if header.find("StatusCode") is not None
        else _read_envelope(root, header, notes, limits)
    )
    original = Original(
        tree.sha256,
        tree.size,
        tuple(notes.remarks),
        tree.carries_signature,
        tuple(tree.unknown),
        data,
    )
    return replace(message, original=original)


def _read_envelope(root: Node, header: Node, notes: Notes, limits: Limits) -> Envelope:
    trace = root.find("edXMLEnvelope", "edXMLHeader", "TraceHeaderList") or _EMPTY
    other = header.find("OtherInfo") or _EMPTY
    subject = header.get("Subject") or notes.lacks("Subject")
    promulgated_on = _promulgated_on(header, notes)
    sender = _sender(header, notes)
    receivers = _receivers(header, notes)
    code = Code(header.get("Code", "CodeNumber"), header.get("Code", "CodeNotation"))
    kind = header.find("DocumentType") or _EMPTY
    business = read_business(trace.find("Bussiness"), notes)
    notes.expect("DocumentId", header.get("DocumentId"))
    notes.expect("Code.CodeNumber", code.number)
    notes.expect("Code.CodeNotation", code.notation)
    notes.expect("DocumentType.TypeName", kind.get("TypeName"))
    notes.raise_if_fatal()
    assert promulgated_on is not None  # refused above
    attachments = read_attachments(root, notes, limits)
    return Envelope(
        sender=sender,
        receivers=receivers,
        code=code,
        promulgated_on=promulgated_on,
        document_type=DocumentType(kind.get("TypeName"), kind.get("Type"), kind.get("TypeDetail")),
        subject=subject,
        document_id=header.get("DocumentId"),
        promulgated_at=header.get("PromulgationInfo", "Place"),
        content=header.get("Content"),
        signer=_signer(header.find("SignerInfo")),
        due_on=_date(header, "DueDate", notes=notes),
        to_places=_texts(header.find("ToPlaces"), "Place"),
        priority=_priority(other, notes),
        sphere=other.get("SphereOfPromulgation"),
        typist=other.get("TyperNotation"),
        copies=notes.number("OtherInfo.PromulgationAmount", other.get("PromulgationAmount")),
        pages=notes.number("OtherInfo.PageAmount", other.get("PageAmount")),
        appendixes=_texts(other.find("Appendixes"), "Appendix"),
        responses=tuple(_responses(header, notes)),
        steering=notes.number("SteeringType", header.get("SteeringType")) or 0,
        response_for_task=header.get("ResponseForTask"),
        application_type=header.get("ApplicationType"),
        trace=tuple(_hop(node, notes) for node in trace.all("TraceHeader")),
        business=business,
        attachments=attachments,
    )


def _read_status(header: Node, notes: Notes) -> StatusMessage:
    sender = _sender(header, notes)
    responses = _responses(header, notes)
    if not responses:
        notes.lacks("ResponseFor")
    response = responses[0] if responses else ResponseFor("", "")
    if responses and not response.organ_id:
        notes.lacks("ResponseFor.OrganId")
    if responses and not (response.code or response.document_id):
        notes.lacks("ResponseFor.Code")
    code = header.get("StatusCode")
    known = code.zfill(2) in StatusCode.__members__.values()
    if not code:
        notes.lacks("StatusCode")
    elif not known:
        codes = ", ".join(StatusCode)
        notes.refuse(wrong_value("StatusCode", f"«{code[:40]}», cần một trong {codes}", codes))
    moment = _moment(header, notes)
    notes.expect("Description", header.get("Description"))
    notes.raise_if_fatal()
    assert moment is not None  # refused above
    return StatusMessage(
        sender=sender,
        response=response,
        code=StatusCode(code.zfill(2)),
        at=moment,
        description=header.get("Description"),
        staff=read_staff(header.find("StaffInfo")),
    )


def _party(node: Node) -> Party:
    return Party(
        organ_id=node.get("OrganId"),
        name=node.get("OrganName"),
        in_charge=node.get("OrganizationInCharge"),
        address=node.get("OrganAdd"),
        email=node.get("Email"),
        telephone=node.get("Telephone"),
        fax=node.get("Fax"),
        website=node.get("Website"),
    )


def _sender(header: Node, notes: Notes) -> Party:
    sender = _party(header.find("From") or _EMPTY)
    if not sender.organ_id:
        notes.lacks("From.OrganId")
    notes.expect("From.OrganName", sender.name)
    return sender


def _receivers(header: Node, notes: Notes) -> tuple[Party, ...]:
    """Return the addressees; one code stated twice counts once, two codes of one agency stay."""
    receivers: dict[str, Party] = {}
    for number, node in enumerate(header.all("To"), 1):
        party = _party(node)
        if not party.organ_id:
            notes.lacks(f"To[{number}].OrganId")
        elif organ_key(party.organ_id) in receivers:
            vi, en = f"«{party.organ_id}» ghi hai lần", f"{party.organ_id} is stated twice"
            notes.remark(wrong_value(f"To[{number}].OrganId", vi, en))
        receivers.setdefault(organ_key(party.organ_id), party)
    if not receivers:
        notes.lacks("To")
    return tuple(receivers.values())


def _responses(header: Node, notes: Notes) -> list[ResponseFor]:
    """Return the referenced documents; an empty element counts for nothing."""
    found = []
    for node in header.all("ResponseFor"):
        organ_id, code = node.get("OrganId"), node.get("Code")
        if "/" in organ_id and "/" not in code:
            # one deployed sender of take-backs swaps the two
            organ_id, code = code, organ_id
            vi, en = "đặt lẫn với số, ký hiệu; đã đổi lại", "swapped with Code; put right"
            notes.remark(wrong_value("ResponseFor.OrganId", vi, en))
        day = _date(node, "PromulgationDate", notes=notes, prefix="ResponseFor.")
        response = ResponseFor(organ_id, code, day, node.get("DocumentId"))
        if response != ResponseFor("", ""):
            found.append(response)
    return found


def _signer(node: Node | None) -> Signer | None:
    if node is None:
        return None
    signer = Signer(node.get("FullName"), node.get("Position"), node.get("Competence"))
    return signer if signer != Signer("") else None


def _priority(other: Node, notes: Notes) -> Priority:
    value = notes.number("OtherInfo.Priority", other.get("Priority")) or 0
    if value not in Priority.__members__.values():
        # 5 is the "normal" of one vendor's own database
        notes.remark(
            wrong_value("OtherInfo.Priority", f"{value}, coi là 0", f"{value}, taken as 0")
        )
        return Priority.NORMAL
    return Priority(value)


def _hop(node: Node, notes: Notes) -> TraceHop:
    text = node.get("Timestamp")
    moment = parse_moment(text)
    if text and moment is None:
        notes.remark(wrong_type("TraceHeader.Timestamp", text, _TIME))
    return TraceHop(node.get("OrganId"), moment)


def _moment(header: Node, notes: Notes) -> datetime | None:
    text = header.get("Timestamp")
    moment = parse_moment(text)
    if not text:
        notes.lacks("Timestamp")
    elif moment is None:
        notes.refuse(wrong_type("Timestamp", text, _TIME))
    return moment


def _promulgated_on(header: Node, notes: Notes) -> date | None:
    path = "PromulgationInfo.PromulgationDate"
    text = header.get(*path.split("."))
    day = parse_date(text)
    if not text:
        notes.lacks(path)
    elif day is None:
        notes.refuse(wrong_type(path, text, _DATE))
    return day


def _date(node: Node, *path: str, notes: Notes, prefix: str = "") -> date | None:
    text = node.get(*path)
    day = parse_date(text)
    if text and day is None:
        notes.remark(wrong_type(prefix + ".".join(path), text, _DATE))
    return day


def _texts(node: Node | None, name: str) -> tuple[str, ...]:
    return tuple(text for child in (node or _EMPTY).all(name) if (text := child.text))
