"""Who held what, on which day, and what it lets him read."""

from dataclasses import replace
from datetime import date, timedelta

import psycopg
import pytest

from engine.database import Acting
from engine.errors import NotAllowed
from records import staffing
from records.delegation import acting_for
from records.organization import (
    SIGNATORY,
    AgencyCode,
    Role,
    choose_agencies,
    choose_officers,
    choose_units,
    find_agency_by_code,
    group_keys,
    holders_of,
    positions_of,
)
from records.vietnamese import local_date
from records.vocabulary import SigningCapacity


def test_vocabularies_come_back_as_they_went(tx, province):
    kept = province.positions["giamdoc"]
    tx.flush()
    tx._kept.clear()  # read it from the database, not from memory
    read = tx.get(type(kept), kept.id)
    assert read is not kept
    assert read.role is Role.LEADER
    assert read.signing_capacity is SigningCapacity.TM
    read.role = Role.UNIT_HEAD
    tx.flush()
    assert tx.execute('SELECT role FROM "position" WHERE id = %s', kept.id).fetchone() == (
        "unit_head",
    )
    with pytest.raises(psycopg.errors.CheckViolation):
        tx.execute("UPDATE \"position\" SET role = 'king' WHERE id = %s", kept.id)


def test_positions_hold_from_day_to_day(tx, province):
    officer = province.officers["chuyenvien"]
    first, last = date(2025, 3, 1), date(2025, 3, 31)
    extra = staffing.appoint(
        tx, officer.id, province.ubnd.id, "Biệt phái", Role.OFFICER, valid_from=first, valid_to=last
    )
    tx.flush()

    def on(day):
        return {p.id for p, _ in positions_of(tx, officer.id, day)}

    usual = province.positions["chuyenvien"].id
    day = timedelta(days=1)
    assert on(first - day) == {usual} == on(last + day)
    assert on(first) == {usual, extra.id} == on(last)


def test_who_held_it_stays_known_after_it_ended(tx, province):
    position = province.positions["truongphong"]
    today = local_date(tx.now)
    staffing.end_position(tx, position.id)
    tx.flush()
    assert positions_of(tx, position.officer_id, today) == []
    assert [p.id for p, _ in positions_of(tx, position.officer_id, today - timedelta(days=1))] == [
        position.id
    ]
    with pytest.raises(NotAllowed):
        acting_for(tx, position.officer_id, position.id)


def test_a_position_withdrawn_on_its_first_day_holds_on_no_day(tx, province):
    officer = province.officers["truongphong"]
    made = staffing.appoint(tx, officer.id, province.ubnd.id, "Nhầm", Role.OFFICER)
    tx.flush()
    staffing.end_position(tx, made.id)
    tx.flush()
    today = local_date(tx.now)
    for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
        assert made.id not in {p.id for p, _ in positions_of(tx, officer.id, day)}


def test_forms_offer_the_acting_agency_in_dictionary_order(tx, province):
    tx.acting = province.acting("quantri")
    names = [officer.full_name for officer, _ in choose_officers(tx)]
    # by given name: An, Án, Ân, Cúc, Đức, Em; the tone of it counts before the family's name
    assert names == [
        "Nguyễn Văn An",
        "Hoàng Án",
        "Phạm Ân",
        "Vũ Thị Cúc",
        "Ngô Đức",
        "Bùi Em",
    ]
    assert [u.name for u in choose_units(tx)] == ["Phòng Công nghệ thông tin"]
    assert len(choose_officers(tx, province.division.id)) == 4
    clerks = holders_of(tx, local_date(tx.now), role=Role.CLERK)
    assert [o.full_name for o, _ in clerks] == ["Vũ Thị Cúc"]
    province.officers["vanthu"].active = False
    assert "Vũ Thị Cúc" not in [o.full_name for o, _ in choose_officers(tx)]
    agencies = [(a.symbol, code) for a, code in choose_agencies(tx)]
    assert agencies == [("STTTT", "000.00.15.H55"), ("UBND", "000.00.00.H55")]


def test_an_agency_has_several_codes_and_prefers_one(tx, province):
    stttt = province.stttt
    staffing.add_code(tx, stttt.id, "H55.15", preferred=True)
    staffing.add_code(tx, stttt.id, "OLD.15")
    tx.flush()
    for code in ("000.00.15.H55", "H55.15", "OLD.15", " H55.15 "):
        assert find_agency_by_code(tx, code) is stttt
    assert find_agency_by_code(tx, "000.00.99.H55") is None
    assert {a.symbol: c for a, c in choose_agencies(tx)}["STTTT"] == "H55.15"
    with pytest.raises(staffing.CodeTaken) as caught:
        staffing.add_code(tx, province.ubnd.id, "OLD.15")
    assert "Sở Thông tin" in caught.value.text("vi")
    with pytest.raises(psycopg.errors.UniqueViolation):
        tx.execute("UPDATE agency_code SET preferred = true WHERE code = 'OLD.15'")


def test_a_partner_is_entered_once(tx, province):
    partner = staffing.add_partner(tx, "Văn phòng Chính phủ", "000.00.00.G22")
    tx.flush()
    assert not partner.is_tenant
    assert staffing.add_partner(tx, "Tên khác", "000.00.00.G22") is partner
    assert tx.scalars(AgencyCode.__table__.select().with_only_columns(AgencyCode.code).where(
        AgencyCode.agency_id == partner.id)) == ["000.00.00.G22"]  # fmt: skip


def test_groups_of_a_unit_head(province):
    acting = province.acting("truongphong")
    unit, agency = province.division.id, province.stttt.id
    assert set(group_keys(acting)) == {
        f"officer:{acting.officer_id}",
        f"unit:{unit}",
        f"role:officer@{agency}",
        f"role:officer@{unit}",
        f"role:unit_head@{agency}",
        f"role:unit_head@{unit}",
    }
    stand_in = replace(acting, on_behalf_of=province.officers["giamdoc"].id)
    assert f"officer:{province.officers['giamdoc'].id}" in group_keys(stand_in)
    assert f"officer:{acting.officer_id}" not in group_keys(stand_in)
    assert group_keys(Acting(agency_id=agency)) == ["machine"]


def test_no_group_is_shared_across_agencies(province):
    mine = [set(group_keys(province.acting(n))) for n in ("chutich", "chanvp", "vanthu.ubnd")]
    theirs = [set(group_keys(province.acting(n))) for n in ("giamdoc", "truongphong", "vanthu")]
    assert all(not a & b for a in mine for b in theirs)
    assert mine[1] & mine[2]  # within one agency there is


def test_roles_of_positions(province):
    roles = {name: p.roles for name, p in province.positions.items()}
    assert roles["giamdoc"] == {"leader", "officer", SIGNATORY}
    assert roles["vanthu"] == {"clerk", "officer"}
    for alone in ("quantri", "thanhtra", "vanhanh"):
        assert len(roles[alone]) == 1


def test_admins_staff_their_own_agency_only(tx, province):
    tx.acting = province.acting("quantri")
    unit = staffing.add_unit(tx, province.stttt.id, "Thanh tra Sở")
    assert unit.agency_id == province.stttt.id
    with pytest.raises(NotAllowed):
        staffing.add_unit(tx, province.ubnd.id, "Phòng mới")
    with pytest.raises(NotAllowed):
        staffing.add_agency(tx, "Sở mới", "X", valid_from=date(2026, 1, 1))
    someone = province.officers["chuyenvien"]
    with pytest.raises(NotAllowed):
        staffing.appoint(tx, someone.id, province.stttt.id, "Vận hành", Role.SYSTEM_OPERATOR)
    tx.acting = province.acting("giamdoc")
    with pytest.raises(NotAllowed):
        staffing.add_unit(tx, province.stttt.id, "Phòng khác")


def test_rights_on_a_day(tx, province):
    rights = staffing.rights_on(tx, province.stttt.id, date(2021, 1, 1))
    assert {r.position.role for r in rights} == set(Role) - {Role.SYSTEM_OPERATOR}
    assert staffing.rights_on(tx, province.stttt.id, date(2019, 12, 31)) == []
