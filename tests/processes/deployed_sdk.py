"""A client that calls as the SDK of the national adapter does, habits included.

It shares nothing with our client. Its headers stay from call to call, its timestamp is set once, the
digest of a file lacks leading zeros, a line break follows the file, other calls carry `{}`, and an
answer to a send is read as ASCII.
"""

import hashlib
import hmac
import http.client
import json
from typing import Any


class DeployedSdk:
    """One long-lived instance of it."""

    def __init__(self, port: int, system: str, secret: str) -> None:
        self.port, self.secret = port, secret
        self.headers = {"timestamp": "01022024T081500+0123", "systemid": system}

    def send(self, given: dict[str, Any], data: bytes) -> dict[str, Any]:
        """Send a file; return what the SDK understands of the answer."""
        self.headers["Content-Type"] = "application/octet-stream"
        for name, value in given.items():
            self.headers[name] = json.dumps(value) if name == "to" else value
        self.headers["hash-file"] = "".join(f"{byte:x}" for byte in hashlib.sha256(data).digest())
        answer: dict[str, Any] = json.loads(self._ask("sendEdoc", data + b"\r\n").decode("ascii"))
        names = ("status", "ErrorCode", "ErrorDesc", "DocId")
        return {name: answer[name] for name in names}  # it fails where one lacks

    def call(self, operation: str, given: dict[str, str]) -> dict[str, Any]:
        """Call anything else that answers JSON."""
        self.headers["Content-Type"] = "application/json"
        self.headers |= given
        body = b"" if "List" in operation else b"{}"
        answer: dict[str, Any] = json.loads(self._ask(operation, body))
        for row in answer.get("data") if isinstance(answer.get("data"), list) else ():
            assert None not in row.values(), "it fails at a null"
        return answer

    def get(self, operation: str, given: dict[str, str]) -> bytes:
        """Call by GET; return the body, whatever the status."""
        self.headers["Content-Type"] = "application/json"
        self.headers |= given
        return self._ask(operation, None)

    def register(self, agency: dict[str, str]) -> dict[str, Any]:
        """Register an agency; nothing signs its body."""
        self.headers["Content-Type"] = "application/json"
        answer: dict[str, Any] = json.loads(
            self._ask("registerAgency", json.dumps(agency, ensure_ascii=False).encode())
        )
        return answer

    def _ask(self, operation: str, body: bytes | None) -> bytes:
        signed = {f"XroadVnpt-{name}": value for name, value in self.headers.items()}
        text = json.dumps(signed, ensure_ascii=False, separators=(",", ":"))
        mac = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        sent = {
            **signed,
            "Content-Type": self.headers["Content-Type"],
            "XroadVnpt-sign-header-key": ";".join(self.headers),
            "XroadVnpt-sign-header": text,
            "XroadVnpt-hash-header": mac,
            "XroadVnpt-version": "3.0.201608",
            "User-Agent": "JAVASDKAgent/1.0.0 XRoad/VPCP",
        }
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            octets = {name: value.encode().decode("latin-1") for name, value in sent.items()}
            method = "GET" if body is None else "POST"
            wire.request(method, f"/axis/{operation}", body, octets)
            return wire.getresponse().read()
        finally:
            wire.close()
