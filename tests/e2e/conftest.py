"""Installations for the story: one that brings everything itself, one on external services."""

import sys
from collections.abc import Iterator
from importlib import util
from pathlib import Path

import pytest


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


for lent in ("installation", "narrative", "official", "program"):
    _lend(lent)

from installation import Installation, Services, installed, services  # noqa: E402 - just lent
from narrative import PASSWORD  # noqa: E402


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
