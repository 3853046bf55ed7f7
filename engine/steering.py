"""Acts of people on a run (điều hành hồ sơ): move, skip, hold, resume, re-assign, carry over.

Each is a distinct mark in the chained history, with who, why and, where the agency asks for one,
the second person. Like `engine.runtime` it locks nothing itself and commits nothing: the caller
holds the instance's row.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine import history, machine, migration, moves, runtime
from engine.database import Query, Transaction
from engine.definition import Definition, form_of, program_of
from engine.diagram import Node
from engine.errors import OfficeError
from engine.instance import InstanceStatus, ProcessInstance
from engine.migration import Migrated, Route
from engine.runtime import Completed, Desk, ensure_open, ensure_running
from engine.subscription import Subscription
from engine.work_item import MACHINE_GROUP, Candidate, ItemStatus, WorkItem


class MovedOn(OfficeError):
    """Something happened since, so the act cannot be taken back (hồ sơ đã xử lý tiếp)."""

    code = "moved-on"
    status = 409
    vi = (
        "Hồ sơ đã được xử lý tiếp sau lần chuyển này nên không trả về bản cũ bằng một thao tác "
        "được. Chuyển lại bằng bảng bước thay thế nếu cần."
    )
    en = (
        "The run went on since it was carried over, so it cannot be returned in one act. Carry it "
        "over again with a table if needed."
    )


class NotSuspended(OfficeError):
    """The run is not held (hồ sơ không tạm dừng)."""

    code = "not-suspended"
    status = 409
    vi = "Hồ sơ không ở trạng thái tạm dừng. Chưa có gì thay đổi; tải lại trang."
    en = "The run is not suspended. Nothing was changed; reload the page."


_OPEN = Query(
    sa.select(WorkItem)
    .where(
        WorkItem.instance_id == sa.bindparam("instance"), WorkItem.status == ItemStatus.OPEN.value
    )
    .order_by(WorkItem.opened_at, WorkItem.id)
    .with_for_update()
)

_LATE = Query(
    sa.select(Subscription).where(
        Subscription.instance_id == sa.bindparam("instance"),
        Subscription.kind == "timer",
        Subscription.due_at <= sa.bindparam("now"),
    )
)


def open_items(tx: Transaction, instance: ProcessInstance) -> list[WorkItem]:
    """Return the open steps of a run, locked."""
    return tx.scalars(_OPEN, instance=instance.id)


def move(
    tx: Transaction,
    desk: Desk,
    instance: ProcessInstance,
    token: UUID,
    target: str,
    kind: str,
    facts: Mapping[str, Any],
) -> Completed:
    """Put a waiting token at the step `target`; `kind` is `move` or `send_back`.

    Raises `NotWaiting`, `Suspended`, `NoSuchTarget`, `LeadsNowhere`.
    """
    ensure_running(instance)
    program = program_of(tx, instance.definition_id)
    step = moves.move(program, instance.state, token, target, tx.now)
    moves.ensure_goes_on(program, step.state, target, tx.now)
    told = {**facts, "token": token, "target": target}
    return runtime.apply(tx, desk, instance, step, kind, target, told)


def skip(
    tx: Transaction,
    desk: Desk,
    item: WorkItem,
    instance: ProcessInstance,
    variables: dict[str, Any],
    facts: Mapping[str, Any],
) -> Completed:
    """Let a run go on past a step without doing it; `variables` say which way at a gateway."""
    ensure_open(item, instance)
    program = program_of(tx, instance.definition_id)
    step = machine.complete(program, instance.state, item.id, variables, tx.now)
    told = {**facts, "item": item.id, "variables": variables}
    return runtime.apply(tx, desk, instance, step, "skip", item.node_id, told)


def suspend(tx: Transaction, instance: ProcessInstance, facts: Mapping[str, Any]) -> None:
    """Hold a run: its steps leave the inboxes and its timers wait until it is resumed.

    Deadlines run on: neither Decree 30/2020 nor the Quy chế lets one stop (Điều 24.2 gives it to
    the work rules or the leader's directive).
    """
    ensure_running(instance)
    for item in open_items(tx, instance):
        tx.discard(Candidate, work_item_id=item.id)
    _mark(tx, instance, InstanceStatus.SUSPENDED, "suspend", facts)


def resume(
    tx: Transaction, instance: ProcessInstance, facts: Mapping[str, Any]
) -> list[Subscription]:
    """Let a held run go on; return the timers that ran out meanwhile, for the caller to fire."""
    if instance.status != InstanceStatus.SUSPENDED:
        raise NotSuspended
    _mark(tx, instance, InstanceStatus.RUNNING, "resume", facts)
    for item in open_items(tx, instance):
        if MACHINE_GROUP in item.groups:
            runtime.call_machine(tx, item, instance.seq)
        else:
            runtime.offer(tx, item)
    return tx.scalars(_LATE, instance=instance.id, now=tx.now)


def reassign(
    tx: Transaction,
    item: WorkItem,
    instance: ProcessInstance,
    groups: Iterable[str],
    facts: Mapping[str, Any],
) -> None:
    """Give an open step to others; who may not take it still may not."""
    ensure_open(item, instance)
    before = list(item.groups)
    _offer_to(tx, item, tuple(groups))
    told = {**facts, "item": item.id, "from": before, "groups": item.groups}
    instance.updated_at = tx.now
    history.append(tx, instance, "reassign", item.node_id, told)


_routes: OrderedDict[tuple[UUID, UUID, tuple[tuple[str, str], ...]], Route] = OrderedDict()
_MOST_ROUTES = 64


def route(tx: Transaction, old: UUID, new: UUID, table: Mapping[str, str]) -> Route:
    """Return the way from one published version to another by `table`; kept, for versions are."""
    key = (old, new, tuple(sorted(table.items())))
    found = _routes.get(key)
    if found is None:
        found = Route(program_of(tx, old), program_of(tx, new), table)
        _routes[key] = found
        while len(_routes) > _MOST_ROUTES:
            _routes.popitem(last=False)
    return found


def migrate(
    tx: Transaction,
    desk: Desk,
    instance: ProcessInstance,
    definition: Definition,
    table: Mapping[str, str],
    facts: Mapping[str, Any],
) -> Completed:
    """Carry a run over to another version of its procedure.

    Raises `NotMigratable`, `NotWaiting`, `Suspended`.
    """
    ensure_running(instance)
    done = route(tx, instance.definition_id, definition.id, table).carry(instance.state, tx.now)
    told = {**facts, "from": instance.definition_id, "to": definition.id, "table": dict(table)}
    instance.definition_id = definition.id
    return _carried(tx, desk, instance, done, "migrate", told)


def give_back(
    tx: Transaction, desk: Desk, instance: ProcessInstance, facts: Mapping[str, Any]
) -> Completed:
    """Return a run to the version it was carried over from, as it stood then.

    Raises `MovedOn` where the last thing that happened is not its migration.
    """
    ensure_running(instance)
    last = history.event_at(tx, instance, instance.seq)
    before = history.event_at(tx, instance, instance.seq - 1)
    if last is None or before is None or last.kind != "migrate":
        raise MovedOn
    came = UUID(history.facts_of(last)["from"])
    program = program_of(tx, came)
    done = migration.restore(
        program_of(tx, instance.definition_id), instance.state, program, before.state, tx.now
    )
    told = {**facts, "from": instance.definition_id, "to": came, "undoes": last.seq}
    instance.definition_id = came
    return _carried(tx, desk, instance, done, "give_back", told)


def _carried(
    tx: Transaction,
    desk: Desk,
    instance: ProcessInstance,
    done: Migrated,
    kind: str,
    facts: dict[str, Any],
) -> Completed:
    changed = []
    for item in open_items(tx, instance):
        node = done.items.get(str(item.id))
        if node is not None and _stands(tx, desk, instance, item, node):
            changed.append({"item": item.id, "node": node.id, "groups": item.groups})
    facts["changed"] = changed
    return runtime.apply(tx, desk, instance, done.step, kind, "", facts)


def _stands(
    tx: Transaction, desk: Desk, instance: ProcessInstance, item: WorkItem, node: Node
) -> bool:
    """Have an open item stand at `node` as its diagram draws it; return whether that is news.

    Its deadline stays. Who may take it is asked anew: the diagram may give it to others now.
    """
    drawn = {
        "node_id": node.id, "name": node.name, "lane": node.lane_name, "verb": node.verb,
        "form": node.form, "priority": node.priority,
        "form_sha256": form_of(tx, instance.definition_id, node.form) if node.form else "",
    }  # fmt: skip
    news = {k: v for k, v in drawn.items() if getattr(item, k) != v}
    for name, value in news.items():
        setattr(item, name, value)
    if node.is_machine:
        if MACHINE_GROUP in item.groups:
            return bool(news)
        _offer_to(tx, item, (MACHINE_GROUP,))
        return True
    assigned = desk.assign(tx, instance, node, item.variables)
    if set(assigned.groups) == set(item.groups) and list(assigned.excluded) == item.excluded:
        return bool(news)
    item.excluded = list(assigned.excluded)
    _offer_to(tx, item, assigned.groups)
    return True


def _offer_to(tx: Transaction, item: WorkItem, groups: tuple[str, ...]) -> None:
    item.groups = list(groups)
    item.accepted_at = item.accepted_by = None
    tx.discard(Candidate, work_item_id=item.id)
    tx.flush()
    if MACHINE_GROUP in groups:
        runtime.call_machine(tx, item)
    else:
        runtime.offer(tx, item)


def _mark(
    tx: Transaction,
    instance: ProcessInstance,
    status: InstanceStatus,
    kind: str,
    facts: Mapping[str, Any],
) -> None:
    instance.status = status.value
    instance.updated_at = tx.now
    history.append(tx, instance, kind, "", {**facts, "standing": instance.standing})
