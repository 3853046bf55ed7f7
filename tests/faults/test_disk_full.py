"""P12: no room on the disk: the officer is told (507), nothing changed, and it goes on afterwards."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from story import (
    PASSWORD,
    Seeded,
    Story,
    envelope_from,
    letter,
    letter_values,
    open_story,
    send,
    snapshot,
    word_file,
)

from engine.errors import StorageFull
from exchange.envelope import Attachment
from records.document import IncomingDocument

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small tmpfs"),
]


class Disk:
    """A small file system under the content store."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.filler = place / "filler"

    def fill(self, leaving: int = 4096) -> None:
        stat = os.statvfs(self.place)
        self.filler.write_bytes(b"\0" * max(0, stat.f_bavail * stat.f_bsize - leaving))

    def empty(self) -> None:
        self.filler.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def ground(seeded: Seeded) -> Iterator[tuple[Story, Disk]]:
    with open_story(seeded) as story:
        place = story.means.content.root
        place.mkdir(mode=0o700, exist_ok=True)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "none", place],
            check=False,
            capture_output=True,
        )
        if mounted.returncode:
            pytest.skip(f"tmpfs cannot be mounted here: {mounted.stderr.decode()[:100]}")
        try:
            yield story, Disk(place)
        finally:
            subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize(
    ("node", "user", "values"),
    [
        ("draft", "chuyenvien.stttt", None),
        ("sign", "giamdoc.stttt", {"outcome": "sign", "pin": PASSWORD}),
        ("number", "vanthu.stttt", {"pin": PASSWORD}),
        ("seal", "vanthu.stttt", {"confirm": True, "pin": PASSWORD}),
    ],
)
def test_a_verb_that_keeps_a_file_says_that_there_is_no_room(ground, node, user, values):
    story, disk = ground
    document = letter(story, node)
    values = values or letter_values(story)
    story.login(user)
    before = snapshot(story)
    kept = set(story.means.content.digests())
    disk.fill()
    try:
        with pytest.raises(StorageFull) as refused:
            story.do(user, node, of=document, **values)
        assert refused.value.status == 507
        assert "hết dung lượng" in refused.value.text()
        assert snapshot(story) == before
        assert set(story.means.content.digests()) == kept
        assert list(disk.place.glob("tmp-*")) == []
    finally:
        disk.empty()
    story.do(user, node, of=document, **values)
    assert node not in story.standing(document)


def test_an_arrival_waits_on_the_axis_until_there_is_room(ground):
    story, disk = ground
    story.work()
    word = Attachment.of("van-ban.docx", word_file("x" * 5000), "Văn bản chính")
    send(story, "STC", replace(envelope_from(story, "STC", "61"), attachments=(word,)))
    disk.fill(leaving=0)
    try:
        with pytest.raises(AssertionError, match="still not done"):
            story.work(rounds=3)
        assert story.all(IncomingDocument, IncomingDocument.code_number == "61") == []
        assert story.on_the_wire() == 1  # never confirmed before it is kept
    finally:
        disk.empty()
    story.work(hurry=True)
    assert len(story.all(IncomingDocument, IncomingDocument.code_number == "61")) == 1
    assert story.on_the_wire() == 0
