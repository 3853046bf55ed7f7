"""What was rewritten in a diagram (phần được bổ sung): element, how grave, words."""

from dataclasses import dataclass, field
from typing import Any

from engine.diagram import FLOW_NODES, kind_of, tag
from engine.finding import Finding, Severity


@dataclass(slots=True)
class Completion:
    """The copy of a foreign diagram being completed, what was changed and the ids that were given.

    `declared` are the variables that something in the diagram sets.
    """

    root: Any
    findings: list[Finding] = field(default_factory=list)
    given: set[str] = field(default_factory=set)
    declared: set[str] = field(default_factory=set)
    count: int = 0

    def say(self, element: Any, code: str, vi: str, en: str) -> None:
        """Report what is run instead of what was drawn; the author should look at it."""
        identity = element if isinstance(element, str) else element.get("id") or ""
        found = Finding(Severity.WARNING, identity, code, f"Khi chạy: {vi}.", f"When run: {en}.")
        if found not in self.findings:
            self.findings.append(found)

    def fresh(self, prefix: str) -> str:
        """Return an id that no author writes."""
        self.count += 1
        identity = f"cv.{prefix}.x{self.count}"
        self.given.add(identity)
        return identity


def nodes_in(scope: Any) -> dict[str, Any]:
    """Return the flow nodes drawn directly in a scope, by id."""
    return {e.get("id"): e for e in scope if kind_of(e) in FLOW_NODES}


def flows_in(scope: Any) -> list[Any]:
    """Return the sequence flows drawn directly in a scope."""
    return list(scope.findall(tag("sequenceFlow")))


def leaving(scope: Any) -> dict[str, list[Any]]:
    """Return the flows of a scope by the node they leave."""
    found: dict[str, list[Any]] = {}
    for flow in flows_in(scope):
        found.setdefault(flow.get("sourceRef"), []).append(flow)
    return found


def definitions_of(event: Any) -> list[Any]:
    """Return the event definitions of an event."""
    return [e for e in event if kind_of(e).endswith("EventDefinition")]


def name_of(element: Any) -> str:
    """Return what a reader calls an element."""
    return str(element.get("name") or element.get("id") or kind_of(element))


def text_of(element: Any) -> str:
    """Return the text of an element, or "" where there is none."""
    return (element.text or "").strip() if element is not None else ""
