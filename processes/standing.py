"""Where a run stands (hồ sơ đang ở bước nào), and which acts on it would not be refused."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from engine import moves
from engine.database import Transaction
from engine.definition import Definition, program_of
from engine.diagram import Node
from engine.errors import OfficeError
from engine.instance import InstanceStatus, ProcessInstance
from engine.work_item import MACHINE_GROUP, ItemStatus, WorkItem
from forms.components import Field, Option
from processes import history, work_items
from processes.lineage import done_before
from processes.reach import facts_of_document
from processes.steering import Steer, SteerRun, ensure_lawful
from records.authority import Act, Facts, NoRight, authorize, may
from records.document import Document

#: targets that are tried out before they are offered
MOST_TRIED = 60


@dataclass(frozen=True, slots=True)
class OpenStep:
    """A step that waits: where its run may be put instead, and how it may go on past it.

    `back` are steps done before, `ahead` the others that can be reached without passing over what
    the law demands; `ways` are the outcomes a gateway may ask for when the step is skipped.
    """

    item: WorkItem
    back: tuple[Node, ...]
    ahead: tuple[Node, ...]
    may_skip: bool
    may_give: bool
    ways: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """A run as who steers it sees it."""

    instance: ProcessInstance
    document: Document
    steps: Sequence[OpenStep]
    steers: bool

    def offered(self, step: OpenStep | None) -> list[Steer]:
        """Return the acts that make sense now, on the run and on this step of it."""
        status = self.instance.status
        if status not in {InstanceStatus.RUNNING, InstanceStatus.SUSPENDED}:
            return []
        if status == InstanceStatus.SUSPENDED:
            return [Steer.RESUME, Steer.CANCEL] if self.steers else []
        found = []
        if step is not None and self.steers:
            found += [Steer.SEND_BACK] * bool(step.back) + [Steer.MOVE] * bool(step.ahead)
            found += [Steer.SKIP] * step.may_skip
        if step is not None and step.may_give:
            found.append(Steer.REASSIGN)
        return found + ([Steer.SUSPEND, Steer.CANCEL] if self.steers else [])


def may_act(tx: Transaction, facts: Facts, items: Iterable[WorkItem]) -> bool:
    """Return whether the officer may do anything to a run whose document has these facts."""
    if may(tx.acting, Act.STEER_PROCESS, facts):
        return True
    return any(may(tx.acting, Act.REASSIGN_WORK, work_items.facts_of(item)) for item in items)


def standing_of(tx: Transaction, instance_id: UUID) -> Standing:
    """Return where a run stands and what may be done to it; raises `NotFound`, `NoRight`."""
    instance = tx.get(ProcessInstance, instance_id)
    document = history.subject_of(tx, instance)
    facts = facts_of_document(tx, document)
    items = tx.scalars(
        sa.select(WorkItem)
        .where(WorkItem.instance_id == instance.id, WorkItem.status == ItemStatus.OPEN.value)
        .order_by(WorkItem.due_at, WorkItem.id)
    )
    if not may_act(tx, facts, items):
        raise NoRight(act=Act.STEER_PROCESS)
    steers = may(tx.acting, Act.STEER_PROCESS, facts)
    steps = [_open(tx, instance, item, steers=steers) for item in items]
    return Standing(instance, document, steps, steers)


def _open(tx: Transaction, instance: ProcessInstance, item: WorkItem, *, steers: bool) -> OpenStep:
    give = MACHINE_GROUP not in item.groups
    give = give and may(tx.acting, Act.REASSIGN_WORK, work_items.facts_of(item))
    if not steers or instance.status != InstanceStatus.RUNNING:
        return OpenStep(item, (), (), may_skip=False, may_give=give, ways=())
    nodes = program_of(tx, instance.definition_id).nodes
    done = done_before(tx, item)
    others = [n for n in nodes.values() if n.kind in moves.TARGETS and n.id != item.node_id]
    back = [n for n in others if n.id in done]
    ahead = [n for n in others if n.id not in done]
    skip = SteerRun(instance.id, Steer.SKIP, "", item_id=item.id)
    return OpenStep(
        item,
        _reachable(tx, instance, item, Steer.SEND_BACK, back, done),
        _reachable(tx, instance, item, Steer.MOVE, ahead, done),
        may_skip=_is_lawful(tx, instance, item, skip, done),
        may_give=give,
        ways=_ways(tx, item),
    )


def _is_lawful(
    tx: Transaction, instance: ProcessInstance, item: WorkItem, command: SteerRun, done: set[str]
) -> bool:
    try:
        ensure_lawful(tx, instance, item, command, done)
    except OfficeError:
        return False
    return True


def _reachable(
    tx: Transaction,
    instance: ProcessInstance,
    item: WorkItem,
    kind: Steer,
    nodes: Sequence[Node],
    done: set[str],
) -> tuple[Node, ...]:
    """Return the nodes the token can be put at: the law allows it and the diagram has a way.

    Of a very large diagram it is not tried out where each leads; the act itself tries it.
    """
    program = program_of(tx, instance.definition_id)
    found = []
    for node in nodes:
        command = SteerRun(instance.id, kind, "", item_id=item.id, target=node.id)
        if not _is_lawful(tx, instance, item, command, done):
            continue
        try:
            step = moves.move(program, instance.state, item.id, node.id, tx.now)
            if len(nodes) <= MOST_TRIED:
                moves.ensure_goes_on(program, step.state, node.id, tx.now)
        except OfficeError:
            continue
        found.append(node)
    return tuple(found)


def _ways(tx: Transaction, item: WorkItem) -> tuple[Option, ...]:
    form = work_items.form_of(tx, item)
    if form is None:
        return ()
    fields = (leaf.component for leaf in form.leaves if isinstance(leaf.component, Field))
    return next((f.options for f in fields if f.key == "outcome"), ())


def running(tx: Transaction, key: str, limit: int = 100) -> list[ProcessInstance]:
    """Return the runs of a procedure that are not over, oldest first; raises `NoRight`."""
    authorize(tx.acting, Act.STEER_PROCESS)
    return tx.scalars(
        sa.select(ProcessInstance)
        .join(Definition, Definition.id == ProcessInstance.definition_id)
        .where(
            Definition.agency_id == tx.acting.agency_id,
            Definition.key == key,
            ProcessInstance.status.in_([InstanceStatus.RUNNING, InstanceStatus.SUSPENDED]),
        )
        .order_by(ProcessInstance.started_at, ProcessInstance.id)
        .limit(limit)
    )
