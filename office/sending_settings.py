"""How often a packet is sent before the clerk is told (cấu hình gửi lại), read with the others."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from environs import Env
from marshmallow.validate import Range

from engine.backoff import Backoff
from office.finding import Finding, Level

#: name, default, what it decides in Vietnamese and English
SENDING_SETTINGS: Final = (
    (
        "CONGVAN_SEND_ATTEMPTS",
        12,
        "Số lần gửi một gói tin trước khi thành sự cố để văn thư xử lý (1–30).",
        "Attempts to send a packet before it is an incident for the clerk (1–30).",
    ),
    (
        "CONGVAN_SEND_PAUSE",
        60,
        "Khoảng chờ dài nhất giữa hai lần gửi một gói tin, phút (1–1440).",
        "Longest wait between two attempts to send a packet, in minutes (1–1440).",
    ),
)

#: what holds where nothing is set
OWN_SENDING: Final = Backoff(12)
_DEFAULTS = {name: default for name, default, _, _ in SENDING_SETTINGS}
#: QĐ 28/2018/QĐ-TTg: what is signed arrives the same day, at latest the next working morning
_DAY: Final = timedelta(hours=8)


def read_sending(env: Env) -> Backoff:
    """Read how often is tried, and how long apart; what is wrong is told with all the others."""

    def number(name: str, least: int, most: int) -> int:
        found: int | None = env.int(name, _DEFAULTS[name], validate=Range(least, most))
        return found or 1  # what is wrong is told when the environment is sealed

    return Backoff(
        number("CONGVAN_SEND_ATTEMPTS", 1, 30),
        longest=60.0 * number("CONGVAN_SEND_PAUSE", 1, 1440),
    )


def look_at_sending(sending: Backoff) -> Iterator[Finding]:
    """Tell after how long a packet that cannot be sent is an incident: within a working day."""
    lasting = timedelta(seconds=sending.lasting)
    minutes = round(lasting.total_seconds() / 60)
    vi = f"gói tin không gửi được thành sự cố sau {sending.attempts} lần, khoảng {minutes} phút"
    en = f"what cannot be sent is an incident after {sending.attempts} attempts, {minutes} minutes"
    if lasting <= _DAY:
        yield Finding("sending", Level.OK, vi, en)
        return
    yield Finding(
        "sending",
        Level.NOTE,
        f"{vi}, quá một ngày làm việc (QĐ 28/2018/QĐ-TTg: gửi ngay trong ngày); giảm "
        "CONGVAN_SEND_ATTEMPTS hoặc CONGVAN_SEND_PAUSE",
        f"{en}, over a working day (Decision 28/2018: sent the same day); lower "
        "CONGVAN_SEND_ATTEMPTS or CONGVAN_SEND_PAUSE",
    )
