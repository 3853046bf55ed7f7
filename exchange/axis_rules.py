"""What an operator lays down for an axis (quy định của trục): limits, quotas, proof, the way on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from exchange.axis_refusals import Looped, NotProven, OverQuota
from exchange.axis_store import System, Usage
from exchange.clock import VIETNAM
from exchange.envelope import Envelope
from exchange.identity import organ_key
from exchange.status import StatusMessage

HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class AxisRules:
    """How much a system may send, how long the axis goes on without proof, where the rest goes.

    Quotas count in whole hours, bytes as they came in; 0 sets no limit. `longest_unproven` is None
    where no authority stamps times. `node` is this axis's own code (mã nút trục); `forwards` says
    that an upstream axis takes what the directory does not know.
    """

    messages_per_hour: int = 0
    bytes_per_hour: int = 0
    longest_unproven: timedelta | None = None
    node: str = ""
    forwards: bool = False

    def check_quota(self, system: System, used: Usage, size: int, at: datetime) -> None:
        """Raise OverQuota where a further message is too much in this hour."""
        messages = system.messages_per_hour or self.messages_per_hour
        most = system.bytes_per_hour or self.bytes_per_hour
        if (messages and used.messages >= messages) or (most and used.bytes + size > most):
            until = hour_of(at) + HOUR
            raise OverQuota(
                system=system.system_id,
                messages=messages or "∞",
                bytes=most or "∞",
                until=f"{until.astimezone(VIETNAM):%H:%M}",
                retry_after=int((until - at).total_seconds()) + 1,
            )

    def counts(self, system: System) -> bool:
        """Say whether what a system sends is limited at all."""
        own = (system.messages_per_hour, system.bytes_per_hour)
        return any((*own, self.messages_per_hour, self.bytes_per_hour))

    def check_proof(self, unproven_since: datetime | None, at: datetime) -> None:
        """Raise NotProven where the log has waited too long for a timestamp."""
        longest = self.longest_unproven
        if longest is not None and unproven_since is not None and at - unproven_since > longest:
            hours = round(longest.total_seconds() / 3600, 1)
            raise NotProven(hours=f"{hours:g}", retry_after=300)

    def check_trace(self, message: Envelope | StatusMessage) -> None:
        """Raise Looped for a message that has passed here before."""
        trace = message.trace if isinstance(message, Envelope) else ()
        if self.node and organ_key(self.node) in {organ_key(hop.organ_id) for hop in trace}:
            raise Looped(node=self.node)


def hour_of(at: datetime) -> datetime:
    """Return the beginning of the hour in which quotas count."""
    return at.replace(minute=0, second=0, microsecond=0)
