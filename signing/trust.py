"""Whom the agency trusts to issue certificates (chứng thư số gốc tin cậy)."""

import re
import tomllib
from base64 import b64decode, b64encode
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator.authority import CertTrustAnchor, TrustQualifiers
from pyhanko_certvalidator.policy_decl import PKIXValidationParams
from pyhanko_certvalidator.registry import SimpleTrustManager

from signing import shortcuts
from signing.errors import TrustRefused, told_of

#: the description of a trust folder
TRUST_FILE = "trust.toml"
#: the shape of `Trust.to_data`; readers accept any they know
FORMAT = 1

_OID = re.compile(r"[0-2](\.(0|[1-9]\d*)){1,32}")


class AnchorRole(StrEnum):
    """What an anchor is trusted for (phạm vi tin cậy)."""

    SIGNER = "signer"
    #: issuers of timestamps (dấu thời gian)
    TSA = "tsa"


@dataclass(frozen=True)
class Anchor:
    """A root certificate, DER, trusted for one role within a span of time.

    Where `policies` are named, a chain counts only when it asserts one of these certificate
    policies (OID). `added_by`, `added_at` and `reason` say who answers for the trust.
    """

    name: str
    role: AnchorRole
    certificate: bytes
    valid_from: datetime
    valid_until: datetime
    added_by: str = ""
    policies: frozenset[str] = frozenset()
    added_at: datetime | None = None
    reason: str = ""

    def is_trusted(self, role: AnchorRole, at: datetime) -> bool:
        """Tell whether the anchor counts for `role` at that moment."""
        return self.role == role and self.valid_from <= at <= self.valid_until


@dataclass(frozen=True)
class Trust:
    """The anchors of an agency, and certificates of issuers between them and the signers.

    `version` is the number of the list, 0 where nobody numbers it; a report names it.
    """

    anchors: tuple[Anchor, ...]
    issuers: tuple[bytes, ...] = ()
    version: int = 0

    def roots(self, role: AnchorRole, at: datetime) -> list[bytes]:
        """Return the certificates trusted for `role` at that moment, DER."""
        return [one.certificate for one in self.anchors if one.is_trusted(role, at)]

    def manager(self, role: AnchorRole, at: datetime) -> SimpleTrustManager:
        """Return what pyHanko asks for roots of `role` at that moment, with their policies."""
        policies: defaultdict[bytes, list[frozenset[str]]] = defaultdict(list)
        for one in self.anchors:
            if one.is_trusted(role, at):
                policies[one.certificate].append(one.policies)
        return SimpleTrustManager.build(
            trust_roots=[
                CertTrustAnchor(shortcuts.certificate(der), _qualifiers(sets))
                for der, sets in policies.items()
            ]
        )

    def to_data(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "format": FORMAT,
            "version": self.version,
            "anchors": [_anchor_data(one) for one in self.anchors],
            "issuers": [b64encode(one).decode() for one in self.issuers],
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Trust":
        """Read what `to_data` returned; raise `TrustRefused`."""
        try:
            if data["format"] != FORMAT:
                raise TrustRefused(reason=f"format {data['format']}")
            return cls(
                tuple(_anchor_of_data(one) for one in data["anchors"]),
                tuple(b64decode(one) for one in data["issuers"]),
                data["version"],
            )
        except (KeyError, ValueError, TypeError) as error:
            raise TrustRefused(reason=str(error)) from error


def load_trust(folder: Path) -> Trust:
    """Read the anchors a trust folder names; raise `TrustRefused`."""
    data = read_trust_file(folder)
    try:
        return Trust(
            tuple(_anchor(folder, one) for one in data.get("anchor", [])),
            tuple(certificate_der((folder / one["file"]).read_bytes()) for one in _issuers(data)),
            data.get("version", 0),
        )
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise TrustRefused(reason=told_of(error)) from error


def read_trust_file(folder: Path) -> dict[str, Any]:
    """Read the description of a trust folder; raise `TrustRefused`."""
    try:
        return tomllib.loads((folder / TRUST_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrustRefused(reason=told_of(error)) from error


def certificate_der(data: bytes) -> bytes:
    """Return one certificate, PEM or DER, as DER; raise ValueError."""
    read = (
        x509.load_pem_x509_certificate
        if data.lstrip().startswith(b"-----")
        else x509.load_der_x509_certificate
    )
    return read(data).public_bytes(Encoding.DER)


def policy_oids(texts: list[str]) -> frozenset[str]:
    """Return certificate policies as a set; raise ValueError for what is no OID."""
    for text in texts:
        if not _OID.fullmatch(text):
            raise ValueError(f"{text!r}: không phải OID")
    return frozenset(texts)


def _issuers(data: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data.get("issuer", [])
    return found


def _qualifiers(sets: list[frozenset[str]]) -> TrustQualifiers:
    """Return the demand on a root: of several entries the least one holds."""
    if not all(sets):
        return TrustQualifiers()
    return TrustQualifiers(
        standard_parameters=PKIXValidationParams(
            user_initial_policy_set=frozenset().union(*sets), initial_explicit_policy=True
        )
    )


def _anchor_data(one: Anchor) -> dict[str, Any]:
    return {
        "name": one.name,
        "role": one.role,
        "certificate": b64encode(one.certificate).decode(),
        "valid_from": one.valid_from.isoformat(),
        "valid_until": one.valid_until.isoformat(),
        "added_by": one.added_by,
        "policies": sorted(one.policies),
        "added_at": one.added_at.isoformat() if one.added_at else None,
        "reason": one.reason,
    }


def _anchor_of_data(one: dict[str, Any]) -> Anchor:
    return Anchor(
        one["name"],
        AnchorRole(one["role"]),
        b64decode(one["certificate"]),
        datetime.fromisoformat(one["valid_from"]),
        datetime.fromisoformat(one["valid_until"]),
        one["added_by"],
        policy_oids(one["policies"]),
        datetime.fromisoformat(one["added_at"]) if one["added_at"] else None,
        one["reason"],
    )


def _anchor(folder: Path, entry: dict[str, Any]) -> Anchor:
    added_at = entry.get("added_at")
    for moment in (entry["valid_from"], entry["valid_until"], added_at):
        if moment is not None and moment.tzinfo is None:
            raise TrustRefused(reason=f"{entry['name']}: thời gian thiếu múi giờ")
    return Anchor(
        entry["name"],
        AnchorRole(entry["role"]),
        certificate_der((folder / entry["file"]).read_bytes()),
        entry["valid_from"],
        entry["valid_until"],
        entry.get("added_by", ""),
        policy_oids(entry.get("policies", [])),
        added_at,
        entry.get("reason", ""),
    )
