"""Steps left open (bước chưa rõ): somebody else's machine, language or file becomes an officer's.

A step that this file cannot carry out is still a step that must be done, so an officer does it.
"""

from typing import Any

from lxml import etree

from engine.choices import KEY, key_of
from engine.diagram import FLOW_NODES, MACHINE, kind_of, tag
from engine.expressions import ExpressionError, compile_assignments, compile_expression
from engine.foreign.references import define
from engine.foreign.rewriting import Completion, name_of, nodes_in, text_of

#: how often a step that names no list is done, and the most a loop repeats when nobody says, or
#: when its condition is one of ours
INSTANCES, REPEATS, DECIDED = 2, 10, 100


def complete(done: Completion) -> None:
    """Make every step one that can be carried out here."""
    _uncompensated(done)
    for element in list(done.root.iter(tag("*"))):
        kind = kind_of(element)
        if kind in MACHINE:
            _by_hand(done, element, "bước máy không có việc của hệ thống", "a machine's step")
        elif kind == "scriptTask":
            _script(done, element)
        elif kind in {"sendTask", "receiveTask"}:
            _message(done, element)
    _calls(done)
    for loop in list(done.root.iter(tag("multiInstanceLoopCharacteristics"))):
        _instances(done, loop)
    for loop in list(done.root.iter(tag("standardLoopCharacteristics"))):
        _loop(done, loop)
    done.declared.add("cv_choice")


def _by_hand(done: Completion, element: Any, vi: str, en: str) -> None:
    for child in [c for c in element if kind_of(c) in {"script", "ioSpecification"}]:
        element.remove(child)
    for name in ("implementation", "operationRef", "calledElement", "scriptFormat", "messageRef"):
        element.attrib.pop(name, None)
    element.tag = tag("userTask")
    done.say(element, "by-hand", f"{vi} nên cán bộ làm", f"{en}: an officer does it")


def _script(done: Completion, element: Any) -> None:
    text = text_of(element.find(tag("script")))
    try:
        done.declared |= set(compile_assignments(text).kinds)
    except ExpressionError:
        _by_hand(
            done, element, "kịch bản còn trống hoặc viết bằng ngôn ngữ khác",
            "its script is empty or in another language",
        )  # fmt: skip


def _message(done: Completion, element: Any) -> None:
    known = {m.get("id") for m in done.root.findall(tag("message"))}
    if element.get("messageRef") in known:
        return
    for operation in done.root.iter(tag("operation")):
        if operation.get("id") != element.get("operationRef"):
            continue
        reference = text_of(operation.find(tag("inMessageRef"))).rpartition(":")[2]
        if reference in known:
            element.set("messageRef", reference)
            return
    element.set("messageRef", define(done, "message", element))


def _calls(done: Completion) -> None:
    processes = {p.get("id"): p for p in done.root.findall(tag("process")) if nodes_in(p)}
    called = {
        identity: {e.get("calledElement") for e in process.iter(tag("callActivity"))}
        for identity, process in processes.items()
    }
    for element in list(done.root.iter(tag("callActivity"))):
        target = element.get("calledElement")
        if target not in processes or _reaches(called, target, element):
            _by_hand(
                done, element, "quy trình được gọi không có trong tệp, hoặc gọi lại chính nó",
                "what it calls is no process of this file, or calls itself",
            )  # fmt: skip


def _reaches(called: dict[Any, set[Any]], start: Any, element: Any) -> bool:
    """Whether the process that `element` calls leads back to the one it stands in."""
    own = element.getparent()
    while kind_of(own) != "process":
        own = own.getparent()
    seen: set[Any] = set()
    todo = [start]
    while todo:
        current = todo.pop()
        if current == own.get("id"):
            return True
        if current not in seen:
            seen.add(current)
            todo.extend(called.get(current, ()))
    return False


def _instances(done: Completion, loop: Any) -> None:
    task = loop.getparent()
    cardinality = text_of(loop.find(tag("loopCardinality")))
    kept = cardinality.isdigit() and 0 < int(cardinality) <= 500
    until = loop.find(tag("completionCondition"))
    for child in list(loop):
        if child is not until and kind_of(child):
            loop.remove(child)
    for name in list(loop.attrib):
        if name not in {"id", "isSequential"}:
            del loop.attrib[name]
    if until is not None and not is_decidable(text_of(until), done.declared):
        loop.remove(until)
        done.say(
            task, "completion", "điều kiện kết thúc sớm không tính được nên làm hết các lần",
            "its completion condition cannot be told, so every instance is done",
        )  # fmt: skip
    number = cardinality if kept else str(INSTANCES)
    made = etree.Element(tag("loopCardinality"))
    made.text = number
    loop.insert(0, made)
    if not kept:
        done.say(
            task, "cardinality", f"không có danh sách hay số lần nên làm {INSTANCES} lần",
            f"it names no list or number and is done {INSTANCES} times",
        )  # fmt: skip


def _loop(done: Completion, loop: Any) -> None:
    task = loop.getparent()
    condition, most = loop.find(tag("loopCondition")), loop.get("loopMaximum") or ""
    decidable = condition is not None and is_decidable(text_of(condition), done.declared)
    limit = DECIDED if decidable else REPEATS
    if not (most.isdigit() and 0 < int(most) <= limit):
        loop.set("loopMaximum", str(limit))
    if decidable or (condition is None and loop.get("loopMaximum") == most):
        return
    if condition is None:
        condition = etree.SubElement(loop, tag("loopCondition"))
    condition.text = f'{KEY}.{key_of(task)} = "again"'
    loop.attrib.pop("testBefore", None)
    done.say(
        task, "loop", f"cán bộ quyết định có làm lại hay không (tối đa {loop.get('loopMaximum')})",
        f"the officer decides whether it is repeated (at most {loop.get('loopMaximum')} times)",
    )  # fmt: skip


def is_decidable(text: str, declared: set[str]) -> bool:
    """Whether a condition is written in our language over what the diagram itself sets."""
    try:
        return compile_expression(text).names <= declared
    except ExpressionError:
        return False


def may_come_true(text: str, declared: set[str]) -> bool:
    """Whether a condition can be told and something in the diagram may change what it says."""
    return is_decidable(text, declared) and bool(compile_expression(text).names)


def _uncompensated(done: Completion) -> None:
    """A handler of compensation has no way in but the compensation itself."""
    for element in list(done.root.iter(tag("*"))):
        if kind_of(element) in FLOW_NODES and element.get("isForCompensation") == "true":
            scope = element.getparent()
            if scope is None or any(
                f.get("targetRef") == element.get("id") for f in scope.iter(tag("sequenceFlow"))
            ):
                continue
            done.say(
                element, "compensation", f"bước bù hoàn «{name_of(element)}» không được chạy",
                f"“{name_of(element)}” compensates and is not run",
            )  # fmt: skip
            drop(element)


def drop(node: Any) -> None:
    """Take a flow node out of its scope, with the flows and boundary events that hang on it."""
    scope = node.getparent()
    identity = node.get("id")
    for element in list(scope) if scope is not None else ():
        if identity in {element.get("sourceRef"), element.get("targetRef")}:
            scope.remove(element)
        elif element.get("attachedToRef") == identity and element.getparent() is scope:
            drop(element)
    if node.getparent() is scope and scope is not None:
        scope.remove(node)
