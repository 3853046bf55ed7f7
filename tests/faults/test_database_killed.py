"""P1: the database dies by SIGKILL in the middle of a verb; what was acknowledged is there after."""

import os
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psutil
import pytest
import sqlalchemy as sa
from psycopg import sql
from single_statements import singly
from story import LETTER, Seeded, Story, letter, open_story, snapshot, today

from engine import wire
from engine.database import Database
from engine.errors import Unavailable
from engine.instance import ProcessInstance
from office.postgres import Cluster
from processes import work_items
from processes.incoming.receive import ReceiveIncoming, receive
from processes.work_items import CompleteItem
from records.vocabulary import Channel

pytestmark = pytest.mark.faults

STEPS = {node: (user, values) for node, user, values in LETTER}
ROUNDS = 20
WRITERS = 12
#: what brings asynchronous commits to the disk, beside a commit that waits for it
FLUSHERS = ("walwriter", "background writer", "checkpointer", "autovacuum launcher")


@pytest.fixture(scope="module")
def ground(seeded: Seeded) -> Iterator[tuple[Story, Cluster]]:
    """A story on the server that is killed; it runs again when the others go on."""
    with open_story(seeded) as story:
        try:
            yield story, seeded.cluster
        finally:
            if not seeded.cluster.running:
                seeded.cluster.start()


def kill(server: Cluster) -> None:
    """Kill the postmaster and every child of its, as a lost machine would."""
    assert server.process is not None
    postmaster = psutil.Process(server.process.pid)
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        process.suspend()
    for process in family:
        os.kill(process.pid, signal.SIGKILL)
    server.process.wait(10)


class Killing:
    """Counts the statements of this process and kills the server right after the n-th."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, server: Cluster, point: int) -> None:
        self.count = 0

        def after(_text):
            self.count += 1
            if self.count == point:
                kill(server)

        monkeypatch.setattr(wire, "_converse", singly(after))


def settle(story: Story) -> None:
    """Knock until nobody is told to wait any more: the pool of pages drops its dead connections."""
    for _ in range(30):
        try:
            for _ in range(3):
                story.value("SELECT 1")
                story.all(ProcessInstance, sa.false())
        except Unavailable:
            continue
        return
    raise AssertionError("the database never came back")


@pytest.mark.parametrize("node", ["approve", "number", "issue"])
def test_killed_in_the_middle_it_is_as_before_and_the_officer_is_told(ground, node, monkeypatch):
    story, server = ground
    user, values = STEPS[node]
    document = letter(story, node)
    story.login(user)
    before = snapshot(story)
    (item,) = story.items(user, node, document)
    for point in (2, 5):
        command = CompleteItem(item.id, item.version, values)
        with monkeypatch.context() as patch:
            killing = Killing(patch, server, point)
            with pytest.raises(Unavailable) as told, story.as_(user) as tx:
                work_items.complete(tx, story.means, command)
        assert killing.count >= point
        assert told.value.status == 503
        server.start()
        settle(story)
        assert snapshot(story) == before
        assert story.broken_chains() == []
    story.do(user, node, of=document, **values)
    assert node not in story.standing(document)


def test_killed_right_after_the_commit_all_of_it_is_there(ground):
    story, server = ground
    document = letter(story, "approve")
    user, values = STEPS["approve"]
    (item,) = story.items(user, "approve", document)
    with story.as_(user) as tx:
        work_items.complete(tx, story.means, CompleteItem(item.id, item.version, values))
    kill(server)
    server.start()
    settle(story)
    assert story.standing(document) == ["check_format"]
    assert story.broken_chains() == []
    assert "toàn vẹn" in story.journal_text()


def test_numbers_stay_gapless_across_the_crashes(ground):
    story, _ = ground
    rows = story.rows(
        "SELECT e.number FROM register_entry e JOIN register_series s ON s.id = e.series_id"
        " WHERE s.agency_id = %s ORDER BY 1",
        story.agency("STTTT"),
    )
    assert [n for (n,) in rows] == list(range(1, len(rows) + 1))
    assert len(rows) == 2  # of «number» and «issue»


# -- under load -------------------------------------------------------------------------------------


def write_until_killed(story: Story, server: Cluster, acknowledged_by: int) -> list[UUID]:
    """Have clerks receive documents at once, kill the server; return what they were told is kept."""
    acting = story.login("vanthu.stttt")
    database = Database(story.office.settings.database_url, pool_size=WRITERS)
    told: list[UUID] = []
    enough = threading.Event()

    def write() -> None:
        command = ReceiveIncoming(Channel.POST, "Sở Tài chính", "dưới tải", issued_on=today())
        while True:
            try:
                with database.transaction(acting) as tx:
                    document, _ = receive(tx, story.means, command)
            except Unavailable:
                return
            told.append(document.id)
            if len(told) >= acknowledged_by:
                enough.set()

    writers = [threading.Thread(target=write) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        assert enough.wait(120)
    finally:
        kill(server)
        for writer in writers:
            writer.join()
        database.dispose()
    return told


def kept(story: Story) -> set[UUID]:
    return {row[0] for row in story.rows("SELECT id FROM incoming_document")}


def test_twenty_times_under_load_nothing_acknowledged_is_lost(ground, seed, tell):
    story, server = ground
    chance = random.Random(seed)
    told: set[UUID] = set()
    for _ in range(ROUNDS):
        told |= set(write_until_killed(story, server, chance.randint(WRITERS, 4 * WRITERS)))
        server.start()
        settle(story)
        assert told <= kept(story)
    untold = kept(story) - told  # committed, and the word of it never arrived
    tell(f"{ROUNDS} kills: {len(told)} acknowledged, none lost, {len(untold)} more there")
    assert len(told) >= ROUNDS * WRITERS
    assert story.broken_chains() == []
    assert "toàn vẹn" in story.journal_text()
    ensure_indexes(story, server)


def ensure_indexes(story: Story, server: Cluster) -> None:
    """Every row of every table is found by every index of it."""
    name = story.office.database.url.partition("@/")[2].partition("?")[0]
    with server.connect(name) as administrator:
        administrator.execute("CREATE EXTENSION IF NOT EXISTS amcheck")
        checked = administrator.execute(
            "SELECT bt_index_check(i.indexrelid, true) FROM pg_index i"
            " JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam"
            " WHERE a.amname = 'btree' AND c.relnamespace = 'public'::regnamespace"
        )
        assert checked.rowcount > 50


def test_the_control_a_server_that_acknowledges_before_it_writes_loses(ground, tell):
    """What the test above would see: commits that do not wait, and nobody who writes for them."""
    story, server = ground
    with careless(story, server):
        told = write_until_killed(story, server, 4 * WRITERS)
        server.start()
        settle(story)
        lost = set(told) - kept(story)
    tell(f"the control: {len(told)} acknowledged, {len(lost)} lost")
    assert lost
    assert story.broken_chains() == []  # the tail is gone, the rest is whole


@contextmanager
def careless(story: Story, server: Cluster) -> Iterator[None]:
    """Have commits of this database acknowledged at once, and keep the writers of the log from work."""
    name = story.office.database.url.partition("@/")[2].partition("?")[0]
    change = sql.SQL("ALTER DATABASE {} {}").format
    with server.connect() as administrator:
        administrator.execute(change(sql.Identifier(name), sql.SQL("SET synchronous_commit = off")))
    asleep = 0
    for process in psutil.Process(server.process.pid).children():
        if any(word in " ".join(process.cmdline()) for word in FLUSHERS):
            process.suspend()
            asleep += 1
    assert asleep == len(FLUSHERS)
    try:
        yield
    finally:
        with server.connect() as administrator:
            administrator.execute(change(sql.Identifier(name), sql.SQL("RESET synchronous_commit")))
