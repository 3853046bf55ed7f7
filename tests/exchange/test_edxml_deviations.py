"""Each deviation gets its own code, in words, and the code stands in the table of the documents."""

import re
from pathlib import Path

import pytest
from deviations import CODES, GOOD, GOOD_STATUS, NOTED, READINGS, WRITINGS, Reading, Writing, table
from sample_messages import DOCUMENT, STATUS

from exchange.edxml import read, write, write_status
from exchange.findings import Finding

PAGE = Path(__file__).parents[2] / "docs" / "edxml.md"


def speaks(finding: Finding) -> None:
    """Vietnamese names the element as officials do, English as the wire; neither speaks the other."""
    last = finding.code.rpartition(".")[2]
    assert last not in finding.vi or last in {"edXML", "subject"}
    assert finding.vi.endswith(".")
    assert finding.en.endswith(".")
    quoted = re.sub(r"'[^']*'|: .*/", "", finding.en)
    assert quoted.isascii() or finding.code == "M.ResponseFor.OrganId", quoted


@pytest.mark.parametrize("case", READINGS, ids=lambda case: case.code)
def test_a_message_that_deviates(case: Reading):
    outcome, finding = case.found()[case.code]
    assert outcome == case.outcome
    speaks(finding)


@pytest.mark.parametrize("case", WRITINGS, ids=lambda case: case.code)
def test_a_message_that_may_not_be_sent(case: Writing):
    ((code, finding),) = case.found().items()
    assert code == case.code
    speaks(finding)


def test_what_all_this_is_compared_with_is_good():
    for text in (DOCUMENT, STATUS):
        assert read(text.encode()).original.remarks == ()
    assert read(write(GOOD)).original.remarks == ()
    assert read(write_status(GOOD_STATUS)).original.remarks == ()


def test_what_is_noted_changes_nothing_else():
    """A deviation that is tolerated loses no more than what deviates: files and parties stay."""
    for case in READINGS:
        if case.outcome == NOTED and case.base is DOCUMENT:
            message = read(case.change(DOCUMENT).encode())
            assert (message.subject, message.sender.organ_id) == (
                read(DOCUMENT.encode()).subject,
                "H55.07",
            )


def test_each_code_is_made_once_in_each_direction():
    for cases in (READINGS, WRITINGS):
        names = [case.code for case in cases]
        assert len(names) == len(set(names))


def test_the_table_of_the_documents_names_each_code_once_with_its_words():
    page = PAGE.read_text("utf-8")
    assert table() in page, "run `python tools/edxml_codes.py`"
    assert re.findall(r"^\| `([NRMT]\.[^`]+)`", page, re.MULTILINE) == CODES
