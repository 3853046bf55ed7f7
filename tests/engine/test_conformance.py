"""Every element of `conformance`: it runs to its end, saved and loaded at every step, or is refused.

`docs/conformance.md` is generated from the same rows (`tests/house/test_conformance_table.py`).
"""

import pytest
from conformance import ROWS, Row
from token_runs import Run

from engine import definition

RUN = [row for row in ROWS if not row.refused]
REFUSED = [row for row in ROWS if row.refused]


@pytest.mark.parametrize("row", RUN, ids=lambda row: row.name)
def test_element_runs_to_its_end(row: Row) -> None:
    run = Run(row.xml, **row.variables)
    assert " ".join(run.at) == row.first
    for act, opened in row.then:
        assert not run.done
        act(run)
        assert " ".join(run.at) == opened
    assert run.done
    assert (run.open, run.waiting, run.step.standing) == ({}, {}, [])


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.name)
def test_element_is_refused_with_what_to_do(row: Row) -> None:
    found = definition.prepare(row.xml)
    assert found.has_errors
    assert found.specs == b""
    finding = next(f for f in found.findings if f.code == row.refused)
    assert finding.is_error
    assert finding.vi
    assert finding.en


def test_names_are_unique() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
