"""Where lists come from (nguồn danh sách thu hồi): allowed addresses, and whose list lies where."""

import ipaddress
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signing.addresses import AllowList, read_address
from signing.errors import AddressRefused, TrustRefused
from signing.trust import certificate_der, read_trust_file


@dataclass(frozen=True)
class ListSource:
    """The address of an authority's list; `issuer` is its certificate, DER."""

    url: str
    issuer: bytes


@dataclass(frozen=True)
class Sources:
    """Beginnings of addresses that may be asked, private networks among them, and known lists."""

    allowed: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    lists: tuple[ListSource, ...] = ()

    def check(self) -> None:
        """Raise `AddressRefused` for an address or a network that is malformed or not allowed."""
        for prefix in self.allowed:
            read_address(prefix)
        for network in self.networks:
            try:
                ipaddress.ip_network(network)
            except ValueError:
                raise AddressRefused(url=network[:200]) from None
        allowed = AllowList(self.allowed)
        for one in self.lists:
            if not allowed.allows(one.url):
                raise AddressRefused(url=one.url[:200])

    def to_data(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "allowed": list(self.allowed),
            "networks": list(self.networks),
            "lists": [[one.url, b64encode(one.issuer).decode()] for one in self.lists],
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Sources":
        """Read what `to_data` returned."""
        return cls(
            tuple(data["allowed"]),
            tuple(data["networks"]),
            tuple(ListSource(url, b64decode(issuer)) for url, issuer in data["lists"]),
        )


def load_sources(folder: Path) -> Sources:
    """Read the addresses a trust folder names; raise `TrustRefused`."""
    data = read_trust_file(folder).get("revocation", {})
    try:
        found = Sources(
            tuple(data.get("allowed", [])),
            tuple(data.get("networks", [])),
            tuple(
                ListSource(one["url"], certificate_der((folder / one["issuer"]).read_bytes()))
                for one in data.get("source", [])
            ),
        )
        found.check()
    except (OSError, KeyError, ValueError, TypeError, AddressRefused) as error:
        raise TrustRefused(reason=str(error)) from error
    return found
