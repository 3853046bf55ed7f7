"""A use of the agency's key is written before it signs: who is killed in between leaves a row."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import Event
from uuid import UUID

import pytest
from story import PASSWORD, Story, letter

from engine.errors import OfficeError
from processes.keys import KeyOrder, KeyRing, keep_use
from records.key_custody import KeyUse, KeyUseOutcome, uses
from signing.testing import Issued, TsaServer

ROOT = Path(__file__).parents[2]
#: numbers the document, which signs with the agency's key and then asks for a timestamp
SIGNING = """
import sys
from dataclasses import replace
from pathlib import Path
from uuid import UUID
from story import PASSWORD, Story, settings_for
from office.office import Office
url, data, port, tsa, document = sys.argv[1:]
office = Office.open(replace(settings_for(url, Path(data), int(port)), tsa_urls=(tsa,)))
Story(office).do("vanthu.stttt", "number", of=UUID(document), pin=PASSWORD)
"""


class Silent(TsaServer):
    """Tells that it was asked, and answers nothing until it is let go."""

    def __init__(self, issued: Issued) -> None:
        super().__init__(issued, lambda: datetime.now(UTC))
        self.asked, self.released = Event(), Event()

    def respond(self, path: str, body: bytes, etag: str):
        self.asked.set()
        self.released.wait(60)
        return super().respond(path, body, etag)


@pytest.fixture
def tsa(story_office: Story) -> Iterator[Silent]:
    keystore = Path(story_office.office.settings.data, "signing", "keystores", "tsa.p12")
    with Silent(Issued.load(keystore.read_bytes(), PASSWORD)) as running:
        try:
            yield running
        finally:
            running.released.set()


def killed_after_signing(story: Story, tsa: Silent, document: UUID) -> None:
    """Let another process number the document, and kill it once the key has signed."""
    settings = story.office.settings
    port = settings.port
    words = (settings.database_url, settings.data, port, tsa.url, document)
    child = subprocess.Popen(
        [sys.executable, "-c", SIGNING, *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'processes'}"},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert tsa.asked.wait(60), child.communicate(timeout=5)[1]
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
    assert child.returncode == -signal.SIGKILL


def rows(story: Story, document: UUID) -> list[KeyUse]:
    return sorted(story.all(KeyUse, KeyUse.document_id == document), key=lambda one: one.id)


def told(story: Story, document: UUID) -> list[KeyUse]:
    """What the log shows of a document, oldest first."""
    with story.as_("vanthu.stttt") as tx:
        return [one for one in reversed(uses(tx)) if one.document_id == document]


def test_a_process_killed_after_the_key_signed_leaves_its_use(
    story_office: Story, tsa: Silent
) -> None:
    story = story_office
    document = letter(story, "number")
    killed_after_signing(story, tsa, document)
    assert story.outgoing(document).serial_number is None, "nothing of the step is kept"
    (begun,) = told(story, document)
    assert (begun.outcome, begun.signed_digest) == (KeyUseOutcome.BEGUN, "")
    assert begun.outcome.label("vi") == "chưa rõ kết quả"
    assert begun.by_name == story.login("vanthu.stttt").name
    assert begun.purpose == "number"
    assert begun.fingerprint
    attested = story.value(
        "SELECT count(*) FROM journal_leaf WHERE act = 'use_agency_key' AND object_id = %s",
        begun.id,
    )
    assert attested == 1
    # the step is done again, and what was cut off stays what it is
    story.do("vanthu.stttt", "number", of=document, pin=PASSWORD)
    assert [one.outcome for one in told(story, document)] == [
        KeyUseOutcome.BEGUN,
        KeyUseOutcome.SIGNED,
    ]
    files = story.rows("SELECT sha256 FROM file WHERE outgoing_document_id = %s", document)
    assert told(story, document)[1].signed_digest in {one for (one,) in files}


def test_a_use_that_ended_shows_its_outcome_only(story_office: Story) -> None:
    story = story_office
    document = letter(story, "register")
    begun, signed = rows(story, document)
    assert (begun.outcome, signed.outcome) == (KeyUseOutcome.BEGUN, KeyUseOutcome.SIGNED)
    assert signed.begun_id == begun.id
    assert [one.id for one in told(story, document)] == [signed.id]


def order(story: Story) -> KeyOrder:
    return KeyOrder(UUID(int=7), "thử", "seal", "ab" * 32, "Lãnh đạo")


def ring(story: Story, note=None) -> KeyRing:
    return KeyRing(story.office.settings.data / "signing", note or story.means.signing.note_use)


def test_a_key_whose_use_cannot_be_written_does_not_sign(story_office: Story) -> None:
    story = story_office
    agency = story.agency("STTTT")
    signed = []

    class Full(OfficeError):
        """The log takes nothing."""

    def full(*_: object) -> UUID:
        raise Full

    def use() -> None:
        with (
            story.as_("vanthu.stttt") as tx,
            ring(story, full).open(tx, agency, PASSWORD, order(story)) as key,
        ):
            signed.append(key.sign(b"van ban", "sha256"))

    with pytest.raises(Full):
        use()
    assert signed == []


def test_each_signature_of_an_opened_key_is_a_use(story_office: Story) -> None:
    """Also one of which nobody says what came of it, and one after which the verb failed."""
    story = story_office
    agency = story.agency("STTTT")
    before = {one.id for one in rows(story, UUID(int=7))}

    def failing(tx) -> None:
        with ring(story).open(tx, agency, PASSWORD, order(story)) as key:
            key.sign(b"ba", "sha256")
            raise RuntimeError("hỏng")

    with story.as_("vanthu.stttt") as tx:
        with ring(story).open(tx, agency, PASSWORD, order(story)) as key:
            key.sign(b"mot", "sha256")
            key.sign(b"hai", "sha256")
            keep_use(key, b"%PDF-hai")
        with pytest.raises(RuntimeError, match="hỏng"):
            failing(tx)
    found = [one for one in told(story, UUID(int=7)) if one.id not in before]
    assert sorted((one.outcome.value, one.signed_digest) for one in found) == [
        ("not_kept", ""),
        ("signed", ""),
        ("signed", sha256(b"%PDF-hai").hexdigest()),
    ]
