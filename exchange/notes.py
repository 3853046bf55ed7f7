"""What a reader notices while it reads: fatal findings and tolerated ones."""

from exchange.errors import InvalidMessage
from exchange.findings import Finding, missing, out_of_range, wrong_type

#: xsd:unsignedShort, the type of every count in the header
_LARGEST = 65_535


class Notes:
    """Collects findings, so that a sender hears of all mistakes at once."""

    def __init__(self) -> None:
        self.fatal: list[Finding] = []
        self.remarks: list[Finding] = []

    def refuse(self, finding: Finding) -> None:
        """Keep a finding that makes the message unusable."""
        self.fatal.append(finding)

    def remark(self, finding: Finding) -> None:
        """Keep a finding that is tolerated."""
        self.remarks.append(finding)

    def lacks(self, path: str) -> str:
        """State that what the message cannot do without is missing; returns ""."""
        self.refuse(missing(path))
        return ""

    def expect(self, path: str, value: str) -> None:
        """Remark on a value that should be there and is not."""
        if not value:
            self.remark(missing(path))

    def number(self, path: str, text: str) -> int | None:
        """Read a count; None, with a remark, when it is none."""
        if not text:
            return None
        if not (text.isascii() and text.isdigit()):
            self.remark(wrong_type(path, text, "số nguyên không âm", "a whole number"))
            return None
        if len(text) > 9 or int(text) > _LARGEST:
            self.remark(out_of_range(path, f"0 đến {_LARGEST}", f"0 to {_LARGEST}"))
            return None
        return int(text)

    def raise_if_fatal(self) -> None:
        """Raise InvalidMessage with all fatal findings."""
        if self.fatal:
            raise InvalidMessage(*self.fatal)
