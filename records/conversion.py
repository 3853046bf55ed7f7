"""Word drafts become PDF (chuyển đổi tệp): LibreOffice, when the machine has it.

The source file is kept as it came; links to files elsewhere are cut from the copy that is
converted, so that opening a document never reaches out.
"""

import io
import os
import re
import shutil
import signal
import subprocess
import tempfile
import zipfile
from pathlib import Path

from lxml import etree

from engine.errors import OfficeError
from records.inspection import DOCX, ODT, XLSX, inspect

_SUFFIX = {DOCX: "docx", XLSX: "xlsx", ODT: "odt"}
_HYPERLINK = re.compile(r".*/hyperlink$")


class ConversionUnavailable(OfficeError):
    """LibreOffice is not installed (máy chủ chưa cài LibreOffice)."""

    code = "conversion-unavailable"
    status = 503
    vi = (
        "Máy chủ chưa cài LibreOffice nên chưa chuyển được tệp Word sang PDF. Tệp gốc đã lưu; "
        "hãy tự xuất PDF rồi tải lên, hoặc báo quản trị cài đặt."
    )
    en = "LibreOffice is not installed here. The source is kept; upload a PDF of it instead."


class ConversionFailed(OfficeError):
    """LibreOffice could not convert the file (không chuyển được sang PDF)."""

    code = "conversion-failed"
    vi = (
        "Không chuyển được tệp sang PDF ({reason}). Tệp gốc vẫn được lưu; "
        "hãy tự xuất PDF rồi tải lên."
    )
    en = "The file could not be converted to PDF ({reason}). The source is kept."


def find_office() -> str | None:
    """Return the path of LibreOffice's command, None where it is not installed."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def convert_to_pdf(content: bytes, *, office: str | None = None, timeout: float = 120) -> bytes:
    """Return `content` (DOCX, XLSX, ODT) as PDF; it takes up to `timeout` seconds.

    Never called inside a transaction; one at a time is the matter of the job that calls it. Raises
    `ConversionUnavailable`, `ConversionFailed` and what `records.inspection` finds.
    """
    media_type = inspect(io.BytesIO(content))
    if media_type not in _SUFFIX:
        raise ConversionFailed(reason="không phải tệp Word, Excel hoặc ODT")
    command = office or find_office()
    if command is None:
        raise ConversionUnavailable
    with tempfile.TemporaryDirectory(prefix="congvan-convert-") as directory:
        room = Path(directory)
        source = room / f"source.{_SUFFIX[media_type]}"
        source.write_bytes(cut_outside_links(content) if media_type != ODT else content)
        _run(command, room, source, timeout)
        target = room / "source.pdf"
        if not target.is_file():
            raise ConversionFailed(reason="LibreOffice không tạo được tệp")
        return target.read_bytes()


def _run(command: str, room: Path, source: Path, timeout: float) -> None:
    arguments = [
        command,
        f"-env:UserInstallation={(room / 'profile').as_uri()}",
        "--headless",
        "--norestore",
        "--nolockcheck",
        "--convert-to",
        "pdf",
        "--outdir",
        str(room),
        str(source),
    ]
    surroundings = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(room)}
    with subprocess.Popen(  # noqa: S603 - fixed arguments, our own file name
        arguments,
        cwd=room,
        env=surroundings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise ConversionFailed(reason=f"quá {timeout:g} giây") from error
        finally:
            # the wrapper script starts the real program: its whole group goes
            _kill_group(process.pid)
        if status != 0:
            raise ConversionFailed(reason=f"mã lỗi {status}")


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def cut_outside_links(content: bytes) -> bytes:
    """Return the Office file without relationships to the outside, hyperlinks apart."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.endswith(".rels"):
                root = etree.fromstring(data, parser)
                for link in list(root):
                    outside = link.get("TargetMode") == "External"
                    if outside and not _HYPERLINK.fullmatch(link.get("Type") or ""):
                        root.remove(link)
                data = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
            new.writestr(entry.filename, data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
