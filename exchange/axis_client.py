"""Client of an axis adapter over HTTP (trục liên thông quốc gia, tỉnh, or our own).

Each call is signed at its own moment, bounded in time and size, and follows no redirect: a
redirected call would carry its signature elsewhere.
"""

import base64
import http.client
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from exchange.axis_headers import sign
from exchange.clock import now, parse_moment
from exchange.errors import (
    AnswerTooLarge,
    AxisFault,
    InvalidSetting,
    NoSuchPacket,
    NotRecognised,
    RefusedByAxis,
    Unreachable,
)
from exchange.gateway import Arrival, MessageType, Outcome

#: a signed call states its parameters twice; servers take about 8 kB in one header
_HEADER_ROOM: Final = 3_000
_BLOCK: Final = 65_536
_BUSY: Final = frozenset({408, 425, 429})


class Secret(str):
    """A shared secret (khóa bí mật) that does not print itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('…')"


@dataclass(frozen=True)
class Connection:
    """How to reach an axis (cấu hình kết nối): `secret` never shows in a repr.

    `organ_id` is the code the agency sends under; times are seconds, sizes bytes.
    """

    endpoint: str
    system_id: str
    secret: Secret
    organ_id: str
    connect_timeout: float = 10.0
    total_timeout: float = 120.0
    largest_answer: int = 150_000_000


@dataclass(frozen=True)
class DirectoryEntry:
    """One code of one agency in the directory of the axis (danh bạ trục liên thông)."""

    code: str
    name: str
    agency_id: str = ""
    parent_id: str = ""
    mail: str = ""


class AxisClient:
    """A Gateway over the HTTP interface of an axis adapter; safe to share between threads."""

    def __init__(
        self,
        connection: Connection,
        clock: Callable[[], datetime] = now,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(connection.endpoint)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
            raise InvalidSetting(name="endpoint", value=connection.endpoint)
        self._connection = connection
        self._clock = clock
        self._secure = parts.scheme == "https"
        self._host, self._path = parts.hostname, parts.path.rstrip("/")
        self._port = parts.port or (443 if self._secure else 80)
        self._tls = tls

    def send(self, message_type: MessageType, data: bytes, to: tuple[str, ...] = ()) -> str:
        """Send a message and return the DocId of the axis."""
        parameters = {
            "servicetype": "eDoc",
            "messagetype": message_type.value,
            "from": self._connection.organ_id,
        }
        if to:
            parameters["to"] = orjson.dumps(to).decode()
        if len(parameters.get("to", "")) > _HEADER_ROOM:
            description = "quá nhiều nơi nhận trong một lần gửi; hãy gửi theo từng nơi nhận"
            raise RefusedByAxis(operation="sendEdoc", error_code="to", description=description)
        answer = self._call("sendEdoc", parameters, data)
        receipt = answer.get("DocId") or answer.get("docId")
        if not isinstance(receipt, str) or not receipt:
            raise Unreachable(operation="sendEdoc", reason="không có DocId trong trả lời")
        return receipt

    def list_received(self, message_type: MessageType) -> list[Arrival]:
        """Return the packets waiting for this system."""
        parameters = {"servicetype": "eDoc", "messagetype": message_type.value}
        rows = self._rows("getReceivedEdocList", parameters)
        return [
            Arrival(
                packet_id=str(row["docId"]),
                message_type=message_type,
                sender=str(row.get("from") or ""),
                receiver=str(row.get("to") or ""),
                created_at=parse_moment(str(row.get("created_time") or "")),
            )
            for row in rows
            if row.get("docId")
        ]

    def fetch(self, packet_id: str) -> bytes:
        """Return the message of a packet."""
        try:
            data = self._call("getEdoc", {"docId": packet_id}).get("data")
        except RefusedByAxis as refusal:
            if refusal.fields.get("error_code") == "404":
                raise NoSuchPacket(packet_id=packet_id) from refusal
            raise
        try:
            return base64.b64decode(data if isinstance(data, str) else "*", validate=True)
        except ValueError as error:
            reason = "nội dung gói tin không phải base64"
            raise Unreachable(operation="getEdoc", reason=reason) from error

    def confirm(self, packet_id: str, outcome: Outcome, description: str = "") -> None:
        """Tell the axis what became of a packet."""
        parameters = {"docId": packet_id, "status": outcome.value}
        if description.strip():
            parameters["description"] = description[:500]
        self._call("updateStatus", parameters)

    def directory(self) -> list[DirectoryEntry]:
        """Return the directory, one entry per code."""
        return [
            DirectoryEntry(
                code=str(row["code"]),
                name=str(row.get("name") or ""),
                agency_id=str(row.get("id") or ""),
                parent_id=str(row.get("pid") or ""),
                mail=str(row.get("mail") or ""),
            )
            for row in self._rows("getAgenciesList", {})
            if row.get("code")
        ]

    def sent(self, message_type: MessageType) -> list[dict[str, Any]]:
        """Return what became of each sent packet, one row per receiver, as the axis words it."""
        parameters = {"servicetype": "eDoc", "messagetype": message_type.value}
        return self._rows("getSentEdocList", parameters)

    def _rows(self, operation: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        rows = self._call(operation, parameters).get("data") or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Unreachable(operation=operation, reason="trả lời không đúng cấu trúc")
        return rows

    def _call(
        self, operation: str, parameters: Mapping[str, str], body: bytes = b""
    ) -> dict[str, Any]:
        own = self._connection
        headers = sign(parameters, body, own.system_id, own.secret, self._clock())
        headers["Content-Type"] = "application/octet-stream"
        try:
            status, data = self._post(operation, headers, body)
        except ssl.SSLCertVerificationError as error:
            reason = "chứng thư máy chủ không tin cậy"
            raise NotRecognised(
                operation=operation, error_code="tls", description=reason
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(operation=operation, reason=_cause(error)) from error
        return _judge(operation, status, data)

    def _post(self, operation: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        own = self._connection
        deadline = time.monotonic() + own.total_timeout
        wire: http.client.HTTPConnection
        if self._secure:
            context = self._tls or ssl.create_default_context()
            wire = http.client.HTTPSConnection(
                self._host, self._port, timeout=own.connect_timeout, context=context
            )
        else:
            wire = http.client.HTTPConnection(self._host, self._port, timeout=own.connect_timeout)
        try:
            wire.connect()
            wire.sock.settimeout(own.total_timeout)
            wire.request("POST", f"{self._path}/{operation}", body, headers)
            with wire.getresponse() as answer:
                return answer.status, self._read(operation, answer, deadline)
        finally:
            wire.close()

    def _read(self, operation: str, answer: http.client.HTTPResponse, deadline: float) -> bytes:
        limit = self._connection.largest_answer
        parts, size = [], 0
        while part := answer.read1(_BLOCK):
            size += len(part)
            if size > limit:
                raise AnswerTooLarge(operation=operation, limit=limit)
            if time.monotonic() > deadline:
                raise TimeoutError("the answer takes too long")
            parts.append(part)
        if answer.length:
            raise http.client.IncompleteRead(b"", answer.length)
        return b"".join(parts)


def _judge(operation: str, status: int, data: bytes) -> dict[str, Any]:
    """Sort an answer into success, a fault to retry and a refusal for good."""
    if 300 <= status < 400:
        reason = "máy chủ chuyển hướng; cấu hình địa chỉ cuối cùng"
        raise RefusedByAxis(operation=operation, error_code=str(status), description=reason)
    try:
        answer = orjson.loads(data)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        if status in {400, 404, 405, 413, 431}:
            raise RefusedByAxis(operation=operation, error_code=str(status), description="HTTP")
        raise Unreachable(operation=operation, reason=f"HTTP {status}, không phải JSON")
    error_code = str(answer.get("ErrorCode") or "0")
    facts = {
        "operation": operation,
        "error_code": error_code if error_code != "0" else str(status),
        "description": str(answer.get("ErrorDesc") or answer.get("status") or ""),
    }
    if status in _BUSY or status >= 500 or error_code == "20":
        raise AxisFault(**facts)
    if status in {401, 403} or error_code == "15":
        raise NotRecognised(**facts)
    if status >= 400 or error_code != "0" or answer.get("status") != "OK":
        raise RefusedByAxis(**facts)
    return answer


def _cause(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "quá thời gian chờ"
    if isinstance(error, ConnectionRefusedError):
        return "máy chủ không nhận kết nối"
    return type(error).__name__
