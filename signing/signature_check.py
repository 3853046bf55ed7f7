"""One signature of a PDF, looked at from every side (kiểm tra một chữ ký số)."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.validation.status import SignatureCoverageLevel

from signing import revision_walk
from signing.digests import open_signature
from signing.enclosure import check_binding, check_enclosure
from signing.evidence import Evidence, carried_by
from signing.judgement import Finding, Judge
from signing.modification import later_additions, title_changed
from signing.policy import SIGNATURE_ONLY
from signing.proof import SKEW, DocumentTimestamp, check_signature_timestamps, earliest
from signing.report import (
    Level,
    Modification,
    Reason,
    Remark,
    RevocationEvidence,
    SignatureReport,
    Verdict,
)
from signing.role import role_of_field
from signing.verdict import WORST

revision_walk.install()

SUPPORTED = {SigSeedSubFilter.PADES.value, SigSeedSubFilter.ADOBE_PKCS7_DETACHED.value}
#: what may be known of a certificate by now that a proven time outlives
OUTLIVED = {Reason.TERM_NOT_PROVEN, Reason.UNKNOWN_AUTHORITY, Reason.WEAK_ALGORITHM}

Judged = tuple[Verdict, Reason]


async def check_signature(
    reader: Any, name: str, field: Any, judge: Judge, stamps: Sequence[DocumentTimestamp]
) -> tuple[int, SignatureReport]:
    """Return the signed revision and the report on one filled field; never raise."""
    malformed = (Verdict.INVALID, Reason.FORMAT_FAILURE)
    blank = _judged(SignatureReport(name, *malformed, role=role_of_field(name)), malformed)
    try:
        value = field.get_object()["/V"]
        kind, filter_name = value.get("/Type", "/Sig"), value.get("/SubFilter", "")
        # pyHanko passes over what it does not support; here it counts against the document
        if kind != "/Sig" or filter_name not in SUPPORTED:
            return 0, _judged(blank, (Verdict.UNDETERMINED, Reason.UNSUPPORTED))
        check_enclosure(reader.stream, value)
        signature = open_signature(reader, field, name, judge.digests)
        check_binding(signature)
        evidence = judge.evidence.joined(carried_by(signature))
        judge = replace(judge, evidence=evidence)
        return signature.signed_revision, await _evaluate(signature, blank, judge, stamps)
    except Exception as error:  # noqa: BLE001 - hostile signatures raise anything: fail closed
        return 0, replace(blank, ades=type(error).__name__)


async def _evaluate(
    signature: Any, blank: SignatureReport, judge: Judge, stamps: Sequence[DocumentTimestamp]
) -> SignatureReport:
    signature.compute_integrity_info(diff_policy=SIGNATURE_ONLY)
    facts = signature.summarise_integrity_info()
    report = await _with_proof(_described(signature, blank), signature, judge, stamps)
    at = min(report.proven_at or judge.now, judge.now)
    then = await judge.signature(signature, at)
    now = then if _is_settled(then, at, judge) else await judge.certificate(signature, judge.now)
    changes = getattr(facts["diff_result"], "modification_level", ModificationLevel.OTHER)
    additions = _additions(signature, changes)
    retitled = Modification.METADATA in additions and title_changed(
        signature.reader, signature.signed_revision
    )
    revocation = judge.evidence.about(signature.signer_cert, at, judge.now)
    remarks = list(report.remarks)
    if retitled:
        remarks.append(Remark.TITLE_CHANGED)
    if _is_late(revocation, report):
        remarks.append(Remark.LATE_LIST)
    report = replace(
        report,
        remarks=tuple(remarks),
        level=_level(signature, judge.evidence, report, stamps),
        intact=then.intact,
        valid=then.valid,
        trusted=then.verdict is Verdict.VALID,
        coverage=facts["coverage"].name,
        modification=changes.name,
        modifications=additions,
        ades=now.ades,
        ades_at_signing=then.ades,
        revoked_at=now.revoked_at or then.revoked_at,
        revocation=revocation,
    )
    against = (then.verdict, then.reason) if then.is_broken else _against(facts, changes)
    if against is not None:
        return _judged(report, against)
    at_signing = _then(report, then)
    return _judged(report, _now(report, at_signing, now), at_signing)


def _is_late(revocation: RevocationEvidence | None, report: SignatureReport) -> bool:
    made = revocation.this_update if revocation else None
    return bool(made and report.valid_until and made > report.valid_until)


def _judged(
    report: SignatureReport, now: Judged, at_signing: Judged | None = None
) -> SignatureReport:
    verdict_at_signing, reason_at_signing = at_signing or now
    return replace(
        report,
        verdict=now[0],
        reason=now[1],
        verdict_at_signing=verdict_at_signing,
        reason_at_signing=reason_at_signing,
    )


async def _with_proof(
    report: SignatureReport, signature: Any, judge: Judge, stamps: Sequence[DocumentTimestamp]
) -> SignatureReport:
    """Return the report with the earliest time that a timestamp proves."""
    covered_at = earliest(stamps, signature.signed_revision)
    own = await check_signature_timestamps(signature, judge, covered_at or judge.now)
    later = [one.report for one in stamps if one.revision > signature.signed_revision]
    proofs = [
        (one.stamped_at, one.authority)
        for one in (*own, *later)
        if one.stamped_at and one.verdict is Verdict.VALID
    ]
    proven_at, proven_by = min(proofs, default=(None, ""))
    remarks = list(report.remarks)
    if any(one.verdict is not Verdict.VALID for one in own):
        remarks.append(Remark.TIMESTAMP_UNPROVEN)
    if report.claimed_at and report.claimed_at > (proven_at or judge.now) + SKEW:
        remarks.append(Remark.FUTURE)
    return replace(
        report,
        timestamps=own,
        proven_at=proven_at,
        proven_by=proven_by,
        remarks=tuple(remarks),
    )


def _is_settled(then: Finding, at: datetime, judge: Judge) -> bool:
    """Tell whether looking at the certificate as of now tells nothing more."""
    if at == judge.now or then.verdict is Verdict.INVALID:
        return True
    return then.chain_ends_at is not None and then.chain_ends_at < judge.now


def _against(facts: dict[str, Any], changes: ModificationLevel) -> Judged | None:
    """Return what speaks against the document, whatever is known of certificates."""
    if facts["coverage"].value < SignatureCoverageLevel.ENTIRE_REVISION.value:
        return Verdict.INVALID, Reason.NOT_COVERED
    if not facts["docmdp_ok"] or changes > ModificationLevel.FORM_FILLING:
        return Verdict.INVALID, Reason.CONTENT_CHANGED
    return None


def _then(report: SignatureReport, then: Finding) -> Judged:
    """Return the verdict as of the proven time; where none is proven, as of now."""
    if then.reason is not Reason.TERM_NOT_PROVEN:
        return then.verdict, then.reason
    claimed, start, end = report.claimed_at, report.valid_from, report.valid_until
    if not (claimed and start and end and start <= claimed <= end):
        return Verdict.INVALID, Reason.SIGNED_OUT_OF_TERM
    if any(one.reason is Reason.REVOCATION_UNKNOWN for one in report.timestamps):
        # there is a proof, and only the authority's list is wanting
        return Verdict.UNDETERMINED, Reason.REVOCATION_UNKNOWN
    return Verdict.UNDETERMINED, Reason.TERM_NOT_PROVEN


def _now(report: SignatureReport, at_signing: Judged, now: Finding) -> Judged:
    """Return the verdict as of now: what held at a proven time outlives term and revocation."""
    if report.proven_at is None:
        return at_signing
    found = (now.verdict, now.reason)
    if now.reason in OUTLIVED:
        found = at_signing
    if now.reason is Reason.REVOKED:
        revoked_later = now.revoked_at is not None and report.proven_at < now.revoked_at
        found = at_signing if revoked_later else found
    return min(found, at_signing, key=_rank)


def _rank(judged: Judged) -> int:
    return WORST.index(judged[0])


def _additions(signature: Any, changes: ModificationLevel) -> tuple[Modification, ...]:
    found = later_additions(signature.reader, signature.signed_revision)
    if changes > ModificationLevel.FORM_FILLING:
        return (*found, Modification.FORBIDDEN)
    return found


def _described(signature: Any, blank: SignatureReport) -> SignatureReport:
    certificate = signature.signer_cert
    claimed = signature.self_reported_timestamp
    if claimed is not None and claimed.tzinfo is None:
        claimed = None
    subject = certificate.subject.native
    return replace(
        blank,
        subject=_name(subject, "common_name"),
        organization=_name(subject, "organization_name"),
        issuer=_name(certificate.issuer.native, "common_name"),
        serial=f"{certificate.serial_number:x}",
        fingerprint=certificate.sha256.hex(),
        valid_from=certificate.not_valid_before,
        valid_until=certificate.not_valid_after,
        claimed_at=claimed,
        digest_algorithm=signature.md_algorithm,
        signed_digest=signature.compute_digest().hex(),
        attributes_digest=_attributes_digest(signature),
    )


def _attributes_digest(signature: Any) -> str:
    attributes = signature.signer_info["signed_attrs"].untag().dump()
    return hashlib.new(signature.md_algorithm, attributes).hexdigest()


def _name(names: dict[str, Any], key: str) -> str:
    value = names.get(key, "")
    return value if isinstance(value, str) else ", ".join(map(str, value))


def _level(
    signature: Any,
    evidence: Evidence,
    report: SignatureReport,
    stamps: Sequence[DocumentTimestamp],
) -> Level:
    """Return the level of this signature, which may be lower than that of the file's others."""
    later = [one for one in stamps if one.revision > signature.signed_revision]
    if not report.timestamps and not later:
        return Level.B
    brought = evidence.embedded_for(signature.signer_cert)
    if not brought:
        return Level.T
    return Level.LTA if any(one.revision > min(brought) for one in later) else Level.LT
