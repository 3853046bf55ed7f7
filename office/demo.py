"""The demonstration (dữ liệu dùng thử): agencies, officers, keys and registers, all invented.

Refused outside demo mode: its passwords are known and its certificates are nobody's.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

import sqlalchemy as sa

from engine.database import SYSTEM, Transaction
from engine.errors import OfficeError
from office.founding import admit, furnish
from office.office import Office
from office.settings import Mode, Settings, keep_secret
from records import journal
from records.account import issue_demo_account
from records.calendar_day import seed_calendar
from records.document_type import DocumentType
from records.journal import JournalLeaf
from records.organization import Agency, Role
from records.password import hash_password
from records.register import Register, open_series
from records.staffing import add_agency, add_code, add_officer, add_unit, appoint
from records.vietnamese import local_date
from records.vocabulary import RegisterKind, SigningCapacity
from signing.testing.pki import Holder, make_pki

#: units hold from here on: the demonstration has a past
BEGINNING = date(2024, 1, 1)


#: what the journal, which forgets nothing, says of a database that held the demonstration
MARK = uuid5(NAMESPACE_URL, "congvan:demonstration")

#: the same beside the keys of the demonstration
KEYS_MARK = "demonstration"


class WasADemo(OfficeError):
    """A demonstration is never put to real work (không dùng dữ liệu trình diễn để vận hành thật)."""

    code = "was-a-demo"
    vi = (
        "Cơ sở dữ liệu này là bản trình diễn, tài khoản và chứng thư số mẫu ai cũng biết. "
        "Hãy vận hành thật với cơ sở dữ liệu và CONGVAN_DATA mới, trống."
    )
    en = (
        "This database held the demonstration, whose accounts and certificates everybody knows. "
        "Start real work with a new, empty database and CONGVAN_DATA."
    )


class NotADemo(OfficeError):
    """Demo data is refused in production (không nạp dữ liệu mẫu khi vận hành thật)."""

    code = "not-a-demo"
    vi = "Không nạp tài khoản và chứng thư số mẫu khi CONGVAN_MODE=production."
    en = "Sample accounts and certificates are refused when CONGVAN_MODE=production."


@dataclass(frozen=True, slots=True)
class Person:
    """An invented officer: account, name, title, role, unit symbol, how he signs."""

    username: str
    name: str
    title: str
    role: Role
    unit: str = ""
    capacity: SigningCapacity | None = None
    block: str = ""


@dataclass(frozen=True, slots=True)
class DemoAgency:
    """An invented agency with its units and people."""

    key: str
    name: str
    short_name: str
    symbol: str
    codes: tuple[str, ...]
    units: tuple[tuple[str, str], ...]
    people: tuple[Person, ...]
    parent: str = ""


UBND = DemoAgency(
    "ubnd",
    "Ủy ban nhân dân tỉnh Thái Nguyên",
    "UBND tỉnh",
    "UBND",
    ("H55", "000.00.00.H55"),
    (
        ("VP", "Văn phòng"),
        ("TH", "Phòng Tổng hợp"),
        ("VX", "Phòng Văn hóa - Xã hội"),
        ("KSTT", "Phòng Kiểm soát thủ tục hành chính"),
    ),
    (
        Person(
            "chutich", "Trần Bình Minh", "Chủ tịch", Role.LEADER, "", SigningCapacity.TM,
            "TM. ỦY BAN NHÂN DÂN\nCHỦ TỊCH",
        ),
        Person("chanvp", "Lê Hoàng Giang", "Chánh Văn phòng", Role.UNIT_HEAD, "VP"),
        Person("vanthu.ubnd", "Nguyễn Thu Hà", "Văn thư", Role.CLERK, "VP"),
        Person("truongphong.th", "Phạm Quốc Dũng", "Trưởng phòng Tổng hợp", Role.UNIT_HEAD, "TH"),
        Person("chuyenvien.ubnd", "Vũ Thị Lan", "Chuyên viên", Role.OFFICER, "TH"),
        Person("truongphong.vx", "Đặng Văn Khải", "Trưởng phòng Văn hóa - Xã hội", Role.UNIT_HEAD, "VX"),
        Person("truongphong.kstt", "Hoàng Mai Chi", "Trưởng phòng Kiểm soát TTHC", Role.UNIT_HEAD, "KSTT"),
        Person("quantri.ubnd", "Ngô Đức Thắng", "Quản trị hệ thống của cơ quan", Role.AGENCY_ADMIN, "VP"),
    ),
)  # fmt: skip
STTTT = DemoAgency(
    "stttt",
    "Sở Thông tin và Truyền thông",
    "Sở TT&TT",
    "STTTT",
    ("H55.07", "000.00.07.H55"),
    (("VP", "Văn phòng Sở"), ("CNTT", "Phòng Công nghệ thông tin"), ("TTBC", "Phòng Thông tin, Báo chí")),
    (
        Person(
            "giamdoc.stttt", "Đỗ Xuân Hòa", "Giám đốc", Role.LEADER, "", SigningCapacity.OWN,
            "GIÁM ĐỐC",
        ),
        Person("vanthu.stttt", "Bùi Thị Ngọc", "Văn thư", Role.CLERK, "VP"),
        Person("chanvp.stttt", "Trịnh Văn Sơn", "Chánh Văn phòng Sở", Role.UNIT_HEAD, "VP"),
        Person("truongphong.stttt", "Lý Thanh Tùng", "Trưởng phòng CNTT", Role.UNIT_HEAD, "CNTT"),
        Person("chuyenvien.stttt", "Nguyễn Hải An", "Chuyên viên", Role.OFFICER, "CNTT"),
        Person("truongphong.ttbc", "Mai Hồng Nhung", "Trưởng phòng Thông tin, Báo chí", Role.UNIT_HEAD, "TTBC"),
        Person("quantri.stttt", "Tạ Minh Quân", "Quản trị hệ thống của cơ quan", Role.AGENCY_ADMIN, "VP"),
    ),
    parent="ubnd",
)  # fmt: skip
STC = DemoAgency(
    "stc",
    "Sở Tài chính",
    "Sở Tài chính",
    "STC",
    ("H55.05",),
    (("VP", "Văn phòng Sở"),),
    (
        Person("giamdoc.stc", "Phan Thế Anh", "Giám đốc", Role.LEADER, "", SigningCapacity.OWN, "GIÁM ĐỐC"),
        Person("vanthu.stc", "Lưu Thị Hạnh", "Văn thư", Role.CLERK, "VP"),
    ),
    parent="ubnd",
)  # fmt: skip
SNV = DemoAgency(
    "snv",
    "Sở Nội vụ",
    "Sở Nội vụ",
    "SNV",
    ("H55.03",),
    (("VP", "Văn phòng Sở"),),
    (
        Person("giamdoc.snv", "Cao Thị Vân", "Giám đốc", Role.LEADER, "", SigningCapacity.OWN, "GIÁM ĐỐC"),
        Person("vanthu.snv", "Đinh Công Hiếu", "Văn thư", Role.CLERK, "VP"),
    ),
    parent="ubnd",
)  # fmt: skip
AGENCIES = (UBND, STTTT, STC, SNV)
#: inspects the province and its department of information: a position in each
INSPECTOR = Person("thanhtra", "Hà Kiên Cường", "Thanh tra viên", Role.AUDITOR)
OPERATOR = Person("vanhanh", "Quách Tuấn Kiệt", "Quản trị vận hành", Role.SYSTEM_OPERATOR)

#: the series of legal-normative decisions is opened where the paper register stands
FIRST_DECISION = 188
WHY_188 = "Chuyển từ sổ giấy: số 187 là số cuối cùng đã cấp trên sổ đăng ký văn bản giấy"


def is_seeded(tx: Transaction) -> bool:
    """Return whether the installation has an agency already."""
    return bool(tx.scalars(sa.select(Agency.id).where(Agency.is_tenant.is_(True)).limit(1)))


def refuse_demonstration(tx: Transaction) -> None:
    """Raise `WasADemo` where the demonstration was ever seeded."""
    if tx.scalars(sa.select(JournalLeaf.id).where(JournalLeaf.object_id == MARK).limit(1)):
        raise WasADemo


def password_of(settings: Settings) -> str:
    """Return the password of the sample accounts: configured, or made once and kept (0600)."""
    return settings.demo_password or keep_secret(settings.make_data() / "demo.password")[:14]


def accounts() -> list[tuple[str, Person]]:
    """Return the sample accounts, each with the short name of its agency."""
    found = [(agency.short_name, person) for agency in AGENCIES for person in agency.people]
    return [*found, ("UBND tỉnh, Sở TT&TT", INSPECTOR), ("vận hành", OPERATOR)]


def shown(settings: Settings) -> str:
    """Return the password of the sample accounts the first time, then where it lies."""
    if settings.demo_password:
        return "CONGVAN_DEMO_PASSWORD"
    told = settings.data / "demo.told"
    if told.exists():
        return f"đã in lần đầu, xem {settings.data / 'demo.password'} (14 ký tự đầu)"
    told.touch()
    return password_of(settings)


def seed(office: Office, *, password: str, at: datetime | None = None) -> bool:
    """Seed the demonstration; False where there is an agency already.

    Raises `NotADemo` in production.
    """
    if office.settings.mode is not Mode.DEMO:
        raise NotADemo
    with office.database.transaction(SYSTEM) as tx:
        if is_seeded(tx):
            return False
        journal.record(tx, "seed_demo", "installation", MARK)
        ids, owners = _seed_people(tx, hash_password(password))
        for agency_id in ids.values():
            furnish(tx, agency_id)
            admit(tx, office, agency_id)
        _open_188(tx, ids["ubnd"])
    folder = office.settings.data / "signing"
    if not (folder / "trust" / "trust.toml").exists():
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / KEYS_MARK).touch()
        make_pki(folder, owners[0], owners[1], at or datetime.now(UTC), password)
    return True


def _seed_people(
    tx: Transaction, password_hash: str
) -> tuple[dict[str, UUID], tuple[list[Holder], list[Holder]]]:
    seed_calendar(tx)
    ids: dict[str, UUID] = {}
    people: list[Holder] = []
    agencies: list[Holder] = []
    for demo in AGENCIES:
        agency_id = ids[demo.key] = _set_up(tx, demo, ids.get(demo.parent))
        agencies.append(Holder(str(agency_id), demo.name, demo.name))
        people += _staff(tx, demo, agency_id, password_hash)
    _employ(tx, INSPECTOR, ids["ubnd"], None, password_hash, also=ids["stttt"])
    _employ(tx, OPERATOR, ids["stttt"], None, password_hash)
    return ids, (people, agencies)


def _set_up(tx: Transaction, demo: DemoAgency, parent_id: UUID | None) -> UUID:
    agency = add_agency(
        tx,
        demo.name,
        demo.codes[0],
        valid_from=BEGINNING,
        symbol=demo.symbol,
        short_name=demo.short_name,
        place="Thái Nguyên",
        parent_id=parent_id,
        hotline="0208 385 0000",
        contact="Tổ quản trị hệ thống",
    )
    tx.flush()
    for code in demo.codes[1:]:
        add_code(tx, agency.id, code)
    return agency.id


def _staff(tx: Transaction, demo: DemoAgency, agency_id: UUID, password_hash: str) -> list[Holder]:
    """Enter units and people; return those who sign, for their keystores."""
    units = {
        symbol: add_unit(tx, agency_id, name, symbol=symbol, valid_from=BEGINNING)
        for symbol, name in demo.units
    }
    tx.flush()
    holders = []
    for person in demo.people:
        unit = units[person.unit].id if person.unit else None
        officer_id = _employ(tx, person, agency_id, unit, password_hash)
        if person.capacity is not None:
            holders.append(Holder(str(officer_id), person.name, demo.name))
    return holders


def _employ(
    tx: Transaction,
    person: Person,
    agency_id: UUID,
    unit_id: UUID | None,
    password_hash: str,
    also: UUID | None = None,
) -> UUID:
    officer = add_officer(tx, agency_id, person.name)
    tx.flush()
    for place in (agency_id, also):
        if place is None:
            continue
        appoint(
            tx,
            officer.id,
            place,
            person.title,
            person.role,
            unit_id=unit_id,
            valid_from=BEGINNING,
            signing_capacity=person.capacity,
            signature_block=person.block,
        )
    issue_demo_account(tx, officer.id, person.username, password_hash)
    tx.flush()
    return officer.id


def _open_188(tx: Transaction, agency_id: UUID) -> None:
    register = tx.scalar(
        sa.select(Register).where(
            Register.agency_id == agency_id, Register.kind == RegisterKind.OUTGOING
        )
    )
    kind = tx.scalar(
        sa.select(DocumentType).where(
            DocumentType.agency_id == agency_id, DocumentType.code == "QPPL:QĐ"
        )
    )
    assert register is not None
    assert kind is not None
    year = local_date(tx.now).year
    open_series(tx, register.id, kind.series, year=year, first=FIRST_DECISION, reason=WHY_188)
