"""What never leaves over the network (Quy chế, Điều 3.5, 5.3, 6.2), whatever asks for it."""

from dataclasses import replace

import pytest
from story import PASSWORD, Story, carry_out, letter, letter_values, snapshot

from engine import definition, jobs
from engine.definition import NotPublishable
from forms.definition import load_form
from processes import form_store, procedures
from processes.incoming.receive import ReceiveIncoming, receive
from processes.outgoing.issue import SEND_JOB
from processes.procedures import PublishProcedure
from records.document import IncomingDocument, OutgoingDocument
from records.document_type import DocumentType
from records.issuing_error import (
    ExchangeHindrance,
    NotExchangeable,
    NotSigned,
    PaperOnly,
    SecretRefused,
)
from records.vocabulary import Channel, Delivery, IssueForm, OutgoingStatus, Secrecy
from web import cautions
from web.app import create_app


def post_by_hand(story: Story, document) -> None:
    """Post the job that sends a document, as a wrong program or a hand in the database would."""
    with story.as_("vanthu.stttt") as tx:
        for recipient in story.recipients(document):
            jobs.post(tx, SEND_JOB, {"recipient": str(recipient.id)})


def sent_from(story: Story, document) -> int:
    """How many packets about a document the axis ever took."""
    subject = story.outgoing(document).subject
    return story.value("SELECT count(*) FROM axis_packet WHERE subject = %s", subject)


def ensure_stayed_here(story: Story, document, words: str) -> None:
    """The job failed for good, the recipient shows why, an incident is open, nothing was sent."""
    incidents = story.value("SELECT count(*) FROM incident")
    post_by_hand(story, document)
    story.work(poll=False)
    (recipient,) = story.recipients(document)
    assert recipient.delivery is Delivery.FAILED
    assert words in recipient.delivery_reason
    assert sent_from(story, document) == 0
    assert story.value("SELECT count(*) FROM incident") == incidents + 1
    (error,) = story.rows(
        "SELECT last_error FROM job WHERE kind = %s AND payload->>'recipient' = %s",
        SEND_JOB,
        str(recipient.id),
    )
    assert words in error[0]


def test_the_control_an_ordinary_document_is_sent_when_its_job_is_posted(story_office):
    document = letter(story_office, "issue", subject="văn bản thường")
    story_office.do("vanthu.stttt", "issue", of=document, confirm=True)
    with pytest.raises(AssertionError):
        ensure_stayed_here(story_office, document, "chưa được phát hành")
    assert sent_from(story_office, document) == 1


@pytest.mark.parametrize("secrecy", [s for s in Secrecy if s.is_secret])
def test_a_secret_document_is_not_even_drafted(story_office, secrecy):
    document = letter(story_office, "draft")
    before = snapshot(story_office)
    with pytest.raises(SecretRefused) as refused:
        story_office.do(
            "chuyenvien.stttt",
            "draft",
            of=document,
            **letter_values(story_office, secrecy=secrecy.value),
        )
    assert secrecy.vi in refused.value.text()
    assert snapshot(story_office) == before


@pytest.mark.parametrize("secrecy", [s for s in Secrecy if s.is_secret])
def test_a_document_that_became_secret_is_neither_issued_nor_sent(story_office, secrecy):
    story = story_office
    document = letter(story, "issue", subject=f"về sau là {secrecy.value}")
    story.run_sql(
        "UPDATE outgoing_document SET secrecy = %s, subject = '', description = '' WHERE id = %s",
        secrecy.value,
        document,
    )
    with pytest.raises(NotExchangeable) as refused:
        story.do("vanthu.stttt", "issue", of=document, confirm=True)
    assert refused.value.fields["hindrance"] is ExchangeHindrance.SECRET
    story.run_sql("UPDATE outgoing_document SET issued_at = now() WHERE id = %s", document)
    ensure_stayed_here(story, document, "mật, tối mật, tuyệt mật")


def test_what_never_leaves_over_the_network_is_told_when_it_is_drafted(story_office):
    story = story_office
    special = story.kind("STTTT", "TTr")
    story.run_sql("UPDATE document_type SET is_special = true WHERE id = %s", special)
    for changes, hindrance in (
        ({"is_petition": True}, ExchangeHindrance.PETITION),
        ({"document_type": special}, ExchangeHindrance.SPECIAL),
    ):
        document = letter(story, "draft")
        before = snapshot(story)
        values = letter_values(story, **changes)
        with pytest.raises(PaperOnly) as refused:
            story.do("chuyenvien.stttt", "draft", of=document, **values)
        assert refused.value.fields["hindrance"] is hindrance
        assert "Chỉ phát hành bản giấy" in refused.value.text()
        assert snapshot(story) == before
        story.do("chuyenvien.stttt", "draft", of=document, **values, paper_only=True)
        drafted = story.outgoing(document)
        assert (drafted.issue_form, drafted.off_system_reason.casefold()) == (
            IssueForm.PAPER, hindrance.vi.casefold()
        )  # fmt: skip
    # the control: what may leave is not kept from it by the tick
    document = letter(story, "draft")
    values = letter_values(story, paper_only=True)
    story.do("chuyenvien.stttt", "draft", of=document, **values)
    assert story.outgoing(document).issue_form is IssueForm.ELECTRONIC


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ("is_petition = true", PaperOnly),
        ("secrecy = 'secret', subject = '', description = ''", SecretRefused),
    ],
)
def test_what_became_such_since_is_not_signed_but_returned(story_office, change, error):
    story = story_office
    document = letter(story, "sign")
    story.run_sql(f"UPDATE outgoing_document SET {change} WHERE id = %s", document)
    with pytest.raises(error):
        story.do("giamdoc.stttt", "sign", of=document, outcome="sign", pin=PASSWORD)
    assert not story.outgoing(document).is_signed
    back = {"outcome": "return", "reason": "Không gửi được qua mạng", "pin": PASSWORD}
    story.do("giamdoc.stttt", "sign", of=document, **back)
    assert story.standing(document) == ["draft"]


def test_whoever_judges_it_is_warned(story_office):
    story = story_office
    app = create_app(story.office)

    def warned(document) -> list[str]:
        (item,) = story.items("truongphong.stttt", "approve", document)
        with app.test_request_context(), story.as_("truongphong.stttt") as tx:
            found = tx.get(OutgoingDocument, document)
            return [one["text"] for one in cautions.cautions(tx, item, found)]

    (told,) = warned(letter(story, "approve", is_petition=True, paper_only=True))
    assert "chỉ phát hành bản giấy" in told
    assert warned(letter(story, "approve")) == []


def test_a_petition_is_issued_on_paper_only(story_office):
    story = story_office
    document = letter(
        story, "issue", is_petition=True, paper_only=True, subject="trả lời đơn khiếu nại"
    )
    before = snapshot(story)
    for form in (
        {},
        {"issue_form": "electronic"},
        {"issue_form": "parallel", "off_system_reason": "gửi cả hai"},
    ):
        with pytest.raises(NotExchangeable) as refused:
            story.do("vanthu.stttt", "issue", of=document, confirm=True, **form)
        assert refused.value.fields["hindrance"] is ExchangeHindrance.PETITION
    assert snapshot(story) == before
    story.do(
        "vanthu.stttt",
        "issue",
        of=document,
        confirm=True,
        issue_form="paper",
        off_system_reason="Đơn khiếu nại không gửi qua mạng",
    )
    (recipient,) = story.recipients(document)
    assert recipient.delivery is Delivery.PAPER_ONLY
    assert story.outgoing(document).status is OutgoingStatus.ISSUED
    ensure_stayed_here(story, document, "đơn thư tranh chấp")


def test_a_kind_on_the_agencys_list_is_not_issued_electronically(story_office):
    story = story_office
    kind = story.kind("STTTT", "TB")
    story.run_sql("UPDATE document_type SET is_special = true WHERE id = %s", kind)
    document = letter(
        story, "issue", document_type=kind, paper_only=True, subject="văn bản đặc biệt"
    )
    with pytest.raises(NotExchangeable) as refused:
        story.do("vanthu.stttt", "issue", of=document, confirm=True)
    assert refused.value.fields["hindrance"] is ExchangeHindrance.SPECIAL
    story.run_sql("UPDATE outgoing_document SET issued_at = now() WHERE id = %s", document)
    ensure_stayed_here(story, document, "đặc biệt")
    # the control: off the list, the same document may go
    story.run_sql("UPDATE document_type SET is_special = false WHERE id = %s", kind)
    assert story.outgoing(document).may_be_exchanged(
        story.one(DocumentType, DocumentType.id == kind)
    )


@pytest.mark.parametrize(
    ("until", "error", "words"),
    [
        ("approve", NotSigned, "chưa có chữ ký số của người có thẩm quyền"),
        ("sign", NotSigned, "chưa có chữ ký số của người có thẩm quyền"),
        ("seal", NotExchangeable, "chưa ký số của cơ quan"),
    ],
)
def test_an_unsigned_or_unsealed_document_is_not_issued_nor_sent(story_office, until, error, words):
    story = story_office
    document = letter(story, until, subject=f"chưa xong {until}")
    with pytest.raises(error):
        carry_out(story, "vanthu.stttt", "issue", document, confirm=True)
    with pytest.raises(error):
        carry_out(
            story,
            "vanthu.stttt",
            "issue",
            document,
            confirm=True,
            issue_form="electronic",
        )
    ensure_stayed_here(story, document, words)


def test_a_sealed_document_is_not_sent_before_it_is_issued(story_office):
    document = letter(story_office, "issue", subject="chờ phát hành")
    ensure_stayed_here(story_office, document, "chưa được phát hành")
    story_office.do("vanthu.stttt", "issue", of=document, confirm=True)
    story_office.work(poll=False)
    (recipient,) = story_office.recipients(document)
    assert recipient.delivery is Delivery.SENT


def test_a_petition_on_paper_is_registered_and_a_secret_one_does_not_enter(story_office):
    story = story_office

    def arrive(**what) -> IncomingDocument:
        with story.as_("vanthu.stttt") as tx:
            command = ReceiveIncoming(
                channel=Channel.HAND,
                organ_name="Công dân Nguyễn Văn Đơn",
                subject="đơn khiếu nại quyết định xử phạt",
                **what,
            )
            return receive(tx, story.means, command)[0]

    before = snapshot(story)
    with pytest.raises(SecretRefused):
        arrive(secrecy=Secrecy.SECRET)
    assert snapshot(story) == before
    document = arrive(is_petition=True)
    story.do("vanthu.stttt", "check", of=document.id, outcome="accept")
    story.do(
        "vanthu.stttt",
        "register",
        of=document.id,
        document_type=story.kind("STTTT", "CV"),
        subject=document.subject,
        organ_name=document.organ_name,
        issued_on="2026-01-05",
    )
    registered = story.one(IncomingDocument, IncomingDocument.id == document.id)
    assert registered.is_petition
    assert registered.arrival_number is not None
    assert registered.secrecy is Secrecy.NONE


def test_a_diagram_that_goes_straight_to_issuing_does_not_get_round_it(story_office):
    """Even a step «Phát hành» right after drafting meets the verb's own refusal."""
    story = story_office
    xml = procedures.shipped_xml("outgoing").decode()
    old = '<bpmn:sequenceFlow id="f.direct" name="Không" sourceRef="consult" targetRef="approve"/>'
    assert old in xml
    shortcut = xml.replace(old, old.replace('targetRef="approve"', 'targetRef="issue"')).encode()
    command = PublishProcedure("outgoing", shortcut, "Thử rút ngắn quy trình")
    with pytest.raises(NotPublishable) as refused, story.as_("quantri.stttt") as tx:
        procedures.publish(tx, command)
    codes = {f.code for f in refused.value.findings if f.is_error}
    assert {"number-before-issue", "seal-before-issue"} <= codes
    # published before the law was read from diagrams, or by a hand in the database
    prepared = replace(definition.prepare(shortcut), findings=[])
    with story.as_("quantri.stttt") as tx:
        forms = {n.form: form_store.keep(tx, load_form(n.form))
                 for n in prepared.model.nodes.values() if n.form}  # fmt: skip
        definition.publish(
            tx, prepared, agency_id=story.agency("STTTT"), key="outgoing", name="", forms=forms,
            reason=command.reason,
        )  # fmt: skip
    try:
        document = letter(story, "approve", subject="đi tắt")
        assert story.standing(document) == ["issue"]
        before = snapshot(story)
        with pytest.raises(NotSigned):
            story.do("vanthu.stttt", "issue", of=document, confirm=True)
        assert snapshot(story) == before
    finally:
        with story.as_("quantri.stttt") as tx:
            procedures.publish(tx, PublishProcedure("outgoing", xml.encode(), "Trở lại như cũ"))
