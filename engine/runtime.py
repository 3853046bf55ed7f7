"""Commands on running procedures (điều khiển lần chạy): start, complete, fire, deliver, cancel.

Each takes the transaction of its caller, locks one instance row, plays the token game on its small
state (`engine.machine`, pure) and turns what changed into rows: the instance, work items with their
candidates, subscriptions, one chained event, and jobs for what must happen outside. Nothing is
committed here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa

from engine import history, jobs, machine
from engine.database import Query, Transaction, new_id
from engine.definition import Definition, form_of, program_of, version_of
from engine.diagram import Node
from engine.errors import Named, NotFound
from engine.instance import InstanceStatus, ProcessInstance, Suspended
from engine.machine import NotWaiting, Open, Step
from engine.subscription import Subscription
from engine.work_item import MACHINE_GROUP, Candidate, ItemStatus, WorkItem

#: the job that completes a work item of the machine
MACHINE_JOB = "complete_machine_item"


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who may take a step and until when: group keys, excluded officer ids, the due moment."""

    groups: tuple[str, ...]
    due_at: datetime
    excluded: tuple[str, ...] = ()


class Desk(Protocol):
    """How the office turns what a diagram asks into people and times."""

    def assign(
        self, tx: Transaction, instance: ProcessInstance, node: Node, variables: dict[str, Any]
    ) -> Assignment:
        """Return who may take the step `node` with these variables, and until when."""
        ...


@dataclass(frozen=True, slots=True)
class Completed:
    """What completing a step led to."""

    instance: ProcessInstance
    opened: tuple[WorkItem, ...]
    passed: tuple[str, ...]

    @property
    def is_finished(self) -> bool:
        """Whether the procedure ended."""
        return self.instance.status == InstanceStatus.COMPLETED


ITEM = Query(
    sa.select(WorkItem, ProcessInstance)
    .join(ProcessInstance, ProcessInstance.id == WorkItem.instance_id)
    .where(WorkItem.id == sa.bindparam("id"))
    .with_for_update()
)

_INSTANCE = Query(
    sa.select(ProcessInstance).where(ProcessInstance.id == sa.bindparam("id")).with_for_update()
)

#: locked in the order named: a completion holds the instance when it deletes the clock of its step
_TIMER = Query(
    sa.select(Subscription, ProcessInstance)
    .select_from(ProcessInstance)
    .join(Subscription, ProcessInstance.id == Subscription.instance_id)
    .where(Subscription.id == sa.bindparam("id"))
    .with_for_update(of=[ProcessInstance, Subscription])
)

_OPEN_ITEMS = Query(
    sa.select(WorkItem).where(
        WorkItem.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid()))),
        WorkItem.status == ItemStatus.OPEN.value,
    )
)


def start(
    tx: Transaction,
    desk: Desk,
    definition: Definition,
    *,
    subject_type: str,
    subject_id: UUID,
    variables: dict[str, Any],
) -> Completed:
    """Start a procedure over a document; returns the instance with its first open steps."""
    program = program_of(tx, definition.id)
    step = machine.start(program, variables, tx.now)
    instance = tx.add(
        ProcessInstance(
            id=new_id(),
            agency_id=definition.agency_id,
            definition_id=definition.id,
            subject_type=subject_type,
            subject_id=subject_id,
            status=InstanceStatus.RUNNING.value,
            version=1,
            seq=0,
            head=b"",
            stored=b"",
            standing=[],
            started_at=tx.now,
            updated_at=tx.now,
        )
    )
    return apply(tx, desk, instance, step, "start", "", {"variables": variables})


def find(tx: Transaction, item_id: UUID) -> tuple[WorkItem, ProcessInstance]:
    """Return a work item and its instance, both locked; raises `NotFound`."""
    row = tx.one(ITEM, id=item_id)
    if row is None:
        raise NotFound(what="việc cần xử lý")
    return row


def locked(tx: Transaction, instance_id: UUID) -> ProcessInstance | None:
    """Return a run with its row locked, or None where it is not there."""
    return tx.scalar(_INSTANCE, id=instance_id)


def ensure_running(instance: ProcessInstance) -> None:
    """Raise `Suspended` or `NotWaiting` unless the run goes on."""
    if instance.status == InstanceStatus.SUSPENDED:
        raise Suspended
    if not instance.goes_on:
        raise NotWaiting


def ensure_open(item: WorkItem, instance: ProcessInstance) -> None:
    """Raise `Suspended` or `NotWaiting` unless the step still waits."""
    if item.status != ItemStatus.OPEN:
        raise NotWaiting
    ensure_running(instance)


def complete(
    tx: Transaction,
    desk: Desk,
    item: WorkItem,
    instance: ProcessInstance,
    *,
    variables: dict[str, Any],
    outcome: dict[str, Any],
) -> Completed:
    """Complete an open step: the token moves on by `variables`; `outcome` is kept with the item.

    Raises `NotWaiting` where the step or the procedure is no longer open.
    """
    ensure_open(item, instance)
    program = program_of(tx, instance.definition_id)
    step = machine.complete(program, instance.state, item.id, variables, tx.now)
    item.status = ItemStatus.DONE.value
    item.done_at = tx.now
    item.done_by = tx.acting.officer_id
    item.outcome = outcome
    tx.discard(Candidate, work_item_id=item.id)
    facts = {"item": item.id, "variables": variables, "outcome": outcome}
    return apply(tx, desk, instance, step, "complete", item.node_id, facts, done=item.id)


def find_timer(tx: Transaction, identity: UUID) -> tuple[Subscription, ProcessInstance] | None:
    """Return a timer and its instance, both locked; None where it is gone."""
    return tx.one(_TIMER, id=identity)


def fire(
    tx: Transaction, desk: Desk, subscription: Subscription, instance: ProcessInstance
) -> Completed | None:
    """Fire a due timer; None where its token is gone (the subscription is dropped)."""
    if instance.status == InstanceStatus.SUSPENDED:
        return None  # `steering.resume` finds it again
    if not instance.goes_on:
        tx.delete(subscription)
        return None
    program = program_of(tx, instance.definition_id)
    try:
        step = machine.fire(program, instance.state, subscription.id, tx.now)
    except NotWaiting:
        tx.delete(subscription)
        return None
    facts = {"token": subscription.id, "due": subscription.due_at}
    return apply(tx, desk, instance, step, "timer", subscription.node_id, facts)


def deliver(
    tx: Transaction,
    desk: Desk,
    instance_id: UUID,
    kind: str,
    name: str,
    payload: dict[str, Any],
) -> Completed:
    """Deliver a message or signal to an instance; raises `NotWaiting` where nobody waits for it."""
    instance = tx.scalar(_INSTANCE, id=instance_id)
    if instance is None:
        raise NotFound(what=Named("process_instance", ProcessInstance.called))
    ensure_running(instance)
    program = program_of(tx, instance.definition_id)
    step = machine.deliver(program, instance.state, kind, name, payload, tx.now)
    return apply(tx, desk, instance, step, kind, name, {"payload": payload})


def cancel(
    tx: Transaction, desk: Desk, instance: ProcessInstance, facts: dict[str, Any]
) -> Completed:
    """End a procedure where it stands; `facts` tell the reason."""
    if instance.status in {InstanceStatus.COMPLETED, InstanceStatus.CANCELLED}:
        raise NotWaiting
    program = program_of(tx, instance.definition_id)
    step = machine.cancel(program, instance.state, tx.now)
    done = apply(tx, desk, instance, step, "cancel", "", facts)
    instance.status = InstanceStatus.CANCELLED.value
    return done


def apply(
    tx: Transaction,
    desk: Desk,
    instance: ProcessInstance,
    step: Step,
    kind: str,
    node_id: str,
    facts: dict[str, Any],
    done: UUID | None = None,
) -> Completed:
    """Turn what a step changed into rows, and chain it as an event of this kind."""
    instance.state = step.state
    instance.standing = step.standing
    instance.updated_at = tx.now
    if instance.status == InstanceStatus.INCIDENT and tx.acting.officer_id is None:
        instance.status = InstanceStatus.RUNNING.value  # the machine got on
    if step.completed:
        instance.status = InstanceStatus.COMPLETED.value
        instance.ended_at = tx.now
    _withdraw(tx, (i for i in step.closed if i != done))
    _unsubscribe(tx, step.unsubscribed)
    opened = tuple(_open(tx, desk, instance, entry) for entry in step.opened)
    for waiting in step.subscribed:
        tx.add(
            Subscription(
                id=waiting.task_id,
                agency_id=instance.agency_id,
                instance_id=instance.id,
                node_id=waiting.node_id,
                kind=waiting.kind,
                name=waiting.name,
                due_at=waiting.due_at,
            )
        )
    for thrown in step.thrown:
        jobs.post(
            tx,
            "deliver_event",
            {"kind": thrown.kind, "name": thrown.name, "payload": thrown.payload},
            agency_id=instance.agency_id,
        )
    facts = {
        **facts,
        **_produced(step, opened),
        "program": version_of(tx, instance.definition_id),
    }
    history.append(tx, instance, kind, node_id, facts)
    return Completed(instance, opened, tuple(step.passed))


def _produced(step: Step, opened: Iterable[WorkItem]) -> dict[str, Any]:
    """Return what a command led to and what its tokens were drawn from, for its event."""
    return {
        "seed": step.seed.hex(),
        "passed": step.passed,
        "decisions": step.decisions,
        "standing": step.standing,
        "opened": [
            {
                "item": i.id, "node": i.node_id, "groups": i.groups, "excluded": i.excluded,
                "due": i.due_at,
            }
            for i in opened
        ],
        "closed": step.closed,
    }  # fmt: skip


def _open(tx: Transaction, desk: Desk, instance: ProcessInstance, entry: Open) -> WorkItem:
    node = entry.node
    if node.is_machine:
        assignment = Assignment((MACHINE_GROUP,), tx.now)
    else:
        assignment = desk.assign(tx, instance, node, entry.variables)
    item = tx.add(
        WorkItem(
            id=entry.task_id,
            agency_id=instance.agency_id,
            instance_id=instance.id,
            node_id=node.id,
            name=node.name,
            lane=node.lane_name,
            verb=node.verb,
            form=node.form,
            form_sha256=form_of(tx, instance.definition_id, node.form) if node.form else "",
            groups=list(assignment.groups),
            excluded=list(assignment.excluded),
            priority=node.priority,
            status=ItemStatus.OPEN.value,
            version=1,
            due_at=assignment.due_at,
            opened_at=tx.now,
            variables=entry.variables,
        )
    )
    if node.is_machine:
        call_machine(tx, item)
        return item
    offer(tx, item)
    return item


def call_machine(tx: Transaction, item: WorkItem, again: int = 0) -> None:
    """Have the worker complete an item of the machine; `again` tells a later call apart."""
    key = f"{MACHINE_JOB}:{item.id}" + (f":{again}" if again else "")
    jobs.post(tx, MACHINE_JOB, {"item": str(item.id)}, key=key, agency_id=item.agency_id)


def offer(tx: Transaction, item: WorkItem) -> None:
    """Put an open item into the inboxes of its groups."""
    for group in item.groups:
        tx.add(Candidate(group_key=group, due_at=item.due_at, work_item_id=item.id))


def _withdraw(tx: Transaction, ids: Iterable[UUID]) -> None:
    """Close the items whose tokens are gone (a join, an interrupting event, the end)."""
    wanted = list(ids)
    if not wanted:
        return
    for item in tx.scalars(_OPEN_ITEMS, ids=wanted):
        if item.status == ItemStatus.OPEN:
            item.status = ItemStatus.WITHDRAWN.value
            item.done_at = tx.now
            tx.discard(Candidate, work_item_id=item.id)


def _unsubscribe(tx: Transaction, ids: Iterable[UUID]) -> None:
    for identity in ids:
        tx.discard(Subscription, id=identity)
