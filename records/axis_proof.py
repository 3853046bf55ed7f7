"""What our axis can prove of a message (chứng minh trong nhật ký gói tin): entries up to a head.

A part is a stretch of the chain that ends at a signed head. Of entries that are not the message's
only the digest is in it: what an axis carried for others is nobody else's business.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from engine.database import Transaction
from exchange.axis_headers import SignedCall
from exchange.axis_log import LogEntry, LogKind
from exchange.axis_refusals import NoPacket
from exchange.identity import organ_key
from signing.certificate import load_certificate

#: entries of one part
LONGEST: Final = 20_000
_ENTRY: Final = "kind, at, system_id, sending_id, packet_id, sender, receiver, digest, note"


class LogBook:
    """The log of our axis as the two sides of a message are shown it (trích nhật ký gói tin)."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx

    def answer(self, call: SignedCall, _body: bytes) -> dict[str, Any]:
        """Return what the log says of a message to a side of it (`getLogProof`); raises NoPacket.

        `to` narrows a send down to one receiver.
        """
        doc_id, digest, to = (call.parameters.get(name, "") for name in ("docid", "digest", "to"))
        wanted = (doc_id, doc_id, digest, call.system_id)
        ids = _to(to, self.tx.execute(f"{_PACKETS} {_SIDES}", *wanted).fetchall())
        if not ids:
            raise NoPacket(packet_id=doc_id[:80])  # that it exists is nobody else's business
        return {"data": log_proof(self.tx, ids)}


def packets_of(tx: Transaction, doc_id: str, digest: str, to: str) -> list[str]:
    """Return the packet of this id, or those of the send of this id, with these bytes."""
    return _to(to, tx.execute(_PACKETS, doc_id, doc_id, digest).fetchall())


_PACKETS = """SELECT p.packet_id, p.receiver, p.addressed_as FROM axis_packet p
LEFT JOIN axis_agency s ON s.key = p.sender LEFT JOIN axis_agency r ON r.key = p.receiver
WHERE (p.packet_id = %s OR p.sending_id = %s) AND p.digest = %s"""
_SIDES = "AND %s IN (p.sent_by, s.system_id, r.system_id)"


def _to(to: str, rows: Sequence[Sequence[str]]) -> list[str]:
    key = organ_key(to)
    return [one for one, receiver, code in rows if not to or key in {receiver, organ_key(code)}]


def log_proof(tx: Transaction, packet_ids: Sequence[str]) -> dict[str, Any]:
    """Return `parts`, and in `waiting` how many entries no signed head covers yet."""
    entries = tx.execute(
        f"SELECT no, {_ENTRY} FROM axis_log_entry WHERE packet_id = ANY(%s)"  # noqa: S608 - constant
        " ORDER BY no NULLS LAST, id LIMIT 500",
        list(packet_ids),
    ).fetchall()
    parts: list[dict[str, Any]] = []
    waiting, covered = 0, 0
    for no, *row in entries:
        if no is None or (no > covered and not _begin(tx, parts, no)):
            waiting += 1
            continue
        covered = parts[-1]["from"] + len(parts[-1]["links"]) - 1
        parts[-1]["entries"].append({"no": no, "body": _body(row).decode()})
    return {"parts": parts, "waiting": waiting}


def _begin(tx: Transaction, parts: list[dict[str, Any]], no: int) -> bool:
    """Add the part from `no` to the first head, a timestamped one if there is one near."""
    found = tx.execute(
        "SELECT no, head, value, certificate, timestamp FROM axis_log_head"
        " WHERE no >= %s AND no < %s ORDER BY (timestamp IS NULL), no, id LIMIT 1",
        *(no, no + LONGEST),
    ).fetchone()
    if found is None:
        return False
    last, head, value, certificate, timestamp = found
    before = tx.execute("SELECT hash FROM axis_log_entry WHERE no = %s", no - 1).fetchone()
    links = tx.execute(
        f"SELECT {_ENTRY} FROM axis_log_entry WHERE no BETWEEN %s AND %s ORDER BY no",  # noqa: S608
        *(no, last),
    ).fetchall()
    key = load_certificate(bytes(certificate)).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    parts.append(
        {
            "from": no,
            "previous": bytes(before[0]).hex() if before else "",
            "links": [sha256(_body(row)).hexdigest() for row in links],
            "entries": [],
            "head": bytes(head).decode(),
            "value": bytes(value).hex(),
            "key": der.hex(),
            "certificate": bytes(certificate).hex(),
            "timestamp": bytes(timestamp).hex() if timestamp else "",
        }
    )
    return True


def _body(row: Sequence[Any]) -> bytes:
    kind, at, *texts = row
    assert isinstance(at, datetime)
    return LogEntry(LogKind(kind), at, *map(str, texts)).body()
