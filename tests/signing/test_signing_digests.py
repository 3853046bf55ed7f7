"""Digests that share a beginning are those of hashing each range by itself."""

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.sign.general import byte_range_digest

from signing import revision_walk
from signing.digests import Digests
from signing.pdf_file import LenientReader

RANGES = st.lists(st.integers(-2, 60), min_size=4, max_size=4)


@given(st.binary(min_size=40, max_size=50), st.lists(RANGES, max_size=5))
def test_shared_digests_are_those_of_the_library(data, asked):
    digests = Digests(data)
    assert digests.of_file() == hashlib.sha256(data).hexdigest()
    for ranges in asked:
        digest = digests.of_ranges(ranges, "sha256")
        start, length, behind, rest = ranges
        ordinary = start == 0 <= length <= behind and rest >= 0 and behind + rest <= len(data)
        assert (digest is not None) == ordinary
        if digest is not None:
            assert digest == byte_range_digest(io.BytesIO(data), ranges, "sha256")[1]
    assert digests.of_file("sha512") == hashlib.sha512(data).hexdigest()


@pytest.mark.parametrize("ranges", [[0, 10, 20], [0, 10.0, 20, 5], [0, 10, 20, 5, 0], []])
def test_what_is_no_ordinary_range_is_left_to_the_library(ranges):
    assert Digests(bytes(40)).of_ranges(ranges, "sha256") is None
    assert Digests(bytes(40)).of_ranges([0, 10, 20, 5], "shake_128") is None


def test_a_walk_finds_the_same_ways_as_the_library_s(issued):
    ours, theirs = (LenientReader(io.BytesIO(issued)) for _ in range(2))
    for revision in range(ours.total_revisions):
        one, other = (r.get_historical_resolver(revision) for r in (ours, theirs))
        revision_walk.walk(one)
        revision_walk._walk(other)
        found = one._indirect_object_access_cache
        assert found == other._indirect_object_access_cache
        assert len(found) > 20


def test_an_object_of_a_revision_resolves_within_it(issued):
    reader = LenientReader(io.BytesIO(issued))
    first = reader.get_historical_resolver(0)
    revision_walk.walk(first)
    assert "/AcroForm" in reader.root
    page = first(first.root.raw_get("/Pages").reference)["/Kids"][0]
    assert len(page.get("/Annots", ())) == 0
    assert len(reader.root["/Pages"]["/Kids"][0]["/Annots"]) == 3
