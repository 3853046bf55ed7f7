"""The trace of a message (vết truyền): an axis adds its hop, the other bytes stay as they are."""

import re
from datetime import datetime

from exchange.clock import write_moment
from exchange.edxml_read import read
from exchange.envelope import Envelope
from exchange.errors import ExchangeError
from exchange.limits import DEFAULT_LIMITS, Limits

_LIST = re.compile(
    rb"<((?:\w+:)?)TraceHeaderList\b[^>]*>.*?</(?:\w+:)?TraceHeaderList\s*>", re.DOTALL
)
_LAST = re.compile(rb".*</(?:\w+:)?TraceHeader\s*>", re.DOTALL)


def with_hop(data: bytes, node: str, at: datetime, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Return a document with a hop of `node` after the last one, or exactly as it is.

    A signature over the whole document would break, so what bears one stays untouched, and so does
    what has no list of hops or does not read back as the same message with one hop more.
    """
    message = read(data, limits)
    if not isinstance(message, Envelope) or not message.trace or not node:
        return data
    if message.original is None or message.original.carries_signature:
        return data
    found = _LIST.search(data)
    last = _LAST.match(data, found.start(), found.end()) if found is not None else None
    if found is None or last is None:
        return data
    name = found[1] + b"TraceHeader"
    parts = {b"OrganId": node, b"Timestamp": write_moment(at)}
    hop = b"".join(
        b"<%s%s>%s</%s%s>" % (found[1], child, text.encode(), found[1], child)
        for child, text in parts.items()
    )
    made = b"%s<%s>%s</%s>%s" % (data[: last.end()], name, hop, name, data[last.end() :])
    return made if _is_one_hop_more(made, message, node, at, limits) else data


def _is_one_hop_more(
    made: bytes, before: Envelope, node: str, at: datetime, limits: Limits
) -> bool:
    try:
        after = read(made, limits)
    except ExchangeError:
        return False
    hops = after.trace if isinstance(after, Envelope) else ()
    said = [(hop.organ_id, hop.at and write_moment(hop.at)) for hop in hops]
    known = [(hop.organ_id, hop.at and write_moment(hop.at)) for hop in before.trace]
    return said == [*known, (node, write_moment(at))]
