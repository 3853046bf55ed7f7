"""Accounts (tài khoản): issued by administrators only, closed but never removed.

A forgotten password is not told again: the administrator hands over a one-time secret, which must
be changed at the first login (Quy chế, Điều 14.1).
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import SYSTEM, Acting, Transaction
from engine.errors import NotAllowed, OfficeError
from records.authority import Act, Facts, authorize
from records.delegation import Delegation
from records.encoding import normalize
from records.journal import record
from records.organization import Dated, Officer, Position
from records.password import (
    check_strength,
    hash_password,
    matches,
    new_token,
    one_time_secret,
    token_hash,
)
from records.record import Record
from records.vietnamese import local_date

#: how long a one-time secret and an invitation may lie around
SECRET_LIFE = timedelta(hours=72)


class UsernameTaken(OfficeError):
    """Another account has this name (tên đăng nhập đã có)."""

    code = "username-taken"
    status = 409
    vi = "Tên đăng nhập «{username}» đã có. Hãy chọn tên khác, ví dụ thêm ký hiệu cơ quan."
    en = "The user name «{username}» is taken. Choose another, for instance with the agency's name."


class HasAccount(OfficeError):
    """The officer has an account already (đã có tài khoản)."""

    code = "has-account"
    status = 409
    vi = "{name} đã có tài khoản. Nếu quên mật khẩu, hãy cấp lại mật khẩu cho tài khoản đó."
    en = "{name} has an account already. If the password is lost, reset it."


class BadUsername(OfficeError):
    """The text is no user name (tên đăng nhập không hợp lệ)."""

    code = "bad-username"
    vi = "Tên đăng nhập chỉ gồm chữ cái không dấu, chữ số, dấu chấm, gạch nối; từ 3 đến 60 ký tự."
    en = "A user name has 3 to 60 plain letters, digits, points or hyphens."


class WrongPassword(OfficeError):
    """The present password was not given (mật khẩu hiện tại không đúng)."""

    code = "wrong-password"
    vi = "Mật khẩu hiện tại không đúng. Hãy nhập lại."
    en = "This is not your present password. Enter it again."


class NoSuchAccount(OfficeError):
    """Nobody has an account of this name (không có tài khoản này)."""

    code = "no-such-account"
    status = 404
    vi = "Không có tài khoản «{username}». Kiểm tra lại tên đăng nhập."
    en = "There is no account “{username}”. Check the user name."


class AccountClosed(OfficeError):
    """The account is closed, which no password opens (tài khoản đã khóa)."""

    code = "account-closed"
    status = 409
    vi = "Tài khoản «{username}» đã khóa. Quản trị cơ quan mở khóa trước, rồi cấp lại mật khẩu."
    en = "The account “{username}” is closed. Its administrator opens it first; then reset it."


class InvitationOver(OfficeError):
    """The invitation was used or is too old (thư mời hết hiệu lực)."""

    code = "invitation-over"
    status = 404
    vi = "Đường dẫn này đã được dùng hoặc đã hết hạn. Hãy đề nghị quản trị cấp đường dẫn mới."
    en = "This link was used already or is too old. Ask the administrator for a new one."


class Account(Record):
    """What an officer logs in with; `agency_id` is the agency that issued it."""

    __tablename__ = "account"
    called = ("tài khoản", "account")
    __table_args__ = (
        sa.CheckConstraint("username ~ '^[a-z0-9][a-z0-9._-]{2,59}$'", name="username"),
    )

    officer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("officer.id"), unique=True)
    #: in small letters: names are not told apart by case
    username: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    must_change: Mapped[bool] = mapped_column(default=True)
    #: until when a one-time secret is good
    secret_until: Mapped[datetime | None]
    issued_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]

    def is_open(self, now: datetime) -> bool:
        """Whether a right password lets in now: not closed, and its one-time secret not too old."""
        fresh = self.secret_until is None or now < self.secret_until
        return self.disabled_at is None and fresh


class Invitation(Record):
    """A one-time link by which an officer makes his own account (thư mời)."""

    __tablename__ = "invitation"

    officer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("officer.id"))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


def tidy_username(text: str) -> str:
    """Return a user name as it is stored: composed, trimmed, in small letters."""
    return normalize(text).strip().lower()


def find_account(tx: Transaction, username: str) -> Account | None:
    """Return the account of this name, whatever its case."""
    return tx.scalar(sa.select(Account).where(Account.username == tidy_username(username)))


def accounts_concern(tx: Transaction, officers: Collection[Officer]) -> dict[UUID, Facts]:
    """Return what authority must know of each officer's account: all he may act as, in any agency.

    Counted is what holds today or later, his own and what he stands in for.
    """
    keys, today = [officer.id for officer in officers], local_date(tx.now)
    own = sa.select(Position.officer_id, Position.agency_id, Position.role).where(
        Position.officer_id.in_(keys), _not_over(Position, today)
    )
    lent = (
        sa.select(Delegation.to_officer_id, Position.agency_id, Position.role)
        .join(Position, Position.id == Delegation.position_id)
        .where(
            Delegation.to_officer_id.in_(keys),
            _not_over(Delegation, today),
            _not_over(Position, today),
        )
    )
    held: dict[UUID, set[tuple[UUID, str]]] = defaultdict(set)
    me = tx.acting
    # Row security hides what an officer is in other agencies: the very thing that is asked here.
    tx.act_as(SYSTEM)
    for select in (own, lent):
        for officer_id, agency_id, role in tx.rows(select):
            held[officer_id].add((agency_id, role.value))
    tx.act_as(me)
    return {o.id: Facts(o.agency_id, held=frozenset(held[o.id])) for o in officers}


def _not_over(entity: type[Dated], today: date) -> sa.ColumnElement[bool]:
    return sa.or_(entity.valid_to.is_(None), entity.valid_to >= today)


def _authorize(tx: Transaction, officer: Officer) -> None:
    """Let the acting administrator change the officer's account or raise `NoRight`."""
    authorize(tx.acting, Act.CHANGE_ACCOUNT, accounts_concern(tx, [officer])[officer.id])


def _to_change(tx: Transaction, account_id: UUID) -> Account:
    """Return an account the acting administrator may change, locked."""
    account = tx.get(Account, account_id, lock=True)
    _authorize(tx, tx.get(Officer, account.officer_id))
    return account


def issue_account(tx: Transaction, officer_id: UUID, username: str) -> tuple[Account, str]:
    """Issue an account with a one-time secret, which is told this once; for administrators.

    Raises `UsernameTaken`, `BadUsername`.
    """
    officer = tx.get(Officer, officer_id)
    _authorize(tx, officer)
    secret = one_time_secret()
    account = _make(tx, officer, username, hash_password(secret))
    account.secret_until = tx.now + SECRET_LIFE
    record(tx, "issue_account", "account", account.id, username=account.username)
    return account, secret


def issue_demo_account(
    tx: Transaction, officer_id: UUID, username: str, password_hash: str
) -> Account:
    """Issue an account with a known password, for the system itself and the demonstration only.

    All accounts of a demonstration may share one hash: they share the password anyway.
    """
    if tx.acting.agency_id is not None:
        raise NotAllowed(act=Act.MANAGE_ACCOUNTS.vi)
    account = _make(tx, tx.get(Officer, officer_id), username, password_hash)
    account.must_change = False
    record(tx, "issue_account", "account", account.id, username=account.username, demo=True)
    return account


def _make(tx: Transaction, officer: Officer, username: str, password_hash: str) -> Account:
    name = tidy_username(username)
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789._-")
    if not (3 <= len(name) <= 60 and set(name) <= allowed and name[0].isalnum()):
        raise BadUsername
    if tx.rows(sa.select(Account.id).where(Account.officer_id == officer.id)):
        raise HasAccount(name=officer.full_name)
    # Row security hides other agencies' names: the insert itself decides, here and now.
    tx.flush()
    made = Account(
        agency_id=officer.agency_id,
        officer_id=officer.id,
        username=name,
        password_hash=password_hash,
        issued_at=tx.now,
    )
    taken = tx.execute(
        "INSERT INTO account (id, agency_id, officer_id, username, password_hash, must_change,"
        " issued_at) VALUES (%s, %s, %s, %s, %s, true, %s) ON CONFLICT (username) DO NOTHING",
        made.id, made.agency_id, made.officer_id, name, made.password_hash, tx.now,
    ).rowcount == 0  # fmt: skip
    if taken:
        raise UsernameTaken(username=name)
    return tx.get(Account, made.id)


def reset_password(tx: Transaction, account_id: UUID) -> str:
    """Give the account a one-time secret, to be changed at the next login; end its sessions.

    For administrators, and only where it lets nobody into another agency or into operating; the
    secret is told this once (Quy chế, Điều 14.1). Raises `NotFound`, `NoRight`.
    """
    account = _to_change(tx, account_id)
    secret = _give_secret(tx, account)
    record(tx, "reset_password", "account", account.id)
    return secret


def reset_on_machine(tx: Transaction, username: str, by: str) -> tuple[Account, str]:
    """Give any open account a one-time secret, for whom no administrator can help.

    By command on the machine alone: an operator has nobody above him, the only administrator of
    an agency neither. `by` is who runs it there. Raises `NoSuchAccount`, `AccountClosed`.
    """
    found = find_account(tx, username)
    if found is None:
        raise NoSuchAccount(username=tidy_username(username))
    account = _to_change(tx, found.id)
    if account.disabled_at is not None:
        raise AccountClosed(username=account.username)
    secret = _give_secret(tx, account)
    # in the journal of the account's own agency, whose administrators and auditors are to see it
    machine = Acting(agency_id=account.agency_id, name=by)
    record(tx, "reset_password", "account", account.id, acting=machine, on_machine=True)
    return account, secret


def _give_secret(tx: Transaction, account: Account) -> str:
    secret = one_time_secret()
    account.password_hash = hash_password(secret)
    account.must_change = True
    account.secret_until = tx.now + SECRET_LIFE
    end_sessions(tx, account)
    return secret


def change_password(tx: Transaction, account_id: UUID, present: str, wanted: str) -> None:
    """Set the officer's own password; his other sessions end with this one: he logs in anew.

    Raises `WrongPassword`, `WeakPassword`.
    """
    account = tx.get(Account, account_id, lock=True)
    if account.officer_id != tx.acting.officer_id:
        raise NotAllowed(act=Act.MANAGE_ACCOUNTS.vi)
    if not matches(present, account.password_hash):
        raise WrongPassword
    check_strength(wanted, account.username)
    account.password_hash = hash_password(wanted)
    account.must_change, account.secret_until, account.changed_at = False, None, tx.now
    end_sessions(tx, account)
    record(tx, "change_password", "account", account.id)


def disable_account(tx: Transaction, account_id: UUID, reason: str) -> None:
    """Close an account and end its sessions; it stays on record (khóa tài khoản)."""
    account = _to_change(tx, account_id)
    account.disabled_at = tx.now
    end_sessions(tx, account)
    record(tx, "disable_account", "account", account.id, reason=reason)


def enable_account(tx: Transaction, account_id: UUID, reason: str) -> None:
    """Open a closed account again (mở lại tài khoản)."""
    account = _to_change(tx, account_id)
    account.disabled_at = None
    record(tx, "enable_account", "account", account.id, reason=reason)


def end_sessions(tx: Transaction, account: Account) -> None:
    """End all sessions and API tokens of the account (đăng xuất khỏi mọi thiết bị)."""
    tx.execute("DELETE FROM login_session WHERE account_id = %s", account.id)
    tx.execute(
        "UPDATE api_token SET revoked_at = %s WHERE account_id = %s AND revoked_at IS NULL",
        tx.now, account.id,
    )  # fmt: skip


def invite(tx: Transaction, officer_id: UUID) -> str:
    """Return the token of a one-time link by which the officer makes his account."""
    officer = tx.get(Officer, officer_id)
    _authorize(tx, officer)
    token = new_token("cvi")
    made = tx.add(
        Invitation(
            agency_id=officer.agency_id,
            officer_id=officer.id,
            token_hash=token_hash(token),
            expires_at=tx.now + SECRET_LIFE,
        )
    )
    record(tx, "invite", "invitation", made.id, officer=officer.id)
    return token


def accept_invitation(tx: Transaction, token: str, username: str, password: str) -> Account:
    """Make the account of who holds the link, in a transaction of the system's.

    Raises `InvitationOver`, `WeakPassword`, `UsernameTaken`, `BadUsername`.
    """
    given = tx.scalar(
        sa.select(Invitation).where(Invitation.token_hash == token_hash(token)).with_for_update()
    )
    if given is None or given.used_at is not None or given.expires_at <= tx.now:
        raise InvitationOver
    check_strength(password, tidy_username(username))
    officer = tx.get(Officer, given.officer_id)
    given.used_at = tx.now
    account = _make(tx, officer, username, hash_password(password))
    account.must_change = False
    who = Acting(agency_id=officer.agency_id, officer_id=officer.id, name=officer.full_name)
    record(tx, "accept_invitation", "account", account.id, acting=who, username=account.username)
    return account
