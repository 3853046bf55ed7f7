"""What this door itself refuses (lỗi của giao diện lập trình), before any verb is asked."""

from dataclasses import dataclass
from typing import Any

from engine.errors import OfficeError


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request: a JSON pointer into its body, or the name of a parameter."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None

    def to_json(self) -> dict[str, str]:
        """Return the place that applies and the words."""
        place = {"parameter": self.parameter} if self.parameter else {"pointer": self.pointer or ""}
        return {**place, "detail": self.detail}


class RequestInvalid(OfficeError):
    """Body or parameters must be corrected (nội dung gửi lên chưa hợp lệ); nothing was done."""

    code = "request-invalid"
    vi = "Nội dung gửi lên có {count} chỗ cần sửa; chưa có gì thay đổi. Xem «errors»."
    en = "{count} things in the request need correcting; nothing was done. See “errors”."

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__(count=len(faults))


class MalformedBody(OfficeError):
    """The body is no JSON (không đọc được JSON)."""

    code = "malformed-body"
    status = 400
    vi = "Không đọc được nội dung JSON gửi lên: {reason}. Gửi lại JSON hợp lệ, mã hóa UTF-8."
    en = "The body is not valid JSON in UTF-8: {reason}."


class WrongMediaType(OfficeError):
    """The body is of a type this address does not take (sai kiểu nội dung)."""

    code = "wrong-media-type"
    status = 415
    vi = "Địa chỉ này chỉ nhận {wanted}; yêu cầu gửi {found}. Sửa tiêu đề Content-Type."
    en = "This address takes {wanted}, not {found}. Correct the Content-Type header."


class TokenMissing(OfficeError):
    """No bearer token came with the request (thiếu mã truy cập)."""

    code = "token-missing"
    status = 401
    vi = "Thiếu mã truy cập API. Lấy mã tại POST /api/v1/tokens rồi gửi «Authorization: Bearer …»."
    en = "The API token is missing. Get one at POST /api/v1/tokens and send it as a bearer token."


class ScopeMissing(OfficeError):
    """The token is not for this use (mã truy cập không đủ phạm vi)."""

    code = "scope-missing"
    status = 403
    vi = "Mã truy cập này không có phạm vi «{scope}». Lấy mã khác có phạm vi đó."
    en = "This token lacks the scope “{scope}”. Get another that has it."


class BadCursor(OfficeError):
    """The cursor is none of this list's (con trỏ trang không hợp lệ)."""

    code = "bad-cursor"
    vi = "Con trỏ trang không hợp lệ hoặc của danh sách khác. Đọc lại từ trang đầu."
    en = "The cursor is invalid or of another list. Begin again with the first page."


class ConditionMissing(OfficeError):
    """A change must say which state it is for (thiếu If-Match)."""

    code = "condition-missing"
    status = 428
    vi = "Thay đổi mục này phải kèm tiêu đề If-Match với ETag đã đọc. Đọc lại rồi gửi kèm."
    en = "Changing this needs an If-Match header with the ETag that was read."


class ConditionFailed(OfficeError):
    """The object is no longer in the state the change is for (dữ liệu đã thay đổi)."""

    code = "condition-failed"
    status = 412
    vi = "Mục này đã thay đổi từ lúc bạn đọc. Chưa có gì được ghi; đọc lại rồi sửa tiếp."
    en = "This was changed since you read it. Nothing was written; read it again."


class KeyInUse(OfficeError):
    """A request under this key is being carried out (yêu cầu cùng khóa đang chạy)."""

    code = "idempotency-key-in-use"
    status = 409
    vi = "Một yêu cầu cùng Idempotency-Key đang được xử lý. Đợi vài giây rồi gửi lại."
    en = "A request under this Idempotency-Key is being carried out. Retry in a few seconds."


class KeyReused(OfficeError):
    """The key was used for another request (khóa đã dùng cho yêu cầu khác)."""

    code = "idempotency-key-reused"
    vi = "Idempotency-Key này đã dùng cho một yêu cầu khác. Dùng khóa mới cho yêu cầu mới."
    en = "This Idempotency-Key was used for another request. Use a new key for a new request."


class BadKey(OfficeError):
    """The key is too long or not plain text (khóa không hợp lệ)."""

    code = "idempotency-key-invalid"
    status = 400
    vi = "Idempotency-Key phải dài từ 1 đến 100 ký tự ASCII in được."
    en = "An Idempotency-Key has 1 to 100 printable ASCII characters."


class PositionUnclear(OfficeError):
    """The officer has several positions and named none of them (chưa chọn chức vụ)."""

    code = "position-unclear"
    status = 403
    vi = "Chưa cấp mã: nêu «position_id» là một trong các chức vụ của bạn (xem «positions»)."
    en = "No token was issued: name one of your positions as “position_id” (see “positions”)."

    def __init__(self, positions: list[dict[str, Any]]) -> None:
        self.positions = positions
        super().__init__()
