"""What a case expects of an answer (điều kiện đạt); raises Unmet with what was seen."""

from exchange.conformance import Answer, Bench, Speaker, Unmet
from exchange.gateway import MessageType

EDOC = MessageType.EDOC


def accepted(answer: Answer) -> str:
    """Expect success and return what was answered."""
    if not answer.is_ok:
        raise Unmet(str(answer))
    return str(answer)


def refused(answer: Answer, code: str = "") -> str:
    """Expect a defined refusal, by an error code where clients act on it."""
    if not answer.is_refusal or (code and str(answer.told.get("ErrorCode")) != code):
        raise Unmet(str(answer))
    return str(answer)


def expect(holds: bool, seen: str) -> str:
    """Return what was seen; raises Unmet with it where the condition does not hold."""
    if not holds:
        raise Unmet(seen)
    return seen


def sent(bench: Bench, data: bytes, **how: object) -> str:
    """Send a message and return its DocId; raises Unmet."""
    answer = bench.send(data, **how)  # type: ignore[arg-type]
    receipt = answer.told.get("DocId")
    if not answer.is_ok or not isinstance(receipt, str) or not receipt:
        raise Unmet(f"{answer}, DocId: {receipt!r}")
    return receipt


def one_packet(
    bench: Bench, data: bytes, kind: MessageType = EDOC, by: Speaker | None = None
) -> str:
    """Return the id of the one packet that carries these bytes."""
    found = bench.arrived(data, kind=kind, by=by)
    if len(found) != 1:
        raise Unmet(f"{len(found)} gói tin mang các byte đã gửi")
    return str(found[0]["docId"])
