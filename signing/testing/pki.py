"""A throw-away authority (CA thử nghiệm): certificates, keystores and lists in one folder."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from signing.testing.authority import (
    LISTS_AT,
    YEAR,
    Algorithm,
    Authority,
    Holder,
    Issued,
    Terms,
    Use,
)
from signing.testing.pictures import draw_seal, draw_signature
from signing.trust import TRUST_FILE

__all__ = ["Algorithm", "Holder", "Pki", "Services", "make_pki"]

AUTHORITY = "CA thử nghiệm (không có giá trị pháp lý)"
TIMESTAMPS = "TSA thử nghiệm (không có giá trị pháp lý)"
STRANGER = "CA lạ (không có giá trị pháp lý)"
REVOKED, EXPIRED, UNKNOWN = "revoked", "expired", "stranger"
TSA, OCSP = "tsa", "ocsp"
LIFE = 10 * YEAR


@dataclass(frozen=True)
class Services:
    """What only the process that made the authority has: those who issue, stamp and answer."""

    authority: Authority
    #: issues the certificates of timestamps; another root than the signers'
    timestamps: Authority
    stranger: Authority
    tsa: Issued
    ocsp: Issued


@dataclass(frozen=True)
class Pki:
    """Where everything lies; `passphrase` opens each keystore."""

    folder: Path
    passphrase: str = field(repr=False)
    services: Services = field(repr=False)

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
    of term for a year), `stranger`, whose authority is not trusted, and `tsa`, which stamps times.
    Raise FileExistsError when the folder holds an authority already: a new one would void what the
    old one signed.
    """
    trust = folder / "trust"
    if (trust / TRUST_FILE).exists():
        raise FileExistsError(trust)
    for name in ("keystores", "certificates", "pictures", "trust/anchors", "trust/crls"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    services = _services(now)
    authority = services.authority
    old = authority.issue(_EXPIRED, now - 3 * YEAR, Terms(term=2 * YEAR))
    withdrawn = authority.issue(_REVOKED, now)
    issued = [(one, authority.issue(one, now)) for one in (*people, *agencies)]
    issued += [(_REVOKED, withdrawn), (_EXPIRED, old)]
    issued += [(_UNKNOWN, services.stranger.issue(_UNKNOWN, now)), (_TSA, services.tsa)]
    for holder, one in issued:
        _write_keystore(folder, holder, one, passphrase)
    _write_trust(trust, services, now, withdrawn)
    for person in people:
        (folder / "pictures" / f"{person.key}.png").write_bytes(draw_signature(person.name))
    for agency in agencies:
        (folder / "pictures" / f"{agency.key}.png").write_bytes(draw_seal(agency.name))
    return Pki(folder, passphrase, services)


_REVOKED = Holder(REVOKED, "Lê Bị Thu Hồi")
_EXPIRED = Holder(EXPIRED, "Phạm Hết Hạn")
_UNKNOWN = Holder(UNKNOWN, "Người Lạ")
_TSA = Holder(TSA, "Dấu thời gian thử nghiệm")
_OCSP = Holder(OCSP, "Trả lời trạng thái chứng thư số thử nghiệm")


def _services(now: datetime) -> Services:
    authority = Authority(AUTHORITY, now)
    timestamps = Authority(TIMESTAMPS, now, prefix="tsa-")
    return Services(
        authority,
        timestamps,
        Authority(STRANGER, now, prefix="stranger-"),
        timestamps.issue(_TSA, now, Terms(Use.TIMESTAMPING)),
        authority.issue(_OCSP, now, Terms(Use.OCSP)),
    )


def _write_trust(trust: Path, services: Services, now: datetime, withdrawn: Issued) -> None:
    since = now - timedelta(hours=1)
    for authority, prefix in ((services.authority, ""), (services.timestamps, "tsa-")):
        pem = authority.root.public_bytes(Encoding.PEM)
        (trust / "anchors" / f"{prefix}root.pem").write_bytes(pem)
        for tier in ("root", "issuing"):
            gone = {withdrawn.certificate: since} if prefix + tier == "issuing" else {}
            # a demo lives longer than any ordinary list
            made = authority.revocation_list(
                now - timedelta(minutes=30), tier=tier, life=LIFE, withdrawn=gone
            )
            (trust / "crls" / f"{prefix}{tier}.crl").write_bytes(made)
    (trust / TRUST_FILE).write_text(_description(now), encoding="utf-8")


def _description(now: datetime) -> str:
    start, end = (moment.isoformat(timespec="seconds") for moment in (now - YEAR, now + LIFE))
    anchors = ((AUTHORITY, "signer", "root"), (TIMESTAMPS, "tsa", "tsa-root"))
    lists = ("root", "issuing", "tsa-root", "tsa-issuing")
    return "\n".join(
        [
            "# Danh sách tin cậy của bản chạy thử. CA này không có giá trị pháp lý.",
            "# Trust list of the demo. This authority has no legal force.",
            *(_ANCHOR.format(name, role, file, start, end) for name, role, file in anchors),
            f'\n[revocation]\nallowed = ["{LISTS_AT}"]',
            *(_LIST.format(LISTS_AT, file) for file in lists),
        ]
    )


_ANCHOR = """
[[anchor]]
name = "{0}"
role = "{1}"
file = "anchors/{2}.pem"
valid_from = {3}
valid_until = {4}
added_by = "demo\""""
_LIST = """
[[revocation.list]]
url = "{0}{1}.crl"
file = "crls/{1}.crl\""""


def _write_keystore(folder: Path, holder: Holder, issued: Issued, passphrase: str) -> None:
    public = folder / "certificates" / f"{holder.key}.cer"
    public.write_bytes(issued.der)
    path = folder / "keystores" / f"{holder.key}.p12"
    path.touch(mode=0o600)
    path.write_bytes(issued.keystore(passphrase))
