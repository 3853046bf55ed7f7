"""What a message says, for people and for programs (tóm tắt gói tin)."""

from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any

from exchange.edxml_read import read
from exchange.envelope import Attachment, BusinessType, Envelope, Original, Party, Priority
from exchange.limits import DEFAULT_LIMITS, Limits
from exchange.status import StatusCode, StatusMessage


def read_main(
    path: Path, language: str = "vi", limits: Limits = DEFAULT_LIMITS
) -> tuple[str, dict[str, Any]]:
    """Read a file for `congvan edxml read`: lines for people in `vi` or `en`, facts for JSON.

    File contents are given by size and SHA-256 only. Raises ExchangeError, or OSError for a file
    that cannot be opened.
    """
    with path.open("rb") as file:
        message = read(file, limits)
    return summarize(message, language), facts(message)


def summarize(message: Envelope | StatusMessage, language: str = "vi") -> str:
    """Return a message as lines of text in `vi` or `en`."""
    column = 1 if language == "en" else 0
    lines = (
        _envelope(message, language)
        if isinstance(message, Envelope)
        else _status(message, language)
    )
    shown = [(labels[column], value) for labels, value in lines if value]
    width = max(len(label) for label, _ in shown)
    text = [f"{label:<{width}}  {value}" for label, value in shown]
    original = message.original
    if original is not None and original.remarks:
        text.append(("Điểm chưa đúng chuẩn:", "Deviations:")[column])
        for remark in original.remarks:
            words = remark.en if language == "en" else remark.vi
            text.append(f"  [{remark.code}] {words}")
    return "\n".join(text)


def facts(message: Envelope | StatusMessage) -> dict[str, Any]:
    """Return a message as plain values for JSON."""
    kind = "edoc" if isinstance(message, Envelope) else "status"
    return {"message_type": kind, **_plain(message)}


def _envelope(envelope: Envelope, language: str) -> list[tuple[tuple[str, str], str]]:
    business, signer = envelope.business, envelope.signer
    receivers = "; ".join(_party(receiver) for receiver in envelope.receivers)
    signed = f"{signer.competence} {signer.position} {signer.full_name}" if signer else ""
    return [
        (("Gói tin", "Message"), f"edoc, {_named(business.type, language).lower()}"),
        (("Lý do", "Reason"), business.reason),
        (("Văn bản tác động", "Acts on"), "; ".join(envelope.targets)),
        (("Mã định danh", "DocumentId"), envelope.identifier),
        (("Nơi gửi", "From"), _party(envelope.sender)),
        (("Nơi nhận", "To"), receivers),
        (("Loại văn bản", "Kind"), envelope.document_type.name),
        (("Số, ký hiệu", "Reference"), str(envelope.code)),
        (("Ngày ban hành", "Date"), f"{envelope.promulgated_on:%d/%m/%Y}"),
        (("Trích yếu", "Subject"), envelope.subject),
        (("Người ký", "Signed by"), " ".join(signed.split())),
        (("Độ khẩn", "Urgency"), _named(envelope.priority, language)),
        (("Hạn trả lời", "Due"), f"{envelope.due_on:%d/%m/%Y}" if envelope.due_on else ""),
        (("Trả lời văn bản", "In reply to"), "; ".join(r.code for r in envelope.responses)),
        *((("Tệp đính kèm", "Attachment"), _file(item)) for item in envelope.attachments),
        *_evidence(envelope.original),
    ]


def _status(message: StatusMessage, language: str) -> list[tuple[tuple[str, str], str]]:
    return [
        (("Gói tin", "Message"), "status"),
        (("Trạng thái", "Status"), f"{message.code.value} {_named(message.code, language)}"),
        (("Bên báo", "Reported by"), _party(message.sender)),
        (("Về văn bản", "About"), f"{message.response.code} ({message.response.document_id})"),
        (("Bên kia", "Other party"), message.response.organ_id),
        (("Mô tả", "Description"), message.description),
        (("Thời điểm", "Time"), f"{message.at:%d/%m/%Y %H:%M:%S %z}"),
        *_evidence(message.original),
    ]


def _evidence(original: Original | None) -> list[tuple[tuple[str, str], str]]:
    return [(("SHA-256", "SHA-256"), original.sha256)] if original is not None else []


def _named(value: BusinessType | Priority | StatusCode, language: str) -> str:
    return value.en if language == "en" else value.vi


def _party(party: Party) -> str:
    return f"{party.name} [{party.organ_id}]" if party.name else party.organ_id


def _file(attachment: Attachment) -> str:
    size = f"{len(attachment.content):,}".replace(",", ".")
    return f"{attachment.name} ({attachment.content_type}, {size} byte)"


def _plain(value: Any) -> Any:
    match value:
        case Attachment():
            own = {"size": len(value.content), "sha256": value.sha256}
            named = {name: getattr(value, name) for name in ("name", "description", "content_id")}
            return {**named, "content_type": value.content_type, **own}
        case Original():
            own = {"size": value.size, "sha256": value.sha256}
            signed = {"carries_signature": value.carries_signature}
            return {**own, **signed, "remarks": _plain(value.remarks)}
        case IntEnum():
            return int(value)
        case Enum():
            return value.value
        case datetime() | date():
            return value.isoformat()
        case tuple():
            return [_plain(item) for item in value]
        case _ if is_dataclass(value):
            return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
        case _:
            return value
