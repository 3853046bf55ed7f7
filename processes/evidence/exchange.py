"""Evidence of one exchange (chứng cứ gửi nhận): what went to whom, and who says it came."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from engine.database import Database, Transaction
from processes.agency_code import codes_of_same
from processes.evidence import axis_log
from processes.evidence.axis_log import Proof
from processes.evidence.bundle import VERIFIER, SecretEvidence
from processes.evidence.facts import as_json, columns
from processes.evidence.package import FORMAT, Bundle, facts_of, packed
from processes.means import Means
from processes.reach import facts_of_document
from records import journal
from records.authority import Act, authorize
from records.axis_tables import AxisPacket
from records.document import Document, IncomingDocument, OutgoingDocument
from records.journal_signature import sign_head
from records.proof import proof_of
from records.receipt_key import ReceiptKey, keys_of
from records.seal import Head
from records.transfer import Attempt, Packet, SignedReceipt, StatusReceived, StatusReport

#: of a document itself: what the message says is in the message
_NAMED = {"id", "reference", "identifier", "organ_code", "issued_on", "subject"}


def evidence_of(
    transaction: Callable[[], AbstractContextManager[Transaction]],
    database: Database,
    means: Means,
    packet_id: UUID,
) -> Bundle:
    """Make the evidence of one packet; an axis elsewhere is asked between two transactions.

    Raises what `make_exchange` raises, before anything is asked.
    """
    with transaction() as tx:
        packet = tx.get(Packet, packet_id)
        _check_right(tx, subject_of(tx, packet))
        question = axis_log.question_of(means, packet)
    told = axis_log.ask(means, question)
    with transaction() as tx, database.session() as session:
        return make_exchange(tx, session, means, packet_id, told)


def _check_right(tx: Transaction, document: Document | None) -> None:
    if document is None:
        authorize(tx.acting, Act.EXPORT_EVIDENCE)
        return
    authorize(tx.acting, Act.EXPORT_EVIDENCE, facts_of_document(tx, document))
    if document.secrecy.is_secret:
        raise SecretEvidence(secrecy=document.secrecy.vi)


def make_exchange(
    tx: Transaction,
    session: orm.Session,
    means: Means,
    packet_id: UUID,
    axis: Proof | None = None,
) -> Bundle:
    """Make the evidence of one packet and note in the journal that it was made, with its digest.

    The message as it went or came, byte for byte, its attempts, statuses and signed receipt, what
    our own axis knows of it, its log's proof (`axis` where it is elsewhere), and the journal's.
    An ASiC-E that the installation's key signs
    whole, a zip where there is no key. Raises `NotFound`, `NoRight`, `SecretEvidence`.
    """
    packet = tx.get(Packet, packet_id)
    document = subject_of(tx, packet)
    _check_right(tx, document)
    members = _members(tx, session, means, packet, document)
    members |= _log_members(axis or axis_log.own_proof(tx, packet))
    signed = means.journal_key is not None
    manifest = as_json(
        {
            "format": FORMAT, "container": signed, "instance": packet.id, "events": 0,
            "head": "", **facts_of(tx, members),
        }
    )  # fmt: skip
    journal.record(
        tx, "export_evidence", "packet", packet.id,
        document=document.id if document is not None else None, sha256=packet.sha256,
        manifest=sha256(manifest).hexdigest(),
    )  # fmt: skip
    name = f"chung-cu-gui-nhan-{packet.id}"
    return packed(tx, means, name, members, manifest, as_container=signed)


def subject_of(tx: Transaction, packet: Packet) -> Document | None:
    """Return the document a packet is about, None where it became none."""
    if packet.outgoing_document_id is not None:
        return tx.get(OutgoingDocument, packet.outgoing_document_id)
    if packet.incoming_document_id is not None:
        return tx.get(IncomingDocument, packet.incoming_document_id)
    return None


def _members(
    tx: Transaction,
    session: orm.Session,
    means: Means,
    packet: Packet,
    document: Document | None,
) -> dict[str, bytes]:
    attempts = tx.scalars(
        sa.select(Attempt).where(Attempt.of_packet_id == packet.id).order_by(Attempt.started_at)
    )
    receipts = tx.scalars(sa.select(SignedReceipt).where(SignedReceipt.of_packet_id == packet.id))
    proof = proof_of(
        session, packet.agency_id, [packet.id, *([document.id] if document is not None else [])]
    )
    signature = None
    if proof.head is not None and means.journal_key is not None:
        signature = sign_head(Head(**proof.head), means.journal_key()).to_data()
    members: dict[str, Any] = {
        "exchange.json": {
            "packet": columns(packet),
            "document": columns(document, _NAMED) if document is not None else None,
            "attempts": [columns(one) for one in attempts],
            "receipts": [columns(one, _SHOWN) for one in receipts],
            "receipt_keys": [columns(one) for one in _keys(tx, packet)],
            "statuses": [columns(one) for one in _statuses(tx, packet)],
            "axis": [columns(one) for one in _on_axis(session, packet)],
        },
        "events.json": [],
        "journal.json": {
            "leaves": proof.leaves, "seals": proof.seals, "linked": proof.linked,
            "head": proof.head, "signature": signature,
        },
    }  # fmt: skip
    made = {name: as_json(value) for name, value in members.items()}
    if packet.sha256:
        made["message.edxml"] = means.content.read(packet.sha256)
    made |= {f"receipt-{n}.xml": one.body for n, one in enumerate(receipts, 1) if one.body}
    return {**made, "verify.py": VERIFIER.read_bytes()}


def _log_members(proof: Proof) -> dict[str, bytes]:
    """Return the axis's log, its timestamps apart too, for programs that check those."""
    made = {"axis-log.json": as_json(proof)}
    for n, part in enumerate(proof["parts"], 1):
        if part["timestamp"]:
            made[f"axis-head-{n}.sig"] = bytes.fromhex(part["value"])
            made[f"axis-head-{n}.tst"] = bytes.fromhex(part["timestamp"])
    return made


_SHOWN = {"id", "direction", "verdict", "signer", "fingerprint", "at"}


def _keys(tx: Transaction, packet: Packet) -> list[ReceiptKey]:
    """Return which keys are known to sign receipts of whom the packet went to, and since when."""
    return keys_of(tx, codes_of_same(tx, packet.to_code)) if packet.recipient_id else []


def _statuses(tx: Transaction, packet: Packet) -> list[StatusReceived] | list[StatusReport]:
    """Return what the receiver reported on what we sent, or what we reported on what came."""
    if packet.recipient_id is not None:
        return tx.scalars(
            sa.select(StatusReceived)
            .where(StatusReceived.recipient_id == packet.recipient_id)
            .order_by(StatusReceived.received_at, StatusReceived.code)
        )
    return tx.scalars(
        sa.select(StatusReport)
        .where(StatusReport.incoming_document_id == packet.incoming_document_id)
        .order_by(StatusReport.reported_at, StatusReport.code)
    )


def _on_axis(session: orm.Session, packet: Packet) -> list[AxisPacket]:
    """Return what the axis of this installation knows of the message, where it went over it."""
    sending = (packet.packet_id or "").partition(":")[0]
    same = sa.or_(AxisPacket.packet_id == packet.packet_id, AxisPacket.sending_id == sending)
    found = session.scalars(sa.select(AxisPacket).where(same, AxisPacket.digest == packet.sha256))
    return [one for one in found if packet.to_code in {one.receiver, one.addressed_as}]
