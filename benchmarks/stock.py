"""The same work by the library alone: SpiffWorkflow 3.2.0 as it is, each run saved and loaded.

It has neither timers that wake nor an index of who waits for a message: a run is loaded, looked at
and saved. What a database would add is not counted.
"""

import statistics
import time
from collections.abc import Callable

from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.serializer.workflow import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow

_BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
ROUNDS = 200


def waiting(event: str, message: str = "") -> str:
    """Return the saved state of a run that waits for an event and then for somebody."""
    parser = BpmnParser()
    parser.add_bpmn_str(
        f'<definitions xmlns="{_BPMN}" targetNamespace="b">{message}<process id="p" '
        'isExecutable="true"><startEvent id="s"/><intermediateCatchEvent id="c">'
        f'{event}</intermediateCatchEvent><userTask id="u"/><endEvent id="e"/>'
        '<sequenceFlow id="f1" sourceRef="s" targetRef="c"/>'
        '<sequenceFlow id="f2" sourceRef="c" targetRef="u"/>'
        '<sequenceFlow id="f3" sourceRef="u" targetRef="e"/></process></definitions>'.encode()
    )
    workflow = BpmnWorkflow(parser.get_spec("p"), {})
    workflow.do_engine_steps()
    return BpmnWorkflowSerializer().serialize_json(workflow)


def _each(act: Callable[[], None]) -> float:
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        act()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def fire() -> float:
    """Return the seconds one due timer takes: load, look at the clock, go on, save."""
    timer = '<timerEventDefinition><timeDuration>"PT0S"</timeDuration></timerEventDefinition>'
    saved, serializer = waiting(timer), BpmnWorkflowSerializer()

    def act() -> None:
        workflow = serializer.deserialize_json(saved)
        workflow.refresh_waiting_tasks()
        workflow.do_engine_steps()
        if not workflow.get_tasks(manual=True, spec_name="u"):
            raise SystemExit("the library did not fire the timer")
        serializer.serialize_json(workflow)

    return _each(act)


def look() -> float:
    """Return the seconds it takes to see whether one run waits for a message."""
    saved = waiting('<messageEventDefinition messageRef="M"/>', '<message id="M" name="reply"/>')
    serializer = BpmnWorkflowSerializer()

    def act() -> None:
        if serializer.deserialize_json(saved).waiting_events()[0].name != "reply":
            raise SystemExit("the library does not wait for the message")

    return _each(act)
