"""What a call of the axis states (tham số của lời gọi): kind, days, receivers; or BadCall."""

from datetime import MAXYEAR, datetime, timedelta
from typing import Any, Final

import orjson

from exchange.axis_acceptance import Message
from exchange.axis_headers import SignedCall
from exchange.axis_refusals import BadCall, TooManyReceivers
from exchange.axis_store import Period
from exchange.clock import parse_moment
from exchange.gateway import MessageType
from exchange.status import StatusMessage

#: addressees of one send
MOST_RECEIVERS: Final = 10_000
_DAY: Final = timedelta(days=1)


def message_type(call: SignedCall) -> MessageType:
    """Return the kind of message a call is about."""
    stated = call.parameters.get("messagetype", "").lower()
    if stated not in MessageType.__members__.values():
        raise BadCall(parameter="messagetype", value=stated[:40])
    return MessageType(stated)


def period_of(call: SignedCall) -> Period:
    """Return the days asked for, both included; their format differs between clients."""
    since = _moment(call, "fromdate")
    until = _moment(call, "todate")
    if until is not None and ":" not in call.parameters["todate"]:
        # the last day of the calendar leaves the end open
        until = until + _DAY if until.year < MAXYEAR else None
    return Period(since, until)


def _moment(call: SignedCall, name: str) -> datetime | None:
    stated = call.parameters.get(name, "").strip()
    moment = parse_moment(stated)
    if stated and moment is None:
        raise BadCall(parameter=name, value=stated[:40])
    return moment


def addressees(call: SignedCall, message: Message) -> list[str]:
    """Return the codes to deliver to: those of the call, else those in the message.

    Raises BadCall, and TooManyReceivers before anybody is looked up.
    """
    codes = _stated(call) or _written(message)
    if len(codes) > MOST_RECEIVERS:
        raise TooManyReceivers(count=len(codes), limit=MOST_RECEIVERS)
    return codes


def _stated(call: SignedCall) -> list[str]:
    if stated := call.parameters.get("to", ""):
        try:
            codes = orjson.loads(stated)
        except orjson.JSONDecodeError:
            codes = None
        if not isinstance(codes, list) or not all(_is_code(code) for code in codes):
            raise BadCall(parameter="to", value=stated[:40])
        return codes
    return []


def _is_code(code: object) -> bool:
    return isinstance(code, str) and code.isprintable()


def _written(message: Message) -> list[str]:
    if isinstance(message, StatusMessage):
        return [message.response.organ_id]
    return [receiver.organ_id for receiver in message.receivers]


def json_of(body: bytes) -> dict[str, Any]:
    """Return a body that is a JSON object."""
    try:
        stated = orjson.loads(body)
    except orjson.JSONDecodeError:
        stated = None
    if not isinstance(stated, dict):
        raise BadCall(parameter="body", value="JSON")
    return stated
