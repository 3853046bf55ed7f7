"""What our own nodes tell each other inside an ordinary message (dấu riêng trong gói tin).

Processing instructions at the end of the root: every XML parser passes over them, a signature over
the whole message covers them. Nothing that matters to others may stand in one.
"""

import re
from base64 import b64decode, b64encode
from uuid import UUID

_END = re.compile(rb"</(?:[\w.-]+:)?edXML\s*>\s*$")
_SEND = re.compile(rb'<\?congvan-send id="([0-9a-f-]{36})"\?>')
_ANSWERS = re.compile(rb'<\?congvan-answers id="([0-9a-f-]{36})"\?>')
_RECEIPT = re.compile(rb"<\?congvan-receipt ([A-Za-z0-9+/=]{1,40000})\?>")
#: marks stand within so many bytes of the end
_TAIL = 400_000


def put_marks(data: bytes, send_id: UUID, receipts: tuple[bytes, ...] = ()) -> bytes:
    """Return the message with its send id (mã lần gửi) and the receipts it carries."""
    marks = [f'<?congvan-send id="{send_id}"?>'.encode()]
    marks += [b"<?congvan-receipt " + b64encode(one) + b"?>" for one in receipts]
    return _put(data, b"".join(marks))


def put_answered(data: bytes, send_id: UUID) -> bytes:
    """Return a status with the send id of the message it answers (trả lời lần gửi nào)."""
    return _put(data, f'<?congvan-answers id="{send_id}"?>'.encode())


def _put(data: bytes, marks: bytes) -> bytes:
    end = _END.search(data, max(0, len(data) - 200))
    if end is None:
        return data
    return data[: end.start()] + marks + data[end.start() :]


def send_id_of(data: bytes) -> UUID | None:
    """Return the id under which a node of ours sent this message; None where there is none."""
    return _only_id(_SEND, data)


def answered_of(data: bytes) -> UUID | None:
    """Return the send id of what a status answers; None from systems that do not tell."""
    return _only_id(_ANSWERS, data)


def _only_id(mark: re.Pattern[bytes], data: bytes) -> UUID | None:
    found = mark.findall(data, max(0, len(data) - _TAIL))
    try:
        return UUID(found[0].decode()) if len(found) == 1 else None
    except ValueError:
        return None


def receipts_of(data: bytes) -> list[bytes]:
    """Return the receipts a message carries, unchecked."""
    found = _RECEIPT.findall(data, max(0, len(data) - _TAIL))
    receipts = []
    for one in found[:20]:
        try:
            receipts.append(b64decode(one, validate=True))
        except ValueError:
            continue
    return receipts
