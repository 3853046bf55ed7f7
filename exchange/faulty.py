"""A bad road, on purpose: a gateway that fails by a seed (đường truyền lỗi có chủ đích).

Wraps any Gateway for conformance tests and drills; `bad_road` stands before a carrier's HTTP. The
same seed and calls give the same faults.
"""

import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from exchange.clock import now
from exchange.errors import AxisFault, Unreachable
from exchange.gateway import Arrival, Gateway, MessageType, Outcome

_FILE = re.compile(rb"ContentTransferEncoded[^>]*>([^<]+)<")


class Fault(StrEnum):
    """What happens on the way to a carrier and back (lỗi đường truyền)."""

    LOST_ACK = "lost-ack"  # the act happens, its answer is lost
    DUPLICATE = "duplicate"  # the act happens twice
    REORDER = "reorder"  # a list comes in another order
    DELAY = "delay"  # nobody answers, and the act happens some calls later
    UNAVAILABLE = "unavailable"  # a 5xx, nothing happens
    SLOW_BODY = "slow-body"  # half an answer, and then nothing for ever
    CUT = "cut"  # half an answer, and the connection is gone
    CORRUPT = "corrupt"  # what was base64 is none any more
    SKEW = "skew"  # the clocks of the two sides are apart
    ENDLESS_LIST = "endless-list"  # a list goes on naming what was confirmed, each twice


@dataclass(frozen=True)
class Faults:
    """How likely each fault is, 0 to 1, and how long a packet may be held back.

    `lost_ack`: the act happens, its answer is lost. `unavailable`: a 5xx, nothing happens.
    `duplicate`: sent twice, or listed twice. `corrupt`: a fetched file is no base64 any more.
    """

    lost_ack: float = 0.0
    unavailable: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    corrupt: float = 0.0
    longest_delay: timedelta = timedelta()


class FaultyGateway:
    """A Gateway with faults; `injected` counts those that happened."""

    def __init__(
        self, inner: Gateway, seed: int, faults: Faults, clock: Callable[[], datetime] = now
    ) -> None:
        self._inner = inner
        self._faults = faults
        self._clock = clock
        self._chance = random.Random(seed)  # noqa: S311 - faults must repeat, not be secret
        self._visible_at: dict[str, datetime] = {}
        self.injected: Counter[str] = Counter()

    def send(self, message_type: MessageType, data: bytes, to: tuple[str, ...] = ()) -> str:
        """Send, perhaps twice, perhaps without an answer."""
        self._fail_sometimes("sendEdoc")
        receipt = self._inner.send(message_type, data, to)
        if self._happens("duplicate", self._faults.duplicate):
            receipt = self._inner.send(message_type, data, to)
        self._lose_sometimes("sendEdoc")
        return receipt

    def list_received(self, message_type: MessageType) -> list[Arrival]:
        """List with repeats, in another order, and without what is held back."""
        self._fail_sometimes("getReceivedEdocList")
        arrivals = [a for a in self._inner.list_received(message_type) if self._is_visible(a)]
        arrivals += [a for a in arrivals if self._happens("duplicate", self._faults.duplicate)]
        if self._happens("reorder", self._faults.reorder):
            self._chance.shuffle(arrivals)
        return arrivals

    def fetch(self, packet_id: str) -> bytes:
        """Fetch, perhaps with a file that cannot be decoded."""
        self._fail_sometimes("getEdoc")
        data = self._inner.fetch(packet_id)
        carried = _FILE.search(data)
        if carried is not None and self._happens("corrupt", self._faults.corrupt):
            at = self._chance.randrange(*carried.span(1))
            data = data[:at] + b"!" + data[at + 1 :]
        return data

    def confirm(self, packet_id: str, outcome: Outcome, description: str = "") -> None:
        """Confirm, perhaps without an answer, perhaps without having been heard."""
        self._fail_sometimes("updateStatus")
        self._inner.confirm(packet_id, outcome, description)
        self._lose_sometimes("updateStatus")

    def _happens(self, name: str, chance: float) -> bool:
        happens = self._chance.random() < chance
        self.injected[name] += happens
        return happens

    def _fail_sometimes(self, operation: str) -> None:
        if self._happens("unavailable", self._faults.unavailable):
            raise AxisFault(operation=operation, error_code="503", description="lỗi giả lập")

    def _lose_sometimes(self, operation: str) -> None:
        if self._happens("lost_ack", self._faults.lost_ack):
            raise Unreachable(operation=operation, reason="mất trả lời (giả lập)")

    def _is_visible(self, arrival: Arrival) -> bool:
        if arrival.packet_id not in self._visible_at:
            delay = self._faults.longest_delay * self._chance.random()
            self._visible_at[arrival.packet_id] = self._clock() + delay
            self.injected["delay"] += bool(delay)
        return self._visible_at[arrival.packet_id] <= self._clock()
