"""`docs/conformance.md` is what the tests of the elements give, nothing written by hand."""

import subprocess
import sys

import house_files
import pytest

PAGE = house_files.ROOT / "docs" / "conformance.md"


@pytest.fixture(scope="module")
def made() -> str:
    done = subprocess.run(
        [sys.executable, str(house_files.ROOT / "tools" / "conformance.py"), "-"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout


def test_the_table_is_what_the_tests_give(made: str):
    assert PAGE.read_text("utf-8") == made, "run `python tools/conformance.py`"


def test_every_kind_the_linter_refuses_stands_in_the_table(made: str):
    from engine.lint import _REFUSED

    for english in {english.split()[0].lower() for _, english in _REFUSED.values()}:
        assert any(english in line.lower() and "| no:" in line for line in made.splitlines()), (
            english
        )
