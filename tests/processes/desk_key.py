"""A key that lies on a device at somebody's desk: registered as the administrator would."""

from base64 import b64encode
from uuid import UUID

from cryptography import x509

from engine.database import Database, Transaction
from records.delegation import acting_for
from records.keystore import Certificate, KeyKind, keystore_of, register_keystore
from signing.keystores.base import KeyStore


def at_desk(story, owner: UUID, key: KeyStore) -> None:
    """Register the certificate of `key` for `owner` as that of a token at the desk."""
    with story.as_("quantri.stttt") as tx:
        register(tx, owner, key)


def register(tx: Transaction, owner: UUID, key: KeyStore) -> None:
    """Do so in the administrator's transaction, once."""
    kept = keystore_of(tx, owner)
    if kept is not None and kept.certificate == key.certificate():
        return
    read = x509.load_der_x509_certificate(key.certificate())
    certificate = Certificate(
        key.certificate(), "khóa", read.not_valid_before_utc, read.not_valid_after_utc
    )
    issuers = [b64encode(one).decode() for one in key.chain()]
    register_keystore(
        tx,
        owner,
        KeyKind.DESKTOP,
        label="USB token",
        certificate=certificate,
        place={"issuers": issuers},
    )


def administrator(database: Database, username: str) -> object:
    """Return who acts when the holder of an account does, in his first position."""
    with database.transaction() as tx:
        officer, position = tx.execute(
            "SELECT p.officer_id, p.id FROM account a JOIN position p ON p.officer_id = a.officer_id"
            " WHERE a.username = %s LIMIT 1",
            username,
        ).fetchone()
        return acting_for(tx, officer, position)
