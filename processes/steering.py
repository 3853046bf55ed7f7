"""Acts of people on a run (điều hành hồ sơ): with a right, a reason and, where asked, two persons.

Steps that the law demands are not passed over: neither skipped nor jumped.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from engine import runtime, steering
from engine.database import Transaction
from engine.definition import program_of
from engine.diagram import Node
from engine.errors import NotFound, OfficeError, Stale
from engine.instance import ProcessInstance
from engine.runtime import Completed
from engine.work_item import WorkItem
from processes import history, second_person, takers, timers
from processes.catalogue import VERBS
from processes.law.rule import Kind, rules_of
from processes.lineage import done_before
from processes.means import Means
from processes.reach import facts_of_document
from processes.second_person import Proposal, reasoned
from records import journal
from records.authority import Act, Facts, authorize
from records.vocabulary import Term


class Steer(Term):
    """What is done to a run (hành động điều hành)."""

    MOVE = "move", "Chuyển tới bước khác", "Move to another step"
    SEND_BACK = "send_back", "Trả lại bước trước", "Send back to an earlier step"
    SKIP = "skip", "Bỏ qua bước", "Skip the step"
    REASSIGN = "reassign", "Giao lại cho người khác", "Give to somebody else"
    SUSPEND = "suspend", "Tạm dừng xử lý", "Suspend"
    RESUME = "resume", "Tiếp tục xử lý", "Resume"
    CANCEL = "cancel", "Chấm dứt xử lý", "Cancel"


#: acts on one waiting step, not on the whole run
ON_A_STEP = frozenset({Steer.MOVE, Steer.SEND_BACK, Steer.SKIP, Steer.REASSIGN})


class StepDemanded(OfficeError):
    """The law demands the step, so nobody passes over it (bước bắt buộc, không được bỏ qua)."""

    code = "step-demanded"
    vi = (
        "Không bỏ qua được bước «{step}»: {why} ({source}). Thực hiện bước này, hoặc giao lại cho "
        "người khác thực hiện."
    )
    en = "The step “{step}” may not be passed over ({source}). Do it, or give it to somebody else."


class NeverThere(OfficeError):
    """The step was not done before this one, so nothing goes back there (chưa qua bước này)."""

    code = "never-there"
    vi = (
        "Bước «{step}» chưa thực hiện trước bước đang chờ nên không trả lại bước đó được. Chọn "
        "bước đã thực hiện."
    )
    en = "Step “{step}” was not done before the waiting one, so the run cannot be sent back there."


@dataclass(frozen=True, slots=True)
class SteerRun:
    """The command: which run as the officer saw it (`seq`), what to do, and why."""

    instance_id: UUID
    steer: Steer
    reason: str
    seq: int | None = None
    item_id: UUID | None = None
    target: str = ""
    officer_id: UUID | None = None
    unit_id: UUID | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)

    def as_order(self) -> dict[str, Any]:
        """Return the command as plain JSON."""
        order = {k: str(v) if isinstance(v, UUID) else v for k, v in asdict(self).items()}
        return {**order, "steer": self.steer.value, "variables": dict(self.variables)}

    @classmethod
    def from_order(cls, order: Mapping[str, Any]) -> "SteerRun":
        """Return the command that `as_order` kept."""

        def identity(name: str) -> UUID | None:
            return UUID(order[name]) if order.get(name) else None

        return cls(
            instance_id=UUID(order["instance_id"]),
            steer=Steer(order["steer"]),
            reason=order["reason"],
            seq=order["seq"],
            item_id=identity("item_id"),
            target=order["target"],
            officer_id=identity("officer_id"),
            unit_id=identity("unit_id"),
            variables=order["variables"],
        )


def act_of(kind: Steer) -> Act:
    """Return the right that an act on a run needs."""
    return Act.REASSIGN_WORK if kind is Steer.REASSIGN else Act.STEER_PROCESS


def steer(tx: Transaction, means: Means, command: SteerRun) -> Proposal | None:
    """Do something to a run, or propose it where the agency wants a second person.

    Raises `NotFound`, `NoRight`, `ReasonMissing`, `Stale` where the run went on since, and what the
    act itself refuses.
    """
    instance, item = _found(tx, command)
    act = act_of(command.steer)
    reason = reasoned(command.reason)
    if second_person.is_wanted(tx, act):
        ensure_lawful(tx, instance, item, command)
        if item is not None and command.steer is Steer.REASSIGN:
            takers.groups(tx, item, command.officer_id, command.unit_id)
        order = {**command.as_order(), "seq": instance.seq}
        return second_person.propose(tx, act, "steer", instance.id, order, reason)
    _carry_out(tx, means, instance, item, command, {"reason": reason})
    return None


def _agreed(tx: Transaction, means: Means, proposal: Proposal) -> None:
    command = SteerRun.from_order(proposal.order)
    instance, item = _found(tx, command)
    facts = {"reason": proposal.reason, **second_person.told(tx, proposal)}
    _carry_out(tx, means, instance, item, command, facts)


second_person.CARRIED_OUT["steer"] = _agreed


def _found(tx: Transaction, command: SteerRun) -> tuple[ProcessInstance, WorkItem | None]:
    """Return the run and the step, both locked, once the officer may act on them."""
    instance = tx.get(ProcessInstance, command.instance_id, lock=True)
    item = None
    if command.steer in ON_A_STEP:
        item = tx.get(WorkItem, command.item_id, lock=True) if command.item_id else None
        if item is None or item.instance_id != instance.id:
            raise NotFound(what="việc cần xử lý")
    facts = (
        facts_of_document(tx, history.subject_of(tx, instance))
        if item is None
        else Facts(item.agency_id, frozenset(item.groups))
    )
    authorize(tx.acting, act_of(command.steer), facts)
    if command.seq is not None and command.seq != instance.seq:
        raise Stale(what=item.name if item else "hồ sơ")
    return instance, item


def _carry_out(
    tx: Transaction,
    means: Means,
    instance: ProcessInstance,
    item: WorkItem | None,
    command: SteerRun,
    facts: dict[str, Any],
) -> None:
    ensure_lawful(tx, instance, item, command)
    kind = command.steer
    if item is None:
        _steer_run(tx, means, instance, kind, facts)
    elif kind is Steer.REASSIGN:
        given = takers.groups(tx, item, command.officer_id, command.unit_id)
        steering.reassign(tx, item, instance, given, facts)
    elif kind is Steer.SKIP:
        steering.skip(tx, means.desk, item, instance, dict(command.variables), facts)
    else:
        steering.move(tx, means.desk, instance, item.id, command.target, kind.value, facts)
    journal.record(
        tx, f"steer_{kind.value}", "process_instance", instance.id, item=command.item_id,
        target=command.target, event=instance.head.hex(), **facts,
    )  # fmt: skip


def _steer_run(
    tx: Transaction, means: Means, instance: ProcessInstance, kind: Steer, facts: dict[str, Any]
) -> Completed | None:
    if kind is Steer.CANCEL:
        return runtime.cancel(tx, means.desk, instance, facts)
    if kind is Steer.SUSPEND:
        steering.suspend(tx, instance, facts)
        return None
    for late in steering.resume(tx, instance, facts):
        timers.post_again(tx, late, instance.seq)
    return None


# what the law demands ----------------------------------------------------------------------------


def demanded(instance: ProcessInstance) -> dict[str, tuple[str, str]]:
    """Return the verbs that the law demands of this run: why, and where that is written."""
    return {
        verb: (rule.vi, rule.citation)
        for rule in rules_of(instance.subject_type)
        if rule.kind is Kind.PRESENT
        for verb in rule.verbs
    }


def ensure_lawful(
    tx: Transaction,
    instance: ProcessInstance,
    item: WorkItem | None,
    command: SteerRun,
    done: set[str] | None = None,
) -> None:
    """Let an act on a run pass or raise `StepDemanded`, `NeverThere`.

    `done` is what `done_before` says, where the caller knows it.
    """
    if item is None or command.steer is Steer.REASSIGN:
        return
    owed = demanded(instance)
    nodes = program_of(tx, instance.definition_id).nodes
    done = done_before(tx, item) if done is None else done
    if command.steer is Steer.SKIP:
        if item.verb in owed and item.node_id not in done:
            raise _demanded(nodes[item.node_id], owed)
        return
    target = nodes.get(command.target)
    if target is None:
        return  # the token refuses to go there
    if command.steer is Steer.SEND_BACK:
        if target.id not in done:
            raise NeverThere(step=target.name)
        return
    if target.id in done:
        return
    ahead = [n for n in nodes.values() if n.verb in owed and n.id not in done]
    passed = _passed_over(nodes, item.node_id, target.id, ahead)
    if passed is not None:
        raise _demanded(passed, owed)


def _demanded(node: Node, owed: dict[str, tuple[str, str]]) -> StepDemanded:
    why, source = owed[node.verb]
    return StepDemanded(step=node.name or VERBS[node.verb].vi, why=why, source=source)


def _passed_over(
    nodes: Mapping[str, Node], origin: str, target: str, demanded: list[Node]
) -> Node | None:
    """Return a demanded step that every way from `origin` to `target` goes through, if any."""
    if _reaches(nodes, origin, target, {n.id for n in demanded} - {target}):
        return None
    for node in demanded:
        if node.id != target and not _reaches(nodes, origin, target, {node.id}):
            return node
    return next((n for n in demanded if n.id != target), None)


def _reaches(nodes: Mapping[str, Node], origin: str, target: str, without: set[str]) -> bool:
    comes_in: dict[str, str] = {flow: n.id for n in nodes.values() for flow in n.incoming}
    edges: dict[str, list[str]] = {}
    for node in nodes.values():
        edges.setdefault(node.id, []).extend(comes_in[f] for f in node.outgoing if f in comes_in)
        if node.attached_to:
            edges.setdefault(node.attached_to, []).append(node.id)
    if origin in without:
        return False
    seen, todo = {origin}, [origin]
    while todo:
        for following in edges.get(todo.pop(), ()):
            if following not in seen and following not in without:
                seen.add(following)
                todo.append(following)
    return target in seen
