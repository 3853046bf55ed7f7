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
from engine.environment import Evaluator
from engine.errors import OfficeError
from engine.tables import copied, same
from engine.workflow import FlatSubWorkflow, FlatWorkflow, new_task

FORMAT = 2

#: routing variables are small; documents live in the registry
MAX_VARIABLES = 16_384

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
    if _NUL.search(data):
        raise VariablesRefused(reason_vi="có ký tự NUL.", reason_en="it holds a NUL character.")
    if len(data) > MAX_VARIABLES:
        raise VariablesRefused(
            reason_vi="lớn hơn 16 kB; chỉ giữ mã định danh, không giữ nội dung văn bản.",
            reason_en="larger than 16 kB; keep ids, not the content of documents.",
        )
    return dict(orjson.loads(data))


def dump(workflow: FlatWorkflow) -> bytes:
    """Return the state of `workflow` as bytes."""
    state = _dump_one(workflow)
    state["format"] = FORMAT
    state["subs"] = {str(task_id): _dump_one(sub) for task_id, sub in workflow.subprocesses.items()}
    return orjson.dumps(state)


def _dump_one(workflow: Any) -> dict[str, Any]:
    last = workflow.last_task
    places = {task_id: place for place, task_id in enumerate(workflow.tasks)}
    return {
        "root": places[workflow.task_tree.id],
        "last": places.get(last.id) if last is not None else None,
        "success": workflow.success,
        "completed": workflow.completed,
        "correlations": workflow.correlations,
        "data": workflow.data,
        "tasks": [_dump_task(task, places) for task in workflow.tasks.values()],
    }


def _dump_task(task: Any, places: dict[Any, int]) -> list[Any]:
    """Return the row of a task; parent and children are named by their places among the rows."""
    parent = task.workflow.tasks.get(task._parent)
    more: dict[str, Any] = {}
    if task.triggered:
        more["triggered"] = True
    if task.internal_data:
        more["internal"] = task.internal_data
    if parent is None:
        more["data"] = task.data
    elif not task.data:  # a token that is only foreseen
        if parent.data:
            more["bare"] = True
    else:
        above = parent.data
        put = {k: v for k, v in task.data.items() if k not in above or not same(above[k], v)}
        cut = sorted(k for k in above if k not in task.data)
        if put:
            more["put"] = put
        if cut:
            more["cut"] = cut
    return [
        str(task.id),
        None if parent is None else places[task._parent],
        [places[child] for child in task._children],
        task._state,
        task.task_spec.name,
        task.last_state_change,
        *([more] if more else []),
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


#: how an older format becomes the next one: format number → function of the decoded state
UPCASTERS: dict[int, Any] = {1: _from_first}


def load(
    data: bytes, spec: Any, subprocess_specs: dict[str, Any], evaluator: Evaluator
) -> FlatWorkflow:
    """Return the workflow whose state is `data`, with the safe evaluator on every hook.

    Raises `ValueError` for a state of a format that no upcaster knows.
    """
    state = orjson.loads(data)
    while state["format"] != FORMAT:
        if state["format"] not in UPCASTERS:
            msg = f"a state of format {state['format']} cannot be read by this version"
            raise ValueError(msg)
        state = UPCASTERS[state["format"]](state)
    workflow = FlatWorkflow(spec, subprocess_specs, deserializing=True, script_engine=evaluator)
    _load_one(workflow, state)
    _load_subs(workflow, workflow, state["subs"])
    return workflow


def _load_subs(workflow: Any, top: FlatWorkflow, subs: dict[str, Any]) -> None:
    for task in list(workflow.tasks.values()):
        rows = subs.get(str(task.id))
        if rows is None or not isinstance(task.task_spec, SubWorkflowTask):
            continue
        spec = top.subprocess_specs[task.task_spec.spec]
        sub = FlatSubWorkflow(spec, task.id, top, deserializing=True)
        top.subprocesses[task.id] = sub
        _load_one(sub, rows)
        sub.completed_event.connect(task.task_spec._on_subworkflow_completed, task)
        _load_subs(sub, top, subs)


def _load_one(workflow: Any, rows: dict[str, Any]) -> None:
    specs, tasks = workflow.spec.task_specs, rows["tasks"]
    chance.not_before(max(row[5] for row in tasks))
    # Text for ids: the library only compares them, and this is its most frequent act.
    ids = [row[0] for row in tasks]
    for task_id, parent, children, state, spec, changed, *rest in tasks:
        more = rest[0] if rest else {}
        task = new_task(workflow)
        task.id = task_id
        task._parent = None if parent is None else ids[parent]
        task._children = [ids[child] for child in children]
        task._state = state
        task.task_spec = specs[spec]
        task.last_state_change = changed
        task.triggered = more.get("triggered", False)
        task.internal_data = more.get("internal", {})
        task.data = None
        workflow.tasks[task_id] = task
        if state == TaskState.WAITING and isinstance(task.task_spec, CatchingEvent):
            workflow.top_workflow.event_manager.add_task(task)
    differences = {row[0]: row[6] for row in tasks if len(row) > 6}
    for task in workflow.tasks.values():
        _fill(task, workflow.tasks, differences)
    workflow.task_tree = workflow.tasks[ids[rows["root"]]]
    workflow.last_task = None if rows["last"] is None else workflow.tasks[ids[rows["last"]]]
    workflow.success = rows["success"]
    workflow.completed = rows["completed"]
    workflow.correlations = rows["correlations"]
    workflow.data = rows["data"]


def _fill(task: Any, tasks: dict[Any, Any], differences: dict[str, dict[str, Any]]) -> None:
    """Give the task its data, its ancestors' first, whatever the order of the rows."""
    path = []
    current = task
    while current is not None and current.data is None:
        path.append(current)
        current = tasks.get(current._parent)
    for item in reversed(path):
        more = differences.get(item.id, {})
        if item._parent is None or "bare" in more:
            item.data = more.get("data", {})
            continue
        data = copied(tasks[item._parent].data)
        if "put" in more:
            data.update(more["put"])
        for name in more.get("cut", ()):
            data.pop(name, None)
        item.data = data
