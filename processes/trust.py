"""Changing whom we trust and how signatures are checked (quản lý danh sách tin cậy, chính sách).

Every change makes a new version of the whole, with who, when and why; nothing is ever deleted.
Where the agency asks for it a second person agrees first.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography import x509

from engine.database import Transaction
from engine.errors import OfficeError, Stale
from processes import second_person
from processes.means import Means
from processes.second_person import Proposal, reasoned
from records import journal, trust
from records.authority import Act, authorize
from records.trust import TrustVersion
from signing.errors import SigningError
from signing.policy import ValidationPolicy, policy_text, read_policy
from signing.sources import ListSource, Sources, load_sources
from signing.trust import (
    TRUST_FILE,
    Anchor,
    AnchorRole,
    Trust,
    certificate_der,
    load_trust,
    policy_oids,
)

#: what carries out a proposal of this module
KIND = "trust"
#: the kind of document whose signatures are demanded wherever one of ours is seen
OUTGOING = "outgoing"


class Change(StrEnum):
    """What is done to the list or the policy."""

    IMPORT = "import"
    ADD_ANCHOR = "add_anchor"
    WITHDRAW_ANCHOR = "withdraw_anchor"
    ADD_ISSUER = "add_issuer"
    ADD_LIST = "add_list"
    SET_ADDRESSES = "set_addresses"
    SET_POLICY = "set_policy"


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


class ChangeRefused(OfficeError):
    """The change leads to no usable list or policy (thay đổi không hợp lệ)."""

    code = "trust-change-refused"
    vi = "Thay đổi không hợp lệ: {reason}. Chưa có gì được ghi."
    en = "The change is not valid: {reason}. Nothing was written."


@dataclass(frozen=True)
class Rules:
    """Whom we trust, where lists come from and by which policy, all of one version."""

    trust: Trust = field(default_factory=lambda: Trust(()))
    sources: Sources = field(default_factory=Sources)
    #: the policy as TOML, comments and all
    policy_text: str = ""
    policy: ValidationPolicy = field(default_factory=ValidationPolicy)

    def to_data(self) -> dict[str, Any]:
        """Return plain data for the row of a version."""
        trust = self.trust.to_data()
        return {"trust": trust, "sources": self.sources.to_data(), "policy": self.policy_text}

    @classmethod
    def of(cls, version: TrustVersion | None) -> "Rules":
        """Return what a version says; before the first nobody is trusted."""
        if version is None:
            return cls(policy_text=policy_text())
        data, number = version.rules, version.number
        return cls(
            replace(Trust.from_data(data["trust"]), version=number),
            Sources.from_data(data["sources"]),
            data["policy"],
            replace(read_policy(data["policy"]), version=number),
        )

    def issuers(self) -> list[bytes]:
        """Return all certificates of authorities the list knows, DER."""
        anchors = (one.certificate for one in self.trust.anchors)
        return list(dict.fromkeys([*anchors, *self.trust.issuers]))


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


def fingerprint(certificate: bytes) -> str:
    """Return the SHA-256 of a certificate, DER, in hexadecimal."""
    return sha256(certificate).hexdigest()


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
    except (ValueError, x509.ExtensionNotFound) as error:
        raise CertificateRefused(reason=str(error)[:200]) from error
    if not basic.ca:
        raise CertificateRefused(reason="chứng thư số này không phải của nơi cấp (CA=FALSE)")
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
        _applied(Rules.of(current), order)  # what nobody could carry out is not proposed either
        return second_person.propose(tx, Act.MANAGE_TRUST, KIND, current.id, order, why)
    return _carried_out(tx, current, order, why)


def _carried_out(
    tx: Transaction, current: TrustVersion | None, order: Mapping[str, Any], why: str, **told: Any
) -> TrustVersion:
    rules = _applied(Rules.of(current), order)
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


# what each change does ---------------------------------------------------------------------------


def _applied(rules: Rules, order: Mapping[str, Any]) -> Rules:
    """Return the rules after a change; raises `ChangeRefused`."""
    try:
        return _APPLY[Change(order["what"])](rules, order)
    except SigningError as error:
        raise ChangeRefused(reason=error.text("vi")) from error
    except ValueError as error:
        raise ChangeRefused(reason=str(error)) from error


def _with_anchor(rules: Rules, order: Mapping[str, Any]) -> Rules:
    anchor = Anchor(
        order["name"],
        AnchorRole(order["role"]),
        b64decode(order["certificate"]),
        datetime.fromisoformat(order["valid_from"]),
        datetime.fromisoformat(order["valid_until"]),
        order["added_by"],
        policy_oids(order["policies"]),
        datetime.fromisoformat(order["added_at"]),
        order["reason"],
    )
    if not anchor.name:
        raise ValueError("phải ghi tên nơi cấp")
    if anchor.valid_from >= anchor.valid_until:
        raise ValueError("thời hạn tin cậy kết thúc trước khi bắt đầu")
    for one in rules.trust.anchors:
        same = (one.role, one.certificate) == (anchor.role, anchor.certificate)
        if same and one.valid_from < anchor.valid_until and anchor.valid_from < one.valid_until:
            raise ValueError(f"«{one.name}» đã được tin cậy trong thời hạn này")
    anchors = (*rules.trust.anchors, anchor)
    return replace(rules, trust=replace(rules.trust, anchors=anchors))


def _without_anchor(rules: Rules, order: Mapping[str, Any]) -> Rules:
    until, role = datetime.fromisoformat(order["until"]), AnchorRole(order["role"])
    found = [
        one
        for one in rules.trust.anchors
        if one.role is role
        and fingerprint(one.certificate) == order["fingerprint"]
        and one.valid_until > until
    ]
    if not found:
        raise ValueError("không có chứng thư số gốc nào còn được tin cậy vào ngày đó")
    anchors = tuple(
        replace(one, valid_until=max(until, one.valid_from)) if one in found else one
        for one in rules.trust.anchors
    )
    return replace(rules, trust=replace(rules.trust, anchors=anchors))


def _with_issuer(rules: Rules, order: Mapping[str, Any]) -> Rules:
    der = b64decode(order["certificate"])
    if der in rules.issuers():
        raise ValueError("chứng thư số này đã có trong danh sách")
    return replace(rules, trust=replace(rules.trust, issuers=(*rules.trust.issuers, der)))


def _with_list(rules: Rules, order: Mapping[str, Any]) -> Rules:
    issuer = next((d for d in rules.issuers() if fingerprint(d) == order["fingerprint"]), None)
    if issuer is None:
        raise ValueError("nơi cấp không có trong danh sách")
    lists = [*rules.sources.lists, ListSource(order["url"], issuer)]
    sources = replace(rules.sources, lists=tuple(dict.fromkeys(lists)))
    sources.check()
    return replace(rules, sources=sources)


def _with_addresses(rules: Rules, order: Mapping[str, Any]) -> Rules:
    sources = replace(
        rules.sources, allowed=tuple(order["allowed"]), networks=tuple(order["networks"])
    )
    sources.check()
    return replace(rules, sources=sources)


def _with_policy(rules: Rules, order: Mapping[str, Any]) -> Rules:
    text = order["text"].replace("\r\n", "\n")
    policy = read_policy(text)
    if not any(one.kind == OUTGOING for one in policy.required):
        raise ValueError(f"thiếu quy tắc về chữ ký phải có của loại «{OUTGOING}»")
    return replace(rules, policy_text=text, policy=policy)


_APPLY: dict[Change, Callable[[Rules, Mapping[str, Any]], Rules]] = {
    Change.ADD_ANCHOR: _with_anchor,
    Change.WITHDRAW_ANCHOR: _without_anchor,
    Change.ADD_ISSUER: _with_issuer,
    Change.ADD_LIST: _with_list,
    Change.SET_ADDRESSES: _with_addresses,
    Change.SET_POLICY: _with_policy,
}
