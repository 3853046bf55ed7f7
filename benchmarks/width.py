"""What one approval of five hundred costs (`python -m benchmarks.width`).

A parallel multi-instance sub-process, one step of one instance completed with all its writes: the
floor is the same diagram ten wide, by turns. A first step leaves its instance running, an only one
ends it, with a variable that each instance sets otherwise. Beside it the library alone, saved and
loaded.
"""

import itertools
import statistics
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.serializer.workflow import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from benchmarks.line import end, report
from benchmarks.setting import Bench, installation
from engine import definition, runtime
from engine.database import new_id
from engine.runtime import Assignment

NARROW, WIDE = 10, 500
ROUNDS = 60
STOCK_ROUNDS = 3


def _flows(*names: str) -> str:
    return "".join(
        f'<sequenceFlow id="f{one}{two}" sourceRef="{one}" targetRef="{two}"/>'
        for one, two in itertools.pairwise(names)
    )


def drawn(loop: str, *steps: str) -> bytes:
    """Draw some steps for each of a list, then one more."""
    body = "".join(f'<userTask id="{name}"/>' for name in steps)
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
        ' xmlns:congvan="urn:congvan:bpmn:1" targetNamespace="b">'
        '<process id="p" isExecutable="true"><startEvent id="s"/><subProcess id="sub">'
        f'{loop}<startEvent id="is"/>{body}<endEvent id="ie"/>{_flows("is", *steps, "ie")}'
        f'</subProcess><userTask id="z"/><endEvent id="e"/>{_flows("s", "sub", "z", "e")}'
        "</process></definitions>"
    ).encode()


OURS = '<multiInstanceLoopCharacteristics congvan:collection="xs" congvan:element="x"/>'
STOCK = drawn(
    "<multiInstanceLoopCharacteristics><loopCardinality>500</loopCardinality>"
    "</multiInstanceLoopCharacteristics>",
    "a", "b", "c",
)  # fmt: skip


class Desk:
    """Everything goes to one group for two days."""

    def assign(self, tx: Any, *_: Any) -> Assignment:
        return Assignment(("role:all",), tx.now + timedelta(days=2))


class Fan:
    """One instance so many wide; its steps are completed one after the other."""

    def __init__(self, bench: Bench, made: definition.Definition, width: int) -> None:
        self.database, self.acting = bench.office.database, bench.acting("chuyenvien.stttt")
        with self.database.transaction(self.acting) as tx:
            begun = runtime.start(
                tx, Desk(), made, subject_type="document", subject_id=new_id(),
                variables={"xs": [f"don-vi-{n}" for n in range(width)], "text": "d" * 800},
            )  # fmt: skip
        self.open: list[UUID] = [item.id for item in begun.opened]
        self.state = begun.instance.id

    def approve(self) -> float:
        """Complete one step; return the seconds it took."""
        started = time.perf_counter()
        with self.database.transaction(self.acting) as tx:
            item, instance = runtime.find(tx, self.open.pop(0))
            done = runtime.complete(
                tx,
                Desk(),
                item,
                instance,
                outcome={},
                variables={"outcome": "agree", "by": str(len(self.open))},
            )
        taken = time.perf_counter() - started
        self.open += [one.id for one in done.opened]
        return taken


def main() -> None:
    """Approve in both, by turns."""
    with installation() as bench:
        first = approvals(bench, ("a", "b", "c"), 20)
        only = approvals(bench, ("a",), NARROW)
    end([
        report(
            f"one approval of 500 over one of 10, {name}", ours * 1e3, "ms", floor=floor * 1e3,
            ratio=ours / floor, bound="<= 3", ok=ours / floor <= 3,
            stock_500_ms=stock() * 1e3,
        )
        for name, (ours, floor) in {"the first step": first, "the only step": only}.items()
    ])  # fmt: skip


def approvals(bench: Bench, steps: tuple[str, ...], lasts: int) -> tuple[float, float]:
    """Return the medians of an approval of 500 and of 10, which `lasts` for so many approvals."""
    with bench.office.database.transaction(bench.acting("chuyenvien.stttt")) as tx:
        made = definition.publish(
            tx, definition.prepare(drawn(OURS, *steps)), agency_id=tx.acting.agency_id,
            key=f"fan-{len(steps)}", name="fan", forms={}, reason="đo hiệu năng",
        )  # fmt: skip
    wide = Fan(bench, made, WIDE)
    taken, floors = [], []
    for number in range(ROUNDS):
        if number % lasts == 0:
            narrow = Fan(bench, made, NARROW)
        taken.append(wide.approve())
        floors.append(narrow.approve())
    return statistics.median(taken), statistics.median(floors)


def stock() -> float:
    """Return what one approval of 500 takes the library as it is, saved and loaded."""
    parser = BpmnParser()
    parser.add_bpmn_str(STOCK)
    specs = parser.get_subprocess_specs("p")
    workflow = BpmnWorkflow(parser.get_spec("p"), specs)
    workflow.do_engine_steps()
    serializer = BpmnWorkflowSerializer()
    taken = []
    for _ in range(STOCK_ROUNDS):
        started = time.perf_counter()
        workflow.get_tasks(state=TaskState.READY, manual=True)[0].run()
        workflow.do_engine_steps()
        workflow = serializer.deserialize_json(serializer.serialize_json(workflow))
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
