"""Issues documents while faults befall the hosts, then waits until nothing moves any more."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast

from host_faults import Fault, Kind, befalls, draw, small_disks
from host_ground import RECEIVER, SENDER, WORKS, Hosts
from host_invariants import Books, broken, read_books
from story import Story, letter, registering, today, word_file

from engine import jobs
from engine.errors import OfficeError, StorageFull, Unavailable
from engine.jobs import Incident
from processes.delivery.reconciliation import post_reconciling
from processes.incoming.check_authenticity import SignaturesUnchecked
from processes.order import Order
from processes.outgoing.issue import issue
from processes.outgoing.paper import current_paper
from records.content import attach_file
from records.document import IncomingDocument, OutgoingDocument
from records.recipient import Recipient
from records.vocabulary import Authenticity, FileKind

#: a backup of the hub is taken as often as so many faults
BACKUP_EVERY = 8
#: of so many documents the receiver's clerk accepts and registers one
REGISTERED = 5
#: of so many documents one is a PDF signed by two people and sealed, which the receiver checks
SIGNED = 10
#: longest wait without any change: leases run out, pauses between attempts double
PATIENCE = 300.0
#: what people meet where a database is away or a disk full; they try again
_AWAY = (Unavailable, StorageFull)


@dataclass
class Run:
    """One run: what is drawn comes from the seed alone."""

    hosts: Hosts
    seed: int
    tell: Callable[[str], None]
    acknowledged: set[str] = field(default_factory=set)
    befallen: Counter[Kind] = field(default_factory=Counter)
    #: fault points that somebody reached
    reached: int = 0
    _number: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.sender, self.receiver = (self.hosts.story(n) for n in (SENDER, RECEIVER))
        self.backup = self.hosts.folder / "hub-backup"
        self.sealed = _sealed(self.sender)
        self._pause = threading.Event()  # nobody sets it: its wait is a stretch of time

    def close(self) -> None:
        self.sender.office.database.dispose()
        self.receiver.office.database.dispose()

    def all(self, documents: int, faults: Sequence[Fault] | int) -> list[str]:
        """Issue so many documents under these faults, or so many drawn; return what is broken."""
        drawn = [draw(self.random) for _ in range(faults)] if isinstance(faults, int) else faults
        with small_disks(self.hosts):
            for index, fault in enumerate(drawn):
                if index % BACKUP_EVERY == 0:
                    self.hosts.hub.back_up(self.backup)
                self.suffer(fault, documents * (index + 1) // len(drawn) - len(self.acknowledged))
            self.settle()
            return broken(self.books, self.acknowledged)

    def suffer(self, fault: Fault, documents: int) -> None:
        """Issue documents before and while a fault lasts."""
        began = time.monotonic()
        left = documents - self.issue(documents // 3)
        with befalls(self.hosts, fault, self.backup) as over:
            end = time.monotonic() + fault.seconds
            while not over() and (rest := end - time.monotonic()) > 0:
                left -= self.issue(min(left, 1))
                self._pause.wait(min(rest, 0.02))
            if fault.kind is Kind.POINT:
                self.reached += over()
        end = time.monotonic() + PATIENCE
        while (left := left - self.issue(left)) and time.monotonic() < end:
            self._pause.wait(0.2)
        if fault.kind is Kind.RESTORE:
            self.reconcile()
        self.register(max(1, documents // REGISTERED))
        self.befallen[fault.kind] += 1
        self.tell(f"{sum(self.befallen.values()):4} {fault} ({time.monotonic() - began:.1f} s)")

    # -- what people do ------------------------------------------------------------------------

    def issue(self, count: int) -> int:
        """Issue documents at the sender, a small Word file each; return how many were issued."""
        for done in range(count):
            self._number += 1
            try:
                self.acknowledged.add(self._issue_one(self._number))
            except _AWAY:
                return done
        return count

    def _issue_one(self, number: int) -> str:
        story, (symbol, code) = self.sender, WORKS[SENDER]
        is_signed = number % SIGNED == 0
        content = self.sealed if is_signed else word_file(f"{self.seed} {number}")
        stored = story.means.content.put(content)
        with story.as_("vanthu.stttt") as tx:
            agency_id = tx.acting.agency_id
            assert agency_id is not None
            reference = f"{number}/{symbol}-MPM"
            document = tx.add(
                OutgoingDocument(
                    agency_id=agency_id,
                    identifier=f"{code},{today():%Y/%m/%d},{reference}",
                    type_name="Công văn",
                    code_number=str(number),
                    code_notation=f"{symbol}-MPM",
                    issued_on=today(),
                    organ_code=code,
                    organ_name="Sở Thông tin và Truyền thông",
                    subject=f"Công văn số {number}, hạt giống {self.seed}",
                    place="Thái Nguyên",
                    signer_name="Đỗ Xuân Hòa",
                    signer_position="Giám đốc",
                    signed_at=tx.now,
                    sealed_at=tx.now,
                    created_at=tx.now,
                )
            )
            attach_file(
                tx,
                document,
                stored,
                name=f"cong-van.{'pdf' if is_signed else 'docx'}",
                kind=FileKind.SIGNED,
            )
            tx.add(
                Recipient(
                    agency_id=agency_id,
                    outgoing_document_id=document.id,
                    organ_code=WORKS[RECEIVER][1],
                    name="Sở Tài chính",
                )
            )
            tx.flush()
            order: Order[Any] = Order(cast("Any", None), cast("Any", None), document, {})
            issue(tx, story.means, order)
            return document.identifier or ""

    def register(self, count: int) -> None:
        """Have the receiver's clerk accept and register what waits for her longest."""
        clerk = "vanthu.stc"
        for _ in range(count):
            with suppress(*_AWAY, SignaturesUnchecked):
                found = self.receiver.items(clerk, "check")[:1]
                if not found:
                    return
                [document] = self.receiver.all(
                    IncomingDocument,
                    IncomingDocument.id == self._subject(found[0].instance_id),
                )
                self.receiver.do(clerk, "check", of=document.id, **_found(document))
                values = registering(document, self.receiver.kind("STC", "CV"))
                self.receiver.do(clerk, "register", of=document.id, **values)

    def _subject(self, instance_id: object) -> object:
        return self.receiver.value(
            "SELECT subject_id FROM process_instance WHERE id = %s", instance_id
        )

    # -- what operators do ---------------------------------------------------------------------

    def reconcile(self) -> None:
        """Compare with the axis now; the worker does it every ten minutes."""
        for story in (self.sender, self.receiver):
            with suppress(OfficeError), story.office.database.transaction() as tx:
                post_reconciling(tx)

    def retry(self) -> None:
        """Try again at once what waits for another attempt, and what was given up."""
        for story in (self.sender, self.receiver):
            with suppress(OfficeError), story.office.database.transaction() as tx:
                opened = tx.execute("SELECT id FROM incident WHERE closed_at IS NULL").fetchall()
                for (incident,) in opened:
                    with suppress(OfficeError):
                        jobs.retry(tx, tx.get(Incident, incident, lock=True))
                tx.execute("UPDATE job SET run_at = clock_timestamp() WHERE state = 'ready'")

    def settle(self, patience: float = PATIENCE) -> None:
        """Wait until the books agree, or do not change any more in the time given."""
        self.books: Books = read_books(self.hosts, chains=False)
        end, round_ = time.monotonic() + patience, 0
        while broken(self.books, self.acknowledged) and time.monotonic() < end:
            self.retry()
            if round_ % 20 == 5:
                self.reconcile()
            self._pause.wait(1.0)
            found, round_ = read_books(self.hosts, chains=False), round_ + 1
            if found != self.books:
                end = time.monotonic() + patience
            self.books = found
        self.books = read_books(self.hosts)

    def figures(self) -> dict[str, Any]:
        """Return what a run came to, for the totals."""
        known = "SELECT count(*) FROM packet WHERE result = 'duplicate'"
        return {
            "seed": self.seed,
            "documents": len(self.books.issued),
            "faults": sum(self.befallen.values()),
            "points reached": self.reached,
            "by kind": {str(kind): n for kind, n in sorted(self.befallen.items())},
            "statuses": len(self.books.reached),
            "registered": len(self.books.numbered),
            "attempts": sum(
                node.rows("SELECT count(*) FROM delivery_attempt")[0][0]
                for node in (self.hosts.sender, self.hosts.receiver)
            ),
            "came again": sum(
                node.rows("SELECT coalesce(sum(repeats), 0)::bigint FROM packet")[0][0]
                + node.rows(known)[0][0]
                for node in (self.hosts.sender, self.hosts.receiver)
            ),
        }


def _sealed(sender: Story) -> bytes:
    """Return a công văn with its signatures and its seal."""
    document = letter(sender, "issue", subject="Văn bản đã ký số")
    with sender.office.database.transaction() as tx:
        paper = current_paper(tx, tx.get(OutgoingDocument, document))
    return sender.means.content.read(paper.file.sha256)


def _found(document: IncomingDocument) -> dict[str, str]:
    """Return what the clerk says of a document's origin."""
    if document.authenticity is Authenticity.VALID:
        return {"outcome": "accept"}
    return {"outcome": "accept_unsigned", "reason": "Đã xác minh qua điện thoại"}
