"""Whose key a receipt is signed with (khóa ký biên nhận): the first seen counts, another is asked.

No authority says which key a partner's installation signs with. The first one is believed, as one
believes a letter-head; that it changes is what somebody has to look at.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from engine import jobs
from engine.database import Transaction
from engine.errors import NotFound, OfficeError
from engine.jobs import Incident
from exchange.identity import organ_key
from processes.agency_code import codes_of_same
from records import journal
from records.receipt_key import KeyOrigin, ReceiptKey, keys_of
from records.transfer import Direction, Packet, SignedReceipt

#: the job that fails as long as a receipt does not hold: incidents are of jobs
RECEIPT_JOB = "receipt_in_doubt"
#: the verdict on a receipt that says the right thing with a key that is not the partner's known one
OTHER_KEY = "other-key"
MATCHES = "matches"


class OtherReceiptKey(OfficeError):
    """A partner's receipts are signed with another key than before (bên nhận đổi khóa ký)."""

    code = "receipt-key-changed"
    status = 409
    vi = (
        "Biên nhận của {receiver} cho gói tin {packet} ký bằng khóa khác với khóa đã biết: "
        "{fingerprint} ({signer}). Hỏi {receiver} qua kênh khác (điện thoại, văn bản); đúng là "
        "khóa mới thì chạy: congvan receipt-key trust {receiver} {fingerprint}"
    )
    en = (
        "The receipt of {receiver} for the packet {packet} is signed with another key than the one "
        "known: {fingerprint} ({signer}). Ask {receiver} by another way; where the key is theirs, "
        "run: congvan receipt-key trust {receiver} {fingerprint}"
    )


class BadFingerprint(OfficeError):
    """What was given is no SHA-256 of a certificate (không phải mã băm chứng thư)."""

    code = "receipt-key-bad-fingerprint"
    status = 422
    vi = "«{given}» không phải mã băm SHA-256 của chứng thư: cần 64 ký tự 0-9, a-f."
    en = "«{given}» is no SHA-256 of a certificate: 64 characters 0-9, a-f are needed."


@dataclass(frozen=True, slots=True)
class Asked:
    """A key that signed receipts and waits for a word: whose they are, and how many."""

    partner: str
    fingerprint: str
    subject: str
    receipts: int


def is_known(tx: Transaction, code: str, fingerprint: str, subject: str) -> bool:
    """Return whether a key signs for a partner; the first key that is seen does from then on."""
    # Two first receipts at once: the second finds the key of the first.
    tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('receipt keys', 0))")
    known = keys_of(tx, codes_of_same(tx, code))
    if not known:
        _add(tx, organ_key(code), fingerprint, subject, KeyOrigin.FIRST, "")
    return not known or fingerprint in {one.fingerprint for one in known}


def asked(tx: Transaction) -> list[Asked]:
    """Return the keys that wait for a word, by partner."""
    rows = tx.rows(
        sa.select(
            Packet.to_code,
            SignedReceipt.fingerprint,
            sa.func.max(SignedReceipt.signer),
            sa.func.count(),
        )
        .join(Packet, Packet.id == SignedReceipt.of_packet_id)
        .where(SignedReceipt.direction == Direction.OUT, SignedReceipt.verdict == OTHER_KEY)
        .group_by(Packet.to_code, SignedReceipt.fingerprint)
        .order_by(Packet.to_code, SignedReceipt.fingerprint)
    )
    return [Asked(*row) for row in rows]


def trust_key(tx: Transaction, code: str, fingerprint: str, by: str) -> int:
    """Have a key sign for a partner from now on; return how many receipts count by it.

    Incidents about these end. Raises `BadFingerprint`.
    """
    given, codes = _fingerprint(fingerprint), codes_of_same(tx, code)
    if given not in {one.fingerprint for one in keys_of(tx, codes)}:
        found = next((one.subject for one in asked(tx) if one.fingerprint == given), "")
        row = _add(tx, organ_key(code), given, found, KeyOrigin.ENTERED, by)
        journal.record(
            tx, "trust_receipt_key", "receipt_key", row.id, partner=code, fingerprint=given, by=by
        )
    settled = [one for one in _waiting(tx, given) if organ_key(one[1].to_code) in codes]
    for receipt, packet in settled:
        receipt.verdict = MATCHES
        close_incident(tx, packet)
    return len(settled)


def distrust_key(tx: Transaction, code: str, fingerprint: str, by: str) -> None:
    """Have a key no longer sign for a partner: what it signs next is asked about.

    What it signed before stays as it was judged. Raises `NotFound`, `BadFingerprint`.
    """
    given, codes = _fingerprint(fingerprint), codes_of_same(tx, code)
    found = [one for one in keys_of(tx, codes) if one.fingerprint == given]
    if not found:
        raise NotFound(what="khóa ký biên nhận")
    for one in found:
        journal.record(
            tx,
            "distrust_receipt_key",
            "receipt_key",
            one.id,
            partner=code,
            fingerprint=given,
            by=by,
        )
        tx.delete(one)


def close_incident(tx: Transaction, packet: Packet) -> None:
    """End the incident about the receipt for a packet, if there is one: it holds now."""
    key = f"{RECEIPT_JOB}:{packet.id}"
    found = tx.execute(
        "SELECT i.id FROM incident i JOIN job j ON j.id = i.job_id"
        " WHERE j.key = %s AND j.state = 'failed' AND i.closed_at IS NULL",
        key,
    ).fetchone()
    if found is not None:
        jobs.retry(tx, tx.get(Incident, found[0], lock=True))


def _waiting(tx: Transaction, fingerprint: str) -> list[tuple[SignedReceipt, Packet]]:
    receipts = tx.scalars(
        sa.select(SignedReceipt).where(
            SignedReceipt.direction == Direction.OUT,
            SignedReceipt.verdict == OTHER_KEY,
            SignedReceipt.fingerprint == fingerprint,
        )
    )
    return [(one, tx.get(Packet, one.of_packet_id)) for one in receipts]


def _fingerprint(given: str) -> str:
    plain = given.replace(":", "").strip().lower()
    if len(plain) != 64 or not set(plain) <= set("0123456789abcdef"):
        raise BadFingerprint(given=given[:100])
    return plain


def _add(
    tx: Transaction, partner: str, fingerprint: str, subject: str, origin: KeyOrigin, by: str
) -> ReceiptKey:
    row = ReceiptKey(
        partner=partner,
        fingerprint=fingerprint,
        subject=subject[:200],
        origin=origin,
        added_at=tx.now,
        added_by=by,
    )
    tx.add(row)
    tx.flush()
    return row
