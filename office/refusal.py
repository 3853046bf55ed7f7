"""What a command refuses, as who typed it reads it (lệnh báo lỗi)."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from engine.errors import OfficeError
from exchange.errors import ExchangeError
from signing.errors import SigningError

F = TypeVar("F", bound=Callable[..., Any])


class NotWritable(OfficeError):
    """A result cannot be put where it was asked for (không ghi được tệp)."""

    code = "not-writable"
    vi = (
        "Không ghi được {file}. Kiểm tra thư mục có tồn tại, còn chỗ và cho phép ghi, rồi chạy lại."
    )
    en = "{file} cannot be written. See that its folder exists, has room and may be written to."


class NotAnId(OfficeError):
    """What was given is no id of a run or packet (không phải mã lần chạy hoặc mã gói tin)."""

    code = "not-an-id"
    vi = (
        "«{given}» không phải mã lần chạy hoặc mã gói tin (dạng 0199…-…-…-…-…). Mã gói tin nằm "
        "trong địa chỉ của nút «Tải gói chứng cứ gửi nhận» trên trang văn bản (/sendings/MÃ/…), mã "
        "lần chạy nằm trong nhật ký và API; số và ký hiệu của văn bản không dùng được ở đây."
    )
    en = (
        "«{given}» is not the id of a run or of a packet (like 0199…-…-…-…-…). A packet's id "
        "stands in the address of the button «Tải gói chứng cứ gửi nhận» on the document's page "
        "(/sendings/ID/…), a run's in the journal and the API; a document's number is not one."
    )


REFUSALS = (OfficeError, ExchangeError, SigningError)


def told(command: F) -> F:
    """Have a command print what was refused, in both languages, and end with status 1."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except REFUSALS as error:
            click.echo(error.text("vi"), err=True)
            click.echo(error.text("en"), err=True)
            sys.exit(1)

    return run  # type: ignore[return-value] # the wrapper keeps the signature
