"""Master diagrams (quy trình mẫu): what agencies below follow, each with changes of its own.

A superior agency makes its version the master of those below. When the master changes, an agency
sees in words what is new there and what is its own, and merges both: no change of its own is lost
without somebody deciding so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine import diagram
from engine.database import Transaction
from engine.definition import Definition
from engine.difference import Change, differences
from engine.errors import NotFound, OfficeError
from engine.merging import Key, Merge, Side, merge
from processes import procedures
from processes.procedures import PublishProcedure
from processes.second_person import Proposal, reasoned
from records import journal
from records.authority import Act, authorize
from records.organization import Agency
from records.record import Record


class MasterDiagram(Record):
    """One version of a master (bản quy trình mẫu), read by every agency; never changed."""

    __tablename__ = "master_diagram"
    called = ("quy trình mẫu", "master diagram")
    __table_args__ = (
        sa.UniqueConstraint("agency_id", "key", "number"),
        {"info": {"read_by": "all", "append_only": True}},
    )

    key: Mapped[str]
    number: Mapped[int]
    name: Mapped[str]
    xml: Mapped[bytes]
    reason: Mapped[str]
    published_by: Mapped[UUID]
    published_at: Mapped[datetime] = mapped_column()


class NobodyBelow(OfficeError):
    """No agency stands below this one (không có cơ quan trực thuộc)."""

    code = "nobody-below"
    vi = (
        "Cơ quan không có cơ quan trực thuộc nào trên hệ thống nên không ban hành quy trình mẫu "
        "được. Thêm cơ quan trực thuộc trước."
    )
    en = "No agency stands below yours in the system, so there is nobody to give a master to."


class Undecided(OfficeError):
    """Both sides changed the same differently, and nobody has decided (chưa chọn bên nào)."""

    code = "undecided"
    status = 409
    vi = (
        "Còn {count} chỗ cả quy trình mẫu và cơ quan cùng sửa khác nhau. Chọn theo mẫu hay giữ của "
        "cơ quan ở từng chỗ rồi hợp nhất lại."
    )
    en = (
        "{count} places were changed differently by both. Choose a side for each, then merge again."
    )


@dataclass(frozen=True, slots=True)
class Inheritance:
    """How a procedure of an agency stands to its master: what is new there, what is its own.

    `newest` is None where no superior agency has a master; `since` the one the agency's version was
    merged from, None for the shipped diagram.
    """

    current: Definition
    newest: MasterDiagram | None
    since: MasterDiagram | None
    theirs: list[Change]
    ours: list[Change]
    merged: Merge

    @property
    def is_behind(self) -> bool:
        """Whether the master is newer than what the agency's version was merged from."""
        return self.newest is not None and (self.since is None or self.since.id != self.newest.id)


def publish(tx: Transaction, key: str, reason: str) -> MasterDiagram:
    """Make the version in use the master of the agencies below.

    Raises `NoRight`, `ReasonMissing`, `NotFound`, `NobodyBelow`.
    """
    authorize(tx.acting, Act.PUBLISH_PROCESS)
    why = reasoned(reason)
    current = _current(tx, key)
    if not has_below(tx):
        raise NobodyBelow
    assert tx.acting.officer_id is not None
    newest = tx.scalar(
        sa.select(sa.func.max(MasterDiagram.number)).where(
            MasterDiagram.agency_id == current.agency_id, MasterDiagram.key == key
        )
    )
    made = tx.add(
        MasterDiagram(
            agency_id=current.agency_id, key=key, number=(newest or 0) + 1, name=current.name,
            xml=current.xml_original, reason=why, published_by=tx.acting.officer_id,
            published_at=tx.now,
        )
    )  # fmt: skip
    journal.record(
        tx, "publish_master", "definition", current.id, key=key, number=made.number, reason=why
    )
    return made


def has_below(tx: Transaction) -> bool:
    """Return whether agencies stand below the acting one."""
    below = sa.select(sa.func.count(Agency.id)).where(
        Agency.parent_id == tx.acting.agency_id, Agency.is_tenant
    )
    return bool(tx.scalar(below))


def inherit(tx: Transaction, key: str, decided: Mapping[Key, Side] | None = None) -> Inheritance:
    """Return how the version in use stands to the newest master above; raises `NotFound`."""
    authorize(tx.acting, Act.READ_PROCESS)
    current = _current(tx, key)
    newest = _newest_above(tx, current.agency_id, key)
    since = tx.get(MasterDiagram, current.master_id) if current.master_id else None
    if newest is None:
        return Inheritance(current, None, since, [], [], Merge())
    # An agency's procedures begin as the shipped ones, so these are what both sides changed from.
    base = diagram.read(since.xml if since is not None else procedures.shipped_xml(key))
    master, mine = diagram.read(newest.xml), diagram.read(current.xml_original)
    return Inheritance(
        current, newest, since, differences(base, master), differences(base, mine),
        merge(base, master, mine, decided),
    )  # fmt: skip


def adopt(
    tx: Transaction, key: str, reason: str, decided: Mapping[Key, Side]
) -> Definition | Proposal:
    """Merge the newest master into the agency's diagram and publish that, or propose it.

    Raises `NoRight`, `ReasonMissing`, `NotFound`, `Undecided`, `OverrideLost`, `NotPublishable`.
    """
    authorize(tx.acting, Act.PUBLISH_PROCESS)
    found = inherit(tx, key, decided)
    if found.newest is None:
        raise NotFound(what=f"quy trình mẫu «{key}» của cơ quan cấp trên")
    if found.merged.conflicts:
        raise Undecided(count=len(found.merged.conflicts))
    command = PublishProcedure(
        key, found.merged.xml, reason, found.current.name, master_id=found.newest.id,
        based_on=found.current.number,
    )  # fmt: skip
    return procedures.publish(tx, command)


#: procedures in use whose master, the newest of the nearest agency above that has one, is another
#: than what they were merged from
_BEHIND = """WITH RECURSIVE above AS (
  SELECT id, parent_id, 0 AS height FROM agency WHERE id = %s
  UNION ALL
  SELECT a.id, a.parent_id, b.height + 1 FROM agency a JOIN above b ON a.id = b.parent_id
) CYCLE id SET again USING way
SELECT d.key FROM definition d CROSS JOIN LATERAL (
  SELECT m.id FROM master_diagram m JOIN above ON above.id = m.agency_id
  WHERE m.key = d.key AND above.height > 0 ORDER BY above.height, m.number DESC LIMIT 1
) newest WHERE d.agency_id = %s AND d.is_current AND d.master_id IS DISTINCT FROM newest.id
ORDER BY d.key"""


def behind(tx: Transaction) -> list[str]:
    """Return the procedures of the acting agency that have not followed their newest master."""
    agency = tx.acting.agency_id
    return [key for (key,) in tx.execute(_BEHIND, agency, agency).fetchall()]


def _current(tx: Transaction, key: str) -> Definition:
    found = next((d for d in procedures.versions(tx, key) if d.is_current), None)
    if found is None:
        raise NotFound(what=f"quy trình «{key}»")
    return found


def _newest_above(tx: Transaction, agency_id: UUID, key: str) -> MasterDiagram | None:
    """Return the newest master of the nearest agency above that has one."""
    agency = tx.get(Agency, agency_id)
    seen = {agency.id}
    while agency.parent_id is not None and agency.parent_id not in seen:
        agency = tx.get(Agency, agency.parent_id)
        seen.add(agency.id)
        found = tx.scalar(
            sa.select(MasterDiagram)
            .where(MasterDiagram.agency_id == agency.id, MasterDiagram.key == key)
            .order_by(MasterDiagram.number.desc())
            .limit(1)
        )
        if found is not None:
            return found
    return None
