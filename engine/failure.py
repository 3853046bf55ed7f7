"""What stops a run (quy trình không chạy tiếp được), in our own words."""

from typing import Any

from engine.decision import CHOOSES
from engine.errors import OfficeError
from engine.program import Program


class BudgetExceeded(OfficeError):
    """One command ran too long: an endless loop, or too wide a fan-out (quy trình lặp vô hạn)."""

    code = "budget-exceeded"
    vi = (
        "Quy trình chạy quá giới hạn ({what}) tại bước «{node}». Việc chưa được ghi; quản trị cơ "
        "quan cần xem lại sơ đồ."
    )
    en = "The process exceeded its budget ({what}) at step “{node}”. Nothing was written."


class StepFailed(OfficeError):
    """The process could not run on (quy trình không chạy tiếp được); nothing was written."""

    code = "step-failed"
    vi = (
        "Quy trình không chạy tiếp được tại bước «{node}»: {reason}. Việc chưa được ghi; kiểm tra "
        "dữ liệu vừa nhập, hoặc báo quản trị cơ quan xem lại sơ đồ."
    )
    en = "The process cannot run on at step “{node}”: {reason}. Nothing was written."


class NoWayOn(StepFailed):
    """No condition of a gateway holds and it has no default (cổng không có luồng nào đi tiếp)."""

    code = "no-way-on"
    vi = (
        "Tại cổng «{node}» không có điều kiện nào đúng và không có luồng mặc định nên quy trình "
        "không đi tiếp được. Việc chưa được ghi; kiểm tra lại lựa chọn vừa nhập, hoặc báo quản trị "
        "cơ quan đặt luồng mặc định cho cổng này trong sơ đồ."
    )
    en = (
        "No condition of gateway “{node}” holds and it has no default flow, so the process cannot "
        "run on. Nothing was written; check what you chose, or ask your administrator to give this "
        "gateway a default flow."
    )


def failed(program: Program, error: Exception) -> OfficeError:
    """Return what stopped the run in our own words: the fact itself where it was one of ours."""
    cause: Any = error
    while cause is not None and not isinstance(cause, OfficeError):
        cause = getattr(cause, "exception", None) or cause.__cause__ or cause.__context__
    spec = getattr(error, "task_spec", None)
    node = program.node_named(spec) if spec is not None else None
    name, element = (node.name, node.id) if node is not None else ("?", "")
    # The one thing these raise of themselves is that none of their conditions holds.
    if cause is None and isinstance(spec, CHOOSES):
        return NoWayOn(node=name, element=element)
    reason = cause.text() if cause is not None else str(error) or type(error).__name__
    return StepFailed(node=name, element=element, reason=reason.rstrip(". "))
