"""A certificate authority of a test, which issues whatever it is asked for, good or bad."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from signing.revocation import Revocation, RevocationList
from signing.trust import Anchor, AnchorRole, Trust

DAY = timedelta(days=1)
LISTS = "http://crl.test.invalid/"


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def usage(**uses: bool) -> x509.KeyUsage:
    every = [
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ]
    return x509.KeyUsage(**{one: uses.get(one, False) for one in every})


SIGNS = usage(digital_signature=True, content_commitment=True)
ISSUES = usage(key_cert_sign=True, crl_sign=True)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def der(certificate: Any) -> bytes:
    return certificate if isinstance(certificate, bytes) else certificate.public_bytes(Encoding.DER)


@dataclass
class Signatory:
    """A key and its certificate."""

    key: Any
    certificate: bytes


@dataclass
class Authority:
    """An issuer that stands at the moment `start`; its own certificate is self-signed."""

    name: str
    start: datetime
    key: Any = field(default_factory=new_key)

    def __post_init__(self) -> None:
        self.certificate: Any = self.issue(
            self.name, key=self.key, uses=ISSUES, is_ca=True, start=-300 * DAY
        )

    def issue(
        self,
        name: str = "Nguyễn Văn Ký",
        *,
        key: Any = None,
        uses: Any = SIGNS,
        is_ca: bool = False,
        start: timedelta = -DAY,
        end: timedelta = 365 * DAY,
    ) -> x509.Certificate:
        key = key or new_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(named(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.start + start)
            .not_valid_after(self.start + end)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        if uses is not None:
            builder = builder.add_extension(uses, critical=True)
        return builder.sign(self.key, hashes.SHA256())

    def admit(self, name: str = "Nguyễn Văn Ký", *, key: Any = None, **how: Any) -> Signatory:
        """Issue a certificate and return it with its key."""
        key = key or new_key()
        return Signatory(key, der(self.issue(name, key=key, **how)))

    def renumbered(self, certificate: Any, serial: int) -> bytes:
        """Return a certificate (asn1crypto) under another serial number."""
        certificate["tbs_certificate"]["serial_number"] = serial
        return self._signed_anew(certificate, hashes.SHA256())

    def by_sha1(self, certificate: x509.Certificate) -> bytes:
        """Sign a certificate anew as authorities did ten years ago."""
        old = asn1_x509.Certificate.load(der(certificate))
        algorithm = {"algorithm": "sha1_ecdsa"}
        old["signature_algorithm"] = algorithm
        old["tbs_certificate"]["signature"] = algorithm
        return self._signed_anew(old, hashes.SHA1())

    def _signed_anew(self, certificate: Any, digest: Any) -> bytes:
        signed = certificate["tbs_certificate"].dump(force=True)
        certificate["signature_value"] = self.key.sign(signed, ec.ECDSA(digest))
        return bytes(certificate.dump(force=True))

    def withdraw(
        self,
        *certificates: x509.Certificate,
        by: str = "",
        key: Any = None,
        next_update: timedelta = DAY,
    ) -> RevocationList:
        """Return a list that withdrew `certificates` a day ago."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(named(by or self.name))
            .last_update(self.start - 2 * DAY)
            .next_update(self.start + next_update)
        )
        for one in certificates:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(one.serial_number)
                .revocation_date(self.start - DAY)
                .build()
            )
        listed = builder.sign(key or self.key, hashes.SHA256())
        return RevocationList(f"{LISTS}list.crl", listed.public_bytes(Encoding.DER))

    @property
    def trust(self) -> Trust:
        """Trust in this authority alone."""
        certificate = der(self.certificate)
        span = (self.start - 30 * DAY, self.start + 999 * DAY)
        return Trust((Anchor("gốc", AnchorRole.SIGNER, certificate, *span),))

    @property
    def revocation(self) -> Revocation:
        """A list on which nobody stands."""
        return Revocation((self.withdraw(),), (LISTS,))
