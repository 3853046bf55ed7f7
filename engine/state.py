"""The small state of a running procedure, as bytes (trạng thái quy trình).

Our own format, because the library's loses data when keys are reordered (JSONB), stores `True` over
`1` as no change, and carries the whole diagram. Here: no specs, loading in two passes (so the order
of keys means nothing), differences compared strictly by type. Integers, text, floats, booleans,
null, lists and objects are what a variable may be.
"""

import re
from typing import Any

import orjson
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.util.task import TaskState

from engine import chance
from engine.asleep import Fans, hang_instances, places_asleep, rows_of
from engine.budget import BUDGET
from engine.entry import BEGIN, BETWEEN, EAGER, END, Entry, Place, awake, entry
from engine.entry import read as entries_of
from engine.environment import Evaluator
from engine.errors import OfficeError
from engine.stored import Differences, StoredTask, seen
from engine.workflow import LIVE, FlatSubWorkflow, FlatWorkflow, Timer

FORMAT = 4

#: the escape of NUL in JSON, not the six characters of a text that shows it
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class VariablesRefused(OfficeError):
    """A routing variable is too large or not plain JSON (biến điều hướng không hợp lệ)."""

    code = "variables-refused"
    vi = "Dữ liệu điều hướng của bước không hợp lệ: {reason_vi}"
    en = "The routing data of this step is refused: {reason_en}"


def check_variables(variables: dict[str, Any]) -> dict[str, Any]:
    """Return `variables` as plain JSON, in the order in which an event keeps them.

    Raises `VariablesRefused` over 16 kB, for other types and for NUL, which no text column keeps.
    """
    try:
        data = orjson.dumps(variables, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError) as error:
        raise VariablesRefused(reason_vi=str(error), reason_en=str(error)) from None
    if b"u0000" in data and _NUL.search(data):
        raise VariablesRefused(reason_vi="có ký tự NUL.", reason_en="it holds a NUL character.")
    if len(data) > BUDGET.variables:
        raise VariablesRefused(
            reason_vi="lớn hơn 16 kB; chỉ giữ mã định danh, không giữ nội dung văn bản.",
            reason_en="larger than 16 kB; keep ids, not the content of documents.",
        )
    return dict(orjson.loads(data))


def dump(workflow: FlatWorkflow) -> bytes:
    """Return the state of `workflow` as bytes."""
    many = len(workflow.subprocesses) + len(workflow.resting) > _FEW
    for sub in workflow.subprocesses.values():
        sub.is_brief = many if sub.is_brief is None else sub.is_brief
    fans = Fans(workflow)
    subs = {str(task_id): _dump_sub(sub, fans) for task_id, sub in workflow.subprocesses.items()}
    subs |= workflow.resting
    order = [i for i in workflow.held if i in subs]
    lines = [subs[i].line for i in dict.fromkeys([*order, *subs])]
    rows = _dump_one(workflow, None, fans)
    tasks = rows.pop("tasks")
    told = b"\n" + BETWEEN.join(map(orjson.dumps, tasks)) if many else orjson.dumps(tasks)[1:-1]
    head = orjson.dumps({"format": FORMAT, "changed": workflow.changed, **rows})
    return head[:-1] + b',"tasks":[' + told + BEGIN + BETWEEN.join(lines) + END


#: more sub-processes than these leave out what they foresee: drawing it anew takes longer than
#: reading it, but hundreds of them are read and written for the sake of one
_FEW = 8


def _dump_sub(sub: Any, fans: Fans) -> Entry:
    """Return the entry of a sub-process: its rows, and what must be known without them."""
    top = sub.top_workflow
    task = top.get_task_from_id(sub.parent_task_id)
    ready, timers, at, eager = [], [], [], bool(sub.completed)
    for inner in sub.tasks.values():
        if not inner._state & LIVE:
            continue
        spec = inner.task_spec
        at.append(getattr(spec, "bpmn_id", None) or spec.name)
        if inner._state == TaskState.READY and spec.manual:
            ready.append(inner.id)
        elif isinstance(spec, CatchingEvent):
            timed = isinstance(spec.event_definition, Timer)
            timers += [inner.id] if timed else []
            eager = eager or not timed
    changed = max(t.last_state_change for t in sub.tasks.values() if t._state >= TaskState.WAITING)
    top.changed = max(top.changed, changed)
    told = {"ready": ready, "timers": timers, "brief": sub.is_brief, "token": fans.row(task)}
    body = {name: value for name, value in told.items() if value}
    body |= _dump_one(sub, seen(task), fans, brief=sub.is_brief)
    under = None if task.workflow is top else task.workflow.parent_task_id
    place = Place(under, fans.holders.get(task.id), EAGER if eager else "", sorted(set(at)))
    return entry(sub.parent_task_id, place, body)


def _dump_one(
    workflow: Any, above: dict[str, Any] | None, fans: Fans, *, brief: bool = False
) -> dict[str, Any]:
    """Return the rows of one scope; what its first token has from `above` is not told again.

    A `brief` one leaves out what is only foreseen, which is drawn again when it is loaded.
    """
    last, differences = workflow.last_task, Differences(above)
    told = [t for t in workflow.tasks.values() if not (brief and _is_foreseen(t))]
    if fans.holders:
        told = [t for t in told if t.id not in fans.holders]
    asleep = rows_of(workflow) if workflow.asleep else {}
    ids = [task.id for task in told]
    if asleep:  # each in the place it had, so that little of the state changes
        order = workflow.order
        ids = sorted([*ids, *asleep], key=lambda one: order.get(one, len(order)))
    places = {task_id: place for place, task_id in enumerate(ids)}
    found = {
        "root": places[workflow.task_tree.id],
        "last": places.get(last.id) if last is not None else None,
        "success": workflow.success,
        "completed": workflow.completed,
        "correlations": workflow.correlations,
        "data": workflow.data,
    }
    if brief:
        found = {name: value for name, value in found.items() if value != _USUAL[name]}
    tasks = [_dump_task(task, places, differences) for task in told]
    for holder in fans.bases.keys() & places.keys():
        fans.tell_base(workflow.tasks[holder], tasks[told.index(workflow.tasks[holder])])
    if asleep:
        rows = {row[0]: row for row in tasks}
        for task_id, (holder, row) in asleep.items():
            row[1] = places[holder]
            rows[task_id] = row
        tasks = [rows[task_id] for task_id in ids]
    return {**found, "tasks": tasks}


def _is_foreseen(task: Any) -> bool:
    """Whether a token only may come, or was called off below one that may."""
    above = task.workflow.tasks.get(task._parent)
    return task._state < TaskState.WAITING or (
        above is not None and above._state < TaskState.WAITING
    )


#: what a running scope usually says of itself
_USUAL: dict[str, Any] = {
    "root": 0, "last": None, "success": True, "completed": False, "correlations": {}, "data": {},
}  # fmt: skip


def _dump_task(task: Any, places: dict[Any, int], differences: Differences) -> list[Any]:
    """Return the row of a task; parent and children are named by their places among the rows."""
    above = task._parent
    parent = None if above is None else task.workflow.tasks.get(above)
    children = [places[child] for child in task._children if child in places]
    place = None if parent is None else places[above]
    row = [task.id, place, children, task._state, task.task_spec.name, task.last_state_change]
    more = differences.of(task, parent)
    if more:
        row.append(more)
    return row


def shape(data: bytes) -> tuple[str, ...]:
    """Return where the tokens of a state stand and what has arrived, without whose they are.

    Two runs of one shape go on alike, but for what their variables decide.
    """
    state, entries = _read(data)
    found = _shape_of(state)
    for one in entries.values():
        found += _shape_of(one.body)
    return tuple(sorted(found))


def _shape_of(rows: dict[str, Any]) -> list[str]:
    return [
        f"{row[4]} {row[3]} after {rows['tasks'][row[1]][4] if row[1] is not None else ''}"
        for row in rows["tasks"]
        if row[3] >= TaskState.WAITING
    ]


def _from_first(state: dict[str, Any]) -> dict[str, Any]:
    """Number the tasks of format 1, which named each by its id wherever it was mentioned."""
    return {
        **_numbered(state),
        "format": 2,
        "subs": {task_id: _numbered(sub) for task_id, sub in state["subs"].items()},
    }


def _numbered(rows: dict[str, Any]) -> dict[str, Any]:
    places = {task_id: place for place, task_id in enumerate(rows["tasks"])}
    tasks = []
    for task_id, row in rows["tasks"].items():
        more = {k: row[k] for k in ("triggered", "internal", "data", "put", "cut") if k in row}
        children = [places[child] for child in row["children"]]
        parent = places.get(row["parent"])
        tasks.append([task_id, parent, children, row["state"], row["spec"], row["changed"], more])
    return {
        **rows,
        "root": places[rows["root"]],
        "last": places.get(rows["last"]),
        "tasks": tasks,
    }


def _from_second(state: dict[str, Any]) -> dict[str, Any]:
    """Keep the rows of each sub-process as text; none may rest before it was saved anew."""
    subs = {i: {"whole": True, "rows": orjson.dumps(s).decode()} for i, s in state["subs"].items()}
    return {**state, "format": 3, "subs": subs}


def _from_third(state: dict[str, Any]) -> dict[str, Any]:
    """Give each sub-process a line of its own."""
    subs = []
    for identity, kept in state["subs"].items():
        eager = EAGER if "eager" in kept or "whole" in kept else ""
        body = {name: kept[name] for name in ("ready", "timers", "brief") if name in kept}
        body |= orjson.loads(kept["rows"])
        subs.append([identity, kept.get("under"), None, eager, kept.get("at", []), body])
    changed = max((kept.get("changed", 0) for kept in state["subs"].values()), default=0)
    return {**state, "format": 4, "changed": changed, "subs": subs}


#: how an older format becomes the next one: format number → function of the decoded state
UPCASTERS: dict[int, Any] = {1: _from_first, 2: _from_second, 3: _from_third}


def _read(data: bytes) -> tuple[dict[str, Any], dict[str, Entry]]:
    """Return the state of the process itself, and the entries of its sub-processes."""
    own, found, rest = data.partition(BEGIN)
    state = orjson.loads(own + b"]}") if found else orjson.loads(data)
    if found and state["format"] == FORMAT:
        lines = rest.removesuffix(END)
        return state, entries_of(lines.split(BETWEEN) if lines else ())
    while state["format"] != FORMAT:
        if state["format"] not in UPCASTERS:
            msg = f"a state of format {state['format']} cannot be read by this version"
            raise ValueError(msg)
        state = UPCASTERS[state["format"]](state)
    return state, {i: entry(i, Place(*place), body) for i, *place, body in state["subs"]}


def load(
    data: bytes,
    spec: Any,
    subprocess_specs: dict[str, Any],
    evaluator: Evaluator,
    only: str | None = None,
) -> FlatWorkflow:
    """Return the workflow whose state is `data`, with the safe evaluator on every hook.

    With `only` the token that something is done to, sub-processes in which nothing can happen rest:
    their rows are not even read. Raises `ValueError` for a state that no upcaster knows.
    """
    state, entries = _read(data)
    workflow = FlatWorkflow(spec, subprocess_specs, deserializing=True, script_engine=evaluator)
    wanted = entries.keys() if only is None else awake(entries, only)
    workflow.changed = state["changed"]
    chance.not_before(workflow.changed)
    workflow.held = list(entries)
    workflow.resting = {i: one for i, one in entries.items() if i not in wanted}
    bodies = {i: entries[i].body for i in wanted}
    instances: dict[str, list[str]] = {}
    for identity, one in entries.items():
        if one.place.holder is not None:
            instances.setdefault(one.place.holder, []).append(identity)
    _load_one(workflow, state, None, instances, bodies)
    _load_subs(workflow, workflow, instances, bodies)
    return workflow


def drop_withdrawn(workflow: FlatWorkflow) -> list[Entry]:
    """Forget resting sub-processes whose step is no longer open; return their entries."""
    dropped = []
    asleep = {
        identity
        for scope in (workflow, *workflow.subprocesses.values())
        for rows in (*scope.asleep.values(), *scope.fans.values())
        for identity in rows
    }
    for identity, one in list(workflow.resting.items()):
        if identity not in asleep and not _is_open(workflow, identity, one.place.under):
            dropped.append(workflow.resting.pop(identity))
    return dropped + (drop_withdrawn(workflow) if dropped else [])


def _is_open(workflow: FlatWorkflow, identity: str, under: str | None) -> bool:
    if under in workflow.resting:
        return True
    scope = workflow if under is None else workflow.subprocesses.get(under)
    task = None if scope is None else scope.tasks.get(identity)
    return task is not None and task._state == TaskState.STARTED


def _load_subs(
    workflow: Any,
    top: FlatWorkflow,
    instances: dict[str, list[str]],
    bodies: dict[str, dict[str, Any]],
) -> None:
    for task in list(workflow.tasks.values()):
        if task.id not in bodies or not isinstance(task.task_spec, SubWorkflowTask):
            continue
        spec = top.subprocess_specs[task.task_spec.spec]
        sub = FlatSubWorkflow(spec, task.id, top, deserializing=True)
        top.subprocesses[task.id] = sub
        body = bodies[task.id]
        _load_one(sub, body, seen(task), instances, bodies)
        sub.is_brief = "brief" in body
        if sub.is_brief:
            for inner in [t for t in sub.tasks.values() if t._state & LIVE]:
                inner.task_spec._predict(inner, mask=TaskState.NOT_FINISHED_MASK)
        sub.completed_event.connect(task.task_spec._on_subworkflow_completed, task)
        _load_subs(sub, top, instances, bodies)


def _load_one(
    workflow: Any,
    rows: dict[str, Any],
    around: dict[str, Any] | None,
    instances: dict[str, list[str]],
    bodies: dict[str, dict[str, Any]],
) -> None:
    tasks = rows["tasks"]
    chance.not_before(max(row[5] for row in tasks))
    _check_tree(tasks)
    # Text for ids: the library only compares them, and this is its most frequent act.
    ids = [row[0] for row in tasks]
    found = workflow.tasks
    workflow.asleep = {}
    resting = workflow.top_workflow.resting
    asleep = places_asleep(rows, workflow.spec.task_specs, resting)
    if asleep:
        workflow.order = {task_id: place for place, task_id in enumerate(ids)}
    for place, row in enumerate(tasks):
        parent = None if row[1] is None else ids[row[1]]
        if place in asleep:
            workflow.asleep.setdefault(parent, {})[row[0]] = row
            continue
        children = [ids[child] for child in row[2]]
        task = StoredTask.of(workflow, row, parent, children, around if parent is None else None)
        found[task.id] = task
        if task._state == TaskState.WAITING and isinstance(task.task_spec, CatchingEvent):
            workflow.top_workflow.event_manager.add_task(task)
    for task in found.values():
        if task._parent is not None:
            task.before = found[task._parent]
    if instances:
        hang_instances(workflow, instances, bodies)
    rows = {**_USUAL, "correlations": {}, "data": {}, **rows}
    workflow.task_tree = workflow.tasks[ids[rows["root"]]]
    workflow.last_task = None if rows["last"] is None else workflow.tasks[ids[rows["last"]]]
    workflow.success = rows["success"]
    workflow.completed = rows["completed"]
    workflow.correlations = rows["correlations"]
    workflow.data = rows["data"]


def _check_tree(tasks: list[list[Any]]) -> None:
    """Raise `ValueError` where tokens stand below themselves or where two disagree about it.

    The library would follow them for ever.
    """
    if any(tasks[child][1] != place for place, row in enumerate(tasks) for child in row[2]):
        raise ValueError("a token of the state stands below another than it says")
    if all(row[1] is None or row[1] < place for place, row in enumerate(tasks)):
        return
    sound: set[int | None] = {None}
    for place in range(len(tasks)):
        path: list[int | None] = []
        current: int | None = place
        while current not in sound:
            if len(path) > len(tasks):
                raise ValueError("a token of the state is its own ancestor")
            path.append(current)
            current = tasks[current][1] if current is not None else None
        sound.update(path)
