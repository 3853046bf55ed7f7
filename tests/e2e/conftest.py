"""Installations for the story: one that brings everything itself, one on external services."""

from collections.abc import Iterator

import pytest
from installation import Installation, Services, installed, services
from narrative import PASSWORD


@pytest.fixture(scope="module")
def external() -> Iterator[Services]:
    """An external PostgreSQL and an external broker of this module's own."""
    with services() as running:
        yield running


@pytest.fixture(scope="module", params=["embedded", "external"])
def house(request: pytest.FixtureRequest) -> Iterator[Installation]:
    """A running `congvan run` with the demonstration, on each of the two grounds."""
    outside = request.getfixturevalue("external") if request.param == "external" else None
    with installed(PASSWORD, outside.environment if outside else None) as running:
        yield running
