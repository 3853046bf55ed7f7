"""How dates, times and numbers are written in Vietnamese administrative documents."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

#: the one time zone of the country; years of registers turn at its midnight
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def local_date(moment: datetime) -> date:
    """Return the day on which `moment` (aware) falls in Vietnam (ngày theo giờ Việt Nam)."""
    return moment.astimezone(VIETNAM).date()


def date_words(day: date) -> str:
    """Return "ngày 05 tháng 02 năm 2026", as under the name of the place (địa danh, thời gian)."""
    # Decree 30/2020, annex I.II.4: days below 10 and months 1 and 2 carry a leading zero
    month = f"{day.month:02d}" if day.month < 3 else str(day.month)
    return f"ngày {day.day:02d} tháng {month} năm {day.year}"


def day_text(day: date) -> str:
    """Return "05/02/2026", as in registers and lists (ngày, tháng, năm)."""
    return f"{day.day:02d}/{day.month:02d}/{day.year}"


def time_words(moment: datetime) -> str:
    """Return "16 giờ 30" of `moment` (aware) in Vietnam; full hours are "16 giờ"."""
    local = moment.astimezone(VIETNAM)
    return f"{local.hour} giờ {local.minute:02d}" if local.minute else f"{local.hour} giờ"


def moment_words(moment: datetime) -> str:
    """Return "16 giờ 30, ngày 05 tháng 02 năm 2026" of `moment` (aware) in Vietnam."""
    return f"{time_words(moment)}, {date_words(local_date(moment))}"


def serial_words(number: int) -> str:
    """Return a serial number as printed: below 10 with a leading zero (số văn bản)."""
    # Decree 30/2020, annex I.II.3
    return f"{number:02d}"


def number_text(number: int) -> str:
    """Return "1.234.567": thousands are parted by points (dấu chấm hàng nghìn)."""
    return f"{number:,}".replace(",", ".")
