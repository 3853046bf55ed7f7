"""Tokens: who gets one, what it opens, when it ends."""

import pytest

PASSWORD = "Thu-nghiem-188-2018"


def test_a_token_opens_the_inbox_and_ends_when_revoked(login):
    clerk = login("vanthu.stttt", name="to be revoked")
    assert clerk.get("work-items").status_code == 200
    assert clerk("DELETE", "tokens/current").status_code == 204
    answer = clerk.get("work-items")
    assert answer.status_code == 401
    assert answer.json["type"] == "urn:congvan:problem:session-ended"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
