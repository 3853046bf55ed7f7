"""Decision tables in a diagram: read, checked cell by cell, decided in our language and nothing else."""

from pathlib import Path

import pytest
from bpmn_drawing import Drawing
from click.testing import CliRunner
from conformance import RULES, decided, rule, table
from token_runs import NOW, Run, prepared

from engine import definition, diagram, lint
from engine.decision_table import DMN, DecisionUnclear, Table, table_of, with_tables
from engine.expressions import ExpressionError, compile_tests
from office.cli import main

#: two columns that set one variable
TWICE = '<output id="o1" name="days"/><output id="o2" name="days"/>'


def read(tables: str) -> Table:
    root = diagram.read(decided(tables))
    found = table_of(next(root.iter(f"{{{DMN}}}decision")))
    assert found is not None
    return found


def decide(tables: str, **variables: object) -> dict:
    return read(tables).decide(variables, NOW)


def findings(tables: str) -> dict[str, str]:
    return {f.code: f.vi for f in definition.prepare(decided(tables)).findings if f.is_error}


# cells -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "passes", "fails"),
    [
        ("-", [1, None, "x"], []), ("", [1], []),
        ('"a", "b"', ["a", "b"], ["c", None, 1]), ("< 3", [2, -1], [3, None, "2"]),
        (">= 3, < 0", [3, -1], [0, 2]), ("[1..5]", [1, 5], [0, 6, None]), ("(1..5)", [2], [1, 5]),
        ("]1..5]", [5], [1]), ("[1..5)", [1], [5]), ('not("a", "b")', ["c"], ["a", "b"]),
        ("-5", [-5], [5]), ("null", [None], [0]), ("true", [True], [1, "true"]), ("n", [7], [8]),
        ("n + 1", [8], [7]), ("!= 3", [4], [3]),
    ],
)  # fmt: skip
def test_unary_tests(cell: str, passes: list, fails: list) -> None:
    tests = compile_tests(cell)

    def holds(value: object) -> bool:
        return tests is None or tests.holds({"n": 7, "?": value}, NOW)

    assert [holds(v) for v in passes] == [True] * len(passes)
    assert [holds(v) for v in fails] == [False] * len(fails)


@pytest.mark.parametrize(
    "cell",
    ["<", '"a",', "a b", "1..5", "[1..", 'not("a") or true', "__class__", "x.__class__",
     "[x for x in y]", "open('f')", "lambda: 1", "f()", "a; b", "1" * 2_100, "(" * 60 + ")" * 60],
)  # fmt: skip
def test_cell_that_is_none_is_refused(cell: str) -> None:
    with pytest.raises(ExpressionError):
        compile_tests(cell)


# hit policies ------------------------------------------------------------------------------------


def test_unique_takes_the_row_that_matches() -> None:
    assert decide(table(RULES), urgency="khẩn", pages=3) == {"days": 2}
    assert decide(table(RULES), urgency="thường", pages=5) == {"days": 5.5}
    assert decide(table(RULES), urgency="khẩn", pages=30) == {"days": None}


def test_unique_refuses_two_rows_that_match_and_nothing_is_written() -> None:
    drawing = Drawing().start().user("a").user("b").end()
    drawing.node(
        "businessRuleTask", "x", table(rule("-", "-", "9") + RULES), congvan__decision="limit"
    )
    run = Run(drawing.chain("s", "a", "x", "b", "e").xml())
    before = run.step.state
    with pytest.raises(DecisionUnclear) as refused:
        run.do("a", urgency="khẩn", pages=1)
    assert "dòng 1 và dòng 3" in refused.value.text("vi")
    assert "«Thời hạn»" in refused.value.text("vi")
    assert run.step.state == before
    assert run.do("a", urgency="khẩn", pages=20).at == ["b"]
    assert run.open[run.item("b")].variables["days"] == 9


def test_first_takes_the_first() -> None:
    rows = rule("-", "> 5", "9") + RULES
    assert decide(table(rows, "FIRST"), urgency="khẩn", pages=6) == {"days": 9}
    assert decide(table(rows, "FIRST"), urgency="khẩn", pages=5) == {"days": 2}


@pytest.mark.parametrize(
    ("hit", "given", "nothing"),
    [("COLLECT", [9, 2], []), ("COLLECT SUM", 11, None), ("COLLECT MIN", 2, None),
     ("COLLECT MAX", 9, None), ("COLLECT COUNT", 2, 0)],
)  # fmt: skip
def test_collect(hit: str, given: object, nothing: object) -> None:
    rows = rule("-", "< 100", "9") + RULES
    assert decide(table(rows, hit), urgency="khẩn", pages=6) == {"days": given}
    assert decide(table(rows, hit), urgency="khẩn", pages=100) == {"days": nothing}


def test_default_and_several_outputs() -> None:
    outputs = (
        '<output id="o1" name="days" typeRef="number"><defaultOutputEntry><text>7</text>'
        '</defaultOutputEntry></output><output id="o2" name="who" typeRef="string"/>'
    )
    rows = rule('"khẩn"', "-", "1", '"lãnh đạo"', outputs=2)
    assert decide(table(rows, outputs=outputs), urgency="khẩn") == {"days": 1, "who": "lãnh đạo"}
    assert decide(table(rows, outputs=outputs), urgency="") == {"days": 7, "who": None}


# in the diagram ----------------------------------------------------------------------------------


def test_it_decides_at_once_and_nobody_waits() -> None:
    found = prepared(decided(table(RULES)))
    assert not found.model.nodes["x"].is_machine
    office = lint.check(diagram.read(found.original), found.model, lint.Catalogue())
    assert "x" not in {f.element for f in office}  # it needs no verb
    run = Run(decided(table(RULES)), urgency="khẩn", pages=1)
    assert run.step.passed == ["s", "x", "g"]
    assert run.at == ["short"]


def test_a_round_of_tables_alone_is_endless() -> None:
    drawing = Drawing().start().xor("m").xor("g", default="d").end()
    drawing.node("businessRuleTask", "x", table(RULES), congvan__decision="limit")
    drawing.chain("s", "m", "x", "g").flow("g", "m", "days = 1").flow("g", "e", identity="d")
    codes = {f.code for f in definition.prepare(drawing.xml()).findings}
    assert "endless" in codes


@pytest.mark.parametrize(
    ("tables", "code", "words"),
    [
        (table(RULES).replace('id="limit"', 'id="other"'), "no-decision", "«limit»"),
        (table(RULES, "PRIORITY"), "hit-policy", "PRIORITY"),
        (table(RULES, "ANY"), "hit-policy", "ANY"),
        (table(RULES, "COLLECT AVG"), "hit-policy", "AVG"),
        (table(""), "table-size", "dòng"),
        (table(rule("-", "1")), "table-row", "dòng 1"),
        (table(rule("-", "-", "1", "2", outputs=2), outputs=TWICE), "table-column", "«days»"),
        (table(rule("-", "<", "1")), "decision-cell", "dòng 1, cột vào 2"),
        (table(rule("3", "-", "1")), "decision-cell", "dòng 1, cột vào 1"),
        (table(rule("-", "-", '"x"')), "decision-cell", "dòng 1, cột days"),
        (table(rule("-", "-", "__import__('os')")), "decision-cell", "dòng 1, cột days"),
        (table(RULES).replace("<text>pages<", "<text>pages +<"), "decision-cell", "cột vào 2"),
        (table(RULES).replace('name="days"', 'name="a b"'), "decision-cell", "cột a b"),
        (table(RULES).replace("decisionTable", "literalExpression"), "no-table", "limit"),
        (table(RULES).replace("20191111", "20151101"), "no-decision", "DMN 1.3"),
        (table(RULES).replace("20191111", "20151101"), "dmn-version", "DMN 1.3"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_table_is_said(tables: str, code: str, words: str) -> None:
    assert findings(table(RULES)) == {}
    assert words in findings(tables)[code]


# the file of a modeller --------------------------------------------------------------------------


def dmn(name: str = "limit") -> bytes:
    inner = table(RULES).removeprefix("<bpmn:extensionElements>")
    return inner.removesuffix("</bpmn:extensionElements>").replace('"limit"', f'"{name}"').encode()


def test_a_dmn_file_is_put_into_the_diagram(tmp_path: Path) -> None:
    bare, drawn = tmp_path / "d.bpmn", tmp_path / "t.dmn"
    bare.write_bytes(decided(""))
    drawn.write_bytes(dmn())
    assert "no-decision" in {f.code for f in definition.prepare(bare.read_bytes()).findings}
    for _ in range(2):  # a second time it takes the place of the first
        done = CliRunner().invoke(main, ["embed-decision", str(bare), str(drawn)])
        assert done.exit_code == 0, done.output
        assert Run(bare.read_bytes(), urgency="khẩn", pages=1).at == ["short"]


@pytest.mark.parametrize(
    "bad",
    [b"", b"<a/>", b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + dmn(),
     dmn().replace(b"20191111", b"20151101"), b" " * 2_000_001],
    ids=["empty", "other", "doctype", "DMN 1.1", "large"],
)  # fmt: skip
def test_a_file_that_is_no_table_is_refused(bad: bytes) -> None:
    with pytest.raises(diagram.DiagramRefused) as refused:
        with_tables(decided(""), bad)
    assert "DMN" in refused.value.text("vi")
