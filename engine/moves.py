"""Acts of people on a running procedure (điều hành lần chạy): move, send back. Pure, like a step.

A token is taken from where it stands and put at another step. What would then arrive twice, or wait
for what never comes, is withdrawn with it: a run sent back never has two tokens for one course.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask

from engine import state as states
from engine import tokens
from engine.chance import drawn
from engine.diagram import TASKS
from engine.dry_run import waits_for_ever
from engine.environment import Evaluator
from engine.errors import OfficeError
from engine.machine import NotWaiting, Step, event_tasks, ready_tasks, run_on
from engine.program import Program

#: where a token may be put: a step, or an event that is waited for
TARGETS = TASKS | {"intermediateCatchEvent"}


class NoSuchTarget(OfficeError):
    """The token cannot be put there (không chuyển được tới bước này)."""

    code = "no-such-target"
    vi = (
        "Không chuyển được tới «{target}»: phải là một bước của cùng quy trình, hoặc của quy trình "
        "bao ngoài bước đang chờ. Chọn bước khác."
    )
    en = (
        "The run cannot be moved to “{target}”: it must be a step of the same process or of one "
        "around it. Choose another step."
    )


class LeadsNowhere(OfficeError):
    """From there the run would never come to its end (chuyển tới đó thì hồ sơ dừng mãi)."""

    code = "leads-nowhere"
    status = 409
    vi = (
        "Chuyển tới «{target}» thì hồ sơ sẽ dừng mãi tại «{place}» vì các nhánh khác không tới. "
        "Chưa có gì thay đổi; chọn bước trước chỗ rẽ nhánh."
    )
    en = (
        "Moved to “{target}”, the run would stay for ever at “{place}”, because the other branches "
        "never come. Nothing was changed; choose a step before the fork."
    )


def ensure_goes_on(program: Program, state: bytes, target: str, now: datetime) -> None:
    """Raise `LeadsNowhere` where a run put at `target` would never come to its end."""
    place = waits_for_ever(program, state, now)
    if place is not None:
        raise LeadsNowhere(target=program.nodes[target].name, place=place)


@drawn
def move(program: Program, state: bytes, task_id: UUID, target: str, now: datetime) -> Step:
    """Put the token `task_id` at the node `target`, back or ahead, and run on from there.

    Raises `NotWaiting` where no token waits there, `NoSuchTarget` for a node it cannot enter.
    """
    workflow = states.load(state, program.spec, program.subprocess_specs, Evaluator(now))
    before = ready_tasks(workflow)
    task = before.get(str(task_id)) or event_tasks(workflow).get(str(task_id))
    if task is None:
        raise NotWaiting
    node = program.nodes.get(target)
    if node is None or node.kind not in TARGETS:
        raise NoSuchTarget(target=node.name if node else target)
    token, spec = _reaching(task, target)
    if token is None:
        raise NoSuchTarget(target=node.name)

    def act() -> None:
        _withdraw_others(token, spec)
        tokens.put(tokens.end(token), spec, dict(token.data))

    return run_on(program, workflow, set(before), act)


def _reaching(task: Any, target: str) -> tuple[Any, Any]:
    """Return the token of the scope that holds `target`, and the spec of the target there."""
    while task is not None:
        above = tokens.parent(task)
        if above is not None and isinstance(above.task_spec, LoopTask) and task.triggered:
            task = above  # one of a list goes with its whole step
            continue
        spec = task.workflow.spec.task_specs.get(target)
        if spec is not None:
            return task, spec
        if task.workflow is task.workflow.top_workflow:
            break
        task = task.workflow.top_workflow.get_task_from_id(task.workflow.parent_task_id)
    return None, None


def _withdraw_others(token: Any, spec: Any) -> None:
    """Withdraw what the token, going on from `spec`, would bring about again or wait for in vain.

    Two courses that only meet at a common end of both (the join of their branches) leave each other
    alone; one that reaches the other before that end would double it.
    """
    ways = _Ways(token.workflow.spec)
    for other, place in list(tokens.tokens(token.workflow)):
        if other is token or other.id not in token.workflow.tasks:
            continue
        if _within(token, other):
            continue
        if ways.meets(spec.name, place) or ways.meets(place, spec.name):
            tokens.withdraw(other)


def _within(token: Any, other: Any) -> bool:
    """Whether `other` hangs below the token: it goes when the token ends."""
    above = other
    while above is not None:
        if above is token:
            return True
        above = tokens.parent(above)
    return False


class _Ways:
    """The ways on through one scope, and where they surely come together again."""

    def __init__(self, spec: Any) -> None:
        self.after = tokens.following(spec)
        self._ends = _always_after(self.after)

    def meets(self, origin: str, place: str) -> bool:
        """Whether going on from `origin` comes to `place` before both surely come together."""
        common = (self._ends[origin] & self._ends[place]) - {origin, place}
        seen, todo = {origin}, [origin]
        while todo:
            for following in self.after[todo.pop()]:
                if following not in seen and following not in common:
                    seen.add(following)
                    todo.append(following)
        return place in seen


def _always_after(after: dict[str, list[str]]) -> dict[str, set[str]]:
    """Return for each name what every way from it to an end passes, itself included."""
    everything = set(after)
    found = {
        name: {name} if not following else set(everything) for name, following in after.items()
    }
    changed = True
    while changed:
        changed = False
        for name, following in after.items():
            if not following:
                continue
            passed = set.intersection(*(found[n] for n in following)) | {name}
            if passed != found[name]:
                found[name] = passed
                changed = True
    return found
