"""Logging in, positions, passwords, invitations."""

import re

import pytest
import sqlalchemy as sa

from records.account import Account, invite
from records.login import ACCOUNT_LIMIT
from records.login_session import LoginSession
from records.organization import Officer, Position


def test_the_cookie_is_closed_to_scripts_and_other_sites(knock):
    answer = knock().log_in("vanthu.stttt")
    [cookie] = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("congvan=")]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie


def test_over_tls_the_cookie_is_bound_to_this_host(app, knock):
    visitor = knock()
    https = {"base_url": "https://localhost"}
    page = visitor.get("/login", **https).text
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)[1]
    answer = visitor.client.post(
        "/login",
        data={
            "csrf_token": token,
            "username": "vanthu.stttt",
            "password": "mot-cau-dai-de-nho-188",
        },
        headers={"Referer": "https://localhost/login"},
        **https,
    )
    [cookie] = [c for c in answer.headers.getlist("Set-Cookie") if "congvan=" in c]
    assert cookie.startswith("__Host-congvan=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    assert "max-age" in answer.headers["Strict-Transport-Security"]


@pytest.mark.parametrize("username", ["vanthu.stttt", "khong.co.ai"])
def test_a_wrong_password_does_not_tell_whether_the_name_is_known(knock, username):
    answer = knock().log_in(username, "sai-mat-khau")
    assert answer.status_code == 401
    assert "Tên đăng nhập hoặc mật khẩu không đúng" in answer.text
    assert "<title>Lỗi: Đăng nhập" in answer.text
    assert f'value="{username}"' in answer.text
    assert "sai-mat-khau" not in answer.text


def test_too_many_guesses_are_told_how_long_to_wait(knock):
    visitor = knock()
    answers = [visitor.log_in("truongphong.ttbc", f"doan-{n}") for n in range(ACCOUNT_LIMIT + 1)]
    assert answers[-1].status_code == 429
    assert re.search(r"Hãy đợi \d+ phút", answers[-1].text)
    assert visitor.log_in("truongphong.ttbc").status_code == 429, "the right one waits as well"


def test_empty_fields_are_told_before_anything_is_counted(knock, office):
    answer = knock().log_in("", "")
    assert answer.status_code == 422
    assert "Nhập tên tài khoản." in answer.text
    assert "Nhập mật khẩu." in answer.text


@pytest.mark.parametrize(
    ("target", "lands"),
    [("/incoming", "/incoming"), ("https://evil.example/", "/"), ("//evil.example", "/"),
     ("/\\evil.example", "/"), ("/\tx", "/")],
)  # fmt: skip
def test_the_way_back_never_leads_elsewhere(knock, target, lands):
    visitor = knock()
    answer = visitor.post(
        "/login",
        {"username": "vanthu.stttt", "password": "mot-cau-dai-de-nho-188", "next": target},
    )
    assert answer.headers["Location"] == lands


def test_an_officer_with_two_positions_chooses_and_switches(knock, office):
    inspector = knock("thanhtra", fresh=True)
    page = inspector.follow(inspector.get("/incoming"))
    assert "Hôm nay làm việc với chức vụ nào?" in page.text
    before = inspector.client.get_cookie("congvan").value
    inspector.choose("Sở Thông tin và Truyền thông")
    after = inspector.client.get_cookie("congvan").value
    assert before != after, "the token changes with the rights"
    page = inspector.get("/incoming")
    assert "<b>Sở Thông tin và Truyền thông</b>" in page.text
    assert "Đang làm việc với tư cách Thanh tra viên." in page.text
    inspector.choose("Ủy ban nhân dân tỉnh")
    assert "<b>Ủy ban nhân dân tỉnh Thái Nguyên</b>" in inspector.get("/incoming").text
    old = knock()
    old.client.set_cookie("congvan", before)
    assert old.get("/incoming").status_code == 303, "the earlier token is nobody's"


def test_a_position_of_somebody_else_cannot_be_chosen(knock, office):
    inspector = knock("thanhtra", fresh=True)
    with office.database.transaction() as tx:
        leader = tx.scalar(sa.select(Position.id).where(Position.title == "Chủ tịch"))
    assert inspector.post("/position", {"position": str(leader)}).status_code == 403
    assert inspector.post("/position", {"position": "x"}).status_code in {400, 404, 422}


def test_logging_out_ends_the_session_in_the_database(knock, office):
    visitor = knock("chanvp.stttt", fresh=True)
    token = visitor.client.get_cookie("congvan").value
    assert visitor.post("/logout").status_code == 303
    thief = knock()
    thief.client.set_cookie("congvan", token)
    answer = thief.get("/inbox/")
    assert answer.headers["Location"].startswith("/login")


def test_a_session_that_was_ended_asks_to_log_in_and_leads_back(knock, office):
    visitor = knock("giamdoc.stttt", fresh=True)
    token = visitor.token()
    with office.database.transaction() as tx:
        account = tx.scalar(sa.select(Account).where(Account.username == "giamdoc.stttt"))
        tx.execute("DELETE FROM login_session WHERE account_id = %s", account.id)
    answer = visitor.get("/incoming?state=all")
    assert answer.headers["Location"] == "/login?next=/incoming?state%3Dall"
    posted = visitor.client.post("/preferences", data={"csrf_token": token, "theme": "dark"})
    assert posted.status_code == 303
    lost = visitor.client.post("/outgoing/new", data={"csrf_token": token, "subject": "x"})
    assert lost.status_code == 401
    assert "Phiên làm việc đã kết thúc" in lost.text


def test_an_idle_session_ends(knock, office):
    visitor = knock("giamdoc.stttt", fresh=True)
    with office.database.transaction() as tx:
        tx.execute("UPDATE login_session SET last_seen_at = last_seen_at - interval '31 minutes'")
        assert tx.scalars(sa.select(LoginSession.id))
    assert visitor.get("/inbox/").headers["Location"].startswith("/login")


def test_a_one_time_password_must_be_changed_at_once(knock, office):
    admin = knock("quantri.stttt")
    page = admin.get("/accounts?text=Trịnh Văn Sơn").text
    reset = re.search(r'action="(/accounts/[0-9a-f-]+/reset)"', page)[1]
    shown = admin.post(reset)
    secret = re.search(r'<p class="hash">([a-z0-9-]{19})</p>', shown.text)[1]
    assert secret not in admin.get("/accounts").text, "it is told once"

    user = knock()
    assert user.log_in("chanvp.stttt").status_code == 401, "the old one is over"
    answer = user.log_in("chanvp.stttt", secret)
    assert answer.headers["Location"] == "/password"
    assert user.get("/inbox/").headers["Location"] == "/password"
    weak = user.post(
        "/password", {"current": secret, "new": "123456789012", "again": "123456789012"}
    )
    assert weak.status_code == 422
    assert "chưa đủ an toàn" in weak.text
    new = "con-trau-di-truoc-cai-cay"
    differ = user.post("/password", {"current": secret, "new": new, "again": new + "x"})
    assert "không giống nhau" in differ.text
    wrong = user.post("/password", {"current": "nham", "new": new, "again": new})
    assert "Mật khẩu hiện tại không đúng" in wrong.text
    assert user.post("/password", {"current": secret, "new": new, "again": new}).status_code == 303
    assert user.get("/inbox/").headers["Location"].startswith("/login"), "all sessions end"
    assert user.log_in("chanvp.stttt", new).headers["Location"] == "/"


def test_an_invitation_makes_one_account_once(knock, office, acting):
    admin = acting("quantri.stttt")
    with office.database.transaction(admin) as tx:
        officer = tx.add(Officer(agency_id=admin.agency_id, full_name="Người Mới", sort_key=b"moi"))
        tx.flush()
        token = invite(tx, officer.id)
    visitor = knock()
    address = f"/invitations/{token}"
    assert 'name="username"' in visitor.get(address).text
    word = "mot-ngay-dep-troi-o-so"
    taken = visitor.post(address, {"username": "vanthu.stttt", "new": word, "again": word})
    assert taken.status_code == 422
    assert "đã có" in taken.text
    assert (
        visitor.post(address, {"username": "nguoi.moi", "new": word, "again": word}).status_code
        == 303
    )
    again = visitor.post(address, {"username": "nguoi.moi2", "new": word, "again": word})
    assert again.status_code == 404
    assert "đã được dùng hoặc đã hết hạn" in again.text
    assert visitor.log_in("nguoi.moi", word).status_code == 303


def test_demo_accounts_are_named_only_in_the_demonstration(knock, office):
    from dataclasses import replace

    from office.settings import Mode
    from web.app import create_app

    assert "vanthu.stttt" in knock().get("/login").text
    real = replace(office, settings=replace(office.settings, mode=Mode.PRODUCTION))
    page = create_app(real).test_client().get("/login").text
    assert "vanthu.stttt" not in page
    assert "Bản trình diễn" not in page
