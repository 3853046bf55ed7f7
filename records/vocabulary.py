"""The closed lists of the trade (danh mục giá trị), each with its Vietnamese and English words."""

from enum import StrEnum
from typing import Self

import sqlalchemy as sa


def vocabulary(words: type[StrEnum], *, length: int = 40) -> sa.Enum:
    """Return the column type of `words`: their values as text, checked by the database."""
    return sa.Enum(
        words,
        native_enum=False,
        create_constraint=True,
        length=length,
        name=words.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


class Term(StrEnum):
    """A value with the officials' word and its English (thuật ngữ)."""

    vi: str
    en: str

    def __new__(cls, value: str, vi: str = "", en: str = "") -> Self:
        """Make the member `value` and remember its words."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.vi = vi
        member.en = en
        return member

    def label(self, language: str = "vi") -> str:
        """Return the word for the screen in `vi` or `en`."""
        return self.en if language == "en" else self.vi


class Urgency(Term):
    """Mức độ khẩn (Decree 30/2020, annex I, part II, section III.2)."""

    NORMAL = "normal", "Thường", "Normal"
    URGENT = "urgent", "Khẩn", "Urgent"
    VERY_URGENT = "very_urgent", "Thượng khẩn", "Very urgent"
    EXPRESS = "express", "Hỏa tốc", "Express"

    @property
    def wire(self) -> int:
        """Return the number an envelope carries (`OtherInfo/Priority`): 0 to 3."""
        return list(Urgency).index(self)

    @property
    def stamp(self) -> str:
        """Return the words of the stamp, empty for a normal document (dấu chỉ mức độ khẩn)."""
        return "" if self is Urgency.NORMAL else self.vi.upper()

    @classmethod
    def of_wire(cls, number: int | None) -> "Urgency":
        """Return the urgency an envelope names.

        The higher numbers of older formats (hỏa tốc hẹn giờ) count as express.
        """
        known = list(cls)
        return known[min(max(number or 0, 0), len(known) - 1)]


class Secrecy(Term):
    """Độ mật: a document of a secret class never has content here (Quy chế, Điều 3.4, 6.2)."""

    NONE = "none", "Không mật", "Not secret"
    SECRET = "secret", "Mật", "Secret"
    TOP_SECRET = "top_secret", "Tối mật", "Top secret"
    ABSOLUTE_SECRET = "absolute_secret", "Tuyệt mật", "Absolute secret"

    @property
    def is_secret(self) -> bool:
        """Return whether the law on state secrets covers it."""
        return self is not Secrecy.NONE


class Channel(Term):
    """Nguồn đến of an incoming document (Quy chế, Điều 3.7, 7.1)."""

    EXCHANGE = "exchange", "Liên thông", "Exchange"
    POST = "post", "Bưu điện", "Post"
    HAND = "hand", "Nhận trực tiếp", "By hand"
    MAIL = "mail", "Thư điện tử", "E-mail"
    OTHER_SYSTEM = "other_system", "Phần mềm khác", "Another system"
    FAX = "fax", "Fax", "Fax"

    @property
    def is_paper(self) -> bool:
        """Return whether paper arrives, to be scanned (số hóa)."""
        return self in {Channel.POST, Channel.HAND, Channel.FAX}


class IssueForm(Term):
    """Hình thức phát hành (Quy chế, Điều 6.1)."""

    ELECTRONIC = "electronic", "Điện tử", "Electronic"
    PAPER = "paper", "Giấy", "Paper"
    PARALLEL = "parallel", "Song song điện tử và giấy", "Electronic and paper"


class SigningCapacity(Term):
    """Quyền hạn ký (Decree 30/2020, Điều 13): in what capacity a signatory signs."""

    OWN = "own", "", "In own right"
    TM = "TM", "TM.", "On behalf of the collective"
    KT = "KT", "KT.", "For the head, as deputy"
    TL = "TL", "TL.", "By order"
    TUQ = "TUQ", "TUQ.", "By written authorisation"
    Q = "Q", "Q.", "Acting head"


class IncomingStatus(Term):
    """Trạng thái văn bản đến."""

    RECEIVED = "received", "Đã đến", "Arrived"
    REFUSED = "refused", "Từ chối tiếp nhận", "Refused"
    REGISTERED = "registered", "Đã đăng ký", "Registered"
    PRESENTED = "presented", "Đã trình", "Presented"
    DIRECTED = "directed", "Đã phân công", "Assigned"
    IN_PROGRESS = "in_progress", "Đang xử lý", "In progress"
    COMPLETED = "completed", "Đã hoàn thành", "Completed"
    CANCELLED = "cancelled", "Bên gửi đã thu hồi", "Recalled by the sender"
    REPLACED = "replaced", "Đã bị thay thế", "Replaced"

    @property
    def wire(self) -> str | None:
        """Return the status code the sender is told, None where the wire has none."""
        codes = {"received": "01", "refused": "02", "registered": "03"}
        codes |= {"directed": "04", "in_progress": "05", "completed": "06"}
        return codes.get(self.value)


class OutgoingStatus(Term):
    """Trạng thái văn bản đi."""

    DRAFTING = "drafting", "Dự thảo", "Draft"
    CONSULTING = "consulting", "Đang lấy ý kiến", "Out for comment"
    CONTENT_APPROVED = "content_approved", "Đã duyệt nội dung", "Content approved"
    FORMAT_APPROVED = "format_approved", "Đã kiểm tra thể thức", "Format checked"
    SIGNED = "signed", "Đã ký", "Signed"
    NUMBERED = "numbered", "Đã cấp số", "Numbered"
    SEALED = "sealed", "Đã ký số cơ quan", "Sealed"
    ISSUED = "issued", "Đã phát hành", "Issued"
    RECALLED = "recalled", "Đã thu hồi", "Recalled"
    REPLACED = "replaced", "Đã bị thay thế", "Replaced"
    DROPPED = "dropped", "Thôi ban hành", "Dropped"


class Authenticity(Term):
    """Kết quả kiểm tra tính xác thực và toàn vẹn (Quy chế, Điều 7.1)."""

    UNCHECKED = "unchecked", "Chưa kiểm tra", "Not checked"
    VALID = "valid", "Hợp lệ", "Valid"
    INVALID = "invalid", "Không hợp lệ", "Invalid"
    UNDETERMINED = "undetermined", "Chưa đủ căn cứ kết luận", "Undetermined"
    UNSIGNED = "unsigned", "Không có chữ ký số", "Unsigned"
    PAPER = "paper", "Bản giấy", "Paper original"


class Delivery(Term):
    """Trạng thái chuyển đến nơi nhận."""

    PENDING = "pending", "Chờ gửi", "Waiting"
    SENT = "sent", "Đã gửi", "Sent"
    ARRIVED = "arrived", "Đã đến", "Arrived"
    ACCEPTED = "accepted", "Đã tiếp nhận", "Accepted"
    ASSIGNED = "assigned", "Đã phân công", "Assigned"
    IN_PROGRESS = "in_progress", "Đang xử lý", "In progress"
    COMPLETED = "completed", "Đã hoàn thành", "Completed"
    REFUSED = "refused", "Từ chối tiếp nhận", "Refused"
    FAILED = "failed", "Gửi không thành công", "Failed"
    RECALLED = "recalled", "Đã thu hồi", "Withdrawn"
    PAPER_ONLY = "paper_only", "Chỉ gửi bản giấy", "Paper only"


class LinkKind(Term):
    """Loại liên kết giữa hai văn bản (Quy chế, Điều 8.3)."""

    REPLIES_TO = "replies_to", "Trả lời", "Replies to"
    BASED_ON = "based_on", "Căn cứ", "Based on"
    RELATED = "related", "Liên quan", "Related"
    REPLACES = "replaces", "Thay thế", "Replaces"


class FileKind(Term):
    """Vai trò của tệp."""

    MAIN = "main", "Văn bản chính", "Main document"
    ANNEX = "annex", "Phụ lục", "Annex"
    SIGNED_ANNEX = "signed_annex", "Phụ lục đã ký số", "Signed annex"
    SOURCE = "source", "Tệp gốc soạn thảo", "Source file"
    DRAFT = "draft", "Dự thảo", "Draft"
    SCAN = "scan", "Bản số hóa", "Scan"
    SIGNED = "signed", "Bản đã ký số", "Signed"
    EDXML = "edxml", "Gói tin liên thông", "Exchange packet"
    REPORT = "report", "Báo cáo kiểm tra chữ ký", "Signature report"
    OPINION = "opinion", "Tệp kèm ý kiến", "Attached to an opinion"
    COPY = "copy", "Bản sao", "Copy"


class Scan(Term):
    """Trạng thái quét mã độc (Quy chế, Điều 3.1): only a clean file may be downloaded."""

    UNSCANNED = "unscanned", "Chưa quét mã độc", "Not scanned"
    CLEAN = "clean", "An toàn", "Clean"
    QUARANTINE = "quarantine", "Cách ly", "Quarantined"


class RegisterKind(Term):
    """Loại sổ đăng ký."""

    INCOMING = "incoming", "Sổ đăng ký văn bản đến", "Register of incoming documents"
    OUTGOING = "outgoing", "Sổ đăng ký văn bản đi", "Register of outgoing documents"
    SECRET_STUB = "secret_stub", "Sổ theo dõi văn bản mật", "Register of secret documents"
    COPY = "copy", "Sổ đăng ký bản sao", "Register of copies"


class EntryState(Term):
    """Trạng thái của một số trong sổ: a number is never erased."""

    RESERVED = "reserved", "Giữ chỗ", "Reserved"
    ACTIVE = "active", "Đã cấp", "In use"
    VOIDED = "voided", "Số hủy", "Void"


class AssignmentKind(Term):
    """Vai trò trong giải quyết văn bản (Quy chế, Điều 9.2)."""

    LEAD = "lead", "Chủ trì", "Lead"
    COOPERATING = "cooperating", "Phối hợp", "Cooperating"
    INFORMED = "informed", "Để biết", "Informed"


class AssignmentState(Term):
    """Tiến độ một phần việc được giao."""

    GIVEN = "given", "Chưa nhận", "Given"
    ACCEPTED = "accepted", "Đã nhận", "Accepted"
    FINISHED = "finished", "Đã hoàn thành", "Finished"
    RETURNED = "returned", "Trả lại", "Returned"


class Verdict(Term):
    """Kết luận của ý kiến về dự thảo."""

    AGREES = "agrees", "Nhất trí", "Agrees"
    COMMENTS = "comments", "Có ý kiến", "Comments"
    RETURNS = "returns", "Đề nghị sửa", "Returns"


class DossierState(Term):
    """Trạng thái hồ sơ."""

    OPEN = "open", "Đang lập", "Open"
    CLOSED = "closed", "Đã kết thúc", "Closed"
    DEPOSITED = "deposited", "Đã nộp lưu", "Deposited"


class DraftSource(Term):
    """Cách soạn một dự thảo."""

    TEMPLATE = "template", "Soạn theo mẫu", "From the template"
    DOCX = "docx", "Tệp Word", "Word file"
    PDF = "pdf", "Tệp PDF", "PDF file"
