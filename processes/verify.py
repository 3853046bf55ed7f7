"""A PDF's signatures judged for the registry (kiểm tra chữ ký số khi tiếp nhận)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from engine import jobs
from engine.database import Transaction
from engine.handlers import Errand, Handlers
from engine.jobs import ClaimedJob
from processes.means import Known, Means
from records import keeping
from records.content import File, Stored
from records.document import IncomingDocument
from records.inspection import PDF
from records.verification import SignatureCheck
from records.vietnamese import VIETNAM
from records.vocabulary import Authenticity, FileKind
from signing.policy import ValidationPolicy
from signing.report import DocumentReport, Verdict
from signing.role import SignRole
from signing.sandbox import validate_limited

#: the job that checks what came in by hand and what we signed ourselves
CHECK_JOB = "check_signatures"

#: a document one of these stands on must bear what an outgoing one must: else one was cut off
_OURS = {SignRole.APPROVE, SignRole.SEAL, SignRole.NUMBER}


@dataclass(frozen=True, slots=True)
class Examination:
    """The verdict in the registry's words and the report as JSON."""

    authenticity: Authenticity
    report: str


def examine_pdf(means: Means, pdf: bytes, now: datetime) -> Examination:
    """Check a PDF's signatures within limits of time and memory; fail closed.

    What a kind of document must bear is the policy's word (chữ ký phải có theo loại văn bản).
    """
    return examination_of(judge_pdf(means, pdf, now))


def examination_of(report: DocumentReport) -> Examination:
    """Return a report as the registry keeps it."""
    return Examination(authenticity_of(report), report.to_json())


def judge_pdf(means: Means, pdf: bytes, now: datetime) -> DocumentReport:
    """Do as `examine_pdf`, and return the whole report."""
    known = means.signing.known()
    report = _validate(known, pdf, now, known.policy.expecting("outgoing", _today(now)))
    if not {signature.role for signature in report.signatures} & _OURS:
        # Another system's document, or an unsigned one: nobody is known to be missing.
        report = _validate(known, pdf, now, known.policy)
    return report


def _today(now: datetime) -> date:
    return now.astimezone(VIETNAM).date()


def _validate(known: Known, pdf: bytes, now: datetime, policy: ValidationPolicy) -> DocumentReport:
    return validate_limited(
        pdf, trust=known.trust, revocation=known.revocation(), policy=policy, at=now
    )


def authenticity_of(report: DocumentReport) -> Authenticity:
    """Return the registry's word for a report."""
    return {
        Verdict.VALID: Authenticity.VALID,
        Verdict.INVALID: Authenticity.INVALID,
        Verdict.UNSIGNED: Authenticity.UNSIGNED,
    }.get(report.verdict, Authenticity.UNDETERMINED)


def keep_check(tx: Transaction, file: File, examination: Examination) -> SignatureCheck:
    """Keep a verdict and its report with the file (TT 41/2017/TT-BTTTT, Điều 9)."""
    return tx.add(
        SignatureCheck(
            agency_id=file.agency_id,
            file_id=file.id,
            verdict=examination.authenticity,
            report=examination.report,
            checked_at=tx.now,
        )
    )


def conclude(tx: Transaction, file: File, examination: Examination) -> None:
    """Keep a verdict; a document that was not checked yet takes that of its main file.

    A scan says nothing of its paper, and no later check changes what somebody has decided upon.
    """
    keep_check(tx, file, examination)
    if file.incoming_document_id is None or file.kind is not FileKind.MAIN:
        return
    document = tx.get(IncomingDocument, file.incoming_document_id, lock=True)
    if document.authenticity is Authenticity.UNCHECKED:
        document.authenticity = examination.authenticity


def main_of(files: Sequence[Stored]) -> Stored | None:
    """Return which of the files is the document itself: the first PDF, or else the first.

    Without a PDF there is no signature to check.
    """
    return next((f for f in files if f.media_type == PDF), files[0] if files else None)


def post_check(tx: Transaction, file: File) -> None:
    """Have the worker check the signatures of a file: readers see a verdict, not a promise."""
    jobs.post(tx, CHECK_JOB, {"file": str(file.id)}, agency_id=file.agency_id)


def add_handlers(handlers: Handlers, means: Means) -> None:
    """Tell the worker how signatures are checked."""
    handlers.outside(CHECK_JOB, lambda errand, job: _check(errand, job, means))


def _check(errand: Errand, job: ClaimedJob, means: Means) -> None:
    with errand.transaction() as tx:
        sha256, now = tx.get(File, UUID(job.payload["file"])).sha256, tx.now
    examination = examine_pdf(means, means.content.read(sha256), now)
    with errand.finish() as tx:
        file = tx.get(File, UUID(job.payload["file"]))
        conclude(tx, file, examination)
        begin_keeping(tx, means, file, examination)


def begin_keeping(tx: Transaction, means: Means, file: File, examination: Examination) -> None:
    """Keep the signatures of a checked file provable, where a timestamping authority is known."""
    if means.signing.timestamps is not None:
        keeping.take_in(tx, file, examination.authenticity)
