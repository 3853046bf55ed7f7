"""Errors as RFC 9457 problems: facts from below keep their code, fields and words.

The same shape for the office's errors, those of signing and exchange, HTTP's own and the
unexpected, whose cause stays in the log under the id that the answer names.
"""

import logging
from collections.abc import Mapping
from datetime import date, datetime, time
from enum import Enum
from typing import Any, Protocol, cast
from uuid import UUID, uuid4

import orjson
from flask import Response, g, request
from werkzeug.exceptions import HTTPException

from api.errors import Fault, RequestInvalid
from api.remainder import discard
from engine.errors import OfficeError
from exchange.errors import ExchangeError
from forms.errors import FormInvalid
from records.throttle import TooManyAttempts
from signing.errors import SigningError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

#: what a status means, in words; errors of HTTP itself have no other
WORDS: dict[int, tuple[str, str]] = {
    400: ("Yêu cầu không hợp lệ", "Bad request"),
    401: ("Chưa xác thực", "Not authenticated"),
    403: ("Không có quyền", "Not allowed"),
    404: ("Không tìm thấy", "Not found"),
    405: ("Địa chỉ này không nhận phương thức đó", "Method not allowed"),
    406: ("Không có định dạng được yêu cầu", "Not acceptable"),
    409: ("Xung đột với trạng thái hiện tại", "Conflict"),
    412: ("Dữ liệu đã thay đổi", "Precondition failed"),
    413: ("Nội dung gửi lên quá lớn", "Content too large"),
    415: ("Không nhận kiểu nội dung này", "Unsupported media type"),
    416: ("Không có đoạn nội dung được yêu cầu", "Range not satisfiable"),
    422: ("Nội dung chưa hợp lệ", "Unprocessable content"),
    428: ("Thiếu điều kiện If-Match", "Precondition required"),
    429: ("Quá nhiều yêu cầu", "Too many requests"),
    500: ("Lỗi hệ thống", "Internal error"),
    503: ("Tạm thời chưa sẵn sàng", "Unavailable"),
    507: ("Hết dung lượng lưu trữ", "Storage full"),
}

#: an answer that may be asked for again says when, in seconds
RETRY_AFTER = {429: 60, 503: 5}


class Fact(Protocol):
    """What the three families of errors have in common, though they share no base."""

    code: str
    status: int
    citation: str
    fields: dict[str, Any]

    def text(self, language: str = "vi") -> str:
        """Return the message in `vi` or `en`."""
        ...


#: the families of errors that speak for themselves
FAMILIES = (OfficeError, SigningError, ExchangeError)


def language() -> str:
    """Return the language the client prefers: `vi`, or `en` where it comes first."""
    if not request.headers.get("Accept-Language"):
        return "vi"
    asked = (tag.partition("-")[0].lower() for tag in request.accept_languages.values())
    return next((tag for tag in asked if tag in {"vi", "en"}), "vi")


def of_fact(error: Exception) -> Response:
    """Answer with an error that speaks for itself."""
    fact = cast("Fact", error)
    more: dict[str, Any] = {}
    if fact.citation:
        more["citation"] = fact.citation
    if errors := _errors(error):
        more["errors"] = errors
    if findings := getattr(error, "findings", None):
        more["findings"] = [_finding(one) for one in findings]
    if positions := getattr(error, "positions", None):
        more["positions"] = positions
    fields = {
        name: _plain(value)
        for name, value in fact.fields.items()
        if name not in {"errors", "findings_vi", "findings_en"}
    }
    if fields:
        more["fields"] = fields
    status = fact.status
    if status >= 500:
        log.error("%s: %s", fact.code, error, exc_info=error)
    answer = _problem(status, fact.code, fact.text(language()), **more)
    if isinstance(error, TooManyAttempts):
        answer.headers["Retry-After"] = str(60 * int(error.fields["minutes"]))
    return answer


def of_http(error: HTTPException) -> Response:
    """Answer with an error of HTTP itself: no such address, method, size or type."""
    status = error.code or 500
    if status == 413:
        discard(request)
    detail = _title(status) if status != 413 else _too_large(request.max_content_length)
    answer = _problem(status, error.name.lower().replace(" ", "-"), detail)
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            answer.headers[name] = value
    return answer


def of_surprise(error: Exception) -> Response:
    """Answer with nothing but an id; what happened stands in the log under it."""
    vi = "Hệ thống gặp lỗi ngoài dự kiến. Dữ liệu đã lưu không mất; báo quản trị kèm mã «instance»."
    en = "Something unexpected went wrong. Nothing saved is lost; report the “instance”."
    answer = _problem(500, "internal-error", en if language() == "en" else vi)
    log.error("unexpected error %s", answer.headers["X-Request-ID"], exc_info=error)
    return answer


def _problem(status: int, code: str, detail: str, **more: Any) -> Response:
    request_id = g.get("request_id") or str(uuid4())
    body = {
        "type": f"urn:congvan:problem:{code}",
        "title": _title(status),
        "status": status,
        "detail": detail,
        "instance": f"urn:congvan:request:{request_id}",
        **more,
    }
    answer = Response(orjson.dumps(body), status, content_type=MEDIA_TYPE)
    answer.headers["X-Request-ID"] = request_id
    answer.headers["Content-Language"] = language()
    answer.headers["Cache-Control"] = "no-store"
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="congvan"'
    if status in RETRY_AFTER:
        answer.headers["Retry-After"] = str(RETRY_AFTER[status])
    return answer


def _too_large(most: int | None) -> str:
    megabytes = f"{(most or 0) / 2**20:.0f}"
    vi = "Nội dung gửi lên lớn hơn {} MB nên không nhận. Giảm dung lượng hoặc tách thành nhiều tệp."
    en = "What was sent is larger than {} MB and was not taken. Make the file smaller, or split it."
    return (en if language() == "en" else vi).format(megabytes)


def _title(status: int) -> str:
    vi, en = WORDS.get(status, WORDS[500] if status >= 500 else WORDS[400])
    return en if language() == "en" else vi


def _errors(error: Exception) -> list[dict[str, str]]:
    if isinstance(error, RequestInvalid):
        return [fault.to_json() for fault in error.faults]
    if isinstance(error, FormInvalid):
        return [
            Fault(message, _pointer(path)).to_json()
            for path, messages in error.errors.items()
            for message in messages
        ]
    return []


def _pointer(path: str) -> str:
    """Return the JSON pointer (RFC 6901) of a form's path: into `values` of the body."""
    parts = [part.replace("~", "~0").replace("/", "~1") for part in path.split(".") if part]
    return "/".join(["/values", *parts])


def _finding(finding: Any) -> Any:
    if hasattr(finding, "to_json"):
        return finding.to_json()
    return {"code": finding.code, "vi": finding.vi, "en": finding.en}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(part) for part in value]
    if isinstance(value, (str, int, float, bool, UUID, datetime, date, time)) or value is None:
        return value
    return str(value)
