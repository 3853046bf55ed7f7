import contextlib
import threading
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.database import Transaction
from engine.errors import OfficeError
from records.document import IncomingDocument, OutgoingDocument
from records.recipient import Recipient
from records.register import (
    NotVoidable,
    NumberAhead,
    NumberTaken,
    ReasonNeeded,
    Register,
    RegisterEntry,
    RegisterSeries,
    SeriesOpen,
    WrongYear,
    enter,
    open_series,
    reserve_number,
    series_at,
    take_number,
    void_number,
    year_of,
)
from records.register_book import (
    INCOMING_BOOK,
    OUTGOING_BOOK,
    incoming_book_rows,
    outgoing_book_rows,
)
from records.vocabulary import Channel, EntryState, RegisterKind

AT = datetime(2026, 3, 2, 2, tzinfo=UTC)
KEY = "VB hành chính"


def make_register(tx: Transaction, agency_id, kind=RegisterKind.OUTGOING) -> Register:
    register = tx.add(Register(agency_id=agency_id, kind=kind, name=kind.vi))
    tx.flush()
    return register


def outgoing(tx: Transaction, agency_id, **given) -> OutgoingDocument:
    return tx.add(
        OutgoingDocument(
            agency_id=agency_id, created_at=AT, **({"subject": "Về việc đôn đốc"} | given)
        )
    )


def incoming(tx: Transaction, agency_id, **given) -> IncomingDocument:
    facts = {"channel": Channel.POST, "subject": "Báo cáo", "organ_name": "Sở Nội vụ"}
    return tx.add(
        IncomingDocument(agency_id=agency_id, received_at=AT, created_at=AT, **(facts | given))
    )


def in_parallel(workers: int, act) -> list:
    """Run `act` in `workers` threads at once; return results and errors."""
    results, gate = [], threading.Barrier(workers)

    def run():
        gate.wait()
        try:
            results.append(act())
        except (OfficeError, psycopg.Error) as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_a_hundred_takers_leave_no_gap_and_no_double(settled):
    database, province = settled
    with database.transaction() as tx:
        register_id = make_register(tx, province.ubnd.id).id

    def take_ten():
        taken = []
        for _ in range(10):
            with database.transaction() as tx:
                document = outgoing(tx, province.ubnd.id)
                taken.append(enter(tx, register_id, KEY, document, at=AT).number)
        return taken

    results = in_parallel(10, take_ten)  # the series opens itself among them
    assert sorted(number for taken in results for number in taken) == list(range(1, 101))
    assert all(taken == sorted(taken) for taken in results)


def test_counting_the_greatest_number_would_give_doubles(settled, superuser):
    """Negative control: MAX+1 without the lock meets the unique constraint."""
    database, province = settled
    with database.transaction() as tx:
        register_id = make_register(tx, province.ubnd.id).id
        series_id = open_series(tx, register_id, KEY, year=2026).id
    both_have_read = threading.Barrier(2)

    def greatest_plus_one():
        with database.transaction() as tx:
            row = tx.execute(
                "SELECT coalesce(max(number), 0) + 1 FROM register_entry WHERE series_id = %s",
                series_id,
            ).fetchone()
            both_have_read.wait()
            document = outgoing(tx, province.ubnd.id)
            tx.add(
                RegisterEntry(
                    agency_id=province.ubnd.id,
                    series_id=series_id,
                    number=row[0],
                    outgoing_document_id=document.id,
                    entered_at=AT,
                )
            )
            return row[0]

    results = in_parallel(2, greatest_plus_one)
    assert sum(isinstance(r, psycopg.errors.UniqueViolation) for r in results) == 1


def test_a_rolled_back_number_is_given_again(settled):
    database, province = settled
    with database.transaction() as tx:
        register_id = make_register(tx, province.ubnd.id).id
    with database.transaction() as tx:
        assert enter(tx, register_id, KEY, outgoing(tx, province.ubnd.id), at=AT).number == 1
    with contextlib.suppress(ZeroDivisionError), database.transaction() as tx:
        assert enter(tx, register_id, KEY, outgoing(tx, province.ubnd.id), at=AT).number == 2
        tx.flush()
        raise ZeroDivisionError
    with database.transaction() as tx:
        assert enter(tx, register_id, KEY, outgoing(tx, province.ubnd.id), at=AT).number == 2


def test_the_year_turns_at_local_midnight(tx, province):
    register = make_register(tx, province.ubnd.id)
    last = datetime(2026, 12, 31, 16, 59, 59, 999999, tzinfo=UTC)
    first = datetime(2026, 12, 31, 17, tzinfo=UTC)
    assert (year_of(last), year_of(first)) == (2026, 2027)
    old = [enter(tx, register.id, KEY, outgoing(tx, province.ubnd.id), at=last) for _ in "ab"]
    new = enter(tx, register.id, KEY, outgoing(tx, province.ubnd.id), at=first)
    assert [e.number for e in old] == [1, 2]
    assert new.number == 1
    assert new.series_id != old[0].series_id
    series = tx.get(RegisterSeries, old[0].series_id)
    with pytest.raises(WrongYear):
        take_number(tx, series, first)


@given(st.integers(631_152_000, 3_786_912_000))  # 1990 to 2090
def test_the_year_is_that_of_the_wall_clock_in_vietnam(seconds):
    moment = datetime.fromtimestamp(seconds, UTC)
    assert year_of(moment) == (moment + timedelta(hours=7)).year


def test_a_series_opens_at_a_number_only_with_a_reason(tx, province):
    register = make_register(tx, province.ubnd.id)
    with pytest.raises(ReasonNeeded):
        open_series(tx, register.id, "QPPL:QĐ", year=2026, first=188)
    open_series(tx, register.id, "QPPL:QĐ", year=2026, first=188, reason="Chuyển từ sổ giấy")
    assert enter(tx, register.id, "QPPL:QĐ", outgoing(tx, province.ubnd.id), at=AT).number == 188
    with pytest.raises(SeriesOpen) as refused:
        open_series(tx, register.id, "QPPL:QĐ", year=2026)
    assert refused.value.fields["next"] == 189
    assert series_at(tx, register.id, KEY, AT).next_number == 1  # its own series


def test_a_given_number_must_be_free_and_in_turn(tx, province):
    register = make_register(tx, province.ubnd.id)
    open_series(tx, register.id, KEY, year=2026, first=20, reason="Chuyển từ sổ giấy")

    def try_number(number):
        document = outgoing(tx, province.ubnd.id)
        return enter(
            tx, register.id, KEY, document, at=AT, number=number, actual_on=date(2026, 3, 1)
        )

    late = try_number(20)
    assert (late.number, late.is_late_entry) == (20, True)
    tx.flush()
    for taken in (20, 19):  # 19 was given on paper, before the series
        with pytest.raises(NumberTaken):
            try_number(taken)
    with pytest.raises(NumberAhead):
        try_number(22)
    assert try_number(21).number == 21


def test_a_reserved_number_is_used_or_stays_as_void(tx, province):
    register = make_register(tx, province.ubnd.id)
    one = reserve_number(tx, register.id, KEY, at=AT, reason="Chờ ký")
    two = reserve_number(tx, register.id, KEY, at=AT, reason="Chờ ký")
    tx.flush()
    used = enter(tx, register.id, KEY, outgoing(tx, province.ubnd.id), at=AT, number=1)
    assert used is one
    assert used.state is EntryState.ACTIVE
    void_number(tx, two, "Thôi ban hành")
    tx.flush()
    with pytest.raises(NotVoidable):
        void_number(tx, two, "lần nữa")
    with pytest.raises(NumberTaken):
        enter(tx, register.id, KEY, outgoing(tx, province.ubnd.id), at=AT, number=2)
    assert enter(tx, register.id, KEY, outgoing(tx, province.ubnd.id), at=AT).number == 3
    with pytest.raises(ReasonNeeded):
        void_number(tx, one, " ")


def test_the_printed_books_have_the_columns_and_lines_of_the_annex(settled):
    database, province = settled
    agency = province.ubnd.id
    with database.transaction() as tx:
        out_book = make_register(tx, agency).id
        in_book = make_register(tx, agency, RegisterKind.INCOMING).id
        document = outgoing(
            tx,
            agency,
            type_name="Quyết định",
            code_number="01",
            code_notation="QĐ-UBND",
            issued_on=date(2026, 3, 2),
            signer_name="Trịnh Việt Hùng",
            issued_amount=3,
            kept_by="Văn thư",
        )
        for ordinal, name in enumerate(["Sở Nội vụ", "Sở Tài chính"]):
            tx.add(
                Recipient(
                    agency_id=agency, outgoing_document_id=document.id, name=name, ordinal=ordinal
                )
            )
        enter(tx, out_book, KEY, document, at=AT)
        void_number(tx, reserve_number(tx, out_book, KEY, at=AT, reason="x"), "Thôi ban hành")
        came = incoming(tx, agency, code_number="7", code_notation="SNV-TC", type_name="Công văn",
                        arrived_on=date(2026, 3, 2))  # fmt: skip
        enter(tx, in_book, "Văn bản đến", came, at=AT, actual_on=date(2026, 3, 1))
    assert len(INCOMING_BOOK) == len(OUTGOING_BOOK) == 10
    with database.session(province.acting("chanvp")) as session:
        first, second = outgoing_book_rows(session, out_book, 2026, KEY)
        (line,) = incoming_book_rows(session, in_book, 2026)
        assert outgoing_book_rows(session, out_book, 2026, KEY, after=1) == [second]
        assert incoming_book_rows(session, in_book, 2025) == []
    assert list(first) == [c.key for c in OUTGOING_BOOK]
    assert first["reference"] == "01/QĐ-UBND"
    assert first["recipients"] == "Sở Nội vụ; Sở Tài chính"
    assert first["subject"] == "Quyết định Về việc đôn đốc"
    assert (second["reference"], second["note"]) == ("02", "Số hủy: Thôi ban hành")
    assert list(line) == [c.key for c in INCOMING_BOOK]
    assert (line["arrived_on"], line["number"], line["organ"]) == ("02/03/2026", "1", "Sở Nội vụ")
    assert "Nhập bù" in line["note"]
    with database.session(province.acting("giamdoc")) as session:  # another agency
        assert outgoing_book_rows(session, out_book, 2026, KEY) == []
