"""The house put together (lắp ráp hệ thống): from settings to what doors and workers are handed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from api import idempotency
from engine.budget import BUDGET
from engine.database import SYSTEM, Acting, Database, Transaction
from engine.handlers import Handlers
from engine.runtime import MACHINE_JOB
from office.axis_key import axis_key, envelope_signer
from office.carrier import carriers, upstream_of
from office.journal_key import journal_key
from office.settings import AxisDriver, AxisSignature, Settings, Timestamps, keep_secret
from office.trust import TrustShelf
from office.worker import Periodic, Worker
from processes import (
    archive,
    axis_forward,
    axis_heads,
    carrying,
    catalogue,
    inbox,
    journal_heads,
    revocation_lists,
    stale_lists,
    timers,
    unsent,
    uploads,
    verify,
    work_items,
)
from processes.delivery import arrivals, change_departure, directory, reconciliation, send
from processes.keys import KeyRing
from processes.means import Means, SigningMeans
from processes.outgoing import convert
from records import (
    axis_keeping,
    axis_log,
    content,
    keeping,
    login_session,
    seal,
    signing_session,
    throttle,
    transfer,
)
from records.content import ContentStore
from records.key_custody import record_use
from signing.keystores.base import KeyStore
from signing.timestamps import TimestampClient
from signing.trust import Trust
from web.svg import render_diagram

#: bytes no row names are kept this long, so that every backup that is restored finds its files
OLDEST_BACKUP = timedelta(days=40)
#: seconds an authority may take for a timestamp, while an officer waits
TSA_PATIENCE = 3.0


class KeyFolder:
    """Pictures as files: `pictures/<owner id>.png`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def image_of(self, owner: UUID) -> bytes | None:
        """Return the picture of a signature or seal, None where there is none."""
        path = self.folder / "pictures" / f"{owner}.png"
        return path.read_bytes() if path.is_file() else None


@dataclass(frozen=True, slots=True)
class Office:
    """One installation: its settings, its database, its means."""

    settings: Settings
    database: Database
    means: Means

    @classmethod
    def open(cls, settings: Settings, *, clock: Callable[[], datetime] | None = None) -> "Office":
        """Open the installation that `settings` describe; the database must answer."""
        catalogue.load()
        database = Database(
            settings.database_url,
            pool_size=max(5, settings.job_threads + 3),
            clock=clock or (lambda: datetime.now(UTC)),
        )
        BUDGET.instances = settings.max_instances
        return cls(settings, database, means_of(settings, database, clock))

    def handlers(self) -> Handlers:
        """Return how each kind of job is carried out."""
        handlers = Handlers()
        handlers.in_transaction(
            MACHINE_JOB,
            lambda tx, job: work_items.complete_by_machine(
                tx, self.means, UUID(job.payload["item"])
            ),
        )
        timers.add_handlers(handlers, self.means)
        carrying.add_handlers(handlers, self.means)
        verify.add_handlers(handlers, self.means)
        revocation_lists.add_handlers(handlers, self.means)
        stale_lists.add_handlers(handlers, self.means)
        journal_heads.add_handlers(handlers, self.means)
        axis_heads.add_handlers(handlers, self.means)
        axis_forward.add_handlers(handlers, self.means)
        archive.add_handlers(handlers, self.means)
        send.add_handlers(handlers, self.means)
        arrivals.add_handlers(handlers, self.means)
        change_departure.add_handlers(handlers, self.means)
        reconciliation.add_handlers(handlers, self.means)
        directory.add_handlers(handlers, self.means)
        convert.add_handlers(handlers, self.means)
        return handlers

    def periodic(self) -> list[Periodic]:
        """Return what the worker does again and again."""
        second = timedelta(seconds=1)
        return [
            Periodic("timers", second, timers.post_due),
            Periodic("seal journal", second, seal.seal),
            Periodic("sign journal head", timedelta(minutes=10), journal_heads.post_signing),
            Periodic("inbox load", timedelta(minutes=1), inbox.refresh_load),
            Periodic("sessions", timedelta(minutes=5), login_session.sweep),
            Periodic("throttles", timedelta(minutes=5), throttle.sweep_throttles),
            Periodic("uploads", timedelta(minutes=5), uploads.sweep),
            Periodic("signing sessions", timedelta(minutes=1), signing_session.sweep),
            Periodic("unsent forms", timedelta(minutes=5), unsent.sweep),
            Periodic("idempotency keys", timedelta(minutes=5), idempotency.sweep),
            Periodic("content", timedelta(days=1), self._sweep_content),
            Periodic("revocation lists", timedelta(minutes=1), revocation_lists.post_refresh),
            *self.hub_periodic(),
            *self._keeping(),
            Periodic("axis", timedelta(seconds=2), arrivals.post_polls),
            Periodic("axis ledger", timedelta(minutes=10), reconciliation.post_reconciling),
            Periodic("axis directory", timedelta(minutes=10), directory.post_reading),
        ]

    def hub_periodic(self) -> list[Periodic]:
        """Return what our own axis does again and again."""
        days = self.settings.hub.days_kept
        return [
            Periodic("axis log", axis_heads.CHAINED_EVERY, axis_log.chain),
            Periodic(
                "axis log head",
                axis_heads.SIGNED_EVERY,
                lambda tx: axis_heads.post_signing(tx, self.means),
            ),
            Periodic(
                "axis above",
                axis_forward.ASKED_EVERY,
                lambda tx: axis_forward.post_asking(tx, self.means),
            ),
            Periodic("axis bytes", timedelta(hours=1), lambda tx: axis_keeping.sweep(tx, days)),
        ]

    def _keeping(self) -> list[Periodic]:
        """Return what keeps signatures provable, nothing where no authority stamps times."""
        if self.means.signing.timestamps is None:
            return []
        return [
            Periodic("proofs", timedelta(seconds=10), archive.post_due),
            Periodic("older files", timedelta(minutes=10), keeping.take_in_older),
        ]

    def worker(self) -> Worker:
        """Return the worker of this installation."""
        return Worker(
            self.database,
            self.handlers(),
            self.periodic(),
            broker_url=self.settings.broker_url,
            threads=self.settings.job_threads,
        )

    def _sweep_content(self, tx: Transaction) -> None:
        """Remove the bytes no row names that are older than any backup that may come back."""
        self.means.content.sweep(
            lambda sha256: any(room.is_named(tx, sha256) for room in (content, keeping, transfer)),
            older_than=tx.now - OLDEST_BACKUP,
        )


def means_of(
    settings: Settings, database: Database, clock: Callable[[], datetime] | None = None
) -> Means:
    """Return what verbs work with, from the data directory."""
    keys = KeyFolder(settings.data / "signing")
    shelf = TrustShelf(settings.data / "signing", database)

    def note(acting: Acting, told: Mapping[str, Any]) -> UUID:
        with database.transaction(acting) as tx:
            return record_use(tx, told).id

    signing = SigningMeans(
        open_keystore=KeyRing(settings.data / "signing", note).open,
        note_use=note,
        known=shelf.known,
        image_of=keys.image_of,
        timestamps=timestamps_of(settings, lambda: shelf.known().trust, clock),
    )
    return Means(
        content=ContentStore(settings.data / "content"),
        signing=signing,
        sending=settings.sending,
        intermediaries=settings.intermediaries,
        envelope_signer=envelope_signer(settings, signing.check_keystore),
        axis_endpoint=f"http://127.0.0.1:{settings.port}/axis",
        axis_secret=keep_secret(settings.make_data() / "axis.key"),
        carrier=settings.axis_url,
        gateway=carriers(settings, database),
        names_all_receivers=settings.axis is AxisDriver.HUB,
        axis_rules=settings.hub.rules(stamps=bool(settings.tsa_urls)),
        upstream=upstream_of(settings),
        scratch=settings.data / "scratch",
        journal_key=lambda: journal_key(settings.data / "keys"),
        receipt_key=lambda: receipt_key(settings),
        draw=render_diagram,
    )


def receipt_key(settings: Settings) -> KeyStore:
    """Return what signs receipts: the key the axis knows, else the installation's own.

    Raises `EnvelopeNotSigned`, `SigningError`.
    """
    folder = settings.data / "keys"
    if settings.axis_signature is AxisSignature.NONE:
        return journal_key(folder).keystore
    return axis_key(folder)


def timestamps_of(
    settings: Settings, trust: Callable[[], Trust], clock: Callable[[], datetime] | None = None
) -> TimestampClient | None:
    """Return who stamps times, None where no authority is configured (máy chủ dấu thời gian)."""
    if not settings.tsa_urls:
        return None
    return TimestampClient(
        settings.tsa_urls,
        trust,
        clock=clock or (lambda: datetime.now(UTC)),
        timeout=TSA_PATIENCE,
        is_required=settings.timestamps is Timestamps.REQUIRED,
    )


def ready(database: Database) -> bool:
    """Return whether the database answers."""
    with database.transaction(SYSTEM) as tx:
        return tx.execute("SELECT 1").fetchone() == (1,)
