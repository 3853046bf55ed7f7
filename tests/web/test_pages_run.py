"""The page of a run, as those who steer it use it: without scripts, refusals told where they stand."""

import re

import lxml.html
import pytest
from story import Story, letter


def run_of(visitor, subject: str) -> str:
    """The address of the run over an incoming document, by way of its own page."""
    found = re.search(
        r'href="(/incoming/[0-9a-f-]{36})"',
        visitor.get(f"/search?q={subject}", follow_redirects=True).text,
    )
    page = visitor.get(found[1]).text
    return re.search(r'href="(/runs/[0-9a-f-]{36})"', page)[1]


def words(answer) -> str:
    return " ".join(lxml.html.fromstring(answer.data.decode()).text_content().split())


@pytest.fixture
def registering(knock):
    """What gives a document that waits for its registration, and the page of its run."""

    def made(subject: str) -> str:
        clerk = knock("vanthu.stttt")
        clerk.accept(clerk.receive(subject))
        return run_of(knock("giamdoc.stttt"), subject)

    return made


def test_a_leader_sends_a_document_back_and_its_history_says_so(knock, registering):
    leader = knock("giamdoc.stttt")
    page = leader.get(registering("trả lại để kiểm tra lại"))
    assert "Đăng ký văn bản" in words(page)
    sheet = leader.sheet(page, "data-run")
    answer = leader.send(sheet.fill(act="send_back", back="check", reason="Thiếu trang 2"))
    told = words(leader.follow(answer))
    assert "Đã thực hiện: Trả lại bước trước." in told
    assert "trả lại bước «Tiếp nhận, kiểm tra»" in told
    assert "lý do: Thiếu trang 2" in told
    address = re.search(r'href="(/incoming/[0-9a-f-]{36})"', leader.get(sheet.action).text)[1]
    assert "lý do: Thiếu trang 2" in words(leader.get(address))
    replayed = leader.get(f"{address}/replay")
    assert "1 lần điều hành" in words(replayed)
    assert "Trả lại bước «Tiếp nhận, kiểm tra»" in words(leader.get(f"{address}/replay?kind=steer"))


def test_what_is_refused_stands_on_the_page_with_what_was_typed(knock, registering):
    leader = knock("giamdoc.stttt")
    run = registering("từ chối có lý do")
    page = leader.get(run)
    sheet = leader.sheet(page, "data-run")
    nothing = leader.send(sheet.fill(act="", reason="đã ghi"))
    assert nothing.status_code == 422
    assert "Chọn việc cần làm." in leader.problem(nothing)
    bare = leader.send(sheet.fill(act="suspend", reason="  "))
    assert bare.status_code == 422
    assert "Phải ghi lý do" in leader.problem(bare)
    nobody = leader.send(sheet.fill(act="reassign", officer="", unit="", reason="Đi công tác"))
    assert "Chưa chọn người" in leader.problem(nobody)
    kept = leader.sheet(nobody, "data-run")
    assert kept.values["reason"] == ["Đi công tác"]
    assert kept.values["act"] == ["reassign"]
    stale = leader.send(sheet.fill(act="suspend", seq="1", reason="Chờ"))
    assert stale.status_code == 409
    assert "vừa được người khác thay đổi" in leader.problem(stale)
    assert "đang xử lý" in words(leader.get(run)), "nothing was done"


def test_what_the_law_demands_is_not_offered_and_the_author_is_not_named(knock, registering):
    leader = knock("giamdoc.stttt")
    page = leader.get(registering("bước bắt buộc"))
    tree = lxml.html.fromstring(page.data.decode())
    ahead = [o.get("value") for o in tree.xpath("//select[@name='ahead']/option") if o.get("value")]
    assert "register" not in ahead
    assert not {"direct", "process", "complete"} & set(ahead), ahead
    back = [o.text for o in tree.xpath("//select[@name='back']/option") if o.get("value")]
    assert back == ["Tiếp nhận, kiểm tra"]
    acts = {i.get("value") for i in tree.xpath("//input[@name='act']")}
    assert "skip" not in acts
    assert {"send_back", "reassign", "suspend", "cancel"} <= acts


def test_a_held_document_says_so_and_is_let_go_on(knock, registering):
    leader, clerk = knock("giamdoc.stttt"), knock("vanthu.stttt")
    run = registering("tạm dừng chờ ý kiến")
    running = leader.get(run)
    assert "Tạm dừng không làm ngừng hạn xử lý" in words(running)
    sheet = leader.sheet(running, "data-run")
    leader.send(sheet.fill(act="suspend", reason="Chờ ý kiến cấp trên"))
    held = leader.get(run)
    assert "đang tạm dừng" in words(held)
    assert "Hạn xử lý vẫn tính" in words(held)
    assert "(đang tạm dừng)" in clerk.get("/incoming").text
    address = re.search(r'href="(/incoming/[0-9a-f-]{36})"', held.text)[1]
    shown = clerk.get(address).text
    assert "tạm dừng tại: Đăng ký văn bản" in shown
    assert "Mở bước của tôi" not in shown
    sheet = leader.sheet(held, "data-run")
    leader.send(sheet.fill(act="resume", reason="Đã có ý kiến"))
    assert "Mở bước của tôi" in clerk.get(address).text


def test_an_administrator_steers_what_he_may_not_read(knock, registering):
    run = registering("nội dung không dành cho quản trị")
    page = knock("quantri.stttt").get(run)
    assert page.status_code == 200
    assert "nội dung không dành cho quản trị" not in page.text
    assert "/incoming/" not in page.text
    for stranger in ("vanthu.stttt", "chuyenvien.stttt", "vanhanh"):
        assert knock(stranger).get(run).status_code in {403, 404}, stranger
        refused = knock(stranger).post(run, {"act": "suspend", "reason": "thử"})
        assert refused.status_code in {403, 404}, stranger
    assert knock("quantri.ubnd").get(run).status_code == 404


def options(page, name: str) -> dict[str, str]:
    found = lxml.html.fromstring(page.data.decode()).xpath(f"//select[@name='{name}']/option")
    return {o.text: o.get("value") for o in found if o.get("value")}


def test_only_who_may_do_a_step_is_on_the_page(knock, registering):
    leader = knock("giamdoc.stttt")
    page = leader.get(registering("chỉ giao văn thư"))
    people = options(page, "officer")
    assert people
    assert all("Văn thư" in told for told in people), people
    assert options(page, "unit") == {}, "the clerk's lane is of no unit"


def test_a_head_of_unit_gives_away_the_work_of_his_unit_alone(knock, office, acting):
    drafter = acting("chuyenvien.stttt")
    story = Story(office, {("chuyenvien.stttt", ""): drafter})
    run = f"/runs/{story.instance(letter(story, 'approve')).id}"
    leader, head = knock("giamdoc.stttt"), knock("truongphong.ttbc")
    assert head.get(run).status_code in {403, 404}, "not yet the work of his unit"
    page = leader.get(run)
    [unit] = [key for told, key in options(page, "unit").items() if "Báo chí" in told]
    sheet = leader.sheet(page, "data-run")
    leader.send(sheet.fill(act="reassign", unit=unit, reason="Trưởng phòng nghỉ phép"))
    page = head.get(run)
    acts = lxml.html.fromstring(page.data.decode()).xpath("//input[@name='act']/@value")
    assert acts == ["reassign"]
    sheet = head.sheet(page, "data-run")
    assert head.send(sheet.fill(act="suspend", reason="thử")).status_code == 403
    author = str(drafter.officer_id)
    assert author not in options(page, "officer").values()
    refused = head.send(sheet.fill(act="reassign", officer=author, reason="thử"))
    assert refused.status_code == 422
    assert "Không giao được bước" in head.problem(refused)
    [other] = [key for told, key in options(page, "officer").items() if "Lý Thanh Tùng" in told]
    answer = head.send(sheet.fill(act="reassign", officer=other, reason="Đã đi làm lại"))
    assert answer.headers["Location"] == "/"
    shown = words(leader.get(run))
    assert re.search("giao lại bước «[^»]*» cho Lý Thanh Tùng", shown)
    assert re.search("giao lại bước «[^»]*» cho [^;]*Báo chí", shown)
