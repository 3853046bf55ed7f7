"""One certificate, one moment (phán xét): whether a signature or a timestamp held then.

Validation is that of ETSI EN 319 102-1, 5.3 and 5.4; `at` is the proven time, or now.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from asn1crypto import cms, x509
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate, AdESPassed
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.validation import KeyUsageConstraints
from pyhanko.sign.validation.ades import ades_basic_validation, ades_timestamp_validation
from pyhanko.sign.validation.policy_decl import (
    CertificateFetchingRule,
    CMSAlgorithmUsagePolicy,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo

from signing.evidence import Evidence
from signing.policy import ValidationPolicy
from signing.report import Reason, Verdict
from signing.trust import AnchorRole, Trust

#: the smallest step of time there is: what is withdrawn at the proven moment was withdrawn by then
INSTANT = timedelta(microseconds=1)

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
    AdESIndeterminate.OUT_OF_BOUNDS_NO_POE: (Verdict.UNDETERMINED, Reason.TERM_NOT_PROVEN),
    AdESIndeterminate.EXPIRED: (Verdict.UNDETERMINED, Reason.TERM_NOT_PROVEN),
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


@dataclass(frozen=True)
class Finding:
    """What held at one moment, and why not."""

    verdict: Verdict
    reason: Reason
    ades: str
    intact: bool
    valid: bool
    revoked_at: datetime | None
    #: when the first certificate of the chain goes out of term; None where no chain was found
    chain_ends_at: datetime | None

    @property
    def is_broken(self) -> bool:
        """Tell whether the bytes speak against it, whatever is known of certificates."""
        return self.reason in {Reason.HASH_FAILURE, Reason.CRYPTO_FAILURE, Reason.FORMAT_FAILURE}


@dataclass(frozen=True)
class Judge:
    """Judges by the agency's trust and policy, from the evidence there is, as seen `now`."""

    trust: Trust
    policy: ValidationPolicy
    evidence: Evidence
    now: datetime

    async def signature(self, signature: Any, at: datetime) -> Finding:
        """Judge a signature whose certificate is looked at as of `at`."""
        data = signature.signed_data
        result = await ades_basic_validation(
            data,
            self._specification(AnchorRole.SIGNER, data, at),
            timing_info=self._timing(at),
            raw_digest=signature.compute_digest(),
        )
        return self._finding(result, signature.signer_cert, at)

    async def timestamp(
        self, data: cms.SignedData, imprint: Callable[[str], bytes], at: datetime
    ) -> Finding:
        """Judge a timestamp whose certificate is looked at as of `at`."""
        result = await ades_timestamp_validation(
            data,
            self._specification(AnchorRole.TSA, data, at),
            imprint,
            timing_info=self._timing(at),
        )
        return self._finding(result, extract_certificate_info(data).signer_cert, at)

    def _finding(self, result: Any, certificate: x509.Certificate, at: datetime) -> Finding:
        indication, status = result.ades_subindic, result.api_status
        verdict, reason = MEANING.get(indication, (Verdict.UNDETERMINED, Reason.OTHER))
        details = getattr(status, "revocation_details", None)
        path = getattr(status, "validation_path", None)
        intact, valid = bool(status and status.intact), bool(status and status.valid)
        if intact and valid and verdict is Verdict.UNDETERMINED:
            # the library tells a term only where all before it in the chain is in order
            if at < certificate.not_valid_before:
                verdict, reason = Verdict.INVALID, Reason.SIGNED_OUT_OF_TERM
            elif at > certificate.not_valid_after:
                verdict, reason = Verdict.UNDETERMINED, Reason.TERM_NOT_PROVEN
        if verdict is Verdict.VALID and not (intact and valid):
            verdict, reason = Verdict.INVALID, Reason.CRYPTO_FAILURE
        return Finding(
            verdict,
            reason,
            indication.standard_name,
            intact,
            valid,
            details.revocation_date if details else None,
            min(one.not_valid_after for one in path) if path else None,
        )

    def _timing(self, at: datetime) -> ValidationTimingInfo:
        if at < self.now:
            return ValidationTimingInfo(at + INSTANT, at, point_in_time_validation=True)
        return ValidationTimingInfo(at, at, point_in_time_validation=False)

    def _specification(
        self, role: AnchorRole, data: cms.SignedData, at: datetime
    ) -> SignatureValidationSpec:
        policy = self.policy
        algorithms = policy.usable_algorithms()
        carried = extract_certificate_info(data)
        chain = [carried.signer_cert, *carried.other_certs]
        return SignatureValidationSpec(
            cert_validation_policy=CertValidationPolicySpec(
                trust_manager=self.trust.manager(role, at),
                # of a moment past, a later list tells more than one of the time
                revinfo_policy=replace(
                    policy.revocation.demand(), retroactive_revinfo=at < self.now
                ),
                algorithm_usage_policy=algorithms,
            ),
            # addresses in a stranger's certificate are never followed
            revinfo_gathering_policy=RevocationInfoGatheringSpec(
                online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY,
                certificate_fetching_rule=CertificateFetchingRule.NEVER_FETCH,
            ),
            local_knowledge=self.evidence.knowledge(role, chain, at, self.now),
            key_usage_settings=KeyUsageConstraints(key_usage=set(policy.key_usages)),
            signature_algorithm_policy=CMSAlgorithmUsagePolicy.lift_policy(algorithms),
        )
