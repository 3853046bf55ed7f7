"""Timestamps outside a document: of which digest, by whom, and what a newer one proves of an older."""

import hashlib
from datetime import timedelta

import pytest
from asn1crypto import tsp
from timed_world import HOUR, World

from signing.policy import ValidationPolicy
from signing.report import Reason, Verdict
from signing.revocation import Revocation, RevocationList
from signing.stamp import FORGED, StampCheck
from signing.testing.authority import DAY, YEAR, Authority, Holder, Terms, Use
from signing.testing.stamping import Lie, StandInTsa

DIGEST = hashlib.sha256("đầu chuỗi".encode()).digest()
OTHER = hashlib.sha256(b"khac").digest()


@pytest.fixture
def world() -> World:
    return World(b"")


def token(world: World, digest: bytes = DIGEST, *, tsa=None, lie: Lie | None = None) -> bytes:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest}
    asked = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "cert_req": True})
    stand_in = StandInTsa(tsa or world.tsa, lambda: world.at, lie)
    return bytes(tsp.TimeStampResp.load(stand_in.answer(asked.dump()))["time_stamp_token"].dump())


def check(world: World, lists: list[bytes] | None = None) -> StampCheck:
    known = world.lists() if lists is None else lists
    address = "http://crl.vn/"
    revocation = Revocation(tuple(RevocationList(address, one) for one in known), (address,))
    return StampCheck(world.trust, revocation, ValidationPolicy(), now=world.at)


def test_a_timestamp_of_the_digest_holds_and_tells_its_time(world):
    stamp = token(world)
    at = world.at
    world.at += HOUR
    found = check(world).judge(stamp, DIGEST, "sha256")
    assert (found.verdict, found.stamped_at) == (Verdict.VALID, at)


@pytest.mark.parametrize("lie", [None, Lie.IMPRINT, Lie.SIGNATURE])
def test_what_does_not_fit_is_a_forgery(world, lie):
    stamp = token(world, OTHER if lie is None else DIGEST, lie=lie)
    found = check(world).judge(stamp, DIGEST, "sha256")
    assert found.verdict is Verdict.INVALID
    assert found.reason in FORGED


@pytest.mark.parametrize("rubbish", [b"", b"\x30\x00", b"dau thoi gian", bytes(range(256))])
def test_rubbish_is_a_forgery_and_raises_nothing(world, rubbish):
    found = check(world).judge(rubbish, DIGEST, "sha256")
    assert (found.verdict, found.reason) == (Verdict.INVALID, Reason.FORMAT_FAILURE)


def test_a_stranger_a_stale_list_and_a_withdrawn_authority_prove_nothing(world):
    stranger = Authority("CA lạ", world.at, prefix="la-")
    other = stranger.issue(Holder("la", "TSA lạ"), world.at, Terms(Use.TIMESTAMPING))
    found = check(world).judge(token(world, tsa=other), DIGEST, "sha256")
    assert (found.verdict, found.reason) == (Verdict.UNDETERMINED, Reason.UNKNOWN_AUTHORITY)
    stamp = token(world)
    unlisted = check(world, []).judge(stamp, DIGEST, "sha256")
    assert (unlisted.verdict, unlisted.reason) == (Verdict.UNDETERMINED, Reason.REVOCATION_UNKNOWN)
    world.withdrawn[world.tsa] = world.at - DAY
    gone = check(world).judge(stamp, DIGEST, "sha256")
    assert (gone.verdict, gone.reason) == (Verdict.INVALID, Reason.REVOKED)
    assert gone.reason not in FORGED


def test_a_certificate_for_documents_stamps_no_times(world):
    signer = world.stamping.issue(Holder("ky", "Người ký"), world.at, Terms())
    found = check(world).judge(token(world, tsa=signer), DIGEST, "sha256")
    assert found.verdict is not Verdict.VALID


def test_an_older_one_whose_certificate_expired_is_proven_by_a_newer_one(world):
    """Alone it proves nothing any more; the newer one covers what the older one stamped."""
    terms = Terms(Use.TIMESTAMPING, term=YEAR)
    first = world.stamping.issue(Holder("tsa1", "TSA 1"), world.at, terms)
    old, lists = token(world, tsa=first), world.lists(life=timedelta(days=700))
    world.at += YEAR - DAY
    renewed = world.stamping.issue(Holder("tsa2", "TSA 2"), world.at, terms)
    new = token(world, OTHER, tsa=renewed)
    world.at += 30 * DAY
    lists += world.lists()
    alone = check(world, lists).judge(old, DIGEST, "sha256")
    assert (alone.verdict, alone.reason) == (Verdict.UNDETERMINED, Reason.TERM_NOT_PROVEN)
    line = check(world, lists)
    assert line.judge(new, OTHER, "sha256").verdict is Verdict.VALID
    assert line.judge(old, DIGEST, "sha256").verdict is Verdict.VALID
