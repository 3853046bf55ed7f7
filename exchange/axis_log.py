"""The message log of an axis (nhật ký gói tin): what was accepted, handed over, confirmed, sent on.

Each entry is hashed together with the hash of the one before it. Accepting only appends entries;
their places in the chain are given out afterwards, in batches, so that nobody waits for the chain.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256

import orjson


class LogKind(StrEnum):
    """What happened to a message (việc đã xảy ra)."""

    ACCEPTED = "accepted"  # tiếp nhận
    REPEATED = "repeated"  # gửi lại, không nhận thêm
    DELIVERED = "delivered"  # bên nhận tải về
    CONFIRMED = "confirmed"  # bên nhận xác nhận
    FORWARDED = "forwarded"  # chuyển tiếp trục khác
    OFFERED = "offered"  # người vận hành cho gửi lại
    OPENED = "opened"  # người vận hành xem nội dung


@dataclass(frozen=True)
class LogEntry:
    """One fact of one message; `digest` is of the exact bytes (SHA-256, hex).

    `system_id` is who called, `note` what became of it or what was odd about the call.
    """

    kind: LogKind
    at: datetime
    system_id: str
    sending_id: str
    packet_id: str
    sender: str
    receiver: str
    digest: str
    note: str = ""

    def body(self) -> bytes:
        """Return the one text of the entry: JSON, keys sorted, the time in UTC."""
        fields = {
            "kind": self.kind.value, "at": self.at.astimezone(UTC), "system": self.system_id,
            "sending": self.sending_id, "packet": self.packet_id, "sender": self.sender,
            "receiver": self.receiver, "digest": self.digest, "note": self.note,
        }  # fmt: skip
        return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def link(previous: bytes, no: int, entry: LogEntry) -> bytes:
    """Return the hash of the entry at place `no` after the hash before it.

    The body goes in as its digest, so that a stretch of the chain can be shown without what it
    says of the messages of others.
    """
    told = sha256(entry.body()).digest()
    return sha256(previous + str(no).encode() + b"\x00" + told).digest()
