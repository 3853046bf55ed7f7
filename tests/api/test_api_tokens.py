"""Tokens: who gets one, what it opens, when it ends."""

import pytest

from records import login as records_login

PASSWORD = "Thu-nghiem-188-2018"


def test_a_token_opens_the_inbox_and_ends_when_revoked(login):
    clerk = login("vanthu.stttt", name="to be revoked")
    assert clerk.get("work-items").status_code == 200
    assert clerk("DELETE", "tokens/current").status_code == 204
    answer = clerk.get("work-items")
    assert answer.status_code == 401
    assert answer.json["type"] == "urn:congvan:problem:session-ended"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_wrong_password_and_unknown_name_answer_alike(nobody):
    wrong = nobody.post("tokens", {"username": "giamdoc.stc", "password": "khong phai"})
    unknown = nobody.post("tokens", {"username": "khong.co", "password": "khong phai"})
    assert wrong.status_code == unknown.status_code == 401
    assert {**wrong.json, "instance": ""} == {**unknown.json, "instance": ""}
    assert wrong.json["type"] == "urn:congvan:problem:wrong-credentials"


def test_attempts_are_counted_though_they_fail(nobody):
    """The refusal is an answer, not an error of the transaction: its count is kept."""
    for _ in range(records_login.ACCOUNT_LIMIT + 1):
        answer = nobody.post("tokens", {"username": "vanthu.snv", "password": "doan mo"})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == 60 * answer.json["fields"]["minutes"]
    right = nobody.post("tokens", {"username": "vanthu.snv", "password": PASSWORD})
    assert right.status_code == 429


def test_a_password_to_be_changed_gives_no_token(nobody, owner):
    change = "UPDATE account SET must_change = %s WHERE username = 'vanthu.stc'"
    owner.execute(change, (True,))
    answer = nobody.post("tokens", {"username": "vanthu.stc", "password": PASSWORD})
    owner.execute(change, (False,))
    assert (answer.status_code, answer.json["type"]) == (403, "urn:congvan:problem:not-allowed")


def test_reading_token_changes_nothing(login):
    reader = login("chuyenvien.stttt", scopes=["read"])
    assert reader.get("work-items").status_code == 200
    answer = reader.post("outgoing-documents", {"subject": "Không được"})
    assert (answer.status_code, answer.json["fields"]) == (403, {"scope": "write"})
    assert answer.json["type"] == "urn:congvan:problem:scope-missing"


@pytest.mark.parametrize(
    "authorization", ["", "Basic abc", "Bearer", "Bearer xyz", "Bearer cva_khong-co-that"]
)
def test_nothing_else_opens_the_door(nobody, authorization):
    answer = nobody.get("work-items", headers={"Authorization": authorization})
    assert answer.status_code == 401


def test_a_session_is_no_way_in(app, office, nobody):
    """Neither as a cookie nor as a bearer token: nobody's browser can be made to call."""
    with office.database.transaction() as tx:
        session = records_login.log_in(tx, "giamdoc.stc", PASSWORD, "127.0.0.1").token
    assert (
        nobody.get("work-items", headers={"Authorization": f"Bearer {session}"}).status_code == 401
    )
    client = app.test_client()
    client.set_cookie("session", session)
    client.set_cookie("congvan", session)
    assert client.get("/api/v1/work-items").status_code == 401


def test_token_ends_with_the_position(login, owner):
    officer = login("giamdoc.snv")
    assert officer.get("work-items").status_code == 200
    change = "UPDATE position SET valid_to = %s WHERE officer_id = (SELECT officer_id FROM account WHERE username = 'giamdoc.snv')"
    owner.execute(change, ("2024-06-01",))
    assert officer.get("work-items").status_code == 401
    owner.execute(change, (None,))
    assert officer.get("work-items").status_code == 200
