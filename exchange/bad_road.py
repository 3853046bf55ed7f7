"""A bad road before any carrier's HTTP interface (đường truyền lỗi có chủ đích).

Stands on this machine between a client and a carrier that knows nothing of it, passes calls on and
does what `faulty.Fault` names, by a seed.
"""

import http.client
import random
import re
import threading
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import orjson

from exchange.faulty import Fault

_BASE64: Final = re.compile(rb'"([A-Za-z0-9+/]{60,}={0,2})"')
_OWN: Final = frozenset({"host", "connection", "content-length", "transfer-encoding"})
#: what tells one list of a carrier from another
_LIST: Final = frozenset(
    {"x-systemid", "organid", "type", "xroadvnpt-systemid", "xroadvnpt-messagetype"}
)
#: seconds a stalled answer waits for its client to hang up
_STALL: Final = 30.0


@dataclass(frozen=True)
class _Call:
    """One call of a client as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def asks_for_a_list(self) -> bool:
        return re.search(r"ReceivedEdocList|PendingDocIds", self.path) is not None


class BadRoad:
    """A server before `target` that injects `faults`; `injected` counts those that happened.

    At most one fault befalls a call, with `chance`; lists that never end are so every time.
    """

    def __init__(
        self, target: str, faults: Collection[Fault], seed: int, chance: float = 0.3
    ) -> None:
        parts = urlsplit(target)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._path = parts.path.rstrip("/")
        self._faults = [f for f in faults if f not in {Fault.ENDLESS_LIST, Fault.SKEW}]
        self._is_endless = Fault.ENDLESS_LIST in faults
        self._chance = chance
        self._random = random.Random(seed)  # noqa: S311 - faults must repeat, not be secret
        self._lock = threading.Lock()
        self._late: list[tuple[int, _Call]] = []
        self._calls = 0
        self._listed: dict[tuple[str, ...], list[Any]] = {}
        self.injected: Counter[Fault] = Counter()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    @property
    def address(self) -> str:
        """Where clients connect instead of to the carrier."""
        return f"http://127.0.0.1:{self._server.server_port}{self._path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def carry(self, handler: BaseHTTPRequestHandler, call: _Call) -> None:
        """Pass a call on, or not, and answer it, or not."""
        with self._lock:  # one call at a time, so that a seed repeats
            self._calls += 1
            self._deliver_late()
            fault = self._fault_of(call)
            if fault is Fault.UNAVAILABLE:
                self._answer(handler, 503, b"<html>503</html>")
                return
            if fault is Fault.DELAY:
                due = self._calls + self._random.randint(1, 4)
                self._late.append((due, call))
                return
            status, body = self._ask(call)
            if fault is Fault.DUPLICATE:
                status, body = self._ask(call)
            body = self._spoil(call, body, fault)
        match fault:
            case Fault.LOST_ACK:
                return
            case Fault.CUT:
                self._answer(handler, status, body, share=0.5)
            case Fault.SLOW_BODY:
                self._answer(handler, status, body, share=0.5)
                handler.connection.settimeout(_STALL)
                handler.connection.recv(1)  # returns when the client hangs up
            case _:
                self._answer(handler, status, body)

    def _fault_of(self, call: _Call) -> Fault | None:
        if not self._faults or self._random.random() >= self._chance:
            return None
        fault = self._random.choice(self._faults)
        acts = call.method == "POST" and not call.asks_for_a_list
        if fault in {Fault.DELAY, Fault.DUPLICATE} and not acts:
            return None
        if fault not in {Fault.REORDER, Fault.CORRUPT}:  # those count where they change something
            self.injected[fault] += 1
        return fault

    def _deliver_late(self) -> None:
        due = [call for at, call in self._late if at <= self._calls]
        self._late = [(at, call) for at, call in self._late if at > self._calls]
        for call in due:
            self._ask(call)

    def _ask(self, call: _Call) -> tuple[int, bytes]:
        wire = http.client.HTTPConnection(self._host, self._port, timeout=_STALL)
        try:
            wire.request(call.method, call.path, call.body, call.headers)
            with wire.getresponse() as answer:
                return answer.status, answer.read()
        finally:
            wire.close()

    def _spoil(self, call: _Call, body: bytes, fault: Fault | None) -> bytes:
        """Return an answer with what was to be changed in it changed."""
        found = _BASE64.search(body)
        if fault is Fault.CORRUPT and found is not None:
            self.injected[fault] += 1
            at = self._random.randrange(*found.span(1))
            return body[:at] + b"!" + body[at + 1 :]
        if not call.asks_for_a_list or not (fault is Fault.REORDER or self._is_endless):
            return body
        answer = orjson.loads(body)
        for name, rows in answer.items():
            if isinstance(rows, list) and name != "errors":
                answer[name] = self._rows(call, rows, fault)
        return orjson.dumps(answer)

    def _rows(self, call: _Call, rows: list[Any], fault: Fault | None) -> list[Any]:
        if self._is_endless:
            named = (v for k, v in sorted(call.headers.items()) if k.lower() in _LIST)
            known = self._listed.setdefault((call.path, *named), [])
            known += [row for row in rows if not any(_same(row, one) for one in known)]
            self.injected[Fault.ENDLESS_LIST] += bool(known)
            rows = known * 2
        if fault is Fault.REORDER and len(rows) > 1:
            self.injected[fault] += 1
            rows = self._random.sample(rows, len(rows))
        return rows

    @staticmethod
    def _answer(
        handler: BaseHTTPRequestHandler, status: int, body: bytes, share: float = 1.0
    ) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: int(len(body) * share)])
        handler.wfile.flush()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up: here they often do."""


def _handler(road: BadRoad) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _OWN}
            road.carry(self, _Call(self.command, self.path, headers, body))

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: Any) -> None:
            """Calls carry secrets in their headers."""

    return Handler


def _same(one: Any, other: Any) -> bool:
    """Say whether two rows of a list name one packet, whatever became of it."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = ("docId", "organId")
        return all(one.get(name) == other.get(name) for name in names)
    return bool(one == other)
