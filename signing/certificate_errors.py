"""Why a certificate may not sign (chứng thư số không được dùng để ký), as facts."""

from signing.errors import SigningError


class CertificateUnreadable(SigningError):
    """The certificate cannot be read (chứng thư số không đọc được)."""

    code = "certificate-unreadable"
    vi = (
        "Không đọc được chứng thư số trong kho khóa. Hãy nạp lại chứng thư số do nơi cấp gửi; "
        "nếu vẫn lỗi, báo quản trị."
    )
    en = (
        "The certificate of the keystore cannot be read. Load the one its issuer sent again, "
        "or ask the administrator."
    )


class CertificateRevoked(SigningError):
    """The certificate was withdrawn by its issuer (chứng thư số đã bị thu hồi)."""

    code = "certificate-revoked"
    vi = (
        "Chứng thư số của {subject} đã bị thu hồi ngày {revoked_on} nên không ký được. "
        "Hãy đề nghị cấp chứng thư số mới."
    )
    en = (
        "The certificate of {subject} was revoked on {revoked_on} and cannot sign. "
        "Ask for a new certificate."
    )


class CertificateNotForSigning(SigningError):
    """The certificate was issued for another use (chứng thư số không dùng để ký văn bản)."""

    code = "certificate-not-for-signing"
    vi = (
        "Chứng thư số của {subject} không được cấp để ký văn bản (mục đích sử dụng khóa không "
        "phù hợp). Hãy chọn chứng thư số ký số, không chọn chứng thư số mã hóa hoặc đăng nhập."
    )
    en = (
        "The certificate of {subject} was not issued for signing documents (its key usage says "
        "otherwise). Choose the signing certificate, not one for encryption or login."
    )


class CertificateWeak(SigningError):
    """The certificate was issued by an outdated algorithm (chứng thư số dùng thuật toán cũ)."""

    code = "certificate-weak"
    vi = (
        "Chứng thư số của {subject} được cấp bằng thuật toán {algorithm}, không còn an toàn. "
        "Hãy đề nghị nơi cấp đổi chứng thư số mới."
    )
    en = (
        "The certificate of {subject} was issued with {algorithm}, which is no longer safe. "
        "Ask its issuer for a new one."
    )


class AuthorityUnknown(SigningError):
    """The issuer of the certificate is not among the trusted ones (nơi cấp chưa được tin cậy)."""

    code = "authority-unknown"
    vi = (
        "Chứng thư số của {subject} do «{issuer}» cấp, nơi cấp này chưa có trong danh sách tin "
        "cậy; chữ ký sẽ không được công nhận. Hãy dùng chứng thư số công vụ, hoặc báo quản trị "
        "bổ sung chứng thư số gốc."
    )
    en = (
        "The certificate of {subject} was issued by “{issuer}”, which is not among the trusted "
        "issuers; its signature would not be recognised. Use the official certificate, or ask "
        "the administrator to add the root."
    )


class ChainRefused(SigningError):
    """An issuer above the certificate is out of force or too weak (chứng thư số nơi cấp)."""

    code = "chain-refused"
    vi = (
        "Chứng thư số của nơi cấp «{issuer}» hết hiệu lực, dùng thuật toán yếu hoặc không hợp lệ. "
        "Hãy báo quản trị hoặc đề nghị đổi chứng thư số mới."
    )
    en = (
        "The certificates of the issuer “{issuer}” are out of force, too weak or wrong. "
        "Tell the administrator, or ask for a new certificate."
    )
