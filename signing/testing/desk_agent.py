"""A stand-in for the signing program at a desk (phần mềm ký thử nghiệm), in a process of its own.

`python -m signing.testing.desk_agent` reads one line of JSON, `{"keystore", "passphrase"}` and
perhaps `"other"` (another keystore), prints its port, then obeys one mood a line and repeats it.
It answers the actions of VGCA Sign Service and `SignHash`, on 127.0.0.1 alone.
"""

import json
import sys
import threading
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from signing.keystores.base import KeyStore
from signing.keystores.pkcs12 import Pkcs12KeyStore
from signing.page_text import Box
from signing.placement import Placement
from signing.role import SignRole
from signing.signer import SignRequest, sign_pdf
from signing.testing.web_socket import NoMessage, receive, send, upgrade

#: what the user did not want, in the agent's own counting
CANCELLED = 2
BOUNDARY = "----stand-in"


class Mood(StrEnum):
    """What the agent does with what it is asked."""

    SIGN = "sign"
    #: as if the user closed its window
    CANCEL = "cancel"
    #: waits until the mood is another
    HOLD = "hold"
    #: a byte of the document is changed before it is brought back
    CHANGED = "changed"
    #: brings back something else altogether
    OTHER_FILE = "other-file"
    #: the token of somebody else is plugged in
    OTHER_KEY = "other-key"
    #: brings the same file back twice
    TWICE = "twice"


class DeskAgent:
    """Keys, the mood, and the actions asked for so far."""

    def __init__(self, key: KeyStore, other: KeyStore | None = None) -> None:
        self.key, self.other = key, other or key
        self._mood = Mood.SIGN
        self._changed = threading.Condition()

    def feel(self, mood: Mood) -> None:
        """Take on another mood; whoever is held goes on with it."""
        with self._changed:
            self._mood = mood
            self._changed.notify_all()

    def answer(self, action: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Do what a page asks and return the reply."""
        with self._changed:
            self._changed.wait_for(lambda: self._mood is not Mood.HOLD)
            mood = self._mood
        if action == "GetVersion":
            return _reply(Version="stand-in")
        key = self.other if mood is Mood.OTHER_KEY else self.key
        if action == "GetCertInfo":
            return _reply(CertBase64=b64encode(key.certificate()).decode())
        if mood is Mood.CANCEL:
            return _reply(CANCELLED, "Người dùng hủy ký số")
        if action == "SignHash":
            data = b64decode(asked["ToBeSigned"])
            return _reply(Signature=b64encode(key.sign(data, "sha256")).decode())
        try:
            return self._sign_file(asked, key, mood)
        except HTTPError as error:
            return _reply(1, _said(error))

    def _sign_file(self, asked: dict[str, Any], key: KeyStore, mood: Mood) -> dict[str, Any]:
        with urlopen(asked["FileName"], timeout=20) as answer:  # noqa: S310 - addresses of a test
            pdf = answer.read()
        told = {one["Key"]: one["Value"] for one in asked.get("MetaData", [])}
        field = told.get("FieldName", "Signature1")
        place = Placement(0, Box(30, 20, 130, 60))
        lines = (asked.get("DocNumber") or "Đã ký", asked.get("IssuedDate") or "")
        request = SignRequest(SignRole.INCOMING, datetime.now(UTC), place, lines=lines, field=field)
        signed = sign_pdf(pdf, request, key)
        if mood is Mood.CHANGED:
            signed = signed[:900] + bytes([signed[900] ^ 1]) + signed[901:]
        elif mood is Mood.OTHER_FILE:
            signed = b"%PDF-1.7 another"
        for _ in range(2 if mood is Mood.TWICE else 1):
            status, message = _bring(asked["FileUploadHandler"], signed)
        return _reply(status, message, FileServer="")


def _bring(address: str, pdf: bytes) -> tuple[int, str]:
    """Upload as browsers do, under a name of the agent's own; return status and message."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="uploadfile"; '
        'filename="..\\\\..\\\\signed.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
    )
    body = head.encode() + pdf + f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    request = Request(address, body, {"Content-Type": kind})  # noqa: S310
    try:
        with urlopen(request, timeout=60) as answer:  # noqa: S310
            answer.read()
            return 0, ""
    except OSError as error:
        return 1, _said(error)


def _said(error: OSError) -> str:
    """Return what the server's problem (RFC 9457) tells."""
    told = json.loads(error.read()) if isinstance(error, HTTPError) else {}
    return str(told.get("detail", error))


def _reply(status: int = 0, message: str = "", **more: str) -> dict[str, Any]:
    return {"Status": status, "Message": message, **more}


class _Handler(BaseHTTPRequestHandler):
    agent: DeskAgent

    def do_GET(self) -> None:
        """Answer one message on the socket of one action."""
        try:
            upgrade(self)
            asked = json.loads(receive(self.rfile) or "{}")
            send(self.wfile, json.dumps(self.agent.answer(self.path.strip("/"), asked)))
        except (NoMessage, ConnectionError):
            pass
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: the output is the conversation with who started us."""


def serve(agent: DeskAgent) -> ThreadingHTTPServer:
    """Return a server of the agent on a free port of this machine, not yet running."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("_", (_Handler,), {"agent": agent}))
    server.daemon_threads = True
    return server


def main() -> None:
    """Serve until the input ends."""
    told = json.loads(sys.stdin.readline())
    keys = [
        Pkcs12KeyStore(Path(told[name]).read_bytes(), told["passphrase"])
        for name in ("keystore", "other")
        if name in told
    ]
    agent = DeskAgent(*keys)
    server = serve(agent)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    print(server.server_address[1], flush=True)  # noqa: T201 - what it was started for
    for line in sys.stdin:
        agent.feel(Mood(line.strip()))
        print(line.strip(), flush=True)  # noqa: T201
    server.shutdown()


if __name__ == "__main__":
    main()
