"""What a drawing paints as walked: of a gateway only the ways the token took."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from engine.definition import Definition
from processes import way
from web.course import Course, Happening

PROCESSES = Path(__file__).parents[2] / "processes"
DRAWN = (PROCESSES / "outgoing/outgoing.bpmn").read_bytes()
AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def walked(*told: tuple[str, list[str], list[str]], upto: int | None = None) -> set[str]:
    """The flows painted after these events: step completed, nodes passed, nodes standing."""
    happenings = [
        Happening(
            number, "complete" if node else "start", node, AT, "", "", None, b"",
            {"passed": passed, "standing": standing},
        )
        for number, (node, passed, standing) in enumerate(told, 1)
    ]  # fmt: skip
    course = Course(cast("Any", None), Definition(xml_original=DRAWN), happenings, [])
    return set(way.walked(DRAWN, course._moves(upto)))


BEGUN = ("", ["begun"], ["draft"])
DRAFTED = ("draft", ["consult"], ["approve"])
APPROVED = ("approve", ["approved"], ["check_format"])
RETURNED = ("approve", ["approved"], ["draft"])


def test_the_way_back_is_not_painted_when_nobody_went_it():
    found = walked(BEGUN, DRAFTED, APPROVED)
    assert found == {"f.begun", "f.draft", "f.direct", "f.approve", "f.approved"}


def test_the_way_back_is_painted_once_somebody_went_it():
    told = (BEGUN, DRAFTED, RETURNED, DRAFTED, APPROVED)
    assert "f.approve.back" in walked(*told)
    assert "f.approve.back" not in walked(*told, upto=2)
    assert "f.approved" not in walked(*told, upto=4)


def test_a_deadline_is_told_by_the_step_it_belongs_to(app):
    xml = (PROCESSES / "incoming/incoming.bpmn").read_bytes()
    passed = Happening(1, "timer", "overdue", AT, "", "", None, b"", {"standing": ["follow_up"]})
    course = Course(cast("Any", None), Definition(xml_original=xml), [passed], [])
    with app.test_request_context():
        assert course.told(passed) == "đến hạn bước «Giải quyết, cập nhật tiến độ»"


def test_a_run_the_machine_cannot_get_on_with_says_where_and_why(app):
    xml = (PROCESSES / "incoming/incoming.bpmn").read_bytes()
    facts = {"standing": ["process"], "reason": "Tại cổng «Kết quả» không có điều kiện nào đúng"}
    stopped = Happening(1, "incident", "overdue", AT, "", "", None, b"", facts)
    course = Course(cast("Any", None), Definition(xml_original=xml), [stopped], [])
    with app.test_request_context():
        said = course.told(stopped)
    assert said.startswith("hệ thống chưa xử lý tiếp được tại «")
    assert said.endswith("Tại cổng «Kết quả» không có điều kiện nào đúng")
