"""A run the machine cannot get on with (sự cố của lần chạy): seen, mended, tried again.

A person whose act the diagram stops is told so and may act otherwise. A timer, a message or a step
of the machine has nobody to tell: its job becomes an incident at once, since the same would stop it
again, and the run is marked. People may go on with its other steps; an operator retries the job
once the data or the diagram is mended, and the run is whole again when the machine gets on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from engine import history
from engine.database import Transaction
from engine.decision_table import DecisionUnclear
from engine.environment import ListUnclear
from engine.errors import OfficeError
from engine.expressions import ExpressionError
from engine.failure import BudgetExceeded, StepFailed
from engine.handlers import GiveUp
from engine.instance import InstanceStatus
from engine.runtime import locked
from engine.state import VariablesRefused
from engine.workflow import TimerUnclear

#: what lies in the diagram or its data: trying again cannot help before one of them is mended
STOPS = (
    BudgetExceeded, StepFailed, TimerUnclear, ListUnclear, DecisionUnclear, ExpressionError,
    VariablesRefused,
)  # fmt: skip


@contextmanager
def stopping(instance_id: UUID, node_id: str = "") -> Iterator[None]:
    """Have what stops a run be an incident of it; raises `GiveUp` with what happened."""
    try:
        yield
    except STOPS as stop:
        reason: OfficeError = stop

        def mark(tx: Transaction) -> None:
            halt(tx, instance_id, node_id, reason)

        told = f"{stop.text('vi')}\n{stop.text('en')}\nlần chạy {instance_id}"
        raise GiveUp(told, also=mark) from stop


def halt(tx: Transaction, instance_id: UUID, node_id: str, stop: OfficeError) -> None:
    """Mark a run as one the machine cannot get on with, and say why in its history."""
    instance = locked(tx, instance_id)
    if instance is None or instance.status != InstanceStatus.RUNNING:
        return
    instance.status = InstanceStatus.INCIDENT.value
    instance.updated_at = tx.now
    told = {"reason": stop.text("vi"), "code": stop.code, "standing": instance.standing}
    history.append(tx, instance, "incident", node_id, told)
