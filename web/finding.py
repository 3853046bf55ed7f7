"""The findings of a drawing as a page shows them (kết quả kiểm tra): each at what it is called."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from engine import diagram
from engine.decision_table import drawn_tables
from engine.definition import Prepared
from engine.finding import Finding
from web.door import language
from web.tongue import _


def shown_findings(checked: Prepared) -> list[dict[str, Any]]:
    """Return what the list of findings shows; the first wrong way is the one in red."""
    shown = first_way(checked)
    called = partial(_called, checked, _others(checked))
    return [_finding(f, checked, called) | {"is_shown": f.path is shown} for f in checked.findings]


def first_way(checked: Prepared) -> tuple[str, ...]:
    """Return the way of the first finding that has one."""
    return next((f.path for f in checked.findings if f.path), ())


def counted(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return how many findings there are of each severity, and the words where all is well."""
    errors = sum(f.severity.value == "error" for f in findings)
    warnings = sum(f.severity.value == "warning" for f in findings)
    passed = "" if errors else _("Đạt, có thể công bố")
    return {"errors": errors, "warnings": warnings, "passed_text": passed}


#: a longer name would bury what is said of it
_LONGEST = 80


def _finding(one: Finding, checked: Prepared, called: Callable[[str], str]) -> dict[str, Any]:
    name = called(one.element)
    text = one.en if language() == "en" else one.vi
    if len(name) > _LONGEST:
        short = name[:_LONGEST] + "…"
        name, text = short, text.replace(name, short)
    return {
        "severity": one.severity.value,
        "element": one.element,
        "element_name": name,
        "text": text,
        "citation": one.citation,
        "path": one.path,
        "path_text": checked.named(one.path),
    }


def _called(checked: Prepared, others: dict[str, Any], element: str) -> str:
    """What a reader calls an element: its name, a flow also by what it joins, else its id."""
    nodes = checked.model.nodes
    if element in nodes:
        return nodes[element].name
    found = others.get(element)
    if found is None:
        return element
    if found.get("name"):
        return str(found.get("name"))
    ends = [nodes.get(found.get(end) or "") for end in ("sourceRef", "targetRef")]
    names = [end.name for end in ends if end is not None]
    return " → ".join(names) if len(names) == len(ends) else element


def _others(checked: Prepared) -> dict[str, Any]:
    """The lanes, flows and tables that a finding names."""
    wanted = {f.element for f in checked.findings} - {"", *checked.model.nodes}
    if not wanted:
        return {}
    root = diagram.read(checked.original)
    drawn = [*root.iter(diagram.tag("*")), *drawn_tables(root)]
    return {e.get("id"): e for e in drawn if e.get("id") in wanted}
