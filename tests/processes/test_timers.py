"""Deadlines (thời hạn): a timer fires once when its moment has come, and the leader urges on."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from story import Story, day, directing, incoming_letter

from engine import history
from engine.instance import InstanceStatus
from engine.subscription import Subscription
from processes import inbox, timers
from records.directive import Assignment, DeadlineMissing, DeadlinePast
from records.vietnamese import local_date
from records.vocabulary import AssignmentKind


def timer_of(story: Story, document) -> list[Subscription]:
    return story.all(Subscription, Subscription.instance_id == story.instance(document).id)


def fire(story: Story) -> int:
    """What the worker does every second, and the jobs that come of it; return how many are due."""
    with story.office.database.transaction() as tx:
        posted = timers.post_due(tx)
    story.work(poll=False)
    return posted


def make_due(story: Story, document) -> None:
    """The database's clock alone decides: set the row back instead of waiting ten days."""
    changed = story.run_sql(
        "UPDATE subscription SET due_at = now() - interval '1 second' WHERE instance_id = %s",
        story.instance(document).id,
    )
    assert changed == 1


def urging(story: Story, document) -> list:
    return story.items("giamdoc.stttt", "follow_up", document)


def test_an_overdue_step_opens_urging_once(story_office):
    story = story_office
    document = incoming_letter(story, "process")
    assert fire(story) == 0
    assert urging(story, document) == []
    make_due(story, document)
    assert fire(story) == 1
    assert fire(story) == 0
    (item,) = urging(story, document)
    assert item.name == "Đôn đốc"
    # it interrupts nothing: the officer still has his step
    assert story.standing(document) == ["follow_up", "process"]
    assert timer_of(story, document) == []
    story.do("giamdoc.stttt", "follow_up", of=document, text="Khẩn trương báo cáo")
    with story.office.database.session() as session:
        kinds = [e.kind for e in history.events_of(session, story.instance(document).id)]
    assert kinds[-2:] == ["timer", "complete"]
    assert story.broken_chains() == []


def late_letter(story: Story):
    """A letter given to an officer a month ago, whose deadline passed ten days ago by any clock."""
    with story.reopened(clock=lambda: datetime.now(UTC) - timedelta(days=30)) as earlier:
        document = incoming_letter(earlier, "direct")
        earlier.do("giamdoc.stttt", "direct", of=document, **directing(earlier, deadline=day(-10)))
        assign(earlier, document)
    return document


def assign(story: Story, document, **changes) -> None:
    officer = story.officer("chuyenvien.stttt")
    story.do(
        "truongphong.stttt",
        "assign",
        of=document,
        outcome="assign",
        lead_officer=officer,
        **changes,
    )


def report(story: Story, document, outcome: str = "continue") -> None:
    told = {"reason": "Chưa đúng việc"} if outcome == "return" else {"opinion": "Đang tổng hợp"}
    story.do("chuyenvien.stttt", "process", of=document, outcome=outcome, **told)


def test_progress_reported_after_the_deadline_opens_no_further_urging(story_office):
    """The deadline is one for the work, not one for each report."""
    story = story_office
    document = late_letter(story)
    report(story, document)  # before the clock was looked at: nothing is lost by it
    assert fire(story) == 1
    for _ in range(2):
        report(story, document)
        assert fire(story) == 0
    assert len(urging(story, document)) == 1
    assert story.standing(document) == ["follow_up", "process"]
    story.do("giamdoc.stttt", "follow_up", of=document, text="Báo cáo ngay")
    report(story, document)
    assert (fire(story), urging(story, document)) == (0, [])


def test_work_asked_for_again_after_its_deadline_gets_a_new_one(story_office):
    story = story_office
    document = late_letter(story)
    assert fire(story) == 1
    report(story, document, "complete")
    again = {"of": document, "outcome": "return", "reason": "Bổ sung số liệu"}
    with pytest.raises(DeadlineMissing):
        story.do("truongphong.stttt", "complete", **again)
    with pytest.raises(DeadlinePast):
        story.do("truongphong.stttt", "complete", **again, deadline=day(-1))
    story.do("truongphong.stttt", "complete", **again, deadline=day(5))
    assert story.standing(document) == ["follow_up", "process"]
    (item,) = story.items("chuyenvien.stttt", "process", document)
    part = story.one(
        Assignment, Assignment.id == sa.cast(item.variables["officer_assignment"], sa.Uuid())
    )
    (timer,) = timer_of(story, document)
    assert timer.due_at == item.due_at == part.deadline
    assert fire(story) == 0
    make_due(story, document)  # the new deadline has passed as well
    assert fire(story) == 1
    assert len(urging(story, document)) == 2
    report(story, document, "complete")
    story.do("truongphong.stttt", "complete", of=document, outcome="accept")
    assert story.standing(document) == ["file", "follow_up", "follow_up"]


def test_work_asked_for_again_in_time_keeps_its_deadline(story_office):
    story = story_office
    document = incoming_letter(story, "complete")
    story.do("truongphong.stttt", "complete", of=document, outcome="return", reason="Thiếu phụ lục")
    (item,) = story.items("chuyenvien.stttt", "process", document)
    (timer,) = timer_of(story, document)
    assert local_date(timer.due_at).isoformat() == day(10)
    assert timer.due_at == item.due_at


def test_a_deadline_set_anew_is_urged_anew(story_office):
    story = story_office
    document = late_letter(story)
    assert fire(story) == 1
    report(story, document, "return")
    assert timer_of(story, document) == []
    assign(story, document, deadline=day(5))
    make_due(story, document)
    assert fire(story) == 1
    assert len(urging(story, document)) == 2


def test_many_schedulers_fire_a_timer_once(story_office):
    story = story_office
    document = incoming_letter(story, "process")
    make_due(story, document)
    database = story.office.database

    def tick(_: int) -> int:
        with database.transaction() as tx:
            return timers.post_due(tx)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(tick, range(8))) >= 1
    posted = "SELECT count(*) FROM job WHERE kind = %s AND state = 'ready'"
    assert story.value(posted, timers.TIMER_JOB) == 1
    # and were it handed out twice, the token is there once
    story.run_sql(
        "INSERT INTO job (id, agency_id, kind, payload, state, priority, attempt, max_attempts)"
        " SELECT gen_random_uuid(), agency_id, kind, payload, 'ready', 0, 0, 6 FROM job"
        " WHERE kind = %s AND state = 'ready'",
        timers.TIMER_JOB,
    )
    story.work(poll=False)
    assert len(urging(story, document)) == 1


def test_the_timer_is_set_to_the_end_of_the_day_the_leader_named(story_office):
    story = story_office
    document = incoming_letter(story, "process")
    (timer,) = timer_of(story, document)
    lead = story.one(
        Assignment,
        Assignment.kind == AssignmentKind.LEAD,
        Assignment.officer_id == sa.cast(story.officer("chuyenvien.stttt"), sa.Uuid()),
        Assignment.id
        == sa.cast(
            story.open_items(document)[0].variables["officer_assignment"],
            sa.Uuid(),
        ),
    )
    assert timer.due_at == lead.deadline
    # 17:00 in Việt Nam
    assert lead.deadline.astimezone(UTC).hour == 10


def test_work_done_in_time_is_never_urged(story_office):
    story = story_office
    document = incoming_letter(story, "complete")
    assert timer_of(story, document) == []
    later = datetime.now(UTC) + timedelta(days=30)
    with story.reopened(clock=lambda: later) as elsewhen:
        assert fire(elsewhen) == 0
    assert urging(story, document) == []


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_wrong_clock_of_this_process_fires_nothing_early_and_loses_nothing(story_office, hours):
    """Firing asks the database what time it is; the injected clock only dates the event."""
    story = story_office
    document = incoming_letter(story, "process")
    at = datetime.now(UTC) + timedelta(hours=hours, days=20 if hours > 0 else 0)
    with story.reopened(clock=lambda: at) as elsewhen:
        assert fire(elsewhen) == 0
        make_due(story, document)
        assert fire(elsewhen) == 1
    (item,) = urging(story, document)
    assert item.opened_at == at


def test_what_is_overdue_stands_first_in_the_inbox(story_office):
    story = story_office
    late = incoming_letter(story, "process", subject="trễ hạn")
    incoming_letter(story, "process", subject="còn hạn")
    at = datetime.now(UTC) + timedelta(days=20)
    story.run_sql(
        "UPDATE candidate SET due_at = due_at - interval '300 days' WHERE work_item_id = %s",
        story.open_items(late)[0].id,
    )
    with story.reopened(clock=lambda: at) as later, later.as_("chuyenvien.stttt") as tx:
        page = inbox.first_page(tx)
        waiting, overdue = inbox.count(tx)
    assert page.rows[0].document_id == late
    assert overdue == waiting > 0


def test_urging_left_open_does_not_keep_a_finished_procedure_alive(story_office):
    story = story_office
    document = incoming_letter(story, "process", cooperating=("TTBC",))
    make_due(story, document)
    assert fire(story) == 1
    story.do("truongphong.ttbc", "cooperate", of=document, opinion="Đã phối hợp")
    story.do("chuyenvien.stttt", "process", of=document, outcome="complete", opinion="Xong")
    story.do("truongphong.stttt", "complete", of=document, outcome="accept")
    story.do("chuyenvien.stttt", "file", of=document, new_dossier_title="HS", retention="20 năm")
    assert story.instance(document).status == InstanceStatus.COMPLETED
    assert urging(story, document) == []
    assert story.standing(document) == []


def test_a_timer_that_cannot_be_fired_holds_up_no_other(story_office):
    """One agency's broken diagram never stops the clock of all agencies."""
    story = story_office
    poisoned = incoming_letter(story, "process", subject="sơ đồ hỏng")
    sound = incoming_letter(story, "process", subject="sơ đồ lành")
    # the state is no state any more: whatever fires this timer fails
    story.run_sql(
        "UPDATE process_instance SET state = 'hỏng'::bytea WHERE id = %s",
        story.instance(poisoned).id,
    )
    make_due(story, poisoned)
    make_due(story, sound)
    incidents = story.value("SELECT count(*) FROM incident")
    for _ in range(8):
        fire(story)
        story.work(poll=False, hurry=True)
    assert len(urging(story, sound)) == 1
    assert urging(story, poisoned) == []
    assert story.value("SELECT count(*) FROM incident") == incidents + 1
    assert len(timer_of(story, poisoned)) == 1  # not lost: retried when the incident is
