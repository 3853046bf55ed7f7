"""P9: a worker killed at any moment of a bulk migration leaves each run wholly old or wholly new."""

import contextlib
import random
from collections import Counter

import pytest
from carried_runs import Watch, begin_migration, make_crowd, publish, redrawn
from dying_office import DONE, KILLED, Request, TakenBack
from story import Story, open_story

from engine import jobs
from engine.database import Transaction
from processes.migration import MIGRATION_JOB

pytestmark = pytest.mark.faults

RUNS = 300


def reap(story: Story) -> None:
    """The lease of who died runs out; a job may be tried as often as workers die here."""
    story.run_sql("UPDATE job SET max_attempts = 1000 WHERE kind = %s", MIGRATION_JOB)
    with story.office.database.transaction() as tx:
        jobs.reap(tx)
    story.run_sql(
        "UPDATE job SET run_at = created_at WHERE kind = %s AND state = 'ready'", MIGRATION_JOB
    )


@pytest.mark.timeout(1500)
def test_hundreds_of_runs_carried_over_by_workers_that_are_killed(story_office, dying, seed, tell):
    story, chance = story_office, random.Random(seed)
    watch = Watch(story, make_crowd(story, RUNS))
    new = publish(story, redrawn())
    made = begin_migration(story, new.number)
    assert watch.look() == 0
    ends, went = Counter(), []
    while not ends[DONE]:
        how = {"point": chance.randint(1, 400)}
        if chance.random() < 0.5:  # from outside, wherever it is then
            how = {"point": 0, "patience": chance.uniform(0.02, 0.5)}
        ended = dying.ask(Request(kind=MIGRATION_JOB, **how))
        ends[ended] += 1
        reap(story)
        went.append(watch.look())
        assert len(went) < RUNS, went
    tell(f"{dict(ends)}; carried over after each: {went}")
    assert ends[KILLED] >= 8  # the control: it was killed on the way
    assert len(set(went)) >= 6
    watch.ensure_right(made, new)
    assert story.broken_chains() == []
    assert [s for s in TORN if not is_seen(story, watch, s)] == []  # the control
    assert not is_seen(story, watch, "SELECT 1")


def test_the_control_a_run_carried_over_in_two_transactions_is_seen(seeded, dying_in):
    with open_story(seeded) as story, dying_in(story) as dying:
        watch = Watch(story, make_crowd(story, 2))
        begin_migration(story, publish(story, redrawn()).number)
        watch.look()
        for point in range(1, 60):
            ended = dying.ask(Request(point, kind=MIGRATION_JOB, torn=True))
            reap(story)
            try:
                watch.look()
            except AssertionError:
                break
        assert ended == KILLED


#: what a torn migration could leave behind, table by table
TORN = (
    "UPDATE process_instance SET definition_id = (SELECT min(id::text)::uuid FROM definition)",
    "UPDATE work_item SET name = name || ' '",
    "DELETE FROM candidate",
    "DELETE FROM subscription",
    "DELETE FROM unsent_form",
    "UPDATE migration_run SET status = 'waiting'",
)


def is_seen(story: Story, watch: Watch, statement: str) -> bool:
    """Whether the watch sees what a statement changes, which is taken back."""
    with contextlib.suppress(TakenBack), story.office.database.transaction() as tx:
        tx.execute(statement)
        try:
            seen = Watch(_Reading(tx), watch.runs, {r: w[-1:] for r, w in watch.was.items()}).look()
        except AssertionError:
            seen = 1
        raise TakenBack
    return seen > 0


class _Reading:
    """What a watch asks of a story, in a transaction that will not stay."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx

    def rows(self, statement: str, *values: object) -> list[tuple]:
        return self.tx.execute(statement, *values).fetchall()
