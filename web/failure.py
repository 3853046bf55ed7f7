"""What a page says when it cannot do as asked (trang báo lỗi): what happened and what to do."""

import logging
from collections.abc import Sequence
from typing import Any

from flask import Flask, current_app, g, jsonify, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from api.remainder import discard
from engine.errors import OfficeError
from exchange.errors import ExchangeError
from records.login_session import SessionEnded
from signing.errors import SigningError
from web.door import language
from web.shell import home_label, shell
from web.tongue import _
from web.visitor import MACHINE_DOORS, dismiss

log = logging.getLogger(__name__)


def titles() -> dict[int, tuple[str, str]]:
    """Return what each status means to an officer: a title, and what to do."""
    return {
        400: (
            _("Yêu cầu không đọc được"),
            _("Quay lại trang trước, tải lại trang rồi thao tác lại."),
        ),
        401: (_("Phiên làm việc đã kết thúc"), _("Đăng nhập lại để tiếp tục.")),
        403: (
            _("Không có quyền thực hiện"),
            _("Nếu công việc này thuộc nhiệm vụ của bạn, đề nghị quản trị cơ quan phân quyền."),
        ),
        404: (
            _("Không tìm thấy"),
            _("Kiểm tra lại đường dẫn, hoặc tìm văn bản theo số, ký hiệu, trích yếu."),
        ),
        405: (_("Không mở được trang theo cách này"), _("Mở lại từ thực đơn.")),
        409: (
            _("Nội dung đã thay đổi"),
            _("Chưa có gì được ghi. Mở lại để xem bản mới nhất rồi làm tiếp."),
        ),
        413: (
            _("Tệp hoặc nội dung quá lớn"),
            _("Giảm dung lượng tệp, hoặc tách thành nhiều tệp rồi gửi lại."),
        ),
        422: (_("Chưa thực hiện được"), _("Sửa theo nội dung trên rồi gửi lại.")),
        429: (_("Đã thử quá nhiều lần"), _("Đợi ít phút rồi thử lại.")),
        500: (
            _("Hệ thống gặp lỗi"),
            _("Lỗi đã được ghi lại. Báo đường dây nóng kèm mã tra cứu dưới đây."),
        ),
        503: (
            _("Hệ thống tạm thời chưa sẵn sàng"),
            _("Dữ liệu đã lưu không mất. Thử lại sau ít phút."),
        ),
        507: (_("Máy chủ hết dung lượng"), _("Chưa có gì được ghi. Báo quản trị hệ thống.")),
    }  # fmt: skip


def init_failures(app: Flask) -> None:
    """Answer every error in the reader's language; machines' doors answer for themselves."""
    for kind in (OfficeError, SigningError, ExchangeError):
        app.register_error_handler(kind, _refused)
    machine = (app.error_handler_spec[None][None] or {}).get(HTTPException)

    def http_error(error: HTTPException) -> Any:
        if request.path.startswith(MACHINE_DOORS) and machine is not None:
            return machine(error)
        return _http(error)

    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(Exception, _unexpected)


def failed(
    status: int,
    text: str = "",
    *,
    title: str = "",
    advice: str | None = None,
    retry: str | None = None,
    retry_label: str = "",
    typed: Sequence[tuple[str, str]] = (),
    code: str = "",
) -> Response:
    """Return the error page, or a problem (RFC 9457) to a script or a machine.

    `typed` is what the officer wrote and could not send, by label: he may copy it.
    """
    known = titles()
    usual, what_to_do = known.get(status, known[400 if status < 500 else 500])
    if _is_machine():
        problem = {"title": title or usual, "status": status, "detail": text, "code": code}
        answer = jsonify({**problem, "request_id": g.get("request_id", "")})
        answer.mimetype = "application/problem+json"
    else:
        error = {
            "status": status,
            "title": title or usual,
            "text": text or what_to_do,
            "advice": advice if advice is not None else (what_to_do if text else None),
            "reference": g.get("request_id", ""),
            "retry_href": retry,
            "retry_label": retry_label or _("Thử lại"),
            "typed": typed,
            "home_href": url_for("start.home"),
            "home_label": home_label(),
        }
        answer = current_app.make_response(
            render_template("error.html", error=error, shell=_shell())
        )
    answer.status_code = status
    if status == 503:
        answer.headers["Retry-After"] = "10"
    return answer


def _is_machine() -> bool:
    sent = request.mimetype in {"application/xml", "application/json"}
    asks = request.accept_mimetypes.best == "application/json"
    return sent or asks or request.path.startswith(MACHINE_DOORS)


def _shell() -> dict[str, Any]:
    """Return the frame; where even that cannot be read, the bare one."""
    try:
        return shell()
    except Exception:  # the error page must appear when nothing else works
        log.exception("the frame of the error page could not be read")
        g.shell_failed = True
        return shell()


def _refused(error: OfficeError | SigningError | ExchangeError) -> Response:
    retry = None
    if error.status in {409, 429, 503} and request.method == "GET":
        retry = request.full_path.rstrip("?")
    answer = failed(error.status, error.text(language()), retry=retry, code=error.code)
    if isinstance(error, SessionEnded):
        return dismiss(answer)
    if error.status >= 500:
        log.error("%s %s: %s", g.get("request_id"), request.path, error)
    return answer


def _forged(error: CSRFError) -> Response:
    log.info("%s %s: %s", g.get("request_id"), request.path, error.description)
    text = _(
        "Trang đã mở quá lâu hoặc phiên làm việc đã đổi nên yêu cầu không được nhận. Chưa có gì "
        "được ghi."
    )
    advice = _("Quay lại, tải lại trang rồi gửi lại.")
    return failed(403, text, title=_("Trang đã hết hạn"), advice=advice, code="csrf")


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return current_app.make_response(error.get_response())
    if status == 413:
        discard(request)
    return failed(status, code=f"http-{status}")


def _unexpected(error: Exception) -> Response:
    log.error("%s %s", g.get("request_id"), request.path, exc_info=error)
    return failed(500, code="unexpected")
