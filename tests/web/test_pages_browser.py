"""A real Chromium at the clerk's desk: no report of the policy, no finding of axe."""

from collections.abc import Iterator
from pathlib import Path

import headless
import pytest
from flask import Flask
from page_server import served

from engine import diagram
from engine.decision_table import drawn_tables, table_of

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text()
PASSWORD = "mot-cau-dai-de-nho-188"
#: as `web.md` 1.5: WCAG 2.0 to 2.2, A and AA, and best practice
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

pytestmark = headless.BROWSER


@pytest.fixture(scope="module")
def address(app: Flask) -> Iterator[str]:
    with served(app) as server:
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    with headless.chromium() as browser:
        yield browser


class Desk:
    """A page that keeps what the browser complains of."""

    def __init__(self, browser, address: str, **context) -> None:
        self.context = browser.new_context(base_url=address, locale="vi-VN", **context)
        self.page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.complaints: list[str] = []
        self.outside: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "request",
            lambda r: (
                None
                if r.url.startswith((address, "data:", "blob:"))
                else self.outside.append(r.url)
            ),
        )

    def _console(self, message) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def log_in(self, username: str) -> None:
        self.page.goto("/")
        self.page.fill("#username", username)
        self.page.fill("#password", PASSWORD)
        self.page.click("main button.primary")

    def axe(self, name: str) -> None:
        """Fail with what axe finds; it is run from the devtools, past the page's own policy."""
        self.page.evaluate(AXE)
        found = self.page.evaluate(
            "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
        )
        assert found["passes"], "axe looked at nothing"
        told = [(v["id"], [n["html"][:160] for n in v["nodes"]]) for v in found["violations"]]
        assert not told, (name, told)


@pytest.fixture
def desk(chromium, address: str) -> Iterator[Desk]:
    made = Desk(chromium, address, viewport={"width": 1440, "height": 900})
    yield made
    made.context.close()


def test_the_clerk_completes_a_step_by_keyboard(desk, knock):
    clerk = knock("vanthu.stttt")
    for name in ("văn bản thứ nhất", "văn bản thứ hai"):
        clerk.receive(name)
    page = desk.page
    page.goto("/")
    desk.axe("login")
    desk.log_in("vanthu.stttt")
    page.wait_for_selector("main.inbox")
    page.wait_for_load_state()
    page.keyboard.press("j")
    form = page.wait_for_selector("[data-step-form]")
    assert form.query_selector("#task-title").inner_text() == "Kiểm tra tính xác thực, toàn vẹn"
    page.wait_for_selector(".pdfViewer .page canvas")
    assert page.locator("[data-pdf-page]").inner_text() == "Trang 1/1"
    desk.axe("inbox")
    reason = page.locator("#f-reason")
    assert reason.is_hidden(), "a reason is asked only when it is needed"
    page.check("input[name=outcome][value=accept_unsigned]")
    assert reason.is_visible()
    reason.fill("Bản giấy đã đối chiếu")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".flash")
    assert "Tiếp nhận, kiểm tra: Đã tiếp nhận" in page.locator(".flash").inner_text()
    assert page.locator("[data-step-form]").is_visible(), "the next one is open"
    # An error moves the focus to the summary, and what was typed stays.
    page.goto("/inbox/incoming?item=first")
    page.wait_for_selector("[data-step-form]")
    assert desk.complaints == []
    assert desk.outside == []


def test_document_task_register_and_lists_have_no_barrier(desk, knock):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("không có rào cản", urgency="urgent", code_number="812")
    clerk.send(clerk.sheet(clerk.get(step)).fill(outcome="accept_unsigned", reason="đối chiếu"))
    document = clerk.get(step).headers["Location"]
    waiting = clerk.receive("bước trên trang riêng")
    desk.log_in("vanthu.stttt")
    page = desk.page
    page.wait_for_selector("main")
    for name, target in {
        "document": document,
        "replay": f"{document}/replay",
        "task": waiting,
        "register": "/registers",
        "incoming": "/incoming",
        "new": "/incoming/new",
    }.items():
        page.goto(target)
        page.wait_for_selector("main")
        if name in {"document", "task"}:
            page.wait_for_selector(".pdfViewer .page canvas")
        if name == "replay":  # a drawing higher than its frame can be scrolled up to its first lane
            frame = page.locator(".replay > .canvas").bounding_box()
            now = page.locator(".bpmn .now").first.bounding_box()
            assert frame["y"] <= now["y"] <= frame["y"] + frame["height"] - now["height"]
        desk.axe(name)
    assert desk.complaints == []
    assert desk.outside == []


def test_a_failed_form_moves_to_its_errors(desk, knock):
    step = knock("vanthu.stttt").receive("sai thì báo")
    desk.log_in("vanthu.stttt")
    page = desk.page
    page.wait_for_selector("main.inbox")
    page.goto(step)
    page.check("input[name=outcome][value=return]")
    page.click("[data-main]")
    page.wait_for_selector("[data-error-summary]")
    assert page.title().startswith("Lỗi: ")
    assert page.evaluate("document.activeElement.matches('[data-error-summary]')")
    desk.axe("failed form")


def test_what_is_typed_is_kept_by_itself_and_buttons_say_what_they_do(desk, knock):
    step = knock("vanthu.stttt").receive("đang gõ thì hết phiên")
    desk.log_in("vanthu.stttt")
    page = desk.page
    page.wait_for_selector("main.inbox")
    page.goto(step)
    main = page.locator("[data-main]")
    assert main.inner_text() == "Hợp lệ, tiếp nhận và mở việc tiếp theo"
    page.check("input[name=outcome][value=return]")
    assert main.inner_text() == "Trả lại bên gửi và mở việc tiếp theo"
    page.locator("#f-reason").press_sequentially("Văn bản không ký số")
    page.wait_for_selector("[data-kept]:has-text('Đã lưu nháp')")
    page.goto(step)  # as after a session that ended: nothing was sent
    assert page.locator("#f-reason").input_value() == "Văn bản không ký số"
    assert page.locator("input[name=outcome][value=return]").is_checked()
    assert "Bản nháp lưu hôm nay" in page.locator("[data-kept]").inner_text()
    desk.axe("kept form")
    page.click("text=Bỏ bản nháp")
    page.wait_for_selector(".flash:has-text('Đã bỏ bản nháp')")
    assert page.locator("#f-reason").input_value() == ""
    # A session that is over says so while one types.
    page.check("input[name=outcome][value=return]")
    page.wait_for_selector("[data-kept]:has-text('Đã lưu nháp')")
    page.context.clear_cookies()
    page.locator("#f-reason").press_sequentially("thêm")
    page.wait_for_selector("[data-kept].bad")
    desk.complaints.clear()  # the refused request is in the browser's log


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_the_same_pages(chromium, address, knock, theme):
    desk = Desk(
        chromium, address, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True,
        color_scheme=theme,
    )  # fmt: skip
    knock("vanthu.stttt").receive("trên điện thoại")
    desk.log_in("vanthu.stttt")
    page = desk.page
    for target in ("/inbox/", "/inbox/?item=first", "/registers"):
        page.goto(target)
        page.wait_for_selector("main")
        desk.axe(f"{target} {theme}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, f"{target} is {wide} px wide"
    assert desk.complaints == []
    desk.context.close()


def test_the_administrator_draws_without_a_report(desk):
    desk.log_in("quantri.stttt")
    page = desk.page
    checked = []
    page.on("request", lambda r: checked.append(r.url) if r.url.endswith("/lint") else None)
    page.goto("/procedures/incoming")
    page.wait_for_selector("[data-designer][data-ready]")
    assert page.locator(".bjs-powered-by").is_visible(), "the mark of bpmn.io stays in sight"
    assert "Đạt, có thể công bố" in page.locator("[data-findings]").inner_text()
    assert checked == [], "the page came with its findings"
    page.click("[data-act=publish]")
    page.fill("#publish textarea", "Thử công bố từ trình vẽ")
    with page.context.expect_page() as opened:
        page.click("#publish [data-rehearse]")
    opened.value.wait_for_selector("h1")
    assert opened.value.locator("h1").inner_text() == "Diễn tập quy trình"
    opened.value.close()
    page.click("#publish button[type=submit]")
    page.wait_for_selector(".flash")
    assert "Đã công bố bản 2" in page.locator(".flash").inner_text()
    assert desk.complaints == []
    assert desk.outside == []


def test_a_way_against_the_law_turns_red_as_it_is_drawn(desk):
    desk.log_in("quantri.stttt")
    page = desk.page
    page.goto("/procedures/incoming")
    page.wait_for_selector("[data-designer][data-ready]")
    assert page.locator(".on-way").count() == 0
    page.evaluate(
        """() => {
          const { modeler } = document.querySelector('[data-designer]').designer;
          const get = (id) => modeler.get('elementRegistry').get(id);
          const target = get('present');
          modeler.get('modeling').reconnectEnd(get('f.duplicate'), target, target);
        }"""
    )
    page.wait_for_selector("[data-way][aria-pressed=true]")
    on_way = page.locator(
        ".djs-element.on-way[data-element-id]"
    )  # the small map has its own copies
    red = on_way.evaluate_all("all => all.map((e) => e.dataset.elementId)")
    assert {"f.duplicate", "present", "direct"} <= set(red)
    stroke = "e => getComputedStyle(e.querySelector('.djs-visual > :is(rect, circle, polygon, path)')).stroke"
    colours = {
        page.locator(f'.djs-element.on-way[data-element-id="{one}"]').evaluate(stroke)
        for one in red
    }
    assert len(colours) == 1
    assert colours != {page.locator('[data-element-id="file"].djs-shape').evaluate(stroke)}
    assert "Đăng ký văn bản đến → " in page.locator(".wrong-way").first.inner_text()
    page.click("[data-way][aria-pressed=true]")  # chosen again it stays
    assert on_way.count() == len(red)
    assert desk.complaints == []
    # what an end says of why it ends is written in the file: the editor must hand it on
    kept = page.evaluate(
        """async () => {
          const { designer } = document.querySelector('[data-designer]');
          const xml = (await designer.xml()).replace('id="refused"', 'id="refused" congvan:reason="vì"');
          await designer.modeler.importXML(xml);
          return designer.xml();
        }"""
    )
    assert 'congvan:reason="vì"' in kept
    page.evaluate(
        """() => {
          const { modeler } = document.querySelector('[data-designer]').designer;
          modeler.get('selection').select(modeler.get('elementRegistry').get('refused'));
        }"""
    )
    panel = page.locator("[data-panel]")
    panel.get_by_text("Cách kết thúc").wait_for()
    assert panel.get_by_label("Lý do kết thúc tại đây").input_value() == "vì"


#: puts a step that a table decides between two steps of the drawing, as a drop on their flow does
BETWEEN = """() => {
  const { modeler } = document.querySelector('[data-designer]').designer;
  const get = (name) => modeler.get(name);
  const flow = get('elementRegistry').get('f.register');
  const shape = get('elementFactory').createShape({ type: 'bpmn:BusinessRuleTask' });
  shape.businessObject.set('name', 'Tính số ngày');
  const [from, to] = [flow.waypoints[0], flow.waypoints.at(-1)];
  get('modeling').createShape(shape, { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }, flow);
  get('selection').select(shape);
}"""


def test_a_decision_table_is_written_checked_and_published(desk):
    desk.log_in("quantri.stttt")
    page = desk.page
    page.goto("/procedures/outgoing")
    page.wait_for_selector("[data-designer][data-ready]")
    page.click("[data-palette] [data-type='bpmn:BusinessRuleTask']")  # nothing is selected
    assert page.evaluate("document.querySelector('[data-designer]').designer.isDirty()")
    page.click("[data-act=undo]")
    page.evaluate(BETWEEN)
    page.get_by_role("button", name="Thêm bảng").click()
    table = page.locator("#decision")
    table.get_by_label("Tên bảng").fill("Số ngày lưu")
    table.locator("[data-expression]").fill("urgency")
    table.locator("[data-variable]").fill("days")
    first = table.get_by_label("Dòng 1, cột 1")
    first.fill("hỏa tốc")
    page.wait_for_selector("#decision td input[aria-invalid]")
    assert 'đặt trong ngoặc kép: "hỏa tốc"' in table.locator("[data-told]").inner_text()
    desk.axe("decision table")
    first.fill('"express"')
    table.get_by_label("Dòng 1, cột 2").fill("1")
    page.keyboard.press("Enter")  # opens the next row, below
    page.keyboard.type("5")
    page.keyboard.press("Escape")  # what was written is not lost by a slip, nor by two
    page.keyboard.press("Escape")
    assert "chưa đưa vào sơ đồ" in table.locator("[data-told]").inner_text()
    table.locator("[data-hit]").select_option("FIRST")
    page.wait_for_selector("#decision .note.ok")
    table.get_by_role("button", name="Đưa vào sơ đồ").click()
    assert table.is_hidden()
    page.evaluate(
        """() => {
          const { modeler } = document.querySelector('[data-designer]').designer;
          modeler.get('selection').select(modeler.get('elementRegistry').get('comment'));
        }"""
    )
    page.get_by_label("Danh sách kết quả (tên biến)").fill("opinions")
    page.keyboard.press("Tab")  # what is written is kept, and the next field has the focus
    page.keyboard.type("outcome")
    page.wait_for_function(
        "async () => (await document.querySelector('[data-designer]').designer.xml())"
        ".includes('congvan:result=')"
    )
    page.wait_for_selector("[data-saved]:text('Có thay đổi chưa công bố')")
    page.click("[data-act=publish]")
    page.fill("#publish textarea", "Thêm bảng quyết định")
    page.click("#publish button[type=submit]")
    page.wait_for_selector(".flash")
    xml = page.request.get("/procedures/outgoing/diagram.bpmn").body()
    assert b'congvan:results="opinions" congvan:result="outcome"' in xml
    (drawn,) = drawn_tables(diagram.read(xml))
    read = table_of(drawn)
    assert (read.name, read.hit, read.inputs, read.outputs) == (
        "Số ngày lưu", "FIRST", ("urgency",), ("days",)
    )  # fmt: skip
    assert [(r.tests, r.entries) for r in read.rules] == [
        (('"express"',), ("1",)), (("-",), ("5",)),
    ]  # fmt: skip
    # Opened again it is edited in place, and one step back takes the edit back.
    page.wait_for_selector("[data-designer][data-ready]")
    page.evaluate("document.querySelector('[data-designer]').designer.showTable('bang_1')")
    table.get_by_label("Dòng 2, cột 2").fill("7")
    table.get_by_role("button", name="Đưa vào sơ đồ").click()
    edited = page.evaluate("document.querySelector('[data-designer]').designer.xml()")
    assert table_of(*drawn_tables(diagram.read(edited.encode()))).rules[1].entries == ("7",)
    page.click("[data-act=undo]")
    undone = page.evaluate("document.querySelector('[data-designer]').designer.xml()")
    assert table_of(*drawn_tables(diagram.read(undone.encode()))) == read
    page.wait_for_selector("[data-saved]:text-is('')", state="attached")
    page.reload()  # nothing was changed: nothing is asked, nothing is offered
    page.wait_for_selector("[data-designer][data-ready]")
    assert page.locator("[data-kept]").is_hidden()
    assert desk.complaints == []


#: gives a step another name, as the panel does
NAME = """name => {
  const { modeler } = document.querySelector('[data-designer]').designer;
  modeler.get('modeling').updateProperties(modeler.get('elementRegistry').get('file'), { name });
}"""


def test_a_drawing_outlives_its_session_and_its_tab(desk):
    """Whoever is logged out while drawing logs in again elsewhere and goes on; a reload offers it."""
    desk.log_in("quantri.stttt")
    page = desk.page
    page.goto("/procedures/incoming")
    page.wait_for_selector("[data-designer][data-ready]")
    assert page.locator("[data-kept]").is_hidden()
    desk.context.clear_cookies()
    page.evaluate(NAME, "Lập hồ sơ mới")
    page.wait_for_selector("[data-saved]:has-text('Phiên làm việc đã hết')")
    page.click("[data-act=publish]")
    page.fill("#publish textarea", "Đổi tên bước")
    page.click("#publish button[type=submit]")
    page.wait_for_selector("[data-refusal]:has-text('Phiên làm việc đã hết')")
    other = desk.context.new_page()
    other.goto("/")
    other.fill("#username", "quantri.stttt")
    other.fill("#password", PASSWORD)
    other.click("main button.primary")
    other.wait_for_selector(".top")
    # A page that was left with changes offers them; the browser asks before it lets them go.
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.wait_for_selector("[data-designer][data-ready]")
    assert "Trên máy này còn bản vẽ chưa công bố" in page.locator("[data-kept]").inner_text()
    page.click("[data-reopen]")
    page.wait_for_selector("[data-saved]:has-text('Có thay đổi chưa công bố')")
    page.wait_for_selector("[data-findings] .changes")
    desk.context.clear_cookies()  # and once more, on a page that stays open
    other.goto("/")
    other.fill("#username", "quantri.stttt")
    other.fill("#password", PASSWORD)
    other.click("main button.primary")
    other.wait_for_selector(".top")
    page.click("[data-act=publish]")
    page.wait_for_selector("#publish [data-changes]:has-text('Lập hồ sơ mới')")
    page.fill("#publish textarea", "Đổi tên bước")
    page.click("#publish button[type=submit]")
    page.wait_for_selector(".flash:has-text('Đã công bố')")
    page.wait_for_selector("[data-designer][data-ready]")
    assert page.locator("[data-kept]").is_hidden(), "what was published is kept no longer"
    xml = page.request.get("/procedures/incoming/diagram.bpmn").text()
    assert 'name="Lập hồ sơ mới"' in xml
