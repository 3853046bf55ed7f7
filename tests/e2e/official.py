"""The story played in Chromium: officials log in, find their work in the inbox, fill in forms."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lxml.html
from installation import Installation, eventually
from narrative import Attached, Do, Facts, InDays, Pick
from playwright.sync_api import Browser, Locator, Page

#: where pictures of the pages go, when somebody wants them
SCREENSHOTS = os.environ.get("CONGVAN_E2E_SCREENSHOTS", "")
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 412, "height": 915}


class Officials:
    """All officials of the story, who take turns at one browser, each with his own session.

    Twenty browsers would each read and compile every script anew: half of what the story costs.
    """

    def __init__(self, browser: Browser, house: Installation, viewport: Mapping[str, int]) -> None:
        self.house = house
        self.context = browser.new_context(
            base_url=house.url, viewport=dict(viewport), locale="vi-VN"
        )
        self.page = page = self.context.new_page()
        #: what went wrong in a page while nobody looked: scripts, policy, answers of 500
        self.complaints: list[str] = []
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("console", lambda said: self._hear(page, said))
        page.on("response", self._notice)
        self.seated: tuple[str, str] | None = None
        #: the cookies of those who have logged in and rose
        self.sessions: dict[tuple[str, str], list[Any]] = {}

    # -- at the desk

    def desk(self, who: str, agency: str = "") -> Page:
        """The page of an officer who has logged in, in the position he holds in `agency`."""
        if self.seated == (who, agency):
            return self.page
        self._rise()
        self.seated = (who, agency)
        if (who, agency) in self.sessions:
            self.context.add_cookies(self.sessions[who, agency])
        else:
            self._log_in(self.page, who, agency)
        return self.page

    def _rise(self) -> None:
        """Leave the page, so that nothing of it is asked for in the name of the next."""
        if self.seated:
            self.page.goto("/healthz")
            self.sessions[self.seated] = self.context.cookies()
            self.context.clear_cookies()

    def _log_in(self, page: Page, who: str, agency: str) -> None:
        page.goto("/")
        page.get_by_label("Tài khoản", exact=True).fill(who)
        page.get_by_label("Mật khẩu", exact=True).fill(self.house.password)
        page.get_by_role("button", name="Đăng nhập", exact=True).click()
        if agency:
            page.get_by_role("button", name=re.compile(re.escape(agency))).click()
        page.locator(".mainnav, .pnav").filter(visible=True).wait_for()

    def _hear(self, page: Page, said: Any) -> None:
        if said.type == "error":
            self.complaints.append(f"{page.url}: {said.text}")

    def _notice(self, answer: Any) -> None:
        if answer.status >= 500:
            self.complaints.append(f"{answer.status} {answer.url}")

    def picture(self, page: Page, name: str) -> None:
        if SCREENSHOTS:
            folder = Path(SCREENSHOTS)
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{name}.png")

    # -- beginning

    def begin(self, who: str, subject: str) -> None:
        page = self.desk(who)
        page.goto("/outgoing")
        page.get_by_role("link", name="Soạn văn bản").click()
        self._begin(page, subject)

    def answer(self, who: str, answered: str, subject: str) -> None:
        page = self._open(who, "incoming", answered)
        page.get_by_role("link", name="Soạn văn bản trả lời").click()
        self._begin(page, subject)

    def _begin(self, page: Page, subject: str) -> None:
        page.get_by_label("Trích yếu nội dung").fill(subject)
        page.get_by_role("button", name="Bắt đầu soạn thảo").click()
        self._told(page, "Đã tạo dự thảo")

    # -- a step

    def do(self, deed: Do) -> None:
        page = self.desk(deed.who)

        def row() -> Locator | None:
            page.goto("/inbox/")
            rows = page.locator("[data-row]").filter(has=page.get_by_text(deed.subject, exact=True))
            found = rows.filter(has_text=f"· {deed.step}")
            return found.first if found.count() else None

        eventually(row, what=deed).locator("a").click()
        form = page.locator("form[data-step-form][data-enhanced]")
        form.wait_for()
        self.picture(page, f"{deed.step} {deed.who}".replace(",", "").replace(" ", "-"))
        for name, value in deed.values.items():
            self._fill(page, form, name, value)
        form.locator("[data-main]").click()
        self._told(page, deed.step)

    def _told(self, page: Page, words: str) -> None:
        """Wait for the note that says it is done; an error on the page is what failed."""
        note, wrong = page.locator(".toast"), page.locator("[data-error-summary], .failure")
        note.or_(wrong).first.wait_for()
        if wrong.count():
            raise AssertionError(f"{words}: {wrong.first.inner_text()}")
        assert words in note.first.inner_text(), (words, note.first.inner_text())

    def _fill(self, page: Page, form: Locator, name: str, value: Any) -> None:
        match value:
            case [{}, *_]:
                self._fill_rows(page, form, name, value)
            case [*picked]:
                for one in picked:
                    self._choice(form, name, one.words).check()
            case Pick(words):
                self._pick(form.locator(f'select[name="{name}"]'), words)
            case Attached():
                kind = "application/octet-stream"
                sent: Any = {"name": value.name, "mimeType": kind, "buffer": value.content}
                form.locator(f'input[type=file][name="{name}"]').set_input_files(sent)
            case InDays():
                form.locator(f'[name="{name}"]').fill(f"{value.date:%d/%m/%Y}")
            case True:
                form.locator(f'input[type=checkbox][name="{name}"]').check()
            case _:
                self._enter(form, name, str(value))

    def _enter(self, form: Locator, name: str, text: str) -> None:
        found = form.locator(f'[name="{name}"]')
        kind = found.first.evaluate("e => e.tagName === 'SELECT' ? 'select' : e.type")
        if kind == "radio":
            form.locator(f'[name="{name}"][value="{text}"]').check()
        elif kind == "select":
            found.select_option(text)
        else:
            found.fill(text)

    def _fill_rows(
        self, page: Page, form: Locator, name: str, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        listed = form.locator(f'[data-rows="{name}"]')
        for number, row in enumerate(rows):
            prefix = f"{name}.{number}."
            if listed.locator(f'[data-prefix="{prefix}"]').count() == 0:
                listed.locator("[data-add-row]").click()
                listed.locator(f'[data-prefix="{prefix}"]').wait_for()
            for key, value in row.items():
                self._fill(page, form, prefix + key, value)

    @staticmethod
    def _choice(form: Locator, name: str, words: str) -> Locator:
        box = f'input[name="{name}"]'
        return form.locator(f"label:has({box})").filter(has_text=words).locator(box)

    @staticmethod
    def _pick(select: Locator, words: str) -> None:
        labels = select.locator("option").all_inner_texts()
        fitting = [one for one in labels if one == words] or [one for one in labels if words in one]
        assert len(fitting) == 1, (words, labels)
        select.select_option(label=fitting[0])

    # -- looking

    def _listed(self, who: str, way: str, subject: str, agency: str = "") -> Locator:
        """The link to the page of a document, in the list."""
        page = self.desk(who, agency)
        page.goto(f"/{way}?state=all")
        return page.locator("tr").filter(has_text=subject).first.locator("th a")

    def _open(self, who: str, way: str, subject: str, agency: str = "") -> Page:
        """Open the page of a document from the list."""
        self._listed(who, way, subject, agency).click()
        self.page.locator("main.doc").wait_for()
        return self.page

    def see(self, who: str, subject: str, agency: str, codes: Sequence[str]) -> None:
        link = self._listed(who, "outgoing", subject)
        page = self.page
        address = link.get_attribute("href") or ""

        def arrived() -> bool:
            """Look with the officer's own session, without drawing the paper again and again."""
            return reported(page.request.get(address).text(), agency) == list(codes)

        eventually(arrived, what=(agency, codes))
        link.click()
        page.locator("main.doc").wait_for()
        assert reported(page.content(), agency) == list(codes)
        self.picture(page, f"Trang-thai-{agency}-{codes[-1]}".replace(" ", "-"))

    def facts(self, who: str, way: str, subject: str) -> Facts:
        page = self._open(who, way, subject)
        page.locator(".pdf").scroll_into_view_if_needed()  # on a phone it is drawn when it is seen
        page.locator(".pdf canvas").first.wait_for()
        self.picture(page, f"Van-ban-{way}-{who}")
        listed = page.locator("section[aria-labelledby=h-facts]")
        labels = listed.locator("dt").all_inner_texts()
        said = dict(zip(labels, listed.locator("dd").all_inner_texts(), strict=True))
        number = said.get("Số đến")
        return Facts(
            reference=page.locator("header .ref").first.inner_text(),
            authenticity=said.get("Kiểm tra xác thực", ""),
            arrival_number=int(number) if number else None,
            handed_to=said.get("Chuyển cho", ""),
        )

    def dossier(self, who: str, title: str) -> set[str]:
        page = self.desk(who)
        page.goto("/dossiers")
        page.locator("tr").filter(has_text=title).locator("th a").click()
        page.get_by_role("heading", name=title).first.wait_for()
        self.picture(page, f"Ho-so-{who}")
        filed = page.locator("section[aria-labelledby=h-documents] th").all_inner_texts()
        return {name for name in filed if "/" in name}

    def replay(self, agency: str, way: str, subject: str) -> list[str]:
        """Walk through a run from its first event to its last, as the auditor does."""
        page = self._open("thanhtra", way, subject, agency)
        page.get_by_role("link", name="Phát lại", exact=True).click()
        main = page.locator("main[data-replay]")
        main.wait_for()
        total = int(main.get_attribute("data-total") or 0)
        assert f"Chuỗi băm khớp {total}/{total} sự kiện" in main.inner_text()
        page.locator("[data-go=first]").click()
        met: list[str] = []
        for at in range(1, total + 1):
            current = page.locator(f'[data-at="{at}"][aria-current=step]')
            current.wait_for()
            said = current.locator("b").inner_text()
            met += re.findall("bước «(.+?)»", said)
            if at < total:
                page.locator("[data-go=next]").click()
        self.picture(page, f"Phat-lai-{way}")
        return met

    def journal_holds(self) -> bool:
        page = self.desk("thanhtra", "Ủy ban nhân dân tỉnh Thái Nguyên")
        page.goto("/journal")
        page.get_by_role("button", name="Kiểm tra nhật ký").click()
        result = page.get_by_role("status").first
        result.wait_for()
        self.picture(page, "Nhat-ky")
        return "toàn vẹn" in result.inner_text()


def reported(html: str, agency: str) -> list[str]:
    """The codes an agency reported, as the table on the sender's page shows them."""
    [page] = lxml.html.fromstring(html).xpath("//main")
    codes: list[str] = []
    of_agency = False
    for row in page.xpath(".//section[@aria-labelledby='h-statuses']//tbody/tr"):
        first, *rest = (cell.text_content().strip() for cell in row)
        if len(rest) == 2:  # an agency, its state and since when; what it reported stands below
            of_agency = agency in first
        elif of_agency:
            codes.append(first[:2])
    return codes
