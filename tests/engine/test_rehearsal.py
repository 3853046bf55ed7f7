"""Past cases walked on a draft, pure: what would appear, vanish, be late, go to others, get stuck."""

from datetime import datetime, timedelta
from typing import Any

import orjson
from bpmn_drawing import Drawing, each, event, line, timer
from token_runs import NOW, prepared

from engine import machine, migration, program
from engine.diagram import Node
from engine.machine import Step
from engine.program import Program
from engine.rehearsal import Rehearsed, rehearse
from engine.runtime import Assignment

DAY = timedelta(days=1)


def assigned(node: Node, _variables: dict[str, Any], now: datetime) -> Assignment:
    """To the step's role, for as many days as its limit says."""
    days = int(node.due.strip("PD") or 2)
    return Assignment((f"role:{node.role or 'all'}",), now + days * DAY)


class Case:
    """A case as it happened, told as its events tell it."""

    def __init__(self, diagram: bytes, **variables: Any) -> None:
        self.program = program.restore(prepared(diagram).specs)
        self.now = NOW
        self.events: list[dict[str, Any]] = []
        self.open: dict[str, str] = {}
        self._took(machine.start(self.program, variables, NOW), "start", "", variables=variables)

    def do(self, node: str, after: timedelta = timedelta(), **variables: Any) -> "Case":
        self.now += after
        item = next(i for i, n in self.open.items() if n == node)
        step = machine.complete(self.program, self.state, _id(item), variables, self.now)
        return self._took(step, "complete", node, item=item, variables=variables)

    def _took(self, step: Step, kind: str, node: str, **facts: Any) -> "Case":
        self.state = step.state
        opened = []
        for one in step.opened:
            given = assigned(one.node, one.variables, self.now)
            opened.append(
                {"item": str(one.task_id), "node": one.node.id, "groups": list(given.groups),
                 "due": given.due_at.isoformat()}
            )  # fmt: skip
            self.open[str(one.task_id)] = one.node.id
        for gone in step.closed:
            self.open.pop(str(gone))
        self.events.append(
            orjson.loads(
                orjson.dumps(
                    {"kind": kind, "node": node, "at": self.now, "standing": step.standing,
                     "opened": opened, **facts}
                )
            )
        )  # fmt: skip
        return self

    def on(self, diagram: bytes, **table: str) -> Rehearsed:
        draft: Program = program.restore(prepared(diagram).specs)
        matched = migration.match(self.program.nodes.values(), draft.nodes, table)
        return rehearse(self.program.nodes, draft, matched, self.events, assigned)


def _id(text: str) -> Any:
    from uuid import UUID

    return UUID(text)


def names(nodes: list[Node]) -> list[str]:
    return [n.id for n in nodes]


def straight(*steps: str, **more: Any) -> bytes:
    drawing = Drawing().start().user(*steps, **more).end()
    return drawing.chain("s", *steps, "e").xml()


def test_the_same_diagram_changes_nothing() -> None:
    case = Case(straight("a", "b")).do("a").do("b")
    assert case.on(straight("a", "b")).is_unchanged


def test_a_running_case_is_followed_as_far_as_it_went() -> None:
    case = Case(straight("a", "b")).do("a")
    assert case.on(straight("a", "b")).is_unchanged
    assert names(case.on(straight("a", "x", "b")).appeared) == ["x"]


def test_a_step_added_appears_and_one_dropped_vanishes() -> None:
    case = Case(straight("a", "b")).do("a").do("b")
    added = case.on(straight("a", "x", "b"))
    assert (names(added.appeared), names(added.vanished), added.left_over) == (["x"], [], [])
    dropped = case.on(straight("a"))
    assert (names(dropped.appeared), names(dropped.vanished)) == ([], ["b"])
    assert names(case.on(straight("a", "b", "x")).appeared) == ["x"]


def test_another_order_is_neither_new_nor_gone() -> None:
    case = Case(straight("a", "b", "c")).do("a").do("b").do("c")
    assert case.on(straight("b", "a", "c")).is_unchanged


def test_a_renamed_step_is_found_by_the_table() -> None:
    case = Case(straight("a")).do("a")
    found = case.on(straight("k"))
    assert (names(found.appeared), names(found.vanished)) == (["k"], ["a"])
    assert case.on(straight("k"), a="k").is_unchanged


def test_who_would_get_it_and_what_would_be_late() -> None:
    case = Case(straight("a", congvan__due="P3D")).do("a", 2 * DAY)
    found = case.on(straight("a", congvan__role="clerk", congvan__due="P1D"))
    [(was, would)] = found.given
    assert (was.groups, would.groups) == (("role:all",), ("role:clerk",))
    [(late, done)] = found.late
    assert (late.due_at, done) == (NOW + DAY, NOW + 2 * DAY)
    slower = Case(straight("a", congvan__due="P1D")).do("a", 2 * DAY)  # late then as well
    assert slower.on(straight("a", congvan__due="P1D")).is_unchanged


def test_where_it_cannot_go_on_is_named() -> None:
    drawing = Drawing().start().user("a", name="Xem xét").xor("g").end().user("b")
    drawing.chain("s", "a", "g").flow("g", "e", "way = 1").flow("g", "b", "way = 2").flow("b", "e")
    found = Case(straight("a")).do("a").on(drawing.xml())
    assert found.stuck is not None
    place, why = found.stuck
    assert (place, why.code) == ("Xem xét", "no-way-on")


def test_decisions_choose_the_way_on_the_draft_too() -> None:
    def drawn(*, swapped: bool) -> bytes:
        drawing = Drawing().start().user("a", "y", "n").xor("g", default="d").end()
        yes, no = ("n", "y") if swapped else ("y", "n")
        drawing.chain("s", "a", "g").flow("g", yes, "ok = true").flow("g", no, identity="d")
        return drawing.flow("y", "e").flow("n", "e").xml()

    case = Case(drawn(swapped=False)).do("a", ok=True).do("y")
    assert case.on(drawn(swapped=False)).is_unchanged
    found = case.on(drawn(swapped=True))
    assert (names(found.vanished), names(found.left_over)) == (["y"], ["n"])


def test_each_of_a_list_is_decided_by_the_same_of_the_list() -> None:
    drawing = Drawing().start().user("m", inner=each("xs", "x")).user("c").end()
    diagram = drawing.chain("s", "m", "c", "e").xml()
    case = Case(diagram, xs=["k", "l"]).do("m").do("m").do("c")
    assert case.on(diagram).is_unchanged


def test_timers_of_the_draft_run_out_between_what_happened() -> None:
    drawing = Drawing().start().user("a", "late").end().end("e2")
    drawing.boundary("t", "a", timer("Duration", "P1D"), interrupting=False)
    diagram = drawing.chain("s", "a", "e").chain("t", "late", "e2").xml()
    assert names(Case(straight("a")).do("a", 2 * DAY).on(diagram).appeared) == ["late"]
    assert Case(straight("a")).do("a", DAY / 2).on(diagram).is_unchanged


def test_a_draft_that_waits_for_a_message_the_case_never_had_is_left_over() -> None:
    drawing = Drawing().start().user("a").end()
    drawing.node("intermediateCatchEvent", "w", event("message", messageRef="M"))
    draft = drawing.chain("s", "a", "w", "e").xml('<bpmn:message id="M" name="reply"/>')
    found = Case(line("a").xml()).do("a").on(draft)
    assert not found.is_unchanged
