"""Completing a step over HTTP: cheap, once, and exactly once under fifty at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from engine import wire


@pytest.fixture
def statements(monkeypatch) -> list[str]:
    """Every SQL statement sent from now on."""
    sent: list[str] = []
    converse, execute = wire._converse, psycopg.Cursor.execute

    def counted(connection, parcels):
        sent.extend(parcel.key[0] for parcel in parcels)
        return converse(connection, parcels)

    def otherwise(self, query, *args, **options):
        sent.append(str(query))
        return execute(self, query, *args, **options)

    monkeypatch.setattr(wire, "_converse", counted)
    monkeypatch.setattr(psycopg.Cursor, "execute", otherwise)
    return sent


def test_a_completion_takes_at_most_twelve_statements(login, receive, statements):
    clerk = login("vanthu.stttt")
    for _ in range(2):  # the second finds forms, programs and the calendar in memory
        step = clerk.step("check", receive()["instance_id"])
        statements.clear()
        answer = clerk.complete(step, outcome="accept")
        assert answer.status_code == 200
    assert len(statements) <= 12, "\n".join(statements)
    assert sum(s.startswith("WITH s0") for s in statements) == 1, "one statement writes"
    assert sum(s == "COMMIT" for s in statements) <= 2, "authentication reads, the command writes"


def test_fifty_at_once_complete_it_once(login, receive, owner):
    clerk = login("vanthu.stttt")
    received = receive()
    step = clerk.step("check", received["instance_id"])
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: clerk.complete(step, outcome="accept"), range(50)))
    codes = [a.status_code for a in answers]
    assert codes.count(200) == 1
    assert codes.count(409) == 49
    assert {a.json["type"] for a in answers if a.status_code == 409} <= {
        "urn:congvan:problem:stale",
        "urn:congvan:problem:not-waiting",
    }
    done = "SELECT count(*) FROM event WHERE instance_id = %s AND kind = 'complete'"
    assert owner.execute(done, (received["instance_id"],)).fetchone() == (1,)


def test_a_stale_version_changes_nothing(login, receive):
    clerk = login("vanthu.stttt")
    step = clerk.step("check", receive()["instance_id"])
    answer = clerk.complete({**step, "version": step["version"] + 1}, outcome="accept")
    assert (answer.status_code, answer.json["type"]) == (409, "urn:congvan:problem:stale")
    assert clerk.get(f"work-items/{step['id']}").json["status"] == "open"
    assert clerk.complete(step, outcome="accept").status_code == 200


def test_done_is_done(login, receive):
    clerk = login("vanthu.stttt")
    step = clerk.step("check", receive()["instance_id"])
    assert clerk.complete(step, outcome="accept").status_code == 200
    again = clerk.complete(step, outcome="accept")
    assert again.status_code == 409
    read = clerk.get(f"work-items/{step['id']}").json
    assert (read["status"], read["may_complete"], read["outcome"]["outcome"]) == (
        "done", False, "accept",
    )  # fmt: skip
    late = clerk.complete(read, outcome="accept")
    assert (late.status_code, late.json["type"]) == (409, "urn:congvan:problem:not-waiting")


def test_form_faults_point_into_the_body(login, receive):
    clerk = login("vanthu.stttt")
    step = clerk.step("check", receive()["instance_id"])
    answer = clerk.complete(step, outcome="return", unknown="x")
    assert answer.status_code == 422
    assert answer.json["type"] == "urn:congvan:problem:form-invalid"
    pointers = {e["pointer"] for e in answer.json["errors"]}
    assert pointers == {"/values/reason", "/values/unknown"}
    assert "raw" not in answer.json["fields"]
    assert clerk.get(f"work-items/{step['id']}").json["status"] == "open"


def test_no_such_day_and_composed_text(login, receive, choose):
    clerk = login("vanthu.stttt")
    run = receive()["instance_id"]
    clerk.do("check", run, outcome="accept")
    step = clerk.step("register", run)
    kind = choose(step["choices"]["document_types"], "Công văn")
    values = {
        "document_type": kind, "organ_name": "Sở Tài chính", "issued_on": "2026-02-31",
        "subject": "Ngo\u0302n ngu\u031b\u0303 to\u0302\u0309 ho\u031b\u0323p",
    }  # fmt: skip
    answer = clerk.complete(step, **values)
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json["errors"]] == ["/values/issued_on"]
    assert "ngày có thật" in answer.json["errors"][0]["detail"]
    done = clerk.complete(step, **{**values, "issued_on": "2026-02-28"})
    assert done.status_code == 200, done.json
    found = clerk.get(f"incoming-documents/{done.json['document']['id']}").json
    assert found["subject"] == "Ngôn ngữ tổ hợp"


def test_version_is_asked_for(login, receive):
    clerk = login("vanthu.stttt")
    step = clerk.step("check", receive()["instance_id"])
    answer = clerk.post(f"work-items/{step['id']}/completion", {"values": {"outcome": "accept"}})
    assert answer.status_code == 422
    assert answer.json["errors"] == [{"pointer": "/version", "detail": "Thiếu giá trị bắt buộc."}]


def test_reading_a_step_again_costs_no_bytes(login, receive):
    clerk = login("vanthu.stttt")
    step = clerk.step("check", receive()["instance_id"])
    first = clerk.get(f"work-items/{step['id']}")
    again = clerk.get(f"work-items/{step['id']}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    clerk.complete(step, outcome="accept")
    changed = clerk.get(
        f"work-items/{step['id']}", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert changed.status_code == 200
