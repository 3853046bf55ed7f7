"""What speaks by law against running a diagram as a procedure (kiểm tra theo luật)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date

from engine.definition import Prepared
from engine.diagram import Node
from engine.finding import Finding, Severity, error
from processes.catalogue import VERBS
from processes.law.kinds import ON_THE_WAY
from processes.law.reading import Reading
from processes.law.rule import Kind, Rule, rules_of

#: what a procedure works on, by its key, in both languages
_WORKS_ON = {
    "incoming": ("văn bản đến", "incoming documents"),
    "outgoing": ("văn bản đi", "outgoing documents"),
    "recall": ("lấy lại, thu hồi", "recalls"),
    "update": ("cập nhật văn bản", "updates"),
    "replace": ("thay thế văn bản", "replacements"),
}


def check(
    prepared: Prepared,
    key: str = "",
    on: date | None = None,
    *,
    severity: Severity = Severity.ERROR,
) -> list[Finding]:
    """Return what speaks against running the diagram as the procedure `key` on a day.

    Without a key the procedure is the one most of its verbs belong to; without a day the newest law
    counts. `severity` is what a broken rule is to the caller.
    """
    reading = Reading(prepared)
    drawn = [n for n in prepared.model.nodes.values() if n.is_step and n.verb in VERBS]
    belong = Counter(VERBS[node.verb].procedure for node in drawn if VERBS[node.verb].procedure)
    key = key or next((procedure for procedure, _ in belong.most_common(1)), "")
    if not key:
        return []
    findings = list(_strangers(drawn, key))
    if belong[key] or not findings:  # another procedure's diagram is not told what it lacks
        if not prepared.ways.is_complete:
            findings.append(_unread(severity))
        for rule in rules_of(key, on):
            findings += _broken(rule, reading, severity)
    return [*findings, *_without_a_way(prepared.model.nodes, drawn)]


def _broken(rule: Rule, reading: Reading, severity: Severity) -> Iterator[Finding]:
    called = {node.verb for node in reading.steps}
    if rule.kind is Kind.PRESENT:
        for verb in rule.verbs:
            if verb not in called:
                yield _missing(rule, verb, severity)
    elif rule.relied_on <= called:  # else what is missing is said
        for breach in ON_THE_WAY[rule.kind](rule, reading):
            yield Finding(
                severity, breach.element, rule.id,
                f"{breach.vi}: {rule.vi}. {rule.do_vi}", f"{breach.en}: {rule.en}. {rule.do_en}",
                rule.citation, breach.path,
            )  # fmt: skip


def _unread(severity: Severity) -> Finding:
    return Finding(
        severity, "", "unread",
        "Các quy trình được gọi lồng nhau quá nhiều nên không xét hết các đường đi theo luật được. "
        "Giảm số lần gọi hoặc vẽ thẳng các bước đó vào quy trình.",
        "Processes call each other too often for all ways to be read by law. Call fewer, or draw "
        "their steps in the process itself.",
    )  # fmt: skip


def _missing(rule: Rule, name: str, severity: Severity) -> Finding:
    vi, en = _WORKS_ON[rule.procedure]
    verb = VERBS[name]
    return Finding(
        severity, "", "missing-step",
        f"Quy trình {vi} thiếu bước «{verb.vi}» ({name}): {rule.vi}. {rule.do_vi}",
        f"The procedure for {en} has no step “{verb.en}” ({name}): {rule.en}. {rule.do_en}",
        rule.citation,
    )  # fmt: skip


#: what may be chosen at a step and needs a gateway behind it, else the choice leads nowhere
_CHOICES = {
    "register_incoming": ("khép lại văn bản trùng", "close a duplicate"),
    "cooperate": ("trả lại việc phối hợp", "give the work back"),
}


def _without_a_way(nodes: Mapping[str, Node], steps: list[Node]) -> Iterator[Finding]:
    for node in steps:
        if node.verb not in _CHOICES:
            continue
        follows = [n for n in nodes.values() if not set(n.incoming).isdisjoint(node.outgoing)]
        if any(n.kind == "exclusiveGateway" for n in follows):
            continue
        vi, en = _CHOICES[node.verb]
        yield Finding(
            Severity.WARNING, node.id, "no-way-for-choice",
            f"Tại bước «{node.name}» người xử lý được chọn {vi}, nhưng sau bước không có cổng rẽ "
            "nên việc vẫn đi tiếp như thường. Thêm cổng rẽ theo biến «outcome» như quy trình mẫu.",
            f"At “{node.name}” one may {en}, but no gateway follows, so it goes on as usual. Add a "
            "gateway on “outcome” as in the shipped procedure.",
        )  # fmt: skip


def _strangers(steps: list[Node], key: str) -> Iterator[Finding]:
    vi, en = _WORKS_ON[key]
    for node in steps:
        verb = VERBS[node.verb]
        if verb.procedure in {"", key}:
            continue
        other_vi, other_en = _WORKS_ON[verb.procedure]
        yield error(
            node.id, "other-procedure",
            f"Bước «{node.name}» gọi việc «{verb.vi}» ({verb.name}) của quy trình {other_vi}, "
            f"nhưng đây là quy trình {vi}. Chọn việc của quy trình {vi}, hoặc chuyển bước này sang "
            f"quy trình {other_vi}.",
            f"Step “{node.name}” calls “{verb.en}” ({verb.name}), a verb for {other_en}; this "
            f"procedure is for {en}. Choose another verb or move the step.",
        )  # fmt: skip
