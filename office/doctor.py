"""Looks over the machine and the installation, changes nothing (khám hệ thống).

Works with nothing started. Each finding is a fact in both languages with what to do about it.
"""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from engine.errors import OfficeError
from office.axis_key import look_at_axis_key
from office.carrier import look_at_carrier, look_at_upstream
from office.finding import Finding, Level
from office.list_terms import look_at_lists
from office.office import timestamps_of
from office.place import MADE_IN, account, find_place, programs
from office.postgres import NAME
from office.sending_settings import look_at_sending
from office.settings import Settings
from signing.errors import SigningError
from signing.keystores.base import KeyStore
from signing.presign import check_certificate
from signing.revocation import Revocation
from signing.trust import Trust, load_trust

GIGABYTE = 1_000_000_000
LEAST_ROOM, GOOD_ROOM = GIGABYTE, 10 * GIGABYTE
#: signatures and deadlines carry the time: two clocks may not differ more (seconds)
LARGEST_SKEW = 2.0

#: file systems on which a flushed write is not surely kept
UNSAFE_SYSTEMS = {"tmpfs", "ramfs", "overlay", "nfs", "nfs4", "cifs", "9p"}

SOFTHSM = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)


def doctor(settings: Settings, *, expected_revision: str | None = None) -> list[Finding]:
    """Look at everything; `expected_revision` is the newest migration this program knows."""
    looks: list[Callable[[], Iterator[Finding]]] = [
        _python,
        lambda: _data(settings.data),
        lambda: _disk(settings.data),
        lambda: _database(settings, expected_revision),
        _forgotten_places,
        _clock,
        lambda: _timestamps(settings),
        lambda: _axis_key(settings),
        lambda: look_at_carrier(settings),
        lambda: look_at_upstream(settings),
        lambda: look_at_sending(settings.sending),
        *(lambda program=program: _program(program) for program in PROGRAMS),
        lambda: look_at_lists(settings.data / "signing"),
        _softhsm,
        _fonts,
    ]
    return [finding for look in looks for finding in _looked(look)]


def _looked(look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(look())
    except OfficeError as error:
        return [Finding(error.code, Level.PROBLEM, error.text("vi"), error.text("en"))]
    except OSError as error:
        return [Finding("system", Level.PROBLEM, f"Không xem được: {error}", f"Unseen: {error}")]


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    level = Level.OK if sys.version_info >= (3, 11) else Level.PROBLEM
    yield Finding("python", level, f"{version} (cần 3.11 trở lên)", f"{version} (3.11 or newer)")


def _data(data: Path) -> Iterator[Finding]:
    if not data.exists():
        yield Finding(
            "data",
            Level.OK,
            f"{data} chưa có; lần chạy đầu tiên sẽ tạo",
            f"{data} does not exist yet; the first start makes it",
        )
        return
    mode = stat.S_IMODE(data.stat().st_mode)
    if mode & 0o022:
        yield Finding(
            "data",
            Level.PROBLEM,
            f"{data} cho người khác ghi ({mode:o}); chạy: chmod go-w {data}",
            f"{data} can be written by others ({mode:o}); run: chmod go-w {data}",
        )
    else:
        yield Finding("data", Level.OK, f"{data} ({mode:o})", f"{data} ({mode:o})")
    for name in ("secret.key", "postgres.password"):
        secret = data / name
        if secret.exists() and stat.S_IMODE(secret.stat().st_mode) & 0o077:
            yield Finding(
                "data",
                Level.PROBLEM,
                f"{secret} cho người khác đọc; chạy: chmod 600 {secret}",
                f"{secret} can be read by others; run: chmod 600 {secret}",
            )


def _disk(data: Path) -> Iterator[Finding]:
    place = find_place(data)
    for directory in dict.fromkeys([data, place.directory if place else data]):
        existing = next(p for p in [directory, *directory.parents] if p.exists())
        free = shutil.disk_usage(existing).free
        level = Level.PROBLEM if free < LEAST_ROOM else Level.NOTE if free < GOOD_ROOM else Level.OK
        room = f"{free / GIGABYTE:.1f} GB"
        yield Finding("disk", level, f"{existing}: còn {_vi(room)}", f"{existing}: {room} free")
        system = _file_system(existing)
        if system in UNSAFE_SYSTEMS:
            yield Finding(
                "disk",
                Level.NOTE,
                f"{existing} nằm trên {system}: dữ liệu có thể mất khi mất điện; "
                "vận hành thật cần ổ đĩa cục bộ (ext4, xfs)",
                f"{existing} is on {system}: writes may be lost with the power; "
                "real use needs a local disk (ext4, xfs)",
            )


def _vi(number: str) -> str:
    """Return a number with the decimal comma of Vietnamese."""
    return number.replace(".", ",")


def _file_system(path: Path) -> str:
    """Return the type of the file system that holds `path`, as Linux names it; else nothing."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return ""
    found = [line.split()[1:3] for line in mounts.read_text().splitlines()]
    inside = [(len(at), kind) for at, kind in found if path.resolve().is_relative_to(at)]
    return max(inside)[1] if inside else ""


def _address(settings: Settings) -> dict[str, Any] | None:
    """Return how to reach the database, None where the embedded one does not run."""
    if settings.database_url:
        return {"conninfo": settings.database_url.replace("postgresql+psycopg", "postgresql", 1)}
    place = find_place(settings.data)
    waiting = place and place.directory / "socket"
    if not waiting or not (waiting / ".s.PGSQL.5432").exists():
        return None
    password = (settings.data / "postgres.password").read_text().strip()
    return {"host": str(waiting), "user": NAME, "password": password, "dbname": NAME}


def _database(settings: Settings, expected_revision: str | None) -> Iterator[Finding]:
    address = _address(settings)
    if not settings.database_url:
        found = programs(account())
        yield Finding("postgres", Level.OK, f"bản đi kèm: {found}", f"embedded: {found}")
    if address is None:
        yield Finding("database", Level.OK, "chưa khởi động", "not started")
        return
    try:
        with psycopg.connect(**address, connect_timeout=5, autocommit=True) as connection:
            yield from _connected(connection, expected_revision)
    except psycopg.OperationalError as error:
        yield Finding(
            "database",
            Level.PROBLEM,
            f"không kết nối được: {error}".strip(),
            f"cannot be reached: {error}".strip(),
        )


def _connected(
    connection: "psycopg.Connection[Any]", expected_revision: str | None
) -> Iterator[Finding]:
    version = connection.info.server_version // 10000
    level = Level.OK if version >= 15 else Level.PROBLEM
    yield Finding("database", level, f"PostgreSQL {version} (cần ≥ 15)", f"PostgreSQL {version}")
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        if connection.execute("SELECT current_setting(%s)", [name]).fetchone() == ("off",):
            yield Finding(
                "database",
                Level.PROBLEM,
                f"{name} = off: dữ liệu có thể mất khi mất điện; đặt lại on",
                f"{name} = off: writes may be lost with the power; set it on",
            )
    row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    skew = abs(datetime.now(UTC).timestamp() - row[0]) if row else 0.0
    yield Finding(
        "clock",
        Level.OK if skew <= LARGEST_SKEW else Level.PROBLEM,
        f"lệch {_vi(f'{skew:.1f}')} giây so với máy chủ cơ sở dữ liệu",
        f"{skew:.1f} s away from the database server",
    )
    if _has(connection, "alembic_version"):
        met = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        current = met[0] if met else "-"
        right = expected_revision in {None, current}
        yield Finding(
            "migrations",
            Level.OK if right else Level.PROBLEM,
            f"{current}" if right else f"{current}, cần {expected_revision}: chạy congvan migrate",
            f"{current}" if right else f"{current}, not {expected_revision}: run congvan migrate",
        )
    if _has(connection, "incident"):
        row = connection.execute("SELECT count(*) FROM incident WHERE closed_at IS NULL").fetchone()
        count = row[0] if row else 0
        yield Finding(
            "jobs",
            Level.NOTE if count else Level.OK,
            f"{count} sự cố đang chờ người vận hành xử lý",
            f"{count} incidents wait for an operator",
        )


def _has(connection: "psycopg.Connection[Any]", table: str) -> bool:
    return connection.execute("SELECT to_regclass(%s)", [table]).fetchone() != (None,)


def _forgotten_places() -> Iterator[Finding]:
    """Name clusters whose data directory is gone: they keep documents and disk space."""
    for parent in MADE_IN:
        for note in parent.glob("congvan-*/made-for"):
            data = Path(note.read_text().strip())
            if os.access(data.parent, os.X_OK) and not data.exists():
                yield Finding(
                    "place",
                    Level.NOTE,
                    f"{note.parent} là cơ sở dữ liệu của {data}, nay không còn; xóa nếu không cần",
                    f"{note.parent} belonged to {data}, which is gone; remove it if unneeded",
                )


def _clock() -> Iterator[Finding]:
    said = _said("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if said is None:
        yield Finding(
            "clock",
            Level.NOTE,
            "không rõ đồng hồ có được đồng bộ (NTP) hay không",
            "it is not known whether the clock is synchronised (NTP)",
        )
    else:
        right = said.strip() == "yes"
        yield Finding(
            "clock",
            Level.OK if right else Level.PROBLEM,
            "đã đồng bộ" if right else "chưa đồng bộ: chữ ký số cần giờ đúng; bật NTP",
            "synchronised" if right else "not synchronised: signatures need true time; enable NTP",
        )


def _trust(settings: Settings) -> Trust:
    """Return the list in force: the newest version, or before the first what the folder says."""
    address = _address(settings)
    if address is not None:
        with psycopg.connect(**address, connect_timeout=5, autocommit=True) as connection:
            if _has(connection, "trust_version"):
                newest = "SELECT rules -> 'trust' FROM trust_version ORDER BY number DESC LIMIT 1"
                row = connection.execute(newest).fetchone()
                if row:
                    return Trust.from_data(row[0])
    return load_trust(settings.data / "signing" / "trust")


def _timestamps(settings: Settings) -> Iterator[Finding]:
    client = timestamps_of(settings, lambda: _trust(settings))
    if client is None:
        yield Finding(
            "timestamps",
            Level.NOTE,
            "chưa đặt CONGVAN_TSA_URLS: chữ ký không chứng minh được thời điểm, không lưu lâu dài",
            "CONGVAN_TSA_URLS is not set: signatures prove no time and are not kept provable",
        )
        return
    for url, found in client.probe().items():
        if isinstance(found, SigningError):
            yield Finding("timestamps", Level.PROBLEM, found.text("vi"), found.text("en"))
            continue
        ahead, until = found.ahead.total_seconds(), f"{found.valid_until:%Y-%m-%d}"
        yield Finding(
            "timestamps",
            Level.OK,
            f"{url}: {found.authority}, chứng thư số đến {found.valid_until:%d/%m/%Y}, "
            f"lệch giờ {ahead:+.0f} giây",
            f"{url}: {found.authority}, certificate until {until}, clocks differ by {ahead:+.0f} s",
        )


def _axis_key(settings: Settings) -> Iterator[Finding]:
    def check(key: KeyStore, at: datetime) -> None:
        trust = _trust(settings)
        check_certificate(
            key.certificate(), key.chain(), trust=trust, revocation=Revocation(), at=at
        )

    return look_at_axis_key(settings, check, datetime.now(UTC))


#: name of the finding, programs that will do, Debian package, what it is for
PROGRAMS = (
    ("libreoffice", ("soffice", "libreoffice"), "libreoffice-writer",
     ("chuyển dự thảo Word sang PDF", "turns drafts of Word into PDF")),
    ("tesseract", ("tesseract",), "tesseract-ocr tesseract-ocr-vie",
     ("nhận dạng chữ trong bản quét", "reads the text of scans")),
    ("chromium", ("chromium", "chromium-browser", "google-chrome"), "chromium",
     ("chỉ cần cho make test", "only make test needs it")),
)  # fmt: skip


def _program(program: tuple[str, tuple[str, ...], str, tuple[str, str]]) -> Iterator[Finding]:
    name, commands, package, (vi, en) = program
    found = next(filter(None, map(shutil.which, commands)), None)
    if found:
        yield Finding(name, Level.OK, found, found)
    else:
        yield Finding(
            name,
            Level.NOTE,
            f"chưa cài ({vi}); trên Debian chạy: apt install {package}",
            f"not installed ({en}); Debian: apt install {package}",
        )
    if name == "tesseract" and found and "vie" not in (_said(found, "--list-langs") or "").split():
        yield Finding(
            name,
            Level.NOTE,
            "thiếu tiếng Việt; trên Debian chạy: apt install tesseract-ocr-vie",
            "Vietnamese is missing; Debian: apt install tesseract-ocr-vie",
        )


def _softhsm() -> Iterator[Finding]:
    found = next(filter(os.path.exists, SOFTHSM), None)
    yield (
        Finding("softhsm", Level.OK, found, found)
        if found
        else Finding(
            "softhsm",
            Level.NOTE,
            "chưa cài (chỉ cần cho make test); trên Debian chạy: apt install softhsm2",
            "not installed (only make test needs it); Debian: apt install softhsm2",
        )
    )


def _fonts() -> Iterator[Finding]:
    said = _said("fc-list", ":lang=vi", "family")
    count = len(set(said.splitlines())) if said else 0
    yield Finding(
        "fonts",
        Level.OK if count else Level.NOTE,
        f"{count} phông chữ hệ thống có tiếng Việt" + ("" if count else "; cần khi đổi DOCX → PDF"),
        f"{count} system fonts with Vietnamese" + ("" if count else "; needed for DOCX → PDF"),
    )


def _said(*command: str) -> str | None:
    """Return what a program prints, or None when it is missing or fails."""
    found = shutil.which(command[0])
    if found is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands
            [found, *command[1:]], check=True, capture_output=True, text=True, timeout=10
        )
    except (subprocess.SubprocessError, OSError):
        return None
    return done.stdout
