"""What must hold before we send: required elements, lengths, allowed characters.

Lengths are those of QCVN 102:2016/BTTTT as a deployed checker states them, OrganId as widened by
TT 01/2022/TT-BTTTT. A reader does not apply them: others may be more generous.
"""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any, Final

from exchange.clock import write_date
from exchange.edxml_files import NAME_LENGTH, safe_name
from exchange.envelope import Attachment, Business, BusinessType, Envelope, Party
from exchange.findings import Finding, missing, out_of_range, wrong_type, wrong_value
from exchange.identity import ORGAN_ID_LENGTH, organ_key
from exchange.status import StatusCode, StatusMessage

#: XML 1.0 allows none of these
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_COUNT = 65_535
_AWARE: Final = ("thời điểm có múi giờ", "a time with a zone")

_PARTY: Final = {
    "name": ("OrganName", 200),
    "in_charge": ("OrganizationInCharge", 500),
    "address": ("OrganAdd", 500),
    "email": ("Email", 100),
    "telephone": ("Telephone", 20),
    "fax": ("Fax", 20),
}


def check_envelope(envelope: Envelope, today: date) -> list[Finding]:
    """Return everything that keeps an envelope from being sent on a day."""
    found = [*_envelope(envelope), *_characters("edXML", envelope)]
    if envelope.promulgated_on > today:
        # a deployed hub refuses it
        vi, en = f"{write_date(envelope.promulgated_on)} chưa đến", "it is in the future"
        found.append(wrong_value("PromulgationInfo.PromulgationDate", vi, en))
    return found


def check_status(message: StatusMessage) -> list[Finding]:
    """Return everything that keeps a status message from being sent."""
    return [*_status(message), *_characters("edXML", message)]


def _envelope(envelope: Envelope) -> Iterator[Finding]:
    yield from _party("From", envelope.sender)
    if not envelope.receivers:
        yield missing("To")
    seen: set[str] = set()
    for number, receiver in enumerate(envelope.receivers, 1):
        yield from _party(f"To[{number}]", receiver)
        if organ_key(receiver.organ_id) in seen:
            vi, en = f"«{receiver.organ_id}» ghi hai lần", "stated twice"
            yield wrong_value(f"To[{number}].OrganId", vi, en)
        seen.add(organ_key(receiver.organ_id))
    yield from _required("Code.CodeNumber", envelope.code.number, 11)
    yield from _required("Code.CodeNotation", envelope.code.notation, 30)
    yield from _required("DocumentType.TypeName", envelope.document_type.name, 100)
    yield from _integer("DocumentType.Type", envelope.document_type.number)
    yield from _required("Subject", envelope.subject, 500)
    yield from _within("Content", envelope.content, 500)
    yield from _within("PromulgationInfo.Place", envelope.promulgated_at, 50)
    yield from _within("OtherInfo.SphereOfPromulgation", envelope.sphere, 100)
    yield from _within("OtherInfo.TyperNotation", envelope.typist, 10)
    for place in envelope.to_places:
        yield from _required("ToPlaces.Place", place, 150)
    for appendix in envelope.appendixes:
        yield from _required("OtherInfo.Appendixes.Appendix", appendix, 500)
    yield from _count("OtherInfo.PromulgationAmount", envelope.copies)
    yield from _count("OtherInfo.PageAmount", envelope.pages)
    yield from _count("SteeringType", envelope.steering)
    if envelope.signer is not None:
        yield from _required("SignerInfo.FullName", envelope.signer.full_name, 200)
    for response in envelope.responses:
        yield from _required("ResponseFor.OrganId", response.organ_id, ORGAN_ID_LENGTH)
        yield from _required("ResponseFor.Code", response.code, 100)
    for hop in envelope.trace:
        if hop.at is not None and hop.at.tzinfo is None:
            yield wrong_type("TraceHeader.Timestamp", str(hop.at), *_AWARE)
    yield from _business(envelope.business)
    yield from _attachments(envelope.attachments)


def _business(business: Business) -> Iterator[Finding]:
    if business.type is not BusinessType.NEW and not business.reason.strip():
        yield missing("Bussiness.BussinessDocReason")
    if business.type is BusinessType.REPLACE and not business.replacements:
        yield missing("Bussiness.ReplacementInfoList")
    if business.type is not BusinessType.REPLACE and business.replacements:
        vi, en = "chỉ dùng khi thay thế văn bản", "belongs to a replacement only"
        yield wrong_value("Bussiness.ReplacementInfoList", vi, en)
    changes = business.content_changed or business.receivers_changed or business.receiver_changes
    if business.type is not BusinessType.UPDATE and changes:
        vi, en = "chỉ dùng khi cập nhật văn bản", "belongs to an update only"
        yield wrong_value("Bussiness.BussinessDocumentInfo", vi, en)
    for change in business.receiver_changes:
        path = "Bussiness.BussinessDocumentInfo.ReceiverList.Receiver.OrganId"
        yield from _required(path, change.organ_id, ORGAN_ID_LENGTH)
    for item in business.replacements:
        path = "Bussiness.ReplacementInfoList.ReplacementInfo"
        yield from _required(f"{path}.DocumentId", item.document_id, 200)
        for organ_id in item.organ_ids:
            yield from _required(f"{path}.OrganIdList.OrganId", organ_id, ORGAN_ID_LENGTH)


def _attachments(attachments: tuple[Attachment, ...]) -> Iterator[Finding]:
    seen: set[str] = set()
    for number, attachment in enumerate(attachments, 1):
        path = f"AttachmentEncoded.Attachment[{number}]"
        yield from _required(f"{path}.AttachmentName", attachment.name, NAME_LENGTH)
        if len(attachment.name) <= NAME_LENGTH and attachment.name != safe_name(attachment.name):
            vi, en = "tên có đường dẫn hoặc ký tự lạ", "a path or odd characters"
            yield wrong_value(f"{path}.AttachmentName", vi, en)
        if not attachment.content:
            yield missing(f"{path}.ContentTransferEncoded")
        yield from _required(f"{path}.ContentId", attachment.content_id, 200)
        if attachment.content_id in seen:
            vi, en = "hai tệp cùng mã (trùng tên và nội dung)", "two files share it"
            yield wrong_value(f"{path}.ContentId", vi, en)
        seen.add(attachment.content_id)


def _status(message: StatusMessage) -> Iterator[Finding]:
    yield from _party("From", message.sender)
    yield from _required("ResponseFor.OrganId", message.response.organ_id, ORGAN_ID_LENGTH)
    yield from _required("ResponseFor.Code", message.response.code, 100)
    yield from _required("ResponseFor.DocumentId", message.response.document_id, 200)
    if message.at.tzinfo is None:
        yield wrong_type("Timestamp", str(message.at), *_AWARE)
    # QĐ 28/2018/QĐ-TTg: whoever refuses answers for the refusal, so the reason travels with it
    reasoned = {StatusCode.REFUSED, StatusCode.TAKE_BACK, StatusCode.CHANGE_REFUSED}
    if message.code in reasoned and not message.description.strip():
        yield missing("Description")


def _party(path: str, party: Party) -> Iterator[Finding]:
    yield from _required(f"{path}.OrganId", party.organ_id, ORGAN_ID_LENGTH)
    if not party.name.strip():
        yield missing(f"{path}.OrganName")
    for attribute, (element, limit) in _PARTY.items():
        yield from _within(f"{path}.{element}", getattr(party, attribute), limit)


def _required(path: str, text: str, limit: int) -> Iterator[Finding]:
    if not text.strip():
        yield missing(path)
    yield from _within(path, text, limit)


def _within(path: str, text: str, limit: int) -> Iterator[Finding]:
    if len(text) > limit:
        yield out_of_range(
            path, f"{len(text)} ký tự, tối đa {limit}", f"{len(text)} characters, at most {limit}"
        )


def _count(path: str, value: int | None) -> Iterator[Finding]:
    if value is not None and not 0 <= value <= _COUNT:
        yield out_of_range(path, f"0 đến {_COUNT}", f"0 to {_COUNT}")


def _integer(path: str, text: str) -> Iterator[Finding]:
    if text and not (text.isascii() and text.isdigit()):
        yield wrong_type(path, text, "số nguyên không âm", "a whole number")


def _characters(path: str, value: Any) -> Iterator[Finding]:
    """Find text that XML cannot carry, anywhere in the message."""
    if isinstance(value, str):
        if _FORBIDDEN.search(value):
            yield wrong_type(
                path,
                _FORBIDDEN.sub("�", value),
                "chữ không có ký tự điều khiển",
                "text without control characters",
            )
    elif isinstance(value, tuple):
        for item in value:
            yield from _characters(path, item)
    elif is_dataclass(value):
        for part in fields(value):
            if part.compare:
                yield from _characters(f"{path}.{part.name}", getattr(value, part.name))
