"""The list of trust over the API: read, changed by the operator, each refusal a problem in words."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from small_authority import SmallAuthority

from processes.trust_rules import (
    fingerprint,
)
from signing.policy import policy_text


@pytest.fixture(scope="module")
def authority() -> SmallAuthority:
    return SmallAuthority("CA qua API", datetime.now(UTC))


def added(authority: SmallAuthority, **changes) -> dict:
    body = {
        "do": "add_anchor",
        "name": "CA qua API",
        "role": "signer",
        "certificate": b64encode(authority.der).decode(),
        "fingerprint": fingerprint(authority.der),
        "valid_from": (authority.now - timedelta(1)).isoformat(),
        "valid_until": (authority.now + timedelta(1)).isoformat(),
        "policies": ["1.2.3"],
        "reason": "văn bản số 12",
    } | changes
    return {name: value for name, value in body.items() if value is not None}


def test_a_change_makes_a_version_that_reads_back(login, authority):
    operator = login("vanhanh")
    first = operator.get("trust").json
    made = operator.post("trust/changes", added(authority))
    assert made.status_code == 201, made.json
    assert (made.json["number"], made.json["what"]) == (first["version"] + 1, "add_anchor")
    now = operator.get("trust").json
    assert now["version"] == made.json["number"]
    anchor = now["anchors"][-1]
    assert anchor["fingerprint"] == fingerprint(authority.der)
    assert (anchor["policies"], anchor["reason"]) == (["1.2.3"], "văn bản số 12")
    line = operator.get("trust/versions").json["items"][0]
    assert (line["number"], line["reason"]) == (made.json["number"], "văn bản số 12")
    gone = {"do": "withdraw_anchor", "role": "signer", "fingerprint": anchor["fingerprint"]}
    assert operator.post("trust/changes", gone | {"reason": "thử"}).status_code == 201
    until = operator.get("trust").json["anchors"][-1]["valid_until"]
    assert datetime.fromisoformat(until) <= datetime.now(UTC)
    pem = authority.certificate.public_bytes(Encoding.PEM).decode()
    issuer = {"do": "add_issuer", "certificate": pem, "reason": "thử"}
    # the list knows this certificate as a root
    assert operator.post("trust/changes", issuer).status_code == 422
    same = {"do": "set_policy", "policy": policy_text(), "reason": "thử"}
    assert operator.post("trust/changes", same).status_code == 201
    assert login("quantri.stttt").get("trust").json["policy"] == policy_text()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"fingerprint": "00" * 32}, "fingerprint-differs"),
        ({"certificate": "junk"}, "certificate-refused"),
        ({"policies": ["x"]}, "trust-change-refused"),
        ({"do": "set_addresses", "allowed": ["file:///"], "networks": []}, "trust-change-refused"),
        ({"do": "add_list", "url": "http://evil.vn/a.crl"}, "trust-change-refused"),
        ({"do": "set_policy", "policy": "x ="}, "trust-change-refused"),
        ({"do": "import"}, "request-invalid"),
        ({"name": None}, "request-invalid"),
        ({"valid_from": "2026-01-01T00:00:00"}, "request-invalid"),
        ({"reason": " "}, None),
    ],
)
def test_what_cannot_be_used_is_a_problem_in_words(login, authority, changes, problem):
    operator = login("vanhanh")
    other = SmallAuthority("CA khác", authority.now)
    before = operator.get("trust").json["version"]
    answer = operator.post("trust/changes", added(other, **changes))
    assert answer.status_code == 422, answer.json
    if problem:
        assert answer.json["type"] == f"urn:congvan:problem:{problem}"
    assert operator.get("trust").json["version"] == before


def test_nobody_else_changes_it(login, authority):
    for user in ("quantri.stttt", "giamdoc.stttt"):
        assert login(user).post("trust/changes", added(authority)).status_code == 403
    assert login("giamdoc.stttt").get("trust").status_code == 403
