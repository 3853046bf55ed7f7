"""What is refused of signed XML and of containers (XML và gói ASiC-E không được chấp nhận)."""

from signing.errors import SigningError


class XmlRefused(SigningError):
    """The XML cannot be signed or read safely (tệp XML không ký, không đọc được)."""

    code = "xml-refused"
    vi = (
        "Không ký hoặc không đọc được tệp XML này: {reason}. Cần XML mã UTF-8, không có DOCTYPE, "
        "chưa ký. Lấy lại tệp từ phần mềm đã lập."
    )
    en = (
        "This XML cannot be signed or read: {reason}. It must be UTF-8 without DOCTYPE, unsigned. "
        "Take the file anew from the program that made it."
    )


class XmlSignatureRefused(SigningError):
    """The XML signature does not hold or is not of the profile (chữ ký số XML không đúng)."""

    code = "xml-signature-refused"
    vi = "Chữ ký số XML không được chấp nhận ({reason}). Đề nghị bên gửi ký lại."
    en = "The XML signature is not accepted ({reason}). Ask its sender to sign again."


class ContainerRefused(SigningError):
    """The container is no ASiC-E or dangerous to unpack (gói ASiC-E không dùng được)."""

    code = "container-refused"
    vi = "Gói ASiC-E không dùng được: {reason}. Không mở gói này; lấy lại gói từ nơi lập."
    en = "The ASiC-E container is refused: {reason}. Do not open it; take it anew from its maker."
