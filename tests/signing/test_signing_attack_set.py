"""The attack set: nothing hostile is accepted, and every good file beside it is.

A set could pass by refusing everything, so each attack stands beside the file it was made from.
"""

import time
from functools import cache

import pytest
from attacks import paper, structure
from attacks.authority import Authority
from attacks.byte_range import USF
from attacks.changes import CHANGES
from attacks.cms import CMS, rewritten
from attacks.flips import flipped, regions
from attacks.foreign_signer import Twist, sign
from attacks.incremental import ISA
from attacks.permissions import ALLOWED, BROKEN
from attacks.shadow import SHADOW
from attacks.wrapping import SWA
from pyhanko.sign.fields import SigSeedSubFilter

from signing.policy import ValidationPolicy
from signing.rendering import compared
from signing.report import Verdict
from signing.sandbox import TIME_LIMIT
from signing.validation import validate_pdf

#: these circles every reader breaks off at the same place
HARMLESS = {"parents in a circle", "content that is itself"}
SECOND = (60, 100, 180, 160)


@pytest.fixture(scope="module")
def authority(now):
    return Authority("CA gốc", now)


@pytest.fixture(scope="module")
def person(authority):
    return authority.admit("Nguyễn Văn Ký")


@pytest.fixture(scope="module")
def agency(authority):
    return authority.admit("Cơ quan")


@pytest.fixture(scope="module")
def judge(authority, now):
    trust, revocation = authority.trust, authority.revocation

    def run(pdf):
        return validate_pdf(
            pdf, trust=trust, revocation=revocation, policy=ValidationPolicy(), at=now
        )

    return run


@pytest.fixture(scope="module")
def refuse(judge):
    def run(hostile, good=b""):
        assert hostile != good
        report = judge(hostile)
        assert report.verdict in {Verdict.INVALID, Verdict.UNDETERMINED}, report.text("en")
        assert report.reason
        return report

    return run


@pytest.fixture(scope="module")
def accept(judge):
    @cache
    def run(good):
        report = judge(good)
        assert report.verdict is Verdict.VALID, (report.text("en"), report.detail)

    return run


@pytest.fixture(scope="module")
def signed(person):
    return sign(paper.plain(), person)


@pytest.mark.parametrize("name", paper.PRODUCERS)
def test_a_good_file_is_accepted(name, person, agency, accept):
    once = sign(paper.PRODUCERS[name](), person)
    accept(once)
    accept(sign(once, agency, name="Hai", box=SECOND))


def test_a_good_signature_of_the_older_kind_is_accepted(person, accept):
    kind = SigSeedSubFilter.ADOBE_PKCS7_DETACHED
    accept(sign(paper.plain(), person, subfilter=kind, twist=Twist(ess=None)))


@pytest.mark.parametrize("name", USF | SWA | ISA | CHANGES)
def test_a_changed_file_is_refused(name, signed, refuse, accept):
    accept(signed)
    refuse((USF | SWA | ISA | CHANGES)[name](signed), signed)


@pytest.mark.parametrize("name", ISA)
def test_a_revision_behind_two_signatures_is_refused(name, signed, agency, refuse, accept):
    twice = sign(signed, agency, name="Hai", box=SECOND)
    accept(twice)
    refuse(ISA[name](twice), twice)


@pytest.mark.parametrize("name", SHADOW)
def test_a_shadow_is_refused(name, person, refuse, accept):
    prepared = sign(SHADOW[name].prepared(), person)
    accept(prepared)
    refuse(SHADOW[name].uncover(prepared), prepared)


def test_a_signature_written_anew_as_it_was_is_accepted(authority, accept):
    accept(rewritten(sign(paper.plain(), authority.admit()), lambda data: None))


@pytest.mark.parametrize("name", CMS)
def test_a_forged_signature_is_refused(name, authority, refuse):
    refuse(CMS[name](authority))


@pytest.mark.parametrize("name", ALLOWED)
def test_what_an_earlier_signature_allows_is_accepted(name, authority, accept):
    accept(ALLOWED[name](authority))


@pytest.mark.parametrize("name", BROKEN)
def test_what_an_earlier_signature_forbids_is_refused(name, authority, refuse):
    refuse(BROKEN[name](authority))


def test_one_bit_anywhere_is_refused(signed, refuse, accept):
    accept(signed)
    for number, (name, position) in enumerate(regions(signed).items()):
        for bit in (number % 7, 6):
            hostile = flipped(signed, position, bit)
            # a letter of a hexadecimal digit may change its case: the signature stays the same
            if hostile.lower() != signed.lower():
                assert refuse(hostile).reason, name


@pytest.mark.parametrize("name", structure.BROKEN)
def test_a_revision_that_does_not_hold_together_is_refused(name, signed, refuse, accept):
    accept(signed)
    before = time.process_time()
    refuse(structure.BROKEN[name](signed), signed)
    assert time.process_time() - before < 2


def test_a_stranger_over_the_page_is_not_accepted(signed, authority, refuse):
    """The first signature holds; the document is as good as its worst."""
    stranger = Authority("CA lạ", authority.start).admit("Người lạ")
    picture = b"1 1 1 rg 0 0 400 60 re f"
    overlaid = sign(signed, stranger, name="Hai", box=(60, 680, 460, 740), drawing=picture)
    report = refuse(overlaid, signed)
    assert [one.verdict for one in report.signatures] == [Verdict.VALID, Verdict.UNDETERMINED]


def test_fifty_one_signatures_are_each_checked(authority, person, judge, accept, refuse):
    """Within the limits of the product, whether all is well or the last revision is not."""
    many = paper.plain()
    for number in range(51):
        many = sign(many, person, name=f"Chu ky {number}", box=None, reserved=2500)
    before = time.process_time()
    accept(many)
    assert len(refuse(ISA["whole revision"](many), many).signatures) == 51
    assert time.process_time() - before < TIME_LIMIT


@pytest.mark.parametrize("name", structure.CIRCLES)
def test_a_file_that_goes_in_circles_is_told_soon(name, person, judge):
    signed = sign(structure.CIRCLES[name](), person)
    before = time.process_time()
    report = compared(judge(signed), signed)
    assert time.process_time() - before < 2
    # two readers agree on the page, or it is not accepted
    assert report.verdict is not Verdict.VALID or name in HARMLESS, report.text("en")
