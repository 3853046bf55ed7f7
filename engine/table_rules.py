"""What speaks against a decision table (kiểm tra bảng quyết định), cell by cell."""

from collections.abc import Iterator
from typing import Any

from engine.decision_table import (
    AGGREGATIONS,
    DMN,
    HIT_POLICIES,
    MAX_RULES,
    Table,
    decision_of,
    drawn_tables,
    table_of,
)
from engine.diagram import tag
from engine.expressions import (
    ANY,
    BOOLEAN,
    DATE,
    DURATION,
    MOMENT,
    NUMBER,
    TESTED,
    TEXT,
    TIME,
    ExpressionError,
    Kind,
    compile_assignments,
    compile_expression,
    compile_tests,
)
from engine.finding import Finding, error

#: what a type of DMN is in the language
KINDS: dict[str, Kind] = {
    "string": TEXT, "boolean": BOOLEAN, "number": NUMBER, "integer": NUMBER, "long": NUMBER,
    "double": NUMBER, "date": DATE, "time": TIME, "dateTime": MOMENT, "date and time": MOMENT,
    "dayTimeDuration": DURATION, "yearMonthDuration": DURATION, "duration": DURATION,
}  # fmt: skip


def check_decisions(root: Any) -> Iterator[Finding]:
    """Return what is wrong with the decision tables of a diagram and the steps that name them."""
    drawn = list(drawn_tables(root))
    ids = [d.get("id") for d in drawn]
    for task in root.iter(tag("businessRuleTask")):
        wanted = decision_of(task)
        found = [d for d in drawn if d.get("id") == wanted]
        if wanted and len(found) != 1:
            yield error(
                task, "no-decision",
                f"Bước quy tắc gọi bảng quyết định «{wanted}» nhưng tệp có {len(found)} bảng mang "
                "mã này. Đưa bảng DMN 1.3 vào tệp sơ đồ (lệnh congvan embed-decision).",
                f"The step names the decision “{wanted}”, of which the file holds {len(found)}. "
                "Put the DMN 1.3 table into the diagram's file (congvan embed-decision).",
            )  # fmt: skip
    for decision in drawn:
        if ids.count(decision.get("id")) == 1:
            yield from _decision(decision)
    for element in root.iter("{*}decisionTable"):
        if not element.tag.startswith(f"{{{DMN}}}"):
            yield error(
                _task_around(element), "dmn-version",
                "Bảng quyết định không theo chuẩn DMN 1.3. Mở bảng bằng dmn-js và lưu lại.",
                "The decision table is not DMN 1.3. Open it in dmn-js and save it again.",
            )  # fmt: skip


def _task_around(element: Any) -> Any:
    return next((e for e in element.iterancestors() if e.tag == tag("businessRuleTask")), "")


def _decision(decision: Any) -> Iterator[Finding]:
    identity, table = decision.get("id") or "", table_of(decision)
    if table is None:
        yield error(
            identity, "no-table",
            f"Quyết định «{identity}» không phải là bảng. Chỉ bảng quyết định chạy được.",
            f"The decision “{identity}” is not a table; only decision tables run.",
        )  # fmt: skip
        return
    if table.hit not in HIT_POLICIES or table.aggregation not in AGGREGATIONS:
        yield error(
            identity, "hit-policy",
            f"Bảng «{table.name}» dùng cách chọn dòng {table.hit} {table.aggregation}; chỉ chạy "
            "UNIQUE, FIRST và COLLECT (kèm SUM, MIN, MAX, COUNT).",
            f"Table “{table.name}” uses hit policy {table.hit} {table.aggregation}; UNIQUE, FIRST "
            "and COLLECT (with SUM, MIN, MAX, COUNT) run.",
        )  # fmt: skip
    if not table.outputs or not table.rules or len(table.rules) > MAX_RULES:
        yield error(
            identity, "table-size",
            f"Bảng «{table.name}» phải có cột kết quả và từ 1 đến {MAX_RULES} dòng.",
            f"Table “{table.name}” needs an output and 1 to {MAX_RULES} rows.",
        )  # fmt: skip
    width = (len(table.inputs), len(table.outputs))
    for number, rule in enumerate(table.rules, 1):
        if (len(rule.tests), len(rule.entries)) != width:
            yield error(
                identity, "table-row", f"Bảng «{table.name}», dòng {number} thiếu hoặc thừa ô.",
                f"Table “{table.name}”, row {number} has too few or too many cells.",
            )  # fmt: skip
            return
    yield from _cells(table)


def _cells(table: Table) -> Iterator[Finding]:
    known = [KINDS.get(kind, ANY) for kind in table.types]
    inputs, outputs = known[: len(table.inputs)], known[len(table.inputs) :]
    for place, text in enumerate(table.inputs, 1):
        yield from _cell(table, f"cột vào {place}", f"input {place}", compile_expression, text)
    for name, default, kind in zip(table.outputs, table.defaults, outputs, strict=True):
        yield from _cell(table, f"cột {name}", f"column {name}", _names_variable, name)
        if default:
            yield from _cell(table, f"cột {name}", f"column {name}", _entry(kind), default)
    for number, rule in enumerate(table.rules, 1):
        for place, (text, kind) in enumerate(zip(rule.tests, inputs, strict=True), 1):
            where = f"dòng {number}, cột vào {place}", f"row {number}, input {place}"
            yield from _cell(table, *where, _test(kind), text)
        for name, text, kind in zip(table.outputs, rule.entries, outputs, strict=True):
            if text:
                where = f"dòng {number}, cột {name}", f"row {number}, column {name}"
                yield from _cell(table, *where, _entry(kind), text)


def _test(kind: Kind) -> Any:
    def check(text: str) -> None:
        tests = compile_tests(text)
        if tests is not None:
            compile_tests(text, {**dict.fromkeys(tests.names, ANY), TESTED: kind})

    return check


def _entry(kind: Kind) -> Any:
    def check(text: str) -> None:
        names = compile_expression(text).names
        compile_expression(text, dict.fromkeys(names, ANY), kind)

    return check


def _names_variable(name: str) -> None:
    compile_assignments(f"{name} = null")


def _cell(table: Table, vi: str, en: str, compiler: Any, text: str) -> Iterator[Finding]:
    try:
        compiler(text)
    except ExpressionError as problem:
        yield error(
            table.id, "decision-cell", f"Bảng «{table.name}», {vi}: {problem.text('vi')}",
            f"Table “{table.name}”, {en}: {problem.text('en')}",
        )  # fmt: skip
