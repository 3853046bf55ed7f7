"""The history tells when a step went to the leaders because only its author was left."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from engine.definition import Definition
from web.course import Course, Happening

DRAWN = (Path(__file__).parents[2] / "processes/outgoing/outgoing.bpmn").read_bytes()
AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def told(app, node: str, group: str) -> str:
    opened = [{"item": str(uuid4()), "node": node, "groups": [group]}]
    one = Happening(1, "complete", "draft", AT, "", "", None, b"", {"opened": opened})
    course = Course(cast("Any", None), Definition(xml_original=DRAWN), [one], [])
    with app.test_request_context():
        return course.told(one)


def test_a_step_passed_on_to_the_leaders_is_told(app):
    said = told(app, "approve", f"role:leader@{uuid4()}")
    assert said == ("hoàn thành bước «Soạn thảo»; bước «Duyệt nội dung» chuyển lãnh đạo cơ quan")


def test_a_step_in_its_own_lane_is_not(app):
    assert told(app, "approve", f"role:unit_head@{uuid4()}") == "hoàn thành bước «Soạn thảo»"
    assert told(app, "sign", f"role:leader@{uuid4()}") == "hoàn thành bước «Soạn thảo»"
