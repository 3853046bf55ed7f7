"""Circles that nobody could leave (vòng lặp không lối ra): each gets a way out, and says so.

A flow that leads back and is always taken never lets a run end, and doubles its tokens where
another flow leaves beside it. Whoever drew it meant a choice that is not drawn: an officer gets it.
A circle of choices that something around it ends from outside may stay.
Round a circle without a step nobody would be asked twice, so what was chosen once would count for
ever: it gets a step.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from engine.diagram import HUMAN, kind_of, tag
from engine.foreign.gaps import flow, node
from engine.foreign.rewriting import (
    Completion,
    definitions_of,
    flows_in,
    leaving,
    name_of,
    nodes_in,
    text_of,
)
from engine.foreign.tasks import is_decidable

_CHOOSE = frozenset({"exclusiveGateway", "inclusiveGateway", "eventBasedGateway"})


def complete(done: Completion, scope: Any) -> None:
    """Give every circle of a scope that is always gone round a way out."""
    if kind_of(scope) == "adHocSubProcess":
        return
    _begin_anew(done, scope)
    for back, _ in list(_backward(scope, _is_taken)):
        _open(done, scope, back)
    # A circle of choices may still lead nowhere but round.
    while not _is_ended_from_outside(scope) and (lost := _without_end(scope)):
        found = [f for f, _ in _backward(scope, _within(lost))]
        if not found:
            return
        for back in found:
            _open(done, scope, back)
    for back, nodes in list(_backward(scope, _is_unasked)):
        if not any(_is_decided(done, element, scope) for element in nodes):
            _ask(done, scope, back)


def _begin_anew(done: Completion, scope: Any) -> None:
    """What happens beside a step and leads straight back to it would add one more each time."""
    nodes, out = nodes_in(scope), leaving(scope)
    for identity, element in nodes.items():
        step = element.get("attachedToRef")
        if kind_of(element) != "boundaryEvent" or element.get("cancelActivity") != "false":
            continue
        after = _reached(step, out, frozenset())
        if step in _reached(identity, out, after - {step}):
            element.set("cancelActivity", "true")
            done.say(
                element, "circle-edge", f"«{name_of(element)}» quay lại chính bước đang làm, nên "
                "bước đó làm lại từ đầu chứ không thêm một lần song song",
                f"“{name_of(element)}” leads back to its own step, which begins anew instead of "
                "once more beside itself",
            )  # fmt: skip


def _reached(start: Any, out: dict[str, list[Any]], but: frozenset[str] | set[str]) -> set[str]:
    """Return the nodes that the flows from one lead to, not going through some."""
    found: set[str] = set()
    todo = [start]
    while todo:
        for drawn in out.get(todo.pop(), ()):
            target = drawn.get("targetRef")
            if target not in found and target not in but:
                found.add(target)
                todo.append(target)
    return found


def _ask(done: Completion, scope: Any, back: Any) -> None:
    """Put a step into a circle that nobody works in."""
    source = nodes_in(scope)[back.get("sourceRef")]
    step = node(done, scope, "userTask", "again", name=f"Tiếp tục: {name_of(source)}")
    if kind_of(source) == "eventBasedGateway":  # only events stand behind it
        _come_before(done, scope, source, step)
    else:
        flow(done, scope, step, {"id": back.get("targetRef")})
        back.set("targetRef", step.get("id"))
    done.say(
        back, "circle-step", f"quay lại từ «{name_of(source)}» không qua bước nào, nên cán bộ được "
        "hỏi trước mỗi lần quay lại",
        f"nobody works in the circle from “{name_of(source)}”, so an officer is asked each time",
    )  # fmt: skip


def _is_unasked(_drawn: Any, _flows: list[Any], source: Any) -> bool:
    return kind_of(source) not in HUMAN


def _is_decided(done: Completion, element: Any, scope: Any) -> bool:
    """Whether data or an event decide at a gateway whether it is gone round again."""
    flows = leaving(scope).get(element.get("id"), [])
    if len(flows) < 2:
        return False
    if kind_of(element) in _CHOOSE - {"eventBasedGateway"}:
        asked = [f for f in flows if f.get("id") != element.get("default")]
        written = [text_of(f.find(tag("conditionExpression"))) for f in asked]
        return all(is_decidable(text, done.declared) for text in written)
    return kind_of(element) == "eventBasedGateway"


def _open(done: Completion, scope: Any, back: Any) -> None:
    nodes = nodes_in(scope)
    source = nodes[back.get("sourceRef")]
    gateway = source
    if kind_of(source) == "eventBasedGateway":
        gateway = node(done, scope, "exclusiveGateway", "circle", name=name_of(source))
        _come_before(done, scope, source, gateway)
    elif kind_of(source) != "exclusiveGateway":
        gateway = node(done, scope, "exclusiveGateway", "circle", name=name_of(source))
        back.set("sourceRef", gateway.get("id"))
        entering = flow(done, scope, source, gateway)
        for drawn in back.findall(tag("conditionExpression")):
            entering.append(drawn)
        if source.get("default") == back.get("id"):
            source.set("default", entering.get("id"))
    gateway.attrib.pop("default", None)
    flow(done, scope, gateway, node(done, scope, "endEvent", "end")).set("name", "Kết thúc")
    done.say(
        back, "circle", f"từ «{name_of(source)}» quay lại mãi không có lối ra, nên cán bộ chọn "
        "quay lại hay kết thúc",
        f"from “{name_of(source)}” it goes round for ever, so an officer says whether again",
    )  # fmt: skip


def _within(nodes: set[str]) -> Callable[[Any, list[Any], Any], bool]:
    return lambda drawn, _flows, _source: drawn.get("sourceRef") in nodes


def _come_before(done: Completion, scope: Any, gateway: Any, added: Any) -> None:
    for entering in flows_in(scope):
        if entering.get("targetRef") == gateway.get("id"):
            entering.set("targetRef", added.get("id"))
    flow(done, scope, added, gateway)


def _is_taken(drawn: Any, flows: list[Any], source: Any) -> bool:
    """Whether a token always takes this flow."""
    written = text_of(drawn.find(tag("conditionExpression"))).lower()
    if len(flows) < 2:
        return True
    if kind_of(source) in _CHOOSE:
        return kind_of(source) == "inclusiveGateway" and written == "true"
    return not written or written == "true" or kind_of(source) == "parallelGateway"


def _backward(
    scope: Any, follows: Callable[[Any, list[Any], Any], bool]
) -> Iterator[tuple[Any, list[Any]]]:
    """Yield the flows that lead back among those that count, each with the nodes it leads round."""
    nodes, out = nodes_in(scope), leaving(scope)
    counted = {
        identity: [f for f in flows if follows(f, flows, nodes[identity])]
        for identity, flows in out.items()
        if identity in nodes
    }
    first = [i for i, e in nodes.items() if kind_of(e) == "startEvent"]
    seen: set[str] = set()
    for root in [*first, *nodes]:
        if root in seen:
            continue
        seen.add(root)
        path, ways = [root], [iter(counted.get(root, ()))]
        while path:
            drawn = next(ways[-1], None)
            if drawn is None:
                path.pop()
                ways.pop()
                continue
            target = drawn.get("targetRef")
            if target in path:
                yield drawn, [nodes[i] for i in path[path.index(target) :]]
            elif target not in seen and target in nodes:
                seen.add(target)
                path.append(target)
                ways.append(iter(counted.get(target, ())))


def _without_end(scope: Any) -> set[str]:
    """Return the nodes of a scope from which some token always goes on, whatever is chosen."""
    nodes, out = nodes_in(scope), leaving(scope)
    edge: dict[str, list[str]] = {}
    for identity, element in nodes.items():
        if kind_of(element) == "boundaryEvent" and _interrupts(element):
            edge.setdefault(element.get("attachedToRef"), []).append(identity)
    good = {i for i in nodes if i not in out}

    def ends(identity: str, element: Any) -> bool:
        """Where several flows are always taken, each of them has to lead to an end."""
        flows = out[identity]
        always = [f for f in flows if _is_taken(f, flows, element)]
        led = [f.get("targetRef") in good for f in always or flows]
        return (all(led) if always else any(led)) or any(e in good for e in edge.get(identity, ()))

    while more := {i for i, e in nodes.items() if i not in good and ends(i, e)}:
        good |= more
    return set(nodes) - good


def _is_ended_from_outside(scope: Any) -> bool:
    """Whether something that interrupts a scope, or one around it, waits at its edge or in it."""
    while scope is not None and kind_of(scope) != "definitions":
        if any(_interrupts(e) for e in _watching(scope)):
            return True
        scope = scope.getparent()
    return False


def _watching(scope: Any) -> Iterable[Any]:
    around = scope.getparent()
    for element in around if around is not None else ():
        if element.get("attachedToRef") == scope.get("id") and kind_of(scope) != "process":
            yield element
    for element in scope:
        if element.get("triggeredByEvent") == "true":
            yield from element.iterchildren(tag("startEvent"))


def _interrupts(event: Any) -> bool:
    kinds = {kind_of(d).removesuffix("EventDefinition") for d in definitions_of(event)}
    ends = "false" not in {event.get("cancelActivity"), event.get("isInterrupting")}
    return ends and bool(kinds & {"message", "timer", "signal"})
