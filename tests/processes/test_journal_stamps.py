"""Timestamps on signed heads of the journal are checked, each for its own head and its time."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from asn1crypto import tsp
from story import PASSWORD, Story

from office.office import Office
from office.verification import verify_records
from processes import journal_heads
from records import journal, seal
from records.journal_signature import verify_journal
from signing.testing import Issued, TsaServer
from signing.testing.authority import Authority, Holder, Terms, Use
from signing.testing.stamping import StandInTsa

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def tsa(story_office: Story) -> Iterator[TsaServer]:
    keystore = Path(story_office.office.settings.data, "signing", "keystores", "tsa.p12")
    issued = Issued.load(keystore.read_bytes(), PASSWORD)
    with TsaServer(issued, lambda: datetime.now(UTC)) as running:
        yield running


@pytest.fixture(scope="module")
def stamping(story_office: Story, tsa: TsaServer) -> Iterator[Story]:
    """The same installation with an authority, and two heads that it stamped."""
    office = Office.open(replace(story_office.office.settings, tsa_urls=(tsa.url,)))
    story = Story(office, story_office.acting)
    for _ in range(20):
        next_head(story)
        # a seal takes what no open transaction can add to any more, which may be nothing yet
        if story.value("SELECT count(timestamp) FROM journal_signature") == 2:
            break
    yield story
    office.database.dispose()


def next_head(story: Story) -> None:
    with story.office.database.transaction() as tx:
        journal.record(tx, "verify_journal", "journal", None)
    with story.office.database.transaction() as tx:
        seal.seal(tx)
        journal_heads.post_signing(tx)
    story.work(poll=False)


def checked(story: Story, at: datetime | None = None) -> seal.Verification:
    means = story.means
    stamps = means.signing.known().stamps(at or datetime.now(UTC))
    with story.office.database.session() as session:
        return verify_journal(session, means.journal_key, stamps=stamps)


def as_owner(story: Story, *statements: str, **values: object) -> None:
    with psycopg.connect(story.office.settings.database_url.replace("+psycopg", "")) as base:
        base.execute("SET session_replication_role = replica")
        for statement in statements:
            base.execute(statement, values)


@pytest.fixture
def story(stamping: Story) -> Iterator[Story]:
    """Put the signatures back as they were."""
    as_owner(stamping, "CREATE TABLE kept AS TABLE journal_signature")
    yield stamping
    as_owner(
        stamping,
        "DELETE FROM journal_signature",
        "INSERT INTO journal_signature SELECT * FROM kept",
        "DROP TABLE kept",
    )
    assert checked(stamping).holds


def stamp_of(issued: Issued, value: bytes, at: datetime) -> bytes:
    """Return a timestamp of a signature's value, from whoever holds `issued`, at any time."""
    imprint = {
        "hash_algorithm": {"algorithm": "sha256"},
        "hashed_message": hashlib.sha256(value).digest(),
    }
    asked = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "cert_req": True})
    answer = tsp.TimeStampResp.load(StandInTsa(issued, lambda: at).answer(asked.dump()))
    return bytes(answer["time_stamp_token"].dump())


LAST = "no = (SELECT max(no) FROM journal_signature)"


def test_the_newest_head_with_its_timestamp_is_told(story: Story) -> None:
    found = checked(story)
    assert found.holds, found.text()
    assert found.stamped == found.signed == story.value("SELECT max(no) FROM journal_seal")
    assert found.unproven == 0
    assert f"Dấu thời gian chứng minh niêm phong số {found.stamped}" in found.text()
    lines, sound = verify_records(story.office.settings)
    assert sound
    assert found.text() in lines


def test_the_timestamp_of_another_head_does_not_count(story: Story) -> None:
    as_owner(
        story,
        "UPDATE journal_signature SET timestamp = (SELECT timestamp FROM journal_signature"
        f" WHERE timestamp IS NOT NULL ORDER BY no LIMIT 1) WHERE {LAST}",
    )
    found = checked(story)
    assert (found.reason, found.seal) == ("timestamp-wrong", found.signed)
    lines, sound = verify_records(story.office.settings)
    assert not sound
    assert "dấu thời gian không phải của chữ ký đầu chuỗi này" in lines[0]


def test_rubbish_in_its_place_does_not_count(story: Story) -> None:
    as_owner(story, f"UPDATE journal_signature SET timestamp = 'dau' WHERE {LAST}")
    assert checked(story).reason == "timestamp-wrong"
    as_owner(story, f"UPDATE journal_signature SET timestamp = '' WHERE {LAST}")
    assert checked(story).reason == "timestamp-wrong"


@pytest.mark.parametrize("moved", ["- interval '1 hour'", "+ interval '1 hour'"])
def test_a_time_before_the_seal_or_after_the_signature_does_not_count(
    story: Story, tsa: TsaServer, moved: str
) -> None:
    """Seal and signature of an hour ago, or the timestamp of an hour ago on what is new."""
    if moved.startswith("-"):
        as_owner(story, f"UPDATE journal_signature SET signed_at = signed_at {moved} WHERE {LAST}")
    else:
        value = story.value(f"SELECT value FROM journal_signature WHERE {LAST}")
        early = stamp_of(tsa.tsa.issued, bytes(value), datetime.now(UTC) - HOUR)
        as_owner(story, f"UPDATE journal_signature SET timestamp = %(t)s WHERE {LAST}", t=early)
    assert checked(story).reason == "timestamp-astray"


def test_a_stamp_of_nobody_we_trust_proves_nothing(story: Story) -> None:
    now = datetime.now(UTC)
    stranger = Authority("CA lạ", now, prefix="la-")
    issued = stranger.issue(Holder("la", "TSA lạ"), now, Terms(Use.TIMESTAMPING))
    value = story.value(f"SELECT value FROM journal_signature WHERE {LAST}")
    forged = stamp_of(issued, bytes(value), now)
    as_owner(story, f"UPDATE journal_signature SET timestamp = %(t)s WHERE {LAST}", t=forged)
    found = checked(story)
    assert (found.holds, found.unproven) == (True, 1)
    assert 0 < found.stamped < found.signed
    assert "1 dấu thời gian chưa chứng minh được" in found.text()
    assert "1 timestamps prove nothing yet" in found.text("en")


def test_when_the_authoritys_term_is_over_nothing_is_claimed(story: Story) -> None:
    found = checked(story, datetime.now(UTC) + timedelta(days=365 * 40))
    assert (found.holds, found.stamped) == (True, 0)
    assert found.unproven == story.value(
        "SELECT count(*) FROM journal_signature WHERE timestamp IS NOT NULL"
    )
