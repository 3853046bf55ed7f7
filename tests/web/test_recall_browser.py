"""Two agencies, a real Chromium and the real axis: a document is asked back and given back."""

from collections.abc import Iterator

import headless
import pytest
from issuing import issued
from page_server import served
from story import PASSWORD, Story, make_seeded, open_story

from tests.web.test_pages_browser import AXE, RULES
from web.app import create_app

pytestmark = headless.BROWSER


@pytest.fixture(scope="module")
def told(cluster, template) -> Iterator[Story]:
    """An installation with its axis listening, seeded for this module alone."""
    with open_story(make_seeded(cluster, template)) as story:
        yield story


@pytest.fixture(scope="module")
def address(told: Story) -> Iterator[str]:
    with served(create_app(told.office)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


class Desk:
    """What one clerk sees, with everything the browser complains of."""

    def __init__(self, browser, address: str, user: str) -> None:
        self.page = browser.new_context(base_url=address, locale="vi-VN").new_page()
        self.page.set_default_timeout(30_000)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto("/")
        self.page.fill("#username", user)
        self.page.fill("#password", PASSWORD)
        self.page.click("main button.primary")
        self.page.wait_for_selector("main.inbox")

    def axe(self) -> None:
        self.page.evaluate(AXE)
        found = self.page.evaluate(
            "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
        )
        assert found["passes"], "axe looked at nothing"
        assert [(v["id"], [n["html"][:160] for n in v["nodes"]]) for v in found["violations"]] == []


def test_a_document_is_asked_back_on_its_page_and_given_back_from_the_inbox(told, address):
    document = issued(told, "gửi nhầm nơi nhận", "STC")
    told.work()
    with headless.chromium() as browser:
        sender = Desk(browser, address, "vanthu.stttt")
        page = sender.page
        page.goto(f"/outgoing/{document}")
        page.click("text=Lấy lại, thu hồi")
        page.wait_for_selector("[data-step-form]")
        receivers = page.locator("input[name=recipients]")
        page.check("input[name=kind][value=recall]")
        assert receivers.first.is_hidden(), "a recall goes to all"
        page.check("input[name=kind][value=take_back]")
        receivers.first.check()
        page.fill("textarea[name=reason]", "Gửi nhầm, đề nghị trả lại")
        sender.axe()
        page.click("[data-main]")
        page.wait_for_selector(".flash")
        told.work()

        receiver = Desk(browser, address, "vanthu.stc")
        page = receiver.page
        here = told.incoming("STC", subject="gửi nhầm nơi nhận")
        (item,) = told.items("vanthu.stc", "decide", here.id)
        page.goto(f"/work-items/{item.id}")
        page.wait_for_selector("[data-step-form]")
        assert "Gửi nhầm, đề nghị trả lại" in page.input_value("textarea[name=request]")
        assert page.locator("textarea[name=reason]").is_hidden()
        page.check("input[name=outcome][value=agree]")
        receiver.axe()
        page.click("[data-main]")
        page.wait_for_selector(".flash")
        page.goto(f"/incoming/{here.id}")
        notes = page.locator(".note").all_inner_texts()
        assert [n for n in notes if "Gửi nhầm" in n] == [
            "Bên gửi đã thu hồi: Gửi nhầm, đề nghị trả lại"
        ]
        assert not any("giữ nguyên trạng" in n for n in notes)
        told_here = page.locator("[aria-labelledby=h-history] li").all_inner_texts()
        assert len(told_here) == 4, "begun, asked, the work ended, given back"
        assert "Lưu Thị Hạnh hoàn thành bước «Trả lời yêu cầu lấy lại" in told_here[0]
        assert "Lưu Thị Hạnh chấm dứt xử lý hồ sơ" in told_here[1]
        assert "yêu cầu lấy lại: Gửi nhầm, đề nghị trả lại" in told_here[2]
        told.work()

        sender.page.goto(f"/outgoing/{document}")
        history = sender.page.locator("[aria-labelledby=h-history] li").all_inner_texts()
        assert "Đã thu hồi: Gửi nhầm, đề nghị trả lại" in history[0]
        assert "Lưu Thị Hạnh, Sở Tài chính đồng ý yêu cầu lấy lại hôm nay" in history[1]
        asked = "yêu cầu lấy lại tại Sở Tài chính: Gửi nhầm, đề nghị trả lại"
        assert f"Bùi Thị Ngọc {asked}" in history[2]
        told_now = sender.page.locator("main").inner_text()
        assert "Đã thu hồi" in told_now
        assert "Lưu Thị Hạnh" in told_now
        assert "Yêu cầu lấy lại gửi Sở Tài chính (H55.05)" in told_now
        assert sender.complaints + receiver.complaints == []
