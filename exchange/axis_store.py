"""What an axis keeps, and the protocol of the place it keeps it in (kho của trục liên thông)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final, Protocol

from exchange.axis_log import LogEntry
from exchange.gateway import MessageType
from exchange.identity import organ_key


class PacketState(StrEnum):
    """Where a packet is (trạng thái gói tin); the first two are offered to its receiver."""

    INITIAL = "initial"
    PROCESSING = "processing"
    DONE = "done"
    FAIL = "fail"

    @property
    def is_waiting(self) -> bool:
        """Say whether the receiver has still to confirm."""
        return self in {PacketState.INITIAL, PacketState.PROCESSING}


@dataclass(frozen=True)
class System:
    """A system connected to the axis (hệ thống kết nối); the HMAC needs its secret in clear.

    Quotas of its own count instead of the axis's; 0 means it has none.
    """

    system_id: str
    secret: str = field(repr=False)
    messages_per_hour: int = 0
    bytes_per_hour: int = 0


@dataclass(frozen=True)
class Usage:
    """What a system has sent in one hour (lượng đã gửi)."""

    messages: int = 0
    bytes: int = 0


class Route(StrEnum):
    """Which way a packet goes (tuyến): to a member of this axis, or on to the axis above."""

    LOCAL = "local"
    UPSTREAM = "upstream"


@dataclass(frozen=True)
class AgencyCode:
    """One code of an agency (mã định danh) and the days on which it is in force, both included.

    `successor` is the code that took its place (mã thay thế), perhaps another agency's.
    """

    code: str
    valid_from: date | None = None
    valid_until: date | None = None
    successor: str = ""

    def is_valid_on(self, day: date) -> bool:
        """Say whether the code is in force on this day."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True)
class Agency:
    """An agency in the directory (đơn vị): its preferred code, all its codes, who speaks for it.

    `agency_id` stays when codes change. A locked agency (đơn vị bị khóa) receives nothing; a
    deleted one stays, so that directories kept elsewhere learn of it. `intermediaries` are other
    systems that may send in its name (bên trung gian). `version` grows with each change of the
    directory; a store sets it.
    """

    agency_id: str
    code: str
    name: str
    system_id: str
    codes: tuple[AgencyCode, ...]
    changed_at: datetime
    parent: str = ""
    mail: str = ""
    is_locked: bool = False
    is_deleted: bool = False
    intermediaries: tuple[str, ...] = ()
    version: int = 0

    def has(self, code: str) -> bool:
        """Say whether it holds this code, in force or not."""
        return any(organ_key(one.code) == organ_key(code) for one in self.codes)

    def holds(self, code: str, day: date) -> bool:
        """Say whether it holds this code on this day."""
        return self.has(code) and self.term(code).is_valid_on(day)

    def is_gone(self, day: date) -> bool:
        """Say whether none of its codes is in force any more on this day, or it was taken off."""
        ended = (one.valid_until is not None and one.valid_until < day for one in self.codes)
        return self.is_deleted or all(ended)

    def term(self, code: str) -> AgencyCode:
        """Return what is known of a code it holds."""
        return next(one for one in self.codes if organ_key(one.code) == organ_key(code))


@dataclass(frozen=True)
class Packet:
    """One message on its way to one agency (gói tin).

    `sending_id` is the same for all receivers of one send; `sender` and `receiver` are agencies,
    `sent_as` and `addressed_as` the codes the message states for them; `sent_by` is the system that
    handed it in; `digest` names the bytes.
    """

    packet_id: str
    sending_id: str
    message_type: MessageType
    sender: str
    sent_as: str
    sent_by: str
    receiver: str
    addressed_as: str
    digest: str
    reference: str
    subject: str
    created_at: datetime
    updated_at: datetime
    state: PacketState = PacketState.INITIAL
    description: str = ""
    route: Route = Route.LOCAL
    #: the receipt of the axis above, once it has it
    forwarded_as: str = ""


@dataclass(frozen=True)
class Sending:
    """One accepted send (lần gửi): who, what, and the keys by which a repeat is known."""

    sending_id: str
    sender: str
    keys: tuple[str, ...]
    digest: str
    accepted_at: datetime


@dataclass(frozen=True)
class Period:
    """A stretch of time, `since` included and `until` not; None leaves an end open."""

    since: datetime | None = None
    until: datetime | None = None

    def __contains__(self, moment: datetime) -> bool:
        after = self.since is None or self.since <= moment
        return after and (self.until is None or moment < self.until)


#: where a packet stands in the order of time
Place = tuple[datetime, str]
#: before every packet
FIRST: Final[Place] = (datetime(1900, 1, 1, tzinfo=UTC), "")


@dataclass(frozen=True)
class Page:
    """How much of a list is wanted (trang): so many rows.

    With `after`, those that follow this place in the order of time; without, those to see first.
    """

    limit: int
    after: Place | None = None


class Store(Protocol):
    """The tables of an axis; codes are compared by `identity.organ_key`."""

    def system(self, system_id: str) -> System | None:
        """Return a connected system."""

    def put_system(self, system: System) -> None:
        """Add a system or give it a new secret."""

    def agency(self, code: str) -> Agency | None:
        """Return the agency that holds this code, preferred or not, deleted or not."""

    def holders(self, codes: Iterable[str]) -> Mapping[str, Agency]:
        """Return the agencies that hold these codes, by `organ_key` of the code."""

    def speaker(self, agency_id: str) -> str | None:
        """Return the system that speaks for an agency, None for one of another axis."""

    def put_agency(self, agency: Agency) -> None:
        """Add or replace the agency of this id under the next version of the directory."""

    def agencies(self, since: int = 0) -> Sequence[Agency]:
        """Return the agencies changed after this version, deleted ones included, by code."""

    def known(self, sender: str, keys: Sequence[str]) -> tuple[str | None, Sequence[Packet]]:
        """Return the id and the packets of the sending that has one of these keys.

        Whoever asks holds the keys until his transaction ends, so that of two equal sends at once
        the second finds the first.
        """

    def keep(self, sending: Sending, packets: Sequence[Packet], data: bytes) -> None:
        """Keep the packets of a send with its keys and bytes; they are not `known` yet."""

    def used(self, system_id: str, hour: datetime) -> Usage:
        """Return what a system has sent in an hour."""

    def count(self, system_id: str, hour: datetime, size: int) -> None:
        """Count one more message of a system in an hour."""

    def note(self, entries: Sequence[LogEntry]) -> None:
        """Append to the message log."""

    def unproven_since(self) -> datetime | None:
        """Return when the oldest entry was made that no timestamp covers, None for none."""

    def saw(self, system_id: str, at: datetime) -> None:
        """Note that a system asked for its packets."""

    def waiting(
        self, system_id: str, message_type: MessageType, period: Period, page: Page
    ) -> Sequence[Packet]:
        """Return packets waiting for the agencies of a system, by time; the oldest of each."""

    def count_waiting(self, system_id: str, message_type: MessageType, period: Period) -> int:
        """Return how many packets wait for the agencies of a system."""

    def sent(
        self, system_id: str, message_type: MessageType, period: Period, page: Page
    ) -> Sequence[Packet]:
        """Return packets sent by the agencies of a system: the newest, latest first, or by time."""

    def packet(self, packet_id: str) -> Packet | None:
        """Return a packet."""

    def put_packet(self, packet: Packet) -> None:
        """Replace a packet whose state changed."""

    def data(self, digest: str) -> bytes | datetime:
        """Return the bytes of a message as they came in, or when they were removed."""
