"""Transactions (giao dịch): a sub-process left by its cancel end, at the cancel event on its edge.

Redrawn as what runs right: the cancel end is an error that only that edge catches. Nothing is
undone on the way: what a step did outside, a number given or a document sent, is taken back by a
verb that an officer answers for, drawn behind the edge.
"""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from engine.diagram import kind_of, tag
from engine.finding import Finding, error

_CANCEL = "cancelEventDefinition"


def check_cancellations(root: Any) -> Iterator[Finding]:
    """Return the cancel events that no transaction has, or that something else would take."""
    for definition in root.iter(tag(_CANCEL)):
        event = definition.getparent()
        if kind_of(event) not in {"endEvent", "boundaryEvent"}:
            continue  # told as an event that does nothing at its place
        if not _belongs(event):
            yield error(
                event, "cancel-place",
                "Kết thúc hủy chỉ đặt ngay trong giao dịch có sự kiện hủy ở biên; sự kiện hủy chỉ "
                "gắn ở biên của giao dịch.",
                "A cancel end stands directly in a transaction with a cancel event at its edge; a "
                "cancel event hangs at the edge of a transaction.",
            )  # fmt: skip
        elif kind_of(event) == "endEvent" and any(_takes_all(e) for e in event.getparent()):
            yield error(
                event, "cancel-caught",
                "Trong giao dịch có quy trình con bắt mọi lỗi nên nó sẽ bắt cả việc hủy. Chọn lỗi "
                "cụ thể cho quy trình con đó.",
                "An event sub-process of the transaction catches every error, the cancellation "
                "too. Have it name its error.",
            )  # fmt: skip


def _belongs(event: Any) -> bool:
    if kind_of(event) == "endEvent":
        return bool(_edges(event.getparent()))
    name = event.get("attachedToRef")
    return any(e.get("id") == name for e in event.getparent().iterchildren(tag("transaction")))


def _edges(transaction: Any) -> list[Any]:
    """Return the cancel events at the edge of a transaction, none of anything else."""
    if kind_of(transaction) != "transaction":
        return []
    name = transaction.get("id")
    beside = transaction.getparent()
    return [e for e in beside if e.get("attachedToRef") == name and _cancels(e)]


def _cancels(event: Any) -> bool:
    return event.find(tag(_CANCEL)) is not None


def _takes_all(element: Any) -> bool:
    return element.get("triggeredByEvent") == "true" and any(
        not definition.get("errorRef")
        for start in element.iterchildren(tag("startEvent"))
        for definition in start.iterchildren(tag("errorEventDefinition"))
    )


def redraw_transactions(root: Any) -> Iterator[Any]:
    """Redraw every transaction as a sub-process, its cancellation as an error; yield each."""
    for transaction in list(root.iter(tag("transaction"))):
        name = f"cv.cancel.{transaction.get('id')}"
        ends = [e for e in transaction.iterchildren(tag("endEvent")) if _cancels(e)]
        edges = _edges(transaction)
        if ends or edges:
            root.insert(0, etree.Element(tag("error"), id=name, name=name, errorCode=name))
        for event in ends + edges:
            drawn = event.find(tag(_CANCEL))
            event.replace(drawn, etree.Element(tag("errorEventDefinition"), errorRef=name))
        for edge in edges:
            edge.set("cancelActivity", "true")
        transaction.attrib.pop("method", None)
        transaction.tag = tag("subProcess")
        yield transaction
