"""The journal (nhật ký): every act, view, download and login, one leaf each, never changed.

A writer adds a leaf and waits for nobody: no head row, no chain to take a lock on. Once a second
`records.seal` gathers the leaves of finished transactions under a Merkle root (RFC 6962 §2.1) and
chains the roots.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Acting, Base, Transaction, new_id


class Xid(sa.types.UserDefinedType[str]):
    """The 64-bit number of a transaction (xid8)."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        return "xid8"


class JournalLeaf(Base):
    """One act of somebody's (một dòng nhật ký).

    `body` is canonical JSON of all that is said, `leaf` its hash. The other columns repeat the body
    for reading; `xid` and `epoch` are the server's and order the leaves for sealing.
    """

    __tablename__ = "journal_leaf"
    __table_args__ = (
        sa.Index("ix_journal_leaf_order", "epoch", "xid", "id"),
        sa.Index("ix_journal_leaf_agency_id_id", "agency_id", "id"),
        sa.Index("ix_journal_leaf_object_id", "object_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    agency_id: Mapped[UUID | None]
    at: Mapped[datetime]
    officer_id: Mapped[UUID | None]
    position_id: Mapped[UUID | None]
    on_behalf_of: Mapped[UUID | None]
    act: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[UUID | None]
    body: Mapped[bytes]
    leaf: Mapped[bytes]
    #: raised by `records.seal.begin_epoch` when a restore has set back the server's counter
    epoch: Mapped[int] = mapped_column(server_default=sa.text("1"))
    xid: Mapped[str] = mapped_column(Xid(), server_default=sa.text("pg_current_xact_id()"))


#: the columns that a body repeats
COLUMNS = (
    "agency_id",
    "at",
    "officer_id",
    "position_id",
    "on_behalf_of",
    "act",
    "object_type",
    "object_id",
)


def record(
    tx: Transaction,
    act: str,
    object_type: str,
    object_id: UUID | None,
    *,
    acting: Acting | None = None,
    **facts: Any,
) -> JournalLeaf:
    """Add one act to the journal, in the name of who acts in `tx` unless `acting` is given.

    `facts` are what an auditor needs to know of it: JSON values, ids and times; never content of a
    document, never a secret. Written with the changes it tells of, or not at all.
    """
    who = acting or tx.acting
    columns = {
        "agency_id": who.agency_id,
        "at": tx.now,
        "officer_id": who.officer_id,
        "position_id": who.position_id,
        "on_behalf_of": who.on_behalf_of,
        "act": str(act),
        "object_type": object_type,
        "object_id": object_id,
    }
    line = JournalLeaf(id=new_id(), **columns)
    said = {"id": line.id, **columns, "name": who.name, "title": who.title, "address": who.address}
    line.body = canonical({**said, "facts": facts})
    line.leaf = leaf_hash(line.body)
    return tx.add(line)


def canonical(value: Any) -> bytes:
    """Return the one JSON text of `value`: sorted keys, no spaces, times in UTC."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def leaf_hash(body: bytes) -> bytes:
    """Return the hash of one leaf (RFC 6962 §2.1)."""
    return sha256(b"\x00" + body).digest()


def merkle_root(leaves: list[bytes]) -> bytes:
    """Return the root over leaf hashes (RFC 6962 §2.1); of none, the hash of nothing."""
    if not leaves:
        return sha256(b"").digest()
    level = leaves
    while len(level) > 1:
        level = [
            sha256(b"\x01" + level[i] + level[i + 1]).digest() if i + 1 < len(level) else level[i]
            for i in range(0, len(level), 2)
        ]
    return level[0]
