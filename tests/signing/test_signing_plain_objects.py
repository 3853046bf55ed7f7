"""A dictionary read at one stroke is the dictionary that pyHanko reads, for good and bad input."""

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError

from signing import plain_objects
from signing.report import DocumentReport


class Handler:
    """Stands for a reader: what it resolves is told by the test."""

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict

    def get_object(self, reference):
        return generic.NumberObject(3)


def seen(value, whose):
    """Return all there is to know of an object, with its types and whom it belongs to."""
    kind, owner = type(value), value.container_ref is whose
    if isinstance(value, generic.StreamObject):
        inside = {key: (type(key), seen(one, whose)) for key, one in value.items()}
        return kind, owner, list(inside.items()), value.encoded_data
    if isinstance(value, dict):
        return kind, owner, [(key, type(key), seen(one, whose)) for key, one in value.items()]
    if isinstance(value, generic.ArrayObject):
        return kind, owner, [seen(one, whose) for one in list.__iter__(value)]
    if isinstance(value, generic.IndirectObject):
        return kind, owner, value.idnum, value.generation, value.reference.pdf is whose.pdf
    if isinstance(value, generic.NullObject | generic.BooleanObject):
        return kind, owner, bool(value)
    return kind, owner, repr(value), getattr(value, "autodetected_encoding", None)


def outcome(read, data: bytes, *, strict: bool):
    stream = io.BytesIO(data)
    whose = generic.Reference(7, 0, Handler(strict=strict))
    try:
        value = read(stream, whose)
    except (PdfError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
        return type(error)
    value.container_ref = whose
    return seen(value, whose), stream.tell()


def by_library(stream, whose):
    with pytest.MonkeyPatch.context() as patch:
        alone = staticmethod(plain_objects._read_dictionary)
        patch.setattr(generic.DictionaryObject, "read_from_stream", alone)
        return plain_objects._read_dictionary(stream, whose)


def same(data: bytes):
    for strict in (True, False):
        ours = outcome(plain_objects.read_dictionary, data, strict=strict)
        assert ours == outcome(by_library, data, strict=strict), data
    return ours


blanks = st.sampled_from([b" ", b"\n", b"\r\n", b"  ", b"\t", b"\0", b"\x0b", b"", b" % x\n"])
names = [b"/Type", b"/A#20B", b"/", b"/" + b"x" * 200]
references = [
    b"12 0 R",
    b"12  0\nR",
    b"0 0 R",
    b"12 0 Rx",
    b"12\x0b0 R",
    b"12      0       R",
    b"R",
]
numbers = [b"5", b"-5", b"+5", b"00012", b"5.25", b"-.5", b"5.", b"--5", b"9" * 14, b"1e5", b"5,3"]
words = [b"true", b"false", b"null", b"truex", b"%x\n5"]
digits = [b"<414243>", b"<41 4>", b"<4>", b"<4g>", b"<feff1ea4>", b"<>"]
texts = [
    b"(x)",
    b"(\\376\\377\\036\\244)",
    b"(a(b)c)",
    b"(a\\)b)",
    b"(\xfe\xff\x1e\xa4)",
    b"(",
    b"()",
]
leaves = st.sampled_from([*names, *references, *numbers, *words, *digits, *texts])


def joined(parts) -> bytes:
    return b"".join(one + blank for one, blank in parts)


def arrays(inner):
    return st.lists(st.tuples(inner, blanks), max_size=4).map(lambda p: b"[" + joined(p) + b"]")


def dictionaries(inner):
    keys = st.sampled_from([b"/K", b"/L", b"/M#41", b"/N", b"/Length", b"K"])
    entry = st.tuples(keys, blanks, inner, blanks).map(b"".join)
    return st.lists(entry, max_size=5).map(lambda entries: b"<<" + b"".join(entries) + b">>")


values = st.recursive(leaves, lambda inner: arrays(inner) | dictionaries(inner), max_leaves=12)
behind = st.sampled_from(
    [b"", b"\nendobj", b" stream\nabc\nendstream\nendobj", b" stream\r\nab", b">"]
)


@given(dictionaries(values), behind)
@example(b"<</Length 3>>", b"\nstream\nabc\nendstream")
@example(b"<</Length 12 0 R>>", b"\nstream\nabc\nendstream")
@example(b"<</K 1/K 2>>", b"")
@example(b"<<" + b"/K <<" * 60 + b">>" * 60 + b">>", b"")
def test_the_dictionary_and_the_place_are_those_of_the_library(dictionary, rest):
    same(dictionary + rest)


@given(dictionaries(values), st.data())
def test_a_damaged_dictionary_is_read_as_the_library_reads_it(dictionary, data):
    place = data.draw(st.integers(0, len(dictionary)))
    cut = data.draw(st.integers(0, 3))
    put = data.draw(st.binary(max_size=2))
    same(dictionary[:place] + put + dictionary[place + cut :])


@pytest.mark.parametrize("data", [b"", b"<", b"<x", b"[]", b"<<", b"<</K", b"<</K 1", b"<</K>>"])
def test_faults_stay_faults(data):
    assert isinstance(same(data), type)


def test_plain_objects_are_not_left_to_the_library(issued, monkeypatch):
    """The control of this shortcut: what a signed file is made of is read at one stroke."""
    from signing.pdf_file import LenientReader

    asked = []
    library = plain_objects._read_dictionary

    def counted(stream, *rest, **how):
        asked.append(stream.tell())
        return library(stream, *rest, **how)

    monkeypatch.setattr(plain_objects, "_read_dictionary", counted)
    reader = LenientReader(io.BytesIO(issued))
    for revision in range(reader.total_revisions):
        for reference in reader.xrefs.explicit_refs_in_revision(revision):
            reader.get_object(reference, revision=revision)
    assert not asked


def test_a_report_keeps_nothing_of_the_file(issued, trust, revocation, now):
    """A name that pyHanko read holds its reader: copied with a report, it copied the whole file."""
    from signing.validation import validate_pdf

    report = validate_pdf(issued, trust=trust, revocation=revocation, at=now)
    assert report.signatures
    for one in report.signatures:
        assert {type(text) for text in (one.field, *one.overlaps)} == {str}
    assert DocumentReport.from_json(report.to_json()) == report
