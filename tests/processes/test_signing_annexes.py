"""A document and its annexes are signed at a desk: one step, a file each, all of them or none."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from desk_key import FILE, RAW, Desk, no_desks
from story import annexed, blank_pdf, incoming_letter, registering, snapshot, word_file

from processes import signing_sessions as sessions
from processes.signing_asked import step_of
from processes.signing_completion import finish
from processes.signing_refusal import SessionClosed, SessionExpired, SessionOutdated
from records.content import attach_file, files_of
from records.document import IncomingDocument, OutgoingDocument
from records.key_custody import KeyUse, KeyUseOutcome, uses
from records.signing_session import SessionState, SigningSession, mine_at, sweep
from records.vocabulary import FileKind
from signing.errors import SignatureMismatch
from signing.report import Verdict
from signing.role import SignRole
from signing.session_errors import OtherDocument
from signing.sessions import TIME_TO_SIGN
from signing.validation import validate_pdf

CLERK = "vanthu.stttt"
ANNEXES = {
    "bang so lieu.pdf": blank_pdf("1"),
    "danh sach.pdf": blank_pdf("2"),
    "mau.docx": word_file("mẫu"),
}


def files(story, document: UUID, kind: FileKind) -> list[Any]:
    with story.as_(CLERK) as tx:
        return [f for f in files_of(tx, tx.get(OutgoingDocument, document)) if f.kind is kind]


def states(here: Desk, begun: sessions.Begun) -> list[SessionState]:
    return [here.session(one).state for one in begun.all]


@pytest.fixture(scope="module")
def unsealed(story_office) -> Callable[[], UUID]:
    """Return what gives a letter that waits for its seal: one that still does, or a new one."""
    known: list[UUID] = []

    def one() -> UUID:
        if not known or story_office.standing(known[-1]) != ["seal"]:
            known.append(annexed(story_office, **ANNEXES))
        return known[-1]

    return one


@pytest.fixture
def here(story_office, unsealed) -> Iterator[Desk]:
    """The clerk's desk with the agency's token, at that letter."""
    seat = Desk(story_office, "seal", unsealed())
    seat.register()
    yield seat
    no_desks(story_office)


def test_each_annex_waits_for_a_signature_of_its_own_and_nothing_is_kept_before(story_office, here):
    begun = here.asked(RAW)
    roles = [one.session.role for one in begun.all]
    assert roles == [SignRole.SEAL, SignRole.ANNEX, SignRole.ANNEX]
    assert len({one.session.base_sha256 for one in begun.all}) == 3
    assert here.answer(begun, here.raw(begun)) is None
    assert here.answer(begun.annexes[1], here.raw(begun.annexes[1])) is None
    assert states(here, begun) == [SessionState.SIGNED, SessionState.PREPARED, SessionState.SIGNED]
    before = snapshot(story_office)
    assert finish(here.begin, story_office.means, begun.session.id) is None
    assert snapshot(story_office) == before
    assert story_office.standing(here.document) == ["seal"]
    assert files(story_office, here.document, FileKind.SIGNED_ANNEX) == []
    with here.begin() as tx:
        assert mine_at(tx, here.item.id).id == begun.session.id
        ended = sessions.cancel(tx, begun.annexes[0].session.id, "đổi ý")
    assert ended.state is SessionState.FAILED
    assert states(here, begun) == [SessionState.FAILED] * 3


def test_a_wrong_file_or_signature_for_one_of_them_changes_nothing(here):
    begun = here.asked(RAW)
    raw = here.raw(begun)
    with pytest.raises(SignatureMismatch):
        here.answer(begun.annexes[0], raw)
    assert states(here, begun) == [SessionState.PREPARED] * 3
    by_file = here.asked(FILE)
    assert states(here, begun) == [SessionState.FAILED] * 3, "beginning anew gives up all"
    first, second = by_file.annexes
    with pytest.raises(OtherDocument):
        here.upload(first, here.by_agent(second))
    assert states(here, by_file) == [SessionState.PREPARED] * 3


def test_what_came_in_time_is_of_no_use_when_the_rest_did_not(story_office, here):
    begun = here.asked(RAW)
    here.answer(begun, here.raw(begun))
    late = here.raw(begun.annexes[0])
    story_office.run_sql(
        "UPDATE signing_session SET expires_at = expires_at - %s WHERE item_id = %s",
        TIME_TO_SIGN,
        here.item.id,
    )
    with pytest.raises(SessionExpired):
        here.answer(begun.annexes[0], late)
    with here.begin() as tx:
        assert mine_at(tx, here.item.id) is None
    with story_office.office.database.transaction() as tx:
        assert sweep(tx) == 3
    assert states(here, begun) == [SessionState.EXPIRED] * 3
    assert here.session(begun).signature is None
    # what the agency's key signed in vain is told with its file, for nobody knows where it went
    with story_office.as_(CLERK) as tx:
        [use] = [one for one in uses(tx) if one.document_id == here.document][:1]
    assert (use.outcome, use.purpose) == (KeyUseOutcome.BEGUN, "seal")
    assert use.digest == here.session(begun).base_sha256
    assert use.fingerprint
    assert here.asked(RAW).session.state is SessionState.PREPARED


def test_an_annex_that_was_taken_away_meanwhile_ends_all(story_office, here):
    begun = here.asked(RAW)
    answers = [here.raw(one) for one in begun.all]
    for one, raw in list(zip(begun.all, answers, strict=True))[:2]:
        assert here.answer(one, raw) is None
    away = files(story_office, here.document, FileKind.ANNEX)[1]
    story_office.run_sql("UPDATE file SET kind = 'source' WHERE id = %s", away.id)
    try:
        with pytest.raises(SessionOutdated):
            here.answer(begun.annexes[1], answers[2])
    finally:
        story_office.run_sql("UPDATE file SET kind = 'annex' WHERE id = %s", away.id)
    assert states(here, begun) == [SessionState.FAILED] * 3
    assert here.session(begun).failure["code"] == "signing-session-outdated"
    assert story_office.standing(here.document) == ["seal"]


@pytest.mark.parametrize("transport", [RAW, FILE])
def test_when_the_last_is_in_the_step_is_done(story_office, here, transport):
    begun = here.asked(transport)
    done = here.sign_all(begun)
    assert done.summary == (
        "Đã ký số của cơ quan, 2 phụ lục; 1 phụ lục không phải PDF nên không ký"
    )
    assert states(here, begun) == [SessionState.DONE] * 3
    signed = files(story_office, here.document, FileKind.SIGNED_ANNEX)
    assert [one.name for one in signed] == ["bang so lieu.signed.pdf", "danh sach.signed.pdf"]
    reports = [_report(story_office, one) for one in signed]
    assert [one.verdict for one in reports] == [Verdict.VALID] * 2
    assert [len(one.signatures) for one in reports] == [1, 1]
    told = story_office.all(
        KeyUse, KeyUse.document_id == here.document, KeyUse.outcome == KeyUseOutcome.SIGNED
    )
    assert sorted(one.purpose for one in told)[:2] == ["annex", "annex"]
    came = {
        one.id
        for one in story_office.all(KeyUse, KeyUse.outcome == KeyUseOutcome.BEGUN)
        if one.digest in {this.digest for this in told}
    }
    assert {one.begun_id for one in told} <= came
    # the same answer again is answered the same
    last = begun.annexes[-1]
    before = snapshot(story_office)
    if transport is RAW:
        with pytest.raises(SessionClosed):
            here.answer(last, b"another")
    assert finish(here.begin, story_office.means, last.session.id) is None
    assert snapshot(story_office) == before
    rows = story_office.all(SigningSession, SigningSession.item_id == here.item.id)
    assert {one.lead_id for one in rows if one.role is SignRole.ANNEX} >= {begun.session.id}


def test_scans_of_a_paper_that_came_in_are_signed_at_the_desk(story_office):
    document = incoming_letter(story_office, "register")
    with story_office.as_(CLERK) as tx:
        for name in ("trang 1", "trang 2"):
            stored = story_office.means.content.put(blank_pdf(name))
            paper = tx.get(IncomingDocument, document)
            attach_file(tx, paper, stored, name=f"{name}.pdf", kind=FileKind.SCAN)
    clerk = Desk(story_office, "register", document)
    clerk.register()
    try:
        with clerk.begin() as tx:
            assert step_of(tx, document, SignRole.INCOMING).id == clerk.item.id
            paper = tx.get(IncomingDocument, document)
        kind = story_office.kind("STTTT", "CV")
        clerk.form = registering(paper, kind, sign_scan=True)
        begun = clerk.asked(RAW)
        assert [one.session.role for one in begun.all] == [SignRole.INCOMING] * 2
        done = clerk.sign_all(begun)
    finally:
        no_desks(story_office)
    assert done.summary.endswith("; ký số 2 bản số hóa")


def _report(story, file):
    known = story.means.signing.known()
    pdf = story.means.content.read(file.sha256)
    return validate_pdf(pdf, trust=known.trust, revocation=known.revocation(), at=datetime.now(UTC))
