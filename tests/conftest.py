"""What all tests share: a real PostgreSQL, closed sockets, a repeatable search for examples.

`database_url` names a fresh copy of the migrated template for each test module, `database` opens
it, `tx` is one transaction that is always rolled back.
"""

import contextlib
import ipaddress
import os
import shutil
import socket
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psycopg
import pytest
from argon2 import PasswordHasher
from psycopg import sql

from engine.database import Database, Transaction
from office import migrate
from office.postgres import Cluster
from records import password

#: `HYPOTHESIS_SEED=n` looks elsewhere; a failure prints how to repeat it
SEED = os.environ.get("HYPOTHESIS_SEED", "188")
STRICT = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
TEMPLATE = "congvan_template"

hypothesis.settings.register_profile(
    "house", deadline=None, print_blob=True, database=None, max_examples=100
)
hypothesis.settings.load_profile("house")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "faults: kills real processes for a while (make faults)")
    if config.getoption("hypothesis_seed", None) is None:
        config.option.hypothesis_seed = SEED


#: what takes minutes begins first, so that no worker is left alone with it at the end
LONGEST = ("e2e", "office", "web")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        room = item.path.relative_to(here).parts[0] if item.path.is_relative_to(here) else ""
        return LONGEST.index(room) if room in LONGEST else len(LONGEST)

    items.sort(key=place)


def pytest_report_header(config: pytest.Config) -> str:
    return f"hypothesis seed: {config.option.hypothesis_seed} (HYPOTHESIS_SEED=… for another)"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """With CI=true a browser, token, program or host that is missing is a failure, not a skip."""
    report = yield
    needed = [m for m in ("browser", "token", "openssl", "hosts") if item.get_closest_marker(m)]
    if STRICT and needed and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"CI=true: a {needed[0]} test may not be skipped: {report.longrepr}"
    return report


# -- the network ----------------------------------------------------------------------------------


def _is_here(address: object) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket
    host = str(address[0])
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Outside(ConnectionRefusedError):
    """A test tried to leave this machine."""


@pytest.fixture(scope="session", autouse=True)
def closed_network() -> Iterator[None]:
    """Refuse every connection of Python's that is not to this machine."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded(call):
        def checked(self: socket.socket, address: object):
            if not _is_here(address):
                raise Outside(f"connection to {address} from a test")
            return call(self, address)

        return checked

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded(connect))
        patch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
        yield


# -- passwords ------------------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def product_hasher() -> Iterator[PasswordHasher]:
    """The product's own hasher; tests log in a thousand times, a quarter of a second each."""
    with pytest.MonkeyPatch.context() as patch:
        own = password.HASHER
        quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(password, "HASHER", quick)
        yield own


# -- the database ---------------------------------------------------------------------------------


def make_careful(server: Cluster, *, careful: bool) -> None:
    """Have the server wait for the disk, or acknowledge at once: few tests outlive a power cut.

    To copy and drop a database takes a second with care and a tenth of it without.
    """
    wanted = "on" if careful else "off"
    with server.connect() as administrator:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            administrator.execute(f"ALTER SYSTEM SET {name} = {wanted}")
        administrator.execute("SELECT pg_reload_conf()")
        until = time.monotonic() + 30
        while administrator.execute("SHOW fsync").fetchone() != (wanted,):
            assert time.monotonic() < until, "the server does not read its settings"
            time.sleep(0.01)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One embedded PostgreSQL a test process: it dies with its main thread, which started it."""
    assert threading.current_thread() is threading.main_thread()
    data = Path(tempfile.mkdtemp(prefix="congvan-tests-"))
    data.chmod(0o711)  # under root the server runs as nobody
    server = Cluster(data)
    try:
        server.start()
        make_careful(server, careful=False)
        yield server
    finally:
        server.stop()
        shutil.rmtree(data)


@pytest.fixture
def careful_cluster(cluster: Cluster) -> Iterator[Cluster]:
    """The server of all tests, set up for one test as in the product."""
    make_careful(cluster, careful=True)
    yield cluster
    make_careful(cluster, careful=False)


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """The name of a migrated database that is copied, never used."""
    with cluster.connect() as administrator:
        administrator.execute(f"CREATE DATABASE {TEMPLATE}")
    migrate.upgrade(cluster.url(TEMPLATE))
    return TEMPLATE


def copy_template(cluster: Cluster, template: str) -> Iterator[str]:
    """Lend the address of a fresh copy of the template."""
    name = f"t_{uuid.uuid4().hex}"
    with cluster.connect() as administrator:
        administrator.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    yield cluster.url(name)
    with cluster.connect() as administrator:
        administrator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def database_url(cluster: Cluster, template: str) -> Iterator[str]:
    """The address of a database of this module's own."""
    yield from copy_template(cluster, template)


@pytest.fixture(scope="module")
def database(database_url: str) -> Iterator[Database]:
    """A database of this module's own: its tests see each other's committed rows."""
    opened = Database(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def fresh_database(cluster: Cluster, template: str) -> Iterator[Database]:
    """A database of this test's own (about 50 ms)."""
    for url in copy_template(cluster, template):
        opened = Database(url)
        yield opened
        opened.dispose()


class _Discard(Exception):
    pass


@pytest.fixture
def tx(database: Database) -> Iterator[Transaction]:
    """One open transaction of the system's that is rolled back after the test."""
    with contextlib.suppress(_Discard), database.transaction() as opened:
        yield opened
        raise _Discard


@pytest.fixture
def administrator(cluster: Cluster, database_url: str) -> Iterator["psycopg.Connection"]:
    """A superuser's autocommit connection to this module's database, past row-level security."""
    name = database_url.partition("@/")[2].partition("?")[0]
    with cluster.connect(name) as connection:
        yield connection
