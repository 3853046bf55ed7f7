"""One signature of a PDF, looked at from every side (kiểm tra một chữ ký số)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from asn1crypto import crl, ocsp, x509
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate, AdESPassed
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.validation import EmbeddedPdfSignature, KeyUsageConstraints
from pyhanko.sign.validation.ades import ades_basic_validation
from pyhanko.sign.validation.policy_decl import (
    CertificateFetchingRule,
    CMSAlgorithmUsagePolicy,
    LocalKnowledge,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from signing.policy import SIGNATURE_ONLY, ValidationPolicy
from signing.report import Level, Reason, Remark, SignatureReport, Verdict
from signing.revocation import Revocation
from signing.role import role_of_field
from signing.trust import AnchorRole, Trust

SUPPORTED = {SigSeedSubFilter.PADES.value, SigSeedSubFilter.ADOBE_PKCS7_DETACHED.value}
#: clocks of signers may run ahead of ours
SKEW = timedelta(minutes=5)
EXPIRED = {AdESIndeterminate.OUT_OF_BOUNDS_NO_POE, AdESIndeterminate.EXPIRED}

#: what the AdES sub-indication of ETSI EN 319 102-1 means to the officer; all else is `OTHER`
MEANING: dict[Any, tuple[Verdict, Reason]] = {
    AdESPassed.OK: (Verdict.VALID, Reason.NONE),
    AdESFailure.FORMAT_FAILURE: (Verdict.INVALID, Reason.FORMAT_FAILURE),
    AdESFailure.HASH_FAILURE: (Verdict.INVALID, Reason.HASH_FAILURE),
    AdESFailure.SIG_CRYPTO_FAILURE: (Verdict.INVALID, Reason.CRYPTO_FAILURE),
    AdESFailure.REVOKED: (Verdict.INVALID, Reason.REVOKED),
    AdESFailure.NOT_YET_VALID: (Verdict.INVALID, Reason.SIGNED_OUT_OF_TERM),
    AdESIndeterminate.NOT_YET_VALID: (Verdict.INVALID, Reason.SIGNED_OUT_OF_TERM),
    AdESIndeterminate.REVOKED_NO_POE: (Verdict.INVALID, Reason.REVOKED),
    AdESIndeterminate.REVOKED_CA_NO_POE: (Verdict.INVALID, Reason.REVOKED),
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE: (Verdict.INVALID, Reason.WEAK_ALGORITHM),
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: (Verdict.INVALID, Reason.WEAK_ALGORITHM),
    AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE: (Verdict.UNDETERMINED, Reason.KEY_USAGE),
    AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND: (
        Verdict.UNDETERMINED,
        Reason.UNKNOWN_AUTHORITY,
    ),
    AdESIndeterminate.CERTIFICATE_CHAIN_GENERAL_FAILURE: (
        Verdict.UNDETERMINED,
        Reason.REVOCATION_UNKNOWN,
    ),
    AdESIndeterminate.TRY_LATER: (Verdict.UNDETERMINED, Reason.REVOCATION_UNKNOWN),
    AdESIndeterminate.REVOCATION_OUT_OF_BOUNDS_NO_POE: (
        Verdict.UNDETERMINED,
        Reason.REVOCATION_UNKNOWN,
    ),
}


async def check_signature(
    reader: Any,
    name: str,
    field: Any,
    trust: Trust,
    revocation: Revocation,
    policy: ValidationPolicy,
    at: datetime,
) -> tuple[int, SignatureReport] | None:
    """Return the signed revision and the report on one filled field; None for a timestamp."""
    blank = SignatureReport(
        name,
        Verdict.INVALID,
        Reason.FORMAT_FAILURE,
        role=role_of_field(name),
        verdict_at_signing=Verdict.INVALID,
        reason_at_signing=Reason.FORMAT_FAILURE,
    )
    try:
        value = field.get_object()["/V"]
        kind, filter_name = value.get("/Type", "/Sig"), value.get("/SubFilter", "")
        if kind == "/DocTimeStamp":
            return None
        # pyHanko passes over what it does not support; here it counts against the document
        if kind != "/Sig" or filter_name not in SUPPORTED:
            return 0, _at_both_times(blank, Verdict.UNDETERMINED, Reason.UNSUPPORTED)
        signature = EmbeddedPdfSignature(reader, field, name)
        evaluation = _Evaluation(signature, blank, trust, revocation, policy, at)
        level = _level(reader, signature)
        return signature.signed_revision, await EVALUATORS[level](evaluation, level)
    except Exception as error:  # noqa: BLE001 - hostile signatures raise anything: fail closed
        return 0, replace(blank, ades=type(error).__name__)


@dataclass(frozen=True)
class _Evaluation:
    signature: Any
    blank: SignatureReport
    trust: Trust
    revocation: Revocation
    policy: ValidationPolicy
    at: datetime


async def _evaluate_basic(evaluation: _Evaluation, level: Level) -> SignatureReport:
    """Evaluate by what is known now; no time before now is proven."""
    signature, at = evaluation.signature, evaluation.at
    signature.compute_integrity_info(diff_policy=SIGNATURE_ONLY)
    facts = signature.summarise_integrity_info()
    changes = getattr(facts["diff_result"], "modification_level", ModificationLevel.OTHER)
    result = await ades_basic_validation(
        signature.signed_data,
        _specification(evaluation),
        timing_info=ValidationTimingInfo(at, at, point_in_time_validation=False),
        raw_digest=signature.compute_digest(),
    )
    status = result.api_status
    report = replace(
        _described(evaluation, level),
        intact=bool(status and status.intact),
        valid=bool(status and status.valid),
        trusted=result.ades_subindic is AdESPassed.OK,
        coverage=facts["coverage"].name,
        modification=changes.name,
        ades=result.ades_subindic.standard_name,
        revoked_at=_revoked_at(status),
    )
    verdict, reason = _verdict(report, result.ades_subindic, facts, changes)
    return _at_both_times(report, verdict, reason)


def _at_both_times(report: SignatureReport, verdict: Verdict, reason: Reason) -> SignatureReport:
    return replace(
        report,
        verdict=verdict,
        reason=reason,
        verdict_at_signing=verdict,
        reason_at_signing=reason,
    )


#: levels with proofs of time are read as B until their proofs are evaluated: never too kindly
EVALUATORS: dict[Level, Callable[[_Evaluation, Level], Awaitable[SignatureReport]]] = {
    Level.B: _evaluate_basic,
    Level.T: _evaluate_basic,
    Level.LT: _evaluate_basic,
    Level.LTA: _evaluate_basic,
}


def _verdict(
    report: SignatureReport, indication: Any, facts: dict[str, Any], changes: ModificationLevel
) -> tuple[Verdict, Reason]:
    """Join all conditions: what speaks against the document comes before what is not known."""
    verdict, reason = MEANING.get(indication, (Verdict.UNDETERMINED, Reason.OTHER))
    if reason in {Reason.HASH_FAILURE, Reason.CRYPTO_FAILURE, Reason.FORMAT_FAILURE}:
        return verdict, reason
    if facts["coverage"].value < SignatureCoverageLevel.ENTIRE_REVISION.value:
        return Verdict.INVALID, Reason.NOT_COVERED
    if not facts["docmdp_ok"] or changes > ModificationLevel.FORM_FILLING:
        return Verdict.INVALID, Reason.CONTENT_CHANGED
    if indication in EXPIRED:
        return _term(report)
    if verdict is Verdict.VALID and not (report.intact and report.valid and report.trusted):
        return Verdict.INVALID, Reason.CRYPTO_FAILURE
    return verdict, reason


def _term(report: SignatureReport) -> tuple[Verdict, Reason]:
    claimed, start, end = report.claimed_at, report.valid_from, report.valid_until
    if claimed and start and end and start <= claimed <= end:
        return Verdict.UNDETERMINED, Reason.TERM_NOT_PROVEN
    return Verdict.INVALID, Reason.SIGNED_OUT_OF_TERM


def _specification(evaluation: _Evaluation) -> SignatureValidationSpec:
    policy, trust, at = evaluation.policy, evaluation.trust, evaluation.at
    algorithms = policy.usable_algorithms()
    return SignatureValidationSpec(
        cert_validation_policy=CertValidationPolicySpec(
            trust_manager=trust.manager(AnchorRole.SIGNER, at),
            revinfo_policy=policy.revocation.demand(),
            algorithm_usage_policy=algorithms,
        ),
        # addresses in a stranger's certificate are never followed
        revinfo_gathering_policy=RevocationInfoGatheringSpec(
            online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY,
            certificate_fetching_rule=CertificateFetchingRule.NEVER_FETCH,
        ),
        local_knowledge=LocalKnowledge(
            known_crls=[
                CRLContainer(crl.CertificateList.load(der))
                for der in evaluation.revocation.usable()
            ],
            known_ocsps=[
                container
                for der in evaluation.revocation.usable_answers()
                for container in OCSPContainer.load_multi(ocsp.OCSPResponse.load(der))
            ],
            known_certs=[x509.Certificate.load(issuer) for issuer in trust.issuers],
        ),
        key_usage_settings=KeyUsageConstraints(key_usage=set(policy.key_usages)),
        signature_algorithm_policy=CMSAlgorithmUsagePolicy.lift_policy(algorithms),
    )


def _described(evaluation: _Evaluation, level: Level) -> SignatureReport:
    certificate = evaluation.signature.signer_cert
    claimed = evaluation.signature.self_reported_timestamp
    if claimed is not None and claimed.tzinfo is None:
        claimed = None
    remarks = []
    if level is not Level.B:
        remarks.append(Remark.TIMESTAMP_UNUSED)
    if claimed and claimed > evaluation.at + SKEW:
        remarks.append(Remark.FUTURE)
    subject = certificate.subject.native
    return replace(
        evaluation.blank,
        level=level,
        subject=_name(subject, "common_name"),
        organization=_name(subject, "organization_name"),
        issuer=_name(certificate.issuer.native, "common_name"),
        serial=f"{certificate.serial_number:x}",
        fingerprint=certificate.sha256.hex(),
        valid_from=certificate.not_valid_before,
        valid_until=certificate.not_valid_after,
        claimed_at=claimed,
        remarks=tuple(remarks),
    )


def _name(names: dict[str, Any], key: str) -> str:
    value = names.get(key, "")
    return value if isinstance(value, str) else ", ".join(map(str, value))


def _revoked_at(status: Any) -> datetime | None:
    details = getattr(status, "revocation_details", None)
    moment: datetime | None = details.revocation_date if details else None
    return moment


def _level(reader: Any, signature: Any) -> Level:
    attributes = {one["type"].native for one in signature.signer_info["unsigned_attrs"]}
    if "signature_time_stamp_token" not in attributes:
        return Level.B
    if "/DSS" not in reader.root:
        return Level.T
    later = any(
        one.sig_object_type == "/DocTimeStamp" and one.signed_revision > signature.signed_revision
        for one in reader.embedded_signatures
    )
    return Level.LTA if later else Level.LT
