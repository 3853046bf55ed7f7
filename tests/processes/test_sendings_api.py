"""A program sees of a document's packets what its page shows, and sends again what was given up."""

import io
import zipfile
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from story import PASSWORD, Story, letter

from api import init_api
from exchange.errors import RefusedByAxis
from exchange.gateway import Gateway, MessageType
from processes.delivery.gateway import gateway_of

DEAD = "H55.05"


class Refuses:
    """The axis does not know one receiver; everybody else is where they were."""

    def __init__(self, inner: Gateway) -> None:
        self.inner = inner

    def __getattr__(self, name: str):
        return getattr(self.inner, name)

    def send(self, message_type: MessageType, data: bytes, to: tuple[str, ...] = ()) -> str:
        if DEAD in to:
            raise RefusedByAxis(error_code="18", error_desc="nơi nhận không có")
        return self.inner.send(message_type, data, to)


@pytest.fixture(scope="module")
def document(story_office: Story) -> UUID:
    """A letter that reached one agency and was given up for another."""

    def road(agency_id: UUID, code: str) -> Gateway:
        return Refuses(gateway_of(story_office.means, agency_id, code))  # type: ignore[return-value]

    with story_office.reopened(gateway=road) as story:
        made = letter(story, subject="xem qua API", to=("STC", "UBND"))
        story.work()
    return made


@pytest.fixture(scope="module")
def app(story_office: Story) -> Flask:
    made = Flask("sendings")
    made.secret_key = story_office.office.settings.secret_key()
    made.extensions["congvan"] = story_office.office
    init_api(made)
    return made


def call(app: Flask, user: str, method: str, path: str, **headers: str) -> Any:
    client = app.test_client()
    told = client.post("/api/v1/tokens", json={"username": user, "password": PASSWORD}).json
    proof = {"Authorization": f"Bearer {told['access_token']}"}
    return client.open(f"/api/v1/{path}", method=method, headers={**proof, **headers})


def test_packets_attempts_and_receipts_are_told(app, document):
    told = call(app, "vanthu.stttt", "GET", f"outgoing-documents/{document}/sendings").json
    by_code = {one["to_code"]: one for one in told["items"]}
    good, bad = by_code["H55"], by_code[DEAD]
    assert (good["state"], bad["state"]) == ("acknowledged", "failed")
    assert [one["outcome"] for one in good["attempts"]] == ["sent"]
    assert (good["receipt"]["state"], bad["receipt"]) == ("matches", None)
    assert len(good["receipt"]["fingerprint"]) == 64
    [attempt] = bad["attempts"]
    assert (attempt["outcome"], attempt["error_code"]) == ("given_up", "axis-refused")
    assert attempt["started_at"] <= attempt["ended_at"]
    assert [one["to"] for one in told["failures"]] == ["Sở Tài chính"]


def test_who_received_it_sees_its_packet_and_his_report(story_office, app, document):
    incoming = story_office.incoming("UBND")
    told = call(app, "vanthu.ubnd", "GET", f"incoming-documents/{incoming.id}/sendings").json
    assert {(o["direction"], o["message_type"], o["state"]) for o in told["items"]} == {
        ("in", "edoc", "confirmed"), ("out", "status", "sent"),
    }  # fmt: skip
    assert [o["receipt"]["state"] for o in told["items"] if o["direction"] == "in"] == ["signed"]


def test_what_was_given_up_is_sent_again_once_by_whoever_may(story_office, app, document):
    story = story_office
    sendings = f"outgoing-documents/{document}/sendings"
    [failure] = call(app, "vanthu.stttt", "GET", sendings).json["failures"]
    again = f"{sendings}/{failure['incident_id']}/retry"
    assert call(app, "chuyenvien.stttt", "POST", again).status_code == 403
    assert call(app, "vanthu.stc", "POST", again).status_code == 404
    assert call(app, "vanthu.stttt", "POST", f"{sendings}/{uuid4()}/retry").status_code == 404
    assert story.value("SELECT count(*) FROM incident WHERE closed_at IS NULL") == 1
    key = {"Idempotency-Key": str(document)}
    first, second = (call(app, "vanthu.stttt", "POST", again, **key) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json == second.json
    assert first.json["failures"] == []
    assert call(app, "vanthu.stttt", "POST", again).status_code == 404  # it is under way
    story.work()
    told = call(app, "vanthu.stttt", "GET", sendings).json
    [mended] = [one for one in told["items"] if one["to_code"] == DEAD]
    assert [one["outcome"] for one in mended["attempts"]] == ["given_up", "sent"]
    assert mended["state"] == "acknowledged"


def test_the_evidence_is_had_by_whoever_may(app, document):
    told = call(app, "vanthu.stttt", "GET", f"outgoing-documents/{document}/sendings").json
    packet = told["items"][0]
    address = f"sendings/{packet['id']}/evidence"
    assert call(app, "vanthu.stc", "GET", address).status_code in {403, 404}
    answer = call(app, "giamdoc.stttt", "GET", address)
    assert answer.status_code == 200, answer.data
    assert answer.mimetype == "application/vnd.etsi.asic-e+zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert "message.edxml" in archive.namelist()
    assert len(answer.headers["Congvan-Manifest"]) == 64
