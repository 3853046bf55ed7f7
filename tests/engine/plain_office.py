"""The least an office needs to run procedures: an agency, a desk, a published diagram."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from bpmn_drawing import Drawing, each, event, timer

from engine import definition, runtime
from engine.database import Acting, Base, Database, Transaction, new_id
from engine.diagram import Node
from engine.instance import ProcessInstance
from engine.runtime import Assignment, Completed

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
OFFICER = UUID("01990000-0000-7000-8000-00000000000a")


class PlainDesk:
    """Gives each step to its lane's role (or to "all") for two days; `exclude` names one officer."""

    def assign(
        self, tx: Transaction, instance: ProcessInstance, node: Node, variables: dict[str, Any]
    ) -> Assignment:
        groups = (f"role:{node.role or 'all'}", f"node:{node.id}")
        return Assignment(groups, tx.now + timedelta(days=2), (str(OFFICER),) * bool(node.exclude))


DESK = PlainDesk()


def agency(database: Database) -> UUID:
    """Add an agency: the engine only points at one, so its columns are filled as they come."""
    import_module("records.organization")
    table = Base.metadata.tables["agency"]
    identity = new_id()
    values: dict[str, Any] = {"id": identity}
    for column in table.columns:
        if column.name in values or column.nullable or column.server_default is not None:
            continue
        values[column.name] = _some(column, identity)
    with database.engine.begin() as connection:
        connection.execute(sa.insert(table).values(**values))
    return identity


def _some(column: "sa.Column[Any]", identity: UUID) -> Any:
    kind = column.type
    if isinstance(kind, sa.LargeBinary):
        return b""
    if isinstance(kind, sa.Boolean):
        return False
    if isinstance(kind, sa.Integer):
        return 1
    if isinstance(kind, sa.DateTime):
        return NOW
    if isinstance(kind, sa.Date):
        return NOW.date()
    if isinstance(kind, sa.ARRAY):
        return []
    if isinstance(kind, sa.JSON):
        return {}
    return identity if isinstance(kind, sa.Uuid) else f"x{identity.hex}"


def acting(agency_id: UUID) -> Acting:
    return Acting(agency_id=agency_id, officer_id=OFFICER, name="Trần Văn A", title="Chuyên viên")


def publish(database: Database, agency_id: UUID, xml: bytes, key: str = "p") -> UUID:
    prepared = definition.prepare(xml)
    with database.transaction(acting(agency_id)) as tx:
        return definition.publish(
            tx, prepared, agency_id=agency_id, key=key, name="Thử", forms={"f": "0" * 64},
            reason="thử",
        ).id  # fmt: skip


def start(database: Database, agency_id: UUID, key: str = "p", **variables: Any) -> Completed:
    with database.transaction(acting(agency_id)) as tx:
        current = definition.definition_for(tx, agency_id, key, None)
        return runtime.start(
            tx, DESK, current, subject_type="document", subject_id=new_id(), variables=variables
        )


def complete(database: Database, agency_id: UUID, item_id: UUID, **variables: Any) -> Completed:
    with database.transaction(acting(agency_id)) as tx:
        item, instance = runtime.find(tx, item_id)
        return runtime.complete(
            tx, DESK, item, instance, variables=variables, outcome={"outcome": "ok"}
        )


def loop() -> bytes:
    """A step with a form and a timer beside it, done again as long as `again` is true."""
    drawing = Drawing().start().user("a", congvan__form="f", congvan__verb="do").xor("g", "d").end()
    drawing.boundary("t", "a", timer("Duration", "P1D"), interrupting=False).user("late").end("e2")
    drawing.chain("s", "a", "g").flow("g", "a", "again = true").flow("g", "e", identity="d")
    return drawing.chain("t", "late", "e2").xml()


def busy() -> bytes:
    """A step, then a fork: each of a list, a wait for a message, a step of the machine."""
    drawing = Drawing().start().user("first").both("f").end("e1").end("e2").end("e3")
    drawing.user("m", inner=each("xs", "x"), congvan__exclude="=officer")
    drawing.node("intermediateCatchEvent", "c", event("message", messageRef="M"))
    drawing.node("intermediateThrowEvent", "told", event("signal", signalRef="S"))
    drawing.node("serviceTask", "seal", congvan__verb="seal")
    drawing.chain("s", "first", "f", "m", "e1").chain("f", "c", "told", "e2")
    drawing.chain("f", "seal", "e3")
    return drawing.xml('<bpmn:message id="M" name="reply"/><bpmn:signal id="S" name="alarm"/>')
