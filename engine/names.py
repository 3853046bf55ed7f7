"""The variables of a diagram (biến điều hướng): every name is set by somebody, every kind fits."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.choices import KEY
from engine.decision_table import drawn_tables, table_of
from engine.diagram import kind_of, own, tag
from engine.expressions import (
    ANY,
    BOOLEAN,
    CONTEXT,
    LIST,
    ExpressionError,
    Kind,
    compile_assignments,
    compile_expression,
)
from engine.finding import Finding, error
from engine.normalise import TIMER_LITERALS
from engine.table_rules import KINDS, check_shape, flaws

_CONDITIONS = ("conditionExpression", "loopCondition", "completionCondition", "condition")
_ASKS = ("candidates", "assignee", "exclude")


def check_names(root: Any, declared: Mapping[str, Kind]) -> Iterator[Finding]:
    """Return the names nobody sets, comparisons that never hold, operations that never work.

    `declared` are what forms and verbs set; the diagram itself adds what its scripts assign, the
    element of each list it runs over, the results its instances give, what a decision table gives,
    and what an element says it brings (`congvan:sets`).
    """
    names = names_of(root, declared)
    for element in root.iter(tag("scriptTask")):
        text = (element.findtext(tag("script")) or "").strip()
        yield from _checked(element, text, names, compiler=compile_assignments)
    for kind in _CONDITIONS:
        for element in root.iter(tag(kind)):
            yield from _checked(element, (element.text or "").strip(), names, BOOLEAN)
    for kind, literal in TIMER_LITERALS.items():
        for element in root.iter(tag(kind)):
            text = (element.text or "").strip()
            if not literal.fullmatch(text):
                yield from _checked(element, text, names)
    for element in root.iter(tag("*")):
        yield from _asked(element, names)
    for decision in drawn_tables(root):
        yield from _read_by(decision, names)


def names_of(root: Any, declared: Mapping[str, Kind]) -> dict[str, Kind]:
    """Return every variable of a diagram with its kind, declared ones first."""
    names = dict(declared)
    for element in root.iter(tag("*")):
        if own(element, "choice") or own(element, "choices"):  # completed, drawn elsewhere
            names.setdefault(KEY, CONTEXT)
        for name in own(element, "sets").split():
            names.setdefault(name, ANY)
        kind = kind_of(element)
        if kind == "multiInstanceLoopCharacteristics":
            collection, item = own(element, "collection"), own(element, "element")
            if item:
                names.setdefault(item, names.get(collection, ANY).item or ANY)
            for name, given in _listed(element):
                if name:
                    names.setdefault(name, given)
        elif kind == "scriptTask":
            names |= _assigned(element, names)
    for decision in drawn_tables(root):
        for name, given in _given_by(decision):
            names.setdefault(name, given)
    return names


def _listed(loop: Any) -> Iterator[tuple[str, Kind]]:
    """Yield what the instances of a step give: the list of their results, and each one's."""
    items = {kind_of(e): e for e in loop}
    given = items.get("loopDataOutputRef")
    yield own(loop, "results") or ((given.text or "").strip() if given is not None else ""), LIST
    for name in ("inputDataItem", "outputDataItem"):
        if name in items:
            yield items[name].get("id") or "", ANY
    yield own(loop, "result"), ANY


def _given_by(decision: Any) -> Iterator[tuple[str, Kind]]:
    """Yield what a decision table sets."""
    table = table_of(decision)
    if table is None:
        return
    several = table.hit == "COLLECT" and not table.aggregation
    for name, kind in zip(table.outputs, table.types[len(table.inputs) :], strict=True):
        yield name, LIST if several else KINDS.get(kind, ANY)


def _read_by(decision: Any, names: dict[str, Kind]) -> Iterator[Finding]:
    """Yield what is wrong with the names a decision table reads, in the cells that can be read."""
    table = table_of(decision)
    if table is None or any(f.code == "table-row" for f in check_shape(table)):
        return
    found = list(flaws(table, names))
    told = {(f.row, f.column) for f in flaws(table)} if found else set()
    for flaw in found:
        if (flaw.row, flaw.column) not in told:
            yield error(
                decision, _code_of(flaw.problem), flaw.text("vi"), flaw.text("en")
            )  # fmt: skip


def _code_of(problem: ExpressionError) -> str:
    return "unknown-name" if problem.problem == "unknown-name" else "wrong-kind"


def _assigned(script: Any, names: dict[str, Kind]) -> dict[str, Kind]:
    try:
        given = compile_assignments((script.findtext(tag("script")) or "").strip())
    except ExpressionError:
        return {}
    return {name: ANY for name in given.kinds if name not in names}


def _asked(element: Any, names: dict[str, Kind]) -> Iterator[Finding]:
    for attribute in _ASKS:
        yield from _checked(element, own(element, attribute), names)
    for attribute in ("due", "unit"):
        text = own(element, attribute)
        if text.startswith("="):
            yield from _checked(element, text, names)
    collection = own(element, "collection")
    if collection.isidentifier():
        yield from _checked(element, collection, names, LIST)


def _checked(
    element: Any, text: str, names: dict[str, Kind], result: Kind = ANY, compiler: Any = None
) -> Iterator[Finding]:
    if not text:
        return
    try:
        (compiler or compile_expression)(text)
    except ExpressionError:
        return  # said by the lint
    try:
        if compiler is not None:
            compiler(text, names)
        else:
            compile_expression(text, names, result)
    except ExpressionError as problem:
        owner = element
        while owner.getparent() is not None and not owner.get("id"):
            owner = owner.getparent()
        yield error(owner, _code_of(problem), problem.text("vi"), problem.text("en"))
