"""The contract: a valid OpenAPI 3.1 document that names every address and what it answers."""

import json

import jsonschema
import pytest
from openapi_spec_validator import validate


@pytest.fixture(scope="module")
def document(app) -> dict:
    return app.test_client().get("/api/v1/openapi.json").json


def test_the_contract_is_valid_openapi(document):
    validate(document)
    assert document["openapi"] == "3.1.0"
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_it_names_every_address(app, document):
    declared = {
        (path, method.upper())
        for path, operations in document["paths"].items()
        for method in operations
        if method != "parameters"
    }
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/api/") or rule.rule.endswith("openapi.json"):
            continue
        path = rule.rule.replace("<uuid:", "{").replace("<int:", "{").replace("<", "{")
        path = path.replace(">", "}")
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            assert (path, method) in declared


def test_errors_are_declared_as_problems(document):
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            assert operation["summary"], f"{method} {path} says what it does"
            reference = operation["responses"]["default"]["$ref"].rpartition("/")[2]
            content = document["components"]["responses"][reference]["content"]
            assert list(content) == ["application/problem+json"]


def test_who_may_call_is_declared(document):
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method != "parameters":
                # whoever logs in, and a signing program that comes with a one-time word
                by_word = path.endswith(("/{session_id}/file", "/{session_id}/van-ban.pdf"))
                open_to_all = (path, method) == ("/api/v1/tokens", "post") or by_word
                assert bool(operation["security"]) is not open_to_all, f"{method} {path}"


def test_answers_are_really_held_against_it(contract):
    """The control of every other test here: a wrong answer is noticed."""
    address, brief = "/api/v1/registers", {"id": "x", "kind": "incoming", "name": "Sổ"}
    sound = {**brief, "is_active": True, "series": []}

    def check(item: dict, status: int = 200) -> None:
        body = json.dumps({"items": [item]}).encode()
        contract.check(address, "GET", status, "application/json", body)

    check(sound)
    for wrong in (brief, {**sound, "more": 1}, {**sound, "is_active": "yes"}):
        with pytest.raises(jsonschema.ValidationError):
            check(wrong)
    with pytest.raises(AssertionError):
        check(sound, 201)


def test_it_is_fetched_once(app):
    client = app.test_client()
    first = client.get("/api/v1/openapi.json")
    again = client.get("/api/v1/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
