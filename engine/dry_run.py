"""A diagram tried out before it is published (chạy thử): by chance, in memory, to its end.

The same machine that runs cases runs it, with values drawn for the variables its conditions ask
about; timers come due and messages come. What is told: where it stops, where it runs for ever.
"""

import logging
import math
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from engine import machine
from engine.chance import TooManyTokens
from engine.draws import Draws
from engine.errors import OfficeError
from engine.expressions import Kind
from engine.failure import NoWayOn, StepFailed
from engine.finding import Finding, Severity, error
from engine.program import Program

log = logging.getLogger(__name__)

#: the moment a dry run begins; no clock is read
BEGUN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
#: a walk takes this many steps by chance, then it goes towards the end
STEPS = 60
#: so many walks, fewer where two of them took so many steps: a long diagram has long walks
SEEDS, ENOUGH = 4, 200
#: with more steps open than this it goes towards the end at once
CROWD = 30
#: so many draws are tried for one that comes nearer to the end
TRIES = 12


#: seconds after which no further step is tried: whoever draws waits for the answer
LONGEST = 15


class TooLarge(Exception):
    """A walk took too long to say anything."""


@dataclass(slots=True)
class Walk:
    """One run of a diagram by chance: what is open, what is awaited, where it came to."""

    program: Program
    seed: int
    draws: Draws
    now: datetime = BEGUN
    #: where it begins: what a run has come to, its start unless told
    begun: machine.Step | None = None
    count: int = 0
    open: dict[UUID, machine.Open] = field(default_factory=dict)
    waiting: dict[UUID, machine.Waiting] = field(default_factory=dict)
    step: machine.Step = field(init=False)
    chance: random.Random = field(init=False)
    near: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.near = distances(self.program)
        self.chance = random.Random(self.seed)  # noqa: S311 - a dry run, no secret
        begun = self.begun
        if begun is None:
            begun = machine.start(self.program, self.draws.some(self.chance), self.now)
        self._take(begun)

    @property
    def most(self) -> int:
        """How many steps a walk may take: a large diagram more than a small one."""
        every = (self.program.spec, *self.program.subprocess_specs.values())
        numbers = [str(getattr(t, "cardinality", "")) for s in every for t in s.task_specs.values()]
        repeated = sum(int(number) for number in numbers if number.isdigit())
        return 3 * STEPS + 2 * len(self.program.nodes) + 4 * repeated

    @property
    def is_done(self) -> bool:
        """Whether the run came to its end."""
        return self.step.completed

    @property
    def is_stuck(self) -> bool:
        """Whether nothing that could happen would move it."""
        return not self.is_done and not self.open and not self.waiting

    def go_on(self) -> None:
        """Complete one open step, or have one awaited event happen."""
        self.count += 1
        hurry = self.count > STEPS or len(self.open) > CROWD
        events = list(self.waiting.values())
        if not self.open or (events and not hurry and self.chance.random() < 0.3):
            self._take(self._happened(self.chance.choice(events)))
            return
        item = self.chance.choice(list(self.open))
        tried = [self._drawn(item, forward=hurry)]
        best = self._completed(item, tried[0])
        for _ in range(TRIES if hurry else 0):
            if self._to_go(best) < self._to_go(self.step):
                break
            chosen = self._drawn(item, forward=hurry)
            if chosen not in tried:
                tried.append(chosen)
                best = min(best, self._completed(item, chosen), key=self._to_go)
        if hurry and events and self._to_go(best) >= self._to_go(self.step):
            # round a circle that only an event ends; into a sub-process only looks farther
            event = self._happened(self.chance.choice(events))
            if self._to_go(event) < self._to_go(self.step) or self.chance.random() < 0.5:
                best = min(best, event, key=self._to_go)
        self._take(best)

    def _drawn(self, item: UUID, *, forward: bool) -> dict[str, Any]:
        return self.draws.some(self.chance, node=self.open[item].node, forward=forward)

    def _completed(self, item: UUID, chosen: dict[str, Any]) -> machine.Step:
        return machine.complete(self.program, self.step.state, item, chosen, self.now)

    def _to_go(self, step: machine.Step) -> int:
        """How far from the end the tokens stand."""
        return sum(self.near.get(node, len(self.near)) for node in step.standing)

    def _happened(self, event: machine.Waiting) -> machine.Step:
        state, now = self.step.state, self.now
        if event.due_at is not None:
            self.now = max(now, event.due_at)
            return machine.fire(self.program, state, event.task_id, self.now)
        drawn = self.draws.some(self.chance)
        return machine.deliver(self.program, state, event.kind, event.name, drawn, now)

    def _take(self, step: machine.Step) -> None:
        self.step = step
        self.now += timedelta(minutes=1)
        for gone in step.closed:
            self.open.pop(gone, None)
        self.open.update({o.task_id: o for o in step.opened})
        for gone in step.unsubscribed:
            self.waiting.pop(gone, None)
        self.waiting.update({w.task_id: w for w in step.subscribed})


def distances(program: Program) -> dict[str, int]:
    """Return how many steps each node is from the end of its own process or sub-process."""
    near: dict[str, int] = {}
    for spec in (program.spec, *program.subprocess_specs.values()):
        before: dict[str, list[Any]] = {}
        for one in spec.task_specs.values():
            for following in one.outputs:
                before.setdefault(following.name, []).append(one)
        todo, seen, away = [spec.task_specs["End"]], {"End"}, 0
        while todo:
            for one in todo:
                near[getattr(one, "bpmn_id", None) or one.name] = away
            come = {i.name: i for one in todo for i in before.get(one.name, ())}
            todo = [i for name, i in come.items() if name not in seen]
            seen |= {one.name for one in todo}
            away += 1
    return near


def walk(
    program: Program,
    seed: int,
    draws: Draws,
    begun: machine.Step | None = None,
    until: float = math.inf,
) -> Walk:
    """Run a diagram by the chance of `seed` until it ends, stops, or went on too long.

    Raises what the machine raises where it cannot run on, `TooLarge` after the moment `until`.
    """
    one = Walk(program, seed, draws, begun=begun)
    while not one.is_done and not one.is_stuck and one.count < one.most:
        if time.monotonic() > until:
            raise TooLarge
        one.go_on()
    return one


def check(
    program: Program, kinds: Mapping[str, Kind] | None = None, seeds: int = SEEDS
) -> list[Finding]:
    """Return what keeps a diagram from coming to its end, as far as `seeds` walks show."""
    draws = Draws.of(program, kinds or {})
    found: dict[tuple[str, str], list[Finding]] = {}
    endless: list[Walk] = []
    walks = steps = 0
    until = time.monotonic() + LONGEST
    for seed in range(seeds):
        if (walks > 1 and steps > ENOUGH) or (walks and time.monotonic() > until):
            break
        walks += 1
        try:
            one = walk(program, seed, draws, until=until)
        except TooLarge:
            told = [_too_large()] if walks == 1 else []
        except OfficeError as refusal:
            told = [_failed(refusal)]
            until = 0 if isinstance(refusal, TooManyTokens) else until  # so would any other walk
        except Exception as fault:  # noqa: BLE001 - the library fails in ways of its own
            told = [_broken(fault)]
        else:
            steps += one.count
            told = list(_stuck(one)) if one.is_stuck else []
            if not one.is_done and not one.is_stuck:
                endless.append(one)
        for finding in told:
            found.setdefault((finding.code, finding.element), []).append(finding)
    if len(endless) == walks:
        found["never-ends", ""] = [_endless(endless[0])]
    return [_weighed(same, walks) for same in found.values()]


def _too_large() -> Finding:
    return Finding(
        Severity.WARNING, "", "dry-run",
        f"Sơ đồ quá rộng nên chưa chạy thử hết được trong {LONGEST} giây; bớt nhánh song song.",
        f"The diagram is too wide to be tried out to its end within {LONGEST} s; fork less.",
    )  # fmt: skip


def waits_for_ever(program: Program, state: bytes, now: datetime) -> str | None:
    """Return the name of the step where a run in this state would stay for ever, if it would.

    Only where no walk comes to the end: a token put into one branch of a fork, for example, waits
    at its join for what never comes.
    """
    begun, draws = machine.look(program, state, now), Draws.of(program, {})
    name = None
    for seed in range(SEEDS):
        try:
            one = walk(program, seed, draws, begun)
        except OfficeError:
            continue
        except (
            Exception
        ):  # drawn values that nothing of the office has, in ways of the library's own
            log.exception("a run could not be tried out")
            continue
        if one.is_done:
            return None
        if one.is_stuck and name is None:
            at = next(iter(one.step.standing), "")
            node = program.nodes.get(at)
            name = node.name if node is not None else at
    return name


def _weighed(same: list[Finding], walks: int) -> Finding:
    """A stop that few walks met may be one that the verbs never let happen: to look at."""
    if same[0].code == "stuck" and 2 * len(same) < walks:
        return replace(same[0], severity=Severity.WARNING)
    return same[0]


def _endless(one: Walk) -> Finding:
    at = one.step.standing
    return error(
        at[0] if at else "", "never-ends",
        f"Chạy thử {one.most} lượt xử lý mà quy trình vẫn chưa kết thúc. Xem lại các vòng "
        "lặp: phải có đường ra điểm kết thúc.",
        f"Tried for {one.most} steps, the process did not end. Give its loops a way out.",
    )  # fmt: skip


def _failed(refusal: OfficeError) -> Finding:
    element = str(refusal.fields.get("element", ""))
    if isinstance(refusal, StepFailed) and not isinstance(refusal, NoWayOn):
        # It may be the drawn values that do not fit: to look at, not to forbid.
        vi = f"Chạy thử dừng lại: {refusal.text('vi')}"
        en = f"Tried out, it stops: {refusal.text('en')}"
        return Finding(Severity.WARNING, element, "dry-run", vi, en)
    return error(
        element, refusal.code, f"Chạy thử: {refusal.text('vi')}", f"Tried out: {refusal.text('en')}"
    )


def _broken(fault: Exception) -> Finding:
    if isinstance(fault, RecursionError):  # the library looks ahead along flows that always open
        return error(
            "", "never-ends",
            "Có vòng nối mà luồng nào cũng luôn mở, quy trình quay mãi. Đặt vào vòng một cổng có "
            "đường ra.",
            "A circle has no way out: each of its flows always opens. Put a gateway into it.",
        )  # fmt: skip
    words = f"{type(fault).__name__}: {fault}"
    return error(
        "", "not-executable", f"Chạy thử hỏng, sơ đồ không chạy được ({words}). Vẽ đơn giản hơn.",
        f"Tried out, it cannot be run ({words}). Draw it more simply.",
    )  # fmt: skip


def _stuck(one: Walk) -> Iterator[Finding]:
    for identity in one.step.standing or [""]:
        node = one.program.nodes.get(identity)
        name = node.name if node is not None else identity
        yield error(
            identity, "stuck",
            f"Chạy thử: quy trình dừng mãi tại «{name}», không còn việc hay sự kiện nào đưa nó đi "
            "tiếp. Kiểm tra cổng gộp và các đường tới đó.",
            f"Tried out, the process stays for ever at “{name}”: nothing open or awaited moves it "
            "on. Look at the joins and the ways to them.",
        )  # fmt: skip
