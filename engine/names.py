"""The variables of a diagram (biến điều hướng): every name is set by somebody, every kind fits."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.choices import KEY
from engine.diagram import kind_of, own, tag
from engine.expressions import (
    ANY,
    BOOLEAN,
    CONTEXT,
    ExpressionError,
    Kind,
    compile_assignments,
    compile_expression,
)
from engine.finding import Finding, error
from engine.normalise import TIMER_LITERALS

_CONDITIONS = ("conditionExpression", "loopCondition", "completionCondition", "condition")
_ASKS = ("candidates", "assignee", "exclude")


def check_names(root: Any, declared: Mapping[str, Kind]) -> Iterator[Finding]:
    """Return the names nobody sets, comparisons that never hold, operations that never work.

    `declared` are what forms and verbs set; the diagram itself adds what its scripts assign, the
    element of each list it runs over, and what an element says it brings (`congvan:sets`).
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


def names_of(root: Any, declared: Mapping[str, Kind]) -> dict[str, Kind]:
    """Return every variable of a diagram with its kind, declared ones first."""
    names = {KEY: CONTEXT, **declared}
    for element in root.iter(tag("*")):
        for name in own(element, "sets").split():
            names.setdefault(name, ANY)
        kind = kind_of(element)
        if kind == "multiInstanceLoopCharacteristics":
            collection, item = own(element, "collection"), own(element, "element")
            if item:
                names.setdefault(item, names.get(collection, ANY).item or ANY)
        elif kind == "scriptTask":
            names |= _assigned(element, names)
    return names


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
        yield from _checked(element, collection, names)


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
        code = "unknown-name" if problem.problem == "unknown-name" else "wrong-kind"
        yield error(owner, code, problem.text("vi"), problem.text("en"))
