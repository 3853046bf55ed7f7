"""Whether a certificate may sign now (kiểm tra chứng thư số trước khi ký), asked before the key."""

import asyncio
from datetime import datetime
from typing import Any

from asn1crypto import algos, x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import load_der_x509_crl
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError, ValidationError

from signing.appearance import VIETNAM
from signing.certificate_errors import (
    AuthorityUnknown,
    CertificateNotForSigning,
    CertificateRevoked,
    CertificateUnreadable,
    CertificateWeak,
    ChainRefused,
)
from signing.errors import CertificateNotInForce, KeyNotSupported, SigningError
from signing.policy import ValidationPolicy
from signing.revocation import Revocation
from signing.trust import AnchorRole, Trust

#: what our signatures are made with, by the kind of key
MECHANISMS = {"rsa": "sha256_rsa", "ec": "sha256_ecdsa"}


def check_certificate(
    certificate: bytes,
    chain: tuple[bytes, ...],
    *,
    trust: Trust,
    revocation: Revocation,
    policy: ValidationPolicy | None = None,
    at: datetime,
) -> tuple[SigningError, ...]:
    """Raise what speaks against signing with `certificate` (DER) at the moment `at`.

    What the policy tolerates is returned instead, for the officer to read. `chain` holds what the
    keystore knows of the issuers. Revocation is what the lists at hand say: a list that is missing
    or old stops nobody, but whoever stands on one never signs. Raise `CertificateUnreadable`,
    `CertificateNotInForce`, `KeyNotSupported`, `CertificateWeak`, `CertificateNotForSigning`,
    `CertificateRevoked`, `AuthorityUnknown` or `ChainRefused`.
    """
    policy = policy or ValidationPolicy()
    try:
        leaf = x509.Certificate.load(certificate, strict=True)
        issuers = [x509.Certificate.load(one) for one in (*chain, *trust.issuers)]
        _check_term(leaf, at)
        _check_key(leaf, policy, at)
        _check_usage(leaf, policy)
    except (ValueError, TypeError, KeyError) as error:
        raise CertificateUnreadable from error
    known = [leaf, *issuers]
    _check_lists(leaf, known, revocation)
    try:
        path = _path(leaf, issuers, trust, policy, at)
    except AuthorityUnknown as unknown:
        if policy.refuses_unknown_authority:
            raise
        return (unknown,)
    for one in path:
        _check_lists(one, [*known, *path], revocation)
    return ()


def _check_term(leaf: Any, at: datetime) -> None:
    if not leaf.not_valid_before <= at <= leaf.not_valid_after:
        raise CertificateNotInForce(
            subject=_named(leaf.subject),
            valid_from=_day(leaf.not_valid_before),
            valid_until=_day(leaf.not_valid_after),
        )


def _check_key(leaf: Any, policy: ValidationPolicy, at: datetime) -> None:
    key, usable = leaf.public_key, policy.usable_algorithms()
    if key.algorithm not in MECHANISMS:
        raise KeyNotSupported(reason=key.algorithm)
    mechanism = algos.SignedDigestAlgorithm({"algorithm": MECHANISMS[key.algorithm]})
    if not usable.signature_algorithm_allowed(mechanism, at, key).allowed:
        raise KeyNotSupported(reason=f"{key.algorithm.upper()} {key.bit_size} bit")
    if not usable.signature_algorithm_allowed(leaf["signature_algorithm"], at, None).allowed:
        algorithm = leaf["signature_algorithm"]["algorithm"].native.upper()
        raise CertificateWeak(subject=_named(leaf.subject), algorithm=algorithm)


def _check_usage(leaf: Any, policy: ValidationPolicy) -> None:
    # as the validator reads it: a certificate that states no use may not sign
    stated = set(leaf.key_usage_value.native) if leaf.key_usage_value is not None else set()
    if leaf.ca or not stated & policy.key_usages:
        raise CertificateNotForSigning(subject=_named(leaf.subject))


def _check_lists(certificate: Any, known: list[Any], revocation: Revocation) -> None:
    """Raise `CertificateRevoked` where a list its issuer signed names the certificate."""
    issuers = [one for one in known if one.subject == certificate.issuer]
    for der in revocation.usable():
        listed = load_der_x509_crl(der)
        if listed.issuer.public_bytes() != certificate.issuer.dump():
            continue
        entry = listed.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if entry is not None and any(_signed_by(listed, one) for one in issuers):
            raise CertificateRevoked(
                subject=_named(certificate.subject), revoked_on=_day(entry.revocation_date_utc)
            )


def _signed_by(listed: Any, issuer: Any) -> bool:
    try:
        return bool(listed.is_signature_valid(load_der_public_key(issuer.public_key.dump())))
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False


def _path(
    leaf: Any, issuers: list[Any], trust: Trust, policy: ValidationPolicy, at: datetime
) -> list[Any]:
    """Return the certificates from an anchor down to `leaf`."""
    context = ValidationContext(
        trust_manager=trust.manager(AnchorRole.SIGNER, at),
        other_certs=issuers,
        moment=at,
        algorithm_usage_policy=policy.usable_algorithms(),
    )
    validator = CertificateValidator(leaf, validation_context=context)
    try:
        path = asyncio.run(validator.async_validate_path())
    except PathBuildingError as error:
        raise AuthorityUnknown(subject=_named(leaf.subject), issuer=_named(leaf.issuer)) from error
    except ValidationError as error:
        raise ChainRefused(issuer=_named(leaf.issuer)) from error
    return list(path)


def _named(name: Any) -> str:
    found = name.native.get("common_name", "")
    return found if isinstance(found, str) else ", ".join(map(str, found))


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(VIETNAM):%d/%m/%Y}"
