"""Which certificates were withdrawn (thu hồi chứng thư số), from lists at hand, never the net."""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from signing.addresses import AllowList, read_address
from signing.errors import AddressRefused, TrustRefused, told_of
from signing.trust import AnchorRole, read_trust_file

#: knowledge nobody keeps apart counts for both
BOTH = frozenset(AnchorRole)


@dataclass(frozen=True)
class RevocationList:
    """One list of withdrawn certificates (CRL), DER, and the address it was taken from."""

    url: str
    der: bytes
    #: whose certificates it is asked about: signers', timestamp authorities'
    roles: frozenset[AnchorRole] = BOTH


@dataclass(frozen=True)
class OcspAnswer:
    """One answer about one certificate (OCSP), DER, and the address it was taken from."""

    url: str
    der: bytes
    roles: frozenset[AnchorRole] = BOTH


@dataclass(frozen=True)
class Revocation:
    """The lists and answers at hand; those from an address that is not allowed count as absent."""

    lists: tuple[RevocationList, ...] = ()
    #: beginnings of addresses, such as `http://crl.example.vn/`
    allowed: tuple[str, ...] = ()
    answers: tuple[OcspAnswer, ...] = ()

    def usable(self, role: AnchorRole = AnchorRole.SIGNER) -> list[bytes]:
        """Return the lists of `role` from allowed addresses, DER."""
        return self._usable(self.lists, role)

    def usable_answers(self, role: AnchorRole = AnchorRole.SIGNER) -> list[bytes]:
        """Return the OCSP answers for `role` from allowed addresses, DER."""
        return self._usable(self.answers, role)

    def _usable(
        self, known: Iterable[RevocationList | OcspAnswer], role: AnchorRole
    ) -> list[bytes]:
        allowed = AllowList(self.allowed)
        return [one.der for one in known if role in one.roles and allowed.allows(one.url)]

    def to_data(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "lists": [_known_data(one) for one in self.lists],
            "answers": [_known_data(one) for one in self.answers],
            "allowed": list(self.allowed),
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Revocation":
        """Read what `to_data` returned."""
        return cls(
            tuple(RevocationList(*_known(one)) for one in data["lists"]),
            tuple(data["allowed"]),
            tuple(OcspAnswer(*_known(one)) for one in data["answers"]),
        )


def load_revocation(folder: Path) -> Revocation:
    """Read the lists a trust folder names; raise `TrustRefused`."""
    data = read_trust_file(folder).get("revocation", {})
    try:
        for prefix in data.get("allowed", []):
            read_address(prefix)
        return Revocation(
            tuple(
                RevocationList(
                    one["url"],
                    list_der((folder / one["file"]).read_bytes()),
                    frozenset(map(AnchorRole, one.get("roles", AnchorRole))),
                )
                for one in data.get("list", [])
            ),
            tuple(data.get("allowed", [])),
        )
    except (OSError, KeyError, ValueError, TypeError, AddressRefused) as error:
        raise TrustRefused(reason=told_of(error)) from error


def list_der(data: bytes) -> bytes:
    """Return one revocation list, PEM or DER, as DER; raise ValueError."""
    read = x509.load_pem_x509_crl if data.lstrip().startswith(b"-----") else x509.load_der_x509_crl
    return read(data).public_bytes(Encoding.DER)


def _known_data(one: RevocationList | OcspAnswer) -> list[Any]:
    return [one.url, b64encode(one.der).decode(), sorted(one.roles)]


def _known(data: list[Any]) -> tuple[str, bytes, frozenset[AnchorRole]]:
    url, der, roles = data
    return url, b64decode(der), frozenset(map(AnchorRole, roles))
