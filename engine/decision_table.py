"""Decision tables (bảng quyết định): DMN 1.3 in the diagram's file, decided in our language.

A table travels inside the BPMN file, in `extensionElements` of the process or of the step; a
business rule task names it by `congvan:decision`. So one file is all of a version, and no Python.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from lxml import etree
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.serializer.default.task_spec import BpmnTaskSpecConverter
from SpiffWorkflow.bpmn.specs.mixins import BpmnSpecMixin

from engine import diagram
from engine.blackboard import note
from engine.diagram import own, tag
from engine.environment import plain
from engine.errors import OfficeError
from engine.expressions import TESTED, compile_expression, compile_tests

DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"
#: which rows count: the only one that matches, the first, or all of them as lists
HIT_POLICIES = ("UNIQUE", "FIRST", "COLLECT")
AGGREGATIONS = ("", "SUM", "MIN", "MAX", "COUNT")
MAX_RULES = 1_000


class DecisionUnclear(OfficeError):
    """A decision table gives no single answer (bảng quyết định không rõ); nothing was written."""

    code = "decision-unclear"
    vi = (
        "Bảng quyết định «{name}» không cho một kết quả rõ ràng: {reason_vi}. Việc chưa được ghi; "
        "kiểm tra dữ liệu vừa nhập, hoặc báo quản trị cơ quan sửa bảng."
    )
    en = "The decision table “{name}” gives no clear answer: {reason_en}. Nothing was written."


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: what each input must pass, and what each output becomes."""

    tests: tuple[str, ...]
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One decision table; `types` are the DMN names of kinds, inputs before outputs."""

    id: str
    name: str
    hit: str
    aggregation: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    defaults: tuple[str, ...]
    types: tuple[str, ...]
    rules: tuple[Rule, ...]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Table":
        """Return the table from plain JSON."""
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in data.items()
        }
        rules = tuple(Rule(tuple(r["tests"]), tuple(r["entries"])) for r in data["rules"])
        return cls(**{**values, "rules": rules})

    def to_json(self) -> dict[str, Any]:
        """Return the table as plain JSON."""
        return asdict(self)

    def decide(self, variables: dict[str, Any], now: datetime) -> dict[str, Any]:
        """Return what the outputs become; null where no row matches and there is no default.

        Raises `DecisionUnclear` where two rows of a UNIQUE table match, `ExpressionError`.
        """
        values = [compile_expression(text).evaluate(variables, now) for text in self.inputs]
        hits = self._hits(values, variables, now)
        if self.hit == "COLLECT":
            return self._collect(hits, variables, now)
        row = hits[0][1].entries if hits else self.defaults
        return {
            name: plain(compile_expression(text).evaluate(variables, now)) if text else None
            for name, text in zip(self.outputs, row, strict=True)
        }

    def _hits(
        self, values: list[Any], variables: dict[str, Any], now: datetime
    ) -> list[tuple[int, Rule]]:
        hits: list[tuple[int, Rule]] = []
        for number, rule in enumerate(self.rules, 1):
            pairs = zip(rule.tests, values, strict=True)
            tests = ((compile_tests(text), value) for text, value in pairs)
            if all(t is None or t.holds({**variables, TESTED: v}, now) for t, v in tests):
                if hits and self.hit == "UNIQUE":
                    raise DecisionUnclear(
                        name=self.name,
                        reason_vi=f"dòng {hits[0][0]} và dòng {number} cùng đúng",
                        reason_en=f"rows {hits[0][0]} and {number} both match",
                    )
                hits.append((number, rule))
                if self.hit == "FIRST":
                    break
        return hits

    def _collect(
        self, hits: list[tuple[int, Rule]], variables: dict[str, Any], now: datetime
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for place, name in enumerate(self.outputs):
            values = [
                compile_expression(rule.entries[place]).evaluate(variables, now)
                for _, rule in hits
                if rule.entries[place]
            ]
            found[name] = plain(self._aggregated(values))
        return found

    def _aggregated(self, values: list[Any]) -> Any:
        if not self.aggregation:
            return values
        if self.aggregation == "COUNT":
            return len(values)
        if not values:
            return None
        if not all(isinstance(v, int | Decimal) and not isinstance(v, bool) for v in values):
            raise DecisionUnclear(
                name=self.name,
                reason_vi="kết quả cần cộng hoặc so sánh không phải là số",
                reason_en="what is to be added or compared is no number",
            )
        if self.aggregation == "SUM":
            return sum(values)
        return min(values) if self.aggregation == "MIN" else max(values)


# reading -----------------------------------------------------------------------------------------


def decision_of(element: Any) -> str:
    """Return the id of the decision a business rule task names, or ""."""
    return own(element, "decision")


def drawn_tables(root: Any) -> Iterator[Any]:
    """Yield the DMN decisions that travel in the extension elements of a diagram."""
    for holder in root.iter(tag("extensionElements")):
        for definitions in holder.findall(f"{{{DMN}}}definitions"):
            yield from definitions.findall(f"{{{DMN}}}decision")


def table_of(decision: Any) -> Table | None:
    """Return the table of a DMN decision; None where it is decided in another way."""
    drawn = decision.find(f"{{{DMN}}}decisionTable")
    if drawn is None:
        return None
    inputs, outputs = _all(drawn, "input"), _all(drawn, "output")
    expressions = [i.find(f"{{{DMN}}}inputExpression") for i in inputs]
    kinds = [e.get("typeRef") if e is not None else "" for e in expressions]
    return Table(
        id=decision.get("id") or "",
        name=decision.get("name") or decision.get("id") or "",
        hit=drawn.get("hitPolicy") or "UNIQUE",
        aggregation=drawn.get("aggregation") or "",
        inputs=tuple(_text(e) for e in expressions),
        outputs=tuple((o.get("name") or decision.get("id") or "") for o in outputs),
        defaults=tuple(_text(o.find(f"{{{DMN}}}defaultOutputEntry")) for o in outputs),
        types=tuple((k or "") for k in [*kinds, *(o.get("typeRef") for o in outputs)]),
        rules=tuple(
            Rule(
                tuple(_text(e) for e in _all(rule, "inputEntry")),
                tuple(_text(e) for e in _all(rule, "outputEntry")),
            )
            for rule in _all(drawn, "rule")
        ),
    )


def _all(element: Any, name: str) -> list[Any]:
    return list(element.findall(f"{{{DMN}}}{name}"))


def _text(element: Any) -> str:
    return (element.findtext(f"{{{DMN}}}text") or "").strip() if element is not None else ""


# in the diagram ----------------------------------------------------------------------------------


class RuleTask(BpmnSpecMixin):
    """A business rule task with a decision table: it decides at once, nobody waits."""

    def __init__(self, wf_spec: Any, bpmn_id: str, table: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(wf_spec, bpmn_id, **kwargs)
        self.table = table
        self.decision = Table.from_json(table)

    def _run_hook(self, my_task: Any) -> Any:
        given = self.decision.decide(my_task.data, my_task.workflow.script_engine.now)
        my_task.data.update(given)
        note(my_task.workflow, given)
        return super()._run_hook(my_task)


class RuleTaskConverter(BpmnTaskSpecConverter):
    """Keeps the table with the step."""

    def to_dict(self, spec: Any) -> dict[str, Any]:
        """Return the step as plain JSON."""
        return {**super().to_dict(spec), "table": spec.table}


class RuleTaskParser(TaskParser):
    """Finds the table that a business rule task names."""

    def create_task(self) -> Any:
        """Return the step with its table."""
        wanted = decision_of(self.node)
        root = self.process_parser.document_root
        found = next(d for d in drawn_tables(root) if d.get("id") == wanted)
        table = table_of(found)
        assert table is not None
        return self.spec_class(
            self.spec, self.bpmn_id, table=table.to_json(), **self.bpmn_attributes
        )


def with_tables(diagram_xml: bytes, dmn_xml: bytes) -> bytes:
    """Return a diagram with the tables of a DMN file in it, in place of those of the same ids.

    Raises `engine.diagram.DiagramRefused` for a file that may not be read.
    """
    root = diagram.read(diagram_xml)
    process, tables = diagram.main_process(root), _read_tables(dmn_xml)
    ids = {d.get("id") for d in tables.findall(f"{{{DMN}}}decision")}
    for old in list(drawn_tables(root)):
        if old.get("id") in ids:
            old.getparent().remove(old)
    holder = process.find(tag("extensionElements"))
    if holder is None:
        holder = etree.Element(tag("extensionElements"))
        process.insert(len(process.findall(tag("documentation"))), holder)
    holder.append(tables)
    return diagram.to_bytes(root)


def _read_tables(xml: bytes) -> Any:
    if len(xml) > diagram.MAX_BYTES or b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise diagram.DiagramRefused(
            reason_vi="tệp DMN quá lớn hoặc có khai báo DOCTYPE. Lưu lại bảng từ trình soạn thảo.",
            reason_en="the DMN file is too large or declares a DOCTYPE. Save it again.",
        )
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise diagram.DiagramRefused(
            reason_vi=f"tệp DMN không phải XML hợp lệ ({error}).",
            reason_en=f"the DMN file is not valid XML ({error}).",
        ) from None
    if root.tag != f"{{{DMN}}}definitions" or cast("Any", root.getroottree().docinfo).doctype:
        raise diagram.DiagramRefused(
            reason_vi="tệp không phải bảng quyết định DMN 1.3.",
            reason_en="the file is not a DMN 1.3 decision table.",
        )
    return root
