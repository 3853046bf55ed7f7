"""What an axis refuses, with the error codes integrators know (mã lỗi của trục)."""

from typing import ClassVar

from exchange.axis_headers import NotAuthentic
from exchange.errors import (
    BrokenAttachment,
    DoctypeForbidden,
    ExchangeError,
    MalformedXml,
    MessageTooLarge,
)


class AxisRefusal(ExchangeError):
    """The axis refuses a call (trục từ chối)."""

    code = "axis-refusal"
    axis_code: ClassVar[str] = "22"


class UnknownReceiver(AxisRefusal):
    """An addressee is not in the directory (nơi nhận không tồn tại); nobody gets the message.

    `successors` says which code took the place of one that is not in force any more.
    """

    code = "unknown-receiver"
    axis_code = "18"
    vi = (
        "Nơi nhận không có trong danh bạ trục liên thông: {codes}. "
        "Chưa gửi cho nơi nào; hãy sửa mã định danh rồi gửi lại."
    )
    en = "Not in the directory of the axis: {codes_en}. Nothing was sent; correct the code."


class UnknownSender(AxisRefusal):
    """The sender is not in the directory (đơn vị gửi chưa đăng ký)."""

    code = "unknown-sender"
    axis_code = "19"
    vi = "Đơn vị gửi {stated} chưa đăng ký hoặc không còn dùng mã này trên trục liên thông."
    en = "The sender {stated_en} is not registered with the axis, or not under this code."


class UnknownSystem(AxisRefusal):
    """No such system is connected (hệ thống chưa kết nối)."""

    code = "unknown-system"
    axis_code = "15"
    vi = "Hệ thống {system} chưa kết nối với trục liên thông; hãy cấp mã hệ thống trước."
    en = "The system {system} is not connected to the axis; admit it first."


class SentToSelf(AxisRefusal):
    """The sender is among the addressees (nơi nhận trùng nơi gửi)."""

    code = "sent-to-self"
    axis_code = "18"
    vi = (
        "Nơi nhận {code} chính là đơn vị gửi. Chưa gửi cho nơi nào; hãy bỏ nơi nhận này rồi gửi "
        "lại, văn bản nội bộ không đi qua trục."
    )
    en = "The addressee {code} is the sender itself. Nothing was sent; take it off and send again."


class TooManyReceivers(AxisRefusal):
    """One send has more addressees than the axis serves at once (quá nhiều nơi nhận)."""

    code = "too-many-receivers"
    axis_code = "22"
    vi = "Gói tin có {count} nơi nhận, tối đa {limit} trong một lần gửi. Hãy gửi thành nhiều lần."
    en = "The message has {count} addressees, at most {limit} at once. Send it in several goes."


class SenderMismatch(AxisRefusal):
    """The agency stated is not one the calling system speaks for (đơn vị gửi không khớp)."""

    code = "sender-mismatch"
    axis_code = "19"
    vi = "Hệ thống {system} không được gửi thay đơn vị {stated}."
    en = "The system {system} does not speak for the agency {stated}."


class ReceiverLocked(AxisRefusal):
    """An addressee is locked (nơi nhận bị khóa)."""

    code = "receiver-locked"
    axis_code = "23"
    vi = "Nơi nhận đang bị khóa trên trục liên thông: {codes}. Chưa gửi cho nơi nào."
    en = "Locked on the axis: {codes}. Nothing was sent."


class CodeTaken(AxisRefusal):
    """Another agency holds this code (mã định danh đã có đơn vị khác dùng)."""

    code = "agency-code-taken"
    axis_code = "19"
    status = 409
    vi = "Mã định danh {agency} đã thuộc đơn vị khác."
    en = "The code {agency} belongs to another agency."


class NoPacket(AxisRefusal):
    """There is no such packet for the caller (không có gói tin)."""

    code = "no-such-packet"
    axis_code = "404"
    status = 404
    vi = "Không có gói tin {packet_id} gửi cho hệ thống này."
    en = "There is no packet {packet_id} for this system."


class BadCall(AxisRefusal):
    """A parameter of the call is missing or wrong (tham số không hợp lệ)."""

    code = "axis-bad-call"
    axis_code = "21"
    vi = "Tham số {parameter} không hợp lệ: «{value}»."
    en = "The parameter {parameter} is not valid: {value}."


class UnknownOperation(AxisRefusal):
    """The axis has no such operation (không có chức năng này)."""

    code = "axis-unknown-operation"
    axis_code = "404"
    status = 404
    vi = "Trục liên thông không có chức năng «{operation}»."
    en = "The axis has no operation {operation}."


class NotPosted(AxisRefusal):
    """The axis is called by POST only (chỉ nhận POST)."""

    code = "axis-not-posted"
    axis_code = "404"
    status = 405
    vi = "Trục liên thông chỉ nhận lệnh gọi bằng phương thức POST."
    en = "The axis is called by POST."


class Encoded(AxisRefusal):
    """A body comes compressed (nội dung bị nén); the axis keeps the bytes that were sent."""

    code = "axis-encoded"
    axis_code = "21"
    status = 415
    vi = "Nội dung được nén ({encoding}) nên không nhận. Hãy gửi nguyên tệp edXML, không nén."
    en = "The body is encoded ({encoding}). Send the edXML file as it is."


class CutShort(AxisRefusal):
    """A body ended before its length or came too slowly (nội dung bị cắt ngang); it comes again."""

    code = "axis-cut-short"
    axis_code = "20"
    status = 400
    retryable = True
    vi = "Nội dung gửi bị cắt ngang hoặc đến quá chậm, chưa nhận gì. Hãy gửi lại."
    en = "The body was cut short or came too slowly; nothing was taken in. Send it again."


class OverQuota(AxisRefusal):
    """A system has sent as much as it may in this hour (vượt hạn mức); the queue waits."""

    code = "over-quota"
    axis_code = "20"
    status = 429
    retryable = True
    vi = (
        "Hệ thống {system} đã gửi hết hạn mức của giờ này ({messages} gói tin, {bytes} byte một "
        "giờ). Hãy gửi lại từ {until}."
    )
    en = (
        "The system {system} has used up its quota ({messages} messages, {bytes} bytes an hour). "
        "Come back at {until}."
    )


class NotProven(AxisRefusal):
    """The message log has had no timestamp for too long (nhật ký chưa được đóng dấu thời gian)."""

    code = "axis-not-proven"
    axis_code = "20"
    status = 503
    retryable = True
    vi = (
        "Trục liên thông tạm ngừng tiếp nhận: đã quá {hours} giờ nhật ký gói tin chưa được đóng "
        "dấu thời gian. Hãy giữ gói tin trong hàng đợi và gửi lại sau."
    )
    en = "The axis accepts nothing: its log has had no timestamp for over {hours} hours. Try later."


class Looped(AxisRefusal):
    """The message has passed this axis before (gói tin đi vòng)."""

    code = "axis-loop"
    axis_code = "21"
    vi = (
        "Gói tin đã đi qua trục {node} rồi quay lại. Không chuyển tiếp nữa; hãy kiểm tra tuyến "
        "giữa các trục."
    )
    en = "The message has passed the axis {node} before and came back. Check how axes are joined."


class Removed(AxisRefusal):
    """The bytes were removed after their time (nội dung đã hết hạn lưu trên trục)."""

    code = "message-removed"
    axis_code = "404"
    status = 410
    vi = (
        "Nội dung gói tin {packet_id} đã được xóa khỏi trục ngày {on} vì hết hạn lưu. Hãy đề nghị "
        "bên gửi gửi lại."
    )
    en = "The content of the packet {packet_id} was removed on {on}. Ask the sender to send again."


def error_code(error: ExchangeError) -> str:
    """Return the number for an error: 10 file, 15 secret, 21 its attachments, 22 its format."""
    match error:
        case AxisRefusal():
            return error.axis_code
        case NotAuthentic():
            return "15"
        case MalformedXml() | DoctypeForbidden() | MessageTooLarge():
            return "10"
        case BrokenAttachment():
            return "21"
        case _:
            return "22"
