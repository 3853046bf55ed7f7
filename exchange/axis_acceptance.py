"""What an axis does with a message (tiếp nhận): known again, counted, kept, written down."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from exchange.axis_log import LogEntry, LogKind
from exchange.axis_refusals import Looped
from exchange.axis_rules import AxisRules, hour_of
from exchange.axis_store import Packet, Route, Sending, Store
from exchange.envelope import BusinessType, Envelope
from exchange.gateway import MessageType
from exchange.status import StatusMessage

Message = Envelope | StatusMessage


@dataclass(frozen=True)
class Handed:
    """A message as a system handed it in: for whom it was sent, by whom, in which bytes."""

    message: Message
    body: bytes
    #: the sending agency and the system that calls
    sender: str
    sent_by: str
    note: str = ""

    @property
    def kind(self) -> MessageType:
        """Whether it is a document or a report."""
        is_status = isinstance(self.message, StatusMessage)
        return MessageType.STATUS if is_status else MessageType.EDOC


#: agency or, for one of another axis, its code → the code it is addressed by and the way to it
Receivers = Mapping[str, tuple[str, Route]]


class Acceptance:
    """Accepts messages into a store under the rules of an axis."""

    def __init__(
        self,
        store: Store,
        rules: AxisRules,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock
        self._new_id = new_id

    def accept(self, handed: Handed, receivers: Receivers) -> str:
        """Keep a message once for each receiver and return the id of the send.

        A repeat of what is known adds only receivers not reached before, under the same id. Raises
        OverQuota, NotProven and Looped; what is known already raises none but Looped.
        """
        digest, at = sha256(handed.body).hexdigest(), self._clock()
        keys = message_keys(handed.message, digest)
        known, before = self._store.known(handed.sender, keys)
        reached = {packet.receiver: packet for packet in before}
        for receiver in receivers:
            _check_way(reached.get(receiver), handed.sent_by, self._rules)
        sending = Sending(known or self._new_id(), handed.sender, keys, digest, at)
        fresh = [
            self._packet(sending, handed, receiver, code, route)
            for receiver, (code, route) in receivers.items()
            if receiver not in reached
        ]
        if fresh:
            if self._rules.longest_unproven is not None:
                self._rules.check_proof(self._store.unproven_since(), at)
            self._count(handed, at)
            self._store.keep(sending, fresh, handed.body)
        kind = LogKind.ACCEPTED if fresh else LogKind.REPEATED
        noted = fresh or [reached[receiver] for receiver in receivers][:1]
        self._store.note([entry(kind, one, at, handed.sent_by, handed.note) for one in noted])
        return sending.sending_id

    def _count(self, handed: Handed, at: datetime) -> None:
        system = self._store.system(handed.sent_by)
        if system is not None and self._rules.counts(system):
            hour, size = hour_of(at), len(handed.body)
            self._rules.check_quota(system, self._store.used(system.system_id, hour), size, at)
            self._store.count(system.system_id, hour, size)

    def _packet(
        self, sending: Sending, handed: Handed, receiver: str, code: str, route: Route
    ) -> Packet:
        reference, subject = _title(handed.message)
        return Packet(
            packet_id=self._new_id(),
            sending_id=sending.sending_id,
            message_type=handed.kind,
            sender=sending.sender,
            sent_as=handed.message.sender.organ_id,
            sent_by=handed.sent_by,
            receiver=receiver,
            addressed_as=code,
            digest=sending.digest,
            reference=reference,
            subject=subject,
            created_at=sending.accepted_at,
            updated_at=sending.accepted_at,
            route=route,
        )


def entry(kind: LogKind, packet: Packet, at: datetime, system_id: str, note: str = "") -> LogEntry:
    """Return the log entry of what happened to a packet."""
    return LogEntry(
        kind,
        at,
        system_id,
        packet.sending_id,
        packet.packet_id,
        packet.sender,
        packet.receiver,
        packet.digest,
        note,
    )


def message_keys(message: Message, digest: str) -> tuple[str, ...]:
    """Return what makes a repeat: the same bytes, or a new document of the same DocumentId.

    An update, recall or replacement legitimately carries a DocumentId again.
    """
    keys = [f"bytes:{digest}"]
    if isinstance(message, Envelope) and message.business.type is BusinessType.NEW:
        keys.append(f"new:{message.identifier}")
    return tuple(keys)


def _check_way(packet: Packet | None, sent_by: str, rules: AxisRules) -> None:
    """Raise Looped where another system brings back what was to be sent on from here."""
    if packet is not None and packet.route is Route.UPSTREAM and packet.sent_by != sent_by:
        raise Looped(node=rules.node or "này")


def _title(message: Message) -> tuple[str, str]:
    if isinstance(message, StatusMessage):
        return message.response.code, f"{message.code.value} {message.code.vi}"
    return str(message.code), message.subject
