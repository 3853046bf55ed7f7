"""What speaks against a signature that was waited for (lỗi của phiên ký)."""

from signing.errors import SigningError


class PreparedChanged(SigningError):
    """The file changed between preparing and completing (tệp chờ ký đã thay đổi)."""

    code = "prepared-changed"
    status = 409
    vi = "Tệp chờ ký đã thay đổi so với lúc chuẩn bị. Văn bản chưa được ký; hãy bắt đầu ký lại."
    en = "The file is no longer the one that was prepared. Nothing was signed; begin again."


class SignatureTooLarge(SigningError):
    """The signature needs more room than was kept for it (chữ ký quá lớn)."""

    code = "signature-too-large"
    vi = (
        "Chữ ký cùng chứng thư số và dấu thời gian lớn hơn chỗ dành sẵn trong tệp. "
        "Văn bản chưa được ký; hãy báo quản trị kiểm tra máy chủ cấp dấu thời gian."
    )
    en = (
        "The signature with its certificates and timestamp exceeds the room kept for it. Nothing "
        "was signed; ask the administrator to check the timestamp authority."
    )


class OtherDocument(SigningError):
    """The signed file is not the one that was to be signed (không đúng văn bản)."""

    code = "other-document"
    vi = (
        "Tệp gửi lên không phải là văn bản đang chờ ký, hoặc nội dung đã bị thay đổi. Chưa ghi "
        "nhận gì; hãy ký lại đúng văn bản này."
    )
    en = (
        "The file is not the document that waits for a signature, or its contents were changed. "
        "Nothing was recorded; sign this very document."
    )


class OtherCertificate(SigningError):
    """Somebody else's certificate signed (không đúng chứng thư số)."""

    code = "other-certificate"
    vi = (
        "Tệp được ký bằng chứng thư số khác ({found}). Chưa ghi nhận gì; hãy cắm đúng thiết bị "
        "(USB token) đã đăng ký rồi ký lại."
    )
    en = (
        "The file was signed with another certificate ({found}). Nothing was recorded; use the "
        "registered token and sign again."
    )


class UploadRefused(SigningError):
    """The signed file holds something else than signatures (tệp ký không được chấp nhận)."""

    code = "upload-refused"
    vi = "Không nhận tệp đã ký: {reason}. Chưa ghi nhận gì; hãy ký lại."
    en = "The signed file is refused ({reason}). Nothing was recorded; sign again."
