"""What looking over an installation found (kết quả khám): facts in both languages."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How serious a finding is: nothing to do, something is missing, it will not work."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


#: what is looked at, as people call it; what is not here told its own name in its words
_TITLES = {
    "axis-key": ("Khóa ký gói tin liên thông", "Key that signs packets for the axis"),
    "carrier": ("Đường liên thông", "Connection to the axis"),
    "sending": ("Gửi lại gói tin", "Sending again"),
    "upstream": ("Trục cấp trên", "The axis above"),
    "chromium": ("Chromium", "Chromium"),
    "clock": ("Đồng hồ", "Clock"),
    "data": ("Thư mục dữ liệu", "Data folder"),
    "database": ("Cơ sở dữ liệu", "Database"),
    "disk": ("Dung lượng đĩa", "Room on the disk"),
    "fonts": ("Phông chữ", "Fonts"),
    "jobs": ("Việc nền", "Background jobs"),
    "libreoffice": ("LibreOffice", "LibreOffice"),
    "migrations": ("Cấu trúc cơ sở dữ liệu", "Database schema"),
    "place": ("Nơi đặt cơ sở dữ liệu", "Place of the database"),
    "postgres": ("PostgreSQL", "PostgreSQL"),
    "python": ("Python", "Python"),
    "revocation": ("Danh sách thu hồi", "Revocation lists"),
    "softhsm": ("SoftHSM", "SoftHSM"),
    "system": ("Hệ thống", "System"),
    "tesseract": ("Tesseract", "Tesseract"),
    "timestamps": ("Dấu thời gian", "Timestamps"),
}
#: a refusal met while looking: its words say of what
_REFUSAL = ("Cấu hình", "Settings")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at (kết quả khám)."""

    name: str
    level: Level
    vi: str
    en: str

    def text(self, language: str = "vi") -> str:
        """Return one line for the terminal."""
        sign = {Level.OK: "✓", Level.NOTE: "!", Level.PROBLEM: "✗"}[self.level]
        english = language == "en"
        title = _TITLES.get(self.name, _REFUSAL)[english]
        return f"{sign} {title}: {self.en if english else self.vi}"
