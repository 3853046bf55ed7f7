"""Which certificates were withdrawn (thu hồi chứng thư số), from lists at hand, never the net."""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from signing.errors import TrustRefused
from signing.trust import read_trust_file


@dataclass(frozen=True)
class RevocationList:
    """One list of withdrawn certificates (CRL), DER, and the address it was taken from."""

    url: str
    der: bytes


@dataclass(frozen=True)
class Revocation:
    """The lists at hand; those from an address that is not allowed are as good as absent."""

    lists: tuple[RevocationList, ...] = ()
    #: beginnings of addresses, such as `http://crl.example.vn/`
    allowed: tuple[str, ...] = ()

    def usable(self) -> list[bytes]:
        """Return the lists from allowed addresses, DER."""
        return [one.der for one in self.lists if one.url.startswith(self.allowed)]

    def to_data(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "lists": [[one.url, b64encode(one.der).decode()] for one in self.lists],
            "allowed": list(self.allowed),
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Revocation":
        """Read what `to_data` returned."""
        return cls(
            tuple(RevocationList(url, b64decode(der)) for url, der in data["lists"]),
            tuple(data["allowed"]),
        )


def load_revocation(folder: Path) -> Revocation:
    """Read the lists a trust folder names; raise `TrustRefused`."""
    data = read_trust_file(folder).get("revocation", {})
    try:
        return Revocation(
            tuple(
                RevocationList(one["url"], _der((folder / one["file"]).read_bytes()))
                for one in data.get("list", [])
            ),
            tuple(data.get("allowed", [])),
        )
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise TrustRefused(reason=str(error)) from error


def _der(data: bytes) -> bytes:
    read = x509.load_pem_x509_crl if data.lstrip().startswith(b"-----") else x509.load_der_x509_crl
    return read(data).public_bytes(Encoding.DER)
