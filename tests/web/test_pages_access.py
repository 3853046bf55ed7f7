"""Who may open what: every route says so, ids of another agency are not found."""

import re
from uuid import uuid4

import pytest
import sqlalchemy as sa

from engine.definition import Definition
from records.authority import Act
from records.document import IncomingDocument
from records.dossier import Dossier
from records.organization import Agency
from records.register import Register
from web.policy import Who, policy_of
from web.visitor import MACHINE_DOORS

#: pages that nobody needs to be known for; a new one is a decision, made here
OPEN = {
    "static", "login.log_in", "login.log_out", "login.invitation", "login.preferences",
    "help.show", "help.accessibility",
}  # fmt: skip


def routes(app):
    return [r for r in app.url_map.iter_rules() if not r.rule.startswith(MACHINE_DOORS)]


def test_every_route_says_who_may_open_it(app):
    with app.app_context():
        silent = [r.rule for r in routes(app) if policy_of(r.endpoint) is None]
        assert silent == []
        everyone = {r.endpoint for r in routes(app) if policy_of(r.endpoint).who is Who.EVERYONE}
    assert everyone == OPEN


def test_a_route_that_says_nothing_stays_closed(office):
    from web.app import create_app

    app = create_app(office)
    app.add_url_rule("/hole", "hole", lambda: "open")
    answer = app.test_client().get("/hole")
    assert answer.status_code == 500
    assert "open" not in answer.text
    assert "chưa khai báo quyền" in answer.text


def test_a_page_that_forgets_to_ask_about_its_object_is_not_shown(office, knock):
    from web.app import create_app
    from web.policy import needs

    app = create_app(office)
    app.add_url_rule("/forgets", "forgets", needs(Act.READ_DOCUMENT, each=True)(lambda: "secret"))
    clerk = knock("vanthu.stttt")
    client = app.test_client()
    client.set_cookie("congvan", clerk.client.get_cookie("congvan").value)
    answer = client.get("/forgets")
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_nobody_gets_in_without_logging_in(app, knock):
    stranger = knock()
    values = {
        "basket": "mine",
        "key": "incoming",
        "way": "incoming",
        "number": "1",
        "form": "json",
    }
    for rule in routes(app):
        if rule.endpoint in OPEN:
            continue
        filled = {a: values.get(a, str(uuid4())) for a in rule.arguments}
        with app.test_request_context():
            address = app.url_for(rule.endpoint, **filled)
        if "GET" in rule.methods:
            answer = stranger.get(address)
            assert answer.status_code == 303, (address, answer.status_code)
            assert answer.headers["Location"].startswith("/login"), address
        else:
            assert stranger.post(address).status_code == 401, address


@pytest.fixture(scope="module")
def belongings(office, knock):
    """What the province's office has: the department must not learn that it is there."""
    clerk = knock("vanthu.ubnd")
    step = clerk.receive("việc riêng của Ủy ban")
    with office.database.transaction() as tx:
        agency = tx.scalar(sa.select(Agency).where(Agency.symbol == "UBND"))
        document = tx.scalar(
            sa.select(IncomingDocument).where(IncomingDocument.agency_id == agency.id)
        )
        register = tx.scalars(sa.select(Register).where(Register.agency_id == agency.id))[0]
        dossier = tx.add(
            Dossier(
                agency_id=agency.id,
                file_catalog=2026,
                file_notation="01.VP",
                title="Hồ sơ Ủy ban",
                created_at=tx.now,
            )
        )
        keys = document.id, register.id, dossier.id
    file = re.search(r"/files/([0-9a-f-]{36})", clerk.get(f"/incoming/{keys[0]}").text)[1]
    return {
        "document": f"/incoming/{keys[0]}",
        "replay": f"/incoming/{keys[0]}/replay",
        "file": f"/files/{file}",
        "reply": f"/outgoing/new?reply={keys[0]}",
        "register": f"/registers/{keys[1]}",
        "dossier": f"/dossiers/{keys[2]}",
        "step": step,
        "preview": f"/inbox/?item={step.rpartition('/')[2]}",
    }


@pytest.mark.parametrize(
    "what", ["document", "replay", "file", "reply", "register", "dossier", "step", "preview"]
)
def test_what_is_another_agency_s_is_not_found(knock, belongings, what):
    address = belongings[what]
    assert knock("vanthu.ubnd").get(address).status_code == 200, "its own clerk sees it"
    answer = knock("vanthu.stttt").get(address)
    assert answer.status_code == 404
    assert "việc riêng của Ủy ban" not in answer.text


def test_posting_to_another_agency_s_step_is_not_found(knock, belongings):
    other = knock("vanthu.stttt")
    assert other.post(belongings["step"], {"outcome": "accept"}).status_code == 404
    assert other.post(belongings["file"] + "/check").status_code == 404
    assert knock("vanthu.ubnd").get(belongings["step"]).status_code == 200


def test_an_officer_sees_only_what_was_given_to_him(knock):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("chỉ văn thư thấy", code_number="404")
    address = re.search(r'href="(/incoming/[0-9a-f-]{36})"', clerk.get(step).text)[1]
    officer = knock("chuyenvien.stttt")
    assert officer.get(address).status_code == 403
    assert officer.get(step).status_code == 403
    assert officer.get(address + "/replay").status_code == 403
    assert "chỉ văn thư thấy" not in officer.get("/incoming?state=all").text
    file = re.search(r"/files/[0-9a-f-]{36}", clerk.get(address).text)[0]
    assert officer.get(file).status_code == 403
    assert "chỉ văn thư thấy" in knock("giamdoc.stttt").get(address).text


@pytest.mark.parametrize(
    ("who", "closed"),
    [
        ("vanthu.stttt", ["/accounts", "/operator", "/journal"]),
        ("chuyenvien.stttt", ["/accounts", "/operator", "/journal", "/registers", "/incoming/new"]),
        ("quantri.stttt", [
            "/operator", "/inbox/", "/incoming/new", "/registers",
            "/incoming", "/outgoing", "/dossiers", "/search",
        ]),
        ("vanhanh", [
            "/accounts", "/journal", "/inbox/", "/procedures", "/registers",
            "/incoming", "/outgoing", "/dossiers", "/search",
        ]),
    ],
)  # fmt: skip
def test_a_page_is_closed_to_whoever_has_no_right(knock, who, closed):
    visitor = knock(who)
    for address in closed:
        answer = visitor.get(address)
        assert answer.status_code == 403, address
        assert "không có quyền" in answer.text
    menu = visitor.get("/help").text
    assert not [a for a in closed if f'<a href="{a}" data-command>' in menu]


@pytest.mark.parametrize(
    ("who", "first"), [("quantri.stttt", "/procedures"), ("vanhanh", "/operator")]
)
def test_a_role_without_an_inbox_is_led_to_where_it_works(knock, who, first):
    visitor = knock(who)
    assert visitor.get("/").headers["Location"] == first
    page = visitor.get(first)
    assert page.status_code == 200
    links = set(re.findall(r'(?:href|action)="(/[^"#?]*)', page.text))
    assert not links & {"/search", "/inbox/overdue", "/inbox/", "/incoming"}
    refused = visitor.get("/incoming")
    assert "Về hộp việc" not in refused.text
    for address in {a for a in links if not a.startswith("/static") and "." not in a}:
        assert visitor.get(address).status_code != 403, address
    officer = knock("chuyenvien.stttt").get("/inbox/").text
    assert 'href="/inbox/overdue"' in officer
    assert 'action="/search"' in officer
    assert "Về hộp việc" in knock("chuyenvien.stttt").get("/accounts").text


@pytest.mark.parametrize(
    "address",
    ["/incoming?text=%00", "/outgoing?text=a%00", "/dossiers?text=%07", "/registers?%00=1",
     "/search?q=%00", "/accounts?text=%1b", "/inbox/?item=%00", "/?next=%00"],
)  # fmt: skip
def test_control_characters_in_an_address_are_refused(knock, address):
    answer = knock("vanthu.stttt").get(address)
    assert answer.status_code in {400, 403}, answer.status_code
    if answer.status_code == 400:
        assert "ký tự điều khiển" in answer.text


def test_control_characters_in_paths_and_forms_are_refused(knock):
    clerk = knock("vanthu.stttt")
    assert clerk.get("/procedures/a%00b").status_code == 404
    stranger = knock("", fresh=True)
    told = stranger.post("/login", {"username": "van\0thu", "password": "x"})
    assert told.status_code == 400
    assert "«username» có ký tự điều khiển" in told.text


def test_a_number_that_no_column_holds_is_as_none(knock):
    clerk = knock("vanthu.stttt")
    book = clerk.get("/registers").headers["Location"]
    usual = clerk.get(book)
    assert usual.status_code == 200
    for wild in ("year=99999999999", "after=99999999999", "year=-1", "after=-99999999999"):
        answer = clerk.get(f"{book}?{wild}")
        assert answer.status_code == 200, wild
        assert "năm" in answer.text


def test_a_search_that_is_too_long_is_refused_kindly(knock):
    clerk = knock("vanthu.stttt")
    assert clerk.get("/incoming", query_string={"text": "số " * 60}).status_code == 200
    for address, name in (("/incoming", "text"), ("/dossiers", "text"), ("/search", "q")):
        answer = clerk.get(address, query_string={name: "số " * 70})
        assert answer.status_code == 400
        assert "dài quá 200 ký tự" in answer.text
    assert 'maxlength="200"' in clerk.get("/incoming").text


def test_only_the_administrator_publishes(knock, office):
    with office.database.transaction() as tx:
        before = tx.scalar(sa.select(sa.func.count(Definition.id)))
    answer = knock("vanthu.stttt").post(
        "/procedures/incoming/versions", {"xml": "<x/>", "reason": "thử"}
    )
    assert answer.status_code == 403
    with office.database.transaction() as tx:
        assert tx.scalar(sa.select(sa.func.count(Definition.id))) == before


def test_the_operator_s_and_admin_s_doors_do_not_take_foreign_ids(knock):
    admin = knock("quantri.stttt")
    assert admin.post(f"/accounts/{uuid4()}/reset").status_code == 404
    assert knock("vanhanh").post(f"/operator/incidents/{uuid4()}/retry").status_code == 404
