"""What a report says to people (lời kết luận), in Vietnamese and English."""

from signing.role import SignRole
from signing.verdict import Modification, Reason, Remark, RevocationSource, Verdict

Said = tuple[str, str]

#: of files whose signatures are looked at
LARGEST_MEGABYTES = 60

VERDICTS: dict[Verdict, Said] = {
    Verdict.VALID: ("Hợp lệ", "Valid"),
    Verdict.INVALID: ("Không hợp lệ", "Invalid"),
    Verdict.UNDETERMINED: ("Chưa đủ thông tin để kết luận", "Undetermined"),
    Verdict.UNSIGNED: ("Không có chữ ký số", "Not signed"),
}
REASONS: dict[Reason, Said] = {
    Reason.NO_SIGNATURE: ("văn bản không có chữ ký số", "the document bears no signature"),
    Reason.UNREADABLE: (
        "tệp không phải PDF, bị cắt cụt hoặc hỏng nên không mở được",
        "the file is no PDF, cut off or damaged, and cannot be opened",
    ),
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
    Reason.SHOWN_DIFFERENTLY: (
        "nội dung hiển thị khác bản đã ký",
        "what is shown differs from what was signed",
    ),
    Reason.NOT_COMPARED: (
        "chưa so sánh được nội dung hiển thị với bản đã ký",
        "what is shown could not be compared with what was signed",
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
        "chưa có danh sách thu hồi còn hiệu lực để đối chiếu",
        "no current revocation list is at hand",
    ),
    Reason.MISSING_ROLE: ("thiếu chữ ký", "a signature is missing"),
    Reason.TOO_LARGE: (
        f"tệp lớn hơn {LARGEST_MEGABYTES} MB nên không được kiểm tra",
        f"the file is larger than {LARGEST_MEGABYTES} MB and was not checked",
    ),
    Reason.LIMIT_EXCEEDED: (
        "việc kiểm tra vượt quá thời gian hoặc bộ nhớ cho phép",
        "the check exceeded its time or memory",
    ),
    Reason.OTHER: (
        "chưa kiểm tra được đầy đủ chứng thư số",
        "the certificate could not be checked completely",
    ),
}

_ASK_AGAIN: Said = (
    "Không sử dụng tệp này; đề nghị nơi gửi gửi lại bản đã ký số.",
    "Do not use this file; ask its sender for the signed document again.",
)
_SIGN_AGAIN: Said = (
    "Trả lại nơi gửi, đề nghị ký lại bằng chứng thư số còn hiệu lực.",
    "Return it to its sender and ask for a signature with a certificate that is in force.",
)
#: việc cần làm: what the officer does about each reason
NEXT_STEPS: dict[Reason, Said] = {
    Reason.NO_SIGNATURE: (
        "Nếu văn bản phải ký số, đề nghị gửi bản đã ký số; bản số hóa thì đối chiếu với bản giấy.",
        "Ask the sender for the signed document; compare a scan with its paper.",
    ),
    Reason.UNREADABLE: (
        "Tải lại tệp từ nơi gửi rồi mở thử; nếu vẫn không mở được, đề nghị nơi gửi gửi lại.",
        "Fetch the file again and try to open it; else ask its sender for it again.",
    ),
    Reason.FORMAT_FAILURE: _ASK_AGAIN,
    Reason.TAIL_MISMATCH: _ASK_AGAIN,
    Reason.ENCRYPTED: (
        "Đề nghị nơi gửi gửi lại bản đã ký số không đặt mật khẩu.",
        "Ask the sender for the signed document without a password.",
    ),
    Reason.UNSUPPORTED: (
        "Kiểm tra bằng phần mềm của nơi cấp chứng thư số, hoặc đề nghị nơi gửi ký lại theo PAdES.",
        "Check it with the issuer's program, or ask the sender for a PAdES signature.",
    ),
    Reason.HASH_FAILURE: _ASK_AGAIN,
    Reason.CRYPTO_FAILURE: _ASK_AGAIN,
    Reason.CONTENT_CHANGED: _ASK_AGAIN,
    Reason.NOT_COVERED: _ASK_AGAIN,
    Reason.UNSIGNED_APPEARANCE: _ASK_AGAIN,
    Reason.SHOWN_DIFFERENTLY: _ASK_AGAIN,
    Reason.NOT_COMPARED: (
        "Mở bản đã ký và bản hiện tại để đối chiếu bằng mắt, hoặc kiểm tra lại sau.",
        "Compare the signed and the present revision by eye, or check again later.",
    ),
    Reason.WEAK_ALGORITHM: (
        "Đề nghị nơi gửi ký lại bằng SHA-256 và khóa RSA từ 2048 bit hoặc ECDSA.",
        "Ask the sender to sign with SHA-256 and RSA of at least 2048 bits, or ECDSA.",
    ),
    Reason.KEY_USAGE: (
        "Đề nghị nơi gửi ký lại bằng chứng thư số được cấp để ký văn bản.",
        "Ask the sender to sign with a certificate issued for signing documents.",
    ),
    Reason.REVOKED: _SIGN_AGAIN,
    Reason.SIGNED_OUT_OF_TERM: _SIGN_AGAIN,
    Reason.TERM_NOT_PROVEN: (
        "Xác minh thời điểm ký với nơi gửi, hoặc đề nghị gửi bản có dấu thời gian.",
        "Ask the sender when it was signed, or for a copy with a timestamp.",
    ),
    Reason.UNKNOWN_AUTHORITY: (
        "Xác minh nơi cấp; nếu tin cậy được, báo quản trị đưa vào danh sách tin cậy.",
        "Verify the issuer; have the administrator add it to the trust list, then check again.",
    ),
    Reason.REVOCATION_UNKNOWN: (
        "Báo quản trị cập nhật danh sách thu hồi rồi kiểm tra lại.",
        "Have the administrator update the revocation lists, then check again.",
    ),
    Reason.MISSING_ROLE: (
        "Đề nghị nơi gửi gửi bản có đủ chữ ký.",
        "Ask the sender for the document with all its signatures.",
    ),
    Reason.TOO_LARGE: (
        f"Đề nghị nơi gửi gửi lại bản đã ký số không quá {LARGEST_MEGABYTES} MB.",
        f"Ask the sender for a signed document of at most {LARGEST_MEGABYTES} MB.",
    ),
    Reason.LIMIT_EXCEEDED: (
        "Kiểm tra lại sau; nếu vẫn vậy, báo quản trị.",
        "Check again later; if it happens again, tell the administrator.",
    ),
    Reason.OTHER: (
        "Kiểm tra lại sau; nếu vẫn vậy, báo quản trị.",
        "Check again later; if it happens again, tell the administrator.",
    ),
}
REMARKS: dict[Remark, Said] = {
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
    Remark.PARTLY_COMPARED: (
        "Văn bản quá dài nên chỉ đối chiếu hình ảnh các trang có thay đổi và một số trang đầu.",
        "The document is too long: only changed pages and some at its beginning were compared.",
    ),
    Remark.EMPTY_FIELD: (
        "Có ô ký trống được thêm sau khi ký.",
        "An empty signature field was added after signing.",
    ),
    Remark.TIMESTAMP_UNUSED: (
        "Chữ ký có dấu thời gian nhưng chưa được dùng để kết luận.",
        "The signature carries a timestamp that was not used for the verdict.",
    ),
    Remark.TIMESTAMP_UNPROVEN: (
        "Có dấu thời gian nhưng chưa đủ căn cứ để công nhận.",
        "There is a timestamp that cannot be relied upon.",
    ),
    Remark.LATE_LIST: (
        "Danh sách thu hồi lập sau khi chứng thư số hết hạn, có thể không còn ghi số này.",
        "The revocation list was made after the certificate's term and need not name it any more.",
    ),
    Remark.FUTURE: (
        "Thời điểm ký ghi trên chữ ký muộn hơn thời điểm kiểm tra.",
        "The time stated by the signature lies after the check.",
    ),
    Remark.UNEXPECTED_SIGNER: (
        "Có chữ ký của người hoặc cơ quan không phải là bên ký dự kiến.",
        "Someone signed who was not expected to.",
    ),
    Remark.TITLE_CHANGED: (
        "Thông tin mô tả của tệp (tiêu đề, tác giả) được sửa sau khi ký.",
        "The description of the file (title, author) was changed after signing.",
    ),
}
ROLES: dict[SignRole, Said] = {
    SignRole.APPROVE: ("người có thẩm quyền", "competent person"),
    SignRole.NUMBER: ("cấp số, ngày", "number and date"),
    SignRole.SEAL: ("cơ quan ban hành", "issuing agency"),
    SignRole.ANNEX: ("phụ lục", "annex"),
    SignRole.COPY: ("sao văn bản", "copy"),
    SignRole.INCOMING: ("số hóa văn bản đến", "incoming scan"),
}
MODIFICATIONS: dict[Modification, Said] = {
    Modification.SIGNATURE: ("chữ ký số khác", "another signature"),
    Modification.TIMESTAMP: ("dấu thời gian", "a timestamp"),
    Modification.EVIDENCE: ("chứng cứ kiểm tra chữ ký", "evidence for checking signatures"),
    Modification.METADATA: ("thông tin mô tả tệp", "the description of the file"),
    Modification.FORBIDDEN: (
        "nội dung ngoài phạm vi cho phép",
        "contents beyond what is allowed",
    ),
}
SOURCES: dict[RevocationSource, Said] = {
    RevocationSource.CRL: ("danh sách thu hồi (CRL)", "revocation list (CRL)"),
    RevocationSource.OCSP: ("trả lời trực tuyến (OCSP)", "online answer (OCSP)"),
}


def said(pair: Said, language: str) -> str:
    """Return the words in `vi` or `en`."""
    return pair[1] if language == "en" else pair[0]


def judged(verdict: Verdict, reason: Reason, language: str, detail: str = "") -> str:
    """Return a verdict with its reason in one phrase."""
    words = said(VERDICTS[verdict], language)
    if verdict in {Verdict.VALID, Verdict.UNSIGNED} or reason not in REASONS:
        return words
    return f"{words} ({said(REASONS[reason], language)}{detail})"


def next_step(reason: Reason, language: str) -> str:
    """Return what the officer does next (việc cần làm), or nothing where all is well."""
    return said(NEXT_STEPS[reason], language) if reason in NEXT_STEPS else ""
