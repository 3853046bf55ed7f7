"""What stands in front of us (máy chủ ủy nhiệm): under which address, and who knocks behind it.

Anybody can write `Host` and `X-Forwarded-*` into a request, so none of them is believed unless the
operator says so: our address is a setting, and only a proxy he names may tell for whom it asks.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class Front:
    """Hands every request to `application` as if the browser had connected to us itself."""

    def __init__(
        self,
        application: WSGIApplication,
        public_url: str,
        proxies: Sequence[IPv4Network | IPv6Network],
    ) -> None:
        self.application = application
        self.scheme, _, self.host = public_url.partition("://")
        self.proxies = proxies

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if self.host:
            environ["wsgi.url_scheme"], environ["HTTP_HOST"] = self.scheme, self.host
        if self.proxies:
            environ["REMOTE_ADDR"] = self._visitor(environ)
        return self.application(environ, start)

    def _visitor(self, environ: WSGIEnvironment) -> str:
        """Return the nearest address that is none of our proxies.

        Each proxy adds at the right whom it serves; what stands further left anybody could write.
        """
        nearest: str = environ.get("REMOTE_ADDR", "")
        told = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
        while told and self._is_proxy(nearest) and (before := _address(told.pop())):
            nearest = str(before)
        return nearest

    def _is_proxy(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self.proxies)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    # A server that listens on IPv6 sees IPv4 like this.
    return getattr(address, "ipv4_mapped", None) or address
