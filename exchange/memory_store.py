"""An axis kept in memory (kho trong bộ nhớ): for tests and a local hub; safe between threads."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from threading import RLock

from exchange.axis_log import LogEntry
from exchange.axis_store import Agency, Packet, Page, Period, Place, Route, Sending, System, Usage
from exchange.gateway import MessageType
from exchange.identity import organ_key


class MemoryStore:
    """A Store that lives as long as its process."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._systems: dict[str, System] = {}
        self._agencies: dict[str, Agency] = {}
        self._by_code: dict[str, str] = {}
        self._version = 0
        self._usage: dict[tuple[str, datetime], Usage] = {}
        #: the message log, oldest first
        self.log: list[LogEntry] = []
        self._sendings: dict[tuple[str, str], str] = {}
        self._packets: dict[str, Packet] = {}
        self._data: dict[str, bytes] = {}

    def system(self, system_id: str) -> System | None:
        """Return a connected system."""
        with self._lock:
            return self._systems.get(system_id)

    def put_system(self, system: System) -> None:
        """Add a system or give it a new secret."""
        with self._lock:
            self._systems[system.system_id] = system

    def agency(self, code: str) -> Agency | None:
        """Return the agency that holds this code."""
        return self.holders([code]).get(organ_key(code))

    def holders(self, codes: Iterable[str]) -> Mapping[str, Agency]:
        """Return the agencies that hold these codes."""
        with self._lock:
            keys = [organ_key(code) for code in codes]
            return {key: self._agencies[self._by_code[key]] for key in keys if key in self._by_code}

    def speaker(self, agency_id: str) -> str | None:
        """Return the system that speaks for an agency."""
        with self._lock:
            agency = self._agencies.get(agency_id)
            return agency.system_id if agency is not None else None

    def put_agency(self, agency: Agency) -> None:
        """Add or replace the agency of this id under the next version."""
        key = agency.agency_id
        with self._lock:
            self._version = max(self._version + 1, int(agency.changed_at.timestamp()))
            self._by_code = {code: held for code, held in self._by_code.items() if held != key}
            self._by_code.update((organ_key(one.code), key) for one in agency.codes)
            self._agencies[key] = replace(agency, version=self._version)

    def agencies(self, since: int = 0) -> Sequence[Agency]:
        """Return the agencies changed after this version."""
        with self._lock:
            found = [agency for agency in self._agencies.values() if agency.version > since]
            return sorted(found, key=lambda agency: agency.code)

    def known(self, sender: str, keys: Sequence[str]) -> tuple[str | None, Sequence[Packet]]:
        """Return the sending that has one of these keys, and its packets."""
        with self._lock:
            found = (self._sendings.get((sender, key)) for key in keys)
            known = next((one for one in found if one is not None), None)
            if known is None:
                return None, []
            return known, [p for p in self._packets.values() if p.sending_id == known]

    def keep(self, sending: Sending, packets: Sequence[Packet], data: bytes) -> None:
        """Keep the packets of a send."""
        with self._lock:
            self._sendings.update(((sending.sender, k), sending.sending_id) for k in sending.keys)
            self._packets.update((packet.packet_id, packet) for packet in packets)
            self._data[sending.digest] = data

    def used(self, system_id: str, hour: datetime) -> Usage:
        """Return what a system has sent in an hour."""
        with self._lock:
            return self._usage.get((system_id, hour), Usage())

    def count(self, system_id: str, hour: datetime, size: int) -> None:
        """Count one more message."""
        with self._lock:
            used = self.used(system_id, hour)
            self._usage[system_id, hour] = Usage(used.messages + 1, used.bytes + size)

    def note(self, entries: Sequence[LogEntry]) -> None:
        """Append to the log."""
        with self._lock:
            self.log.extend(entries)

    def unproven_since(self) -> datetime | None:
        """Return None: what is kept in memory is not proven to anybody."""
        return None

    def saw(self, system_id: str, at: datetime) -> None:
        """Forget who asked."""

    def waiting(
        self, system_id: str, message_type: MessageType, period: Period, page: Page
    ) -> Sequence[Packet]:
        """Return the oldest packets waiting for the agencies of a system."""
        with self._lock:
            return _page(self._waiting(system_id, message_type, period), page)

    def count_waiting(self, system_id: str, message_type: MessageType, period: Period) -> int:
        """Return how many packets wait for the agencies of a system."""
        with self._lock:
            return sum(1 for _ in self._waiting(system_id, message_type, period))

    def _waiting(
        self, system_id: str, message_type: MessageType, period: Period
    ) -> Iterator[Packet]:
        return (
            packet
            for packet in self._packets.values()
            if packet.message_type is message_type
            and packet.state.is_waiting
            and packet.route is Route.LOCAL
            and packet.created_at in period
            and self.speaker(packet.receiver) == system_id
        )

    def sent(
        self, system_id: str, message_type: MessageType, period: Period, page: Page
    ) -> Sequence[Packet]:
        """Return packets sent by the agencies of a system: the newest, or by time."""
        with self._lock:
            found = (
                packet
                for packet in self._packets.values()
                if packet.message_type is message_type
                and packet.created_at in period
                and system_id in {packet.sent_by, self.speaker(packet.sender)}
            )
            if page.after is not None:
                return _page(found, page)
            return sorted(found, key=lambda packet: packet.created_at, reverse=True)[: page.limit]

    def packet(self, packet_id: str) -> Packet | None:
        """Return a packet."""
        with self._lock:
            return self._packets.get(packet_id)

    def put_packet(self, packet: Packet) -> None:
        """Replace a packet whose state changed."""
        with self._lock:
            self._packets[packet.packet_id] = packet

    def data(self, digest: str) -> bytes:
        """Return the bytes of a message."""
        with self._lock:
            return self._data[digest]


def _place(packet: Packet) -> Place:
    return packet.created_at, packet.packet_id


def _page(found: Iterable[Packet], page: Page) -> list[Packet]:
    """Return a page of what was found, by time."""
    after = page.after
    rest = [one for one in found if after is None or _place(one) > after]
    return sorted(rest, key=_place)[: page.limit]
