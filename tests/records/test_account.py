"""Accounts, logins and who acts in each request."""

import time
import unicodedata
from datetime import UTC, date, datetime, timedelta
from functools import cache
from statistics import median

import pytest
import sqlalchemy as sa

from engine.database import Database
from engine.errors import NotAllowed
from records import password, staffing
from records.account import (
    Account,
    BadUsername,
    HasAccount,
    InvitationOver,
    UsernameTaken,
    WrongPassword,
    accept_invitation,
    change_password,
    disable_account,
    enable_account,
    find_account,
    invite,
    issue_account,
    issue_demo_account,
    reset_password,
)
from records.authority import Act, may
from records.delegation import BadDelegation, acting_for, choices_of, delegate, withdraw
from records.journal import JournalLeaf
from records.login import ACCOUNT_LIMIT, ADDRESS_LIMIT, WrongCredentials, issue_token, log_in
from records.login_session import (
    ABSOLUTE,
    IDLE,
    LoginSession,
    SessionEnded,
    choose_position,
    log_out,
    resume,
    revoke_token,
    sweep,
)
from records.organization import SIGNATORY, Position, Role
from records.password import WeakPassword, check_strength, hash_password, matches
from records.throttle import WINDOW, TooManyAttempts, count
from records.vietnamese import local_date

PASSWORD = "Một câu dài dễ nhớ 188"
PLACE = "203.0.113.7"


@pytest.fixture
def people(tx, province):
    for name in ("chuyenvien", "giamdoc", "quantri"):
        officer = province.officers[name]
        tx.add(
            Account(
                agency_id=officer.agency_id,
                officer_id=officer.id,
                username=name,
                password_hash=known_hash(),
                must_change=False,
                issued_at=tx.now,
            )
        )
    tx.flush()
    return province


@cache
def known_hash() -> str:
    """The hash of PASSWORD, made once: hashing is slow on purpose."""
    return hash_password(PASSWORD)


def entered(tx, name="chuyenvien", secret=PASSWORD, place=PLACE):
    admission = log_in(tx, name, secret, place, "Firefox")
    tx.flush()
    return admission.token


def acts_of(tx) -> list[str]:
    tx.flush()
    return tx.scalars(sa.select(JournalLeaf.act).order_by(JournalLeaf.id))


# passwords ---------------------------------------------------------------------------------------


def test_the_hash_is_argon2id_and_composed_or_not_is_the_same():
    stored = hash_password(unicodedata.normalize("NFC", PASSWORD))
    assert stored.startswith("$argon2id$")
    assert matches(unicodedata.normalize("NFD", PASSWORD), stored)
    assert not matches(PASSWORD + " ", stored)
    assert not matches(PASSWORD.upper(), stored)
    assert not matches(PASSWORD, None)
    assert not matches("x" * 1_000_000, stored)


def test_the_decoy_costs_what_a_hash_of_the_product_costs(product_hasher):
    assert not product_hasher.check_needs_rehash(password._DECOY)
    assert product_hasher.check_needs_rehash(hash_password(PASSWORD)), "the control: a quick one"
    assert not matches("", None)


@pytest.mark.parametrize(
    "weak",
    [
        "ngắn quá", "aaaaaaaaaaaaaaaa", "passwordpassword", "Password1234", "matkhau123456",
        "Mật khẩu 123456", "quanTri-chanvp-2026", "thainguyen2026", "x" * 201, "abababababab",
    ],
)  # fmt: skip
def test_weak_passwords(weak):
    with pytest.raises(WeakPassword) as caught:
        check_strength(weak, "chanvp")
    assert "12 ký tự" in caught.value.text("vi")


def test_good_passwords():
    for good in (PASSWORD, "con cò bay lả bay la", "Tx9#kd02mPq!", password.one_time_secret()):
        check_strength(good, "chanvp")


def test_one_time_secrets_differ():
    assert len({password.one_time_secret() for _ in range(200)}) == 200


# accounts ----------------------------------------------------------------------------------------


def test_only_administrators_of_the_agency_issue_accounts(tx, province):
    officer = province.officers["vanthu"]
    for name in ("giamdoc", "vanthu", "thanhtra", "vanhanh", "chanvp"):
        tx.acting = province.acting(name)
        with pytest.raises(NotAllowed):
            issue_account(tx, officer.id, "vanthu")
    tx.acting = province.acting("quantri")
    account, secret = issue_account(tx, officer.id, "VanThu.STTTT ")
    assert account.username == "vanthu.stttt"
    assert account.must_change
    assert matches(secret, account.password_hash)
    with pytest.raises(NotAllowed):
        issue_account(tx, province.officers["chanvp"].id, "chanvp")
    with pytest.raises(HasAccount):
        issue_account(tx, officer.id, "khac")
    with pytest.raises(NotAllowed):
        issue_demo_account(
            tx, province.officers["thanhtra"].id, "thanhtra", hash_password(PASSWORD)
        )


def test_names_are_told_apart_without_case(tx, people):
    with pytest.raises(UsernameTaken) as caught:
        issue_account(tx, people.officers["vanthu"].id, "QuanTri")
    assert "quantri" in caught.value.text("vi")
    for bad in ("", "ab", "văn thư", "a b c", "-abc", "x" * 61, "a\nbc"):
        with pytest.raises(BadUsername):
            issue_account(tx, people.officers["vanthu"].id, bad)
    assert find_account(tx, "  QUANTRI ").username == "quantri"


def test_a_name_of_a_hidden_agency_is_taken_too(settled):
    database, province = settled
    with database.transaction() as tx:
        issue_demo_account(tx, province.officers["chanvp"].id, "chanvp", hash_password(PASSWORD))
    with database.transaction(province.acting("quantri")) as tx:
        assert find_account(tx, "chanvp") is None
        with pytest.raises(UsernameTaken):
            issue_account(tx, province.officers["vanthu"].id, "chanvp")


def test_a_reset_hands_over_a_secret_that_must_be_changed(tx, people):
    before = entered(tx)
    account = find_account(tx, "chuyenvien")
    tx.acting = people.acting("quantri")
    secret = reset_password(tx, account.id)
    tx.flush()
    with pytest.raises(SessionEnded):
        resume(tx, before)
    with pytest.raises(WrongCredentials):
        entered(tx)
    token = entered(tx, secret=secret)
    present = resume(tx, token)
    assert present.must_change
    tx.acting = present.acting
    with pytest.raises(WrongPassword):
        change_password(tx, account.id, PASSWORD, "con cò bay lả bay la")
    with pytest.raises(WeakPassword):
        change_password(tx, account.id, secret, "ngắn")
    change_password(tx, account.id, secret, "con cò bay lả bay la")
    tx.flush()
    with pytest.raises(SessionEnded):
        resume(tx, token)
    assert not resume(tx, entered(tx, secret="con cò bay lả bay la")).must_change
    assert {"reset_password", "change_password"} <= set(acts_of(tx))


def test_nobody_changes_anothers_password(tx, people):
    tx.acting = people.acting("quantri")
    with pytest.raises(NotAllowed):
        change_password(tx, find_account(tx, "giamdoc").id, PASSWORD, "con cò bay lả bay la")


def test_a_one_time_secret_grows_old(tx, people):
    account, secret = issue_account(tx, people.officers["vanthu"].id, "vanthu")
    tx.flush()
    assert log_in(tx, "vanthu", secret, PLACE).must_change
    tx.now = account.secret_until
    with pytest.raises(WrongCredentials):
        entered(tx, "vanthu", secret)


def test_a_closed_account_ends_at_once(tx, people):
    token = entered(tx)
    account = find_account(tx, "chuyenvien")
    tx.acting = people.acting("quantri")
    disable_account(tx, account.id, "nghỉ hưu")
    tx.flush()
    with pytest.raises(SessionEnded):
        resume(tx, token)
    with pytest.raises(WrongCredentials):
        entered(tx)
    enable_account(tx, account.id, "nhầm")
    tx.flush()
    assert resume(tx, entered(tx)).has_position


def test_an_account_that_opens_more_than_the_agency_is_not_the_administrator_s(settled):
    """Whoever resets a password may log in with it: into another agency, or as the operator."""
    database, province = settled
    with database.transaction() as tx:
        issue = {}
        for name in ("giamdoc", "vanthu", "chuyenvien", "truongphong"):
            officer = province.officers[name].id
            issue[name] = issue_demo_account(tx, officer, name, hash_password(PASSWORD)).id
        day = local_date(tx.now)
        operator = staffing.add_officer(tx, province.stttt.id, "Quách Tuấn Kiệt")
        other = staffing.add_officer(tx, province.stttt.id, "Mai Lan")
        tx.flush()
        for officer in (operator.id, province.officers["vanthu"].id):
            staffing.appoint(
                tx, officer, province.stttt.id, "Quản trị hệ thống", Role.SYSTEM_OPERATOR,
                valid_from=day + timedelta(days=9),
            )  # fmt: skip
        for officer in (other.id, province.officers["chuyenvien"].id):
            staffing.appoint(tx, officer, province.ubnd.id, "Chuyên viên", Role.OFFICER)
        ended = staffing.appoint(
            tx, province.officers["truongphong"].id, province.ubnd.id, "Phó Văn phòng", Role.OFFICER
        )
        tx.flush()
        staffing.end_position(tx, ended.id)
    for name in ("vanthu", "chuyenvien"):
        for act in (reset_password, disable_account, enable_account):
            reason = () if act is reset_password else ("thử",)
            with (
                database.transaction(province.acting("quantri")) as tx,
                pytest.raises(NotAllowed) as refused,
            ):
                act(tx, issue[name], *reason)
            assert "tài khoản này" in refused.value.text("vi")
    for officer in (operator.id, other.id):
        with database.transaction(province.acting("quantri")) as tx:
            with pytest.raises(NotAllowed):
                invite(tx, officer)
            with pytest.raises(NotAllowed):
                issue_account(tx, officer, "moi.cap")
    for name in ("giamdoc", "truongphong"):
        with database.transaction(province.acting("quantri")) as tx:
            assert reset_password(tx, issue[name])
            seen = set(tx.scalars(sa.select(Position.agency_id)))
            assert seen == {province.stttt.id}, "the view is the agency's again"


def test_an_invitation_opens_once(tx, province):
    token = invite(tx, province.officers["quantri"].id)
    tx.flush()
    with pytest.raises(WeakPassword):
        accept_invitation(tx, token, "quantri", "ngắn")
    with pytest.raises(InvitationOver):
        accept_invitation(tx, token + "x", "quantri", PASSWORD)
    accept_invitation(tx, token, "quantri", PASSWORD)
    tx.flush()
    assert resume(tx, entered(tx, "quantri")).acting.roles == {"agency_admin"}
    with pytest.raises(InvitationOver):
        accept_invitation(tx, token, "quantri2", PASSWORD)
    late = invite(tx, province.officers["giamdoc"].id)
    tx.flush()
    tx.now += timedelta(hours=72)
    with pytest.raises(InvitationOver):
        accept_invitation(tx, late, "giamdoc", PASSWORD)


# logging in --------------------------------------------------------------------------------------


def test_a_login_says_who_acts_where(tx, people):
    present = resume(tx, entered(tx, "GiamDoc"), PLACE)
    acting = present.acting
    assert acting.agency_id == people.stttt.id
    assert (acting.name, acting.title) == ("Nguyễn Văn An", "Giám đốc")
    assert acting.roles == {"leader", "officer", SIGNATORY}
    assert acting.address == PLACE
    assert "log_in" in acts_of(tx)


def test_a_wrong_name_and_a_wrong_password_get_one_answer(tx, people):
    wrong = log_in(tx, "giamdoc", "sai mật khẩu", PLACE)
    unknown = log_in(tx, "khongco", "sai mật khẩu", PLACE)
    assert wrong.refusal.text("vi") == unknown.refusal.text("vi")
    for refused in (wrong, unknown):
        with pytest.raises(WrongCredentials):
            _ = refused.token
    assert acts_of(tx).count("log_in_refused") == 2


@pytest.fixture
def at_full_cost(monkeypatch, product_hasher):
    """A password that is set now is hashed as in the product."""
    monkeypatch.setattr(password, "HASHER", product_hasher)


def test_an_unknown_name_takes_the_same_time(at_full_cost, tx, people):
    find_account(tx, "giamdoc").password_hash = hash_password(PASSWORD)
    tx.flush()

    def timed(name):
        start = time.perf_counter()
        log_in(tx, name, "sai mật khẩu", "")
        return time.perf_counter() - start

    pairs = [(timed("giamdoc"), timed(f"khongco{n}")) for n in range(3)]
    known, unknown = median(a for a, _ in pairs), median(b for _, b in pairs)
    assert 0.5 < unknown / known < 2
    quick = min(_timed_without_hash() for _ in range(3))
    assert quick < known / 2  # control: leaving the hash out would be seen


def _timed_without_hash() -> float:
    start = time.perf_counter()
    matches("x" * 201, None)
    return time.perf_counter() - start


def guessed_before(tx, key, times):
    """Count so many attempts without hashing each: hashing is slow on purpose."""
    for _ in range(times):
        count(tx, key)


def test_an_account_is_closed_to_guessing_from_anywhere(tx, people):
    guessed_before(tx, "account:giamdoc", ACCOUNT_LIMIT - 2)
    for n in range(2):
        assert isinstance(log_in(tx, "giamdoc", "sai", f"198.51.100.{n}").refusal, WrongCredentials)
    refused = log_in(tx, "giamdoc", PASSWORD, "192.0.2.1").refusal
    assert isinstance(refused, TooManyAttempts)
    assert refused.status == 429
    assert "15 phút" in refused.text("vi")
    assert log_in(tx, "quantri", PASSWORD, "192.0.2.1").refusal is None  # others are not hurt
    tx.now += WINDOW
    assert log_in(tx, "giamdoc", PASSWORD, "192.0.2.1").refusal is None


def test_unknown_names_are_throttled_alike(tx, people):
    guessed_before(tx, "account:khongco", ACCOUNT_LIMIT - 1)
    refusals = [type(log_in(tx, "khongco", "sai", "").refusal) for _ in range(3)]
    assert refusals == [WrongCredentials, TooManyAttempts, TooManyAttempts]


def test_an_address_is_closed_to_guessing_at_many_names(tx, people):
    guessed_before(tx, "address:203.0.113.7", ADDRESS_LIMIT + 1)
    guessed_before(tx, "address:2001:db8:1:2::/64", ADDRESS_LIMIT + 1)
    assert isinstance(log_in(tx, "giamdoc", PASSWORD, PLACE).refusal, TooManyAttempts)
    assert isinstance(
        log_in(tx, "giamdoc", PASSWORD, "::ffff:203.0.113.7").refusal, TooManyAttempts
    )
    assert isinstance(log_in(tx, "giamdoc", PASSWORD, "2001:db8:1:2::99").refusal, TooManyAttempts)
    assert log_in(tx, "giamdoc", PASSWORD, "2001:db8:1:3::99").refusal is None


def test_refused_guesses_count_for_the_address(tx, people):
    log_in(tx, "giamdoc", "sai", PLACE)
    log_in(tx, "khongco", "sai", PLACE)
    log_in(tx, "giamdoc", PASSWORD, PLACE)
    rows = tx.execute("SELECT key, attempts FROM throttle ORDER BY key").fetchall()
    assert dict(rows) == {f"address:{PLACE}": 2, "account:khongco": 1}


def test_a_refusal_is_kept_and_a_guess_in_parallel_is_counted(settled):
    database, province = settled
    with database.transaction() as tx:
        issue_demo_account(tx, province.officers["giamdoc"].id, "giamdoc", hash_password(PASSWORD))
    with database.transaction() as tx:
        refused = log_in(tx, "giamdoc", "sai", PLACE)
    with pytest.raises(WrongCredentials):
        _ = refused.token
    with database.transaction() as tx:
        assert tx.execute("SELECT attempts FROM throttle WHERE key = 'account:giamdoc'").fetchone()
        assert acts_of(tx)[-1] == "log_in_refused"


def test_use_from_two_places_is_flagged(tx, people):
    entered(tx)
    tx.flush()
    assert log_in(tx, "chuyenvien", PASSWORD, "198.51.100.9").elsewhere == [PLACE]
    tx.flush()
    assert log_in(tx, "chuyenvien", PASSWORD, PLACE).elsewhere == ["198.51.100.9"]


# sessions ----------------------------------------------------------------------------------------


def test_a_session_ends_when_idle_and_after_twelve_hours(tx, people):
    start = tx.now
    idle, busy = entered(tx), entered(tx)
    tx.flush()
    tx.now = start + IDLE - timedelta(seconds=1)
    resume(tx, busy)
    tx.now = start + IDLE
    with pytest.raises(SessionEnded):
        resume(tx, idle)
    while tx.now < start + ABSOLUTE - IDLE:
        tx.now += timedelta(minutes=20)
        resume(tx, busy)
    tx.now = start + ABSOLUTE - timedelta(seconds=1)
    resume(tx, busy)
    tx.now = start + ABSOLUTE
    with pytest.raises(SessionEnded):
        resume(tx, busy)
    tx.flush()
    assert sweep(tx) == 2


def test_a_request_costs_one_statement_and_writes_once_a_minute(tx, people, monkeypatch):
    token = entered(tx)
    tx.flush()
    tx._kept.clear()
    asked = []
    plain = tx.wire._send

    def send(statements):
        asked.extend(statement.text for statement in statements)
        return plain(statements)

    monkeypatch.setattr(tx.wire, "_send", send)
    resume(tx, token)
    tx.flush()
    assert len(asked) == 1
    tx.now += timedelta(seconds=61)
    resume(tx, token)
    tx.flush()
    assert [a.split()[0] for a in asked] == ["SELECT", "SELECT", "WITH"]


def test_tokens_are_not_stored(tx, people):
    token = entered(tx)
    tx.flush()
    rows = str(tx.execute("SELECT token_hash, device FROM login_session").fetchall())
    assert token not in rows
    assert token.encode().hex() not in rows
    for forged in ("", "cvs_", "cva_", token[:-1], token + "A", token.swapcase()):
        with pytest.raises(SessionEnded):
            resume(tx, forged)


def test_logging_out_ends_this_session_only(tx, people):
    one, other = entered(tx), entered(tx)
    tx.flush()
    log_out(tx, one)
    tx.flush()
    with pytest.raises(SessionEnded):
        resume(tx, one)
    assert resume(tx, other).has_position
    log_out(tx, one)  # once more is no error
    assert acts_of(tx).count("log_out") == 1


def test_with_two_agencies_the_officer_chooses(tx, people):
    officer = people.officers["chuyenvien"]
    guest = staffing.appoint(tx, officer.id, people.ubnd.id, "Thư ký", Role.CLERK)
    tx.flush()
    admission = log_in(tx, "chuyenvien", PASSWORD, PLACE)
    tx.flush()
    assert {c.agency.symbol for c in admission.choices} == {"UBND", "STTTT"}
    waiting = resume(tx, admission.token)
    assert not waiting.has_position
    assert waiting.acting.agency_id is not None  # never the system's own view
    assert not any(may(waiting.acting, act) for act in Act)
    with pytest.raises(NotAllowed):
        choose_position(tx, admission.token, people.positions["giamdoc"].id)
    present, fresh = choose_position(tx, admission.token, guest.id)
    tx.flush()
    assert present.acting.agency_id == people.ubnd.id
    assert resume(tx, fresh).acting.roles == {"clerk", "officer"}
    with pytest.raises(SessionEnded):
        resume(tx, admission.token)  # a change of rights changes the token
    assert "choose_position" in acts_of(tx)


def test_an_ended_position_stops_acting_at_once(tx, people):
    token = entered(tx)
    tx.flush()
    staffing.end_position(tx, people.positions["chuyenvien"].id)
    tx.flush()
    present = resume(tx, token)
    assert not present.has_position
    assert not present.acting.roles


def test_api_tokens(tx, people):
    admission = issue_token(tx, "giamdoc", PASSWORD, PLACE, scopes=frozenset({"read"}))
    tx.flush()
    present = resume(tx, admission.token, PLACE)
    assert present.scopes == {"read"}
    assert present.acting.position_id == people.positions["giamdoc"].id
    with pytest.raises(WrongCredentials):
        _ = issue_token(tx, "giamdoc", "sai", PLACE).token
    revoke_token(tx, admission.token)
    tx._kept.clear()
    with pytest.raises(SessionEnded):
        resume(tx, admission.token)
    brief = issue_token(tx, "giamdoc", PASSWORD, PLACE, life=timedelta(minutes=5)).token
    tx.flush()
    tx.now += timedelta(minutes=5)
    with pytest.raises(SessionEnded):
        resume(tx, brief)


def test_a_reset_ends_api_tokens_too(tx, people):
    token = issue_token(tx, "giamdoc", PASSWORD, PLACE).token
    tx.flush()
    tx.acting = people.acting("quantri")
    reset_password(tx, find_account(tx, "giamdoc").id)
    tx.flush()
    tx._kept.clear()
    with pytest.raises(SessionEnded):
        resume(tx, token)
    secret = reset_password(tx, find_account(tx, "giamdoc").id)
    tx.flush()
    with pytest.raises(NotAllowed):  # a machine cannot change a one-time secret
        _ = issue_token(tx, "giamdoc", secret, PLACE).token


# standing in for another -------------------------------------------------------------------------


def give(tx, people, *, signing=False, days=5):
    today = local_date(tx.now)
    tx.acting = people.acting("giamdoc")
    given = delegate(
        tx,
        people.officers["chuyenvien"].id,
        today,
        today + timedelta(days=days),
        basis="Giấy ủy quyền số 12/GUQ-STTTT",
        includes_signing=signing,
    )
    tx.flush()
    return given


def test_a_stand_in_acts_with_the_rights_of_the_position(tx, people):
    give(tx, people)
    officer, position = people.officers["chuyenvien"], people.positions["giamdoc"]
    acting = acting_for(tx, officer.id, position.id)
    assert acting.officer_id == officer.id
    assert acting.on_behalf_of == people.officers["giamdoc"].id
    assert may(acting, Act.DIRECT_DOCUMENT)
    assert not may(acting, Act.SIGN_DOCUMENT)
    assert not may(acting, Act.DELEGATE)
    admission = log_in(tx, "chuyenvien", PASSWORD, PLACE)
    tx.flush()
    assert [c.delegation is not None for c in admission.choices] == [False, True]
    present, token = choose_position(tx, admission.token, position.id)
    tx.flush()
    assert present.acting == acting
    tx.now += timedelta(minutes=1)
    assert resume(tx, token).acting.on_behalf_of == people.officers["giamdoc"].id


def test_signing_is_delegated_only_by_word(tx, people):
    give(tx, people, signing=True)
    officer, position = people.officers["chuyenvien"], people.positions["giamdoc"]
    stand_in = acting_for(tx, officer.id, position.id)
    assert may(stand_in, Act.SIGN_DOCUMENT)
    tx.acting = stand_in
    today = local_date(tx.now)
    with pytest.raises(NotAllowed):  # and never passed on
        delegate(tx, people.officers["quantri"].id, today, today, basis="x")


def test_a_delegation_ends_by_its_day_and_when_withdrawn(tx, people):
    given = give(tx, people, days=2)
    officer, position = people.officers["chuyenvien"], people.positions["giamdoc"]
    _, token = choose_position(tx, entered(tx), position.id)
    tx.flush()
    last = local_date(tx.now) + timedelta(days=2)
    assert len(choices_of(tx, officer.id, last)) == 2
    assert len(choices_of(tx, officer.id, last + timedelta(days=1))) == 1
    withdraw(tx, given.id)
    tx.flush()
    assert not resume(tx, token).has_position
    with pytest.raises(NotAllowed):
        acting_for(tx, officer.id, position.id)


def test_a_delegation_is_written_and_limited(tx, people):
    today = local_date(tx.now)
    tx.acting = people.acting("giamdoc")
    other, me = people.officers["chuyenvien"].id, people.officers["giamdoc"].id
    for to, start, end, basis in (
        (other, today, today, " "),
        (me, today, today, "Giấy ủy quyền"),
        (other, today, today - timedelta(days=1), "Giấy ủy quyền"),
    ):
        with pytest.raises(BadDelegation):
            delegate(tx, to, start, end, basis=basis)
    tx.acting = people.acting("quantri")
    with pytest.raises(NotAllowed):
        delegate(tx, other, today, today, basis="Giấy ủy quyền")


def test_the_day_turns_at_midnight_of_vietnam(database_url):
    evening = datetime(2026, 12, 31, 17, 30, tzinfo=UTC)
    opened = Database(database_url, clock=lambda: evening)
    with opened.transaction() as tx:
        assert local_date(tx.now) == date(2027, 1, 1)
    opened.dispose()


def test_a_session_row_keeps_no_agency(tx, people):
    """It is found by the token alone, whatever agency the transaction is bound to."""
    assert "agency_id" not in LoginSession.__table__.columns
    assert Account.__table__.columns["agency_id"] is not None
