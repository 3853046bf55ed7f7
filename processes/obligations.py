"""What an agency's diagram owes the law (nghĩa vụ của quy trình), whatever else it changes."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.definition import Prepared
from engine.diagram import HUMAN, MACHINE, Node
from engine.finding import Finding, Severity, error
from processes.catalogue import VERBS

_DECREE = "Nghị định 30/2020/NĐ-CP"
_REGULATION = "Quy chế kèm theo QĐ 188/2018/QĐ-UBND"

#: what a procedure works on, by its key, in both languages
_WORKS_ON = {
    "incoming": ("văn bản đến", "incoming documents"),
    "outgoing": ("văn bản đi", "outgoing documents"),
}


@dataclass(frozen=True, slots=True)
class Obligation:
    """A verb that some step must call (việc bắt buộc), where that is written, and what it says."""

    verb: str
    citation: str
    vi: str
    en: str


OBLIGATIONS = {
    "incoming": (
        Obligation(
            "check_authenticity", f"{_DECREE}, Điều 21; {_REGULATION}, Điều 7.1",
            "văn bản đến phải được kiểm tra tính xác thực về nguồn gốc nơi gửi và sự toàn vẹn",
            "origin and integrity are checked at receipt",
        ),
        Obligation(
            "register_incoming", f"{_DECREE}, Điều 22; {_REGULATION}, Điều 7.1",
            "văn bản đến phải được đăng ký, cấp số đến",
            "every incoming document is registered and numbered",
        ),
        Obligation(
            "direct", f"{_DECREE}, Điều 23; {_REGULATION}, Điều 7.1, 9.2",
            "người có thẩm quyền phải cho ý kiến phân phối, chỉ đạo giải quyết",
            "the competent person distributes it and directs its processing",
        ),
        Obligation(
            "process", f"{_DECREE}, Điều 24; {_REGULATION}, Điều 8.1",
            "văn bản đến phải được giải quyết, cập nhật tiến độ",
            "it is processed and its progress kept",
        ),
        Obligation(
            "file_incoming", f"{_DECREE}, Điều 29; {_REGULATION}, Điều 8.3",
            "văn bản đã giải quyết phải được lập hồ sơ",
            "what was processed is filed",
        ),
    ),
    "outgoing": (
        Obligation(
            "draft", f"{_DECREE}, Điều 10; {_REGULATION}, Điều 8.2",
            "văn bản đi phải được soạn thảo trên hệ thống",
            "the document is drafted in the system",
        ),
        Obligation(
            "approve_content", f"{_DECREE}, Điều 12.1",
            "người đứng đầu đơn vị soạn thảo phải kiểm tra nội dung trước khi ký",
            "the head of the drafting unit answers for the content before it is signed",
        ),
        Obligation(
            "check_format", f"{_DECREE}, Điều 12.2",
            "thể thức và kỹ thuật trình bày phải được kiểm tra trước khi ký",
            "form and layout are checked before it is signed",
        ),
        Obligation(
            "sign", f"{_DECREE}, Điều 13; {_REGULATION}, Điều 3.5, 5",
            "văn bản phát hành phải có chữ ký số của người có thẩm quyền",
            "what is issued carries the signature of the competent person",
        ),
        Obligation(
            "number", f"{_DECREE}, Điều 15; {_REGULATION}, Điều 7.2",
            "văn bản đi phải được cấp số và thời gian ban hành",
            "the document gets its number and date",
        ),
        Obligation(
            "register_outgoing", f"{_DECREE}, Điều 16; {_REGULATION}, Điều 7.2",
            "văn bản đi phải được đăng ký",
            "the document is registered",
        ),
        Obligation(
            "seal", f"{_DECREE}, Điều 17; {_REGULATION}, Điều 3.5, 5, 7.2",
            "văn bản điện tử phải có chữ ký số của cơ quan trước khi phát hành",
            "an electronic document is sealed by the agency before it is issued",
        ),
        Obligation(
            "issue", f"{_DECREE}, Điều 18; {_REGULATION}, Điều 7.2",
            "văn bản đã ký phải được phát hành đến nơi nhận",
            "what was signed is issued to its recipients",
        ),
        Obligation(
            "store", f"{_DECREE}, Điều 19; {_REGULATION}, Điều 7.2",
            "văn bản đi phải được lưu tại văn thư và trong hồ sơ công việc",
            "the document is kept by the clerk and in its dossier",
        ),
    ),
}  # fmt: skip


def check(prepared: Prepared, key: str) -> list[Finding]:
    """Return what speaks against running the diagram as the procedure `key`.

    Without a key the procedure is the one most of its verbs belong to.
    """
    unreached = {f.element for f in prepared.findings if f.code == "unreachable"}
    steps = [
        node
        for node in prepared.model.nodes.values()
        if node.kind in HUMAN | MACHINE and node.verb in VERBS
    ]
    belong = Counter(VERBS[node.verb].procedure for node in steps if VERBS[node.verb].procedure)
    key = key or next((procedure for procedure, _ in belong.most_common(1)), "")
    if not key:
        return []
    findings = list(_strangers(steps, key))
    if belong[key] or not findings:  # another procedure's diagram is not told what it lacks
        findings += _missing({node.verb for node in steps if node.id not in unreached}, key)
    return [*findings, *_without_a_way(prepared.model.nodes, steps)]


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


def _missing(called: set[str], key: str) -> Iterator[Finding]:
    vi, en = _WORKS_ON[key]
    for owed in OBLIGATIONS[key]:
        if owed.verb in called:
            continue
        verb = VERBS[owed.verb]
        yield Finding(
            Severity.ERROR, "", "missing-step",
            f"Quy trình {vi} thiếu bước «{verb.vi}» ({verb.name}): {owed.vi}. Thêm bước gọi việc "
            "này vào đường đi của quy trình.",
            f"The procedure for {en} has no step “{verb.en}” ({verb.name}): {owed.en}. Add a step "
            "that calls this verb.",
            owed.citation,
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
