"""A step is signed by a key at a desk: asked, answered, completed once, or not at all."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from desk_key import FILE, RAW, Desk, no_desks
from story import PASSWORD, carry_out, letter, snapshot

from engine.errors import NotFound, Stale
from processes import signing_sessions as sessions
from processes.outgoing.sign import NotApproved
from processes.signing_refusal import (
    NoDeskKey,
    NothingToSign,
    OtherDeskKey,
    SessionClosed,
    SessionExpired,
    SessionOutdated,
    SigningUnderWay,
)
from records.document import OutgoingDocument
from records.key_custody import KeyUse
from records.signing_session import SessionState, mine_at, sweep
from signing.errors import SignatureMismatch
from signing.report import Verdict
from signing.role import SignRole
from signing.session_errors import OtherCertificate, OtherDocument
from signing.sessions import TIME_TO_SIGN
from signing.validation import validate_pdf


@pytest.fixture(scope="module")
def waiting(story_office) -> Callable[[str], Any]:
    """Return what gives a document that waits for a verb: one that still does, or a new one."""
    known: dict[str, Any] = {}

    def one(verb: str):
        if verb not in known or story_office.standing(known[verb]) != [verb]:
            known[verb] = letter(story_office, verb)
        return known[verb]

    return one


@pytest.fixture
def desk(story_office, waiting) -> Callable[..., Desk]:
    """Return what sets up a desk at a document that waits for this verb."""

    made: list[Desk] = []

    def sit(verb: str, *, register: bool = True, document=None) -> Desk:
        # what comes before in a document's way is signed by keystores
        no_desks(story_office)
        found = Desk(story_office, verb, document or waiting(verb))
        made.extend([found] if register else [])
        for one in made:
            one.register()
        return found

    yield sit
    no_desks(story_office)


def report_on(story, document):
    from processes.outgoing.paper import current_paper

    with story.as_("vanthu.stttt") as tx:
        pdf = story.means.content.read(
            current_paper(tx, tx.get(OutgoingDocument, document)).file.sha256
        )
    known = story.means.signing.known()
    return validate_pdf(pdf, trust=known.trust, revocation=known.revocation(), at=datetime.now(UTC))


# -- both ways of every step ----------------------------------------------------------------------


def test_person_number_and_seal_are_signed_on_devices(story_office, desk):
    document = None
    for verb, transport in (("sign", RAW), ("number", RAW), ("seal", FILE)):
        if story_office.standing(document) == ["register"]:
            story_office.do("vanthu.stttt", "register", of=document, issue_form="electronic")
        here = desk(verb, document=document)
        document = here.document
        begun = here.asked(transport)
        assert story_office.standing(document) == [here.item.node_id], "asking changes nothing"
        if transport is RAW:
            done = here.answer(begun, here.raw(begun))
        else:
            done = here.upload(begun, here.by_agent(begun))
        assert done.document.id == document
        ended = here.session(begun)
        assert ended.state is SessionState.DONE
        assert (ended.prepared, ended.revision, ended.signature) == (None, None, None)
    report = report_on(story_office, document)
    assert report.verdict is Verdict.VALID, report.text()
    assert [one.role for one in report.signatures] == [
        SignRole.APPROVE,
        SignRole.NUMBER,
        SignRole.SEAL,
    ]
    uses = story_office.all(KeyUse, KeyUse.document_id == document)
    assert sorted((one.purpose, str(one.outcome)) for one in uses) == [
        ("number", "begun"),
        ("number", "signed"),
        ("seal", "begun"),
        ("seal", "signed"),
    ]
    shown = story_office.outgoing(document)
    assert shown.status == "sealed"
    assert shown.serial_number is not None


def test_the_same_answer_twice_is_answered_the_same(story_office, desk):
    here = desk("sign")
    begun = here.asked()
    raw = here.raw(begun)
    first = here.answer(begun, raw)
    before = snapshot(story_office)
    assert here.answer(begun, raw) is None
    assert snapshot(story_office) == before
    assert first.summary == "Đã ký số"
    with pytest.raises(SessionClosed):
        here.answer(begun, b"another")


def test_a_worker_that_died_between_signature_and_step_is_no_harm(story_office, desk):
    here = desk("sign")
    begun = here.asked()
    raw = here.raw(begun)
    with here.begin() as tx:
        sessions.accept_signature(tx, begun.session.id, raw)
    assert story_office.standing(here.document) == ["sign"]
    assert here.session(begun).state is SessionState.SIGNED
    assert here.answer(begun, raw).summary == "Đã ký số"


# -- what is refused before anybody types a PIN ---------------------------------------------------


def test_what_the_verb_refuses_is_refused_before_anybody_is_asked(story_office, desk):
    document = letter(story_office, "sign")
    here = desk("sign", document=document)
    story_office.run_sql(
        "UPDATE outgoing_document SET format_checker_id = NULL WHERE id = %s", document
    )
    before = snapshot(story_office)
    with pytest.raises(NotApproved):
        here.asked()
    assert snapshot(story_office) == before


def test_without_a_registered_device_or_with_another_s_nobody_is_asked(desk):
    with pytest.raises(NoDeskKey):
        desk("sign", register=False).asked()
    here = desk("sign")
    with pytest.raises(OtherDeskKey):
        here.asked(certificate=desk("number").key.certificate())
    assert here.asked(certificate=here.key.certificate()).session.state is SessionState.PREPARED


def test_a_step_that_is_sent_back_needs_no_signature(story_office, desk):
    here = desk("sign")
    here.form = {"outcome": "return", "reason": "Sai thẩm quyền"}
    before = snapshot(story_office)
    with pytest.raises(NothingToSign):
        here.asked()
    assert snapshot(story_office) == before


def test_no_secret_is_kept(story_office, desk):
    here = desk("sign")
    here.form = {**here.form, "pin": "khong-duoc-luu"}
    begun = here.asked()
    (row,) = story_office.rows(
        "SELECT s::text FROM signing_session s WHERE id = %s", begun.session.id
    )
    assert "khong-duoc-luu" not in row[0]
    assert here.session(begun).form == {"outcome": "sign"}


# -- what is refused when the answer comes --------------------------------------------------------


def test_a_wrong_signature_changes_nothing_and_the_session_goes_on(story_office, desk):
    here = desk("sign")
    begun = here.asked()
    good = here.raw(begun)
    before = snapshot(story_office)
    for wrong in (b"", bytes(64), here.key.sign(b"x", "sha256")):
        with pytest.raises(SignatureMismatch):
            here.answer(begun, wrong)
    assert snapshot(story_office) == before
    assert here.session(begun).state is SessionState.PREPARED
    assert here.answer(begun, good).summary == "Đã ký số"


def test_a_wrong_file_changes_nothing_and_the_session_goes_on(story_office, desk):
    here = desk("number")
    begun = here.asked(FILE)
    good = here.by_agent(begun)
    base = story_office.means.content.read(begun.session.base_sha256)
    other = desk("sign")
    foreign = story_office.means.content.read(other.asked(FILE).session.base_sha256)
    before = snapshot(story_office)
    for wrong, error in (
        (base, OtherDocument),
        (foreign, OtherDocument),
        (good.replace(b"/Type", b"/Tipe", 1), OtherDocument),
        (here.by_agent(begun, other.key), OtherCertificate),
    ):
        with pytest.raises(error):
            here.upload(begun, wrong)
    assert snapshot(story_office) == before
    assert here.upload(begun, good).item.node_id == here.item.node_id


def test_nobody_signs_after_the_time_has_run_out(story_office, desk):
    here = desk("sign")
    begun = here.asked()
    raw = here.raw(begun)
    _later(story_office, begun)
    with pytest.raises(SessionExpired):
        here.answer(begun, raw)
    with here.begin() as tx:
        assert mine_at(tx, here.item.id) is None
    with story_office.office.database.transaction() as tx:
        assert sweep(tx) == 1
    assert here.session(begun).state is SessionState.EXPIRED
    assert story_office.standing(here.document) == ["sign"]
    again = here.asked()
    assert here.answer(again, here.raw(again)).summary == "Đã ký số"


def _later(story, begun) -> None:
    story.run_sql(
        "UPDATE signing_session SET expires_at = expires_at - %s WHERE id = %s",
        TIME_TO_SIGN,
        begun.session.id,
    )


def test_a_step_that_changed_meanwhile_ends_the_session_with_the_reason(story_office, desk):
    here = desk("sign")
    begun = here.asked()
    raw = here.raw(begun)
    story_office.run_sql("UPDATE work_item SET version = version + 1 WHERE id = %s", here.item.id)
    with pytest.raises(Stale):
        here.answer(begun, raw)
    failed = here.session(begun)
    assert failed.state is SessionState.FAILED
    assert failed.failure["code"] == Stale.code
    assert not story_office.outgoing(here.document).is_signed


def test_a_number_that_another_document_took_meanwhile_is_not_signed_twice(story_office, desk):
    here = desk("number")
    begun = here.asked()
    raw = here.raw(begun)
    number = begun.session.told["number"]
    no_desks(story_office)
    other = letter(story_office, "number", subject="nhanh tay hơn")
    carry_out(story_office, "vanthu.stttt", "number", other, pin=PASSWORD)
    assert story_office.outgoing(other).code_number == number
    here.register()
    with pytest.raises(SessionOutdated):
        here.answer(begun, raw)
    assert story_office.outgoing(here.document).serial_number is None
    again = here.asked()
    assert int(again.session.told["number"]) == int(number) + 1
    here.answer(again, here.raw(again))
    assert story_office.outgoing(here.document).serial_number == int(number) + 1


def test_rights_are_asked_again_when_the_answer_comes(story_office, desk):
    here = desk("sign", document=letter(story_office, "sign"))
    begun = here.asked()
    raw = here.raw(begun)
    story_office.run_sql(
        "UPDATE outgoing_document SET format_checker_id = NULL WHERE id = %s", here.document
    )
    with pytest.raises(NotApproved):
        here.answer(begun, raw)
    assert here.session(begun).failure["code"] == "not-approved"


# -- one session of a document and role -----------------------------------------------------------


def test_beginning_anew_ends_the_session_before(story_office, desk):
    here = desk("sign")
    first = here.asked()
    raw = here.raw(first)
    second = here.asked()
    assert here.session(first).failure["code"] == "begun-anew"
    with pytest.raises(SessionClosed):
        here.answer(first, raw)
    with here.begin() as tx:
        assert mine_at(tx, here.item.id).id == second.session.id


def test_two_officers_do_not_sign_one_document_at_once(story_office, desk):
    here = desk("number")
    begun = here.asked()
    story_office.run_sql(
        "UPDATE signing_session SET officer_id = %s, officer_name = 'Lê Thị Khác' WHERE id = %s",
        story_office.officer("giamdoc.stttt"),
        begun.session.id,
    )
    with pytest.raises(SigningUnderWay) as refused:
        here.asked()
    assert "Lê Thị Khác" in refused.value.text()
    _later(story_office, begun)
    assert here.asked().session.state is SessionState.PREPARED


def test_a_session_is_its_officer_s_alone(story_office, desk):
    begun = desk("sign").asked()
    for user in ("vanthu.stttt", "vanthu.ubnd"):
        with pytest.raises(NotFound), story_office.as_(user) as tx:
            sessions.read(tx, begun.session.id)


def test_who_cancels_may_begin_again(story_office, desk):
    here = desk("sign")
    begun = here.asked()
    with here.begin() as tx:
        ended = sessions.cancel(tx, begun.session.id, "Người dùng hủy")
    assert ended.state is SessionState.FAILED
    assert "Người dùng hủy" in ended.failure["vi"]
    assert here.asked().session.state is SessionState.PREPARED


def test_a_session_lasts_ten_minutes(desk):
    session = desk("sign").asked().session
    assert session.expires_at - session.created_at == TIME_TO_SIGN == timedelta(minutes=10)
