"""`congvan edxml`: messages of the exchange read and written, where nothing else runs."""

import os
import sys
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
import orjson

from exchange.edxml import read, write, write_status
from exchange.edxml_files import safe_name
from exchange.envelope import Attachment, Envelope
from exchange.errors import ExchangeError, InvalidMessage, MessageTooLarge
from exchange.limits import DEFAULT_LIMITS
from exchange.message_json import InvalidForm, from_data, to_data
from exchange.summary import summarize
from office.refusal import NotWritable, told

#: what a file system takes as one name, in bytes
_NAME_BYTES: Final = 255
_INPUT = click.argument("file", type=click.File("rb"))
_FOLDER = click.Path(file_okay=False, path_type=Path)


class NotJson(InvalidForm):
    """The file is not JSON (tệp không phải JSON)."""

    code = "not-json"
    vi = "Tệp không phải JSON: {reason}. Dùng dạng mà «congvan edxml read --json» in ra."
    en = "The file is not JSON: {reason}. Use the form that `congvan edxml read --json` prints."

    def __init__(self, reason: str) -> None:
        self.findings = ()
        ExchangeError.__init__(self, reason=reason)


@click.group()
def edxml() -> None:
    """Gói tin liên thông (exchange packets)."""


@edxml.command("read")
@_INPUT
@click.option("--json", "as_json", is_flag=True, help="In dạng JSON, dùng lại được với edxml write")
@click.option("--english", is_flag=True, help="In bằng tiếng Anh (words in English)")
@click.option("--files", type=_FOLDER, help="Lưu các tệp đính kèm vào thư mục này")
@told
def edxml_read(file: BinaryIO, as_json: bool, english: bool, files: Path | None) -> None:
    """Đọc một gói tin edXML, «-» là đầu vào chuẩn (read a packet)."""
    try:
        message = read(file)
    except ExchangeError as error:
        click.echo(_json(_refusal(error)) if as_json else _errors(error), err=not as_json)
        sys.exit(1)
    attachments = message.attachments if isinstance(message, Envelope) else ()
    paths = [] if files is None else [str(_put(files, one)) for one in attachments]
    if as_json:
        click.echo(_json(to_data(message, paths)))
    else:
        click.echo(summarize(message, "en" if english else "vi"))


@edxml.command("write")
@_INPUT
@click.option("--files", type=_FOLDER, help="Thư mục chứa các tệp đính kèm không ghi path")
@click.option("--out", type=click.File("wb", lazy=True), default="-", help="Tệp gói tin ghi ra")
@told
def edxml_write(file: BinaryIO, files: Path | None, out: BinaryIO) -> None:
    """Tạo gói tin edXML từ JSON, «-» là đầu vào chuẩn (write a packet)."""
    try:
        form = orjson.loads(file.read(DEFAULT_LIMITS.message))
    except orjson.JSONDecodeError as error:
        raise NotJson(str(error)) from error
    try:
        message = from_data(form, lambda name, path: _take(files, name, path))
        data = write(message) if isinstance(message, Envelope) else write_status(message)
    except InvalidMessage as error:
        click.echo(_errors(error), err=True)
        sys.exit(1)
    try:
        out.write(data)
    except OSError as error:
        raise NotWritable(file=out.name) from error


def _json(data: dict[str, Any]) -> bytes:
    return orjson.dumps(data, option=orjson.OPT_INDENT_2)


def _refusal(error: ExchangeError) -> dict[str, Any]:
    findings = error.findings if isinstance(error, InvalidMessage) else ()
    return {
        "error": error.code,
        "vi": error.text("vi"),
        "en": error.text("en"),
        "findings": [{"code": one.code, "vi": one.vi, "en": one.en} for one in findings],
    }


def _errors(error: ExchangeError) -> str:
    """Return one line for each finding, and what is refused in both languages."""
    findings = error.findings if isinstance(error, InvalidMessage) else ()
    lines = [f"[{one.code}] {one.vi}\n  {one.en}" for one in findings]
    return "\n".join(lines or [error.text("vi"), error.text("en")])


def _take(folder: Path | None, name: str, path: str) -> bytes:
    """Return the bytes of an attachment: from its path, else by its name from the folder."""
    if not path and (folder is None or safe_name(name) != name):
        raise FileNotFoundError("không ghi path và không có trong --files")
    found = Path(path) if path else Path(folder or "", name)
    with found.open("rb") as file:
        if os.fstat(file.fileno()).st_size > DEFAULT_LIMITS.message:
            raise MessageTooLarge(
                what_vi=f"tệp {name}", what_en=f"the file {name}", limit=DEFAULT_LIMITS.message
            )
        return file.read()


def _put(folder: Path, attachment: Attachment) -> Path:
    """Store an attachment under its name, or the next free one: nothing is written over."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(1, 10_000):
            path = folder / _file_name(attachment.name, number)
            try:
                with path.open("xb") as file:
                    file.write(attachment.content)
            except FileExistsError:
                continue
            return path
    except OSError as error:
        raise NotWritable(file=folder / attachment.name) from error
    raise NotWritable(file=folder / attachment.name)


def _file_name(name: str, number: int) -> str:
    """Return a name the file system takes: a Vietnamese letter is up to three bytes."""
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > 10:
        stem, dot, extension = name, "", ""
    tail = f" ({number})" if number > 1 else ""
    tail += dot + extension
    room = _NAME_BYTES - len(tail.encode())
    return stem.encode()[:room].decode(errors="ignore").strip() + tail
