"""A run carried over to another version of its diagram, pure: nothing of it is lost or doubled."""

from typing import Any

import pytest
from bpmn_drawing import Drawing, each, event, line, timer
from conformance import DEFINED, RECALL, handler, inside
from token_runs import NOW, Run, hours, prepared, twice

from engine import migration, program
from engine.migration import NotMigratable


def over(run: Run, diagram: bytes, **table: str) -> Run:
    """Carry a run over to `diagram`; it goes on there with the same open steps."""
    new = prepared(diagram).specs
    done = twice(migration.migrate, run.program, program.restore(new), run.bytes, table, run.now)
    before = set(run.open)
    run.specs = new
    run.programs = [program.restore(new), program.restore(new)]
    run._take(done.step)
    assert set(run.open) == before  # every item that was open still is, and no other
    run.open = {i: type(o)(o.task_id, done.items[str(i)], o.variables) for i, o in run.open.items()}
    return run


def refused(run: Run, diagram: bytes, **table: str) -> list[migration.Obstacle]:
    with pytest.raises(NotMigratable) as caught:
        over(run, diagram, **table)
    return caught.value.obstacles


def finish(run: Run, limit: int = 40) -> list[str]:
    """Complete whatever waits, the first each time; return what was passed."""
    passed = []
    for _ in range(limit):
        if run.done:
            return passed
        item = next(iter(run.open))
        passed.append(run.open[item].node.id)
        run.complete(item)
    raise AssertionError(run.at)


def straight(*names: str) -> bytes:
    return line(*names).xml()


def fork(*branch: str, after: str = "c") -> bytes:
    """a, then the branch beside b, joined before c."""
    drawing = Drawing().start().user("a", "b", after, *branch).both("f", "j").end()
    drawing.chain("s", "a", "f", *branch, "j", after, "e").chain("f", "b", "j")
    return drawing.xml()


def guarded(*edges: tuple[str, str], step: str = "a") -> bytes:
    """A step with timers at its edge, each followed by its own reminder."""
    drawing = Drawing().start().user(step, "b").end()
    for name, length in edges:
        drawing.boundary(name, step, timer("Duration", length), interrupting=False)
        drawing.user(f"{name}_late").end(f"{name}_e").chain(name, f"{name}_late", f"{name}_e")
    return drawing.chain("s", step, "b", "e").xml()


def test_the_same_diagram_changes_nothing() -> None:
    for diagram in (straight("a", "b"), fork("x"), guarded(("t", "P1D"))):
        run = Run(diagram, n=1)
        before, items = run.data(), dict(run.open)
        assert over(run, diagram).step.opened == []
        assert (run.data(), set(run.open)) == (before, set(items))
        finish(run)


def test_a_step_added_ahead_is_done_and_one_added_behind_is_not() -> None:
    run = over(Run(straight("a", "b")).do("a", kept="yes"), straight("a", "z", "b", "y"))
    assert run.at == ["b"]
    assert run.data()["kept"] == "yes"
    assert finish(run) == ["b", "y"]


def test_a_step_taken_out_ahead_is_not_done() -> None:
    assert finish(over(Run(straight("a", "b", "c")), straight("a", "c"))) == ["a", "c"]


def test_a_step_with_another_id_is_found_by_its_name_or_by_the_table() -> None:
    named = Drawing().start().user("a2", name="Xem").end().chain("s", "a2", "e").xml()
    old = Drawing().start().user("a", name="Xem").end().chain("s", "a", "e").xml()
    assert over(Run(old), named).at == ["a2"]
    assert over(Run(straight("a", "b")), straight("k", "m"), a="m").at == ["m"]


def test_a_step_that_is_gone_is_refused_in_words() -> None:
    found = refused(Run(straight("a", "b")), straight("k", "m"))
    assert [o.node for o in found] == ["a"]
    assert "«a»" in found[0].vi
    assert "chọn bước thay thế" in found[0].vi


def test_a_name_that_two_steps_have_decides_nothing() -> None:
    drawing = Drawing().start().user("k", "m", name="Xem").end().chain("s", "k", "m", "e").xml()
    old = Drawing().start().user("a", name="Xem").end().chain("s", "a", "e").xml()
    assert refused(Run(old), drawing)


def test_a_running_timer_keeps_its_moment_whatever_the_new_length() -> None:
    run = Run(guarded(("t", "P3D")))
    due = next(iter(run.waiting.values())).due_at
    over(run, guarded(("t", "P9D")))
    assert next(iter(run.waiting.values())).due_at == due
    assert run.fire("t").at == ["a", "t_late"]
    assert finish(run) == ["a", "t_late", "b"]


def test_a_timer_added_to_the_step_starts_now_and_one_taken_away_stops() -> None:
    run = Run(guarded(("t", "P3D")))
    run.now += hours(5)
    over(run, guarded(("u", "P1D")))
    waiting = next(iter(run.waiting.values()))
    assert (waiting.node_id, waiting.due_at) == ("u", run.now + hours(24))
    assert run.fire("u").at == ["a", "u_late"]
    assert finish(run) == ["a", "u_late", "b"]


def test_a_step_without_timers_gets_one_and_one_with_timers_loses_them() -> None:
    run = over(Run(straight("a", "b")), guarded(("t", "P1D")))
    assert run.events == ["t"]
    assert over(run, straight("a", "b")).events == []
    assert finish(run) == ["a", "b"]


def test_a_reminder_that_fired_stays_although_its_timer_is_gone() -> None:
    new = Drawing().start().user("a", "b", "t_late").end().end("t_e").both("k")
    new.chain("s", "a", "k", "b", "e").chain("k", "t_late", "t_e")
    run = Run(guarded(("t", "P1D"))).fire("t")
    assert over(run, new.xml()).at == ["a", "t_late"]
    assert run.do("t_late").at == ["a"]
    assert finish(run)[:2] == ["a", "b"]


def test_branches_stay_apart_and_meet_at_the_join_of_the_new_diagram() -> None:
    run = over(Run(fork("x")).do("a"), fork("x", "y"))
    assert run.at == ["b", "x"]
    assert run.do("x").at == ["b", "y"]
    assert run.do("b", "y").at == ["c"]
    finish(run)


def test_a_branch_that_has_arrived_counts_as_arrived() -> None:
    run = over(Run(fork("x")).do("a", "x"), fork("x", "y"))  # y comes too late for it
    assert run.at == ["b"]
    assert run.do("b").at == ["c"]
    finish(run)


def test_a_branch_that_arrives_otherwise_is_refused() -> None:
    drawing = Drawing().start().user("a", "b", "c", "x", "y", "z").both("f", "k", "j").end()
    drawing.chain("s", "a", "f", "x", "k", "y", "j", "c", "e").chain("f", "b", "j")
    assert refused(Run(fork("x")).do("a", "x"), drawing.chain("k", "z", "j").xml())


def test_each_of_a_list_goes_on_and_new_ones_come_at_the_end() -> None:
    def drawn(*after: str, kind: Any = False) -> bytes:
        drawing = Drawing().start().user("m", inner=each("xs", "x", sequential=kind)).end()
        return drawing.user(*after).chain("s", "m", *after, "e").xml()

    run = Run(drawn("c"), xs=["k", "l"])
    run.complete(run.item("m", x="k"), said="k")
    over(run, drawn("n", "c"))
    assert [o.variables["x"] for o in run.open.values()] == ["l"]
    assert run.do("m").at == ["n"]
    assert run.do("n", "c").done
    slow = Run(drawn("c", kind=True), xs=["k", "l"])
    assert over(slow, drawn("n", "c", kind=True)).do("m", "m").at == ["n"]
    assert refused(Run(drawn("c"), xs=["k"]), drawn("c", kind=True))
    assert refused(Run(drawn("c"), xs=["k"]), straight("m", "c"))


def test_within_a_sub_process_and_a_called_one() -> None:
    def drawn(*steps: str) -> bytes:
        inside = Drawing("q").start("is").user(*steps).end("ie").chain("is", *steps, "ie")
        drawing = Drawing().start().user("c").end().sub("sub", inside)
        return drawing.chain("s", "sub", "c", "e").xml()

    run = over(Run(drawn("x", "y")).do("x"), drawn("x", "y", "z"))
    assert run.at == ["y"]
    assert finish(run) == ["y", "z", "c"]
    found = refused(Run(drawn("x", "y")), drawn("z"))
    assert [o.node for o in found] == ["x"]

    def calling(*steps: str, process: str = "q") -> bytes:
        drawing = Drawing().start().end().node("callActivity", "k", calledElement=process)
        called = Drawing(process).start("is").user(*steps).end("ie").chain("is", *steps, "ie")
        return drawing.chain("s", "k", "e").xml(after=called.process())

    run = over(Run(calling("x", "y")), calling("x", "w", "y", process="r"))
    assert finish(run) == ["x", "w", "y"]


def test_a_list_of_sub_processes_goes_over_with_each_at_its_own_step() -> None:
    def drawn(*steps: str) -> bytes:
        inside = Drawing("q").start("is").user(*steps).end("ie").chain("is", *steps, "ie")
        drawing = Drawing().start().end().sub("sub", inside, each("xs", "x"))
        return drawing.chain("s", "sub", "e").xml()

    run = Run(drawn("x1", "x2"), xs=["k", "l"])
    run.complete(run.item("x1", x="l"))
    over(run, drawn("x1", "x2", "x3"))
    assert run.at == ["x1", "x2"]
    assert sorted(finish(run)) == ["x1", "x2", "x2", "x3", "x3"]


def test_a_wait_for_a_message_waits_on_and_may_hear_another_name() -> None:
    def drawn(name: str, kind: str = "message") -> bytes:
        drawing = Drawing().start().end()
        drawing.node("intermediateCatchEvent", "w", event(kind, **{f"{kind}Ref": "M"}))
        return drawing.chain("s", "w", "e").xml(f'<bpmn:{kind} id="M" name="{name}"/>')

    run = over(Run(drawn("old")), drawn("new"))
    assert [w.name for w in run.waiting.values()] == ["new"]
    assert run.deliver("message", "new").done
    assert refused(Run(drawn("old")), drawn("old", "signal"))


def test_all_obstacles_are_named_together() -> None:
    found = refused(Run(fork("x")).do("a"), straight("k"))
    assert sorted(o.node for o in found) == ["b", "x"]


def test_a_run_that_would_wait_for_ever_at_a_join_is_refused() -> None:
    """In the new diagram its step is one branch of a fork whose other branch never comes."""
    run = Run(straight("x", "c"))
    old, new = run.program, program.restore(prepared(fork("x")).specs)
    with pytest.raises(NotMigratable) as caught:
        migration.Route(old, new, {}).carry(run.bytes, run.now)
    [found] = caught.value.obstacles
    assert found.node == "j"
    assert "dừng mãi" in found.vi
    begun = Run(fork("x")).do("a")  # both branches are under way: the same place, and it goes on
    assert migration.Route(new, new, {}).carry(begun.bytes, begun.now).items
    assert migration.Route(old, new, {"x": "c"}).carry(run.bytes, run.now).items


def test_runs_that_stand_alike_are_tried_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    real = migration.waits_for_ever
    monkeypatch.setattr(migration, "waits_for_ever", lambda *a: tried.append(a) or real(*a))
    one = program.restore(prepared(fork("x")).specs)
    route = migration.Route(one, one, {})
    for n in range(5):
        run = Run(fork("x"), n=n).do("a")
        route.carry(run.bytes, run.now)
    assert len(tried) == 1
    route.carry(Run(fork("x")).do("a", "x").bytes, NOW)
    assert len(tried) == 2


# bodies of scopes with event sub-processes ----------------------------------------------------------


def beside(*kinds: str, steps: tuple[str, ...] = ("a", "b"), name: str = "p") -> bytes:
    """Steps in a row; beside them a clock (`beside`), a recall (`ends`)."""
    drawing = Drawing(name).start().user(*steps).end().chain("s", *steps, "e")
    if "beside" in kinds:
        drawing.sub("h", handler(timer("Duration", "P1D"), interrupting=False),
                    triggeredByEvent="true")  # fmt: skip
    if "ends" in kinds:
        drawing.sub("k", handler(RECALL, interrupting=True, name="k"), triggeredByEvent="true")
    return drawing.xml(DEFINED)


ALL = [(), ("beside",), ("ends",), ("beside", "ends")]


@pytest.mark.parametrize("new", ALL, ids="+".join)
@pytest.mark.parametrize("old", ALL, ids="+".join)
def test_a_body_goes_over_whatever_watches_it(old: tuple[str, ...], new: tuple[str, ...]) -> None:
    run = Run(beside(*old), n=1).do("a", v=5)
    clock = next((w.due_at for w in run.waiting.values() if w.node_id == "hs"), None)
    run.now += hours(5)
    over(run, beside(*new, steps=("a", "b", "c")))
    assert run.seen() == [("b", '{"n":1,"v":5}')]
    assert run.events == sorted({"beside": "hs", "ends": "ks"}[kind] for kind in new)
    if "beside" in new:
        due = next(w.due_at for w in run.waiting.values() if w.node_id == "hs")
        assert due == (clock or run.now + hours(24))
        # what was decided before it went over is seen beside it, and its end is awaited
        run.fire("hs")
        assert run.seen() == [("b", '{"n":1,"v":5}'), ("hu", '{"n":1,"v":5}')]
    if "ends" in new:
        run.deliver("message", "recall", why="sai")
        assert run.seen() == [("ku", '{"n":1,"v":5,"why":"sai"}')]
        assert finish(run) == ["ku"]
    else:
        assert sorted(finish(run)) == sorted(["b", "c", *(["hu"] if "beside" in new else [])])


def test_branches_and_what_has_arrived_go_in_and_out_of_a_body() -> None:
    def drawn(*more: str) -> bytes:
        drawing = Drawing().start().both("f", "j").user("x", "y", "z", "c").end().end("e2")
        drawing.chain("s", "f", "x", "j", "c", "e").chain("f", "y", "j").chain("f", "z", "e2")
        if more:
            drawing.sub("k", handler(RECALL, interrupting=True, name="k"), triggeredByEvent="true")
        return drawing.xml(DEFINED)

    run = Run(drawn()).do("x", "z")
    for diagram in (drawn("k"), drawn(), drawn("k")):
        over(run, diagram)
        assert run.at == ["y"]
    assert run.do("y").at == ["c"]
    assert run.do("c").done


def test_each_of_a_list_and_a_scope_of_another_name_keep_their_bodies() -> None:
    def drawn(name: str, *more: str) -> bytes:
        within = inside("one", "two")
        if more:
            within.sub("h", handler(RECALL, interrupting=True), triggeredByEvent="true")
        drawing = Drawing().start().sub(name, within, each("xs", "x"), name="Từng đơn vị").end()
        return drawing.chain("s", name, "e").xml(DEFINED)

    run = Run(drawn("i"), xs=["p", "q"])
    run.complete(run.item("one", x="p"))
    for diagram in (drawn("i", "h"), drawn("i2", "h"), drawn("i")):
        over(run, diagram)
        assert run.at == ["one", "two"]
        assert {run.item("one", x="q"), run.item("two", x="p")} == set(run.open)
    assert sorted(finish(over(run, drawn("i3", "h")))) == ["one", "two", "two"]


def test_a_handler_under_way_stays_beside_the_body_or_is_refused() -> None:
    run = Run(beside("beside")).fire("hs").do("a")
    assert over(run, beside("beside", "ends")).at == ["b", "hu"]
    assert over(run, beside("beside")).at == ["b", "hu"]
    [found] = refused(run, beside())
    assert found.node == "h"
    over(run, beside("beside", "ends")).deliver("message", "recall")
    assert run.at == ["ku"]
    assert over(run, beside("ends")).at == ["ku"]
    assert run.do("ku").done


def test_what_a_body_waits_for_is_told_in_words() -> None:
    old, new = (program.restore(prepared(beside(*k)).specs) for k in ((), ("ends", "beside")))
    run = Run(beside())
    there = migration.migrate(old, new, run.bytes, {}, run.now)
    assert sorted(vi for vi, _en in there.changes()) == [
        "chờ thêm một thông báo, sự kiện", "thêm một hẹn giờ, tính từ lúc chuyển",
    ]  # fmt: skip
    back = migration.migrate(new, old, there.step.state, {}, run.now)
    assert sorted(vi for vi, _en in back.changes()) == [
        "một hẹn giờ đang chạy dừng lại", "thôi chờ một thông báo, sự kiện",
    ]  # fmt: skip
