"""The fields of the draft form as the press takes them (soạn theo mẫu thể thức)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.database import Transaction
from processes.order import text
from records.document import OutgoingDocument
from records.document_type import DocumentType
from records.organization import Agency, Position
from records.recipient import Recipient, recipients_of
from records.typesetting.press import typeset as press

_REPORT = "BC"
#: kinds with a name that are addressed to somebody all the same
_ADDRESSED = frozenset({"TTr", _REPORT})
LAYOUTS = frozenset({"decision", "letter", "named"})


def layout_of(kind: DocumentType) -> str:
    """Return the layout of a kind of document; a copy is laid out as its kind's name says."""
    return kind.layout if kind.layout in LAYOUTS else "named"


def fields(
    tx: Transaction,
    document: OutgoingDocument,
    data: Mapping[str, Any],
    kind: DocumentType,
    position: Position,
) -> dict[str, Any]:
    """Return the fields of `records.typesetting.paper.Paper` for this draft."""
    agency = tx.get(Agency, document.agency_id)
    superior = tx.get(Agency, agency.parent_id).name if agency.parent_id else ""
    addressees = _addressees(recipients_of(tx, document), kind, superior)
    lines = _lines(data, "internal_recipients") or [
        "Như trên" if addressees else "Như điều khoản thi hành",
        "Lưu: VT",
    ]
    found: dict[str, Any] = {
        "issuer": agency.name,
        "superior": superior,
        "notation": document.code_notation,
        "place": agency.place,
        "year_in_reference": kind.is_legal_normative,
        "subject": document.subject,
        "body": text(data, "body"),
        "signing_lines": position.signature_block.splitlines() or [position.title.upper()],
        "signer_name": document.signer_name,
        "recipients": lines,
        "bases": _lines(data, "legal_bases"),
        "urgency": document.urgency.value,
    }
    if addressees:
        found["addressees"] = addressees
    if layout_of(kind) != "letter":
        found["type_name"] = kind.type_name
    if layout_of(kind) == "decision":
        found["authority"] = agency.name.upper()
    if text(data, "attachment_body"):
        found["attachments"] = [
            {
                "name": text(data, "attachment_name"),
                "subject": text(data, "attachment_subject"),
                "issued_by": agency.name,
                "body": text(data, "attachment_body"),
            }
        ]
    return found


def _addressees(recipients: list[Recipient], kind: DocumentType, superior: str) -> list[str]:
    """Return whom the document addresses (kính gửi, Decree 30/2020, Phụ lục I, II.9).

    Letters and submissions do; a report only where it goes to the superior agency.
    """
    if layout_of(kind) != "letter" and kind.code not in _ADDRESSED:
        return []
    named = [r.name for r in recipients if not r.for_information] or [r.name for r in recipients]
    return [name for name in named if name == superior] if kind.code == _REPORT else named


def typeset(kind: DocumentType, found: Mapping[str, Any], at: datetime) -> bytes:
    """Return the PDF/A of a draft, number, date and signature left blank."""
    return press(layout_of(kind), found, at=at)


def _lines(data: Mapping[str, Any], key: str) -> list[str]:
    return [line.strip() for line in text(data, key).splitlines() if line.strip()]
