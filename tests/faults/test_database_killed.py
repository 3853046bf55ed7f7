"""P1: the database dies by SIGKILL in the middle of a verb; what was acknowledged is there after."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from single_statements import singly
from story import LETTER, Story, letter, make_seeded, open_story, snapshot

from engine import wire
from engine.errors import Unavailable
from engine.instance import ProcessInstance
from office.postgres import Cluster
from processes import work_items
from processes.work_items import CompleteItem

pytestmark = pytest.mark.faults

STEPS = {node: (user, values) for node, user, values in LETTER}


@pytest.fixture(scope="module")
def ground() -> Iterator[tuple[Story, Cluster]]:
    """A cluster of this module's own: it is killed."""
    data = Path(tempfile.mkdtemp(prefix="congvan-tests-"))
    data.chmod(0o711)
    server = Cluster(data, say=lambda _: None)
    server.start()
    seeded = make_seeded(server)
    try:
        with open_story(seeded) as story:
            yield story, server
    finally:
        server.stop()
        shutil.rmtree(data)
        shutil.rmtree(seeded.data)


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
                story.all(ProcessInstance)
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


def test_killed_right_after_the_commit_all_of_it_is_there(ground, monkeypatch):
    story, server = ground
    document = letter(story, "approve")
    user, values = STEPS["approve"]
    (item,) = story.items(user, "approve", document)

    def after(text):
        if text == "COMMIT":
            kill(server)

    with monkeypatch.context() as patch:
        patch.setattr(wire, "_converse", singly(after))
        with story.as_(user) as tx:
            work_items.complete(tx, story.means, CompleteItem(item.id, item.version, values))
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
