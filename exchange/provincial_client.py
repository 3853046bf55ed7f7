"""Client of a province's REST wrapper (cổng liên thông văn bản trên LGSP của tỉnh).

Bearer token of a login besides two headers; multipart to send, JSON to read. It is told no
receivers: it delivers to those the message names.
"""

import base64
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from exchange.addressees import expect_named
from exchange.clock import VIETNAM, now, parse_moment, write_date
from exchange.errors import AxisFault, NoSuchPacket, NotRecognised, RefusedByAxis, Unreachable
from exchange.gateway import Arrival, MessageType, Outcome
from exchange.wire import (
    NO_SECRET,
    PATIENCE,
    Patience,
    Secret,
    Wire,
    hide,
    json_object,
    status_error,
)

#: what the wrapper's numbers mean; only 20 may be gone at the next attempt
_WORDS: Final = {
    "10": "tệp gửi không hợp lệ",
    "15": "sai SystemId hoặc SecretKey",
    "18": "nơi nhận không tồn tại trên trục",
    "19": "đơn vị gửi chưa đăng ký trên trục",
    "20": "lỗi nội bộ của LGSP",
    "21": "LGSP không xử lý được tệp",
    "22": "gói tin edXML không đúng định dạng",
    "23": "nơi nhận đang bị khóa",
}
#: a token lives about this long where the login does not say
_LIFE: Final = timedelta(minutes=30)
#: a packet not confirmed in this time is no longer looked for
LOOK_BACK: Final = timedelta(days=30)


@dataclass(frozen=True)
class ProvincialConnection:
    """How to reach the wrapper (cấu hình kết nối): secrets never show in a repr.

    Without `user` there is no login: some wrappers ask for the two headers alone.
    """

    endpoint: str
    system_id: str
    secret: Secret
    user: str = ""
    password: Secret = NO_SECRET
    patience: Patience = PATIENCE


class ProvincialClient:
    """A Gateway over the provincial wrapper; safe to share between threads."""

    def __init__(
        self,
        connection: ProvincialConnection,
        clock: Callable[[], datetime] = now,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._wire = Wire(connection.endpoint, connection.patience, tls)
        self._login = threading.Lock()
        self._token = ""
        self._renew_at: datetime | None = None

    def send(self, message_type: MessageType, data: bytes, to: tuple[str, ...] = ()) -> str:
        """Send a message and return the docId of the wrapper."""
        expect_named(data, to)
        digest = sha256(data).hexdigest()
        # a message cannot hold its own digest, so the parts cannot be confused
        content_type, body = _multipart(digest, {"messageType": message_type.value}, data)
        answer = self._call("sendEdoc", "POST", {"Content-Type": content_type}, body)
        inner = answer.get("data")
        receipt = answer.get("docId") or (inner.get("docId") if isinstance(inner, dict) else None)
        if not isinstance(receipt, str) or not receipt:
            raise Unreachable(operation="sendEdoc", reason="không có docId trong trả lời")
        return receipt

    def list_received(self, message_type: MessageType) -> list[Arrival]:
        """Return the packets of the last thirty days that are not confirmed."""
        today = self._clock().astimezone(VIETNAM).date()
        days = {
            "messageType": message_type.value,
            "fromDate": write_date(today - LOOK_BACK),
            # whether the last day counts is not said, nor whose clock
            "toDate": write_date(today + timedelta(days=1)),
        }
        rows = self._call("syncReceivedEdocList", "GET", query=days).get("data") or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Unreachable(
                operation="syncReceivedEdocList", reason="trả lời không đúng cấu trúc"
            )
        found = {
            str(row["docId"]): Arrival(
                packet_id=str(row["docId"]),
                message_type=message_type,
                sender=str(row.get("from") or ""),
                receiver=str(row.get("to") or ""),
                created_at=parse_moment(str(row.get("createdTime") or "")),
            )
            for row in rows
            if row.get("docId") and row.get("status") not in {"done", "fail"}
        }
        return list(found.values())

    def fetch(self, packet_id: str) -> bytes:
        """Return the message of a packet; the wrapper writes it as base64 or as the XML itself."""
        try:
            answer = self._call("getEdoc", "GET", query={"docId": packet_id})
        except RefusedByAxis as refusal:
            if refusal.fields.get("error_code") == "404":
                raise NoSuchPacket(packet_id=packet_id[:80]) from refusal
            raise
        data = answer.get("data")
        text = data.get("edxml") if isinstance(data, dict) else data
        if not isinstance(text, str) or not text.strip():
            raise Unreachable(operation="getEdoc", reason="không có nội dung gói tin")
        if text.lstrip("\ufeff \r\n\t").startswith("<"):
            return text.encode()
        try:
            return base64.b64decode(text, validate=True)
        except ValueError as error:
            reason = "nội dung gói tin không phải base64"
            raise Unreachable(operation="getEdoc", reason=reason) from error

    def confirm(
        self,
        packet_id: str,
        outcome: Outcome,
        description: str = "",  # noqa: ARG002 - the wrapper takes no reason
    ) -> None:
        """Tell the wrapper what became of a packet; business codes travel in messages only."""
        body = orjson.dumps({"docId": packet_id, "status": outcome.value})
        self._call("updateStatus", "POST", {"Content-Type": "application/json"}, body)

    def _call(
        self,
        operation: str,
        method: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Call with a token; one that is no longer taken is renewed once."""
        path = f"/v1/{operation}" + (f"?{urlencode(query)}" if query else "")
        token = self._bearer()
        try:
            return self._ask(
                operation, method, path, {**self._identity(token), **(headers or {})}, body
            )
        except NotRecognised as refusal:
            if not token or refusal.fields.get("error_code") != "401":
                raise
        token = self._bearer(instead_of=token)
        return self._ask(
            operation, method, path, {**self._identity(token), **(headers or {})}, body
        )

    def _identity(self, token: str) -> dict[str, str]:
        own = self._connection
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return {"X-SystemId": own.system_id, "X-SecretKey": own.secret, **bearer}

    def _bearer(self, instead_of: str = "") -> str:
        """Return a token that lives and is not `instead_of`; logs in for it where need be."""
        own = self._connection
        if not own.user:
            return ""
        with self._login:
            lives = self._renew_at is not None and self._clock() < self._renew_at
            if lives and self._token != instead_of:
                return self._token
            asked_at = self._clock()
            body = orjson.dumps({"username": own.user, "password": own.password})
            headers = {**self._identity(""), "Content-Type": "application/json"}
            answer = self._ask("auth/login", "POST", "/v1/auth/login", headers, body)
            stated = answer["data"] if isinstance(answer.get("data"), dict) else answer
            names = ("token", "accessToken", "access_token")
            token = next((stated[name] for name in names if stated.get(name)), None)
            if not isinstance(token, str):
                raise Unreachable(operation="auth/login", reason="không có token trong trả lời")
            life = _life(stated.get("expiresIn") or stated.get("expires_in"))
            self._token, self._renew_at = token, asked_at + life * 0.8
            return token

    def _ask(
        self, operation: str, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> dict[str, Any]:
        status, data = self._wire.ask(operation, headers, body, method=method, path=path)
        answer = json_object(operation, status, data)
        own = self._connection
        return _judge(operation, status, answer, (own.secret, own.password, self._token))


def _judge(
    operation: str, status: int, answer: dict[str, Any], secrets: tuple[str, ...]
) -> dict[str, Any]:
    inner = answer["data"] if isinstance(answer.get("data"), dict) else {}
    succeeded = answer.get("success") is True or (operation == "auth/login" and status == 200)
    error_code = str(inner.get("errorCode") or ("0" if succeeded else answer.get("code") or status))
    said = str(inner.get("errorDesc") or answer.get("message") or "")
    description = "; ".join(filter(None, (_WORDS.get(error_code, ""), hide(said, *secrets))))
    facts = {"operation": operation, "error_code": error_code, "description": description}
    if error_code == "20":
        raise AxisFault(**facts)
    if error := status_error(status, {**facts, "error_code": str(status)}):
        raise error
    if error_code in {"15", "401"}:
        raise NotRecognised(**facts)
    if not succeeded or error_code != "0":
        raise RefusedByAxis(**facts)
    return answer


def _life(seconds: Any) -> timedelta:
    if isinstance(seconds, int | float) and 0 < seconds < 10**7:
        return timedelta(seconds=seconds)
    return _LIFE


def _multipart(mark: str, fields: Mapping[str, str], data: bytes) -> tuple[str, bytes]:
    lines = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file = (
        f'--{mark}\r\nContent-Disposition: form-data; name="edocFile"; filename="{mark}.edxml"\r\n'
        "Content-Type: application/xml\r\n\r\n"
    )
    body = b"".join(["".join(lines).encode(), file.encode(), data, f"\r\n--{mark}--\r\n".encode()])
    return f"multipart/form-data; boundary={mark}", body
