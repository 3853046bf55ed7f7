"""Procedures over the API: diagrams are checked, published, refused with findings."""

from pathlib import Path

import pytest

from processes import procedures
from processes.procedures import shipped_xml

JSON = "application/json"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def incoming() -> str:
    return shipped_xml("incoming").decode()


def test_shipped_diagrams_are_listed_and_come_back_as_drawn(login, incoming):
    officer = login("chuyenvien.stttt")
    listed = officer.get("process-definitions").json["items"]
    assert [d["key"] for d in listed] == ["incoming", "outgoing", "recall", "replace", "update"]
    (version,) = officer.get("process-definitions/incoming").json["items"]
    answer = officer.get("process-definitions/incoming/1/diagram")
    assert (answer.mimetype, answer.text) == ("application/xml", incoming)
    assert answer.headers["ETag"].strip('"') == version["sha256"]
    assert officer.get("process-definitions/incoming/9/diagram").status_code == 404
    assert officer.get("process-definitions/nothing").status_code == 404


def test_lint_takes_xml_and_json(login, incoming):
    officer = login("chuyenvien.stttt", scopes=["read"])
    raw = officer(
        "POST", "process-definitions/lint", data=incoming.encode(), content_type="application/xml"
    )
    wrapped = officer.post("process-definitions/lint", {"xml": incoming})
    assert raw.status_code == 200
    assert raw.json["publishable"]
    assert raw.json == wrapped.json
    other = officer("POST", "process-definitions/lint", data=b"x", content_type="text/plain")
    assert other.status_code == 415


def test_a_diagram_drawn_elsewhere_runs_and_is_not_published(login):
    """The same findings as `congvan lint-process` gives, from the same function."""
    officer = login("chuyenvien.stttt", scopes=["read"])
    drawn = (ROOT / "tests" / "data" / "bpmn-miwg" / "A.2.0.bpmn").read_bytes()
    asked = officer("POST", "process-definitions/lint", data=drawn, content_type="application/xml")
    assert (asked.json["runnable"], asked.json["publishable"]) == (True, False)
    told = [f.to_json() | {"path": list(f.path)} for f in procedures.check(drawn).findings]
    assert asked.json["findings"] == told
    held = officer.post("process-definitions/lint", {"xml": drawn.decode(), "key": "incoming"})
    assert (held.json["runnable"], held.json["publishable"]) == (False, False)
    assert "no-condition" in {f["code"] for f in held.json["findings"]}


def test_python_in_a_diagram_is_a_finding(login, incoming):
    officer = login("chuyenvien.stttt")
    wicked = incoming.replace(
        'congvan:due="PT2H"', "congvan:due=\"=__import__('os').system('id')\"", 1
    )
    assert wicked != incoming
    found = officer.post("process-definitions/lint", {"xml": wicked}).json
    assert not found["publishable"]
    assert any(f["severity"] == "error" and f["element"] == "check" for f in found["findings"])
    scripted = incoming.replace('<bpmn:userTask id="present"', '<bpmn:scriptTask id="present"', 1)
    scripted = scripted.replace("</bpmn:userTask>", "</bpmn:scriptTask>", 3).replace(
        "</bpmn:scriptTask>", "</bpmn:userTask>", 2
    )
    found = officer.post("process-definitions/lint", {"xml": scripted}).json
    assert not found["publishable"]


def test_a_broken_rule_comes_with_the_way_that_breaks_it(login, incoming):
    flow = 'sourceRef="registered" targetRef="duplicate"'
    assert flow in incoming
    wrong = incoming.replace(flow, flow.replace('"duplicate"', '"present"'))
    admin = login("quantri.stttt")
    (told,) = [
        f for f in admin.post("process-definitions/lint", {"xml": wrong}).json["findings"]
        if f["code"] == "register-before-direct"
    ]  # fmt: skip
    assert told["severity"] == "error"
    assert told["citation"].startswith("Nghị định 30/2020/NĐ-CP, Điều 22")
    assert told["path"][-4:] == ["f.duplicate", "present", "f.present", "direct"]
    refused = admin.post(
        "process-definitions", {"key": "incoming", "xml": wrong, "reason": "Bỏ đăng ký"}
    )
    assert refused.status_code == 422
    assert told in refused.json["findings"]


@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>',
        "<bpmn",
        "<x/>",
        "",
    ],
)
def test_what_is_no_diagram_is_refused(login, xml):
    officer = login("chuyenvien.stttt")
    answer = officer(
        "POST", "process-definitions/lint", data=xml.encode(), content_type="application/xml"
    )
    assert (answer.status_code, answer.json["type"]) == (422, "urn:congvan:problem:diagram-refused")


def test_admin_publishes_and_new_documents_follow(login, incoming, receive):
    admin = login("quantri.stttt")
    drawn = incoming.replace('name="Tiếp nhận, kiểm tra"', 'name="Kiểm tra kỹ"')
    command = {"key": "incoming", "xml": drawn, "reason": "Đổi tên bước"}
    before = receive()["opened"][0]["name"]
    answer = admin.post("process-definitions", command)
    assert answer.status_code == 201, answer.json
    assert answer.json["number"] == 2
    assert answer.headers["Location"] == "/api/v1/process-definitions/incoming/2/diagram"
    assert all(f["severity"] != "error" for f in answer.json["findings"])
    assert (before, receive()["opened"][0]["name"]) == ("Tiếp nhận, kiểm tra", "Kiểm tra kỹ")
    numbers = [v["number"] for v in admin.get("process-definitions/incoming").json["items"]]
    assert numbers == [2, 1]
    refused = login("chuyenvien.stttt").post("process-definitions", command)
    assert refused.status_code == 403
    unexplained = admin.post("process-definitions", {**command, "reason": " "})
    assert unexplained.json["type"] == "urn:congvan:problem:reason-missing"


def test_a_faulty_diagram_is_not_published(login, incoming):
    admin = login("quantri.stttt")
    faulty = incoming.replace('congvan:verb="present"', 'congvan:verb="no_such_verb"')
    answer = admin.post("process-definitions", {"key": "incoming", "xml": faulty, "reason": "thử"})
    assert (answer.status_code, answer.json["type"]) == (422, "urn:congvan:problem:not-publishable")
    assert any(f["element"] == "present" for f in answer.json["findings"])
    assert answer.json["fields"]["count"] >= 1


def test_a_diagram_of_another_procedure_is_not_published(login, incoming):
    admin = login("quantri.stttt")
    answer = admin.post(
        "process-definitions", {"key": "outgoing", "xml": incoming, "reason": "nhầm tệp"}
    )
    assert (answer.status_code, answer.json["type"]) == (422, "urn:congvan:problem:not-publishable")
    named = {f["element"] for f in answer.json["findings"] if f["code"] == "other-procedure"}
    assert {"check", "register", "direct", "file"} <= named
    begun = login("chuyenvien.stttt").post("outgoing-documents", {"subject": "Trả lời"})
    assert begun.status_code == 201, begun.json


def test_a_diagram_is_tried_on_past_cases_and_nothing_is_published(login, incoming):
    admin = login("quantri.stttt")
    before = len(admin.get("process-definitions/incoming").json["items"])
    answer = admin.post("process-definitions/incoming/rehearsal", {"xml": incoming, "cases": 5})
    assert answer.status_code == 200, answer.text
    assert answer.json["key"] == "incoming"
    assert answer.json["cases"] == answer.json["unchanged"]
    assert answer.json["stuck"] == []
    assert len(admin.get("process-definitions/incoming").json["items"]) == before
    wrong = admin.post("process-definitions/incoming/rehearsal", {"xml": "<x/>"})
    assert wrong.status_code == 422
    refused = login("chuyenvien.stttt").post(
        "process-definitions/incoming/rehearsal", {"xml": incoming}
    )
    assert refused.status_code == 403
