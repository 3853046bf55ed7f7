"""From B and T to LT, LTA and renewal: proofs added behind the file, in time, never for worse."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509

from signing.algorithms import AlgorithmKind, AlgorithmRule
from signing.archive import MARGIN, Archive, Due, Step
from signing.carried import read_contents
from signing.chain import ListsAtHand
from signing.policy import ValidationPolicy
from signing.proof_errors import (
    CertificateWithdrawn,
    ChainUnproven,
    ClockAstray,
    NothingToKeep,
    ProofWorse,
    TimestampUnavailable,
    TooEarly,
)
from signing.report import Level, Verdict
from signing.revocation import Revocation
from signing.signer import SignRequest, SignRole, sign_pdf
from signing.testing import Holder, Lie, Terms, TsaServer, Use
from signing.timestamps import TimestampClient
from signing.trust import Trust
from signing.validation import validate_pdf

OPEN = ValidationPolicy()
GRACE = OPEN.revocation.grace
DAY = timedelta(days=1)


class Time:
    """A clock that stands until it is set."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock(now):
    return Time(now)


@pytest.fixture
def tsa(pki, clock):
    with TsaServer(pki.services.tsa, clock) as running:
        yield running


@pytest.fixture
def client(tsa, trust, clock):
    return TimestampClient([tsa.url], trust, clock=clock)


@pytest.fixture
def archive(trust, client, clock, lists_at):
    """Make an archive that has lists of a moment, by default of the present one."""

    def make(lists: Revocation | None = None, **changes) -> Archive:
        known = lists or lists_at(clock.at)

        def judge(pdf: bytes):
            return validate_pdf(pdf, trust=trust, revocation=known, policy=OPEN, at=clock.at)

        return Archive(trust, ListsAtHand(known), client, judge, **changes)

    return make


def signed(draft, keystore, at, client=None, key="chutich") -> bytes:
    return sign_pdf(draft, SignRequest(SignRole.APPROVE, at), keystore(key), client)


def test_the_time_is_proven_at_once(draft, keystore, client, tsa, now, validate):
    pdf = signed(draft, keystore, now, client)
    assert pdf.startswith(draft)
    report = validate(pdf, OPEN)
    assert (report.verdict, report.signatures[0].level) == (Verdict.VALID, Level.T)
    (one,) = read_contents(pdf).signatures
    assert one.stamp.at == now
    assert len(tsa.requests) == 1


def test_without_an_authority_a_required_time_refuses_the_signature(
    draft, keystore, client, tsa, now
):
    tsa.stop()
    with pytest.raises(TimestampUnavailable):
        signed(draft, keystore, now, client)


def test_a_time_that_may_come_later_comes_over_the_whole_file(
    draft, keystore, client, tsa, now, clock, archive
):
    client.is_required = False
    tsa.lying(Lie.REFUSES)
    pdf = signed(draft, keystore, now, client)
    assert read_contents(pdf).signatures[0].stamp is None
    tsa.lying(None)
    clock.at = now + timedelta(minutes=3)
    kept = archive()
    assert kept.next_due(pdf, clock.at) == Due(Step.TIME, clock.at)
    done = kept.augment(pdf, clock.at)
    assert (done.step, done.evidence) == (Step.TIME, ())
    contents = read_contents(done.pdf)
    assert contents.proven_at(contents.signatures[0]) == clock.at
    # the same file then waits for the lists like any other
    assert kept.next_due(done.pdf, clock.at) == Due(Step.EVIDENCE, clock.at + GRACE)
    clock.at += 2 * DAY
    full = archive().augment(done.pdf, clock.at)
    assert full.step is Step.EVIDENCE
    assert len(read_contents(full.pdf).stamps) == 2


def test_a_clock_astray_refuses_also_where_the_time_may_come_later(
    draft, keystore, client, tsa, now
):
    client.is_required = False
    tsa.lying(Lie.TIME, timedelta(hours=1))
    with pytest.raises(ClockAstray):
        signed(draft, keystore, now, client)


@pytest.mark.parametrize("level", list(Level))
def test_files_of_every_level_are_valid(at_level, level, trust, lists_at, now):
    pdf = at_level(level)
    report = validate_pdf(
        pdf, trust=trust, revocation=lists_at(now + 2 * DAY), policy=OPEN, at=now + 2 * DAY
    )
    assert report.verdict is Verdict.VALID, report.text("en")
    assert report.signatures[0].level is level


def test_evidence_lies_behind_the_file_and_before_its_timestamp(
    draft, keystore, client, tsa, now, clock, archive
):
    pdf = signed(draft, keystore, now, client)
    clock.at = now + 2 * DAY
    done = archive().augment(pdf, clock.at)
    assert done.pdf.startswith(pdf)
    assert done.stamped.at == clock.at
    # lists of both roots and of both issuers
    assert len(done.evidence) == 4
    contents = read_contents(done.pdf)
    assert contents.signatures[0].evidence_name in contents.sealed
    assert archive().next_due(done.pdf, clock.at).step is Step.RENEWAL
    assert len(tsa.requests) == 2


def test_all_signatures_of_a_document_are_kept_by_one_timestamp(
    issued, client, clock, now, archive, lists_at, trust, outgoing
):
    clock.at = now + timedelta(minutes=1)
    stamped = archive().augment(issued, clock.at)
    clock.at = now + 2 * DAY
    done = archive().augment(stamped.pdf, clock.at)
    contents = read_contents(done.pdf)
    assert {one.evidence_name for one in contents.signatures} <= contents.sealed
    assert len(contents.signatures) == 3
    report = validate_pdf(
        done.pdf, trust=trust, revocation=lists_at(clock.at), policy=outgoing, at=clock.at
    )
    assert report.verdict is Verdict.VALID


def test_evidence_waits_until_a_list_was_made_after_the_signature(
    draft, keystore, client, now, clock, archive, lists_at, tsa
):
    pdf = signed(draft, keystore, now, client)
    with pytest.raises(TooEarly) as caught:
        archive().augment(pdf, clock.at)
    assert caught.value.fields["at"] == now + GRACE
    old = lists_at(now - DAY)
    clock.at = now + 2 * DAY
    with pytest.raises(TooEarly) as caught:
        archive(old).augment(pdf, clock.at)
    assert caught.value.fields["at"] == now + 6 * DAY
    assert "tự bổ sung" in caught.value.text()
    assert len(tsa.requests) == 1, "nobody is asked for a time before the lists are there"
    clock.at = now + 6 * DAY + timedelta(minutes=1)
    archive().augment(pdf, clock.at)


def test_lists_that_come_once_a_year_are_not_waited_for(
    draft, keystore, client, now, clock, archive, lists_at
):
    pdf = signed(draft, keystore, now, client)
    clock.at = now + 2 * DAY
    archive(lists_at(now - DAY, life=365 * DAY)).augment(pdf, clock.at)


def test_a_certificate_withdrawn_before_the_proven_time_is_not_kept(
    draft, keystore, client, pki, now, clock, archive, lists_at
):
    pdf = signed(draft, keystore, now, client)
    gone = x509.load_der_x509_certificate(pki.certificate("chutich"))
    clock.at = now + 2 * DAY
    with pytest.raises(CertificateWithdrawn, match="Trịnh Việt Hùng"):
        archive(lists_at(clock.at, withdrawn={gone: now - DAY})).augment(pdf, clock.at)


def test_a_withdrawn_timestamping_certificate_proves_nothing(
    draft, keystore, client, pki, now, clock, archive, lists_at
):
    pdf = signed(draft, keystore, now, client)
    clock.at = now + 2 * DAY
    gone = {pki.services.tsa.certificate: now - DAY}
    with pytest.raises(CertificateWithdrawn, match="Dấu thời gian"):
        archive(lists_at(clock.at, withdrawn=gone)).augment(pdf, clock.at)


def test_a_stranger_and_missing_lists_are_not_kept(
    draft, keystore, client, trust, now, clock, archive, lists_at
):
    clock.at = now + 2 * DAY
    with pytest.raises(ChainUnproven, match="Người Lạ"):
        archive().augment(signed(draft, keystore, now, client, "stranger"), clock.at, Step.EVIDENCE)
    pdf = signed(draft, keystore, clock.at, client)
    clock.at += 2 * DAY
    every = lists_at(clock.at)
    archive(every).augment(pdf, clock.at)
    for one in every.lists:
        rest = replace(every, lists=tuple(other for other in every.lists if other != one))
        with pytest.raises(ChainUnproven):
            archive(rest).augment(pdf, clock.at)
    stranger = replace(archive(every), trust=Trust(trust.anchors[:1]))
    with pytest.raises(ChainUnproven, match="Dấu thời gian"):
        stranger.augment(pdf, clock.at)


def test_a_file_that_would_be_judged_worse_is_not_returned(
    draft, keystore, client, now, clock, archive
):
    pdf = signed(draft, keystore, now, client)
    clock.at = now + 2 * DAY
    good = archive()

    def judge(one: bytes):
        report = good.judge(one)
        return report if one == pdf else replace(report, verdict=Verdict.UNDETERMINED)

    with pytest.raises(ProofWorse):
        replace(good, judge=judge).augment(pdf, clock.at)
    with pytest.raises(ProofWorse):
        replace(
            good,
            judge=lambda one: (
                replace(good.judge(one), signatures=()) if one != pdf else good.judge(one)
            ),
        ).augment(pdf, clock.at)


def test_after_a_failure_the_same_step_is_made_from_the_same_file(
    draft, keystore, client, tsa, now, clock, archive
):
    pdf = signed(draft, keystore, now, client)
    clock.at = now + 2 * DAY
    tsa.lying(Lie.REFUSES)
    with pytest.raises(Exception, match="bảo trì"):
        archive().augment(pdf, clock.at)
    tsa.lying(None)
    assert archive().augment(pdf, clock.at).digest_before


def test_a_file_without_signatures_needs_nothing(draft, archive, now):
    assert archive().next_due(draft, now) is None
    with pytest.raises(NothingToKeep):
        archive().augment(draft, now)


def test_renewal_is_due_before_certificate_or_algorithm_end(at_level, archive, now, pki):
    pdf = at_level(Level.LTA)
    end = pki.services.tsa.certificate.not_valid_after_utc
    assert archive().next_due(pdf, now) == Due(Step.RENEWAL, end - MARGIN)
    fall = now + 365 * DAY
    for rule in (
        AlgorithmRule(AlgorithmKind.DIGEST, fall, "thử", name="sha256"),
        AlgorithmRule(AlgorithmKind.EC, fall, "thử", below=384),
    ):
        policy = replace(OPEN, algorithms=(*OPEN.algorithms, rule))
        assert archive(policy=policy).next_due(pdf, now) == Due(Step.RENEWAL, fall - MARGIN)
    other = replace(
        OPEN, algorithms=(AlgorithmRule(AlgorithmKind.DIGEST, fall, "thử", name="sha512"),)
    )
    assert archive(policy=other, margin=DAY).next_due(pdf, now) == Due(Step.RENEWAL, end - DAY)


def test_a_renewed_chain_outlives_the_first_authority(
    draft, keystore, pki, now, clock, trust, lists_at, archive
):
    def server(start: datetime, name: str) -> TsaServer:
        terms = Terms(Use.TIMESTAMPING, term=365 * DAY)
        return TsaServer(pki.services.timestamps.issue(Holder("x", name), start, terms), clock)

    def at(running: TsaServer) -> Archive:
        return replace(archive(), timestamps=TimestampClient([running.url], trust, clock=clock))

    with server(now, "Dấu thời gian 2026") as first:
        pdf = signed(draft, keystore, now, TimestampClient([first.url], trust, clock=clock))
        clock.at = now + 2 * DAY
        kept = at(first).augment(pdf, clock.at).pdf
        due = at(first).next_due(kept, clock.at)
        assert due == Due(Step.RENEWAL, now + 365 * DAY - MARGIN)
        with pytest.raises(TooEarly):
            at(first).augment(kept, clock.at)
    clock.at = due.at
    with server(clock.at, "Dấu thời gian 2027") as second:
        done = at(second).augment(kept, clock.at)
        assert done.pdf.startswith(kept)
        # the first authority's certificate gets its evidence while it is still asked about
        assert done.step is Step.RENEWAL
        assert done.stamped.authority == "Dấu thời gian 2027"
        contents = read_contents(done.pdf)
        assert contents.stamps[0].evidence_name in contents.sealed
        assert at(second).next_due(done.pdf, clock.at).at == clock.at + 365 * DAY - MARGIN
    clock.at = now + 500 * DAY
    report = validate_pdf(
        done.pdf, trust=trust, revocation=lists_at(clock.at), policy=OPEN, at=clock.at
    )
    assert report.verdict is Verdict.VALID
