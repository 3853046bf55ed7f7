"""What the axis proves of an exchange (chứng minh của trục): its log's entries, checked here first.

Our own axis is read where it stands; of one elsewhere we ask before the transaction, and briefly. A
plain axis proves nothing, which is said: the evidence is made without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from engine.database import Transaction
from engine.errors import OfficeError
from exchange.errors import ExchangeError
from exchange.gateway import ProvesLog
from processes.delivery.gateway import gateway_of
from processes.evidence.verify import MALFORMED, check_axis
from processes.means import Means
from records.axis_proof import log_proof, packets_of
from records.transfer import Direction, Packet

Proof = Mapping[str, Any]

_NONE = "trục không cung cấp chứng minh nhật ký (this axis proves no log)"
_UNKNOWN = "trục không ghi gói tin này (the axis knows nothing of it)"
_WRONG = "chứng minh của trục không đúng (what the axis sent does not hold)"


@dataclass(frozen=True, slots=True)
class Question:
    """Of which message an axis elsewhere is asked, and as whom."""

    agency_id: UUID
    code: str
    doc_id: str
    digest: str
    to: str


def question_of(means: Means, packet: Packet) -> Question | None:
    """Return what to ask of an axis elsewhere, None where it is our own or there is nothing yet."""
    if means.gateway is None or packet.packet_id is None:
        return None
    left = packet.direction is Direction.OUT
    code, to = (packet.from_code, packet.to_code) if left else (packet.to_code, "")
    doc_id = packet.packet_id.partition(":")[0] if left else packet.packet_id
    return Question(packet.agency_id, code, doc_id, packet.sha256, to)


def ask(means: Means, question: Question | None) -> Proof | None:
    """Return what an axis elsewhere proves, or why it proves nothing; its errors are told so."""
    if question is None:
        return None
    try:
        gateway = gateway_of(means, question.agency_id, question.code)
        if not isinstance(gateway, ProvesLog):
            return nothing(_NONE)
        found = gateway.log_proof(question.doc_id, question.digest, question.to)
    except (ExchangeError, OfficeError) as error:
        return nothing(f"{_NONE}: {error.text('vi')}")
    return nothing(_NONE) if found is None else checked(found, question.digest)


def checked(found: Mapping[str, Any], digest: str) -> Proof:
    """Return a proof that holds for these bytes, or say that what was sent does not."""
    try:
        proof = {"why": "", "parts": found["parts"], "waiting": int(found["waiting"])}
        faults = list(check_axis(proof, digest))
    except MALFORMED as error:
        faults = [type(error).__name__]
    return nothing(f"{_WRONG}: {faults[0]}") if faults else proof


def own_proof(tx: Transaction, packet: Packet) -> Proof:
    """Return what the axis of this installation proves of a packet that went over it."""
    sending = (packet.packet_id or "").partition(":")[0]
    ids = packets_of(tx, sending, packet.sha256, packet.to_code)
    return {"why": "", **log_proof(tx, ids)} if ids else nothing(_UNKNOWN)


def nothing(why: str) -> Proof:
    """Return that there is no proof, and why."""
    return {"why": why, "parts": [], "waiting": 0}
