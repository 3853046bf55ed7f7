"""One certificate, one moment (phán xét): whether a signature or a timestamp held then.

Validation is that of ETSI EN 319 102-1, 5.3 and 5.4; `at` is the proven time, or now.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from asn1crypto import cms, x509
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate, AdESPassed
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.validation import KeyUsageConstraints
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import (
    cms_basic_validation,
    validate_cert_usage,
    validate_tst_signed_data,
)
from pyhanko.sign.validation.policy_decl import CMSAlgorithmUsagePolicy, LocalKnowledge
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import (
    CertValidationPolicySpec,
    bootstrap_validation_data_handlers,
)
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo

from signing.digests import Digests
from signing.evidence import Evidence
from signing.once_verified import OnceVerified
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
    digests: Digests
    #: where those sit who judge the same certificates of the same moment by the same evidence
    benches: "dict[Any, _Bench]" = field(default_factory=dict, compare=False)
    verified: OnceVerified = field(default_factory=OnceVerified, compare=False)

    async def signature(self, signature: Any, at: datetime) -> Finding:
        """Judge a signature whose certificate is looked at as of `at`."""
        bench = self._bench(AnchorRole.SIGNER, signature.signed_data, at)
        try:
            told = await cms_basic_validation(
                signature.signed_data,
                raw_digest=signature.compute_digest(),
                validation_context=bench.context,
                key_usage_settings=self._key_usage,
                algorithm_policy=bench.algorithms,
            )
        except SignatureValidationError as error:
            return _refused(error)
        return _finding(told, signature.signer_cert, at)

    async def certificate(self, signature: Any, at: datetime) -> Finding:
        """Judge the certificate alone, of a signature whose bytes were found in order."""
        bench = self._bench(AnchorRole.SIGNER, signature.signed_data, at)
        certificate, context = signature.signer_cert, bench.context
        context.certificate_registry.register_multiple(signature.other_embedded_certs)
        result = await validate_cert_usage(
            certificate,
            context,
            self._key_usage,
            context.path_builder.async_build_paths_lazy(certificate),
        )
        told = {
            "intact": True,
            "valid": True,
            "trust_problem_indic": result.error_subindic,
            "validation_path": result.success_result or result.error_path,
            "revocation_details": result.revo_details,
        }
        return _finding(told, certificate, at)

    async def timestamp(
        self, data: cms.SignedData, imprint: Callable[[str], bytes], at: datetime
    ) -> Finding:
        """Judge a timestamp whose certificate is looked at as of `at`."""
        bench = self._bench(AnchorRole.TSA, data, at)
        try:
            told = await validate_tst_signed_data(
                data, bench.context, imprint, algorithm_policy=bench.algorithms
            )
        except SignatureValidationError as error:
            return _refused(error)
        return _finding(told, extract_certificate_info(data).signer_cert, at)

    @property
    def _key_usage(self) -> KeyUsageConstraints:
        return KeyUsageConstraints(key_usage=set(self.policy.key_usages))

    def _timing(self, at: datetime) -> ValidationTimingInfo:
        if at < self.now:
            return ValidationTimingInfo(at + INSTANT, at, point_in_time_validation=True)
        return ValidationTimingInfo(at, at, point_in_time_validation=False)

    def _bench(self, role: AnchorRole, data: cms.SignedData, at: datetime) -> "_Bench":
        carried = extract_certificate_info(data)
        chain = [carried.signer_cert, *carried.other_certs]
        known = self.evidence.knowledge(role, chain, at, self.now)
        lists = (*known.known_crls, *known.known_ocsps)
        key = (role, at, *(one.dump() for one in chain), *(id(one) for one in lists))
        if key not in self.benches:
            self.benches[key] = self._set_up(role, known, at)
        return self.benches[key]

    def _set_up(self, role: AnchorRole, known: LocalKnowledge, at: datetime) -> "_Bench":
        algorithms = self.policy.usable_algorithms()
        specification = CertValidationPolicySpec(
            trust_manager=self.trust.manager(role, at),
            # of a moment past, a later list tells more than one of the time
            revinfo_policy=replace(
                self.policy.revocation.demand(), retroactive_revinfo=at < self.now
            ),
            algorithm_usage_policy=algorithms,
            signature_validator=self.verified,
        )
        handlers = bootstrap_validation_data_handlers(
            # addresses in a stranger's certificate are never followed
            fetchers=None,
            crls=known.known_crls,
            ocsps=known.known_ocsps,
            certs=known.known_certs,
        )
        context = specification.build_validation_context(self._timing(at), handlers)
        # `known` keeps what its key names by identity
        return _Bench(context, CMSAlgorithmUsagePolicy.lift_policy(algorithms), known)


@dataclass(frozen=True)
class _Bench:
    context: ValidationContext
    algorithms: CMSAlgorithmUsagePolicy
    known: LocalKnowledge


def _refused(error: SignatureValidationError) -> Finding:
    indication = error.ades_subindication or AdESIndeterminate.GENERIC
    verdict, reason = MEANING.get(indication, (Verdict.UNDETERMINED, Reason.OTHER))
    return Finding(verdict, reason, indication.standard_name, False, False, None, None)


def _finding(told: dict[str, Any], certificate: x509.Certificate, at: datetime) -> Finding:
    intact, valid = bool(told["intact"]), bool(told["valid"])
    details, path = told["revocation_details"], told["validation_path"]
    indication = told["trust_problem_indic"] or AdESPassed.OK
    if not intact:
        indication = AdESFailure.HASH_FAILURE
    elif not valid:
        indication = AdESFailure.SIG_CRYPTO_FAILURE
    verdict, reason = MEANING.get(indication, (Verdict.UNDETERMINED, Reason.OTHER))
    if intact and valid and verdict is Verdict.UNDETERMINED:
        # the library tells a term only where all before it in the chain is in order
        if at < certificate.not_valid_before:
            verdict, reason = Verdict.INVALID, Reason.SIGNED_OUT_OF_TERM
        elif at > certificate.not_valid_after:
            verdict, reason = Verdict.UNDETERMINED, Reason.TERM_NOT_PROVEN
    if verdict is Verdict.VALID and path is None:
        verdict, reason = Verdict.UNDETERMINED, Reason.OTHER
    return Finding(
        verdict,
        reason,
        indication.standard_name,
        intact,
        valid,
        details.revocation_date if details else None,
        min(one.not_valid_after for one in path) if path else None,
    )
