"""What differs between two diagrams, in words: nothing that is another now is passed over."""

import pytest
from bpmn_drawing import Drawing, each, line, timer
from conformance import RULES, giving, rule, table

from engine.diagram import read
from engine.difference import Turn, differences


def told(old: Drawing, new: Drawing) -> list[tuple[str, str, str]]:
    found = differences(read(old.xml()), read(new.xml()))
    assert all(c.vi and c.en and c.vi != c.en for c in found)
    return [(c.turn.value, c.element, c.vi) for c in found]


def late(after: str, **attributes) -> Drawing:
    drawing = line("a", "b").boundary("late", "a", timer("Duration", after), **attributes)
    return drawing.user("c", name="Đôn đốc").flow("late", "c", identity="f.late")


def test_a_diagram_does_not_differ_from_itself_nor_from_one_drawn_elsewhere():
    assert told(late("P2D"), late("P2D")) == []
    moved = late("P2D").xml().replace(b"<bpmn:startEvent", b"\n  <bpmn:startEvent")
    assert differences(read(late("P2D").xml()), read(moved)) == []


def test_a_timer_that_runs_longer_is_told():
    assert told(late("P2D"), late("P3D")) == [
        ("changed", "late", "sự kiện «late»: hẹn giờ từ P2D thành P3D")
    ]
    (change,) = differences(read(late("P2D").xml()), read(late("P3D").xml()))
    assert (change.before, change.after) == ("P2D", "P3D")
    assert change.en == "event “late”: timer from P2D to P3D"


def test_a_timer_that_no_longer_interrupts_is_told():
    found = told(late("P2D"), late("P2D", interrupting=False))
    assert found == [("changed", "late", "sự kiện «late»: cắt ngang bước từ true thành false")]


@pytest.mark.parametrize(
    ("attribute", "was", "now", "words"),
    [
        ("congvan__due", "P2D", "P3D", "thời hạn từ P2D thành P3D"),
        ("congvan__due", None, "P3D", "thêm thời hạn P3D"),
        ("congvan__due", "P2D", None, "bỏ thời hạn P2D"),
        ("congvan__verb", "draft", "sign", "việc từ draft thành sign"),
        ("congvan__form", "f", "g", "biểu mẫu từ f thành g"),
        ("congvan__role", "clerk", "leader", "vai trò từ clerk thành leader"),
        ("congvan__exclude", "=author", None, "bỏ người không được làm =author"),
        ("congvan__assignee", "=x", "=y", "người được giao từ =x thành =y"),
    ],
)
def test_what_a_step_asks_is_told_in_the_words_of_the_office(attribute, was, now, words):
    def step(value):
        drawing = Drawing().start().user("a", name="Ký", **{attribute: value}).end()
        return drawing.chain("s", "a", "e")

    assert told(step(was), step(now)) == [("changed", "a", f"bước «Ký»: {words}")]


def test_a_step_put_in_is_told_with_the_flow_that_leads_to_it_now():
    old = Drawing().start().user("a", "b").end().flow("s", "a", identity="f1")
    old.flow("a", "b", identity="f2").flow("b", "e", identity="f3")
    new = Drawing().start().user("a", "b").user("x", name="Thẩm định").end()
    new.flow("s", "a", identity="f1").flow("a", "x", identity="f2").flow("b", "e", identity="f3")
    new.flow("x", "b", identity="f4")
    assert told(old, new) == [
        ("added", "x", "thêm bước «Thẩm định»"),
        ("added", "f4", "thêm luồng «Thẩm định → b»"),
        ("changed", "f2", "luồng «a → Thẩm định»: điểm đến từ «b» thành «Thẩm định»"),
    ]
    assert [(turn, what) for turn, what, _ in told(new, old)] == [
        ("removed", "x"), ("removed", "f4"), ("changed", "f2"),
    ]  # fmt: skip


def test_a_step_that_changed_places_is_told_once_and_those_that_kept_theirs_are_not():
    found = differences(read(line("a", "b", "c", "d").xml()), read(line("a", "d", "b", "c").xml()))
    assert [(c.element, c.vi) for c in found if c.turn is Turn.MOVED] == [
        ("d", "bước «d» chuyển tới sau bước «a»")
    ]
    found = differences(read(line("a", "b").xml()), read(line("b", "a").xml()))
    assert len([c for c in found if c.turn is Turn.MOVED]) == 1


def test_conditions_lists_lanes_and_kinds_are_told():
    def choice(when: str) -> Drawing:
        drawing = Drawing().start().xor("g", default="out").user("a").end()
        drawing.chain("s", "g").flow("g", "a", when, identity="f.a")
        return drawing.flow("g", "e", identity="out").chain("a", "e")

    assert told(choice("x = 1"), choice("x > 1")) == [
        ("changed", "f.a", "luồng «g → a»: điều kiện từ x = 1 thành x > 1")
    ]
    listed = [
        Drawing().start().user("a", inner=each(name)).end().chain("s", "a", "e") for name in "xy"
    ]
    ((_, _, words),) = told(*listed)
    assert words == "bước «a»: danh sách lặp từ x thành y"

    def laned(holder: str) -> Drawing:
        lanes = "".join(
            f'<bpmn:lane id="{one}" name="Làn {one}">'
            + ("<bpmn:flowNodeRef>a</bpmn:flowNodeRef>" if one == holder else "")
            + "</bpmn:lane>"
            for one in "xy"
        )
        drawing = Drawing(lanes=f'<bpmn:laneSet id="l">{lanes}</bpmn:laneSet>')
        return drawing.start().user("a").end().chain("s", "a", "e")

    assert told(laned("x"), laned("y")) == [
        ("changed", "a", "bước «a»: làn từ «Làn x» thành «Làn y»")
    ]
    machine = Drawing().start().node("serviceTask", "a").end().chain("s", "a", "e")
    assert told(line("a"), machine) == [
        ("changed", "a", "bước «a»: loại từ userTask thành serviceTask")
    ]


def test_what_lies_in_a_sub_process_is_told_too():
    def nested(due: str) -> Drawing:
        inside = (
            Drawing("in").start("is").user("a", congvan__due=due).end("ie").chain("is", "a", "ie")
        )
        return Drawing().start().sub("box", inside).end().chain("s", "box", "e")

    assert told(nested("P1D"), nested("P2D")) == [
        ("changed", "a", "bước «a»: thời hạn từ P1D thành P2D")
    ]


def ruled(tables: str) -> Drawing:
    drawing = Drawing().start().user("a").end()
    drawing.node("businessRuleTask", "x", tables, congvan__decision="limit")
    return drawing.chain("s", "x", "a", "e")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (table(RULES), table(RULES, "FIRST"), "cách chọn dòng từ UNIQUE thành FIRST"),
        (table(RULES), table(RULES.replace("5 + pages", "6 + pages")), "sửa dòng 3"),
        (table(RULES), table(RULES + rule("-", "-", "9")), "từ 3 thành 4 dòng"),
        (table(RULES), table(RULES).replace(">pages<", ">days<"), "sửa các cột"),
        (table(RULES), table(RULES).replace("Thời hạn", "Hạn"), "tên từ «Thời hạn»"),
    ],
)
def test_what_became_of_a_decision_table_is_told(old, new, words):
    ((_, element, told_words),) = told(ruled(old), ruled(new))
    assert element == "x"
    assert told_words.startswith("bước «x»: bảng quyết định «")
    assert told_words.endswith(words)


def test_a_table_that_came_or_went_is_told():
    ((_, _, words),) = told(ruled(""), ruled(table(RULES)))
    assert words == "bước «x»: thêm bảng quyết định «Thời hạn»"
    ((_, _, words),) = told(ruled(table(RULES)), ruled(""))
    assert words == "bước «x»: bỏ bảng quyết định «Thời hạn»"


def test_what_a_list_gives_is_told_by_name():
    def listed(inner):
        return Drawing().start().user("a", inner=inner).end().chain("s", "a", "e")

    ((_, _, words),) = told(listed(each("xs")), listed(giving(each("xs"))))
    assert "thêm danh sách kết quả votes" in words
    assert "thêm biến lấy từ mỗi mục vote" in words
