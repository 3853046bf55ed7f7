"""The second line: what a signed revision shows and what is shown now, drawn and compared.

Nothing here asks what the rules about objects say; each attack would have to pass them first.
"""

import time

import pytest
from attacks import paper
from attacks.authority import Authority
from attacks.changes import CHANGES
from attacks.foreign_signer import sign
from attacks.incremental import ISA, LIE, update
from attacks.paper import CONTENT, PAGE, stream
from attacks.shadow import SHADOW

from signing.rendering import MOST_PAGES, Outcome, compare_renderings, compared
from signing.report import DocumentReport, Reason, Remark, Verdict
from tests.signing.timed_world import World

SECOND = (60, 100, 180, 160)
#: what these change is seen, whatever becomes of the rules
SEEN = """
page content replaced
page content added
page content emptied
page content null
page added
page doubled
page removed
page turned
page cropped
page resized
typeface replaced
typeface recoded
page content given twice
page size given twice
pages given twice
free text
highlight
stamp
square
redaction
file on the page
whole revision
revision by a stream
revision by a hybrid stream
two offsets, the signed one first
hide: overlay null
hide: overlay taken off the page
hide: overlay made invisible
hide: overlay emptied
hide: overlay of a field emptied
hide: image emptied
hide: layer switched
hide: layer forgotten
replace: picture of a field
replace: value and picture of a field
replace: pictures to be drawn anew
replace: typeface of the page
replace: picture of a comment
hide and replace: content by a table
hide and replace: page by a table
hide and replace: typeface by a table
hide and replace: catalogue
hide and replace: pages
replace: content as a certificate
replace: content as metadata
replace: content as a table
replace: content as a pack
""".strip().splitlines()


@pytest.fixture(scope="module")
def authority(now):
    return Authority("CA gốc", now)


@pytest.fixture(scope="module")
def person(authority):
    return authority.admit()


@pytest.fixture(scope="module")
def agency(authority):
    return authority.admit("Cơ quan")


@pytest.fixture(scope="module")
def sign_twice(person, agency):
    def run(pdf, **how):
        return sign(sign(pdf, person, **how), agency, name="Hai", box=SECOND, **how)

    return run


@pytest.fixture(scope="module")
def signed(person):
    return sign(paper.plain(), person)


@pytest.fixture
def valid(now):
    return DocumentReport(Verdict.VALID, now, verdict_at_signing=Verdict.VALID)


def test_seal_over_signature_and_number_row_are_no_difference(issued, numbered, by_person):
    """Each revision of a document of ours, its number and its seal drawn over what was signed."""
    for pdf, drawn in ((issued, 1), (numbered, 1), (by_person, 0)):
        found = compare_renderings(pdf)
        assert (found.outcome, found.drawn, found.of) == (Outcome.SAME, drawn, 1)


def test_evidence_and_timestamps_are_no_difference(draft):
    found = compare_renderings(World(draft).level_lta())
    assert (found.outcome, found.drawn) == (Outcome.SAME, 1)


@pytest.mark.parametrize("name", paper.PRODUCERS)
def test_a_good_file_shows_the_same(name, sign_twice):
    found = compare_renderings(sign_twice(paper.PRODUCERS[name]()))
    assert found.outcome is Outcome.SAME, found
    assert found.drawn == found.of


@pytest.mark.parametrize("name", SEEN)
def test_what_is_shown_otherwise_is_seen(name, signed, person):
    if name in SHADOW:
        before = sign(SHADOW[name].prepared(), person)
        after = SHADOW[name].uncover(before)
    else:
        before, after = signed, (CHANGES | ISA)[name](signed)
    assert compare_renderings(before).outcome is Outcome.SAME
    assert compare_renderings(after).outcome is Outcome.DIFFERENT


def test_a_difference_makes_a_valid_file_invalid(signed, valid):
    """The verdict of the rules is taken as if they had passed it."""
    hostile = CHANGES["page content replaced"](signed)
    report = compared(valid, hostile)
    assert (report.verdict, report.reason) == (Verdict.INVALID, Reason.SHOWN_DIFFERENTLY)
    assert report.verdict_at_signing is Verdict.INVALID
    assert report.detail == "pages 1"
    assert "nội dung hiển thị khác bản đã ký" in report.summary()
    assert compared(valid, signed) == valid


def test_what_cannot_be_drawn_is_undetermined(signed, valid):
    loop = paper.write(
        paper.objects({2: b"<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 2 >>"}),
    )
    for broken in (b"", b"%PDF-1.7\n%%EOF\n", loop):
        report = compared(valid, broken)
        assert (report.verdict, report.reason) == (Verdict.UNDETERMINED, Reason.NOT_COMPARED)
        assert report.verdict_at_signing is Verdict.UNDETERMINED
        assert report.detail


def test_a_verdict_never_becomes_kinder(signed, now):
    for verdict, reason in (
        (Verdict.INVALID, Reason.CONTENT_CHANGED),
        (Verdict.UNDETERMINED, Reason.UNKNOWN_AUTHORITY),
        (Verdict.UNSIGNED, Reason.NO_SIGNATURE),
    ):
        bad = DocumentReport(verdict, now, reason)
        assert compared(bad, signed) == bad
    doubtful = DocumentReport(Verdict.UNDETERMINED, now, Reason.UNKNOWN_AUTHORITY)
    hostile = CHANGES["page content replaced"](signed)
    assert compared(doubtful, hostile).reason is Reason.SHOWN_DIFFERENTLY


@pytest.mark.parametrize("entries", [b"/Rotate 90", b"/Rotate 270", b"/CropBox [50 60 500 800]"])
def test_the_rectangle_of_a_signature_is_found_on_any_page(entries, sign_twice):
    turned = paper.write(paper.objects({PAGE: paper.page(entries)}))
    good = sign_twice(turned)
    assert compare_renderings(good).outcome is Outcome.SAME
    # the control: a mark beside the rectangle is seen
    beside = stream(paper.TEXT + b" 182 130 3 3 re f")
    assert compare_renderings(update(good, {CONTENT: beside})).outcome is Outcome.DIFFERENT


def test_an_earlier_signature_hides_nothing_later(sign_twice):
    """Only a rectangle that was signed in between is left out."""
    good = sign_twice(paper.plain())
    under = stream(paper.TEXT + b" 1 0 0 rg 310 150 60 5 re f")
    assert compare_renderings(update(good, {CONTENT: under})).outcome is Outcome.DIFFERENT


@pytest.mark.parametrize("change", [b"Chi 900 trieu", b"Chi 100.trieu"])
def test_one_letter_is_enough(change, signed):
    other = stream(paper.TEXT.replace(b"Chi 100 trieu", change))
    assert compare_renderings(update(signed, {CONTENT: other})).outcome is Outcome.DIFFERENT


def test_a_long_document_is_compared_where_it_was_touched(sign_twice, valid):
    many = 120
    good = sign_twice(paper.with_pages(many), page=many - 3)
    found = compare_renderings(good)
    assert (found.outcome, found.drawn, found.of) == (Outcome.SAME, MOST_PAGES, many)
    report = compared(valid, good)
    assert report.remarks == (Remark.PARTLY_COMPARED,)
    assert "trang" in report.text()
    assert report.is_valid
    last = 10 + many - 1
    hostile = update(good, {last: paper.page(content=40000), 40000: stream(LIE)})
    found = compare_renderings(hostile)
    assert (found.outcome, found.pages) == (Outcome.DIFFERENT, (many,))


def test_time_and_pixels_are_bounded(sign_twice):
    found = compare_renderings(sign_twice(paper.with_pages(30)), seconds=0)
    assert (found.drawn, found.of) == (1, 30)
    page = paper.page().replace(b"[0 0 595 842]", b"[0 0 14400 14400]")
    huge = sign_twice(paper.write(paper.objects({PAGE: page})))
    before = time.process_time()
    assert compare_renderings(huge).outcome is Outcome.SAME
    assert time.process_time() - before < 2
