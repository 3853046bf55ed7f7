"""What publishing costs over parsing (`python -m benchmarks.publish`): 400 elements, all lints."""

import statistics
import time

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser

from benchmarks.line import end, report
from processes import procedures

STEPS = 130
ROUNDS = 7
BOUND = 20.0
_BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_OURS = "urn:congvan:bpmn:1"


def diagram(steps: int = STEPS) -> bytes:
    """Return an incoming procedure with about three elements a step, of our verbs and roles.

    Every third step is followed by a choice that may lead back; the verbs the law demands come
    first.
    """
    root = etree.fromstring(procedures.shipped_xml("incoming"))
    process = root.find(f"{{{_BPMN}}}process")
    for plane in root.findall("{http://www.omg.org/spec/BPMN/20100524/DI}BPMNDiagram"):
        root.remove(plane)
    lane = process.find(f".//{{{_BPMN}}}lane[@id='clerk']")
    leaving = next(f for f in process if f.get("id") == "f.arrived")
    last = leaving.get("targetRef")
    before = process.find(f"{{{_BPMN}}}sequenceFlow")

    def add(kind: str, identity: str, **attributes: str) -> None:
        made = etree.Element(f"{{{_BPMN}}}{kind}", {"id": identity, **attributes})
        before.addprevious(made)
        etree.SubElement(lane, f"{{{_BPMN}}}flowNodeRef").text = identity

    def flow(source: str, target: str, condition: str = "") -> str:
        identity = f"fl.{source}.{target}"
        made = etree.SubElement(
            process, f"{{{_BPMN}}}sequenceFlow", id=identity, sourceRef=source, targetRef=target
        )
        if condition:
            etree.SubElement(made, f"{{{_BPMN}}}conditionExpression").text = condition
        return identity

    previous = None
    for number in range(steps):
        step = f"b{number}"
        add("userTask", step, name=f"Bước {number}", **{f"{{{_OURS}}}due": "P1D"})
        if previous is None:
            leaving.set("targetRef", step)
        else:
            flow(previous, step)
        previous = step
        if number % 3 == 2:
            gateway = f"g{number}"
            add("exclusiveGateway", gateway, name="Đạt?")
            flow(step, gateway)
            flow(gateway, f"b{number - 2}", 'outcome = "return" and urgency != "normal"')
            previous = gateway
    flow(str(previous), last)
    for gateway in process.findall(f"{{{_BPMN}}}exclusiveGateway"):
        if gateway.get("default") is None:
            way = [f for f in process if f.get("sourceRef") == gateway.get("id")]
            gateway.set("default", way[-1].get("id"))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _parsed(xml: bytes) -> None:
    parser = BpmnParser()
    parser.add_bpmn_str(xml)
    parser.get_spec("incoming")
    parser.get_subprocess_specs("incoming", require_call_activity_specs=False)


def _timed(call: object, *given: object) -> float:
    started = time.perf_counter()
    call(*given)  # type: ignore[operator]
    return (time.perf_counter() - started) * 1e3


def main() -> None:
    """Publish and parse by turns, so that a busy neighbour slows both."""
    xml = diagram()
    root = etree.fromstring(xml)
    elements = sum(1 for e in root.iter(f"{{{_BPMN}}}*") if e.get("id"))
    prepared = procedures.check(xml, "incoming")
    assert prepared.is_publishable, [f for f in prepared.findings if f.is_error]
    normalised = prepared.normalised  # as it was drawn the stock parser refuses it
    checks, parses = [], []
    for _ in range(ROUNDS):
        parses.append(_timed(_parsed, normalised))
        checks.append(_timed(procedures.check, xml, "incoming"))
        parses.append(_timed(_parsed, normalised))
    ours, stock = statistics.median(checks), statistics.median(parses)
    ratio = ours / stock
    end(
        [
            report(
                "publish: all lints and trial over parsing with stock SpiffWorkflow", ours, "ms",
                floor=stock, ratio=ratio, bound=f"<= {BOUND:g}", ok=ratio <= BOUND,
                elements=elements,
            )
        ]
    )  # fmt: skip


if __name__ == "__main__":
    main()
