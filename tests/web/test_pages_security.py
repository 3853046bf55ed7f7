"""What every answer carries, and what forged or poisoned requests get."""

import io
import re
from uuid import UUID

import lxml.html
import pytest

from engine.errors import OfficeError, StorageFull, Unavailable
from processes.procedures import shipped_xml
from records.content import File
from web.app import create_app
from web.assets import asset, edition
from web.policy import Who, open_to
from web.security import EDITOR, STRICT

PAGES = {
    "vanthu.stttt": [
        "/inbox/", "/inbox/overdue", "/incoming", "/outgoing", "/incoming/new", "/outgoing/new",
        "/dossiers", "/registers", "/procedures", "/procedures/incoming", "/help", "/accessibility",
        "/password", "/position", "/api-docs", "/khong-co-trang-nay",
    ],
    "quantri.stttt": ["/accounts", "/procedures/outgoing"],
    "thanhtra": ["/journal"],
    "vanhanh": ["/operator"],
    "": ["/login", "/help", "/khong-co"],
}  # fmt: skip
XSS = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


@pytest.mark.parametrize(("who", "addresses"), PAGES.items())
def test_every_page_carries_the_one_policy_and_no_script_of_its_own(knock, who, addresses):
    visitor = knock(who)
    if who == "thanhtra":
        visitor.choose("Sở Thông tin")
    for address in addresses:
        answer = visitor.get(address, follow_redirects=True)
        expected = EDITOR if address.startswith("/procedures/") else STRICT
        assert answer.headers["Content-Security-Policy"] == expected, address
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "no-store" in answer.headers["Cache-Control"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe-eval" not in answer.headers["Content-Security-Policy"].replace("wasm-", "")
        page = lxml.html.fromstring(answer.data.decode())
        assert not page.xpath("//script[not(@src)] | //style | //*[@style]"), address
        assert not [a for e in page.iter() for a in e.attrib if a.startswith("on")], address
        assert not re.findall(r'(?:src|href)="https?://', answer.text), address
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-Id"])


def test_only_the_editor_may_write_styles():
    assert "unsafe-inline" not in STRICT
    assert EDITOR.replace("'self' 'unsafe-inline'", "'self'") == STRICT


def test_files_of_the_pages_are_kept_for_good_and_change_their_address(knock):
    visitor = knock()
    answer = visitor.get(asset("css/base.css"))
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Security-Policy"]
    old = visitor.get("/static/0123456789abcdef/css/base.css")
    assert "immutable" not in old.headers["Cache-Control"]
    assert edition() in asset("js/form.js")
    for outside in ("../app.py", "%2e%2e/app.py", "/etc/passwd"):
        answer = visitor.get(f"/static/{edition()}/{outside}", follow_redirects=True)
        assert answer.status_code == 404


def test_a_post_without_its_token_changes_nothing(knock):
    clerk = knock("vanthu.stttt")
    for address, data in (
        ("/outgoing/new", {"subject": "giả mạo"}),
        ("/logout", {}),
        ("/preferences", {"language": "en"}),
    ):
        for token in ({}, {"csrf_token": "x"}, {"csrf_token": knock().token()}):
            answer = clerk.client.post(address, data={**data, **token})
            assert answer.status_code == 403, address
            assert "tải lại trang" in answer.text
    assert "giả mạo" not in clerk.get("/outgoing?state=all").text
    assert clerk.get("/inbox/").status_code == 200, "still logged in"


def test_a_token_of_another_session_is_no_token(knock):
    clerk, leader = knock("vanthu.stttt"), knock("giamdoc.stttt")
    answer = leader.client.post(
        "/outgoing/new", data={"csrf_token": clerk.token(), "subject": "mượn mã"}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://localhost:9999"},
    ],
)
def test_a_post_from_another_site_is_refused_even_with_a_token(knock, headers):
    clerk = knock("vanthu.stttt")
    answer = clerk.post("/outgoing/new", {"subject": "từ nơi khác"}, headers=headers)
    assert answer.status_code == 403
    assert "trang khác" in answer.text
    assert "từ nơi khác" not in clerk.get("/outgoing?state=all").text


def test_a_post_of_our_own_page_passes(knock):
    clerk = knock("vanthu.stttt")
    answer = clerk.post(
        "/outgoing/new", {"subject": "từ trang này"}, headers={"Origin": "http://localhost"}
    )
    assert answer.status_code == 303


def test_json_as_plain_text_does_not_get_in(knock):
    clerk = knock("vanthu.stttt")
    answer = clerk.client.post("/procedures/incoming/lint", data=b"<x/>", content_type="text/plain")
    assert answer.status_code == 403


def test_poison_in_texts_and_names_comes_out_as_text(knock, scan):
    clerk = knock("vanthu.stttt")
    step = clerk.receive(
        f"trích yếu {XSS}", organ_name=f"Sở {XSS}"[:200], code_notation="<b>x</b>",
        files=(io.BytesIO(scan), f"{XSS}.pdf"),
    )  # fmt: skip
    answer = clerk.send(clerk.sheet(clerk.get(step)).fill(outcome="accept_unsigned", reason=XSS))
    assert answer.status_code == 303
    document = clerk.get(step).headers["Location"]
    seen = 0
    for address in (
        "/inbox/", "/inbox/?item=first", "/incoming?state=all", document, f"{document}/replay",
        f"/incoming?text={XSS}", f"/search?q={XSS}", f"/login?next={XSS}", "/journal",
    ):  # fmt: skip
        text = clerk.get(address, follow_redirects=True).text
        assert "<script>alert" not in text, address
        assert "<img src=x" not in text, address
        seen += "&lt;script&gt;alert(1)" in text
    assert seen >= 5, "it was shown, as text"


def test_poison_in_a_diagram_comes_out_as_text(knock):
    admin = knock("quantri.stttt")
    xml = shipped_xml("incoming").decode()
    escaped = XSS.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    xml = xml.replace('name="Đăng ký văn bản đến"', f'name="{escaped}"')
    answer = admin.post("/procedures/incoming/versions", {"xml": xml, "reason": f"thử {XSS}"})
    assert answer.status_code == 303, admin.problem(answer)
    for address in ("/procedures", "/procedures/incoming"):
        text = admin.get(address).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text


def test_a_file_s_name_cannot_write_headers_and_its_bytes_are_no_page(knock, office):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("tên tệp lạ")
    file = re.search(r"/files/[0-9a-f-]{36}", clerk.get(step).text)[0]
    with office.database.transaction() as tx:
        row = tx.get(File, UUID(file.rpartition("/")[2]))
        row.name = 'x"\r\nSet-Cookie: a=b\r\n; filename="../../y\u202efdp.pdf'
    answer = clerk.get(file)
    assert "Set-Cookie" not in answer.headers
    said = answer.headers["Content-Disposition"]
    assert said.startswith("attachment; filename*=UTF-8''")
    assert "/" not in said
    assert "\n" not in said
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "application/pdf"


class Exploding(OfficeError):
    code = "exploding"
    status = 409
    vi = "Việc này đang có người làm."
    en = "Somebody is at it."


def _planted(office):
    app = create_app(office)

    def plant(name, error):
        def view():
            raise error

        app.add_url_rule(f"/{name}", name, open_to(Who.EVERYONE)(view))

    plant("full", StorageFull())
    plant("down", Unavailable(what="cơ sở dữ liệu"))
    plant("busy", Exploding())
    plant("bug", RuntimeError("bí mật của hệ thống"))
    return app.test_client()


@pytest.mark.parametrize(
    ("name", "status", "vi", "en"),
    [
        ("full", 507, "hết dung lượng", "storage is full"),
        ("down", 503, "tạm thời chưa sẵn sàng", "temporarily unavailable"),
        ("busy", 409, "đang có người làm", "Somebody is at it"),
        ("bug", 500, "Hệ thống gặp lỗi", "500"),
    ],
)
def test_errors_say_what_to_do_in_both_languages(office, name, status, vi, en):
    browser = _planted(office)
    answer = browser.get(f"/{name}")
    assert answer.status_code == status
    assert vi in answer.text
    assert "bí mật của hệ thống" not in answer.text
    assert answer.headers["X-Request-Id"] in answer.text, "the id to ask about"
    if status == 503:
        assert answer.headers["Retry-After"]
    browser.set_cookie("language", "en")
    answer = browser.get(f"/{name}")
    assert en in answer.text
    assert '<html lang="en"' in answer.text


def test_a_request_that_is_too_large_is_told_so(knock, app):
    clerk = knock("vanthu.stttt")
    before = app.config["MAX_CONTENT_LENGTH"]
    app.config["MAX_CONTENT_LENGTH"] = 1 << 20
    try:
        answer = clerk.client.post(
            "/outgoing/new", data={"csrf_token": clerk.token(), "subject": "x" * (2 << 20)}
        )
    finally:
        app.config["MAX_CONTENT_LENGTH"] = before
    assert answer.status_code == 413
    assert "quá lớn" in answer.text
