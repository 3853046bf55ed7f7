"""The ground of the story: seeded once a run, copied for each module in a fraction of a second.

The fixtures live here; other folders lend themselves `story` and say the same two lines.
"""

import shutil
from collections.abc import Iterator

import pytest
from story import Seeded, Story, make_seeded, open_story

from office.postgres import Cluster


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
