"""Our own marks in a message: found again by us, passed over by everybody else."""

from uuid import UUID

from lxml import etree
from sample_messages import DOCUMENT, STATUS

from exchange import edxml, mark

ID = UUID("0190a6d1-1111-7222-8333-444455556666")
RECEIPTS = (b"<a/>", b"<b>\x00</b>")


def as_bytes(message: str | bytes) -> bytes:
    return message.encode() if isinstance(message, str) else message


def test_a_marked_message_says_the_same_to_every_reader():
    for message in map(as_bytes, (DOCUMENT, STATUS)):
        marked = mark.put_marks(message, ID, RECEIPTS)
        assert edxml.read(marked) == edxml.read(message)
        assert mark.send_id_of(marked) == ID
        assert mark.receipts_of(marked) == list(RECEIPTS)
        root, plain = etree.fromstring(marked), etree.fromstring(message)
        elements = [e.tag for e in root.iter() if isinstance(e.tag, str)]
        assert elements == [e.tag for e in plain.iter() if isinstance(e.tag, str)]


def test_a_message_of_others_bears_no_mark():
    assert mark.send_id_of(as_bytes(DOCUMENT)) is None
    assert mark.receipts_of(as_bytes(DOCUMENT)) == []


def test_what_is_no_mark_is_none():
    marked = mark.put_marks(as_bytes(STATUS), ID)
    twice = mark.put_marks(marked, UUID(int=1))
    assert mark.send_id_of(twice) is None  # which of the two it is nobody can say
    assert mark.send_id_of(marked.replace(b"0190a6d1", b"-190a6d1")) is None
    assert mark.put_marks(b"<other/>", ID) == b"<other/>"
