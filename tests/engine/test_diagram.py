"""What is refused when a diagram is published, and that our own procedures are not."""

import os
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bpmn_drawing import HEAD, Drawing, each, event, line, timer
from lxml import etree
from token_runs import NOW, Run, prepared

from engine import definition, diagram, machine, normalise, program
from engine.diagram import DiagramRefused
from engine.errors import OfficeError
from engine.lint import Catalogue, Severity

ROOT = Path(__file__).parents[2]
OWN = sorted((ROOT / "processes").glob("*/*.bpmn"))
MIWG = sorted((ROOT / "tests" / "data" / "bpmn-miwg").glob("*.bpmn"))


def codes(xml: bytes, catalogue: Catalogue | None = None) -> set[str]:
    """The findings above information."""
    found = definition.prepare(xml, catalogue).findings
    assert all(f.vi and f.en for f in found)
    return {f.code for f in found if f.severity is not Severity.INFO}


# what cannot be read -----------------------------------------------------------------------------

GOOD = line("u").xml()


@pytest.mark.parametrize(
    "xml",
    [
        GOOD.replace(b"?>", b"?><!DOCTYPE bpmn:definitions>", 1),
        GOOD.replace(b"?>", b'?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>', 1),
        GOOD.replace(b"?>", b'?><!DOCTYPE d SYSTEM "http://127.0.0.1/x.dtd">', 1),
        GOOD.replace(b'name="p"', b'name="&x;"'),
        GOOD.decode().replace("UTF-8", "UTF-16").replace("?>", "?><!DOCTYPE d>", 1).encode("utf-16"),
        GOOD + b" " * diagram.MAX_BYTES,
        line(*(f"u{n}" for n in range(1_000))).xml(),
        GOOD[:-9], b"", b"\x00\xff\x00", b"{}", "công văn".encode(),
        b"<html/>", GOOD.replace(b"20100524/MODEL", b"20100524/OTHER"),
        HEAD.encode() + b"</bpmn:definitions>",
        b"<a>" * 5_000,
    ],
    ids=[
        "doctype", "external entity", "external dtd", "undeclared entity", "doctype in utf-16",
        "2 MB", "1000 elements", "cut off", "empty", "bytes", "json", "text", "html",
        "other namespace", "no process", "deep",
    ],
)  # fmt: skip
def test_unreadable_file_is_refused_in_words(xml: bytes) -> None:
    with pytest.raises(DiagramRefused) as refused:
        definition.prepare(xml)
    assert "Không đọc được sơ đồ" in refused.value.text("vi")


def test_readable_file_is_not_refused() -> None:
    assert codes(GOOD) == set()
    assert codes(line(*(f"u{n}" for n in range(300))).xml()) == set()


def test_chain_too_long_for_the_parser_is_a_finding() -> None:
    found = definition.prepare(line(*(f"u{n}" for n in range(900))).xml())
    (finding,) = found.findings
    assert "quá dài" in finding.vi


def test_schema_findings_name_their_line() -> None:
    found = definition.prepare(GOOD.replace(b"<bpmn:userTask", b"\n<bpmn:userTask colour='red'"))
    (finding,) = [f for f in found.findings if f.code == "schema"]
    assert finding.is_error
    assert "Dòng 3" in finding.vi
    assert found.specs == b""


# rules, each with what it lets pass --------------------------------------------------------------


def around(inner: str = "", **attributes: Any) -> Drawing:
    return Drawing().start().user("u", inner=inner, **attributes).end().chain("s", "u", "e")


def one_event(place: str, inner: str) -> bytes:
    drawing = Drawing().start().node(place, "x", inner).user("u").end().chain("s", "x", "u", "e")
    return drawing.xml('<bpmn:message id="M" name="m"/>')


def gated(kind: str, when: str | None, default: str | None) -> bytes:
    drawing = Drawing().start().node(kind, "g", default=default).user("a", "b").end()
    drawing.chain("s", "g").flow("g", "a", "x = 1").flow("g", "b", when, "d")
    return drawing.chain("a", "e").chain("b", "e").xml()


def looped(*inside: str, **kinds: str) -> bytes:
    drawing = Drawing().start().xor("g", default="d").end().flow("s", "g")
    for name in inside:
        kind = kinds.get(name, "scriptTask")
        inner = "<bpmn:script>n = n + 1</bpmn:script>" if kind == "scriptTask" else ""
        drawing.node(kind, name, inner)
    drawing.flow("g", inside[0], "n &lt; 3".replace("&lt;", "<"))
    return drawing.chain(*inside, "g").flow("g", "e", identity="d").xml()


def in_lane(node: str, attributes: str = "", **own: Any) -> bytes:
    lane = (
        f'<bpmn:laneSet id="ls"><bpmn:lane id="L" name="Làn"{attributes}>'
        "<bpmn:flowNodeRef>u</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>"
    )
    drawing = Drawing(lanes=lane).start().node(node, "u", **own).end()
    return drawing.chain("s", "u", "e").xml()


OTHER = Drawing("q").start("qs").user("qu").end("qe").chain("qs", "qu", "qe").process()

BAD_AND_GOOD: dict[str, tuple[bytes, bytes, str]] = {
    "complex gateway": (gated("complexGateway", "x = 2", None), gated("inclusiveGateway", "x = 2", None), "unsupported"),
    "cancel end": (line("u").xml().replace(b'<bpmn:endEvent id="e">', b'<bpmn:endEvent id="e"><bpmn:cancelEventDefinition/>'), GOOD, "cancel-place"),
    "ad-hoc": (Drawing().start().node("adHocSubProcess", "u", '<bpmn:userTask id="z"/>').end().chain("s", "u", "e").xml(), GOOD, "no-completion"),
    "correlation": (GOOD.replace(b"<bpmn:process", b'<bpmn:correlationProperty id="cp"><bpmn:correlationPropertyRetrievalExpression messageRef="M"><bpmn:messagePath>x</bpmn:messagePath></bpmn:correlationPropertyRetrievalExpression></bpmn:correlationProperty><bpmn:process', 1), GOOD, "unsupported"),
    "receive without message": (one_event("receiveTask", ""), one_event("receiveTask", "").replace(b'id="x"', b'id="x" messageRef="M"'), "no-message"),
    "empty script": (Drawing().start().script("x", " ").end().chain("s", "x", "e").xml(), Drawing().start().script("x", "a = 1").end().chain("s", "x", "e").xml(), "no-script"),
    "event out of place": (one_event("intermediateCatchEvent", event("error")), one_event("intermediateCatchEvent", event("message", messageRef="M")), "event-place"),
    "two definitions": (one_event("intermediateCatchEvent", event("message", messageRef="M") + timer("Duration", "P1D")), one_event("intermediateCatchEvent", timer("Duration", "P1D")), "unsupported"),
    "unknown message": (one_event("intermediateCatchEvent", event("message", messageRef="N")), one_event("intermediateCatchEvent", event("message", messageRef="M")), "no-reference"),
    "lonely link": (one_event("intermediateThrowEvent", event("link", name="l")), one_event("intermediateThrowEvent", ""), "link-pair"),
    "id twice": (around().user("u").xml(), around().user("v").flow("u", "v").flow("v", "e").xml(), "twice"),
    "a choice of the engine": (around(congvan__choices="[]").xml(), GOOD, "own-attribute"),
    "a kind of the engine": (around(congvan__kind="manualTask").xml(), GOOD, "own-attribute"),
    "what is no choice": (around(congvan__choices="{").xml(), GOOD, "own-attribute"),
    "reserved id": (line("cv.x").xml(), line("cvx").xml(), "reserved"),
    "unknown process": (Drawing().start().node("callActivity", "c", calledElement="zzz").end().chain("s", "c", "e").xml(),
                        Drawing().start().node("callActivity", "c", calledElement="q").end().chain("s", "c", "e").xml(after=OTHER), "called-process"),
    "process calling itself": (Drawing().start().node("callActivity", "c", calledElement="p").end().chain("s", "c", "e").xml(), GOOD, "called-process"),
    "flow without condition": (gated("exclusiveGateway", None, None), gated("exclusiveGateway", None, "d"), "no-condition"),
    "expression": (gated("exclusiveGateway", "x = = 2", None), gated("exclusiveGateway", "x = 2", None), "expression"),
    "empty timer": (one_event("intermediateCatchEvent", timer("Duration", " ")), one_event("intermediateCatchEvent", timer("Duration", "PT1H")), "no-timer"),
    "timer without a time": (one_event("intermediateCatchEvent", event("timer")), one_event("intermediateCatchEvent", timer("Date", "=deadline")), "no-timer"),
    "date as a duration": (one_event("intermediateCatchEvent", timer("Duration", "2026-01-01")), one_event("intermediateCatchEvent", timer("Date", "2026-01-01")), "timer"),
    "duration with a tail": (one_event("intermediateCatchEvent", timer("Duration", 'P1D" + x + "')), one_event("intermediateCatchEvent", timer("Duration", "P1DT2H")), "timer"),
    "cycle under a minute": (around().boundary("b", "u", timer("Cycle", "R/PT30S"), interrupting=False).flow("b", "e").xml(), around().boundary("b", "u", timer("Cycle", "R/PT60S"), interrupting=False).flow("b", "e").xml(), "timer-too-short"),
    "cycle of nothing": (around().boundary("b", "u", timer("Cycle", "R/PT0M"), interrupting=False).flow("b", "e").xml(), around().boundary("b", "u", timer("Cycle", "R/PT10M"), interrupting=False).flow("b", "e").xml(), "timer-too-short"),
    "cycle in the way": (one_event("intermediateCatchEvent", timer("Cycle", "R3/P1D")), one_event("intermediateCatchEvent", timer("Duration", "P1D")), "timer-place"),
    "due": (around(congvan__due="mai").xml(), around(congvan__due="P2DT4H").xml(), "due"),
    "due in months": (around(congvan__due="P1M").xml(), around(congvan__due="=deadline").xml(), "due"),
    "due too far": (around(congvan__due="P99999999D").xml(), around(congvan__due="P1830D").xml(), "due"),
    "due of too many hours": (around(congvan__due="PT7321H").xml(), around(congvan__due="PT7320H").xml(), "due"),
    "due of both too far": (around(congvan__due="P1829DT5H").xml(), around(congvan__due="P1829DT4H").xml(), "due"),
    "due of more digits than int reads": (around(congvan__due=f"P{'9' * 5000}D").xml(), around(congvan__due="P000009D").xml(), "due"),
    "number of instances": (around("<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>501</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>").xml(), around("<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>500</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>").xml(), "cardinality"),
    "name of the list": (around(each("x.y", "x")).xml(), around(each("xs", "x")).xml(), "list-name"),
    "loop without end": (around("<bpmn:standardLoopCharacteristics/>").xml(), around('<bpmn:standardLoopCharacteristics loopMaximum="3"/>').xml(), "loop-maximum"),
    "empty process": (HEAD.encode() + b'<bpmn:process id="p"/></bpmn:definitions>', GOOD, "empty"),
    "no start": (Drawing().user("u").end().chain("u", "e").xml(), GOOD, "no-start"),
    "no end": (Drawing().start().user("u").chain("s", "u").xml(), GOOD, "no-end"),
    "dangling flow": (line("u").flow("u", "nowhere").xml(), GOOD, "flow-end"),
    "unreachable": (line("u").user("v").xml(), line("u", "v").xml(), "unreachable"),
    "cycle without a wait": (looped("x"), looped("u", u="userTask"), "endless"),
    "longer cycle": (looped("x", "y"), looped("x", "u", u="userTask"), "endless"),
    "cycle through a link": (
        Drawing().start().script("x", "n = 1").xor("g", default="d").end().chain("s", "x", "g").flow("g", "lt", "n = 1").flow("g", "e", identity="d").node("intermediateThrowEvent", "lt", event("link", name="l")).node("intermediateCatchEvent", "lc", event("link", name="l")).flow("lc", "x").xml(),
        Drawing().start().user("x").xor("g", default="d").end().chain("s", "x", "g").flow("g", "lt", "n = 1").flow("g", "e", identity="d").node("intermediateThrowEvent", "lt", event("link", name="l")).node("intermediateCatchEvent", "lc", event("link", name="l")).flow("lc", "x").xml(), "endless"),
}  # fmt: skip


@pytest.mark.parametrize("rule", BAD_AND_GOOD)
def test_rule_and_what_it_lets_pass(rule: str) -> None:
    bad, good, code = BAD_AND_GOOD[rule]
    assert code in codes(bad)
    assert codes(good) == set()


CATALOGUE = Catalogue(
    verbs={"present": "", "sign": "signing"}, forms=frozenset({"form", "signing"}), roles=frozenset({"clerk"}),
    machine_verbs=frozenset({"seal"}),
)  # fmt: skip
CLERK = ' congvan:role="clerk"'


@pytest.mark.parametrize(
    ("bad", "good", "code"),
    [
        (in_lane("userTask", ' congvan:role="king"'), in_lane("userTask", CLERK), "role"),
        (in_lane("userTask", CLERK, congvan__verb="fly"), in_lane("userTask", CLERK, congvan__verb="present"), "verb"),
        (in_lane("serviceTask", CLERK), in_lane("serviceTask", CLERK, congvan__verb="seal"), "verb"),
        (in_lane("serviceTask", CLERK, congvan__verb="present"), in_lane("serviceTask", congvan__verb="seal"), "verb"),
        (in_lane("userTask", CLERK, congvan__form="none"), in_lane("userTask", CLERK, congvan__form="form"), "form"),
        (in_lane("userTask", CLERK, congvan__verb="sign", congvan__form="form"), in_lane("userTask", CLERK, congvan__verb="sign", congvan__form="signing"), "verb-form"),
        (in_lane("userTask"), in_lane("userTask", congvan__assignee="=x"), "nobody"),
    ],
    ids=["role", "verb", "machine without verb", "machine with an officer's verb", "form", "form of another verb", "nobody"],
)  # fmt: skip
def test_names_of_the_office(bad: bytes, good: bytes, code: str) -> None:
    assert code in codes(bad, CATALOGUE)
    assert codes(good, CATALOGUE) == set()
    assert codes(bad) == set()


# Python in every hook ----------------------------------------------------------------------------

CANARY = "CONGVAN_TEST_CANARY"
ATTACKS = [
    f"__import__('os').environ.__setitem__('{CANARY}', 'x')",
    f'__import__("os").environ.__setitem__("{CANARY}", "x")',
    f"[c for c in ().__class__.__base__.__subclasses__()][0] or exec('import os; os.environ[\"{CANARY}\"]=1')",
]


def hooked(attack: str) -> dict[str, bytes]:
    """One diagram for every place where an author writes something that is read as code."""
    loop = "<bpmn:standardLoopCharacteristics loopMaximum='3' testBefore='true'><bpmn:loopCondition>{}</bpmn:loopCondition></bpmn:standardLoopCharacteristics>"
    text = etree.Element("t")
    text.text = attack
    safe = etree.tostring(text).decode()[3:-4]
    number = f"<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>{safe}</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    correlated = (
        '<bpmn:message id="M" name="m"/><bpmn:correlationProperty id="cp" name="cp">'
        '<bpmn:correlationPropertyRetrievalExpression messageRef="M"><bpmn:messagePath>'
        f"{safe}</bpmn:messagePath></bpmn:correlationPropertyRetrievalExpression></bpmn:correlationProperty>"
    )
    sent = (
        Drawing()
        .start()
        .node("intermediateThrowEvent", "t", event("message", messageRef="M"))
        .end()
    )
    found = {
        "script": Drawing().start().script("x", attack).end().chain("s", "x", "e").xml(),
        "assigned": Drawing().start().script("x", f"y = {attack}").end().chain("s", "x", "e").xml(),
        "condition": gated("exclusiveGateway", attack, None),
        "inclusive condition": gated("inclusiveGateway", attack, None),
        "flow of a task": around().user("v").flow("u", "v", attack).flow("v", "e").xml(),
        "cardinality": around(number).xml(),
        "collection": around(each(attack, "x")).xml(),
        "element": around(each("xs", attack)).xml(),
        "completion condition": around(each("xs", "x", until=attack)).xml(),
        "loop condition": around(loop.format(safe)).xml(),
        "conditional event": one_event("intermediateCatchEvent", event("conditional", f"<bpmn:condition>{safe}</bpmn:condition>")),
        "message payload": sent.chain("s", "t", "e").xml(correlated),
        "unit": in_lane("userTask", congvan__unit=f"={attack}"),
    }  # fmt: skip
    for kind in ("Date", "Duration"):
        found[f"timer {kind}"] = one_event("intermediateCatchEvent", timer(kind, attack))
    found["timer Cycle"] = (
        around().boundary("b", "u", timer("Cycle", attack), interrupting=False).flow("b", "e").xml()
    )
    for name in ("due", "candidates", "assignee", "exclude"):
        found[name] = around(**{f"congvan__{name}": f"={attack}"}).xml()
    return found


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv(CANARY, raising=False)
    yield
    assert CANARY not in os.environ


@pytest.mark.parametrize("hook", hooked(""))
@pytest.mark.parametrize("attack", ATTACKS, ids=["quote", "double quote", "subclasses"])
def test_python_is_refused_and_would_not_run_either(hook: str, attack: str, canary: None) -> None:
    xml = hooked(attack)[hook]
    found = definition.prepare(xml)
    assert found.has_errors
    assert found.specs == b""
    # Past the linter: whatever the parser makes of it is started, and nothing of it is carried out.
    normalised, _ = normalise.normalise(diagram.read(xml))
    try:
        built = program.restore(program.build(normalised)[0])
        step = machine.start(built, {"xs": [1, 2], "x": 1}, NOW)
        for item in step.opened:
            machine.complete(built, step.state, item.task_id, {"n": 1}, NOW)
        for waiting in step.subscribed:
            machine.fire(built, step.state, waiting.task_id, NOW)
    except OfficeError:
        pass


def test_the_canary_sings_for_the_stock_library(monkeypatch: pytest.MonkeyPatch) -> None:
    from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
    from SpiffWorkflow.bpmn.workflow import BpmnWorkflow

    monkeypatch.delenv(CANARY, raising=False)
    parser = BpmnParser()
    parser.add_bpmn_str(hooked(ATTACKS[0])["script"])
    BpmnWorkflow(parser.get_spec("p"), {}).do_engine_steps()
    assert os.environ[CANARY] == "x"


# the normaliser ----------------------------------------------------------------------------------


def ids(xml: bytes) -> set[str]:
    return {e.get("id") for e in etree.fromstring(xml).iter() if e.get("id")}


@pytest.mark.parametrize("path", OWN, ids=lambda p: p.stem)
def test_normaliser_keeps_bytes_and_ids(path: Path) -> None:
    xml = path.read_bytes()
    found = definition.prepare(xml)
    assert found.original == xml
    # The element of a multi-instance has an id only in what is run.
    assert ids(found.normalised) - {"cooperating_unit", "part", "informed_party"} == ids(xml)


def test_every_rewrite_is_reported_and_adds_only_reserved_ids() -> None:
    drawing = Drawing().start().user("a", "b", "c").end().chain("s", "a", "b", "e")
    drawing.chain("a", "c", "e").boundary("t", "b", timer("Duration", "P1D")).flow("t", "e")
    xml = drawing.xml()
    found = definition.prepare(xml)
    assert {i for i in ids(found.normalised) - ids(xml) if not i.startswith("cv.")} == set()
    assert ids(xml) <= ids(found.normalised)
    assert {(f.element, f.code) for f in found.findings} == {("a", "rewritten"), ("t", "rewritten")}
    assert found.original is xml


def test_drawn_data_is_for_the_reader() -> None:
    data = (
        '<bpmn:dataInputAssociation id="da"><bpmn:sourceRef>do</bpmn:sourceRef>'
        "<bpmn:targetRef>u</bpmn:targetRef></bpmn:dataInputAssociation>"
    )
    drawing = around(data).node("dataObject", "do0")
    drawing.node("dataObjectReference", "do", dataObjectRef="do0")
    found = definition.prepare(drawing.xml())
    assert not found.has_errors
    assert {f.element for f in found.findings} == {"u", "p"}
    assert Run(drawing.xml()).do("u").done


# our own procedures ------------------------------------------------------------------------------

DEADLINE = "2026-05-04T08:00:00+07:00"


def own(name: str) -> bytes:
    return (ROOT / "processes" / name / f"{name}.bpmn").read_bytes()


def directed(**given: Any) -> dict[str, Any]:
    return {
        "outcome": "ok", "lead_unit": "u1", "lead_officer": None, "deadline": DEADLINE,
        "cooperating": [], "cooperation": [], "informed": [], **given,
    }  # fmt: skip


def parts(*units: str) -> list[dict[str, str]]:
    """What is asked of cooperating units, each until a day of its own."""
    return [{"unit": unit, "deadline": DEADLINE} for unit in units]


def incoming(**given: Any) -> Run:
    """A document directed to a unit (or an officer), with cooperating units."""
    run = Run(own("incoming"), director="d", lead_unit=None, lead_officer=None, cooperation=[], informed=[], outcome="", deadline=None, processed_by=None)  # fmt: skip
    run.do("check", outcome="ok").do("register", outcome="ok").do("present", outcome="ok")
    assert run.at == ["direct"]
    return run.do("direct", **directed(**given))


@pytest.mark.parametrize("path", OWN, ids=lambda p: p.stem)
def test_our_procedures_have_no_finding_above_information(path: Path) -> None:
    assert prepared(path.read_bytes()).specs


def test_incoming_refused_at_once() -> None:
    run = Run(own("incoming"), outcome="")
    assert run.at == ["check"]
    assert run.do("check", outcome="return").done
    assert run.step.passed[-1] == "refused"


@pytest.mark.parametrize("units", [[], ["a"], ["a", "b", "c"]], ids=len)
def test_incoming_with_cooperating_units(units: list[str]) -> None:
    run = incoming(cooperation=parts(*units))
    assert run.at == ["assign"] + ["cooperate"] * len(units)
    seen = {o.variables["part"]["unit"] for o in run.open.values() if o.node.id == "cooperate"}
    assert seen == set(units)
    for part in parts(*units):
        run.complete(run.item("cooperate", part=part))
    run.do("assign", outcome="ok", lead_officer="x").do("process", outcome="done", processed_by="x")
    assert run.at == ["complete"]
    assert run.do("complete", outcome="ok").at == ["file"]
    assert run.do("file").done


def test_incoming_waits_for_the_last_cooperating_unit() -> None:
    run = incoming(cooperation=parts("a", "b"))
    run.do("assign", outcome="ok", lead_officer="x").do("process", outcome="done")
    run.do("complete", outcome="ok", cooperation=parts("a", "b"))
    assert run.at == ["cooperate", "cooperate"]
    assert run.do("cooperate").at == ["cooperate"]
    assert run.do("cooperate").at == ["file"]


def test_incoming_a_cooperating_unit_gives_back_and_another_is_asked() -> None:
    run = incoming(cooperation=parts("a", "b"), lead_officer="x")
    assert run.at == ["cooperate", "cooperate", "process"]
    run.complete(run.item("cooperate", part=parts("a")[0]), outcome="return")
    assert run.at == ["cooperate", "process", "review"]
    run.do("review", outcome="assign", part=parts("c")[0])
    asked = [o.variables["part"]["unit"] for o in run.open.values() if o.node.id == "cooperate"]
    assert sorted(asked) == ["b", "c"]
    run.complete(run.item("cooperate", part=parts("c")[0]), outcome="return")
    assert run.do("review", outcome="release").at == ["cooperate", "process"]
    run.do("process", outcome="done").do("complete", outcome="ok")
    assert run.at == ["cooperate"], "the lead waits for whoever still cooperates"
    assert run.do("cooperate", outcome="contribute").at == ["file"]
    assert run.do("file").done


def test_incoming_nothing_waits_for_whom_it_informs() -> None:
    told = ["role:unit_head@a", "officer:b"]
    run = incoming(informed=told, lead_officer="x")
    assert run.at == ["acknowledge", "acknowledge", "process"]
    run.complete(run.item("acknowledge", informed_party="officer:b"))
    assert run.at == ["acknowledge", "process"]
    run.do("process", outcome="done").do("complete", outcome="ok")
    assert run.at == ["acknowledge", "file"]
    assert run.do("file").done


def test_incoming_to_an_officer_directly() -> None:
    assert incoming(lead_officer="x").at == ["process"]


def test_incoming_every_return_edge() -> None:
    run = Run(own("incoming"), cooperation=[], informed=[], lead_officer=None, outcome="", deadline=DEADLINE)  # fmt: skip
    run.do("check", outcome="ok").do("register").do("present")
    assert run.do("direct", **directed(outcome="return")).at == ["register"]
    run.do("register", outcome="ok").do("present")
    assert run.do("direct", **directed()).at == ["assign"]
    assert run.do("assign", outcome="ok", lead_officer="x").at == ["process"]
    for _ in range(3):
        assert run.do("process", outcome="continue").at == ["process"]
    assert run.do("process", outcome="return").at == ["assign"]
    run.do("assign", outcome="ok").do("process", outcome="done")
    assert run.do("complete", outcome="return").at == ["process"]
    run.do("process", outcome="done").do("complete", outcome="ok").do("file")
    assert run.done


def test_incoming_assignment_returned_to_the_leader() -> None:
    """The fork has been passed: the second direction forks again."""
    run = incoming(cooperation=parts("a"))
    assert run.do("assign", outcome="return").at == ["cooperate", "direct"]
    run.do("direct", **directed(cooperation=parts("b")))
    assert "assign" in run.at
    for _ in range(12):
        if run.done:
            break
        node = run.at[0]
        run.do(node, outcome="ok", lead_officer="x")
    assert run.done


def test_incoming_deadline_passes() -> None:
    run = incoming(lead_officer="x")
    (waiting,) = run.waiting.values()
    assert (waiting.node_id, waiting.due_at) == ("overdue", datetime(2026, 5, 4, 1, tzinfo=UTC))
    assert run.fire("overdue").at == ["follow_up", "process"]
    run.do("process", outcome="done").do("complete", outcome="ok").do("file")
    assert run.done, "the reminder that is still open waits for nobody"


def test_incoming_deadline_is_gone_with_its_step() -> None:
    run = incoming(lead_officer="x").do("process", outcome="done")
    assert not run.waiting


@pytest.mark.parametrize("units", [[], ["a"], ["a", "b", "c"]], ids=len)
def test_outgoing_to_its_end(units: list[str]) -> None:
    run = Run(own("outgoing"), author="x", cooperating=[], outcome="", signatory="y")
    run.do("draft", cooperating=units)
    if units:
        assert run.at == ["comment"] * len(units)
        while "comment" in run.at:
            run.do("comment")
        assert run.at == ["revise"]
        run.do("revise", cooperating=units)
    for node in ("approve", "check_format", "sign", "number", "register", "seal", "issue", "store"):
        assert run.at == [node]
        run.do(node, outcome="ok")
    assert run.done


def test_outgoing_every_return_edge() -> None:
    run = Run(own("outgoing"), author="x", cooperating=["a", "b"], outcome="", signatory="y")
    for sent_back in (
        ["approve"],
        ["approve", "check_format"],
        ["approve", "check_format", "sign"],
    ):
        run.do("draft")
        run.do("comment").do("comment").do("revise")
        for node in sent_back[:-1]:
            run.do(node, outcome="ok")
        run.do(sent_back[-1], outcome="return")
        assert run.at == ["draft"]


@pytest.mark.parametrize("path", OWN, ids=lambda p: p.stem)
@pytest.mark.parametrize("seed", range(8))
def test_our_procedures_end_whatever_is_chosen(path: Path, seed: int) -> None:
    """Random outcomes and timers; from the 60th step on every choice leads forward."""
    chance = random.Random(seed)
    begun = directed(author="x", director="d", signatory="y", processed_by="")
    run = Run(path.read_bytes(), **begun)
    for count in range(200):
        if run.done:
            break
        if run.waiting and chance.random() < 0.3:
            run.fire(chance.choice(run.events))
            continue
        late = count >= 60
        node = chance.choice(run.at)
        run.do(
            node,
            **directed(
                outcome="ok" if late else chance.choice(["ok", "return", "continue", "done"]),
                cooperating=[] if late else ["a", "b", "c"][: (some := chance.randrange(4))],
                cooperation=[] if late else parts(*"abc"[:some]),
                informed=[] if late else ["role:unit_head@a", "officer:b"][:some],
                lead_officer=chance.choice([None, "x"]),
            ),
        )
    assert run.done
    assert not run.open
    assert not run.waiting
