"""What is wrong with a file (lỗi tệp), in the officials' words, and what to do about it."""

from engine.errors import NotAllowed, OfficeError


class EmptyFile(OfficeError):
    """The file has no bytes (tệp rỗng)."""

    code = "empty-file"
    vi = "Tệp rỗng, không có nội dung. Hãy chọn lại tệp."
    en = "The file is empty. Choose it again."


class FileTooLarge(OfficeError):
    """The file is over the limit (tệp quá lớn)."""

    code = "file-too-large"
    status = 413
    vi = "Tệp lớn hơn {limit} MB cho phép. Hãy giảm dung lượng hoặc tách thành nhiều tệp."
    en = "The file is larger than the {limit} MB allowed. Make it smaller or split it."


class FileTypeRefused(OfficeError):
    """The content is of no allowed type (loại tệp không được nhận), whatever its name."""

    code = "file-type-refused"
    vi = (
        "Không nhận tệp này ({found}). Chỉ nhận PDF, Word (.docx), Excel (.xlsx), ODT "
        "và ảnh PNG, JPEG, TIFF; hãy lưu lại theo một trong các dạng đó."
    )
    en = "This file is refused ({found}). Allowed: PDF, DOCX, XLSX, ODT, PNG, JPEG, TIFF."


class NotAPdf(OfficeError):
    """A PDF is needed here (tệp không phải PDF)."""

    code = "not-a-pdf"
    vi = "Tệp này không phải PDF. Ở bước này cần tệp PDF; hãy chuyển sang PDF rồi tải lại."
    en = "This file is not a PDF, which this step needs. Convert it and upload it again."


class EncryptedPdf(OfficeError):
    """The PDF has a password (PDF đặt mật khẩu)."""

    code = "encrypted-pdf"
    # whoever removes the password of a signed file breaks its signatures
    vi = (
        "Tệp PDF bị đặt mật khẩu hoặc mã hóa nên không xử lý được. Văn bản đến: đề nghị nơi gửi "
        "gửi lại bản không đặt mật khẩu, không tự gỡ vì sẽ làm hỏng chữ ký số. Tệp của đơn vị: "
        "xuất lại không đặt mật khẩu."
    )
    en = (
        "The PDF is protected by a password. Ask its sender for one without: removing it would "
        "break signatures. Export a file of your own again without a password."
    )


class DamagedPdf(OfficeError):
    """The PDF is cut or broken (PDF hỏng)."""

    code = "damaged-pdf"
    vi = "Tệp PDF bị hỏng hoặc thiếu dữ liệu (có thể do tải lên dở dang). Hãy xuất lại và tải lại."
    en = "The PDF is damaged or truncated. Export it again and upload it."


class PdfEndMismatch(DamagedPdf):
    """Something stands behind the end of the PDF (phần cuối tệp PDF không khớp)."""

    code = "pdf-end-mismatch"
    vi = (
        "Phần cuối tệp PDF không khớp: sau dấu kết thúc còn dữ liệu khác, các phần mềm có thể hiển "
        "thị nội dung khác nhau. Không sử dụng tệp này; đề nghị nơi gửi gửi lại."
    )
    en = (
        "The end of the PDF does not match: other data stands behind its end mark, and programs "
        "may show different contents. Do not use it; ask its sender for it again."
    )


class DamagedFile(OfficeError):
    """The file cannot be read as what it claims to be (tệp hỏng)."""

    code = "damaged-file"
    vi = "Tệp {kind} bị hỏng, không đọc được. Hãy mở bằng phần mềm gốc, lưu lại rồi tải lên."
    en = "The file ({kind}) is damaged. Open and save it again, then upload it."


class ArchiveTooLarge(OfficeError):
    """The file unpacks to more than is allowed (tệp nén bất thường)."""

    code = "archive-too-large"
    status = 413
    vi = "Tệp bung ra quá lớn, quá nhiều phần hoặc lồng nhiều lớp nên bị từ chối vì lý do an toàn."
    en = "The file unpacks to too much, too many parts or too many layers; it is refused."


class ImageTooLarge(OfficeError):
    """The picture has too many pixels (ảnh quá lớn)."""

    code = "image-too-large"
    status = 413
    vi = "Ảnh quá lớn ({width} × {height} điểm ảnh). Hãy quét lại ở 200–300 dpi."
    en = "The picture is too large ({width} × {height} pixels). Scan it at 200-300 dpi."


class TooManyPages(OfficeError):
    """The file has too many pages (quá nhiều trang)."""

    code = "too-many-pages"
    status = 413
    vi = "Tệp có {pages} trang, vượt quá {limit} trang cho phép. Hãy tách thành nhiều tệp."
    en = "The file has {pages} pages, more than the {limit} allowed. Split it."


class MacrosRefused(OfficeError):
    """The file carries macros (tệp có macro)."""

    code = "macros-refused"
    vi = "Tệp có macro nên bị từ chối vì lý do an toàn. Hãy lưu dưới dạng .docx hoặc .xlsx thường."
    en = "The file carries macros and is refused. Save it as plain .docx or .xlsx."


class UnsafeXml(OfficeError):
    """The XML declares a DOCTYPE (XML không an toàn)."""

    code = "unsafe-xml"
    vi = "Nội dung XML có khai báo DOCTYPE nên bị từ chối vì lý do an toàn."
    en = "The XML declares a DOCTYPE and is refused."


class ContentDamaged(OfficeError):
    """The stored bytes no longer have their digest (tệp trong kho bị thay đổi)."""

    code = "content-damaged"
    status = 503
    vi = (
        "Tệp trong kho không còn nguyên vẹn (mã {sha256}). Không được dùng tệp này; "
        "báo quản trị phục hồi từ bản sao lưu."
    )
    en = "The stored file {sha256} is not intact. Do not use it; have it restored from backup."


class ContentMissing(OfficeError):
    """The store has no such bytes (thiếu tệp trong kho)."""

    code = "content-missing"
    status = 503
    vi = "Kho tệp thiếu nội dung có mã {sha256}. Báo quản trị phục hồi từ bản sao lưu."
    en = "The store lacks the content {sha256}. Have it restored from backup."


class NotScanned(NotAllowed):
    """The file is not cleared by the virus scan (tệp chưa được quét hoặc bị cách ly)."""

    code = "not-scanned"
    vi = "Tệp «{name}» {state} nên chưa tải xuống được. Thử lại sau ít phút hoặc báo quản trị."
    en = "«{name}» is not cleared by the virus scan ({state}); it cannot be downloaded yet."
