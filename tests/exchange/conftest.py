"""Messages to read and envelopes to write, as plain builders."""

import base64
import io
import itertools
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, settings
from sample_messages import DOCUMENT, PDF, STATUS

from exchange.axis import Axis
from exchange.axis_client import AxisClient, Connection, Secret
from exchange.document_type import document_type
from exchange.envelope import Attachment, Code, Envelope, Party
from exchange.memory_store import MemoryStore

settings.register_profile(
    "exchange", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("exchange")


def _edited(base: str) -> Callable[..., bytes]:
    def edit(*changes: tuple[str, str]) -> bytes:
        text = base
        for old, new in changes:
            assert old in text, f"the fixture has no {old!r}"
            text = text.replace(old, new)
        return text.encode()

    return edit


@pytest.fixture(scope="session")
def document():
    """A hand-written document message; `document((old, new), …)` returns it changed."""
    return _edited(DOCUMENT)


@pytest.fixture(scope="session")
def status_xml():
    """A hand-written status message, changed likewise."""
    return _edited(STATUS)


@pytest.fixture(scope="session")
def zip_of():
    """Base64 of a ZIP of the given entries."""

    def build(*entries: tuple[str, bytes]) -> str:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in entries:
                archive.writestr(name, content)
        return base64.b64encode(buffer.getvalue()).decode()

    return build


@pytest.fixture(scope="session")
def make_envelope():
    """Build a small valid envelope."""

    def build(number: int = 215, organ: str = "H55.07", to=("H55",), **changes) -> Envelope:
        envelope = Envelope(
            sender=Party(organ, "Sở Thông tin và Truyền thông"),
            receivers=tuple(Party(code, f"Cơ quan {code}") for code in to),
            code=Code(str(number), "STTTT-VP"),
            promulgated_on=date(2026, 11, 20),
            document_type=document_type("Công văn"),
            subject="V/v góp ý quy chế liên thông văn bản",
            document_id=f"{organ},2026/11/20,{number}/STTTT-VP",
            attachments=(Attachment.of("van-ban.pdf", PDF + str(number).encode()),),
        )
        return replace(envelope, **changes)

    return build


class HandClock:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def hub(clock):
    """An axis with a provincial office (two codes), two departments and a stranger."""
    store = MemoryStore()
    numbers = itertools.count(1)
    axis = Axis(store, clock, new_id=lambda: f"id{next(numbers):04d}")
    for system_id in ("ubnd", "stttt", "stc", "la"):
        axis.admit_system(system_id, f"khoa-{system_id}")
    axis.admit_agency("ubnd", "H55", "UBND tỉnh Thái Nguyên", ("000.00.00.H55",))
    axis.admit_agency("stttt", "H55.07", "Sở Thông tin và Truyền thông", parent="H55")
    axis.admit_agency("stc", "H55.08", "Sở Tài chính", parent="H55")
    axis.admit_agency("la", "G99", "Hệ thống khác")
    return axis


@pytest.fixture
def in_process(hub, clock):
    """Gateways that call the hub directly, by system and code."""

    def connect(system_id: str, organ_id: str) -> DirectGateway:
        return DirectGateway(hub, clock, system_id, organ_id)

    return connect


class DirectGateway(AxisClient):
    """The real client, with the wire cut out: its signed headers go straight into the hub."""

    def __init__(self, hub: Axis, clock, system_id: str, organ_id: str) -> None:
        secret = Secret(f"khoa-{system_id}")
        super().__init__(Connection("http://axis.test/adapter", system_id, secret, organ_id), clock)
        self._hub = hub

    def _post(self, operation, headers, body, take=None):
        answer = self._hub.handle(operation, headers, body)
        if take is not None:
            take(answer.body)
        return answer.status, answer.body
