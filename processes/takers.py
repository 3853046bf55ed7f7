"""Who may be given a step (người nhận việc): whoever could complete it, and nobody else."""

from collections.abc import Sequence
from uuid import UUID

from engine.database import Acting, Transaction
from engine.definition import program_of
from engine.diagram import Node
from engine.errors import OfficeError
from engine.instance import ProcessInstance
from engine.work_item import WorkItem
from processes.next_authority import PASSED_ON
from records.authority import Act, Facts, may
from records.organization import Officer, Position, Role, Unit, choose_officers, choose_units

#: the right a verb asks for when it is carried out; the others ask for no more than the step itself
RIGHTS: dict[str, Act] = {
    "check_authenticity": Act.RECEIVE_DOCUMENT,
    "register_incoming": Act.REGISTER_DOCUMENT,
    "present": Act.REGISTER_DOCUMENT,
    "direct": Act.DIRECT_DOCUMENT,
    "assign": Act.ASSIGN_WORK,
    "cooperate": Act.ASSIGN_WORK,
    "review_cooperation": Act.DIRECT_DOCUMENT,
    "follow_up": Act.DIRECT_DOCUMENT,
    "complete": Act.ASSIGN_WORK,
    "draft": Act.DRAFT_DOCUMENT,
    "comment": Act.DRAFT_DOCUMENT,
    "approve_content": Act.ASSIGN_WORK,
    "check_format": Act.ASSIGN_WORK,
    "sign": Act.SIGN_DOCUMENT,
    "number": Act.REGISTER_DOCUMENT,
    "register_outgoing": Act.REGISTER_DOCUMENT,
    "seal": Act.SEAL_DOCUMENT,
    "issue": Act.ISSUE_DOCUMENT,
    "decide_recall": Act.RECEIVE_DOCUMENT,
    "decide_update": Act.RECEIVE_DOCUMENT,
    "decide_replace": Act.RECEIVE_DOCUMENT,
}


class NobodyNamed(OfficeError):
    """Nobody was named to take the step (chưa chọn người nhận việc)."""

    code = "nobody-named"
    vi = "Chưa chọn người hoặc đơn vị nhận việc. Chọn cán bộ hoặc đơn vị làm được bước này."
    en = "Nobody was named to take the step. Name an officer or a unit who may do it."


class MayNotTake(OfficeError):
    """Who was named could not complete the step (người được chọn không làm được bước này)."""

    code = "may-not-take"
    vi = (
        "Không giao được bước «{step}» cho «{whom}»: không có vai trò, quyền mà bước này đòi hỏi "
        "hoặc không được làm bước này. Chọn cán bộ đang công tác có thẩm quyền thực hiện bước này."
    )
    en = (
        "“{whom}” cannot be given the step “{step}”: without the role and the right it needs, or "
        "kept out of it. Name an officer in office who may do it."
    )


class NotForUnits(OfficeError):
    """The step belongs to a person or to a role of the agency (bước không giao cho đơn vị)."""

    code = "not-for-units"
    vi = (
        "Không giao được bước «{step}» cho đơn vị: làn của bước này trong sơ đồ không thuộc đơn vị "
        "nào. Chọn một cán bộ."
    )
    en = "The step “{step}” lies in no lane of a unit, so no unit takes it. Name an officer."


def officers(tx: Transaction, item: WorkItem) -> dict[UUID, str]:
    """Return the officers of the agency a step may be given to, by id."""
    node = _node(tx, item)
    found = _competent(tx, item, node)
    return {officer.id: f"{officer.full_name}, {position.title}" for officer, position in found}


def units(tx: Transaction, item: WorkItem) -> dict[UUID, str]:
    """Return the units a step may be given to, by id: of a lane for units, where somebody may."""
    node = _node(tx, item)
    if not node.unit:
        return {}
    able = {p.unit_id for _, p in _competent(tx, item, node) if _role(node) in p.roles}
    return {unit.id: unit.name for unit in choose_units(tx) if unit.id in able}


def groups(
    tx: Transaction, item: WorkItem, officer_id: UUID | None, unit_id: UUID | None
) -> list[str]:
    """Return the groups of whom a step is given to; of a unit, those in the role of its lane.

    Raises `NobodyNamed`, `NotForUnits`, `MayNotTake`, and `NotFound` for one unknown here.
    """
    found = []
    if officer_id is not None:
        officer = tx.get(Officer, officer_id)
        if officer.id not in officers(tx, item):
            raise MayNotTake(step=item.name, whom=officer.full_name)
        found.append(f"officer:{officer.id}")
    if unit_id is not None:
        unit, node = tx.get(Unit, unit_id), _node(tx, item)
        if not node.unit:
            raise NotForUnits(step=item.name)
        if unit.id not in units(tx, item):
            raise MayNotTake(step=item.name, whom=unit.name)
        found.append(f"role:{_role(node)}@{unit.id}")
    if not found:
        raise NobodyNamed
    return found


def _node(tx: Transaction, item: WorkItem) -> Node:
    instance = tx.get(ProcessInstance, item.instance_id)
    return program_of(tx, instance.definition_id).nodes[item.node_id]


def _role(node: Node) -> str:
    return node.role or Role.OFFICER.value


def _competent(tx: Transaction, item: WorkItem, node: Node) -> Sequence[tuple[Officer, Position]]:
    wanted = {_role(node)}
    if node.role in PASSED_ON:
        wanted.add(Role.LEADER.value)
    return [
        (officer, position)
        for officer, position in choose_officers(tx)
        if str(officer.id) not in item.excluded
        and not wanted.isdisjoint(position.roles)
        and _has_the_rights(item, officer, position)
    ]


def _has_the_rights(item: WorkItem, officer: Officer, position: Position) -> bool:
    taker = Acting(position.agency_id, officer.id, position.id, position.unit_id, position.roles)
    given = Facts(item.agency_id, frozenset({f"officer:{officer.id}"}))
    needed = (Act.COMPLETE_WORK_ITEM, RIGHTS.get(item.verb, Act.COMPLETE_WORK_ITEM))
    return all(may(taker, act, given) for act in needed)
