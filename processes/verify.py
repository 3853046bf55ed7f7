"""A PDF's signatures judged for the registry (kiểm tra chữ ký số khi tiếp nhận)."""

from dataclasses import dataclass
from datetime import datetime

from processes.means import Means
from records.vocabulary import Authenticity
from signing.policy import ExpectedSigner, ValidationPolicy
from signing.report import DocumentReport, Verdict
from signing.role import SignRole
from signing.sandbox import validate_limited

#: a document one of these stands on must bear the other too: else a signature was cut off
_BOTH = (ExpectedSigner(SignRole.APPROVE), ExpectedSigner(SignRole.SEAL))


@dataclass(frozen=True, slots=True)
class Examination:
    """The verdict in the registry's words and the report as JSON."""

    authenticity: Authenticity
    report: str


def examine_pdf(means: Means, pdf: bytes, now: datetime) -> Examination:
    """Check a PDF's signatures within limits of time and memory; fail closed."""
    report = _validate(means, pdf, now, ValidationPolicy(expected=_BOTH))
    roles = {signature.role for signature in report.signatures}
    if not roles & {SignRole.APPROVE, SignRole.SEAL, SignRole.NUMBER}:
        # Another system's document, or an unsigned one: nobody is known to be missing.
        report = _validate(means, pdf, now, ValidationPolicy())
    return Examination(authenticity_of(report), report.to_json())


def _validate(means: Means, pdf: bytes, now: datetime, policy: ValidationPolicy) -> DocumentReport:
    return validate_limited(
        pdf, trust=means.signing.trust, revocation=means.signing.revocation, policy=policy, at=now
    )


def authenticity_of(report: DocumentReport) -> Authenticity:
    """Return the registry's word for a report."""
    return {
        Verdict.VALID: Authenticity.VALID,
        Verdict.INVALID: Authenticity.INVALID,
        Verdict.UNSIGNED: Authenticity.UNSIGNED,
    }.get(report.verdict, Authenticity.UNDETERMINED)
