"""A key that lies on a device at somebody's desk: registered as the administrator would, and used."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cryptography import x509
from story import PASSWORD

from engine.database import Database, Transaction
from processes import signing_sessions as sessions
from processes.signing_asked import Beginning, ask
from processes.signing_completion import finish
from records.delegation import acting_for
from records.keystore import Certificate, KeyKind, keystore_of, register_keystore
from records.signing_session import SigningSession
from signing.keystores.base import KeyStore
from signing.keystores.pkcs12 import Pkcs12KeyStore
from signing.page_text import Box
from signing.placement import Placement
from signing.role import SignRole
from signing.signer import SignRequest, sign_pdf
from signing.transport import Transport


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


RAW, FILE = Transport.RAW, Transport.AGENT_FILE
#: what the officer fills in at each step, who does it
STEPS: dict[str, tuple[str, dict[str, Any]]] = {
    "sign": ("giamdoc.stttt", {"outcome": "sign"}),
    "number": ("vanthu.stttt", {}),
    "seal": ("vanthu.stttt", {"confirm": True}),
    "register": ("vanthu.stttt", {}),
}


class Desk:
    """One person's desk: he signs what is asked, with the key that lies on his device."""

    def __init__(self, story, verb: str, document) -> None:
        self.story = story
        self.user, self.form = STEPS[verb]
        self.document = document
        (self.item,) = story.items(self.user, verb, document)
        self.owner = story.login(self.user).officer_id if verb == "sign" else self.item.agency_id
        folder = story.office.settings.data / "signing"
        self.key = Pkcs12KeyStore(
            (folder / "keystores" / f"{self.owner}.p12").read_bytes(), PASSWORD
        )

    def register(self) -> None:
        """Register the certificate as that of a device at the desk, as the administrator does."""
        at_desk(self.story, self.owner, self.key)

    def begin(self):
        return self.story.as_(self.user)

    def asked(self, transport: Transport = RAW, **more: Any) -> sessions.Begun:
        beginning = Beginning(self.item.id, self.item.version, self.form, transport, **more)
        asked = ask(self.begin, self.story.means, beginning)
        with self.begin() as tx:
            return sessions.keep(tx, self.story.means, beginning, asked)

    def sign_all(self, begun: sessions.Begun) -> Any:
        """Answer for each file, as its transport wants it; return what the last one completed."""
        done = None
        for one in begun.all:
            assert done is None, "completed before all files were signed"
            if one.session.transport is RAW:
                done = self.answer(one, self.raw(one))
            else:
                done = self.upload(one, self.by_agent(one))
        return done

    def session(self, begun: sessions.Begun) -> SigningSession:
        with self.begin() as tx:
            return sessions.read(tx, begun.session.id)

    def raw(self, begun: sessions.Begun) -> bytes:
        return self.key.sign(b64decode(self.session(begun).prepared["to_be_signed"]), "sha256")

    def answer(self, begun: sessions.Begun, raw: bytes) -> Any:
        with self.begin() as tx:
            sessions.accept_signature(tx, begun.session.id, raw)
        return finish(self.begin, self.story.means, begun.session.id)

    def by_agent(self, begun: sessions.Begun, key: Any = None, field: str = "") -> bytes:
        base = self.story.means.content.read(begun.session.base_sha256)
        place = Placement(0, Box(30, 20, 130, 60))
        request = SignRequest(
            SignRole(begun.session.role), datetime.now(UTC), place, lines=("188",), field=field
        )
        return sign_pdf(base, request, key or self.key)

    def upload(self, begun: sessions.Begun, signed: bytes) -> Any:
        sessions.accept_upload(self.begin, self.story.means, begun.session, signed)
        return finish(self.begin, self.story.means, begun.session.id)


def no_desks(story) -> None:
    story.run_sql("DELETE FROM keystore")
