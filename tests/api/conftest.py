"""The demonstration behind the API: seeded once a module, on PostgreSQL with its row security."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import jsonschema
import pikepdf
import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

from api import init_api
from office import demo
from office.office import Office
from office.settings import Mode, Settings

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


@pytest.fixture(scope="session")
def seeded(cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The name of a database with the demonstration in it, and its data directory."""
    with cluster.connect() as administrator:
        administrator.execute(f"CREATE DATABASE api_seeded TEMPLATE {template} STRATEGY FILE_COPY")
    url = cluster.url("api_seeded")
    opened = Office.open(settings_for(url, tmp_path_factory.mktemp("office")))
    demo.seed(opened, password=PASSWORD)
    opened.database.dispose()
    return "api_seeded", opened.settings.data


@pytest.fixture(scope="module")
def office(cluster, seeded: tuple[str, Path]) -> Iterator[Office]:
    """An installation of this module's own, with the demonstration in it."""
    template, data = seeded
    name = f"api_{uuid.uuid4().hex}"
    with cluster.connect() as administrator:
        administrator.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    opened = Office.open(settings_for(cluster.url(name), data))
    yield opened
    opened.database.dispose()


@pytest.fixture(scope="module")
def owner(office: Office) -> Iterator["psycopg.Connection"]:
    """The owner's autocommit connection to this module's database."""
    url = office.settings.database_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


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

    def check(self, rule: str, method: str, status: int, media_type: str, body: bytes) -> None:
        path = rule.replace("<uuid:", "{").replace("<int:", "{").replace("<", "{").replace(">", "}")
        operation = self.document["paths"][path][method.lower()]
        found = operation["responses"].get(str(status))
        if found is None:
            assert status >= 400 or status in {206, 304}, f"{method} {path} answers {status}"
            found = operation["responses"]["default"]
        if "$ref" in found:
            found = self.document["components"]["responses"][found["$ref"].rpartition("/")[2]]
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
        _ = answer.data
        answer.close()
        adapter = self.app.url_map.bind("localhost")
        try:
            matched, _ = adapter.match(address.partition("?")[0], method, return_rule=True)
        except HTTPException:
            assert answer.status_code in {404, 405}
        else:
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

    def step(self, node: str, instance_id: str) -> dict[str, Any]:
        """The open step at this node, read with its form."""
        found = [i for i in self.inbox() if i["instance_id"] == instance_id and i["node"] == node]
        assert len(found) == 1, [i["node"] for i in self.inbox()]
        return self.get(f"work-items/{found[0]['id']}").json

    def complete(self, step: dict[str, Any], *, uploads: list[str] | None = None, **values: Any):
        body = {"version": step["version"], "values": values, "files": uploads or []}
        return self.post(f"work-items/{step['id']}/completion", body)

    def do(self, node: str, instance_id: str, **values: Any) -> dict[str, Any]:
        """Complete the open step at this node."""
        answer = self.complete(self.step(node, instance_id), **values)
        assert answer.status_code == 200, answer.json
        return answer.json

    def upload(self, name: str, content: bytes):
        return self("POST", "uploads", data={"file": (BytesIO(content), name)})


@pytest.fixture(scope="module")
def login(app: Flask, contract: Contract) -> Callable[..., Caller]:
    """Return what gives a caller of a demo account; one token an account and position."""
    known: dict[tuple[str, str], Caller] = {}

    def log_in(username: str, **body: Any) -> Caller:
        key = (username, json.dumps(body, sort_keys=True))
        if key not in known:
            nobody = Caller(app, contract)
            answer = nobody.post("tokens", {"username": username, "password": PASSWORD, **body})
            assert answer.status_code == 201, answer.json
            known[key] = Caller(app, contract, answer.json["access_token"])
        return known[key]

    return log_in


RECEIVED = {
    "channel": "hand",
    "organ_name": "Công ty TNHH Sông Công",
    "subject": "Đề nghị cung cấp thông tin quy hoạch viễn thông",
    "type_name": "Công văn",
    "issued_on": "2026-02-05",
    "page_amount": 2,
}


@pytest.fixture(scope="module")
def receive(login) -> Callable[..., dict[str, Any]]:
    """Return what receives a letter at Sở TT&TT and tells its id and run."""

    def received(**changes: Any) -> dict[str, Any]:
        answer = login("vanthu.stttt").post("incoming-documents", {**RECEIVED, **changes})
        assert answer.status_code == 201, answer.json
        return answer.json

    return received


def pick(choices: dict[str, str], words: str) -> str:
    """The value of the one choice whose label holds these words."""
    (found,) = [value for value, label in choices.items() if words in label]
    return found


@pytest.fixture(scope="session")
def choose() -> Callable[[dict[str, str], str], str]:
    """Return `pick`: tests cannot import from here."""
    return pick


@pytest.fixture(scope="session")
def pdf() -> bytes:
    """A PDF of one empty page."""
    made = pikepdf.new()
    made.add_blank_page()
    buffer = BytesIO()
    made.save(buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def nobody(app: Flask, contract: Contract) -> Caller:
    """A caller without a token."""
    return Caller(app, contract)
