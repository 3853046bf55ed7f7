"""Which key signs for whom (chứng thư số đã đăng ký): certificate and place, never the key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Query, Transaction
from engine.errors import OfficeError
from records import journal
from records.authority import Act, Facts, authorize
from records.record import Authored, Record, author
from records.vietnamese import day_text, local_date
from records.vocabulary import Term, vocabulary

#: how long before its end a certificate is shown as ending
WARNING = timedelta(days=30)


class KeyKind(Term):
    """Where a signing key lies (nơi giữ khóa)."""

    PKCS12 = "pkcs12", "tệp khóa trên máy chủ", "file on the server"
    PKCS11 = "pkcs11", "thiết bị (USB token, HSM) gắn với máy chủ", "token or HSM at the server"
    REMOTE = "remote", "dịch vụ ký số từ xa", "remote signing service"
    DESKTOP = "desktop", "thiết bị tại bàn làm việc", "token at the desk"


class CertificateOutOfTerm(OfficeError):
    """The certificate to be registered is not in force (chứng thư số không còn hiệu lực)."""

    code = "certificate-out-of-term"
    vi = (
        "Chứng thư số chỉ có hiệu lực từ {valid_from} đến {valid_until}. Hãy gia hạn hoặc chọn "
        "chứng thư số khác rồi đăng ký lại."
    )
    en = (
        "The certificate is in force only from {valid_from} to {valid_until}. Renew it or choose "
        "another, then register it."
    )


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is registered of a certificate (chứng thư số): its DER, whose it is, its term."""

    der: bytes
    subject: str
    valid_from: datetime
    valid_until: datetime


class Keystore(Authored, Record):
    """What is registered of a key (kho khóa): whose it is, where it lies, its certificate.

    One is in force for an owner at a time. `place` names library and token, or address and
    credential; the key itself is never here.
    """

    __tablename__ = "keystore"
    called = ("chứng thư số", "certificate")
    __table_args__ = (
        sa.Index(
            "uq_keystore_owner_id",
            "owner_id",
            unique=True,
            postgresql_where=sa.text("until IS NULL"),
        ),
    )

    #: an officer, or the agency itself
    owner_id: Mapped[UUID]
    of_agency: Mapped[bool]
    kind: Mapped[KeyKind] = mapped_column(vocabulary(KeyKind))
    label: Mapped[str]
    place: Mapped[dict[str, Any]] = mapped_column(default=dict)
    certificate: Mapped[bytes]
    #: SHA-256 of the certificate
    fingerprint: Mapped[str]
    subject: Mapped[str]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    since: Mapped[datetime]
    until: Mapped[datetime | None]

    def ends_soon(self, now: datetime) -> bool:
        """Tell whether the certificate ends within 30 days, or has ended."""
        return self.valid_until - now < WARNING


_IN_FORCE = Query(
    sa.select(Keystore).where(
        Keystore.owner_id == sa.bindparam("owner", type_=sa.Uuid()), Keystore.until.is_(None)
    )
)


def keystore_of(tx: Transaction, owner: UUID) -> Keystore | None:
    """Return what is registered for this officer or agency, None where nothing is."""
    return tx.scalar(_IN_FORCE, owner=owner)


def keystores(tx: Transaction) -> list[Keystore]:
    """Return all that was ever registered in the agency, newest first."""
    return tx.scalars(sa.select(Keystore).order_by(Keystore.since.desc(), Keystore.id.desc()))


def register_keystore(
    tx: Transaction,
    owner: UUID,
    kind: KeyKind,
    *,
    label: str,
    certificate: Certificate,
    place: dict[str, Any],
) -> Keystore:
    """Register the key of an officer or of the agency; what was registered before ends.

    Raises `NotAllowed`, `CertificateOutOfTerm`.
    """
    agency = tx.acting.agency_id
    assert agency is not None
    authorize(tx.acting, Act.MANAGE_STAFF, Facts(agency))
    if not certificate.valid_from <= tx.now < certificate.valid_until:
        raise CertificateOutOfTerm(
            valid_from=day_text(local_date(certificate.valid_from)),
            valid_until=day_text(local_date(certificate.valid_until)),
        )
    before = keystore_of(tx, owner)
    if before is not None:
        before.until = tx.now
        # the end of the one is written before the beginning of the other
        tx.flush()
    made = tx.add(
        Keystore(
            agency_id=agency,
            owner_id=owner,
            of_agency=owner == agency,
            kind=kind,
            label=label,
            place=place,
            certificate=certificate.der,
            fingerprint=sha256(certificate.der).hexdigest(),
            subject=certificate.subject,
            valid_from=certificate.valid_from,
            valid_until=certificate.valid_until,
            since=tx.now,
            **author(tx.acting),
        )
    )
    journal.record(
        tx,
        "register_keystore",
        "keystore",
        made.id,
        owner=str(owner),
        kind=str(kind),
        certificate=made.fingerprint,
    )
    return made


def end_keystore(tx: Transaction, keystore: Keystore) -> None:
    """End a registration: the key signs no more. Raises `NotAllowed`."""
    authorize(tx.acting, Act.MANAGE_STAFF, Facts(keystore.agency_id))
    if keystore.until is None:
        keystore.until = tx.now
        journal.record(
            tx, "end_keystore", "keystore", keystore.id, certificate=keystore.fingerprint
        )
