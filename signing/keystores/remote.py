"""A key at a remote signing service (dịch vụ ký số từ xa), by the API of the CSC, version 2."""

import http.client
import ipaddress
import json
import re
import ssl
import time
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from signing.addresses import read_address
from signing.errors import KeyNotSupported, SignatureMismatch
from signing.keystores.base import Closing
from signing.keystores.errors import (
    KeyNotFound,
    RemoteLoginEnded,
    RemoteRefused,
    RemoteUnreachable,
    WrongPin,
)
from signing.keystores.pin_tries import PinTries
from signing.keystores.secret import Secret
from signing.raw_signature import check_key, checked_signature

#: an answer with a chain of certificates is some 10 kB
MOST_BYTES = 1 << 20
SHA256 = "2.16.840.1.101.3.4.2.1"
#: sha256WithRSAEncryption, rsaEncryption, ecdsa-with-SHA256; the first the key knows is asked for
ALGORITHMS = ("1.2.840.113549.1.1.11", "1.2.840.113549.1.1.1", "1.2.840.10045.4.3.2")
#: how services say that what the holder typed is wrong
PIN_REFUSED = frozenset({"invalid_pin", "invalid_otp", "invalid_auth_data"})


@dataclass(frozen=True)
class RemoteKey:
    """Where a key is kept: the address ending in `/csc/v2/`, and the credential's id there.

    Without an id the bearer must have one credential only.
    """

    url: str
    credential: str = ""


class RemoteKeyStore(Closing):
    """A key that a service keeps and uses for its holder (khóa ở dịch vụ ký số từ xa).

    `bearer` is the OAuth 2 token the caller got. The holder's PIN authorises exactly the hashes
    that are then signed (SAD); it stays in memory until `close`. What the service answers is
    proved against the certificate.
    """

    def __init__(
        self,
        place: RemoteKey,
        bearer: str,
        pin: str,
        *,
        tries: PinTries,
        at: datetime,
        timeout: float = 20.0,
    ) -> None:
        """Ask for the credential.

        Raise `RemoteUnreachable`, `RemoteLoginEnded`, `RemoteRefused`, `KeyNotFound` or
        `KeyNotSupported`. A wrong PIN is found by the first signature.
        """
        self._service = _Service(place.url, Secret(bearer), timeout)
        self._pin = Secret(pin)
        self._tries, self._at = tries, at
        self._credential = place.credential or self._only(place.url)
        self._read(self._service.ask("credentials/info", self._asked(certificates="chain")))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._credential}>"

    def certificate(self) -> bytes:
        """Return the signer's certificate, DER."""
        return self._certificates[0]

    def chain(self) -> tuple[bytes, ...]:
        """Return the issuers' certificates as the service gives them, DER."""
        return self._certificates[1:]

    def sign(self, data: bytes, digest_algorithm: str) -> bytes:
        """Have `data` signed; raises what `sign_many` raises."""
        return self.sign_many([data], digest_algorithm)[0]

    def sign_many(self, items: Sequence[bytes], digest_algorithm: str) -> tuple[bytes, ...]:
        """Have all items signed, as many with one authorisation as the service allows.

        Raise `WrongPin`, `PinPaused`, `SignatureMismatch`, `RemoteUnreachable`,
        `RemoteLoginEnded`, `RemoteRefused` or `KeyNotSupported`.
        """
        if digest_algorithm != "sha256":
            raise KeyNotSupported(reason=digest_algorithm)
        signatures: list[bytes] = []
        for start in range(0, len(items), self._at_once):
            signatures += self._signed(items[start : start + self._at_once])
        return tuple(signatures)

    def close(self) -> None:
        """Forget the PIN and the bearer token."""
        self._pin.forget()
        self._service.close()

    def _only(self, url: str) -> str:
        found = self._service.ask("credentials/list", {}).get("credentialIDs")
        if not isinstance(found, list) or len(found) != 1:
            count = len(found) if isinstance(found, list) else 0
            raise KeyNotFound(token=url, label="", found=count)
        return str(found[0])

    def _read(self, info: dict[str, Any]) -> None:
        key, certificate, auth = (_part(info, name) for name in ("key", "cert", "auth"))
        if key.get("status") != "enabled" or certificate.get("status", "valid") != "valid":
            raise RemoteRefused(reason="credential-not-in-force")
        self._certificates = tuple(_decoded(one) for one in certificate.get("certificates", ()))
        if not self._certificates:
            raise KeyNotFound(token=self._service.host, label=self._credential, found=0)
        check_key(self.certificate())
        known = key.get("algo", ())
        self._algorithm = next((one for one in ALGORITHMS if one in known), "")
        if not self._algorithm:
            raise KeyNotSupported(reason=", ".join(map(str, known))[:80])
        self._at_once = max(1, _number(info.get("multisign", 1)))
        self._wants_pin = auth.get("mode") == "explicit"
        others = [one for one in auth.get("objects", ()) if _part({"": one}, "").get("id") != "PIN"]
        if auth.get("mode") not in {"explicit", "implicit"} or (self._wants_pin and others):
            # a one-time password or a page of the service: its own program signs there
            raise RemoteRefused(reason="other-authorisation")

    def _signed(self, items: Sequence[bytes]) -> list[bytes]:
        hashes = [b64encode(sha256(one).digest()).decode() for one in items]
        bound = self._asked(hashes=hashes, hashAlgorithmOID=SHA256)
        activation = self._authorised({**bound, "numSignatures": len(hashes)})
        answered = self._service.ask(
            "signatures/signHash", {**bound, "SAD": activation, "signAlgo": self._algorithm}
        ).get("signatures")
        if not isinstance(answered, list) or len(answered) != len(items):
            raise SignatureMismatch
        return [
            checked_signature(self.certificate(), data, _decoded(one))
            for data, one in zip(items, answered, strict=True)
        ]

    def _authorised(self, asked: dict[str, Any]) -> str:
        pin = self._pin.reveal()
        name = f"{self._service.host} {self._credential}"
        if self._wants_pin:
            left = self._tries.begin(name, self._at)
            asked = {**asked, "authData": [{"id": "PIN", "value": pin}]}
        try:
            answered = self._service.ask("credentials/authorize", asked)
        except RemoteRefused as refusal:
            if self._wants_pin and refusal.fields["reason"] in PIN_REFUSED:
                raise WrongPin(left=left) from None
            self._not_counted(name)
            raise
        except (RemoteUnreachable, RemoteLoginEnded):
            self._not_counted(name)
            raise
        self._tries.succeed(name)
        return str(answered.get("SAD", ""))

    def _not_counted(self, name: str) -> None:
        if self._wants_pin:
            self._tries.undo(name)

    def _asked(self, **more: Any) -> dict[str, Any]:
        return {"credentialID": self._credential, **more}


class _Service:
    """Asks one service, within a time and a size; follows no redirection."""

    def __init__(self, url: str, bearer: Secret, timeout: float) -> None:
        self._address = read_address(url)
        self._bearer = bearer
        self._timeout = timeout
        self.host = self._address.host
        if self._address.scheme != "https" and not _is_here(self.host):
            # the PIN goes over this road
            raise RemoteRefused(reason="not-https")

    def ask(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {
            "Authorization": f"Bearer {self._bearer.reveal()}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        connection = self._connection()
        try:
            path = f"{self._address.path.rstrip('/')}/{what}"
            connection.request("POST", path, json.dumps(body), headers)
            with connection.getresponse() as response:
                status, content = response.status, self._content(response)
        except (OSError, http.client.HTTPException):
            raise RemoteUnreachable(host=self.host) from None
        finally:
            connection.close()
        return self._understood(status, content)

    def close(self) -> None:
        self._bearer.forget()

    def _connection(self) -> http.client.HTTPConnection:
        if self._address.scheme == "https":
            return http.client.HTTPSConnection(
                self.host,
                self._address.port,
                timeout=self._timeout,
                context=ssl.create_default_context(),
            )
        return http.client.HTTPConnection(self.host, self._address.port, timeout=self._timeout)

    def _content(self, response: http.client.HTTPResponse) -> bytes:
        end = time.monotonic() + self._timeout
        content = b""
        while part := response.read1(65_536):
            content += part
            if len(content) > MOST_BYTES or time.monotonic() > end:
                raise RemoteUnreachable(host=self.host)
        return content

    def _understood(self, status: int, content: bytes) -> dict[str, Any]:
        try:
            answered = json.loads(content)
        except ValueError:
            answered = None
        if status == http.client.UNAUTHORIZED:
            raise RemoteLoginEnded(host=self.host)
        if isinstance(answered, dict):
            if status == http.client.OK:
                return answered
            if status < http.client.INTERNAL_SERVER_ERROR:
                raise RemoteRefused(reason=_code(answered))
        raise RemoteUnreachable(host=self.host)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _code(answered: dict[str, Any]) -> str:
    """Return the error's code; its description is not repeated, for it may quote what was typed."""
    found = str(answered.get("error", ""))
    return found if re.fullmatch(r"[a-z_]{1,40}", found) else "unknown"


def _part(of: dict[str, Any], name: str) -> dict[str, Any]:
    found = of.get(name)
    return found if isinstance(found, dict) else {}


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 1


def _decoded(value: Any) -> bytes:
    try:
        return b64decode(str(value), validate=True)
    except ValueError:
        raise SignatureMismatch from None
