"""Two agencies and their people, as plain builders."""

from dataclasses import dataclass, field
from datetime import date

import pytest

from engine.database import Acting, Database, Transaction
from records import row_security, staffing
from records.delegation import acting_as
from records.organization import Agency, Officer, Position, Role, Unit
from records.vocabulary import SigningCapacity

START = date(2020, 1, 1)


@dataclass
class Province:
    """UBND tỉnh with its chairman, office chief, clerk; a department with the usual people."""

    ubnd: Agency
    stttt: Agency
    office: Unit
    division: Unit
    officers: dict[str, Officer] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)

    def acting(self, name: str) -> Acting:
        return acting_as(self.officers[name], self.positions[name])


def make_province(tx: Transaction) -> Province:
    ubnd = staffing.add_agency(
        tx, "Ủy ban nhân dân tỉnh Thái Nguyên", "000.00.00.H55", valid_from=START, symbol="UBND"
    )
    stttt = staffing.add_agency(
        tx,
        "Sở Thông tin và Truyền thông",
        "000.00.15.H55",
        valid_from=START,
        symbol="STTTT",
        parent_id=ubnd.id,
    )
    tx.flush()
    office = staffing.add_unit(tx, ubnd.id, "Văn phòng", symbol="VP", valid_from=START)
    division = staffing.add_unit(tx, stttt.id, "Phòng Công nghệ thông tin", valid_from=START)
    tx.flush()
    made = Province(ubnd, stttt, office, division)
    people = [
        ("chutich", "Trịnh Việt Hùng", ubnd, None, "Chủ tịch", Role.LEADER),
        ("chanvp", "Đỗ Thị Ánh", ubnd, office, "Chánh Văn phòng", Role.UNIT_HEAD),
        ("vanthu.ubnd", "Lê Thị Bình", ubnd, office, "Văn thư", Role.CLERK),
        ("giamdoc", "Nguyễn Văn An", stttt, None, "Giám đốc", Role.LEADER),
        ("truongphong", "Phạm Ân", stttt, division, "Trưởng phòng", Role.UNIT_HEAD),
        ("chuyenvien", "Hoàng Án", stttt, division, "Chuyên viên", Role.OFFICER),
        ("vanthu", "Vũ Thị Cúc", stttt, division, "Văn thư", Role.CLERK),
        ("quantri", "Ngô Đức", stttt, division, "Quản trị", Role.AGENCY_ADMIN),
        ("thanhtra", "Bùi Em", stttt, None, "Thanh tra viên", Role.AUDITOR),
        ("vanhanh", "Lý Giang", ubnd, None, "Quản trị hệ thống", Role.SYSTEM_OPERATOR),
    ]
    for key, name, agency, unit, title, role in people:
        officer = staffing.add_officer(tx, agency.id, name)
        tx.flush()
        made.officers[key] = officer
        made.positions[key] = staffing.appoint(
            tx,
            officer.id,
            agency.id,
            title,
            role,
            unit_id=unit.id if unit else None,
            valid_from=START,
            signing_capacity=SigningCapacity.TM if role is Role.LEADER else None,
        )
    tx.flush()
    return made


@pytest.fixture
def province(tx: Transaction) -> Province:
    """Two agencies with their people in the open transaction."""
    return make_province(tx)


@pytest.fixture
def secured(fresh_database: Database, cluster) -> Database:
    """A database of this test's own in which the row security of the product is in force."""
    name = fresh_database.url.partition("@/")[2].partition("?")[0]
    with cluster.connect(name) as owner, owner.transaction():
        for statement in row_security.statements():
            owner.execute(statement)
    return fresh_database


@pytest.fixture
def settled(secured: Database) -> tuple[Database, Province]:
    """The same with two agencies committed."""
    with secured.transaction() as tx:
        made = make_province(tx)
    return secured, made


@pytest.fixture
def superuser(fresh_database: Database, cluster):
    """A superuser's autocommit connection past triggers and row security."""
    name = fresh_database.url.partition("@/")[2].partition("?")[0]
    with cluster.connect(name) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection
