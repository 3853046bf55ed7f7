"""One version of the list of trust and the policy, and what each change does to it (bản)."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from engine.errors import OfficeError
from records.trust import TrustVersion
from signing.errors import SigningError
from signing.policy import ValidationPolicy, policy_text, read_policy
from signing.sources import ListSource, Sources
from signing.trust import Anchor, AnchorRole, Trust, policy_oids

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


def fingerprint(certificate: bytes) -> str:
    """Return the SHA-256 of a certificate, DER, in hexadecimal."""
    return sha256(certificate).hexdigest()


def applied(rules: Rules, order: Mapping[str, Any]) -> Rules:
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
