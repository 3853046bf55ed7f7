"""What the guide of operation tells to type works: an external server, and a restore to another."""

import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from engine.database import Database
from office import settings, start, verification
from office.place import account, programs
from office.postgres import Cluster
from office.settings import Settings
from records import seal
from records.document_type import DocumentType
from records.seal import EpochEnded

DOCS = Path(__file__).parents[2] / "docs"
GUIDES = [(DOCS / f"operations.{language}.md").read_text("utf-8") for language in ("vi", "en")]
#: the guide's names, where the servers of the tests have the role `congvan` already
OWNER, PASSWORD = "chu_so_huu", "mat-khau"
AGENCY = {"name": "Sở Nội vụ", "code": "H55.99", "symbol": "SNV", "place": "Huế", "admin": "An"}


def told(pattern: str) -> list[str]:
    """What the guides say to type, in our names; both say the same."""
    vi, en = (re.findall(pattern, guide, re.MULTILINE) for guide in GUIDES)
    assert vi == en
    assert vi
    return [re.sub(r"\bcongvan\b(?!\.)", OWNER, text).replace("…", PASSWORD) for text in vi]


class Server:
    """A PostgreSQL of somebody else's: nothing of ours is on it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def type(self, statements: list[str]) -> None:
        with self.cluster.connect() as administrator:
            for statement in statements:
                administrator.execute(statement)

    def url(self, user: str = OWNER, password: str = PASSWORD) -> str:
        host = self.cluster.url(OWNER).partition("?")[2]
        return f"postgresql://{user}:{password}@/{OWNER}?{host}"

    def run(self, command: str, dump: Path, url: str) -> None:
        program, *words = shlex.split(command)
        places = {"$DATABASE_URL": url, "congvan.dump": str(dump)}
        given = [re.sub(r"\$DATABASE_URL|congvan\.dump", lambda m: places[m[0]], w) for w in words]
        subprocess.run([programs(account()) / program, *given], check=True, capture_output=True)


@pytest.fixture
def server() -> Iterator[Callable[[], Server]]:
    """Return what starts a server that is set up as the guide says."""
    made: list[Cluster] = []

    def start_server() -> Server:
        data = Path(tempfile.mkdtemp(prefix="congvan-tests-"))
        data.chmod(0o711)
        cluster = Cluster(data, say=lambda _: None)
        made.append(cluster)
        cluster.start()
        set_up = Server(cluster)
        set_up.type(told(r"^(CREATE (?:ROLE|DATABASE) .*;)$"))
        return set_up

    yield start_server
    for cluster in made:
        cluster.stop()
        shutil.rmtree(cluster.data)


def installed(server: Server, data: Path) -> Settings:
    url = server.url().replace("postgresql://", "postgresql+psycopg://")
    return replace(settings.load(), data=data, database_url=url)


def kinds(known: Settings) -> int:
    database = Database(known.database_url)
    try:
        with database.transaction() as tx:
            return tx.execute(f"SELECT count(*) FROM {DocumentType.__tablename__}").fetchone()[0]
    finally:
        database.dispose()


def seal_journal(known: Settings, call=seal.seal, **role: None) -> None:
    database = Database(known.database_url, **role)
    try:
        with database.transaction() as tx:
            call(tx)
    finally:
        database.dispose()


def test_an_external_server_takes_us_and_its_dump_lives_on_another(server, tmp_path):
    first = server()
    here = installed(first, tmp_path / "here")
    start.check_database(here)
    start.found_agency(here, **AGENCY)
    seal_journal(here)
    dump = tmp_path / "congvan.dump"
    [backup] = told(r"^(pg_dump .*)$")
    superuser = first.url("congvan", first.cluster.password)
    with pytest.raises(subprocess.CalledProcessError):  # row-level security binds the owner too
        first.run(backup, dump, first.url())
    first.run(backup, dump, superuser)

    second = server()
    there = installed(second, tmp_path / "there")
    second.type(told(r"^psql -c '(.*)'$"))
    [restore] = told(r"^(pg_restore .*)$")
    second.run(restore, dump, second.url())
    assert kinds(there) == kinds(here) > 0
    with pytest.raises(EpochEnded):
        seal_journal(there)
    seal_journal(there, seal.begin_epoch, role=None)  # congvan begin-epoch
    seal_journal(there)
    lines, sound = verification.verify_records(there)
    assert sound, lines
    start.upgrade(there)
    # The control: without its last line the restored database lets nobody in.
    second.type([f"REVOKE congvan_app FROM {OWNER}"])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        kinds(there)
