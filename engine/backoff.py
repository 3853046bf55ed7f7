"""How often work outside is tried, and how long apart (số lần và khoảng cách thử lại)."""

from collections.abc import Mapping
from dataclasses import dataclass

#: attempts before an incident, and granted again by an operator's retry
ATTEMPTS = 6
#: seconds before the second attempt; doubles with each further one, ± half of it by chance
FIRST_PAUSE = 2.0
LONGEST_PAUSE = 3600.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often a kind of job is tried, and the seconds between (số lần, khoảng cách thử lại)."""

    attempts: int = ATTEMPTS
    first: float = FIRST_PAUSE
    longest: float = LONGEST_PAUSE

    @property
    def lasting(self) -> float:
        """How many seconds all attempts take on average, as long as each fails at once."""
        pauses = range(self.attempts - 1)
        return sum(min(self.first * 2.0**n, self.longest) for n in pauses)

    def is_last(self, attempt: int, max_attempts: int) -> bool:
        """Return whether no attempt follows this one unless somebody asks for it."""
        return attempt >= max_attempts + self.attempts - ATTEMPTS


#: kinds of job that are tried otherwise than the rest
Patience = Mapping[str, Backoff]
PLAIN: Patience = {}
