"""Whom work may be given to, by when, and what closes it (Quy chế, Điều 8, 9)."""

import pytest
from story import Story, carry_out, day, directing, incoming_letter

from forms.errors import FormInvalid
from processes import work_items
from processes.choices import NotAWorker, _officers, _unit_officers
from processes.incoming.assign import LaterThanDirected
from processes.incoming.process import ReplyMissing
from processes.outgoing.begin import begin
from records.directive import AssigneeMissing

#: who is in the agency and is given no work of others: clerk, leader, administrator, auditor
OTHERS = ("vanthu.stttt", "giamdoc.stttt", "quantri.stttt", "thanhtra")

#: a verb called without its form is given no text for a day
NO_DAYS = {"deadline": None, "cooperating": []}


def test_only_officers_and_heads_are_offered_work(story_office: Story):
    story = story_office
    with story.as_("giamdoc.stttt") as tx:
        offered = set(_officers(tx))
    wanted = {"truongphong.stttt", "chuyenvien.stttt", "chanvp.stttt", "truongphong.ttbc"}
    assert {story.officer(user) for user in wanted} <= offered
    assert offered.isdisjoint(story.officer(user) for user in OTHERS)
    with story.as_("chanvp.stttt") as tx:
        assert set(_unit_officers(tx)) == {story.officer("chanvp.stttt")}


@pytest.mark.parametrize("user", OTHERS)
def test_the_verb_refuses_others_too(story_office, user):
    story = story_office
    document = incoming_letter(story, "direct")
    values = directing(story, lead_unit=None, lead_officer=story.officer(user))
    with pytest.raises(FormInvalid):
        story.do("giamdoc.stttt", "direct", of=document, **values)
    with pytest.raises(NotAWorker):
        carry_out(story, "giamdoc.stttt", "direct", document, **values)


def test_a_lead_unit_and_a_lead_officer_are_a_mistake_in_the_form(story_office):
    story = story_office
    document = incoming_letter(story, "direct")
    both = directing(story, lead_officer=story.officer("chuyenvien.stttt"))
    with pytest.raises(FormInvalid) as wrong:
        story.do("giamdoc.stttt", "direct", of=document, **both)
    told = {"lead_officer": ["Chỉ chọn một: đơn vị chủ trì hoặc cá nhân chủ trì."]}
    assert wrong.value.errors == told
    with pytest.raises(AssigneeMissing):
        carry_out(story, "giamdoc.stttt", "direct", document, **{**both, **NO_DAYS})
    with pytest.raises(AssigneeMissing):
        story.do("giamdoc.stttt", "direct", of=document, **directing(story, lead_unit=None))
    story.do("giamdoc.stttt", "direct", of=document, **{**both, "lead_unit": None})
    assert story.standing(document) == ["process"]


def test_the_unit_sets_no_deadline_later_than_the_leaders(story_office):
    story = story_office
    document = incoming_letter(story, "assign")
    values = {"outcome": "assign", "lead_officer": story.officer("chuyenvien.stttt")}
    with pytest.raises(LaterThanDirected, match="17 giờ, ngày"):
        story.do("truongphong.stttt", "assign", of=document, deadline=day(11), **values)
    story.do("truongphong.stttt", "assign", of=document, deadline=day(10), **values)
    assert story.standing(document) == ["process"]


def test_what_needs_a_written_reply_is_not_completed_without_one_or_a_reason(story_office):
    story = story_office
    done = {"outcome": "complete", "opinion": "Đã xử lý", "needs_reply": "yes"}
    document = incoming_letter(story, "process")
    with pytest.raises(ReplyMissing, match="needs a written reply"):
        story.do("chuyenvien.stttt", "process", of=document, **done)
    excuse = {"no_reply_reason": "Đã trả lời trực tiếp tại cuộc họp"}
    story.do("chuyenvien.stttt", "process", of=document, **done, **excuse)
    assert story.standing(document) == ["complete"]
    said = "SELECT text FROM progress_entry ORDER BY at DESC LIMIT 1"
    assert story.value(said) == (
        "Đã xử lý\nChưa có văn bản trả lời: Đã trả lời trực tiếp tại cuộc họp"
    )
    answered = incoming_letter(story, "process")
    with story.as_("chuyenvien.stttt") as tx:
        begin(tx, story.means, in_reply_to=answered)
    story.do("chuyenvien.stttt", "process", of=answered, **done)
    assert story.standing(answered) == ["complete"]


def test_a_diagram_s_own_word_for_an_assignment_keeps_nobody_from_the_step(story_office):
    story = story_office
    incoming_letter(story, "process")  # an assignment to compare with
    incoming_letter(story, "register")
    (item, *_) = story.items("vanthu.stttt", "register")
    with story.office.database.transaction() as tx:
        tx.execute(
            """UPDATE work_item SET variables = variables || '{"lead_assignment": "tổ 1"}'"""
            " WHERE id = %s",
            item.id,
        )
    with story.as_("vanthu.stttt") as tx:
        assert work_items.find(tx, item.id)[0].id == item.id
