"""Changing whom we trust and how signatures are checked (quản lý danh sách tin cậy, chính sách).

Every change makes a new version of the whole, with who, when and why; nothing is ever deleted.
Where the agency asks for it a second person agrees first.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography import x509

from engine.database import Transaction
from engine.errors import Named, OfficeError, Stale
from processes import second_person
from processes.means import Means
from processes.second_person import Proposal, reasoned
from processes.trust_rules import Change, Rules, applied, fingerprint
from records import journal, trust
from records.authority import Act, authorize
from records.trust import TrustVersion
from signing.policy import policy_text, read_policy
from signing.sources import Sources, load_sources
from signing.trust import TRUST_FILE, AnchorRole, Trust, certificate_der, load_trust

#: what carries out a proposal of this module
KIND = "trust"


class CertificateRefused(OfficeError):
    """The file is no certificate of an authority (không phải chứng thư số của nơi cấp)."""

    code = "certificate-refused"
    vi = (
        "Không dùng được tệp này làm chứng thư số của nơi cấp: {reason}. "
        "Hãy tải lên chứng thư số gốc hoặc trung gian (PEM, DER) lấy từ chính nơi cấp."
    )
    en = (
        "This file cannot stand as the certificate of an authority: {reason}. "
        "Upload its root or intermediate certificate (PEM or DER)."
    )


_NO_CERTIFICATE = Named(
    "no-certificate", ("tệp không chứa chứng thư số đọc được", "it holds no readable certificate")
)
_NO_AUTHORITY = Named(
    "no-authority",
    ("chứng thư số này không phải của nơi cấp (CA)", "this certificate is not an authority's (CA)"),
)


class FingerprintDiffers(OfficeError):
    """The fingerprint typed is not that of the certificate (dấu vân tay không khớp)."""

    code = "fingerprint-differs"
    vi = (
        "Dấu vân tay SHA-256 nhập vào không khớp với chứng thư số đã tải lên. "
        "Hãy lấy dấu vân tay nơi cấp công bố bằng kênh khác rồi đối chiếu lại."
    )
    en = (
        "The SHA-256 typed is not that of the certificate uploaded. Take the one its authority "
        "publishes elsewhere and compare again."
    )


@dataclass(frozen=True, slots=True)
class NewAnchor:
    """A root to be trusted: the file as uploaded, and the fingerprint somebody compared."""

    name: str
    role: AnchorRole
    file: bytes
    fingerprint: str
    valid_from: datetime
    valid_until: datetime
    policies: tuple[str, ...] = ()


def import_folder(tx: Transaction, folder: Path) -> TrustVersion:
    """Make the first version from a trust folder; nobody is trusted where there is none.

    Raises `TrustRefused`, `PolicyRefused` for an unusable folder, `Stale` when there is a version.
    """
    text = policy_text(folder)
    named = (folder / TRUST_FILE).is_file()
    found = Rules(
        load_trust(folder) if named else Trust(()),
        load_sources(folder) if named else Sources(),
        text,
        read_policy(text),
    )
    change = {"what": Change.IMPORT.value}
    made = trust.append(tx, 0, found.to_data(), change, str(folder / TRUST_FILE) if named else "")
    journal.record(tx, "change_trust", "trust_version", made.id, number=1, what=change["what"])
    return made


# the verbs ---------------------------------------------------------------------------------------


def add_anchor(tx: Transaction, new: NewAnchor, reason: str) -> TrustVersion | Proposal:
    """Trust a root from now on; raises `CertificateRefused`, `FingerprintDiffers` and as below."""
    der = authority_certificate(new.file)
    if "".join(new.fingerprint.split()).replace(":", "").lower() != fingerprint(der):
        raise FingerprintDiffers
    order = {
        "name": new.name.strip(),
        "role": new.role.value,
        "certificate": b64encode(der).decode(),
        "fingerprint": fingerprint(der),
        "valid_from": new.valid_from.isoformat(),
        "valid_until": new.valid_until.isoformat(),
        "policies": sorted(new.policies),
        "added_by": tx.acting.name,
        "added_at": tx.now.isoformat(),
        "reason": reason.strip(),
    }
    return _change(tx, Change.ADD_ANCHOR, order, reason)


def withdraw_anchor(
    tx: Transaction, digest: str, role: AnchorRole, until: datetime, reason: str
) -> TrustVersion | Proposal:
    """Stop trusting a root from `until` on; what was proven before it still counts."""
    order = {"fingerprint": digest, "role": role.value, "until": until.isoformat()}
    return _change(tx, Change.WITHDRAW_ANCHOR, order, reason)


def add_issuer(tx: Transaction, file: bytes, reason: str) -> TrustVersion | Proposal:
    """Know an authority between a root and signers; it is believed only through its root."""
    der = authority_certificate(file)
    order = {"certificate": b64encode(der).decode(), "fingerprint": fingerprint(der)}
    return _change(tx, Change.ADD_ISSUER, order, reason)


def add_list(tx: Transaction, url: str, digest: str, reason: str) -> TrustVersion | Proposal:
    """Have the list of the authority with this fingerprint fetched from an allowed address."""
    order = {"url": url.strip(), "fingerprint": digest}
    return _change(tx, Change.ADD_LIST, order, reason)


def set_addresses(
    tx: Transaction, allowed: list[str], networks: list[str], reason: str
) -> TrustVersion | Proposal:
    """Say which addresses may be asked, and which private networks they may lie in."""
    order = {"allowed": allowed, "networks": networks}
    return _change(tx, Change.SET_ADDRESSES, order, reason)


def set_policy(tx: Transaction, text: str, reason: str) -> TrustVersion | Proposal:
    """Check signatures by another policy from now on, TOML."""
    return _change(tx, Change.SET_POLICY, {"text": text}, reason)


def authority_certificate(file: bytes) -> bytes:
    """Return an uploaded certificate of an authority, DER; raises `CertificateRefused`."""
    try:
        der = certificate_der(file)
        extensions = x509.load_der_x509_certificate(der).extensions
        basic = extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        raise CertificateRefused(reason=_NO_AUTHORITY) from None
    except ValueError as error:
        raise CertificateRefused(reason=_NO_CERTIFICATE) from error
    if not basic.ca:
        raise CertificateRefused(reason=_NO_AUTHORITY)
    return der


def _change(
    tx: Transaction, what: Change, order: dict[str, Any], reason: str
) -> TrustVersion | Proposal:
    """Raises `NoRight`, `ReasonMissing`, `ChangeRefused`, `Stale`."""
    authorize(tx.acting, Act.MANAGE_TRUST)
    why = reasoned(reason)
    current = trust.newest(tx)
    order = {"what": what.value, **order}
    if current is not None and second_person.is_wanted(tx, Act.MANAGE_TRUST):
        applied(Rules.of(current), order)  # what nobody could carry out is not proposed either
        return second_person.propose(tx, Act.MANAGE_TRUST, KIND, current.id, order, why)
    return _carried_out(tx, current, order, why)


def _carried_out(
    tx: Transaction, current: TrustVersion | None, order: Mapping[str, Any], why: str, **told: Any
) -> TrustVersion:
    rules = applied(Rules.of(current), order)
    number = current.number if current else 0
    made = trust.append(tx, number, rules.to_data(), dict(order), why)
    said = {name: value for name, value in order.items() if name not in {"certificate", "text"}}
    journal.record(
        tx, "change_trust", "trust_version", made.id, number=made.number, why=why, **said, **told
    )
    return made


def is_overtaken(tx: Transaction, proposal: Proposal) -> bool:
    """Return whether the list or policy is another than the one the proposal was made for."""
    current = trust.newest(tx)
    return current is None or current.id != proposal.subject_id


def _agreed(tx: Transaction, _means: Means, proposal: Proposal) -> TrustVersion:
    current = trust.newest(tx)
    if is_overtaken(tx, proposal):
        raise Stale
    proposed: dict[str, UUID] = {"proposal": proposal.id, "proposed_by": proposal.proposed_by}
    return _carried_out(tx, current, proposal.order, proposal.reason, **proposed)


second_person.CARRIED_OUT[KIND] = _agreed
