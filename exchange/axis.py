"""Our own axis (trục liên thông): the core of a hub, without HTTP and without a database.

It serves the header-signed adapter interface, so that any client of the national or provincial
axis can talk to it. A message is delivered at least once until its receiver confirms it; members
get the exact bytes. What is not for a member is left for the axis above, see `Route`.
"""

import base64
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import orjson

from exchange.axis_acceptance import Acceptance, Handed, Message, Receivers, entry
from exchange.axis_headers import (
    BODY_DIGEST,
    NotAuthentic,
    SignedCall,
    covered,
    ensure_fresh,
    verify,
)
from exchange.axis_log import LogKind
from exchange.axis_parameters import addressees, json_of, message_type, period_of
from exchange.axis_refusals import (
    BadCall,
    CodeTaken,
    NoPacket,
    NotProven,
    OverQuota,
    Removed,
    SenderMismatch,
    UnknownOperation,
    error_code,
)
from exchange.axis_registry import Registry
from exchange.axis_rows import PAGE, agency_rows, new_code_rows, received_row, sent_row, unit_rows
from exchange.axis_rules import AxisRules
from exchange.axis_store import FIRST, Agency, Packet, PacketState, Page, Store
from exchange.clock import now, write_date
from exchange.edxml_read import read
from exchange.errors import ExchangeError, MessageTooLarge
from exchange.gateway import MessageType, Outcome
from exchange.identity import organ_key
from exchange.limits import DEFAULT_LIMITS, Limits
from exchange.status import StatusMessage

#: facts of a refusal that a program can use
_TOLD: Final = ("successors", "retry_after")
#: what clients of the adapter call: they set their timestamp once and repeat themselves for ever
ADAPTER: Final = frozenset(
    {
        "getAgenciesList", "getSynchronizeUnit", "registerAgency", "deleteAgency", "sendEdoc",
        "getReceivedEdocList", "getEdoc", "updateStatus", "getSentEdocList", "getAgenciesListQD20",
        "downloadEdoc", "countReceiveEdoc", "countReceiveStatus",
    }
)  # fmt: skip
#: what answers with the file itself
DOWNLOAD: Final = "downloadEdoc"
#: what deployed clients call by GET
GOT: Final = frozenset({DOWNLOAD, "countReceiveEdoc", "countReceiveStatus"})
#: serves one call; what is beyond the adapter is served to fresh calls alone
Operation = Callable[[SignedCall, bytes], dict[str, Any] | bytes]
_WINDOW: Final = timedelta(minutes=10)


@dataclass(frozen=True)
class AxisResponse:
    """What to answer over HTTP: a status and a JSON body."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    #: seconds after which to come back, 0 where that does not help
    retry_after: int = 0
    #: what is told beside the body
    headers: Mapping[str, str] = field(default_factory=dict)


class Axis:
    """The hub over a Store; cheap to make, one for each transaction of the store if it has any."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime] = now,
        limits: Limits = DEFAULT_LIMITS,
        window: timedelta = _WINDOW,
        rules: AxisRules = AxisRules(),  # noqa: B008 - frozen
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
        page: int = PAGE,
        more: Mapping[str, Operation] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        #: the directory, which operators keep
        self.registry = Registry(store, clock)
        self._limits = limits
        self._window = window
        self._rules = rules
        self._page = page
        self._acceptance = Acceptance(store, rules, clock, new_id)
        self._operations: Mapping[str, Operation] = {
            "getAgenciesList": self._agencies,
            "getAgenciesListQD20": self._new_codes,
            "getSynchronizeUnit": self._directory,
            "registerAgency": self._register,
            "deleteAgency": self._delete,
            "sendEdoc": self._send,
            "getReceivedEdocList": self._received,
            "getEdoc": self._fetch,
            DOWNLOAD: lambda call, _body: self._taken(call),
            "countReceiveEdoc": lambda call, _body: self._count(call, MessageType.EDOC),
            "countReceiveStatus": lambda call, _body: self._count(call, MessageType.STATUS),
            "updateStatus": self._confirm,
            "getSentEdocList": self._sent,
            **(more or {}),
        }

    def admit_system(self, system_id: str, secret: str) -> None:
        """Connect a system, or change its secret (cấp mã hệ thống và khóa bí mật)."""
        self.registry.admit_system(system_id, secret)

    def admit_agency(
        self, system_id: str, code: str, name: str, other_codes: Iterable[str] = (), **more: str
    ) -> Agency:
        """Enter an agency with all its codes (đăng ký đơn vị), see `Registry.admit`."""
        return self.registry.admit(system_id, code, name, other_codes, **more)

    def redeliver(self, packet_id: str) -> None:
        """Offer a packet again that its receiver confirmed or failed (gửi lại)."""
        packet = self._store.packet(packet_id)
        if packet is None:
            raise NoPacket(packet_id=packet_id)
        state, at = PacketState.INITIAL, self._clock()
        self._store.put_packet(replace(packet, state=state, description="", updated_at=at))
        self._note(LogKind.OFFERED, packet, "")

    def _note(self, kind: LogKind, packet: Packet, system_id: str, note: str = "") -> None:
        self._store.note([entry(kind, packet, self._clock(), system_id, note)])

    def handle(self, operation: str, headers: Mapping[str, str], body: bytes) -> AxisResponse:
        """Serve one call; what the store raises goes through, see `fault`."""
        try:
            run = self._operations.get(operation)
            if run is None:
                raise UnknownOperation(operation=operation[:40])
            call = verify(headers, self._secret_of, self._clock(), self._window)
            if operation not in ADAPTER:
                ensure_fresh(call, self._window)
            answer = run(call, body)
        except ExchangeError as error:
            # the adapter's clients read the JSON; only who may not call at all sees it in HTTP
            plain = isinstance(error, NotAuthentic | UnknownOperation | OverQuota | NotProven)
            refused = refusal(error, error.status if plain else 200)
            return bare(refused) if operation == DOWNLOAD else refused
        if isinstance(answer, bytes):
            return AxisResponse(200, answer, "application/octet-stream")
        return _respond(200, "OK", "0", "", answer)

    def _secret_of(self, system_id: str) -> str | None:
        system = self._store.system(system_id)
        return system.secret if system is not None else None

    def _agencies(self, call: SignedCall, _body: bytes) -> dict[str, Any]:
        return {"data": [*self._rows(call, agency_rows)]}

    def _new_codes(self, call: SignedCall, _body: bytes) -> dict[str, Any]:
        """Return the codes by QĐ 20/2020/QĐ-TTg, beside each the one by QCVN 102 it goes with."""
        return {"data": [*self._rows(call, new_code_rows)]}

    def _rows(
        self, call: SignedCall, rows: Callable[[Agency, date], list[dict[str, Any]]]
    ) -> Iterator[dict[str, Any]]:
        wanted = organ_key(call.parameters.get("id", ""))
        for agency in self._store.agencies():
            if not agency.is_deleted and (not wanted or agency.has(wanted)):
                yield from rows(agency, self.registry.today)

    def _directory(self, call: SignedCall, _body: bytes) -> dict[str, Any]:
        """Return the directory, or what changed after the `version` a copy of it has."""
        stated = call.parameters.get("version") or call.parameters.get("since") or "0"
        if not (stated.isascii() and stated.isdigit() and len(stated) < 19):
            raise BadCall(parameter="version", value=stated[:40])
        found, today = self._store.agencies(int(stated)), self.registry.today
        newest = max((agency.version for agency in found), default=int(stated))
        rows = [row for agency in found for row in unit_rows(agency, today)]
        return {"data": rows, "version": newest}

    def _register(self, call: SignedCall, body: bytes) -> dict[str, Any]:
        """Enter a subordinate; a system vouches only for agencies below one it speaks for."""
        # the SDK of the adapter signs no digest of this body; where one is stated it must hold
        stated = json_of(covered(call, body) if BODY_DIGEST in call.parameters else body)
        code, name = str(stated.get("code") or ""), str(stated.get("name") or "")
        parent = self._store.agency(str(stated.get("pcode") or ""))
        if parent is None or parent.is_deleted or parent.system_id != call.system_id:
            raise SenderMismatch(stated=str(stated.get("pcode") or ""), system=call.system_id)
        holder = self._store.agency(code)
        if holder is not None and holder.system_id != call.system_id:
            raise CodeTaken(agency=code)
        others = holder.codes if holder is not None else ()
        mail = str(stated.get("mail") or "")
        self.registry.admit(call.system_id, code, name, others, parent.code, mail)
        return {}

    def _delete(self, call: SignedCall, _body: bytes) -> dict[str, Any]:
        code = call.parameters.get("agencycode", "")
        agency = self.registry.sender(code, call.system_id)
        if agency.system_id != call.system_id:
            raise SenderMismatch(stated=code, system=call.system_id)
        self.registry.delete(agency)
        return {}

    def _send(self, call: SignedCall, body: bytes) -> dict[str, Any]:
        kind = message_type(call)
        body = covered(call, body)
        message = read(body, self._limits)
        carried = MessageType.STATUS if isinstance(message, StatusMessage) else MessageType.EDOC
        if carried is not kind:
            raise BadCall(parameter="messagetype", value=kind)
        codes = addressees(call, message)
        self.registry.look_up([message.sender.organ_id, *codes])
        sender = self.registry.sender(message.sender.organ_id, call.system_id)
        stated = call.parameters.get("from", "")
        if stated and not sender.has(stated):
            raise SenderMismatch(stated=stated, system=call.system_id)
        self._rules.check_trace(message)
        note = "stale" if call.is_stale else ""
        handed = Handed(message, body, sender.agency_id, call.system_id, note)
        return {"DocId": self._acceptance.accept(handed, self._receivers(codes, message, sender))}

    def _receivers(self, codes: list[str], message: Message, sender: Agency) -> Receivers:
        """Return the agencies addressed, each once whatever codes name it, and the way to each."""
        forwards = self._rules.forwards
        if isinstance(message, StatusMessage):
            return self.registry.answered(codes, forwards=forwards)
        return self.registry.receivers(codes, sender, forwards=forwards)

    def take_in(self, body: bytes, code: str, system_id: str) -> str:
        """Accept what the axis above has for a member; return the id of the send.

        Nothing that comes from there goes back there. Raises ExchangeError.
        """
        message = read(body, self._limits)
        receivers = self.registry.answered([code], forwards=False)
        sender = organ_key(message.sender.organ_id)
        return self._acceptance.accept(Handed(message, body, sender, system_id), receivers)

    def _received(self, call: SignedCall, _body: bytes) -> dict[str, Any]:
        self._store.saw(call.system_id, self._clock())
        page = self._page_of(call, lambda packet: {self._store.speaker(packet.receiver)})
        waiting = self._store.waiting(call.system_id, message_type(call), period_of(call), page)
        return {"data": [received_row(packet) for packet in waiting]}

    def _page_of(self, call: SignedCall, whose: Callable[[Packet], set[str | None]]) -> Page:
        """Return the page a call wants: `after` names the last packet read, `0` none yet.

        A parameter of our own: days alone do not divide what one send of many receivers made.
        """
        stated = call.parameters.get("after", "")
        if stated in ("", "0"):
            return Page(self._page, FIRST if stated else None)
        packet = self._store.packet(stated)
        if packet is None or call.system_id not in whose(packet):
            raise BadCall(parameter="after", value=stated[:40])
        return Page(self._page, (packet.created_at, packet.packet_id))

    def _count(self, call: SignedCall, kind: MessageType) -> dict[str, Any]:
        """Return how many packets wait, all of them, listed or not."""
        self._store.saw(call.system_id, self._clock())
        return {"count": self._store.count_waiting(call.system_id, kind, period_of(call))}

    def _fetch(self, call: SignedCall, _body: bytes) -> dict[str, Any]:
        return {"data": base64.b64encode(self._taken(call)).decode()}

    def _taken(self, call: SignedCall) -> bytes:
        """Return the bytes of a packet and note that they were handed over."""
        packet = self._own_packet(call)
        data = self._store.data(packet.digest)
        if isinstance(data, datetime):
            raise Removed(packet_id=packet.packet_id, on=write_date(data.date()))
        self._note(LogKind.DELIVERED, packet, call.system_id, "stale" if call.is_stale else "")
        return data

    def _confirm(self, call: SignedCall, _body: bytes) -> dict[str, Any]:
        """Note what became of a packet; `done` is final, a late `fail` does not undo it."""
        packet = self._own_packet(call)
        stated = call.parameters.get("status", "")
        if stated not in Outcome.__members__.values():
            raise BadCall(parameter="status", value=stated[:40])
        if packet.state is not PacketState.DONE:
            text = call.parameters.get("description", "")[:500]
            state, at = PacketState(stated), self._clock()
            self._store.put_packet(replace(packet, state=state, description=text, updated_at=at))
        self._note(LogKind.CONFIRMED, packet, call.system_id, stated)
        return {}

    def _sent(self, call: SignedCall, _body: bytes) -> dict[str, Any]:
        page = self._page_of(
            call, lambda packet: {packet.sent_by, self._store.speaker(packet.sender)}
        )
        sent = self._store.sent(call.system_id, message_type(call), period_of(call), page)
        return {"data": [sent_row(packet) for packet in sent]}

    def _own_packet(self, call: SignedCall) -> Packet:
        packet_id = call.parameters.get("docid", "")
        packet = self._store.packet(packet_id)
        if packet is None or self._store.speaker(packet.receiver) != call.system_id:
            raise NoPacket(packet_id=packet_id[:80])  # that it exists is nobody else's business
        return packet


def fault(description: str = "") -> AxisResponse:
    """Return the answer of an axis that fails inside, so that the client tries again."""
    text = description or "Trục liên thông tạm thời gặp lỗi, hãy gửi lại sau."
    return _respond(500, "FAIL", "20", text, {})


def refusal(error: ExchangeError, status: int = 0) -> AxisResponse:
    """Return the answer that tells what is refused, with the error's own HTTP status if none.

    The SDK of the adapter reads DocId of any answer to a send, and loses the rest where it lacks.
    """
    more = {name: error.fields[name] for name in _TOLD if error.fields.get(name)} | {"DocId": ""}
    return _respond(status or error.status, "FAIL", error_code(error), error.text(), more)


def bare(refused: AxisResponse) -> AxisResponse:
    """Return a refusal without a body: whoever downloads keeps any body as the file itself."""
    told = orjson.loads(refused.body)
    headers = {name: quote(told[name], safe=" ") for name in ("ErrorCode", "ErrorDesc")}
    status = refused.status if refused.status >= 400 else 422
    return AxisResponse(status, b"", "text/plain", refused.retry_after, headers)


def too_large(limit: int) -> AxisResponse:
    """Return the answer to a message of more bytes than the axis takes."""
    what = {"what_vi": "cả gói tin", "what_en": "the whole message"}
    return refusal(MessageTooLarge(**what, limit=limit), 413)


def _respond(
    status: int, verdict: str, code: str, description: str, answer: Mapping[str, Any]
) -> AxisResponse:
    stated = {"status": verdict, "ErrorCode": code, "ErrorDesc": description, **answer}
    retry_after = int(answer.get("retry_after") or 0)
    # that SDK reads the answer to a send as ASCII
    body = json.dumps(stated).encode() if description else orjson.dumps(stated)
    return AxisResponse(status, body, retry_after=retry_after)
