"""Directives and assignments (bút phê, phân công): the model of phiếu giải quyết văn bản đến.

Decree 30/2020, annex IV: the leader names who leads, who cooperates, who is to know, and a deadline
for each; the unit head assigns within the unit; the officer reports progress (Quy chế, Điều 8, 9).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Transaction
from engine.errors import OfficeError
from records.document import Document, about
from records.record import Authored, GuardedRecord, Record, author, one_document
from records.vietnamese import moment_words
from records.vocabulary import AssignmentKind, AssignmentState, vocabulary


class NotOneLead(OfficeError):
    """Exactly one unit or person leads (phải có đúng một chủ trì)."""

    code = "not-one-lead"
    citation = "Nghị định 30/2020/NĐ-CP, Điều 24, Phụ lục IV"
    vi = "Mỗi ý kiến chỉ đạo phải có đúng một đơn vị hoặc cá nhân chủ trì; hiện có {count}."
    en = "A directive names exactly one lead; there are {count}."


class DeadlineMissing(OfficeError):
    """Who leads or cooperates needs a deadline (thiếu thời hạn)."""

    code = "deadline-missing"
    citation = "Nghị định 30/2020/NĐ-CP, Phụ lục IV"
    vi = "Chưa ghi thời hạn cho {name} ({kind}). Chủ trì và phối hợp phải có thời hạn."
    en = "{name} ({kind}) has no deadline; lead and cooperating assignees need one."


class DeadlinePast(OfficeError):
    """The deadline is over already (thời hạn đã qua)."""

    code = "deadline-past"
    vi = "Thời hạn của {name} ({deadline}) đã qua. Hãy chọn thời điểm sau lúc giao việc."
    en = "The deadline of {name} ({deadline}) is in the past."


class AssignedTwice(OfficeError):
    """The same unit or person is named twice (giao trùng)."""

    code = "assigned-twice"
    vi = "{name} được giao hai lần trong cùng một ý kiến chỉ đạo. Hãy bỏ bớt một dòng."
    en = "{name} is named twice in one directive."


class AssigneeMissing(OfficeError):
    """A line names neither one unit nor one officer (chưa chọn người, đơn vị nhận việc)."""

    code = "assignee-missing"
    vi = "Mỗi dòng phân công phải chọn đúng một đơn vị hoặc một cá nhân."
    en = "Each assignment names exactly one unit or one officer."


class WrongProgress(OfficeError):
    """The act does not fit the state of the assignment (không đúng trạng thái phần việc)."""

    code = "wrong-progress"
    status = 409
    vi = "Phần việc này ở trạng thái «{state}» nên không {act} được."
    en = "This assignment is «{state}»; it cannot be changed so ({act})."


class ReturnReasonMissing(OfficeError):
    """A return needs its reason (phải ghi lý do trả lại)."""

    code = "return-reason-missing"
    citation = "Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 14.4"
    vi = "Phải ghi lý do khi trả lại việc được giao."
    en = "Give the reason for returning the assignment."


class Directive(Authored, Record):
    """What a leader directs on a document (ý kiến chỉ đạo, bút phê); never changed afterwards."""

    __tablename__ = "directive"
    called = ("ý kiến chỉ đạo", "directive")
    __table_args__ = (one_document(), {"info": {"append_only": True}})

    incoming_document_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("incoming_document.id"), index=True
    )
    outgoing_document_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("outgoing_document.id"), index=True
    )
    #: 1 the agency's leader, 2 the unit head; a later directive of the same level counts on
    round: Mapped[int] = mapped_column(default=1)
    #: the assignment a unit head passes on within the unit
    under_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("assignment.id", use_alter=True), index=True
    )
    text: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]


class Assignment(GuardedRecord):
    """One line of a directive: who does what by when (phân công)."""

    __tablename__ = "assignment"
    called = ("phân công", "assignment")
    __table_args__ = (
        sa.CheckConstraint("num_nonnulls(unit_id, officer_id) = 1", name="assignee"),
        sa.CheckConstraint("kind = 'informed' OR deadline IS NOT NULL", name="deadline"),
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        sa.CheckConstraint("state <> 'returned' OR note <> ''", name="return_reason"),
        sa.Index(
            "uq_assignment_one_lead",
            "directive_id",
            unique=True,
            postgresql_where=sa.text("kind = 'lead'"),
        ),
    )

    directive_id: Mapped[UUID] = mapped_column(sa.ForeignKey("directive.id"), index=True)
    kind: Mapped[AssignmentKind] = mapped_column(vocabulary(AssignmentKind))
    unit_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("unit.id"), index=True)
    officer_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("officer.id"), index=True)
    #: the assignee's name that day
    name: Mapped[str] = mapped_column(default="")
    deadline: Mapped[datetime | None]
    state: Mapped[AssignmentState] = mapped_column(
        vocabulary(AssignmentState), default=AssignmentState.GIVEN
    )
    progress: Mapped[int] = mapped_column(default=0)
    accepted_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(default="")

    def is_overdue(self, now: datetime) -> bool:
        """Return whether the deadline passed with the work unfinished (quá hạn)."""
        if self.deadline is None or self.state is AssignmentState.RETURNED:
            return False
        return (self.finished_at or now) > self.deadline

    def accept(self, now: datetime) -> None:
        """Note that the assignee has received the work (đã nhận, Quy chế Điều 8.1)."""
        self._ensure({AssignmentState.GIVEN}, "nhận")
        self.state = AssignmentState.ACCEPTED
        self.accepted_at = now

    def finish(self, now: datetime) -> None:
        """Note that the work is done (hoàn thành)."""
        self._ensure({AssignmentState.GIVEN, AssignmentState.ACCEPTED}, "kết thúc")
        self.state = AssignmentState.FINISHED
        self.progress = 100
        self.accepted_at = self.accepted_at or now
        self.finished_at = now

    def give_back(self, reason: str) -> None:
        """Return the work to the assigner with a reason (trả lại, Quy chế Điều 14.4)."""
        self._ensure({AssignmentState.GIVEN, AssignmentState.ACCEPTED}, "trả lại")
        if not reason.strip():
            raise ReturnReasonMissing
        self.state = AssignmentState.RETURNED
        self.note = reason.strip()

    def _ensure(self, states: set[AssignmentState], act: str) -> None:
        if self.state not in states:
            raise WrongProgress(state=self.state.vi, act=act)


class ProgressEntry(Authored, Record):
    """One report of progress (tiến độ xử lý), never changed afterwards."""

    __tablename__ = "progress_entry"
    __table_args__ = (
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
        {"info": {"append_only": True}},
    )

    assignment_id: Mapped[UUID] = mapped_column(sa.ForeignKey("assignment.id"), index=True)
    file_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("file.id"))
    percent: Mapped[int]
    text: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class PlannedAssignment:
    """A line of the directive form before it is checked."""

    kind: AssignmentKind
    name: str
    unit_id: UUID | None = None
    officer_id: UUID | None = None
    deadline: datetime | None = None
    note: str = ""


def check_assignments(lines: Sequence[PlannedAssignment], now: datetime, *, leads: int = 1) -> None:
    """Raise what the law has against these lines: one lead, a deadline for each, none past."""
    seen: set[UUID] = set()
    for line in lines:
        assignees = [key for key in (line.unit_id, line.officer_id) if key is not None]
        if len(assignees) != 1:
            raise AssigneeMissing
        if assignees[0] in seen:
            raise AssignedTwice(name=line.name)
        seen.add(assignees[0])
        if line.deadline is None:
            if line.kind is not AssignmentKind.INFORMED:
                raise DeadlineMissing(name=line.name, kind=line.kind.vi)
        elif line.deadline <= now:
            raise DeadlinePast(name=line.name, deadline=moment_words(line.deadline))
    found = sum(line.kind is AssignmentKind.LEAD for line in lines)
    if found != leads:
        raise NotOneLead(count=found)


def give_directive(
    tx: Transaction,
    document: Document,
    lines: Sequence[PlannedAssignment],
    *,
    text: str = "",
    round_no: int = 1,
    under: Assignment | None = None,
) -> tuple[Directive, list[Assignment]]:
    """Record a directive on `document` with its assignments (cho ý kiến chỉ đạo, phân công)."""
    check_assignments(lines, tx.now)
    return _record(tx, document, lines, text=text, round_no=round_no, under=under)


def ask_to_cooperate(
    tx: Transaction, document: Document, line: PlannedAssignment, *, text: str = ""
) -> Assignment:
    """Record that one more unit cooperates (giao phối hợp); who leads stays as it was directed."""
    check_assignments([line], tx.now, leads=0)
    _, (made,) = _record(tx, document, [line], text=text, round_no=1, under=None)
    return made


def _record(
    tx: Transaction,
    document: Document,
    lines: Sequence[PlannedAssignment],
    *,
    text: str,
    round_no: int,
    under: Assignment | None,
) -> tuple[Directive, list[Assignment]]:
    directive = Directive(
        agency_id=document.agency_id,
        round=round_no,
        under_id=under.id if under else None,
        text=text,
        at=tx.now,
        **about(document),
        **author(tx.acting),
    )
    assignments = [
        Assignment(
            agency_id=document.agency_id,
            directive_id=directive.id,
            kind=line.kind,
            unit_id=line.unit_id,
            officer_id=line.officer_id,
            name=line.name,
            deadline=line.deadline,
            note=line.note,
        )
        for line in lines
    ]
    return tx.add(directive), [tx.add(assignment) for assignment in assignments]


def report_progress(
    tx: Transaction,
    assignment: Assignment,
    *,
    percent: int,
    text: str = "",
    file_id: UUID | None = None,
) -> ProgressEntry:
    """Record how far the work has got (cập nhật tiến độ); the first report accepts the work."""
    if assignment.state is AssignmentState.GIVEN:
        assignment.accept(tx.now)
    if assignment.state is not AssignmentState.ACCEPTED:
        raise WrongProgress(state=assignment.state.vi, act="cập nhật tiến độ")
    assignment.progress = percent
    return tx.add(
        ProgressEntry(
            agency_id=assignment.agency_id,
            assignment_id=assignment.id,
            file_id=file_id,
            percent=percent,
            text=text,
            at=tx.now,
            **author(tx.acting),
        )
    )
