"""The verbs a diagram may call (danh mục việc): name, words, form, and what carries them out."""

from processes import machine_verbs
from processes.incoming.acknowledge import acknowledge
from processes.incoming.assign import assign
from processes.incoming.check_authenticity import check_authenticity
from processes.incoming.complete import complete
from processes.incoming.cooperate import cooperate, review_cooperation
from processes.incoming.direct import direct
from processes.incoming.file import file_incoming
from processes.incoming.follow_up import follow_up
from processes.incoming.present import present
from processes.incoming.process import process
from processes.incoming.register import register_incoming
from processes.order import Verb
from processes.outgoing.approve_content import approve_content
from processes.outgoing.check_format import check_format
from processes.outgoing.comment import comment
from processes.outgoing.draft import draft
from processes.outgoing.issue import issue
from processes.outgoing.number import number
from processes.outgoing.register import register_outgoing
from processes.outgoing.seal import seal
from processes.outgoing.sign import sign
from processes.outgoing.store import store

VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb("check_authenticity", "Tiếp nhận, kiểm tra", "Receive and check", check_authenticity, "incoming-check", "incoming"),
        Verb("register_incoming", "Đăng ký văn bản đến", "Register", register_incoming, "incoming-register", "incoming"),
        Verb("present", "Trình", "Present", present, "incoming-present", "incoming"),
        Verb("direct", "Cho ý kiến chỉ đạo", "Direct", direct, "incoming-direct", "incoming"),
        Verb("assign", "Phân công", "Assign", assign, "incoming-assign", "incoming"),
        Verb("process", "Giải quyết", "Process", process, "incoming-process", "incoming"),
        Verb("cooperate", "Phối hợp", "Cooperate", cooperate, "incoming-cooperate", "incoming"),
        Verb("review_cooperation", "Xem lại phân công phối hợp", "Review the cooperation", review_cooperation, "incoming-review", "incoming"),
        Verb("acknowledge", "Đã xem", "Acknowledge", acknowledge, "incoming-acknowledge", "incoming"),
        Verb("follow_up", "Đôn đốc", "Follow up", follow_up, "incoming-follow-up", "incoming"),
        Verb("complete", "Xác nhận hoàn thành", "Confirm completion", complete, "incoming-complete", "incoming"),
        Verb("file_incoming", "Lập hồ sơ", "File", file_incoming, "incoming-file", "incoming"),
        Verb("draft", "Soạn thảo", "Draft", draft, "outgoing-draft", "outgoing"),
        Verb("comment", "Góp ý dự thảo", "Comment", comment, "outgoing-comment", "outgoing"),
        Verb("approve_content", "Duyệt nội dung", "Approve the content", approve_content, "outgoing-approve-content", "outgoing"),
        Verb("check_format", "Kiểm tra thể thức", "Check the layout", check_format, "outgoing-check-format", "outgoing"),
        Verb("sign", "Ký ban hành", "Sign", sign, "outgoing-sign", "outgoing"),
        Verb("number", "Cấp số, ngày", "Number and date", number, "outgoing-number", "outgoing"),
        Verb("register_outgoing", "Đăng ký văn bản đi", "Register", register_outgoing, "outgoing-register", "outgoing"),
        Verb("seal", "Ký số cơ quan", "Seal", seal, "outgoing-seal", "outgoing"),
        Verb("issue", "Phát hành", "Issue", issue, "outgoing-issue", "outgoing"),
        Verb("store", "Lưu, lập hồ sơ", "Store", store, "outgoing-store", "outgoing"),
        *machine_verbs.VERBS,
    )
}  # fmt: skip
