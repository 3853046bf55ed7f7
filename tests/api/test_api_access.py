"""Who may call what: every address declares it, asks for it, and knows the boundary of the agency."""

import re

import pytest
import sqlalchemy as sa
from flask import Flask

from api import CSRF_EXEMPT
from api.bearer import Policy, Scope, guarded
from api.blueprint import Resource
from engine.database import Acting, Base
from processes import procedures
from records.authority import Act
from records.organization import Agency

NOBODY_S = "00000000-0000-7000-8000-000000000000"

#: a valid call of every address that takes a body or parameters; a new one must be added here
BODIES = {
    "POST /api/v1/work-items/<uuid:item_id>/completion": {"json": {"version": 1}},
    "POST /api/v1/incoming-documents": {
        "json": {"channel": "hand", "organ_name": "Sở", "subject": "Việc"}
    },
    "POST /api/v1/outgoing-documents": {"json": {}},
    "POST /api/v1/outgoing-documents/<uuid:document_id>/updates": {"json": {"reason": "vì"}},
    "POST /api/v1/outgoing-documents/<uuid:document_id>/requests": {
        "json": {"kind": "recall", "reason": "vì"}
    },
    "POST /api/v1/outgoing-documents/<uuid:document_id>/sendings/<uuid:incident_id>/retry": {},
    "POST /api/v1/incoming-documents/<uuid:document_id>/sendings/<uuid:incident_id>/retry": {},
    "POST /api/v1/dossiers": {"json": {"title": "Hồ sơ"}},
    "PATCH /api/v1/dossiers/<uuid:dossier_id>": {"json": {}, "headers": {"If-Match": '"x"'}},
    "POST /api/v1/process-definitions": {
        "json": {"key": "incoming", "xml": "<x/>", "reason": "vì"}
    },
    "POST /api/v1/process-definitions/lint": {"json": {"xml": "<x/>"}},
    "POST /api/v1/process-definitions/<key>/rehearsal": {"json": {"xml": "<x/>"}},
    "POST /api/v1/process-diagrams/differences": {"json": {"old": "<x/>", "new": "<x/>"}},
    "POST /api/v1/process-diagrams/merge": {
        "json": {"base": "<x/>", "master": "<x/>", "agency": "<x/>"}
    },
    "POST /api/v1/process-definitions/<key>/master": {"json": {"reason": "vì"}},
    "POST /api/v1/process-definitions/<key>/master-adoption": {"json": {"reason": "vì"}},
    "POST /api/v1/process-definitions/<key>/trial-end": {"json": {"reason": "vì", "adopt": True}},
    "POST /api/v1/process-instances/<uuid:instance_id>/acts": {
        "json": {"act": "resume", "reason": "vì", "seq": 1}
    },
    "POST /api/v1/process-definitions/<key>/<int:number>/migration-preview": {"json": {}},
    "POST /api/v1/process-definitions/<key>/<int:number>/migrations": {"json": {"reason": "vì"}},
    "POST /api/v1/migrations/<uuid:migration_id>/return": {"json": {"reason": "vì"}},
    "POST /api/v1/proposals/<uuid:proposal_id>/decision": {"json": {"decision": "agree"}},
    "POST /api/v1/signing/batches": {
        "json": {"items": [{"id": NOBODY_S, "version": 1}], "pin": "sai"}
    },
    "POST /api/v1/uploads": {"data": {}},
    "POST /api/v1/signing/sessions": {
        "json": {"document_id": NOBODY_S, "version": 1, "role": "seal", "transport": "raw"}
    },
    "POST /api/v1/signing/sessions/<uuid:session_id>/signature": {"json": {"signature": "AAAA"}},
    "POST /api/v1/trust/changes": {
        "json": {"do": "set_addresses", "allowed": [], "networks": [], "reason": "vì"}
    },
    "GET /api/v1/registers/<uuid:register_id>/book": {"query_string": {"year": "2026"}},
    "GET /api/v1/process-instances": {"query_string": {"document": NOBODY_S}},
}
#: everybody's own: an inbox or a list of proposals may be empty, a token is its owner's
OWN = {"GET /api/v1/work-items", "DELETE /api/v1/tokens/current", "GET /api/v1/proposals"}

#: what belongs to no agency: the operator's, and the operator's alone
INSTALLATION = {
    "GET /api/v1/trust", "GET /api/v1/trust/versions", "POST /api/v1/trust/changes",
}  # fmt: skip


def addresses(app: Flask) -> list[tuple[str, str, str]]:
    return [
        (method, rule.rule, rule.endpoint)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]


def without_policy(app: Flask) -> list[str]:
    return [
        f"{method} {rule}"
        for method, rule, endpoint in addresses(app)
        if not isinstance(getattr(app.view_functions[endpoint], "policy", None), Policy)
    ]


def test_every_address_declares_its_policy(app):
    assert len(addresses(app)) > 25
    assert without_policy(app) == []
    public = {
        f"{method} {rule}"
        for method, rule, endpoint in addresses(app)
        if app.view_functions[endpoint].policy.scope is None
    }
    # the last three ask for the word of a one-time address, which test_api_signing proves
    assert public == {
        "POST /api/v1/tokens",
        "GET /api/v1/openapi.json",
        "GET /api/v1/signing/sessions/<uuid:session_id>/van-ban.pdf",
        "PUT /api/v1/signing/sessions/<uuid:session_id>/file",
        "POST /api/v1/signing/sessions/<uuid:session_id>/file",
    }


def test_an_address_without_a_policy_is_found():
    careless = Flask("careless")
    resource = Resource("careless", "careless", "")
    resource.get("/open")(lambda: "")
    resource.get("/closed", endpoint="closed")(guarded(Scope.READ, Act.READ_DOCUMENT)(lambda: ""))
    careless.register_blueprint(resource)
    assert without_policy(careless) == ["GET /api/v1/careless/open"]


def test_all_blueprints_are_free_of_cookies(app):
    assert {b.name for b in CSRF_EXEMPT} == set(app.blueprints)


@pytest.fixture(scope="module")
def things(login, receive, pdf, owner) -> dict[str, str]:
    """One object of Sở TT&TT for every id that an address takes."""
    clerk, director = login("vanthu.stttt"), login("giamdoc.stttt")
    upload = clerk.upload("a.pdf", pdf).json["id"]
    incoming = receive(files=[upload])
    (item,) = [i for i in clerk.inbox() if i["instance_id"] == incoming["instance_id"]]
    outgoing = login("chuyenvien.stttt").post("outgoing-documents", {"subject": "Trả lời"}).json
    admin = login("quantri.stttt")
    drawn = procedures.shipped_xml("outgoing").decode()
    admin.post("process-definitions", {"key": "outgoing", "xml": drawn, "reason": "bản mới"})
    carried = admin.post("process-definitions/outgoing/2/migrations", {"reason": "bản mới"})
    owner.execute("UPDATE agency SET second_person = '{steer_process}'")
    run = outgoing["instance_id"]
    seq = director.get(f"process-instances/{run}").json["seq"]
    asked = admin.post(
        f"process-instances/{run}/acts", {"act": "suspend", "reason": "Chờ", "seq": seq}
    )
    assert asked.status_code == 202, asked.json
    owner.execute("UPDATE agency SET second_person = '{}'")
    registers = director.get("registers").json["items"]
    (session,) = owner.execute(
        "INSERT INTO signing_session (id, agency_id, item_id, item_version, document_id, officer_id,"
        " position_id, officer_name, role, transport, state, language, form, base_sha256, mark,"
        " certificate, told, result_sha256, created_at, expires_at, file_no)"
        " SELECT gen_random_uuid(), i.agency_id, i.id, 1, %s, p.officer_id, p.id, '', 'seal', 'raw',"
        " 'done', 'vi', '{}', '', '', '', '{}', '', now(), now(), 1 FROM work_item i, position p"
        " JOIN account a ON a.officer_id = p.officer_id"
        " WHERE i.id = %s AND a.username = 'giamdoc.stttt' LIMIT 1 RETURNING id",
        (incoming["id"], item["id"]),
    ).fetchone()
    (packet,) = owner.execute(
        "INSERT INTO packet (id, agency_id, direction, message_type, sha256, size, from_code, to_code,"
        " outgoing_document_id, state, repeats, result, note, at) SELECT gen_random_uuid(), agency_id,"
        " 'out', 'edoc', '', 0, '', '', id, 'failed', 0, '', '', now() FROM outgoing_document"
        " WHERE id = %s RETURNING id",
        (outgoing["id"],),
    ).fetchone()
    return {
        "packet_id": str(packet),
        "incident_id": NOBODY_S,
        "session_id": str(session),
        "item_id": item["id"],
        "incoming": incoming["id"],
        "outgoing": outgoing["id"],
        "file_id": director.get(f"incoming-documents/{incoming['id']}").json["files"][0]["id"],
        "register_id": next(r["id"] for r in registers if r["kind"] == "incoming"),
        "dossier_id": clerk.post("dossiers", {"title": "Hồ sơ"}).json["id"],
        "instance_id": incoming["instance_id"],
        "migration_id": carried.json["id"],
        "proposal_id": asked.json["proposal"]["id"],
        "upload": upload,
    }


def filled(rule: str, things: dict[str, str]) -> str:
    side = "outgoing" if "outgoing" in rule else "incoming"
    known = {**things, "document_id": things[side], "key": "incoming", "number": "1"}
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda m: known[m[1]], rule)


def calls(app: Flask, things: dict[str, str]):
    for method, rule, endpoint in addresses(app):
        policy = app.view_functions[endpoint].policy
        if policy.scope is None or f"{method} {rule}" in OWN:
            continue
        name = f"{method} {rule}"
        if method in {"POST", "PATCH"}:
            assert name in BODIES, f"say how to call {name}"
        yield name, method, filled(rule, things), BODIES.get(name, {}), rule


def test_whoever_has_no_right_is_refused_everywhere(app, login, things):
    """The operator runs machines: of documents, dossiers, procedures he may see nothing."""
    operator = login("vanhanh")
    answers = {
        name: operator(method, address, **body).status_code
        for name, method, address, body, _ in calls(app, things)
    }
    wrong = {name: status for name, status in answers.items() if status not in {403, 404}}
    assert set(wrong) == INSTALLATION
    clerk = login("vanthu.stttt")
    for name, method, address, body, _ in calls(app, things):
        assert name not in INSTALLATION or clerk(method, address, **body).status_code == 403, name


def test_another_agency_s_objects_are_not_there(app, login, things):
    own, other = login("giamdoc.stttt"), login("giamdoc.stc")
    tried = 0
    for name, method, address, body, rule in calls(app, things):
        if "<uuid:" not in rule:
            continue
        answer = other(method, address, **body)
        assert (answer.status_code, answer.json["type"]) == (
            404, "urn:congvan:problem:not-found",
        ), name  # fmt: skip
        assert own(method, address, **body).status_code not in {404, 500}, name
        tried += 1
    assert tried >= 12
    found = other.get(f"process-instances?document={things['incoming']}")
    assert found.status_code == 404
    assert other.get("incoming-documents").json["items"] == []
    named = other.post("outgoing-documents", {"in_reply_to": things["incoming"]})
    assert named.status_code == 404


def test_another_officer_s_upload_is_not_there(login, things):
    colleague = login("giamdoc.stttt")
    body = {**BODIES["POST /api/v1/incoming-documents"]["json"], "files": [things["upload"]]}
    mine = login("vanthu.stttt").post("incoming-documents", body)
    assert mine.status_code == 201
    clerk_elsewhere = login("vanthu.stc").post("incoming-documents", body)
    assert clerk_elsewhere.json["errors"] == [
        {
            "pointer": "/files/0",
            "detail": "Không có tệp này, hoặc tệp đã hết hạn. Tải tệp lên lại tại POST /api/v1/uploads.",
        }
    ]
    (item,) = [i for i in login("vanthu.stttt").inbox() if i["id"] == things["item_id"]]
    assert colleague.get(f"work-items/{item['id']}").status_code == 200  # a leader may read
    refused = colleague.post(
        f"work-items/{item['id']}/completion", {"version": 1, "values": {"outcome": "accept"}}
    )
    assert refused.status_code == 403


def test_another_agency_s_kind_of_document_is_refused(login, receive, choose):
    step = login("vanthu.stttt").step("check", receive()["instance_id"])
    login("vanthu.stttt").complete(step, outcome="accept")
    register = login("vanthu.stttt").step("register", step["instance_id"])
    kind = choose(register["choices"]["document_types"], "Công văn")
    body = {**BODIES["POST /api/v1/incoming-documents"]["json"], "type_id": kind}
    assert login("vanthu.stttt").post("incoming-documents", body).status_code == 201
    answer = login("vanthu.stc").post("incoming-documents", body)
    assert [e["pointer"] for e in answer.json["errors"]] == ["/type_id"]


def test_row_security_stands_behind_the_door(office, things):
    """Even a door that forgets to ask shows nothing of another agency."""
    procedures.catalogue()  # all tables are mapped
    with office.database.transaction() as tx:
        ids = dict(tx.rows(sa.select(Agency.symbol, Agency.id)))
    elsewhere = Acting(agency_id=ids["STC"])
    tables = [
        table
        for table in Base.metadata.sorted_tables
        if "agency_id" in table.columns and "read_by" not in table.info
    ]
    names = {"incoming_document", "file", "work_item", "event", "waiting_file", "idempotency_key"}
    assert names <= {table.name for table in tables}

    def count(acting: Acting, table: sa.Table) -> int:
        with office.database.transaction(acting) as tx:
            found = tx.execute(
                f'SELECT count(*) FROM "{table.name}" WHERE agency_id = %s', ids["STTTT"]
            ).fetchone()
            return found[0]

    assert all(count(elsewhere, table) == 0 for table in tables)
    seen = {table.name: count(Acting(), table) for table in tables}
    assert all(seen[name] for name in names - {"idempotency_key"})
