"""Diagrams beside each other through the API: what differs in words, a merge that loses nothing."""

import pytest

from processes.procedures import shipped_xml

DUE = 'congvan:verb="present" congvan:form="incoming-present" congvan:due="PT4H"'


@pytest.fixture(scope="module")
def incoming() -> str:
    return shipped_xml("incoming").decode()


def due(xml: str, after: str) -> str:
    assert DUE in xml
    return xml.replace(DUE, DUE.replace("PT4H", after))


def test_differences_are_told_in_words(login, incoming):
    officer = login("chuyenvien.stttt", scopes=["read"])
    body = {"old": incoming, "new": due(incoming, "P1D")}
    answer = officer.post("process-diagrams/differences", body)
    assert answer.status_code == 200, answer.json
    (change,) = answer.json["items"]
    assert (change["turn"], change["element"]) == ("changed", "present")
    assert change["vi"] == "bước «Trình người có thẩm quyền»: thời hạn từ PT4H thành P1D"
    assert change["en"] == "step “Trình người có thẩm quyền”: due time from PT4H to P1D"
    same = officer.post("process-diagrams/differences", {"old": incoming, "new": incoming})
    assert same.json == {"items": []}


def test_a_new_master_is_merged_and_a_conflict_is_decided_by_somebody(login, incoming):
    officer = login("chuyenvien.stttt", scopes=["read"])
    master = due(incoming, "P2D").replace('name="Phân công"', 'name="Giao việc"')
    agency = due(incoming, "P1D").replace('name="Đôn đốc"', 'name="Nhắc việc"')
    body = {"base": incoming, "master": master, "agency": agency}
    asked = officer.post("process-diagrams/merge", body).json
    assert asked["xml"] == ""
    (conflict,) = asked["conflicts"]
    assert conflict["master"][0]["after"] == "P2D"
    assert conflict["agency"][0]["after"] == "P1D"
    key = {"element": conflict["element"], "slot": conflict["slot"], "side": "agency"}
    made = officer.post("process-diagrams/merge", {**body, "decided": [key]}).json
    assert made["conflicts"] == []
    assert [c["vi"] for c in made["taken"]] == [
        "bước «Giao việc»: tên từ Phân công thành Giao việc"
    ]
    assert {c["element"] for c in made["kept"]} == {"present", "follow_up"}
    linted = officer.post("process-definitions/lint", {"xml": made["xml"], "key": "incoming"})
    assert linted.json["publishable"]


def test_what_is_no_diagram_or_no_decision_is_refused(login, incoming):
    officer = login("chuyenvien.stttt", scopes=["read"])
    answer = officer.post("process-diagrams/differences", {"old": incoming, "new": "<x/>"})
    assert (answer.status_code, answer.json["type"]) == (422, "urn:congvan:problem:diagram-refused")
    body = {"base": incoming, "master": incoming, "agency": incoming}
    body["decided"] = [{"element": "a", "slot": "", "side": "nobody"}]
    answer = officer.post("process-diagrams/merge", body)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/decided/0/side"
