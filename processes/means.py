"""What verbs work with besides the database (phương tiện): files, keys, forms, the desk."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from engine.backoff import Backoff
from engine.database import Transaction
from exchange.axis_client import AxisClient
from exchange.axis_rules import AxisRules
from exchange.gateway import Gateway
from processes.desk import Desk
from processes.envelope_signature import EnvelopeSigner
from processes.keys import KeyOrder, Note
from processes.roads import Roads
from records.content import ContentStore
from records.journal_signature import JournalKey
from signing.keystores.base import KeyStore, OpenKeyStore
from signing.policy import ValidationPolicy
from signing.presign import check_certificate
from signing.revocation import Revocation
from signing.revocation_cache import RevocationCache
from signing.sources import Sources
from signing.stamp import StampCheck
from signing.timestamps import TimestampClient
from signing.trust import Trust


class OpensKeys(Protocol):
    """How a key is opened: whose, with which PIN, and for the agency's key on which order."""

    def __call__(
        self, tx: Transaction, owner: UUID, pin: str, order: KeyOrder | None = None, /
    ) -> OpenKeyStore:
        """Return it open; whoever asked closes it."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """By what signatures are checked now (căn cứ kiểm tra): the version in force, lists at hand."""

    trust: Trust
    policy: ValidationPolicy
    sources: Sources
    cache: RevocationCache
    #: lists somebody laid into the data directory
    laid: Revocation = field(default_factory=Revocation)

    def revocation(self) -> Revocation:
        """Return all lists at hand; those from addresses no longer allowed count as absent."""
        fetched = self.cache.revocation()
        return Revocation((*self.laid.lists, *fetched.lists), self.sources.allowed, fetched.answers)

    def stamps(self, now: datetime) -> StampCheck:
        """Return by what timestamps outside a document are judged."""
        return StampCheck(self.trust, self.revocation(), self.policy, now=now)


@dataclass(frozen=True, slots=True)
class SigningMeans:
    """Keys and trust (ký số): where keystores are, and by what signatures are checked.

    `open_keystore(tx, owner, pin, order)` opens the keystore of an officer or agency id; it raises
    the signing library's `KeystoreRefused` for a wrong PIN. The agency's asks for an order.
    `known()` is asked anew for each check.
    """

    open_keystore: OpensKeys
    #: writes down a use of the agency's key whose step was lost
    note_use: Note
    known: Callable[[], Known]
    #: PNG of the handwritten signature or of the seal, by officer or agency id
    image_of: Callable[[UUID], bytes | None]
    #: who stamps times; None where no authority is configured
    timestamps: TimestampClient | None = None

    def check_keystore(self, keystore: KeyStore, at: datetime) -> None:
        """Raise what speaks against signing with this key now, before it is used.

        What the policy tolerates stands in the report on the signed document.
        """
        self.check_key(keystore.certificate(), keystore.chain(), at)

    def check_key(self, certificate: bytes, chain: tuple[bytes, ...], at: datetime) -> None:
        """Do as `check_keystore` for a key that is elsewhere."""
        known = self.known()
        check_certificate(
            certificate,
            chain,
            trust=known.trust,
            revocation=known.revocation(),
            policy=known.policy,
            at=at,
        )


class Draws(Protocol):
    """How a diagram becomes a picture: steps done, steps where it stands, flows walked."""

    def __call__(
        self, xml: bytes, done: frozenset[str], active: frozenset[str], flows: frozenset[str], /
    ) -> str:
        """Return SVG, "" where there is nothing to draw."""
        ...


def _no_picture(*_: object) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Means:
    """What the composition root hands to every verb."""

    content: ContentStore
    signing: SigningMeans
    desk: Desk = field(default_factory=Desk)
    #: where the axis answers, and the key our agencies' secrets are derived from
    axis_endpoint: str = ""
    axis_secret: str = ""
    #: what our own axis holds its members to
    axis_rules: AxisRules = field(default_factory=AxisRules)
    #: the axis above ours, by the code that sends; None where there is none
    upstream: Callable[[str], AxisClient] | None = None
    #: where another axis or a folder is, empty where agencies use our own
    carrier: str = ""
    #: another road to the axis than our own client, by agency id and code
    gateway: Callable[[UUID, str], Gateway] | None = None
    #: whether the carrier takes a new document once only, for all receivers its packet names
    names_all_receivers: bool = False
    #: how often a sending is tried, and the seconds between
    sending: Backoff = field(default_factory=Backoff)
    #: nodes that may bring packets of others, as keys of codes; `*` stands for any sender
    intermediaries: frozenset[tuple[str, str]] = frozenset()
    #: whom this process sends to right now
    roads: Roads = field(default_factory=Roads)
    #: what signs receipts for packets that came; None where nothing does
    receipt_key: Callable[[], KeyStore] | None = None
    #: signs what goes to the axis; None where the axis asks for no signature
    envelope_signer: EnvelopeSigner | None = None
    #: where LibreOffice and other converters may work
    scratch: Path | None = None
    #: what signs the journal's heads, and whose signatures on them count
    journal_key: Callable[[], JournalKey] | None = None
    #: how evidence shows the way a run took
    draw: Draws = _no_picture
