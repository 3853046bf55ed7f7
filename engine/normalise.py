"""From standard BPMN 2.0 to what the engine runs (chuẩn hóa sơ đồ).

The original file stays the truth and is what editors and auditors see; the engine runs a rewritten
copy. Ids are kept, every rewrite is reported, and nothing is rewritten that would change what the
author drew: what cannot be run is left for `engine.lint` to refuse.
"""

import copy
import re
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from engine import pools
from engine.cancellation import redraw_transactions
from engine.diagram import CONGVAN, EVENTS, MACHINE, SCOPES, TASKS, kind_of, own, scopes, tag

#: how the ids begin that are given to what nobody drew
OWN_PREFIX = "cv."

_SPAN = r"P(?=\d|T)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?"
_CLOCK = r"T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?"
#: timers written as a literal (ISO 8601), not as an expression
TIMER_LITERALS = {
    "timeDate": re.compile(rf"\d{{4}}-\d\d-\d\d({_CLOCK})?"),
    "timeDuration": re.compile(_SPAN),
    "timeCycle": re.compile(rf"R\d{{0,4}}/{_SPAN}"),
}

_DRAWN_DATA = (
    "dataInputAssociation", "dataOutputAssociation", "ioSpecification", "property", "dataInput",
    "dataOutput", "inputSet", "outputSet", "dataObject", "dataObjectReference",
    "dataStoreReference",
)  # fmt: skip

_DEFINED = {
    "errorEventDefinition": ("errorRef", "error"),
    "escalationEventDefinition": ("escalationRef", "escalation"),
    "messageEventDefinition": ("messageRef", "message"),
    "signalEventDefinition": ("signalRef", "signal"),
}


@dataclass(slots=True)
class Rewrites:
    """What was rewritten: element id and words, Vietnamese and English."""

    notes: list[tuple[str, str, str]] = field(default_factory=list)
    count: int = 0
    made: set[str] = field(default_factory=set)

    def note(self, element: Any, vi: str, en: str) -> None:
        """Report one rewrite."""
        self.notes.append((element.get("id") or "", vi, en))

    def fresh(self, prefix: str) -> str:
        """Return an id that no author writes."""
        self.count += 1
        identity = f"{OWN_PREFIX}{prefix}.{self.count}"
        self.made.add(identity)
        return identity


def normalise(root: Any, *, every_pool: bool = False) -> tuple[Any, Rewrites]:
    """Return the executable copy of a diagram and what was rewritten in it.

    With `every_pool` also the pools run that are not marked executable.
    """
    copied = copy.deepcopy(root)
    log = Rewrites()
    for pool in pools.arrange(copied, every=every_pool):
        log.note(pool, "nhóm chạy song song trong cùng một hồ sơ", "this pool runs beside others")
    for process in copied.iter(tag("process")):
        process.set("isExecutable", "true")
    for transaction in redraw_transactions(copied):
        log.note(transaction, "giao dịch chạy như quy trình con", "it runs as a sub-process")
    _name_definitions(copied, log)
    _quote_timers(copied, log)
    _machine_tasks(copied)
    _data(copied, log)
    _collections(copied)
    for scope in list(scopes(copied)):
        links(scope, log)
        splits(scope, log)
    return copied, log


def _name_definitions(root: Any, log: Rewrites) -> None:
    for name in ("message", "signal", "error", "escalation"):
        for element in root.iter(tag(name)):
            if not element.get("name"):
                element.set("name", element.get("id", ""))
    for name, (attribute, _) in _DEFINED.items():
        for element in root.iter(tag(name)):
            reference = element.get(attribute) or ""
            if ":" in reference:
                element.set(attribute, reference.split(":")[-1])
                log.note(element.getparent(), "bỏ tiền tố tham chiếu", "reference prefix dropped")


def _quote_timers(root: Any, log: Rewrites) -> None:
    for name, literal in TIMER_LITERALS.items():
        for element in root.iter(tag(name)):
            text = (element.text or "").strip()
            if literal.fullmatch(text):
                element.text = f'"{text}"'
                timer = element.getparent().getparent()
                log.note(timer, f"hẹn giờ {text} là giá trị cố định", f"timer {text} is a literal")


def _machine_tasks(root: Any) -> None:
    """A step of the machine is a work item of the machine: it waits like a person's."""
    for element in root.iter(tag("*")):
        kind = kind_of(element)
        if own(element, "decision"):
            continue  # it decides at once, by its table
        if kind in MACHINE or kind == "task":
            element.set(f"{{{CONGVAN}}}kind", kind)
            element.tag = tag("userTask")
            for name in ("implementation", "operationRef"):
                element.attrib.pop(name, None)


def _data(root: Any, log: Rewrites) -> None:
    """Data drawn beside a step is for the reader: what runs are the routing variables."""
    for store in root.findall(tag("dataStore")):
        root.remove(store)
        log.note(store, "kho dữ liệu chỉ để đọc", "a data store is not run")
    for name in _DRAWN_DATA:
        for element in list(root.iter(tag(name))):
            owner = element.getparent()
            if kind_of(owner) in TASKS | EVENTS | SCOPES:
                owner.remove(element)
                log.note(owner, "dữ liệu vẽ kèm chỉ để đọc", "data drawn beside it is not run")


def _collections(root: Any) -> None:
    """`congvan:collection` names the list to run over, `congvan:element` each one of it.

    `congvan:results` names the list of what they give, `congvan:result` the variable of each.
    """
    for loop in root.iter(tag("multiInstanceLoopCharacteristics")):
        _list(loop, own(loop, "collection"), own(loop, "element"), _INPUT)
        _list(loop, own(loop, "results"), own(loop, "result"), _OUTPUT)


_INPUT = ("loopDataInputRef", "inputDataItem", "loopCardinality")
_OUTPUT = ("loopDataOutputRef", "outputDataItem")


def _list(loop: Any, collection: str, item: str, names: tuple[str, ...]) -> None:
    if not collection:
        return
    for child in [c for c in loop if kind_of(c) in names]:
        loop.remove(child)
    reference = etree.Element(tag(names[0]))
    reference.text = collection
    loop.insert(0, reference)
    if item:
        loop.insert(1, etree.Element(tag(names[1]), id=item, name=item))


def links(scope: Any, log: Rewrites) -> None:
    """A link pair is a sequence flow drawn in two halves."""
    throws: list[tuple[str, Any]] = []
    catches: dict[str, Any] = {}
    for element in scope:
        link = element.find(tag("linkEventDefinition"))
        if link is None:
            continue
        if kind_of(element) == "intermediateThrowEvent":
            throws.append((link.get("name") or "", element))
        elif kind_of(element) == "intermediateCatchEvent":
            catches.setdefault(link.get("name") or "", element)
    for name, source in throws:
        target = catches.get(name)
        if target is None:
            continue
        _flow(scope, log, source.get("id"), target.get("id"))
        source.remove(source.find(tag("linkEventDefinition")))
        log.note(source, "liên kết thành luồng nối", "link became a sequence flow")
    for target in catches.values():
        link = target.find(tag("linkEventDefinition"))
        if link is not None and any(name == link.get("name") for name, _ in throws):
            target.remove(link)
            target.tag = tag("intermediateThrowEvent")


def _flow(scope: Any, log: Rewrites, source: str, target: str) -> None:
    etree.SubElement(
        scope, tag("sequenceFlow"), id=log.fresh("flow"), sourceRef=source, targetRef=target
    )


def splits(scope: Any, log: Rewrites) -> None:
    """Several flows leave a task or event: a gateway, inclusive where they have conditions."""
    nodes = {e.get("id"): e for e in scope if kind_of(e) in TASKS | EVENTS}
    leaving: dict[str, list[Any]] = {}
    for flow in scope.findall(tag("sequenceFlow")):
        leaving.setdefault(flow.get("sourceRef"), []).append(flow)
    for source, flows in leaving.items():
        node = nodes.get(source)
        if node is None:
            continue
        conditional = [f for f in flows if f.find(tag("conditionExpression")) is not None]
        if len(flows) == 1 and not conditional:
            continue
        gateway = etree.SubElement(
            scope,
            tag("inclusiveGateway" if conditional else "parallelGateway"),
            id=log.fresh("split"),
        )
        log.note(node, "nhiều luồng ra thành cổng rẽ nhánh", "several flows became a gateway")
        default = node.attrib.pop("default", None)
        if default:
            gateway.set("default", default)
        for flow in flows:
            flow.set("sourceRef", gateway.get("id"))
            if conditional and flow not in conditional and flow.get("id") != default:
                condition = etree.SubElement(flow, tag("conditionExpression"))
                condition.text = "true"
        _flow(scope, log, source, gateway.get("id", ""))
