"""Shortcuts through the libraries give what the libraries give, for good and bad input."""

import io

import pytest
from asn1crypto import x509
from hypothesis import example, given
from hypothesis import strategies as st

from signing import shortcuts

texts = st.one_of(
    st.binary(max_size=200).map(lambda data: b"<" + data.hex().encode() + b">"),
    st.text("0123456789abcdefABCDEF>< %\n\rgz", max_size=40).map(lambda text: b"<" + text.encode()),
)


def outcome(read, data: bytes):
    stream = io.BytesIO(data)
    try:
        value = read(stream)
    except Exception as error:  # noqa: BLE001 - compared with the other's
        return type(error), str(error)
    return type(value), bytes(value, "utf-16") if isinstance(value, str) else value, stream.tell()


@given(texts, st.binary(max_size=5))
@example(b"<" + b"00" * 40_000 + b">", b" /Type")
@example(b"<feff1ea4>", b"")
@example(b"<414>", b"")
@example(b"<41 42>", b"")
def test_the_answer_and_the_place_are_those_of_the_library(text, behind):
    data = text + behind
    assert outcome(shortcuts.read_hex_string, data) == outcome(shortcuts._one_by_one, data)


def test_every_reader_of_ours_reads_so(issued, monkeypatch):
    from signing.pdf_file import open_to_sign

    asked = []
    monkeypatch.setattr(shortcuts, "_one_by_one", asked.append)
    reader = open_to_sign(issued)
    [first, *_] = reader.embedded_signatures
    assert first.pkcs7_content.startswith(b"\x30")
    assert not asked


@pytest.mark.parametrize("data", [b"<41", b"<4g>", b""])
def test_faults_stay_faults(data):
    assert issubclass(outcome(shortcuts.read_hex_string, data)[0], Exception)


def prepared(prepare, text: str):
    try:
        return prepare(None, text)
    except ValueError as error:
        return str(error)


@given(st.text(max_size=300))
@example("Ủy ban nhân dân  tỉnh THÁI NGUYÊN")
@example("A\u00adB\u200b")
@example("\u0627a")
@example("\ufffd")
def test_names_are_compared_as_the_library_does(text):
    expected = prepared(shortcuts._prepare, text)
    assert prepared(shortcuts.prepared_name, text) == expected
    assert prepared(shortcuts.prepared_name, text) == expected  # and once more, when it is known


parts = st.sampled_from(
    ["Ủy ban nhân dân", "ủy  BAN nhân dân", "Ủy ban nhân dân", "x", "X", "a\u00adb", "ab", "\ue000"]
)
names = st.lists(
    st.tuples(st.sampled_from(["common_name", "organization_name"]), parts),
    min_size=1,
    max_size=3,
    unique_by=lambda pair: pair[0],
).map(lambda pairs: x509.Name.build(dict(pairs)))


def answer(compare, one, other):
    try:
        return compare(one, other)
    except ValueError as error:
        return str(error)


@given(names, names)
def test_two_names_are_the_same_where_the_library_says_so(one, other):
    assert answer(shortcuts.same_name, one, other) == answer(shortcuts._same, one, other)
    if answer(shortcuts.same_name, one, other) is True:
        assert one.hashable == other.hashable


def test_a_name_is_no_text():
    name = x509.Name.build({"common_name": "x"})
    assert name != "x"
    assert shortcuts.hashable_name(name) == shortcuts._hashable(name)
