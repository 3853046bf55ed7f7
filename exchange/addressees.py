"""Whom a message names (nơi nhận ghi trong gói tin), for carriers that deliver by that alone."""

from exchange.edxml_read import read
from exchange.envelope import Envelope
from exchange.errors import RefusedByAxis
from exchange.identity import organ_key
from exchange.limits import DEFAULT_LIMITS, Limits
from exchange.status import StatusMessage


def addressees(message: Envelope | StatusMessage) -> tuple[str, ...]:
    """Return the codes a message is addressed to; a status goes to who is answered."""
    if isinstance(message, StatusMessage):
        return (message.response.organ_id,)
    return tuple(receiver.organ_id for receiver in message.receivers)


def expect_named(
    data: bytes, to: tuple[str, ...], limits: Limits = DEFAULT_LIMITS
) -> Envelope | StatusMessage:
    """Return the message where it names everybody in `to`; raises RefusedByAxis.

    A carrier that is not told receivers would deliver to those named and say it delivered.
    """
    message = read(data, limits)
    named = set(map(organ_key, addressees(message)))
    missing = [code for code in to if organ_key(code) not in named]
    if missing:
        description = f"gói tin không ghi nơi nhận {', '.join(missing)}, hãy lập lại gói tin"
        raise RefusedByAxis(operation="send", error_code="to", description=description)
    return message
