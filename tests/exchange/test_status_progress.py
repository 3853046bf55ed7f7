"""Where a sent document stands, whatever order the reports come in; identifiers; the summary."""

from datetime import date, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.clock import VIETNAM, parse_moment, write_moment
from exchange.errors import ExchangeError, MalformedXml
from exchange.identity import DocumentId, OrganForm, is_addressable, organ_form, organ_key
from exchange.status import Progress, StatusCode, derive_progress

T0 = datetime(2026, 11, 20, 8, 0, tzinfo=VIETNAM)


def reports(*codes: str):
    return [(StatusCode(code), T0 + timedelta(minutes=n)) for n, code in enumerate(codes)]


@pytest.mark.parametrize(
    ("codes", "handling", "change"),
    [
        ([], None, None),
        (["01"], "01", None),
        (["01", "03", "04", "05", "06"], "06", None),
        (["01", "02"], "02", None),
        (["03", "06"], "06", None),  # skips are accepted
        (["06", "01", "03"], "06", None),  # late lower codes do not move it back
        (["03", "03", "03"], "03", None),
        (["02", "03"], "03", None),  # the receiver thought better of it
        (["04", "02"], "04", None),
        (["01", "03", "13"], "03", "13"),
        (["01", "04", "13", "15"], "04", "15"),  # recalled after it was assigned
        (["04", "13", "16", "13"], "04", "13"),
        (["13", "16", "05"], "05", "16"),
    ],
)
def test_progress(codes, handling, change):
    progress = derive_progress(reports(*codes))
    assert progress == Progress(handling, change)
    for shuffled in list(permutations(reports(*codes)))[:200]:
        assert derive_progress(shuffled) == progress


def test_an_answer_in_the_same_second_follows_its_request():
    for pair in permutations([(StatusCode.TAKE_BACK, T0), (StatusCode.CHANGE_AGREED, T0)]):
        assert derive_progress(pair).change is StatusCode.CHANGE_AGREED


@given(st.lists(st.tuples(st.sampled_from(StatusCode), st.integers(0, 60)), max_size=12), st.data())
def test_more_reports_never_move_handling_back(raw, data):
    events = [(code, T0 + timedelta(minutes=minutes)) for code, minutes in raw]
    cut = data.draw(st.integers(0, len(events)))
    before, after = derive_progress(events[:cut]), derive_progress(events)
    rank = before.handling.rank if before.handling else 0
    assert (after.handling.rank if after.handling else 0) >= rank


def test_every_code_has_its_names():
    assert [code.value for code in StatusCode] == [
        "01",
        "02",
        "03",
        "04",
        "05",
        "06",
        "13",
        "15",
        "16",
    ]
    assert StatusCode("02").vi == "Từ chối tiếp nhận"
    assert len({code.vi for code in StatusCode} | {code.en for code in StatusCode}) == 18


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("000.00.00.H49", OrganForm.OLD),
        ("000.46.24.H44", OrganForm.OLD),
        ("G12", OrganForm.NEW),
        ("H37.02.02", OrganForm.NEW),
        ("H37.DN.001", OrganForm.NEW),
        ("h55.242 ", OrganForm.NEW),
        ("020100107370", OrganForm.ENTERPRISE),
        ("00.53.W00", OrganForm.NODE),
        ("001.00.41.W00", OrganForm.NODE),
        ("thu-nghiem", OrganForm.FREE),
    ],
)
def test_forms_of_agency_codes(code, form):
    assert organ_form(code) is form
    assert is_addressable(code) is (form is not OrganForm.NODE)


def test_document_ids():
    made = DocumentId.make(" H55.07 ", date(2026, 1, 5), "215", "STTTT-VP")
    assert str(made) == "H55.07,2026/01/05,215/STTTT-VP"
    assert DocumentId.parse(str(made)) == made
    assert DocumentId.parse("G22, 2015-09-30 ,7816/VPCP-TTĐT").promulgated_on == date(2015, 9, 30)
    assert DocumentId.parse("A,2026/01/01,1/B,C").reference == "1/B,C"
    for odd in (
        "",
        "0b2c4c0e-6a27-4d6e-9a64-7d6b1f4b7b11",
        "A,31/02/2026,1/B",
        ",2026/01/01,1",
        "A,2026/01/01,",
    ):
        assert DocumentId.parse(odd) is None
    assert organ_key(" h55.dn.1 ") == "H55.DN.1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026/11/20 09:15:00", "2026/11/20 09:15:00"),
        ("20/11/2026 9:15", "2026/11/20 09:15:00"),
        ("2026-11-20T09:15:00.123", "2026/11/20 09:15:00"),
        ("2026-11-20T02:15:00Z", "2026/11/20 09:15:00"),
        ("2026-11-20T02:15:00+0000", "2026/11/20 09:15:00"),
        ("2026/11/20", "2026/11/20 00:00:00"),
        ("2026/11/20 25:00:00", None),
        ("2026/11/20 09:15:00 chiều", None),
        ("0001/01/01 00:00:00+07:00", None),
        ("9999/12/31 23:00:00-12:00", None),
        ("٢٠٢٦/11/20", None),
    ],
)
def test_moments(text, expected):
    moment = parse_moment(text)
    assert (write_moment(moment) if moment else None) == expected
    with pytest.raises(ValueError, match="zone"):
        write_moment(T0.replace(tzinfo=None))


def test_an_error_is_shaped_like_the_office_s_own():
    from engine.errors import OfficeError

    for name in ("code", "vi", "en", "status", "citation", "text"):
        assert hasattr(ExchangeError, name)
        assert hasattr(OfficeError, name)
    assert "«line»" in MalformedXml().text("vi")  # a missing field is shown, never a crash


def test_every_error_speaks_both_languages_under_its_own_code():
    def below(kind):
        return {kind}.union(*(below(sub) for sub in kind.__subclasses__()))

    kinds = below(ExchangeError)
    assert len(kinds) > 15
    for kind in kinds - {ExchangeError}:
        assert "code" in vars(kind), kind
    assert all(kind.vi and kind.en and kind.vi != kind.en for kind in kinds)
