"""The law in the editor: for each rule a diagram that breaks it, with the way that does; all ways count."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from bpmn_drawing import Drawing as Process
from lxml import etree
from shipped_drawing import BPMN, OURS, Drawing

from engine import definition
from engine.finding import Finding, Severity
from processes import procedures
from processes.catalogue import VERBS
from processes.law import rule as law
from processes.law.check import check
from processes.law.page import page
from processes.law.rule import PROCEDURES, Kind, Rule, rules, rules_of

IS_URGENT = 'urgency = "urgent"'


def found_in(drawing: Drawing, key: str, on: date | None = None) -> list[Finding]:
    """What the law and the ways say; how they are told at publishing is tested with the doors."""
    prepared = definition.prepare(drawing.xml())
    told = [*prepared.findings, *check(prepared, key, on)]
    return [f for f in told if f.is_error or f.code == "stuck"]


def broken(drawing: Drawing, key: str, name: str) -> Finding:
    """The one finding of a rule; it forbids publishing and shows a way that can be walked."""
    (found,) = [f for f in found_in(drawing, key) if f.code == name]
    assert found.vi != found.en
    assert found.citation
    ensure_walk(drawing, found.path)
    return found


def ensure_walk(drawing: Drawing, path: tuple[str, ...]) -> None:
    """Flows of the path lead from what stands before them to what stands after them."""
    assert path
    flows = {f.get("id"): f for f in drawing.root.iter(f"{{{BPMN}}}sequenceFlow")}
    for place, one in enumerate(path):
        if one in flows:
            assert flows[one].get("sourceRef") == path[place - 1]
            assert flows[one].get("targetRef") == path[place + 1]
    assert etree.QName(drawing.by_id(path[0])).localname == "startEvent"


# -- one diagram for each rule that breaks it -------------------------------------------------------


def shortcut(source: str, target: str) -> Callable[[Drawing], None]:
    """A second way that leaves steps out, though each of them is still there."""
    return lambda drawing: drawing.connect("f.short", source, target, IS_URGENT)


def no_longer(element: str, attribute: str) -> Callable[[Drawing], None]:
    return lambda drawing: drawing.by_id(element).attrib.pop(f"{{{OURS}}}{attribute}")


def nothing_when_overdue(drawing: Drawing) -> None:
    drawing.erase("overdue", "follow_up", "followed_up")


def the_leader_seals(drawing: Drawing) -> None:
    drawing.by_id("seal").set(f"{{{OURS}}}role", "leader")


def the_leader_answers(drawing: Drawing) -> None:
    drawing.by_id("decide").set(f"{{{OURS}}}role", "leader")


#: rule → an edit of the shipped diagram that breaks it, the step or end it is told at
BREAKS: dict[tuple[str, str], tuple[Callable[[Drawing], object], str]] = {
    ("outgoing", "content-before-signature"): (shortcut("consult", "check_format"), "sign"),
    ("outgoing", "format-before-signature"): (shortcut("approved", "sign"), "sign"),
    ("outgoing", "signature-before-number"): (shortcut("checked", "number"), "number"),
    ("outgoing", "signature-before-seal"): (shortcut("checked", "seal"), "seal"),
    ("outgoing", "number-before-seal"): (shortcut("signed", "seal"), "seal"),
    ("outgoing", "number-before-issue"): (shortcut("signed", "issue"), "issue"),
    ("outgoing", "register-before-issue"): (shortcut("number", "seal"), "issue"),
    ("outgoing", "seal-before-issue"): (shortcut("register", "issue"), "issue"),
    ("outgoing", "class-before-exchange"): (shortcut("begun", "issue"), "issue"),
    ("outgoing", "clerk-seals"): (the_leader_seals, "seal"),
    ("outgoing", "author-does-not-approve"): (no_longer("check_format", "exclude"), "check_format"),
    ("outgoing", "ends-in-dossier"): (shortcut("issue", "done"), "done"),
    ("incoming", "check-before-register"): (shortcut("arrived", "register"), "register"),
    ("incoming", "register-before-direct"): (shortcut("accepted", "present"), "direct"),
    ("incoming", "direct-before-process"): (shortcut("registered", "assign"), "process"),
    ("incoming", "deadline-after-direction"): (shortcut("directed", "file"), "done"),
    ("incoming", "processing-has-deadline"): (nothing_when_overdue, "process"),
    ("incoming", "cooperation-has-deadline"): (no_longer("cooperate", "due"), "cooperate"),
    ("incoming", "worker-does-not-confirm"): (no_longer("complete", "exclude"), "complete"),
    ("incoming", "ends-in-dossier"): (shortcut("completed", "done"), "done"),
    ("recall", "recall-by-clerk"): (the_leader_answers, "decide"),
    ("update", "update-by-clerk"): (the_leader_answers, "decide"),
    ("replace", "replacement-by-clerk"): (the_leader_answers, "decide"),
}


@pytest.mark.parametrize(("key", "name"), BREAKS)
def test_a_diagram_that_breaks_a_rule_is_refused_with_the_way_and_the_article(key, name):
    spoil, element = BREAKS[key, name]
    drawing = Drawing(key)
    spoil(drawing)
    found = broken(drawing, key, name)
    assert found.element == element
    assert found.path[-1] == element
    if "f.short" in etree.tostring(drawing.root).decode():
        assert "f.short" in found.path
    (rule,) = [r for r in rules_of(key) if r.id == name]
    assert found.citation == rule.citation
    assert rule.vi in found.vi
    assert rule.do_vi in found.vi
    assert rule.do_en in found.en


@pytest.mark.parametrize("key", PROCEDURES)
def test_the_shipped_diagrams_keep_every_rule(key):
    assert found_in(Drawing(key), key) == []
    assert not procedures.check(Drawing(key).xml(), key).has_errors


def test_each_rule_has_a_diagram_that_breaks_it():
    """Those of steps that must be there are broken one by one in `test_editing_a_diagram`."""
    assert set(BREAKS) == {(r.procedure, r.id) for r in rules() if r.kind is not Kind.PRESENT}


# -- what counts as a way -----------------------------------------------------------------------------


def test_a_choice_to_return_does_not_count_as_approval():
    drawing = Drawing()
    drawing.by_id("f.check.back").set("targetRef", "sign")
    found = broken(drawing, "outgoing", "format-before-signature")
    assert found.path[-3:] == ("checked", "f.check.back", "sign")
    assert not [f for f in found_in(drawing, "outgoing") if f.code == "content-before-signature"]


def test_a_return_by_default_counts_as_one():
    drawing = Drawing()
    for flow, target in (("f.check.back", "sign"), ("f.checked", "draft")):
        drawing.by_id(flow).set("targetRef", target)
    drawing.by_id("f.check.back")[0].text = 'outcome = "approve"'
    drawing.by_id("f.checked").set("targetRef", "sign")  # whoever returns it goes on by default
    broken(drawing, "outgoing", "format-before-signature")


def test_a_change_of_the_draft_needs_its_approval_anew():
    drawing = Drawing()
    drawing.add_step(
        "officer", "mend", "Sửa lại", verb="draft", form="outgoing-draft", assignee="=author"
    )
    drawing.by_id("f.checked").set("targetRef", "mend")
    drawing.connect("f.mended", "mend", "sign")
    for name in ("content-before-signature", "format-before-signature"):
        path = broken(drawing, "outgoing", name).path
        assert path[-3:] == ("mend", "f.mended", "sign")


def test_a_change_of_the_draft_beside_another_step_needs_its_approval_anew():
    """The other branch may have come to the join before: that it does not pass here again is no help."""
    drawing = Drawing()
    for gateway in ("fork", "join"):
        etree.SubElement(drawing.process, f"{{{BPMN}}}parallelGateway", id=gateway)
        drawing._place("head", gateway)
    drawing.add_step(
        "officer", "mend", "Sửa lại", verb="draft", form="outgoing-draft", assignee="=author"
    )
    drawing.add_step("officer", "note", "Ghi chú")
    drawing.by_id("f.checked").set("targetRef", "fork")
    for flow, source, target in (
        ("f.1", "fork", "mend"), ("f.2", "fork", "note"), ("f.3", "mend", "join"),
        ("f.4", "note", "join"), ("f.5", "join", "sign"),
    ):  # fmt: skip
        drawing.connect(flow, source, target)
    path = broken(drawing, "outgoing", "content-before-signature").path
    assert path[-5:] == ("mend", "f.3", "join", "f.5", "sign")


def test_approvals_side_by_side_that_are_waited_for_are_enough():
    drawing = Drawing()
    for gateway in ("fork", "join"):
        etree.SubElement(drawing.process, f"{{{BPMN}}}parallelGateway", id=gateway)
        drawing._place("head", gateway)
    drawing.add_choice("head", "ready", "f.ready")
    for flow in ("f.direct", "f.revise"):
        drawing.by_id(flow).set("targetRef", "ready")
    drawing.erase("approved", "checked")
    drawing.connect("f.ready", "ready", "fork")
    drawing.connect("f.one", "fork", "approve")
    drawing.connect("f.two", "fork", "check_format")
    drawing.connect("f.three", "approve", "join")
    drawing.connect("f.four", "check_format", "join")
    drawing.connect("f.both", "join", "sign")
    assert found_in(drawing, "outgoing") == []
    # the control: a join that does not wait
    drawing.erase("f.sign.back")
    drawing.by_id("join").tag = f"{{{BPMN}}}exclusiveGateway"
    assert {"content-before-signature", "format-before-signature"} <= {
        f.code for f in found_in(drawing, "outgoing")
    }


def test_an_approval_for_each_of_a_list_is_none_where_the_list_is_empty():
    drawing = Drawing()
    etree.SubElement(
        drawing.by_id("check_format"), f"{{{BPMN}}}multiInstanceLoopCharacteristics",
        {f"{{{OURS}}}collection": "cooperating", f"{{{OURS}}}element": "cooperating_unit"},
    )  # fmt: skip
    broken(drawing, "outgoing", "format-before-signature")


@pytest.mark.parametrize("cancels", ["true", "false"])
def test_an_event_at_the_edge_of_an_approval_is_a_way_past_it(cancels):
    drawing = Drawing()
    late = etree.SubElement(
        drawing.process, f"{{{BPMN}}}boundaryEvent", id="late", attachedToRef="check_format",
        cancelActivity=cancels,
    )  # fmt: skip
    timer = etree.SubElement(late, f"{{{BPMN}}}timerEventDefinition")
    etree.SubElement(timer, f"{{{BPMN}}}timeDuration").text = "P2D"
    drawing.connect("f.late", "late", "sign")
    late.append(timer)  # BPMN's order: outgoing, then the definition
    path = broken(drawing, "outgoing", "format-before-signature").path
    assert path[-4:] == ("check_format", "late", "f.late", "sign")


def test_steps_inside_a_sub_process_are_looked_at_like_any_other():
    """`process` stands in one in the shipped diagram: a way into it past the directive is found."""
    drawing = Drawing("incoming")
    drawing.connect("f.short", "registered", "work", IS_URGENT)
    path = broken(drawing, "incoming", "direct-before-process").path
    assert (
        path[-6:] == ("f.short", "work", "begun", "f.begun", "process")[-6:]
        or path[-1] == "process"
    )
    assert {"f.short", "work", "begun"} <= set(path)


def test_an_end_that_says_why_needs_no_dossier():
    drawing = Drawing("incoming")
    end = etree.SubElement(
        drawing.process, f"{{{BPMN}}}endEvent", id="elsewhere", name="Chuyển nơi khác"
    )
    drawing._place("clerk", "elsewhere")
    drawing.connect("f.elsewhere", "registered", "elsewhere", IS_URGENT)
    etree.SubElement(
        end, f"{{{BPMN}}}terminateEventDefinition"
    )  # what was directed before ends too
    assert broken(drawing, "incoming", "ends-in-dossier").element == "elsewhere"
    end.set(f"{{{OURS}}}reason", "Văn bản gửi nhầm, đã chuyển đúng nơi nhận")
    assert found_in(drawing, "incoming") == []


def test_a_duplicate_needs_no_dossier_but_only_where_that_was_chosen():
    drawing = Drawing("incoming")
    drawing.by_id("f.duplicate")[0].text = 'urgency = "normal"'
    assert broken(drawing, "incoming", "ends-in-dossier").element == "duplicate"


def test_a_processing_step_without_due_time_is_found():
    drawing = Drawing("incoming")
    no_longer("process", "due")(drawing)
    assert "chưa có thời hạn" in broken(drawing, "incoming", "processing-has-deadline").vi


def test_a_timer_that_leads_nowhere_is_no_follow_up():
    drawing = Drawing("incoming")
    drawing.erase("follow_up")
    drawing.connect("f.nowhere", "overdue", "followed_up")
    definition_of = drawing.by_id("overdue.timer")
    drawing.by_id("overdue").append(definition_of)
    broken(drawing, "incoming", "processing-has-deadline")


@pytest.mark.parametrize(
    ("said", "keeps"),
    [
        ("=author", True),
        ("=[signatory, author]", True),
        ("=concatenate([signatory], [author])", True),
        ("=signatory", False),
        ('=if urgency = "urgent" then null else author', False),
    ],
)
def test_who_is_excluded_is_read_from_the_expression_not_from_its_letters(said, keeps):
    drawing = Drawing()
    drawing.by_id("approve").set(f"{{{OURS}}}exclude", said)
    found = [f.element for f in found_in(drawing, "outgoing")]
    assert found == ([] if keeps else ["approve"])


# -- the rules as data --------------------------------------------------------------------------------


def test_a_rule_counts_from_its_first_day_to_its_last():
    skips = Drawing()
    shortcut("consult", "check_format")(skips)
    no_longer("sign", "exclude")(skips)

    def codes(on: date) -> set[str]:
        return {f.code for f in found_in(skips, "outgoing", on)}

    assert codes(date(2020, 3, 5)) == {"content-before-signature", "author-does-not-approve"}
    assert codes(date(2020, 3, 4)) == {"author-does-not-approve"}  # the decree was not in force
    assert codes(date(2018, 12, 14)) == set()


def test_a_rule_that_has_ended_binds_no_more(monkeypatch):
    (old,) = [r for r in rules_of("outgoing") if r.id == "clerk-seals"]
    values = {name: getattr(old, name) for name in Rule.__dataclass_fields__}
    last = date(2027, 12, 31)
    ended = Rule(**{**values, "valid_to": last})
    newer = Rule(
        **{**values, "id": "newer", "roles": ("leader",), "valid_from": last + timedelta(1)}
    )
    monkeypatch.setattr(law, "rules", lambda: (ended, newer))
    drawing = Drawing()
    assert found_in(drawing, "outgoing", last) == []
    assert [f.code for f in found_in(drawing, "outgoing", last + timedelta(1))] == ["newer"]
    assert [f.code for f in found_in(drawing, "outgoing")] == ["newer"]  # the newest law


def test_the_caller_says_how_grave_a_broken_rule_is():
    drawing = Drawing()
    shortcut("consult", "check_format")(drawing)
    del drawing.by_id("store").attrib[f"{{{OURS}}}verb"]
    prepared = definition.prepare(drawing.xml(), procedures.catalogue())
    told = check(prepared, "outgoing", severity=Severity.WARNING)
    assert {f.code for f in told} == {"content-before-signature", "missing-step"}
    assert {f.severity for f in told} == {Severity.WARNING}


def test_a_diagram_without_our_verbs_owes_nothing():
    drawing = Drawing()
    for step in drawing.root.xpath("//*[@*[local-name()='verb']]"):
        del step.attrib[f"{{{OURS}}}verb"]
    assert check(definition.prepare(drawing.xml())) == []


def test_what_calls_itself_too_often_to_be_read_is_refused_and_said_so():
    """Each process calls the next one twice: after fourteen there are thousands of copies."""
    processes = []
    for n in range(14):
        one = Process(f"p{n}").start(f"s{n}").user(f"u{n}", congvan__verb="draft").end(f"e{n}")
        for call in (f"x{n}", f"y{n}") if n < 13 else ():
            one.node("callActivity", call, calledElement=f"p{n + 1}")
        middle = (f"x{n}", f"y{n}") if n < 13 else ()
        processes.append(one.chain(f"s{n}", f"u{n}", *middle, f"e{n}"))
    called = "".join(one.process() for one in processes[1:])
    prepared = definition.prepare(processes[0].xml(after=called))
    (found,) = [f for f in check(prepared) if f.code == "unread"]
    assert found.is_error
    shallow = definition.prepare(
        processes[10].xml(after="".join(p.process() for p in processes[11:]))
    )
    assert not [f for f in check(shallow) if f.code == "unread"]


def test_rules_name_verbs_that_exist_and_say_the_law_in_both_languages():
    for key in PROCEDURES:
        ids = [r.id for r in rules() if r.procedure == key]
        assert len(ids) == len(set(ids))
    present = {v for r in rules() if r.kind is Kind.PRESENT for v in r.verbs}
    for rule in rules():
        named = {*rule.verbs, *rule.first, *rule.since, *rule.after}
        named |= {choice.partition("=")[0] for choice in (*rule.undone, *rule.unless)}
        assert named <= {v.name for v in VERBS.values() if v.procedure == rule.procedure}
        # a rule says nothing while the step it relies on is missing: then that is said
        assert rule.relied_on <= present
        assert re.match(
            r"(Nghị định 30/2020/NĐ-CP|Quy chế kèm theo QĐ 188/2018/QĐ-UBND), Điều \d",
            rule.citation,
        )
        for words in (rule.vi, rule.en, rule.do_vi, rule.do_en):
            assert words
            assert words == unicodedata.normalize("NFC", words)
        assert rule.vi[0].islower()
        assert rule.do_vi.endswith(".")


def test_the_order_of_an_outgoing_document_cites_the_decree():
    """Điều 7 of the regulation says who; the order is that of ND30, Điều 12, 13, 15 to 18."""
    for rule in rules_of("outgoing"):
        if rule.kind is Kind.PRECEDES and rule.id != "class-before-exchange":
            articles = set(re.findall(r"\d+", rule.citation.split(";")[0].split("Điều")[1]))
            assert rule.citation.startswith("Nghị định 30/2020/NĐ-CP, Điều")
            assert {a for a in articles if int(a) > 2} <= {"12", "13", "15", "16", "17", "18", "32"}


def test_a_word_a_rule_may_not_have_is_refused():
    data = {"id": "x", "kind": "precedes", "verbs": ["sign"], "wrong": 1}
    with pytest.raises(TypeError):
        Rule.from_toml("outgoing", data)
    with pytest.raises(ValueError, match="obeys"):
        Rule.from_toml("outgoing", {**data, "kind": "obeys"})


def test_the_page_of_the_rules_is_that_of_the_data():
    written = (Path(__file__).parents[2] / "docs/law.md").read_text("utf-8")
    assert written == page(), "python -m processes.law.page > docs/law.md"
    for rule in rules():
        assert rule.vi in written
        assert rule.citation in written
