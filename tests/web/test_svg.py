"""Processes as pictures: every sample is drawn, states are told in classes and in words, nothing foreign gets in."""

from pathlib import Path

import pytest
from lxml import etree

from engine.diagram import DiagramRefused
from processes.procedures import shipped_xml
from web.svg import render_diagram
from web.svg_pen import width_of, wrap

SAMPLE = (Path(__file__).parent / "sample.bpmn").read_bytes()
MIWG = Path(__file__).parents[3] / "shared/data/bpmn-miwg"
SVG = "{http://www.w3.org/2000/svg}"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


def drawn(xml: bytes, **more) -> etree._Element:
    return etree.fromstring(render_diagram(xml, **more))


def node(tree: etree._Element, key: str) -> etree._Element:
    return tree.find(f".//{SVG}g[@data-element='{key}']")


def test_states_are_classes_and_words() -> None:
    tree = drawn(
        SAMPLE, done=frozenset({"receive", "solve"}), active=frozenset({"solve"}), bad=frozenset({"register"}),
        flows=frozenset({"f1"}), counts={"receive": "3"},
    )  # fmt: skip
    assert node(tree, "receive").get("class") == "step done"
    assert node(tree, "solve").get("class") == "step now"
    assert node(tree, "register").get("class") == "step bad"
    assert node(tree, "issue").get("class") == "step"
    assert node(tree, "receive").findtext(f"{SVG}title") == "Tiếp nhận, kiểm tra xác thực, đã xong"
    assert node(tree, "receive").findtext(f"{SVG}g[@class='count']/{SVG}text") == "3"
    assert [f.get("class") for f in tree.iter(f"{SVG}path") if "flow" in f.get("class")].count(
        "flow done"
    ) == 1


def test_a_wrong_way_is_drawn_in_order_and_told_in_words() -> None:
    way = ("consult", "f.consult", "comment", "f.comment", "revise")
    tree = drawn(shipped_xml("outgoing"), way=way)
    assert node(tree, "comment").get("class") == "step way"
    assert node(tree, "consult").get("class") == "gateway way"
    assert node(tree, "sign").get("class") == "step"
    assert node(tree, "comment").findtext(f"{SVG}title") == "Góp ý dự thảo, trên đường đi sai"
    paths = [f.get("class") for f in tree.iter(f"{SVG}path")]
    assert (paths.count("flow way"), paths.count("arrow way")) == (2, 2)
    assert tree.findtext(f"{SVG}desc").startswith(
        "Đường đi sai, tô đỏ: Lấy ý kiến?, Góp ý dự thảo, Tiếp thu, hoàn thiện."
    )
    assert " way" not in render_diagram(shipped_xml("outgoing"))


def test_the_frame_of_a_sub_process_bears_no_state() -> None:
    """Filled like a step it would hide the steps inside, which say how far it has got."""
    states = {"active": frozenset({"work", "process"}), "counts": {"work": "3", "process": "3"}}
    tree = drawn(shipped_xml("incoming"), **states)
    assert node(tree, "process").get("class") == "step now"
    frame = node(tree, "work")
    assert frame.get("class") == "frame"
    assert frame.findtext(f"{SVG}title") == "Giải quyết, cập nhật tiến độ"
    assert not [g for g in frame.iter(f"{SVG}g") if g.get("class") == "count"]
    order = [g.get("data-element") for g in tree.iter(f"{SVG}g") if g.get("data-element")]
    assert order.index("work") < order.index("process")


def test_the_picture_says_what_it_shows_in_both_languages() -> None:
    tree = drawn(SAMPLE, done=frozenset({"receive"}), active=frozenset({"register"}))
    assert tree.findtext(f"{SVG}title") == "Sơ đồ Xử lý văn bản đến."
    text = tree.findtext(f"{SVG}desc")
    assert text.startswith(
        "Đang ở: Đăng ký số đến. Đã qua: Tiếp nhận, kiểm tra xác thực. Còn lại: Cho ý kiến"
    )
    labels = tree.get("aria-labelledby").split()
    assert labels == [tree.find(f"{SVG}title").get("id"), tree.find(f"{SVG}desc").get("id")]
    assert drawn(SAMPLE, language="en").findtext(f"{SVG}title") == "Diagram of Xử lý văn bản đến."


def test_every_drawn_element_of_the_sample_is_there() -> None:
    root = etree.fromstring(SAMPLE)
    wanted = {e.get("id") for e in root.iter() if isinstance(e.tag, str) and e.tag.startswith(BPMN)
              and e.tag.removeprefix(BPMN).endswith(("Task", "Event", "Gateway"))}  # fmt: skip
    tree = drawn(SAMPLE)
    assert {g.get("data-element") for g in tree.iter(f"{SVG}g") if g.get("data-element")} == wanted
    assert len([r for r in tree.iter(f"{SVG}rect") if r.get("class") == "lanehead"]) == 4
    assert next(t.text for t in tree.iter(f"{SVG}text") if t.get("class") == "lanetxt") == "Văn thư"


def test_a_small_place_gets_shorter_names() -> None:
    tree = drawn(SAMPLE, compact=True)
    assert tree.get("class") == "bpmn compact"
    assert [t.text for t in node(tree, "receive").iter(f"{SVG}text")] == ["Tiếp nhận"]
    assert not [t for t in tree.iter(f"{SVG}text") if t.get("class") == "lab"]


def test_no_style_script_or_event_gets_in() -> None:
    evil = SAMPLE.replace(
        "Đăng ký số đến".encode(), b"&lt;script&gt;alert(1)&lt;/script&gt; &quot; onload=x"
    )
    text = str(render_diagram(evil, counts={"receive": "<b>"}))
    tree = etree.fromstring(text)
    assert {etree.QName(e).localname for e in tree.iter()} <= {
        "svg",
        "title",
        "desc",
        "g",
        "rect",
        "circle",
        "path",
        "text",
    }
    assert not [a for e in tree.iter() for a in e.attrib if a == "style" or a.startswith("on")]
    assert "<script" not in text


@pytest.mark.parametrize(
    "broken",
    [
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        b"<definitions/>",
        b"no xml at all",
    ],
)
def test_what_is_no_diagram_is_refused(broken: bytes) -> None:
    with pytest.raises(DiagramRefused):
        render_diagram(broken)


def test_a_file_without_a_drawing_gives_none() -> None:
    start = SAMPLE.index(b"<bpmndi:BPMNDiagram")
    assert render_diagram(SAMPLE[:start] + b"</definitions>") == ""


def test_foolish_coordinates_do_no_harm() -> None:
    for foolish in (b"NaN", b"1e400", b"-inf", b"ten"):
        tree = drawn(SAMPLE.replace(b'x="113"', b'x="' + foolish + b'"', 1))
        assert "nan" not in tree.get("viewBox").lower()
        assert "inf" not in tree.get("viewBox").lower()


def test_vietnamese_names_break_between_syllables_only() -> None:
    lines = wrap("Ký số người có thẩm quyền", 88, 11, 3)
    assert " ".join(lines) == "Ký số người có thẩm quyền"
    assert all(width_of(line, 11) <= 88 for line in lines)
    assert wrap("một hai ba bốn", 20, 11, 2)[-1].endswith("…")
    assert wrap("Nghiêng", 5, 11, 2) == ["Nghiêng"]
    assert wrap("", 50, 11, 2) == []


@pytest.mark.skipif(
    not MIWG.is_dir(),
    reason="the BPMN MIWG samples lie beside the repository only where they were fetched",
)
def test_the_interchange_samples_are_drawn_whole() -> None:
    files = sorted(MIWG.glob("*.bpmn"))
    assert files
    for file in files:
        xml = file.read_bytes()
        root = etree.fromstring(xml)
        shapes = {
            s.get("bpmnElement")
            for s in root.iter("{http://www.omg.org/spec/BPMN/20100524/DI}BPMNShape")
        }
        ends = ("ask", "Event", "Gateway", "Process", "Activity")
        nodes = {
            e.get("id")
            for e in root.iter()
            if isinstance(e.tag, str) and e.tag.endswith(ends) and e.get("id") in shapes
        }
        tree = drawn(xml)
        assert nodes <= {g.get("data-element") for g in tree.iter(f"{SVG}g")}, file.name
