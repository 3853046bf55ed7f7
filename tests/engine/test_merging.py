"""A new master comes into an agency's diagram: both sides' changes are in it, or somebody must decide."""

import copy
import random
from itertools import pairwise

import pytest
from bpmn_drawing import Drawing, timer

from engine.diagram import BPMN, CONGVAN, check_schema, read, to_bytes
from engine.difference import Parts, differences
from engine.merging import Merge, OverrideLost, Side, merge
from processes.procedures import shipped_xml


def flowed(*steps: str, **due: str) -> bytes:
    """Start, steps, end, one behind another; flows are called by what they lead from."""
    drawing = Drawing().start()
    for step in steps:
        drawing.user(step, congvan__due=due.get(step))
    drawing.end()
    nodes = ["s", *steps, "e"]
    for source, target in pairwise(nodes):
        drawing.flow(source, target, identity=f"f.{source}")
    return drawing.xml()


def merged(base: bytes, master: bytes, agency: bytes, decided=None) -> Merge:
    roots = [read(xml) for xml in (base, master, agency)]
    before = [to_bytes(root) for root in roots]
    made = merge(*roots, decided)
    assert [to_bytes(root) for root in roots] == before
    if made.xml:
        assert check_schema(read(made.xml)) == []
    return made


def says(xml: bytes) -> dict:
    return Parts(read(xml)).slots


def test_what_each_side_changed_is_in_the_merged_diagram():
    base = flowed("a", "b", a="P1D", b="P1D")
    made = merged(base, flowed("a", "b", a="P2D", b="P1D"), flowed("a", "b", a="P1D", b="P3D"))
    assert says(made.xml) == says(flowed("a", "b", a="P2D", b="P3D"))
    assert [c.vi for c in made.taken] == ["bước «a»: thời hạn từ P1D thành P2D"]
    assert [c.vi for c in made.kept] == ["bước «b»: thời hạn từ P1D thành P3D"]
    assert made.conflicts == []


def test_a_step_of_the_master_and_one_of_the_agency_are_both_put_in():
    base = flowed("a", "b")
    made = merged(base, flowed("m", "a", "b"), flowed("a", "b", "o"))
    assert says(made.xml).keys() == says(flowed("m", "a", "b", "o")).keys()
    assert {c.element for c in made.taken} == {"m", "f.m", "f.s"}
    assert {c.element for c in made.kept} == {"o", "f.o", "f.b"}
    incoming = {
        node.get("id"): [e.text for e in node.findall(f"{{{BPMN}}}incoming")]
        for node in read(made.xml).iter(f"{{{BPMN}}}userTask")
    }
    assert incoming == {"a": ["f.m"], "b": ["f.a"], "m": ["f.s"], "o": ["f.b"]}


@pytest.mark.parametrize("side", Side)
def test_what_both_changed_differently_waits_for_a_decision(side):
    versions = [flowed("a", a=due) for due in ("P1D", "P2D", "P3D")]
    made = merged(*versions)
    assert made.xml == b""
    (conflict,) = made.conflicts
    assert conflict.key == ("a", f"{{{CONGVAN}}}due")
    assert [c.vi for c in conflict.master] == ["bước «a»: thời hạn từ P1D thành P2D"]
    assert [c.vi for c in conflict.agency] == ["bước «a»: thời hạn từ P1D thành P3D"]
    made = merged(*versions, {conflict.key: side})
    assert says(made.xml) == says(versions[1] if side is Side.MASTER else versions[2])


def test_what_both_changed_alike_is_no_conflict():
    made = merged(flowed("a", a="P1D"), flowed("a", a="P2D"), flowed("a", a="P2D"))
    assert made.conflicts == []
    assert says(made.xml) == says(flowed("a", a="P2D"))


def test_a_step_the_master_dropped_and_the_agency_changed_is_not_dropped_unsaid():
    base, master = flowed("a", "b", b="P1D"), flowed("a")
    agency = flowed("a", "b", b="P5D")
    made = merged(base, master, agency)
    assert made.xml == b""
    assert ("b", "") in {c.key for c in made.conflicts}
    made = merged(base, master, agency, {("b", ""): Side.MASTER})
    assert says(made.xml) == says(master)


def test_a_step_the_master_dropped_and_the_agency_leads_to_is_not_dropped_unsaid():
    """The agency drew a flow of its own to it, so that the step itself is as it was."""
    base, master = flowed("a", "b"), flowed("a")
    agency = read(flowed("a", "b"))
    process = agency.find(f"{{{BPMN}}}process")
    process.append(process.makeelement(
        f"{{{BPMN}}}sequenceFlow", id="f.own", sourceRef="a", targetRef="b"
    ))  # fmt: skip
    made = merged(base, master, to_bytes(agency))
    assert made.xml == b""
    assert ("b", "") in {c.key for c in made.conflicts}
    with pytest.raises(OverrideLost) as lost:
        merged(base, master, to_bytes(agency), {c.key: Side.MASTER for c in made.conflicts})
    assert "Sửa bằng tay" in lost.value.text("vi")


def test_a_timer_a_condition_and_a_list_come_over_whole():
    def version(after: str, when: str) -> bytes:
        drawing = Drawing().start().user("a").xor("g", default="f.g").user("b").end()
        drawing.boundary("late", "a", timer("Duration", after)).flow("late", "b", identity="f.late")
        drawing.flow("s", "a", identity="f.s").flow("a", "g", identity="f.a")
        drawing.flow("g", "b", when, identity="f.b").flow("g", "e", identity="f.g")
        return drawing.flow("b", "e", identity="f.e").xml()

    base = version("P1D", "x = 1")
    made = merged(base, version("P2D", "x = 1"), version("P1D", "x = 2"))
    assert says(made.xml) == says(version("P2D", "x = 2"))
    made = merged(base, version("P2D", "x = 3"), version("P1D", "x = 2"))
    assert [c.key for c in made.conflicts] == [("f.b", "<conditionExpression>")]


def test_the_shipped_diagram_takes_a_new_sub_process_and_lane_and_keeps_its_drawing():
    """The incoming procedure without cooperation is the base: the shipped one brings it."""
    master = read(shipped_xml("incoming"))
    base = copy.deepcopy(master)
    gone = {"cooperation", "cooperating", "f.cooperating", "f.cooperated"}
    gone |= {e.get("id", "") for e in base.find(".//*[@id='cooperation']").iter(f"{{{BPMN}}}*")}
    gone -= {""}
    told = {f"{{{BPMN}}}{t}" for t in ("incoming", "outgoing", "flowNodeRef")}
    for element in list(base.iter()):
        parent = element.getparent()
        refers = element.tag in told and element.text in gone
        named = not gone.isdisjoint({element.get("id"), element.get("bpmnElement")})
        if parent is not None and (refers or named):
            parent.remove(element)
    agency = copy.deepcopy(base)
    agency.find(".//*[@id='present']").set(f"{{{CONGVAN}}}due", "PT1H")
    made = merge(base, master, agency)
    assert made.conflicts == []
    root = read(made.xml)
    assert check_schema(root) == []
    assert [c.vi for c in differences(master, root)] == [
        "bước «Trình người có thẩm quyền»: thời hạn từ PT4H thành PT1H"
    ]
    drawn = {e.get("bpmnElement") for e in root.iter() if isinstance(e.tag, str)}
    assert {"cooperation", "cooperating", "cooperate", "f.cooperated"} <= drawn


ATTRIBUTES = ("due", "assignee", "form", "role")


@pytest.mark.parametrize("number", range(25))
def test_whatever_two_sides_write_is_merged_or_asked_about(number):
    """Random edits of the shipped diagram: nothing written is lost, nothing is asked in vain."""
    chance = random.Random(number)
    base = read(shipped_xml("outgoing"))
    steps = [e.get("id") for e in base.iter(f"{{{BPMN}}}userTask")]

    def edited() -> tuple:
        root, wrote = copy.deepcopy(base), {}
        for _ in range(chance.randint(1, 6)):
            key = (chance.choice(steps), f"{{{CONGVAN}}}{chance.choice(ATTRIBUTES)}")
            wrote[key] = f"=x{chance.randint(1, 2)}"
        for (step, slot), value in wrote.items():
            root.find(f".//*[@id='{step}']").set(slot, value)
        return root, wrote

    (master, theirs), (agency, ours) = edited(), edited()
    torn = {k for k in theirs.keys() & ours.keys() if theirs[k] != ours[k]}
    made = merge(base, master, agency)
    assert {c.key for c in made.conflicts} == torn, f"seed {number}"
    decided = {key: chance.choice(list(Side)) for key in torn}
    made = merge(base, master, agency, decided)
    wanted = {
        **theirs,
        **ours,
        **{k: theirs[k] for k, side in decided.items() if side is Side.MASTER},
    }
    slots = says(made.xml)
    assert {key: slots[key[0]][key[1]] for key in wanted} == wanted, f"seed {number}"
    untouched = merge(base, base, agency)
    assert says(untouched.xml) == Parts(agency).slots
    assert says(merge(base, master, base).xml) == Parts(master).slots
