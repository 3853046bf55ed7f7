"""One connection shared by several agencies (kết nối dùng chung): each takes its own packets."""

from collections.abc import Callable, Collection
from typing import Any

from exchange.addressees import addressees
from exchange.edxml_read import read
from exchange.errors import ExchangeError
from exchange.gateway import (
    Arrival,
    DirectoryEntry,
    Gateway,
    MessageType,
    Outcome,
    ProvesLog,
    TellsDirectory,
    TellsSent,
)
from exchange.identity import organ_key


class OwnArrivals:
    """A Gateway that offers only what is addressed to one of an agency's `codes`."""

    def __init__(self, inner: Gateway, codes: Callable[[], Collection[str]]) -> None:
        self._inner = inner
        self._codes = codes

    def send(self, message_type: MessageType, data: bytes, to: tuple[str, ...] = ()) -> str:
        """Send as the connection does."""
        return self._inner.send(message_type, data, to)

    def list_received(self, message_type: MessageType) -> list[Arrival]:
        """Return the packets for this agency; those for nobody here stay with the carrier."""
        waiting = self._inner.list_received(message_type)
        own = {organ_key(code) for code in self._codes()} if waiting else set()
        return [one for one in waiting if any(organ_key(r) in own for r in self._receivers(one))]

    def fetch(self, packet_id: str) -> bytes:
        """Return the message of a packet."""
        return self._inner.fetch(packet_id)

    def confirm(self, packet_id: str, outcome: Outcome, description: str = "") -> None:
        """Tell the carrier what became of a packet."""
        self._inner.confirm(packet_id, outcome, description)

    def sent(self, message_type: MessageType) -> list[dict[str, Any]] | None:
        """Return what the connection sent, for all its agencies."""
        return self._inner.sent(message_type) if isinstance(self._inner, TellsSent) else None

    def directory(self) -> list[DirectoryEntry]:
        """Return whom the connection's carrier reaches, nobody where it does not tell."""
        return self._inner.directory() if isinstance(self._inner, TellsDirectory) else []

    def log_proof(self, doc_id: str, digest: str, to: str) -> dict[str, Any] | None:
        """Return what the connection's carrier proves, None where it proves nothing."""
        return (
            self._inner.log_proof(doc_id, digest, to)
            if isinstance(self._inner, ProvesLog)
            else None
        )

    def _receivers(self, arrival: Arrival) -> tuple[str, ...]:
        """Return who a packet is for: as the carrier says, else as its message says."""
        if arrival.receiver:
            return (arrival.receiver,)
        try:
            return addressees(read(self._inner.fetch(arrival.packet_id)))
        except ExchangeError:
            return ()
