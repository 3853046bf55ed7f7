"""What speaks against running a diagram (kiểm tra sơ đồ): findings, never silence.

Whatever the engine does not run right is an error with the element and what to do; it must never
fall through as an event that does nothing.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from engine import diagram
from engine.ad_hoc import check_ad_hoc
from engine.budget import BUDGET
from engine.cancellation import check_cancellations
from engine.catalogue import Catalogue, check_catalogue
from engine.diagram import Model, flow_nodes, kind_of, own, scopes, tag
from engine.errors import OfficeError
from engine.event_rules import check_events, is_trigger
from engine.expressions import ExpressionError, compile_assignments, compile_expression
from engine.finding import Finding, Severity, error
from engine.gateways import check_conditions, check_defaults
from engine.identities import check_identities, check_nameless
from engine.names import check_names
from engine.normalise import TIMER_LITERALS
from engine.table_rules import check_decisions

__all__ = [
    "Catalogue",
    "Finding",
    "Severity",
    "check",
    "parser_finding",
    "rewrite_findings",
    "schema_findings",
]


def schema_findings(root: Any) -> list[Finding]:
    """Return what the BPMN 2.0 schema holds against the file."""
    return [
        error(
            "",
            "schema",
            f"Dòng {line}: không đúng chuẩn BPMN 2.0 ({words})",
            f"Line {line}: {words}",
        )
        for line, words in diagram.check_schema(root)
    ]


def rewrite_findings(notes: Iterable[tuple[str, str, str]]) -> list[Finding]:
    """Return the normaliser's rewrites as information."""
    return [
        Finding(Severity.INFO, element, "rewritten", f"Khi chạy: {vi}.", f"When run: {en}.")
        for element, vi, en in notes
    ]


#: what only an office can name, or the author should look at: no hindrance to running elsewhere
_OF_AN_OFFICE = frozenset({
    "role", "verb", "form", "nobody", "endless", "unknown-name", "wrong-kind", "schema",
    "long-id", "long-name",
})  # fmt: skip


def as_foreign(findings: Iterable[Finding], given: set[str]) -> list[Finding]:
    """Return the findings of a completed diagram: what only an office can name is a warning."""
    return [
        replace(f, severity=Severity.WARNING) if f.code in _OF_AN_OFFICE else f
        for f in findings
        if not (f.code == "reserved" and f.element in given)
    ]


def parser_finding(refusal: OfficeError) -> Finding:
    """Return what the parser refused as an error."""
    return error("", "not-executable", refusal.text("vi"), refusal.text("en"))


def check(root: Any, model: Model, catalogue: Catalogue | None) -> list[Finding]:
    """Return all findings of a diagram, in document order of their rules."""
    rules = (
        _elements, _events, check_events, check_cancellations, check_identities, _calls,
        check_conditions, _expressions, _loops, check_decisions, check_ad_hoc,
    )  # fmt: skip
    findings = [f for rule in rules for f in rule(root)]
    if catalogue is not None:
        findings += [*check_catalogue(model, catalogue), *check_defaults(root)]
        if catalogue.variables is not None:
            findings += [*check_names(root, catalogue.variables), *check_nameless(root)]
    return findings


# what is not run -------------------------------------------------------------------------------

_REFUSED = {
    "complexGateway": ("cổng phức hợp", "complex gateway"),
    "compensateEventDefinition": ("sự kiện bù hoàn", "compensation event"),
    "correlationSubscription": ("tương quan thông điệp", "message correlation"),
    "correlationProperty": ("tương quan thông điệp", "message correlation"),
}


def _elements(root: Any) -> Iterator[Finding]:
    for element in root.iter(tag("*")):
        kind = kind_of(element)
        if kind in _REFUSED:
            vi, en = _REFUSED[kind]
            yield error(
                element if element.get("id") else element.getparent(), "unsupported",
                f"Phiên bản này chưa chạy được {vi}. Vẽ lại bằng cổng hoặc bước thường.",
                f"A {en} is not run by this version. Draw it with other elements.",
            )  # fmt: skip
        if kind in {"sendTask", "receiveTask"} and not element.get("messageRef"):
            yield error(
                element, "no-message", "Bước gửi hoặc nhận thông điệp phải chọn thông điệp.",
                "A send or receive task needs its message.",
            )  # fmt: skip
        if kind == "scriptTask" and not (element.findtext(tag("script")) or "").strip():
            yield error(element, "no-script", "Bước kịch bản còn trống.", "The script is empty.")


#: which event definitions run where; anything else would silently do nothing in the library
_RUNS = {
    "startEvent": {"none", "message", "signal", "timer", "conditional"},
    "endEvent": {"none", "message", "signal", "terminate", "error", "escalation", "cancel"},
    "intermediateCatchEvent": {"timer", "message", "signal", "link", "conditional"},
    "intermediateThrowEvent": {"none", "message", "signal", "escalation", "link"},
    "boundaryEvent": {
        "timer",
        "message",
        "signal",
        "error",
        "escalation",
        "conditional",
        "cancel",
    },
}
#: what starts an event sub-process
_TRIGGERS = {"timer", "message", "signal", "error", "escalation", "conditional"}
_NEEDS_REFERENCE = {"message", "signal", "error", "escalation"}


def _events(root: Any) -> Iterator[Finding]:
    defined = {e.get("id") for e in root if kind_of(e) in _NEEDS_REFERENCE}
    for element in flow_nodes(root):
        kind = kind_of(element)
        if kind not in _RUNS:
            continue
        found = [e for e in element if kind_of(e).endswith("EventDefinition")]
        kinds = [kind_of(e).removesuffix("EventDefinition") for e in found] or ["none"]
        if len(kinds) > 1:
            yield error(
                element, "unsupported", "Một sự kiện chỉ được có một định nghĩa.",
                "An event may have one definition only.",
            )  # fmt: skip
        allowed = _TRIGGERS if is_trigger(element) else _RUNS[kind]
        for name in kinds:
            if name not in allowed:
                yield error(
                    element, "event-place",
                    f"Sự kiện kiểu «{name}» không chạy được ở vị trí này ({kind}).",
                    f"A {name} event does nothing at this place ({kind}).",
                )  # fmt: skip
        for definition in found:
            name = kind_of(definition).removesuffix("EventDefinition")
            reference = (definition.get(f"{name}Ref") or "").split(":")[-1]
            if name == "conditional" and not (definition.findtext(tag("condition")) or "").strip():
                yield error(
                    element, "no-condition", "Sự kiện điều kiện chưa có điều kiện.",
                    "The conditional event has no condition.",
                )  # fmt: skip
            if name in {"message", "signal"} and reference not in defined:
                yield error(
                    element, "no-reference", f"Sự kiện chưa chọn {name} hoặc {name} không còn.",
                    f"The event names no existing {name}.",
                )  # fmt: skip
        if kind == "boundaryEvent" and not element.get("attachedToRef"):
            yield error(element, "detached", "Sự kiện biên chưa gắn vào bước.", "Not attached.")
    yield from _link_pairs(root)


def _link_pairs(root: Any) -> Iterator[Finding]:
    for scope in scopes(root):
        ends: dict[str, dict[str, list[Any]]] = {}
        for element in scope:
            link = element.find(tag("linkEventDefinition"))
            if link is not None:
                ends.setdefault(link.get("name") or "", {}).setdefault(kind_of(element), []).append(
                    element
                )
        for name, sides in ends.items():
            throws = sides.get("intermediateThrowEvent", [])
            catches = sides.get("intermediateCatchEvent", [])
            if not throws or len(catches) != 1:
                for element in throws + catches:
                    yield error(
                        element, "link-pair",
                        f"Liên kết «{name}» phải có đúng một điểm đến và ít nhất một điểm đi.",
                        f"Link “{name}” needs one catching and at least one throwing end.",
                    )  # fmt: skip


def _calls(root: Any) -> Iterator[Finding]:
    processes = {p.get("id"): p for p in root.findall(tag("process"))}
    for element in root.iter(tag("callActivity")):
        if (element.get("calledElement") or "") not in processes:
            yield error(
                element, "called-process",
                "Bước gọi quy trình con phải gọi một quy trình có trong cùng tệp.",
                "A call activity must call a process of the same file.",
            )  # fmt: skip
        elif _calls_itself(processes, element.get("calledElement")):
            yield error(
                element, "called-process", "Quy trình con gọi lại chính nó, sẽ chạy mãi.",
                "The called process calls itself: it would run for ever.",
            )  # fmt: skip


def _calls_itself(processes: dict[str, Any], name: str) -> bool:
    seen: set[str] = set()
    todo = [name]
    while todo:
        called = processes.get(todo.pop())
        for element in called.iter(tag("callActivity")) if called is not None else ():
            target = element.get("calledElement") or ""
            if target == name:
                return True
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return False


# expressions -----------------------------------------------------------------------------------

_EXPRESSIONS = ("conditionExpression", "loopCondition", "completionCondition", "condition")
_SHORT_CYCLE = re.compile(r"/PT(0*[1-5]?\d|0+)S$|/P(T?0+[YMWDHS])+(T(0+[HMS])+)?$")
#: a limit of working time: whole days, hours, minutes
_DUE = re.compile(r"P(?=\d|T)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?)?")
#: what a working calendar can still count to: five years, of four worked hours a day at least
_MOST_DAYS, _MOST_HOURS = 1830, 7320
_MOST_DIGITS = 6
#: looks like a literal, so it is not a forgotten expression
_LITERAL_LIKE = re.compile(r"R?\d|P\d|PT\d|R/")


def _expressions(root: Any) -> Iterator[Finding]:
    for name in _EXPRESSIONS:
        for element in root.iter(tag(name)):
            yield from _compiles(_owner(element), (element.text or "").strip())
    yield from _timers(root)
    for element in root.iter(tag("scriptTask")):
        text = (element.findtext(tag("script")) or "").strip()
        if text:
            yield from _compiles(element, text, compile_assignments)
    for element in root.iter(tag("*")):
        for name in ("candidates", "assignee", "exclude"):
            if own(element, name):
                yield from _compiles(element, own(element, name))
        due = own(element, "due")
        if due.startswith("="):
            yield from _compiles(element, due)
        elif due and not _DUE.fullmatch(due):
            yield error(
                element, "due",
                f"Thời hạn «{due}» không hợp lệ: viết P2D, PT4H hoặc biểu thức bắt đầu bằng «=».",
                f"The limit “{due}” is neither P2D, PT4H nor an expression that begins with “=”.",
            )  # fmt: skip
        elif due and _is_too_long(due):
            yield error(
                element, "due",
                f"Thời hạn «{due}» quá dài: nhiều nhất là P{_MOST_DAYS}D hoặc PT{_MOST_HOURS}H, "
                "hoặc dùng biểu thức bắt đầu bằng «=».",
                f"The limit “{due}” is too long: at most P{_MOST_DAYS}D or PT{_MOST_HOURS}H, or an "
                "expression that begins with “=”.",
            )  # fmt: skip
        unit = own(element, "unit")
        if unit.startswith("="):
            yield from _compiles(element, unit)


def _is_too_long(due: str) -> bool:
    """Whether no calendar may reach its end: the officer before the step would be stuck."""
    counts = {unit: number for number, unit in re.findall(r"(\d+)([DHM])", due)}
    if any(len(number) > _MOST_DIGITS for number in counts.values()):
        return True
    days, hours, minutes = (int(counts.get(unit, "0")) for unit in "DHM")
    share = _MOST_HOURS // _MOST_DAYS
    return days * share * 60 + hours * 60 + minutes > _MOST_HOURS * 60


def _owner(element: Any) -> Any:
    """What a reader can find: the nearest element around that has an id."""
    owner = element.getparent()
    while owner.getparent() is not None and not owner.get("id"):
        owner = owner.getparent()
    return owner


def _timers(root: Any) -> Iterator[Finding]:
    for name, literal in TIMER_LITERALS.items():
        for element in root.iter(tag(name)):
            event = element.getparent().getparent()
            text = (element.text or "").strip()
            if not text:
                yield error(event, "no-timer", "Hẹn giờ còn trống.", "The timer is empty.")
            elif _LITERAL_LIKE.match(text) and not literal.fullmatch(text):
                yield error(
                    event, "timer",
                    f"Hẹn giờ «{text}» không đúng cách viết (2026-11-22T08:00, P3D, R3/P1D).",
                    f"The timer “{text}” is not written right (2026-11-22T08:00, P3D, R3/P1D).",
                )  # fmt: skip
            elif not literal.fullmatch(text):
                yield from _compiles(event, text)
            if _SHORT_CYCLE.search(text):
                yield error(event, "timer-too-short", "Chu kỳ dưới 1 phút.", "Under one minute.")
            edge = kind_of(event) == "boundaryEvent" or is_trigger(event)
            if name == "timeCycle" and not edge:
                yield error(
                    event, "timer-place", "Hẹn giờ lặp lại chỉ chạy khi gắn vào một bước.",
                    "A repeating timer runs only at the edge of a step.",
                )  # fmt: skip
    for element in root.iter(tag("timerEventDefinition")):
        if not any(kind_of(child) in TIMER_LITERALS for child in element):
            yield error(element.getparent(), "no-timer", "Hẹn giờ còn trống.", "Empty timer.")


def _compiles(element: Any, text: str, compiler: Any = compile_expression) -> Iterator[Finding]:
    if not text:
        return
    try:
        compiler(text)
    except ExpressionError as problem:
        yield error(element, "expression", problem.text("vi"), problem.text("en"))


def _loops(root: Any) -> Iterator[Finding]:
    for loop in root.iter(tag("multiInstanceLoopCharacteristics")):
        task = loop.getparent()
        for name in (own(loop, n) for n in ("collection", "element", "results", "result")):
            if name and not name.isidentifier():
                yield error(
                    task, "list-name", f"«{name}» không phải tên biến.", f"“{name}” is no name."
                )
        cardinality = (loop.findtext(tag("loopCardinality")) or "").strip()
        reference = (loop.findtext(tag("loopDataInputRef")) or "").strip()
        if not (own(loop, "collection") or reference) and (
            not cardinality.isdigit() or int(cardinality) > BUDGET.instances
        ):
            yield error(
                task, "cardinality",
                "Bước lặp phải chạy theo một danh sách, hoặc một số cố định không quá "
                f"{BUDGET.instances}.",
                f"A multi-instance runs over a list, or a fixed number up to {BUDGET.instances}.",
            )  # fmt: skip
        outputs = loop.find(tag("loopDataOutputRef")), loop.find(tag("outputDataItem"))
        given = bool(own(loop, "results")), bool(own(loop, "result"))
        if given[0] != given[1] or (outputs[0] is None) != (outputs[1] is None):
            yield error(
                task, "results",
                "Danh sách kết quả phải có cả tên danh sách và tên biến kết quả của mỗi lượt.",
                "A list of results needs both its name and the variable each instance gives.",
            )  # fmt: skip
    for loop in root.iter(tag("standardLoopCharacteristics")):
        if not loop.get("loopMaximum"):
            yield error(
                loop.getparent(), "loop-maximum", "Bước lặp phải có số lần tối đa.",
                "A loop needs its maximum.",
            )  # fmt: skip
