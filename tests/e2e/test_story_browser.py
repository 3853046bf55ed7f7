"""The whole story in a real browser against a real `congvan run`, on both grounds."""

from collections.abc import Iterator

import pytest
from headless import BROWSER, chromium
from installation import Installation
from narrative import check, tell
from official import DESK, PHONE, Officials

pytestmark = [
    pytest.mark.timeout(900),  # some thirty people at one desk, on a machine that does more
    *BROWSER,
]


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with chromium() as started:
        yield started


def test_the_story_in_a_browser(browser, house: Installation):
    officials = Officials(browser, house, PHONE if house.services else DESK)
    tell(officials)
    check(officials)
    assert officials.complaints == []
    verified = house.command("verify-journal")
    assert verified.returncode == 0, verified.stdout + verified.stderr
