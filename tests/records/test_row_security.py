"""The database refuses other agencies' rows by itself, under the real role."""

import uuid
from datetime import date

import psycopg
import pytest
import sqlalchemy as sa

from engine.database import APP_ROLE, SYSTEM, Acting, Base
from engine.errors import NotFound, Stale
from records import row_security, staffing
from records.account import Account, issue_demo_account
from records.calendar_day import CalendarDay, DayKind
from records.journal import JournalLeaf, record
from records.organization import Agency, AgencyCode, Officer, Position, Role, Unit
from records.password import hash_password


@pytest.fixture
def two(settled):
    database, province = settled
    with database.transaction() as tx:
        for name in ("quantri", "chanvp"):
            issue_demo_account(
                tx, province.officers[name].id, name, hash_password("một câu mật khẩu dài")
            )
    for name in ("quantri", "chanvp"):
        with database.transaction(province.acting(name)) as tx:
            record(tx, "view", "register", None)
    return database, province


def count(tx, table: str) -> int:
    return tx.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]


OWNED = ("unit", "position", "account", "journal_leaf")


def test_each_agency_sees_its_own_rows_only(two, superuser):
    database, province = two
    admin, chief = province.acting("quantri"), province.acting("chanvp")
    for table in OWNED:
        seen = {}
        for who in (admin, chief, SYSTEM):
            with database.transaction(who) as tx:
                seen[who.agency_id] = count(tx, table)
                assert tx.execute("SELECT current_user").fetchone() == (APP_ROLE,)
        total = superuser.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
        assert 0 < seen[admin.agency_id] < total  # control: there are more rows than are shown
        assert 0 < seen[chief.agency_id] < total
        assert seen[None] == total


def test_without_a_context_there_are_no_rows(two, cluster):
    database, _ = two
    name = database.url.partition("@/")[2].partition("?")[0]
    with cluster.connect(name) as connection:
        connection.execute(f"SET ROLE {APP_ROLE}")
        for table in (*OWNED, "agency", "agency_code", "officer", "calendar_day", "delegation"):
            assert connection.execute(f'SELECT count(*) FROM "{table}"').fetchone() == (0,), table
        connection.execute("SELECT set_config('congvan.agency', '', false)")
        for table in (*OWNED, "agency", "officer"):
            assert connection.execute(f'SELECT count(*) FROM "{table}"').fetchone() == (0,), table
        connection.execute("SELECT set_config('congvan.agency', 'all', false)")
        assert connection.execute("SELECT count(*) FROM unit").fetchone() == (2,)


def test_a_row_of_another_agency_cannot_be_found_changed_or_made(two):
    database, province = two
    theirs = province.positions["chanvp"]
    admin = province.acting("quantri")
    with database.transaction(admin) as tx:
        with pytest.raises(NotFound):
            tx.get(Position, theirs.id)
        gone = tx.execute("UPDATE position SET title = 'x' WHERE id = %s", theirs.id)
        assert gone.rowcount == 0
        assert tx.execute("DELETE FROM unit WHERE id = %s", province.office.id).rowcount == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(admin) as tx:
        tx.add(
            Unit(agency_id=province.ubnd.id, name="x", valid_from=date(2026, 1, 1), sort_key=b"")
        )
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(admin) as tx:
        record(tx, "view", "x", None, acting=Acting(province.ubnd.id, admin.officer_id))
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(admin) as tx:
        tx.get(Position, province.positions["vanthu"].id).agency_id = province.ubnd.id


def test_the_directory_is_read_by_all_and_written_by_its_owner(two):
    database, province = two
    admin = province.acting("quantri")
    with database.transaction(admin) as tx:
        assert count(tx, "agency") == 2
        assert count(tx, "agency_code") == 2
        tx.get(Agency, province.stttt.id).hotline = "0208 3855 688"
    with pytest.raises(Stale), database.transaction(admin) as tx:
        tx.get(Agency, province.ubnd.id).hotline = "người khác"
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(admin) as tx:
        tx.add(Agency(name="Sở giả", valid_from=date(2026, 1, 1), sort_key=b""))
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(admin) as tx:
        tx.add(AgencyCode(agency_id=province.ubnd.id, code="X", valid_from=date(2026, 1, 1)))
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(admin) as tx:
        tx.add(CalendarDay(day=date(2026, 12, 24), kind=DayKind.HOLIDAY, name="cho mọi cơ quan"))
    with database.transaction(admin) as tx:
        tx.add(
            CalendarDay(
                agency_id=province.stttt.id,
                day=date(2026, 12, 24),
                kind=DayKind.HOLIDAY,
                name="riêng",
            )
        )


def test_a_partner_met_by_one_agency_is_known_to_all(two):
    database, province = two
    with database.transaction(province.acting("vanthu")) as tx:
        partner = staffing.add_partner(tx, "Bộ Nội vụ", "000.00.00.G09")
    with database.transaction(province.acting("vanthu.ubnd")) as tx:
        assert staffing.add_partner(tx, "Bộ Nội vụ", "000.00.00.G09").id == partner.id


def test_colleagues_are_seen_where_they_hold_a_position(two):
    database, province = two
    guest = province.officers["chanvp"]
    admin = province.acting("quantri")
    with database.transaction(admin) as tx, pytest.raises(NotFound):
        tx.get(Officer, guest.id)
    with database.transaction() as tx:
        staffing.appoint(tx, guest.id, province.stttt.id, "Biệt phái", Role.OFFICER)
    with database.transaction(admin) as tx:
        assert tx.get(Officer, guest.id).full_name == guest.full_name
        with pytest.raises(NotFound):
            tx.get(Officer, province.officers["chutich"].id)
    with pytest.raises(Stale), database.transaction(admin) as tx:
        tx.get(Officer, guest.id).full_name = "Đổi tên"


def test_sessions_of_pages_are_bound_too(two):
    """Also on a connection that a transaction used before and gave back to the pool."""
    database, province = two
    with database.session(province.acting("quantri")) as session:
        assert session.scalar(sa.text("SELECT current_user")) == APP_ROLE
        owners = set(session.scalars(sa.select(JournalLeaf.agency_id)))
        assert owners == {province.stttt.id}
        assert len(session.scalars(sa.select(Account)).all()) == 1


def test_every_table_of_an_agency_is_bound(secured, superuser):
    bound = {
        row[0]
        for row in superuser.execute(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
        )
    }
    owned = {t.name for t in Base.metadata.tables.values() if "agency_id" in t.columns}
    assert owned <= bound
    assert {"agency", "position", "journal_leaf"} <= bound
    role = superuser.execute(
        "SELECT rolsuper OR rolbypassrls OR rolcanlogin FROM pg_roles WHERE rolname = %s",
        [APP_ROLE],
    )
    assert role.fetchone() == (False,)


def test_the_statements_may_be_run_again(secured, cluster):
    name = secured.url.partition("@/")[2].partition("?")[0]
    with cluster.connect(name) as owner, owner.transaction():
        for statement in row_security.statements():
            owner.execute(statement)
    with secured.transaction(Acting(uuid.uuid4())) as tx:
        assert count(tx, "unit") == 0
