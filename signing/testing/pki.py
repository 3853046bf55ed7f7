"""A throw-away authority (CA thử nghiệm): certificates, keystores and lists in one folder."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from signing.testing.pictures import draw_seal, draw_signature
from signing.trust import TRUST_FILE

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

AUTHORITY = "CA thử nghiệm (không có giá trị pháp lý)"
STRANGER = "CA lạ (không có giá trị pháp lý)"
#: nobody can own a name under .invalid (RFC 2606): a list is never fetched
LISTS_AT = "http://crl.congvan.invalid/"
REVOKED, EXPIRED, UNKNOWN = "revoked", "expired", "stranger"
YEAR = timedelta(days=365)
LIFE = 10 * YEAR


class Algorithm(StrEnum):
    """The kind of the holders' keys."""

    EC = "ec"
    RSA = "rsa"


@dataclass(frozen=True)
class Holder:
    """Who gets a certificate: `key` names the files, `name` is the common name."""

    key: str
    name: str
    organization: str = ""
    algorithm: Algorithm = Algorithm.EC


@dataclass(frozen=True)
class Pki:
    """Where everything lies; `passphrase` opens each keystore."""

    folder: Path
    passphrase: str = field(repr=False)

    @property
    def trust_folder(self) -> Path:
        return self.folder / "trust"

    def keystore(self, key: str) -> bytes:
        """Return the PKCS#12 file of a holder."""
        return (self.folder / "keystores" / f"{key}.p12").read_bytes()

    def certificate(self, key: str) -> bytes:
        """Return the certificate of a holder, DER."""
        return (self.folder / "certificates" / f"{key}.cer").read_bytes()

    def picture(self, key: str) -> bytes:
        """Return the PNG of a holder's signature or seal."""
        return (self.folder / "pictures" / f"{key}.png").read_bytes()


def make_pki(
    folder: Path,
    people: Sequence[Holder],
    agencies: Sequence[Holder],
    now: datetime,
    passphrase: str,
) -> Pki:
    """Write keystores, pictures, anchors and revocation lists into `folder`.

    Beside the named holders there are `revoked` and `expired` (withdrawn an hour before `now`; out
    of term for a year) and `stranger`, whose authority is not trusted. Raise FileExistsError when
    the folder holds an authority already: a new one would void what the old one signed.
    """
    trust = folder / "trust"
    if (trust / TRUST_FILE).exists():
        raise FileExistsError(trust)
    for name in ("keystores", "certificates", "pictures", "trust/anchors", "trust/crls"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    authority = _Authority(AUTHORITY, now)
    for holder in [*people, *agencies]:
        _write_keystore(folder, holder, authority.issue(holder, now), passphrase)
    withdrawn = authority.issue(Holder(REVOKED, "Lê Bị Thu Hồi"), now)
    _write_keystore(folder, Holder(REVOKED, "Lê Bị Thu Hồi"), withdrawn, passphrase)
    old = Holder(EXPIRED, "Phạm Hết Hạn")
    _write_keystore(folder, old, authority.issue(old, now - 3 * YEAR, 2 * YEAR), passphrase)
    unknown = Holder(UNKNOWN, "Người Lạ")
    _write_keystore(folder, unknown, _Authority(STRANGER, now).issue(unknown, now), passphrase)
    authority.write_trust(trust, now, withdrawn[1])
    for person in people:
        (folder / "pictures" / f"{person.key}.png").write_bytes(draw_signature(person.name))
    for agency in agencies:
        (folder / "pictures" / f"{agency.key}.png").write_bytes(draw_seal(agency.name))
    return Pki(folder, passphrase)


Issued = tuple[Key, x509.Certificate, tuple[x509.Certificate, ...]]


class _Authority:
    """A root and the authority under it that issues to holders."""

    def __init__(self, name: str, now: datetime) -> None:
        start, end = now - 4 * YEAR, now + 16 * YEAR
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._key = ec.generate_private_key(ec.SECP256R1())
        root_name, issuing_name = _name(f"{name} – gốc"), _name(name)
        root = _builder(root_name, root_name, self._root_key, start, end)
        root = _for_authority(root, self._root_key, None)
        self.root = root.sign(self._root_key, hashes.SHA256())
        issuing = _builder(issuing_name, root_name, self._key, start, end)
        issuing = _for_authority(issuing, self._root_key, 0)
        issuing = issuing.add_extension(_list_at("root"), critical=False)
        self.issuing = issuing.sign(self._root_key, hashes.SHA256())

    def issue(self, holder: Holder, start: datetime, term: timedelta = 5 * YEAR) -> Issued:
        key: Key = (
            rsa.generate_private_key(65537, 2048)
            if holder.algorithm is Algorithm.RSA
            else ec.generate_private_key(ec.SECP256R1())
        )
        subject = _name(holder.name, holder.organization or holder.name)
        builder = _builder(
            subject, self.issuing.subject, key, start - timedelta(days=1), start + term
        )
        certificate = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .add_extension(_list_at("issuing"), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return key, certificate, (self.issuing, self.root)

    def write_trust(self, trust: Path, now: datetime, withdrawn: x509.Certificate) -> None:
        (trust / "anchors" / "root.pem").write_bytes(self.root.public_bytes(Encoding.PEM))
        (trust / "crls" / "root.crl").write_bytes(_list(self.root, self._root_key, now, []))
        entries = [_withdrawn(withdrawn, now - timedelta(hours=1))]
        (trust / "crls" / "issuing.crl").write_bytes(_list(self.issuing, self._key, now, entries))
        (trust / TRUST_FILE).write_text(_description(now), encoding="utf-8")


def _withdrawn(certificate: x509.Certificate, at: datetime) -> x509.RevokedCertificate:
    return (
        x509.RevokedCertificateBuilder()
        .serial_number(certificate.serial_number)
        .revocation_date(at)
        .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
        .build()
    )


def _list(
    issuer: x509.Certificate, key: Key, now: datetime, entries: list[x509.RevokedCertificate]
) -> bytes:
    """Return a revocation list that holds for as long as the demo may live, DER."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now - timedelta(minutes=30))
        .next_update(now + LIFE)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
    )
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def _description(now: datetime) -> str:
    start, end = now - YEAR, now + LIFE
    return f"""# Danh sách tin cậy của bản chạy thử. CA này không có giá trị pháp lý.
# Trust list of the demo. This authority has no legal force.

[[anchor]]
name = "{AUTHORITY}"
role = "signer"
file = "anchors/root.pem"
valid_from = {start.isoformat(timespec="seconds")}
valid_until = {end.isoformat(timespec="seconds")}
added_by = "demo"

[revocation]
allowed = ["{LISTS_AT}"]

[[revocation.list]]
url = "{LISTS_AT}root.crl"
file = "crls/root.crl"

[[revocation.list]]
url = "{LISTS_AT}issuing.crl"
file = "crls/issuing.crl"
"""


def _write_keystore(folder: Path, holder: Holder, issued: Issued, passphrase: str) -> None:
    key, certificate, issuers = issued
    public = folder / "certificates" / f"{holder.key}.cer"
    public.write_bytes(certificate.public_bytes(Encoding.DER))
    path = folder / "keystores" / f"{holder.key}.p12"
    path.touch(mode=0o600)
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            holder.name.encode(),
            key,
            certificate,
            issuers,
            BestAvailableEncryption(passphrase.encode()),
        )
    )


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
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()),
            critical=False,
        )
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=signs,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs,
        crl_sign=not signs,
        encipher_only=False,
        decipher_only=False,
    )


def _list_at(name: str) -> x509.CRLDistributionPoints:
    address = x509.UniformResourceIdentifier(f"{LISTS_AT}{name}.crl")
    return x509.CRLDistributionPoints(
        [x509.DistributionPoint([address], relative_name=None, reasons=None, crl_issuer=None)]
    )
