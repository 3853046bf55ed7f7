"""One resource of the API (tài nguyên): its addresses, how bodies are read, how errors go out."""

import re
from typing import Any, NoReturn

import marshmallow as ma
import orjson
from flask import Request, Response, request
from flask_smorest import Blueprint
from webargs import missing
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException

from api import problems
from api.errors import Fault, MalformedBody, RequestInvalid, WrongMediaType

PREFIX = "/api/v1"
#: a form with all its texts; resources that take more say so
LARGEST_BODY = 1_000_000


class _Parser(FlaskParser):
    """Reads bodies and parameters; unknown keys are refused, not ignored."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 - webargs reads it from the class
        "json": ma.RAISE,
        "query": ma.RAISE,
    }

    def load_json(self, req: Request, schema: ma.Schema) -> Any:  # noqa: ARG002 - the library's
        """Return the JSON of a body; raises `WrongMediaType`, `MalformedBody`."""
        return read_json(req)

    def handle_error(
        self,
        error: ma.ValidationError,
        req: Request,  # noqa: ARG002 - the library's signature
        schema: ma.Schema,  # noqa: ARG002
        **_options: Any,
    ) -> NoReturn:
        """Raise `RequestInvalid` with the place of each fault."""
        language = problems.language()
        messages: dict[str, Any] = error.messages_dict
        raise RequestInvalid(
            [
                fault
                for location, found in messages.items()
                for fault in _faults(found, location == "query", "", language)
            ]
        ) from None


def read_json(req: Request) -> Any:
    """Return the JSON body of a request; raises `WrongMediaType`, `MalformedBody`."""
    if not req.is_json:
        raise WrongMediaType(wanted="application/json", found=req.mimetype or "—")
    body = req.get_data()
    if not body:
        return missing
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedBody(reason=f"dòng {error.lineno}, cột {error.colno}") from None


class Resource(Blueprint):
    """A group of addresses under `/api/v1` that answers every error as a problem."""

    ARGUMENTS_PARSER = _Parser()

    def __init__(
        self, name: str, path: str, description: str, *, largest: int = LARGEST_BODY
    ) -> None:
        super().__init__(
            name, __name__, url_prefix=f"{PREFIX}/{path}".rstrip("/"), description=description
        )
        self.before_request(_limit(largest))
        for family in problems.FAMILIES:
            self.register_error_handler(family, problems.of_fact)
        self.register_error_handler(HTTPException, problems.of_http)
        self.register_error_handler(Exception, problems.of_surprise)

    def arguments(self, schema: type[ma.Schema], **options: Any) -> Any:
        """Have bodies or parameters read by a schema that is made once, not for every request."""
        return super().arguments(schema(), **options)


def _limit(largest: int) -> Any:
    def limit() -> None:
        request.max_content_length = largest

    return limit


def unrouted() -> Response | None:
    """Answer with a problem where no resource is reached below `/api`: no such address, method."""
    error = request.routing_exception
    if error is None or not request.path.startswith("/api/"):
        return None
    if error.code is None or error.code < 400:
        return None
    return problems.of_http(error)


# words for marshmallow's messages -----------------------------------------------------------------

_VI = (
    (r"Missing data for required field\.", "Thiếu giá trị bắt buộc."),
    (r"Unknown field\.", "Không có trường này."),
    (r"Field may not be null\.", "Không được để null."),
    (r"Field may not be (?:empty|blank)\.", "Không được để trống."),
    (r"Invalid input type\.", "Phải là một đối tượng JSON."),
    (r"Not a valid string\.", "Phải là chuỗi ký tự."),
    (r"Not a valid integer\.", "Phải là số nguyên."),
    (r"Not a valid boolean\.", "Phải là true hoặc false."),
    (r"Not a valid list\.", "Phải là một danh sách."),
    (r"Not a valid mapping type\.", "Phải là một đối tượng JSON."),
    (r"Not a valid UUID\.", "Không phải mã UUID hợp lệ."),
    (r"Not a valid date\.", "Không phải ngày có thật, dạng yyyy-mm-dd."),
    (r"Must be one of: (.*)\.", r"Phải là một trong: \1."),
    (r"Longer than maximum length (\d+)\.", r"Dài quá \1 ký tự."),
    (r"Shorter than minimum length (\d+)\.", r"Ngắn hơn \1 ký tự."),
    (
        r"Must be greater than or equal to (\d+) and less than or equal to (\d+)\.",
        r"Phải từ \1 đến \2.",
    ),
    (r"Must be greater than or equal to (\d+)\.", r"Không được nhỏ hơn \1."),
    (r"Must be less than or equal to (\d+)\.", r"Không được lớn hơn \1."),
    (r"Length must be between (\d+) and (\d+)\.", r"Phải dài từ \1 đến \2."),
    (
        r"Must hold short text, numbers, true or false\.",
        "Chỉ nhận giá trị là chữ ngắn, số, true hoặc false.",
    ),
    (r"Holds control characters\.", "Có ký tự điều khiển; xóa rồi gõ lại."),
    (r"Holds blanks alone\.", "Chỉ có khoảng trắng; ghi nội dung."),
    (
        r"Is typed in an old encoding \(TCVN3 or VNI\)\.",
        "Gõ bằng bảng mã cũ (TCVN3 hoặc VNI); chuyển sang Unicode rồi gửi lại.",
    ),
)


def _words(message: str, language: str) -> str:
    if language == "en":
        return message
    for pattern, words in _VI:
        if match := re.fullmatch(pattern, message):
            return match.expand(words)
    return message


def _faults(found: Any, in_query: bool, pointer: str, language: str) -> list[Fault]:
    if isinstance(found, dict):
        return [
            fault
            for key, below in found.items()
            for fault in _faults(below, in_query, _below(pointer, str(key)), language)
        ]
    words = [_words(str(message), language) for message in found]
    if in_query:
        return [Fault(one, parameter=pointer.split("/")[1] if pointer else "") for one in words]
    return [Fault(one, pointer) for one in words]


def _below(pointer: str, key: str) -> str:
    if key == "_schema":
        return pointer
    return f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
