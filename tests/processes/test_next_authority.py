"""A unit head or leader who does the work himself: the next authority judges it (Điều 9.5)."""

from uuid import UUID

import pytest
from story import (
    PASSWORD,
    Story,
    incoming_letter,
    letter_values,
    snapshot,
)

from engine.database import SYSTEM
from processes.next_authority import NobodyElse
from processes.outgoing.begin import begin
from processes.outgoing.draft import SignsOwnDraft
from records.document import IncomingDocument
from records.organization import Role
from records.staffing import appoint, end_position
from records.vocabulary import IncomingStatus, OutgoingStatus, SigningCapacity

HEAD, LEADER = "truongphong.stttt", "giamdoc.stttt"


def drafted_by(story: Story, user: str, **changes) -> UUID:
    with story.as_(user) as tx:
        document, _ = begin(tx, story.means)
    story.do(user, "draft", of=document.id, **letter_values(story, **changes))
    return document.id


def appointed(
    story: Story,
    user: str,
    role: Role,
    unit: str = "",
    capacity: SigningCapacity | None = None,
) -> UUID:
    place = UUID(story.unit("STTTT", unit)) if unit else None
    with story.office.database.transaction(SYSTEM) as tx:
        agency = story.agency("STTTT")
        officer = UUID(story.officer(user))
        return appoint(
            tx, officer, agency, "Phụ trách", role, unit_id=place, signing_capacity=capacity
        ).id


def dismissed(story: Story, position: UUID) -> None:
    with story.office.database.transaction(SYSTEM) as tx:
        end_position(tx, position)


def test_what_the_only_head_of_a_unit_drafts_goes_to_the_leaders(story_office):
    story = story_office
    document = drafted_by(story, HEAD)
    assert story.items(HEAD, "approve", document) == []
    story.do(LEADER, "approve", of=document, outcome="approve")
    story.do("chanvp.stttt", "check_format", of=document, outcome="approve")
    story.do(LEADER, "sign", of=document, outcome="sign", pin=PASSWORD)
    assert story.outgoing(document).status is OutgoingStatus.SIGNED


def test_what_the_office_drafts_is_checked_by_the_leaders_too(story_office):
    document = drafted_by(story_office, "chanvp.stttt")
    for node in ("approve", "check_format"):
        assert story_office.items("chanvp.stttt", node, document) == []
        story_office.do(LEADER, node, of=document, outcome="approve")
    assert story_office.standing(document) == ["sign"]


def test_another_head_of_the_unit_comes_before_the_leaders(story_office):
    story = story_office
    deputy = appointed(story, "truongphong.ttbc", Role.UNIT_HEAD, "CNTT")
    document = drafted_by(story, HEAD)
    (waiting,) = story.open_items(document)
    assert waiting.groups == [f"role:unit_head@{story.unit('STTTT', 'CNTT')}"]
    assert story.items(LEADER, "approve", document) == []
    dismissed(story, deputy)


def test_a_head_who_takes_the_work_himself_has_it_confirmed_by_the_leaders(story_office):
    story = story_office
    document = incoming_letter(story, "assign")
    story.do(HEAD, "assign", of=document, outcome="assign", lead_officer=story.officer(HEAD))
    story.do(HEAD, "process", of=document, outcome="complete", opinion="Đã xử lý")
    assert story.items(HEAD, "complete", document) == []
    story.do(LEADER, "complete", of=document, outcome="accept")
    found = story.one(IncomingDocument, IncomingDocument.id == document)
    assert found.status is IncomingStatus.COMPLETED
    assert story.standing(document) == ["file"]


def test_the_only_leader_is_told_at_the_start_that_nobody_could_judge_his_draft(story_office):
    story = story_office
    story.login(LEADER)
    before = snapshot(story)
    with pytest.raises(NobodyElse, match="Duyệt nội dung"), story.as_(LEADER) as tx:
        begin(tx, story.means)
    assert snapshot(story) == before


def test_a_leader_without_a_unit_has_his_draft_approved_by_another_leader(story_office):
    story = story_office
    second = appointed(story, "chanvp.stttt", Role.LEADER, capacity=SigningCapacity.KT)
    with story.as_(LEADER) as tx:
        document, _ = begin(tx, story.means)
    with pytest.raises(SignsOwnDraft):
        story.do(LEADER, "draft", of=document.id, **letter_values(story))
    assert story.standing(document.id) == ["draft"]
    values = letter_values(story, signatory=story.officer("chanvp.stttt"))
    story.do(LEADER, "draft", of=document.id, **values)
    (waiting,) = story.open_items(document.id)
    assert waiting.groups == [f"role:leader@{story.agency('STTTT')}"]
    assert story.items(LEADER, "approve", document.id) == []
    dismissed(story, second)
