"""What an exchange refuses, as facts with fields; a door chooses the language and the status."""

from typing import Any, ClassVar

from exchange.findings import Finding


class ExchangeError(Exception):
    """Something the exchange refuses (lỗi liên thông): a stable code, fields, two languages.

    Shaped like the office's own errors, so that a door treats both alike.
    """

    code: ClassVar[str] = "exchange-error"
    vi: ClassVar[str] = "Không trao đổi được gói tin."
    en: ClassVar[str] = "The message cannot be exchanged."
    citation: ClassVar[str] = ""
    #: what a door answers by default
    status: ClassVar[int] = 422
    #: whether the same act may succeed later without anybody changing anything
    retryable: ClassVar[bool] = False

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


class MalformedXml(ExchangeError):
    """The file is not well-formed XML (tệp không phải XML hợp lệ)."""

    code = "malformed-xml"
    vi = (
        "Tệp không phải là XML hợp lệ (dòng {line}), có thể bị cắt cụt khi truyền. "
        "Hãy tải lại gói tin hoặc đề nghị bên gửi gửi lại."
    )
    en = (
        "The file is not well-formed XML (line {line}): {reason}. Fetch it again or ask the sender."
    )


class DoctypeForbidden(ExchangeError):
    """The file carries a DOCTYPE (khai báo DOCTYPE), which an edXML message never needs."""

    code = "doctype-forbidden"
    vi = (
        "Gói tin có khai báo DOCTYPE nên bị từ chối vì lý do an toàn. "
        "Đề nghị bên gửi kết xuất lại gói tin theo QCVN 102:2016/BTTTT."
    )
    en = "The message has a DOCTYPE and is refused for safety. Ask the sender to export it anew."


class MessageTooLarge(ExchangeError):
    """A size limit is exceeded (vượt giới hạn dung lượng)."""

    code = "message-too-large"
    status = 413
    vi = (
        "Gói tin vượt giới hạn: {what_vi} tối đa {limit}. "
        "Hãy giảm dung lượng hoặc tách tệp đính kèm rồi gửi lại."
    )
    en = "The message exceeds a limit: {what_en}, at most {limit}. Shrink or split the attachments."


class InvalidMessage(ExchangeError):
    """The message breaks the format (không đúng định dạng edXML); `findings` says where."""

    code = "invalid-message"
    vi = "Gói tin không đúng định dạng edXML: {findings_vi}"
    en = "The message is not valid edXML: {findings_en}"
    citation = "QCVN 102:2016/BTTTT"

    def __init__(self, *findings: Finding) -> None:
        self.findings = findings
        super().__init__(
            codes=[finding.code for finding in findings],
            findings_vi=" ".join(f"[{finding.code}] {finding.vi}" for finding in findings),
            findings_en=" ".join(f"[{finding.code}] {finding.en}" for finding in findings),
        )


class BrokenAttachment(InvalidMessage):
    """An attached file cannot be taken out (tệp đính kèm hỏng)."""

    code = "broken-attachment"
    vi = "Không lấy được tệp đính kèm: {findings_vi} Đề nghị bên gửi gửi lại."
    en = "An attachment cannot be taken out: {findings_en} Ask the sender to send it again."


class UnsafeArchive(BrokenAttachment):
    """A packed attachment is dangerous to unpack (tệp nén không an toàn)."""

    code = "unsafe-archive"
    vi = "Tệp nén không an toàn nên không giải nén: {findings_vi} Đề nghị bên gửi gửi tệp gốc."
    en = "A packed attachment is unsafe and was not unpacked: {findings_en}"


class GatewayError(ExchangeError):
    """The way to the other agency fails (lỗi đường truyền liên thông)."""

    code = "gateway-error"
    status = 503


class Unreachable(GatewayError):
    """The axis gives no usable answer (không kết nối được trục liên thông); try again later."""

    code = "axis-unreachable"
    retryable = True
    vi = (
        "Chưa kết nối được trục liên thông ({operation}: {reason}). "
        "Văn bản vẫn nằm trong hàng đợi và sẽ được gửi lại."
    )
    en = "The axis cannot be reached ({operation}: {reason}). The message stays queued for a retry."


class AxisFault(GatewayError):
    """The axis itself fails (lỗi nội bộ của trục); try again a bounded number of times."""

    code = "axis-fault"
    retryable = True
    vi = "Trục liên thông báo lỗi nội bộ ({operation}, mã {error_code}): {description}"
    en = "The axis reports an internal fault ({operation}, code {error_code}): {description}"


class RefusedByAxis(GatewayError):
    """The axis refuses for good (trục từ chối); sending the same again changes nothing."""

    code = "axis-refused"
    status = 422
    vi = "Trục liên thông từ chối ({operation}, mã {error_code}): {description}"
    en = "The axis refuses ({operation}, code {error_code}): {description}"


class NotRecognised(RefusedByAxis):
    """The axis does not accept our system id or secret (sai mã hệ thống hoặc khóa bí mật)."""

    code = "axis-not-recognised"
    status = 503
    vi = (
        "Trục liên thông không chấp nhận mã hệ thống hoặc khóa bí mật ({description}). "
        "Báo quản trị kiểm tra cấu hình kết nối và đồng hồ máy chủ."
    )
    en = "The axis rejects our system id or secret ({description}). Check both, and the clock."


class AnswerTooLarge(GatewayError):
    """An answer of the axis exceeds what we are ready to hold (trả lời quá lớn)."""

    code = "axis-answer-too-large"
    vi = "Trả lời của trục liên thông ({operation}) vượt {limit} byte nên không nhận."
    en = "The answer of the axis ({operation}) exceeds {limit} bytes and was not taken."


class NoSuchPacket(ExchangeError):
    """There is no such packet for this receiver (không có gói tin)."""

    code = "no-such-packet"
    status = 404
    vi = "Không có gói tin {packet_id} gửi cho đơn vị này."
    en = "There is no packet {packet_id} for this receiver."


class InvalidSetting(ExchangeError):
    """A connection setting cannot be used (cấu hình kết nối sai)."""

    code = "exchange-setting"
    status = 503
    vi = "Cấu hình liên thông không dùng được: {name} = {value}."
    en = "The exchange setting cannot be used: {name} = {value}."
