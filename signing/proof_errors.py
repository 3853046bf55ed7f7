"""What speaks against a proof of time or of standing (bằng chứng), as facts in two languages."""

from signing.errors import SigningError


class TimestampUnavailable(SigningError):
    """No timestamping authority answers (không lấy được dấu thời gian)."""

    code = "timestamp-unavailable"
    status = 503
    vi = (
        "Không lấy được dấu thời gian: {reason}. Hãy thử lại sau ít phút; "
        "nếu vẫn lỗi, báo quản trị kiểm tra đường truyền tới máy chủ dấu thời gian."
    )
    en = (
        "No timestamp could be had: {reason}. Try again in some minutes; "
        "if it persists, have the administrator check the way to the timestamping authority."
    )


class TimestampRefused(SigningError):
    """The answer of a timestamping authority cannot be used (dấu thời gian không dùng được)."""

    code = "timestamp-refused"
    status = 502
    vi = (
        "Dấu thời gian nhận được không dùng được: {reason}. "
        "Báo quản trị kiểm tra địa chỉ và chứng thư số của nơi cấp dấu thời gian."
    )
    en = (
        "The timestamp that came cannot be used: {reason}. "
        "Have the administrator check the authority's address and certificate."
    )


class ClockAstray(SigningError):
    """Our clock and that of the timestamping authority differ (đồng hồ máy chủ bị lệch)."""

    code = "clock-astray"
    status = 503
    vi = (
        "Đồng hồ máy chủ lệch {seconds} giây so với dấu thời gian (máy chủ: {ours}; "
        "{url}: {theirs}). Báo quản trị chỉnh đồng hồ rồi ký lại."
    )
    en = (
        "Our clock and the timestamp differ by {seconds} s (ours: {ours}; {url}: {theirs}). "
        "Have the administrator set the clock, then sign again."
    )


class ChainUnproven(SigningError):
    """Nothing proves that a certificate counts (chưa chứng minh được chứng thư số)."""

    code = "chain-unproven"
    status = 409
    vi = (
        "Chưa chứng minh được chứng thư số của «{subject}» còn giá trị: {reason}. "
        "Kiểm tra danh sách tin cậy và danh sách thu hồi, rồi thử lại."
    )
    en = (
        "Nothing proves yet that the certificate of {subject!r} counts: {reason}. "
        "Check the trust list and the revocation lists, then try again."
    )


class CertificateWithdrawn(SigningError):
    """The certificate had been withdrawn when it signed (chứng thư số đã bị thu hồi khi ký)."""

    code = "certificate-withdrawn"
    status = 409
    vi = (
        "Chứng thư số của «{subject}» đã bị thu hồi từ {since}, trước thời điểm ký được chứng "
        "minh. Chữ ký không được lưu trữ như chữ ký hợp lệ; hãy ký lại bằng chứng thư số khác."
    )
    en = (
        "The certificate of {subject!r} was withdrawn at {since}, before the proven time of "
        "signing. The signature is not kept as a valid one; sign again with another certificate."
    )


class TooEarly(SigningError):
    """The list that tells of the time of signing is not out yet (chưa có danh sách thu hồi mới)."""

    code = "too-early"
    status = 409
    vi = (
        "Danh sách thu hồi ban hành sau thời điểm ký chưa có; dự kiến có sau {due}. "
        "Hệ thống sẽ tự bổ sung, không cần làm gì."
    )
    en = (
        "No revocation list made after the signing is out yet; one is expected after {due}. "
        "It will be added then, nothing needs to be done."
    )


class ProofWorse(SigningError):
    """With the added proof the file would be judged worse (bằng chứng làm kết luận xấu đi)."""

    code = "proof-worse"
    status = 500
    vi = (
        "Bổ sung bằng chứng làm kết luận kiểm tra xấu đi ({before} → {after}) nên không được lưu. "
        "Tệp cũ giữ nguyên; báo quản trị."
    )
    en = (
        "With the added proof the verdict would be worse ({before} → {after}); it is not kept. "
        "The file before stays as it is; tell the administrator."
    )


class NothingToKeep(SigningError):
    """The file bears no signature (tệp không có chữ ký số)."""

    code = "nothing-to-keep"
    status = 409
    vi = "Tệp không có chữ ký số nên không có gì để lưu giữ giá trị. Hãy ký số trước."
    en = "The file bears no signature, so there is nothing to keep provable. Sign it first."
