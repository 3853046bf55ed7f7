"""One small diagram an element of BPMN, how it is played to its end, and what must be seen.

`docs/conformance.md` is generated from these rows: `python tools/conformance.py`.
"""

from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from bpmn_drawing import Drawing, again, each, event, line, timer
from token_runs import Run


@dataclass(frozen=True)
class Act:
    """One thing that happens to a run: a step is done, an event heard, a timer rings."""

    verb: str
    name: str
    kind: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    def __call__(self, run: Run) -> None:
        if self.verb == "do":
            run.do(self.name, **self.values)
        elif self.verb == "hear":
            run.deliver(self.kind, self.name, **self.values)
        else:
            run.fire(self.name)


@dataclass(frozen=True)
class Row:
    """An element: its names, its diagram, and the acts that lead it to its end.

    `then` pairs each act with the steps open after it; `differs` says why the stock library does
    not show the same, where it does not. A refused element has the code of its finding instead.
    """

    name: str
    vi: str
    en: str
    xml: bytes
    first: str = ""
    then: tuple[tuple[Act, str], ...] = ()
    variables: dict[str, Any] = field(default_factory=dict)
    refused: str = ""
    differs: str = ""


def do(node: str, **variables: Any) -> Act:
    """Complete an open step."""
    return Act("do", node, values=variables)


def hear(kind: str, name: str, **payload: Any) -> Act:
    """Have a message or a signal come from outside."""
    return Act("hear", name, kind, payload)


def ring(node: str) -> Act:
    """Have a timer come due."""
    return Act("ring", node)


DEFINED = (
    '<bpmn:message id="M" name="reply"/><bpmn:message id="N" name="recall"/>'
    '<bpmn:signal id="S" name="alarm"/>'
    '<bpmn:error id="E" name="bad" errorCode="bad"/>'
    '<bpmn:escalation id="X" name="up" escalationCode="up"/>'
)
MESSAGE, RECALL = event("message", messageRef="M"), event("message", messageRef="N")
SIGNAL = event("signal", signalRef="S")
CANCEL = event("cancel")
ERROR, ESCALATION = event("error", errorRef="E"), event("escalation", escalationRef="X")
DAY = timer("Duration", "P1D")
BAD = event("conditional", "<bpmn:condition>bad = true</bpmn:condition>")
REPLIED, RECALLED = hear("message", "reply"), hear("message", "recall")
ALARMED = hear("signal", "alarm")


def between(kind: str, inner: str = "", **attributes: Any) -> bytes:
    """Return start, the element `x`, the step `after`, end."""
    drawing = Drawing().start().node(kind, "x", inner, **attributes).user("after").end()
    return drawing.chain("s", "x", "after", "e").xml(DEFINED)


def at_edge(definition: str, *, interrupting: bool) -> bytes:
    """Return the step `u` with the event `b` at its edge, which leads to `late`."""
    drawing = Drawing().start().user("u").boundary("b", "u", definition, interrupting=interrupting)
    drawing.user("late").end().end("e2")
    return drawing.chain("s", "u", "e").chain("b", "late", "e2").xml(DEFINED)


def beside(definition: str) -> bytes:
    """Return two branches: `a` and then `b`; the event `x` and then `c`."""
    drawing = Drawing().start().both("f").user("a", "b", "c").end().end("e2")
    drawing.node("intermediateCatchEvent", "x", definition)
    return drawing.chain("s", "f", "a", "b", "e").chain("f", "x", "c", "e2").xml(DEFINED)


def inside(*steps: str, end: str = "", throw: str = "") -> Drawing:
    """Return the inside of a sub-process: steps in a row, with what it throws on the way.

    With `end` it ends so where `fails` is true.
    """
    drawing = Drawing("i").start("is").user(*steps).end("ie")
    names = list(steps)
    if throw:
        drawing.node("intermediateThrowEvent", "up", throw)
        names.insert(1, "up")
    if end:
        drawing.xor("ig", default="id").end("if", end).flow("ig", "if", "fails = true")
        return drawing.chain("is", *names, "ig").flow("ig", "ie", identity="id")
    return drawing.chain("is", *names, "ie")


def around(within: Drawing, definition: str, *, interrupting: bool) -> bytes:
    """Return a sub-process with an event at its edge that leads to `mend`."""
    drawing = Drawing().start().sub("i", within).user("mend").end().end("e2")
    drawing.boundary("b", "i", definition, interrupting=interrupting)
    return drawing.chain("s", "i", "e").chain("b", "mend", "e2").xml(DEFINED)


def cancelled(within: Drawing, *beside: str) -> bytes:
    """Return a transaction with a cancel event at its edge that leads to `mend`."""
    drawing = Drawing().start().node("transaction", "i", within.inner()).user("mend").end()
    drawing.end("e2").boundary("b", "i", CANCEL)
    for name in beside:
        drawing.boundary(name, "i", event(name)).user(f"{name}.u").end(f"{name}.e")
        drawing.chain(name, f"{name}.u", f"{name}.e")
    return drawing.chain("s", "i", "e").chain("b", "mend", "e2").xml(DEFINED)


def two_at_once() -> Drawing:
    """Return the inside of a transaction that one of two branches cancels."""
    drawing = Drawing("i").start("is").both("f").user("one", "other").xor("g", default="well")
    drawing.end("ie").end("ic", CANCEL).chain("is", "f", "one", "g").chain("f", "other", "ie")
    return drawing.flow("g", "ic", "fails = true").flow("g", "ie", identity="well")


def handler(definition: str, *, interrupting: bool, name: str = "h") -> Drawing:
    """Return the inside of an event sub-process with one step."""
    drawing = Drawing(name).node(
        "startEvent", f"{name}s", definition, isInterrupting=str(interrupting).lower()
    )
    drawing.user(f"{name}u").end(f"{name}e")
    return drawing.chain(f"{name}s", f"{name}u", f"{name}e")


def watched(definition: str, *, interrupting: bool) -> bytes:
    """Return `a`, `b` and an event sub-process beside them."""
    drawing = Drawing().start().user("a", "b").end().chain("s", "a", "b", "e")
    drawing.sub("h", handler(definition, interrupting=interrupting), triggeredByEvent="true")
    return drawing.xml(DEFINED)


def thrown_inside(definition: str, *, interrupting: bool) -> bytes:
    """Return a process whose branch throws what its event sub-process catches."""
    drawing = Drawing().start().both("f").user("a", "b").end("e", definition).end("e2")
    drawing.chain("s", "f", "a", "e").chain("f", "b", "e2")
    drawing.sub("h", handler(definition, interrupting=interrupting), triggeredByEvent="true")
    return drawing.xml(DEFINED)


def choice(kind: str, condition: str = "n = 1") -> bytes:
    drawing = Drawing().start().user("ask", "one", "other").node(kind, "g", default="d").end()
    drawing.chain("s", "ask", "g").flow("g", "one", condition).flow("g", "other", identity="d")
    return drawing.flow("one", "e").flow("other", "e").xml()


def fork(kind: str) -> bytes:
    drawing = Drawing().start().both("f").user("a", "b", "after").node(kind, "j").end()
    drawing.chain("s", "f", "a", "j", "after", "e").chain("f", "b", "j")
    return drawing.xml()


def called(marks: str = "") -> bytes:
    part = Drawing("part").start("ps").user("pu").end("pe").chain("ps", "pu", "pe")
    drawing = (
        Drawing().start().node("callActivity", "c", marks, calledElement="part").user("after").end()
    )
    return drawing.chain("s", "c", "after", "e").xml(after=part.process())


def first_of() -> bytes:
    """Return an event-based gateway with one event of each kind and a receive task behind it."""
    drawing = Drawing().start().node("eventBasedGateway", "g").end()
    drawing.node("receiveTask", "r", messageRef="N")
    kinds = {"m": MESSAGE, "t": DAY, "t2": timer("Duration", "P2D"), "n": SIGNAL, "c": BAD}
    for name, definition in kinds.items():
        drawing.node("intermediateCatchEvent", name, definition)
    drawing.chain("s", "g")
    for name in [*kinds, "r"]:
        drawing.user(f"{name}u").chain("g", name, f"{name}u", "e")
    return drawing.xml(DEFINED)


def split() -> bytes:
    drawing = Drawing().start().user("a", "b", "c").end().end("e2")
    return drawing.chain("s", "a", "b", "e").chain("a", "c", "e2").xml()


def conditional_flows() -> bytes:
    drawing = Drawing().start().user("a", default="d").user("b", "c").end()
    drawing.flow("s", "a").flow("a", "b", "n > 0").flow("a", "c", identity="d")
    return drawing.flow("b", "e").flow("c", "e").xml()


def terminated() -> bytes:
    drawing = Drawing().start().both("f").user("a", "b").end("e", event("terminate")).end("e2")
    return drawing.chain("s", "f", "a", "e").chain("f", "b", "e2").xml()


def linked() -> bytes:
    link = event("link", name="later")
    drawing = Drawing().start().user("a", "b").end()
    drawing.node("intermediateThrowEvent", "lt", link).node("intermediateCatchEvent", "lc", link)
    return drawing.chain("s", "a", "lt").chain("lc", "b", "e").xml()


def for_each(marks: str, kind: str = "userTask") -> bytes:
    drawing = Drawing().start().user("after").end()
    if kind == "subProcess":
        drawing.sub("m", inside("one", "two"), marks)
    else:
        drawing.node(kind, "m", marks)
    return drawing.chain("s", "m", "after", "e").xml()


def table(
    rules: str, hit: str = "UNIQUE", outputs: str = '<output id="o1" name="days" typeRef="number"/>'
) -> str:
    """Return a decision table `limit` over `urgency` and `pages` as it travels in a diagram."""
    return (
        "<bpmn:extensionElements>"
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="dd" name="dd" '
        'namespace="urn:test"><decision id="limit" name="Thời hạn">'
        f'<decisionTable id="dt" hitPolicy="{hit.split(maxsplit=1)[0]}"'
        f"{f' aggregation={chr(34)}{hit.split()[1]}{chr(34)}' if ' ' in hit else ''}>"
        '<input id="i1"><inputExpression id="e1" typeRef="string"><text>urgency</text>'
        '</inputExpression></input><input id="i2"><inputExpression id="e2" typeRef="number">'
        f"<text>pages</text></inputExpression></input>{outputs}{rules}</decisionTable></decision>"
        "</definitions></bpmn:extensionElements>"
    )


def rule(*cells: str, outputs: int = 1) -> str:
    """Return one row; the last cells are its outputs."""
    kinds = ["inputEntry"] * (len(cells) - outputs) + ["outputEntry"] * outputs
    inner = "".join(
        f"<{kind}><text>{escape(cell)}</text></{kind}>"
        for kind, cell in zip(kinds, cells, strict=True)
    )
    return f"<rule>{inner}</rule>"


def decided(tables: str) -> bytes:
    """Return a business rule task and a choice by what it decided."""
    drawing = Drawing().start().node("businessRuleTask", "x", tables, congvan__decision="limit")
    drawing.user("short", "long").xor("g", default="d").end().chain("s", "x", "g")
    drawing.flow("g", "short", "days < 3").flow("g", "long", identity="d")
    return drawing.flow("short", "e").flow("long", "e").xml()


RULES = (
    rule('"hỏa tốc"', "-", "1")
    + rule('"khẩn", "thượng khẩn"', "< 10", "2")
    + rule('not("hỏa tốc", "khẩn", "thượng khẩn")', "-", "5 + pages / 10")
)


def ad_hoc(until: str = "p = 1 and q = 1", ordering: str = "Parallel") -> bytes:
    """Return steps chosen freely: `a`, or `b` and then `b2` (only `b` where one after the other)."""
    steps = Drawing("ad").user("a", "b")
    if ordering == "Parallel":
        steps.user("b2").flow("b", "b2")
    done = f"<bpmn:completionCondition>{escape(until)}</bpmn:completionCondition>"
    drawing = Drawing().start().user("after").end()
    drawing.node("adHocSubProcess", "ad", steps.inner() + done, ordering=ordering)
    return drawing.chain("s", "ad", "after", "e").xml()


def giving(marks: str) -> str:
    """Return the marks of a multi-instance that gives a list."""
    return marks.replace(
        "congvan:collection", 'congvan:results="votes" congvan:result="vote" congvan:collection'
    )


def nested_lanes() -> bytes:
    lanes = (
        '<bpmn:laneSet id="ls"><bpmn:lane id="outer" name="Cơ quan" congvan:role="clerk">'
        '<bpmn:childLaneSet id="cl"><bpmn:lane id="inner" name="Văn thư">'
        "<bpmn:flowNodeRef>u</bpmn:flowNodeRef></bpmn:lane></bpmn:childLaneSet>"
        "</bpmn:lane></bpmn:laneSet>"
    )
    return Drawing(lanes=lanes).start().user("u").end().chain("s", "u", "e").xml()


def data_object() -> bytes:
    drawing = Drawing().start().user("u").end().chain("s", "u", "e")
    drawing.node("dataObject", "d").node("dataObjectReference", "dr", dataObjectRef="d")
    return drawing.xml()


def pools() -> bytes:
    """Return two pools; a message flow between two steps of officers is for the reader."""
    other = Drawing("q").start("qs").user("qu").end("qe").chain("qs", "qu", "qe")
    drawing = Drawing().start().user("u").end().chain("s", "u", "e")
    collaboration = (
        '<bpmn:collaboration id="co"><bpmn:participant id="pp" processRef="p"/>'
        '<bpmn:participant id="pq" processRef="q"/>'
        '<bpmn:messageFlow id="mf" sourceRef="u" targetRef="qu"/></bpmn:collaboration>'
    )
    return drawing.xml(collaboration, other.process())


_LAST = "the library leaves the last element among the variables, or stops at the next"
_LISTS = {"xs": ["p", "q"]}
_NEXT = (do("m"), "m"), (do("m"), "after"), (do("after"), "")
_AFTER = ((do("after"), ""),)
_LATE = (do("late"), "")

TASKS = (
    Row("user task", "Bước của cán bộ (userTask)", "User task", line("u").xml(), "u",
        ((do("u"), ""),)),
    Row("manual task", "Bước thủ công (manualTask)", "Manual task", between("manualTask"), "x",
        ((do("x"), "after"), *_AFTER)),
    Row("task", "Bước không loại (task)", "Task of no kind", between("task"), "x",
        ((do("x"), "after"), *_AFTER)),
    Row("service task", "Bước máy (serviceTask)", "Service task, a step of the machine",
        between("serviceTask", congvan__verb="seal"), "x", ((do("x"), "after"), *_AFTER)),
    Row("business rule task", "Bước quy tắc: bảng DMN 1.3, UNIQUE",
        "Business rule task: a DMN 1.3 table, UNIQUE", decided(table(RULES)), "short",
        ((do("short"), ""),), {"urgency": "khẩn", "pages": 3},
        differs="the library's tables are Python"),
    Row("business rule task, FIRST", "Bước quy tắc: bảng DMN, FIRST",
        "Business rule task: FIRST", decided(table(rule("-", "> 5", "9") + RULES, "FIRST")), "long",
        ((do("long"), ""),), {"urgency": "khẩn", "pages": 6},
        differs="the library's tables are Python"),
    Row("business rule task, COLLECT", "Bước quy tắc: bảng DMN, COLLECT (SUM)",
        "Business rule task: COLLECT, summed",
        decided(table(rule("-", "-", "1") + RULES, "COLLECT SUM")), "long", ((do("long"), ""),),
        {"urgency": "thượng khẩn", "pages": 3}, differs="the library's tables are Python"),
    Row("business rule task without a table", "Bước quy tắc không có bảng: bước máy",
        "Business rule task without a table: a step of the machine",
        between("businessRuleTask", congvan__verb="judge"), "x", ((do("x"), "after"), *_AFTER)),
    Row("script task", "Bước kịch bản (scriptTask), chỉ phép gán", "Script task, assignments only",
        between("scriptTask", "<bpmn:script>n = 2 * m</bpmn:script>"), "after", _AFTER, {"m": 2}),
    Row("send task", "Bước gửi thông điệp (sendTask)", "Send task",
        between("sendTask", messageRef="M"), "after", _AFTER),
    Row("receive task", "Bước nhận thông điệp (receiveTask)", "Receive task",
        between("receiveTask", messageRef="M"), "", ((REPLIED, "after"), *_AFTER)),
    Row("call activity", "Gọi quy trình con (callActivity)", "Call activity", called(), "pu",
        ((do("pu"), "after"), *_AFTER)),
    Row("sub-process", "Quy trình con (subProcess)", "Embedded sub-process",
        Drawing().start().sub("i", inside("one", "two")).end().chain("s", "i", "e").xml(), "one",
        ((do("one"), "two"), (do("two"), ""))),
)  # fmt: skip

LOOPS = (
    Row("standard loop", "Vòng lặp, xét sau mỗi lượt", "Standard loop, tested after",
        for_each(again("more = true", 3)), "m",
        ((do("m", more=True), "m"), (do("m", more=False), "after"), *_AFTER)),
    Row("standard loop tested before", "Vòng lặp, xét trước mỗi lượt", "Standard loop, tested before",
        for_each(again("more = true", 3, before=True)), "after", _AFTER, {"more": False}),
    Row("parallel instances", "Nhiều bản song song theo danh sách", "Parallel multi-instance",
        for_each(each("xs", "x")), "m m", _NEXT, _LISTS,
        differs=_LAST),
    Row("sequential instances", "Nhiều bản lần lượt theo danh sách", "Sequential multi-instance",
        for_each(each("xs", "x", sequential=True)), "m", _NEXT, _LISTS,
        differs=_LAST),
    Row("completion condition", "Điều kiện dừng sớm của nhiều bản (completionCondition)",
        "Completion condition of a multi-instance", for_each(each("xs", "x", until="enough = true")),
        "m m", ((do("m", enough=True), "after"), *_AFTER), _LISTS,
        differs=_LAST),
    Row("result list, parallel", "Danh sách kết quả của nhiều bản song song",
        "List of results, parallel", for_each(giving(each("xs", "x"))), "m m",
        ((do("m", vote=1), "m"), (do("m", vote=2), "after"), *_AFTER), _LISTS,
        differs="the library gives results in the order of completion and keeps the list in each"),
    Row("result list, sequential", "Danh sách kết quả của nhiều bản lần lượt",
        "List of results, sequential", for_each(giving(each("xs", "x", sequential=True))), "m",
        ((do("m", vote=1), "m"), (do("m", vote=2), "after"), *_AFTER), _LISTS,
        differs="the library refuses an instance that sets nothing, and keeps the list in each"),
    Row("fixed number of instances", "Số bản cố định (loopCardinality)", "Fixed number of instances",
        for_each("<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>2"
                 "</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"), "m m", _NEXT),
    Row("instances of a called process", "Nhiều bản của quy trình được gọi",
        "Multi-instance call activity", called(each("xs", "x")), "pu pu",
        ((do("pu"), "pu"), (do("pu"), "after"), *_AFTER), _LISTS,
        differs=_LAST),
    Row("instances of a sub-process", "Nhiều bản của quy trình con", "Multi-instance sub-process",
        for_each(each("xs", "x"), "subProcess"), "one one",
        ((do("one"), "one two"), (do("one"), "two two"), (do("two"), "two"), (do("two"), "after"),
         *_AFTER), _LISTS,
        differs=_LAST),
)  # fmt: skip

AD_HOC = (
    Row("ad-hoc sub-process, parallel", "Quy trình con tùy biến, song song (ad-hoc)",
        "Ad-hoc sub-process, parallel", ad_hoc(), "a b",
        ((do("a", p=0), "a b"), (do("b"), "a b2"), (do("a", p=1), "a b2"), (do("b2", q=1), "after"),
         *_AFTER), differs="the library never gets on after it was saved"),
    Row("ad-hoc sub-process, sequential", "Quy trình con tùy biến, lần lượt",
        "Ad-hoc sub-process, sequential", ad_hoc(ordering="Sequential"), "a b",
        ((do("b", q=1), "a b"), (do("a", p=1), "after"), *_AFTER),
        differs="the library refuses sequential ordering"),
)  # fmt: skip

GATEWAYS = (
    Row("exclusive gateway", "Cổng loại trừ", "Exclusive gateway", choice("exclusiveGateway"), "ask",
        ((do("ask", n=1), "one"), (do("one"), ""))),
    Row("inclusive gateway", "Cổng bao hàm", "Inclusive gateway", choice("inclusiveGateway"), "ask",
        ((do("ask", n=2), "other"), (do("other"), ""))),
    Row("parallel gateway", "Cổng song song", "Parallel gateway", fork("parallelGateway"), "a b",
        ((do("a"), "b"), (do("b"), "after"), *_AFTER)),
    Row("inclusive join", "Cổng bao hàm gộp nhánh", "Inclusive join", fork("inclusiveGateway"), "a b",
        ((do("b"), "a"), (do("a"), "after"), *_AFTER)),
    Row("event-based gateway", "Cổng rẽ theo sự kiện: thông điệp", "Event-based gateway: a message",
        first_of(), "", ((REPLIED, "mu"), (do("mu"), ""))),
    Row("event-based gateway, timer", "Cổng rẽ theo sự kiện: hẹn giờ",
        "Event-based gateway: the second of two timers", first_of(), "",
        ((ring("t2"), "t2u"), (do("t2u"), "")),
        differs="the library takes two timers behind a gateway for one"),
    Row("event-based gateway, signal", "Cổng rẽ theo sự kiện: tín hiệu",
        "Event-based gateway: a signal", first_of(), "", ((ALARMED, "nu"), (do("nu"), ""))),
    Row("event-based gateway, condition", "Cổng rẽ theo sự kiện: điều kiện",
        "Event-based gateway: a condition", first_of(), "cu", ((do("cu"), ""),), {"bad": True},
        differs="the library asks a condition behind a gateway never"),
    Row("event-based gateway, receive task", "Cổng rẽ theo sự kiện: bước nhận thông điệp",
        "Event-based gateway: a receive task", first_of(), "", ((RECALLED, "ru"), (do("ru"), ""))),
    Row("implicit split", "Nhiều luồng ra từ một bước", "Several flows out of a step", split(), "a",
        ((do("a"), "b c"), (do("b"), "c"), (do("c"), ""))),
    Row("conditional flow", "Luồng có điều kiện ra từ một bước", "Conditional flow out of a step",
        conditional_flows(), "a", ((do("a", n=1), "b"), (do("b"), ""))),
)  # fmt: skip

EVENTS = (
    Row("message start", "Bắt đầu khi có thông điệp", "Message start",
        Drawing().start("s", MESSAGE).user("u").end().chain("s", "u", "e").xml(DEFINED), "",
        ((REPLIED, "u"), (do("u"), ""))),
    Row("signal start", "Bắt đầu khi có tín hiệu", "Signal start",
        Drawing().start("s", SIGNAL).user("u").end().chain("s", "u", "e").xml(DEFINED), "",
        ((ALARMED, "u"), (do("u"), ""))),
    Row("timer start", "Bắt đầu theo hẹn giờ", "Timer start",
        Drawing().start("s", DAY).user("u").end().chain("s", "u", "e").xml(DEFINED), "",
        ((ring("s"), "u"), (do("u"), ""))),
    Row("conditional start", "Bắt đầu theo điều kiện", "Conditional start",
        Drawing().start("s", BAD).user("u").end().chain("s", "u", "e").xml(DEFINED), "u",
        ((do("u"), ""),), {"bad": True}),
    Row("timer catch", "Chờ hẹn giờ", "Intermediate timer", beside(DAY), "a",
        ((ring("x"), "a c"), (do("c"), "a"), (do("a"), "b"), (do("b"), ""))),
    Row("message catch", "Chờ thông điệp", "Intermediate message, caught", beside(MESSAGE), "a",
        ((REPLIED, "a c"), (do("c"), "a"), (do("a"), "b"), (do("b"), ""))),
    Row("signal catch", "Chờ tín hiệu", "Intermediate signal, caught", beside(SIGNAL), "a",
        ((ALARMED, "a c"), (do("c"), "a"), (do("a"), "b"), (do("b"), ""))),
    Row("conditional catch", "Chờ điều kiện", "Intermediate condition", beside(BAD), "a",
        ((do("a", bad=True), "b c"), (do("c"), "b"), (do("b"), "")),
        differs="the library looks at the variables the waiting token came with"),
    Row("message throw", "Gửi thông điệp trên đường đi", "Intermediate message, thrown",
        between("intermediateThrowEvent", MESSAGE), "after", _AFTER),
    Row("signal throw", "Phát tín hiệu trên đường đi", "Intermediate signal, thrown",
        between("intermediateThrowEvent", SIGNAL), "after", _AFTER),
    Row("link", "Liên kết (link)", "Link", linked(), "a", ((do("a"), "b"), (do("b"), ""))),
    Row("message end", "Kết thúc gửi thông điệp", "Message end",
        Drawing().start().user("u").end("e", MESSAGE).chain("s", "u", "e").xml(DEFINED), "u",
        ((do("u"), ""),)),
    Row("signal end", "Kết thúc phát tín hiệu", "Signal end",
        Drawing().start().user("u").end("e", SIGNAL).chain("s", "u", "e").xml(DEFINED), "u",
        ((do("u"), ""),)),
    Row("terminate end", "Kết thúc toàn bộ (terminate)", "Terminate end", terminated(), "a b",
        ((do("a"), ""),)),
    Row("error end", "Kết thúc báo lỗi, bắt ở biên", "Error end, caught at the edge",
        around(inside("one", end=ERROR), ERROR, interrupting=True), "one",
        ((do("one", fails=True), "mend"), (do("mend"), ""))),
    Row("transaction", "Giao dịch (transaction), không bị hủy", "Transaction that is not cancelled",
        cancelled(two_at_once()), "one other",
        ((do("one", fails=False), "other"), (do("other"), ""))),
    Row("cancel end", "Kết thúc hủy giao dịch, bắt ở biên: thu lại các bước còn mở",
        "Cancel end of a transaction, caught at the edge: what is open is withdrawn",
        cancelled(two_at_once()), "one other", ((do("one", fails=True), "mend"), (do("mend"), ""))),
    Row("cancel end beside an error", "Kết thúc hủy giao dịch, cạnh sự kiện biên bắt mọi lỗi",
        "Cancel end beside an edge that takes every error",
        cancelled(inside("one", end=CANCEL), "error"), "one",
        ((do("one", fails=True), "mend"), (do("mend"), "")),
        differs="the library has every edge that fits take an error"),
    Row("escalation end", "Kết thúc leo thang, bắt ở biên", "Escalation end, caught at the edge",
        around(inside("one", end=ESCALATION), ESCALATION, interrupting=True), "one",
        ((do("one", fails=True), "mend"), (do("mend"), ""))),
    Row("escalation throw", "Leo thang trên đường đi, không ngắt",
        "Escalation on the way, not interrupting",
        around(inside("one", "two", throw=ESCALATION), ESCALATION, interrupting=False), "one",
        ((do("one"), "mend two"), (do("two"), "mend"), (do("mend"), ""))),
)  # fmt: skip

BOUNDARIES = (
    *(
        Row(f"{name} at the edge, interrupting", f"Sự kiện biên có ngắt: {vi}",
            f"Boundary {name}, interrupting", at_edge(definition, interrupting=True), "u",
            ((act, "late"), _LATE))
        for name, vi, definition, act in (
            ("timer", "hẹn giờ", DAY, ring("b")), ("message", "thông điệp", MESSAGE, REPLIED),
            ("signal", "tín hiệu", SIGNAL, ALARMED),
        )
    ),
    *(
        Row(f"{name} at the edge, not interrupting, twice",
            f"Sự kiện biên không ngắt, xảy ra nhiều lần: {vi}",
            f"Boundary {name}, not interrupting, more than once",
            at_edge(definition, interrupting=False), "u",
            ((act, "late u"), (act, "late late u"), (do("u"), "late late"), (do("late"), "late"),
             _LATE),
            differs="the library lets it happen once" if name != "timer" else
            "the library drops what a repeating timer began once its step is done")
        for name, vi, definition, act in (
            ("timer", "hẹn giờ lặp", timer("Cycle", "R/P1D"), ring("b")),
            ("message", "thông điệp", MESSAGE, REPLIED), ("signal", "tín hiệu", SIGNAL, ALARMED),
        )
    ),
    Row("conditional at the edge, interrupting", "Sự kiện biên có ngắt: điều kiện",
        "Boundary condition, interrupting", around(inside("one", "two"), BAD, interrupting=True),
        "one", ((do("one", bad=True), "mend"), (do("mend"), "")),
        differs="the library looks at the variables the waiting token came with"),
    Row("conditional at the edge, not interrupting",
        "Sự kiện biên không ngắt: điều kiện, mỗi lần trở thành đúng",
        "Boundary condition, not interrupting, each time it becomes true",
        around(inside("one", "two", "three", "four"), BAD, interrupting=False), "one",
        ((do("one", bad=True), "mend two"), (do("two"), "mend three"),
         (do("three", bad=False), "four mend"), (do("four", bad=True), "mend"), (do("mend"), "")),
        differs="the library looks at the variables the waiting token came with"),
)  # fmt: skip

_HAPPENED = (do("hu"), "")
EVENT_SUBS = (
    *(
        Row(f"event sub-process, {name}, interrupting",
            f"Quy trình con theo sự kiện, có ngắt: {vi}",
            f"Event sub-process, interrupting: {name}", watched(definition, interrupting=True), "a",
            ((act, "hu"), _HAPPENED), differs="the library interrupts nothing")
        for name, vi, definition, act in (
            ("message", "thông điệp", MESSAGE, REPLIED), ("signal", "tín hiệu", SIGNAL, ALARMED),
            ("timer", "hẹn giờ", DAY, ring("hs")),
            ("condition", "điều kiện", BAD, do("a", bad=True)),
        )
    ),
    *(
        Row(f"event sub-process, {name}, not interrupting",
            f"Quy trình con theo sự kiện, không ngắt: {vi}",
            f"Event sub-process, not interrupting: {name}",
            watched(definition, interrupting=False), "a", then,
            differs="the library has it happen once, and waits on when the steps are done")
        for name, vi, definition, then in (
            ("message", "thông điệp", MESSAGE,
             ((REPLIED, "a hu"), (REPLIED, "a hu hu"), (do("a"), "b hu hu"), (do("hu"), "b hu"),
              (do("b"), "hu"), _HAPPENED)),
            ("signal", "tín hiệu", SIGNAL,
             ((ALARMED, "a hu"), (do("hu"), "a"), (ALARMED, "a hu"), (do("hu"), "a"),
              (do("a"), "b"), (do("b"), ""))),
            ("timer", "hẹn giờ", DAY,
             ((ring("hs"), "a hu"), (do("a"), "b hu"), (do("b"), "hu"), _HAPPENED)),
            ("condition", "điều kiện", BAD,
             ((do("a", bad=True), "b hu"), (do("b"), "hu"), _HAPPENED)),
        )
    ),
    Row("event sub-process, error", "Quy trình con theo sự kiện: lỗi", "Event sub-process: error",
        thrown_inside(ERROR, interrupting=True), "a b", ((do("a"), "hu"), _HAPPENED),
        differs="the library starts it at once, without an error"),
    Row("event sub-process, escalation", "Quy trình con theo sự kiện: leo thang, không ngắt",
        "Event sub-process: escalation, not interrupting",
        thrown_inside(ESCALATION, interrupting=False), "a b",
        ((do("a"), "b hu"), (do("b"), "hu"), _HAPPENED),
        differs="the library starts it at once, without an escalation"),
)  # fmt: skip

READING = (
    Row("nested lanes", "Làn lồng nhau", "Nested lanes", nested_lanes(), "u", ((do("u"), ""),)),
    Row("data object", "Đối tượng dữ liệu, chỉ để đọc", "Data object, for the reader",
        data_object(), "u", ((do("u"), ""),)),
    Row("pools", "Vùng (pool) chạy cạnh nhau trong một hồ sơ",
        "Pools, side by side in one instance", pools(), "qu u",
        ((do("u"), "qu"), (do("qu"), ""))),
)  # fmt: skip

REFUSED = (
    Row("complex gateway", "Cổng phức hợp", "Complex gateway", choice("complexGateway"),
        refused="unsupported"),
    Row("compensation", "Bù hoàn (compensation)", "Compensation",
        between("intermediateThrowEvent", event("compensate")), refused="unsupported"),
    Row("cancel end outside of a transaction", "Kết thúc hủy ngoài giao dịch",
        "Cancel end outside of a transaction",
        Drawing().start().user("u").end("e", CANCEL).chain("s", "u", "e").xml(),
        refused="cancel-place"),
    Row("cancel end of a transaction that has no cancel event at its edge",
        "Kết thúc hủy trong giao dịch không có sự kiện hủy ở biên",
        "Cancel end of a transaction without a cancel event at its edge",
        Drawing().start().node("transaction", "i", inside("one", end=CANCEL).inner()).end()
        .chain("s", "i", "e").xml(), refused="cancel-place"),
    Row("transaction with steps to be undone", "Giao dịch có bước bù hoàn",
        "Transaction with steps to be undone",
        cancelled(inside("one", end=CANCEL).boundary("c", "one", event("compensate"))
        .user("undo", isForCompensation="true")), refused="unsupported"),
    Row("transaction that catches every error inside", "Giao dịch bắt mọi lỗi bên trong",
        "Transaction that catches every error inside",
        cancelled(inside("one", end=CANCEL).sub("h", handler(event("error"), interrupting=True),
        triggeredByEvent="true")), refused="cancel-caught"),
    Row("ad-hoc sub-process without a completion condition",
        "Quy trình con tùy biến không có điều kiện kết thúc",
        "Ad-hoc sub-process without a completion condition", ad_hoc(""), refused="no-completion"),
    Row("ad-hoc steps that come together", "Bước tùy biến nối chung vào một bước",
        "Ad-hoc steps that lead into a common one",
        ad_hoc().replace(b'sourceRef="b" targetRef="b2"/>', b"")
        .replace(b'<bpmn:sequenceFlow id="ad.f1"', b'<bpmn:sequenceFlow id="ad.f0" sourceRef="a" '
                 b'targetRef="b2"></bpmn:sequenceFlow><bpmn:sequenceFlow id="ad.f1"'),
        refused="ad-hoc-join"),
    Row("message correlation", "Tương quan thông điệp", "Message correlation",
        line("u").xml('<bpmn:correlationProperty id="cp"/>'), refused="unsupported"),
    Row("several definitions", "Sự kiện nhiều định nghĩa", "Event with several definitions",
        between("intermediateCatchEvent", MESSAGE + SIGNAL), refused="unsupported"),
    Row("error start", "Bắt đầu bằng lỗi, ngoài quy trình con theo sự kiện",
        "Error start outside an event sub-process",
        Drawing().start("s", ERROR).user("u").end().chain("s", "u", "e").xml(DEFINED),
        refused="event-place"),
    Row("repeating timer on the way", "Hẹn giờ lặp không ở biên", "Repeating timer not at an edge",
        between("intermediateCatchEvent", timer("Cycle", "R3/P1D")), refused="timer-place"),
    Row("several starts beside an event sub-process",
        "Nhiều điểm bắt đầu cạnh quy trình con theo sự kiện",
        "Several starts beside an event sub-process",
        watched(MESSAGE, interrupting=True).replace(
            b'<bpmn:startEvent id="s">', b'<bpmn:startEvent id="s2"/><bpmn:startEvent id="s">', 1
        ).replace(b'<bpmn:sequenceFlow id="p.f1"', b'<bpmn:sequenceFlow id="p.f0" sourceRef="s2" '
                  b'targetRef="a"/><bpmn:sequenceFlow id="p.f1"', 1), refused="several-starts"),
)  # fmt: skip

SECTIONS = (
    ("Các bước", "Steps", TASKS),
    ("Lặp", "Loops", LOOPS),
    ("Quy trình con tùy biến", "Ad-hoc sub-processes", AD_HOC),
    ("Cổng và luồng", "Gateways and flows", GATEWAYS),
    ("Sự kiện", "Events", EVENTS),
    ("Sự kiện biên", "Events at the edge of a step", BOUNDARIES),
    ("Quy trình con theo sự kiện", "Event sub-processes", EVENT_SUBS),
    ("Để đọc", "For the reader", READING),
    ("Không ban hành được", "Refused at publish", REFUSED),
)

HEAD = """# BPMN elements that run

Generated from `tests/engine/conformance.py` by `python tools/conformance.py`. Each row is one small
diagram that the tests publish and play to its end; after every step its state is saved, the keys
are shuffled, and it is loaded into a program restored anew. A refused element is an error at publish
with the element and what to do; the code of the finding stands in its row.
"""


def page() -> str:
    """Return `docs/conformance.md`."""
    parts = [HEAD]
    for vi, en, rows in SECTIONS:
        parts.append(f"\n## {vi} · {en}\n")
        parts.append(
            "\n| Phần tử | Element | Runs | Saved and loaded | Test |\n|---|---|---|---|---|\n"
        )
        for row in rows:
            runs = f"no: `{row.refused}`" if row.refused else "yes"
            saved = "—" if row.refused else f"every step ({len(row.then) + 1})"
            name = row.name.replace("|", "/")
            parts.append(f"| {row.vi} | {row.en} | {runs} | {saved} | `{name}` |\n")
    return "".join(parts)


ROWS = [row for _, _, rows in SECTIONS for row in rows]
