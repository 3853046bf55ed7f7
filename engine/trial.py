"""A diagram tried out before it is published (chạy thử): by chance, in memory, to its end.

The same machine that runs cases runs it, with values drawn for the variables its conditions ask
about; timers come due and messages come. What is told: where it stops, where it runs for ever.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from engine import machine
from engine.draws import Draws
from engine.errors import OfficeError
from engine.expressions import Kind
from engine.finding import Finding, Severity, error
from engine.program import Program

#: the moment a trial begins; no clock is read
BEGUN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
#: a walk takes this many steps by chance, then as many the shortest way
STEPS = 120
SEEDS = 4


@dataclass(slots=True)
class Walk:
    """One run of a diagram by chance: what is open, what is awaited, where it came to."""

    program: Program
    seed: int
    draws: Draws
    now: datetime = BEGUN
    count: int = 0
    open: dict[UUID, machine.Open] = field(default_factory=dict)
    waiting: dict[UUID, machine.Waiting] = field(default_factory=dict)
    step: machine.Step = field(init=False)
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - a trial, no secret
        self._take(machine.start(self.program, self.draws.some(self.chance), self.now))

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
        hurry = self.count > STEPS
        events = list(self.waiting)
        if self.open and (hurry or not events or self.chance.random() < 0.7):
            item = self.chance.choice(list(self.open))
            node = self.open[item].node
            chosen = self.draws.some(self.chance, node=node, forward=hurry)
            self._take(machine.complete(self.program, self.step.state, item, chosen, self.now))
            return
        self._happen(self.waiting[self.chance.choice(events)])

    def _happen(self, event: machine.Waiting) -> None:
        if event.due_at is not None:
            self.now = max(self.now, event.due_at)
            self._take(machine.fire(self.program, self.step.state, event.task_id, self.now))
            return
        drawn = self.draws.some(self.chance)
        self._take(
            machine.deliver(
                self.program, self.step.state, event.kind, event.name, drawn, self.now
            )
        )  # fmt: skip

    def _take(self, step: machine.Step) -> None:
        self.step = step
        self.now += timedelta(minutes=1)
        for gone in step.closed:
            self.open.pop(gone, None)
        self.open.update({o.task_id: o for o in step.opened})
        for gone in step.unsubscribed:
            self.waiting.pop(gone, None)
        self.waiting.update({w.task_id: w for w in step.subscribed})


def walk(program: Program, seed: int, draws: Draws) -> Walk:
    """Run a diagram by the chance of `seed` until it ends, stops, or went on too long.

    Raises what the machine raises where it cannot run on.
    """
    one = Walk(program, seed, draws)
    while not one.is_done and not one.is_stuck and one.count < 2 * STEPS:
        one.go_on()
    return one


def check(
    program: Program, kinds: Mapping[str, Kind] | None = None, seeds: int = SEEDS
) -> list[Finding]:
    """Return what keeps a diagram from coming to its end, as far as `seeds` walks show."""
    draws = Draws.of(program, kinds or {})
    found: dict[tuple[str, str], Finding] = {}
    endless: list[Walk] = []
    for seed in range(seeds):
        try:
            one = walk(program, seed, draws)
        except OfficeError as refusal:
            told = _failed(refusal)
            found.setdefault((told.code, told.element), told)
            continue
        for told in _stuck(one) if one.is_stuck else ():
            found.setdefault((told.code, told.element), told)
        if not one.is_done and not one.is_stuck:
            endless.append(one)
    if len(endless) == seeds:
        at = endless[0].step.standing
        found["endless", ""] = error(
            at[0] if at else "", "never-ends",
            f"Chạy thử {2 * STEPS} lượt xử lý mà quy trình vẫn chưa kết thúc. Xem lại các vòng "
            "lặp: phải có đường ra điểm kết thúc.",
            f"Tried for {2 * STEPS} steps, the process did not end. Give its loops a way out.",
        )  # fmt: skip
    return list(found.values())


def _failed(refusal: OfficeError) -> Finding:
    element = str(refusal.fields.get("element", ""))
    if isinstance(refusal, machine.StepFailed) and not isinstance(refusal, machine.NoWayOn):
        # It may be the drawn values that do not fit: to look at, not to forbid.
        vi = f"Chạy thử dừng lại: {refusal.text('vi')}"
        en = f"Tried out, it stops: {refusal.text('en')}"
        return Finding(Severity.WARNING, element, "trial", vi, en)
    return error(
        element, refusal.code, f"Chạy thử: {refusal.text('vi')}", f"Tried out: {refusal.text('en')}"
    )


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
