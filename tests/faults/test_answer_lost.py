"""A web process killed after its COMMIT and before its answer: the client asks again under its key."""

import http.client
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from dying_web import HEADER
from story import PASSWORD, Story, incoming_letter, registering

from office.child import end, spawn
from records.document import IncomingDocument
from records.register import RegisterEntry

pytestmark = pytest.mark.faults

PROGRAM = Path(__file__).with_name("dying_web.py")
NO_ANSWER = (http.client.RemoteDisconnected, ConnectionResetError)


def eventually(look: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not look():
        assert time.monotonic() < until
        time.sleep(0.02)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Server:
    """gunicorn with two workers, and a client that opens a connection for each request."""

    def __init__(self, story: Story) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        told = story.office.settings
        self.process = spawn(
            [sys.executable, PROGRAM],
            on_parent_death=signal.SIGKILL,
            environment={
                **os.environ,
                "PYTHONPATH": f"{PROGRAM.parents[2]}:{os.environ.get('PYTHONPATH', '')}",
                "PORT": str(self.port),
                "CONGVAN_DATA": str(told.data),
                "DATABASE_URL": told.database_url,
            },
        )
        self.token = ""

    def answers(self) -> bool:
        try:
            return self("GET", "openapi.json").status == 200
        except OSError:
            return False

    def workers(self) -> set[int]:
        return {child.pid for child in psutil.Process(self.process.pid).children()}

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        sent = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, f"/api/v1/{path}", data, {**sent, **named})
            got = connection.getresponse()
            return Answer(got.status, dict(got.getheaders()), got.read())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def server(story_office: Story) -> Iterator[Server]:
    made = Server(story_office)
    try:
        eventually(made.answers)
        login = {"username": "vanthu.stttt", "password": PASSWORD}
        made.token = made("POST", "tokens", login).json["access_token"]
        yield made
    finally:
        end(made.process, ((signal.SIGQUIT, 20), (signal.SIGKILL, 5)))


def lose_answer(server: Server, path: str, body: object, **headers: str) -> None:
    """Send a request whose worker is killed with the answer in hand."""
    before = server.workers()
    with pytest.raises(NO_ANSWER):
        server("POST", path, body, **{HEADER: "1"}, **headers)
    eventually(lambda: before - server.workers())  # it is dead


def receiving(subject: str) -> dict[str, str]:
    return {"channel": "post", "organ_name": "Sở Tài chính", "subject": subject}


def received(story: Story, subject: str) -> list[str]:
    rows = story.rows("SELECT id FROM incoming_document WHERE subject = %s", subject)
    return [str(row[0]) for row in rows]


def test_the_request_sent_again_under_its_key_has_its_answer_and_one_effect(story_office, server):
    story, key = story_office, {"Idempotency_Key": uuid4().hex}
    body = receiving("mất câu trả lời")
    lose_answer(server, "incoming-documents", body, **key)
    [document] = received(story, body["subject"])  # the effect was there before any answer
    again = server("POST", "incoming-documents", body, **key)
    assert (again.status, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.json["id"] == document
    assert again.headers["Location"].endswith(document)
    third = server("POST", "incoming-documents", body, **key)
    assert (third.status, third.body) == (again.status, again.body)
    assert received(story, body["subject"]) == [document]


def test_a_step_completed_by_a_worker_that_died_took_one_number(story_office, server):
    story, key = story_office, {"Idempotency_Key": uuid4().hex}
    document = incoming_letter(story, "register")
    (item,) = story.items("vanthu.stttt", "register", document)
    record = story.one(IncomingDocument, IncomingDocument.id == document)
    values = registering(record, story.kind("STTTT", "CV"))
    path = f"work-items/{item.id}/completion"
    body = {"version": item.version, "values": values, "files": []}
    lose_answer(server, path, body, **key)
    again = server("POST", path, body, **key)
    assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert again.json["status"] == "done"
    assert server("POST", path, body).status == 409  # without its key it comes too late
    entries = story.all(RegisterEntry, RegisterEntry.incoming_document_id == document)
    registered = story.one(IncomingDocument, IncomingDocument.id == document)
    assert [e.number for e in entries] == [registered.arrival_number]
    assert story.standing(document) == ["present"]
    assert story.broken_chains() == []


def test_the_control_without_a_key_it_is_done_twice(story_office, server):
    """What the key is for: the client cannot know whether the lost request was carried out."""
    body = receiving("không có khóa")
    lose_answer(server, "incoming-documents", body)
    assert server("POST", "incoming-documents", body).status == 201
    assert len(received(story_office, body["subject"])) == 2
