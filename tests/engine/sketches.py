"""What other tools write inside a process, drawn by chance: steps, events, gateways and their marks.

Many things stand there that nobody should have drawn; `exports` puts the file around it.
"""

import random
from collections.abc import Sequence
from typing import Any

from lxml import etree

from engine.diagram import BPMN

XSI = "http://www.w3.org/2001/XMLSchema-instance"
VENDORS = {
    "camunda": "http://camunda.org/schema/1.0/bpmn",
    "signavio": "http://www.signavio.com",
    "bizagi": "http://www.bizagi.com/bpmn20",
    "trisobpmn": "http://www.trisotech.com/2015/triso/bpmn",
    "flowable": "http://flowable.org/bpmn",
    "drools": "http://www.jboss.org/drools",
    "yaoqiang": "http://bpmn.sourceforge.net",
    "ibmext": "http://www.ibm.com/bpm/Extensions",
    "adonis": "http://www.boc-eu.com/adonis",
}
NAMES = [
    "", "Kiểm tra hồ sơ", "Approve\norder?", "Prüfen & freigeben", "发送", "a", "“quoted” <b>", "x" * 80,
    "Счёт", "100 % sure?", "Receive\tmail",
]  # fmt: skip
WORDS = [
    "", "yes", "otherwise", "${approved}", "${amount > 100 && !vip}", "#{a == 'b'}", "amount > 100",
    "a = 1", "/order/total > 5", 'return kcontext.getVariable("x") == 3;', "order is complete",
    "getDataObject('order')/item", "= amount >= 3", "true", "false", "x gt 3 and y", "not in stock", "if",
    "ok = true", "count(items) > 2", '"a"',
]  # fmt: skip
TIMES = [
    "", "P1D", "PT30M", "R3/PT10M", "R/P1W", "2026-05-01T10:00:00Z", "2026-05-01", "0 0 9-17 * * MON-FRI",
    "every Monday", "${delay}", "2 hours", "R5/2026-01-01T00:00:00Z/PT1H", "P0D", "PT0S", "10", "now()",
    "P1Y2M10DT2H30M", "P1.5D", "-P1D", "R2/PT1S", "5d", '"P2D"', "PT5H/R",
]  # fmt: skip
SCRIPTS = [
    "",
    "x = 1",
    "def x = 1;\nprintln(x)",
    "execution.setVariable('a', 1)",
    "a = 1\nb = a + 1",
    "//",
]
EVENTS = [
    "message", "timer", "error", "escalation", "cancel", "compensate", "conditional", "link", "signal",
    "terminate",
]  # fmt: skip
TASKS = [
    "task", "userTask", "manualTask", "serviceTask", "scriptTask", "sendTask", "receiveTask",
    "businessRuleTask", "callActivity",
]  # fmt: skip
GATEWAYS = [
    "exclusiveGateway", "parallelGateway", "inclusiveGateway", "complexGateway", "eventBasedGateway",
]  # fmt: skip


class Scribe:
    """Draws elements as one of the tools writes them, by the chance of a seed."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.count = 0
        self.nodes: list[Any] = []
        self.defined: dict[str, list[str]] = {}
        self.processes: list[str] = []
        prefix = self.one([None, None, "bpmn", "bpmn2", "semantic", "model", "ns0"])
        self.vendors = self.chance.sample(sorted(VENDORS), self.chance.randrange(3))
        spaces = {prefix: BPMN, "xsi": XSI, **{v: VENDORS[v] for v in self.vendors}}
        self.prefix = prefix
        self.wordy = self.sometimes(0.5)
        self.target = self.one([None, "tns", "this"])
        if self.target:
            spaces[self.target] = "urn:target"
        self.odd_ids = self.one(["plain", "plain", "sid", "guid", "accents", "dots", "short"])
        self.root = etree.Element(
            f"{{{BPMN}}}definitions", {"targetNamespace": "urn:target"}, nsmap=spaces
        )

    # chance ------------------------------------------------------------------------------------

    def one(self, options: Sequence[Any]) -> Any:
        return self.chance.choice(options)

    def sometimes(self, share: float = 0.5) -> bool:
        return self.chance.random() < share

    def fresh(self) -> str:
        self.count += 1
        n = self.count
        return {
            "plain": f"Element_{n}", "sid": f"sid-{n:08X}-AB12-{n}", "guid": f"_{n:08x}-a4f2-{n}",
            "accents": f"Bước_{n}é", "dots": f"Id.{n}.x-y", "short": f"e{n}",
        }[self.odd_ids]  # fmt: skip

    # elements ----------------------------------------------------------------------------------

    def put(self, parent: Any, kind: str, text: str | None = None, **marks: Any) -> Any:
        element = etree.SubElement(parent, f"{{{BPMN}}}{kind}")
        for name, value in marks.items():
            if value is not None:
                element.set(name.rstrip("_"), str(value))
        if text is not None:
            element.text = text
        return element

    def qname(self, identity: str) -> str:
        return f"{self.target}:{identity}" if self.target and self.sometimes(0.7) else identity

    def expression(self, parent: Any, kind: str, words: Sequence[str]) -> Any:
        made = self.put(parent, kind, self.one(words))
        if self.sometimes(0.6):
            formal = f"{self.prefix}:tFormalExpression" if self.prefix else "tFormalExpression"
            made.set(f"{{{XSI}}}type", formal)
            if self.sometimes(0.3):
                made.set("language", self.one(
                    ["http://www.w3.org/1999/XPath", "http://java.sun.com/products/jsp", "groovy"]
                ))  # fmt: skip
        return made

    def common(self, element: Any, *, named: bool = True) -> Any:
        """The parts that stand first in every element: documentation, vendors' elements."""
        if named and self.sometimes(0.8):
            element.set("name", self.one(NAMES))
        if self.wordy and self.sometimes(0.2):
            text = self.put(element, "documentation", self.one(["", "Xem <hướng dẫn>", "a\n\nb"]))
            if self.sometimes(0.3):
                text.set("textFormat", "text/html")
        if self.vendors and self.sometimes(0.4):
            held = self.put(element, "extensionElements")
            for vendor in self.vendors:
                space = VENDORS[vendor]
                inner = etree.SubElement(held, f"{{{space}}}properties")
                one = etree.SubElement(
                    inner, f"{{{space}}}property", name="id", value=self.one(WORDS)
                )
                one.text = self.one(["", "x", "<process id='p'/>"])
                if self.sometimes(0.2):
                    foreign = etree.SubElement(
                        inner, "{urn:nobody}sequenceFlow", id="x", sourceRef="y"
                    )
                    etree.SubElement(foreign, "{http://www.w3.org/1999/xhtml}p").text = "hi"
        if self.vendors and self.sometimes(0.3):
            element.set(f"{{{VENDORS[self.vendors[0]]}}}async", "true")
        if self.sometimes(0.05):
            element.append(etree.Comment(" drawn by hand "))
        if self.sometimes(0.02):
            element.append(etree.ProcessingInstruction("tool", "x='y'"))
        return element

    # inside a scope ----------------------------------------------------------------------------

    def _inside(self, scope: Any, depth: int, kind: str) -> list[Any]:
        before = len(self.nodes)
        mark = len(scope)
        if kind != "adHocSubProcess" or self.sometimes(0.5):
            first, last = self._blocks(scope, depth)
            if first is not None:
                self._begin(scope, first, kind)
                self._finish(scope, last, kind)
        else:
            for _ in range(self.chance.randrange(4)):
                self._task(scope, depth)
        for _ in range(self.one([0, 0, 0, 0, 1, 2])):
            self._odd(scope, depth)
        self._data(scope)
        made = [n for n in self.nodes[before:] if n.getparent() is scope]
        self._tangle(scope, made)
        self._link(scope)
        if self.sometimes(0.3):
            held = list(scope)[mark:]
            for element in held:
                scope.remove(element)
            self.chance.shuffle(held)
            for element in held:
                scope.append(element)
        return made

    def _blocks(self, scope: Any, depth: int) -> tuple[Any, Any]:
        first = last = None
        for _ in range(self.chance.randrange(0 if self.sometimes(0.1) else 1, 4)):
            enter, leave = self._block(scope, depth)
            if last is not None:
                self._flow(scope, last, enter)
            first, last = first if first is not None else enter, leave
        return first, last

    def _block(self, scope: Any, depth: int) -> tuple[Any, Any]:
        shapes = [self._task, self._task, self._passing]
        if depth:
            shapes += [self._fork, self._fork, self._sub, self._round, self._linked]
        return self.one(shapes)(scope, depth)

    def _node(self, scope: Any, kind: str, **marks: Any) -> Any:
        node = self.common(self.put(scope, kind, id=self.fresh(), **marks))
        self.nodes.append(node)
        return node

    def _flow(self, scope: Any, source: Any, target: Any, *, asked: bool = False) -> Any:
        flow = self.common(
            self.put(scope, "sequenceFlow", id=self.fresh(), sourceRef=source.get("id"),
                     targetRef=target.get("id")), named=self.sometimes(0.4),
        )  # fmt: skip
        if (asked and self.sometimes(0.6)) or self.sometimes(0.04):
            self.expression(flow, "conditionExpression", WORDS)
        chooses = "ateway" in source.tag and not ("Based" in source.tag or "parallel" in source.tag)
        if asked and self.sometimes(0.15) and chooses:
            source.set("default", flow.get("id"))
        if self.sometimes(0.1):
            flow.set("isImmediate", "true")
        return flow

    def _definition(self, event: Any, kind: str) -> None:
        if kind == "none":
            return
        if self.sometimes(0.03) and kind == "timer":
            self.put(event, "eventDefinitionRef", self.one(["sharedTimer", "gone"]))
            return
        made = self.put(event, f"{kind}EventDefinition")
        if self.sometimes(0.5):
            made.set("id", self.fresh())
        if kind in {"message", "signal", "error", "escalation"}:
            known = self.defined.get(kind, [])
            if known and self.sometimes(0.6):
                made.set(f"{kind}Ref", self.qname(self.one(known)))
            elif self.sometimes(0.2):
                made.set(f"{kind}Ref", "gone")
        elif kind == "timer" and self.sometimes(0.85):
            self.expression(made, self.one(["timeDate", "timeDuration", "timeCycle"]), TIMES)
        elif kind == "conditional":
            self.expression(made, "condition", WORDS)
        elif kind == "compensate":
            if self.sometimes(0.4) and self.nodes:
                made.set("activityRef", self.qname(self.one(self.nodes).get("id")))
            if self.sometimes(0.3):
                made.set("waitForCompletion", self.one(["true", "false"]))
        elif kind == "link":
            made.set("name", self.one(["A", "B", ""]))
        if kind == "message" and self.sometimes(0.1):
            self.put(made, "operationRef", "op")

    def _definitions(self, event: Any, kinds: Sequence[str]) -> None:
        self._definition(event, self.one(kinds))
        if self.sometimes(0.06):
            self._definition(event, self.one(kinds))
            event.set("parallelMultiple", self.one(["true", "false"]))

    def _begin(self, scope: Any, first: Any, kind: str) -> None:
        for _ in range(self.one([0, 1, 1, 1, 1, 1, 1, 2, 3])):
            start = self._node(scope, "startEvent")
            if self.sometimes(0.4):
                self._definitions(
                    start, ["none", "message", "timer", "signal", "conditional", "none"]
                )
            if self.sometimes(0.1):
                start.set("isInterrupting", "true")
            self._flow(scope, start, first)

    def _finish(self, scope: Any, last: Any, kind: str) -> None:
        for _ in range(self.one([0, 1, 1, 1, 1, 2])):
            end = self._node(scope, "endEvent")
            if self.sometimes(0.4):
                self._definitions(
                    end, ["message", "error", "escalation", "cancel", "compensate", "signal",
                          "terminate", "none"],
                )  # fmt: skip
            self._flow(scope, last, end)

    def _task(self, scope: Any, depth: int) -> tuple[Any, Any]:
        kind = self.one(TASKS)
        node = self._node(scope, kind)
        if kind == "callActivity":
            node.set(
                "calledElement",
                self.one([*map(self.qname, self.processes), "gt", "absent", "ext:absent"]),
            )
            if self.sometimes(0.2):
                del node.attrib["calledElement"]
        if kind in {"sendTask", "receiveTask"}:
            known = self.defined.get("message", [])
            if known and self.sometimes(0.5):
                node.set("messageRef", self.qname(self.one(known)))
            if self.sometimes(0.3):
                node.set("operationRef", "op")
            if kind == "receiveTask" and self.sometimes(0.2):
                node.set("instantiate", "true")
        if kind in {"serviceTask", "businessRuleTask", "userTask", "sendTask"} and self.sometimes(
            0.3
        ):
            node.set("implementation", self.one(["##WebService", "##unspecified", "Other"]))
        self._io(node)
        self._people(node, kind)
        self._marks(node)
        if kind == "scriptTask":
            if self.sometimes(0.5):
                node.set("scriptFormat", self.one(["text/x-groovy", "javascript", ""]))
            if self.sometimes(0.8):
                self.put(node, "script", self.one(SCRIPTS))
        if self.sometimes(0.25):
            self._edge(scope, node, depth)
        return node, node

    def _io(self, node: Any) -> None:
        if not self.wordy or not self.sometimes(0.15):
            return
        spec = self.put(node, "ioSpecification", id=self.fresh())
        put_in = self.put(spec, "dataInput", id=self.fresh(), name="in").get("id")
        put_out = self.put(spec, "dataOutput", id=self.fresh(), name="out").get("id")
        self.put(self.put(spec, "inputSet", id=self.fresh()), "dataInputRefs", put_in)
        self.put(self.put(spec, "outputSet", id=self.fresh()), "dataOutputRefs", put_out)
        tie = self.put(node, "dataInputAssociation", id=self.fresh())
        self.put(tie, "targetRef", put_in)
        if self.sometimes(0.5):
            given = self.put(tie, "assignment")
            self.expression(given, "from", WORDS)
            self.expression(given, "to", [put_in])
        tie = self.put(node, "dataOutputAssociation", id=self.fresh())
        self.put(tie, "sourceRef", put_out)
        self.put(tie, "targetRef", put_in)
        if self.sometimes(0.3):
            self.expression(tie, "transformation", WORDS)

    def _people(self, node: Any, kind: str) -> None:
        if not self.wordy or not self.sometimes(0.2):
            return
        who = "potentialOwner" if kind == "userTask" else self.one(["performer", "resourceRole"])
        owner = self.put(node, who, id=self.fresh())
        if self.sometimes(0.5):
            self.put(owner, "resourceRef", "res")
        else:
            asked = self.put(owner, "resourceAssignmentExpression")
            self.expression(asked, "formalExpression", ["user(kermit), group(a)", "", "getOwner()"])

    def _marks(self, node: Any) -> None:
        if self.sometimes(0.04):
            node.set("isForCompensation", "true")
        if not self.sometimes(0.15):
            return
        if self.sometimes(0.4):
            loop = self.put(node, "standardLoopCharacteristics")
            if self.sometimes(0.5):
                loop.set("loopMaximum", self.one(["3", "0", "1000000"]))
            if self.sometimes(0.5):
                loop.set("testBefore", self.one(["true", "false"]))
            if self.sometimes(0.6):
                self.expression(loop, "loopCondition", WORDS)
            return
        loop = self.put(node, "multiInstanceLoopCharacteristics")
        if self.sometimes(0.7):
            loop.set("isSequential", self.one(["true", "false"]))
        if self.sometimes(0.3):
            loop.set("behavior", self.one(["All", "One", "None", "Complex"]))
        if self.sometimes(0.4):
            self.expression(loop, "loopCardinality", ["3", "0", "${n}", "many", "", "100000", "n"])
        if self.sometimes(0.3):
            self.put(loop, "loopDataInputRef", self.one(["items", "store", "gone"]))
        if self.sometimes(0.2):
            self.put(loop, "loopDataOutputRef", "gone")
        if self.sometimes(0.3):
            self.put(loop, "inputDataItem", id=self.fresh(), name="item")
        if self.sometimes(0.2):
            self.put(loop, "outputDataItem", id=self.fresh(), name="out")
        if self.sometimes(0.1):
            made = self.put(loop, "complexBehaviorDefinition", id=self.fresh())
            self.expression(made, "condition", WORDS)
            thrown = self.put(self.put(made, "event", id=self.fresh()), "signalEventDefinition")
            thrown.set("signalRef", "gone")
        if self.sometimes(0.3):
            self.expression(loop, "completionCondition", WORDS)

    def _edge(self, scope: Any, node: Any, depth: int) -> None:
        edge = self._node(scope, "boundaryEvent", attachedToRef=node.get("id"))
        if self.sometimes(0.6):
            edge.set("cancelActivity", self.one(["true", "false"]))
        kind = self.one(["message", "timer", "error", "escalation", "cancel", "compensate",
                         "conditional", "signal", "none"])  # fmt: skip
        self._definition(edge, kind)
        if kind == "compensate" and self.sometimes(0.8):
            hand = self._node(
                scope, self.one(["task", "userTask", "serviceTask"]), isForCompensation="true"
            )
            self.put(scope, "association", id=self.fresh(), sourceRef=edge.get("id"),
                     targetRef=hand.get("id"), associationDirection="One")  # fmt: skip
            return
        if self.sometimes(0.06):
            self._definition(edge, self.one(["message", "timer", "signal"]))
        if self.sometimes(0.9):
            enter, leave = self._block(scope, 0)
            self._flow(scope, edge, enter)
            if self.sometimes(0.5):
                self._flow(scope, leave, self._node(scope, "endEvent"))
            elif self.sometimes(0.4):
                self._flow(
                    scope, leave, self.one([n for n in self.nodes if n.getparent() is scope])
                )

    def _passing(self, scope: Any, depth: int) -> tuple[Any, Any]:
        throws = self.sometimes()
        node = self._node(scope, "intermediateThrowEvent" if throws else "intermediateCatchEvent")
        self._definitions(node, ["message", "signal", "escalation", "compensate", "none", "error"]
                          if throws else ["message", "timer", "signal", "conditional", "none"])  # fmt: skip
        return node, node

    def _linked(self, scope: Any, depth: int) -> tuple[Any, Any]:
        away, back = (
            self._node(scope, "intermediateThrowEvent"),
            self._node(scope, "intermediateCatchEvent"),
        )
        name = self.one(["A", self.fresh()])
        self.put(away, "linkEventDefinition", name=name)
        self.put(back, "linkEventDefinition", name=name)
        return away, back

    def _fork(self, scope: Any, depth: int) -> tuple[Any, Any]:
        kind = self.one(GATEWAYS)
        split = self._node(scope, kind)
        if self.sometimes(0.4):
            split.set("gatewayDirection", self.one(["Diverging", "Unspecified", "Mixed"]))
        joined = kind if self.sometimes(0.6) else self.one(GATEWAYS)
        join = self._node(scope, "exclusiveGateway" if joined == "eventBasedGateway" else joined)
        if joined == "complexGateway" and self.sometimes(0.5):
            self.expression(
                join, "activationCondition", ["x >= 2", "two of three", "", "activationCount >= 2"]
            )
        if kind == "eventBasedGateway" and self.sometimes(0.1):
            split.set("instantiate", "true")
            split.set("eventGatewayType", self.one(["Exclusive", "Parallel"]))
        for _ in range(self.chance.randrange(1, 4)):
            if kind == "eventBasedGateway" and self.sometimes(0.9):
                enter = leave = self._node(scope, "intermediateCatchEvent")
                self._definition(enter, self.one(["message", "timer", "signal", "conditional"]))
            else:
                enter, leave = self._blocks(scope, depth - 1)
                if enter is None:
                    enter, leave = self._block(scope, 0)
            self._flow(scope, split, enter, asked=True)
            if self.sometimes(0.9):
                self._flow(scope, leave, join)
        return split, join

    def _round(self, scope: Any, depth: int) -> tuple[Any, Any]:
        kind = "exclusiveGateway" if self.sometimes(0.8) else self.one(GATEWAYS)
        meet, again = self._node(scope, kind), self._node(scope, kind)
        enter, leave = self._block(scope, depth - 1)
        self._flow(scope, meet, enter)
        self._flow(scope, leave, again)
        self._flow(scope, again, meet, asked=True)
        return meet, again

    def _sub(self, scope: Any, depth: int) -> tuple[Any, Any]:
        kind = self.one(["subProcess", "subProcess", "transaction", "adHocSubProcess"])
        sub = self._node(scope, kind)
        if kind == "adHocSubProcess" and self.sometimes(0.6):
            sub.set("ordering", self.one(["Parallel", "Sequential"]))
        if kind == "transaction" and self.sometimes(0.3):
            sub.set("method", self.one(["##Compensate", "##Image"]))
        self._marks(sub)
        if self.sometimes(0.95):
            self._inside(sub, depth - 1, kind)
        for _ in range(self.one([0, 0, 0, 1])):
            self._by_event(sub, depth - 1)
        if kind == "adHocSubProcess" and self.sometimes(0.5):
            self.expression(sub, "completionCondition", WORDS)
        for _ in range(self.one([0, 0, 1, 2])):
            self._edge(scope, sub, depth)
        return sub, sub

    def _by_event(self, scope: Any, depth: int) -> None:
        sub = self._node(scope, "subProcess", triggeredByEvent="true")
        start = self._node(sub, "startEvent")
        if self.sometimes(0.5):
            start.set("isInterrupting", self.one(["true", "false"]))
        self._definitions(start, ["message", "timer", "error", "escalation", "compensate", "conditional",
                                  "signal", "none"])  # fmt: skip
        enter, leave = self._block(sub, 0)
        self._flow(sub, start, enter)
        self._flow(sub, leave, self._node(sub, "endEvent"))

    def _odd(self, scope: Any, depth: int) -> None:
        """What stands there and belongs to nothing."""
        what = self.chance.randrange(7)
        if what == 0:
            self._task(scope, 0)
        elif what == 1:
            self._by_event(scope, 0)
        elif what == 2:
            self._passing(scope, 0)
        elif what == 3:
            self._node(scope, self.one(GATEWAYS))
        elif what == 4:
            self._node(scope, "endEvent")
        elif what == 5:
            self._linked(scope, 0)
        else:
            enter, leave = self._block(scope, 0)
            self._flow(scope, leave, enter)

    def _tangle(self, scope: Any, made: list[Any]) -> None:
        """Flows nobody should have drawn: back, across, into what was passed, over a border."""
        if not made or not self.sometimes(0.25):
            return
        for _ in range(self.chance.randrange(1, 3)):
            pool = self.nodes if self.sometimes(0.15) else made
            self._flow(scope, self.one(pool), self.one(made), asked=self.sometimes())

    def _link(self, scope: Any) -> None:
        """Many tools write the flows of a node into the node too."""
        if not self.sometimes(0.4):
            return
        for flow in scope.findall(f"{{{BPMN}}}sequenceFlow"):
            for node in self.nodes:
                if node.getparent() is scope and node.get("id") in {
                    flow.get("sourceRef"),
                    flow.get("targetRef"),
                }:
                    name = "outgoing" if node.get("id") == flow.get("sourceRef") else "incoming"
                    made = etree.Element(f"{{{BPMN}}}{name}")
                    made.text = self.qname(flow.get("id"))
                    first = [i for i, e in enumerate(node) if isinstance(e.tag, str)
                             and etree.QName(e).localname in {"documentation", "extensionElements", "incoming", "outgoing"}]  # fmt: skip
                    node.insert(first[-1] + 1 if first else 0, made)

    def _data(self, scope: Any) -> None:
        if not self.wordy:
            return
        if self.sometimes(0.3):
            data = self.put(scope, "dataObject", id=self.fresh(), isCollection="true")
            self.put(
                scope,
                "dataObjectReference",
                id=self.fresh(),
                dataObjectRef=data.get("id"),
                name="Hồ sơ",
            )
        if self.sometimes(0.2):
            self.put(scope, "dataStoreReference", id=self.fresh(), dataStoreRef="store")
        if self.sometimes(0.3):
            note = self.put(scope, "textAnnotation", id=self.fresh())
            self.put(note, "text", "Chú ý!")
            if self.nodes:
                self.put(scope, "association", id=self.fresh(), sourceRef=self.one(self.nodes).get("id"),
                         targetRef=note.get("id"))  # fmt: skip
        if self.sometimes(0.15):
            self.put(scope, "group", id=self.fresh(), categoryValueRef="catv")
