"""Whom sendings go to right now (các tuyến đang gửi): a dead receiver must not delay another.

What this process sends at the same moment is counted for each road: a receiver, or an axis that is
looked at. A road that failed last gets one attempt at a time, and all such roads together half of
the lines: the rest is for those that answer.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from engine.handlers import Later

#: so many attempts at a time on one road that answers
ABREAST = 4
#: and on all roads together that failed last
TROUBLED = 4
#: until an attempt that found its road taken looks again
PAUSE = timedelta(seconds=1)


class Roads:
    """The attempts under way in this process, and which roads failed last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[str, int] = {}
        self._troubled: set[str] = set()

    @contextmanager
    def taken(self, road: str, trouble: type[Exception]) -> Iterator[None]:
        """Hold a place on a road, which `trouble` marks as failed; raise `Later` where none is."""
        with self._lock:
            mine, bad = self._under_way.get(road, 0), road in self._troubled
            others = sum(n for one, n in self._under_way.items() if one in self._troubled)
            if mine >= (1 if bad else ABREAST) or (bad and others >= TROUBLED):
                raise Later(PAUSE)
            self._under_way[road] = mine + 1
        failed = False
        try:
            yield
        except trouble as error:
            # a refusal is an answer
            failed = bool(getattr(error, "retryable", False))
            raise
        finally:
            with self._lock:
                self._under_way[road] -= 1
                if not self._under_way[road]:
                    del self._under_way[road]
                (self._troubled.add if failed else self._troubled.discard)(road)
