"""Diagrams written in a few lines, for tests."""

from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape, quoteattr

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:congvan="urn:congvan:bpmn:1" targetNamespace="urn:test">'
)


def event(kind: str, inner: str = "", **attributes: Any) -> str:
    """Return one event definition."""
    return f"<bpmn:{kind}EventDefinition{_text(attributes)}>{inner}</bpmn:{kind}EventDefinition>"


def timer(kind: str, text: str) -> str:
    """Return a timer definition: `Date`, `Duration` or `Cycle`."""
    return event("timer", f"<bpmn:time{kind}>{escape(text)}</bpmn:time{kind}>")


def each(collection: str, element: str = "", *, sequential: bool = False, until: str = "") -> str:
    """Return the marks of a multi-instance over a list."""
    done = f"<bpmn:completionCondition>{escape(until)}</bpmn:completionCondition>" if until else ""
    marks = {"congvan:collection": collection, "congvan:element": element}
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}"'
        f"{_text({k: v for k, v in marks.items() if v})}>{done}"
        "</bpmn:multiInstanceLoopCharacteristics>"
    )


def again(condition: str, most: int = 10, *, before: bool = False) -> str:
    """Return the marks of a standard loop."""
    return (
        f'<bpmn:standardLoopCharacteristics loopMaximum="{most}" testBefore="{str(before).lower()}">'
        f"<bpmn:loopCondition>{escape(condition)}</bpmn:loopCondition>"
        "</bpmn:standardLoopCharacteristics>"
    )


def _text(attributes: dict[str, Any]) -> str:
    return "".join(f" {k}={quoteattr(str(v))}" for k, v in attributes.items() if v is not None)


class Drawing:
    """One process (or the inside of a sub-process), element after element."""

    def __init__(self, identity: str = "p", *, lanes: str = "") -> None:
        self.identity = identity
        self.lanes = lanes
        self.elements: list[str] = []
        self.flows = 0

    def node(self, kind: str, identity: str, inner: str = "", **attributes: Any) -> "Drawing":
        """Draw any element; `congvan__form="x"` becomes `congvan:form`."""
        named = {k.replace("__", ":"): v for k, v in attributes.items()}
        self.elements.append(f'<bpmn:{kind} id="{identity}"{_text(named)}>{inner}</bpmn:{kind}>')
        return self

    def start(self, identity: str = "s", inner: str = "") -> "Drawing":
        return self.node("startEvent", identity, inner)

    def end(self, identity: str = "e", inner: str = "") -> "Drawing":
        return self.node("endEvent", identity, inner)

    def user(self, *identities: str, inner: str = "", **attributes: Any) -> "Drawing":
        for identity in identities:
            self.node("userTask", identity, inner, **attributes)
        return self

    def script(self, identity: str, text: str) -> "Drawing":
        return self.node("scriptTask", identity, f"<bpmn:script>{escape(text)}</bpmn:script>")

    def xor(self, identity: str, default: str | None = None) -> "Drawing":
        return self.node("exclusiveGateway", identity, default=default)

    def both(self, *identities: str) -> "Drawing":
        for identity in identities:
            self.node("parallelGateway", identity)
        return self

    def some(self, identity: str, default: str | None = None) -> "Drawing":
        return self.node("inclusiveGateway", identity, default=default)

    def boundary(
        self, identity: str, on: str, inner: str, *, interrupting: bool = True
    ) -> "Drawing":
        return self.node(
            "boundaryEvent", identity, inner, attachedToRef=on,
            cancelActivity=str(interrupting).lower(),
        )  # fmt: skip

    def sub(
        self, identity: str, inside: "Drawing", marks: str = "", **attributes: Any
    ) -> "Drawing":
        return self.node("subProcess", identity, marks + inside.inner(), **attributes)

    def flow(
        self, source: str, target: str, when: str | None = None, identity: str | None = None
    ) -> "Drawing":
        self.flows += 1
        name = identity or f"{self.identity}.f{self.flows}"
        condition = (
            '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">'
            f"{escape(when)}</bpmn:conditionExpression>"
            if when is not None
            else ""
        )
        self.elements.append(
            f'<bpmn:sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">'
            f"{condition}</bpmn:sequenceFlow>"
        )
        return self

    def chain(self, *identities: str) -> "Drawing":
        for source, target in pairwise(identities):
            self.flow(source, target)
        return self

    def inner(self) -> str:
        return self.lanes + "".join(self.elements)

    def process(self) -> str:
        return (
            f'<bpmn:process id="{self.identity}" name="{self.identity}" isExecutable="true">'
            f"{self.inner()}</bpmn:process>"
        )

    def xml(self, before: str = "", after: str = "") -> bytes:
        """Return the file; `before` holds messages and signals, `after` further processes."""
        return f"{HEAD}{before}{self.process()}{after}</bpmn:definitions>".encode()


def line(*identities: str) -> Drawing:
    """Return start, these user tasks, end."""
    drawing = Drawing().start().user(*identities).end()
    return drawing.chain("s", *identities, "e")


def two_node_loop() -> bytes:
    """Return a user task that is done again as long as `again` is true."""
    drawing = Drawing().start().user("a").xor("g", default="out").end()
    drawing.chain("s", "a", "g").flow("g", "a", "again = true")
    return drawing.flow("g", "e", identity="out").xml()
