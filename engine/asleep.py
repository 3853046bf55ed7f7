"""Instances of a list that stay rows (lượt chưa ai xem): a token is made when somebody looks.

In a fan-out of hundreds one instance moves at a time. The tokens of the others, that rest or have
ended, are looked at only through the list they belong to; till then they are the rows of the state.
"""

from collections.abc import Collection
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.util.task import TaskState

from engine.tables import same

_MORE = 6  # where a row has what is not told of every token


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
