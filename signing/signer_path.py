"""Whether a certificate leads to a trusted root (đường dẫn tin cậy) at a moment, from what we hold.

For signatures that are no CMS: XML and containers. Addresses in a certificate are never followed.
"""

import asyncio
from datetime import datetime

from asn1crypto import x509
from pyhanko_certvalidator import CertificateValidator
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    InsufficientRevinfoError,
    NotYetValidError,
    PathBuildingError,
    RevokedError,
)

from signing.policy import ValidationPolicy
from signing.revocation import Revocation
from signing.trust import AnchorRole, Trust
from signing.verdict import Reason, Verdict

#: what each failure of the path says; all else is not valid, for no reason we could name
MEANING: tuple[tuple[type[Exception], Verdict, Reason], ...] = (
    (RevokedError, Verdict.INVALID, Reason.REVOKED),
    (ExpiredError, Verdict.INVALID, Reason.SIGNED_OUT_OF_TERM),
    (NotYetValidError, Verdict.INVALID, Reason.SIGNED_OUT_OF_TERM),
    (DisallowedAlgorithmError, Verdict.INVALID, Reason.WEAK_ALGORITHM),
    (InsufficientRevinfoError, Verdict.UNDETERMINED, Reason.REVOCATION_UNKNOWN),
    (PathBuildingError, Verdict.UNDETERMINED, Reason.UNKNOWN_AUTHORITY),
)


def judge_signer(
    signer: bytes,
    others: tuple[bytes, ...],
    trust: Trust,
    revocation: Revocation,
    policy: ValidationPolicy,
    at: datetime,
) -> tuple[Verdict, Reason]:
    """Return what can be said of a signer's certificate (DER) at that moment; never raise."""
    try:
        leaf = x509.Certificate.load(signer)
        issuers = [x509.Certificate.load(one) for one in (*others, *trust.issuers)]
        context = ValidationContext(
            trust_manager=trust.manager(AnchorRole.SIGNER, at),
            moment=at,
            crls=revocation.usable(),
            ocsps=revocation.usable_answers(),
            revinfo_policy=policy.revocation.demand(),
            algorithm_usage_policy=policy.usable_algorithms(),
            allow_fetching=False,
        )
        validator = CertificateValidator(leaf, issuers, context)
        asyncio.run(validator.async_validate_path())
        usage = leaf.key_usage_value
        if usage is not None and not set(usage.native) & set(policy.key_usages):
            return Verdict.UNDETERMINED, Reason.KEY_USAGE
    except Exception as error:  # noqa: BLE001 - a stranger's certificate raises anything: fail closed
        for kind, verdict, reason in MEANING:
            if isinstance(error, kind):
                return verdict, reason
        return Verdict.INVALID, Reason.OTHER
    return Verdict.VALID, Reason.NONE
