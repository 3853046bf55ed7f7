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
