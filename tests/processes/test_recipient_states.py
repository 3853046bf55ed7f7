"""Where a sent document stands at a receiver follows from what was reported, in any order."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from story import Story, letter, today

from exchange.clock import VIETNAM
from exchange.envelope import Party, ResponseFor, Staff
from exchange.status import StatusCode, StatusMessage
from processes.delivery.statuses import apply_status
from records.document import OutgoingDocument
from records.transfer import Carriage, Direction, Packet
from records.vocabulary import Delivery

T0 = datetime.combine(today(), datetime.min.time(), VIETNAM) + timedelta(hours=9)


@pytest.fixture(scope="module")
def issued(story_office) -> tuple[Story, OutgoingDocument]:
    """A letter that was issued to Sở Tài chính and has not been carried yet."""
    document = letter(story_office, subject="xếp lại", to=("STC",))
    return story_office, story_office.outgoing(document)


def reported(sent: OutgoingDocument, code: str, minute: int, words: str = "") -> StatusMessage:
    return StatusMessage(
        sender=Party("H55.05", "Sở Tài chính"),
        response=ResponseFor(sent.organ_code, sent.reference, sent.issued_on, sent.identifier),
        code=StatusCode(code),
        at=T0 + timedelta(minutes=minute),
        description=words or f"mã {code}",
        staff=Staff(name=f"Người báo {code}"),
    )


def state_after(story: Story, sent: OutgoingDocument, messages: list[StatusMessage]) -> tuple:
    """What the sender's record says after these reports and no others."""
    known = Party(story.code("STC"), "Sở Tài chính")
    (recipient,) = story.recipients(sent.id)
    story.run_sql("DELETE FROM status_received WHERE recipient_id = %s", recipient.id)
    story.run_sql("DELETE FROM packet WHERE packet_id LIKE 'xếp lại %%'")
    with story.as_("vanthu.stttt") as tx:
        for number, message in enumerate(messages):
            packet = tx.add(
                Packet(
                    agency_id=sent.agency_id, direction=Direction.IN, message_type="status",
                    packet_id=f"xếp lại {number}", sha256="0" * 64, size=1, at=tx.now,
                    state=Carriage.RECEIVED,
                )
            )  # fmt: skip
            apply_status(tx, story.means, packet, replace(message, sender=known))
    (one,) = story.recipients(sent.id)
    return one.delivery, one.delivery_reason, one.delivered_at


def test_any_order_and_repetition_of_reports_gives_the_same_state(issued):
    story, sent = issued
    seed = random.SystemRandom().randrange(1 << 32)
    chance = random.Random(seed)
    codes = ["01", "02", "03", "04", "05", "06", "15", "16"]
    for _ in range(12):
        events = [
            reported(sent, chance.choice(codes), chance.randrange(4), f"lý do {n}")
            for n in range(chance.randrange(1, 6))
        ]
        expected = state_after(story, sent, events)
        for _ in range(3):
            again = [*events, *chance.choices(events, k=chance.randrange(4))]
            chance.shuffle(again)
            assert state_after(story, sent, again) == expected, f"seed {seed}"


def test_a_reason_for_refusing_outlives_what_comes_after_it(issued):
    story, sent = issued
    refused = reported(sent, "02", 5, "Gửi nhầm cơ quan")
    late = reported(sent, "01", 1, "Văn bản đã đến hệ thống")
    state = state_after(story, sent, [refused, late, late])
    assert state == (Delivery.REFUSED, "Gửi nhầm cơ quan", T0 + timedelta(minutes=5))


def test_since_when_is_told_by_the_first_report_of_where_it_is(issued):
    story, sent = issued
    first, again = reported(sent, "03", 10), reported(sent, "03", 40)
    assert state_after(story, sent, [again, first])[2] == T0 + timedelta(minutes=10)
