"""What a second person must agree to (người thứ hai đồng ý): an act proposed, then decided.

An agency says for which acts it wants that. The act is kept as it was asked for and carried out
when a leader or another administrator agrees; nobody agrees to what he himself, or whom he stands
in for, proposed.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Query, Transaction
from engine.errors import NotFound, OfficeError
from records import journal
from records.authority import Act, NoRight, authorize, bound_by, may
from records.organization import Agency, Officer
from records.record import GuardedRecord

#: the acts for which an agency may want a second person
OFFERED = (
    Act.PUBLISH_PROCESS,
    Act.MIGRATE_PROCESS,
    Act.STEER_PROCESS,
    Act.REASSIGN_WORK,
    Act.MANAGE_TRUST,
)

if TYPE_CHECKING:  # it brings what signs
    from processes.means import Means


class ProposalStatus(StrEnum):
    """Where a proposal is."""

    WAITING = "waiting"
    AGREED = "agreed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Proposal(GuardedRecord):
    """An act that waits for a second person (đề nghị chờ người thứ hai đồng ý).

    `act` is what it needs the right to, `kind` what carries it out, `order` its command as JSON.
    """

    __tablename__ = "proposal"
    called = ("đề nghị", "proposal")
    __table_args__ = (
        sa.Index(
            "ix_proposal_waiting", "agency_id", "proposed_at",
            postgresql_where=sa.text("status = 'waiting'"),
        ),
    )  # fmt: skip

    act: Mapped[str]
    kind: Mapped[str]
    subject_id: Mapped[UUID]
    order: Mapped[dict[str, Any]]
    reason: Mapped[str]
    proposed_by: Mapped[UUID] = mapped_column(sa.ForeignKey("officer.id"))
    proposed_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(default=ProposalStatus.WAITING.value)
    decided_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("officer.id"))
    decided_at: Mapped[datetime | None]
    decided_reason: Mapped[str] = mapped_column(default="")


class ReasonMissing(OfficeError):
    """An act on a procedure or a run needs its reason (phải ghi lý do)."""

    code = "reason-missing"
    vi = "Phải ghi lý do: lý do được lưu lại cùng việc này."
    en = "Give the reason: the act is kept in the history."


class OwnProposal(OfficeError):
    """Nobody agrees to what he proposed himself (không tự đồng ý đề nghị của mình)."""

    code = "own-proposal"
    status = 403
    vi = "Bạn là người đề nghị nên không được tự đồng ý. Người có thẩm quyền khác phải quyết định."
    en = "You proposed this yourself, so somebody else must decide."


class ProposalClosed(OfficeError):
    """The proposal was decided or withdrawn (đề nghị đã được xử lý)."""

    code = "proposal-closed"
    status = 409
    vi = "Đề nghị này đã được quyết định hoặc rút lại. Tải lại trang để xem kết quả."
    en = "The proposal was decided or withdrawn. Reload the page to see how."


_WANTED = Query(sa.select(Agency.second_person).where(Agency.id == sa.bindparam("agency")))

_COUNT = Query(
    sa.select(sa.func.count(Proposal.id)).where(
        Proposal.agency_id == sa.bindparam("agency"),
        Proposal.status == ProposalStatus.WAITING.value,
        sa.or_(
            sa.bindparam("own", type_=sa.Uuid()).is_(None),
            Proposal.proposed_by == sa.bindparam("own", type_=sa.Uuid()),
        ),
    )
)

Carry = Callable[[Transaction, "Means", Proposal], object]
#: what carries out a proposal, by its kind; each module of acts names its own
CARRIED_OUT: dict[str, Carry] = {}


def reasoned(reason: str) -> str:
    """Return the reason without spaces around; raises `ReasonMissing`."""
    if not reason.strip():
        raise ReasonMissing
    return reason.strip()


def is_wanted(tx: Transaction, act: Act) -> bool:
    """Return whether the acting agency wants a second person for `act`."""
    return act.value in (tx.scalar(_WANTED, agency=tx.acting.agency_id) or ())


def want(tx: Transaction, acts: list[Act]) -> None:
    """Set for which acts the acting agency wants a second person; raises `NoRight`."""
    authorize(tx.acting, Act.MANAGE_STAFF)
    agency = tx.get(Agency, tx.acting.agency_id, lock=True)
    agency.second_person = sorted(a.value for a in acts if a in OFFERED)
    journal.record(
        tx, "want_second_person", "agency", agency.id, acts=agency.second_person
    )  # fmt: skip


def propose(
    tx: Transaction, act: Act, kind: str, subject_id: UUID, order: Mapping[str, Any], reason: str
) -> Proposal:
    """Keep an act for a second person to decide."""
    assert tx.acting.officer_id is not None
    made = tx.add(
        Proposal(
            agency_id=tx.acting.agency_id,
            act=act.value,
            kind=kind,
            subject_id=subject_id,
            order=dict(order),
            reason=reason,
            proposed_by=tx.acting.officer_id,
            proposed_at=tx.now,
        )
    )
    journal.record(tx, "propose", "proposal", made.id, kind=kind, subject=subject_id, reason=reason)
    return made


def waiting(tx: Transaction) -> list[Proposal]:
    """Return what waits in the agency: all for who may decide it, to others what they proposed."""
    is_waiting = Proposal.status == ProposalStatus.WAITING.value
    return tx.scalars(_visible(tx).where(is_waiting).order_by(Proposal.proposed_at))


def closed(tx: Transaction, limit: int = 20) -> list[Proposal]:
    """Return what was decided or withdrawn, newest first, as far as `waiting` would show it."""
    is_closed = Proposal.status != ProposalStatus.WAITING.value
    select = _visible(tx).where(is_closed).order_by(Proposal.decided_at.desc())
    return tx.scalars(select.limit(limit))


def find(tx: Transaction, proposal_id: UUID) -> Proposal:
    """Return a proposal to who may decide it or proposed it; raises `NotFound`."""
    found = tx.scalar(_visible(tx).where(Proposal.id == proposal_id))
    if found is None:
        raise NotFound(what="đề nghị")
    return found


def count_waiting(tx: Transaction) -> int:
    """Return how many proposals `waiting` would show."""
    return tx.scalar(_COUNT, agency=tx.acting.agency_id, own=_own(tx)) or 0


def wanted(tx: Transaction) -> list[Act]:
    """Return the acts for which the acting agency wants a second person."""
    return [Act(act) for act in tx.scalar(_WANTED, agency=tx.acting.agency_id) or ()]


def may_decide(tx: Transaction, proposal: Proposal) -> bool:
    """Return whether the officer may decide it: nobody decides what he proposed himself."""
    return may(tx.acting, Act.DECIDE_PROPOSAL) and (
        str(proposal.proposed_by) not in bound_by(tx.acting)
    )


def _own(tx: Transaction) -> UUID | None:
    return None if may(tx.acting, Act.DECIDE_PROPOSAL) else tx.acting.officer_id


def _visible(tx: Transaction) -> "sa.Select[Proposal]":
    select = sa.select(Proposal).where(Proposal.agency_id == tx.acting.agency_id)
    own = _own(tx)
    return select if own is None else select.where(Proposal.proposed_by == own)


def agree(tx: Transaction, means: "Means", proposal_id: UUID, reason: str = "") -> Proposal:
    """Agree to a proposal and carry it out.

    Raises `NoRight`, `OwnProposal`, `ProposalClosed`, and whatever the act refuses: a run that
    went on since is `Stale`, and nothing is decided.
    """
    found = _decided(tx, proposal_id, ProposalStatus.AGREED, reason)
    CARRIED_OUT[found.kind](tx, means, found)
    return found


def refuse(tx: Transaction, proposal_id: UUID, reason: str) -> Proposal:
    """Refuse a proposal, with the reason; raises as `agree` does, and `ReasonMissing`."""
    return _decided(tx, proposal_id, ProposalStatus.REFUSED, reasoned(reason))


def withdraw(tx: Transaction, proposal_id: UUID) -> Proposal:
    """Take back one's own proposal; raises `NoRight`, `ProposalClosed`."""
    found = tx.get(Proposal, proposal_id, lock=True)
    if not _is_own(tx, found):
        raise NoRight(act=Act(found.act))
    _close(tx, found, ProposalStatus.WITHDRAWN, "")
    return found


def told(tx: Transaction, proposal: Proposal) -> dict[str, Any]:
    """Return what history says of a proposal that was agreed to: who asked, when, and why."""
    officer = tx.get(Officer, proposal.proposed_by)
    return {
        "proposal": proposal.id,
        "proposed_by": proposal.proposed_by,
        "proposed_name": officer.full_name,
        "proposed_at": proposal.proposed_at,
        "agreed_reason": proposal.decided_reason,
    }


def _decided(tx: Transaction, proposal_id: UUID, status: ProposalStatus, reason: str) -> Proposal:
    found = tx.get(Proposal, proposal_id, lock=True)
    authorize(tx.acting, Act.DECIDE_PROPOSAL)
    if str(found.proposed_by) in bound_by(tx.acting):
        raise OwnProposal
    _close(tx, found, status, reason)
    return found


def _close(tx: Transaction, found: Proposal, status: ProposalStatus, reason: str) -> None:
    if found.status != ProposalStatus.WAITING:
        raise ProposalClosed
    found.status = status.value
    found.decided_by = tx.acting.officer_id
    found.decided_at = tx.now
    found.decided_reason = reason.strip()
    journal.record(
        tx, "decide_proposal", "proposal", found.id, kind=found.kind, decision=status.value,
        reason=found.decided_reason,
    )  # fmt: skip


def _is_own(tx: Transaction, proposal: Proposal) -> bool:
    return proposal.proposed_by == tx.acting.officer_id
