"""Faults (sự cố): the same ground as `tests/processes`, and a process that dies on request."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from dying import Dying
from dying import dying_in as lend_dying
from story import Seeded, Story, make_seeded, open_story

from office.postgres import Cluster


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
        administrator.execute("ALTER SYSTEM RESET ALL")  # here it keeps what it acknowledged
        administrator.execute("ALTER SYSTEM SET max_connections = 150")
    cluster.stop()
    cluster.start()
    return cluster


@pytest.fixture(scope="session")
def seeded(cluster: Cluster, template: str) -> Iterator[Seeded]:
    """The demonstration, migrated and seeded; copied, never used."""
    made = make_seeded(cluster, template)
    yield made
    shutil.rmtree(made.data)


@pytest.fixture(scope="module")
def story_office(seeded: Seeded) -> Iterator[Story]:
    """A seeded installation of this module's own with its axis listening."""
    with open_story(seeded) as story:
        yield story


@pytest.fixture(scope="session")
def dying_in() -> Callable[[Story], AbstractContextManager[Dying]]:
    """Return what lends the dying process of an installation."""
    return lend_dying


@pytest.fixture(scope="module")
def dying(story_office: Story) -> Iterator[Dying]:
    """The dying process of this module's installation."""
    with lend_dying(story_office) as made:
        yield made
