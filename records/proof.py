"""That an act stands in the journal (chứng minh có trong nhật ký): from its leaf to the head.

A leaf leads by its Merkle path (RFC 6962 §2.1.1) to the root of its seal, the seals lead to the
head; whoever holds a head kept elsewhere needs nothing of ours to check it.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from records.journal import JournalLeaf
from records.seal import JournalSeal, export_head, within

#: seals between the oldest that is needed and the head, beyond which they are left out
MOST_LINKS = 20_000


@dataclass(frozen=True, slots=True)
class Proof:
    """Leaves with their paths, the seals they lead to, and the head."""

    leaves: list[dict[str, Any]]
    seals: list[dict[str, Any]]
    #: whether every seal up to the head is among them
    linked: bool
    head: dict[str, Any] | None


def proof_of(
    session: orm.Session, agency_id: UUID, objects: Iterable[UUID], *, most: int = MOST_LINKS
) -> Proof:
    """Return the proof for what an agency's journal says of these objects.

    `session` is the system's: a path needs the hashes (nothing else) of all agencies' leaves.
    """
    found = session.execute(
        sa.select(JournalLeaf.__table__)
        .where(JournalLeaf.agency_id == agency_id, JournalLeaf.object_id.in_(list(objects)))
        .order_by(JournalLeaf.epoch, JournalLeaf.xid, JournalLeaf.id)
    ).all()
    last = session.scalar(sa.select(sa.func.max(JournalSeal.no))) or 0
    needed: dict[int, JournalSeal] = {}
    leaves, low = [], 1
    hashes: dict[int, list[bytes]] = {}
    for line in found:
        seal = _seal_of(session, line, low, last)
        path: list[tuple[str, str]] = []
        if seal is not None:
            low = seal.no
            if seal.no not in needed:
                needed[seal.no] = seal
                hashes[seal.no] = _leaves_of(session, seal)
            path = merkle_path(hashes[seal.no], hashes[seal.no].index(line.leaf))
        leaves.append(
            {
                "body": line.body.decode(), "leaf": line.leaf.hex(),
                "seal": seal.no if seal is not None else None, "path": path,
            }
        )  # fmt: skip
    linked = last - min(needed, default=last) <= most
    wanted = (
        JournalSeal.no >= min(needed, default=last)
        if linked
        else JournalSeal.no.in_([*needed, last])
    )
    seals = session.scalars(sa.select(JournalSeal).where(wanted).order_by(JournalSeal.no))
    shown = [{"body": one.body().decode(), "hash": one.hash.hex()} for one in seals]
    head = export_head(session)
    return Proof(leaves, shown, linked, asdict(head) if head else None)


def merkle_path(leaves: list[bytes], place: int) -> list[tuple[str, str]]:
    """Return what a leaf is hashed with up to the root: on which side, and the hash."""
    path, level = [], leaves
    while len(level) > 1:
        beside = place ^ 1
        if beside < len(level):
            path.append(("left" if beside < place else "right", level[beside].hex()))
        level = [
            sha256(b"\x01" + level[i] + level[i + 1]).digest() if i + 1 < len(level) else level[i]
            for i in range(0, len(level), 2)
        ]
        place //= 2
    return path


def _seal_of(session: orm.Session, line: Any, low: int, last: int) -> JournalSeal | None:
    """Return the seal of a leaf, None while there is none: seals follow one another without gap."""
    high = last + 1
    while low < high:
        middle = (low + high) // 2
        seal = session.get_one(JournalSeal, middle)
        if (seal.epoch, int(seal.xid_to)) <= (line.epoch, int(line.xid)):
            low = middle + 1
        else:
            high = middle
    found = session.get(JournalSeal, low)
    if found is None or found.epoch != line.epoch or int(found.xid_from) > int(line.xid):
        return None
    return found


def _leaves_of(session: orm.Session, seal: JournalSeal) -> list[bytes]:
    order = (JournalLeaf.xid, JournalLeaf.id)
    return list(session.scalars(sa.select(JournalLeaf.leaf).where(within(seal)).order_by(*order)))
