"""Procedures, accounts, operating and the journal, as those who look after them see them."""

import html
import io
import re
from datetime import date

import pytest
import sqlalchemy as sa

from engine.jobs import Incident, Job, JobState
from processes.evidence import verify
from processes.procedures import check_version, shipped_xml
from records import seal
from records.account import find_account
from records.journal import JournalLeaf


def lint(visitor, xml: bytes):
    return visitor.client.post(
        "/procedures/incoming/lint",
        data=xml,
        content_type="application/xml",
        headers={"X-CSRFToken": visitor.token()},
    )


def test_the_designer_is_told_what_is_wrong(knock):
    admin = knock("quantri.stttt")
    good = lint(admin, shipped_xml("incoming")).json
    assert "Đạt, có thể công bố" in good["findings_html"]
    xml = shipped_xml("incoming").replace(
        b'congvan:verb="register_incoming"', b'congvan:verb="nope"'
    )
    bad = lint(admin, xml).json
    assert [f for f in bad["findings"] if f["severity"] == "error"]
    assert "nope" in bad["findings_html"]


def test_the_designer_says_in_words_what_a_drawing_changes(knock):
    admin = knock("quantri.stttt")
    same = lint(admin, shipped_xml("incoming")).json
    assert "thay đổi so với bản đang dùng" not in same["findings_html"]
    drawn = shipped_xml("incoming").replace(b'congvan:due="PT4H"', b'congvan:due="P1D"')
    text = html.unescape(lint(admin, drawn).json["findings_html"])
    assert "2 thay đổi so với bản đang dùng" in text
    assert "<li>bước «Trình người có thẩm quyền»: thời hạn từ PT4H thành P1D</li>" in text


def test_a_version_that_was_looked_at_is_not_checked_again(knock):
    admin = knock("quantri.stttt")
    first = admin.get("/procedures/incoming").text
    known = check_version.cache_info()
    assert admin.get("/procedures/incoming").text.count("Đạt, có thể công bố") == 1
    assert "Đạt, có thể công bố" in first
    again = check_version.cache_info()
    assert (again.hits, again.misses) == (known.hits + 1, known.misses)
    assert again.maxsize == 32, "what is kept is bounded"
    # Another day another law may bind: then it is checked anew.
    xml = shipped_xml("incoming")
    check_version(xml, "incoming", date(2020, 3, 4))
    assert check_version.cache_info().misses == again.misses + 1


def test_findings_call_flows_by_their_ends_and_bury_nothing_under_a_long_name(knock):
    admin = knock("quantri.stttt")
    xml = shipped_xml("incoming").decode()
    flow = re.search(r'<bpmn:sequenceFlow id="f.duplicate".*?</bpmn:sequenceFlow>', xml, re.DOTALL)[
        0
    ]
    bare = re.sub(r">.*", "/>", flow, flags=re.DOTALL).replace(' name="', ' data-name="')
    bare = re.sub(r' data-name="[^"]*"', "", bare)
    told = lint(admin, xml.replace(flow, bare).encode()).json["findings_html"]
    assert "Ghi điều kiện theo điều cán bộ chọn" in html.unescape(told)
    assert re.search(r'data-jump="f.duplicate">[^<]+ → [^<]+<', told)
    long = xml.replace('name="Đăng ký văn bản đến"', f'name="{"Dài " * 200}"').encode()
    assert "Dài " * 61 not in html.unescape(lint(admin, long).json["findings_html"])


def past_the_approval() -> bytes:
    """The shipped procedure with a second way that leaves the approval of the content out."""
    xml = shipped_xml("outgoing").decode()
    flow = 'id="f.direct" name="Không" sourceRef="consult" targetRef="approve"'
    assert flow in xml
    return xml.replace(flow, flow.replace('"approve"', '"check_format"')).encode()


def test_a_diagram_against_the_law_is_refused_with_the_way_in_red_and_its_article(knock):
    """Without scripts as well: the page that refuses draws what was sent."""
    admin = knock("quantri.stttt")
    page = admin.get("/procedures/outgoing")
    assert "flow way" not in page.text
    answer = admin.client.post(
        "/procedures/outgoing/versions",
        data={
            "csrf_token": admin.token(), "reason": "Bỏ bước duyệt khi không lấy ý kiến",
            "file": (io.BytesIO(past_the_approval()), "di-tat.bpmn"),
        },
    )  # fmt: skip
    assert answer.status_code == 422
    text = html.unescape(answer.text)
    assert "Nghị định 30/2020/NĐ-CP, Điều 12.1" in text
    assert 'class="flow way"' in text
    assert 'class="step way" data-element="sign"' in text
    assert "Soạn thảo → Lấy ý kiến? → Kiểm tra thể thức" in text
    shown = re.search(r'data-way="([^"]+)" aria-pressed="true"', text)[1].split()
    assert shown[:2] == ["begun", "f.begun"]
    assert {"f.direct", "sign"} <= set(shown)


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "DOCTYPE"),
        (b"not xml", "XML"),
        (b"", ""),
    ],
)
def test_what_is_no_diagram_is_refused_in_words(knock, xml, said):
    answer = lint(knock("quantri.stttt"), xml)
    assert answer.status_code == 422
    assert said in answer.json["detail"]
    assert answer.json["detail"]


def test_publishing_needs_a_reason_and_makes_the_next_version(knock):
    admin = knock("quantri.stttt")
    page = admin.get("/procedures/outgoing")
    xml = admin.get(re.search(r'data-xml="([^"]+)"', page.text)[1].replace("&amp;", "&")).data
    assert xml == shipped_xml("outgoing"), "as its author drew it"
    changed = xml.replace('name="Góp ý'.encode(), 'name="Cho góp ý'.encode())
    asked = {"Accept": "application/json"}
    etag = re.search(r'name="etag" value="([0-9a-f]+)"', page.text)[1]
    address = "/procedures/outgoing/versions"
    refused = admin.post(address, {"xml": changed, "etag": etag, "reason": " "}, headers=asked)
    assert refused.status_code == 422
    assert "Phải ghi lý do" in refused.json["detail"]
    made = admin.post(address, {"xml": changed, "etag": etag, "reason": "Góp ý"}, headers=asked)
    assert made.json == {"location": "/procedures/outgoing"}
    page = admin.get("/procedures/outgoing")
    assert "Đã công bố bản 2" in page.text
    assert ">bản 2<" in page.text
    assert admin.get("/procedures/outgoing?version=1").status_code == 200
    assert admin.get("/procedures/outgoing?version=9").status_code == 404
    assert admin.get("/procedures/khong-co").status_code == 404
    stale = admin.post(address, {"xml": changed, "etag": etag, "reason": "muộn"})
    assert stale.status_code == 409, "another version is in use by now"
    late = {"xml": changed, "etag": etag, "reason": "muộn"}
    told = admin.post(address, late, headers=asked)
    assert told.status_code == 409
    assert "vừa được người khác thay đổi" in told.json["detail"], "the page can say why"


def test_without_scripts_a_file_is_published_or_its_errors_are_listed(knock):
    admin = knock("quantri.stttt")
    xml = shipped_xml("incoming")
    address = "/procedures/incoming/versions"

    def send(content: bytes, reason: str):
        file = (io.BytesIO(content), "quy-trinh.bpmn")
        return admin.post(address, {"file": file, "reason": reason})

    script = xml.replace(b"bpmn:userTask", b"bpmn:scriptTask", 2)
    refused = send(script, "thử việc của máy")
    assert refused.status_code == 422
    assert "thử việc của máy" in refused.text, "the reason stays"
    assert "Lỗi" in refused.text
    assert admin.post(address, {"reason": "x"}).status_code == 422
    assert send(xml, "gửi bằng tệp").status_code == 303


def test_a_clerk_sees_the_procedure_without_its_tools(knock):
    page = knock("vanthu.stttt").get("/procedures/incoming").text
    assert "data-palette" not in page
    assert "data-publish" not in page
    assert 'data-editable="false"' in page


def test_the_administrator_does_not_take_the_operator_s_account(knock, office):
    admin = knock("quantri.stttt")
    with office.database.transaction() as tx:
        operator = find_account(tx, "vanhanh").id
        own = find_account(tx, "chuyenvien.stttt").id
    page = admin.get("/accounts").text
    assert f"/accounts/{own}/reset" in page
    assert str(operator) not in page
    for act in ("reset", "disable", "enable"):
        answer = admin.post(f"/accounts/{operator}/{act}")
        assert answer.status_code == 403
        assert "Mật khẩu dùng một lần" not in answer.text
    assert knock("vanhanh", fresh=True).get("/operator").status_code == 200


def test_accounts_are_issued_closed_and_opened(knock, office):
    admin = knock("quantri.stttt")
    page = admin.get("/accounts").text
    disable = re.search(r'action="(/accounts/[0-9a-f-]+/disable)"', page)[1]
    assert "Đã khóa tài khoản" in admin.follow(admin.post(disable)).text
    assert "đã khóa" in admin.get("/accounts").text
    assert admin.post(disable.replace("disable", "enable")).status_code == 303
    assert "đã khóa" not in admin.get("/accounts").text
    assert "Chọn cán bộ được cấp" in admin.post("/accounts", {"officer": ""}).text
    only = admin.get("/accounts", query_string={"text": "bui thi ngoc"}).text
    assert "Bùi Thị Ngọc" in only
    assert "Đỗ Xuân Hòa" not in only


def test_the_operator_retries_what_failed(knock, office):
    with office.database.transaction() as tx:
        for _ in range(2):
            job = tx.add(
                Job(kind="send_envelope", payload={}, state=JobState.FAILED.value, attempt=6)
            )
            tx.flush()
            tx.add(Incident(job_id=job.id, kind=job.kind, error="Trục trả lời mã 20\nchi tiết"))
    operator = knock("vanhanh")
    page = operator.get("/operator").text
    assert "Trục trả lời mã 20" in page
    assert "Thử lại 2 việc" in page
    assert "Gửi văn bản qua trục" in page
    retry = re.search(r'action="(/operator/incidents/[0-9a-f-]+/retry)"', page)[1]
    page = operator.follow(operator.post(retry)).text
    assert "Đang thử lại 2 việc." in page
    assert "Không có sự cố" in page
    with office.database.transaction() as tx:
        states = set(tx.scalars(sa.select(Job.state).where(Job.kind == "send_envelope")))
        acts = tx.scalars(sa.select(JournalLeaf.act).where(JournalLeaf.act == "retry"))
    assert states == {JobState.READY.value}
    assert len(acts) == 2
    assert operator.post(retry).status_code == 303, "nothing is left to retry"


def test_the_auditor_checks_the_journal_and_sees_tampering(knock, office, cluster):
    auditor = knock("thanhtra")
    auditor.choose("Sở Thông tin")
    with office.database.transaction() as tx:
        seal.seal(tx)
    page = auditor.get("/journal").text
    head = re.search(r'<p class="hash pre">(.*?)</p>', page)[1].replace("&#34;", '"')
    good = auditor.post("/journal", {"head": head})
    assert "Nhật ký toàn vẹn" in good.text
    assert "Không đọc được đầu chuỗi" in auditor.post("/journal", {"head": "{x"}).text
    name = office.database.url.partition("@/")[2].partition("?")[0]
    with cluster.connect(name) as administrator:
        administrator.execute("ALTER TABLE journal_leaf DISABLE TRIGGER ALL")
        administrator.execute(
            "UPDATE journal_leaf SET act = 'nothing' WHERE id = (SELECT min(id::text)::uuid FROM journal_leaf)"
        )
    bad = auditor.post("/journal", {"head": head})
    assert "Nhật ký đã bị can thiệp" in bad.text


def test_the_replay_goes_step_by_step_without_scripts(knock, office, cluster):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("phát lại từng bước")
    clerk.send(clerk.sheet(clerk.get(step)).fill(outcome="accept_unsigned", reason="đối chiếu"))
    document = clerk.get(step).headers["Location"]
    auditor = knock("thanhtra")
    auditor.choose("Sở Thông tin")
    last = auditor.get(f"{document}/replay").text
    assert "Sự kiện 2/2" in last
    assert "Chuỗi băm khớp 2/2 sự kiện" in last
    first = auditor.get(f"{document}/replay?step=1").text
    assert "Sự kiện 1/2" in first
    assert 'class="step now" data-element="check"' in first
    assert 'class="step done" data-element="check"' in last
    assert 'class="step now" data-element="register"' in last
    part = auditor.get(f"{document}/replay?at=1", headers={"X-Partial": "replay"}).text
    assert "<html" not in part
    assert "Sự kiện 1/2" in part
    name = office.database.url.partition("@/")[2].partition("?")[0]
    with cluster.connect(name) as administrator:
        administrator.execute("ALTER TABLE event DISABLE TRIGGER ALL")
        administrator.execute("UPDATE event SET body = body || ' ' WHERE seq = 2")
    assert "Chuỗi băm đứt tại sự kiện 2" in auditor.get(f"{document}/replay").text


def test_the_replay_says_what_was_asked_and_hands_out_the_evidence(knock, office, tmp_path):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("chứng cứ")
    clerk.send(clerk.sheet(clerk.get(step)).fill(outcome="accept_unsigned", reason="đối chiếu"))
    document = clerk.get(step).headers["Location"]
    auditor = knock("thanhtra")
    auditor.choose("Sở Thông tin")
    page = auditor.get(f"{document}/replay").text
    assert "Thực hiện lại khớp 2/2" in page
    assert "khớp từng byte" in page
    assert "Cổng «" in page
    assert "→ sai" in page or "→ đúng" in page
    assert f'href="{document}/evidence"' in page
    answer = auditor.get(f"{document}/evidence")
    assert answer.headers["Content-Type"] == "application/zip"
    (tmp_path / "b.zip").write_bytes(answer.data)
    assert list(verify.faults_of(verify.Bundle(tmp_path / "b.zip"), "")) == []
    assert "xuất gói chứng cứ" in auditor.get("/journal").text
    # Who keeps the records of one document is not who answers for them to the outside.
    assert "/evidence" not in clerk.get(f"{document}/replay").text
    assert clerk.get(f"{document}/evidence").status_code == 403
    assert knock("giamdoc.stc").get(f"{document}/evidence").status_code == 404


def test_the_api_s_contract_is_shown_from_our_own_files(knock):
    page = knock("vanthu.stttt").get("/api-docs").text
    assert 'data-spec="/api/v1/openapi.json"' in page
    assert knock("vanthu.stttt").get("/api/v1/openapi.json").status_code == 200
