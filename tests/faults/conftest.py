"""Faults (sự cố): the same ground as `tests/processes`, and a process that dies on request."""

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import util
from pathlib import Path

import pytest

from office.postgres import Cluster

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def _lend(name: str, path: Path) -> None:
    """Make a module of the tests importable: in importlib mode pytest leaves `sys.path` alone."""
    if name in sys.modules:
        return
    spec = util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


_lend("story", HERE.parent / "processes" / "story.py")
_lend("single_statements", HERE.parent / "engine" / "single_statements.py")
_lend("dying_office", HERE / "dying_office.py")

from dying_office import Request  # noqa: E402 - lent just above
from story import Seeded, Story, make_seeded, open_story  # noqa: E402


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
        self.process = subprocess.Popen(
            [sys.executable, HERE / "dying_office.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": ":".join(reversed([p for p in paths if p]))},
        )
        self._tell(story.office.settings)

    def ask(self, request: Request) -> str:
        self._tell(request)
        return pickle.load(self.process.stdout)

    def _tell(self, what: object) -> None:
        pickle.dump(what, self.process.stdin)
        self.process.stdin.flush()

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def dying(story_office: Story) -> Iterator[Dying]:
    made = Dying(story_office)
    yield made
    made.close()
