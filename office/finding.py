"""What looking over an installation found (kết quả khám): facts in both languages."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How serious a finding is: nothing to do, something is missing, it will not work."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


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
        return f"{sign} {self.name}: {self.en if language == 'en' else self.vi}"
