"""From what a diagram asks to people and times (giao việc): groups, exclusions, deadlines."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.database import Query, Transaction
from engine.diagram import Node
from engine.expressions import compile_expression
from engine.instance import ProcessInstance
from engine.runtime import Assignment
from processes.next_authority import NobodyToAsk, pass_on
from records.calendar_day import load_calendar
from records.organization import Unit
from records.urgency_limit import urgent_deadline
from records.working_time import Duration, WorkingCalendar, add_working_time

#: a step whose diagram names no limit (Decree 30/2020, Điều 24.2: by the agency's work rule)
USUAL_LIMIT = "P2D"

#: what follows when a document has been handled or has left waits as long as ever
_NOT_HURRIED = frozenset({"file_incoming", "store", "acknowledge"})

#: a holiday announced today counts from tomorrow at the latest
CALENDAR_AGE = timedelta(minutes=5)

_UNITS = Query(
    sa.select(Unit.symbol, Unit.id).where(
        Unit.agency_id == sa.bindparam("agency_id"), Unit.symbol != ""
    )
)


@dataclass(slots=True)
class Desk:
    """Assigns the steps of an agency; calendars and unit symbols are read once in a while.

    A `fixed` calendar is the only one asked: of a rehearsal, whose moments lie in the past.
    """

    fixed: WorkingCalendar | None = None
    _calendars: dict[UUID, tuple[datetime, WorkingCalendar]] = field(default_factory=dict)
    _units: dict[UUID, tuple[datetime, dict[str, UUID]]] = field(default_factory=dict)

    def assign(
        self, tx: Transaction, instance: ProcessInstance, node: Node, variables: dict[str, Any]
    ) -> Assignment:
        """Return who may take the step `node` with these variables, and until when.

        The assignee of the diagram counts first, then its candidates, then the lane's role in its
        unit or the agency; where that leaves only who is excluded, the next authority. Raises
        `NobodyToAsk` where a named unit or person is missing or nobody else is left.
        """
        excluded = _ids(_value(node.exclude, variables, tx.now))
        return Assignment(
            groups=self._groups(tx, instance, node, variables, excluded),
            due_at=self._due(tx, instance, node, variables),
            excluded=tuple(str(i) for i in excluded),
        )

    def calendar(self, tx: Transaction, agency_id: UUID) -> WorkingCalendar:
        """Return the working calendar of an agency."""
        if self.fixed is not None:
            return self.fixed
        kept = self._calendars.get(agency_id)
        if kept is None or tx.now - kept[0] > CALENDAR_AGE:
            kept = (tx.now, load_calendar(tx, agency_id))
            self._calendars[agency_id] = kept
        return kept[1]

    def _groups(
        self,
        tx: Transaction,
        instance: ProcessInstance,
        node: Node,
        variables: dict[str, Any],
        excluded: list[UUID],
    ) -> tuple[str, ...]:
        groups, unit = _named(node, variables, tx.now), None
        if not groups and not node.role:
            raise NobodyToAsk(
                step=node.name,
                why_vi="bước không thuộc làn có vai trò và chưa chọn cá nhân",
                why_en="it lies in no lane with a role and names nobody",
            )
        if not groups and not node.unit:
            groups = (f"role:{node.role}@{instance.agency_id}",)
        # Whoever belongs to no unit (a leader) has no head above him: the next authority judges.
        elif not groups and not (excluded and _value_of_unit(node, variables, tx.now) is None):
            unit = self._unit(tx, instance, node, variables)
            groups = (f"role:{node.role}@{unit}",)
        if not excluded:
            return groups
        return pass_on(tx, instance.agency_id, node, groups, unit, excluded)

    def _unit(
        self, tx: Transaction, instance: ProcessInstance, node: Node, variables: dict[str, Any]
    ) -> UUID:
        wanted = _value_of_unit(node, variables, tx.now)
        try:
            return UUID(str(wanted))
        except ValueError:
            pass
        kept = self._units.get(instance.agency_id)
        if kept is None or str(wanted) not in kept[1] or tx.now - kept[0] > CALENDAR_AGE:
            kept = (tx.now, dict(tx.rows(_UNITS, agency_id=instance.agency_id)))
            self._units[instance.agency_id] = kept
        found = kept[1].get(str(wanted))
        if found is None:
            raise NobodyToAsk(
                step=node.name,
                why_vi=f"cơ quan không có đơn vị «{wanted or 'chưa chọn'}»",
                why_en=f"the agency has no unit “{wanted or 'not chosen'}”",
            )
        return found

    def _due(
        self, tx: Transaction, instance: ProcessInstance, node: Node, variables: dict[str, Any]
    ) -> datetime:
        asked = node.due
        if asked.startswith("="):
            value = _value(asked, variables, tx.now)
            if isinstance(value, datetime):
                return value
            asked = str(value or "")
            if asked and not asked.startswith("P"):
                return datetime.fromisoformat(asked)
        limit = Duration.parse(asked or USUAL_LIMIT)
        calendar = self.calendar(tx, instance.agency_id)
        usual = add_working_time(tx.now, limit, calendar)
        is_computed = bool(asked) and node.due.startswith("=")  # the agency's own word
        if is_computed or node.verb in _NOT_HURRIED:
            return usual
        urgent = urgent_deadline(variables.get("urgency"), tx.now, calendar)
        return usual if urgent is None else min(usual, urgent)


def _value(expression: str, variables: dict[str, Any], now: datetime) -> Any:
    return compile_expression(expression).evaluate(variables, now=now) if expression else None


def _value_of_unit(node: Node, variables: dict[str, Any], now: datetime) -> Any:
    return _value(node.unit, variables, now) if node.unit.startswith("=") else node.unit


def _named(node: Node, variables: dict[str, Any], now: datetime) -> tuple[str, ...]:
    """Return the groups a diagram names itself: its assignee, else its candidates."""
    assignee = _ids(_value(node.assignee, variables, now))
    if assignee:
        return tuple(f"officer:{i}" for i in assignee)
    candidates = _value(node.candidates, variables, now)
    named = candidates if isinstance(candidates, list) else [candidates] if candidates else []
    return tuple(str(c) if ":" in str(c) else f"officer:{c}" for c in named)


def _ids(value: Any) -> list[UUID]:
    """Return officer ids of an expression's value; what is no id names nobody."""
    if not value:
        return []
    return [UUID(str(v)) for v in (value if isinstance(value, list) else [value])]
