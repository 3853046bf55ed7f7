"""What waits for a second person, on its page: told in words, agreed, refused, withdrawn."""

import re

import lxml.html
import pytest

from processes.procedures import shipped_xml

LEADER, ADMIN = "giamdoc.stttt", "quantri.stttt"


def words(answer) -> str:
    return " ".join(lxml.html.fromstring(answer.data.decode()).text_content().split())


def chosen(visitor) -> list[str]:
    sheet = visitor.sheet(visitor.get("/proposals"), "data-second-person")
    return sorted(sheet.values.get("acts", []))


@pytest.fixture
def two_persons(knock):
    """The agency wants a second person for steering and publishing; afterwards no more."""
    admin = knock(ADMIN)
    sheet = admin.sheet(admin.get("/proposals"), "data-second-person")
    assert admin.send(sheet.fill(acts=["steer_process", "publish_process"])).status_code == 303
    yield
    admin.send(sheet.fill(acts=[]))


def held(knock, subject: str, who: str = ADMIN) -> str:
    """Propose to hold a new document; return the address of its run."""
    clerk, leader = knock("vanthu.stttt"), knock(LEADER)
    clerk.accept(clerk.receive(subject))
    found = re.search(
        r'href="(/incoming/[0-9a-f-]{36})"',
        leader.get(f"/search?q={subject}", follow_redirects=True).text,
    )
    run = re.search(r'href="(/runs/[0-9a-f-]{36})"', leader.get(found[1]).text)[1]
    visitor = knock(who)
    sheet = visitor.sheet(visitor.get(run), "data-run")
    answer = visitor.send(sheet.fill(act="suspend", reason=f"Chờ: {subject}"))
    assert "Đã gửi đề nghị: Tạm dừng xử lý." in words(visitor.follow(answer))
    return run


def decision(visitor, reason: str):
    """The form that decides the proposal made for this reason."""
    page = lxml.html.fromstring(visitor.get("/proposals").data.decode())
    [card] = [a for a in page.iter("article") if reason in a.text_content()]
    return next(iter(card.iter("form"))).get("action")


def test_the_administrator_says_for_what_a_second_person_is_wanted(knock, two_persons):
    admin = knock(ADMIN)
    assert chosen(admin) == ["publish_process", "steer_process"]
    assert "/proposals#h-second" in admin.get("/accounts").text
    assert "data-second-person" not in knock(LEADER).get("/proposals").text
    assert knock(LEADER).post("/second-person", {"acts": []}).status_code == 403
    assert chosen(admin) == ["publish_process", "steer_process"]


def test_a_proposal_is_told_in_words_counted_and_agreed(knock, two_persons):
    run = held(knock, "tạm dừng để xác minh")
    leader = knock(LEADER)
    assert "Đề nghị (1)" in leader.get("/inbox/").text
    told = words(leader.get("/proposals"))
    assert "Tạm dừng xử lý hồ sơ" in told
    assert "tạm dừng để xác minh" in told
    assert "Tạ Minh Quân đề nghị" in told
    assert "đang xử lý" in words(leader.get(run))
    address = decision(leader, "Chờ: tạm dừng để xác minh")
    answer = leader.post(address, {"decision": "agree", "reason": "Nhất trí"})
    assert "Đã đồng ý và thực hiện đề nghị." in words(leader.follow(answer))
    page = words(leader.get(run))
    assert "đang tạm dừng" in page
    assert "đề nghị: Tạ Minh Quân; đồng ý: Đỗ Xuân Hòa (Nhất trí)" in page
    assert "Đề nghị (" not in leader.get("/inbox/").text
    again = leader.post(address, {"decision": "agree"})
    assert again.status_code == 409


def test_refused_only_with_a_reason_and_nobody_decides_his_own(knock, two_persons):
    run = held(knock, "không nên dừng")
    leader, admin = knock(LEADER), knock(ADMIN)
    address = decision(leader, "Chờ: không nên dừng")
    bare = leader.post(address, {"decision": "refuse", "reason": " "})
    assert bare.status_code == 422
    assert "Phải ghi lý do" in words(bare)
    own = admin.get("/proposals").text
    assert "Rút lại đề nghị" in own
    assert 'value="agree"' not in own
    assert admin.post(address, {"decision": "agree"}).status_code == 403
    clerk = knock("vanthu.stttt")
    assert "không nên dừng" not in clerk.get("/proposals").text
    assert clerk.post(address, {"decision": "agree"}).status_code == 403
    assert knock("quantri.ubnd").post(address, {"decision": "agree"}).status_code == 404
    leader.post(address, {"decision": "refuse", "reason": "Việc gấp"})
    told = words(admin.get("/proposals"))
    assert "không đồng ý" in told
    assert "Việc gấp" in told
    assert "đang xử lý" in words(leader.get(run))


def test_what_came_too_late_says_so_and_is_only_refused(knock, two_persons):
    run = held(knock, "đề nghị quá muộn")
    leader, clerk = knock(LEADER), knock("vanthu.stttt")
    address = decision(leader, "Chờ: đề nghị quá muộn")
    sheet = leader.sheet(leader.get(run), "data-run")
    values = sheet.fill(act="reassign", reason="Đi họp")
    page = lxml.html.fromstring(leader.get(run).data.decode())
    officer = page.xpath("//select[@name='officer']/option[@value!='']/@value")[0]
    assert leader.send(values.fill(officer=officer)).status_code == 303
    assert "không thực hiện được nữa" in words(leader.get("/proposals"))
    late = leader.post(address, {"decision": "agree"})
    assert late.status_code == 409
    withdrawn = clerk.post(address, {"decision": "withdraw"})
    assert withdrawn.status_code == 403
    assert knock(ADMIN).post(address, {"decision": "withdraw"}).status_code == 303


def test_a_proposed_diagram_is_looked_at_before_it_is_agreed_to(knock, two_persons):
    admin, leader = knock(ADMIN), knock(LEADER)
    xml = shipped_xml("outgoing").decode().replace('name="Duyệt nội dung"', 'name="Thẩm định"')
    answer = admin.post(
        "/procedures/outgoing/versions", {"xml": xml, "reason": "Đổi tên bước duyệt"}
    )
    assert "Đã gửi đề nghị công bố" in words(admin.follow(answer))
    listing = leader.get("/proposals")
    assert "Công bố bản mới của quy trình «Soạn thảo, ban hành văn bản đi»" in words(listing)
    drawing = re.search(r'href="(/proposals/[0-9a-f-]+/diagram)"', listing.text)[1]
    assert "Thẩm định" in leader.get(drawing).text
    assert knock("vanthu.stttt").get(drawing).status_code == 404
    leader.post(decision(leader, "Đổi tên bước duyệt"), {"decision": "agree"})
    assert "Thẩm định" in leader.get("/procedures/outgoing").text
