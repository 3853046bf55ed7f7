"""Who acts in every request: sessions of people, tokens of machines (phiên làm việc).

All of this runs in a transaction of the system's: it is what finds out whose transaction the rest
will be. Tokens are stored as hashes; sessions and tokens are found by them alone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Acting, Base, Query, Transaction, new_id
from engine.errors import NotAllowed, OfficeError
from records.account import Account
from records.delegation import Delegation, acting_as, choices_of
from records.journal import record
from records.organization import Officer, Position
from records.password import new_token, token_hash
from records.vietnamese import local_date

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
#: the time of the last request is written at most this often
_TOUCH = timedelta(minutes=1)


class SessionEnded(OfficeError):
    """There is no such session any more (phiên làm việc đã kết thúc)."""

    code = "session-ended"
    status = 401
    vi = "Phiên làm việc đã kết thúc. Hãy đăng nhập lại; nội dung đã lưu không mất."
    en = "Your session has ended. Log in again; nothing you saved is lost."


class LoginSession(Base):
    """One login on one device (phiên đăng nhập)."""

    __tablename__ = "login_session"
    called = ("phiên làm việc", "session")

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"), index=True)
    #: None until the officer has chosen in what position he acts
    position_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("position.id"))
    delegation_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("delegation.id", ondelete="SET NULL")
    )
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    address: Mapped[str] = mapped_column(default="")
    device: Mapped[str] = mapped_column(default="")


class ApiToken(Base):
    """What a machine shows in an officer's place (mã truy cập API), for one position."""

    __tablename__ = "api_token"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("account.id"), index=True)
    position_id: Mapped[UUID] = mapped_column(sa.ForeignKey("position.id"))
    name: Mapped[str] = mapped_column(default="")
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Presence:
    """Who is there: the officer of a session or API token (người đang làm việc).

    Until a position is chosen, or when it has ended, `acting` has no role and may do nothing.
    """

    acting: Acting
    account_id: UUID
    must_change: bool = False
    session_id: UUID | None = None
    #: of an API token: what it may be used for; None for a session: everything
    scopes: frozenset[str] | None = None

    @property
    def has_position(self) -> bool:
        return self.acting.position_id is not None


_SESSION = Query(
    sa.select(LoginSession, Account, Officer, Position, Delegation)
    .join(Account, Account.id == LoginSession.account_id)
    .join(Officer, Officer.id == Account.officer_id)
    .outerjoin(Position, Position.id == LoginSession.position_id)
    .outerjoin(Delegation, Delegation.id == LoginSession.delegation_id)
    .where(LoginSession.token_hash == sa.bindparam("hash"))
)
_TOKEN = Query(
    sa.select(ApiToken, Account, Officer, Position)
    .join(Account, Account.id == ApiToken.account_id)
    .join(Officer, Officer.id == Account.officer_id)
    .join(Position, Position.id == ApiToken.position_id)
    .where(ApiToken.token_hash == sa.bindparam("hash"))
)
_SessionRow = tuple[LoginSession, Account, Officer, Position | None, Delegation | None]


def resume(tx: Transaction, token: str, address: str = "") -> Presence:
    """Return who shows this session or API token: one statement; raises `SessionEnded`."""
    if token.startswith("cva_"):
        return _resume_token(tx, token, address)
    row = cast("_SessionRow | None", tx.one(_SESSION, hash=token_hash(token)))
    if row is None:
        raise SessionEnded
    session, account, officer, position, delegation = row
    idle = tx.now - session.last_seen_at
    if idle >= IDLE or tx.now >= session.expires_at or not _may_enter(account, officer):
        raise SessionEnded
    if idle >= _TOUCH:
        session.last_seen_at = tx.now  # written with whatever else this transaction writes
    acting = nobody_yet(officer, address)
    if position is not None and _holds(tx, officer, position, session.delegation_id, delegation):
        acting = acting_as(officer, position, delegation, address)
    return Presence(acting, account.id, account.must_change, session.id)


def _resume_token(tx: Transaction, token: str, address: str) -> Presence:
    row = tx.one(_TOKEN, hash=token_hash(token))
    if row is None:
        raise SessionEnded
    api_token, account, officer, position = row
    over = api_token.revoked_at is not None or tx.now >= api_token.expires_at
    if over or not _may_enter(account, officer) or not _holds(tx, officer, position, None, None):
        raise SessionEnded
    acting = acting_as(officer, position, None, address)
    return Presence(acting, account.id, scopes=frozenset(api_token.scopes))


def nobody_yet(officer: Officer, address: str) -> Acting:
    """The officer before he acts in any position: without roles, so he may do nothing yet."""
    return Acting(officer.agency_id, officer.id, name=officer.full_name, address=address)


def _may_enter(account: Account, officer: Officer) -> bool:
    return account.disabled_at is None and officer.active


def _holds(
    tx: Transaction,
    officer: Officer,
    position: Position,
    delegation_id: UUID | None,
    delegation: Delegation | None,
) -> bool:
    """Whether the officer holds the position today, or stands in for its holder."""
    day = local_date(tx.now)
    if not position.holds_on(day):
        return False
    if delegation_id is None:
        return position.officer_id == officer.id
    return (
        delegation is not None
        and delegation.holds_on(day)
        and (delegation.position_id, delegation.to_officer_id) == (position.id, officer.id)
    )


def choose_position(
    tx: Transaction, token: str, position_id: UUID, address: str = ""
) -> tuple[Presence, str]:
    """Act in another position from now on; return who acts and the new token of the session.

    The old token ends (no fixation across a change of rights). Raises `NotAllowed` for a position
    neither held nor delegated.
    """
    present = resume(tx, token, address)
    officer_id = present.acting.officer_id
    if present.session_id is None or officer_id is None:
        raise NotAllowed(act="chọn chức vụ")
    choices = choices_of(tx, officer_id, local_date(tx.now))
    chosen = next((c for c in choices if c.position.id == position_id), None)
    if chosen is None:
        raise NotAllowed(act="chọn chức vụ này")
    session = tx.get(LoginSession, present.session_id)
    fresh = new_token("cvs")
    session.token_hash = token_hash(fresh)
    session.position_id = chosen.position.id
    session.delegation_id = chosen.delegation.id if chosen.delegation else None
    officer = tx.get(Officer, officer_id)
    acting = acting_as(officer, chosen.position, chosen.delegation, address)
    record(tx, "choose_position", "position", position_id, acting=acting, session=session.id)
    return Presence(acting, present.account_id, present.must_change, session.id), fresh


def log_out(tx: Transaction, token: str, address: str = "") -> None:
    """End this session; a token that is over already is no error."""
    try:
        present = resume(tx, token, address)
    except SessionEnded:
        return
    if present.session_id is not None:
        tx.delete(tx.get(LoginSession, present.session_id))
        record(tx, "log_out", "account", present.account_id, acting=present.acting)


def revoke_token(tx: Transaction, token: str) -> None:
    """End an API token (thu hồi mã truy cập API)."""
    tx.execute(
        "UPDATE api_token SET revoked_at = %s WHERE token_hash = %s AND revoked_at IS NULL",
        tx.now, token_hash(token),
    )  # fmt: skip


def sweep(tx: Transaction) -> int:
    """Remove sessions that are over; run by the worker now and then."""
    return tx.execute(
        "DELETE FROM login_session WHERE expires_at <= %s OR last_seen_at <= %s",
        tx.now, tx.now - IDLE,
    ).rowcount  # fmt: skip
