"""The way to other agencies (cổng liên thông), whatever carries the messages.

At least three incompatible transports are in use, so each is a driver behind this protocol. None
promises order or single delivery: a consumer stores, commits, then confirms, and takes a message
it already has as success.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable


class MessageType(StrEnum):
    """The only two kinds of packet an axis carries (loại gói tin)."""

    EDOC = "edoc"
    STATUS = "status"


class Outcome(StrEnum):
    """What became of a fetched packet; says nothing about handling the document."""

    DONE = "done"
    FAIL = "fail"
    PROCESSING = "processing"


@dataclass(frozen=True)
class Arrival:
    """One packet waiting to be fetched (gói tin đến); `sender` and `receiver` as the axis states.

    `created_at` is None where the carrier does not tell.
    """

    packet_id: str
    message_type: MessageType
    sender: str = ""
    receiver: str = ""
    created_at: datetime | None = None


class Gateway(Protocol):
    """Carries finished messages; every method may raise GatewayError, see its `retryable`."""

    def send(self, message_type: MessageType, data: bytes, to: tuple[str, ...] = ()) -> str:
        """Hand over a message and return the carrier's receipt id.

        Without `to` the carrier reads the addressees from the message. Sending the same bytes
        again is harmless.
        """

    def list_received(self, message_type: MessageType) -> list[Arrival]:
        """Return the packets not yet confirmed, in no promised order, repeats possible."""

    def fetch(self, packet_id: str) -> bytes:
        """Return the message of a packet; raises NoSuchPacket."""

    def confirm(self, packet_id: str, outcome: Outcome, description: str = "") -> None:
        """Tell the carrier what became of a packet, after it is stored for good."""


@runtime_checkable
class TellsSent(Protocol):
    """A gateway whose carrier tells what it took from us (sổ gửi của trục)."""

    def sent(self, message_type: MessageType) -> list[dict[str, Any]] | None:
        """Return the newest sendings, one row a receiver; None where the carrier does not tell."""


@dataclass(frozen=True)
class DirectoryEntry:
    """One code of one agency in the directory of the axis (danh bạ trục liên thông)."""

    code: str
    name: str
    agency_id: str = ""
    parent_id: str = ""
    mail: str = ""


@runtime_checkable
class TellsDirectory(Protocol):
    """A gateway whose carrier tells whom it reaches (danh bạ)."""

    def directory(self) -> list[DirectoryEntry]:
        """Return the directory, one entry per code; raises ExchangeError."""


@runtime_checkable
class ProvesLog(Protocol):
    """A gateway whose carrier proves what it did with a message (nhật ký gói tin)."""

    def log_proof(self, doc_id: str, digest: str, to: str) -> dict[str, Any] | None:
        """Return the log's entries of a message as they lead to signed heads, None for none."""
