"""What the page of trust shows (danh sách tin cậy): roots, lists at hand, rules, versions."""

from base64 import b64decode
from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePath
from typing import Any

from cryptography import x509

from engine.database import Transaction
from processes.means import Known
from processes.trust_rules import (
    Change,
    Rules,
    fingerprint,
)
from records import trust
from records.trust import TrustVersion
from records.vietnamese import local_date
from signing.algorithms import AlgorithmKind, AlgorithmRule
from signing.policy import RevocationMode, ValidationPolicy
from signing.report import ROLES
from signing.revocation_entry import Entry, Kind
from signing.trust import Anchor, AnchorRole
from web import words
from web.door import language
from web.tongue import _, later

_ROLES = {AnchorRole.SIGNER: later("chữ ký"), AnchorRole.TSA: later("dấu thời gian")}
_KINDS = {
    "outgoing": later("văn bản đi"),
    "annex": later("phụ lục"),
    "copy": later("bản sao"),
    "scan": later("văn bản đến được số hóa"),
}
_CHANGES = {
    Change.IMPORT: later("lập danh sách đầu tiên"),
    Change.ADD_ANCHOR: later("thêm chứng thư số gốc"),
    Change.WITHDRAW_ANCHOR: later("thôi tin cậy chứng thư số gốc"),
    Change.ADD_ISSUER: later("thêm chứng thư số trung gian"),
    Change.ADD_LIST: later("thêm danh sách thu hồi"),
    Change.SET_ADDRESSES: later("sửa địa chỉ được phép"),
    Change.SET_POLICY: later("sửa chính sách kiểm tra"),
}
#: hash functions as standards write them
_HASHES = {"sha1": "SHA-1", "sha224": "SHA-224"}


def shown(tx: Transaction, known: Known) -> dict[str, Any]:
    """Return everything the page shows besides its forms."""
    rules = Rules.of(trust.newest(tx))
    return {
        "version_text": _("Bản đang áp dụng: %(n)s", n=rules.trust.version),
        "anchors": [anchor(one, tx.now) for one in rules.trust.anchors],
        "issuers": [certificate(der) for der in rules.trust.issuers],
        "lists": lists(known, tx.now),
        "allowed": list(rules.sources.allowed),
        "networks": list(rules.sources.networks),
        **policy(rules.policy),
        "versions": [version(one, tx.now) for one in trust.versions(tx)],
    }


def role(one: AnchorRole) -> str:
    """Return what a root is trusted for, in words."""
    return str(_ROLES[one])


def certificate(der: bytes) -> dict[str, str]:
    """Return the facts of a certificate an operator compares."""
    found = x509.load_der_x509_certificate(der)
    digest = fingerprint(der).upper()
    return {
        "subject": _name(found.subject),
        "issuer": _name(found.issuer),
        "serial": f"{found.serial_number:x}",
        "fingerprint": " ".join(digest[at : at + 4] for at in range(0, 64, 4)),
        "term": _term(found.not_valid_before_utc, found.not_valid_after_utc),
    }


def anchor(one: Anchor, now: datetime) -> dict[str, Any]:
    """Return a root with whom it is believed for, since when, by whom."""
    trusted = one.is_trusted(one.role, now)
    added = one.added_by
    if one.added_at is not None:
        added = _("%(who)s, %(when)s", who=added, when=words.moment(one.added_at, now))
    return {
        **certificate(one.certificate),
        "name": one.name,
        "role": role(one.role),
        "trusted_text": _term(one.valid_from, one.valid_until),
        "state_text": _("đang tin cậy") if trusted else _("không tin cậy"),
        "tone": "ok" if trusted else "bad",
        "policies": ", ".join(sorted(one.policies)),
        "added": added,
        "reason": one.reason,
    }


def lists(known: Known, now: datetime) -> list[dict[str, str]]:
    """Return the lists at hand with their age; those laid by hand say where they came from."""
    fetched = [_list(one, now) for one in known.cache.entries() if one.wanted.kind is Kind.LIST]
    laid = [_laid(one.url, one.der, now) for one in known.laid.lists]
    return fetched + laid


def _list(one: Entry, now: datetime) -> dict[str, str]:
    current = one.is_current(now)
    tone = "bad" if not current else "warn" if one.failures else "ok"
    state = {
        "ok": _("còn hạn"),
        "warn": _("còn hạn, chưa cập nhật được"),
        "bad": _("hết hạn hoặc chưa có"),
    }[tone]
    return {
        "url": one.wanted.url,
        "issuer": certificate(one.wanted.issuer)["subject"],
        "made": words.exact(one.this_update),
        "next": words.exact(one.next_update),
        "state_text": state,
        "tone": tone,
        "problem": one.problem_text,
    }


def _laid(url: str, der: bytes, now: datetime) -> dict[str, str]:
    found = x509.load_der_x509_crl(der)
    until = found.next_update_utc
    current = until is not None and now <= until
    return {
        "url": url,
        "issuer": _name(found.issuer),
        "made": words.exact(found.last_update_utc),
        "next": words.exact(until),
        "state_text": _("còn hạn, chép bằng tay") if current else _("hết hạn, chép bằng tay"),
        "tone": "ok" if current else "bad",
        "problem": "",
    }


def policy(found: ValidationPolicy) -> dict[str, Any]:
    """Return the rules of a policy, each with who says so."""
    rule = found.revocation
    freshness = (
        _("Danh sách thu hồi có giá trị đến thời điểm cập nhật ghi trên đó.")
        if rule.mode is RevocationMode.REQUIRE
        else _("Danh sách thu hồi có giá trị khi lập chưa quá %(n)s giờ.",
               n=round(rule.freshness.total_seconds() / 3600))
    )  # fmt: skip
    return {
        "algorithms": [_algorithm(one) for one in found.algorithms],
        "revocation_text": freshness,
        "revocation_citation": rule.citation,
        "required": [
            {
                "kind": str(_KINDS.get(one.kind, one.kind)),
                "roles": ", ".join(ROLES[part][language() == "en"] for part in one.roles),
                "from": words.day(one.valid_from),
                "until": words.day(one.valid_until),
                "citation": one.citation,
            }
            for one in found.required
        ],
    }


def _algorithm(one: AlgorithmRule) -> dict[str, str]:
    what = {
        AlgorithmKind.RSA: _("khóa RSA ngắn hơn %(n)s bit", n=one.below),
        AlgorithmKind.EC: _("khóa ECDSA ngắn hơn %(n)s bit", n=one.below),
    }.get(one.kind, _HASHES.get(one.name, one.name.upper()))
    refused = words.day(local_date(one.refused_from))
    return {"what": what, "from": refused, "citation": one.citation}


def version(one: TrustVersion, now: datetime) -> dict[str, str]:
    """Return a version with who made it, when and why."""
    return {
        "number": str(one.number),
        "what": change(one.change),
        "who": one.changed_name or _("hệ thống"),
        "when": words.moment(one.changed_at, now),
        "reason": _reason(one),
    }


def _reason(one: TrustVersion) -> str:
    """Return why; the first list was read from a file, whose place says nothing to a reader."""
    if one.change["what"] != Change.IMPORT:
        return one.reason
    return _("Đọc từ tệp %(file)s trong thư mục dữ liệu", file=PurePath(one.reason).name)


def change(order: dict[str, Any]) -> str:
    """Return what a change does, in words."""
    about = order.get("name") or order.get("url") or order.get("fingerprint", "")[:16]
    words_of = str(_CHANGES[Change(order["what"])])
    return f"{words_of}: {about}" if about else words_of


def ordered(order: dict[str, Any]) -> str:
    """Return what a proposed change holds, for who agrees to it."""
    parts = []
    if "certificate" in order:
        found = certificate(b64decode(order["certificate"]))
        parts = [found["subject"], found["fingerprint"]]
    parts += [*order.get("allowed", ()), *order.get("networks", ())]
    return "; ".join(parts)


def _term(start: datetime, end: datetime) -> str:
    return f"{words.exact(start)[:10]} – {words.exact(end)[:10]}"


def _name(name: x509.Name) -> str:
    """Return the common name and the organisation, the parts a reader knows an issuer by."""
    kinds = (x509.NameOID.COMMON_NAME, x509.NameOID.ORGANIZATION_NAME)
    found: Iterable[str] = (
        str(part.value) for kind in kinds for part in name.get_attributes_for_oid(kind)
    )
    return ", ".join(dict.fromkeys(found)) or name.rfc4514_string()
