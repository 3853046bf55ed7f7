"""Master diagrams over the API: given by a superior agency, told in words, merged, decided."""

import pytest

from processes.procedures import shipped_xml


@pytest.fixture(scope="module")
def outgoing() -> str:
    return shipped_xml("outgoing").decode()


def limited(xml: str, old: str, new: str) -> str:
    at = xml.index('<bpmn:userTask id="check_format"')
    tag = xml[at : xml.index(">", at)]
    assert f'congvan:due="{old}"' in tag
    return xml.replace(tag, tag.replace(f'congvan:due="{old}"', f'congvan:due="{new}"'))


def publish(program, xml: str) -> None:
    command = {"key": "outgoing", "xml": xml, "reason": "thử"}
    assert program.post("process-definitions", command).status_code == 201


def test_a_master_is_given_told_and_merged(login, outgoing):
    province, agency = login("quantri.ubnd"), login("quantri.stttt")
    before = agency.get("process-definitions/outgoing/master")
    assert (before.status_code, before.json["master"], before.json["behind"]) == (200, None, False)
    publish(province, limited(outgoing, "P1D", "P2D"))
    made = province.post("process-definitions/outgoing/master", {"reason": "Mẫu của tỉnh"})
    assert made.status_code == 201, made.text
    assert made.json["number"] == 1
    publish(agency, limited(outgoing, "P1D", "P5D"))
    found = agency.get("process-definitions/outgoing/master").json
    assert found["behind"]
    assert [c["element"] for c in found["theirs"]] == ["check_format"]
    [conflict] = found["conflicts"]
    place = "process-definitions/outgoing/master-adoption"
    undecided = agency.post(place, {"reason": "Theo mẫu"})
    assert (undecided.status_code, undecided.json["type"]) == (
        409, "urn:congvan:problem:undecided",
    )  # fmt: skip
    decided = [{"element": conflict["element"], "slot": conflict["slot"], "side": "master"}]
    done = agency.post(place, {"reason": "Theo mẫu", "decided": decided})
    assert done.status_code == 201, done.text
    assert not agency.get("process-definitions/outgoing/master").json["behind"]
    drawn = agency.get(f"process-definitions/outgoing/{done.json['number']}/diagram").text
    assert limited(outgoing, "P1D", "P2D").count("P2D") == drawn.count("P2D")


def test_who_has_nobody_below_gives_no_master(login):
    refused = login("quantri.stttt").post("process-definitions/outgoing/master", {"reason": "x"})
    assert refused.status_code == 422
    assert refused.json["type"] == "urn:congvan:problem:nobody-below"
    officer = login("chuyenvien.stttt")
    for place in ("master", "master-adoption"):
        answer = officer.post(f"process-definitions/outgoing/{place}", {"reason": "x"})
        assert answer.status_code == 403
