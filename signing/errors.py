"""What signing refuses, as facts: a stable code, fields, and words in two languages."""

import re
from typing import Any, ClassVar

#: an object in the words of a library; its address differs each time
_ADDRESS = re.compile(r"(?:stream )?<[^<>]* at 0x[0-9a-fA-F]+>(?:: )?")


def cause_of(error: BaseException) -> str:
    """Return what an unexpected error says, the same for the same bytes (nguyên nhân)."""
    said = " ".join(_ADDRESS.sub("", str(error)).split())
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def told_of(error: Exception) -> str:
    """Return why a file of the operator cannot be used, without the system's own English."""
    if isinstance(error, OSError):
        return f"không đọc được {error.filename}" if error.filename else "không đọc được tệp"
    return str(error)


class SigningError(Exception):
    """Signing refuses the file, the key or the request (lỗi ký số); nothing was changed.

    Subclasses set `code` (stable, kebab-case), `vi` and `en` (what happened and what to do, with
    `{field}` places) and the `status` a door answers by default.
    """

    code: ClassVar[str] = "signing-error"
    vi: ClassVar[str] = "Không ký được văn bản. Chưa có gì thay đổi."
    en: ClassVar[str] = "The document could not be signed. Nothing was changed."
    citation: ClassVar[str] = ""
    status: ClassVar[int] = 422

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        super().__init__(self.text("en"))

    def text(self, language: str = "vi") -> str:
        """Return the message in `vi` or `en` with its fields filled in."""
        template = self.en if language == "en" else self.vi
        return template.format_map(_Shown(self.fields))


class _Shown(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"«{key}»"


class NotPdf(SigningError):
    """The file is not a PDF (tệp không phải PDF)."""

    code = "not-pdf"
    vi = (
        "Tệp này không phải là tệp PDF. Hãy chọn tệp PDF, "
        "hoặc lưu văn bản sang định dạng PDF rồi tải lên lại."
    )
    en = "This file is not a PDF. Choose a PDF, or save the document as PDF and upload it again."


class EncryptedPdf(SigningError):
    """The PDF is protected by a password (tệp PDF có đặt mật khẩu)."""

    code = "encrypted-pdf"
    vi = (
        "Tệp PDF có đặt mật khẩu hoặc mã hóa nên không ký, không kiểm tra được. "
        "Hãy gỡ bỏ mật khẩu rồi tải lên lại."
    )
    en = "The PDF is encrypted. Remove its password and upload it again."


class TruncatedPdf(SigningError):
    """The PDF is cut off or damaged (tệp PDF bị cắt cụt hoặc hỏng)."""

    code = "truncated-pdf"
    vi = (
        "Tệp PDF bị thiếu dữ liệu hoặc hỏng (có thể do tải lên chưa trọn vẹn). "
        "Hãy mở thử tệp trên máy, xuất lại PDF rồi tải lên lại."
    )
    en = "The PDF is cut off or damaged. Open it, export it to PDF anew and upload it again."


class PagesMissing(SigningError):
    """The PDF has no page (tệp PDF không có trang nào)."""

    code = "pages-missing"
    vi = "Tệp PDF không có trang nào nên không có gì để ký. Hãy xuất lại PDF rồi tải lên lại."
    en = "The PDF has no page, so there is nothing to sign. Export it to PDF anew and upload it."


class DynamicForm(SigningError):
    """The PDF is drawn by an XFA form, by each program otherwise (biểu mẫu XFA động)."""

    code = "dynamic-form"
    vi = (
        "Tệp PDF là biểu mẫu XFA động: mỗi phần mềm hiển thị một khác, nên không ký được. "
        "Hãy mở bằng phần mềm đã tạo biểu mẫu, in ra PDF rồi tải lên bản đã in."
    )
    en = (
        "The PDF is a dynamic XFA form, which each program shows otherwise, and cannot be signed. "
        "Open it with the program it was made with, print it to PDF and upload that."
    )


class TailMismatch(SigningError):
    """Bytes at the end of the file hide a revision (phần cuối tệp không khớp)."""

    code = "tail-mismatch"
    vi = (
        "Phần cuối tệp PDF không khớp với cấu trúc của tệp: các phần mềm có thể hiển thị "
        "nội dung khác nhau. Không ký tệp này; hãy lấy lại tệp từ nơi gửi."
    )
    en = (
        "The end of the PDF does not match its structure: programs may show different contents. "
        "Do not sign it; ask its sender for the file again."
    )


class AlreadySigned(SigningError):
    """The file carries signatures, so it may not be rewritten (tệp đã được ký số)."""

    code = "already-signed"
    status = 409
    vi = (
        "Tệp PDF đã có chữ ký số nên không được ghi lại: ghi lại sẽ làm mất hiệu lực chữ ký. "
        "Hãy dùng bản chưa ký của dự thảo."
    )
    en = "The PDF is already signed; rewriting it would void the signature. Use the unsigned draft."


class ChangesForbidden(SigningError):
    """An earlier signature allows no further one (chữ ký trước không cho phép ký thêm)."""

    code = "changes-forbidden"
    status = 409
    vi = "Chữ ký trước đã khóa tệp, không cho phép ký thêm. Hãy ký trên bản chưa bị khóa."
    en = (
        "An earlier signature locked the file against further ones. Sign a copy that is not locked."
    )


class FieldTaken(SigningError):
    """The signature field is signed already (vị trí ký đã được dùng)."""

    code = "field-taken"
    status = 409
    vi = "Vị trí ký «{field}» đã có chữ ký số. Tải lại trang để xem trạng thái mới nhất."
    en = "The signature field {field!r} is already signed. Reload to see the current state."


class KeystoreRefused(SigningError):
    """The keystore cannot be opened (không mở được kho khóa)."""

    code = "keystore-refused"
    vi = (
        "Không mở được kho khóa ký số: sai mật khẩu hoặc tệp khóa hỏng. "
        "Hãy nhập lại mật khẩu; nếu vẫn lỗi, báo quản trị."
    )
    en = "The keystore cannot be opened: wrong passphrase or damaged file. Try again."


class KeyNotSupported(SigningError):
    """The key is too weak or of an unknown kind (khóa không được chấp nhận)."""

    code = "key-not-supported"
    vi = (
        "Khóa ký số không được chấp nhận ({reason}). "
        "Hãy dùng chứng thư số có khóa RSA từ 2048 bit trở lên hoặc ECDSA."
    )
    en = "The signing key is not accepted ({reason}). Use RSA of at least 2048 bits, or ECDSA."


class CertificateNotInForce(SigningError):
    """The certificate is not in force at the time of signing (chứng thư số hết hạn)."""

    code = "certificate-not-in-force"
    vi = (
        "Chứng thư số của {subject} chỉ có hiệu lực từ {valid_from} đến {valid_until}. "
        "Hãy gia hạn chứng thư số trước khi ký."
    )
    en = (
        "The certificate of {subject} is in force only from {valid_from} to {valid_until}. "
        "Renew it before signing."
    )


class SignatureMismatch(SigningError):
    """The signature is not of this document by this certificate (chữ ký không khớp)."""

    code = "signature-mismatch"
    vi = (
        "Chữ ký nhận được không khớp với văn bản hoặc với chứng thư số đã chọn. Văn bản chưa được "
        "ký. Hãy kiểm tra đúng thiết bị (USB token) rồi ký lại."
    )
    en = (
        "The signature received is not of this document by the chosen certificate. Nothing was "
        "signed. Check that it is the right token and sign again."
    )


class ImageRefused(SigningError):
    """The picture of the signature or the seal is unusable (ảnh chữ ký không dùng được)."""

    code = "image-refused"
    citation = "Nghị định 30/2020/NĐ-CP, Phụ lục I, mục II.7, II.8"
    vi = (
        "Ảnh chữ ký hoặc ảnh dấu không dùng được. "
        "Cần tệp PNG nền trong suốt, tối đa {limit} điểm ảnh mỗi chiều."
    )
    en = "The picture is unusable. It must be a transparent PNG of at most {limit} pixels a side."


class LettersMissing(SigningError):
    """The typeface lacks letters of the text (phông chữ thiếu ký tự)."""

    code = "letters-missing"
    vi = "Phông chữ không có ký tự {letters}. Hãy bỏ các ký tự này khỏi nội dung hiển thị."
    en = "The typeface lacks {letters}. Remove these letters from the text to be shown."


class PageMissing(SigningError):
    """The place of the signature lies outside the document (không có trang này)."""

    code = "page-missing"
    vi = "Văn bản chỉ có {pages} trang; vị trí ký nằm ngoài văn bản. Hãy chọn lại vị trí."
    en = "The document has {pages} pages; the place of the signature lies outside. Choose again."


class NoRoom(SigningError):
    """Page 1 has no free room for the lines of a signature (trang đầu hết chỗ trống)."""

    code = "no-room"
    citation = "Nghị định 30/2020/NĐ-CP, Phụ lục I"
    vi = (
        "Nửa trên trang 1 không còn chỗ trống {width} × {height} mm cho dòng chữ ký số. "
        "Hãy chừa lề trên của trang đầu (từ 20 mm) rồi tải tệp lên lại."
    )
    en = (
        "The upper half of page 1 has no free room of {width} × {height} mm for the signature. "
        "Leave a margin of 20 mm at the top and upload the file again."
    )


class PlaceTaken(SigningError):
    """The place overlaps another signature or covers the text (vị trí ký đè lên phần khác)."""

    code = "place-taken"
    status = 409
    citation = "Nghị định 30/2020/NĐ-CP, Phụ lục I, mục II.8"
    vi = (
        "Vị trí ký đè lên {what}. Chỉ dấu của cơ quan được trùm lên chữ ký của người có thẩm "
        "quyền. Hãy chọn chỗ trống khác trên trang."
    )
    en = (
        "The place of the signature overlaps {what}. Only the agency's seal may cover the "
        "competent person's signature. Choose free room on the page."
    )


class TrustRefused(SigningError):
    """The folder or list of trust anchors is unusable (danh sách tin cậy không đọc được)."""

    code = "trust-refused"
    vi = "Không đọc được danh sách chứng thư số gốc tin cậy: {reason}. Báo quản trị kiểm tra lại."
    en = "The list of trust anchors cannot be read: {reason}. Ask the administrator to check it."


class PolicyRefused(SigningError):
    """The policy signatures are checked by is unusable (chính sách kiểm tra không đọc được)."""

    code = "policy-refused"
    vi = "Không đọc được chính sách kiểm tra chữ ký số: {reason}. Báo quản trị kiểm tra lại."
    en = "The policy signatures are checked by cannot be read: {reason}. Ask the administrator."


class AddressRefused(SigningError):
    """An address is malformed or not among the allowed ones (địa chỉ không được phép)."""

    code = "address-refused"
    vi = (
        "Địa chỉ «{url}» không hợp lệ hoặc không có trong danh sách được phép. "
        "Kiểm tra lại, hoặc đề nghị quản trị bổ sung vào danh sách."
    )
    en = (
        "The address {url!r} is malformed or not on the allow-list. "
        "Check it, or have the administrator add it to the list."
    )


class NotReachable(SigningError):
    """A server did not answer in time (không kết nối được tới máy chủ)."""

    code = "not-reachable"
    status = 503
    vi = (
        "Không lấy được dữ liệu từ {url} ({reason}). Dữ liệu đang có vẫn được dùng khi còn hạn; "
        "hệ thống sẽ tự thử lại. Nếu kéo dài, báo quản trị kiểm tra đường truyền."
    )
    en = (
        "{url} did not answer ({reason}). What is at hand is used while it is in force, "
        "and the system tries again. If it lasts, have the connection checked."
    )


class AnswerRefused(SigningError):
    """A server said what it should not have (dữ liệu nhận về không dùng được)."""

    code = "answer-refused"
    status = 502
    vi = (
        "Dữ liệu nhận từ {url} không dùng được: {reason}. Dữ liệu đang có được giữ nguyên; "
        "hãy báo cơ quan quản lý máy chủ đó."
    )
    en = (
        "What {url} answered is unusable: {reason}. What is at hand is kept as it is; "
        "tell whoever runs that server."
    )
