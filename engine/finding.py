"""What was found in a diagram (điểm cần sửa): where, how grave, in words."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """Whether a finding forbids publishing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a diagram: where, how grave, in words, and what to do.

    `path` shows how a document would come there: ids of elements and flows, in order.
    """

    severity: Severity
    element: str
    code: str
    vi: str
    en: str
    citation: str = ""
    path: tuple[str, ...] = ()

    @property
    def is_error(self) -> bool:
        """Whether it forbids publishing."""
        return self.severity is Severity.ERROR

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain JSON."""
        return asdict(self)


def error(element: Any, code: str, vi: str, en: str, path: tuple[str, ...] = ()) -> Finding:
    """Return what forbids publishing, at an element or its id."""
    identity = element if isinstance(element, str) else str(element.get("id") or "")
    return Finding(Severity.ERROR, identity, code, vi, en, path=path)


def warning(element: Any, code: str, vi: str, en: str) -> Finding:
    """Return what the author should look at."""
    return Finding(Severity.WARNING, str(element.get("id") or ""), code, vi, en)
