"""Who may do what (phân quyền): one question, one table of answers, no unless it says yes.

`authorize` knows nothing of the database: the caller hands over the facts of the object. Behind it
stands row-level security (`records.row_security`), which holds when a caller forgets to ask.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from engine.database import Acting
from engine.errors import NotAllowed
from records.organization import SIGNATORY, Role, group_keys
from records.vocabulary import Term


class Act(Term):
    """What an officer wants to do (hành vi)."""

    READ_DOCUMENT = "read_document", "xem văn bản", "read a document"
    DRAFT_DOCUMENT = "draft_document", "soạn thảo văn bản", "draft a document"
    WRITE_DOCUMENT = "write_document", "sửa văn bản", "change a document"
    RECEIVE_DOCUMENT = "receive_document", "tiếp nhận văn bản", "receive a document"
    REGISTER_DOCUMENT = "register_document", "đăng ký văn bản", "register a document"
    DIRECT_DOCUMENT = "direct_document", "cho ý kiến chỉ đạo", "direct a document"
    ASSIGN_WORK = "assign_work", "phân công xử lý", "assign work"
    SIGN_DOCUMENT = "sign_document", "ký văn bản", "sign a document"
    SEAL_DOCUMENT = "seal_document", "ký số của cơ quan", "set the agency's seal"
    ISSUE_DOCUMENT = "issue_document", "phát hành văn bản", "issue a document"
    RECALL_DOCUMENT = "recall_document", "thu hồi văn bản", "recall a document"
    READ_WORK_ITEM = "read_work_item", "xem việc cần xử lý", "read a work item"
    COMPLETE_WORK_ITEM = "complete_work_item", "xử lý việc", "complete a work item"
    READ_REGISTER = "read_register", "xem sổ đăng ký", "read a register"
    OPEN_REGISTER = "open_register", "mở sổ đăng ký", "open a register"
    READ_DOSSIER = "read_dossier", "xem hồ sơ", "read a dossier"
    OPEN_DOSSIER = "open_dossier", "mở hồ sơ", "open a dossier"
    WRITE_DOSSIER = "write_dossier", "cập nhật hồ sơ", "change a dossier"
    READ_PROCESS = "read_process", "xem quy trình", "read a procedure"
    PUBLISH_PROCESS = "publish_process", "ban hành quy trình", "publish a procedure"
    MIGRATE_PROCESS = (
        "migrate_process",
        "chuyển hồ sơ đang chạy sang bản quy trình khác",
        "carry running work over to another version",
    )
    STEER_PROCESS = "steer_process", "điều hành hồ sơ đang xử lý", "steer running work"
    REASSIGN_WORK = "reassign_work", "giao lại việc", "give work to others"
    DECIDE_PROPOSAL = (
        "decide_proposal",
        "quyết định đề nghị của người khác",
        "decide what somebody else proposed",
    )
    READ_HISTORY = "read_history", "xem quá trình xử lý", "read the history"
    EXPORT_EVIDENCE = "export_evidence", "xuất gói chứng cứ", "export evidence"
    READ_JOURNAL = "read_journal", "xem nhật ký hệ thống", "read the journal"
    READ_KEY_USES = (
        "read_key_uses",
        "xem sổ dùng khóa của cơ quan",
        "read the log of the agency's key",
    )
    MANAGE_ACCOUNTS = "manage_accounts", "quản lý tài khoản", "manage accounts"
    CHANGE_ACCOUNT = (
        "change_account",
        "cấp, khóa hoặc cấp lại mật khẩu tài khoản này",
        "issue, close or reset this account",
    )
    MANAGE_STAFF = "manage_staff", "quản lý tổ chức, nhân sự", "manage units and officers"
    MANAGE_CALENDAR = "manage_calendar", "cập nhật lịch làm việc", "change the working calendar"
    DELEGATE = "delegate", "ủy quyền", "delegate"
    READ_REPORT = "read_report", "xem báo cáo", "read reports"
    READ_EXCHANGE = "read_exchange", "xem liên thông văn bản", "read the exchange"
    SEND_ENVELOPE = "send_envelope", "gửi liên thông", "send an envelope"
    OPERATE = "operate", "vận hành hệ thống", "operate the system"
    READ_TRUST = (
        "read_trust",
        "xem danh sách tin cậy và chính sách kiểm tra chữ ký số",
        "read the list of trust and the policy for signatures",
    )
    MANAGE_TRUST = (
        "manage_trust",
        "thay đổi danh sách tin cậy và chính sách kiểm tra chữ ký số",
        "change the list of trust and the policy for signatures",
    )


@dataclass(frozen=True, slots=True)
class Facts:
    """What authority must know of an object (đối tượng): whose it is and to whom it was given.

    `groups` are words of `organization.group_keys`: candidates of a work item, or the officers,
    units and roles a document or dossier was handed to. `agency_id` is None for what belongs to no
    agency: jobs, incidents, health. `held` is what the officer whom an account lets in may act as:
    agencies with roles.
    """

    agency_id: UUID | None
    groups: frozenset[str] = frozenset()
    held: frozenset[tuple[UUID, str]] | None = None


Rule = Callable[[Acting, Facts], bool]


def _holds(*roles: str) -> Rule:
    wanted = frozenset(roles)
    return lambda acting, _facts: bool(wanted & acting.roles)


def _given(acting: Acting, facts: Facts) -> bool:
    """Whether the object was given to the officer, his unit or his role."""
    return not facts.groups.isdisjoint(group_keys(acting))


def _machine(acting: Acting, _facts: Facts) -> bool:
    return acting.officer_id is None


def _in_person(acting: Acting, _facts: Facts) -> bool:
    return acting.on_behalf_of is None


def _own_people(acting: Acting, facts: Facts) -> bool:
    """Whether an account opens nothing beyond the agency: who resets it may log in with it."""
    return facts.held is not None and all(
        agency_id == acting.agency_id and role != Role.SYSTEM_OPERATOR
        for agency_id, role in facts.held
    )


def _either(*rules: Rule) -> Rule:
    return lambda acting, facts: any(rule(acting, facts) for rule in rules)


def _both(*rules: Rule) -> Rule:
    return lambda acting, facts: all(rule(acting, facts) for rule in rules)


_clerk = _holds(Role.CLERK)
_officer = _holds(Role.OFFICER)
_leader = _holds(Role.LEADER)
_head = _holds(Role.LEADER, Role.UNIT_HEAD)
_admin = _holds(Role.AGENCY_ADMIN)
_auditor = _holds(Role.AUDITOR)
_own_work = _both(_officer, _given)
#: clerks and leaders see all documents of their agency, others what was given to them
_reader = _either(_clerk, _leader, _auditor, _own_work, _machine)

RULES: dict[Act, Rule] = {
    Act.READ_DOCUMENT: _reader,
    Act.DRAFT_DOCUMENT: _officer,
    Act.WRITE_DOCUMENT: _own_work,
    Act.RECEIVE_DOCUMENT: _either(_clerk, _machine),
    Act.REGISTER_DOCUMENT: _clerk,
    Act.DIRECT_DOCUMENT: _leader,
    Act.ASSIGN_WORK: _head,
    Act.SIGN_DOCUMENT: _holds(SIGNATORY),
    # Quy chế, Điều 7: the clerk keeps and uses the agency's seal; no machine, no one else
    Act.SEAL_DOCUMENT: _clerk,
    Act.ISSUE_DOCUMENT: _clerk,
    Act.RECALL_DOCUMENT: _either(_clerk, _leader),
    Act.READ_WORK_ITEM: _either(_given, _leader, _auditor),
    Act.COMPLETE_WORK_ITEM: _either(_own_work, _both(_machine, _given)),
    Act.READ_REGISTER: _either(_clerk, _leader, _auditor),
    Act.OPEN_REGISTER: _clerk,
    Act.READ_DOSSIER: _reader,
    Act.OPEN_DOSSIER: _officer,
    Act.WRITE_DOSSIER: _either(_own_work, _machine),
    Act.READ_PROCESS: _either(_officer, _admin, _auditor),
    Act.PUBLISH_PROCESS: _admin,
    Act.MIGRATE_PROCESS: _admin,
    # Quy chế, Điều 9: the leader answers for how the agency's documents are handled
    Act.STEER_PROCESS: _either(_leader, _admin),
    Act.REASSIGN_WORK: _either(_leader, _admin, _both(_holds(Role.UNIT_HEAD), _given)),
    Act.DECIDE_PROPOSAL: _either(_leader, _admin),
    Act.READ_HISTORY: _reader,
    # what is handed to a court or an inspector: by those who answer for the whole agency's records
    Act.EXPORT_EVIDENCE: _either(_auditor, _leader),
    Act.READ_JOURNAL: _either(_auditor, _admin),
    # the key is kept as the seal is: who keeps it, who orders, who checks
    Act.READ_KEY_USES: _either(_clerk, _leader, _auditor, _admin),
    Act.MANAGE_ACCOUNTS: _admin,
    Act.CHANGE_ACCOUNT: _both(_admin, _own_people),
    Act.MANAGE_STAFF: _admin,
    Act.MANAGE_CALENDAR: _admin,
    # Decree 30/2020, art. 13.4: whoever signs by authorisation may not authorise another
    Act.DELEGATE: _both(_officer, _in_person),
    Act.READ_REPORT: _either(_clerk, _head, _admin, _auditor),
    Act.READ_EXCHANGE: _either(_clerk, _leader, _auditor, _admin),
    Act.SEND_ENVELOPE: _either(_clerk, _machine),
    Act.OPERATE: _holds(Role.SYSTEM_OPERATOR),
    Act.READ_TRUST: _holds(Role.SYSTEM_OPERATOR, Role.AGENCY_ADMIN, Role.AUDITOR),
    Act.MANAGE_TRUST: _holds(Role.SYSTEM_OPERATOR),
}

#: the only acts on what belongs to no agency
_WITHOUT_AGENCY = frozenset({Act.OPERATE, Act.READ_TRUST, Act.MANAGE_TRUST})
#: what the system itself, of no agency, sets up: the first agency, its first account, the calendar
_FOUNDING = frozenset(
    {Act.MANAGE_ACCOUNTS, Act.CHANGE_ACCOUNT, Act.MANAGE_STAFF, Act.MANAGE_CALENDAR}
)


class NoRight(NotAllowed):
    """The officer has no right to this act (không có quyền), named in the reader's language."""

    def text(self, language: str = "vi") -> str:
        act = self.fields["act"]
        shown = act.label(language) if isinstance(act, Act) else str(act)
        template = self.en if language == "en" else self.vi
        return template.format(act=shown)


def may(acting: Acting, act: Act, facts: Facts | None = None) -> bool:
    """Return whether `acting` may do `act` to the object of these facts.

    Without facts the object is the acting agency itself: a list, or what is yet to be made. First
    comes the boundary of the agency, then the table; what the table does not name is refused.
    """
    facts = facts or Facts(None if act in _WITHOUT_AGENCY else acting.agency_id)
    if acting.agency_id is None:
        return acting.officer_id is None and act in _FOUNDING
    if facts.agency_id != acting.agency_id and not (
        facts.agency_id is None and act in _WITHOUT_AGENCY
    ):
        return False
    rule = RULES.get(act)
    return rule is not None and rule(acting, facts)


def authorize(acting: Acting, act: Act, facts: Facts | None = None) -> None:
    """Let the act pass or raise `NoRight` (a `NotAllowed`): the one gate of verbs and doors."""
    if not may(acting, act, facts):
        raise NoRight(act=act)


def bound_by(acting: Acting) -> set[str]:
    """Return whose own work this officer may not judge: his, and of whom he stands in for."""
    return {str(i) for i in (acting.officer_id, acting.on_behalf_of) if i is not None}
