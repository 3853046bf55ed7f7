"""Instances of a list that stay rows (lượt chưa ai xem): a token is made when somebody looks.

In a fan-out of hundreds one instance moves at a time. The tokens of the others, that rest or have
ended, are looked at only through the list they belong to; till then they are the rows of the state.
"""

from collections.abc import Collection
from typing import Any

from SpiffWorkflow.bpmn.specs.defaults import ParallelMultiInstanceTask
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.util.task import TaskState

from engine.stored import difference, instance, of_instance, seen
from engine.tables import same

_MORE = 6  # where a row has what is not told of every token


def hang_instances(
    scope: Any, instances: dict[str, list[str]], bodies: dict[str, dict[str, Any]]
) -> None:
    """Hang the instances that lines tell of below the tasks of `scope` that hold their lists.

    Those whose line was read become tokens, the others rest.
    """
    scope.fans = {}
    for holder, identities in instances.items():  # in their order: a replay must find it again
        task, rest = scope.tasks.get(holder), list[str]()
        if task is None:
            continue
        scope.fanned |= {holder}
        for identity in identities:
            task._children.append(identity)
            if identity in bodies:
                instance(task, bodies[identity]["token"], of_base=True)
            else:
                rest.append(identity)
        if rest:
            scope.fans[holder] = rest


class Fans:
    """Which instances are stored with their sub-process, and the bases they are told against."""

    def __init__(self, top: Any) -> None:
        #: the holder of each such instance
        self.holders: dict[str, str] = {
            identity: one.place.holder
            for identity, one in top.resting.items()
            if one.place.holder is not None
        }
        #: the base of each list that has some
        self.bases: dict[str, dict[str, Any]] = {}
        for identity, sub in top.subprocesses.items():
            task = top.get_task_from_id(identity) if sub.is_brief else None
            holder = None if task is None else task.workflow.tasks.get(task._parent)
            if holder is not None and _may_rest(task, holder):
                self.holders[identity] = holder.id
        if not self.holders:
            return
        wanted = set(self.holders.values())
        for scope in (top, *top.subprocesses.values()):
            for holder_id in wanted & scope.tasks.keys():
                task = scope.tasks[holder_id]
                self.bases[holder_id] = task.base if holder_id in scope.fanned else seen(task)

    def row(self, task: Any) -> list[Any] | None:
        """Return the row of an instance that is stored with its sub-process, None for others."""
        holder = self.holders.get(task.id)
        if holder is None:
            return None
        more = of_instance(task, self.bases[holder])
        return [task.id, None, [], task._state, task.task_spec.name, task.last_state_change, more]

    def tell_base(self, holder: Any, row: list[Any]) -> None:
        """Add to the row of a list what its base has other than its variables now."""
        more = dict(row.pop()) if len(row) > _MORE else {}
        more.pop("base", None)
        told = difference(self.bases[holder.id], seen(holder))
        more |= {"base": told} if told else {}
        row += [more] if more else []


def _may_rest(task: Any, holder: Any) -> bool:
    runs = holder._state == TaskState.STARTED
    return (
        runs and isinstance(holder.task_spec, ParallelMultiInstanceTask)
        and task._state == TaskState.STARTED and not task._children
        and task is not task.workflow.last_task
    )  # fmt: skip


def places_asleep(
    rows: dict[str, Any], specs: dict[str, Any], resting: Collection[str]
) -> set[int]:
    """Return the places of instances whose sub-process is `resting` or that have ended."""
    tasks, found = rows["tasks"], set[int]()
    if not resting:
        return found
    for place, row in enumerate(tasks):
        if row[1] is None or row[2] or place == rows.get("last"):
            continue
        above = tasks[row[1]]
        runs = above[3] == TaskState.STARTED and isinstance(specs[above[4]], LoopTask)
        if runs and (row[0] in resting or row[3] & TaskState.FINISHED_MASK):
            found.add(place)
    return found


def rows_of(workflow: Any) -> dict[str, tuple[str, list[Any]]]:
    """Return each row that is asleep, with the task that holds it, as it is to be stored."""
    found = {}
    for holder, rows in workflow.asleep.items():
        task = workflow.tasks[holder]
        then, now = task.first, task.first if task.is_untouched else task.data
        changed = [] if now is then else [n for n in {**then, **now} if not _alike(n, then, now)]
        for task_id, row in rows.items():
            found[task_id] = (holder, _retold(row, changed, then, now) if changed else list(row))
    return found


def _alike(name: str, then: dict[str, Any], now: dict[str, Any]) -> bool:
    return name in then and name in now and same(then[name], now[name])


def _retold(
    row: list[Any], changed: list[str], then: dict[str, Any], now: dict[str, Any]
) -> list[Any]:
    """Say against the variables above as they are now what a row said against them as they were."""
    more = row[_MORE] if len(row) > _MORE else {}
    if "bare" in more:
        return list(row)
    put, cut = dict(more.get("put", {})), set(more.get("cut", ()))
    for name in changed:
        if name in put:
            if name in now and same(put[name], now[name]):
                del put[name]
        elif name in cut:
            if name not in now:
                cut.remove(name)
        elif name in then:
            put[name] = then[name]
        else:
            cut.add(name)
    told = ({"put": put} if put else {}) | ({"cut": sorted(cut)} if cut else {})
    told |= {name: value for name, value in more.items() if name not in {"put", "cut"}}
    return [*row[:_MORE], told] if told else row[:_MORE]
