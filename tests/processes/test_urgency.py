"""What is urgent comes first (NĐ 30, Điều 4.2, 23.1, 24.2): limits where nobody set one."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from story import Story, day, directing, incoming_letter, registering

from engine.definition import program_of
from processes import prefill, work_items
from processes.incoming.receive import ReceiveIncoming, receive
from processes.order import Order
from records.document import IncomingDocument
from records.urgency_limit import urgency_limits, urgent_deadline
from records.vietnamese import VIETNAM
from records.vocabulary import Channel, Urgency
from records.working_time import WorkingCalendar, add_working_time

#: a Friday morning
MORNING = datetime(2026, 11, 27, 8, 0, tzinfo=VIETNAM)


def received(story: Story, urgency: Urgency) -> UUID:
    command = ReceiveIncoming(
        Channel.POST, "Sở Y tế", f"văn bản {urgency.vi}", code_number="9", urgency=urgency
    )
    with story.as_("vanthu.stttt") as tx:
        return receive(tx, story.means, command)[0].id


def test_every_urgency_has_a_limit_and_the_more_urgent_the_shorter():
    ends = [
        urgent_deadline(urgency.value, MORNING, WorkingCalendar())
        for urgency in (Urgency.EXPRESS, Urgency.VERY_URGENT, Urgency.URGENT)
    ]
    assert ends == sorted(ends)
    assert len(set(ends)) == 3
    assert set(urgency_limits()) == set(Urgency) - {Urgency.NORMAL}
    assert urgent_deadline("normal", MORNING, WorkingCalendar()) is None


def test_a_limit_that_begins_in_the_evening_runs_in_the_next_morning():
    evening = MORNING.replace(hour=20)
    end = urgent_deadline("express", evening, WorkingCalendar())
    assert end == datetime(2026, 11, 30, 8, 0, tzinfo=VIETNAM)  # Monday


def test_the_inbox_shows_the_urgent_first_though_it_came_last(story_office):
    story = story_office
    with story.reopened(clock=lambda: MORNING) as then:
        came = [received(then, u) for u in (Urgency.NORMAL, Urgency.URGENT, Urgency.EXPRESS)]
        shown = {item.instance_id: item.due_at for item in then.items("vanthu.stttt", "check")}
        order = [instance for instance in shown if instance in {then.instance(c).id for c in came}]
        assert order == [then.instance(c).id for c in reversed(came)]


def test_registering_it_as_urgent_hurries_the_next_steps(story_office):
    story = story_office
    with story.reopened(clock=lambda: MORNING) as then:
        document = incoming_letter(then, "register")
        record = then.one(IncomingDocument, IncomingDocument.id == document)
        values = registering(record, then.kind("STTTT", "CV"), urgency="express")
        then.do("vanthu.stttt", "register", of=document, **values)
        (item,) = then.items("vanthu.stttt", "present", document)
        assert item.due_at == MORNING.replace(minute=30)
        other = incoming_letter(then, "present")
        (usual,) = then.items("vanthu.stttt", "present", other)
        assert usual.due_at > item.due_at


def test_a_deadline_somebody_set_stands_as_it_was_set(story_office):
    story = story_office
    document = received(story, Urgency.EXPRESS)
    story.do("vanthu.stttt", "check", of=document, outcome="accept")
    record = story.one(IncomingDocument, IncomingDocument.id == document)
    values = registering(record, story.kind("STTTT", "CV"), urgency="express")
    story.do("vanthu.stttt", "register", of=document, **values)
    director = story.officer("giamdoc.stttt")
    story.do("vanthu.stttt", "present", of=document, director=director)
    (step,) = story.items("giamdoc.stttt", "direct", document)
    with story.as_("giamdoc.stttt") as tx:
        item, instance = work_items.read(tx, step.id)
        found = tx.get(IncomingDocument, document)
        offered = prefill.initial_values(tx, Order(item, instance, found, {}))["deadline"]
    assert offered.isoformat() <= day(4), "the leader is offered an early day"
    named = directing(story, lead_unit=None, lead_officer=story.officer("chuyenvien.stttt"))
    story.do("giamdoc.stttt", "direct", of=document, **named)
    (work,) = story.items("chuyenvien.stttt", "process", document)
    assert work.due_at.astimezone(VIETNAM).date().isoformat() == day(10)


def test_an_agency_sets_its_own_limits_in_its_diagram(story_office):
    story = story_office
    document = incoming_letter(story, "present")
    (step,) = story.items("vanthu.stttt", "present", document)
    own = '=if urgency = "express" then "P3D" else "P9D"'
    with story.as_("vanthu.stttt") as tx:
        _, instance, _ = work_items.find(tx, step.id)
        node = program_of(tx, instance.definition_id).nodes["present"]
        seen = {**step.variables, "urgency": "express"}
        drawn = story.means.desk.assign(tx, instance, replace(node, due=own), seen)
        usual = story.means.desk.assign(tx, instance, node, seen)
    calendar = story.means.desk.calendar
    with story.as_("vanthu.stttt") as tx:
        days = add_working_time(step.opened_at, "P3D", calendar(tx, instance.agency_id))
    assert drawn.due_at == days
    assert usual.due_at < drawn.due_at


def test_what_follows_when_all_is_done_is_not_hurried(story_office):
    story = story_office
    document = incoming_letter(story, "complete")
    story.run_sql("UPDATE incoming_document SET urgency = 'express' WHERE id = %s", document)
    (item,) = story.items("truongphong.stttt", "complete", document)
    assert item.variables["urgency"] == "normal"
    with story.as_("truongphong.stttt") as tx:
        _, instance, _ = work_items.find(tx, item.id)
        nodes = program_of(tx, instance.definition_id).nodes
        seen = {**item.variables, "urgency": "express"}
        hurried = story.means.desk.assign(tx, instance, nodes["complete"], seen)
        filing = story.means.desk.assign(tx, instance, nodes["file"], seen)
    assert hurried.due_at < filing.due_at
    assert filing.due_at.astimezone(VIETNAM).date().isoformat() >= day(5)
