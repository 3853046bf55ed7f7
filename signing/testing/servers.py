"""Servers on this machine that play an authority's (máy chủ thử nghiệm), well or badly."""

import hashlib
import threading
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, Self
from urllib.parse import unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from signing.testing.authority import Authority, Issued
from signing.testing.stamping import Clock, Lie, StandInTsa

#: more than any client should take
HUGE = 64 << 20


class Fault(StrEnum):
    """How a server fails."""

    #: takes the question and never answers
    SILENT = "silent"
    #: sends an answer of which each byte takes its time
    TRICKLE = "trickle"
    ERROR = "error"
    GARBAGE = "garbage"
    #: sends more than anybody should take
    HUGE = "huge"
    #: answers 302 to an address nobody allowed
    ELSEWHERE = "elsewhere"


#: status, body, headers
Response = tuple[HTTPStatus, bytes, dict[str, str]]


class LoopbackServer:
    """A server on 127.0.0.1 that counts its requests; `fault` makes it fail until cleared.

    Used as a context manager; leaving it, or `stop()`, makes the address refuse connections.
    """

    #: what its good answers say they are
    content_type: ClassVar[str]

    def __init__(self) -> None:
        self.fault: Fault | None = None
        #: paths asked for, in order
        self.requests: list[str] = []
        #: what the last request said of itself
        self.headers: Mapping[str, str] = {}
        self._released = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("_", (_Handler,), {"owner": self}))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/"
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._running = False

    def __enter__(self) -> Self:
        self._running = True
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Be gone: whoever waits is let go, whoever comes is refused."""
        if self._running:
            self._running = False
            self._released.set()
            self._http.shutdown()
            self._thread.join()
            self._http.server_close()

    def pause(self, seconds: float | None = None) -> bool:
        """Wait until the server is stopped, at most `seconds`; tell whether it was."""
        return self._released.wait(seconds)

    def respond(self, path: str, body: bytes, etag: str) -> Response:
        """Return status, body and headers for a request of `path`."""
        raise NotImplementedError


class TsaServer(LoopbackServer):
    """Stamps times (RFC 3161); `tsa` may be told to lie."""

    content_type = "application/timestamp-reply"

    def __init__(self, issued: Issued, clock: Clock) -> None:
        super().__init__()
        self.tsa = StandInTsa(issued, clock)

    def lying(self, lie: Lie | None, off: timedelta = timedelta()) -> None:
        """Make the answers wrong from now on; None ends it."""
        self.tsa.lie, self.tsa.off = lie, off

    def respond(self, path: str, body: bytes, etag: str) -> Response:
        """Return a timestamp over the digest asked for."""
        del path, etag
        return HTTPStatus.OK, self.tsa.answer(body), {"Content-Type": self.content_type}


class ListServer(LoopbackServer):
    """Gives out files such as revocation lists (CRL) and certificates of issuers, with ETags."""

    content_type = "application/pkix-crl"

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        super().__init__()
        #: what lies at each path, such as `issuing.crl`
        self.files = dict(files or {})

    def respond(self, path: str, body: bytes, etag: str) -> Response:
        """Return the file, or 304 when the asker has it, or 404."""
        del body
        found = self.files.get(path)
        if found is None:
            return HTTPStatus.NOT_FOUND, b"", {}
        tag = f'"{hashlib.sha256(found).hexdigest()[:16]}"'
        if etag == tag:
            return HTTPStatus.NOT_MODIFIED, b"", {"ETag": tag}
        return HTTPStatus.OK, found, {"Content-Type": self.content_type, "ETag": tag}


class OcspServer(LoopbackServer):
    """Answers whether a certificate is withdrawn (OCSP, RFC 6960), with a delegated key."""

    content_type = "application/ocsp-response"

    def __init__(
        self,
        authority: Authority,
        issued: Issued,
        clock: Clock,
        *,
        life: timedelta = timedelta(minutes=10),
    ) -> None:
        super().__init__()
        self.authority, self.issued, self.clock, self.life = authority, issued, clock, life
        #: since when each serial number is withdrawn
        self.withdrawn: dict[int, datetime] = {}
        self.nonce_wrong = False

    def answer(self, request: bytes) -> bytes:
        """Return the DER answer to a DER request about one certificate."""
        asked = ocsp.load_der_ocsp_request(request)
        now = self.clock().replace(microsecond=0)
        since = self.withdrawn.get(asked.serial_number)
        status = ocsp.OCSPCertStatus.REVOKED if since else ocsp.OCSPCertStatus.GOOD
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                asked.issuer_name_hash,
                asked.issuer_key_hash,
                asked.serial_number,
                asked.hash_algorithm,
                status,
                now,
                now + self.life,
                since,
                x509.ReasonFlags.key_compromise if since else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, self.issued.certificate)
            .certificates([self.issued.certificate])
        )
        for extension in asked.extensions:
            if isinstance(extension.value, x509.OCSPNonce):
                nonce = x509.OCSPNonce(b"wrong") if self.nonce_wrong else extension.value
                builder = builder.add_extension(nonce, critical=False)
        return builder.sign(self.issued.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def respond(self, path: str, body: bytes, etag: str) -> Response:
        """Return the status of the certificate asked about, by POST or GET."""
        del etag
        request = body or b64decode(unquote(path))
        return HTTPStatus.OK, self.answer(request), {"Content-Type": self.content_type}


class _Handler(BaseHTTPRequestHandler):
    owner: LoopbackServer

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def log_message(self, *_: object) -> None:
        pass

    def _serve(self, body: bytes) -> None:
        owner, path = self.owner, urlsplit(self.path).path.lstrip("/")
        owner.requests.append(path)
        owner.headers = dict(self.headers)
        try:
            match owner.fault:
                case None:
                    self._send(*owner.respond(path, body, self.headers.get("If-None-Match", "")))
                case Fault.SILENT:
                    owner.pause()
                case Fault.TRICKLE:
                    self._trickle()
                case Fault.ERROR:
                    self._send(HTTPStatus.INTERNAL_SERVER_ERROR, b"", {})
                case Fault.GARBAGE:
                    self._send(
                        HTTPStatus.OK, b"<html>bao tri</html>", {"Content-Type": owner.content_type}
                    )
                case Fault.HUGE:
                    self._send(HTTPStatus.OK, bytes(HUGE), {"Content-Type": owner.content_type})
                case Fault.ELSEWHERE:
                    self._send(HTTPStatus.FOUND, b"", {"Location": "http://169.254.169.254/"})
        except (BrokenPipeError, ConnectionResetError):
            # the client had enough
            self.close_connection = True

    def _send(self, status: HTTPStatus, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _trickle(self) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Length", "10000")
        self.end_headers()
        while not self.owner.pause(0.02):
            self.wfile.write(b"0")
            self.wfile.flush()
