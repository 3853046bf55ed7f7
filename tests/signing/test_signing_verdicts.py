"""Two verdicts: at the time a timestamp proves, and now. Years pass by an injected clock."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from signing.policy import ExpectedSigner, ValidationPolicy
from signing.report import (
    DocumentReport,
    Level,
    Modification,
    Reason,
    Remark,
    RevocationSource,
    Verdict,
)
from signing.role import SignRole
from signing.testing.authority import DAY, YEAR, Authority, Holder, Terms, Use
from tests.signing.timed_world import HOUR, START, World

VALID = (Verdict.VALID, Reason.NONE)
UNLISTED = (Verdict.UNDETERMINED, Reason.REVOCATION_UNKNOWN)
REVOKED = (Verdict.INVALID, Reason.REVOKED)
OUT_OF_TERM = (Verdict.INVALID, Reason.SIGNED_OUT_OF_TERM)
TERM_NOT_PROVEN = (Verdict.UNDETERMINED, Reason.TERM_NOT_PROVEN)
UNKNOWN = (Verdict.UNDETERMINED, Reason.UNKNOWN_AUTHORITY)
BROKEN = (Verdict.INVALID, Reason.HASH_FAILURE)
#: three years on, the signer's certificate is out of term for two
LATER = START + 3 * YEAR


@pytest.fixture
def world(draft) -> World:
    return World(draft)


def told(report: DocumentReport) -> tuple[tuple[Verdict, Reason], tuple[Verdict, Reason]]:
    """Return the verdicts at the proven time and now, of a document with one signature."""
    (one,) = report.signatures
    at_signing, now = (one.verdict_at_signing, one.reason_at_signing), (one.verdict, one.reason)
    assert now == (report.verdict, report.reason)
    assert at_signing == (report.verdict_at_signing, report.reason_at_signing)
    return at_signing, now


# -- fresh ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stamped", [False, True], ids="BT")
def test_without_lists_nothing_is_concluded(world, stamped):
    assert told(world.check(world.sign(stamped=stamped))) == (UNLISTED, UNLISTED)


@pytest.mark.parametrize("stamped", [False, True], ids="BT")
def test_with_lists_of_the_day_it_is_valid(world, stamped):
    report = world.check(world.sign(stamped=stamped), world.lists())
    assert told(report) == (VALID, VALID)
    (one,) = report.signatures
    assert one.level is (Level.T if stamped else Level.B)
    assert one.proven_at == (START if stamped else None)
    assert one.proven_by == ("TSA" if stamped else "")
    assert one.revocation.source is RevocationSource.CRL
    assert not one.revocation.is_embedded
    assert one.remarks == ()


@pytest.mark.parametrize("make", [World.level_lt, World.level_lta])
def test_what_carries_its_lists_is_valid_without_any_at_hand(world, make):
    report = world.check(make(world))
    assert told(report) == (VALID, VALID)
    (one,) = report.signatures
    assert one.level is (Level.LT if make is World.level_lt else Level.LTA)
    assert one.revocation.is_embedded
    assert one.revocation.this_update == START + HOUR
    assert one.timestamps[0].authority == "TSA"
    assert one.timestamps[0].valid_until == START + 5 * YEAR
    assert len(report.timestamps) == (make is World.level_lta)


def test_an_answer_of_a_responder_does_as_well(world):
    signed = world.level_t()
    stored = world.stored(signed, world.lists(life=YEAR)[:1], [world.answer(world.signer)])
    report = world.check(stored, world.lists(world.stamping))
    assert told(report) == (VALID, VALID)
    assert report.signatures[0].revocation.source is RevocationSource.OCSP
    world.at += DAY
    # the answer is stale by now: its time is proven, today is not
    assert told(world.check(stored, world.lists(world.stamping))) == (VALID, UNLISTED)


def test_an_answer_that_says_withdrawn_counts_beside_a_list(world):
    world.at += HOUR
    lists = world.lists()
    world.withdrawn[world.signer] = START
    stored = world.stored(world.sign(), [], [world.answer(world.signer)])
    assert told(world.check(stored, lists)) == (REVOKED, REVOKED)


def test_what_a_signature_carries_itself_counts(world):
    signed = world.sign(stamped=True, carried=world.lists())
    report = world.check(signed)
    assert told(report) == (VALID, VALID)
    assert report.signatures[0].revocation.is_embedded
    bare = world.sign(stamped=True, carried=world.lists(world.stamping))
    assert told(world.check(bare)) == (UNLISTED, UNLISTED)


def test_a_copy_signed_on_top_leaves_both_valid(world):
    both = world.sign(world.level_lta(), field="SaoY")
    report = world.check(both, world.lists())
    assert [one.level for one in report.signatures] == [Level.LTA, Level.B]
    assert [one.verdict for one in report.signatures] == [Verdict.VALID] * 2
    assert report.is_valid
    assert report.signatures[0].modifications == (
        Modification.TIMESTAMP,
        Modification.SIGNATURE,
        Modification.EVIDENCE,
        Modification.METADATA,
    )
    assert "chữ ký số khác" in report.signatures[0].changes()


def test_a_later_signature_is_not_lifted_by_the_file(world):
    """The archive timestamp is older than the second signature and proves nothing of it."""
    both = world.sign(world.level_lta(), field="SaoY")
    world.at = LATER
    report = world.check(both, world.lists(world.stamping))
    first, second = report.signatures
    assert (first.verdict, first.proven_at) == (Verdict.VALID, START)
    assert (second.verdict, second.reason) == TERM_NOT_PROVEN
    assert second.proven_at is None
    assert report.verdict is Verdict.UNDETERMINED


# -- years ----------------------------------------------------------------------------------------


def test_the_valley_between_a_stale_list_and_the_end_of_the_term(world):
    file = world.level_lt()
    world.at = START + 30 * DAY
    at_hand = world.lists(world.stamping)
    assert told(world.check(file, at_hand)) == (VALID, UNLISTED)
    assert told(world.check(file, world.lists())) == (VALID, VALID)
    world.at = LATER
    assert told(world.check(file, world.lists(world.stamping))) == (VALID, VALID)


@pytest.mark.parametrize("make", [World.level_t, World.level_lt, World.level_lta])
def test_a_proven_signature_outlives_its_certificate(world, make):
    file = make(world)
    world.at = LATER
    report = world.check(file, world.lists())
    assert told(report) == (VALID, VALID)
    assert report.signatures[0].proven_at == START
    late = Remark.LATE_LIST in report.signatures[0].remarks
    assert late == (make is World.level_t)


def test_an_archive_needs_todays_list_of_its_last_timestamp_only(world):
    file = world.level_lta()
    world.at = LATER
    assert told(world.check(file)) == (UNLISTED, UNLISTED)
    assert told(world.check(file, world.lists(world.stamping))) == (VALID, VALID)


def test_todays_list_does_not_stand_in_for_that_of_the_term(draft):
    """Signers and timestamps under one root: the fresh list no longer names who was withdrawn."""
    world = World(draft)
    world.stamping = world.authority
    world.tsa = world.authority.issue(Holder("tsa", "TSA"), START, Terms(Use.TIMESTAMPING))
    good = world.level_lta()
    other = World(draft)
    other.authority = other.stamping = world.authority
    other.tsa, other.signer = world.tsa, world.issue("Kẻ bị thu hồi")
    other.withdrawn[other.signer] = START - HOUR
    bad = other.level_lta()
    world.at = other.at = LATER
    assert told(world.check(good, world.lists())) == (VALID, VALID)
    assert told(other.check(bad, other.lists())) == (REVOKED, REVOKED)


def test_a_renewed_archive_needs_nothing_at_hand(world):
    file = world.level_lta()
    world.at = LATER - DAY
    file = world.stamp(world.stored(file, world.lists(world.stamping)))
    world.at = LATER
    file = world.stored(file, world.lists(world.stamping))
    report = world.check(file)
    assert told(report) == (VALID, VALID)
    assert [one.verdict for one in report.timestamps] == [Verdict.VALID] * 2
    assert report.timestamps[0].stamped_at == START + 2 * HOUR


def test_a_timestamp_of_the_document_proves_a_plain_signature(world):
    file = world.sign()
    world.at += HOUR
    file = world.stamp(world.stored(file, world.lists()))
    report = world.check(file)
    assert told(report) == (VALID, VALID)
    (one,) = report.signatures
    assert (one.proven_at, one.proven_by, one.level) == (START + HOUR, "TSA", Level.LTA)
    assert one.timestamps == ()
    world.at = LATER
    assert told(world.check(file, world.lists(world.stamping))) == (VALID, VALID)


def test_lists_of_an_authority_out_of_term_count_when_they_were_stamped(draft):
    world = World(draft, term=YEAR / 2, founded=START - 15 * YEAR)
    stored = world.level_lt()
    world.at += HOUR
    archived = world.stamp(stored)
    world.at = LATER
    at_hand = world.lists(world.stamping)
    assert told(world.check(stored, at_hand)) == (UNLISTED, UNLISTED)
    assert told(world.check(archived, at_hand)) == (VALID, VALID)


# -- withdrawn, out of term, unknown --------------------------------------------------------------


@pytest.mark.parametrize("stamped", [False, True], ids="BT")
@pytest.mark.parametrize("before", [HOUR, timedelta()], ids=["before", "at that moment"])
def test_signing_after_the_withdrawal_is_invalid(world, stamped, before):
    world.withdrawn[world.signer] = START - before
    world.at += HOUR
    lists = world.lists()
    world.at = START
    signed = world.sign(stamped=stamped)
    world.at += 2 * HOUR
    report = world.check(signed, lists)
    assert told(report) == (REVOKED, REVOKED)
    assert report.signatures[0].revoked_at == START - before


def test_a_withdrawal_after_the_timestamp_harms_nothing(world):
    plain, stamped, store = world.sign(), world.level_t(), world.level_lta()
    world.withdrawn[world.signer] = START + DAY
    world.at = START + 2 * DAY
    assert told(world.check(plain, world.lists())) == (REVOKED, REVOKED)
    for file in (stamped, store):
        report = world.check(file, world.lists())
        assert told(report) == (VALID, VALID)
        assert report.signatures[0].revoked_at == START + DAY


def test_a_timestamp_whose_authority_was_withdrawn_before_proves_nothing(world):
    world.withdrawn[world.tsa] = START - HOUR
    file = world.sign(stamped=True)
    world.at += HOUR
    report = world.check(file, world.lists())
    assert report.signatures[0].timestamps[0].reason is Reason.REVOKED
    assert report.signatures[0].proven_at is None
    assert Remark.TIMESTAMP_UNPROVEN in report.signatures[0].remarks
    world.at = LATER
    assert not world.check(file, world.lists()).is_valid


def test_signing_after_the_term(world):
    world.at = START + YEAR + DAY
    late = world.sign()
    assert told(world.check(late, world.lists())) == (OUT_OF_TERM, OUT_OF_TERM)
    stamped = world.sign(stamped=True)
    assert told(world.check(stamped, world.lists())) == (OUT_OF_TERM, OUT_OF_TERM)


def test_a_timestamp_after_the_term_proves_no_earlier_signing(world):
    plain = world.sign()
    world.at = START + YEAR + DAY
    stamped = world.stamp(plain)
    for file in (plain, stamped):
        assert told(world.check(file, world.lists())) == (TERM_NOT_PROVEN, TERM_NOT_PROVEN)


def test_an_unknown_authority(world):
    stranger = world.issue("Người lạ", authority=Authority("CA lạ", START))
    file = world.sign(by=stranger, stamped=True)
    assert told(world.check(file, world.lists())) == (UNKNOWN, UNKNOWN)


def test_an_anchor_that_ended_since_is_good_for_what_is_proven(world):
    file = world.level_lta()
    signers, stamps = world.trust.anchors
    ended = replace(world.trust, anchors=(replace(signers, valid_until=START + DAY), stamps))
    world.at += 2 * DAY
    assert told(world.check(file, world.lists(), trust=ended)) == (VALID, VALID)
    assert told(world.check(world.sign(), world.lists(), trust=ended)) == (UNKNOWN, UNKNOWN)


def test_an_anchor_that_begins_later_is_not_kinder_now(world):
    file = world.level_lta()
    signers, stamps = world.trust.anchors
    late = replace(world.trust, anchors=(replace(signers, valid_from=world.at), stamps))
    assert told(world.check(file, world.lists(), trust=late)) == (UNKNOWN, UNKNOWN)


def test_an_unknown_timestamp_authority_is_remarked_and_proves_nothing(world):
    file = world.level_lta()
    nobody = replace(world.trust, anchors=world.trust.anchors[:1])
    report = world.check(file, world.lists(), trust=nobody)
    assert told(report) == (VALID, VALID)
    assert report.signatures[0].proven_at is None
    assert report.remarks == (Remark.TIMESTAMP_UNPROVEN,)
    world.at = LATER
    assert told(world.check(file, world.lists(), trust=nobody))[1] == TERM_NOT_PROVEN


def test_a_clock_ahead_of_the_timestamp_is_remarked(world):
    world.at = START + DAY
    file = world.sign()
    world.at = START
    file = world.stamp(file)
    world.at = START + 2 * DAY
    report = world.check(file, world.lists())
    assert report.signatures[0].proven_at == START
    assert Remark.FUTURE in report.signatures[0].remarks


# -- changed bytes --------------------------------------------------------------------------------


def flipped(pdf: bytes, where: Callable[[bytes], int]) -> bytes:
    at = where(pdf)
    # a digit stays a digit: the file can still be read
    return pdf[:at] + (b"0" if pdf[at : at + 1] != b"0" else b"1") + pdf[at + 1 :]


def last_digits(pdf: bytes) -> int:
    """Return a place inside the CMS object of the last signature or timestamp."""
    return pdf.rindex(b"/Contents <") + len(b"/Contents <") + 201


def first_digits(pdf: bytes) -> int:
    return pdf.index(b"/Contents <") + len(b"/Contents <") + 201


def test_a_changed_byte_breaks_every_signature_over_it(world):
    both = world.sign(world.sign(), field="CoQuan")
    good = world.check(both, world.lists())
    assert good.is_valid
    report = world.check(flipped(both, lambda pdf: pdf.index(b"stream") + 40), world.lists())
    assert [(one.verdict, one.reason) for one in report.signatures] == [BROKEN, BROKEN]


def test_a_change_inside_a_signature_breaks_the_one_over_it(world):
    both = world.sign(world.sign(), field="CoQuan")
    report = world.check(flipped(both, first_digits), world.lists())
    assert (report.signatures[1].verdict, report.signatures[1].reason) == BROKEN
    assert report.verdict is report.verdict_at_signing is Verdict.INVALID


def test_a_broken_timestamp_of_the_document_is_a_forgery(world):
    file = world.level_lta()
    report = world.check(flipped(file, last_digits), world.lists())
    assert report.verdict is report.verdict_at_signing is Verdict.INVALID
    assert report.timestamps[0].verdict is Verdict.INVALID
    assert report.signatures[0].verdict is Verdict.VALID


def test_a_file_cut_back_to_its_first_signature_lacks_the_other(world):
    one = world.sign()
    both = world.sign(one, field="CoQuan")
    policy = ValidationPolicy(
        expected=(ExpectedSigner(SignRole.APPROVE), ExpectedSigner(SignRole.SEAL))
    )
    assert world.check(both, world.lists(), policy).is_valid
    report = world.check(both[: len(one)], world.lists(), policy)
    assert (report.verdict, report.reason) == (Verdict.INVALID, Reason.MISSING_ROLE)
    assert report.missing_roles == (SignRole.SEAL,)
    assert report.verdict_at_signing is Verdict.INVALID
