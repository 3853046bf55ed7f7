"""Acts on runs, proposals, migrations and trials over the API, in the demonstration."""

import pytest
import sqlalchemy as sa

from office.runner import Runner
from processes.migration import MIGRATION_JOB
from processes.procedures import shipped_xml
from records.organization import Agency, Unit

OFFICER, CLERK = "chuyenvien.stttt", "vanthu.stttt"


@pytest.fixture(scope="module")
def director(login):
    return login("giamdoc.stttt")


@pytest.fixture(scope="module")
def admin(login):
    return login("quantri.stttt")


@pytest.fixture
def registering(login, receive, director):
    """A document that waits for its registration: its run, as it is read, and its open step."""
    made = receive()
    login(CLERK).do("check", made["instance_id"], outcome="accept_unsigned", reason="Bản giấy")
    run = director.get(f"process-instances/{made['instance_id']}").json
    return run, login(CLERK).step("register", made["instance_id"])


@pytest.fixture
def two_persons(owner):
    """Every agency wants a second person for steering and publishing; afterwards no more."""
    acts = ["steer_process", "publish_process"]
    owner.execute("UPDATE agency SET second_person = %s", (acts,))
    yield
    owner.execute("UPDATE agency SET second_person = '{}'")


def act(caller, run, kind: str, **more):
    body = {"act": kind, "reason": "Thiếu trang 2", "seq": run["seq"], **more}
    key = more.pop("key", None)
    body.pop("key", None)
    headers = {"Idempotency-Key": key} if key else {}
    return caller.post(f"process-instances/{run['id']}/acts", body, headers=headers)


def kinds(director, run) -> list[str]:
    told = director.get(f"process-instances/{run['id']}/history").json
    assert told["verification"]["holds"]
    return [event["kind"] for event in told["items"]]


def test_a_run_is_sent_back_once_however_often_it_is_asked_for(director, registering):
    run, step = registering
    done = act(director, run, "send_back", item=step["id"], target="check", key="a1")
    assert done.status_code == 200, done.json
    assert done.json["instance"]["standing"] == ["check"]
    again = act(director, run, "send_back", item=step["id"], target="check", key="a1")
    assert again.headers["Idempotency-Replayed"] == "true"
    late = act(director, run, "send_back", item=step["id"], target="check")
    assert late.status_code in {404, 409}
    assert kinds(director, run) == ["start", "complete", "send_back"]


def test_who_may_not_what_the_law_forbids_and_what_is_malformed(login, director, registering):
    run, step = registering
    assert act(login(OFFICER), run, "suspend").status_code == 403
    skipped = act(director, run, "skip", item=step["id"])
    assert skipped.json["type"] == "urn:congvan:problem:step-demanded"
    silent = act(director, run, "suspend", reason=" ")
    assert silent.json["type"] == "urn:congvan:problem:reason-missing"
    assert act(director, run, "fly").json["errors"][0]["pointer"] == "/act"
    nested = act(director, run, "skip", item=step["id"], variables={"outcome": {"a": 1}})
    assert nested.json["errors"][0]["pointer"] == "/variables"
    assert kinds(director, run) == ["start", "complete"]


def test_a_second_person_decides_over_the_api(login, director, admin, registering, two_persons):
    run, _step = registering
    asked = act(admin, run, "suspend")
    assert asked.status_code == 202, asked.json
    made = asked.json["proposal"]
    assert asked.headers["Location"] == f"/api/v1/proposals/{made['id']}"
    assert [p["id"] for p in director.get("proposals").json["items"]] == [made["id"]]
    assert login(OFFICER).get("proposals").json["items"] == []
    assert login(OFFICER).get(f"proposals/{made['id']}").status_code == 404
    assert director.get(f"proposals/{made['id']}").json["order"]["steer"] == "suspend"
    agree = {"decision": "agree", "reason": "Nhất trí"}
    own = admin.post(f"proposals/{made['id']}/decision", agree)
    assert own.json["type"] == "urn:congvan:problem:own-proposal"
    done = director.post(f"proposals/{made['id']}/decision", agree)
    assert (done.status_code, done.json["status"]) == (200, "agreed")
    assert director.get(f"process-instances/{run['id']}").json["status"] == "suspended"
    twice = director.post(f"proposals/{made['id']}/decision", {"decision": "refuse", "reason": "x"})
    assert twice.json["type"] == "urn:congvan:problem:proposal-closed"


def test_running_work_is_foreseen_carried_over_and_returned(login, director, admin, office):
    login(OFFICER).post("outgoing-documents", {"subject": "Báo cáo quý"})
    xml = shipped_xml("outgoing").decode().replace('name="Soạn thảo"', 'name="Dự thảo"')
    made = admin.post("process-definitions", {"key": "outgoing", "xml": xml, "reason": "Đổi tên"})
    number = made.json["number"]
    base = f"process-definitions/outgoing/{number}"
    seen = admin.post(f"{base}/migration-preview", {}).json
    assert (seen["stays"], seen["goes"]) == (0, len(seen["items"]))
    assert seen["goes"] >= 1
    assert director.post(f"{base}/migration-preview", {}).status_code == 403
    begun = admin.post(f"{base}/migrations", {"reason": "Áp dụng ngay"})
    assert begun.status_code == 201, begun.json
    address = begun.headers["Location"]
    early = admin.post(f"{address}/return", {"reason": "Nhầm"})
    assert early.json["type"] == "urn:congvan:problem:still-carrying"
    work(office)
    told = admin.get(address).json
    assert (told["status"], told["counts"]) == ("done", {"carried": seen["goes"]})
    assert admin.post(f"{address}/return", {"reason": "Nhầm"}).json["status"] == "returning"
    work(office)
    assert admin.get(address).json["counts"] == {"returned": seen["goes"]}
    listed = admin.get("process-definitions/outgoing/migrations").json["items"]
    assert address.endswith(listed[0]["id"])


def test_what_a_migration_would_do_is_read_with_the_proposal(login, director, admin, owner):
    login(OFFICER).post("outgoing-documents", {"subject": "Báo cáo tháng"})
    xml = shipped_xml("outgoing").decode().replace('name="Soạn thảo"', 'name="Viết"')
    command = {"key": "outgoing", "xml": xml, "reason": "Đổi tên"}
    number = admin.post("process-definitions", command).json["number"]
    owner.execute("UPDATE agency SET second_person = '{migrate_process}'")
    base = f"process-definitions/outgoing/{number}"
    seen = admin.post(f"{base}/migration-preview", {}).json
    asked = admin.post(f"{base}/migrations", {"reason": "Áp dụng"})
    owner.execute("UPDATE agency SET second_person = '{}'")
    assert asked.status_code == 202
    told = director.get(f"proposals/{asked.json['proposal']['id']}").json
    assert set(told["order"]) == {"key", "number", "table"}
    kept = told["foreseen"]
    assert (kept["goes"], kept["stays"], kept["differs"]) == (seen["goes"], seen["stays"], False)
    assert {"vi": "«Soạn thảo» thành «Viết»", "en": "“Soạn thảo” becomes “Viết”"} in (
        kept["items"][0]["changes"]
    )
    login(OFFICER).post("outgoing-documents", {"subject": "Bản mới không kể"})
    assert director.get(f"proposals/{told['id']}").json["foreseen"]["differs"] is False


def work(office) -> None:
    """Carry out the migrations that were begun."""
    runner = Runner(office.database, office.handlers(), name="api")
    while found := runner.claim(8):
        for job in found:
            if job.kind == MIGRATION_JOB:
                runner.carry_out(job)


def test_a_proposed_diagram_does_not_undo_another(director, admin, two_persons):
    shipped = shipped_xml("outgoing").decode()

    def asked(name: str, **more):
        xml = shipped.replace('name="Soạn thảo"', f'name="{name}"')
        body = {"key": "outgoing", "xml": xml, "reason": "Đổi tên", **more}
        return admin.post("process-definitions", body)

    def numbers() -> list[int]:
        return [v["number"] for v in admin.get("process-definitions/outgoing").json["items"]]

    before = numbers()
    first, second = asked("Dự thảo một"), asked("Dự thảo hai", based_on=before[0])
    assert (first.status_code, second.status_code) == (202, 202)
    agree = {"decision": "agree"}
    assert director.post(f"{first.headers['Location']}/decision", agree).status_code == 200
    late = director.post(f"{second.headers['Location']}/decision", agree)
    assert (late.status_code, late.json["type"]) == (409, "urn:congvan:problem:stale")
    assert director.get(second.headers["Location"]).json["status"] == "waiting"
    assert numbers() == [before[0] + 1, *before]
    old = asked("Dự thảo ba", based_on=before[0])
    assert (old.status_code, old.json["type"]) == (409, "urn:congvan:problem:stale")
    assert asked("Dự thảo ba", based_on=before[0] + 1).status_code == 202


def test_a_drawing_of_a_version_no_longer_in_use_is_not_published(admin):
    xml = shipped_xml("outgoing").decode().replace('name="Soạn thảo"', 'name="Thảo"')
    command = {"key": "outgoing", "xml": xml, "reason": "Đổi tên"}
    first = admin.post("process-definitions", command).json["number"]
    assert admin.post("process-definitions", {**command, "based_on": first}).status_code == 201
    assert admin.post("process-definitions", {**command, "based_on": first}).status_code == 409
    malformed = admin.post("process-definitions", {**command, "based_on": "một"})
    assert malformed.json["errors"][0]["pointer"] == "/based_on"


def test_a_version_is_tried_by_units_and_applied_to_all(admin, director, office, owner):
    with office.database.transaction() as tx:
        rooms = dict(
            tx.rows(sa.select(Agency.symbol, Unit.id).join(Unit, Unit.agency_id == Agency.id))
        )
    command = {"key": "incoming", "xml": shipped_xml("incoming").decode(), "reason": "Thử"}
    theirs = admin.post("process-definitions", {**command, "pilot_units": [str(rooms["STC"])]})
    assert theirs.status_code == 404
    mine = str(rooms["STTTT"])
    tried = admin.post("process-definitions", {**command, "pilot_units": [mine]}).json
    assert (tried["is_current"], tried["pilot_units"]) == (False, [mine])
    end = "process-definitions/incoming/trial-end"
    owner.execute("UPDATE agency SET second_person = '{publish_process}'")
    asked = admin.post(end, {"reason": "Đạt", "adopt": True})
    owner.execute("UPDATE agency SET second_person = '{}'")
    assert (asked.status_code, asked.json["proposal"]["kind"]) == (202, "end_trial")
    refused = {"decision": "refuse", "reason": "Chưa cần"}
    assert director.post(f"{asked.headers['Location']}/decision", refused).status_code == 200
    adopted = admin.post(end, {"reason": "Đạt", "adopt": True}).json
    assert (adopted["number"], adopted["is_current"]) == (tried["number"], True)
    assert admin.post(end, {"reason": "Đạt", "adopt": True}).status_code == 404
