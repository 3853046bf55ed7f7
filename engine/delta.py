"""What a state has other than an earlier one (phần khác của trạng thái).

A fan-out of hundreds has a state of hundreds of kilobytes, of which one approval changes some
hundred bytes. Only those are written, against an earlier state that stands whole. Hashes, replay
and whoever reads see the state itself: this is how a column keeps it, and nothing else.
"""

import re

import orjson

#: smaller states are always kept whole
_WHOLE_BELOW = 32_768
#: a difference larger than this part of the state is worth a new whole one
_LARGEST = 8
#: where a state is cut: in a wide one each row of the process and each sub-process has a line
_CUT = b"\n"
_SEQ = re.compile(rb"\[(\d{1,18})[,\]]")


def kept(seq: int, last: bytes, base: bytes | None, state: bytes) -> tuple[bytes, bytes | None]:
    """Return how the state after event `seq` is kept: itself, or its difference to a base and that.

    `last` and `base` are how the state before is kept. The base is what some event left whole.
    """
    if len(state) < _WHOLE_BELOW:
        return state, None
    if base is not None:
        told = difference(base_of(last), base, state)
        if len(told) * _LARGEST <= len(state):
            return told, base
    return difference(seq, state, state), state


def whole(kept: bytes, base: bytes | None) -> bytes:
    """Return the state that is kept so."""
    return kept if base is None else applied(kept, base)


def is_difference(kept: bytes) -> bool:
    """Tell a difference, a JSON list, from a state, a JSON object."""
    return kept.startswith(b"[")


def base_of(difference: bytes) -> int:
    """Return the seq of the event that left the state a difference is told against, -1 for none."""
    found = _SEQ.match(difference)
    return int(found[1]) if found else -1


def difference(seq: int, base: bytes, state: bytes) -> bytes:
    """Return `state` as what it has other than the `base` that event `seq` left.

    It is `[seq, part, …]`: a part is text, or the first and last place of pieces of the base.
    """
    return orjson.dumps([seq, *_parts(base.split(_CUT), state.split(_CUT))])


def _parts(old: list[bytes], new: list[bytes]) -> list[str | list[int]]:
    parts: list[str | list[int]] = []
    places: dict[bytes, int] = {}
    first, following = 0, 0  # the run of old pieces that the new ones repeat just now
    fresh: list[bytes] = []
    for piece in new:
        if following < len(old) and old[following] == piece and not fresh:
            following += 1
            continue
        places = places or {piece: place for place, piece in enumerate(old)}
        place = places.get(piece)
        if first < following:
            parts.append([first, following])
            first = following
        if place is None:
            fresh.append(piece)
            continue
        if fresh:
            parts.append(_CUT.join(fresh).decode())
            fresh = []
        first, following = place, place + 1
    if first < following:
        parts.append([first, following])
    if fresh:
        parts.append(_CUT.join(fresh).decode())
    return parts


def applied(difference: bytes, base: bytes) -> bytes:
    """Return the state that a difference to `base` tells; raises `ValueError`."""
    old, pieces = base.split(_CUT), list[bytes]()
    try:
        for part in orjson.loads(difference)[1:]:
            if isinstance(part, str):
                pieces.append(part.encode())
            else:
                first, last = part
                pieces += old[first:last]
    except (TypeError, KeyError) as error:
        raise ValueError("the difference of a state cannot be read") from error
    return _CUT.join(pieces)
