"""Faults (sự cố): the same ground as `tests/processes`, and a process that dies on request."""

import os
import pickle
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg
import pytest
from dying_office import NAME, Crowd, Request
from story import Seeded, Story, make_seeded, open_story

from office.postgres import Cluster

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(scope="session")
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return what writes a line on the terminal: what was drawn, and what became of it."""
    plugins = request.config.pluginmanager
    reporter, capture = plugins.get_plugin("terminalreporter"), plugins.get_plugin("capturemanager")

    def write(line: str) -> None:
        if reporter is not None:  # a process of xdist has none
            with capture.global_and_fixture_disabled():
                reporter.ensure_newline()
                reporter.write_line(line)

    return write


@pytest.fixture(scope="session")
def seed(tell: Callable[[str], None]) -> int:
    """What the moments of death are drawn from; `FAULTS_SEED=n` draws others."""
    chosen = int(os.environ.get("FAULTS_SEED", "188"))
    tell(f"FAULTS_SEED={chosen}")
    return chosen


@pytest.fixture(scope="session")
def cluster(cluster: Cluster) -> Cluster:
    """The server of all tests, which here is killed, and takes a hundred officers at once."""
    with cluster.connect() as administrator:
        administrator.execute("ALTER SYSTEM SET max_connections = 150")
    cluster.stop()
    cluster.start()
    return cluster


@pytest.fixture(scope="session")
def seeded(cluster: Cluster, template: str) -> Iterator[Seeded]:
    """The demonstration, migrated and seeded; copied, never used (`template` makes the role)."""
    made = make_seeded(cluster)
    yield made
    shutil.rmtree(made.data)


@pytest.fixture(scope="module")
def story_office(seeded: Seeded) -> Iterator[Story]:
    """A seeded installation of this module's own with its axis listening."""
    with open_story(seeded) as story:
        yield story


class Dying:
    """Asks the dying process to do something and die on the way."""

    def __init__(self, story: Story) -> None:
        paths = [
            str(ROOT),
            str(HERE.parent / "engine"),
            *os.environ.get("PYTHONPATH", "").split(":"),
        ]
        self.url = story.office.settings.database_url.replace("+psycopg", "")
        self.process = subprocess.Popen(
            [sys.executable, HERE / "dying_office.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": ":".join(reversed([p for p in paths if p]))},
        )
        self._tell(story.office.settings)

    def ask(self, request: Request | Crowd) -> str | list[str]:
        """Return how it ended, or how each of a crowd did, once the server knows it too.

        Its locks are held until then.
        """
        self._tell(request)
        answer = pickle.load(self.process.stdout)
        living = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
        with psycopg.connect(self.url, autocommit=True) as connection:
            until = time.monotonic() + 60
            while connection.execute(living, [NAME]).fetchone() != (0,):
                assert time.monotonic() < until, "the server still serves a dead office"
                time.sleep(0.005)
        return answer

    def _tell(self, what: object) -> None:
        pickle.dump(what, self.process.stdin)
        self.process.stdin.flush()

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


@contextmanager
def _dying_in(story: Story) -> Iterator[Dying]:
    made = Dying(story)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def dying_in() -> Callable[[Story], AbstractContextManager[Dying]]:
    """Return what lends the dying process of an installation."""
    return _dying_in


@pytest.fixture(scope="module")
def dying(story_office: Story) -> Iterator[Dying]:
    """The dying process of this module's installation."""
    with _dying_in(story_office) as made:
        yield made
