"""What branches decided, where they come together (gộp nhánh): nobody's decision is lost.

Each branch carries a copy of all variables. The library lays them over each other, so that a branch
that came last brings back what another has changed meanwhile. Here only what a branch changed since
the branches parted counts; where several changed the same, the one that came last, as ever.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from SpiffWorkflow.util.deep_merge import DeepMerge

from engine.tables import copied, same


def kept(before: Mapping[str, Any], came: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the variables that some of those who came changed and others merely carry along."""
    found: dict[str, Any] = {}
    for name, value in before.items():
        changed = [c[name] for c in came if name in c and not same(c[name], value)]
        if changed and len(changed) < len(came):
            merged: dict[str, Any] = {}
            for one in changed:
                DeepMerge.merge(merged, {name: copied(one)})
            found.update(merged)
    return found


def keep_decisions(my_task: Any, came: Sequence[Any]) -> None:
    """Give a join what the branches changed; `came` are their last tokens, in order of time."""
    parting = _parting(came) if len(came) > 1 else None
    if parting is not None:
        my_task.data.update(kept(parting.data, [t.data for t in came]))


def _parting(came: Sequence[Any]) -> Any:
    """Return the token from which all of these descend, the nearest one that is remembered."""
    tasks = came[0].workflow.tasks
    shared: dict[Any, Any] = {}
    for number, last in enumerate(came):
        above: dict[Any, Any] = {}
        task = last
        while task is not None:
            above[task.id] = task
            task = tasks.get(task._parent)
        shared = {i: t for i, t in shared.items() if i in above} if number else above
    return next(iter(shared.values()), None)
