"""What the code calls by its own words is shown in the officials' words: journal, queues, workers."""

import ast
import re
from datetime import timedelta
from pathlib import Path

import lxml.html
import pytest

from engine import heartbeat
from engine.jobs import Job
from processes.catalogue import VERBS
from web.journal_words import act_words, job_words, object_words

ROOT = Path(__file__).parents[2]
ROOMS = ("records", "processes", "api", "web", "office")


def recorded() -> list[ast.Call]:
    """Every call that adds a line to the journal."""
    return [
        node
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and (getattr(node.func, "attr", "") == "record" or getattr(node.func, "id", "") == "record")
        and len(node.args) >= 4
    ]


def texts(node: ast.expr) -> list[str]:
    found = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
    return [text for text in found if isinstance(text, str) and re.fullmatch("[a-z_]+", text)]


def test_every_act_and_object_of_the_journal_has_words(app):
    calls = recorded()
    assert len(calls) > 30
    acts = {text for call in calls for text in texts(call.args[1])} | set(VERBS)
    objects = {text for call in calls for text in texts(call.args[2]) if text != "_document"}
    objects |= {"incoming_document", "outgoing_document"}
    with app.test_request_context("/"):
        assert {act for act in acts if act_words(act) == act} == set()
        assert {one for one in objects if object_words(one) == one} == set()
        assert act_words("steer_send_back") == "trả lại bước trước"
        assert act_words("no_such_act") == "no_such_act", "what is unknown is still shown"


def test_every_kind_of_job_has_words(app, office):
    kinds = {kind for lane in office.handlers().lanes.values() for kind in lane}
    kinds |= set(office.handlers().free_kinds)
    assert "fire_timer" in kinds
    with app.test_request_context("/"):
        assert {kind for kind in kinds if job_words(kind) == kind} == set()


def test_the_journal_s_page_speaks_vietnamese(knock):
    clerk = knock("vanthu.stttt")
    clerk.receive("nhật ký nói tiếng Việt")
    page = lxml.html.fromstring(knock("quantri.stttt").get("/journal").data.decode())
    lines = [
        row.text_content() for row in page.xpath("//main//tbody/tr/td[2] | //main//tbody/tr/td[3]")
    ]
    assert any("văn bản đến" in line for line in lines)
    assert not [line for line in lines if re.search(r"[a-z]_[a-z]|\bdossier\b|\baccount\b", line)]


def told_objects(visitor) -> list[str]:
    page = lxml.html.fromstring(visitor.get("/journal").data.decode())
    return [" ".join(cell.text_content().split()) for cell in page.xpath("//main//tbody/tr/td[3]")]


def test_the_journal_names_what_a_line_is_about_and_keeps_subjects_to_itself(knock, office):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("không ai ngoài cuộc được đọc trích yếu này", code_number="9911")
    clerk.get(step)
    with office.database.transaction() as tx:
        tx.execute(
            "INSERT INTO journal_leaf (id, agency_id, at, act, object_type, object_id, body, leaf)"
            " SELECT gen_random_uuid(), agency_id, at, 'view', 'work_item', gen_random_uuid(),"
            " body, leaf FROM journal_leaf WHERE act = 'receive' ORDER BY at DESC LIMIT 1"
        )
    admin = knock("quantri.stttt")
    admin.get("/keys")
    objects = told_objects(admin)
    assert any(re.fullmatch("văn bản đến 9911/.+", one) for one in objects), objects
    assert "tài khoản vanthu.stttt" in objects
    assert "việc" in objects, "what nobody knows any more is not made up"
    assert not [one for one in objects if re.search("[0-9a-f]{8}-[0-9a-f]{4}", one)]
    assert not [one for one in objects if "trích yếu" in one]
    assert "trích yếu" in clerk.get(step).text, "the control: its step tells it"


@pytest.fixture
def workers(office):
    with office.database.transaction() as tx:
        for name in ("alive", "killed"):
            heartbeat.beat(tx, name, "1.0")
        tx.add(Job(kind="fire_timer", payload={}))
        tx.execute(
            "UPDATE worker SET beat_at = beat_at - interval '1 minute' WHERE name = 'killed'"
        )
    yield
    with office.database.transaction() as tx:
        tx.execute("DELETE FROM worker")


def test_a_killed_worker_is_not_counted_as_alive(knock, office, workers):
    operator = knock("vanhanh")
    page = operator.get("/operator").text
    assert "1 tiến trình" in page
    assert "2 tiến trình" not in page
    assert "fire_timer" not in page
    with office.database.transaction() as tx:
        tx.execute("UPDATE worker SET beat_at = beat_at - %s::interval", timedelta(minutes=1))
    page = operator.get("/operator").text
    assert "không chạy" in page
    assert "im lặng" in page
