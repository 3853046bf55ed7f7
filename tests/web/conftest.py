"""The demonstration's office, seeded once a session and copied for each module, behind a browser."""

import io
import re
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lxml.html
import pytest
import sqlalchemy as sa
import typst
from flask import Flask
from flask.testing import FlaskClient
from psycopg import sql
from werkzeug.test import TestResponse

from engine.database import Acting
from office import demo
from office.office import Office
from office.postgres import Cluster
from office.settings import Mode, Settings
from records.account import Account
from records.delegation import acting_for
from records.organization import Officer, Position
from web.app import create_app

PASSWORD = "mot-cau-dai-de-nho-188"
SEEDED = "congvan_seeded"


def settings_for(url: str, data: Path) -> Settings:
    return Settings(
        host="127.0.0.1",
        port=8080,
        data=data,
        mode=Mode.DEMO,
        demo_password=PASSWORD,
        configured_secret="khoa-cua-kiem-thu",
        database_url=url,
        broker_url="",
        web_workers=1,
        job_threads=1,
    )


@pytest.fixture(scope="session")
def seeded(cluster: Cluster, template: str) -> Iterator[Path]:
    """The data directory of a seeded demonstration whose database is copied, never used."""
    data = Path(tempfile.mkdtemp(prefix="congvan-web-"))
    with cluster.connect() as administrator:
        administrator.execute(f"CREATE DATABASE {SEEDED} TEMPLATE {template} STRATEGY FILE_COPY")
    office = Office.open(settings_for(cluster.url(SEEDED), data))
    demo.seed(office, password=PASSWORD)
    office.database.dispose()
    yield data
    shutil.rmtree(data)


@pytest.fixture(scope="module")
def office(cluster: Cluster, seeded: Path) -> Iterator[Office]:
    """A copy of the seeded demonstration for one module."""
    name = f"web_{uuid.uuid4().hex}"
    with cluster.connect() as administrator:
        administrator.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(SEEDED)
            )
        )
    opened = Office.open(settings_for(cluster.url(name), seeded))
    yield opened
    opened.database.dispose()
    with cluster.connect() as administrator:
        administrator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def app(office: Office) -> Flask:
    return create_app(office)


class Sheet:
    """A form of a page as a browser without scripts would send it."""

    def __init__(self, form: Any) -> None:
        self.action: str = form.action
        self.values: dict[str, Any] = {}
        for name, value in form.form_values():
            self.values.setdefault(name, []).append(value)

    def fill(self, **values: Any) -> "Sheet":
        for name, value in values.items():
            self.values[name] = value
        return self

    def to(self, action: str) -> "Sheet":
        """Send it where one of its buttons says (formaction)."""
        self.action = action
        return self


def paper(text: str = "Nội dung văn bản") -> bytes:
    """A real PDF of one page."""
    return typst.compile(f"#set page(width: 210mm, height: 297mm)\n{text}".encode())


class Visitor:
    """A browser without scripts: it keeps cookies, follows links, fills in forms."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def get(self, address: str, **more: Any) -> TestResponse:
        answer = self.client.get(address, **more)
        answer.get_data()
        answer.close()
        return answer

    def follow(self, answer: TestResponse) -> TestResponse:
        assert answer.status_code == 303, (answer.status_code, self.problem(answer))
        return self.get(answer.headers["Location"])

    def token(self, page: str = "/help") -> str:
        return re.search(r'name="csrf-token" content="([^"]+)"', self.get(page).text)[1]

    def post(self, address: str, data: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        filled = {"csrf_token": self.token(), **(data or {})}
        return self.client.post(address, data=filled, **more)

    def sheet(self, answer: TestResponse, mark: str = "data-step-form") -> Sheet:
        """Return the form with this attribute, as it stands on the page."""
        page = lxml.html.fromstring(answer.data.decode())
        [form] = [f for f in page.forms if mark in f.attrib]
        return Sheet(form)

    def send(self, sheet: Sheet) -> TestResponse:
        return self.client.post(sheet.action, data=sheet.values)

    @staticmethod
    def problem(answer: TestResponse) -> str:
        """Return what the error summary of a page says, else what the page says."""
        page = lxml.html.fromstring(answer.data.decode() or "<p/>")
        told = page.xpath("//*[@data-error-summary] | //main")
        return " ".join(told[0].text_content().split()) if told else answer.text[:500]

    def log_in(self, username: str, password: str = PASSWORD) -> TestResponse:
        return self.post("/login", {"username": username, "password": password, "next": "/"})

    def choose(self, place: str) -> None:
        """Act in the position of this agency."""
        page = lxml.html.fromstring(self.get("/position").data.decode())
        [button] = [b for b in page.iter("button") if place in b.text_content()]
        assert self.post("/position", {"position": button.get("value")}).status_code == 303

    def receive(self, subject: str, **more: Any) -> str:
        """Receive a paper document with its scan; return the address of its first step."""
        sheet = self.sheet(self.get("/incoming/new"))
        sheet.fill(
            organ_name="Ủy ban nhân dân tỉnh Thái Nguyên",
            code_number="5127",
            code_notation="UBND-TH",
            issued_on="11/12/2025",
            subject=subject,
            files=(io.BytesIO(paper()), "Công văn 5127.pdf"),
        )
        answer = self.send(sheet.fill(**more))
        assert answer.status_code == 303, self.problem(answer)
        return answer.headers["Location"]

    def accept(self, step: str) -> TestResponse:
        """Take in what a paper document is: without signatures, compared with the original."""
        sheet = self.sheet(self.get(step))
        return self.send(sheet.fill(outcome="accept_unsigned", reason="Bản giấy đã đối chiếu"))

    def waiting(self, subject: str) -> str:
        """Return the step of this incoming document that waits, by way of its own page."""
        found = re.search(
            r'href="(/incoming/[0-9a-f-]{36})"',
            self.get(f"/search?q={subject}", follow_redirects=True).text,
        )
        return re.search(r'href="(/work-items/[0-9a-f-]+)"', self.get(found[1]).text)[1]


@pytest.fixture(scope="session")
def scan() -> bytes:
    return paper()


@pytest.fixture(scope="module")
def knock(app: Flask) -> Callable[..., Visitor]:
    """Return what opens a browser and logs in, each name once a module."""
    known: dict[str, Visitor] = {}

    def open_browser(username: str = "", *, fresh: bool = False) -> Visitor:
        if username and username in known and not fresh:
            return known[username]
        visitor = Visitor(app)
        if username:
            assert visitor.log_in(username).status_code == 303
            known[username] = visitor
        return visitor

    return open_browser


@pytest.fixture
def acting(office: Office) -> Callable[[str], Acting]:
    """Return what tells who acts when the holder of an account does, in his first position."""

    def as_holder_of(username: str) -> Acting:
        with office.database.transaction() as tx:
            officer, position = tx.one(
                sa.select(Officer.id, Position.id)
                .join(Position, Position.officer_id == Officer.id)
                .join(Account, Account.officer_id == Officer.id)
                .where(Account.username == username)
            )
            return acting_for(tx, officer, position)

    return as_holder_of
