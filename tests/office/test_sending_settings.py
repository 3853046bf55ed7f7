"""How long a packet is tried before somebody is told, as `congvan doctor` says it."""

import pytest

from engine.backoff import Backoff
from office.finding import Level
from office.sending_settings import look_at_sending


@pytest.mark.parametrize(
    ("sending", "level", "minutes"),
    [
        (Backoff(12), Level.OK, 68),
        (Backoff(12, longest=600), Level.OK, 37),
        (Backoff(30), Level.NOTE, 1148),
        (Backoff(1), Level.OK, 0),
    ],
)
def test_doctor_tells_after_how_long_it_is_an_incident(sending, level, minutes):
    [found] = look_at_sending(sending)
    assert found.level is level
    assert f"khoảng {minutes} phút" in found.vi
    assert ("QĐ 28/2018" in found.vi) is (level is Level.NOTE)
