from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.document_type import DocumentType, find_type, in_order, known_types, make_types
from records.reference import (
    build_identifier,
    build_notation,
    build_reference,
    dated_notation,
    likeness,
    split_reference,
)
from records.vocabulary import Secrecy, SigningCapacity, Urgency

words = st.text(st.sampled_from("ABCDĐEGHIKLMNOPQRSTUVXYĂÂÊÔƠƯ"), min_size=1, max_size=10)


@pytest.mark.parametrize(
    ("number", "parts", "expected"),
    [
        (15, {"abbreviation": "QĐ", "organ": "UBND"}, "15/QĐ-UBND"),
        (5, {"abbreviation": None, "organ": "UBND", "unit": "VP"}, "05/UBND-VP"),
        (9, {"abbreviation": "TTr", "organ": "STTTT", "unit": "CNTT"}, "09/TTr-STTTT"),
        (10, {"abbreviation": None, "organ": "UBND"}, "10/UBND"),
    ],
)
def test_references_read_as_the_decree_writes_them(number, parts, expected):
    assert build_reference(number, build_notation(**parts)) == expected


@given(st.integers(1, 99_999), words, words, st.none() | st.dates(date(1976, 1, 1)))
def test_a_reference_splits_into_what_it_was_built_from(number, kind, organ, issued_on):
    notation = build_notation(abbreviation=kind, organ=organ)
    if issued_on is not None:
        notation = dated_notation(notation, issued_on)
    reference = build_reference(number, notation)
    first, rest = split_reference(reference)
    assert (int(first), rest) == (number, notation)
    assert len(first) >= 2
    assert build_reference(int(first), rest) == reference


def test_the_number_of_a_legal_normative_document_is_followed_by_its_year():
    notation = dated_notation("QĐ-UBND", date(2026, 12, 31))
    assert build_reference(188, notation) == "188/2026/QĐ-UBND"


@pytest.mark.parametrize("text", ["", "QĐ-UBND", "/QĐ", "12", "12/", "số 12/QĐ"])
def test_what_is_no_reference_is_not_split(text):
    assert split_reference(text) is None


def test_spaces_around_the_slash_do_not_matter():
    assert split_reference("188 /2018/QĐ - UBND") == ("188", "2018/QĐ-UBND")


def test_there_is_no_number_zero():
    with pytest.raises(ValueError, match="positive"):
        build_reference(0, "QĐ-UBND")
    with pytest.raises(ValueError, match="agency"):
        build_notation(abbreviation="QĐ", organ="")


def test_the_identifier_names_agency_date_and_reference():
    assert (
        build_identifier("000.00.00.H55", date(2026, 2, 5), "188/2026/QĐ-UBND")
        == "000.00.00.H55,2026/02/05,188/2026/QĐ-UBND"
    )


def test_likeness_forgives_spelling_but_not_accents():
    one = likeness("05", "UBND-VP", "Ủy ban nhân dân  tỉnh")
    assert one == likeness("5", "ubnd - vp", "Ủy ban nhân dân tỉnh")
    assert one != likeness("5", "UBND-VP", "Uy ban nhan dan tinh")
    assert one != likeness("50", "UBND-VP", "Ủy ban nhân dân tỉnh")
    assert likeness("", "UBND-VP", "Ủy ban") is None


def test_the_law_names_29_kinds_of_which_27_have_abbreviations():
    kinds = [t for t in known_types() if t["group"] == "administrative"]
    assert len(kinds) == 29
    assert [t["code"] for t in kinds if t["abbreviation"] is None] == ["CV", "ThC"]
    assert len({t["code"] for t in known_types()}) == len(known_types())
    assert {t["code"] for t in kinds if t["needs_source_file"]} == {"ĐA", "CTr", "KH"}
    normative = [t for t in known_types() if t["group"] == "legal_normative"]
    assert all(t["needs_source_file"] and t["series"] == t["code"] for t in normative)


def test_a_kind_is_found_by_the_name_on_the_wire():
    types = make_types(agency_id=None)
    assert find_type(types, "công  văn").code == "CV"
    assert find_type(types, "cong van").code == "CV"
    assert find_type(types, "Co\u0302ng va\u0306n").wire_number == 18
    assert find_type(types, "Quyết định").code == "QĐ"
    assert find_type(types, "Quy định").code == "QyĐ"
    assert find_type(types, "Nghị định").code == "QPPL:NĐ"
    assert find_type(types, "Sớ") is None


def test_kinds_stand_in_the_order_of_the_law_an_agency_s_own_after_them():
    own = [DocumentType(code=name, name=name) for name in ("Đề cương", "Danh sách", "Ảnh")]
    mixed = [*own, *reversed(make_types(agency_id=None))]
    names = [kind.name for kind in in_order(mixed)]
    assert names[:3] == ["Nghị quyết (cá biệt)", "Quyết định (cá biệt)", "Chỉ thị"]
    assert names == [known["name"] for known in known_types()] + ["Ảnh", "Danh sách", "Đề cương"]


def test_vocabularies_carry_their_words():
    assert [u.wire for u in Urgency] == [0, 1, 2, 3]
    assert Urgency.of_wire(4) is Urgency.EXPRESS
    assert Urgency.of_wire(None) is Urgency.NORMAL
    assert Urgency.EXPRESS.stamp == "HỎA TỐC"
    assert Urgency.NORMAL.stamp == ""
    assert [s.is_secret for s in Secrecy] == [False, True, True, True]
    assert SigningCapacity("TUQ").vi == "TUQ."
    assert Urgency.URGENT.label("en") == "Urgent"
