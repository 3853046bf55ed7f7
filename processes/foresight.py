"""What a migration would do, run by run (dự kiến khi chuyển hồ sơ): seen, kept, compared later.

What a second person decides on is kept with the proposal as the proposer saw it. When he decides,
it is foreseen anew: runs that have ended, begun or moved since are told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine import steering
from engine.database import Transaction
from engine.definition import program_of
from engine.errors import OfficeError
from engine.instance import InstanceStatus, ProcessInstance, Suspended
from engine.migration import Migrated, NotMigratable
from engine.moves import TARGETS
from engine.work_item import ItemStatus, WorkItem
from processes.means import Means
from processes.next_authority import NobodyToAsk

Words = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a migration would do to one run: its changes in words, or why it is refused.

    `lost` are the steps, by id and name, that the administrator's table may find a place for.
    """

    instance_id: UUID
    subject_id: UUID
    standing: tuple[str, ...]
    changes: tuple[Words, ...]
    obstacles: tuple[Words, ...]
    lost: tuple[tuple[str, str], ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether the run would stay where it is."""
        return bool(self.obstacles)

    @property
    def told(self) -> tuple[tuple[str, ...], tuple[Words, ...], tuple[Words, ...]]:
        """Return what is told of it: runs that agree in that are told together."""
        return self.standing, self.changes, self.obstacles


def foresee(
    tx: Transaction,
    means: Means,
    new: UUID,
    runs: Sequence[ProcessInstance],
    table: Mapping[str, str],
) -> list[Foreseen]:
    """Return what would become of each run on the version `new`, writing nothing."""
    items: dict[UUID, list[WorkItem]] = {}
    for item in tx.scalars(
        sa.select(WorkItem).where(
            WorkItem.instance_id.in_([run.id for run in runs]),
            WorkItem.status == ItemStatus.OPEN.value,
        )
    ):
        items.setdefault(item.instance_id, []).append(item)
    return [_foresee(tx, means, new, run, items.get(run.id, []), table) for run in runs]


def _foresee(
    tx: Transaction,
    means: Means,
    new: UUID,
    run: ProcessInstance,
    items: Sequence[WorkItem],
    table: Mapping[str, str],
) -> Foreseen:
    old = program_of(tx, run.definition_id)
    standing = tuple(old.nodes[n].name if n in old.nodes else n for n in run.standing)

    def refused(*why: OfficeError, lost: tuple[tuple[str, str], ...] = ()) -> Foreseen:
        words = tuple((one.text("vi"), one.text("en")) for one in why)
        return Foreseen(run.id, run.subject_id, standing, (), words, lost)

    if run.status == InstanceStatus.SUSPENDED:
        return refused(Suspended())
    try:
        done = steering.route(tx, run.definition_id, new, table).carry(run.state, tx.now)
        _ask(tx, means, run, done, items)
    except NotMigratable as error:
        why = tuple((o.vi, o.en) for o in error.obstacles)
        found = (old.nodes.get(o.node) for o in error.obstacles)
        lost = tuple((n.id, n.name) for n in found if n is not None and n.kind in TARGETS)
        return Foreseen(run.id, run.subject_id, standing, (), why, lost)
    except NobodyToAsk as error:
        return refused(error)
    return Foreseen(run.id, run.subject_id, standing, tuple(done.changes()), ())


def _ask(
    tx: Transaction,
    means: Means,
    run: ProcessInstance,
    done: Migrated,
    items: Sequence[WorkItem],
) -> None:
    """Raise `NobodyToAsk` where the new diagram gives an open step to nobody."""
    for item in items:
        node = done.items.get(str(item.id))
        if node is not None and not node.is_machine:
            means.desk.assign(tx, run, node, item.variables)


# kept with a proposal ----------------------------------------------------------------------------


def to_json(foreseen: Sequence[Foreseen]) -> list[dict[str, Any]]:
    """Return what was foreseen as plain JSON, runs of which the same is told together."""
    together: dict[Any, list[Foreseen]] = {}
    for one in foreseen:
        together.setdefault(one.told, []).append(one)
    return [
        {
            "standing": list(standing),
            "changes": [list(words) for words in changes],
            "obstacles": [list(words) for words in obstacles],
            "runs": [[str(one.instance_id), str(one.subject_id)] for one in found],
        }
        for (standing, changes, obstacles), found in together.items()
    ]


def from_json(kept: Sequence[Mapping[str, Any]]) -> list[Foreseen]:
    """Return what `to_json` kept."""
    return [
        Foreseen(
            UUID(run),
            UUID(subject),
            tuple(group["standing"]),
            tuple((vi, en) for vi, en in group["changes"]),
            tuple((vi, en) for vi, en in group["obstacles"]),
        )
        for group in kept
        for run, subject in group["runs"]
    ]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was proposed beside what would happen now: runs gone, come, and told otherwise."""

    then: Sequence[Foreseen]
    now: Sequence[Foreseen]
    gone: list[Foreseen] = field(default_factory=list)
    come: list[Foreseen] = field(default_factory=list)
    changed: list[Foreseen] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Whether anything would happen otherwise than proposed."""
        return bool(self.gone or self.come or self.changed)


def compare(then: Sequence[Foreseen], now: Sequence[Foreseen]) -> Comparison:
    """Return how what would happen now differs from what was foreseen then."""
    before = {one.instance_id: one for one in then}
    after = {one.instance_id: one for one in now}
    return Comparison(
        then,
        now,
        gone=[one for one in then if one.instance_id not in after],
        come=[one for one in now if one.instance_id not in before],
        changed=[
            one
            for one in now
            if one.instance_id in before and before[one.instance_id].told != one.told
        ],
    )
