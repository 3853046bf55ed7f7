"""Which addresses may be asked for revocation lists (danh sách địa chỉ được phép).

Addresses stand in certificates of strangers, so an address counts only when it lies behind a
prefix somebody answers for: same scheme, host and port, and a path that begins as that one does.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from signing.errors import AddressRefused

SCHEMES = {"http": 80, "https": 443}
#: what an address consists of; anything else is how parsers are made to disagree
_PLAIN = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_ENCODED = re.compile(r"%([0-9A-Fa-f]{2})?")


@dataclass(frozen=True)
class Address:
    """An address taken apart and normalised."""

    scheme: str
    host: str
    port: int
    path: str
    query: str = ""

    @property
    def authority(self) -> str:
        """Host and port as HTTP writes them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == SCHEMES[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The address as it is asked for: what was checked and nothing else."""
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{self.authority}{self.path}{query}"


def read_address(url: str) -> Address:
    """Take an address apart; raise `AddressRefused` for whatever two parsers could read twice."""
    if not _PLAIN.fullmatch(url) or len(url) > 2048:
        raise AddressRefused(url=url[:200])
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressRefused(url=url[:200]) from None
    if parts.scheme not in SCHEMES or "@" in parts.netloc or parts.netloc.endswith(":"):
        raise AddressRefused(url=url[:200])
    return Address(
        parts.scheme,
        _host(host.rstrip("."), url),
        SCHEMES[parts.scheme] if port is None else port,
        _path(parts.path or "/", url),
        parts.query,
    )


def _host(host: str, url: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    last = host.rsplit(".", 1)[-1]
    # 127.1, 0x7f000001 and 2130706433 are addresses to some resolvers
    numeric = last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last)
    if not _HOST.fullmatch(host) or len(host) > 253 or numeric:
        raise AddressRefused(url=url[:200])
    return host


def _path(path: str, url: str) -> str:
    for found in _ENCODED.finditer(path):
        code = found[1]
        # an encoded separator or dot is read once by some servers and twice by others
        if code is None or unquote(f"%{code}") in {"/", "\\", ".", "%"} or int(code, 16) < 32:
            raise AddressRefused(url=url[:200])
    parts = path.split("/")
    if "" in parts[1:-1] or {".", ".."} & set(parts) or ";" in path:
        raise AddressRefused(url=url[:200])
    return path


@dataclass(frozen=True)
class AllowList:
    """Beginnings of addresses that may be asked, such as `http://crl.example.vn/lists/`.

    A prefix that ends in `/` allows what lies behind it, another one exactly itself.
    """

    prefixes: tuple[str, ...] = ()

    def allows(self, url: str) -> bool:
        """Tell whether an address may be asked; one that is malformed may not."""
        try:
            address = read_address(url)
            return any(_covers(read_address(one), address) for one in self.prefixes)
        except AddressRefused:
            return False


def _covers(prefix: Address, address: Address) -> bool:
    if (prefix.scheme, prefix.host, prefix.port) != (address.scheme, address.host, address.port):
        return False
    if prefix.path.endswith("/"):
        return address.path.startswith(prefix.path)
    return address.path == prefix.path and prefix.query in {"", address.query}
