"""Return with a reason (trả lại kèm lý do): every edge the law has, and back to the end after it."""

import pytest
import sqlalchemy as sa
from story import (
    PASSWORD,
    Story,
    carry_out,
    directing,
    incoming_letter,
    incoming_steps,
    letter,
    letter_values,
)

from engine import history
from engine.instance import InstanceStatus
from forms.errors import FormInvalid
from processes.outgoing.approve_content import AlreadySigned
from records.directive import Assignment, Directive
from records.document import IncomingDocument
from records.draft import Draft, Opinion
from records.vocabulary import AssignmentKind, AssignmentState, IncomingStatus, Verdict

OUTGOING = [
    ("approve", "truongphong.stttt", "content"),
    ("check_format", "chanvp.stttt", "format"),
    ("sign", "giamdoc.stttt", "signature"),
]


def events(story: Story, document) -> list[history.Event]:
    with story.office.database.session() as session:
        found = history.events_of(session, story.instance(document).id)
        session.expunge_all()
        return found


def go_on(story: Story, document) -> None:
    """Bring an incoming document from where it stands to its end."""
    steps = incoming_steps(story, story.one(IncomingDocument, IncomingDocument.id == document))
    by_node = {node: (user, values) for node, user, values in steps}
    for _ in range(12):
        standing = [n for n in story.standing(document) if n in by_node]
        if not standing:
            return
        user, values = by_node[standing[0]]
        story.do(user, standing[0], of=document, **values)
    raise AssertionError(story.standing(document))


@pytest.mark.parametrize(("node", "user", "stage"), OUTGOING)
def test_a_draft_comes_back_to_its_author_with_the_reason(story_office, node, user, stage):
    story = story_office
    document = letter(story, node)
    reason = f"Sửa lại phần căn cứ ({stage})"
    story.do(user, node, of=document, outcome="return", reason=reason)
    assert story.standing(document) == ["draft"]
    (opinion,) = story.all(
        Opinion,
        Opinion.stage == stage,
        Opinion.draft_id.in_(sa.select(Draft.id).where(Draft.outgoing_document_id == document)),
    )
    assert (opinion.verdict, opinion.text) == (Verdict.RETURNS, reason)
    last = events(story, document)[-1]
    assert reason.encode() in last.body
    # what was approved before does not count for the next version
    story.do("chuyenvien.stttt", "draft", of=document, **letter_values(story))
    kept = story.outgoing(document)
    assert (kept.reviewer_id, kept.format_checker_id) == (None, None)
    assert story.standing(document) == ["approve"]


@pytest.mark.parametrize(("node", "user", "_stage"), OUTGOING)
def test_a_draft_is_not_returned_without_a_reason(story_office, node, user, _stage):
    document = letter(story_office, node)
    with pytest.raises(FormInvalid) as refused:
        story_office.do(user, node, of=document, outcome="return", reason="  ")
    assert "reason" in str(refused.value.errors)
    assert story_office.standing(document) == [node]
    # the control: with a reason it is
    story_office.do(user, node, of=document, outcome="return", reason="Chưa đúng")
    assert story_office.standing(document) == ["draft"]


INCOMING = [
    ("check", "vanthu.stttt", []),
    ("direct", "giamdoc.stttt", ["register"]),
    ("assign", "truongphong.stttt", ["direct"]),
    ("process", "chuyenvien.stttt", ["assign"]),
    ("complete", "truongphong.stttt", ["process"]),
]


@pytest.mark.parametrize(("node", "user", "target"), INCOMING)
def test_an_incoming_document_goes_back_one_step_with_the_reason(story_office, node, user, target):
    story = story_office
    document = incoming_letter(story, node)
    with pytest.raises(FormInvalid):
        story.do(user, node, of=document, outcome="return")
    reason = f"Không thuộc phạm vi ({node})"
    story.do(user, node, of=document, outcome="return", reason=reason)
    assert story.standing(document) == target
    assert reason.encode() in events(story, document)[-1].body
    number = story.one(IncomingDocument, IncomingDocument.id == document).arrival_number
    go_on(story, document)
    assert story.instance(document).status == InstanceStatus.COMPLETED
    done = story.one(IncomingDocument, IncomingDocument.id == document)
    if node == "check":
        assert done.status is IncomingStatus.REFUSED
        assert done.refusal_reason == reason
        assert done.arrival_number is None
    else:
        assert done.status is IncomingStatus.COMPLETED
        assert done.arrival_number == number  # registering again keeps it


@pytest.mark.parametrize("lead_first", [True, False])
@pytest.mark.parametrize("cooperating", [(), ("TTBC",), ("TTBC", "VP")])
def test_a_unit_gives_the_work_back_while_others_cooperate(story_office, cooperating, lead_first):
    """The leader directs anew; the instance still ends, with nothing left waiting."""
    story = story_office
    document = incoming_letter(story, "assign", cooperating=cooperating)
    story.do("truongphong.stttt", "assign", of=document, outcome="return", reason="Việc của P.TTBC")
    story.do("giamdoc.stttt", "direct", of=document, **directing(story, cooperating))
    if lead_first:
        go_on(story, document)
        assert (story.instance(document).status == InstanceStatus.COMPLETED) is not bool(
            cooperating
        )
    heads = {"TTBC": "truongphong.ttbc", "VP": "chanvp.stttt"}
    for unit in cooperating:
        while story.items(heads[unit], "cooperate", document):
            story.do(heads[unit], "cooperate", of=document, opinion="Đã phối hợp")
    go_on(story, document)
    assert story.standing(document) == []
    assert story.instance(document).status == InstanceStatus.COMPLETED


def test_an_officer_named_by_the_leader_gives_back_and_another_of_his_unit_finishes(story_office):
    """The leader's own line was returned; neither the head's way back nor the end is barred."""
    story = story_office
    document = incoming_letter(story, "direct")
    named = directing(story, lead_officer=story.officer("chuyenvien.stttt"))
    del named["lead_unit"]
    story.do("giamdoc.stttt", "direct", of=document, **named)
    assert story.standing(document) == ["process"]
    story.do(
        "chuyenvien.stttt", "process", of=document, outcome="return", reason="Đang đi công tác"
    )
    lead = story.one(
        Assignment,
        Assignment.kind == AssignmentKind.LEAD,
        Assignment.directive_id.in_(
            sa.select(Directive.id).where(Directive.incoming_document_id == document)
        ),
    )
    assert (lead.state, lead.note) == (AssignmentState.RETURNED, "Đang đi công tác")
    story.do("truongphong.stttt", "assign", of=document, outcome="return", reason="Chưa có người")
    story.do("giamdoc.stttt", "direct", of=document, **named)
    story.do("chuyenvien.stttt", "process", of=document, outcome="return", reason="Vẫn bận")
    go_on(story, document)
    assert story.instance(document).status == InstanceStatus.COMPLETED


def test_a_unit_tried_first_leaves_no_trace_on_the_officer_named_next(story_office):
    story = story_office
    document = incoming_letter(story, "process")
    story.do("chuyenvien.stttt", "process", of=document, outcome="return", reason="Sai người")
    story.do("truongphong.stttt", "assign", of=document, outcome="return", reason="Sai phòng")
    named = directing(story, lead_officer=story.officer("chuyenvien.stttt"))
    del named["lead_unit"]
    story.do("giamdoc.stttt", "direct", of=document, **named)
    go_on(story, document)
    assert story.instance(document).status == InstanceStatus.COMPLETED


def test_work_asked_for_again_may_still_be_given_back(story_office):
    story = story_office
    document = incoming_letter(story, "complete")
    story.do("truongphong.stttt", "complete", of=document, outcome="return", reason="Thiếu số liệu")
    story.do(
        "chuyenvien.stttt", "process", of=document, outcome="return", reason="Chuyển người khác"
    )
    assert story.standing(document) == ["assign"]
    go_on(story, document)
    assert story.instance(document).status == InstanceStatus.COMPLETED


def test_a_signed_document_is_returned_no_more(story_office):
    story = story_office
    document = letter(story, "number")
    assert story.outgoing(document).is_signed
    for verb, user in (("approve_content", "truongphong.stttt"), ("check_format", "chanvp.stttt")):
        with pytest.raises(AlreadySigned):
            carry_out(story, user, verb, document, outcome="return", reason="Muộn rồi")
    with pytest.raises(AlreadySigned):
        carry_out(
            story, "giamdoc.stttt", "sign", document, outcome="return", reason="x", pin=PASSWORD
        )
