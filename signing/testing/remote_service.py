"""A stand-in remote signing service (dịch vụ ký số từ xa thử nghiệm), by the CSC API version 2."""

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from signing.testing.servers import LoopbackServer, Response
from signing.testing.stamping import Clock

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
CREDENTIAL = "VN-0188"


class _Refusal(Exception):
    def __init__(self, code: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(code)
        self.status = status


class RemoteService(LoopbackServer):
    """Keeps one key and uses it for whoever has the bearer token and the PIN.

    An authorisation counts once, for the very hashes it was given for, until it ends. `lying`
    makes it sign something else; `info` overrides what it tells of its credential.
    """

    content_type = "application/json"

    def __init__(
        self, key: Key, certificates: Sequence[bytes], clock: Clock, *, pin: str, bearer: str
    ) -> None:
        super().__init__()
        self.key, self.certificates, self.clock = key, certificates, clock
        self.pin, self.bearer = pin, bearer
        self.lying = False
        self.life = timedelta(minutes=5)
        self.info: dict[str, Any] = {}
        #: the bodies that came, by path
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._granted: dict[str, tuple[list[str], datetime]] = {}

    @property
    def address(self) -> str:
        return f"{self.url}csc/v2/"

    def respond(self, path: str, body: bytes, etag: str) -> Response:
        """Answer one question of the API."""
        del etag
        asked = json.loads(body)
        what = path.removeprefix("csc/v2/")
        self.asked.append((what, asked))
        try:
            self._let_in()
            answer = {
                "credentials/list": self._list,
                "credentials/info": self._info,
                "credentials/authorize": self._authorize,
                "signatures/signHash": self._sign,
            }[what](asked)
        except _Refusal as refusal:
            # as real services do, it repeats what it was given
            description = f"refused: {asked}"
            answer = {"error": str(refusal), "error_description": description}
            return refusal.status, json.dumps(answer).encode(), {"Content-Type": self.content_type}
        return HTTPStatus.OK, json.dumps(answer).encode(), {"Content-Type": self.content_type}

    def _let_in(self) -> None:
        if self.headers.get("Authorization") != f"Bearer {self.bearer}":
            raise _Refusal("invalid_token", HTTPStatus.UNAUTHORIZED)

    def _list(self, asked: dict[str, Any]) -> dict[str, Any]:
        del asked
        return {"credentialIDs": [CREDENTIAL]}

    def _info(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["credentialID"] != CREDENTIAL:
            raise _Refusal("invalid_request")
        algorithm = (
            "1.2.840.113549.1.1.11"
            if isinstance(self.key, rsa.RSAPrivateKey)
            else "1.2.840.10045.4.3.2"
        )
        return {
            "key": {"status": "enabled", "algo": [algorithm], "len": self.key.key_size},
            "cert": {
                "status": "valid",
                "certificates": [b64encode(one).decode() for one in self.certificates],
            },
            "auth": {
                "mode": "explicit",
                "expression": "PIN",
                "objects": [{"type": "Password", "id": "PIN", "format": "A"}],
            },
            "SCAL": "2",
            "multisign": 2,
            **self.info,
        }

    def _authorize(self, asked: dict[str, Any]) -> dict[str, Any]:
        given = {one["id"]: one["value"] for one in asked.get("authData", ())}
        if given.get("PIN") != self.pin:
            raise _Refusal("invalid_pin")
        if asked["numSignatures"] != len(asked["hashes"]):
            raise _Refusal("invalid_request")
        activation = secrets.token_urlsafe(16)
        self._granted[activation] = (asked["hashes"], self.clock() + self.life)
        return {"SAD": activation, "expiresIn": int(self.life.total_seconds())}

    def _sign(self, asked: dict[str, Any]) -> dict[str, Any]:
        granted, until = self._granted.pop(asked["SAD"], ([], self.clock()))
        if asked["hashes"] != granted or self.clock() >= until:
            raise _Refusal("invalid_request")
        return {"signatures": [b64encode(self._signature(one)).decode() for one in granted]}

    def _signature(self, digest: str) -> bytes:
        value = bytes(32) if self.lying else b64decode(digest)
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(value, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
        return self.key.sign(value, ec.ECDSA(Prehashed(hashes.SHA256())))
