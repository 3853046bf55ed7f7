"""Whether what a server sent is what its issuer signed (kiểm tra danh sách thu hồi nhận về)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from asn1crypto import algos
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from signing.errors import AnswerRefused
from signing.policy import ValidationPolicy
from signing.revocation import list_der

#: clocks of issuers may run ahead of ours
SKEW = timedelta(minutes=5)
#: an answer that promises no next one counts this long
UNPROMISED = timedelta(minutes=30)


@dataclass(frozen=True)
class Span:
    """From when until when a list or an answer speaks, and its bytes, DER."""

    this_update: datetime
    next_update: datetime
    der: bytes


def check_list(
    data: bytes, issuer: bytes, policy: ValidationPolicy, now: datetime, url: str
) -> Span:
    """Return a list of withdrawn certificates that `issuer` signed; raise `AnswerRefused`."""
    try:
        der = list_der(data)
        found = x509.load_der_x509_crl(der)
        authority = x509.load_der_x509_certificate(issuer)
        critical = {one.oid for one in found.extensions if one.critical}
    except ValueError as error:
        raise AnswerRefused(url=url, reason=f"không phải CRL ({error})"[:200]) from error
    if found.issuer != authority.subject or not _may_sign_lists(authority):
        raise AnswerRefused(url=url, reason="CRL của nơi cấp khác")
    if x509.DeltaCRLIndicator.oid in critical:
        raise AnswerRefused(url=url, reason="delta CRL")
    key = authority.public_key()
    _refuse_weak(found.signature_hash_algorithm, policy, now, url)
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) or not (
        found.is_signature_valid(key)
    ):
        raise AnswerRefused(url=url, reason="chữ ký trên CRL không đúng")
    if found.next_update_utc is None:
        # RFC 5280, 5.1.2.5
        raise AnswerRefused(url=url, reason="CRL không ghi nextUpdate")
    return _in_time(Span(found.last_update_utc, found.next_update_utc, der), now, url)


def ocsp_request(certificate: bytes, issuer: bytes) -> bytes:
    """Return the question whether a certificate was withdrawn, DER."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        x509.load_der_x509_certificate(certificate),
        x509.load_der_x509_certificate(issuer),
        # names the certificate and protects nothing; responders know no other (RFC 5019, 2.1.1)
        hashes.SHA1(),  # noqa: S303
    )
    return builder.build().public_bytes(Encoding.DER)


def check_answer(
    data: bytes,
    certificate: bytes,
    issuer: bytes,
    policy: ValidationPolicy,
    now: datetime,
    url: str,
) -> Span:
    """Return an answer about `certificate` from its issuer or whom that named; see `check_list`."""
    try:
        found = ocsp.load_der_ocsp_response(data)
        if found.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise AnswerRefused(url=url, reason=f"OCSP {found.response_status.name}")
        asked = ocsp.load_der_ocsp_request(ocsp_request(certificate, issuer))
        authority = x509.load_der_x509_certificate(issuer)
        about = [one for one in found.responses if _is_about(one, asked)]
        keys = _responders(found, authority, now)
    except ValueError as error:
        raise AnswerRefused(url=url, reason=f"không phải OCSP ({error})"[:200]) from error
    if len(about) != 1:
        raise AnswerRefused(url=url, reason="OCSP về chứng thư số khác")
    _refuse_weak(found.signature_hash_algorithm, policy, now, url)
    if not any(_signed(found, key) for key in keys):
        raise AnswerRefused(url=url, reason="chữ ký trên OCSP không đúng")
    (answer,) = about
    until = answer.next_update_utc or answer.this_update_utc + UNPROMISED
    return _in_time(Span(answer.this_update_utc, until, data), now, url)


def _in_time(span: Span, now: datetime, url: str) -> Span:
    if span.this_update > now + SKEW:
        raise AnswerRefused(url=url, reason=f"lập sau hiện tại ({span.this_update.isoformat()})")
    if span.next_update < now:
        raise AnswerRefused(url=url, reason=f"đã hết hạn ({span.next_update.isoformat()})")
    return span


def _refuse_weak(
    digest: hashes.HashAlgorithm | None, policy: ValidationPolicy, now: datetime, url: str
) -> None:
    if digest is None:
        raise AnswerRefused(url=url, reason="thuật toán")
    named = algos.DigestAlgorithm({"algorithm": digest.name.replace("-", "_")})
    if not policy.usable_algorithms().digest_algorithm_allowed(named, now).allowed:
        raise AnswerRefused(url=url, reason=f"thuật toán {digest.name}")


def _may_sign_lists(authority: x509.Certificate) -> bool:
    try:
        usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.crl_sign


def _is_about(one: ocsp.OCSPSingleResponse, asked: ocsp.OCSPRequest) -> bool:
    return (one.serial_number, one.issuer_name_hash, one.issuer_key_hash) == (
        asked.serial_number,
        asked.issuer_name_hash,
        asked.issuer_key_hash,
    ) and isinstance(one.hash_algorithm, type(asked.hash_algorithm))


def _responders(
    found: ocsp.OCSPResponse, authority: x509.Certificate, now: datetime
) -> list[rsa.RSAPublicKey | ec.EllipticCurvePublicKey]:
    """Return the keys that may answer: the issuer's, and of those it named for that."""
    named = [authority, *(one for one in found.certificates if _is_named(one, authority, now))]
    keys = [one.public_key() for one in named]
    return [one for one in keys if isinstance(one, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)]


def _is_named(one: x509.Certificate, authority: x509.Certificate, now: datetime) -> bool:
    try:
        one.verify_directly_issued_by(authority)
        uses = one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    in_term = one.not_valid_before_utc <= now <= one.not_valid_after_utc
    return in_term and ExtendedKeyUsageOID.OCSP_SIGNING in uses


def _signed(found: ocsp.OCSPResponse, key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> bool:
    digest = found.signature_hash_algorithm
    assert digest is not None
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(found.signature, found.tbs_response_bytes, padding.PKCS1v15(), digest)
        else:
            key.verify(found.signature, found.tbs_response_bytes, ec.ECDSA(digest))
    except InvalidSignature:
        return False
    return True
