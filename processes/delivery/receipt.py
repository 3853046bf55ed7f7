"""Signed receipts between our nodes (biên nhận ký số): what came, when, and to whom.

The receiver's installation signs the digest of what it committed and puts the receipt into its next
report on that document, where others pass over it. The sender holds it against what it sent: a
digest that differs, or a signature that does not hold, is an incident. A receipt is evidence, never
a condition: without a key, or from systems that know of none, documents go as they always went.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from lxml import etree

from engine import jobs
from engine.database import Transaction
from engine.errors import OfficeError
from engine.handlers import Errand, GiveUp
from engine.jobs import ClaimedJob
from exchange.content_digest import content_digest
from exchange.errors import ExchangeError
from exchange.identity import organ_key
from processes.agency_code import codes_of_same
from processes.delivery.receipt_keys import (
    MATCHES,
    OTHER_KEY,
    RECEIPT_JOB,
    OtherReceiptKey,
    close_incident,
    is_known,
)
from processes.means import Means
from records.document import IncomingDocument
from records.transfer import Direction, Packet, SignedReceipt
from signing.errors import SigningError
from signing.xml import XmlReport, sign_xml, verify_xml

log = logging.getLogger(__name__)

NAMESPACE = "urn:congvan:receipt:1"
DIFFERS, FORGED = "differs", "forged"


class ReceiptInDoubt(OfficeError):
    """A receipt does not agree with what was sent (biên nhận không khớp gói tin đã gửi)."""

    code = "receipt-in-doubt"
    status = 409
    vi = (
        "Biên nhận của {receiver} cho gói tin {packet} không dùng được: {why_vi}. Liên hệ "
        "{receiver} đối chiếu văn bản đã nhận với bản đã gửi (mã băm {sha256}); nếu khác, gửi lại "
        "hoặc thu hồi."
    )
    en = (
        "The receipt of {receiver} for the packet {packet} does not hold: {why_en}. Compare what "
        "they received with what was sent (digest {sha256}); where it differs, send again or "
        "recall."
    )


_WHY = {
    DIFFERS: ("nội dung bên nhận ký nhận khác nội dung đã gửi", "what was received differs"),
    FORGED: ("chữ ký số trên biên nhận không đúng", "its signature does not hold"),
}


def ask_receipt(tx: Transaction, packet: Packet) -> None:
    """Have a packet receipted, if a node of ours sent it; in the transaction that takes it in."""
    if packet.send_id is not None:
        tx.add(
            SignedReceipt(
                agency_id=packet.agency_id,
                of_packet_id=packet.id,
                direction=Direction.IN,
                at=tx.now,
            )
        )


# given --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """A receipt to be signed: its row, and of which packet it tells."""

    receipt_id: UUID
    packet: Packet
    identifier: str
    at: datetime


def wanted_for(tx: Transaction, document: IncomingDocument) -> list[Wanted]:
    """Return the receipts that are not signed yet for what came about a document."""
    rows = tx.rows(
        sa.select(SignedReceipt.id, SignedReceipt.at, Packet.id)
        .join(Packet, Packet.id == SignedReceipt.of_packet_id)
        .where(
            Packet.incoming_document_id == document.id,
            SignedReceipt.direction == Direction.IN,
            SignedReceipt.body.is_(None),
        )
    )
    return [Wanted(r, tx.get(Packet, p), document.identifier or "", at) for r, at, p in rows]


def sign_receipts(means: Means, wanted: list[Wanted]) -> dict[UUID, bytes]:
    """Return the signed receipts by their rows; none where there is no key that signs."""
    if not wanted or means.receipt_key is None:
        return {}
    try:
        key = means.receipt_key()
        return {one.receipt_id: sign_xml(_written(means, one), key) for one in wanted}
    except (SigningError, OfficeError, ExchangeError):
        log.warning("a receipt could not be signed", exc_info=True)
        return {}


def _written(means: Means, one: Wanted) -> bytes:
    packet = one.packet
    root = etree.Element(f"{{{NAMESPACE}}}receipt", nsmap={"r": NAMESPACE})
    facts = {
        "send": str(packet.send_id),
        "sha256": packet.sha256,
        "content": content_digest(means.content.read(packet.sha256)),
        "sender": packet.from_code,
        "receiver": packet.to_code,
        "document": one.identifier,
        "received": one.at.isoformat(),
    }
    for name, value in facts.items():
        etree.SubElement(root, f"{{{NAMESPACE}}}{name}").text = value
    return bytes(etree.tostring(root))


def keep_signed(tx: Transaction, signed: Mapping[UUID, bytes]) -> None:
    """Keep the receipts that leave, in the transaction that commits their message."""
    for receipt_id, body in signed.items():
        tx.execute(
            "UPDATE delivery_receipt SET body = %s WHERE id = %s AND body IS NULL",
            *(body, receipt_id),
        )


# got ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Given:
    """A receipt as it came, and what can be said of its signature."""

    body: bytes
    facts: dict[str, str]
    report: XmlReport

    @property
    def holds(self) -> bool:
        """Whether the signature holds; whose key it is, `report` says."""
        return bool(self.report.signed)


def examine_receipts(means: Means, bodies: list[bytes], now: datetime) -> list[Given]:
    """Return what receipts say, each with the state of its signature; no transaction is needed."""
    if not bodies:
        return []
    known, found = means.signing.known(), []
    for body in bodies:
        report = verify_xml(
            body, trust=known.trust, revocation=known.revocation(), policy=known.policy, at=now
        )
        found.append(Given(body, _facts(report.signed or body), report))
    return found


def _facts(data: bytes) -> dict[str, str]:
    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, ValueError):
        return {}
    prefix = f"{{{NAMESPACE}}}"
    return {
        str(one.tag).removeprefix(prefix): (one.text or "")[:500]
        for one in root
        if str(one.tag).startswith(prefix)
    }


def take_receipt(tx: Transaction, means: Means, given: Given, came_from: str) -> None:
    """Keep a receipt for what we sent, and have one that does not hold become an incident.

    Who reports must be whom the packet was for; a receipt for nothing of ours is nobody's.
    """
    packet, codes = _sent(tx, given.facts.get("send", "")), codes_of_same(tx, came_from)
    if packet is None or organ_key(packet.to_code) not in codes:
        log.info("a receipt of %s is for nothing that was sent to it", came_from)
        return
    verdict, report = _judge(means, packet, given), given.report
    if verdict == MATCHES and not is_known(tx, came_from, report.fingerprint, report.subject):
        verdict = OTHER_KEY
    row = tx.scalar(
        sa.select(SignedReceipt).where(SignedReceipt.of_packet_id == packet.id).with_for_update()
    )
    if row is not None and (row.verdict in {MATCHES, verdict}):
        return
    if row is None:
        row = tx.add(
            SignedReceipt(
                agency_id=packet.agency_id,
                of_packet_id=packet.id,
                direction=Direction.OUT,
                at=tx.now,
            )
        )
    row.body, row.verdict, row.at = given.body, verdict, tx.now
    row.signer, row.fingerprint = report.subject[:200], report.fingerprint
    if verdict == MATCHES:
        close_incident(tx, packet)
    else:
        key = f"{RECEIPT_JOB}:{packet.id}"
        jobs.post(tx, RECEIPT_JOB, {"receipt": str(row.id)}, key=key, agency_id=packet.agency_id)


def _sent(tx: Transaction, send_id: str) -> Packet | None:
    try:
        wanted = UUID(send_id)
    except ValueError:
        return None
    found = tx.scalars(
        sa.select(Packet).where(
            Packet.agency_id == tx.acting.agency_id,
            Packet.direction == Direction.OUT,
            Packet.send_id == wanted,
        )
    )
    return found[0] if found else None


def _judge(means: Means, packet: Packet, given: Given) -> str:
    if not given.holds:
        return FORGED
    if given.facts.get("sha256") == packet.sha256:
        return MATCHES
    same = given.facts.get("content") == content_digest(means.content.read(packet.sha256))
    return MATCHES if same else DIFFERS


def look_again(errand: Errand, job: ClaimedJob) -> None:
    """Fail as long as the receipt does not hold; a good one that came since ends it."""
    with errand.transaction() as tx:
        receipt = tx.get(SignedReceipt, UUID(job.payload["receipt"]))
        packet = tx.get(Packet, receipt.of_packet_id)
    if receipt.verdict == MATCHES:
        return
    error = _doubt(receipt, packet)
    raise GiveUp(f"{error.text('vi')} {error.text('en')}")


def _doubt(receipt: SignedReceipt, packet: Packet) -> OfficeError:
    facts = {"receiver": packet.to_code, "packet": packet.packet_id}
    if receipt.verdict == OTHER_KEY:
        return OtherReceiptKey(**facts, fingerprint=receipt.fingerprint, signer=receipt.signer)
    vi, en = _WHY[receipt.verdict]
    return ReceiptInDoubt(**facts, sha256=packet.sha256, why_vi=vi, why_en=en)
