"""Who signs, numbers, seals and issues, in what order, and what a wrong PIN changes: nothing."""

import unicodedata
from dataclasses import replace
from datetime import timedelta

import pytest
from story import (
    PASSWORD,
    carry_out,
    incoming_letter,
    letter,
    letter_values,
    registering,
    snapshot,
    source_file,
    today,
)

from engine.errors import NotFound, Stale
from engine.machine import NotWaiting
from forms.errors import FormInvalid
from processes import work_items
from processes.filing import DossierSymbolTaken
from processes.incoming.complete import OwnWork
from processes.incoming.receive import ReceiveIncoming, receive
from processes.outgoing.approve_content import OwnDraft
from processes.outgoing.begin import begin
from processes.outgoing.draft import NotASignatory
from processes.outgoing.issue import AlreadyIssued, NoRecipient
from processes.outgoing.number import AlreadyNumbered
from processes.outgoing.seal import AlreadySealed, NotNumbered
from processes.outgoing.sign import NotApproved, NotTheSignatory
from processes.work_items import CompleteItem
from records.authority import NoRight
from records.delegation import delegate
from records.document import IncomingDocument
from records.dossier import Dossier
from records.issuing_error import NotSigned, PaperCopiesMissing, SourceFileMissing
from records.organization import SIGNATORY
from records.vocabulary import Channel, Delivery, IssueForm
from signing.certificate_errors import CertificateRevoked
from signing.errors import KeystoreRefused

PIN = {"pin": PASSWORD}


# -- the order that the law gives, whatever a diagram says ---------------------------------------


@pytest.mark.parametrize(
    ("verb", "until", "error"),
    [
        ("number", "sign", NotSigned),
        ("register_outgoing", "sign", NotSigned),
        ("seal", "sign", NotSigned),
        ("seal", "number", NotNumbered),
        ("issue", "sign", NotSigned),
        ("number", "register", AlreadyNumbered),
        ("seal", "issue", AlreadySealed),
        ("issue", "store", AlreadyIssued),
    ],
)
def test_a_verb_refuses_out_of_turn_and_changes_nothing(story_office, verb, until, error):
    document = letter(story_office, until)
    story_office.login("vanthu.stttt")  # a login is written too
    before = snapshot(story_office)
    with pytest.raises(error):
        carry_out(story_office, "vanthu.stttt", verb, document, confirm=True, **PIN)
    assert snapshot(story_office) == before


@pytest.mark.parametrize("until", ["approve", "check_format"])
def test_nothing_is_signed_before_content_and_layout_are_approved(story_office, until):
    document = letter(story_office, until)
    with pytest.raises(NotApproved) as refused:
        carry_out(story_office, "giamdoc.stttt", "sign", document, outcome="sign", **PIN)
    assert "thể thức" in refused.value.text()
    assert not story_office.outgoing(document).is_signed


def test_a_new_version_needs_new_approvals(story_office):
    document = letter(story_office, "sign")
    carry_out(story_office, "chuyenvien.stttt", "draft", document, **letter_values(story_office))
    with pytest.raises(NotApproved):
        story_office.do("giamdoc.stttt", "sign", of=document, outcome="sign", **PIN)
    assert not story_office.outgoing(document).is_signed


# -- who -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "user", ["chanvp.stttt", "vanthu.stttt", "chuyenvien.stttt", "truongphong.stttt"]
)
def test_only_who_may_sign_signs(story_office, user):
    document = letter(story_office, "sign")
    with pytest.raises(NoRight):
        carry_out(story_office, user, "sign", document, outcome="sign", **PIN)


def test_another_signatory_does_not_sign_in_the_place_of_the_one_named(story_office):
    document = letter(story_office, "sign")
    deputy = story_office.login("chanvp.stttt")
    deputy = replace(deputy, roles=deputy.roles | {SIGNATORY})
    with pytest.raises(NotTheSignatory) as refused:
        carry_out(story_office, deputy, "sign", document, outcome="sign", **PIN)
    assert "Đỗ Xuân Hòa" in refused.value.text()


def test_a_draft_names_a_signatory_who_may_sign(story_office):
    document = letter(story_office, "draft")
    wrong = letter_values(story_office, signatory=story_office.officer("chanvp.stttt"))
    with pytest.raises(FormInvalid):
        story_office.do("chuyenvien.stttt", "draft", of=document, **wrong)
    with pytest.raises(NotASignatory):
        carry_out(story_office, "chuyenvien.stttt", "draft", document, **wrong)


@pytest.mark.parametrize("user", ["giamdoc.stttt", "chanvp.stttt", "chuyenvien.stttt"])
@pytest.mark.parametrize(
    ("verb", "until"), [("number", "number"), ("seal", "seal"), ("issue", "issue")]
)
def test_only_the_clerk_numbers_seals_and_issues(story_office, user, verb, until):
    document = letter(story_office, until)
    with pytest.raises(NoRight):
        carry_out(story_office, user, verb, document, confirm=True, **PIN)


def test_the_clerk_of_another_agency_finds_nothing(story_office):
    document = letter(story_office, "seal")
    (item,) = story_office.open_items(document)
    with pytest.raises(NotFound), story_office.as_("vanthu.ubnd") as tx:
        work_items.complete(
            tx, story_office.means, CompleteItem(item.id, item.version, {"confirm": True, **PIN})
        )


def test_the_author_approves_nothing_of_his_own(story_office):
    """The diagram excludes him; the verb does so by itself."""
    story = story_office
    with story.as_("truongphong.stttt") as tx:
        document, _ = begin(tx, story.means)
    story.do("truongphong.stttt", "draft", of=document.id, **letter_values(story))
    (item,) = story.open_items(document.id)
    assert item.node_id == "approve"
    assert story.items("truongphong.stttt", "approve", document.id) == []
    command = CompleteItem(item.id, item.version, {"outcome": "approve"})
    with pytest.raises(NoRight), story.as_("truongphong.stttt") as tx:  # the leaders judge it
        work_items.complete(tx, story.means, command)
    for verb in ("approve_content", "check_format"):
        with pytest.raises(OwnDraft):
            carry_out(story, "truongphong.stttt", verb, document.id, outcome="approve")


def test_whoever_stands_in_for_the_author_does_not_approve_for_him(story_office):
    story = story_office
    with story.as_("truongphong.stttt") as tx:
        given = delegate(
            tx,
            story.login("chuyenvien.stttt").officer_id,
            today(),
            today() + timedelta(days=5),
            basis="Giấy ủy quyền số 01/GUQ-CNTT",
        )
        document, _ = begin(tx, story.means)
    author = story.login("truongphong.stttt")
    mine = story.login("chuyenvien.stttt")
    for_him = replace(
        author, officer_id=mine.officer_id, name=mine.name, on_behalf_of=author.officer_id
    )
    assert given.to_officer_id == for_him.officer_id
    story.do("truongphong.stttt", "draft", of=document.id, **letter_values(story))
    (item,) = story.open_items(document.id)
    command = CompleteItem(item.id, item.version, {"outcome": "approve"})
    with pytest.raises(NoRight), story.office.database.transaction(for_him) as tx:
        work_items.complete(tx, story.means, command)
    with pytest.raises(OwnDraft):
        carry_out(story, for_him, "approve_content", document.id, outcome="approve")
    # the control: he does approve what somebody else wrote
    other = letter(story, "approve", subject="của người khác")
    (item,) = story.open_items(other)
    stranger = replace(for_him, officer_id=story.login("chanvp.stttt").officer_id)
    with story.office.database.transaction(stranger) as tx:
        done = work_items.complete(
            tx, story.means, CompleteItem(item.id, item.version, {"outcome": "approve"})
        )
    assert done.item.done_by == stranger.officer_id


def test_nobody_confirms_his_own_work(story_office):
    document = incoming_letter(story_office, "process")
    story_office.run_sql(
        "UPDATE work_item SET groups = %s WHERE id = %s",
        [f"officer:{story_office.officer('truongphong.stttt')}"],
        story_office.open_items(document)[0].id,
    )
    (item,) = story_office.open_items(document)
    with story_office.as_("truongphong.stttt") as tx:
        work_items.complete(
            tx,
            story_office.means,
            CompleteItem(item.id, item.version, {"outcome": "complete", "opinion": "Tôi tự làm"}),
        )
    (item,) = story_office.open_items(document)
    command = CompleteItem(item.id, item.version, {"outcome": "accept"})
    with pytest.raises(NoRight), story_office.as_("truongphong.stttt") as tx:
        work_items.complete(tx, story_office.means, command)
    with pytest.raises(OwnWork):
        carry_out(
            story_office, "truongphong.stttt", "complete", document, item=item, outcome="accept"
        )


# -- wrong PIN -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "user", "values"),
    [
        ("sign", "giamdoc.stttt", {"outcome": "sign"}),
        ("number", "vanthu.stttt", {}),
        ("seal", "vanthu.stttt", {"confirm": True}),
    ],
)
def test_a_wrong_pin_changes_nothing_and_costs_no_number(story_office, node, user, values):
    story = story_office
    document = letter(story, node)
    with story.as_(user):
        pass  # logs in
    before = snapshot(story)
    with pytest.raises(KeystoreRefused) as refused:
        story.do(user, node, of=document, pin="sai-ma-pin", **values)
    assert "sai-ma-pin" not in refused.value.text()
    after = snapshot(story)
    changed = {name for name, rows in after.items() if rows != before[name]}
    # R-12.4a: the agency's key is kept like its seal, so the attempt itself is written down
    written = set() if node == "sign" else {"key_use", "journal_leaf"}
    assert changed == written
    next_number = story.value(
        "SELECT coalesce(max(next_number), 1) FROM register_series WHERE key = 'VB hành chính'"
        " AND agency_id = %s",
        story.agency("STTTT"),
    )
    story.do(user, node, of=document, **values, **PIN)
    if node == "number":
        assert story.outgoing(document).serial_number == next_number


def test_a_revoked_certificate_signs_nothing(story_office):
    """The officer learns it before the key is used, and a new certificate goes on from there."""
    story = story_office
    document = letter(story, "sign")
    keystores = story.office.settings.data / "signing" / "keystores"
    own = keystores / f"{story.outgoing(document).signatory_id}.p12"
    good = own.read_bytes()
    story.login("giamdoc.stttt")  # a login is written too
    own.write_bytes((keystores / "revoked.p12").read_bytes())
    before = snapshot(story)
    try:
        with pytest.raises(CertificateRevoked):
            story.do("giamdoc.stttt", "sign", of=document, outcome="sign", **PIN)
    finally:
        own.write_bytes(good)
    assert snapshot(story) == before
    story.do("giamdoc.stttt", "sign", of=document, outcome="sign", **PIN)


# -- files and paper ------------------------------------------------------------------------------


def test_an_important_document_is_not_registered_without_its_source_file(story_office):
    story = story_office
    document = letter(story, "register", document_type=story.kind("STTTT", "KH"))
    before = snapshot(story)
    with pytest.raises(SourceFileMissing) as refused:
        story.do("vanthu.stttt", "register", of=document, issue_form="electronic")
    assert "tệp dữ liệu gốc" in refused.value.text()
    assert snapshot(story) == before
    carry_out(story, "vanthu.stttt", "seal", document, **PIN)
    with pytest.raises(SourceFileMissing):  # the verb that issues asks again
        carry_out(story, "vanthu.stttt", "issue", document)
    story.do(
        "vanthu.stttt",
        "register",
        of=document,
        files=source_file(story),
        issue_form="electronic",
        source_file=["f1"],
    )


def test_paper_is_issued_with_its_reason_and_two_kept_copies(story_office):
    story = story_office
    document = letter(story, "register")
    on_paper = {"issue_form": "paper", "off_system_reason": "Bên nhận chưa có hạ tầng"}
    with pytest.raises(FormInvalid):
        story.do("vanthu.stttt", "register", of=document, issue_form="paper")
    with pytest.raises(PaperCopiesMissing):
        story.do("vanthu.stttt", "register", of=document, **on_paper, paper_copies=2)
    story.do(
        "vanthu.stttt",
        "register",
        of=document,
        **on_paper,
        paper_copies=2,
        original_kept_at="Văn thư",
        file_copy_kept_at="Hồ sơ 01",
    )
    story.do("vanthu.stttt", "seal", of=document, confirm=True, **PIN)
    # left as it was registered: the form says so
    story.do("vanthu.stttt", "issue", of=document, confirm=True)
    issued = story.outgoing(document)
    assert issued.issue_form is IssueForm.PAPER
    assert issued.off_system_reason == "Bên nhận chưa có hạ tầng"
    (recipient,) = story.recipients(document)
    assert recipient.delivery is Delivery.PAPER_ONLY


def test_a_document_for_nobody_is_not_issued(story_office):
    document = letter(story_office, "issue")
    story_office.run_sql("DELETE FROM recipient WHERE outgoing_document_id = %s", document)
    with pytest.raises(NoRecipient):
        story_office.do("vanthu.stttt", "issue", of=document, confirm=True)


def test_an_agency_named_twice_receives_one_copy(story_office):
    document = letter(story_office, "approve", to=("UBND", "STC", "UBND"))
    assert [r.name for r in story_office.recipients(document)] == [
        "Ủy ban nhân dân tỉnh Thái Nguyên",
        "Sở Tài chính",
    ]


def test_a_dossier_symbol_is_given_once_a_year_and_a_free_one_is_found(story_office):
    story = story_office
    first, second, third = (letter(story, "store") for _ in range(3))
    opened = len(story.all(Dossier, Dossier.agency_id == story.agency("STTTT")))
    # by hand the symbol that counting would give the next but one
    taken = f"{opened + 2:02d}.HS"
    by_hand = {"new_dossier_title": "Tự đặt", "retention": "20 năm", "new_dossier_notation": taken}
    story.do("vanthu.stttt", "store", of=first, **by_hand)
    with pytest.raises(DossierSymbolTaken) as refused:
        story.do("vanthu.stttt", "store", of=second, **by_hand)
    assert taken in refused.value.text()
    del by_hand["new_dossier_notation"]
    story.do("vanthu.stttt", "store", of=second, **by_hand)
    story.do("vanthu.stttt", "store", of=third, **by_hand)
    made = story.all(Dossier, Dossier.agency_id == story.agency("STTTT"))[opened:]
    assert len({d.file_notation for d in made}) == 3


# -- the same step twice --------------------------------------------------------------------------


def test_a_step_is_completed_once_and_only_in_the_version_that_was_seen(story_office):
    story = story_office
    document = letter(story, "approve")
    (item,) = story.items("truongphong.stttt", "approve", document)
    values = {"outcome": "approve"}
    before = snapshot(story)
    with pytest.raises(Stale), story.as_("truongphong.stttt") as tx:
        work_items.complete(tx, story.means, CompleteItem(item.id, item.version + 1, values))
    assert snapshot(story) == before
    story.do("truongphong.stttt", "approve", of=document, **values)
    before = snapshot(story)
    for version in (None, item.version, item.version + 1):
        with pytest.raises((NotWaiting, Stale)) as refused, story.as_("truongphong.stttt") as tx:
            work_items.complete(tx, story.means, CompleteItem(item.id, version, values))
        assert refused.value.status == 409
    assert snapshot(story) == before


# -- incoming --------------------------------------------------------------------------------------


def test_only_the_clerk_receives_and_registers(story_office):
    story = story_office
    command = ReceiveIncoming(channel=Channel.POST, organ_name="Sở Nội vụ", subject="giấy mời")
    for user in ("giamdoc.stttt", "chuyenvien.stttt", "truongphong.stttt"):
        with pytest.raises(NoRight), story.as_(user) as tx:
            receive(tx, story.means, command)
    document = incoming_letter(story, "register")
    with pytest.raises(NoRight):
        carry_out(story, "chuyenvien.stttt", "register_incoming", document)


def test_unknown_keys_old_letters_and_impossible_dates_are_refused_in_vietnamese(story_office):
    story = story_office
    document = incoming_letter(story, "register")
    record = story.one(IncomingDocument, IncomingDocument.id == document)
    good = registering(record, story.kind("STTTT", "CV"))
    before = snapshot(story)
    for wrong in (
        {"unknown_key": "x"},
        {"issued_on": "2026-02-31"},
        {"subject": ""},
        {"document_type": story.kind("UBND", "CV")},
    ):
        with pytest.raises(FormInvalid) as refused:
            story.do("vanthu.stttt", "register", of=document, **{**good, **wrong})
        assert next(iter(wrong)) in refused.value.errors
    assert snapshot(story) == before
    decomposed = unicodedata.normalize("NFD", "Đề nghị phối hợp")
    assert decomposed != unicodedata.normalize("NFC", decomposed)
    story.do("vanthu.stttt", "register", of=document, **{**good, "subject": decomposed})
    kept = story.one(IncomingDocument, IncomingDocument.id == document)
    assert kept.subject == unicodedata.normalize("NFC", decomposed)
