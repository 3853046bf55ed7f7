"""The ground of the story: seeded once a run, copied for each module in a fraction of a second.

The fixtures live here; other folders lend themselves `story` and say the same two lines.
"""

import shutil
import sys
from collections.abc import Iterator
from importlib import util
from pathlib import Path

import pytest

from office.postgres import Cluster


def _lend(name: str) -> None:
    """Make a module of this folder importable: in importlib mode pytest leaves `sys.path` alone."""
    if name in sys.modules:
        return
    spec = util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


_lend("story")

from story import Seeded, Story, make_seeded, open_story  # noqa: E402 - lent just above


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
