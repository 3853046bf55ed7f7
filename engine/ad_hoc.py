"""The ad-hoc sub-process (quy trình con tùy biến): officers choose which inner step, how often.

It is redrawn as an embedded sub-process in which every first step waits for whoever wants it. When
the steps that follow it are done, the completion condition is asked over what was decided in any
branch: true ends the whole, otherwise that first step waits again (BPMN 2.0.2 §13.3.5).
"""

from collections.abc import Iterator
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.specs.mixins import BpmnSpecMixin

from engine.blackboard import noted
from engine.diagram import CONGVAN, FLOW_NODES, SCOPES, kind_of, scopes, tag
from engine.event_scope import Log, draw, link
from engine.finding import Finding, error

#: a node of ours alone, which no author can draw
OVERVIEW = f"{{{CONGVAN}}}overview"


class Overview(BpmnSpecMixin):
    """A place whose token takes on what was decided in the other branches."""

    def _run_hook(self, my_task: Any) -> Any:
        my_task.data.update(noted(my_task.workflow))
        return super()._run_hook(my_task)


def unfold_ad_hoc(root: Any, log: Log) -> None:
    """Redraw every ad-hoc sub-process of the file."""
    for scope in [s for s in scopes(root) if kind_of(s) == "adHocSubProcess"]:
        _unfold(scope, log)
        log.note(
            scope,
            "mỗi bước đầu chờ người chọn, làm lại được đến khi đạt điều kiện kết thúc",
            "each first step waits for whoever wants it until the completion condition holds",
        )


def _unfold(scope: Any, log: Log) -> None:
    name = scope.get("id")
    condition = scope.find(tag("completionCondition"))
    scope.remove(condition)
    scope.tag = tag("subProcess")
    for attribute in ("ordering", "cancelRemainingInstances"):
        scope.attrib.pop(attribute, None)
    begin, end = f"cv.start.{name}", f"cv.end.{name}"
    courses = _courses(scope)
    draw(scope, "startEvent", id=begin)
    etree.SubElement(draw(scope, "endEvent", id=end), tag("terminateEventDefinition"))
    opening = f"cv.open.{name}"
    draw(scope, "parallelGateway", id=opening)
    link(scope, log, begin, opening)
    for first, last in courses.items():
        enter, meet, more = (f"cv.{word}.{first}" for word in ("enter", "meet", "more"))
        back = f"cv.back.{first}"
        draw(scope, "exclusiveGateway", id=enter)
        etree.SubElement(scope, OVERVIEW, {"id": meet})
        draw(scope, "exclusiveGateway", id=more, default=back)
        link(scope, log, opening, enter)
        link(scope, log, enter, first)
        for step in last:
            link(scope, log, step, meet)
        link(scope, log, meet, more)
        draw(scope, "sequenceFlow", id=back, sourceRef=more, targetRef=enter)
        done = draw(scope, "sequenceFlow", id=f"cv.done.{first}", sourceRef=more, targetRef=end)
        etree.SubElement(done, tag("conditionExpression")).text = condition.text


def _courses(scope: Any) -> dict[str, list[str]]:
    """Return each first step of an ad-hoc sub-process with the last ones of its course."""
    nodes = {e.get("id"): e for e in scope if kind_of(e) in FLOW_NODES}
    after: dict[str, list[str]] = {i: [] for i in nodes}
    came: set[str] = set()
    flows = [(f.get("sourceRef"), f.get("targetRef")) for f in scope.findall(tag("sequenceFlow"))]
    flows += [(e.get("attachedToRef"), i) for i, e in nodes.items() if e.get("attachedToRef")]
    for source, target in flows:
        if source in nodes and target in nodes:
            after[source].append(target)
            came.add(target)
    leaves = {s for s, t in flows if t in nodes and not nodes[t].get("attachedToRef")}
    courses: dict[str, list[str]] = {}
    for first, element in nodes.items():
        if first in came or element.get("triggeredByEvent") == "true":
            continue
        seen, todo = {first}, [first]
        while todo:
            fresh = [t for t in after[todo.pop()] if t not in seen]
            seen.update(fresh)
            todo += fresh
        courses[first] = [i for i in nodes if i in seen and i not in leaves]
    return courses


def check_ad_hoc(root: Any) -> Iterator[Finding]:
    """Return what is wrong with the ad-hoc sub-processes of the file."""
    for scope in scopes(root):
        if kind_of(scope) == "adHocSubProcess":
            yield from _check(scope)


def _check(scope: Any) -> Iterator[Finding]:
    if not (scope.findtext(tag("completionCondition")) or "").strip():
        yield error(
            scope, "no-completion",
            "Quy trình con tùy biến phải có điều kiện kết thúc (completionCondition).",
            "An ad-hoc sub-process needs its completion condition.",
        )  # fmt: skip
    for event in [e for e in scope if kind_of(e) in {"startEvent", "endEvent"}]:
        yield error(
            event, "ad-hoc-event",
            "Quy trình con tùy biến không có điểm bắt đầu và kết thúc: người làm tự chọn bước.",
            "An ad-hoc sub-process has no start or end: its officers choose.",
        )  # fmt: skip
    courses = _courses(scope)
    ends = [step for last in courses.values() for step in last]
    if len(ends) != len(set(ends)):
        yield error(
            scope, "ad-hoc-join",
            "Các bước chọn tự do không được nối chung vào một bước: mỗi bước một nhánh riêng.",
            "Steps that are chosen freely may not lead into a common one: give each its own way.",
        )  # fmt: skip
    if scope.get("cancelRemainingInstances") == "false":
        yield error(
            scope, "unsupported",
            "Khi đạt điều kiện, các bước còn mở được thu lại; bỏ cancelRemainingInstances=false.",
            "When the condition holds what is open is withdrawn; drop "
            "cancelRemainingInstances=false.",
        )  # fmt: skip
    # One after the other is what single steps are anyway: completing one is one act.
    longer = {"sequenceFlow", "boundaryEvent", "callActivity", *SCOPES}
    if scope.get("ordering") == "Sequential" and any(kind_of(e) in longer for e in scope):
        yield error(
            scope, "unsupported",
            "Thứ tự lần lượt (Sequential) chỉ chạy với các bước rời; bỏ luồng nối và quy trình con "
            "bên trong, hoặc chọn song song (Parallel).",
            "Sequential ordering runs with single steps only; drop the flows and sub-processes "
            "inside or choose Parallel.",
        )  # fmt: skip
