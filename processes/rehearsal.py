"""A draft tried on past work before it is published (diễn tập trước khi ban hành).

The last cases of the version in use, finished and running, are walked again on the draft: who would
get what, which steps appear or vanish, what would be late, where it cannot go on. Nothing real is
touched: no number is taken, no job posted, and the transaction only reads.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from engine import migration, program, rehearsal
from engine.database import Transaction
from engine.definition import Definition, NotPublishable, program_of
from engine.diagram import Node
from engine.errors import NotFound, OfficeError
from engine.history import Event
from engine.instance import ProcessInstance
from engine.program import Program
from engine.rehearsal import Rehearsed, Taken
from engine.runtime import Assignment
from processes import procedures
from processes.desk import Desk
from records.authority import Act, authorize
from records.calendar_day import load_calendar
from records.organization import Officer, Role, Unit

#: cases of one rehearsal, at most
MOST_CASES = 1000
#: documents named behind each line of a report
EXAMPLES = 5


@dataclass(slots=True)
class Line:
    """One thing a draft would change (một điểm khác), in how many cases, and some of them."""

    vi: str
    en: str
    count: int = 0
    documents: list[UUID] = field(default_factory=list)

    def add(self, document: UUID) -> None:
        """Count one more case."""
        self.count += 1
        if len(self.documents) < EXAMPLES and document not in self.documents:
            self.documents.append(document)

    def to_json(self) -> dict[str, Any]:
        """Return the line as plain JSON."""
        return {"vi": self.vi, "en": self.en, "count": self.count, "documents": self.documents}


SECTIONS = ("appeared", "vanished", "given", "late", "stuck", "left_over")


@dataclass(slots=True)
class Report:
    """What a draft would have made of past cases (kết quả diễn tập)."""

    key: str
    against: int
    cases: int = 0
    unchanged: int = 0
    sections: dict[str, dict[Any, Line]] = field(
        default_factory=lambda: {name: {} for name in SECTIONS}
    )

    def add(self, section: str, key: Any, vi: str, en: str, document: UUID) -> None:
        """Count one finding of a case."""
        self.sections[section].setdefault(key, Line(vi, en)).add(document)

    def lines(self, section: str) -> list[Line]:
        """Return the lines of a section, the most frequent first."""
        return sorted(self.sections[section].values(), key=lambda line: (-line.count, line.vi))

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON."""
        found = {name: [line.to_json() for line in self.lines(name)] for name in SECTIONS}
        counted = {"cases": self.cases, "unchanged": self.unchanged}
        return {"key": self.key, "against": self.against, **counted, **found}


@dataclass(frozen=True, slots=True)
class RehearseDraft:
    """The command: which procedure, the draft, on how many cases, with which table of steps."""

    key: str
    xml: bytes
    cases: int = 100
    table: dict[str, str] = field(default_factory=dict)


def rehearse(tx: Transaction, command: RehearseDraft) -> Report:
    """Try a draft on the last cases of the version in use; writes nothing.

    Raises `NoRight`, `NotPublishable` where the draft has errors, `NotFound` for no procedure.
    """
    authorize(tx.acting, Act.PUBLISH_PROCESS)
    assert tx.acting.agency_id is not None
    prepared = procedures.check(command.xml, command.key)
    if prepared.has_errors:
        raise NotPublishable(prepared.findings)
    draft = program.restore(prepared.specs)
    current = _in_use(tx, command.key)
    report = Report(command.key, current.number)
    desk = Desk(load_calendar(tx, tx.acting.agency_id))
    tx.execute("SET TRANSACTION READ ONLY")  # the server sees to it that nothing real is touched
    tell = _Teller(tx)
    moment = tx.now
    try:
        for run, events in _cases(tx, command.key, min(max(command.cases, 1), MOST_CASES)):
            told = _walk(tx, desk, run, events, draft, command.table)
            tell.add(report, run.subject_id, told)
    finally:
        tx.now = moment
    return report


def _in_use(tx: Transaction, key: str) -> Definition:
    found = next((d for d in procedures.versions(tx, key) if d.is_current), None)
    if found is None:
        raise NotFound(what=f"quy trình «{key}»")
    return found


#: cases read at once: their events are a few kB each
_BATCH = 100


def _cases(
    tx: Transaction, key: str, most: int
) -> Iterable[tuple[ProcessInstance, list[dict[str, Any]]]]:
    """Yield the last runs of a procedure with the facts of their events, in order."""
    runs = tx.scalars(
        sa.select(ProcessInstance)
        .join(Definition, Definition.id == ProcessInstance.definition_id)
        .where(Definition.agency_id == tx.acting.agency_id, Definition.key == key)
        .order_by(ProcessInstance.started_at.desc())
        .limit(most)
    )
    for start in range(0, len(runs), _BATCH):
        some = runs[start : start + _BATCH]
        rows = tx.rows(
            sa.select(Event.instance_id, Event.body)
            .where(Event.instance_id.in_([run.id for run in some]))
            .order_by(Event.instance_id, Event.seq)
        )
        events: dict[UUID, list[dict[str, Any]]] = {}
        for instance_id, body in rows:
            events.setdefault(instance_id, []).append(orjson.loads(body))
        for run in some:
            yield run, events.get(run.id, [])


def _walk(
    tx: Transaction,
    desk: Desk,
    run: ProcessInstance,
    events: Sequence[dict[str, Any]],
    draft: Program,
    table: dict[str, str],
) -> Rehearsed:
    first = UUID(events[0]["definition"]) if events else run.definition_id
    old = program_of(tx, first).nodes

    def assign(node: Node, variables: dict[str, Any], moment: datetime) -> Assignment:
        if node.is_machine:
            return Assignment(("machine",), moment)
        tx.now = moment  # the desk asks who held what, and counts working time, from there
        return desk.assign(tx, run, node, variables)

    matched = migration.match(old.values(), draft.nodes, table)
    return rehearsal.rehearse(old, draft, matched, events, assign)


class _Teller:
    """Puts what was found into the officials' words."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self.names: dict[str, tuple[str, str]] = {}

    def add(self, report: Report, document: UUID, told: Rehearsed) -> None:
        """Count one case."""
        report.cases += 1
        report.unchanged += told.is_unchanged
        for node in told.appeared:
            report.add(
                "appeared", node.id, f"thêm bước «{node.name}»", f"step “{node.name}” appears",
                document,
            )  # fmt: skip
        for node in told.vanished:
            report.add(
                "vanished", node.id, f"không còn bước «{node.name}»",
                f"step “{node.name}” vanishes", document,
            )  # fmt: skip
        for was, would in told.given:
            self._given(report, document, was, would)
        for late, _ in told.late:
            name = late.node.name
            report.add(
                "late", late.node.id, f"«{name}»: đã xong đúng hạn, theo dự thảo là quá hạn",
                f"“{name}”: done in time then, late by the draft", document,
            )  # fmt: skip
        if told.stuck is not None:
            self._stuck(report, document, *told.stuck)
        for node in told.left_over:
            report.add(
                "left_over", node.id, f"hồ sơ đã xong nhưng còn chờ ở «{node.name}»",
                f"the case had ended but would wait at “{node.name}”", document,
            )  # fmt: skip

    def _given(self, report: Report, document: UUID, was: Taken, would: Taken) -> None:
        groups = tuple(sorted(was.groups)), tuple(sorted(would.groups))
        before, after = (self._people(g) for g in groups)
        name = would.node.name
        report.add(
            "given", (would.node.id, groups),
            f"«{name}»: {before[0]} → {after[0]}", f"“{name}”: {before[1]} → {after[1]}", document,
        )  # fmt: skip

    def _stuck(self, report: Report, document: UUID, place: str, why: OfficeError) -> None:
        report.add(
            "stuck", (place, why.code), f"dừng tại «{place}»: {why.text('vi')}",
            f"stops at “{place}”: {why.text('en')}", document,
        )  # fmt: skip

    def _people(self, groups: tuple[str, ...]) -> tuple[str, str]:
        told = [self._name(g) for g in groups]
        return ", ".join(vi for vi, _ in told) or "—", ", ".join(en for _, en in told) or "—"

    def _name(self, group: str) -> tuple[str, str]:
        if group not in self.names:
            self.names[group] = self._look_up(group)
        return self.names[group]

    def _look_up(self, group: str) -> tuple[str, str]:
        kind, _, rest = group.partition(":")
        role, _, place = rest.partition("@")
        if kind == "officer":
            name = self.tx.scalar(sa.select(Officer.full_name).where(Officer.id == UUID(rest)))
            return (name or rest,) * 2
        unit = place if kind == "role" else rest
        named = self.tx.scalar(sa.select(Unit.name).where(Unit.id == UUID(unit))) if unit else ""
        if kind != "role":
            return ("hệ thống", "the machine") if group == "machine" else (named or rest,) * 2
        vi, en = (Role(role).label(t) if role in set(Role) else role for t in ("vi", "en"))
        return (f"{vi} {named}", f"{en} of {named}") if named else (vi, en)
