"""The demonstration behind the API: seeded once a module, on PostgreSQL with its row security."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from api import init_api
from office import demo
from office.office import Office
from office.settings import Mode, Settings
from records import row_security

PASSWORD = "Thu-nghiem-188-2018"


def settings_for(url: str, data: Path) -> Settings:
    return Settings(
        host="127.0.0.1",
        port=8080,
        data=data,
        mode=Mode.DEMO,
        demo_password=PASSWORD,
        configured_secret="k" * 48,
        database_url=url,
        broker_url="",
        web_workers=1,
        job_threads=1,
    )


@pytest.fixture(scope="module")
def office(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An installation of this module's own, with the demonstration in it."""
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as owner:
        for statement in row_security.statements():
            owner.execute(statement)
    opened = Office.open(settings_for(database_url, tmp_path_factory.mktemp("office")))
    demo.seed(opened, password=PASSWORD)
    # The trust store is made by the seed: open again to load it.
    opened.database.dispose()
    opened = Office.open(opened.settings)
    yield opened
    opened.database.dispose()


@pytest.fixture(scope="module")
def app(office: Office) -> Flask:
    """An application with nothing on it but the API."""
    made = Flask("api")
    made.secret_key = office.settings.secret_key()
    made.extensions["congvan"] = office
    init_api(made)
    return made


@dataclass
class Contract:
    """The OpenAPI document, to hold every answer against."""

    document: dict[str, Any]
    seen: set[tuple[str, str, str]] = field(default_factory=set)

    def check(self, rule: str, method: str, status: int, media_type: str, body: bytes) -> None:
        path = rule.replace("<uuid:", "{").replace("<int:", "{").replace("<", "{").replace(">", "}")
        operation = self.document["paths"][path][method.lower()]
        found = operation["responses"].get(str(status))
        if found is None:
            assert status >= 400 or status in {206, 304}, f"{method} {path} answers {status}"
            found = operation["responses"]["default"]
        if "$ref" in found:
            found = self.document["components"]["responses"][found["$ref"].rpartition("/")[2]]
        self.seen.add((path, method, str(status)))
        if not body or media_type not in {"application/json", "application/problem+json"}:
            return
        assert media_type in found["content"], f"{method} {path} {status} answers {media_type}"
        schema = {
            **found["content"][media_type]["schema"],
            "components": self.document["components"],
        }
        jsonschema.Draft202012Validator(schema).validate(json.loads(body))


@pytest.fixture(scope="module")
def contract(app: Flask) -> Contract:
    return Contract(app.test_client().get("/api/v1/openapi.json").json)


@dataclass
class Caller:
    """An officer's program: sends its token, holds every answer against the contract."""

    app: Flask
    contract: Contract
    token: str = ""
    language: str = "vi"

    def __call__(self, method: str, path: str, **options: Any):
        headers = {"Accept-Language": self.language, **options.pop("headers", {})}
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        client: FlaskClient = self.app.test_client()
        address = path if path.startswith("/") else f"/api/v1/{path}"
        answer = client.open(address, method=method, headers=headers, **options)
        rule = answer.request.environ.get("werkzeug.request")
        adapter = self.app.url_map.bind("localhost")
        matched = None
        try:
            matched, _ = adapter.match(address.partition("?")[0], method, return_rule=True)
        except Exception:
            assert answer.status_code in {404, 405, 308}, (rule, answer.status_code)
        if matched is not None and matched.rule != "/api/v1/openapi.json":
            self.contract.check(
                matched.rule, method, answer.status_code, answer.mimetype, answer.data
            )
        return answer

    def get(self, path: str, **options: Any):
        return self("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any):
        if body is not None:
            options["json"] = body
        return self("POST", path, **options)

    def inbox(self) -> list[dict[str, Any]]:
        return self.get("work-items?limit=100").json["items"]

    def step(self, name: str, instance_id: str) -> dict[str, Any]:
        """The open step of this name, read with its form."""
        found = [
            i for i in self.inbox() if i["instance_id"] == instance_id and i["name"] == name
        ]
        assert len(found) == 1, [i["name"] for i in self.inbox()]
        return self.get(f"work-items/{found[0]['id']}").json

    def complete(self, step: dict[str, Any], files: list[str] = (), **values: Any):
        body = {"version": step["version"], "values": values, "files": list(files)}
        return self.post(f"work-items/{step['id']}/completion", body)

    def upload(self, name: str, content: bytes):
        from io import BytesIO

        return self("POST", "uploads", data={"file": (BytesIO(content), name)})


@pytest.fixture(scope="module")
def login(app: Flask, contract: Contract) -> Callable[..., Caller]:
    """Return what gives a caller of a demo account; one token an account and position."""
    known: dict[tuple[str, str], Caller] = {}

    def log_in(username: str, **body: Any) -> Caller:
        key = (username, json.dumps(body, sort_keys=True))
        if key not in known:
            nobody = Caller(app, contract)
            answer = nobody.post(
                "tokens", {"username": username, "password": PASSWORD, **body}
            )
            assert answer.status_code == 201, answer.json
            known[key] = Caller(app, contract, answer.json["access_token"])
        return known[key]

    return log_in
