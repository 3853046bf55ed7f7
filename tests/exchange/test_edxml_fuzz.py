"""Whatever bytes arrive, reading ends in a message or in an ExchangeError, never otherwise."""

import random

import pytest
from edxml_search import MEMORY, Broken, Hang, Search, check
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.edxml import Limits, read
from exchange.errors import ExchangeError

LIMITS = Limits(unpacked=2_000_000, zip_floor=100_000)
SPLICES = [
    b"", b"\x00", b"\xff\xfe", b"<", b">", b"&", b"]]>", b"<!DOCTYPE a>", b"<!--", b"<![CDATA[",
    b"&#x1;", b"&#0;", b"&amp;", b"<?x?>", b"=", b"AAAA", b"PK\x03\x04", b"\xe1\xbb", b"9" * 400,
    b"-1", b"0001/00/00", b"9999/12/31 23:59:59", b"0001/01/01 00:00:00", b"0001/01/01 00:00:00+07:00",
    b'<edXML:ContentTransferEncoded xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">QQ==',
]  # fmt: skip


def survives(data: bytes) -> bool:
    """Return whether `data` was read; whatever is not an ExchangeError goes through."""
    try:
        read(data, LIMITS)
    except ExchangeError as refusal:
        words = (refusal.text("vi"), refusal.text("en"))
    else:
        return True
    assert all(words)
    return False


@pytest.fixture(scope="session")
def seeds(document, status_xml, zip_of):
    zipped = zip_of(("x", b"noi dung " * 50))
    return [
        document(),
        document(("application/pdf", "application/zip"), ("JVBERi0xLjcKJSVFT0YK", zipped), (".pdf", ".doc")),
        document(("DocType>0<", "DocType>2<")),
        status_xml(),
    ]  # fmt: skip


@given(
    which=st.integers(0, 3),
    edits=st.lists(
        st.tuples(
            st.floats(0, 1), st.integers(0, 30), st.sampled_from(SPLICES) | st.binary(max_size=6)
        ),
        min_size=1,
        max_size=6,
    ),
)
@settings(max_examples=500)
def test_mutated_messages(seeds, which, edits):
    data = seeds[which]
    for where, removed, inserted in edits:
        at = int(where * len(data))
        data = data[:at] + inserted + data[at + removed :]
    survives(data)


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_arbitrary_bytes(data):
    survives(data)


def test_mutations_inside_elements_reach_the_reader(seeds):
    """Change text between tags only, so that the XML stays sound and the values go wrong."""
    chance = random.Random(188)
    read_well = 0
    for _ in range(1_500):
        pieces = chance.choice(seeds).decode().split(">")
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(2, len(pieces) - 1)
            tag = pieces[at][pieces[at].rfind("<") :]
            value = chance.choice(
                ["", "x", "-1", "99999999999", "31/02/2026", "true", "é" * 600, "=", "9" * 5000]
            )
            pieces[at] = value + tag
        read_well += survives(">".join(pieces).encode())
    assert 100 < read_well < 1_400  # both outcomes are exercised


def test_every_truncation_is_refused(seeds):
    for seed in seeds:
        sound = seed.rstrip()
        for length in range(0, len(sound), 7):
            assert not survives(sound[:length])


def test_flipped_bytes_in_a_packed_file(seeds, zip_of, document):
    import base64

    raw = base64.b64decode(zip_of(("x", bytes(range(256)) * 8)))
    for at in range(len(raw)):
        broken = raw[:at] + bytes([raw[at] ^ 0x55]) + raw[at + 1 :]
        payload = base64.b64encode(broken).decode()
        survives(
            document(("application/pdf", "application/zip"), ("JVBERi0xLjcKJSVFT0YK", payload), (".pdf", ".doc"))
        )  # fmt: skip


# --- guided by coverage; `make fuzz` goes on where this ends ------------------------------------------


def test_a_short_search_guided_by_coverage():
    """It begins with what was found before (`tests/exchange/found`), each tried again."""
    search = Search(188)
    begun, steps = len(search.corpus), len(search.seen)
    search.run(250)
    assert len(search.corpus) > begun  # what did something new is changed further
    assert len(search.seen) > steps
    assert {
        "Envelope",
        "StatusMessage",
        "invalid-message",
        "broken-attachment",
        "malformed-xml",
    } <= set(search.outcomes)


def test_the_same_seed_searches_the_same():
    one, other = Search(7), Search(7)
    for search in (one, other):
        search.run(30)
    assert one.corpus == other.corpus


def test_a_planted_fault_is_found():
    def faulty(data, limits):
        message = read(data, limits)
        if len(getattr(message, "trace", ())) > 1:
            raise KeyError("two hops")
        return message

    with pytest.raises(Broken, match="two hops") as caught:
        Search(5, faulty).run(400)
    assert caught.value.data.count(b"<edXML:TraceHeader>") > 1


def test_a_hang_and_a_glutton_are_found(document):
    def hangs(_data, _limits):
        while True:
            pass

    def devours(_data, _limits):
        return bytes(2 * MEMORY)

    with pytest.raises(Broken) as caught:
        check(document(), hangs, seconds=0.1)
    assert isinstance(caught.value.__cause__, Hang)
    with pytest.raises(Broken) as caught:
        check(document(), devours)
    assert isinstance(caught.value.__cause__, MemoryError)
    assert check(document()) == "Envelope"
