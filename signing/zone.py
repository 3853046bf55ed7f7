"""The time of Vietnam (giờ Việt Nam), as reports state it."""

from datetime import datetime
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def shown(moment: datetime | None) -> str:
    """Return a moment with its zone; nothing for none."""
    return f"{moment.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S} +07:00" if moment else ""
