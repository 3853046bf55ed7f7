"""Reading a BPMN file safely, and what its elements say to us (sơ đồ quy trình)."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any, cast

import orjson
from lxml import etree

from engine.errors import OfficeError

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
CONGVAN = "urn:congvan:bpmn:1"
NS = {"b": BPMN, "c": CONGVAN}

MAX_BYTES = 2_000_000
MAX_ELEMENTS = 1_000
#: sub-processes within sub-processes; each is looked through for every token inside
MAX_DEPTH = 30

TASKS = frozenset({
    "task", "userTask", "manualTask", "serviceTask", "scriptTask", "sendTask", "receiveTask",
    "businessRuleTask", "callActivity", "subProcess", "adHocSubProcess", "transaction",
})  # fmt: skip
EVENTS = frozenset({
    "startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent",
})  # fmt: skip
GATEWAYS = frozenset({
    "exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway",
    "complexGateway",
})  # fmt: skip
FLOW_NODES = TASKS | EVENTS | GATEWAYS
SCOPES = frozenset({"process", "subProcess", "transaction", "adHocSubProcess"})
#: tasks that wait for an officer
HUMAN = frozenset({"task", "userTask", "manualTask"})
#: tasks that wait for the machine: a work item of its own (house rule)
MACHINE = frozenset({"serviceTask", "businessRuleTask"})


class DiagramRefused(OfficeError):
    """The file is not a diagram that may be read (sơ đồ không đọc được)."""

    code = "diagram-refused"
    vi = "Không đọc được sơ đồ quy trình: {reason_vi}"
    en = "The process diagram cannot be read: {reason_en}"


def tag(name: str) -> str:
    """Return the qualified BPMN tag."""
    return f"{{{BPMN}}}{name}"


def kind_of(element: Any) -> str:
    """Return the local name of a BPMN element, or "" for comments and foreign elements."""
    if not isinstance(element.tag, str):
        return ""
    name = etree.QName(element)
    return name.localname if name.namespace == BPMN else ""


def read(xml: bytes) -> Any:
    """Parse a BPMN file into its root element.

    Raises `DiagramRefused` for a DOCTYPE, a file over 2 MB or 1,000 elements, broken XML, or XML
    that is not BPMN 2.0. Nothing outside the file is ever read.
    """
    if len(xml) > MAX_BYTES:
        raise DiagramRefused(
            reason_vi="tệp lớn hơn 2 MB. Chia quy trình thành các quy trình con rồi tải lại.",
            reason_en="the file is larger than 2 MB. Split it into called processes.",
        )
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise DiagramRefused(
            reason_vi="tệp có khai báo DOCTYPE, không được phép. Lưu lại sơ đồ từ trình soạn thảo.",
            reason_en="it declares a DOCTYPE, which is not allowed. Save it again from an editor.",
        )
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _unreadable(xml, str(error)) from None
    if cast("Any", root.getroottree().docinfo).doctype:
        raise DiagramRefused(
            reason_vi="tệp có khai báo DOCTYPE, không được phép.",
            reason_en="it declares a DOCTYPE, which is not allowed.",
        )
    if root.tag != tag("definitions"):
        raise DiagramRefused(
            reason_vi="tệp không phải sơ đồ BPMN 2.0 (thiếu phần tử definitions).",
            reason_en="not a BPMN 2.0 diagram (no definitions element).",
        )
    if sum(1 for e in root.iter(tag("*")) if kind_of(e) in FLOW_NODES) > MAX_ELEMENTS:
        raise DiagramRefused(
            reason_vi="sơ đồ có hơn 1.000 phần tử. Chia thành các quy trình con.",
            reason_en="the diagram has more than 1,000 elements. Split it.",
        )
    if any(_depth(scope) > MAX_DEPTH for scope in scopes(root)):
        raise DiagramRefused(
            reason_vi=f"quy trình con lồng nhau quá {MAX_DEPTH} tầng. Dùng bước gọi quy trình.",
            reason_en=f"sub-processes are nested more than {MAX_DEPTH} deep. Call processes.",
        )
    return root


def _unreadable(xml: bytes, words: str) -> DiagramRefused:
    """Say what to do about bytes that are no XML: none at all, another encoding, anything else."""
    if not xml.strip():
        return DiagramRefused(
            reason_vi="tệp trống. Xuất lại sơ đồ từ trình soạn thảo rồi tải lên.",
            reason_en="the file is empty. Export the diagram from its editor again.",
        )
    if "encoding" in words.lower() or "utf" in words.lower():
        return DiagramRefused(
            reason_vi=f"bảng mã của tệp không như khai báo ({words}). Lưu lại bằng UTF-8.",
            reason_en=f"its bytes are not in the encoding it declares ({words}). Save it as UTF-8.",
        )
    return DiagramRefused(
        reason_vi=f"tệp không phải XML hợp lệ ({words}). Xuất lại sơ đồ từ trình soạn thảo.",
        reason_en=f"not valid XML ({words}). Export the diagram from its editor again.",
    )


@lru_cache(maxsize=1)
def _schema() -> Any:
    from SpiffWorkflow.bpmn.parser.BpmnParser import XSD_PATH

    return etree.XMLSchema(etree.parse(XSD_PATH))


def check_schema(root: Any) -> list[tuple[int, str]]:
    """Return what the BPMN 2.0 XSD holds against the diagram: line and message."""
    schema = _schema()
    if schema.validate(root):
        return []
    return [(e.line, e.message) for e in schema.error_log]


@dataclass(frozen=True, slots=True)
class Node:
    """A flow node with what its extension elements ask of the office (bước của quy trình).

    `role`, `unit` come from its lane; `due` is a duration of working time (`P2D`, `PT4H`) or an
    expression; `candidates`, `assignee`, `exclude` are expressions over the routing variables;
    `reason` says why a run may end at this end event.
    """

    id: str
    kind: str
    name: str
    lane: str = ""
    lane_name: str = ""
    role: str = ""
    unit: str = ""
    verb: str = ""
    form: str = ""
    due: str = ""
    candidates: str = ""
    assignee: str = ""
    exclude: str = ""
    priority: int = 50
    status_code: str = ""
    documentation: str = ""
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    attached_to: str = ""
    element: str = ""
    collection: str = ""
    decision: str = ""
    reason: str = ""
    #: the ways an officer may choose here for what follows: gateway, flow and its name
    choices: tuple[tuple[str, str, str], ...] = ()

    @property
    def is_machine(self) -> bool:
        """Whether the worker, not an officer, completes it."""
        return not self.decision and (self.kind in MACHINE or self.role == "machine")

    @property
    def is_step(self) -> bool:
        """Whether it becomes a work item, of an officer or of the machine."""
        return self.kind in HUMAN | MACHINE

    def to_json(self) -> dict[str, Any]:
        """Return the node as plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Node":
        """Return the node from plain JSON."""
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in data.items()
        }
        if values.get("choices"):
            values["choices"] = tuple(map(tuple, values["choices"]))
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane: who works in it (làn)."""

    id: str
    name: str
    role: str
    unit: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """What a diagram says, element by element: nodes, lanes and the name of the process."""

    process_id: str
    name: str
    nodes: dict[str, Node] = field(default_factory=dict)
    lanes: tuple[Lane, ...] = ()


def own(element: Any, name: str) -> str:
    """Return our attribute `congvan:name` of an element, or ""."""
    return str(element.get(f"{{{CONGVAN}}}{name}") or "").strip()


def scopes(root: Any) -> Iterator[Any]:
    """Yield every process and sub-process element."""
    for element in root.iter(tag("*")):
        if kind_of(element) in SCOPES:
            yield element


def _depth(scope: Any) -> int:
    return sum(1 for above in scope.iterancestors() if kind_of(above) in SCOPES)


def flow_nodes(root: Any) -> Iterator[Any]:
    """Yield every flow node element of the file."""
    for element in root.iter(tag("*")):
        if kind_of(element) in FLOW_NODES:
            yield element


def main_process(root: Any) -> Any:
    """Return the process to start: the executable one, the first where several are.

    Raises `DiagramRefused` where the file holds none.
    """
    processes = root.findall(tag("process"))
    if not processes:
        raise DiagramRefused(
            reason_vi="tệp không có quy trình nào.", reason_en="the file holds no process."
        )
    executable = [p for p in processes if p.get("isExecutable") == "true"]
    return (executable or processes)[0]


def model_of(root: Any) -> Model:
    """Return the model of the whole file; lanes are found by id, the innermost one counts."""
    lanes: list[Lane] = []
    lane_of: dict[str, Lane] = {}
    for element in root.iter(tag("lane")):  # outer lanes come first in document order
        members = tuple((e.text or "").strip() for e in element.findall(tag("flowNodeRef")))
        outer = element.getparent().getparent()
        outer_role = own(outer, "role") if kind_of(outer) == "lane" else ""
        outer_unit = own(outer, "unit") if kind_of(outer) == "lane" else ""
        lane = Lane(
            element.get("id", ""),
            element.get("name", ""),
            own(element, "role") or outer_role,
            own(element, "unit") or outer_unit,
            members,
        )
        lanes.append(lane)
        lane_of.update(dict.fromkeys(members, lane))
    process = main_process(root)
    nodes = {}
    for element in flow_nodes(root):
        node = _node(element, lane_of)
        nodes[node.id] = node
    return Model(process.get("id", ""), process.get("name", ""), nodes, tuple(lanes))


def _node(element: Any, lane_of: dict[str, Lane]) -> Node:
    inner = element
    lane = lane_of.get(element.get("id", ""))
    while lane is None and kind_of(inner.getparent()) in SCOPES:  # a sub-process lies in a lane
        inner = inner.getparent()
        lane = lane_of.get(inner.get("id", ""))
    loop = element.find(tag("multiInstanceLoopCharacteristics"))
    priority = own(element, "priority")
    return Node(
        id=element.get("id", ""),
        kind=own(element, "kind") or kind_of(element),
        name=element.get("name") or element.get("id", ""),
        lane=lane.id if lane else "",
        lane_name=lane.name if lane else "",
        role=own(element, "role") or (lane.role if lane else ""),
        unit=own(element, "unit") or (lane.unit if lane else ""),
        verb=own(element, "verb"),
        form=own(element, "form"),
        due=own(element, "due"),
        candidates=own(element, "candidates"),
        assignee=own(element, "assignee"),
        exclude=own(element, "exclude"),
        priority=int(priority) if priority.isdigit() else 50,
        status_code=own(element, "statusCode"),
        documentation=(element.findtext(tag("documentation")) or "").strip(),
        incoming=tuple((e.text or "").strip() for e in element.findall(tag("incoming"))),
        outgoing=tuple((e.text or "").strip() for e in element.findall(tag("outgoing"))),
        attached_to=element.get("attachedToRef", ""),
        element=own(loop, "element") if loop is not None else "",
        collection=own(loop, "collection") if loop is not None else "",
        decision=own(element, "decision") if kind_of(element) == "businessRuleTask" else "",
        reason=own(element, "reason"),
        choices=tuple(map(tuple, orjson.loads(own(element, "choices") or "[]"))),
    )


def to_bytes(root: Any) -> bytes:
    """Return the file's bytes again."""
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
