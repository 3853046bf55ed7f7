"""A token as it was stored (vị trí đã lưu): its variables are worked out when somebody asks.

Each token carries a copy of its variables. In a wide fan-out most are never looked at while one
moves, so a loaded token keeps the difference to the token before it and copies nothing until then.
"""

from collections.abc import Collection
from typing import Any

from SpiffWorkflow.task import Task

from engine.tables import copied, same


class StoredTask(Task):
    """A loaded token; `data` is its own copy from the first time it is asked for."""

    _own: dict[str, Any] | None = None
    _first: dict[str, Any] | None = None
    #: the token before it as loaded, the variables around the first of a scope, the difference
    before: "StoredTask | None" = None
    around: "dict[str, Any] | None" = None
    kept: dict[str, Any]
    #: whether its difference is told against the base of its list, not against its variables now
    is_instance: bool = False

    @classmethod
    def of(
        cls,
        workflow: Any,
        row: list[Any],
        parent: str | None,
        children: list[str],
        around: dict[str, Any] | None = None,
    ) -> "StoredTask":
        """Return the token of a row; `parent` and `children` are ids, which the row has not."""
        task_id, _, _, state, spec, changed, *rest = row
        more = rest[0] if rest else {}
        task = cls.__new__(cls)
        task.__dict__ = {
            "workflow": workflow,
            "thread_id": 0,
            "id": task_id,
            "_parent": parent,
            "_children": children,
            "_state": state,
            "task_spec": workflow.spec.task_specs[spec],
            "last_state_change": changed,
            "triggered": more.get("triggered", False),
            "internal_data": more.get("internal", {}),
            "kept": more,
            "around": around,
        }
        return task

    @property
    def children(self) -> list[Task]:
        """Return the tokens below it; rows that were left asleep become tokens."""
        if self.id in self.workflow.asleep or self.id in self.workflow.fans:
            wake(self)
        return [self.workflow.tasks.get(child) for child in self._children]

    @children.setter
    def children(self, tasks: list[Task]) -> None:
        self._children = [task.id for task in tasks]

    @property
    def data(self) -> dict[str, Any]:
        """Return the variables, which the holder may change."""
        if self._own is None:
            self._own = copied(self.first)
        return self._own

    @data.setter
    def data(self, value: dict[str, Any]) -> None:
        self._own = value

    @property
    def is_untouched(self) -> bool:
        """Whether nobody has asked for the variables yet."""
        return self._own is None

    @property
    def first(self) -> dict[str, Any]:
        """Return the variables as loaded; they share their parts and are never changed."""
        path: list[StoredTask] = []
        current: StoredTask | None = self
        while current is not None and current._first is None:
            path.append(current)
            current = current.before
        for task in reversed(path):
            task._first = task._worked_out()
        assert self._first is not None
        return self._first

    @property
    def base(self) -> dict[str, Any]:
        """Return what the rows of its instances are told against: its variables at the fan-out."""
        return _with(self.first, self.kept.get("base", {}))

    def _worked_out(self) -> dict[str, Any]:
        if self.before is None:
            above = self.around
        else:
            above = self.before.base if self.is_instance else self.before.first
        if above is None or "data" in self.kept:
            found: dict[str, Any] = self.kept.get("data", {})
            return found
        return _with(above, self.kept)


def _with(above: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    if "bare" in told:
        return {}
    if "put" not in told and "cut" not in told:
        return above
    found = {**above, **told.get("put", {})}
    for name in told.get("cut", ()):
        found.pop(name, None)
    return found


def instance(holder: StoredTask, row: list[Any], *, of_base: bool) -> None:
    """Make the token of an instance of a list from its row."""
    task = StoredTask.of(holder.workflow, row, holder.id, [])
    task.before, task.is_instance = holder, of_base
    holder.workflow.tasks[task.id] = task


def wake(holder: StoredTask) -> None:
    """Make tokens of all instances of a list that were left asleep."""
    workflow = holder.workflow
    if holder.id in workflow.asleep:
        for row in workflow.asleep.pop(holder.id).values():
            instance(holder, row, of_base=False)
    if holder.id in workflow.fans:
        for task_id in workflow.fans.pop(holder.id):
            token = workflow.top_workflow.resting[task_id].body["token"]
            instance(holder, token, of_base=True)


def seen(task: Any) -> dict[str, Any]:
    """Return the variables of a token to look at only: nothing is copied for that."""
    if isinstance(task, StoredTask) and task.is_untouched:
        return task.first
    found: dict[str, Any] = task.data
    return found


def difference(
    mine: dict[str, Any], above: dict[str, Any], equal: Collection[str] = ()
) -> dict[str, Any]:
    """Return what `mine` has other than `above`; names in `equal` are known to be the same."""
    if not mine:
        return {"bare": True} if above else {}
    put = {k: v for k, v in mine.items() if k not in above or not (k in equal or same(above[k], v))}
    cut = sorted(k for k in above if k not in mine)
    return ({"put": put} if put else {}) | ({"cut": cut} if cut else {})


def of_instance(task: Any, base: dict[str, Any]) -> dict[str, Any]:
    """Return what to keep of an instance of a list, told against the `base` of the list."""
    if isinstance(task, StoredTask) and task.is_instance and task.is_untouched:
        return _beside({k: v for k, v in task.kept.items() if k in _PARTS}, task)
    return _beside(difference(seen(task), base), task)


def _beside(found: dict[str, Any], task: Any) -> dict[str, Any]:
    """Add what is kept of a token beside its variables."""
    if task.triggered:
        found["triggered"] = True
    if task.internal_data:
        found["internal"] = task.internal_data
    return found


class Differences:
    """Tells what each token has other than the one before it, for one scope being stored."""

    def __init__(self, around: dict[str, Any] | None) -> None:
        self.around = around
        self._unchanged: dict[str, set[str]] = {}

    def of(self, task: Any, parent: Any) -> dict[str, Any]:
        """Return what to keep of a token beside its place; `parent` is the one before it."""
        stored = isinstance(task, StoredTask)
        if stored and task.is_untouched and self._stands(task, parent):
            kept: dict[str, Any] = task.kept
            if task.internal_data is kept.get("internal") or not (
                task.internal_data or "internal" in kept
            ):
                return kept
            found = {k: v for k, v in kept.items() if k in _PARTS}
        else:
            found = self._variables(task, parent)
        return _beside(found, task)

    def _variables(self, task: Any, parent: Any) -> dict[str, Any]:
        above, mine = self.around if parent is None else seen(parent), seen(task)
        if above is None:
            return {"data": mine}
        return difference(mine, above, self._equal_to(task, parent))

    def _stands(self, task: StoredTask, parent: Any) -> bool:
        """Whether what was stored of it says the same still."""
        if task.is_instance:
            return False
        if parent is not None:
            return isinstance(parent, StoredTask) and parent is task.before and parent.is_untouched
        if task.around is None or self.around is None:
            return task.around is self.around
        return same(task.around, self.around)

    def _equal_to(self, task: Any, parent: Any) -> set[str]:
        """Return the names whose values an untouched token surely shares with the one before it.

        Looked up once for all that come after the same token: each of a wide list, for example.
        """
        if not isinstance(task, StoredTask) or not isinstance(parent, StoredTask):
            return set()
        if not task.is_untouched or task.is_instance or parent is not task.before:
            return set()
        if parent.id not in self._unchanged:
            now, then = parent.data, parent.first
            self._unchanged[parent.id] = {k for k in then if k in now and same(now[k], then[k])}
        put = task.kept.get("put", {})
        return {k for k in self._unchanged[parent.id] if k not in put}


_PARTS = frozenset({"data", "bare", "put", "cut"})
