"""Our own axis (trục liên thông): the core of a hub, without HTTP and without a database.

It serves the header-signed adapter interface, so that any client of the national or provincial
axis can talk to it. A message is delivered at least once until its receiver confirms it; bytes are
passed on untouched, since adding a trace hop would break an envelope signature.
"""

import base64
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import orjson

from exchange.axis_headers import NotAuthentic, SignedCall, verify
from exchange.axis_refusals import (
    BadCall,
    CodeTaken,
    NoPacket,
    SenderMismatch,
    TooManyReceivers,
    UnknownOperation,
    error_code,
)
from exchange.axis_registry import Registry
from exchange.axis_rows import agency_rows, received_row, sent_row, unit_rows
from exchange.axis_store import Agency, Packet, PacketState, Period, Sending, Store
from exchange.clock import now, parse_moment
from exchange.edxml_read import read
from exchange.envelope import BusinessType, Envelope
from exchange.errors import ExchangeError
from exchange.gateway import MessageType, Outcome
from exchange.identity import organ_key
from exchange.limits import DEFAULT_LIMITS, Limits
from exchange.status import StatusMessage

#: addressees of one send
MOST_RECEIVERS: Final = 10_000
#: facts of a refusal that a program can use
_TOLD: Final = ("successors",)
_LISTED: Final = 1_000
_WINDOW: Final = timedelta(minutes=10)


@dataclass(frozen=True)
class AxisResponse:
    """What to answer over HTTP: a status and a JSON body."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"


class Axis:
    """The hub over a Store; cheap to make, one for each transaction of the store if it has any."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime] = now,
        limits: Limits = DEFAULT_LIMITS,
        window: timedelta = _WINDOW,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self._store = store
        self._clock = clock
        #: the directory, which operators keep
        self.registry = Registry(store, clock)
        self._limits = limits
        self._window = window
        self._new_id = new_id
        self._operations: Mapping[str, Callable[[SignedCall, bytes], dict[str, Any]]] = {
            "getAgenciesList": self._agencies,
            "getSynchronizeUnit": self._directory,
            "registerAgency": self._register,
            "deleteAgency": self._delete,
            "sendEdoc": self._send,
            "getReceivedEdocList": self._received,
            "getEdoc": self._fetch,
            "updateStatus": self._confirm,
            "getSentEdocList": self._sent,
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

    def handle(self, operation: str, headers: Mapping[str, str], body: bytes) -> AxisResponse:
        """Serve one call; what the store raises goes through, see `fault`."""
        try:
            run = self._operations.get(operation)
            if run is None:
                raise UnknownOperation(operation=operation[:40])
            call = verify(headers, body, self._secret_of, self._clock(), self._window)
            answer = run(call, body)
        except ExchangeError as error:
            # the adapter's clients read the JSON; only who may not call at all sees it in HTTP
            status = error.status if isinstance(error, NotAuthentic | UnknownOperation) else 200
            more = {name: error.fields[name] for name in _TOLD if error.fields.get(name)}
            return _respond(status, "FAIL", error_code(error), error.text(), more)
        return _respond(200, "OK", "0", "", answer)

    def _secret_of(self, system_id: str) -> str | None:
        system = self._store.system(system_id)
        return system.secret if system is not None else None

    def _agencies(self, call: SignedCall, _body: bytes) -> dict[str, Any]:
        wanted = organ_key(call.parameters.get("id", ""))
        today = self.registry.today
        rows = [
            row
            for agency in self._store.agencies()
            if not agency.is_deleted and (not wanted or agency.has(wanted))
            for row in agency_rows(agency, today)
        ]
        return {"data": rows}

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
        stated = _json(body)
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
        message_type = _message_type(call)
        message = read(body, self._limits)
        carried = MessageType.STATUS if isinstance(message, StatusMessage) else MessageType.EDOC
        if carried is not message_type:
            raise BadCall(parameter="messagetype", value=message_type)
        sender = self.registry.sender(message.sender.organ_id, call.system_id)
        stated = call.parameters.get("from", "")
        if stated and not sender.has(stated):
            raise SenderMismatch(stated=stated, system=call.system_id)
        receivers = self._receivers(call, message, sender)
        digest, at = sha256(body).hexdigest(), self._clock()
        sending = Sending(self._new_id(), sender.agency_id, _keys(message, digest), digest, at)
        reference, subject = _title(message)
        packets = [
            Packet(
                packet_id=self._new_id(),
                sending_id=sending.sending_id,
                message_type=message_type,
                sender=sender.agency_id,
                sent_as=message.sender.organ_id,
                sent_by=call.system_id,
                receiver=receiver,
                addressed_as=addressed_as,
                digest=digest,
                reference=reference,
                subject=subject,
                created_at=at,
                updated_at=at,
            )
            for receiver, addressed_as in receivers.items()
        ]
        return {"DocId": self._store.keep(sending, packets, body)}

    def _receivers(
        self, call: SignedCall, message: Envelope | StatusMessage, sender: Agency
    ) -> dict[str, str]:
        """Return the agencies addressed, each once whatever codes name it, with the code used."""
        codes = _addressees(call, message)
        if len(codes) > MOST_RECEIVERS:
            raise TooManyReceivers(count=len(codes), limit=MOST_RECEIVERS)
        if isinstance(message, StatusMessage):
            return {self.registry.answered(code).agency_id: code for code in codes}
        found = self.registry.receivers(codes, sender)
        return {agency_id: code for agency_id, (_, code) in found.items()}

    def _received(self, call: SignedCall, _body: bytes) -> dict[str, Any]:
        waiting = self._store.waiting(call.system_id, _message_type(call), _period(call), _LISTED)
        return {"data": [received_row(packet) for packet in waiting]}

    def _fetch(self, call: SignedCall, _body: bytes) -> dict[str, Any]:
        packet = self._own_packet(call)
        return {"data": base64.b64encode(self._store.data(packet.digest)).decode()}

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
        return {}

    def _sent(self, call: SignedCall, _body: bytes) -> dict[str, Any]:
        sent = self._store.sent(call.system_id, _message_type(call), _period(call), _LISTED)
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


def _respond(
    status: int, verdict: str, code: str, description: str, answer: Mapping[str, Any]
) -> AxisResponse:
    stated = {"status": verdict, "ErrorCode": code, "ErrorDesc": description, **answer}
    return AxisResponse(status, orjson.dumps(stated))


def _message_type(call: SignedCall) -> MessageType:
    stated = call.parameters.get("messagetype", "").lower()
    if stated not in MessageType.__members__.values():
        raise BadCall(parameter="messagetype", value=stated[:40])
    return MessageType(stated)


def _period(call: SignedCall) -> Period:
    """Return the days asked for, both included; their format differs between clients."""
    since = _moment(call, "fromdate")
    until = _moment(call, "todate")
    if until is not None and ":" not in call.parameters["todate"]:
        until += timedelta(days=1)
    return Period(since, until)


def _moment(call: SignedCall, name: str) -> datetime | None:
    stated = call.parameters.get(name, "").strip()
    moment = parse_moment(stated)
    if stated and moment is None:
        raise BadCall(parameter=name, value=stated[:40])
    return moment


def _addressees(call: SignedCall, message: Envelope | StatusMessage) -> list[str]:
    """Return the codes to deliver to: those of the call, else those in the message."""
    if stated := call.parameters.get("to", ""):
        try:
            codes = orjson.loads(stated)
        except orjson.JSONDecodeError:
            codes = None
        if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
            raise BadCall(parameter="to", value=stated[:40])
        if codes:
            return codes
    if isinstance(message, StatusMessage):
        return [message.response.organ_id]
    return [receiver.organ_id for receiver in message.receivers]


def _keys(message: Envelope | StatusMessage, digest: str) -> tuple[str, ...]:
    """Return what makes a repeat: the same bytes, or a new document of the same DocumentId.

    An update, recall or replacement legitimately carries a DocumentId again.
    """
    keys = [f"bytes:{digest}"]
    if isinstance(message, Envelope) and message.business.type is BusinessType.NEW:
        keys.append(f"new:{message.identifier}")
    return tuple(keys)


def _title(message: Envelope | StatusMessage) -> tuple[str, str]:
    if isinstance(message, StatusMessage):
        return message.response.code, f"{message.code.value} {message.code.vi}"
    return str(message.code), message.subject


def _json(body: bytes) -> dict[str, Any]:
    try:
        stated = orjson.loads(body)
    except orjson.JSONDecodeError:
        stated = None
    if not isinstance(stated, dict):
        raise BadCall(parameter="body", value="JSON")
    return stated
