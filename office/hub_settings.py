"""Settings of our own axis (cấu hình trục của hệ thống), read with the others."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from environs import Env
from marshmallow.validate import Length, Range

from exchange.axis_rules import AxisRules
from exchange.identity import ORGAN_ID_LENGTH
from exchange.limits import MEGABYTE

#: name, default, what it decides in Vietnamese and English
HUB_SETTINGS: Final = (
    (
        "CONGVAN_HUB_LARGEST",
        100,
        "Dung lượng lớn nhất của một gói tin gửi lên trục của hệ thống này, triệu byte.",
        "Largest message that our own axis takes, in millions of bytes.",
    ),
    (
        "CONGVAN_HUB_MESSAGES",
        0,
        "Số gói tin mỗi hệ thống được gửi lên trục trong một giờ; 0 là không giới hạn.",
        "Messages a system may send to our axis in an hour; 0 for no limit.",
    ),
    (
        "CONGVAN_HUB_MEGABYTES",
        0,
        "Số triệu byte mỗi hệ thống được gửi lên trục trong một giờ; 0 là không giới hạn.",
        "Millions of bytes a system may send to our axis in an hour; 0 for no limit.",
    ),
    (
        "CONGVAN_HUB_DAYS",
        90,
        (
            "Số ngày trục giữ nội dung gói tin sau khi mọi nơi nhận đã xác nhận; tiêu đề và "
            "nhật ký vẫn còn."
        ),
        (
            "Days our axis keeps the bytes of a message after all receivers confirmed it; headers "
            "and log stay."
        ),
    ),
    (
        "CONGVAN_HUB_UNPROVEN",
        4,
        (
            "Có máy chủ dấu thời gian mà quá số giờ này nhật ký gói tin chưa được đóng dấu thì "
            "trục ngừng tiếp nhận."
        ),
        (
            "Hours after which our axis accepts nothing more while a timestamping authority is "
            "named and its log has no timestamp."
        ),
    ),
    (
        "CONGVAN_HUB_NODE",
        "",
        (
            "Mã nút trục (ví dụ 00.55.W00) ghi vào vết truyền của gói tin chuyển tiếp; để trống "
            "thì không ghi."
        ),
        "Code of our axis (such as 00.55.W00) in the trace of what it forwards; none when empty.",
    ),
    (
        "CONGVAN_HUB_UPSTREAM",
        "",
        (
            "Địa chỉ trục cấp trên nhận gói tin không thuộc thành viên (https://…/adapter); để "
            "trống thì không chuyển tiếp."
        ),
        (
            "Address of the axis above, which takes what is for no member; nothing is forwarded "
            "when empty."
        ),
    ),
    (
        "CONGVAN_HUB_UPSTREAM_SYSTEM",
        "",
        "Mã hệ thống mà trục cấp trên cấp; khóa bí mật đặt ở keys/upstream.secret.",
        "System id that the axis above gave; its secret is in keys/upstream.secret.",
    ),
)

_DEFAULTS = {name: default for name, default, _, _ in HUB_SETTINGS}


@dataclass(frozen=True, slots=True)
class HubSettings:
    """What our own axis was told; sizes in bytes."""

    largest: int = 100 * MEGABYTE
    messages_per_hour: int = 0
    bytes_per_hour: int = 0
    days_kept: int = 90
    longest_unproven: timedelta = timedelta(hours=4)
    node: str = ""
    upstream: str = ""
    upstream_system: str = ""

    def rules(self, *, stamps: bool) -> AxisRules:
        """Return what members are held to; `stamps` where an authority stamps times."""
        return AxisRules(
            messages_per_hour=self.messages_per_hour,
            bytes_per_hour=self.bytes_per_hour,
            longest_unproven=self.longest_unproven if stamps else None,
            node=self.node,
            forwards=bool(self.upstream),
        )


#: what holds where nothing is set
OWN_HUB: Final = HubSettings()


def read_hub(env: Env) -> HubSettings:
    """Read the settings of our own axis; what is wrong is told with all the others."""

    def number(name: str, least: int, most: int) -> int:
        found: int | None = env.int(name, int(_DEFAULTS[name]), validate=Range(least, most))
        return found or 0  # what is wrong is told when the environment is sealed

    def text(name: str, most: int) -> str:
        return env.str(name, str(_DEFAULTS[name]), validate=Length(max=most)) or ""

    return HubSettings(
        number("CONGVAN_HUB_LARGEST", 1, 1_000) * MEGABYTE,
        number("CONGVAN_HUB_MESSAGES", 0, 10_000_000),
        number("CONGVAN_HUB_MEGABYTES", 0, 10_000_000) * MEGABYTE,
        number("CONGVAN_HUB_DAYS", 1, 36_500),
        timedelta(hours=number("CONGVAN_HUB_UNPROVEN", 1, 720)),
        text("CONGVAN_HUB_NODE", ORGAN_ID_LENGTH),
        env.carrier("CONGVAN_HUB_UPSTREAM", _DEFAULTS["CONGVAN_HUB_UPSTREAM"]) or "",
        text("CONGVAN_HUB_UPSTREAM_SYSTEM", 200),
    )
