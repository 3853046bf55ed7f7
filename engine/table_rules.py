"""What speaks against a decision table (kiểm tra bảng quyết định), cell by cell."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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

_WORDS = re.compile(r"[^\W\d_][\w\s-]*")


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
                "mã này. Chọn hoặc thêm bảng tại bước này trong trình vẽ, hoặc đưa bảng DMN 1.3 "
                "vào tệp sơ đồ (lệnh congvan embed-decision).",
                f"The step names the decision “{wanted}”, of which the file holds {len(found)}. "
                "Choose or add a table at this step in the designer, or put a DMN 1.3 table into "
                "the diagram's file (congvan embed-decision).",
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
    shape = list(check_shape(table))
    yield from shape
    if not any(finding.code == "table-row" for finding in shape):
        for flaw in flaws(table):
            yield error(identity, "decision-cell", flaw.text("vi"), flaw.text("en"))


def check_shape(table: Table) -> Iterator[Finding]:
    """Return what is wrong with a table as a whole: how it chooses, its size, a torn row."""
    if table.hit not in HIT_POLICIES or table.aggregation not in AGGREGATIONS:
        yield error(
            table.id, "hit-policy",
            f"Bảng «{table.name}» dùng cách chọn dòng {table.hit} {table.aggregation}; chỉ chạy "
            "UNIQUE, FIRST và COLLECT (kèm SUM, MIN, MAX, COUNT).",
            f"Table “{table.name}” uses hit policy {table.hit} {table.aggregation}; UNIQUE, FIRST "
            "and COLLECT (with SUM, MIN, MAX, COUNT) run.",
        )  # fmt: skip
    if not table.outputs or not table.rules or len(table.rules) > MAX_RULES:
        yield error(
            table.id, "table-size",
            f"Bảng «{table.name}» phải có cột kết quả và từ 1 đến {MAX_RULES} dòng.",
            f"Table “{table.name}” needs an output and 1 to {MAX_RULES} rows.",
        )  # fmt: skip
    for name in sorted({n for n in table.outputs if table.outputs.count(n) > 1}):
        yield error(
            table.id, "table-column",
            f"Bảng «{table.name}» có nhiều cột kết quả cùng tên «{name}». Đặt cho mỗi cột một tên.",
            f"Table “{table.name}” has several outputs called “{name}”. Give each its own name.",
        )  # fmt: skip
    width = (len(table.inputs), len(table.outputs))
    for number, rule in enumerate(table.rules, 1):
        if (len(rule.tests), len(rule.entries)) != width:
            yield error(
                table.id, "table-row", f"Bảng «{table.name}», dòng {number} thiếu hoặc thừa ô.",
                f"Table “{table.name}”, row {number} has too few or too many cells.",
            )  # fmt: skip
            return


# cells -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong in one cell (ô sai): its row, 0 for the head, and its column, inputs first."""

    row: int
    column: int
    problem: ExpressionError
    table: str
    vi: str
    en: str

    def reason(self, language: str = "vi") -> str:
        """Return what is wrong, for whoever sees the cell itself."""
        told = self.problem.reason(language).removesuffix("?")
        return f"{told[:1].upper()}{told[1:]}.{self._advice(language)}"

    def text(self, language: str = "vi") -> str:
        """Return what is wrong with its place in the table."""
        told = self.problem.text(language) + self._advice(language)
        if language == "en":
            return f"Table “{self.table}”, {self.en}: {told}"
        return f"Bảng «{self.table}», {self.vi}: {told}"

    def _advice(self, language: str) -> str:
        """Words alone were most often meant as text."""
        words = self.problem.fields["source"].strip()
        if not self.row or not _WORDS.fullmatch(words):
            return ""
        if language == "en":
            return f' If it is text, put it into quotes: "{words}".'
        return f' Nếu là chữ, đặt trong ngoặc kép: "{words}".'


def flaws(table: Table, names: Mapping[str, Kind] | None = None) -> Iterator[Flaw]:
    """Return the cells that cannot be read or never hold; with `names` also those nobody sets."""
    known = [KINDS.get(kind, ANY) for kind in table.types]
    width = len(table.inputs)
    tested = list(known[:width])
    for place, text in enumerate(table.inputs):
        where = f"cột vào {place + 1}", f"input {place + 1}"
        yield from _flaw(table, 0, place, where, _entry, text, known[place], names)
        tested[place] = _tested(text, known[place], names)
    outputs = list(enumerate(zip(table.outputs, known[width:], strict=True), width))
    for place, (name, kind) in outputs:
        where, default = (f"cột {name}", f"column {name}"), table.defaults[place - width]
        yield from _flaw(table, 0, place, where, _names_variable, name)
        if default:
            yield from _flaw(table, 0, place, where, _entry, default, kind, names)
    for number, rule in enumerate(table.rules, 1):
        for place, text in enumerate(rule.tests):
            where = f"dòng {number}, cột vào {place + 1}", f"row {number}, input {place + 1}"
            yield from _flaw(table, number, place, where, _test, text, tested[place], names)
        for (place, (name, kind)), text in zip(outputs, rule.entries, strict=True):
            where = f"dòng {number}, cột {name}", f"row {number}, column {name}"
            if text:
                yield from _flaw(table, number, place, where, _entry, text, kind, names)


def _flaw(
    table: Table, row: int, column: int, where: tuple[str, str], check: Any, *given: Any
) -> Iterator[Flaw]:
    try:
        check(*given)
    except ExpressionError as problem:
        yield Flaw(row, column, problem, table.name, *where)


def _tested(text: str, declared: Kind, names: Mapping[str, Kind] | None) -> Kind:
    """What a column tests: what its expression gives, where that fits what is declared."""
    try:
        found = compile_expression(text, names).kind if names is not None else ANY
    except ExpressionError:
        return declared
    return found if found.name != "any" and declared.name in {"any", found.name} else declared


def _test(text: str, kind: Kind, names: Mapping[str, Kind] | None) -> None:
    tests = compile_tests(text)
    if tests is not None:
        known = dict.fromkeys(tests.names, ANY) if names is None else names
        compile_tests(text, {**known, TESTED: kind})


def _entry(text: str, kind: Kind, names: Mapping[str, Kind] | None) -> None:
    known = dict.fromkeys(compile_expression(text).names, ANY) if names is None else names
    compile_expression(text, known, kind)


def _names_variable(name: str) -> None:
    if not name.isidentifier():
        raise ExpressionError("variable-name", source=name)
    compile_assignments(f"{name} = null")
