"""A recall of what is completed, refused, given back, replaced, not registered, or frozen already."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from issuing import issued
from story import Story, envelope_from, incoming_steps, send

from exchange.envelope import Business, BusinessType, Party, Replacement, ResponseFor
from exchange.status import StatusCode, StatusMessage
from processes.recall.ask import AskBack, ask_back
from processes.update.ask import UpdateIssued, update_issued
from records.change import ChangeAnswer, ChangeKind, ChangeRequest
from records.document import DocumentFrozen, IncomingDocument
from records.register import RegisterEntry
from records.transfer import StatusReport
from records.vocabulary import IncomingStatus, OutgoingStatus


def arrived(story: Story, number: str) -> IncomingDocument:
    send(story, "STC", envelope_from(story, "STC", number))
    story.work()
    return story.incoming("STTTT", code_number=number)


def call_back(story: Story, document: IncomingDocument, reason: str, after: int = 0) -> None:
    message = StatusMessage(
        sender=Party(story.code("STC"), "Sở Tài chính"),
        response=ResponseFor(
            "H55.07", document.reference, document.issued_on, document.identifier or ""
        ),
        code=StatusCode.TAKE_BACK,
        at=datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=after),
        description=reason,
    )
    send(story, "STC", message, "H55.07")
    story.work()


def request(story: Story, reason: str) -> ChangeRequest:
    return story.one(ChangeRequest, ChangeRequest.reason == reason)


def told(story: Story, document: IncomingDocument) -> list[tuple[str, str]]:
    """What the sender was told by 15 and 16, in order."""
    reports = story.all(StatusReport, StatusReport.incoming_document_id == document.id)
    return [(r.code, r.description) for r in reports if r.code in {"15", "16"}]


def now(story: Story, document: IncomingDocument) -> IncomingDocument:
    return story.incoming("STTTT", id=document.id)


def test_what_is_completed_is_the_clerk_s_to_give_back_or_keep(story_office):
    story = story_office
    here = arrived(story, "9001")
    steps = incoming_steps(story, here)
    steps[0] = ("check", "vanthu.stttt", {"outcome": "accept_unsigned", "reason": "Đã xác minh"})
    for node, user, values in steps:
        story.do(user, node, of=here.id, **values)
    assert now(story, here).status is IncomingStatus.COMPLETED
    call_back(story, here, "Xin lại bản đã xong")
    (item,) = story.items("vanthu.stttt", "decide", here.id)
    assert "Văn bản đã giải quyết xong" in item.variables["request"], "she decides knowing it"
    story.do("vanthu.stttt", "decide", of=here.id, outcome="refuse", reason="Đã trả lời dân")
    assert now(story, here).status is IncomingStatus.COMPLETED
    call_back(story, here, "Xin lại lần nữa", after=2)
    story.do("vanthu.stttt", "decide", of=here.id, outcome="agree")
    gone = now(story, here)
    assert (gone.status, gone.withdrawn_reason) == (IncomingStatus.CANCELLED, "Xin lại lần nữa")
    assert gone.arrival_number is not None
    assert [code for code, _ in told(story, here)] == ["16", "15"]
    assert told(story, here)[0][1] == "Đã trả lời dân"
    assert story.broken_chains() == []


def test_what_is_not_registered_yet_gets_no_number_any_more(story_office):
    story = story_office
    here = arrived(story, "9010")
    call_back(story, here, "Gửi nhầm trước khi vào sổ")
    assert story.standing(here.id) == ["check", "decide"]
    story.do("vanthu.stttt", "decide", of=here.id, outcome="agree")
    gone = now(story, here)
    assert (gone.status, gone.arrival_number) == (IncomingStatus.CANCELLED, None)
    assert story.all(RegisterEntry, RegisterEntry.incoming_document_id == here.id) == []
    assert story.standing(here.id) == []
    with pytest.raises(DocumentFrozen):
        gone.ensure_changeable()


def test_what_is_gone_is_answered_at_once_in_words_and_stays_as_it_is(story_office):
    story = story_office
    back = arrived(story, "9020")
    call_back(story, back, "Thu lại lần đầu")
    story.do("vanthu.stttt", "decide", of=back.id, outcome="agree")
    refused = arrived(story, "9021")
    story.do("vanthu.stttt", "check", of=refused.id, outcome="return", reason="Nhầm nơi nhận")
    replaced = arrived(story, "9022")
    successor = replace(
        envelope_from(story, "STC", "9023"),
        business=Business(
            BusinessType.REPLACE, "Sai căn cứ",
            replacements=(Replacement(replaced.identifier or "", ("H55.07",)),),
        ),
    )  # fmt: skip
    send(story, "STC", successor)
    story.work()
    new = story.incoming("STTTT", code_number="9023")
    for node, user, values in incoming_steps(story, new)[:2]:
        accepted = {"outcome": "accept_unsigned", "reason": "Đã xác minh"}
        story.do(user, node, of=new.id, **(accepted if node == "check" else values))
    story.do("vanthu.stttt", "decide", of=replaced.id, outcome="agree")
    cases = (
        (back, IncomingStatus.CANCELLED, "đã được thu hồi trước đó", "Thu lại lần đầu"),
        (refused, IncomingStatus.REFUSED, "đã được từ chối tiếp nhận", ""),
        (replaced, IncomingStatus.REPLACED, "đã được thay thế trước đó", "Sai căn cứ"),
    )
    for number, (document, status, words, kept) in enumerate(cases):
        call_back(story, document, f"Thu lại thứ {number}", after=5)
        asked = request(story, f"Thu lại thứ {number}")
        assert asked.answer is ChangeAnswer.AGREED
        assert words in asked.answer_reason
        assert told(story, document)[-1] == ("15", asked.answer_reason)
        assert story.standing(document.id) == []
        after = now(story, document)
        assert after.status is status
        assert kept in after.withdrawn_reason


def test_a_second_recall_loses_neither_reason_and_asks_nobody_twice(story_office):
    story = story_office
    document: UUID = issued(story, "thu hồi hai lần", "STC", "SNV")
    story.work()

    def recall(reason: str) -> list[ChangeRequest]:
        with story.as_("vanthu.stttt") as tx:
            return ask_back(tx, AskBack(document, ChangeKind.RECALL, reason))

    assert len(recall("Trái thẩm quyền")) == 2
    assert recall("Sai thể thức") == []
    frozen = story.outgoing(document)
    assert frozen.withdrawn_reason == "Trái thẩm quyền; Sai thể thức"
    with pytest.raises(DocumentFrozen), story.as_("vanthu.stttt") as tx:
        update_issued(tx, story.means, UpdateIssued(document, "Sửa", subject="thu hồi, sửa"))
    story.work()
    for user, agency in (("vanthu.stc", "STC"), ("vanthu.snv", "SNV")):
        here = story.incoming(agency, subject="thu hồi hai lần")
        outcome = {"outcome": "refuse", "reason": "Còn dùng"} if agency == "SNV" else {}
        story.do(user, "decide", of=here.id, **({"outcome": "agree"} | outcome))
    story.work()
    # only who refused and still holds it is asked again
    (again,) = recall("Trái thẩm quyền")
    assert again.organ_code == story.code("SNV")
    assert story.outgoing(document).status is OutgoingStatus.ISSUED
