"""Running work on its pages: carried over after a look ahead, returned, a version tried first."""

import re

import lxml.html
import pytest

from office.runner import Runner
from processes.migration import MIGRATION_JOB
from processes.outgoing.begin import begin
from processes.procedures import shipped_xml

ADMIN, LEADER, OFFICER = "quantri.stttt", "giamdoc.stttt", "chuyenvien.stttt"
RUNS = "/procedures/outgoing/runs"
RENAMED = (
    ('id="draft"', 'id="write"'),
    ("<bpmn:flowNodeRef>draft<", "<bpmn:flowNodeRef>write<"),
    ('targetRef="draft"', 'targetRef="write"'),
    ('sourceRef="draft"', 'sourceRef="write"'),
    ('bpmnElement="draft"', 'bpmnElement="write"'),
    ('attachedToRef="draft"', 'attachedToRef="write"'),
    ('name="Soạn thảo"', 'name="Viết dự thảo"'),
)


def words(answer) -> str:
    return " ".join(lxml.html.fromstring(answer.data.decode()).text_content().split())


def redrawn() -> str:
    xml = shipped_xml("outgoing").decode()
    for old, new in RENAMED:
        xml = xml.replace(old, new)
    return xml


def publish(knock, xml: str, **more):
    answer = knock(ADMIN).post(
        "/procedures/outgoing/versions", {"xml": xml, "reason": "Quy chế mới", **more}
    )
    assert answer.status_code == 303, words(answer)
    return answer


@pytest.fixture
def work(office):
    """Carry out the migrations that were begun."""

    def done() -> None:
        runner = Runner(office.database, office.handlers(), name="web")
        while found := runner.claim(8):
            for job in found:
                if job.kind == MIGRATION_JOB:
                    runner.carry_out(job)

    return done


@pytest.fixture
def begun(office, acting) -> None:
    """An outgoing document, which waits for its author."""
    with office.database.transaction(acting(OFFICER)) as tx:
        begin(tx, office.means)


def test_running_work_is_foreseen_mapped_carried_over_and_returned(knock, begun, work):
    admin = knock(ADMIN)
    publish(knock, redrawn())
    page = admin.get(RUNS)
    assert "Chuyển hồ sơ đang chạy sang bản 2" in words(page)
    seen = admin.get("/procedures/outgoing/2/migration")
    told = words(seen)
    assert "0 hồ sơ chuyển được, 1 hồ sơ ở lại bản cũ." in told
    assert "Dự thảo" in told
    assert "Bước «Soạn thảo» chuyển thành" in told
    sheet = admin.sheet(seen, "data-migration")
    again = admin.send(sheet.fill(**{"step.draft": "write", "do": "preview"}))
    assert again.status_code == 200
    assert "1 hồ sơ chuyển được, 0 hồ sơ ở lại bản cũ." in words(again)
    assert "«Soạn thảo» thành «Viết dự thảo»" in words(again)
    sheet = admin.sheet(again, "data-migration")
    assert sheet.values["step.draft"] == ["write"]
    bare = admin.send(sheet.fill(reason="", do="start"))
    assert bare.status_code == 422
    assert "Phải ghi lý do" in admin.problem(bare)
    started = admin.send(sheet.fill(reason="Áp dụng ngay", do="start"))
    address = started.headers["Location"]
    assert "Tải lại để xem tiến độ" in words(admin.get(address))
    work()
    done = admin.get(address)
    assert "1 đã chuyển" in words(done)
    back = admin.sheet(done, "data-return")
    assert "Phải ghi lý do" in admin.problem(admin.send(back.fill(reason=" ")))
    assert admin.send(back.fill(reason="Chuyển nhầm")).status_code == 303
    work()
    told = words(admin.get(address))
    assert "1 đã trả về bản cũ" in told
    assert "Lý do trả vềChuyển nhầm" in told
    assert "đã trả về bản cũ" in words(admin.get(RUNS))
    assert knock(LEADER).get(address).status_code == 403
    assert knock("quantri.ubnd").get(address).status_code == 404
    assert knock("quantri.ubnd").post(f"{address}/return", {"reason": "x"}).status_code == 404
    leader = knock(LEADER)
    run = re.search(r'href="(/runs/[0-9a-f-]+)"', leader.get(RUNS).text)[1]
    marks = words(leader.get(run))
    assert "chuyển hồ sơ sang bản 2 của quy trình; lý do: Áp dụng ngay" in marks
    assert marks.count("người thực hiện: Tạ Minh Quân") == 2
    assert "trả hồ sơ về bản 1 của quy trình; lý do: Chuyển nhầm" in marks


def test_only_the_administrator_carries_over_and_each_in_his_agency(knock):
    for who in (LEADER, OFFICER):
        visitor = knock(who)
        assert visitor.get("/procedures/outgoing/2/migration").status_code == 403
        refused = visitor.post("/procedures/outgoing/2/migration", {"reason": "x", "do": "start"})
        assert refused.status_code == 403
        assert "Chuyển hồ sơ đang chạy" not in words(visitor.get(RUNS))
    assert knock(ADMIN).get("/procedures/outgoing/99/migration").status_code == 404
    assert "/runs/" not in knock(OFFICER).get(RUNS).text, "who does not steer sees no cases"


def test_a_version_is_tried_by_units_and_then_adopted_or_not(knock):
    admin = knock(ADMIN)
    page = lxml.html.fromstring(admin.get("/procedures/outgoing").data.decode())
    units = page.xpath("//form[@data-publish]//input[@name='pilot_units']/@value")
    assert units
    told = words(admin.follow(publish(knock, redrawn(), pilot_units=units[0])))
    assert "để áp dụng thử tại các đơn vị được chọn" in told
    assert "Áp dụng thử: bản" in told
    page = admin.get(RUNS)
    assert "đang áp dụng thử tại:" in words(page)
    assert "Áp dụng cho toàn cơ quan" in words(page)
    sheet = admin.sheet(page, "data-trial")
    admin.post("/second-person", {"acts": ["publish_process"]})
    admin.get("/proposals")
    asked = admin.send(sheet.fill(reason="Đạt yêu cầu", end="adopt"))
    assert "vẫn áp dụng thử cho đến khi người thứ hai đồng ý" in words(admin.follow(asked))
    admin.post("/second-person", {"acts": []})
    leader = knock(LEADER)
    page = leader.get("/proposals")
    leader.send(leader.sheet(page, "data-proposal").fill(decision="refuse", reason="Chưa"))
    waits = words(page)
    assert re.search(r"Áp dụng bản \d+ của quy trình «[^»]+» cho toàn cơ quan", waits)
    assert "đang áp dụng thử tại:" in waits
    bare = admin.send(sheet.fill(reason="", end="adopt"))
    assert "Phải ghi lý do" in admin.problem(bare)
    assert "Kết thúc áp dụng thử" not in words(knock(LEADER).get(RUNS))
    assert knock(LEADER).post(sheet.action, {"reason": "x", "end": "adopt"}).status_code == 403
    adopted = admin.send(sheet.fill(reason="Đạt yêu cầu", end="adopt"))
    assert "áp dụng cho toàn cơ quan" in words(admin.follow(adopted))
    assert "data-trial" not in admin.get(RUNS).text
    assert admin.post(sheet.action, {"reason": "x", "end": "drop"}).status_code == 404


def test_a_migration_waits_for_a_second_person_who_reads_what_it_does(knock, begun, office, acting):
    def begin_another() -> None:
        """Another document on another version: the one that its unit tries by now."""
        page = lxml.html.fromstring(admin.get("/procedures/outgoing").data.decode())
        units = page.xpath("//form[@data-publish]//input[@name='pilot_units']/@value")
        publish(knock, shipped_xml("outgoing").decode(), pilot_units=units)
        with office.database.transaction(acting(OFFICER)) as tx:
            begin(tx, office.means)

    admin, leader = knock(ADMIN), knock(LEADER)
    publish(knock, shipped_xml("outgoing").decode())
    number = re.search(r"/procedures/outgoing/(\d+)/migration", admin.get(RUNS).text)[1]
    admin.post("/second-person", {"acts": ["migrate_process"]})
    try:
        address = f"/procedures/outgoing/{number}/migration"
        sent = admin.post(address, {"reason": "Áp dụng cho tất cả", "do": "start"})
        assert "Chưa hồ sơ nào được chuyển" in words(admin.follow(sent))
        page = leader.get("/proposals")
        told = words(page)
        assert f"Chuyển hồ sơ đang chạy sang bản {number} của quy trình" in told
        assert re.search(r"\d+ hồ sơ chuyển được, \d+ hồ sơ ở lại bản cũ", told)
        assert "/decision" not in page.text, "he looks at what it would do first"
        look = re.search(r'href="(/proposals/[0-9a-f-]+/migration)"', page.text)[1]
        seen = words(leader.get(look))
        assert "Soạn thảo" in seen
        assert "Kết quả khi chuyển" in seen
        assert "Chuyển lúc này vẫn đúng như lúc đề nghị." in seen
        begin_another()
        later = leader.get(look)
        assert "1 hồ sơ có thêm sau khi đề nghị." in words(later)
        assert "vẫn đúng như lúc đề nghị" not in words(later)
        assert "không phải bản đang áp dụng" not in words(later)
        publish(knock, shipped_xml("outgoing").decode())
        later = leader.get(look)
        assert f"Bản {number} không phải bản đang áp dụng" in words(later)
        assert "Quyết định" not in words(admin.get(look)), "nobody decides his own"
        assert knock(OFFICER).get(look).status_code == 404
        sheet = leader.sheet(later, "data-proposal")
        bare = leader.send(sheet.fill(decision="refuse"))
        assert bare.status_code == 422
        assert "Phải ghi lý do" in leader.problem(bare)
        assert "1 hồ sơ có thêm sau khi đề nghị." in words(bare)
        assert leader.send(sheet.fill(decision="agree")).status_code == 303
        assert "đang chuyển" in words(admin.get(RUNS))
    finally:
        admin.post("/second-person", {"acts": []})
