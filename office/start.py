"""What happens before and around the first request (khởi động): migrate, seed, announce."""

import os
import pwd
import signal
from collections.abc import Callable
from wsgiref.types import WSGIApplication

import psycopg

from engine.database import SYSTEM, Database
from engine.errors import NotFound, OfficeError
from office import demo, founding, migrate, wsgi
from office.office import Office
from office.postgres import refuse_unsafe
from office.settings import Mode, Settings
from office.supervisor import House, Program
from records.account import invite, reset_on_machine
from records.calendar_day import seed_calendar
from records.organization import Role, find_agency_by_code
from records.staffing import add_agency, add_officer, appoint
from records.vietnamese import VIETNAM, local_date
from web.app import create_app


def house(settings: Settings) -> House:
    """Return what `congvan run` prepares and keeps running.

    Neither program is asked politely when the supervisor is gone: a transaction or a lease cut off
    is what both are made for. gunicorn's quick stop closes its port at once.
    """
    programs = (
        Program("worker", lambda told: Office.open(told).worker().run()),
        Program("web", serve, signal.SIGQUIT),
    )
    return House(programs, preparation(settings), announcement)


def preparation(settings: Settings) -> list[Callable[[Settings], object]]:
    """Return what the supervisor does once the database answers."""
    steps: list[Callable[[Settings], object]] = [check_database, remember_database, upgrade]
    if settings.mode is Mode.DEMO:
        steps.append(seed_demo)
    else:
        steps.append(refuse_demo)
    return steps


def check_database(settings: Settings) -> None:
    """Refuse a database that could lose what it acknowledged, or that sorts Vietnamese wrongly."""
    with psycopg.connect(
        settings.database_url.replace("+psycopg", ""), autocommit=True
    ) as connection:
        refuse_unsafe(connection)


def remember_database(settings: Settings) -> None:
    """Leave the address for `congvan init` and the like, readable by us alone."""
    path = settings.make_data() / "database.url"
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(settings.database_url)


def upgrade(settings: Settings) -> None:
    """Migrate."""
    migrate.upgrade(settings.database_url)


def refuse_demo(settings: Settings) -> None:
    """Refuse to put to real work what was ever a demonstration: database or data directory."""
    if (settings.data / "signing" / demo.KEYS_MARK).exists():
        raise demo.WasADemo
    office = Office.open(settings)
    try:
        with office.database.transaction() as tx:
            demo.refuse_demonstration(tx)
    finally:
        office.database.dispose()


def seed_demo(settings: Settings) -> None:
    """Seed the demonstration where there is no agency yet."""
    office = Office.open(settings)
    try:
        demo.seed(office, password=demo.password_of(settings))
    finally:
        office.database.dispose()


def announcement(settings: Settings) -> str:
    """Return what the terminal shows when the system is ready."""
    lines = ["", f"Congvan đang chạy tại  {settings.url}", f"API: {settings.url}/api-docs"]
    if settings.mode is Mode.DEMO:
        lines += ["", "Tài khoản dùng thử (demo accounts):"]
        lines += [
            f"  {person.username:<20} {person.name}, {person.title} ({agency})"
            for agency, person in demo.accounts()
        ]
        lines += ["", f"Mật khẩu và mã PIN chứng thư (password and PIN): {demo.shown(settings)}"]
        lines += ["Hộp việc còn trống; nạp văn bản mẫu bằng lệnh  .venv/bin/congvan sample"]
        lines += ["Chỉ để dùng thử, không dùng cho công việc thật (not for production)."]
    lines += ["", "Dừng: Ctrl-C (stop with Ctrl-C)"]
    return "\n".join(lines)


def serve(settings: Settings) -> None:
    """Run the web server until told to stop."""
    wsgi.serve(settings, lambda: application(settings))


def application(settings: Settings) -> WSGIApplication:
    """Return the web application behind its probes, for one process of the web server."""
    office = Office.open(settings)
    return wsgi.Probes(create_app(office), checks(office))


def checks(office: Office) -> dict[str, wsgi.Check]:
    """Return what `/readyz` looks at."""
    return {
        "database": wsgi.database_answers(office.database),
        "migrations": _migrated(office.database),
        "worker": wsgi.worker_beats(office.database),
    }


def _migrated(database: Database) -> wsgi.Check:
    wanted = migrate.newest()

    def check() -> str | None:
        with database.engine.connect() as connection:
            found = migrate.current(connection)
            connection.commit()
        return None if found == wanted else f"revision {found or 'none'}, needs {wanted}"

    return check


class AlreadyFounded(OfficeError):
    """The installation has this agency already (đã có cơ quan này)."""

    code = "already-founded"
    status = 409
    vi = "Đã có cơ quan mang mã {agency_code}."
    en = "An agency with the identifier {agency_code} exists already."


def found_agency(
    settings: Settings, *, name: str, code: str, symbol: str, place: str, admin: str
) -> str:
    """Set up an agency with its first administrator; return the one-time link for his account."""
    migrate.upgrade(settings.database_url)
    office = Office.open(settings)
    with office.database.transaction(SYSTEM) as tx:
        seed_calendar(tx)
        today = local_date(tx.now)
        agency = add_agency(tx, name, code, valid_from=today, symbol=symbol, place=place)
        tx.flush()
        officer = add_officer(tx, agency.id, admin)
        tx.flush()
        appoint(tx, officer.id, agency.id, "Quản trị hệ thống của cơ quan", Role.AGENCY_ADMIN)
        founding.furnish(tx, agency.id)
        founding.admit(tx, office, agency.id)
        token = invite(tx, officer.id)
    office.database.dispose()
    return f"{settings.url}/invitations/{token}"


def add_operator(settings: Settings, *, name: str, code: str) -> str:
    """Enter who keeps the installation running; return the one-time link for his account.

    No agency appoints him, so this is done on the machine (vận hành). Raises `NotFound` where no
    agency of the installation has this code.
    """
    office = Office.open(settings)
    try:
        with office.database.transaction(SYSTEM) as tx:
            agency = find_agency_by_code(tx, code)
            if agency is None or not agency.is_tenant:
                raise NotFound(what=f"cơ quan mang mã {code}")
            officer = add_officer(tx, agency.id, name)
            tx.flush()
            appoint(tx, officer.id, agency.id, "Quản trị vận hành", Role.SYSTEM_OPERATOR)
            token = invite(tx, officer.id)
    finally:
        office.database.dispose()
    return f"{settings.url}/invitations/{token}"


def reset_password(settings: Settings, username: str) -> tuple[str, str, str]:
    """Reset a lost password on the machine; return name, one-time secret, and until when it holds.

    Whoever may run this may read the whole database anyway; the journal tells that it was done.
    """
    database = Database(settings.database_url)
    try:
        with database.transaction(SYSTEM) as tx:
            found, secret = reset_on_machine(tx, username, by=who())
            assert found.secret_until is not None
            until = found.secret_until.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M")
            return found.username, secret, until
    finally:
        database.dispose()


def who() -> str:
    """Return the name of the machine's account that runs this, its number where it has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
