"""What an update brings (bản cập nhật): a whole header and all files, and how they differ."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from engine.database import Transaction
from exchange import edxml
from exchange.envelope import Envelope
from processes.means import Means
from records.change import ChangeRequest
from records.content import File, clean_name, files_of
from records.document import INCOMING_LENGTHS, IncomingDocument
from records.transfer import Packet
from records.vietnamese import day_text
from records.vocabulary import FileKind, Term, Urgency

#: the fields an update may change, as the clerk reads them
LABELS = {
    "subject": "Trích yếu",
    "type_name": "Tên loại",
    "signer_position": "Chức vụ người ký",
    "signer_name": "Người ký",
    "to_places": "Nơi nhận",
    "due_on": "Hạn trả lời",
    "urgency": "Mức độ khẩn",
    "page_amount": "Số trang",
}


def header_of(message: Envelope) -> dict[str, Any]:
    """Return the header of an update, each field as long as Phụ lục VI allows."""
    signer = message.signer
    said = {
        "subject": message.subject,
        "type_name": message.document_type.name,
        "signer_position": signer.position if signer else "",
        "signer_name": signer.full_name if signer else "",
        "to_places": "; ".join(message.to_places),
    }
    fitting: dict[str, Any] = {n: text[: INCOMING_LENGTHS[n]] for n, text in said.items()}
    return fitting | {
        "due_on": message.due_on,
        "urgency": Urgency.of_wire(int(message.priority)),
        "page_amount": max(0, min(message.pages or 0, 999)) or None,
    }


def read_update(tx: Transaction, means: Means, request: ChangeRequest) -> Envelope:
    """Return the update as it came."""
    assert request.packet_id is not None
    message = edxml.read(means.content.read(tx.get(Packet, request.packet_id).sha256))
    assert isinstance(message, Envelope)
    return message


def differing(document: IncomingDocument, header: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that an update gives another value; what it leaves out says nothing."""
    return {
        name: value
        for name, value in header.items()
        if value not in {"", None} and value != getattr(document, name)
    }


def current_files(files: Sequence[File]) -> list[File]:
    """Return the newest version of what came: an update brings all files anew."""
    came = [f for f in files if f.kind in {FileKind.MAIN, FileKind.ANNEX}]
    newest = max((f.version_no for f in came), default=0)
    return [f for f in came if f.version_no == newest]


def told_changes(tx: Transaction, document: IncomingDocument, message: Envelope) -> list[str]:
    """Return a line for each thing an update would change, as the clerk reads it."""
    lines = [
        f"{LABELS[name]}: {shown(getattr(document, name))} → {shown(value)}"
        for name, value in differing(document, header_of(message)).items()
    ]
    names = {one.sha256: one.name for one in message.attachments}
    present = {f.sha256: f.name for f in current_files(files_of(tx, document))}
    if names:
        new = [clean_name(name) for sha256, name in names.items() if sha256 not in present]
        gone = [name for sha256, name in present.items() if sha256 not in names]
        lines += [f"Tệp mới: {', '.join(new)}"] if new else []
        lines += [f"Tệp được thay, bỏ: {', '.join(gone)}"] if gone else []
    return lines


def shown(value: Any) -> str:
    """Return the value of a field as the clerk reads it."""
    if isinstance(value, date):
        return day_text(value)
    if isinstance(value, Term):
        return value.vi
    return f"«{value}»" if value else "(trống)"
