"""A revocation list that ran out is an incident, once, and is over when a newer list is at hand."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from list_server import list_server
from small_authority import SmallAuthority
from story import Seeded, Story, open_story

from engine import jobs
from engine.jobs import Incident
from processes import revocation_lists, trust
from processes.stale_lists import STALE_JOB
from processes.trust_rules import Rules, fingerprint
from records.trust import newest

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Time:
    """The office's clock, which a test moves ahead of the real one."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def story(seeded: Seeded, time: Time) -> Iterator[Story]:
    with open_story(seeded, clock=time) as opened:
        yield opened


def refreshed(story: Story) -> None:
    """What the worker does each minute."""
    with story.office.database.transaction() as tx:
        revocation_lists.post_refresh(tx)
    story.work(poll=False)


def incidents(story: Story, *, is_open: bool = True) -> list[Incident]:
    with story.office.database.transaction() as tx:
        found = sa.select(Incident).where(Incident.kind == STALE_JOB)
        return tx.scalars(found.where(Incident.closed_at.is_(None)) if is_open else found)


def test_a_list_that_ran_out_is_one_incident_until_a_newer_one_is_at_hand(
    story: Story, time: Time
) -> None:
    authority = SmallAuthority("CA mới", time())
    with list_server() as server:
        url = f"{server.url}/a.crl"
        server.pages["/a.crl"] = authority.revoke(made=time() - DAY / 4)
        with story.office.database.transaction() as tx:
            allowed = [*Rules.of(newest(tx)).sources.allowed, f"{server.url}/"]
        with story.as_("vanhanh") as tx:
            trust.set_addresses(tx, allowed, [], "thử")
        with story.as_("vanhanh") as tx:
            trust.add_issuer(tx, authority.der, "thử")
        with story.as_("vanhanh") as tx:
            trust.add_list(tx, url, fingerprint(authority.der), "thử")
        refreshed(story)
        assert incidents(story) == [], "a list in term is no incident, nor one never at hand"
        good = server.pages.pop("/a.crl")
        time.ahead = 2 * DAY
        for _ in range(3):
            refreshed(story)
            time.ahead += HOUR
        [told] = incidents(story)
        assert url in told.error
        assert "đã hết hạn từ" in told.error
        assert "is out of term since" in told.error
        # the operator tries again although nothing is mended: it is there again, once
        with story.office.database.transaction() as tx:
            jobs.retry(tx, tx.get(Incident, told.id))
        story.work(poll=False)
        [again] = incidents(story)
        assert again.id != told.id
        # the old list again is no newer one
        server.pages["/a.crl"] = good
        time.ahead += DAY
        refreshed(story)
        assert [one.id for one in incidents(story)] == [again.id]
        server.pages["/a.crl"] = authority.revoke(made=time() - HOUR)
        time.ahead += HOUR
        refreshed(story)
        assert incidents(story) == []
        assert len(incidents(story, is_open=False)) == 2
        assert story.value("SELECT count(*) FROM job WHERE kind = %s AND state <> 'done'",
                           STALE_JOB) == 0  # fmt: skip
        # and it is told anew when the newer one runs out as well
        server.pages.clear()
        time.ahead += 2 * DAY
        refreshed(story)
        assert len(incidents(story)) == 1
