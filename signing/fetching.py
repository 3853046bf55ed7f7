"""Asking an allowed address for a list or an answer (tải danh sách thu hồi): bounded in all ways.

The address is compared with the allow-list, its name is looked up once, and the connection goes to
the very machine that was looked at: a name that means another one a moment later (DNS rebinding)
changes nothing.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urljoin

from signing.addresses import Address, AllowList, read_address
from signing.errors import AddressRefused, AnswerRefused, NotReachable

LARGEST = 40 << 20
_CHUNK = 1 << 16
_REDIRECTS = {301, 302, 303, 307, 308}

#: (host, port) to the addresses of a machine, as `socket.getaddrinfo` orders them
Lookup = Callable[[str, int], list[str]]


@dataclass(frozen=True)
class Answer:
    """What a server said; `not_modified` when what we hold is the newest."""

    body: bytes = b""
    etag: str = ""
    last_modified: str = ""
    not_modified: bool = False


def look_up(host: str, port: int) -> list[str]:
    """Return the addresses of a host; raise OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True)
class Fetcher:
    """How an allowed address is asked: `seconds` for all of one request, `largest` in bytes.

    A name that leads to a private address (10.x, 127.x, 169.254.x …) is refused, unless that lies
    in one of `networks`, which the operator names; a prefix that is an address itself is meant so.
    """

    allowed: AllowList
    networks: tuple[str, ...] = ()
    seconds: float = 20.0
    largest: int = LARGEST
    attempts: int = 2
    redirects: int = 3
    lookup: Lookup = field(default=look_up, repr=False)

    def fetch(
        self, url: str, *, body: bytes | None = None, kind: str = "", held: Answer | None = None
    ) -> Answer:
        """Ask `url`, with POST when there is a `body` of media type `kind`.

        Raise `AddressRefused` (at once), `AnswerRefused` for what the server should not have said,
        `NotReachable` when it did not answer in any of the attempts.
        """
        for attempt in range(1, self.attempts + 1):
            try:
                return self._follow(url, body, kind, held)
            except NotReachable:
                if attempt == self.attempts:
                    raise
        raise NotReachable(url=url, reason="")

    def _follow(self, url: str, body: bytes | None, kind: str, held: Answer | None) -> Answer:
        for _ in range(self.redirects + 1):
            if not self.allowed.allows(url):
                raise AddressRefused(url=url[:200])
            found = self._ask(read_address(url), body, kind, held)
            if isinstance(found, Answer):
                return found
            url = urljoin(url, found)
        raise AnswerRefused(url=url[:200], reason="chuyển hướng quá nhiều lần")

    def _ask(
        self, address: Address, body: bytes | None, kind: str, held: Answer | None
    ) -> Answer | str:
        """Return the answer, or where the server sends us."""
        headers = {
            "Host": address.authority,
            "Accept-Encoding": "identity",
            "User-Agent": "congvan",
            "Connection": "close",
        }
        if kind:
            headers["Content-Type"] = kind
        if held and held.etag:
            headers["If-None-Match"] = held.etag
        if held and held.last_modified:
            headers["If-Modified-Since"] = held.last_modified
        query = f"?{address.query}" if address.query else ""
        with self._connected(address) as connection:
            method = "GET" if body is None else "POST"
            connection.request(method, address.path + query, body, headers)
            with connection.getresponse() as response:
                if response.status in _REDIRECTS:
                    return response.headers.get("Location", "")
                return self._read(address.url, response, held)

    def _read(self, url: str, response: http.client.HTTPResponse, held: Answer | None) -> Answer:
        if response.status == http.client.NOT_MODIFIED and held:
            return Answer(b"", held.etag, held.last_modified, not_modified=True)
        if response.status >= http.client.INTERNAL_SERVER_ERROR:
            raise NotReachable(url=url, reason=f"HTTP {response.status}")
        if response.status != http.client.OK:
            raise AnswerRefused(url=url, reason=f"HTTP {response.status}")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            # a few kilobytes may unpack to gigabytes
            raise AnswerRefused(url=url, reason="Content-Encoding")
        if (response.length or 0) > self.largest:
            raise AnswerRefused(url=url, reason=f"lớn hơn {self.largest} byte")
        body = bytearray()
        while chunk := response.read1(_CHUNK):
            body += chunk
            if len(body) > self.largest:
                raise AnswerRefused(url=url, reason=f"lớn hơn {self.largest} byte")
        if response.length:
            raise NotReachable(url=url, reason="đứt giữa chừng")
        headers = response.headers
        return Answer(bytes(body), headers.get("ETag", ""), headers.get("Last-Modified", ""))

    @contextmanager
    def _connected(self, address: Address) -> Iterator[http.client.HTTPConnection]:
        """Connect; the time is for the whole request, and a server that drips cannot stretch it."""
        connection = http.client.HTTPConnection(address.host, address.port)
        target, cut = self._address_of(address), _Cut()
        clock = threading.Timer(self.seconds, cut)
        clock.daemon = True
        try:
            sock = socket.create_connection((target, address.port), self.seconds)
            cut.sock = sock
            clock.start()
            if address.scheme == "https":
                context = ssl.create_default_context()
                sock = context.wrap_socket(
                    sock, server_hostname=address.host, do_handshake_on_connect=False
                )
                cut.sock = sock
                sock.do_handshake()
            connection.sock = sock
            yield connection
            if cut.is_late:
                raise NotReachable(url=address.url, reason=f"quá {self.seconds:g} giây")
        except (OSError, http.client.HTTPException) as error:
            raise NotReachable(url=address.url, reason=_said(error)) from error
        finally:
            clock.cancel()
            connection.close()
            if cut.sock is not None:
                cut.sock.close()

    def _address_of(self, address: Address) -> str:
        try:
            return str(ipaddress.ip_address(address.host))
        except ValueError:
            pass
        try:
            found = self.lookup(address.host, address.port)
        except OSError as error:
            raise NotReachable(url=address.url, reason=_said(error)) from error
        for one in found:
            if self._is_public(one):
                return one
        raise AddressRefused(url=f"{address.url} → {', '.join(found)}")

    def _is_public(self, text: str) -> bool:
        address = ipaddress.ip_address(text.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None)
        address = mapped or address
        if address.is_global and not address.is_multicast:
            return True
        return any(address in ipaddress.ip_network(one) for one in self.networks)


class _Cut:
    """Ends a connection when its time is over, wherever it waits."""

    def __init__(self) -> None:
        self.sock: socket.socket | None = None
        self.is_late = False

    def __call__(self) -> None:
        self.is_late = True
        if self.sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
