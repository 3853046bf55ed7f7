"""An axis that answers nonsense, or nobody: told once, in words, and over by itself."""

import http.server
import threading
from contextlib import suppress
from typing import ClassVar

import pytest
from story import Story, letter

from engine.jobs import Incident
from exchange.axis_client import AxisClient, Connection, Secret
from office.runner import Runner
from processes.delivery.arrivals import post_polls
from processes.delivery.silence import SILENT_JOB

NONSENSE = {
    "html": (200, b"<html><body>Dang nhap</body></html>"),
    "refusal": (200, b'{"status":"FAIL","ErrorCode":"15","ErrorDesc":"sai khoa"}'),
    "broken": (502, b"Bad Gateway"),
    "another": (200, b'{"status":"OK","ErrorCode":"0","data":[1,2]}'),
    "endless": (200, None),
}
#: an id that is a path, of a packet that is none
ESCAPE = b'{"status":"OK","ErrorCode":"0","data":[{"docId":"../../../keys/axis.key"}]}'


class Axis(http.server.BaseHTTPRequestHandler):
    """Answers every call with what it is told to."""

    answer: ClassVar[tuple[int, bytes | None]] = (200, b"")
    calls: ClassVar[list[str]] = []

    def do_POST(self):
        self.calls.append(self.path)
        status, body = self.answer
        self.send_response(status)
        self.send_header("Connection", "close")
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(body if body is not None else b'{"data":[')
            while body is None:
                self.wfile.write(b'{"docId":"1"},' * 5_000)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def address():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Axis) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def waiting(story_office: Story):
    """A letter that lies at the axis."""
    made = letter(story_office, subject="trục im lặng", to=("UBND",))
    story_office.work(poll=False)
    return made


def look(story: Story) -> None:
    """Look at the axis twice for every agency, as the worker does, and do what is due."""
    runner = Runner(story.office.database, story.office.handlers(), name="looks")
    for _ in range(2):
        with story.office.database.transaction() as tx:
            post_polls(tx)
        while found := runner.claim(8):
            for job in found:
                runner.carry_out(job)


def silences(story: Story, *, closed: bool = False) -> list[Incident]:
    which = Incident.closed_at.is_not(None) if closed else Incident.closed_at.is_(None)
    of = story.agency("UBND")
    return list(story.all(Incident, Incident.kind == SILENT_JOB, Incident.agency_id == of, which))


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_is_told_once_after_a_while_and_ends_when_it_answers(
    story_office, waiting, address, kind
):
    Axis.answer = NONSENSE[kind]
    own = AxisClient(Connection(address, "s", Secret("x"), "H55", total_timeout=20))
    before = len(silences(story_office, closed=True))
    with story_office.reopened(gateway=lambda *_: own) as story:
        look(story)
        assert silences(story) == []  # not at once
        story.run_sql(
            "UPDATE job SET run_at = now() WHERE kind = %s AND state = 'ready'", SILENT_JOB
        )
        look(story)
        [incident] = silences(story)
        assert "không nhận được văn bản" in incident.error
        assert "Secret" not in incident.error
        look(story)
        assert len(silences(story)) == 1
    story_office.work()
    assert silences(story_office) == []
    assert len(silences(story_office, closed=True)) == before + 1
    assert story_office.incoming("UBND", subject="trục im lặng")
    assert story_office.value("SELECT count(*) FROM job WHERE key LIKE %s", f"{SILENT_JOB}%") == 0


def test_an_answer_in_time_is_no_incident(story_office, address):
    Axis.answer = NONSENSE["broken"]
    own = AxisClient(Connection(address, "s", Secret("x"), "H55"))
    with story_office.reopened(gateway=lambda *_: own) as story:
        look(story)
        assert story.value("SELECT count(*) FROM job WHERE key LIKE %s", f"{SILENT_JOB}%") > 0
    before = len(story_office.all(Incident))
    story_office.work()
    assert story_office.value("SELECT count(*) FROM job WHERE key LIKE %s", f"{SILENT_JOB}%") == 0
    assert len(story_office.all(Incident)) == before


def test_an_id_that_is_a_path_is_only_ever_asked_for(story_office, address):
    Axis.answer = (200, ESCAPE)
    Axis.calls.clear()
    own = AxisClient(Connection(address, "s", Secret("x"), "H55"))
    with story_office.reopened(gateway=lambda *_: own) as story:
        files = {p for p in story.office.settings.data.rglob("*") if p.is_file()}
        look(story)
        assert {p for p in story.office.settings.data.rglob("*") if p.is_file()} == files
        assert story.value("SELECT count(*) FROM packet WHERE packet_id LIKE '..%%'") == 0
    assert {"/getReceivedEdocList", "/getEdoc"} <= set(Axis.calls)
    assert not [call for call in Axis.calls if ".." in call]
