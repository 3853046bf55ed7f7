"""Events that wait for the same (sự kiện trùng tên): only the first of them could ever happen.

Behind one gateway or at the edge of one step the first ends the others; what interrupts a step ends
whatever waits inside it for the same. Where the way on leads through the one that never happens,
the run goes round for ever, so each of them waits for a message or signal of its own.
"""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from engine.diagram import kind_of, scopes, tag
from engine.foreign.rewriting import Completion, definitions_of, leaving, name_of, nodes_in

_KINDS = ("message", "signal")
#: what is awaited: its kind and the name it goes by
Awaited = tuple[str, str]


def complete(done: Completion) -> None:
    """Have no two events that end each other wait for the same."""
    for scope in list(scopes(done.root)):
        nodes, out = nodes_in(scope), leaving(scope)
        for identity, element in nodes.items():
            if kind_of(element) == "eventBasedGateway":
                behind = [nodes.get(f.get("targetRef")) for f in out.get(identity, ())]
                _part(done, set(), [e for e in behind if e is not None])
        for identity, element in nodes.items():
            edges = [e for e in nodes.values() if e.get("attachedToRef") == identity]
            ending = [e for e in edges if e.get("cancelActivity") != "false"]
            _part(done, {a for inner in element.iter() for a in _awaited(done, inner)}, ending)
        _part(done, *_of_the_whole(done, scope))


def _of_the_whole(done: Completion, scope: Any) -> tuple[set[Awaited], list[Any]]:
    """Return what is awaited in a scope, and the starts beside it that end all of it."""
    beside = [e for e in scope if e.get("triggeredByEvent") == "true"]
    inside = [e for e in nodes_in(scope).values() if e not in beside]
    starts = [s for e in beside for s in e.iterchildren(tag("startEvent"))]
    ending = [s for s in starts if s.get("isInterrupting") != "false"]
    if not ending:
        return set(), []
    return {a for e in inside for part in e.iter() for a in _awaited(done, part)}, ending


def _part(done: Completion, taken: set[Awaited], events: list[Any]) -> None:
    """Give each event that waits for what is taken something of its own to wait for."""
    for event in events:
        for kind, name in set(_awaited(done, event)) & taken:
            own = f"{name} – {name_of(event)}"
            if (kind, own) in taken:
                own = f"{name} – {event.get('id')}"
            _rename(done, event, (kind, name), own)
        taken |= set(_awaited(done, event))


def _awaited(done: Completion, element: Any) -> Iterator[Awaited]:
    """Yield what one element itself waits for."""
    if kind_of(element) == "receiveTask":
        places = [("message", element)]
    elif kind_of(element) in {"intermediateCatchEvent", "boundaryEvent", "startEvent"}:
        places = [(_kind(d), d) for d in definitions_of(element)]
    else:
        return
    for kind, place in places:
        if kind in _KINDS and (reference := place.get(f"{kind}Ref")):
            yield kind, _name(done, kind, reference)


def _kind(definition: Any) -> str:
    return kind_of(definition).removesuffix("EventDefinition")


def _name(done: Completion, kind: str, reference: str) -> str:
    named = (d for d in done.root.iterchildren(tag(kind)) if d.get("id") == reference)
    return next((d.get("name") or reference for d in named), reference)


def _rename(done: Completion, event: Any, awaited: Awaited, own: str) -> None:
    kind, name = awaited
    made = etree.Element(tag(kind), id=done.fresh(kind), name=own)
    done.root.insert(0, made)
    for place in [event, *definitions_of(event)]:
        reference = place.get(f"{kind}Ref")
        if reference and _name(done, kind, reference) == name:
            place.set(f"{kind}Ref", made.get("id"))
    done.say(
        event, "rival", f"«{name}» cũng được chờ ở một sự kiện mà sự kiện này kết thúc, hoặc bị nó "
        f"kết thúc, nên ở đây chờ «{own}»",
        f"an event that this one ends, or that ends it, waits for “{name}” too: here it is “{own}”",
    )  # fmt: skip
