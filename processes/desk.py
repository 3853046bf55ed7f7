"""From what a diagram asks to people and times (giao việc): groups, exclusions, deadlines."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.database import Query, Transaction
from engine.diagram import Node
from engine.errors import OfficeError
from engine.expressions import compile_expression
from engine.instance import ProcessInstance
from engine.runtime import Assignment
from records.calendar_day import load_calendar
from records.organization import Unit
from records.working_time import Duration, WorkingCalendar, add_working_time

#: a step whose diagram names no limit (Decree 30/2020, Điều 24.2: by the agency's work rule)
USUAL_LIMIT = "P2D"

#: a holiday announced today counts from tomorrow at the latest
CALENDAR_AGE = timedelta(minutes=5)

_UNITS = Query(
    sa.select(Unit.symbol, Unit.id).where(
        Unit.agency_id == sa.bindparam("agency_id"), Unit.symbol != ""
    )
)


class NobodyToAsk(OfficeError):
    """No officer can take the next step (không xác định được người xử lý)."""

    code = "nobody-to-ask"
    vi = (
        "Chưa xác định được người xử lý bước «{step}» vì {why_vi}. Chọn lại đơn vị hoặc cá nhân, "
        "hoặc báo quản trị cơ quan sửa sơ đồ."
    )
    en = "Nobody can take the step “{step}”: {why_en}. Choose again or have the diagram mended."


@dataclass(slots=True)
class Desk:
    """Assigns the steps of an agency; calendars and unit symbols are read once in a while."""

    _calendars: dict[UUID, tuple[datetime, WorkingCalendar]] = field(default_factory=dict)
    _units: dict[UUID, tuple[datetime, dict[str, UUID]]] = field(default_factory=dict)

    def assign(
        self, tx: Transaction, instance: ProcessInstance, node: Node, variables: dict[str, Any]
    ) -> Assignment:
        """Return who may take the step `node` with these variables, and until when.

        The assignee of the diagram counts first, then its candidates, then the lane's role in its
        unit or the agency. Raises `NobodyToAsk` where a named unit or person is missing.
        """
        excluded = _ids(_value(node.exclude, variables, tx.now))
        return Assignment(
            groups=self._groups(tx, instance, node, variables),
            due_at=self._due(tx, instance, node, variables),
            excluded=tuple(str(i) for i in excluded),
        )

    def calendar(self, tx: Transaction, agency_id: UUID) -> WorkingCalendar:
        """Return the working calendar of an agency."""
        kept = self._calendars.get(agency_id)
        if kept is None or tx.now - kept[0] > CALENDAR_AGE:
            kept = (tx.now, load_calendar(tx, agency_id))
            self._calendars[agency_id] = kept
        return kept[1]

    def _groups(
        self, tx: Transaction, instance: ProcessInstance, node: Node, variables: dict[str, Any]
    ) -> tuple[str, ...]:
        assignee = _ids(_value(node.assignee, variables, tx.now))
        if assignee:
            return tuple(f"officer:{i}" for i in assignee)
        candidates = _value(node.candidates, variables, tx.now)
        if candidates:
            named = candidates if isinstance(candidates, list) else [candidates]
            return tuple(str(c) if ":" in str(c) else f"officer:{c}" for c in named)
        if not node.role:
            raise NobodyToAsk(
                step=node.name,
                why_vi="bước không thuộc làn có vai trò và chưa chọn cá nhân",
                why_en="it lies in no lane with a role and names nobody",
            )
        if node.unit:
            return (f"role:{node.role}@{self._unit(tx, instance, node, variables)}",)
        return (f"role:{node.role}@{instance.agency_id}",)

    def _unit(
        self, tx: Transaction, instance: ProcessInstance, node: Node, variables: dict[str, Any]
    ) -> UUID:
        wanted = _value(node.unit, variables, tx.now) if node.unit.startswith("=") else node.unit
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
        return add_working_time(tx.now, limit, self.calendar(tx, instance.agency_id))


def _value(expression: str, variables: dict[str, Any], now: datetime) -> Any:
    return compile_expression(expression).evaluate(variables, now=now) if expression else None


def _ids(value: Any) -> list[UUID]:
    """Return officer ids of an expression's value; what is no id names nobody."""
    if not value:
        return []
    return [UUID(str(v)) for v in (value if isinstance(value, list) else [value])]
