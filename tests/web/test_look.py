"""The pages in a real browser: nothing against the strict policy, nothing against WCAG 2.2 AA, keys and forms work."""

import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest
from headless import BROWSER, chromium

ROOT = Path(__file__).parents[2]
AXE = (Path(__file__).parent / "axe/axe.min.js").read_text("utf-8")
GALLERY = runpy.run_path(str(ROOT / "tools/gallery.py"))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
#: what it finds good is not told element by element: that took longer than looking
LOOK = "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"

pytestmark = BROWSER


@pytest.fixture(scope="module")
def pages() -> dict[str, bytes]:
    return GALLERY["drawn"]()


@pytest.fixture(scope="module")
def base(pages: dict[str, bytes]) -> Iterator[str]:
    server = GALLERY["serve"](pages)
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with chromium() as started:
        yield started


@pytest.fixture
def tab(browser) -> Iterator:
    context = browser.new_context(viewport=DESK, locale="vi")
    page = context.new_page()
    page.complaints = []
    page.on(
        "console",
        lambda m: page.complaints.append(m.text) if "Content Security Policy" in m.text else None,
    )
    page.on("pageerror", lambda e: page.complaints.append(str(e)))
    yield page
    context.close()


def settled(tab, selector: str) -> None:
    tab.wait_for_selector(selector, timeout=20_000)


def test_axe_and_the_policy_find_nothing_and_a_phone_is_wide_enough(tab, base, pages) -> None:
    names = [p for p in pages if "." not in p and p != "/api"]
    told = [(p, "light") for p in names] + [
        (f"/{n}", "dark") for n in ("inbox", "document", "replay")
    ]
    for path, scheme in told:
        tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        tab.goto(base + path)
        tab.evaluate("document.documentElement.removeAttribute('data-theme')")
        tab.evaluate(AXE)
        found = tab.evaluate(LOOK, RULES)["violations"]
        assert not [(path, scheme, v["id"], [n["target"] for n in v["nodes"]]) for v in found]
        if path != "/form-editor":
            tab.set_viewport_size(PHONE)
            assert not tab.evaluate(SIDEWAYS), path
            tab.set_viewport_size(DESK)
        assert not tab.complaints, (path, tab.complaints)


def test_axe_sees_a_missing_label(tab, base) -> None:
    tab.goto(base + "/login")
    tab.evaluate("document.querySelector('label[for=username]').remove()")
    tab.evaluate(AXE)
    found = tab.evaluate(LOOK, RULES)["violations"]
    assert "label" in {v["id"] for v in found}


def test_what_is_too_wide_for_a_phone_is_seen(tab, base) -> None:
    tab.goto(base + "/login")
    tab.set_viewport_size(PHONE)
    assert not tab.evaluate(SIDEWAYS)
    tab.evaluate("document.querySelector('main').style.minWidth = '400px'")
    assert tab.evaluate(SIDEWAYS)


#: cells of tables that are not under the words of their column, or too narrow to be read
CELLS = """() => [...document.querySelectorAll('.tbl.cards')].flatMap((table) => {
  const heads = [...table.tHead.rows[0].cells].map((head) => head.textContent);
  const frame = table.closest('.scroll');
  return [...table.tBodies[0].rows].flatMap((row) => [...row.cells].filter((cell, at) =>
    (cell.tagName === 'TD' && cell.dataset.label !== heads[at])
    || (cell.textContent.trim() && cell.getBoundingClientRect().width < 250)
    || frame.scrollWidth > frame.clientWidth).map((cell) => cell.textContent));
})"""


@pytest.mark.parametrize(
    "path",
    ["/keys", "/trust", "/signing-batch", "/journal", "/operator", "/axis", "/axis-packet"],
)
def test_on_a_phone_each_value_stands_beside_the_words_of_its_column(tab, base, path) -> None:
    tab.set_viewport_size(PHONE)
    tab.goto(base + path)
    assert tab.locator(".tbl.cards tbody tr").count()
    assert tab.evaluate(CELLS) == []
    first = tab.locator(".tbl.cards tbody tr").first
    title = first.locator("th")
    assert title.bounding_box()["y"] <= min(
        one.bounding_box()["y"] for one in first.locator("td:not(:empty)").all()
    ), "a card begins with what it is about"
    tab.evaluate("for (const td of document.querySelectorAll('td')) td.dataset.label += '.'")
    assert tab.evaluate(CELLS) != [], "the control: other words would be seen"
    tab.set_viewport_size(DESK)
    tab.reload()
    assert tab.evaluate(CELLS) != [], "the control: a table of columns has narrow cells"


@pytest.mark.parametrize(
    ("path", "why"), [("/keys", "Cần số, ký hiệu biên bản."), ("/trust", "Dấu vân tay không khớp.")]
)
def test_what_was_refused_far_down_a_page_is_gone_to(tab, base, path, why) -> None:
    tab.set_viewport_size(PHONE)
    tab.goto(base + path)
    told = tab.locator("[data-error-summary]:focus")
    assert why in told.inner_text()
    seen_at = told.bounding_box()["y"]
    assert 0 < seen_at < PHONE["height"]
    assert tab.title().startswith("Lỗi:")
    stands_at = seen_at + tab.evaluate("scrollY")
    assert stands_at > PHONE["height"], "the control: it was below what is seen first"


def test_the_name_of_a_chosen_certificate_is_shown(tab, base) -> None:
    tab.goto(base + "/trust")
    file = {"name": "root-ca.pem", "mimeType": "application/x-pem-file", "buffer": b"x"}
    tab.set_input_files("form[data-trust] input[type=file]", file)
    assert tab.locator("[data-chosen]", has_text="root-ca.pem").is_visible()


#: focuses everything that is filled in, tells over what another thing lies
COVERED = """() => [...document.querySelectorAll('[data-step-form] :is(input, select, textarea)')]
  .filter((field) => field.checkVisibility() && field.type !== 'hidden')
  .filter((field) => {
    field.focus();
    const { left, top, width, height } = field.getBoundingClientRect();
    const there = document.elementFromPoint(left + width / 2, top + height / 2);
    return !there || (there !== field && !there.contains(field) && !field.contains(there));
  }).map((field) => field.name)"""


@pytest.mark.parametrize("path", ["/inbox-opened", "/directive"])
def test_on_a_phone_no_bar_lies_over_what_is_filled_in(tab, base, path) -> None:
    tab.set_viewport_size({"width": 390, "height": 700})
    tab.goto(base + path)
    settled(tab, "[data-step-form][data-enhanced]")
    assert tab.evaluate(COVERED) == []
    tab.evaluate("document.querySelector('.task > footer').style.paddingTop = '600px'")
    assert tab.evaluate(COVERED) != [], "the control: it would be seen"


def test_only_what_belongs_to_the_chosen_act_is_shown(tab, base) -> None:
    tab.goto(base + "/run")
    assert tab.is_visible("#f-back")
    tab.check("input[name=act][value='3']")
    assert not tab.is_visible("#f-back")
    assert tab.is_visible("#f-reason")
    tab.check("input[name=act][value='0']")
    assert tab.is_visible("#f-back")


def test_the_paper_is_shown_and_searched(tab, base) -> None:
    tab.goto(base + "/document")
    settled(tab, ".pdf canvas")
    settled(tab, ".textLayer span")
    tab.fill("#pdf-find", "Ủy ban nhân dân tỉnh")
    settled(tab, ".textLayer .highlight")
    assert tab.inner_text("[data-pdf-page]") == "Trang 1/2"
    assert tab.complaints == []


def test_the_designer_edits_our_words_and_shows_its_mark(tab, base) -> None:
    tab.goto(base + "/designer")
    settled(tab, "[data-designer][data-ready]")
    assert tab.locator(".finding-error").count() == 2
    tab.click("[data-jump=solve]")
    settled(tab, "#bio-properties-panel-congvan-verb")
    tab.select_option("#bio-properties-panel-congvan-verb", "approve")
    xml = tab.evaluate("document.querySelector('[data-designer]').designer.xml()")
    assert 'xmlns:congvan="urn:congvan:bpmn:1"' in xml
    assert (
        '<userTask id="solve" name="Giải quyết, soạn trả lời" congvan:verb="approve">'
        in xml.replace("bpmn:", "")
    )
    assert tab.evaluate("document.querySelector('[data-designer]').designer.untranslated.size") == 0
    settled(tab, "[data-saved]:text('Có thay đổi chưa công bố')")
    for width in (1440, 390):
        tab.set_viewport_size({"width": width, "height": 900})
        mark = tab.locator(".bjs-powered-by")
        mark.scroll_into_view_if_needed()
        box = mark.bounding_box()
        for share in (0.1, 0.5, 0.9):
            place = [box["x"] + box["width"] * share, box["y"] + box["height"] / 2]
            top = tab.evaluate(
                "([x, y]) => document.elementFromPoint(x, y).closest('.bjs-powered-by') !== null",
                place,
            )
            assert top, f"the bpmn.io mark is covered at {width} pixels"
    assert tab.complaints == []


#: opens every menu there is for each element of the drawing, then the simulation
EVERY_MENU = """async () => {
  const page = document.querySelector('[data-designer]');
  const get = (name) => page.designer.modeler.get(name);
  const said = new Set();
  const hear = () => {
    for (const part of page.querySelectorAll('[title], [aria-label]')) {
      for (const name of ['title', 'aria-label']) said.add(part.getAttribute(name) ?? '');
    }
    for (const part of page.querySelectorAll('.djs-popup .entry, .bts-text, .bts-log')) {
      said.add(part.textContent);
    }
  };
  for (const element of get('elementRegistry').filter((e) => e.type !== 'label')) {
    get('selection').select(element);
    get('contextPad').open(element, { force: true });
    for (const menu of ['bpmn-replace', 'bpmn-append']) {
      if (get('popupMenu').isEmpty(element, menu)) continue;
      get('popupMenu').open(element, menu, { x: 300, y: 300 }, { title: '', width: 300 });
      await new Promise((done) => setTimeout(done, 20));
      hear();
      get('popupMenu').close();
    }
  }
  page.designer.simulate();
  await new Promise((done) => setTimeout(done, 200));
  hear();
  return [...said].map((text) => text.trim()).filter((text) => /[A-Za-z]{3}/.test(text));
}"""
VIETNAMESE = re.compile(r"[^\x00-\x7f«»…]")
#: short Vietnamese words without a mark, and the mark of bpmn.io
PLAIN = {"Powered by bpmn.io", "Chung"}


def test_every_menu_of_the_designer_speaks_vietnamese(tab, base) -> None:
    tab.goto(base + "/designer")
    settled(tab, "[data-designer][data-ready]")
    said = set(tab.evaluate(EVERY_MENU))
    assert len(said) > 30
    assert {text for text in said if not VIETNAMESE.search(text)} <= PLAIN
    designer = "document.querySelector('[data-designer]').designer"
    assert tab.evaluate(f"[...{designer}.untranslated]") == []
    assert tab.complaints == []


def test_the_form_editor_runs_under_the_policy(tab, base) -> None:
    tab.goto(base + "/form-editor")
    settled(tab, "[data-form-editor][data-ready]")
    tab.click(".fjs-form-field")
    # FEEL fields: CodeMirror brings its style sheet, constructed and not inline
    tab.wait_for_selector(".cm-editor", state="attached", timeout=20_000)
    assert tab.evaluate("document.adoptedStyleSheets.length") > 0
    assert tab.locator(".fjs-powered-by").is_visible()
    assert tab.complaints == []


def test_keys_move_select_and_open_commands_without_accents(tab, base) -> None:
    tab.goto(base + "/inbox")
    tab.keyboard.press("x")
    assert "Đã chọn 1 văn bản" in tab.inner_text("[data-bulk]")
    tab.keyboard.press("Control+k")
    tab.keyboard.type("so dang ky")
    assert tab.locator("#command-list li").all_inner_texts() == ["Sổ đăng ký"]
    tab.keyboard.press("Escape")
    tab.focus("#f-opinion")
    tab.keyboard.type("x")
    assert "Đã chọn 1 văn bản" in tab.inner_text("[data-bulk]"), "typing is not a command"


def test_rows_and_conditions_follow_the_form(tab, base) -> None:
    tab.goto(base + "/directive")
    assert tab.evaluate("document.activeElement.matches('.errsum')")
    assert not tab.is_visible("#f-reason")
    tab.check("input[value=return]")
    assert tab.is_visible("#f-reason")
    assert not tab.is_visible("#f-rows")
    tab.check("input[value=direct]")
    tab.click("[data-add-row]")
    tab.click("[data-row]:first-child > [data-remove-row]")
    names = tab.evaluate("[...document.querySelectorAll('[data-row] select')].map(e => e.name)")
    assert names == ["rows.0.unit", "rows.0.role", "rows.1.unit", "rows.1.role"]
    assert tab.complaints == []


def test_without_scripts_everything_needed_is_there(browser, base) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(base + "/directive")
    assert page.is_visible("#f-reason")
    assert page.is_visible("button[name=row_command]")
    page.goto(base + "/inbox")
    assert page.is_visible(".pdf-fallback a")
    context.close()


def test_conditions_read_the_part_of_feel_that_hides_fields(tab, base) -> None:
    tab.goto(base + "/login")
    holds = """async ([source, values]) => {
      const { compile } = await import('/static/js/conditions.js');
      try { return compile(source)((name) => values[name] ?? null); } catch { return 'unknown'; }
    }"""
    cases = [
        ('=outcome != "return"', {"outcome": "direct"}, True),
        ('=outcome = "return" or lead_officer != null', {"lead_officer": "an"}, True),
        ('=outcome = "return" or lead_officer != null', {}, False),
        ('=issue_form = null or issue_form = "electronic"', {}, True),
        ('=not(needs_reply) and kind in ("a", "b")', {"kind": "b"}, True),
        ("=count(rows) > 2", {}, "unknown"),
        ("=a = 1 extra", {}, "unknown"),
    ]
    for source, values, expected in cases:
        assert tab.evaluate(holds, [source, values]) == expected, source
