"""The answer of a validation (báo cáo kiểm tra chữ ký số), stored with the document and shown.

Circular 41/2017/TT-BTTTT, art. 9: what was checked, and its result, is kept with the document.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from signing.role import SignRole

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
#: the shape of the stored report; readers accept any they know
VERSION = 1


class Verdict(StrEnum):
    """What can be said of a signature, and of a document: the worst of its signatures."""

    VALID = "valid"
    UNDETERMINED = "undetermined"
    INVALID = "invalid"
    UNSIGNED = "unsigned"


class Level(StrEnum):
    """How long a signature can be proven (mức chữ ký PAdES)."""

    B = "B"
    T = "T"
    LT = "LT"
    LTA = "LTA"


class Reason(StrEnum):
    """Why a verdict is not simply valid (lý do)."""

    NONE = ""
    NO_SIGNATURE = "no-signature"
    FORMAT_FAILURE = "format-failure"
    TAIL_MISMATCH = "tail-mismatch"
    ENCRYPTED = "encrypted"
    UNSUPPORTED = "unsupported"
    HASH_FAILURE = "hash-failure"
    CRYPTO_FAILURE = "crypto-failure"
    CONTENT_CHANGED = "content-changed"
    NOT_COVERED = "not-covered"
    UNSIGNED_APPEARANCE = "unsigned-appearance"
    WEAK_ALGORITHM = "weak-algorithm"
    KEY_USAGE = "key-usage"
    REVOKED = "revoked"
    SIGNED_OUT_OF_TERM = "signed-out-of-term"
    TERM_NOT_PROVEN = "term-not-proven"
    UNKNOWN_AUTHORITY = "unknown-authority"
    REVOCATION_UNKNOWN = "revocation-unknown"
    MISSING_ROLE = "missing-role"
    LIMIT_EXCEEDED = "limit-exceeded"
    OTHER = "other"


class Remark(StrEnum):
    """What the reader should know beside the verdict (lưu ý)."""

    HYBRID = "hybrid-file"
    OVERLAP = "signatures-overlap"
    LARGE = "signature-covers-page"
    EMPTY_FIELD = "empty-field-added"
    TIMESTAMP_UNUSED = "timestamp-not-evaluated"
    FUTURE = "signed-in-future"
    UNEXPECTED_SIGNER = "unexpected-signer"


VERDICTS = {
    Verdict.VALID: ("Hợp lệ", "Valid"),
    Verdict.INVALID: ("Không hợp lệ", "Invalid"),
    Verdict.UNDETERMINED: ("Chưa đủ thông tin để kết luận", "Undetermined"),
    Verdict.UNSIGNED: ("Không có chữ ký số", "Not signed"),
}
REASONS = {
    Reason.NO_SIGNATURE: ("văn bản không có chữ ký số", "the document bears no signature"),
    Reason.FORMAT_FAILURE: (
        "tệp hoặc chữ ký sai cấu trúc, không đọc được",
        "the file or the signature is malformed",
    ),
    Reason.TAIL_MISMATCH: (
        "phần cuối tệp không khớp, các phần mềm có thể hiển thị nội dung khác nhau",
        "the end of the file does not match: programs may show different contents",
    ),
    Reason.ENCRYPTED: ("tệp có đặt mật khẩu hoặc mã hóa", "the file is encrypted"),
    Reason.UNSUPPORTED: (
        "loại chữ ký này chưa được hỗ trợ kiểm tra",
        "this kind of signature is not supported",
    ),
    Reason.HASH_FAILURE: (
        "nội dung đã bị thay đổi sau khi ký",
        "the content was changed after signing",
    ),
    Reason.CRYPTO_FAILURE: (
        "chữ ký không khớp với chứng thư số",
        "the signature does not match its certificate",
    ),
    Reason.CONTENT_CHANGED: (
        "văn bản bị sửa, bổ sung sau khi ký ngoài phạm vi cho phép",
        "the document was altered after signing beyond what is allowed",
    ),
    Reason.NOT_COVERED: (
        "chữ ký không bao trùm toàn bộ văn bản",
        "the signature does not cover the whole document",
    ),
    Reason.UNSIGNED_APPEARANCE: (
        "có hình hoặc chữ được chèn thêm sau khi ký mà không có chữ ký bảo đảm",
        "something drawn after signing is vouched for by no signature",
    ),
    Reason.WEAK_ALGORITHM: (
        "thuật toán hoặc độ dài khóa không còn an toàn",
        "the algorithm or the key length is no longer safe",
    ),
    Reason.KEY_USAGE: (
        "chứng thư số không được cấp để ký văn bản",
        "the certificate was not issued for signing",
    ),
    Reason.REVOKED: ("chứng thư số đã bị thu hồi", "the certificate was revoked"),
    Reason.SIGNED_OUT_OF_TERM: (
        "ký ngoài thời hạn hiệu lực của chứng thư số",
        "signed outside the certificate's term",
    ),
    Reason.TERM_NOT_PROVEN: (
        "chứng thư số đã hết hạn, không có dấu thời gian chứng minh đã ký khi còn hiệu lực",
        "the certificate has expired and no timestamp proves an earlier signing",
    ),
    Reason.UNKNOWN_AUTHORITY: (
        "không xác định được nguồn gốc chứng thư số: nơi cấp không có trong danh sách tin cậy",
        "the issuer of the certificate is not among the trusted ones",
    ),
    Reason.REVOCATION_UNKNOWN: (
        "chưa có danh sách thu hồi còn hiệu lực để đối chiếu; cập nhật danh sách rồi kiểm tra lại",
        "no current revocation list is at hand; update it and check again",
    ),
    Reason.MISSING_ROLE: ("thiếu chữ ký", "a signature is missing"),
    Reason.LIMIT_EXCEEDED: (
        "việc kiểm tra vượt quá thời gian hoặc bộ nhớ cho phép; thử lại sau",
        "the check exceeded its time or memory; try again later",
    ),
    Reason.OTHER: (
        "chưa kiểm tra được đầy đủ chứng thư số",
        "the certificate could not be checked completely",
    ),
}
REMARKS = {
    Remark.HYBRID: (
        "Tệp có hai bảng tham chiếu (xuất từ Word): phần bổ sung sau ký khó xác định.",
        "The file has two cross-reference tables (as Word writes): later additions are unclear.",
    ),
    Remark.OVERLAP: (
        "Có hình chữ ký chồng lên nhau ngoài trường hợp dấu trùm lên chữ ký.",
        "Signature pictures overlap other than the seal over the signature.",
    ),
    Remark.LARGE: (
        "Hình chữ ký che phần lớn trang.",
        "The picture of a signature covers much of a page.",
    ),
    Remark.EMPTY_FIELD: (
        "Có ô ký trống được thêm sau khi ký.",
        "An empty signature field was added after signing.",
    ),
    Remark.TIMESTAMP_UNUSED: (
        "Chữ ký có dấu thời gian nhưng chưa được dùng để kết luận.",
        "The signature carries a timestamp that was not used for the verdict.",
    ),
    Remark.FUTURE: (
        "Thời điểm ký ghi trên chữ ký muộn hơn thời điểm kiểm tra.",
        "The time stated by the signature lies after the check.",
    ),
    Remark.UNEXPECTED_SIGNER: (
        "Có chữ ký của người hoặc cơ quan không phải là bên ký dự kiến.",
        "Someone signed who was not expected to.",
    ),
}
ROLES = {
    SignRole.APPROVE: ("người có thẩm quyền", "competent person"),
    SignRole.NUMBER: ("cấp số, ngày", "number and date"),
    SignRole.SEAL: ("cơ quan ban hành", "issuing agency"),
    SignRole.ANNEX: ("phụ lục", "annex"),
    SignRole.COPY: ("sao văn bản", "copy"),
    SignRole.INCOMING: ("số hóa văn bản đến", "incoming scan"),
}


def _said(pair: tuple[str, str], language: str) -> str:
    return pair[1] if language == "en" else pair[0]


def _judged(verdict: Verdict, reason: Reason, language: str, detail: str = "") -> str:
    words = _said(VERDICTS[verdict], language)
    if verdict in {Verdict.VALID, Verdict.UNSIGNED} or reason not in REASONS:
        return words
    return f"{words} ({_said(REASONS[reason], language)}{detail})"


@dataclass(frozen=True)
class SignatureReport:
    """What was found out about one signature (chữ ký số)."""

    field: str
    verdict: Verdict
    reason: Reason = Reason.NONE
    role: SignRole | None = None
    level: Level = Level.B
    subject: str = ""
    organization: str = ""
    issuer: str = ""
    serial: str = ""
    fingerprint: str = ""
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    claimed_at: datetime | None = None
    proven_at: datetime | None = None
    revoked_at: datetime | None = None
    intact: bool = False
    valid: bool = False
    trusted: bool = False
    coverage: str = ""
    modification: str = ""
    ades: str = ""
    remarks: tuple[Remark, ...] = ()

    def text(self, language: str = "vi") -> str:
        """Return one plain sentence about the signature."""
        signer = self.subject or ("(không rõ)" if language != "en" else "(unknown)")
        part = f" ({_said(ROLES[self.role], language)})" if self.role else ""
        when = f", {_shown(self.claimed_at)}" if self.claimed_at else ""
        word = "Signature of" if language == "en" else "Chữ ký số của"
        return f"{word} {signer}{part}{when}: {_judged(self.verdict, self.reason, language)}."


@dataclass(frozen=True)
class DocumentReport:
    """What was found out about a document: the worst of its signatures, and what is missing."""

    verdict: Verdict
    checked_at: datetime
    reason: Reason = Reason.NONE
    signatures: tuple[SignatureReport, ...] = ()
    missing_roles: tuple[SignRole, ...] = ()
    remarks: tuple[Remark, ...] = ()
    #: SHA-256 of the bytes that were checked
    digest: str = ""
    tail_ok: bool = True
    #: what a reader stumbled over, for those who look after the system
    detail: str = ""

    @property
    def is_valid(self) -> bool:
        return self.verdict is Verdict.VALID

    def summary(self, language: str = "vi") -> str:
        """Return the verdict with its reason, in one phrase."""
        names = ", ".join(_said(ROLES[role], language) for role in self.missing_roles)
        missing = self.reason is Reason.MISSING_ROLE and names
        return _judged(self.verdict, self.reason, language, f": {names}" if missing else "")

    def text(self, language: str = "vi") -> str:
        """Return the whole report in plain sentences, one a line."""
        lines = [f"{self.summary(language)}."]
        lines += [signature.text(language) for signature in self.signatures]
        remarks = dict.fromkeys(
            [*self.remarks, *(one for sign in self.signatures for one in sign.remarks)]
        )
        lines += [_said(REMARKS[remark], language) for remark in remarks]
        return "\n".join(lines)

    def to_json(self) -> str:
        """Return the report as JSON, times in ISO 8601."""
        data = {"version": VERSION, **asdict(self)}
        return json.dumps(data, ensure_ascii=False, default=_plain, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "DocumentReport":
        """Read what `to_json` returned; raise ValueError for anything else."""
        try:
            data = json.loads(text)
            if data.pop("version") != VERSION:
                raise ValueError(text[:80])
            return cls(**_document_fields(data))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(text[:80]) from error


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S} +07:00"


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _document_fields(data: dict[str, Any]) -> dict[str, Any]:
    return {
        **data,
        "verdict": Verdict(data["verdict"]),
        "reason": Reason(data["reason"]),
        "checked_at": datetime.fromisoformat(data["checked_at"]),
        "signatures": tuple(_signature(one) for one in data["signatures"]),
        "missing_roles": tuple(SignRole(role) for role in data["missing_roles"]),
        "remarks": tuple(Remark(one) for one in data["remarks"]),
    }


def _signature(data: dict[str, Any]) -> SignatureReport:
    times = ("valid_from", "valid_until", "claimed_at", "proven_at", "revoked_at")
    return SignatureReport(
        **{
            **data,
            "verdict": Verdict(data["verdict"]),
            "reason": Reason(data["reason"]),
            "role": SignRole(data["role"]) if data["role"] else None,
            "level": Level(data["level"]),
            "remarks": tuple(Remark(one) for one in data["remarks"]),
            **{name: _moment(data[name]) for name in times},
        }
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
