"""A root that issues what a test asks for: certificates with policies, revocation lists."""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

DAY = timedelta(days=1)


class SmallAuthority:
    """A self-signed root; `now` is the middle of its term."""

    def __init__(self, name: str, now: datetime) -> None:
        self.now = now
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.certificate = (
            self._builder(self.name, self.key, 3650 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def issue(
        self,
        name: str,
        *policies: str,
        crl: str = "",
        responder: str = "",
        ca: bool = False,
        answers: bool = False,
        key: ec.EllipticCurvePrivateKey | None = None,
    ) -> x509.Certificate:
        """Return a certificate; `answers` names its holder to answer OCSP for the root."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        builder = self._builder(subject, key, 365 * DAY).add_extension(
            x509.BasicConstraints(ca=ca, path_length=None), critical=True
        )
        if policies:
            found = [x509.PolicyInformation(x509.ObjectIdentifier(one), None) for one in policies]
            builder = builder.add_extension(x509.CertificatePolicies(found), critical=False)
        if crl:
            address = x509.UniformResourceIdentifier(crl)
            point = x509.DistributionPoint([address], None, None, None)
            builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        if responder:
            address = x509.UniformResourceIdentifier(responder)
            way = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, address)
            builder = builder.add_extension(x509.AuthorityInformationAccess([way]), critical=False)
        if answers:
            uses = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
            builder = builder.add_extension(uses, critical=False)
        return builder.add_extension(_usage(authority=ca), critical=True).sign(
            self.key, hashes.SHA256()
        )

    def answer(
        self,
        certificate: x509.Certificate,
        *,
        made: datetime | None = None,
        life: timedelta | None = timedelta(hours=1),
        by: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None,
    ) -> bytes:
        """Return an OCSP answer that `certificate` is good, DER."""
        made = made or self.now
        responder, key = by or (self.certificate, self.key)
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                certificate, self.certificate, hashes.SHA1(), ocsp.OCSPCertStatus.GOOD, made,
                made + life if life else None, None, None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, responder)
        )  # fmt: skip
        if by:
            builder = builder.certificates([responder])
        found = builder.sign(key, hashes.SHA256())
        return found.public_bytes(Encoding.DER)

    def revoke(
        self,
        *withdrawn: x509.Certificate,
        made: datetime | None = None,
        life: timedelta = DAY,
        number: int = 1,
    ) -> bytes:
        """Return a list of withdrawn certificates, DER."""
        made = made or self.now
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(made)
            .next_update(made + life)
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        for one in withdrawn:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(one.serial_number)
                .revocation_date(made)
                .build()
            )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, term: timedelta
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - term)
            .not_valid_after(self.now + term)
        )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
