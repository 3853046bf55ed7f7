"""Sent twice, done once: the answer is kept with the effect or not at all."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

BODY = {"channel": "post", "organ_name": "Sở Tài chính", "subject": "Quyết toán"}


@pytest.fixture
def key() -> dict[str, str]:
    return {"Idempotency-Key": f"thử-{uuid4()}".encode("ascii", "ignore").decode()}


def count(owner, subject: str) -> int:
    return owner.execute(
        "SELECT count(*) FROM incoming_document WHERE subject = %s", (subject,)
    ).fetchone()[0]


def test_the_first_answer_comes_again(login, owner, key):
    clerk = login("vanthu.stttt")
    body = {**BODY, "subject": "Gửi hai lần"}
    first = clerk.post("incoming-documents", body, headers=key)
    second = clerk.post("incoming-documents", body, headers=key)
    assert first.status_code == second.status_code == 201
    assert first.data == second.data
    assert second.headers["Location"] == first.headers["Location"]
    assert (first.headers.get("Idempotency-Replayed"), second.headers["Idempotency-Replayed"]) == (
        None, "true",
    )  # fmt: skip
    assert count(owner, "Gửi hai lần") == 1
    clerk.post("incoming-documents", body)
    assert count(owner, "Gửi hai lần") == 2  # without a key it is two documents


def test_a_completion_sent_twice_answers_twice(login, receive, key):
    clerk = login("vanthu.stttt")
    step = clerk.step("check", receive()["instance_id"])
    address = f"work-items/{step['id']}/completion"
    body = {"version": step["version"], "values": {"outcome": "accept"}}
    first = clerk.post(address, body, headers=key)
    second = clerk.post(address, body, headers=key)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json == second.json
    assert clerk.post(address, body).status_code == 409  # without its key it comes too late


def test_another_request_under_the_key_is_refused(login, key):
    clerk = login("vanthu.stttt")
    clerk.post("incoming-documents", BODY, headers=key)
    other = clerk.post("incoming-documents", {**BODY, "subject": "Khác"}, headers=key)
    assert other.status_code == 422
    assert other.json["type"] == "urn:congvan:problem:idempotency-key-reused"
    elsewhere = clerk.post("dossiers", {"title": "Hồ sơ"}, headers=key)
    assert elsewhere.status_code == 422


def test_the_key_is_the_officer_s_own(login, key):
    one = login("vanthu.stttt").post("incoming-documents", BODY, headers=key)
    two = login("vanthu.stc").post("incoming-documents", BODY, headers=key)
    assert (one.status_code, two.status_code) == (201, 201)
    assert one.json["id"] != two.json["id"]


def test_a_refused_request_may_be_mended_under_its_key(login, owner, key):
    clerk = login("vanthu.stttt")
    body = {**BODY, "subject": "Sửa rồi gửi", "files": [str(uuid4())]}
    assert clerk.post("incoming-documents", body, headers=key).status_code == 422
    assert clerk.post("incoming-documents", {**body, "files": []}, headers=key).status_code == 201
    assert count(owner, "Sửa rồi gửi") == 1


def test_many_at_once_have_one_effect(login, owner, key):
    clerk = login("vanthu.stttt")
    body = {**BODY, "subject": "Cùng lúc"}
    with ThreadPoolExecutor(12) as pool:
        answers = list(
            pool.map(lambda _: clerk.post("incoming-documents", body, headers=key), range(24))
        )
    assert {a.status_code for a in answers} <= {201, 409}
    assert len({a.json["id"] for a in answers if a.status_code == 201}) == 1
    assert all(
        a.json["type"] == "urn:congvan:problem:idempotency-key-in-use"
        for a in answers
        if a.status_code == 409
    )
    assert count(owner, "Cùng lúc") == 1


def test_while_the_first_runs_the_second_is_told_so(login, owner, key):
    clerk = login("vanthu.stttt")
    acting = owner.execute(
        "SELECT p.agency_id, p.officer_id FROM position p JOIN account a USING (officer_id)"
        " WHERE a.username = 'vanthu.stttt'"
    ).fetchone()
    name = f"{acting[0]} {acting[1]} {key['Idempotency-Key']}"
    owner.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (name,))
    busy = clerk.post("incoming-documents", BODY, headers=key)
    owner.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (name,))
    assert (busy.status_code, busy.json["type"]) == (
        409, "urn:congvan:problem:idempotency-key-in-use",
    )  # fmt: skip
    assert clerk.post("incoming-documents", BODY, headers=key).status_code == 201


def test_without_the_kept_answer_there_is_no_effect(login, owner, key):
    """Both are one transaction: what breaks the one undoes the other."""
    clerk = login("vanthu.stttt")
    body = {**BODY, "subject": "Không giữ được"}
    rule = "ALTER TABLE idempotency_key {} CONSTRAINT never{}"
    owner.execute(rule.format("ADD", " CHECK (status = 0) NOT VALID"))
    answer = clerk.post("incoming-documents", body, headers=key)
    owner.execute(rule.format("DROP", ""))
    assert answer.status_code == 500
    assert "never" not in answer.text
    assert count(owner, "Không giữ được") == 0
    assert clerk.post("incoming-documents", body, headers=key).status_code == 201


def test_after_a_day_the_key_is_free(login, owner, key):
    clerk = login("vanthu.stttt")
    first = clerk.post("incoming-documents", BODY, headers=key).json
    owner.execute(
        "UPDATE idempotency_key SET expires_at = now() - interval '1 second' WHERE key = %s",
        (key["Idempotency-Key"],),
    )
    second = clerk.post("incoming-documents", {**BODY, "subject": "Mới"}, headers=key)
    assert (second.status_code, second.json["id"] == first["id"]) == (201, False)


@pytest.mark.parametrize("bad", ["", "x" * 101, "dấu"])
def test_a_key_has_its_bounds(login, bad):
    answer = login("vanthu.stttt").post(
        "incoming-documents", BODY, headers={"Idempotency-Key": bad}
    )
    assert answer.status_code == 400


def test_what_is_kept_does_not_let_the_pin_be_guessed(login, owner, key):
    """The digest of a body is keyed: without the key of the house it cannot be tried."""
    sent = json.dumps(BODY).encode()
    answer = login("vanthu.stttt")(
        "POST", "incoming-documents", data=sent, content_type="application/json", headers=key
    )
    assert answer.status_code == 201
    (kept,) = owner.execute(
        "SELECT request FROM idempotency_key WHERE key = %s", (key["Idempotency-Key"],)
    ).fetchone()
    text = b"POST /api/v1/incoming-documents?\n" + sent
    assert len(kept) == 32
    assert kept not in {hashlib.sha256(text).digest(), hashlib.sha256(sent).digest()}
