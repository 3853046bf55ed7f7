"""Several pools of one file (bể, nhóm tham gia): one instance runs them side by side.

A collaboration is one piece of work drawn from several sides, so its pools begin together, each
runs to its own end, and a message that one sends another receives within the instance, also when
it was sent before anybody waited for it.
"""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from engine.diagram import FLOW_NODES, kind_of, main_process, tag

#: the id of the process that runs the pools of a collaboration
TOGETHER = "cv.pools"


def running(root: Any, *, every: bool) -> list[Any]:
    """Return the processes that run of themselves: drawn, not called, meant to be executed.

    With `every` also those that are not marked executable.
    """
    called = {e.get("calledElement") for e in root.iter(tag("callActivity"))}
    drawn = [
        p
        for p in root.findall(tag("process"))
        if p.get("id") not in called and any(kind_of(e) in FLOW_NODES for e in p)
    ]
    executable = [p for p in drawn if p.get("isExecutable") == "true"]
    return drawn if every else executable or drawn[:1]


def arrange(root: Any, *, every: bool) -> list[Any]:
    """Put what is run first: the one process, or a new one that calls each pool in parallel.

    Returns the pools that are called so, none where one process runs alone.
    """
    found = running(root, every=every)
    first = root.find(tag("process"))
    main = found[0] if len(found) == 1 else main_process(root)
    if len(found) < 2:
        if main is not first:
            first.addprevious(main)
        return []
    names = {
        p.get("processRef"): p.get("name") for p in root.iter(tag("participant")) if p.get("name")
    }
    made = etree.Element(tag("process"), id=TOGETHER, name=TOGETHER, isExecutable="true")
    first.addprevious(made)
    for kind, name in (
        ("startEvent", "start"), ("parallelGateway", "fork"),
        ("parallelGateway", "join"), ("endEvent", "end"),
    ):  # fmt: skip
        etree.SubElement(made, tag(kind), id=f"{TOGETHER}.{name}")
    flows = [("start", "fork"), ("join", "end")]
    for number, process in enumerate(found, 1):
        identity = process.get("id")
        etree.SubElement(
            made, tag("callActivity"), id=f"{TOGETHER}.{number}", calledElement=identity,
            name=names.get(identity) or process.get("name") or identity,
        )  # fmt: skip
        flows += [("fork", str(number)), (str(number), "join")]
    for number, (source, target) in enumerate(flows, 1):
        etree.SubElement(
            made, tag("sequenceFlow"), id=f"{TOGETHER}.flow.{number}",
            sourceRef=f"{TOGETHER}.{source}", targetRef=f"{TOGETHER}.{target}",
        )  # fmt: skip
    return found


def messages_between(root: Any) -> set[str]:
    """Return the names of messages that one of the pools sends and another receives."""
    first = root.find(tag("process"))
    if first is None or first.get("id") != TOGETHER:
        return set()
    names = {m.get("id"): m.get("name") for m in root.findall(tag("message"))}
    sent, received = set[Any](), set[Any]()
    for node, reference in _named(root):
        throws = kind_of(node) in {"endEvent", "intermediateThrowEvent", "sendTask"}
        (sent if throws else received).add(names.get(reference))
    return {name for name in sent & received if name}


def _named(root: Any) -> Iterator[tuple[Any, Any]]:
    for element in root.iter(tag("messageEventDefinition")):
        yield element.getparent(), element.get("messageRef")
    for element in root.iter(tag("sendTask"), tag("receiveTask")):
        yield element, element.get("messageRef")


def name_flows(root: Any) -> list[tuple[Any, str]]:
    """Give both ends of each message flow one message, where one of them names none.

    Returns the ends that were given one, with its name.
    """
    messages = {m.get("id"): m for m in root.findall(tag("message"))}
    ends = {e.get("id"): e for e in root.iter(tag("*")) if kind_of(e) in FLOW_NODES}
    given: list[tuple[Any, str]] = []
    for number, flow in enumerate(list(root.iter(tag("messageFlow"))), 1):
        pair = [ends.get(flow.get(side)) for side in ("sourceRef", "targetRef")]
        places = [place for end in pair if end is not None for place in _places(end)]
        named = [p.get("messageRef") for p in places if p.get("messageRef") in messages]
        open_ends = [p for p in places if p.get("messageRef") not in messages]
        if not open_ends:
            continue
        reference = flow.get("messageRef") if flow.get("messageRef") in messages else None
        if named:
            reference = named[0]
        if reference is None:
            reference = f"cv.message.flow{number}"
            name = flow.get("name") or flow.get("id") or reference
            messages[reference] = etree.Element(tag("message"), id=reference, name=name)
            root.insert(0, messages[reference])
        for place in open_ends:
            place.set("messageRef", reference)
            owner = place if kind_of(place) in FLOW_NODES else place.getparent()
            given.append((owner, messages[reference].get("name") or reference))
    return given


def _places(end: Any) -> list[Any]:
    """Where a node names its message: itself, or its event definition."""
    if kind_of(end) in {"sendTask", "receiveTask"}:
        return [end]
    return list(end.findall(tag("messageEventDefinition")))
