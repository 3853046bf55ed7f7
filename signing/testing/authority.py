"""An authority that issues what a test needs (CA thử nghiệm): good certificates and bad ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    pkcs12,
)
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
    ObjectIdentifier,
)

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

#: nobody can own a name under .invalid (RFC 2606): a list is never fetched
LISTS_AT = "http://crl.congvan.invalid/"
YEAR = timedelta(days=365)
DAY = timedelta(days=1)


class Algorithm(StrEnum):
    """The kind of a holder's key."""

    EC = "ec"
    RSA = "rsa"


class Use(StrEnum):
    """What a certificate is issued for."""

    SIGNING = "signing"
    #: may sign protocols, not documents
    LOGIN = "login"
    TIMESTAMPING = "timestamping"
    OCSP = "ocsp"


@dataclass(frozen=True)
class Holder:
    """Who gets a certificate: `key` names the files, `name` is the common name."""

    key: str
    name: str
    organization: str = ""
    algorithm: Algorithm = Algorithm.EC


@dataclass(frozen=True)
class Terms:
    """How a certificate differs from the ordinary; addresses are left out when empty."""

    use: Use = Use.SIGNING
    term: timedelta = 5 * YEAR
    rsa_bits: int = 2048
    sha1: bool = False
    list_url: str = ""
    ocsp_url: str = ""
    issuer_url: str = ""
    policies: tuple[str, ...] = ()


ORDINARY = Terms()


class Issued(NamedTuple):
    """A key, its certificate, and the certificates above it, nearest first."""

    key: Key
    certificate: x509.Certificate
    issuers: tuple[x509.Certificate, ...]

    @classmethod
    def load(cls, keystore: bytes, passphrase: str) -> "Issued":
        """Read what `keystore` returned."""
        key, certificate, issuers = pkcs12.load_key_and_certificates(keystore, passphrase.encode())
        assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
        assert certificate is not None
        return cls(key, certificate, tuple(issuers))

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def keystore(self, passphrase: str) -> bytes:
        """Return the PKCS#12 file."""
        return pkcs12.serialize_key_and_certificates(
            common_name(self.certificate).encode(),
            self.key,
            self.certificate,
            self.issuers,
            BestAvailableEncryption(passphrase.encode()),
        )


class Authority:
    """A root and the authority under it that issues to holders; `prefix` names its lists."""

    def __init__(
        self, name: str, now: datetime, *, prefix: str = "", lists_at: str = LISTS_AT
    ) -> None:
        self.name = name
        self._lists = {tier: f"{lists_at}{prefix}{tier}.crl" for tier in ("root", "issuing")}
        start, end = now - 4 * YEAR, now + 16 * YEAR
        self._keys = {tier: ec.generate_private_key(ec.SECP256R1()) for tier in self._lists}
        root_key, key = self._keys["root"], self._keys["issuing"]
        root_name, issuing_name = _name(f"Gốc {name}"), _name(name)
        root = _builder(root_name, root_name, root_key, start, end)
        self.root = _for_authority(root, root_key, None).sign(root_key, hashes.SHA256())
        issuing = _builder(issuing_name, root_name, key, start, end)
        issuing = _for_authority(issuing, root_key, 0)
        issuing = issuing.add_extension(_list_at(self._lists["root"]), critical=False)
        self.issuing = issuing.sign(root_key, hashes.SHA256())

    def list_address(self, tier: str = "issuing") -> str:
        """Return where the list of `root` or `issuing` is said to be."""
        return self._lists[tier]

    def issue(self, holder: Holder, start: datetime, terms: Terms = ORDINARY) -> Issued:
        """Issue from a day before `start`; weak keys and digests only when `terms` say so."""
        key: Key = (
            rsa.generate_private_key(65537, terms.rsa_bits)
            if holder.algorithm is Algorithm.RSA or terms.rsa_bits != ORDINARY.rsa_bits
            else ec.generate_private_key(ec.SECP256R1())
        )
        issuer = self._keys["issuing"]
        subject = _name(holder.name, holder.organization or holder.name)
        builder = _builder(subject, self.issuing.subject, key, start - DAY, start + terms.term)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        ).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False
        )
        builder = _for_use(_with_terms(builder, terms, self._lists["issuing"]), terms.use)
        certificate = builder.sign(issuer, hashes.SHA256())
        if terms.sha1:
            certificate = _with_sha1(certificate, issuer)
        return Issued(key, certificate, (self.issuing, self.root))

    def revocation_list(
        self,
        at: datetime,
        *,
        tier: str = "issuing",
        life: timedelta = 7 * DAY,
        withdrawn: Mapping[x509.Certificate, datetime] | None = None,
        reason: x509.ReasonFlags = x509.ReasonFlags.key_compromise,
        number: int = 1,
    ) -> bytes:
        """Return the list (CRL) of `root` or `issuing` as of `at`, DER; the next is due in `life`.

        `withdrawn` says since when each certificate is.
        """
        issuer, key = getattr(self, tier), self._keys[tier]
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.subject)
            .last_update(at)
            .next_update(at + life)
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
            )
        )
        for certificate, since in (withdrawn or {}).items():
            entry = (
                x509.RevokedCertificateBuilder()
                .serial_number(certificate.serial_number)
                .revocation_date(since)
                .add_extension(x509.CRLReason(reason), critical=False)
            )
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def common_name(certificate: x509.Certificate) -> str:
    """Return the common name of the subject."""
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(name.value)


def raw_signature(key: Key, data: bytes, digest: hashes.HashAlgorithm) -> bytes:
    """Sign `data`: PKCS#1 v1.5 for RSA, DER for ECDSA."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), digest)
    return key.sign(data, ec.ECDSA(digest))


def _name(common: str, organization: str = "Congvan – thử nghiệm") -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _cut(organization)),
            x509.NameAttribute(NameOID.COMMON_NAME, _cut(common)),
        ]
    )


def _cut(name: str) -> str:
    # RFC 5280, A.1: no longer than 64; libraries count bytes
    return name.encode()[:64].decode("utf-8", "ignore")


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _for_authority(
    builder: x509.CertificateBuilder, issuer: Key, depth: int | None
) -> x509.CertificateBuilder:
    return (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=depth), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()),
            critical=False,
        )
    )


def _for_use(builder: x509.CertificateBuilder, use: Use) -> x509.CertificateBuilder:
    signing = ("digital_signature", "content_commitment") if use is Use.SIGNING else ()
    login = ("key_encipherment",) if use is Use.LOGIN else ()
    usage = _usage(*(signing or login or ("digital_signature",)))
    builder = builder.add_extension(usage, critical=True)
    if use is Use.TIMESTAMPING:
        # RFC 3161, 2.3: this use alone, and critical
        only = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        return builder.add_extension(only, critical=True)
    if use is Use.OCSP:
        only = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
        # RFC 6960, 4.2.2.2.1: nobody needs to ask about the one who answers
        return builder.add_extension(only, critical=False).add_extension(
            x509.OCSPNoCheck(), critical=False
        )
    return builder


def _with_terms(
    builder: x509.CertificateBuilder, terms: Terms, list_url: str
) -> x509.CertificateBuilder:
    builder = builder.add_extension(_list_at(terms.list_url or list_url), critical=False)
    access = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
        for method, url in (
            (AuthorityInformationAccessOID.OCSP, terms.ocsp_url),
            (AuthorityInformationAccessOID.CA_ISSUERS, terms.issuer_url),
        )
        if url
    ]
    if access:
        builder = builder.add_extension(x509.AuthorityInformationAccess(access), critical=False)
    if terms.policies:
        policies = [x509.PolicyInformation(ObjectIdentifier(one), None) for one in terms.policies]
        builder = builder.add_extension(x509.CertificatePolicies(policies), critical=False)
    return builder


def _with_sha1(certificate: x509.Certificate, issuer: Key) -> x509.Certificate:
    # no library signs so any more: the old digest is written in and the content signed anew
    made = asn1.Certificate.load(certificate.public_bytes(Encoding.DER))
    made["signature_algorithm"] = {"algorithm": "sha1_ecdsa"}
    made["tbs_certificate"]["signature"] = {"algorithm": "sha1_ecdsa"}
    content = made["tbs_certificate"].dump(force=True)
    made["signature_value"] = raw_signature(issuer, content, hashes.SHA1())  # noqa: S303 - for a refusal
    return x509.load_der_x509_certificate(made.dump(force=True))


def _usage(*named: str) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature="digital_signature" in named,
        content_commitment="content_commitment" in named,
        key_encipherment="key_encipherment" in named,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign="key_cert_sign" in named,
        crl_sign="crl_sign" in named,
        encipher_only=False,
        decipher_only=False,
    )


def _list_at(url: str) -> x509.CRLDistributionPoints:
    address = x509.UniformResourceIdentifier(url)
    return x509.CRLDistributionPoints(
        [x509.DistributionPoint([address], relative_name=None, reasons=None, crl_issuer=None)]
    )
