"""A draft diagram tried on what really happened (diễn tập quy trình): pure, nothing is kept.

A past case is walked again on the draft: each thing people decided is decided at the step of the
draft that takes the place of the old one, at the moment it was decided; timers run out between. A
step the draft adds is taken when nothing else leads on; one it puts later is decided once it comes.
What differs is told, step by step.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from engine import machine, moves
from engine.diagram import Node
from engine.errors import OfficeError
from engine.machine import Open, Step, Waiting
from engine.program import Program
from engine.runtime import Assignment

#: timers of one case that run out between two events, beyond which a draft is called endless
MOST_TIMERS = 200

Assign = Callable[[Node, dict[str, Any], datetime], Assignment]


@dataclass(frozen=True, slots=True)
class Taken:
    """A step as it opened: to whom it went and until when."""

    node: Node
    groups: tuple[str, ...]
    due_at: datetime


@dataclass(slots=True)
class Rehearsed:
    """What a draft would have made of one past case."""

    #: steps of the draft that the case never had, and steps of the case that the draft drops
    appeared: list[Node] = field(default_factory=list)
    vanished: list[Node] = field(default_factory=list)
    #: the same step given to others: as it was, as it would be
    given: list[tuple[Taken, Taken]] = field(default_factory=list)
    #: done in time then, late by the draft: as it would be, when it was done
    late: list[tuple[Taken, datetime]] = field(default_factory=list)
    #: where it cannot go on and why
    stuck: tuple[str, OfficeError] | None = None
    #: the case had ended; on the draft it would still wait here
    left_over: list[Node] = field(default_factory=list)

    @property
    def is_unchanged(self) -> bool:
        """Whether the draft changes nothing for this case."""
        found = (self.appeared, self.vanished, self.given, self.late, self.left_over)
        return self.stuck is None and not any(found)


def rehearse(
    old: Mapping[str, Node],
    draft: Program,
    matched: Mapping[str, str],
    events: Sequence[Mapping[str, Any]],
    assign: Assign,
) -> Rehearsed:
    """Walk one past case, told by the facts of its `events`, on the program of a draft.

    `old` are the nodes of the diagram it ran by, `matched` the step of the draft for each of them;
    `assign` says to whom the draft would give a step. Raises nothing: what stops it is told.
    """
    walk = _Walk(old, draft, matched, assign)
    for facts in events:
        try:
            walk.follow(facts)
        except OfficeError as error:
            walk.told.stuck = (walk.place(), error)
            return walk.told
    walk.end(events)
    return walk.told


class _Walk:
    def __init__(
        self, old: Mapping[str, Node], draft: Program, matched: Mapping[str, str], assign: Assign
    ) -> None:
        self.old, self.draft, self.matched, self.assign = old, draft, matched, assign
        self.told = Rehearsed()
        self.state = b""
        self.completed = False
        self.open: dict[UUID, tuple[Open, Taken]] = {}
        self.waiting: dict[UUID, Waiting] = {}
        #: items of the case and of the draft by node, in the order they opened
        self.then: dict[str, list[tuple[str, Taken]]] = {}
        self.now_open: dict[str, list[UUID]] = {}
        self.at: dict[str, str] = {}
        self.known = set(matched.values())
        self.reached = ""
        #: decided in the case before the draft came to it: old node, its step there, the event
        self.later: list[tuple[str, str, Mapping[str, Any]]] = []

    # what happened --------------------------------------------------------------------------

    def follow(self, facts: Mapping[str, Any]) -> None:
        """Do on the draft what one event of the case did."""
        moment = datetime.fromisoformat(facts["at"])
        act = _ACTS.get(facts["kind"])
        if act is not None and self.completed:
            self._vanish(self.at.get(facts.get("item", ""), ""))
        elif act is not None and (self.state or facts["kind"] == "start"):
            self._let_time_pass(moment)
            act(self, facts, moment)
        self._remember(facts)

    def start(self, facts: Mapping[str, Any], moment: datetime) -> None:
        self._take(machine.start(self.draft, facts["variables"], moment), moment)

    def complete(self, facts: Mapping[str, Any], moment: datetime) -> None:
        item = facts["item"]
        node_id = self.at.get(item, facts["node"])
        target = self.matched.get(node_id)
        if target is None:
            self._vanish(node_id)
            return
        task = self._counterpart(node_id, target, item, moment)
        if task is None:
            self.later.append((node_id, target, facts))
            return
        self._decide(node_id, target, task, facts, moment)
        self._catch_up(moment)

    def _decide(
        self, node_id: str, target: str, task: UUID, facts: Mapping[str, Any], moment: datetime
    ) -> None:
        self._compare(node_id, facts["item"], task, moment)
        self.reached = target
        variables = dict(facts["variables"])
        self._take(machine.complete(self.draft, self.state, task, variables, moment), moment)

    def _catch_up(self, moment: datetime) -> None:
        """Decide what was decided before the draft came to it."""
        waits = list(self.later)
        for entry in waits:
            node_id, target, facts = entry
            task = self._open_at(node_id, target, facts["item"])
            if task is not None:
                self.later.remove(entry)
                self._decide(node_id, target, task, facts, moment)
                self._catch_up(moment)
                return

    def deliver(self, facts: Mapping[str, Any], moment: datetime) -> None:
        kind, name = facts["kind"], facts["node"]
        if any((w.kind, w.name) == (kind, name) for w in self.waiting.values()):
            payload = dict(facts["payload"])
            self._take(machine.deliver(self.draft, self.state, kind, name, payload, moment), moment)

    def move(self, facts: Mapping[str, Any], moment: datetime) -> None:
        target = self.matched.get(facts["target"])
        node_id = self.at.get(facts["token"], "")
        mine = self.matched.get(node_id, "")
        task = self._counterpart(node_id, mine, facts["token"], moment) if mine else None
        if target is not None and task is not None:
            self._take(moves.move(self.draft, self.state, task, target, moment), moment)

    def cancel(self, _facts: Mapping[str, Any], _moment: datetime) -> None:
        self.completed = True
        self.open.clear()

    def end(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Say what was decided in vain, and where the draft waits although the case had ended."""
        for node_id, _, _ in self.later:
            self._vanish(node_id)
        ended = bool(events) and not events[-1].get("standing")
        if ended and not self.completed:
            for _ in range(len(self.draft.nodes)):
                fresh = next((t for t, (o, _) in self.open.items() if self._is_new(o)), None)
                if fresh is None:
                    break
                try:
                    moment = datetime.fromisoformat(events[-1]["at"])
                    self._take(machine.complete(self.draft, self.state, fresh, {}, moment), moment)
                except OfficeError as error:
                    self.told.stuck = (self.place(), error)
                    return
            waits = [self.draft.nodes[w.node_id] for w in self.waiting.values()]
            self.told.left_over = [o.node for o, _ in self.open.values()] or waits

    def place(self) -> str:
        """Return the name of the step the draft was at."""
        node = self.draft.nodes.get(self.reached)
        return node.name if node is not None else self.reached

    # how ------------------------------------------------------------------------------------

    def _counterpart(self, node_id: str, target: str, item: str, moment: datetime) -> UUID | None:
        """Return the draft's token for an item of the case, taking new steps that stand before."""
        for _ in range(len(self.draft.nodes)):
            task = self._open_at(node_id, target, item)
            if task is not None:
                return task
            fresh = next((t for t, (o, _) in self.open.items() if self._is_new(o)), None)
            if fresh is None:
                return None
            self.reached = self.open[fresh][0].node.id
            self._take(machine.complete(self.draft, self.state, fresh, {}, moment), moment)
        return None

    def _open_at(self, node_id: str, target: str, item: str) -> UUID | None:
        here = [i for i, _ in self.then.get(node_id, ())]
        there = self.now_open.get(target, [])
        place = here.index(item) if item in here else 0
        if place < len(there) and there[place] in self.open:
            return there[place]
        return next((t for t in there if t in self.open), None)

    def _is_new(self, waits: Open) -> bool:
        return waits.node.id not in self.known

    def _let_time_pass(self, moment: datetime) -> None:
        for _ in range(MOST_TIMERS):
            due = [w for w in self.waiting.values() if w.due_at is not None and w.due_at <= moment]
            if not due or self.completed:
                return
            first = min(due, key=lambda w: (w.due_at, w.node_id))
            at = first.due_at
            assert at is not None
            self.reached = first.node_id
            self._take(machine.fire(self.draft, self.state, first.task_id, at), at)

    def _take(self, step: Step, moment: datetime) -> None:
        self.state, self.completed = step.state, step.completed
        for gone in step.closed:
            self.open.pop(gone, None)
        for gone in step.unsubscribed:
            self.waiting.pop(gone, None)
        self.waiting.update({w.task_id: w for w in step.subscribed})
        for opened in step.opened:
            self.reached = opened.node.id
            given = self.assign(opened.node, opened.variables, moment)
            taken = Taken(opened.node, given.groups, given.due_at)
            self.open[opened.task_id] = (opened, taken)
            self.now_open.setdefault(opened.node.id, []).append(opened.task_id)
            if self._is_new(opened):
                self.told.appeared.append(opened.node)

    def _vanish(self, node_id: str) -> None:
        node = self.old.get(node_id)
        if node is not None:
            self.told.vanished.append(node)

    def _compare(self, node_id: str, item: str, task: UUID, moment: datetime) -> None:
        mine = self.open[task][1]
        was = next((t for i, t in self.then.get(node_id, ()) if i == item), None)
        if was is None:
            return
        if set(was.groups) != set(mine.groups):
            self.told.given.append((was, mine))
        if was.due_at >= moment > mine.due_at:
            self.told.late.append((mine, moment))

    def _remember(self, facts: Mapping[str, Any]) -> None:
        for opened in facts.get("opened", ()):
            node = self.old.get(opened["node"])
            if node is None or "due" not in opened:
                continue
            taken = Taken(node, tuple(opened["groups"]), datetime.fromisoformat(opened["due"]))
            self.then.setdefault(node.id, []).append((opened["item"], taken))
            self.at[opened["item"]] = node.id


#: what of a history is done again; a migration, a hold or a new assignee changes no way
_ACTS: dict[str, Callable[[_Walk, Mapping[str, Any], datetime], None]] = {
    "start": _Walk.start,
    "complete": _Walk.complete,
    "skip": _Walk.complete,
    "message": _Walk.deliver,
    "signal": _Walk.deliver,
    "move": _Walk.move,
    "send_back": _Walk.move,
    "cancel": _Walk.cancel,
}
