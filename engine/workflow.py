"""SpiffWorkflow made fit for long-lived procedures: flat scans, compaction, our own clock.

Everything here was measured or reproduced on SpiffWorkflow 3.2.0, whose tree walks are linear in
history, lose the token at depth 1000 and read the wall clock inside timers. The library is used for
its token semantics only. Four names of it are replaced: where it takes the ids of tokens from (a
system call and an object for every token it only foresees, a tenth of a completion) and its clock,
which a repeated command must find as they were, how a token's state is set (a dozen values gathered
for a log that nobody keeps), and how variables are merged (a list of objects laid over one of texts
broke the command).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from SpiffWorkflow import task as library_task
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.parser.event_parsers import SIGNAL_EVENT_XPATH, EndEventParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.specs.defaults import EndEvent
from SpiffWorkflow.bpmn.specs.event_definitions.timer import (
    CycleTimerEventDefinition,
    DurationTimerEventDefinition,
    TimeDateEventDefinition,
    TimerEventDefinition,
)
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.util.task import BpmnTaskFilter
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.deep_merge import DeepMerge
from SpiffWorkflow.util.task import TaskState

from engine import chance
from engine.ad_hoc import OVERVIEW, Overview
from engine.boundary import Boundary, Events
from engine.decision_table import RuleTask, RuleTaskParser
from engine.entry import Entry
from engine.environment import plain
from engine.errors import OfficeError
from engine.event_choice import Crossroads
from engine.expressions import VIETNAM
from engine.tables import copied


def _merge(into: Any, what: Any, path: list[str] | None = None) -> Any:
    """Merge as the library does; where an entry of a list was no object, what came last stands."""
    return _merge_objects(into, what, path) if isinstance(into, dict) else copied(what)


def _set_state(task: Task, value: int) -> None:
    if value != task._state:
        task.last_state_change = chance.Clock.time()
        task._state = value


library_task.uuid4 = chance.token_id
library_task.time = chance.Clock
Task._set_state = _set_state
_merge_objects = DeepMerge.merge
DeepMerge.merge = staticmethod(_merge)

FINISHED = TaskState.FINISHED_MASK
UNFINISHED = TaskState.NOT_FINISHED_MASK
#: what stands somewhere, not only foreseen
LIVE = TaskState.READY | TaskState.WAITING | TaskState.STARTED


class Timer(TimerEventDefinition):
    """A timer that fires when it is told to, never by looking at a clock.

    `event_value` is the moment it is due, which becomes a subscription row; the worker's `fire`
    command sets `event_fired`. So it fires once, not early, and a replay needs no clock.
    """

    def due_at(self, my_task: Any) -> datetime:
        """Return when it is due, computed once when the token arrives."""
        raise NotImplementedError

    def has_fired(self, my_task: Any) -> bool:
        """Return whether the `fire` command came."""
        if my_task.internal_data.get("event_value") is None:
            my_task.internal_data["event_value"] = self.due_at(my_task).isoformat()
        return bool(my_task.internal_data.get("event_fired", False))

    def _evaluated(self, my_task: Any) -> Any:
        return my_task.workflow.script_engine.evaluate(my_task, self.expression)


class DateTimer(Timer, TimeDateEventDefinition):
    """Due at a moment (an expression giving a date-time, or text of one)."""

    def due_at(self, my_task: Any) -> datetime:
        """Return the moment."""
        text = plain(self._evaluated(my_task))
        try:
            moment = datetime.fromisoformat(text)
        except (TypeError, ValueError):
            raise TimerUnclear(value=text) from None
        return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)


class DurationTimer(Timer, DurationTimerEventDefinition):
    """Due a duration after the token arrived."""

    def due_at(self, my_task: Any) -> datetime:
        """Return now plus the duration."""
        return later(my_task.workflow.script_engine.now, self._evaluated(my_task))


class CycleTimer(Timer, CycleTimerEventDefinition):
    """Due again and again: `R3/P1D` (three times), `R/P1D` (until the activity ends)."""

    def due_at(self, my_task: Any) -> datetime:
        """Return the first moment and remember how often it repeats."""
        text = str(self._evaluated(my_task)).upper()
        found = re.fullmatch(r"R(\d{0,4})/(P.+)", text)
        if found is None:
            raise TimerUnclear(value=text)
        repeats, interval = found.groups()
        my_task.internal_data["cycle"] = [int(repeats) if repeats else -1, interval]
        return later(my_task.workflow.script_engine.now, interval)

    def update_task(self, my_task: Any) -> None:
        """Leave the clock alone: `tick` makes the children."""

    def tick(self, my_task: Any, now: datetime, *, last: bool = False) -> None:
        """Send one token on and set the next moment, or end after the last repetition."""
        left, interval = my_task.internal_data["cycle"]
        spec = my_task.task_spec
        left = 0 if last else left - 1 if left > 0 else left
        if left and isinstance(spec, Boundary):
            spec.happen(my_task)
        my_task.internal_data["cycle"] = [left, interval]
        my_task.internal_data["event_value"] = later(now, interval).isoformat()
        if left == 0:
            if not my_task._children:
                spec._predict(my_task, mask=UNFINISHED)
            my_task.internal_data["event_fired"] = True
            spec._update(my_task)


#: no case of an office waits for longer than a century
_LONGEST = 36_600
_DAYS = {
    "years": 366.0, "months": 31.0, "weeks": 7.0, "days": 1.0, "hours": 1 / 24,
    "minutes": 1 / 1_440, "seconds": 1 / 86_400,
}  # fmt: skip


def later(now: datetime, duration: Any) -> datetime:
    """Return the moment a duration after `now`; raises `TimerUnclear`, also past a century."""
    text = plain(duration)
    try:
        parsed = TimerEventDefinition.parse_iso_duration(text)
        days = sum(_DAYS.get(unit, 1) * number for unit, number in parsed.items())
        parsed = {} if days > _LONGEST else parsed  # the library counts month by month
        length: timedelta = TimerEventDefinition.get_timedelta_from_start(parsed, now)
    except Exception:  # noqa: BLE001 - the library raises plain Exception
        raise TimerUnclear(value=text) from None
    if days > _LONGEST:
        raise TimerUnclear(value=text)
    return now + length


class TimerUnclear(OfficeError):
    """A timer's expression gave no moment or duration (thời hạn không hợp lệ)."""

    code = "timer-unclear"
    vi = (
        "Hẹn giờ của quy trình không tính được thời điểm (giá trị «{value}»). Nhập lại thời hạn, "
        "hoặc báo quản trị cơ quan sửa sơ đồ."
    )
    en = "A timer of the process gives no moment (“{value}”). Give the deadline again."


TIMERS = {
    TimeDateEventDefinition: DateTimer,
    DurationTimerEventDefinition: DurationTimer,
    CycleTimerEventDefinition: CycleTimer,
}


class SignallingEndParser(EndEventParser):
    """An end may send a signal; the library drops it without a word."""

    def get_event_definition(self, xpaths: list[str]) -> Any:
        """Return what the end event throws."""
        return super().get_event_definition([*xpaths, SIGNAL_EVENT_XPATH])


class Parser(BpmnParser):
    """SpiffWorkflow's parser; it is only ever given what `engine.lint` let pass."""

    OVERRIDE_PARSER_CLASSES = {  # noqa: RUF012 - the library reads it from the class
        full_tag("endEvent"): (SignallingEndParser, EndEvent),
        full_tag("eventBasedGateway"): (TaskParser, Crossroads),
        full_tag("businessRuleTask"): (RuleTaskParser, RuleTask),
        OVERVIEW: (TaskParser, Overview),
    }


class Flat:
    """Scans over the list of tasks instead of walks over the tree."""

    tasks: dict[Any, Any]
    task_tree: Any
    top_workflow: Any
    completed: bool
    unsettled = False
    #: rows of a list's instances nobody has looked at, by the task that holds the list, then theirs
    asleep: Mapping[str, dict[str, list[Any]]] = MappingProxyType({})
    #: instances that rest with their sub-process, by the task that holds the list
    fans: Mapping[str, list[str]] = MappingProxyType({})
    #: the tasks that held a list with such instances in the state
    fanned: frozenset[str] = frozenset()
    #: the places that tasks had in the state, where rows are asleep
    order: Mapping[str, int] = MappingProxyType({})

    def everywhere(self) -> Iterator[Any]:
        """Yield every task here and in running sub-processes."""
        return self._all(nested=True, done=False)

    def _all(self, *, nested: bool, done: bool = True) -> Iterator[Any]:
        yield from list(self.tasks.values())
        if not nested:
            return
        top = self.top_workflow
        for task_id, sub in list(top.subprocesses.items()):
            if task_id in self.tasks and (done or not sub.completed):
                yield from sub._all(nested=True, done=done)

    def get_tasks_iterator(
        self,
        first_task: Any = None,
        end_at_spec: Any = None,
        task_filter: Any = None,
        skip_subprocesses: bool = False,
        **kwargs: Any,
    ) -> Any:
        if end_at_spec is None and (first_task is None or first_task is self.task_tree):
            kwargs.pop("max_depth", None)
            kwargs.pop("depth_first", None)
            wanted = task_filter or BpmnTaskFilter(**kwargs)
            state = kwargs.get("state") if task_filter is None else task_filter.state
            nested = not skip_subprocesses
            if state is None:
                return (t for t in self._all(nested=nested) if wanted.matches(t))
            done = bool(state & FINISHED)
            return (
                t
                for t in self._all(nested=nested, done=done)
                if t._state & state and wanted.matches(t)
            )
        kwargs["max_depth"] = 10**9
        return super().get_tasks_iterator(  # type: ignore[misc] # the library's class comes next
            first_task,
            end_at_spec=end_at_spec,
            task_filter=task_filter,
            skip_subprocesses=skip_subprocesses,
            **kwargs,
        )

    def update_waiting_tasks(self) -> None:
        """Note that joins may have to look again; once before each pass is enough."""
        self.unsettled = True

    def settle(self) -> None:
        """Have every waiting task look whether it may go on."""
        self.unsettled = False
        for task in [t for t in self.tasks.values() if t._state == TaskState.WAITING]:
            task.task_spec._update(task)

    def _task_removed_notify(self, task: Any) -> None:
        """Forget the sub-process of a task that goes: the library leaves it running."""
        super()._task_removed_notify(task)  # type: ignore[misc] # the library's class comes next
        top = self.top_workflow
        top.event_manager.remove_task(task)
        sub = top.subprocesses.pop(task.id, None)
        for inner in list(sub.tasks.values()) if sub is not None else ():
            sub._task_removed_notify(inner)

    def is_completed(self) -> bool:
        if not self.completed and not any(t._state & UNFINISHED for t in self.tasks.values()):
            self.completed = True
        return bool(self.completed)


class FlatSubWorkflow(Flat, BpmnSubWorkflow):
    """A sub-process with flat scans."""

    #: whether it is stored without what it foresees; undecided until it is stored first
    is_brief: bool | None = None


class FlatWorkflow(Flat, BpmnWorkflow):
    """A process with flat scans."""

    def __init__(
        self, spec: Any, subprocess_specs: Any = None, *, script_engine: Any, **kwargs: Any
    ) -> None:
        chance.begin(script_engine.now)
        #: sub-processes nothing happens in, by the task that holds each: as they were stored
        self.resting: dict[str, Entry] = {}
        #: which sub-processes the state held, in its order, and when one of them changed last
        self.held: list[str] = []
        self.changed: float = 0
        super().__init__(spec, subprocess_specs, script_engine=script_engine, **kwargs)
        self.event_manager.__class__ = Events

    def create_subprocess(self, my_task: Any, spec_name: str) -> Any:
        assert my_task.id not in self.resting, "a sub-process that rests would begin twice"
        sub = FlatSubWorkflow(
            self.subprocess_specs[spec_name], parent_task_id=my_task.id, top_workflow=self
        )
        self.subprocesses[my_task.id] = sub
        return sub

    def refresh_timers(self) -> None:
        """Do nothing: timers are told when to fire."""

    def _do_engine_steps(
        self,
        will_complete_task: Callable[[Any], None] | None = None,
        did_complete_task: Callable[[Any], None] | None = None,
    ) -> bool:
        active = self.get_active_subprocesses()
        ran = 0
        for sub in sorted(active, key=lambda s: s.depth, reverse=True):
            while count := self._run_ready(sub, will_complete_task, did_complete_task):
                ran += count  # what it threw may have woken one that was passed already
            if sub.completed and sub.parent_task_id is not None:
                task = self.get_task_from_id(sub.parent_task_id)
                if task is not None:
                    task.task_spec._update(task)
        ran += self._run_ready(self, will_complete_task, did_complete_task)
        # The library counts them: one that began while another ended would never go on.
        known = set(map(id, active))
        return ran > 0 or any(id(s) not in known for s in self.get_active_subprocesses())

    @staticmethod
    def _run_ready(
        workflow: Any,
        will: Callable[[Any], None] | None,
        did: Callable[[Any], None] | None,
    ) -> int:
        count = 0
        if workflow.unsettled:
            workflow.settle()
        ready = [
            t
            for t in workflow.tasks.values()
            if t._state == TaskState.READY and not t.task_spec.manual
        ]
        for task in ready:
            if task._state != TaskState.READY:
                continue
            if will is not None:
                will(task)
            task.run()
            count += 1
            if did is not None:
                did(task)
        return count


def is_waiting_event(task: Any) -> bool:
    """Return whether a token waits here for an event."""
    return task._state == TaskState.WAITING and hasattr(task.task_spec, "event_definition")
