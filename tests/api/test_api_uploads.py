"""Uploads: one file, its owner's, for a day."""

import socket
import subprocess
import sys
from http.client import HTTPConnection
from io import BytesIO

import orjson
import pytest

from api import idempotency
from api.uploads import LARGEST_UPLOAD
from processes import uploads


def test_an_upload_is_stored_under_its_digest(login, office, pdf):
    clerk = login("vanthu.stttt")
    answer = clerk.upload("Công văn\u202egpj.pdf", pdf)
    assert answer.status_code == 201
    assert answer.json["media_type"] == "application/pdf"
    assert "\u202e" not in answer.json["name"]
    assert office.means.content.read(answer.json["sha256"]) == pdf


def test_exactly_one_file_at_a_time(login, pdf):
    clerk = login("vanthu.stttt")
    none = clerk("POST", "uploads", data={"other": "x"}, content_type="multipart/form-data")
    two = clerk(
        "POST", "uploads", data={"file": [(BytesIO(pdf), "a.pdf"), (BytesIO(pdf), "b.pdf")]}
    )
    other = clerk("POST", "uploads", data={"scan": (BytesIO(pdf), "a.pdf")})
    assert [a.status_code for a in (none, two, other)] == [422, 422, 422]


def test_whoever_drafts_nothing_uploads_nothing(login, pdf, owner):
    before = owner.execute("SELECT count(*) FROM waiting_file").fetchone()
    assert login("quantri.stttt").upload("a.pdf", pdf).status_code == 403
    assert owner.execute("SELECT count(*) FROM waiting_file").fetchone() == before


def test_an_upload_expires_and_is_swept(login, office, pdf, owner):
    clerk = login("vanthu.stttt")
    body = {"channel": "hand", "organ_name": "Sở", "subject": "Việc"}
    old, fresh = (clerk.upload("a.pdf", pdf).json["id"] for _ in range(2))
    expire = "UPDATE {} SET expires_at = now() - interval '1 second' WHERE {} = %s"
    owner.execute(expire.format("waiting_file", "id"), (old,))
    refused = clerk.post("incoming-documents", {**body, "files": [fresh, old]})
    assert [e["pointer"] for e in refused.json["errors"]] == ["/files/1"]
    english = {"Accept-Language": "en"}
    refused = clerk.post("incoming-documents", {**body, "files": [old]}, headers=english)
    assert "expired" in refused.json["errors"][0]["detail"]
    clerk.post("incoming-documents", body, headers={"Idempotency-Key": "old"})
    owner.execute(expire.format("idempotency_key", "key"), ("old",))
    with office.database.transaction() as tx:
        assert uploads.sweep(tx) == 1
        assert idempotency.sweep(tx) == 1
    left = owner.execute(
        "SELECT id::text FROM waiting_file WHERE id = ANY(%s::uuid[])", ([old, fresh],)
    )
    assert left.fetchall() == [(fresh,)]


#: a resource behind the product's own web server, in a process of its own; it says when it listens
SERVED = """
import sys
from types import SimpleNamespace
from flask import Flask, request
from api.blueprint import Resource
from office.wsgi import serve

resource = Resource("large", "large", "", largest=int(sys.argv[2]))

@resource.post("")
def read():
    return {"size": len(request.get_data())}

def create():
    app = Flask("large")
    app.register_blueprint(resource)
    print("ready", flush=True)
    return app

serve(SimpleNamespace(host="127.0.0.1", port=int(sys.argv[1]), web_workers=1), create)
"""


@pytest.fixture
def address():
    """Where that resource answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", SERVED, str(port), str(LARGEST_UPLOAD)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout.readline() == "ready\n"
        yield f"127.0.0.1:{port}"
        server.terminate()


def test_a_file_that_is_a_little_too_large_gets_an_answer_and_no_broken_pipe(address):
    # as many clients do: all of it is written before anything is read
    client = HTTPConnection(address, timeout=60)
    client.request("POST", "/api/v1/large", bytes(LARGEST_UPLOAD + 300_000))
    answer = client.getresponse()
    told = orjson.loads(answer.read())
    assert answer.status == 413
    assert "lớn hơn 60 MB" in told["detail"]
    client.request("POST", "/api/v1/large", b"x")
    assert client.getresponse().read() == b'{"size":1}\n'
    client.close()
