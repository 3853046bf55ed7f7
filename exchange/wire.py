"""HTTP to a carrier (đường truyền HTTP): bounded in time and size, following no redirect.

A redirected call would carry its signature or token elsewhere. Whatever goes wrong is an error of a
gateway; no secret stands in one.
"""

import errno
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from exchange.errors import (
    AnswerTooLarge,
    AxisFault,
    GatewayError,
    InvalidSetting,
    NotRecognised,
    RefusedByAxis,
    Unreachable,
)

_BLOCK: Final = 65_536
_BUSY: Final = frozenset({408, 425, 429})


class Secret(str):
    """A shared secret (khóa bí mật) that does not print itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('…')"


@dataclass(frozen=True)
class Patience:
    """How long and how much a call may take (giới hạn một lần gọi): seconds and bytes."""

    connect: float = 10.0
    total: float = 120.0
    largest_answer: int = 150_000_000


NO_SECRET: Final = Secret("")
PATIENCE: Final = Patience()


class Wire:
    """Calls of one HTTP endpoint; safe to share between threads, each call has its connection."""

    def __init__(
        self, endpoint: str, patience: Patience, tls: ssl.SSLContext | None = None
    ) -> None:
        parts = urlsplit(endpoint)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
            shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
            raise InvalidSetting(name="endpoint", value=shown)
        self._patience = patience
        self._secure = parts.scheme == "https"
        self._host, self._path = parts.hostname, parts.path.rstrip("/")
        self._port = parts.port or (443 if self._secure else 80)
        self._tls = tls

    def ask(
        self,
        operation: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        method: str = "POST",
        path: str = "",
        take: Callable[[bytes], None] | None = None,
    ) -> tuple[int, bytes]:
        """Return the status and body of an answer to `operation`; raises GatewayError.

        `take` is given the body piece by piece as it comes, and none is returned.
        """
        parts: list[bytes] = []
        for name, value in headers.items():
            if not all(" " <= character <= "\xff" for character in value):
                # http.client would show the value, which may be a secret
                raise InvalidSetting(name=name, value="…")
        deadline = time.monotonic() + self._patience.total
        wire = self._connection()
        try:
            wire.connect()
            with _cut_off(wire.sock, deadline):
                wire.request(method, f"{self._path}{path or f'/{operation}'}", body, dict(headers))
                with wire.getresponse() as answer:
                    self._read(operation, answer, take or parts.append)
                    return answer.status, b"".join(parts)
        except ssl.SSLCertVerificationError as error:
            reason = "chứng thư máy chủ không tin cậy"
            raise NotRecognised(
                operation=operation, error_code="tls", description=reason
            ) from error
        except (OSError, http.client.HTTPException) as error:
            late = time.monotonic() >= deadline
            reason = _cause(TimeoutError() if late else error)
            raise Unreachable(operation=operation, reason=reason) from error
        finally:
            wire.close()

    def _connection(self) -> http.client.HTTPConnection:
        patience = self._patience.connect
        if not self._secure:
            return http.client.HTTPConnection(self._host, self._port, timeout=patience)
        context = self._tls or ssl.create_default_context()
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=patience, context=context
        )

    def _read(
        self,
        operation: str,
        answer: http.client.HTTPResponse,
        take: Callable[[bytes], None],
    ) -> None:
        limit, size = self._patience.largest_answer, 0
        while part := answer.read1(_BLOCK):
            size += len(part)
            if size > limit:
                raise AnswerTooLarge(operation=operation, limit=limit)
            take(part)
        if answer.length:
            raise http.client.IncompleteRead(b"", answer.length)


def json_object(operation: str, status: int, data: bytes) -> dict[str, Any]:
    """Return an answer that is a JSON object; raises what any other answer means."""
    if 300 <= status < 400:
        reason = "máy chủ chuyển hướng; cấu hình địa chỉ cuối cùng"
        raise RefusedByAxis(operation=operation, error_code=str(status), description=reason)
    try:
        answer = orjson.loads(data)
    except orjson.JSONDecodeError:
        answer = None
    if isinstance(answer, dict):
        return answer
    if status in {401, 403}:
        raise NotRecognised(operation=operation, error_code=str(status), description="HTTP")
    if status in {400, 404, 405, 413, 431}:
        raise RefusedByAxis(operation=operation, error_code=str(status), description="HTTP")
    raise Unreachable(operation=operation, reason=f"HTTP {status}, không phải JSON")


def status_error(status: int, facts: Mapping[str, str]) -> GatewayError | None:
    """Return what an HTTP status alone says is wrong, None where it says nothing."""
    if status in _BUSY or status >= 500:
        return AxisFault(**facts)
    if status in {401, 403}:
        return NotRecognised(**facts)
    return RefusedByAxis(**facts) if status >= 400 else None


def hide(text: str, *secrets: str) -> str:
    """Return a carrier's words without our secrets, should it repeat them."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    return text[:500]


@contextmanager
def _cut_off(connected: socket.socket, deadline: float) -> Iterator[None]:
    """End a connection at the deadline, whatever drips through it; raises TimeoutError then."""
    # past the TLS layer, which another thread is reading from
    timer = threading.Timer(
        max(0.0, deadline - time.monotonic()), _shut, (socket.socket.shutdown, connected)
    )
    timer.daemon = True
    connected.settimeout(None)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if time.monotonic() >= deadline:
            raise TimeoutError("the answer takes too long")


def _shut(shutdown: Any, connected: socket.socket) -> None:
    try:
        shutdown(connected, socket.SHUT_RDWR)
    except OSError:
        return  # closed already


def _cause(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "quá thời gian chờ"
    if isinstance(error, ConnectionRefusedError):
        return "máy chủ không nhận kết nối"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "máy của cơ quan hết chỗ trên đĩa"
    return type(error).__name__
