"""An agency changes its routing by editing the diagram: no code, and nothing under way breaks."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import etree
from shipped_drawing import BPMN, OURS, XSI, Drawing
from story import LETTER, Story, incoming_letter, letter, letter_values, snapshot

from engine import diagram, machine, program
from engine.definition import Definition, NotPublishable
from engine.diagram import DiagramRefused
from engine.failure import StepFailed
from engine.instance import InstanceStatus
from engine.normalise import normalise
from office.cli import main
from processes import procedures
from processes.catalogue import VERBS
from processes.incoming.cooperate import NoWayBack
from processes.law.rule import Kind, rules
from processes.outgoing.begin import begin
from processes.procedures import PublishProcedure
from processes.second_person import ReasonMissing
from records.authority import NoRight

NOW = datetime(2026, 1, 5, 2, tzinfo=UTC)


def with_a_reviewer_and_no_consultation() -> bytes:
    drawing = Drawing()
    drawing.erase("consult", "comment", "revise", "cooperating")
    drawing.connect("f.straight", "draft", "approve")
    drawing.add_lane("legal", "Pháp chế", "unit_head", "TTBC")
    drawing.add_step(
        "legal",
        "review",
        "Thẩm định pháp chế",
        verb="approve_content",
        form="outgoing-approve-content",
        due="P1D",
        exclude="=author",
    )
    drawing.add_choice("legal", "reviewed", "f.reviewed")
    drawing.erase("f.approved")
    drawing.by_id("approved").set("default", "f.to_review")
    drawing.connect("f.to_review", "approved", "review")
    drawing.connect("f.review", "review", "reviewed")
    drawing.connect("f.review.back", "reviewed", "draft", 'outcome = "return"')
    drawing.connect("f.reviewed", "reviewed", "check_format")
    return drawing.xml()


def publish(story: Story, xml: bytes, reason: str = "Thêm bước thẩm định pháp chế") -> Definition:
    with story.as_("quantri.stttt") as tx:
        return procedures.publish(tx, PublishProcedure("outgoing", xml, reason))


@pytest.fixture
def edited(story_office: Story):
    """The edited diagram in force; afterwards the shipped one again."""
    made = publish(story_office, with_a_reviewer_and_no_consultation())
    yield made
    publish(story_office, procedures.shipped_xml("outgoing"), "Trở lại quy trình mẫu")


def test_a_new_step_and_a_dropped_one_take_effect_with_the_next_document(story_office, edited):
    story = story_office
    assert edited.number >= 2
    with story.as_("chuyenvien.stttt") as tx:
        document, _ = begin(tx, story.means)
    units = [story.unit("STTTT", "TTBC")]
    # units to consult are named, but the diagram asks nobody
    story.do(
        "chuyenvien.stttt",
        "draft",
        of=document.id,
        **letter_values(story, cooperating_units=units),
    )
    assert story.standing(document.id) == ["approve"]
    story.do("truongphong.stttt", "approve", of=document.id, outcome="approve")
    (item,) = story.open_items(document.id)
    assert (item.node_id, item.name, item.lane) == ("review", "Thẩm định pháp chế", "Pháp chế")
    # the verb is the same one, so is what it demands: a return says why, and who wrote is excluded
    story.do("truongphong.ttbc", "review", of=document.id, outcome="return", reason="Thiếu căn cứ")
    assert story.standing(document.id) == ["draft"]
    story.do("chuyenvien.stttt", "draft", of=document.id, **letter_values(story))
    story.do("truongphong.stttt", "approve", of=document.id, outcome="approve")
    story.do("truongphong.ttbc", "review", of=document.id, outcome="approve")
    for node, user, values in LETTER[1:]:
        story.do(user, node, of=document.id, **values)
    assert story.instance(document.id).status == InstanceStatus.COMPLETED
    assert story.instance(document.id).definition_id == edited.id
    story.work()
    (recipient,) = story.recipients(document.id)
    assert recipient.delivery.value == "arrived"
    assert story.broken_chains() == []


def test_what_is_under_way_ends_on_its_own_version(story_office):
    story = story_office
    units = [story.unit("STTTT", "TTBC")]
    with story.as_("chuyenvien.stttt") as tx:
        document, _ = begin(tx, story.means)
    before = story.instance(document.id).definition_id
    made = publish(story, with_a_reviewer_and_no_consultation())
    try:
        later = letter(story, "approve")
        assert story.instance(later).definition_id == made.id != before
        story.do(
            "chuyenvien.stttt",
            "draft",
            of=document.id,
            **letter_values(story, cooperating_units=units),
        )
        assert story.standing(document.id) == ["comment"]  # asked still, by the old version
        story.do("truongphong.ttbc", "comment", of=document.id, outcome="agree")
        story.do("chuyenvien.stttt", "revise", of=document.id, **letter_values(story))
        for node, user, values in LETTER:
            story.do(user, node, of=document.id, **values)
        assert story.instance(document.id).definition_id == before
        assert story.instance(document.id).status == InstanceStatus.COMPLETED
    finally:
        publish(story, procedures.shipped_xml("outgoing"), "Trở lại quy trình mẫu")


def test_another_agency_keeps_its_own_procedure(story_office, edited):
    story = story_office
    with story.as_("chuyenvien.ubnd") as tx:
        document, _ = begin(tx, story.means)
    used = story.instance(document.id).definition_id
    definition = story.one(Definition, Definition.id == used)
    assert definition.number == 1
    assert definition.agency_id == story.agency("UBND")


def test_only_the_agencys_administrator_publishes_and_says_why(story_office):
    story = story_office
    xml = procedures.shipped_xml("outgoing")
    for user in ("chuyenvien.stttt", "giamdoc.stttt", "vanthu.stttt"):
        with pytest.raises(NoRight), story.as_(user) as tx:
            procedures.publish(tx, PublishProcedure("outgoing", xml, "lý do"))
    with pytest.raises(ReasonMissing):
        publish(story, xml, "  ")


# -- what is refused, with words the author can use ------------------------------------------------


def python_in_condition(drawing: Drawing) -> None:
    drawing.by_id("f.consult")[0].text = "__import__('os').system('id')"


def python_in_script(drawing: Drawing) -> None:
    script = etree.SubElement(drawing.process, f"{{{BPMN}}}scriptTask", id="hack", name="Tự chạy")
    etree.SubElement(script, f"{{{BPMN}}}script").text = "import os; os.system('id')"
    drawing._place("clerk", "hack")
    drawing.by_id("f.store").set("targetRef", "hack")
    drawing.connect("f.hack", "hack", "done")


def python_in_assignee(drawing: Drawing) -> None:
    drawing.by_id("sign").set(f"{{{OURS}}}assignee", "=open('/etc/passwd').read()")


def python_in_exclude(drawing: Drawing) -> None:
    drawing.by_id("approve").set(f"{{{OURS}}}exclude", "=().__class__.__bases__[0]")


def python_in_due(drawing: Drawing) -> None:
    drawing.by_id("sign").set(f"{{{OURS}}}due", "=exec('1')")


def python_in_unit(drawing: Drawing) -> None:
    drawing.by_id("head").set(f"{{{OURS}}}unit", "=globals()")


def unknown_verb(drawing: Drawing) -> None:
    drawing.by_id("sign").set(f"{{{OURS}}}verb", "ky_thay")


def unknown_form(drawing: Drawing) -> None:
    drawing.by_id("sign").set(f"{{{OURS}}}form", "bieu-mau-la")


def unknown_role(drawing: Drawing) -> None:
    drawing.by_id("clerk").set(f"{{{OURS}}}role", "vua")


def lane_without_role(drawing: Drawing) -> None:
    del drawing.by_id("clerk").attrib[f"{{{OURS}}}role"]


def unsupported(drawing: Drawing) -> None:
    drawing.by_id("approved").tag = f"{{{BPMN}}}complexGateway"


def cycle_without_a_wait(drawing: Drawing) -> None:
    drawing.add_choice("clerk", "again", "f.onward")
    drawing.add_choice("clerk", "and_again", "f.back")
    drawing.by_id("f.store").set("targetRef", "again")
    drawing.connect("f.onward", "again", "done")
    drawing.connect("f.round", "again", "and_again", 'outcome = "lặp"')
    drawing.connect("f.back", "and_again", "again")


@pytest.mark.parametrize(
    ("spoil", "element"),
    [
        (python_in_condition, "f.consult"),
        (python_in_script, "hack"),
        (python_in_assignee, "sign"),
        (python_in_exclude, "approve"),
        (python_in_due, "sign"),
        (python_in_unit, "head"),
        (unknown_verb, "sign"),
        (unknown_form, "sign"),
        (unknown_role, "clerk"),
        (lane_without_role, "number"),
        (unsupported, "approved"),
        (cycle_without_a_wait, ""),
    ],
)
def test_a_wrong_diagram_is_refused_with_findings_in_vietnamese(
    story_office, spoil: Callable[[Drawing], None], element: str
):
    drawing = Drawing()
    spoil(drawing)
    story_office.login("quantri.stttt")
    before = snapshot(story_office)
    with pytest.raises(NotPublishable) as refused:
        publish(story_office, drawing.xml())
    errors = [f for f in refused.value.findings if f.is_error]
    assert errors
    assert all(f.vi and f.en and f.vi != f.en for f in errors)
    assert any(f.element == element for f in errors) or not element, errors
    assert "chưa công bố được" in refused.value.text()
    assert snapshot(story_office) == before


@pytest.mark.parametrize("what", ["doctype", "cut", "not XML"])
def test_a_file_that_is_no_diagram_is_refused(story_office, what):
    good = procedures.shipped_xml("outgoing")
    files = {
        "doctype": good.replace(
            b"?>", b'?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', 1
        ),
        "cut": good[:2000],
        "not XML": b"PK\x03\x04",
    }
    with pytest.raises(DiagramRefused) as refused:
        publish(story_office, files[what])
    assert refused.value.text()


def test_the_shipped_diagrams_themselves_have_no_finding_that_forbids(story_office):
    for key in procedures.SHIPPED:
        for given in ("", key):
            told = procedures.check(procedures.shipped_xml(key), given).findings
            assert [f for f in told if f.severity != "info"] == []
    with story_office.as_("quantri.stttt") as tx:
        assert {d.key for d in procedures.current_procedures(tx)} == set(procedures.SHIPPED)


# -- a diagram serves one procedure ----------------------------------------------------------------


def test_a_diagram_of_incoming_documents_is_not_published_for_outgoing_ones(story_office):
    story_office.login("quantri.stttt")
    before = snapshot(story_office)
    with pytest.raises(NotPublishable) as refused:
        publish(story_office, procedures.shipped_xml("incoming"), "nhầm tệp")
    found = {f.element: f for f in refused.value.findings if f.code == "other-procedure"}
    assert {"check", "register", "direct", "file"} <= set(found)
    assert "«Cho ý kiến, phân phối»" in found["direct"].vi
    assert "«Cho ý kiến chỉ đạo» (direct)" in found["direct"].vi
    assert snapshot(story_office) == before


def of_another_procedure(drawing: Drawing) -> None:
    drawing.by_id("revise").set(f"{{{OURS}}}verb", "process")


@pytest.mark.parametrize("key", ["", "outgoing"])
def test_one_step_of_another_procedure_is_named_with_or_without_the_key(key):
    drawing = Drawing()
    of_another_procedure(drawing)
    found = [f for f in procedures.check(drawing.xml(), key).findings if f.is_error]
    assert [(f.element, f.code) for f in found] == [("revise", "other-procedure")]


def test_a_verb_of_the_machine_serves_every_procedure():
    drawing = Drawing()
    drawing.by_id("store").tag = f"{{{BPMN}}}serviceTask"
    drawing.by_id("store").set(f"{{{OURS}}}verb", "report_status")
    found = procedures.check(drawing.xml(), "outgoing").findings
    assert not [f for f in found if f.code == "other-procedure"]


# -- what a procedure may not leave out ------------------------------------------------------------

OWED = [(r.procedure, verb) for r in rules() if r.kind is Kind.PRESENT for verb in r.verbs]


@pytest.mark.parametrize(("key", "verb"), OWED)
def test_a_step_the_law_demands_is_missed_and_its_article_named(key, verb):
    drawing = Drawing(key)
    for step in drawing.root.xpath("//*[@*[local-name()='verb']=$verb]", verb=verb):
        del step.attrib[f"{{{OURS}}}verb"]
    # without its only verb a drawing says no more which procedure it is
    left = drawing.root.xpath("//*[@*[local-name()='verb']]")
    for given in ("", key) if left else (key,):
        told = [f for f in procedures.check(drawing.xml(), given).findings if f.is_error]
        # what the step alone decided can no longer be asked
        (found,) = [f for f in told if f.code != "wrong-kind"]
        assert (found.code, found.element) == ("missing-step", "")
        assert f"«{VERBS[verb].vi}» ({verb})" in found.vi
        assert "Thêm bước" in found.vi
        assert VERBS[verb].en in found.en
        assert re.match(r"Nghị định 30/2020/NĐ-CP, Điều \d+", found.citation)


def test_a_step_that_no_path_reaches_does_not_count():
    drawing = Drawing()
    drawing.by_id("f.register").set("targetRef", "issue")
    found = [f for f in procedures.check(drawing.xml(), "outgoing").findings if f.is_error]
    (missing,) = found
    assert missing.code == "missing-step"
    assert missing.citation == (
        "Nghị định 30/2020/NĐ-CP, Điều 17; Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 3.5, 5, 7.2"
    )


def test_a_diagram_without_a_seal_is_not_published(story_office):
    drawing = Drawing()
    drawing.erase("seal")
    drawing.connect("f.unsealed", "register", "issue")
    story_office.login("quantri.stttt")
    before = snapshot(story_office)
    with pytest.raises(NotPublishable) as refused:
        publish(story_office, drawing.xml(), "Bỏ ký số cơ quan")
    assert [f.code for f in refused.value.findings if f.is_error] == ["missing-step"]
    assert snapshot(story_office) == before


def test_what_an_agency_may_drop_is_no_obligation():
    drawing = Drawing("incoming")
    drawing.erase("cooperation", "acknowledge", "acknowledged", "fork", "join", "cooperating")
    drawing.connect("f.alone", "directed", "to_officer")
    drawing.by_id("directed").set("default", "f.alone")
    drawing.connect("f.all", "completed", "file")
    drawing.by_id("completed").set("default", "f.all")
    assert not procedures.check(drawing.xml(), "incoming").has_errors
    assert not procedures.check(with_a_reviewer_and_no_consultation(), "outgoing").has_errors


def drawn_before_parts_had_deadlines() -> Drawing:
    """The incoming procedure as agencies may have drawn it: a list of units, no way back."""
    drawing = Drawing("incoming")
    drawing.erase("cooperation")
    drawing.by_id("cooperating").set(f"{{{OURS}}}unit", "=cooperating_unit")
    drawing.add_step(
        "cooperating", "cooperate", "Phối hợp", verb="cooperate", form="incoming-cooperate",
        due="=deadline",
    )  # fmt: skip
    etree.SubElement(
        drawing.by_id("cooperate"), f"{{{BPMN}}}multiInstanceLoopCharacteristics",
        {f"{{{OURS}}}collection": "cooperating", f"{{{OURS}}}element": "cooperating_unit"},
    )  # fmt: skip
    drawing.connect("f.asking", "fork", "cooperate")
    drawing.connect("f.helped", "cooperate", "join")
    return drawing


def warned(drawing: Drawing) -> list[tuple[str, str]]:
    found = procedures.check(drawing.xml(), "incoming").findings
    return [(f.element, f.code) for f in found if f.code == "no-way-for-choice"]


def test_a_choice_with_no_gateway_behind_it_is_pointed_out():
    assert warned(Drawing("incoming")) == []
    drawing = drawn_before_parts_had_deadlines()
    assert warned(drawing) == [("cooperate", "no-way-for-choice")]
    assert not procedures.check(drawing.xml(), "incoming").has_errors
    drawing = Drawing("incoming")
    drawing.erase("registered", "duplicate")
    drawing.connect("f.straight", "register", "present")
    assert warned(drawing) == [("register", "no-way-for-choice")]


def test_a_diagram_drawn_before_still_runs_and_gives_nothing_back_into_nowhere(story_office):
    story = story_office
    with story.as_("quantri.stttt") as tx:
        xml = drawn_before_parts_had_deadlines().xml()
        procedures.publish(tx, PublishProcedure("incoming", xml, "Sơ đồ cũ của cơ quan"))
    try:
        document = incoming_letter(story, "assign", cooperating=["TTBC"])
        with pytest.raises(NoWayBack):
            story.do("truongphong.ttbc", "cooperate", of=document, outcome="return", reason="Nhầm")
        story.do("truongphong.ttbc", "cooperate", of=document, opinion="Đã gửi số liệu")
        assert story.standing(document) == ["assign"]
    finally:
        with story.as_("quantri.stttt") as tx:
            shipped = procedures.shipped_xml("incoming")
            procedures.publish(tx, PublishProcedure("incoming", shipped, "Trở lại như cũ"))


# -- a gateway always leaves a way on --------------------------------------------------------------


def choice_of(condition: str, other: str, kind: str = "exclusiveGateway") -> Drawing:
    """Return the diagram whose question of consultation has these two ways and no default."""
    drawing = Drawing()
    gateway = drawing.by_id("consult")
    gateway.tag = f"{{{BPMN}}}{kind}"
    del gateway.attrib["default"]
    for flow, text in (("f.consult", condition), ("f.direct", other)):
        for said in drawing.by_id(flow):
            drawing.by_id(flow).remove(said)
        said = etree.SubElement(drawing.by_id(flow), f"{{{BPMN}}}conditionExpression")
        said.set(f"{{{XSI}}}type", "bpmn:tFormalExpression")
        said.text = text
    return drawing


@pytest.mark.parametrize("kind", ["exclusiveGateway", "inclusiveGateway"])
@pytest.mark.parametrize(
    ("condition", "other", "covers"),
    [
        ("count(cooperating) > 1", "count(cooperating) = 1", False),
        ('outcome = "approve"', 'outcome = "return"', False),
        ('outcome = "return"', 'outcome != "approve"', False),
        ("count(cooperating) = 0", "count(cooperating) != 0", False),  # null where nothing is known
        ('outcome = "return"', 'outcome != "return"', True),
        ('not(outcome = "return")', 'outcome = "return"', True),
        ('outcome = "return"', 'not(outcome != "return")', False),
    ],
)
def test_a_gateway_needs_a_default_unless_its_choices_cover_everything(
    kind, condition, other, covers
):
    found = procedures.check(choice_of(condition, other, kind).xml(), "outgoing").findings
    errors = [(f.element, f.code) for f in found if f.is_error]
    assert errors == ([] if covers else [("consult", "no-default")])


@pytest.mark.parametrize("kind", ["exclusiveGateway", "inclusiveGateway"])
def test_where_no_way_opens_the_officer_is_told_which_gateway_and_what_to_do(kind):
    drawing = choice_of("count(cooperating) > 1", "count(cooperating) = 1", kind)
    drawing.by_id("consult").set("name", "Cần xin ý kiến?")
    # published before such a gateway was refused: its program is built past the linter
    normalised, _ = normalise(diagram.read(drawing.xml()))
    built = program.restore(program.build(normalised)[0])
    begun = machine.start(built, {}, NOW)
    (draft,) = begun.opened
    with pytest.raises(StepFailed) as stopped:
        machine.complete(built, begun.state, draft.task_id, {"cooperating": []}, NOW)
    vi, en = stopped.value.text("vi"), stopped.value.text("en")
    assert "«Cần xin ý kiến?»" in vi
    assert "luồng mặc định" in vi
    assert "“Cần xin ý kiến?”" in en
    assert "No conditions satisfied" not in vi + en
    assert stopped.value.code == "no-way-on"


# -- on the command line ---------------------------------------------------------------------------


def test_the_command_line_tells_in_vietnamese_and_json_keeps_its_words(tmp_path):
    drawing = Drawing()
    drawing.by_id("f.register").set("targetRef", "issue")  # the seal stands aside
    file = tmp_path / "van-ban-di.bpmn"
    file.write_bytes(drawing.xml())
    told = CliRunner().invoke(main, ["lint-process", str(file)])
    assert told.exit_code == 1
    assert "Cảnh báo [seal]: " in told.stdout
    assert "Lỗi: Quy trình văn bản đi thiếu bước «Ký số cơ quan» (seal)" in told.stdout
    assert "Căn cứ: Nghị định 30/2020/NĐ-CP, Điều 17" in told.stdout
    assert not re.search(r"^(error|warning|info)\b", told.stdout, re.MULTILINE)
    findings = json.loads(CliRunner().invoke(main, ["lint-process", str(file), "--json"]).stdout)
    assert {"error", "warning"} <= {f["severity"] for f in findings}


def test_the_command_line_names_the_way_that_breaks_a_rule(tmp_path):
    drawing = Drawing()
    drawing.by_id("f.direct").set("targetRef", "check_format")
    file = tmp_path / "di-tat.bpmn"
    file.write_bytes(drawing.xml())
    told = CliRunner().invoke(main, ["lint-process", str(file)])
    assert told.exit_code == 1
    assert (
        "Lỗi [sign]: Có đường đi tới bước «Ký ban hành» mà chưa qua việc «Duyệt nội" in told.stdout
    )
    way = "Giao soạn thảo → Soạn thảo → Lấy ý kiến? → Kiểm tra thể thức → Đạt? → Ký ban hành"
    assert f"Đường đi: {way}\n" in told.stdout


@pytest.mark.parametrize("name", ["bpmn-miwg/B.2.0", "foreign/invoice-two-pools"])
def test_the_command_line_completes_what_was_drawn_elsewhere(name):
    file = Path(__file__).parents[1] / "data" / f"{name}.bpmn"
    told = CliRunner().invoke(main, ["lint-process", str(file)])
    assert told.exit_code == 0, told.output
    assert "Khi chạy: " in told.stdout
    assert "Sơ đồ chạy được." in told.stdout
    assert "ban hành được" not in told.stdout
    held = CliRunner().invoke(main, ["lint-process", str(file), "--key", "incoming"])
    assert held.exit_code == 1
