"""A trial ends once: who adopts it and who gives it up at the same moment are not both told so."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest
from story import Story

from engine.errors import NotFound
from processes import procedures
from processes.procedures import PublishProcedure

ADMIN, OFFICER = "quantri.stttt", "chuyenvien.stttt"

#: far longer than another hand needs to come to the lock
LOOKS = 200


@pytest.fixture
def another_hand() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def waits_or_is_done(story: Story, other: Future[None]) -> bool:
    """Whether the other hand stands at the lock, or needed none."""
    for _ in range(LOOKS):
        if wait([other], timeout=0.05).done:
            return True
        if story.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            return True
    return False


@pytest.mark.parametrize("adopt", [True, False])
def test_a_trial_ended_twice_at_once_ends_as_the_first_said(
    story_office: Story, another_hand: ThreadPoolExecutor, adopt: bool
) -> None:
    story = story_office
    unit = story.login(OFFICER).unit_id
    xml = procedures.shipped_xml("outgoing")
    with story.as_(ADMIN) as tx:
        before = next(d for d in procedures.versions(tx, "outgoing") if d.is_current)
        tried = procedures.publish(tx, PublishProcedure("outgoing", xml, "Thử", "", (unit,)))

    def end(adopt: bool) -> None:
        with story.as_(ADMIN) as tx:
            procedures.end_trial(tx, "outgoing", "Kết thúc", adopt=adopt)

    with story.as_(ADMIN) as tx:
        procedures.end_trial(tx, "outgoing", "Kết thúc", adopt=adopt)
        other = another_hand.submit(end, not adopt)
        assert waits_or_is_done(story, other)
    with pytest.raises(NotFound) as refused:
        other.result(30)
    assert "áp dụng thử" in refused.value.text()
    told = story.rows("SELECT count(*) FROM journal_leaf WHERE act = 'end_trial' AND object_id = %s",
                      tried.id)  # fmt: skip
    assert told == [(1,)]
    with story.as_(ADMIN) as tx:
        [current] = [d.id for d in procedures.versions(tx, "outgoing") if d.is_current]
    assert current == (tried.id if adopt else before.id)
