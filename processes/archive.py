"""Signatures kept provable in the background (lưu giữ giá trị chữ ký số): by schedule, by jobs.

NĐ 30/2020, Điều 29–31 keeps documents for up to seventy years; certificates end after five. What
was found valid is taken in once, then gets a timestamp, evidence and further timestamps when due.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from engine import jobs
from engine.database import Transaction
from engine.handlers import Errand, GiveUp, Handlers
from engine.jobs import ClaimedJob
from processes.means import Known, Means
from processes.verify import examination_of, judge_pdf, keep_check
from records import journal
from records.content import File, Stored
from records.keeping import ProofStep, SignatureKeeping
from signing.archive import Archive, Augmented, Due
from signing.errors import SigningError
from signing.proof_errors import (
    ChainUnproven,
    ClockAstray,
    NothingToKeep,
    TimestampRefused,
    TimestampUnavailable,
    TooEarly,
)
from signing.revocation import Revocation
from signing.trust import AnchorRole

#: the job that adds the next proof to one file
KEEP_JOB = "keep_signatures"
#: files handed to jobs in one statement
BATCH = 500
#: pauses double from the first to the longest; after so many failures an operator looks
FIRST_PAUSE, LONGEST_PAUSE, ATTEMPTS = timedelta(minutes=5), timedelta(hours=6), 8
#: a list that is due is out a little later
LEEWAY = timedelta(minutes=10)
#: what may be different later: an authority that is gone comes back
_PASSING = (TimestampUnavailable, TimestampRefused, ClockAstray, ChainUnproven)

_DUE = """SELECT id, agency_id, due_at FROM signature_keeping k
WHERE due_at <= %s AND NOT EXISTS (
  SELECT FROM job
  WHERE key = 'keep:' || k.id || ':' || (extract(epoch FROM k.due_at) * 1000000)::bigint)
ORDER BY due_at LIMIT %s"""
_TOLD = "SELECT 1 FROM incident WHERE closed_at IS NULL AND kind = %s AND agency_id = %s LIMIT 1"


def add_handlers(handlers: Handlers, means: Means) -> None:
    """Tell the worker how the next proof is added."""
    handlers.outside(KEEP_JOB, lambda errand, job: keep(errand, job, means))


def post_due(tx: Transaction) -> int:
    """Post a job for each file that needs a proof now; return how many."""
    due = tx.execute(_DUE, tx.now, BATCH).fetchall()
    posts = [
        jobs.Post(
            f"keep:{identity}:{round(due_at.timestamp() * 1_000_000)}",
            {"keeping": str(identity)},
            agency_id,
        )
        for identity, agency_id, due_at in due
    ]
    jobs.post_all(tx, KEEP_JOB, posts)
    return len(due)


def keep(errand: Errand, job: ClaimedJob, means: Means) -> None:
    """Add what a file's signatures need next; the file before stays in the store as it is.

    What fails is tried again with growing pauses, at last it is an incident.
    """
    identity = UUID(job.payload["keeping"])
    with errand.transaction() as tx:
        keeping = tx.get(SignatureKeeping, identity)
        sha256, failures, now = keeping.sha256, keeping.failures, tx.now
    archive = archive_of(means, now)
    pdf = means.content.read(sha256)
    try:
        done = archive.augment(pdf, now)
        following = archive.next_due(done.pdf, now)
    except TooEarly as early:
        _wait(errand, identity, early.fields["at"] + LEEWAY)
        return
    except NothingToKeep:
        _wait(errand, identity, None)
        return
    except _PASSING as error:
        if failures + 1 >= ATTEMPTS and not _is_told(errand):
            raise _given_up(identity, error) from error
        pause = min(FIRST_PAUSE * 2 ** min(failures, ATTEMPTS), LONGEST_PAUSE)
        _wait(errand, identity, now + pause, failures + 1, error.text("vi"))
        return
    except SigningError as error:
        raise _given_up(identity, error) from error
    stored = means.content.put(done.pdf)
    with errand.finish() as tx:
        _keep(tx, identity, stored, done, following)


@dataclass(frozen=True)
class _Lists:
    """The lists of the installation, asked for where they are missing."""

    known: Known

    def ensure(self, chain: Sequence[bytes], role: AnchorRole, now: datetime) -> list[SigningError]:
        return self.known.cache.ensure(chain, role, now)

    def revocation(self) -> Revocation:
        return self.known.revocation()


def archive_of(means: Means, now: datetime) -> Archive:
    """Return what adds proofs by what the agency trusts now."""
    known = means.signing.known()
    assert means.signing.timestamps is not None
    return Archive(
        known.trust,
        _Lists(known),
        means.signing.timestamps,
        lambda pdf: judge_pdf(means, pdf, now),
        known.policy,
    )


def _keep(
    tx: Transaction, identity: UUID, stored: Stored, done: Augmented, following: Due | None
) -> None:
    keeping = tx.get(SignatureKeeping, identity, lock=True)
    file = tx.get(File, keeping.file_id)
    keeping.sha256, keeping.size = stored.sha256, stored.size
    _plan(keeping, following)
    stamped = done.stamped
    facts: dict[str, Any] = {
        "step": done.step.value,
        "sha256_before": done.digest_before,
        "sha256_after": done.digest_after,
        "tsa_name": stamped.authority,
        "tsa_serial": stamped.serial,
    }
    tx.add(
        ProofStep(
            agency_id=keeping.agency_id,
            file_id=file.id,
            made_at=done.at,
            tsa_url=stamped.url,
            stamped_at=stamped.at,
            tsa_valid_until=stamped.valid_until,
            evidence="\n".join(done.evidence),
            **facts,
        )
    )
    keep_check(tx, file, examination_of(done.report))
    journal.record(tx, "keep_signatures", "file", file.id, **facts)


def _plan(keeping: SignatureKeeping, following: Due | None) -> None:
    keeping.next_step = following.step.value if following else ""
    keeping.due_at = following.at if following else None
    keeping.failures, keeping.last_error = 0, ""


def _wait(
    errand: Errand, identity: UUID, due_at: datetime | None, failures: int = 0, error: str = ""
) -> None:
    with errand.finish() as tx:
        keeping = tx.get(SignatureKeeping, identity, lock=True)
        keeping.due_at, keeping.failures, keeping.last_error = due_at, failures, error


def _is_told(errand: Errand) -> bool:
    """Tell whether an incident says it already: one for all files of an agency will do."""
    with errand.transaction() as tx:
        found = tx.execute(_TOLD, KEEP_JOB, errand.acting.agency_id)
        return found.fetchone() is not None


def _given_up(identity: UUID, error: SigningError) -> GiveUp:
    words = error.text("vi")

    def also(tx: Transaction) -> None:
        keeping = tx.get(SignatureKeeping, identity, lock=True)
        keeping.due_at, keeping.last_error = None, words

    return GiveUp(words, also=also)
