"""Does a completion cost more after 5,000 rounds? (`python -m benchmarks.history`)

By the shipped procedure with all its writes, and in the engine alone around a loop with a parallel
gateway; beside it what the library as it is makes of the same loop, as far as it gets.
"""

import statistics
import time
from datetime import UTC, datetime
from uuid import UUID

from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.serializer.workflow import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from benchmarks.floor import Floor
from benchmarks.line import end, report
from benchmarks.setting import installation
from engine import machine
from engine.database import SYSTEM
from engine.definition import prepare
from engine.instance import ProcessInstance
from engine.program import Program, restore

ROUNDS = 5_000
SAMPLE = 500
LARGEST_STATE = 8_192


def main() -> None:
    """Run 5,000 rounds of one instance, a floor beside each, and compare the ends."""
    with installation() as bench:
        floor = Floor(bench.settings.database_url)
        item = bench.item_in_hand()
        for _ in range(20):
            item = bench.report(item)
            floor.once()
        taken, floors = [], []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            item = bench.report(item)
            taken.append(time.perf_counter() - started)
            floors.append(floor.once())
        with bench.office.database.transaction(SYSTEM) as tx:
            state = len(tx.get(ProcessInstance, item.instance_id).state)
    first, last = _over(taken, floors, slice(0, SAMPLE)), _over(taken, floors, slice(-SAMPLE, None))
    growth = last / first
    results = [
        report(
            "history: last 500 of 5,000 over first 500", growth, "ratio", floor=1.0, ratio=growth,
            bound="<= 1.2", ok=growth <= 1.2,
            first_ms=statistics.median(taken[:SAMPLE]) * 1e3,
            last_ms=statistics.median(taken[-SAMPLE:]) * 1e3,
        ),
        report(
            "history: state", state, "bytes", bound=f"<= {LARGEST_STATE}", ok=state <= LARGEST_STATE
        ),
    ]  # fmt: skip
    end([*results, *gateways()])


def _flow(number: int, source: str, target: str, inner: str = "") -> str:
    return (
        f'<sequenceFlow id="f{number}" sourceRef="{source}" targetRef="{target}">{inner}'
        "</sequenceFlow>"
    )


def _loop(condition: str) -> bytes:
    """Draw a step, then two at once that are joined, and again."""
    end = f"<conditionExpression>{condition}</conditionExpression>"
    ways = ["sa", "af", "fb", "fc", "bj", "cj", "jg", "ga"]
    flows = "".join(_flow(n, way[0], way[1]) for n, way in enumerate(ways))
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="b">'
        '<process id="p" isExecutable="true"><startEvent id="s"/><userTask id="a"/>'
        '<parallelGateway id="f"/><userTask id="b"/><userTask id="c"/><parallelGateway id="j"/>'
        f'<exclusiveGateway id="g" default="f7"/><endEvent id="e"/>{flows}'
        f"{_flow(8, 'g', 'e', end)}</process></definitions>"
    ).encode()


#: what the library alone walks before it takes too long
STOCK_ROUNDS = 60


class Loop:
    """One instance that goes round."""

    def __init__(self, program: Program) -> None:
        self.program, self.now = program, datetime.now(UTC)
        self.waiting: list[UUID] = []
        self._take(machine.start(program, {}, self.now))

    def round(self) -> float:
        """Go round once; return the seconds it took."""
        started = time.perf_counter()
        for _ in range(3):
            item = self.waiting.pop()
            self._take(machine.complete(self.program, self.state, item, {}, self.now))
        return time.perf_counter() - started

    def _take(self, step: machine.Step) -> None:
        self.state = step.state
        self.waiting += [o.task_id for o in step.opened]


def gateways() -> list[bool]:
    """Go round the loop 5,000 times; the floor is an instance after ten rounds, by turns."""
    program = restore(prepare(_loop("done = true")).specs)
    old = Loop(program)
    for _ in range(ROUNDS):
        old.round()
    taken, floors = [], []
    for number in range(SAMPLE):
        if number % 20 == 0:
            young = Loop(program)
            for _ in range(10):
                young.round()
        taken.append(old.round())
        floors.append(young.round())
    last, first = statistics.median(taken), statistics.median(floors)
    stock = stock_rounds(STOCK_ROUNDS)
    return [
        report(
            "gateway loop: a round after 5,000 over one after 10", last * 1e3, "ms",
            floor=first * 1e3, ratio=last / first, bound="<= 1.2", ok=last / first <= 1.2,
            state_bytes=len(old.state), stock_10th_ms=stock[9] * 1e3,
            stock_60th_ms=stock[-1] * 1e3,
        )
    ]  # fmt: skip


def stock_rounds(count: int) -> list[float]:
    """Return what each round takes the library as it is, saved and loaded at every step."""
    parser = BpmnParser()
    parser.add_bpmn_str(_loop("False"))
    serializer = BpmnWorkflowSerializer()
    workflow = BpmnWorkflow(parser.get_spec("p"))
    workflow.do_engine_steps()
    taken = []
    for _ in range(count):
        started = time.perf_counter()
        for _ in range(3):
            task = workflow.get_tasks(state=TaskState.READY, manual=True)[0]
            task.run()
            workflow.do_engine_steps()
            workflow = serializer.deserialize_json(serializer.serialize_json(workflow))
        taken.append(time.perf_counter() - started)
    return taken


def _over(taken: list[float], floors: list[float], part: slice) -> float:
    return statistics.median(taken[part]) / statistics.median(floors[part])


if __name__ == "__main__":
    main()
