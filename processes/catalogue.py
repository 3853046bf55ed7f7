"""The verbs a diagram may call (danh mục việc): name, words, form, and what carries them out."""

from collections import Counter
from collections.abc import Iterable, Mapping

from engine.expressions import BOOLEAN, NULL, TEXT, Kind, context_of, list_of, one_of
from engine.expressions.kinds import common
from processes.verb import Verb
from records.vocabulary import Channel, Urgency

_URGENCY = {"urgency": one_of(u.value for u in Urgency)}
_PART = context_of({"unit": TEXT, "deadline": TEXT})
#: moments stand in variables as ISO 8601 text; ids as text
_ASSIGNED = {"lead_officer": TEXT, "officer_assignment": TEXT, "deadline": TEXT}
_DIRECTED = _ASSIGNED | {
    "director": TEXT, "lead_unit": TEXT, "lead_assignment": TEXT, "cooperating": list_of(TEXT),
    "cooperation": list_of(_PART), "informed": list_of(TEXT),
}  # fmt: skip

#: what the sender of a document asks of it: why stands where the clerk decides
_ASKED = {
    "change": TEXT, "kind": TEXT, "request": TEXT, "asked_by": TEXT, "outcome": NULL,
}  # fmt: skip


def _ways(*outcomes: str) -> dict[str, Kind]:
    """The ways an officer may choose at a step."""
    return {"outcome": one_of(outcomes)}


#: what a run of each procedure has from its start
BEGINS: dict[str, dict[str, Kind]] = {
    "incoming": _DIRECTED
    | _URGENCY
    | {
        "channel": one_of(c.value for c in Channel),
        "is_petition": BOOLEAN,
        "outcome": NULL,
        "processed_by": TEXT,
    },
    "outgoing": _URGENCY
    | {
        "author": TEXT,
        "drafting_unit": TEXT,
        "signatory": TEXT,
        "cooperating": list_of(TEXT),
        "outcome": NULL,
    },
    "recall": _ASKED,
    "update": _ASKED,
    "replace": _ASKED,
}

VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb("check_authenticity", "Tiếp nhận, kiểm tra", "Receive and check", "incoming.check_authenticity", "incoming-check", "incoming", sets=_ways("accept", "return")),
        Verb("register_incoming", "Đăng ký văn bản đến", "Register", "incoming.register", "incoming-register", "incoming", sets=_ways("register", "duplicate") | _URGENCY),
        Verb("present", "Trình", "Present", "incoming.present", "incoming-present", "incoming", sets=_ways("present") | {"director": TEXT}),
        Verb("direct", "Cho ý kiến chỉ đạo", "Direct", "incoming.direct", "incoming-direct", "incoming", sets=_ways("direct", "return") | _DIRECTED),
        Verb("assign", "Phân công", "Assign", "incoming.assign", "incoming-assign", "incoming", sets=_ways("assign", "return") | _ASSIGNED),
        Verb("process", "Giải quyết", "Process", "incoming.process", "incoming-process", "incoming", sets=_ways("complete", "continue", "return") | {"processed_by": TEXT}),
        Verb("cooperate", "Phối hợp", "Cooperate", "incoming.cooperate", "incoming-cooperate", "incoming", sets=_ways("contribute", "return")),
        Verb("review_cooperation", "Xem lại phân công phối hợp", "Review the cooperation", "incoming.cooperate", "incoming-review", "incoming", sets=_ways("assign", "release") | {"part": _PART}),
        Verb("acknowledge", "Đã xem", "Acknowledge", "incoming.acknowledge", "incoming-acknowledge", "incoming"),
        Verb("follow_up", "Đôn đốc", "Follow up", "incoming.follow_up", "incoming-follow-up", "incoming"),
        Verb("complete", "Xác nhận hoàn thành", "Confirm completion", "incoming.complete", "incoming-complete", "incoming", sets=_ways("accept", "return") | _ASSIGNED),
        Verb("file_incoming", "Lập hồ sơ", "File", "incoming.file", "incoming-file", "incoming"),
        Verb("draft", "Soạn thảo", "Draft", "outgoing.draft", "outgoing-draft", "outgoing", sets=_ways("submit") | {"signatory": TEXT, "cooperating": list_of(TEXT)} | _URGENCY),
        Verb("comment", "Góp ý dự thảo", "Comment", "outgoing.comment", "outgoing-comment", "outgoing"),
        Verb("approve_content", "Duyệt nội dung", "Approve the content", "outgoing.approve_content", "outgoing-approve-content", "outgoing", sets=_ways("approve", "return")),
        Verb("check_format", "Kiểm tra thể thức", "Check the layout", "outgoing.check_format", "outgoing-check-format", "outgoing", sets=_ways("approve", "return")),
        Verb("sign", "Ký ban hành", "Sign", "outgoing.sign", "outgoing-sign", "outgoing", sets=_ways("sign", "return")),
        Verb("number", "Cấp số, ngày", "Number and date", "outgoing.number", "outgoing-number", "outgoing", sets={"reference": TEXT}),
        Verb("register_outgoing", "Đăng ký văn bản đi", "Register", "outgoing.register", "outgoing-register", "outgoing"),
        Verb("seal", "Ký số cơ quan", "Seal", "outgoing.seal", "outgoing-seal", "outgoing"),
        Verb("issue", "Phát hành", "Issue", "outgoing.issue", "outgoing-issue", "outgoing"),
        Verb("store", "Lưu, lập hồ sơ", "Store", "outgoing.store", "outgoing-store", "outgoing"),
        Verb("decide_recall", "Trả lời yêu cầu lấy lại, thu hồi", "Answer a recall", "recall.decide", "recall-decide", "recall", sets=_ways("agree", "refuse")),
        Verb("decide_update", "Trả lời yêu cầu cập nhật", "Answer an update", "update.decide", "update-decide", "update", sets=_ways("agree", "refuse")),
        Verb("decide_replace", "Ghi nhận văn bản bị thay thế", "Mark what is replaced", "replace.decide", "replace-decide", "replace", sets=_ways("agree", "refuse")),
        Verb("report_status", "Báo trạng thái cho bên gửi", "Report the status", "machine_verbs", by_machine=True),
    )
}  # fmt: skip


def variables(key: str, verbs: Iterable[str]) -> dict[str, Kind]:
    """Return the routing variables of a procedure whose diagram calls these verbs."""
    begun = [BEGINS[key]] if key in BEGINS else []
    found: dict[str, Kind] = {}
    for sets in (*begun, *(VERBS[name].sets for name in verbs if name in VERBS)):
        for name, kind in sets.items():
            found[name] = common(found[name], kind) if name in found else kind
    return found


def load() -> None:
    """Load what carries out the verbs: who serves does it before anybody's first step."""
    for verb in VERBS.values():
        verb.load()


def procedure_of(called: Mapping[str, int]) -> str:
    """Return the procedure that most of the verbs called belong to, or ""."""
    belong: Counter[str] = Counter()
    for name, count in called.items():
        if name in VERBS and VERBS[name].procedure:
            belong[VERBS[name].procedure] += count
    return next((procedure for procedure, _ in belong.most_common(1)), "")
