"""What an agency's diagram owes the law (nghĩa vụ của quy trình), whatever else it changes."""

from collections import Counter
from collections.abc import Iterator

from engine.diagram import HUMAN, MACHINE, Model, Node
from engine.finding import Finding, error
from processes.catalogue import VERBS

#: what a procedure works on, by its key, in both languages
_WORKS_ON = {
    "incoming": ("văn bản đến", "incoming documents"),
    "outgoing": ("văn bản đi", "outgoing documents"),
}


def check(model: Model, key: str) -> list[Finding]:
    """Return what speaks against running the diagram as the procedure `key`.

    Without a key the procedure is the one most of its verbs belong to.
    """
    steps = [
        (node, VERBS[node.verb].procedure)
        for node in model.nodes.values()
        if node.kind in HUMAN | MACHINE and node.verb in VERBS
    ]
    belong = Counter(procedure for _, procedure in steps if procedure)
    if not key and not belong:
        return []
    key = key or belong.most_common(1)[0][0]
    return list(_strangers(steps, key))


def _strangers(steps: list[tuple[Node, str]], key: str) -> Iterator[Finding]:
    vi, en = _WORKS_ON[key]
    for node, procedure in steps:
        if procedure in {"", key}:
            continue
        verb = VERBS[node.verb]
        other_vi, other_en = _WORKS_ON[procedure]
        yield error(
            node.id, "other-procedure",
            f"Bước «{node.name}» gọi việc «{verb.vi}» ({verb.name}) của quy trình {other_vi}, "
            f"nhưng đây là quy trình {vi}. Chọn việc của quy trình {vi}, hoặc chuyển bước này sang "
            f"quy trình {other_vi}.",
            f"Step “{node.name}” calls “{verb.en}” ({verb.name}), a verb for {other_en}; this "
            f"procedure is for {en}. Choose another verb or move the step.",
        )  # fmt: skip
