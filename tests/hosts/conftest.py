"""Three hosts for the tests of this folder, where the machine permits network namespaces."""

import os
import signal
from collections.abc import Callable, Iterator

import pytest
from host_ground import Hosts, hosts
from host_network import hindrance


@pytest.fixture(scope="session")
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return what writes a line on the terminal at once."""
    plugins = request.config.pluginmanager
    reporter, capture = plugins.get_plugin("terminalreporter"), plugins.get_plugin("capturemanager")

    def write(line: str) -> None:
        if reporter is not None:  # a process of xdist has none
            with capture.global_and_fixture_disabled():
                reporter.ensure_newline()
                reporter.write_line(line)

    return write


@pytest.fixture(scope="session")
def seed(tell: Callable[[str], None]) -> int:
    """What faults are drawn from; `HOSTS_SEED=n` draws others."""
    chosen = int(os.environ.get("HOSTS_SEED") or "188")
    tell(f"HOSTS_SEED={chosen}")
    return chosen


@pytest.fixture(scope="module")
def lent() -> Iterator[Hosts]:
    """Three hosts at work."""
    if why := hindrance():
        pytest.skip(why)
    before = signal.signal(signal.SIGTERM, _interrupt)  # who is ended so leaves nothing either
    try:
        with hosts() as made:
            yield made
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
