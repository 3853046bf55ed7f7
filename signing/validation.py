"""Whether the signatures of a PDF hold (kiểm tra chữ ký số): all conditions at once, or not valid.

A signature counts only when its cryptography, its certificate, the bytes it covers, everything
added behind it and the end of the file are in order, and nothing went wrong while looking.
"""

import asyncio
import contextlib
import io
from dataclasses import replace
from datetime import datetime
from typing import Any

from signing.digests import Digests
from signing.errors import EncryptedPdf, SigningError, cause_of
from signing.evidence import read_evidence
from signing.judgement import Judge
from signing.pdf_file import LenientReader, check_outline, is_accounted_for, tail_matches
from signing.policy import ValidationPolicy
from signing.proof import check_document_timestamps, covers
from signing.report import (
    DocumentReport,
    Reason,
    Remark,
    SignatureReport,
    TimestampReport,
    Verdict,
)
from signing.revocation import Revocation
from signing.role import SignRole
from signing.signature_check import check_signature
from signing.trust import Trust
from signing.verdict import WORST
from signing.widgets import (
    Widget,
    drawn_unsigned,
    first_signed,
    large,
    may_overlap,
    overlapping,
    signature_fields,
    widgets_of,
)

#: a trace of a signature, even where no reader finds it any more
TRACES = (b"/ByteRange", b"/ETSI.CAdES.detached", b"/adbe.pkcs7.detached", b"/DocTimeStamp")


def validate_pdf(
    pdf: bytes,
    *,
    trust: Trust,
    revocation: Revocation,
    policy: ValidationPolicy | None = None,
    at: datetime,
) -> DocumentReport:
    """Return what can be said of the signatures of `pdf` at the moment `at`; never raise.

    Whatever goes wrong while reading is a failure of the file, never "no signatures".
    """
    check = _Check(pdf, trust, revocation, policy or ValidationPolicy(), at)
    try:
        check_outline(pdf)
        return asyncio.run(check.run())
    except EncryptedPdf:
        return check.failed(Reason.ENCRYPTED, Verdict.UNDETERMINED)
    except SigningError as error:
        return check.failed(Reason.UNREADABLE, detail=error.code)
    except Exception as error:  # noqa: BLE001 - hostile files raise anything; all of it fails closed
        # where no signature is at stake the file is merely damaged
        reason = Reason.FORMAT_FAILURE if _bears_traces(pdf) else Reason.UNREADABLE
        return check.failed(reason, detail=cause_of(error))


class _Check:
    """One validation under way."""

    def __init__(
        self,
        pdf: bytes,
        trust: Trust,
        revocation: Revocation,
        policy: ValidationPolicy,
        at: datetime,
    ) -> None:
        self.pdf = pdf
        self.trust = trust
        self.revocation = revocation
        self.policy = policy
        self.at = at
        self.digests = Digests(pdf)

    def failed(
        self, reason: Reason, verdict: Verdict = Verdict.INVALID, detail: str = ""
    ) -> DocumentReport:
        return self._report(verdict, reason, detail=detail[:500])

    def _report(self, verdict: Verdict, reason: Reason, **rest: Any) -> DocumentReport:
        digest = self.digests.of_file()
        rest.setdefault("missing_roles", tuple(one.role for one in self.policy.expected))
        rest.setdefault("trust_version", str(self.trust.version or ""))
        rest.setdefault("policy_version", str(self.policy.version or ""))
        rest.setdefault("verdict_at_signing", verdict)
        rest.setdefault("reason_at_signing", reason)
        return DocumentReport(verdict, self.at, reason, digest=digest, **rest)

    async def run(self) -> DocumentReport:
        # Word writes files that no strict reader accepts; they are read, and the report says so
        reader = LenientReader(io.BytesIO(self.pdf))
        if reader.encrypt_dict is not None:
            raise EncryptedPdf
        tail_ok = tail_matches(self.pdf, reader.last_startxref)
        fields = signature_fields(reader, filled=True)
        if not fields:
            return self._without_signatures(tail_ok=tail_ok)
        tail_ok = tail_ok and is_accounted_for(self.pdf, reader, _covered(fields))
        reader.read_strictly(first_signed(reader, fields))
        if len(fields) > self.policy.most_signatures:
            return self.failed(Reason.LIMIT_EXCEEDED, Verdict.UNDETERMINED)
        evidence = read_evidence(self.trust, self.revocation, reader)
        judge = Judge(self.trust, self.policy, evidence, self.at, self.digests)
        filled = [(name, field, _is_timestamp(field)) for name, _, field in fields]
        stamps = await check_document_timestamps(
            reader, [(name, field) for name, field, is_timestamp in filled if is_timestamp], judge
        )
        judge = replace(judge, evidence=evidence.with_covers(covers(stamps)))
        signatures = [
            await check_signature(reader, name, field, judge, stamps)
            for name, field, is_timestamp in filled
            if not is_timestamp
        ]
        signed = [report for _, report in sorted(signatures, key=lambda one: one[0])]
        return self._judged(reader, signed, [one.report for one in stamps], tail_ok=tail_ok)

    def _without_signatures(self, *, tail_ok: bool) -> DocumentReport:
        if not tail_ok:
            return self._report(Verdict.INVALID, Reason.TAIL_MISMATCH, tail_ok=False)
        if _bears_traces(self.pdf):
            return self.failed(Reason.FORMAT_FAILURE, detail="signature without a field")
        return self._report(Verdict.UNSIGNED, Reason.NO_SIGNATURE)

    def _judged(
        self,
        reader: Any,
        signatures: list[SignatureReport],
        stamps: list[TimestampReport],
        *,
        tail_ok: bool,
    ) -> DocumentReport:
        widgets = widgets_of(reader)
        signatures = [_with_overlaps(one, widgets) for one in signatures]
        vouched = {one.field for one in signatures}
        #: what speaks against the document whenever it is looked at
        found: list[tuple[Verdict, Reason]] = []
        if not tail_ok:
            found.append((Verdict.INVALID, Reason.TAIL_MISMATCH))
        if any(drawn_unsigned(one, vouched) for one in widgets):
            found.append((Verdict.INVALID, Reason.UNSIGNED_APPEARANCE))
        # who stamped may be unknown; a stamp that does not fit the file is a forgery
        found += [(one.verdict, one.reason) for one in stamps if one.verdict is Verdict.INVALID]
        missing = self._missing(signatures)
        if missing:
            found.append((Verdict.INVALID, Reason.MISSING_ROLE))
        if not signatures:
            # timestamps vouch for a time, not for a signer
            found.append((Verdict.UNSIGNED, Reason.NO_SIGNATURE))
        verdict, reason = _worst([*((one.verdict, one.reason) for one in signatures), *found])
        then = [(one.verdict_at_signing, one.reason_at_signing) for one in signatures]
        verdict_at_signing, reason_at_signing = _worst([*then, *found])
        return self._report(
            verdict,
            reason,
            verdict_at_signing=verdict_at_signing,
            reason_at_signing=reason_at_signing,
            signatures=tuple(signatures),
            missing_roles=missing,
            remarks=tuple(self._remarks(reader, signatures, stamps, widgets)),
            timestamps=tuple(stamps),
            tail_ok=tail_ok,
        )

    def _missing(self, signatures: list[SignatureReport]) -> tuple[SignRole, ...]:
        return tuple(
            expected.role
            for expected in self.policy.expected
            if not any(
                one.role == expected.role and expected.matches(one.subject, one.fingerprint)
                for one in signatures
            )
        )

    def _remarks(
        self,
        reader: Any,
        signatures: list[SignatureReport],
        stamps: list[TimestampReport],
        widgets: list[Widget],
    ) -> list[Remark]:
        remarks = []
        if reader.xrefs.hybrid_xrefs_present:
            remarks.append(Remark.HYBRID)
        if any(not may_overlap(one.field, other.field) for one, other in overlapping(widgets)):
            remarks.append(Remark.OVERLAP)
        if any(large(one) for one in widgets):
            remarks.append(Remark.LARGE)
        if any(not one.is_signed and one.is_late for one in widgets):
            remarks.append(Remark.EMPTY_FIELD)
        if any(one.verdict is not Verdict.VALID for one in stamps):
            remarks.append(Remark.TIMESTAMP_UNPROVEN)
        expected = self.policy.expected
        if expected and not all(
            any(one.matches(sign.subject, sign.fingerprint) for one in expected)
            for sign in signatures
        ):
            remarks.append(Remark.UNEXPECTED_SIGNER)
        return remarks


def _bears_traces(pdf: bytes) -> bool:
    return any(trace in pdf for trace in TRACES)


def _worst(found: list[tuple[Verdict, Reason]]) -> tuple[Verdict, Reason]:
    return min(found, key=lambda one: WORST.index(one[0]))


def _is_timestamp(field: Any) -> bool:
    try:
        return bool(field.get_object()["/V"].get("/Type") == "/DocTimeStamp")
    except Exception:  # noqa: BLE001 - a signature until proven otherwise
        return False


def _with_overlaps(report: SignatureReport, widgets: list[Widget]) -> SignatureReport:
    pairs = [(one.field, other.field) for one, other in overlapping(widgets)]
    others = [other for one, other in pairs if one == report.field]
    others += [one for one, other in pairs if other == report.field]
    return replace(report, overlaps=tuple(dict.fromkeys(others)))


def _covered(fields: list[Any]) -> int:
    """Return where the last range of a signature ends; 0 where a range says nothing."""
    ends = [0]
    for _, value, _ in fields:
        with contextlib.suppress(KeyError, TypeError, ValueError, IndexError):
            _, _, start, length = value.get_object()["/ByteRange"]
            ends.append(int(start) + int(length))
    return max(ends)
