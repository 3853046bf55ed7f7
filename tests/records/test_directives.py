from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import OfficeError
from records.directive import (
    AssignedTwice,
    AssigneeMissing,
    Assignment,
    DeadlineMissing,
    DeadlinePast,
    NotOneLead,
    PlannedAssignment,
    ProgressEntry,
    ReturnReasonMissing,
    WrongProgress,
    check_assignments,
    give_directive,
    report_progress,
)
from records.document import IncomingDocument
from records.vocabulary import AssignmentKind, AssignmentState, Channel

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)
SOON = NOW + timedelta(days=3)
LEAD, HELPS, KNOWS = AssignmentKind


def line(kind, *, deadline=SOON, **given) -> PlannedAssignment:
    return PlannedAssignment(
        kind=kind, name="Phòng CNTT", deadline=deadline, **(given or {"unit_id": uuid4()})
    )


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([], NotOneLead),
        ([line(HELPS)], NotOneLead),
        ([line(LEAD), line(LEAD)], NotOneLead),
        ([line(LEAD, deadline=None)], DeadlineMissing),
        ([line(LEAD), line(HELPS, deadline=None)], DeadlineMissing),
        ([line(LEAD, deadline=NOW)], DeadlinePast),
        ([line(LEAD), line(KNOWS, deadline=NOW - timedelta(1))], DeadlinePast),
        ([line(LEAD, unit_id=None, officer_id=None)], AssigneeMissing),
        ([line(LEAD, unit_id=uuid4(), officer_id=uuid4())], AssigneeMissing),
    ],
)
def test_what_the_form_of_the_decree_forbids(lines, error):
    with pytest.raises(error):
        check_assignments(lines, NOW)


def test_one_lead_others_with_deadlines_and_the_informed_without():
    check_assignments([line(LEAD), line(HELPS), line(KNOWS, deadline=None)], NOW)
    same = uuid4()
    with pytest.raises(AssignedTwice):
        check_assignments([line(LEAD, officer_id=same), line(HELPS, officer_id=same)], NOW)


@given(
    st.lists(
        st.tuples(st.sampled_from([LEAD, HELPS, KNOWS]), st.none() | st.integers(-5, 5)), max_size=6
    )
)
def test_a_directive_passes_exactly_when_every_rule_holds(drawn):
    lines = [
        line(kind, deadline=None if days is None else NOW + timedelta(days=days))
        for kind, days in drawn
    ]
    lawful = sum(kind is LEAD for kind, _ in drawn) == 1 and all(
        kind is KNOWS if days is None else days > 0 for kind, days in drawn
    )
    try:
        check_assignments(lines, NOW)
    except OfficeError:
        assert not lawful
    else:
        assert lawful


def test_work_is_accepted_reported_and_finished_or_given_back():
    work = Assignment(kind=LEAD, deadline=SOON)
    assert work.state is AssignmentState.GIVEN
    work.accept(NOW)
    with pytest.raises(WrongProgress, match="Đã nhận"):
        work.accept(NOW)
    assert not work.is_overdue(SOON)
    assert work.is_overdue(SOON + timedelta(seconds=1))
    work.finish(SOON)
    assert (work.progress, work.is_overdue(SOON + timedelta(days=9))) == (100, False)
    other = Assignment(kind=HELPS, deadline=SOON)
    with pytest.raises(ReturnReasonMissing):
        other.give_back("  ")
    other.give_back("Không thuộc lĩnh vực phụ trách")
    assert other.state is AssignmentState.RETURNED
    with pytest.raises(WrongProgress):
        other.finish(NOW)


@pytest.fixture
def document(tx, province):
    found = tx.add(
        IncomingDocument(
            agency_id=province.stttt.id,
            channel=Channel.EXCHANGE,
            subject="Quyết định ban hành Quy chế",
            organ_name="UBND tỉnh",
            received_at=NOW,
            created_at=NOW,
        )
    )
    tx.flush()
    return found


def planned(tx, province, *kinds):
    keys = iter(("truongphong", "chuyenvien", "vanthu"))
    return [
        PlannedAssignment(
            kind=kind,
            name="x",
            officer_id=province.officers[next(keys)].id,
            deadline=tx.now + timedelta(days=2),
        )
        for kind in kinds
    ]


def test_a_directive_is_kept_with_its_assignments_and_progress(tx, province, document):
    directive, (lead, helper) = give_directive(
        tx, document, planned(tx, province, LEAD, HELPS), text="Giao Phòng CNTT tham mưu"
    )
    tx.flush()
    assert directive.incoming_document_id == document.id
    report_progress(tx, lead, percent=40, text="Đã dự thảo")
    tx.flush()
    tx._kept.clear()
    found = tx.get(Assignment, lead.id)
    assert (found.progress, found.state, found.version) == (40, AssignmentState.ACCEPTED, 2)
    assert tx.get(Assignment, helper.id).state is AssignmentState.GIVEN
    found.finish(tx.now)
    with pytest.raises(WrongProgress):
        report_progress(tx, found, percent=50)


def test_the_database_itself_allows_one_lead(tx, province, document):
    directive, _ = give_directive(tx, document, planned(tx, province, LEAD))
    tx.add(
        Assignment(
            agency_id=document.agency_id,
            directive_id=directive.id,
            kind=LEAD,
            officer_id=province.officers["vanthu"].id,
            deadline=SOON,
        )
    )
    with pytest.raises(psycopg.errors.UniqueViolation):
        tx.flush()


def test_progress_over_a_hundred_is_refused(tx, province, document):
    _, (lead,) = give_directive(tx, document, planned(tx, province, LEAD))
    tx.flush()
    with pytest.raises(psycopg.errors.CheckViolation):
        _write(tx, lead)


def _write(tx, lead):
    report_progress(tx, lead, percent=101)
    tx.flush()


def test_directives_and_reports_are_never_changed():
    assert ProgressEntry.__table__.info == {"append_only": True}
