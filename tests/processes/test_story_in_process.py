"""The regulation goes from UBND tỉnh to Sở TT&TT and is answered: every fact of the story."""

from dataclasses import dataclass, field
from uuid import UUID

import pytest
import sqlalchemy as sa
from story import (
    PASSWORD,
    Story,
    day,
    letter,
    registering,
    regulation_values,
    source_file,
    today,
)

from engine import history
from engine.instance import InstanceStatus
from engine.machine import NotWaiting
from processes import work_items
from processes.catalogue import VERBS
from processes.order import Order
from processes.outgoing.begin import begin
from processes.outgoing.issue import AlreadyIssued
from processes.outgoing.paper import current_paper
from processes.work_items import CompleteItem
from records.content import File
from records.document import IncomingDocument, OutgoingDocument
from records.dossier import Dossier, DossierItem
from records.draft import Draft, Opinion
from records.organization import Officer
from records.register import RegisterEntry, RegisterSeries
from records.transfer import Direction, Packet, StatusReceived, StatusReport
from records.verification import SignatureCheck
from records.vocabulary import (
    Authenticity,
    Delivery,
    FileKind,
    IncomingStatus,
    OutgoingStatus,
)
from signing.policy import ExpectedSigner, ValidationPolicy
from signing.report import DocumentReport, Verdict
from signing.role import SignRole
from signing.validation import validate_pdf

YEAR = today().year


@dataclass
class Told:
    """What the story left behind."""

    story: Story
    decision: UUID
    arrived: UUID
    answer: UUID
    #: the PDF after each of the three signatures
    papers: dict[str, bytes] = field(default_factory=dict)
    #: how far the sender saw each receiver get, read after every step at Sở TT&TT
    seen: list[str] = field(default_factory=list)


def paper_of(story: Story, document: UUID) -> bytes:
    with story.office.database.transaction() as tx:
        paper = current_paper(tx, tx.get(OutgoingDocument, document))
        return story.means.content.read(paper.file.sha256)


def draft_and_issue(story: Story) -> tuple[UUID, dict[str, bytes]]:
    with story.as_("chuyenvien.ubnd") as tx:
        document, _ = begin(tx, story.means)
    papers = {}
    values = regulation_values(story)
    story.do("chuyenvien.ubnd", "draft", **values)
    story.do("truongphong.vx", "comment", outcome="agree")
    story.do(
        "truongphong.kstt", "comment", outcome="amend", text="Bổ sung trách nhiệm của Văn phòng"
    )
    story.do("chuyenvien.ubnd", "revise", **values)
    story.do("truongphong.th", "approve", outcome="approve")
    story.do("chanvp", "check_format", outcome="approve")
    story.do("chutich", "sign", outcome="sign", pin=PASSWORD)
    papers["sign"] = paper_of(story, document.id)
    story.do("vanthu.ubnd", "number", pin=PASSWORD)
    papers["number"] = paper_of(story, document.id)
    story.do(
        "vanthu.ubnd",
        "register",
        files=source_file(story),
        issue_form="electronic",
        source_file=["f1"],
    )
    story.do("vanthu.ubnd", "seal", confirm=True, pin=PASSWORD)
    papers["seal"] = paper_of(story, document.id)
    story.do("vanthu.ubnd", "issue", confirm=True)
    story.do(
        "vanthu.ubnd",
        "store",
        new_dossier_title="Quy chế quản lý văn bản và điều hành liên thông",
        retention="Vĩnh viễn",
    )
    return document.id, papers


def receive_and_answer(told: Told) -> None:
    story = told.story

    def look() -> None:
        story.work()
        (one,) = [r for r in story.recipients(told.decision) if r.organ_code == "H55.07"]
        told.seen.append(one.delivery.value)

    look()
    arrived = story.incoming("STTTT")
    told.arrived = arrived.id
    story.do("vanthu.stttt", "check", outcome="accept")
    kind = story.kind("STTTT", "QPPL:QĐ")
    story.do("vanthu.stttt", "register", **registering(arrived, kind))
    look()
    story.do(
        "vanthu.stttt",
        "present",
        proposal="Giao phòng CNTT",
        director=story.officer("giamdoc.stttt"),
    )
    story.do(
        "giamdoc.stttt",
        "direct",
        outcome="direct",
        opinion="P.CNTT chủ trì, P.TTBC phối hợp",
        lead_unit=story.unit("STTTT", "CNTT"),
        deadline=day(10),
        cooperating=[{"unit": story.unit("STTTT", "TTBC"), "deadline": day(7)}],
        informed=[story.unit("STTTT", "VP")],
    )
    look()
    story.do(
        "truongphong.stttt",
        "assign",
        outcome="assign",
        lead_officer=story.officer("chuyenvien.stttt"),
    )
    story.do("truongphong.ttbc", "cooperate", opinion="Đã gửi số liệu")
    story.do(
        "chuyenvien.stttt",
        "process",
        outcome="continue",
        progress=50,
        opinion="Đang soạn báo cáo",
    )
    look()
    told.answer = letter(story, in_reply_to=arrived.id, subject="báo cáo kết quả thực hiện Quy chế")
    story.do("chuyenvien.stttt", "process", of=arrived.id, outcome="complete", opinion="Đã trả lời")
    story.do("truongphong.stttt", "complete", of=arrived.id, outcome="accept")
    story.do(
        "chuyenvien.stttt",
        "file",
        of=arrived.id,
        new_dossier_title="Thực hiện QĐ 188",
        retention="20 năm",
    )
    look()


@pytest.fixture(scope="module")
def told(story_office: Story) -> Told:
    decision, papers = draft_and_issue(story_office)
    made = Told(story_office, decision, decision, decision, papers)
    receive_and_answer(made)
    return made


def test_the_decision_bears_number_188_of_a_series_opened_at_188_with_a_reason(told):
    document = told.story.outgoing(told.decision)
    assert document.reference == f"188/{YEAR}/QĐ-UBND"
    assert document.identifier == f"H55,{document.issued_on:%Y/%m/%d},188/{YEAR}/QĐ-UBND"
    entry = told.story.one(RegisterEntry, RegisterEntry.outgoing_document_id == told.decision)
    series = told.story.one(RegisterSeries, RegisterSeries.id == entry.series_id)
    assert (entry.number, series.opened_at_number, series.next_number) == (188, 188, 189)
    assert "sổ giấy" in series.reason
    assert document.status is OutgoingStatus.ISSUED


def test_every_hand_that_the_law_asks_for_is_named_on_the_document(told):
    document = told.story.outgoing(told.decision)
    named = {
        "author_id": "Vũ Thị Lan",
        "reviewer_id": "Phạm Quốc Dũng",
        "format_checker_id": "Lê Hoàng Giang",
        "signatory_id": "Trần Bình Minh",
    }
    for column, name in named.items():
        officer = told.story.one(Officer, Officer.id == getattr(document, column))
        assert officer.full_name == name
    opinions = told.story.all(
        Opinion,
        Opinion.draft_id.in_(sa.select(Draft.id).where(Draft.outgoing_document_id == document.id)),
    )
    assert sorted(o.stage for o in opinions) == [
        "consultation",
        "consultation",
        "content",
        "format",
        "signature",
    ]
    assert any("trách nhiệm của Văn phòng" in o.text for o in opinions)
    drafts = told.story.all(Draft, Draft.outgoing_document_id == document.id)
    assert [d.version_no for d in drafts] == [1, 2]  # both kept: L-25


@pytest.mark.parametrize(
    ("stage", "roles"),
    [
        ("sign", [SignRole.APPROVE]),
        ("number", [SignRole.APPROVE, SignRole.NUMBER]),
        ("seal", [SignRole.APPROVE, SignRole.NUMBER, SignRole.SEAL]),
    ],
)
def test_the_pdf_is_valid_under_the_strict_policy_after_each_signature(told, stage, roles):
    policy = ValidationPolicy(expected=tuple(ExpectedSigner(role) for role in roles))
    known = told.story.means.signing.known()
    now = told.story.office.database.clock()
    pdf = told.papers[stage]
    report = validate_pdf(
        pdf, trust=known.trust, revocation=known.revocation(), policy=policy, at=now
    )
    assert report.verdict is Verdict.VALID, report.text()
    assert [s.role for s in report.signatures] == roles
    assert report.summary() == "Hợp lệ"
    # the control: one flipped byte in what the person signed is seen
    at = pdf.index(b"/MediaBox") + 12
    forged = pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]
    forgery = validate_pdf(
        forged, trust=known.trust, revocation=known.revocation(), policy=policy, at=now
    )
    assert forgery.verdict is not Verdict.VALID


def test_each_signature_is_appended_to_the_bytes_before_it(told):
    assert told.papers["number"].startswith(told.papers["sign"])
    assert told.papers["seal"].startswith(told.papers["number"])


def test_three_agencies_receive_the_very_bytes_that_were_sealed(told):
    story = told.story
    sealed = story.all(
        File, File.outgoing_document_id == told.decision, File.kind == FileKind.SIGNED
    )[-1]
    assert sealed.version_no == 3
    recipients = story.recipients(told.decision)
    assert sorted(r.organ_code for r in recipients) == ["H55.03", "H55.05", "H55.07"]
    for symbol in ("STTTT", "STC", "SNV"):
        arrived = story.incoming(symbol)
        (main,) = story.all(
            File, File.incoming_document_id == arrived.id, File.kind == FileKind.MAIN
        )
        assert main.sha256 == sealed.sha256
        assert story.means.content.read(main.sha256) == told.papers["seal"]
        assert arrived.reference == f"188/{YEAR}/QĐ-UBND"
        assert arrived.organ_code == "H55"


def test_on_receipt_the_verdict_is_valid_and_its_report_is_kept_in_plain_words(told):
    document = told.story.incoming("STTTT")
    assert document.authenticity is Authenticity.VALID
    assert document.authenticity.vi == "Hợp lệ"
    (main,) = told.story.all(
        File, File.incoming_document_id == document.id, File.kind == FileKind.MAIN
    )
    check = told.story.one(SignatureCheck, SignatureCheck.file_id == main.id)
    report = DocumentReport.from_json(check.report)
    assert report.verdict is Verdict.VALID
    assert "Trần Bình Minh" in report.text()
    assert report.missing_roles == ()


def test_what_was_sealed_here_is_checked_by_the_worker_and_its_report_kept(told):
    with told.story.office.database.transaction() as tx:
        kept = tx.execute(
            "SELECT DISTINCT c.verdict FROM signature_check c JOIN file f ON f.id = c.file_id"
            " WHERE f.outgoing_document_id IS NOT NULL"
        ).fetchall()
    assert kept == [("valid",)]


def test_it_is_registered_with_an_arrival_number(told):
    document = told.story.incoming("STTTT")
    assert document.arrival_number == 1
    assert document.arrived_on is not None
    entry = told.story.one(RegisterEntry, RegisterEntry.incoming_document_id == document.id)
    assert entry.number == 1
    assert document.status is IncomingStatus.COMPLETED


def test_the_sender_sees_the_statuses_01_to_06_each_once(told):
    (mine,) = [r for r in told.story.recipients(told.decision) if r.organ_code == "H55.07"]
    received = told.story.all(StatusReceived, StatusReceived.recipient_id == mine.id)
    assert sorted(s.code for s in received) == ["01", "03", "04", "05", "06"]
    reported = told.story.all(StatusReport, StatusReport.incoming_document_id == told.arrived)
    assert sorted(r.code for r in reported) == ["01", "03", "04", "05", "06"]
    assert all(r.sent_at is not None for r in reported)
    assert mine.delivery is Delivery.COMPLETED


def test_the_sender_sees_each_stage_when_it_is_reached(told):
    assert told.seen == ["arrived", "accepted", "assigned", "in_progress", "completed"]
    others = [r for r in told.story.recipients(told.decision) if r.organ_code != "H55.07"]
    assert {r.delivery for r in others} == {Delivery.ARRIVED}


def test_the_answer_goes_the_same_road_back(told):
    story = told.story
    answer = story.outgoing(told.answer)
    assert answer.reference == "01/STTTT-CNTT"
    back = story.incoming("UBND")
    assert back.reference == answer.reference
    assert back.authenticity is Authenticity.VALID
    (recipient,) = story.recipients(told.answer)
    assert recipient.delivery is Delivery.ARRIVED


def test_both_sides_file_what_they_handled(told):
    def filed(agency: str, title: str) -> set[str]:
        of_agency = Dossier.agency_id == told.story.agency(agency)
        dossier = told.story.one(Dossier, of_agency, Dossier.title == title)
        items = told.story.all(DossierItem, DossierItem.dossier_id == dossier.id)
        assert [i.ordinal for i in sorted(items, key=lambda i: i.ordinal)] == list(
            range(1, len(items) + 1)
        )
        assert dossier.doc_total == sum(i.directive_id is None for i in items)
        return {
            kind
            for i in items
            for kind in ("incoming_document_id", "outgoing_document_id", "directive_id")
            if getattr(i, kind) is not None
        }

    sent = filed("UBND", "Quy chế quản lý văn bản và điều hành liên thông")
    assert sent == {"outgoing_document_id"}
    # the incoming document, the directives on it, and the answer it is linked with
    handled = filed("STTTT", "Thực hiện QĐ 188")
    assert handled == {"incoming_document_id", "outgoing_document_id", "directive_id"}


def test_both_instances_end_and_all_histories_hold(told):
    for document in (told.decision, told.arrived, told.answer):
        assert told.story.instance(document).status == InstanceStatus.COMPLETED
        assert told.story.standing(document) == []
    assert told.story.broken_chains() == []


def test_the_history_tells_step_by_step_who_did_what(told):
    with told.story.office.database.session() as session:
        instance = told.story.instance(told.decision)
        events = history.events_of(session, instance.id)
        assert [e.seq for e in events] == list(range(1, instance.seq + 1))
        assert [e.node_id for e in events] == [
            "",
            "draft",
            "comment",
            "comment",
            "revise",
            "approve",
            "check_format",
            "sign",
            "number",
            "register",
            "seal",
            "issue",
            "store",
        ]
        assert all(PASSWORD.encode() not in e.body for e in events)


def test_the_journal_holds_and_keeps_no_pin(told):
    assert "toàn vẹn" in told.story.journal_text()
    leaves = told.story.rows("SELECT body FROM journal_leaf")
    assert len(leaves) > 50
    assert all(PASSWORD.encode() not in body for (body,) in leaves)
    kept = told.story.rows("SELECT outcome::text FROM work_item WHERE outcome IS NOT NULL")
    assert all(PASSWORD not in outcome for (outcome,) in kept)


def test_nothing_is_left_to_do_and_every_packet_was_confirmed(told):
    assert told.story.unfinished_jobs() == []
    assert told.story.value("SELECT count(*) FROM incident") == 0
    assert told.story.value("SELECT count(*) FROM axis_packet WHERE state <> 'done'") == 0
    packets = told.story.all(Packet, Packet.direction == Direction.IN)
    assert {p.result for p in packets} == {"accepted"}
    assert all(told.story.means.content.path(p.sha256).is_file() for p in packets)


def test_every_file_row_finds_its_bytes(told):
    rows = told.story.all(File)
    assert len(rows) > 10
    assert all(len(told.story.means.content.read(f.sha256)) == f.size for f in rows)


def test_issuing_twice_is_refused_whoever_asks(told):
    """The verb itself refuses; the diagram has no such step open any more."""
    with told.story.as_("vanthu.ubnd") as tx:
        document = tx.get(OutgoingDocument, told.decision)
        with pytest.raises(AlreadyIssued):
            VERBS["issue"].carry_out(tx, told.story.means, Order(None, None, document, {}))
    assert told.story.value("SELECT count(*) FROM job WHERE kind = 'send_envelope'") == 4


def test_a_step_that_is_done_is_not_done_again(told):
    (item,) = told.story.rows(
        "SELECT w.id, w.version FROM work_item w JOIN process_instance p ON p.id = w.instance_id"
        " WHERE p.subject_id = %s AND w.node_id = 'issue'",
        told.decision,
    )
    command = CompleteItem(item[0], item[1], {"confirm": True})
    with pytest.raises(NotWaiting), told.story.as_("vanthu.ubnd") as tx:
        work_items.complete(tx, told.story.means, command)


def test_no_agency_sees_the_documents_of_another(told):
    with told.story.as_("vanthu.stc") as tx:
        own = tx.scalars(sa.select(IncomingDocument))
        assert {d.agency_id for d in own} == {told.story.agency("STC")}
        assert tx.scalars(sa.select(OutgoingDocument)) == []
