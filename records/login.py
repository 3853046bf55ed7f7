"""Logging in (đăng nhập): name and password in, a session or an API token out.

Runs in a transaction of the system's: nobody acts yet.
"""

import ipaddress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from engine.database import Acting, Transaction, new_id
from engine.errors import NotAllowed, OfficeError
from records.account import Account, find_account, tidy_username
from records.delegation import Choice, choices_of
from records.journal import record
from records.login_session import ABSOLUTE, IDLE, ApiToken, LoginSession, nobody_yet
from records.organization import Officer
from records.password import hash_password, matches, needs_rehash, new_token, token_hash
from records.throttle import TooManyAttempts, attempts_left, count, forget
from records.vietnamese import local_date

ACCOUNT_LIMIT = 10
#: a whole agency may stand behind one address
ADDRESS_LIMIT = 100


class WrongCredentials(OfficeError):
    """Name or password are not right; which one is not told (đăng nhập không thành công)."""

    code = "wrong-credentials"
    status = 401
    vi = (
        "Tên đăng nhập hoặc mật khẩu không đúng. Nếu quên mật khẩu, hãy đề nghị quản trị cơ quan"
        " cấp lại."
    )
    en = (
        "The user name or password is wrong. If you forgot it, ask the administrator of the agency."
    )


@dataclass(frozen=True, slots=True)
class Admission:
    """How a login went (kết quả đăng nhập). A refusal is a value, so that its count is kept."""

    refusal: OfficeError | None = None
    given: str = ""
    must_change: bool = False
    choices: list[Choice] = field(default_factory=list)
    #: addresses from which the same account is logged in at this moment (Quy chế, Điều 14.1)
    elsewhere: list[str] = field(default_factory=list)

    @property
    def token(self) -> str:
        """The token of the new session; raises the refusal. To be read after the commit."""
        if self.refusal is not None:
            raise self.refusal
        return self.given


def log_in(
    tx: Transaction, username: str, password: str, address: str, device: str = ""
) -> Admission:
    """Check name and password and begin a session; every attempt is counted and in the journal.

    Whether the name is known makes no difference to the time taken or to the answer.
    """
    found = _check(tx, username, password, address)
    if isinstance(found, OfficeError):
        return Admission(refusal=found)
    account, officer = found
    elsewhere = _addresses(tx, account.id, address)
    choices = choices_of(tx, officer.id, local_date(tx.now))
    chosen = choices[0] if len(choices) == 1 else None
    token = new_token("cvs")
    begun = tx.add(
        LoginSession(
            id=new_id(),
            token_hash=token_hash(token),
            account_id=account.id,
            position_id=chosen.position.id if chosen else None,
            delegation_id=chosen.delegation.id if chosen and chosen.delegation else None,
            created_at=tx.now,
            last_seen_at=tx.now,
            expires_at=tx.now + ABSOLUTE,
            address=address,
            device=device[:300],
        )
    )
    who = nobody_yet(officer, address)
    record(tx, "log_in", "account", account.id, acting=who, session=begun.id, device=begun.device,
           elsewhere=elsewhere)  # fmt: skip
    return Admission(None, token, account.must_change, choices, elsewhere)


def issue_token(
    tx: Transaction,
    username: str,
    password: str,
    address: str,
    *,
    position_id: UUID | None = None,
    scopes: frozenset[str] = frozenset({"read", "write"}),
    name: str = "",
    life: timedelta = ABSOLUTE,
) -> Admission:
    """Check name and password and give an API token for one position, the only one by default.

    Refused while the password must be changed: a machine cannot.
    """
    found = _check(tx, username, password, address)
    if isinstance(found, OfficeError):
        return Admission(refusal=found)
    account, officer = found
    own = [c for c in choices_of(tx, officer.id, local_date(tx.now)) if c.delegation is None]
    fitting = [c for c in own if position_id in {None, c.position.id}]
    if len(fitting) != 1 or account.must_change:
        return Admission(NotAllowed(act="cấp mã truy cập API"), choices=own)
    token = new_token("cva")
    made = tx.add(
        ApiToken(
            id=new_id(),
            token_hash=token_hash(token),
            account_id=account.id,
            position_id=fitting[0].position.id,
            name=name,
            scopes=sorted(scopes),
            created_at=tx.now,
            expires_at=tx.now + life,
        )
    )
    who = nobody_yet(officer, address)
    record(tx, "issue_token", "api_token", made.id, acting=who, scopes=made.scopes)
    return Admission(None, token, choices=fitting)


def _check(
    tx: Transaction, username: str, password: str, address: str
) -> tuple[Account, Officer] | OfficeError:
    name = tidy_username(username)[:100]
    by_account, by_address = f"account:{name}", f"address:{_network(address)}"
    # Counted before the password is looked at: parallel guesses wait for one another here.
    count(tx, by_account)
    wait = attempts_left(tx, {by_account: ACCOUNT_LIMIT, by_address: ADDRESS_LIMIT})
    account = find_account(tx, name)
    unknown = Acting(name=name, address=address)
    if wait is not None:
        _refused(tx, account, unknown, "throttled")
        return TooManyAttempts(minutes=wait)
    fits = matches(password, account.password_hash if account else None)
    # Only now: a known name must not cost one statement more than an unknown one.
    officer = tx.get(Officer, account.officer_id) if account and fits else None
    if not (account and officer and officer.active and account.is_open(tx.now)):
        count(tx, by_address)
        _refused(tx, account, unknown, "password" if not fits else "closed")
        return WrongCredentials()
    forget(tx, by_account)
    if needs_rehash(account.password_hash):
        account.password_hash = hash_password(password)
    return account, officer


def _refused(tx: Transaction, account: Account | None, who: Acting, why: str) -> None:
    if account is not None:
        who = Acting(agency_id=account.agency_id, name=who.name, address=who.address)
    record(tx, "log_in_refused", "account", account.id if account else None, acting=who, why=why)


def _network(address: str) -> str:
    """Return what one household or office is known by: an IPv4 address, a /64 of IPv6."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(known, ipaddress.IPv6Address):
        if known.ipv4_mapped:
            return str(known.ipv4_mapped)
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known)


def _addresses(tx: Transaction, account_id: UUID, address: str) -> list[str]:
    rows = tx.execute(
        "SELECT DISTINCT address FROM login_session WHERE account_id = %s AND address <> %s"
        " AND expires_at > %s AND last_seen_at > %s ORDER BY address",
        account_id, address, tx.now, tx.now - IDLE,
    )  # fmt: skip
    return [row[0] for row in rows]
