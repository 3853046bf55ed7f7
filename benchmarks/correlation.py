"""Does a message find its run among 100,000 that wait? (`python -m benchmarks.correlation`)

One job `deliver_event` with 100,000 waiting subscriptions over the same with 100: all waiting for
that message, or all but a few for another. Beside it what the library alone takes, which has to
load every run that might wait.
"""

import statistics
import time
from uuid import UUID

import psycopg

from benchmarks import stock
from benchmarks.copies import Rows, multiply, rows_of
from benchmarks.line import end, report
from benchmarks.setting import Bench, installation
from engine import definition, runtime
from engine.database import new_id
from processes import timers

SIZES = (100, 100_000)
ROUNDS = 50

_DIAGRAM = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:congvan="urn:congvan:bpmn:1" targetNamespace="urn:bench">
<bpmn:message id="M" name="{name}"/>
<bpmn:process id="bench" name="Chờ trả lời" isExecutable="true">
<bpmn:laneSet id="ls"><bpmn:lane id="l" name="Văn thư" congvan:role="clerk">
<bpmn:flowNodeRef>s</bpmn:flowNodeRef><bpmn:flowNodeRef>c</bpmn:flowNodeRef>
<bpmn:flowNodeRef>u</bpmn:flowNodeRef><bpmn:flowNodeRef>e</bpmn:flowNodeRef>
</bpmn:lane></bpmn:laneSet>
<bpmn:startEvent id="s"/><bpmn:intermediateCatchEvent id="c" name="Chờ trả lời">
<bpmn:messageEventDefinition messageRef="M"/></bpmn:intermediateCatchEvent>
<bpmn:userTask id="u" name="Xem trả lời"/><bpmn:endEvent id="e"/>
<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="c"/>
<bpmn:sequenceFlow id="f2" sourceRef="c" targetRef="u"/>
<bpmn:sequenceFlow id="f3" sourceRef="u" targetRef="e"/>
</bpmn:process></bpmn:definitions>"""


def waiting(bench: Bench, name: str) -> UUID:
    """Publish a diagram that waits for the message `name`, and start it once."""
    acting = bench.acting("vanthu.stttt")
    prepared = definition.prepare(_DIAGRAM.format(name=name).encode())
    with bench.office.database.transaction(acting) as tx:
        published = definition.publish(
            tx, prepared, agency_id=acting.agency_id, key=f"bench-{name}", name="Chờ trả lời",
            forms={}, reason="đo hiệu năng",
        )  # fmt: skip
    with bench.office.database.transaction(acting) as tx:
        started = runtime.start(
            tx, bench.office.means.desk, published, subject_type="bench", subject_id=new_id(),
            variables={},
        )  # fmt: skip
    return started.instance.id


def deliver(bench: Bench, name: str) -> float:
    """Deliver one message in a transaction; return its seconds."""
    payload = {"kind": "message", "name": name, "payload": {"n": 1}}
    started = time.perf_counter()
    with bench.office.database.transaction(bench.acting("vanthu.stttt")) as tx:
        timers.deliver_event(tx, bench.office.means, payload)
    return time.perf_counter() - started


def measure(
    bench: Bench, connection: psycopg.Connection, crowd: Rows, wanted: Rows, size: int
) -> float:
    """Return the median seconds of a delivery while `size` runs of the crowd wait."""
    connection.execute("TRUNCATE subscription")
    multiply(connection, crowd, size)
    multiply(connection, wanted, ROUNDS)
    before = _delivered(connection)
    taken = [deliver(bench, "reply") for _ in range(ROUNDS)][10:]
    if _delivered(connection) - before != ROUNDS:
        raise SystemExit(f"{_delivered(connection) - before} runs got one of {ROUNDS} messages")
    return statistics.median(taken)


def _delivered(connection: psycopg.Connection) -> int:
    [count] = connection.execute("SELECT count(*) FROM event WHERE kind = 'message'").fetchone()
    return count


def main() -> None:
    """Measure both sizes in turn, in both crowds, and compare the medians."""
    found: dict[tuple[str, int], list[float]] = {}
    with installation() as bench:
        url = bench.settings.database_url.replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            crowds = {n: rows_of(connection, waiting(bench, n)) for n in ("reply", "other")}
            for _ in range(2):
                for crowd, rows in crowds.items():
                    for size in SIZES:
                        taken = measure(bench, connection, rows, crowds["reply"], size)
                        found.setdefault((crowd, size), []).append(taken)
    results, looked = [], stock.look()
    for crowd, words in (("reply", "that message"), ("other", "another")):
        small, large = (statistics.median(found[crowd, size]) for size in SIZES)
        ratio = large / small
        results.append(
            report(
                f"a message, 100,000 runs wait for {words}: over 100", large * 1e3, "ms",
                floor=small * 1e3, ratio=ratio, bound="<= 2", ok=ratio <= 2,
                stock_s_to_ask_all=round(looked * SIZES[1], 1),
            )
        )  # fmt: skip
    end(results)


if __name__ == "__main__":
    main()
