"""Acts of people on running work, in the demonstration: rights, reasons, the law, two persons."""

import re
from datetime import timedelta
from inspect import getsource as source

import pytest
from story import LETTER, Story, letter, letter_values

from engine import history
from engine.database import Acting
from engine.errors import NotFound, Stale
from engine.instance import InstanceStatus, ProcessInstance, Suspended
from office import auditing
from processes import inbox, second_person, steering, takers
from processes.catalogue import VERBS
from processes.outgoing.begin import begin
from processes.second_person import (
    OwnProposal,
    Proposal,
    ProposalClosed,
    ReasonMissing,
)
from processes.steering import (
    NeverThere,
    Steer,
    SteerRun,
    StepDemanded,
    steer,
)
from processes.takers import RIGHTS, MayNotTake, NobodyNamed, NotForUnits
from processes.work_items import CompleteItem, complete
from records.authority import Act, NoRight

LEADER, ADMIN, OFFICER = "giamdoc.stttt", "quantri.stttt", "chuyenvien.stttt"
WHY = "Chuyên viên nghỉ ốm"


def at_approval(story: Story):
    """A draft that waits for the head of its unit."""
    document = letter(story, "approve")
    [item] = story.open_items(document)
    assert item.node_id == "approve"
    return document, story.instance(document), item


def act(story: Story, user: str, run: ProcessInstance, kind: Steer, reason: str = WHY, **more):
    with story.as_(user) as tx:
        return steer(tx, story.means, SteerRun(run.id, kind, reason, **more))


def marks(story: Story, run: ProcessInstance) -> list[str]:
    with story.office.database.session() as session:
        assert history.verify(session, session.get_one(ProcessInstance, run.id)) is None
        return [e.kind for e in history.events_of(session, run.id)]


def told(story: Story, run: ProcessInstance) -> dict:
    with story.office.database.session() as session:
        return history.facts_of(history.events_of(session, run.id)[-1])


def test_a_leader_sends_a_step_back_with_his_reason(story_office: Story) -> None:
    story = story_office
    document, run, item = at_approval(story)
    assert act(story, LEADER, run, Steer.SEND_BACK, item_id=item.id, target="draft") is None
    assert story.standing(document) == ["draft"]
    facts = told(story, run)
    assert (facts["kind"], facts["reason"]) == ("send_back", WHY)
    assert facts["name"] == "Đỗ Xuân Hòa"
    story.do(OFFICER, "draft", of=document, **letter_values(story))
    assert story.standing(document) == ["approve"]
    lines = story.rows(
        "SELECT act, object_type FROM journal_leaf WHERE object_id = %s AND act LIKE 'steer%%'",
        run.id,
    )
    assert lines == [("steer_send_back", "process_instance")]


def test_who_may_not_and_who_gives_no_reason(story_office: Story) -> None:
    story = story_office
    _, run, item = at_approval(story)
    for user in (OFFICER, "vanthu.stttt", "giamdoc.stc"):
        with pytest.raises(Exception) as refused:
            act(story, user, run, Steer.SUSPEND)
        assert refused.value.code in {"not-allowed", "not-found"}
    with pytest.raises(NoRight):
        act(story, OFFICER, run, Steer.REASSIGN, item_id=item.id, unit_id=item.agency_id)
    with pytest.raises(ReasonMissing):
        act(story, LEADER, run, Steer.SUSPEND, reason="  ")
    with pytest.raises(Stale):
        act(story, LEADER, run, Steer.SUSPEND, seq=run.seq - 1)
    assert marks(story, run) == ["start", "complete"]


def test_what_the_law_demands_is_neither_skipped_nor_jumped(story_office: Story) -> None:
    story = story_office
    _, run, item = at_approval(story)
    with pytest.raises(StepDemanded) as refused:
        act(story, LEADER, run, Steer.SKIP, item_id=item.id, variables={"outcome": "approve"})
    assert "Điều 12.1" in refused.value.text()
    for target in ("sign", "number", "issue", "store"):
        with pytest.raises(StepDemanded):
            act(story, LEADER, run, Steer.MOVE, item_id=item.id, target=target)
    with pytest.raises(NeverThere):
        act(story, LEADER, run, Steer.SEND_BACK, item_id=item.id, target="check_format")
    assert marks(story, run) == ["start", "complete"]


def test_what_was_done_before_it_was_sent_back_is_demanded_again(story_office: Story) -> None:
    story = story_office
    document, run, _ = at_approval(story)
    story.do("truongphong.stttt", "approve", of=document, outcome="approve")
    [item] = story.open_items(document)
    assert item.node_id == "check_format"
    act(story, LEADER, run, Steer.SEND_BACK, item_id=item.id, target="approve")
    [item] = story.open_items(document)
    with pytest.raises(StepDemanded):
        act(story, LEADER, run, Steer.SKIP, item_id=item.id, variables={"outcome": "approve"})
    with pytest.raises(StepDemanded):
        act(story, LEADER, run, Steer.MOVE, item_id=item.id, target="check_format")
    with pytest.raises(NeverThere):
        act(story, LEADER, run, Steer.SEND_BACK, item_id=item.id, target="check_format")
    act(story, LEADER, run, Steer.SEND_BACK, item_id=item.id, target="draft")
    assert story.standing(document) == ["draft"]


def test_a_step_that_was_withdrawn_was_not_done(story_office: Story) -> None:
    """Sent back from the approval, the draft takes the way of the opinions: that approves nothing."""
    story = story_office
    document, run, item = at_approval(story)
    act(story, LEADER, run, Steer.SEND_BACK, item_id=item.id, target="draft")
    units = [story.unit("STTTT", "TTBC")]
    story.do(OFFICER, "draft", of=document, **letter_values(story, cooperating_units=units))
    [item] = story.open_items(document)
    assert item.node_id == "comment"
    with pytest.raises(StepDemanded):
        act(story, LEADER, run, Steer.MOVE, item_id=item.id, target="check_format")
    with pytest.raises(NeverThere):
        act(story, LEADER, run, Steer.SEND_BACK, item_id=item.id, target="approve")
    act(story, LEADER, run, Steer.SEND_BACK, item_id=item.id, target="draft")
    assert story.standing(document) == ["draft"]


def test_a_step_the_law_does_not_demand_may_be_skipped(story_office: Story) -> None:
    story = story_office
    units = [story.unit("STTTT", "TTBC")]
    with story.as_(OFFICER) as tx:
        document, _ = begin(tx, story.means)
    story.do(OFFICER, "draft", of=document.id, **letter_values(story, cooperating_units=units))
    [item] = story.open_items(document.id)
    assert item.node_id == "comment"
    run = story.instance(document.id)
    act(story, LEADER, run, Steer.SKIP, item_id=item.id)
    assert story.standing(document.id) == ["revise"]
    assert marks(story, run)[-1] == "skip"


def test_a_held_document_waits_and_goes_on(story_office: Story) -> None:
    story = story_office
    document, run, _ = at_approval(story)
    act(story, LEADER, run, Steer.SUSPEND)
    assert story.items("truongphong.stttt", "approve", document) == []
    [item] = story.open_items(document)
    command = CompleteItem(item.id, None, {"outcome": "approve"})
    with pytest.raises(Suspended), story.as_("truongphong.stttt") as tx:
        complete(tx, story.means, command)
    act(story, ADMIN, run, Steer.RESUME)
    for node, user, values in LETTER:
        story.do(user, node, of=document, **values)
    assert story.instance(document).status == InstanceStatus.COMPLETED
    assert marks(story, run)[2:4] == ["suspend", "resume"]


def test_deadlines_run_on_while_a_document_is_held(story_office: Story) -> None:
    story = story_office
    document, run, item = at_approval(story)
    act(story, LEADER, run, Steer.SUSPEND)
    with story.reopened(clock=lambda: item.due_at + timedelta(hours=1)) as later:
        with later.as_("truongphong.stttt") as tx:
            before = inbox.count(tx)
        act(later, LEADER, run, Steer.RESUME)
        [same] = later.open_items(document)
        assert same.due_at == item.due_at
        with later.as_("truongphong.stttt") as tx:
            after = inbox.count(tx)
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)  # one more, and overdue


def test_work_is_given_to_another_who_then_finds_it(story_office: Story) -> None:
    story = story_office
    document, run, item = at_approval(story)
    other = story.login("truongphong.ttbc").officer_id
    act(story, LEADER, run, Steer.REASSIGN, item_id=item.id, officer_id=other)
    assert story.items("truongphong.stttt", "approve", document) == []
    assert len(story.items("truongphong.ttbc", "approve", document)) == 1
    again = auditing.replay_run(story.office.settings, run.id, None)
    name = story.value("SELECT full_name FROM officer WHERE id = %s", other)
    assert f"cho {name}: {WHY}" in "\n".join(auditing.lines(again))
    author = story.login(OFFICER).officer_id
    with pytest.raises(NobodyNamed):
        act(story, LEADER, run, Steer.REASSIGN, item_id=item.id)
    with pytest.raises(MayNotTake):  # the author may not judge his draft
        act(story, LEADER, run, Steer.REASSIGN, item_id=item.id, officer_id=author)
    story.do("truongphong.ttbc", "approve", of=document, outcome="approve")
    assert story.standing(document) == ["check_format"]


def test_only_who_may_do_a_step_is_given_it(story_office: Story) -> None:
    story = story_office
    document, run, item = at_approval(story)
    unable = [ADMIN, "vanthu.stttt", OFFICER, "thanhtra", "giamdoc.stc"]
    for user in unable:
        officer = story.login(user).officer_id
        with pytest.raises((MayNotTake, NotFound)) as refused:
            act(story, ADMIN, run, Steer.REASSIGN, item_id=item.id, officer_id=officer)
        assert user.endswith("stc") or isinstance(refused.value, MayNotTake)
    with story.as_(ADMIN) as tx:
        offered = set(takers.officers(tx, item))
    assert offered.isdisjoint(story.login(user).officer_id for user in unable)
    able = [LEADER, "truongphong.stttt", "truongphong.ttbc"]
    assert {story.login(user).officer_id for user in able} <= offered
    assert marks(story, run) == ["start", "complete"]
    story.do("truongphong.stttt", "approve", of=document, outcome="approve")


def test_a_unit_is_given_a_step_of_units_in_its_role(story_office: Story) -> None:
    story = story_office
    document, run, item = at_approval(story)
    unit = story.login("truongphong.ttbc").unit_id
    act(story, LEADER, run, Steer.REASSIGN, item_id=item.id, unit_id=unit)
    [given] = story.open_items(document)
    assert given.groups == [f"role:unit_head@{unit}"]
    again = auditing.replay_run(story.office.settings, run.id, None)
    name = story.value("SELECT name FROM unit WHERE id = %s", unit)
    assert f"cho {name}: {WHY}" in "\n".join(auditing.lines(again))
    story.do("truongphong.ttbc", "approve", of=document, outcome="approve")
    [item] = story.open_items(document)
    assert item.node_id == "check_format"
    story.do("chanvp.stttt", "check_format", of=document, outcome="approve")
    [item] = story.open_items(document)
    assert item.node_id == "sign"
    with pytest.raises(NotForUnits):
        act(story, LEADER, run, Steer.REASSIGN, item_id=item.id, unit_id=unit)


def test_the_rights_of_the_takers_are_those_the_verbs_ask_for() -> None:
    asked = {
        name: re.findall(r"authorize\(tx\.acting, Act\.(\w+)\)", source(verb.load()))
        for name, verb in VERBS.items()
    }
    assert {n: [a.name] for n, a in RIGHTS.items()} == {n: a for n, a in asked.items() if a}


def test_an_end_before_the_end_keeps_the_document_and_says_why(story_office: Story) -> None:
    story = story_office
    document, run, _ = at_approval(story)
    act(story, LEADER, run, Steer.CANCEL, reason="Không ban hành nữa")
    assert story.open_items(document) == []
    assert story.instance(document).status == InstanceStatus.CANCELLED
    assert told(story, run)["reason"] == "Không ban hành nữa"
    assert story.outgoing(document) is not None


# two persons -------------------------------------------------------------------------------------


@pytest.fixture
def two_persons(story_office: Story):
    """The agency wants a second person for acts on running work; afterwards no more."""
    with story_office.as_(ADMIN) as tx:
        second_person.want(tx, [Act.STEER_PROCESS])
    yield story_office
    with story_office.as_(ADMIN) as tx:
        second_person.want(tx, [])


def test_nothing_happens_until_the_second_person_agrees(two_persons: Story) -> None:
    story = two_persons
    document, run, item = at_approval(story)
    made = act(story, ADMIN, run, Steer.SEND_BACK, item_id=item.id, target="draft")
    assert isinstance(made, Proposal)
    assert story.standing(document) == ["approve"]
    with pytest.raises(OwnProposal), story.as_(ADMIN) as tx:
        second_person.agree(tx, story.means, made.id)
    with pytest.raises(NoRight), story.as_(OFFICER) as tx:
        second_person.agree(tx, story.means, made.id)
    with story.as_(LEADER) as tx:
        assert [p.id for p in second_person.waiting(tx)] == [made.id]
        second_person.agree(tx, story.means, made.id, "Đồng ý")
    assert story.standing(document) == ["draft"]
    facts = told(story, run)
    assert (facts["reason"], facts["proposed_name"], facts["name"], facts["agreed_reason"]) == (
        WHY, "Tạ Minh Quân", "Đỗ Xuân Hòa", "Đồng ý",
    )  # fmt: skip
    with pytest.raises(ProposalClosed), story.as_(LEADER) as tx:
        second_person.agree(tx, story.means, made.id)


def test_whoever_stands_in_for_the_proposer_does_not_agree(two_persons: Story) -> None:
    story = two_persons
    _, run, _ = at_approval(story)
    made = act(story, LEADER, run, Steer.SUSPEND)
    assert isinstance(made, Proposal)
    admin = story.login(ADMIN)
    stand_in = Acting(
        agency_id=admin.agency_id, officer_id=admin.officer_id, roles=admin.roles,
        position_id=admin.position_id, on_behalf_of=story.login(LEADER).officer_id,
    )  # fmt: skip
    with pytest.raises(OwnProposal), story.office.database.transaction(stand_in) as tx:
        second_person.agree(tx, story.means, made.id)
    with story.as_(LEADER) as tx:
        second_person.withdraw(tx, made.id)


def test_refused_with_a_reason_and_taken_back_by_the_proposer(two_persons: Story) -> None:
    story = two_persons
    _, run, _ = at_approval(story)
    made = act(story, ADMIN, run, Steer.SUSPEND)
    with pytest.raises(ReasonMissing), story.as_(LEADER) as tx:
        second_person.refuse(tx, made.id, " ")
    with story.as_(LEADER) as tx:
        second_person.refuse(tx, made.id, "Chưa cần")
    again = act(story, ADMIN, run, Steer.SUSPEND)
    with pytest.raises(NoRight), story.as_(LEADER) as tx:
        second_person.withdraw(tx, again.id)
    with story.as_(ADMIN) as tx:
        second_person.withdraw(tx, again.id)
    with story.as_(ADMIN) as tx:
        assert second_person.waiting(tx) == []
    assert story.instance(run.subject_id).status == InstanceStatus.RUNNING


def test_agreed_too_late_changes_nothing(two_persons: Story) -> None:
    story = two_persons
    document, run, item = at_approval(story)
    made = act(story, ADMIN, run, Steer.SEND_BACK, item_id=item.id, target="draft")
    story.do("truongphong.stttt", "approve", of=document, outcome="approve")
    with pytest.raises(Stale), story.as_(LEADER) as tx:
        second_person.agree(tx, story.means, made.id)
    assert story.standing(document) == ["check_format"]
    with story.as_(LEADER) as tx:
        assert [p.id for p in second_person.waiting(tx)] == [made.id]  # still to be decided
        second_person.refuse(tx, made.id, "Đã xử lý tiếp")


def test_what_the_law_forbids_is_not_even_proposed(two_persons: Story) -> None:
    _, run, item = at_approval(two_persons)
    with pytest.raises(StepDemanded):
        act(two_persons, ADMIN, run, Steer.MOVE, item_id=item.id, target="sign")


def test_an_order_is_kept_whole() -> None:
    run = ProcessInstance.id.type.python_type(int=7)
    order = SteerRun(run, Steer.SKIP, "x", 3, run, "t", run, None, {"a": 1})
    assert steering.SteerRun.from_order(order.as_order()) == order
