"""A real browser, a signing program of its own process, a token's key: the officer signs at his desk."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import headless
import pytest
from desk_key import at_desk
from page_server import served
from story import PASSWORD, annexed, blank_pdf, letter

from records.signing_session import SessionState, SigningSession
from signing.keystores.pkcs12 import Pkcs12KeyStore
from signing.testing.desk_agent import Mood
from web.app import create_app

pytestmark = headless.BROWSER
WAITING = "Đang chờ ký trên thiết bị"


class Program:
    """The signing program on this desk: started, told its mood, ended."""

    def __init__(self, keystore, other) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "signing.testing.desk_agent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        keys = {"keystore": str(keystore), "other": str(other), "passphrase": PASSWORD}
        self._say(json.dumps(keys))
        self.port = int(self.process.stdout.readline())

    def _say(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def feel(self, mood: Mood) -> None:
        self._say(mood)
        assert self.process.stdout.readline().strip() == mood

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


def register_all(story, keys) -> None:
    director = story.login("giamdoc.stttt")
    for name, owner in (("person", director.officer_id), ("agency", director.agency_id)):
        at_desk(story, owner, Pkcs12KeyStore(keys[name].read_bytes(), PASSWORD))


@pytest.fixture(scope="module")
def unsealed(story_office) -> list[object]:
    """Two letters with two annexes each that wait for their seal; files signed what came before."""
    annexes = {"a.pdf": blank_pdf("1"), "b.pdf": blank_pdf("2")}
    return [annexed(story_office, **annexes) for _ in range(2)]


@pytest.fixture(scope="module")
def several(story_office) -> list[object]:
    """Three letters that wait for the director."""
    return [letter(story_office, "sign", subject=f"nhiều văn bản {n}") for n in range(3)]


@pytest.fixture(scope="module")
def keys(story_office, unsealed) -> dict[str, object]:
    """Where the keys of director and agency lie; both are registered as devices."""
    folder = story_office.office.settings.data / "signing" / "keystores"
    director = story_office.login("giamdoc.stttt")
    found = {
        "person": folder / f"{director.officer_id}.p12",
        "agency": folder / f"{director.agency_id}.p12",
    }
    register_all(story_office, found)
    return found


@pytest.fixture(scope="module")
def program(keys) -> Iterator[Program]:
    started = Program(keys["person"], keys["agency"])
    yield started
    started.end()


class Site:
    """The pages of the installation, told where the program is and what it signs."""

    def __init__(self, story) -> None:
        self.office = story.office
        self.app = create_app(self.office)
        self.url = ""

    def bridge(self, port: int, transport: str = "agent-file") -> None:
        told = replace(
            self.office.settings, bridge=f"ws://127.0.0.1:{port}", bridge_transport=transport
        )
        self.app.extensions["congvan"] = replace(self.office, settings=told)


@pytest.fixture(scope="module")
def site(story_office) -> Iterator[Site]:
    made = Site(story_office)
    with served(made.app) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        yield made


@pytest.fixture(scope="module")
def browser(unsealed) -> Iterator[object]:
    with headless.chromium() as started:
        yield started


class Seat:
    """An officer in front of the form of one step."""

    def __init__(self, browser, site: Site, story, user: str) -> None:
        self.story, self.site, self.user = story, site, user
        self.context = browser.new_context(base_url=site.url, locale="vi-VN")
        self.page = self.context.new_page()
        self.page.set_default_timeout(30_000)
        # drawing the paper again and again is another test's
        self.page.route("**/js/pdf.js", lambda asked: asked.abort())
        self.complaints: list[str] = []
        self.page.on("console", self._console)
        self.page.goto("/login")
        self.page.fill("#username", user)
        self.page.fill("#password", PASSWORD)
        self.page.click("main button.primary")
        self.page.wait_for_selector("main.inbox, main")

    def _console(self, message) -> None:
        if "Content Security Policy" in message.text or "pageerror" in message.text:
            self.complaints.append(message.text)

    def item(self, document) -> object:
        (item,) = self.story.open_items(document)
        return item.id

    def open(self, document) -> str:
        answer = self.page.goto(f"/work-items/{self.item(document)}")
        self.page.wait_for_selector("[data-step-form][data-enhanced]")
        return answer.headers["content-security-policy"]

    def press(self) -> None:
        self.page.click("[data-main]")

    def told(self, words: str) -> None:
        self.page.wait_for_function(
            "words => document.querySelector('[data-desk-text]')?.textContent.includes(words)",
            arg=words,
        )

    def left(self) -> None:
        """Wait until the page of the step was left: it is done."""
        # each file an agent brings is read in a process of its own, which a busy machine starts late
        self.page.wait_for_selector(".flash", timeout=90_000)

    def session(self, document) -> SigningSession:
        return self.story.all(SigningSession, SigningSession.document_id == document)[-1]


@pytest.fixture(scope="module")
def seat(browser, site, story_office) -> Iterator[object]:
    made: dict[str, Seat] = {}

    def sit(user: str) -> Seat:
        if user not in made:
            made[user] = Seat(browser, site, story_office, user)
        return made[user]

    yield sit
    for one in made.values():
        one.context.close()
        assert one.complaints == []


@pytest.fixture(scope="module")
def unsigned(story_office):
    """A letter that waits for the director's signature, through all that goes wrong."""
    return letter(story_office, "sign")


@pytest.fixture
def director(seat, site, program, keys) -> Seat:
    site.bridge(program.port)
    program.feel(Mood.SIGN)
    return seat("giamdoc.stttt")


def test_the_page_may_speak_with_this_program_alone(director, site, program, unsigned):
    policy = director.open(unsigned)
    assert f"connect-src 'self' ws://127.0.0.1:{program.port};" in policy
    assert director.page.locator("#f-pin").count() == 0, "the PIN is typed at the device"
    other = director.page.goto("/help").headers["content-security-policy"]
    assert "connect-src 'self';" in other


def test_without_a_program_the_form_says_what_is_missing(director, site, unsigned):
    site.app.extensions["congvan"] = site.office
    policy = director.open(unsigned)
    assert "connect-src 'self';" in policy
    assert "chưa được nối với phần mềm ký" in director.page.locator("[data-step-form]").inner_text()


def test_a_program_that_is_not_there_is_told_with_what_to_do(
    director, site, unsigned, story_office
):
    site.bridge(9)  # nobody listens there
    director.open(unsigned)
    director.press()
    director.told("Không kết nối được với phần mềm ký")
    assert director.page.locator("[data-main]").is_enabled()
    assert director.session(unsigned).state is SessionState.FAILED
    assert story_office.standing(unsigned) == ["sign"]


@pytest.mark.parametrize(
    ("mood", "words"),
    [
        (Mood.CANCEL, "Người dùng hủy ký số"),
        (Mood.CHANGED, "không phải là văn bản đang chờ ký"),
        (Mood.OTHER_FILE, "không phải là văn bản đang chờ ký"),
        (Mood.OTHER_KEY, "chứng thư số khác"),
    ],
)
def test_what_the_program_does_wrong_signs_nothing(
    director, program, unsigned, story_office, mood, words
):
    program.feel(mood)
    director.open(unsigned)
    director.press()
    director.told(words)
    assert director.page.locator("[data-main]").is_enabled()
    assert director.session(unsigned).state is SessionState.FAILED
    assert story_office.standing(unsigned) == ["sign"]
    assert not story_office.outgoing(unsigned).is_signed


def test_the_officer_gives_up_and_what_comes_later_is_not_taken(
    director, program, unsigned, story_office
):
    program.feel(Mood.HOLD)
    # in the preview of the inbox, where leaders work
    director.page.goto("/inbox")
    director.page.click(f"[data-list] [data-row] a[href*='{director.item(unsigned)}']")
    director.page.wait_for_selector("[data-step-form][data-enhanced]")
    director.press()
    director.told(WAITING)
    director.page.click("[data-desk-cancel]")
    director.told("Đã hủy ký trên thiết bị")
    program.feel(Mood.SIGN)
    assert director.session(unsigned).failure["code"] == "cancelled"
    assert story_office.standing(unsigned) == ["sign"]


def test_a_session_that_ran_out_is_told(director, program, unsigned, story_office):
    program.feel(Mood.HOLD)
    director.open(unsigned)
    director.press()
    director.told(WAITING)
    director.page.reload()
    director.told(WAITING)
    story_office.run_sql(
        "UPDATE signing_session SET expires_at = created_at WHERE state = 'prepared'"
    )
    director.told("Đã hết thời gian chờ ký")
    assert director.page.locator("[data-main]").is_enabled()


def test_a_step_that_moved_on_is_told(director, program, unsigned, story_office):
    program.feel(Mood.HOLD)
    director.open(unsigned)
    director.press()
    director.told(WAITING)
    story_office.run_sql(
        "UPDATE work_item SET version = version + 1 WHERE id = %s",
        director.session(unsigned).item_id,
    )
    program.feel(Mood.SIGN)
    director.told("vừa được người khác thay đổi")
    assert director.session(unsigned).failure["code"] == "stale"
    assert not story_office.outgoing(unsigned).is_signed


def test_a_page_that_was_reloaded_sees_the_signature_come(
    director, program, unsigned, story_office
):
    program.feel(Mood.HOLD)
    director.open(unsigned)
    director.press()
    director.told(WAITING)
    director.page.reload()
    director.told(WAITING)
    program.feel(Mood.TWICE)
    director.left()
    assert "Đã ký số" in director.page.locator(".flash").inner_text()
    assert story_office.outgoing(unsigned).is_signed
    assert director.session(unsigned).state is SessionState.DONE


def test_the_clerk_numbers_and_seals_with_raw_signatures(
    seat, site, program, unsigned, story_office
):
    clerk = seat("vanthu.stttt")
    site.bridge(program.port, "raw")
    program.feel(Mood.SIGN)  # the person's token is still plugged in
    clerk.open(unsigned)
    clerk.press()
    clerk.told("Chữ ký nhận được không khớp")
    assert story_office.outgoing(unsigned).serial_number is None
    program.feel(Mood.OTHER_KEY)
    clerk.press()
    clerk.left()
    assert story_office.outgoing(unsigned).serial_number is not None
    story_office.do("vanthu.stttt", "register", of=unsigned, issue_form="electronic")
    clerk.open(unsigned)
    clerk.press()
    clerk.told("Đã kiểm tra chữ ký")  # the box is not ticked: nobody was asked for a PIN
    clerk.page.check("#f-confirm")
    clerk.press()
    clerk.left()
    assert story_office.outgoing(unsigned).status == "sealed"


def test_one_file_that_is_not_signed_leaves_all_unsigned(
    seat, site, program, unsealed, story_office
):
    document = unsealed[-1]
    clerk = seat("vanthu.stttt")
    site.bridge(program.port)
    program.feel(Mood.OTHER_KEY)
    clerk.open(document)
    clerk.page.check("#f-confirm")
    # the second file goes to a program that holds it
    clerk.page.route(
        "**/signing/*?next=*", lambda asked: (program.feel(Mood.HOLD), asked.continue_())
    )
    clerk.press()
    clerk.told("Tệp 2/3.")
    program.feel(Mood.CANCEL)
    clerk.told("Người dùng hủy ký số")
    clerk.page.unroute("**/signing/*?next=*")
    assert clerk.page.locator("[data-main]").is_enabled()
    made = story_office.all(SigningSession, SigningSession.document_id == document)
    assert [one.state for one in made] == [SessionState.FAILED] * 3
    assert story_office.standing(document) == ["seal"]


@pytest.mark.parametrize("transport", ["agent-file", "raw"])
def test_the_clerk_seals_a_letter_and_its_annexes_in_one_gesture(
    seat, site, program, unsealed, story_office, transport
):
    document = unsealed.pop()
    clerk = seat("vanthu.stttt")
    site.bridge(program.port, transport)
    program.feel(Mood.HOLD)
    clerk.open(document)
    clerk.page.check("#f-confirm")
    clerk.press()
    clerk.told(f"{WAITING}… Nhập mã PIN trong cửa sổ của phần mềm ký. Tệp 1/3.")
    if transport == "agent-file":
        # what is left to be asked of the program is asked after a reload
        clerk.page.reload()
        clerk.told("Tệp 1/3.")
    program.feel(Mood.OTHER_KEY)  # the agency's token
    clerk.left()
    assert "2 phụ lục" in clerk.page.locator(".flash").inner_text()
    assert story_office.outgoing(document).status == "sealed"
    made = story_office.all(SigningSession, SigningSession.document_id == document)
    assert [one.state for one in made[-3:]] == [SessionState.DONE] * 3


def test_several_documents_are_signed_one_after_the_other_and_the_rest_later(
    director, program, several, story_office
):
    page = director.page
    program.feel(Mood.HOLD)
    page.goto("/inbox/")
    for document in several:
        page.check(f"input[form='bulk'][value='{director.item(document)}']")
    page.click("[data-bulk] button[value='sign']")
    page.wait_for_selector("form[data-desk-batch][data-enhanced]")
    assert page.locator("input[name='pin']").count() == 0, "the PIN is typed at the device"
    # they are due at the same time: whichever stands second moves on
    lines = page.locator("tr[data-begin]").all_inner_texts()
    (second,) = re.findall(r"nhiều văn bản (\d)", lines[1])
    moved = several[int(second)]
    page.click("[data-desk-all]")
    page.wait_for_selector("tr:nth-child(1) [data-desk-told]:not([hidden])")
    # one has moved on meanwhile: it is told so, the others go on
    story_office.run_sql(
        "UPDATE work_item SET version = version + 1 WHERE id = %s", director.item(moved)
    )
    program.feel(Mood.SIGN)
    sum_of = "text => document.querySelector('[data-desk-sum]').textContent.includes(text)"
    page.wait_for_function(sum_of, arg="đã ký 2 văn bản, còn 1 văn bản")
    assert [story_office.outgoing(one).is_signed for one in several] == [
        one != moved for one in several
    ]
    assert "vừa được người khác thay đổi" in page.locator("tr[data-begin]").inner_text()
    # whoever is asked for no more documents signs none of the rest
    program.feel(Mood.CANCEL)
    page.click("[data-desk-all]")
    page.wait_for_function(sum_of, arg="đã ký 0 văn bản, còn 1 văn bản")
    assert story_office.standing(moved) == ["sign"]
