"""Signed heads of the journal (đầu chuỗi nhật ký ký số): who rewrites the chain lacks the key.

A chain written anew from the start holds by itself. It does not hold against a head that was signed
with a key outside the database: what is signed is the head as it is exported, to the byte.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Base, Transaction
from records.seal import Head, JournalSeal, Verification, head_of, verify
from signing.certificate import ensure_signed_by, load_certificate
from signing.errors import SigningError
from signing.keystores.base import KeyStore
from signing.proof import SKEW
from signing.stamp import FORGED, StampCheck
from signing.verdict import Verdict

DIGEST = "sha256"


class JournalSignature(Base):
    """The installation's signature on one head (chữ ký đầu chuỗi)."""

    __tablename__ = "journal_signature"
    __table_args__ = ({"info": {"append_only": True}},)

    #: the seal whose head it is
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    head: Mapped[bytes]
    value: Mapped[bytes]
    certificate: Mapped[bytes]
    #: what an authority says of when the signature was there (RFC 3161), where one was asked
    timestamp: Mapped[bytes | None]
    signed_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class JournalKey:
    """The installation's key, and the certificates, DER, whose signatures count (khóa nhật ký)."""

    keystore: KeyStore
    trusted: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head with its signature, before anything is written."""

    head: Head
    value: bytes
    certificate: bytes

    @property
    def no(self) -> int:
        return self.head.no

    def to_data(self) -> dict[str, str]:
        """Return what a script without libraries checks: head, signature, public key in DER."""
        key = public_key(self.certificate)
        return {"head": self.head.to_json(), "value": self.value.hex(), "key": key.hex()}


def public_key(certificate: bytes) -> bytes:
    """Return the key of a certificate, both DER: its SHA-256 is what an agency publishes."""
    key = load_certificate(certificate).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign_head(head: Head, key: JournalKey) -> SignedHead:
    """Return the signature on a head: PKCS#1 v1.5 with SHA-256 over its exported text."""
    value = key.keystore.sign(head.to_json().encode(), DIGEST)
    return SignedHead(head, value, key.keystore.certificate())


_LAST = sa.select(JournalSeal).order_by(JournalSeal.no.desc()).limit(1)
_SIGNED = sa.select(sa.func.max(JournalSignature.no))


def unsigned_head(tx: Transaction) -> Head | None:
    """Return the end of the chain unless it is signed already."""
    last = tx.scalar(_LAST)
    if last is None or (tx.scalar(_SIGNED) or 0) >= last.no:
        return None
    return head_of(last)


def keep_signature(tx: Transaction, signed: SignedHead, timestamp: bytes | None) -> None:
    """Keep a signature on a head; the first of two signers wins."""
    tx.execute(
        "INSERT INTO journal_signature (no, head, value, certificate, timestamp, signed_at)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (no) DO NOTHING",
        signed.no, signed.head.to_json().encode(), signed.value, signed.certificate, timestamp,
        tx.now,
    )  # fmt: skip


def verify_journal(
    session: orm.Session,
    key: Callable[[], JournalKey] | None,
    head: Head | None = None,
    *,
    stamps: StampCheck | None = None,
) -> Verification:
    """Check every leaf, seal, signed head and timestamp; name the first that does not hold.

    `key` tells whose signatures count, `stamps` which timestamps; without one they are not looked
    at.
    """
    found = verify(session, head)
    if not found.holds or key is None:
        return found
    trusted = key().trusted
    last = 0
    select = sa.select(JournalSignature).order_by(JournalSignature.no)
    for one in session.scalars(select).yield_per(500):
        reason = _fault(session, one, trusted)
        if reason:
            return replace(found, seal=one.no, reason=reason)
        last = one.no
    found = replace(found, signed=last)
    return found if stamps is None else _with_stamps(session, found, stamps)


def _with_stamps(session: orm.Session, found: Verification, stamps: StampCheck) -> Verification:
    """Add what timestamps prove; one that is not of its head, or not of its time, is a forgery.

    Who is trusted may change for good reason: a stamp of nobody we know proves nothing, no more.
    """
    select = (
        sa.select(JournalSignature)
        .where(JournalSignature.timestamp.is_not(None))
        .order_by(JournalSignature.no.desc())
    )
    for one in session.scalars(select).yield_per(500):
        digest = hashlib.sha256(one.value).digest()
        report = stamps.judge(one.timestamp or b"", digest, DIGEST)
        if report.stamped_at is None or report.reason in FORGED:
            return replace(found, seal=one.no, reason="timestamp-wrong")
        sealed_at = datetime.fromisoformat(Head.from_json(one.head).sealed_at)
        if not sealed_at - SKEW <= report.stamped_at <= one.signed_at + SKEW:
            return replace(found, seal=one.no, reason="timestamp-astray")
        if report.verdict is not Verdict.VALID:
            found = replace(found, unproven=found.unproven + 1)
        elif not found.stamped:
            found = replace(found, stamped=one.no, stamped_at=report.stamped_at)
    return found


def _fault(session: orm.Session, one: JournalSignature, trusted: frozenset[bytes]) -> str:
    if one.certificate not in trusted:
        return "key-unknown"
    try:
        told = Head.from_json(one.head)
        ensure_signed_by(load_certificate(one.certificate), one.head, one.value, DIGEST)
    except (SigningError, ValueError, TypeError):
        return "signature-wrong"
    link = session.get(JournalSeal, one.no)
    if link is None:
        return "tail-cut"
    return "" if (told.no, told.hash) == (link.no, link.hash.hex()) else "chain-rewritten"
