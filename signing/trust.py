"""Whom the agency trusts to issue certificates (chứng thư số gốc tin cậy)."""

import tomllib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from signing.errors import TrustRefused

#: the description of a trust folder
TRUST_FILE = "trust.toml"


class AnchorRole(StrEnum):
    """What an anchor is trusted for (phạm vi tin cậy)."""

    SIGNER = "signer"
    #: issuers of timestamps (dấu thời gian)
    TSA = "tsa"


@dataclass(frozen=True)
class Anchor:
    """A root certificate, DER, trusted for one role within a span of time."""

    name: str
    role: AnchorRole
    certificate: bytes
    valid_from: datetime
    valid_until: datetime
    added_by: str = ""

    def is_trusted(self, role: AnchorRole, at: datetime) -> bool:
        """Tell whether the anchor counts for `role` at that moment."""
        return self.role == role and self.valid_from <= at <= self.valid_until


@dataclass(frozen=True)
class Trust:
    """The anchors of an agency, and certificates of issuers between them and the signers."""

    anchors: tuple[Anchor, ...]
    issuers: tuple[bytes, ...] = ()

    def roots(self, role: AnchorRole, at: datetime) -> list[bytes]:
        """Return the certificates trusted for `role` at that moment, DER."""
        return [one.certificate for one in self.anchors if one.is_trusted(role, at)]

    def to_data(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "anchors": [
                {
                    "name": one.name,
                    "role": one.role,
                    "certificate": b64encode(one.certificate).decode(),
                    "valid_from": one.valid_from.isoformat(),
                    "valid_until": one.valid_until.isoformat(),
                    "added_by": one.added_by,
                }
                for one in self.anchors
            ],
            "issuers": [b64encode(one).decode() for one in self.issuers],
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Trust":
        """Read what `to_data` returned."""
        return cls(
            tuple(
                Anchor(
                    one["name"],
                    AnchorRole(one["role"]),
                    b64decode(one["certificate"]),
                    datetime.fromisoformat(one["valid_from"]),
                    datetime.fromisoformat(one["valid_until"]),
                    one["added_by"],
                )
                for one in data["anchors"]
            ),
            tuple(b64decode(one) for one in data["issuers"]),
        )


def load_trust(folder: Path) -> Trust:
    """Read the anchors a trust folder names; raise `TrustRefused`."""
    data = read_trust_file(folder)
    try:
        return Trust(
            tuple(_anchor(folder, one) for one in data.get("anchor", [])),
            tuple(_der(folder / one["file"]) for one in data.get("issuer", [])),
        )
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise TrustRefused(reason=str(error)) from error


def read_trust_file(folder: Path) -> dict[str, Any]:
    """Read the description of a trust folder; raise `TrustRefused`."""
    try:
        return tomllib.loads((folder / TRUST_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrustRefused(reason=str(error)) from error


def _anchor(folder: Path, entry: dict[str, Any]) -> Anchor:
    valid_from, valid_until = entry["valid_from"], entry["valid_until"]
    if valid_from.tzinfo is None or valid_until.tzinfo is None:
        raise TrustRefused(reason=f"{entry['name']}: thời gian thiếu múi giờ")
    return Anchor(
        entry["name"],
        AnchorRole(entry["role"]),
        _der(folder / entry["file"]),
        valid_from,
        valid_until,
        entry.get("added_by", ""),
    )


def _der(path: Path) -> bytes:
    data = path.read_bytes()
    read = (
        x509.load_pem_x509_certificate
        if data.lstrip().startswith(b"-----")
        else x509.load_der_x509_certificate
    )
    return read(data).public_bytes(Encoding.DER)
