"""Diagrams as other tools write them, put together by chance: what is drawn elsewhere, and how.

`export(seed)` returns a file: prefixes, encodings, vendors' elements, several pools, every kind of
step, event, gateway and mark, names in all languages, references that lead nowhere, flows that
should not be. The same seed gives the same file.
"""

import random
from typing import Any

from lxml import etree
from sketches import NAMES, Scribe

from engine.diagram import BPMN


def export(seed: int) -> bytes:
    """Return the file of a seed."""
    return _Export(random.Random(seed)).file()


ENCODINGS = ["UTF-8", "UTF-8", "UTF-8", "UTF-16", "ISO-8859-1", "bom", "ascii", "none"]


class _Export(Scribe):
    # the file ----------------------------------------------------------------------------------

    def file(self) -> bytes:
        self._head()
        for number in range(self.one([1, 1, 1, 2, 3])):
            self.processes.append(
                f"Process_{number}" if self.sometimes(0.9) else f"quy-trình-{number}"
            )
        made = [self._process(identity) for identity in self.processes]
        if self.sometimes(0.5) or len(made) > 1:
            self._collaboration()
        self._beside()
        if self.sometimes(0.4):
            self._pictures()
        return self._written()

    def _head(self) -> None:
        if self.sometimes(0.2):
            self.put(
                self.root, "import", importType="http://schemas.xmlsoap.org/wsdl/",
                location="a.wsdl", namespace="urn:w",
            )  # fmt: skip
        if self.sometimes(0.3):
            self.put(
                self.root,
                "itemDefinition",
                id="item",
                structureRef="xsd:string",
                itemKind="Information",
            )
        for kind, code in (("message", ""), ("signal", ""), ("error", "errorCode"),
                           ("escalation", "escalationCode")):  # fmt: skip
            for number in range(self.chance.randrange(3)):
                one = self.put(self.root, kind, id=f"{kind}_{number}")
                if self.sometimes(0.6):
                    one.set("name", self.one([f"{kind} {number}", "Same", "Đơn hàng"]))
                if code and self.sometimes(0.5):
                    one.set(code, self.one(["7", "", "E 1"]))
                self.defined.setdefault(kind, []).append(one.get("id"))
        if self.sometimes(0.2) and self.defined.get("message"):
            interface = self.put(self.root, "interface", id="if", name="Sổ")
            operation = self.put(interface, "operation", id="op", name="lend")
            self.put(operation, "inMessageRef", self.qname(self.defined["message"][0]))
        if self.sometimes(0.15):
            self.put(self.root, "resource", id="res", name="Văn thư")
        if self.sometimes(0.15):
            store = self.put(self.root, "dataStore", id="store", name="CRM", capacity="3")
            store.set("isUnlimited", "true")
        if self.sometimes(0.15):
            held = self.put(self.root, "category", id="cat")
            self.put(held, "categoryValue", id="catv", value="Nhóm")
        if self.sometimes(0.15):
            self.put(
                self.root,
                self.one(["globalTask", "globalUserTask", "globalManualTask"]),
                id="gt",
                name="Global",
            )
        if self.sometimes(0.1):
            shared = self.put(self.root, "timerEventDefinition", id="sharedTimer")
            self.put(shared, "timeDuration", "PT1H")
        if self.sometimes(0.1) and self.defined.get("message"):
            prop = self.put(self.root, "correlationProperty", id="cp", name="order id")
            found = self.put(
                prop,
                "correlationPropertyRetrievalExpression",
                messageRef=self.defined["message"][0],
            )
            self.put(found, "messagePath", "order/id")

    def _process(self, identity: str) -> Any:
        process = self.put(self.root, "process", id=identity)
        if self.sometimes(0.7):
            process.set("isExecutable", self.one(["true", "false"]))
        if self.sometimes(0.2):
            process.set("processType", "Private")
        self.common(process)
        if self.sometimes(0.1):
            self.put(process, "auditing")
            self.put(process, "monitoring")
        if self.sometimes(0.1):
            self.put(process, "property", id=self.fresh(), name="p", itemSubjectRef="item")
        sets = [
            self.put(process, "laneSet", id=self.fresh()) for _ in range(self.one([0, 0, 1, 1, 2]))
        ]
        nodes = self._inside(process, self.one([1, 2, 2, 3]), "process")
        for held in sets:
            self._lanes(held, nodes, 2)
        if self.sometimes(0.1) and "cp" in {e.get("id") for e in self.root}:
            self.put(process, "correlationSubscription", id=self.fresh(), correlationKeyRef="ck")
        return process

    def _lanes(self, held: Any, nodes: list[Any], depth: int) -> None:
        for _ in range(self.chance.randrange(1, 4)):
            lane = self.put(held, "lane", id=self.fresh(), name=self.one(NAMES))
            for node in nodes:
                if self.sometimes(0.4):
                    self.put(lane, "flowNodeRef", self.qname(node.get("id")))
            if self.sometimes(0.05):
                self.put(lane, "flowNodeRef", "nobody")
            if depth and self.sometimes(0.2):
                self._lanes(self.put(lane, "childLaneSet", id=self.fresh()), nodes, depth - 1)

    # around the processes -----------------------------------------------------------------------

    def _collaboration(self) -> None:
        held = self.put(
            self.root, self.one(["collaboration", "collaboration", "collaboration"]), id="Collab"
        )
        pools = []
        for identity in self.processes:
            pool = self.put(
                held,
                "participant",
                id=self.fresh(),
                name=self.one(NAMES),
                processRef=self.qname(identity),
            )
            pools.append(pool.get("id"))
            if self.sometimes(0.1):
                self.put(pool, "participantMultiplicity", minimum="2", maximum="5")
        pools += [
            self.put(held, "participant", id=self.fresh(), name="Khách").get("id")
            for _ in range(self.one([0, 0, 1, 2]))
        ]
        for _ in range(self.chance.randrange(5)):
            ends = [self.one(pools) if self.sometimes(0.3) or not self.nodes else self.one(self.nodes).get("id")
                    for _ in range(2)]  # fmt: skip
            flow = self.put(
                held,
                "messageFlow",
                id=self.fresh(),
                sourceRef=self.qname(ends[0]),
                targetRef=self.qname(ends[1]),
            )
            if self.sometimes(0.4):
                flow.set("name", self.one(NAMES))
            if self.defined.get("message") and self.sometimes(0.3):
                flow.set("messageRef", self.qname(self.one(self.defined["message"])))
        if self.sometimes(0.1) and "cp" in {e.get("id") for e in self.root}:
            key = self.put(held, "correlationKey", id="ck", name="k")
            self.put(key, "correlationPropertyRef", "cp")
        if self.sometimes(0.5):
            self.root.remove(held)
            first = self.root.find(f"{{{BPMN}}}process")
            first.addprevious(held)

    def _beside(self) -> None:
        """What is no process and must not break one."""
        if self.sometimes(0.08):
            held = self.put(self.root, "choreography", id="Chor")
            self.put(held, "participant", id="pa")
            self.put(held, "participant", id="pb")
            self.put(held, "startEvent", id="cs")
            task = self.put(
                held, "choreographyTask", id="ct", name="Ask", initiatingParticipantRef="pa"
            )
            self.put(task, "participantRef", "pa")
            self.put(task, "participantRef", "pb")
            self.put(held, "sequenceFlow", id="cf", sourceRef="cs", targetRef="ct")
        if self.sometimes(0.05):
            self.put(self.root, "globalConversation", id="Conv")
        if self.sometimes(0.05):
            self.put(self.root, "partnerEntity", id="pe", name="Partner")

    def _pictures(self) -> None:
        di = "http://www.omg.org/spec/BPMN/20100524/DI"
        dc = "http://www.omg.org/spec/DD/20100524/DC"
        od = "http://www.omg.org/spec/DD/20100524/DI"
        for number in range(self.one([1, 1, 2])):
            picture = etree.SubElement(self.root, f"{{{di}}}BPMNDiagram", id=f"Dia{number}",
                                       nsmap={"di2": di, "dc2": dc, "dd": od})  # fmt: skip
            plane = etree.SubElement(picture, f"{{{di}}}BPMNPlane", id=f"Plane{number}",
                                     bpmnElement=self.one([*self.processes, "gone", "x:gone"]))  # fmt: skip
            for index, node in enumerate(self.nodes):
                shape = etree.SubElement(plane, f"{{{di}}}BPMNShape", id=f"Sh{number}.{index}",
                                         bpmnElement=node.get("id"))  # fmt: skip
                etree.SubElement(
                    shape, f"{{{dc}}}Bounds", x="1.5", y="-3", width="100", height="80"
                )

    def _written(self) -> bytes:
        encoding = self.one(ENCODINGS)
        if self.sometimes(0.2):
            etree.indent(self.root)
        if encoding == "none":
            return bytes(etree.tostring(self.root))
        if encoding == "bom":
            return b"\xef\xbb\xbf" + bytes(
                etree.tostring(self.root, xml_declaration=True, encoding="UTF-8")
            )
        return bytes(etree.tostring(self.root, xml_declaration=True, encoding=encoding))
