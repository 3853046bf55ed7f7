"""A procedure beside the master above, on pages: told in words, merged, decided, given."""

from processes.procedures import shipped_xml

SHIPPED = shipped_xml("outgoing").decode()


def limited(new: str) -> str:
    at = SHIPPED.index('<bpmn:userTask id="check_format"')
    tag = SHIPPED[at : SHIPPED.index(">", at)]
    return SHIPPED.replace(tag, tag.replace('congvan:due="P1D"', f'congvan:due="{new}"'))


def publish(who, xml: str) -> None:
    answer = who.post("/procedures/outgoing/versions", {"xml": xml, "reason": "thử"})
    assert answer.status_code == 303, answer.text


def test_a_master_is_given_seen_below_and_merged_with_a_decision(knock):
    province, agency = knock("quantri.ubnd"), knock("quantri.stttt")
    page = agency.get("/procedures/outgoing/master")
    assert "chưa ban hành quy trình mẫu" in page.text
    assert "data-give" not in page.text  # nobody stands below the Sở
    publish(province, limited("P2D"))
    assert "data-give" in province.get("/procedures/outgoing/master").text
    missing = province.post("/procedures/outgoing/master", {"do": "give", "reason": " "})
    assert missing.status_code == 422
    assert "Phải ghi lý do" in missing.text
    given = province.post("/procedures/outgoing/master", {"do": "give", "reason": "Mẫu mới"})
    assert given.status_code == 303
    assert "Quy trình (2 có mẫu mới)" not in agency.get("/proposals").text
    assert "Quy trình (1 có mẫu mới)" in agency.get("/proposals").text  # on every page of his
    listed = agency.get("/procedures").text
    assert listed.count("Có quy trình mẫu mới") == 1
    assert "/procedures/outgoing/master" in listed
    assert "có mẫu mới" not in province.get("/procedures").text
    assert "(1 có mẫu mới)" not in knock("chuyenvien.stttt").get("/inbox").text
    publish(agency, limited("P5D"))
    page = agency.get("/procedures/outgoing/master").text
    assert "Mẫu mới" in page
    assert "theo mẫu: " in page
    assert "giữ của cơ quan: " in page
    undecided = agency.post("/procedures/outgoing/master", {"do": "merge", "reason": "Theo mẫu"})
    assert undecided.status_code == 409
    assert "Theo mẫu" in undecided.text  # what was typed is kept
    name = page.split('type="radio" name="')[1].split('"')[0]
    done = agency.post(
        "/procedures/outgoing/master", {"do": "merge", "reason": "Theo mẫu", name: "master"}
    )
    assert done.status_code == 303
    after = agency.get("/procedures/outgoing/master").text
    assert "Đang theo quy trình mẫu" in after
    assert "data-merge" not in after
    assert "có mẫu mới" not in agency.get("/procedures").text


def test_officers_read_it_and_change_nothing(knock):
    officer = knock("chuyenvien.stttt")
    page = officer.get("/procedures/outgoing/master")
    assert page.status_code == 200
    assert "data-merge" not in page.text
    answer = officer.post("/procedures/outgoing/master", {"do": "merge", "reason": "x"})
    assert answer.status_code == 403
