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

from engine.environment import Evaluator
from engine.errors import OfficeError
from engine.tables import copied, same
from engine.workflow import FlatSubWorkflow, FlatWorkflow, new_task

FORMAT = 1

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
    """Return `variables` as plain JSON.

    Raises `VariablesRefused` over 16 kB, for other types and for NUL, which no text column keeps.
    """
    try:
        data = orjson.dumps(variables)
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
    return {
        "root": str(workflow.task_tree.id),
        "last": str(last.id) if last is not None and last.id in workflow.tasks else None,
        "success": workflow.success,
        "completed": workflow.completed,
        "correlations": workflow.correlations,
        "data": workflow.data,
        "tasks": {str(task.id): _dump_task(task) for task in workflow.tasks.values()},
    }


def _dump_task(task: Any) -> dict[str, Any]:
    parent = task.workflow.tasks.get(task._parent)
    row = {
        "parent": str(task._parent) if parent is not None else None,
        "children": [str(child) for child in task._children],
        "state": task._state,
        "spec": task.task_spec.name,
        "changed": task.last_state_change,
    }
    if task.triggered:
        row["triggered"] = True
    if task.internal_data:
        row["internal"] = task.internal_data
    if parent is None:
        row["data"] = task.data
        return row
    above = parent.data
    put = {k: v for k, v in task.data.items() if k not in above or not same(above[k], v)}
    cut = sorted(k for k in above if k not in task.data)
    if put:
        row["put"] = put
    if cut:
        row["cut"] = cut
    return row


#: how an older format becomes the next one: format number → function of the decoded state
UPCASTERS: dict[int, Any] = {}


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
    specs = workflow.spec.task_specs
    for task_id, row in rows["tasks"].items():
        task = new_task(workflow)
        # Text for ids: the library only compares them, and this is its most frequent act.
        task.id = task_id
        task._parent = row["parent"]
        task._children = row["children"]
        task._state = row["state"]
        task.task_spec = specs[row["spec"]]
        task.last_state_change = row["changed"]
        task.triggered = row.get("triggered", False)
        task.internal_data = row.get("internal", {})
        task.data = None
        workflow.tasks[task.id] = task
        if task._state == TaskState.WAITING and isinstance(task.task_spec, CatchingEvent):
            workflow.top_workflow.event_manager.add_task(task)
    for task in workflow.tasks.values():
        _fill(task, workflow.tasks, rows["tasks"])
    workflow.task_tree = workflow.tasks[rows["root"]]
    workflow.last_task = workflow.tasks.get(rows["last"]) if rows["last"] else None
    workflow.success = rows["success"]
    workflow.completed = rows["completed"]
    workflow.correlations = rows["correlations"]
    workflow.data = rows["data"]


def _fill(task: Any, tasks: dict[Any, Any], rows: dict[str, Any]) -> None:
    """Give the task its data, its ancestors' first, whatever the order of the rows."""
    path = []
    current = task
    while current is not None and current.data is None:
        path.append(current)
        current = tasks.get(current._parent)
    for item in reversed(path):
        row = rows[item.id]
        if item._parent is None:
            item.data = row["data"]
            continue
        data = copied(tasks[item._parent].data)
        if "put" in row:
            data.update(row["put"])
        for name in row.get("cut", ()):
            data.pop(name, None)
        item.data = data
