"""Write edXML messages as the real ones look: the Java order, the literal prefix `edXML:`.

The text is built by hand because consumers look elements up by their literal prefixed names, which
no namespace-aware serialiser promises. The same envelope always gives the same bytes, so that
sending again is recognised.
"""

import base64
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final
from xml.sax.saxutils import escape

from exchange.clock import VIETNAM, now, write_date, write_moment
from exchange.document_type import number_of
from exchange.edxml_check import check_envelope, check_status
from exchange.edxml_files import pack
from exchange.edxml_tree import NAMESPACE
from exchange.envelope import (
    Attachment,
    Business,
    BusinessType,
    Envelope,
    Party,
    ResponseFor,
    Signer,
    Staff,
)
from exchange.errors import InvalidMessage, MessageTooLarge
from exchange.limits import DEFAULT_LIMITS, Limits
from exchange.status import StatusMessage

_OPEN: Final = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<edXML xmlns="{NAMESPACE}">'
    f'<edXML:edXMLEnvelope xmlns:edXML="{NAMESPACE}"><edXML:edXMLHeader>'
)


def write(envelope: Envelope, limits: Limits = DEFAULT_LIMITS, at: datetime | None = None) -> bytes:
    """Write a document message (gói tin văn bản) in UTF-8, NFC, at a moment: now unless told.

    Raises InvalidMessage with all findings, or MessageTooLarge.
    """
    if findings := check_envelope(envelope, (at or now()).astimezone(VIETNAM).date()):
        raise InvalidMessage(*findings)
    packed = [(attachment, *pack(attachment)) for attachment in envelope.attachments]
    manifest = "".join(_reference(attachment, kind) for attachment, _, kind in packed)
    encoded = b"".join(_encoded(attachment, kind, data) for attachment, data, kind in packed)
    head = (
        f"{_OPEN}{_group('MessageHeader', _header(envelope))}"
        f"{_group('TraceHeaderList', _trace(envelope))}</edXML:edXMLHeader>"
        f'<edXML:edXMLBody><edXML:edXMLManifest version="1.0">{manifest}'
        f"</edXML:edXMLManifest></edXML:edXMLBody></edXML:edXMLEnvelope><AttachmentEncoded>"
    )
    data = b"".join((head.encode(), encoded, b"</AttachmentEncoded></edXML>"))
    if len(data) > limits.message:
        raise MessageTooLarge(
            what_vi="dung lượng gói tin (byte)", what_en="message bytes", limit=limits.message
        )
    return data


def write_status(message: StatusMessage) -> bytes:
    """Write a status message (thông báo trạng thái); raises InvalidMessage."""
    if findings := check_status(message):
        raise InvalidMessage(*findings)
    header = (
        _group("From", _party(message.sender)),
        _group("ResponseFor", _response(message.response)),
        # a deployed hub fails without StaffInfo
        _group("StaffInfo", _staff(message.staff or Staff())),
        _element("StatusCode", message.code),
        _element("Description", message.description),
        _element("Timestamp", write_moment(message.at)),
    )
    text = f"{_OPEN}{_group('MessageHeader', header)}</edXML:edXMLHeader></edXML:edXMLEnvelope>"
    return f"{text}</edXML>".encode()


def _header(envelope: Envelope) -> Iterable[str]:
    yield _group("From", _party(envelope.sender))
    for receiver in envelope.receivers:
        yield _group("To", _party(receiver))
    yield _element("DocumentId", envelope.identifier)
    code = envelope.code
    number, notation = _element("CodeNumber", code.number), _element("CodeNotation", code.notation)
    yield _group("Code", (number, notation))
    place = _optional("Place", envelope.promulgated_at)
    yield _group("PromulgationInfo", (place, _day("PromulgationDate", envelope.promulgated_on)))
    yield _group("DocumentType", _document_type(envelope))
    yield _element("Subject", envelope.subject)
    yield _optional("Content", envelope.content)
    if envelope.signer is not None:
        yield _group("SignerInfo", _signer(envelope.signer))
    yield _day("DueDate", envelope.due_on)
    yield _group("OtherInfo", _other(envelope))
    for response in envelope.responses:
        yield _group("ResponseFor", _response(response))
    yield _element("SteeringType", str(envelope.steering))
    yield _optional("ResponseForTask", envelope.response_for_task)
    yield _optional("ApplicationType", envelope.application_type)
    if envelope.to_places:
        yield _group("ToPlaces", (_element("Place", place) for place in envelope.to_places))


def _party(party: Party) -> Iterable[str]:
    yield _element("OrganId", party.organ_id)
    yield _optional("OrganizationInCharge", party.in_charge)
    yield _element("OrganName", party.name)
    yield _optional("OrganAdd", party.address)
    yield _optional("Email", party.email)
    yield _optional("Telephone", party.telephone)
    yield _optional("Fax", party.fax)
    yield _optional("Website", party.website)


def _document_type(envelope: Envelope) -> Iterable[str]:
    kind = envelope.document_type
    yield _element("Type", kind.number or str(number_of(kind.name) or 0))
    yield _optional("TypeDetail", kind.detail)
    yield _element("TypeName", kind.name)


def _signer(signer: Signer) -> Iterable[str]:
    yield _optional("Competence", signer.competence)
    yield _optional("Position", signer.position)
    yield _element("FullName", signer.full_name)


def _other(envelope: Envelope) -> Iterable[str]:
    yield _element("Priority", str(int(envelope.priority)))
    yield _optional("SphereOfPromulgation", envelope.sphere)
    yield _optional("TyperNotation", envelope.typist)
    if envelope.copies is not None:
        yield _element("PromulgationAmount", str(envelope.copies))
    if envelope.pages is not None:
        yield _element("PageAmount", str(envelope.pages))
    if envelope.appendixes:
        yield _group("Appendixes", (_element("Appendix", name) for name in envelope.appendixes))


def _response(response: ResponseFor) -> Iterable[str]:
    yield _element("OrganId", response.organ_id)
    yield _element("Code", response.code)
    yield _day("PromulgationDate", response.promulgated_on)
    yield _optional("DocumentId", response.document_id)


def _trace(envelope: Envelope) -> Iterable[str]:
    yield _group("Bussiness", _business(envelope.business))
    for hop in envelope.trace:
        moment = _element("Timestamp", write_moment(hop.at)) if hop.at else ""
        yield _group("TraceHeader", (_optional("OrganId", hop.organ_id), moment))


def _business(business: Business) -> Iterable[str]:
    yield _optional("DocumentId", business.document_id)
    yield _element("BussinessDocType", str(int(business.type)))
    yield _optional("BussinessDocReason", business.reason)
    if business.type is BusinessType.UPDATE:
        yield _group("BussinessDocumentInfo", _changes(business))
    if business.replacements:
        yield _group(
            "ReplacementInfoList",
            (
                _group(
                    "ReplacementInfo",
                    (
                        _element("DocumentId", item.document_id),
                        _group("OrganIdList", (_element("OrganId", o) for o in item.organ_ids)),
                    ),
                )
                for item in business.replacements
            ),
        )
    yield _group("StaffInfo", _staff(business.staff or Staff()))
    yield _element("Paper", _bit(business.paper))


def _changes(business: Business) -> Iterable[str]:
    yield _element("DocumentInfo", _bit(business.content_changed))
    yield _element("DocumentReceiver", _bit(business.receivers_changed))
    if business.receiver_changes:
        yield _group(
            "ReceiverList",
            (
                _group(
                    "Receiver",
                    (
                        _element("ReceiverType", _bit(change.added)),
                        _element("OrganId", change.organ_id),
                    ),
                )
                for change in business.receiver_changes
            ),
        )


def _staff(staff: Staff) -> Iterable[str]:
    yield _optional("DepartmentId", staff.department_id)
    yield _element("Department", staff.department)
    yield _optional("StaffId", staff.staff_id)
    yield _element("Staff", staff.name)
    yield _element("Mobile", staff.mobile)
    yield _element("Email", staff.email)


def _reference(attachment: Attachment, kind: str) -> str:
    parts = (
        _element("ContentId", f"cid:{attachment.content_id}"),
        _element("ContentType", kind),
        _element("Description", attachment.description),
        _element("AttachmentName", attachment.name),
    )
    return _group("Reference", parts)


def _encoded(attachment: Attachment, kind: str, data: bytes) -> bytes:
    head = (
        f"<Attachment><ContentId>{_text(f'cid:{attachment.content_id}')}</ContentId>"
        f"<AttachmentName>{_text(attachment.name)}</AttachmentName>"
        f"<Description>{_text(attachment.description)}</Description>"
        f"<ContentType>{kind}</ContentType>"
        f'<edXML:ContentTransferEncoded xmlns:edXML="{NAMESPACE}">'
    )
    tail = b"</edXML:ContentTransferEncoded></Attachment>"
    return b"".join((head.encode(), base64.b64encode(data), tail))


def _day(name: str, day: date | None) -> str:
    return _element(name, write_date(day)) if day is not None else ""


def _bit(value: bool) -> str:
    return "1" if value else "0"


def _optional(name: str, text: str) -> str:
    return _element(name, text) if text else ""


def _element(name: str, text: str) -> str:
    return f"<edXML:{name}>{_text(text)}</edXML:{name}>"


def _group(name: str, parts: Iterable[str]) -> str:
    return f"<edXML:{name}>{''.join(parts)}</edXML:{name}>"


def _text(text: str) -> str:
    # a bare carriage return would come back as a line feed
    return escape(unicodedata.normalize("NFC", text), {"\r": "&#13;"})
