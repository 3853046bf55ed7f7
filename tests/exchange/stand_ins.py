"""Carriers as their own texts describe them, over real HTTP: the province's wrapper and its hub.

They are written from the description of the interface (`edxml.md`, section 12) and share nothing
with our clients but the reading of a message.
"""

import base64
import email
import email.policy
import itertools
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from exchange.clock import parse_date
from exchange.edxml import read
from exchange.envelope import BusinessType, Envelope
from exchange.errors import ExchangeError


@contextmanager
def serve(answer):
    """Run `answer(handler, body)` behind a real server; yields its address and what came in."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen.append((self.path, dict(self.headers.items()), body))
            answer(self, body)

        do_GET = do_POST

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_):
            pass  # a client that hung up

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def reply(handler, status, body, **headers):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def reply_json(handler, status, value):
    reply(handler, status, json.dumps(value).encode(), **{"Content-Type": "application/json"})


@dataclass
class Held:
    """A packet a carrier holds for one receiver."""

    number: str
    kind: str
    sender: str
    receiver: str
    data: bytes
    reference: str
    at: datetime
    status: str = "initial"


def addressed(message):
    if isinstance(message, Envelope):
        return [receiver.organ_id for receiver in message.receivers]
    return [message.response.organ_id]


@dataclass
class Wrapper:
    """The province's REST wrapper: login, two headers, multipart in, JSON out; no duplicates kept
    away, a list by days that goes on naming what is confirmed."""

    clock: object
    members: dict[str, str] = field(default_factory=dict)  # code -> system id
    secrets: dict[str, str] = field(default_factory=dict)
    user: tuple[str, str] = ("congvan", "mat-khau-lgsp")
    life: timedelta = timedelta(minutes=30)
    as_xml: bool = False
    packets: list[Held] = field(default_factory=list)
    tokens: dict[str, datetime] = field(default_factory=dict)
    numbers: object = field(default_factory=lambda: itertools.count(1))

    def __call__(self, handler, body):
        parts = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        system = handler.headers.get("X-SystemId", "")
        if handler.command == "POST" and parts.path == "/v1/auth/login":
            return self.login(handler, json.loads(body))
        token = handler.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.tokens.get(token, self.clock()) <= self.clock():
            return reply_json(handler, 401, {"code": 401, "message": "Unauthorized"})
        if self.secrets.get(system) != handler.headers.get("X-SecretKey"):
            return self.fail(handler, "15", "SystemId/SecretKey")
        run = {
            ("POST", "/v1/sendEdoc"): lambda: self.send(handler, body),
            ("GET", "/v1/syncReceivedEdocList"): lambda: self.list(handler, system, query),
            ("GET", "/v1/getEdoc"): lambda: self.get(handler, system, query),
            ("POST", "/v1/updateStatus"): lambda: self.update(handler, system, json.loads(body)),
        }.get((handler.command, parts.path))
        return run() if run else reply(handler, 404, b"not found")

    def login(self, handler, stated):
        if (stated.get("username"), stated.get("password")) != self.user:
            return reply_json(handler, 401, {"success": False, "message": "sai mat khau"})
        token = f"the-{next(self.numbers)}"
        self.tokens[token] = self.clock() + self.life
        seconds = int(self.life.total_seconds())
        return reply_json(handler, 200, {"token": token, "expiresIn": seconds})

    def fail(self, handler, code, description):
        data = {"status": "FAIL", "errorCode": code, "errorDesc": description}
        reply_json(handler, 200, {"success": False, "message": "Loi", "data": data})

    def send(self, handler, body):
        head = f"Content-Type: {handler.headers['Content-Type']}\r\n\r\n".encode()
        parts = {
            part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
            for part in email.message_from_bytes(head + body, policy=email.policy.HTTP).iter_parts()
        }
        kind, data = parts["messageType"].decode(), parts["edocFile"]
        try:
            message = read(data)
        except ExchangeError:
            return self.fail(handler, "22", "edXML")
        if message.sender.organ_id not in self.members:
            return self.fail(handler, "19", message.sender.organ_id)
        if unknown := [code for code in addressed(message) if code not in self.members]:
            return self.fail(handler, "18", ", ".join(unknown))
        number = f"tt-{next(self.numbers)}"
        reference = str(getattr(message, "code", ""))
        for index, code in enumerate(addressed(message)):
            self.packets.append(
                Held(
                    f"{number}-{index}", kind, message.sender.organ_id, code, data, reference,
                    self.clock(),
                )
            )  # fmt: skip
        return reply_json(handler, 200, {"success": True, "message": "OK", "docId": number})

    def own(self, system, number):
        for held in self.packets:
            if held.number == number and self.members[held.receiver] == system:
                return held
        return None

    def list(self, handler, system, query):
        since, until = parse_date(query["fromDate"]), parse_date(query["toDate"])
        rows = [
            {
                "docId": held.number,
                "messageType": held.kind,
                "from": held.sender,
                "to": held.receiver,
                "createdTime": f"{held.at:%Y/%m/%d %H:%M:%S}",
                "status": held.status,
                "statusDesc": "",
            }
            for held in self.packets
            if held.kind == query["messageType"]
            and self.members[held.receiver] == system
            and since <= held.at.date() <= until
        ]
        body = {"success": True, "message": "OK", "count": len(rows), "data": rows}
        reply_json(handler, 200, body)

    def get(self, handler, system, query):
        held = self.own(system, query["docId"])
        if held is None:
            return self.fail(handler, "404", "docId")
        text = held.data.decode() if self.as_xml else base64.b64encode(held.data).decode()
        data = {"docId": held.number, "from": held.sender, "edxml": text}
        return reply_json(handler, 200, {"success": True, "message": "OK", "data": data})

    def update(self, handler, system, stated):
        held = self.own(system, stated["docId"])
        if held is None or stated["status"] not in {"done", "fail", "processing"}:
            return self.fail(handler, "22", str(stated))
        held.status = stated["status"]
        return reply_json(handler, 200, {"success": True, "message": "OK"})


@dataclass
class Hub:
    """The province's hub: parameters in headers, code 0 or 9999 with a list of errors; a new
    document is taken once, and a confirmation confirms all statuses of an agency."""

    tokens: dict[str, str] = field(default_factory=dict)  # code -> token
    packets: list[Held] = field(default_factory=list)
    numbers: object = field(default_factory=lambda: itertools.count(1001))
    at: datetime = datetime(2026, 11, 20, tzinfo=UTC)

    def __call__(self, handler, body):
        organ = handler.headers.get("organid", "")
        if self.tokens.get(organ) != handler.headers.get("authorization"):
            return self.fail(handler, "Permission", "organid, authorization")
        run = {
            ("POST", "/EdocService/sendDocument"): self.send,
            ("GET", "/EdocService/getPendingDocIds"): self.pending,
            ("POST", "/EdocService/getDocument"): self.get,
            ("POST", "/EdocService/confirmReceived"): self.confirm,
            ("GET", "/EdocService/getOrganizations"): self.organizations,
            ("POST", "/EdocService/checkExistDocument"): self.exists,
        }.get((handler.command, handler.path))
        return run(handler, organ, body) if run else reply(handler, 404, b"")

    def fail(self, handler, code, description):
        errors = [{"code": code, "description": description}]
        reply_json(handler, 200, {"status": "Fail", "code": "9999", "errors": errors, "docId": 0})

    def ok(self, handler, **more):
        reply_json(handler, 200, {"status": "Success", "code": "0", "errors": [], **more})

    def send(self, handler, organ, body):
        kind = handler.headers.get("type", "")
        if kind not in {"EDOC", "STATUS"}:
            return self.fail(handler, "BadRequest", "Bad Request")
        try:
            message = read(body)
        except ExchangeError:
            return self.fail(handler, "N.MessageHeader", "missing")
        reference = str(getattr(message, "code", ""))
        if kind == "EDOC" and message.business.type is BusinessType.NEW:
            known = {read(h.data).identifier for h in self.packets if h.kind == "EDOC"}
            if message.identifier in known:
                return self.fail(handler, "ExistDoc", "Document is exist")
        number = str(next(self.numbers))
        for code in addressed(message):
            if code in self.tokens:  # others go on to the national axis
                sender = message.sender.organ_id
                held = Held(number, kind, sender, code, body, reference, self.at)
                self.packets.append(held)
        return self.ok(handler, docId=int(number))

    def waiting(self, organ, kind):
        return [
            h for h in self.packets if (h.receiver, h.kind, h.status) == (organ, kind, "initial")
        ]

    def pending(self, handler, organ, _body):
        rows = [
            {"docId": int(held.number), "organId": other.receiver}
            for held in self.waiting(organ, handler.headers.get("type"))
            for other in self.packets
            if other.number == held.number
        ]
        self.ok(handler, pendingResult=rows)

    def get(self, handler, _organ, _body):
        number, kind = handler.headers.get("docid"), handler.headers.get("type")
        for held in self.packets:
            if (held.number, held.kind) == (number, kind):
                return self.ok(handler, data=base64.b64encode(held.data).decode())
        return self.fail(handler, "GetDocumentException", "no document")

    def confirm(self, handler, organ, _body):
        number = handler.headers.get("docid")
        for held in self.packets:
            if held.receiver == organ and (held.number == number or held.kind == "STATUS"):
                held.status = "done"
        self.ok(handler)

    def organizations(self, handler, _organ, _body):
        self.ok(
            handler,
            organizations=[
                {"organId": code, "organName": f"Cơ quan {code}"} for code in self.tokens
            ],
        )

    def exists(self, handler, _organ, body):
        asked = json.loads(body)
        found = any(
            (h.sender, h.receiver, h.reference)
            == (asked["fromOrgan"], asked["toOrgan"], asked["docCode"])
            for h in self.packets
        )
        reply_json(
            handler, 200, {"status": "Success", "code": "200", "errors": [], "isExist": found}
        )
