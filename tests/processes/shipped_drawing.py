"""The shipped diagrams under the pen, for tests that edit them as an agency would."""

from lxml import etree

from processes import procedures

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
OURS = "urn:congvan:bpmn:1"
XSI = "http://www.w3.org/2001/XMLSchema-instance"


class Drawing:
    """A shipped diagram, that of outgoing documents if not said, under the pen."""

    def __init__(self, key: str = "outgoing") -> None:
        self.root = etree.fromstring(procedures.shipped_xml(key))
        self.process = self.root.find(f"{{{BPMN}}}process")

    def by_id(self, identity: str) -> etree._Element:
        (found,) = self.root.xpath("//*[@id=$id]", id=identity)
        return found

    def erase(self, *identities: str) -> None:
        """Remove elements with the lines to them, their place in a lane and their shapes."""
        gone = set(identities)
        for flow in self.root.iter(f"{{{BPMN}}}sequenceFlow"):
            if {flow.get("sourceRef"), flow.get("targetRef")} & gone:
                gone.add(flow.get("id"))
        for element in list(self.root.iter()):
            parent = element.getparent()
            refers = element.tag in {
                f"{{{BPMN}}}{t}" for t in ("incoming", "outgoing", "flowNodeRef")
            }
            if parent is not None and (
                element.get("id") in gone
                or element.get("bpmnElement") in gone
                or (refers and element.text in gone)
            ):
                parent.remove(element)

    def add_lane(self, identity: str, name: str, role: str, unit: str = "") -> etree._Element:
        lanes = self.process.find(f"{{{BPMN}}}laneSet")
        lane = etree.SubElement(lanes, f"{{{BPMN}}}lane", id=identity, name=name)
        if role:
            lane.set(f"{{{OURS}}}role", role)
        if unit:
            lane.set(f"{{{OURS}}}unit", unit)
        return lane

    def add_step(self, lane: str, identity: str, name: str, **ours: str) -> None:
        step = etree.SubElement(self.process, f"{{{BPMN}}}userTask", id=identity, name=name)
        for key, value in ours.items():
            step.set(f"{{{OURS}}}{key}", value)
        self._place(lane, identity)

    def add_choice(self, lane: str, identity: str, default: str) -> None:
        etree.SubElement(self.process, f"{{{BPMN}}}exclusiveGateway", id=identity, default=default)
        self._place(lane, identity)

    def _place(self, lane: str, identity: str) -> None:
        etree.SubElement(self.by_id(lane), f"{{{BPMN}}}flowNodeRef").text = identity

    def connect(self, identity: str, source: str, target: str, condition: str = "") -> None:
        flow = etree.SubElement(
            self.process,
            f"{{{BPMN}}}sequenceFlow",
            id=identity,
            sourceRef=source,
            targetRef=target,
        )
        if condition:
            said = etree.SubElement(flow, f"{{{BPMN}}}conditionExpression")
            said.set(f"{{{XSI}}}type", "bpmn:tFormalExpression")
            said.text = condition
        for node, way in ((source, "outgoing"), (target, "incoming")):
            element = self.by_id(node)
            mark = etree.Element(f"{{{BPMN}}}{way}")
            mark.text = identity
            # BPMN's order: documentation, incoming, outgoing, the rest
            before = sum(
                etree.QName(c).localname in {"documentation", "incoming"}
                or (way == "outgoing" and etree.QName(c).localname == "outgoing")
                for c in element
            )
            element.insert(before, mark)

    def xml(self) -> bytes:
        # tasks and gateways before the flows, as the schema's readers expect them
        return etree.tostring(self.root, xml_declaration=True, encoding="UTF-8")
