"""What receivers have not taken in, and until when they had to confirm it."""

from datetime import date, datetime, timedelta

import pytest
from issuing import issued
from story import Story, registering

from exchange.clock import VIETNAM
from processes.unreceived import receipt_due, standings, unreceived
from records.calendar_day import load_calendar
from records.document import OutgoingDocument
from records.vocabulary import Delivery
from records.working_time import WorkingCalendar

MONDAY = date(2026, 11, 23)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("sent", "due"),
    [
        (at(MONDAY, 9), MONDAY),
        (at(MONDAY, 16, 59), MONDAY),
        (at(MONDAY, 20), MONDAY + timedelta(days=1)),
        (at(MONDAY + timedelta(days=4), 20), MONDAY + timedelta(days=8)),  # a holiday follows
        (at(MONDAY + timedelta(days=5), 9), MONDAY + timedelta(days=8)),
    ],
)
def test_receipt_is_due_the_same_working_day(sent, due):
    calendar = WorkingCalendar(holidays=frozenset({MONDAY + timedelta(days=7)}))
    assert receipt_due(sent, calendar) == calendar.close_of(due)


def listed(story: Story) -> dict[str, tuple[Delivery, bool]]:
    with story.as_("vanthu.stttt") as tx:
        calendar = load_calendar(tx, tx.acting.agency_id)
        late = tx.now + timedelta(days=10)
        return {
            f"{one.document.subject} → {one.recipient.name}": (
                one.recipient.delivery,
                one.due_at < late,
            )
            for one in unreceived(tx, calendar)
        }


def test_a_document_stays_on_the_list_until_it_is_taken_in(story_office):
    story = story_office
    document = issued(story, "chờ tiếp nhận", "STC", "SNV")
    stc, snv = "chờ tiếp nhận → Sở Tài chính", "chờ tiếp nhận → Sở Nội vụ"
    assert listed(story)[stc] == (Delivery.PENDING, True)
    story.work()
    assert listed(story)[stc] == (Delivery.ARRIVED, True)
    here = story.incoming("STC", subject="chờ tiếp nhận")
    story.do("vanthu.stc", "check", of=here.id, outcome="accept")
    story.do("vanthu.stc", "register", of=here.id, **registering(here, story.kind("STC", "CV")))
    story.work()
    assert stc not in listed(story)
    assert snv in listed(story)
    with story.as_("vanthu.stttt") as tx:
        ours = tx.get(OutgoingDocument, document)
        recipients = story.recipients(document)
        calendar = load_calendar(tx, tx.acting.agency_id)
        found = standings(tx, ours, list(recipients), calendar)
        taken, waiting = (found[r.id] for r in recipients)
        assert (taken.by, taken.due_at) == ("Lưu Thị Hạnh", None)
        assert taken.since is not None
        assert waiting.due_at == receipt_due(ours.issued_at, calendar)
        assert waiting.is_overdue(waiting.due_at + timedelta(seconds=1))
        assert not waiting.is_overdue(waiting.due_at)
        assert not taken.is_overdue(tx.now + timedelta(days=30))
    # nobody else's documents
    with story.as_("vanthu.stc") as tx:
        assert unreceived(tx, calendar) == []
