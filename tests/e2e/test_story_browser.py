"""The whole story in a real browser against a real `congvan run`, on both grounds."""

import shutil
from collections.abc import Iterator

import pytest
from installation import Installation
from narrative import check, tell
from official import Officials

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)

pytestmark = [
    pytest.mark.timeout(900),  # some thirty people at one desk, on a machine that does more
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


def test_the_story_in_a_browser(browser, house: Installation):
    officials = Officials(browser, house)
    tell(officials)
    check(officials)
    assert officials.complaints == []
    verified = house.command("verify-journal")
    assert verified.returncode == 0, verified.stdout + verified.stderr
