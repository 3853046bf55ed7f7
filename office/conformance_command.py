"""`congvan axis conformance`: tries an axis or a node through its adapter interface."""

import sys
from pathlib import Path
from typing import Any

import click
import orjson

from exchange import conformance_calls, conformance_deployed, conformance_documents
from exchange.conformance import Bench, Report, Result, Speaker, Verdict, speakers, try_axis
from exchange.errors import InvalidSetting
from exchange.limits import MEGABYTE
from exchange.wire import Secret
from office.refusal import told

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_WORDS = {
    Verdict.PASSED: ("đạt", "passed"),
    Verdict.FAILED: ("KHÔNG ĐẠT", "FAILED"),
    Verdict.SKIPPED: ("không thử", "not tried"),
}


@click.command("conformance")
@click.argument("url")
@click.option("--system-id", required=True, help="Mã hệ thống bên gửi (the sender's system id)")
@click.option("--secret-file", required=True, type=_FILE, help="Tệp chứa khóa bí mật của mã đó")
@click.option("--from", "sender", default="", help="Mã cơ quan gửi; để trống thì hỏi trục")
@click.option("--to", "receiver", default="", help="Mã cơ quan nhận; để trống thì hỏi trục")
@click.option("--to-system-id", default="", help="Mã hệ thống bên nhận, khi khác bên gửi")
@click.option("--to-secret-file", type=_FILE, help="Tệp chứa khóa bí mật của bên nhận")
@click.option("--large", default=5, type=click.IntRange(1, 70), help="Gói tin lớn, triệu byte")
@click.option("--json", "as_json", is_flag=True, help="In kết quả dạng JSON")
@click.option("--english", is_flag=True, help="In bằng tiếng Anh (print in English)")
@told
def conformance(
    url: str,
    system_id: str,
    secret_file: Path,
    sender: str,
    receiver: str,
    to_system_id: str,
    to_secret_file: Path | None,
    large: int,
    *,
    as_json: bool,
    english: bool,
) -> None:
    """Thử một trục qua giao diện adapter; mã thoát 1 khi không đạt (try an axis)."""
    secret = _secret(secret_file)
    to_secret = _secret(to_secret_file) if to_secret_file else secret
    to_system = to_system_id or system_id
    if not sender or not receiver:
        sender, receiver = _codes(
            (sender, receiver),
            speakers(url, system_id, secret),
            speakers(url, to_system, to_secret),
        )
    bench = Bench(
        url,
        Speaker(system_id, secret, sender),
        Speaker(to_system, to_secret, receiver),
        large * MEGABYTE,
    )
    report = try_axis(bench, cases())
    if as_json:
        click.echo(orjson.dumps(_data(url, bench, report), option=orjson.OPT_INDENT_2).decode())
    else:
        click.echo("\n".join(_table(url, bench, report, english=english)))
    if not report.is_conformant:
        sys.exit(1)


def cases() -> list[Any]:
    """Return all cases in the order of their numbers."""
    groups = (conformance_calls, conformance_documents, conformance_deployed)
    found = [case for group in groups for case in group.CASES]
    return sorted(found, key=lambda case: tuple(map(int, case.number.split("."))))


def _secret(path: Path) -> Secret:
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text:
        raise InvalidSetting(name=str(path), value="không đọc được khóa bí mật")
    return Secret(text)


def _codes(
    stated: tuple[str, str], sending: tuple[str, ...], receiving: tuple[str, ...]
) -> tuple[str, str]:
    """Return the codes to send from and to: those stated, else the first that the axis names."""
    sender = stated[0] or next((code for code in sending if code != stated[1]), "")
    receiver = stated[1] or next((code for code in receiving if code != sender), "")
    if not sender or not receiver:
        missing = "--from" if not sender else "--to"
        raise InvalidSetting(name=missing, value="trục không cho biết mã, hãy ghi rõ")
    return sender, receiver


def _row(result: Result, english: bool) -> tuple[str, ...]:
    case = result.case
    words = (case.en, case.expected_en) if english else (case.vi, case.expected_vi)
    return (case.number, _WORDS[result.verdict][english], *words, result.seen)


def _table(url: str, bench: Bench, report: Report, *, english: bool) -> list[str]:
    heads = (
        ("No", "Result", "Case", "Expected", "Seen")
        if english
        else ("Số", "Kết quả", "Phép thử", "Mong đợi", "Thấy")
    )
    rows = [heads, *(_row(result, english) for result in report.results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]
    counts = dict.fromkeys(Verdict, 0)
    for result in report.results:
        counts[result.verdict] += 1
    summed = ", ".join(f"{_WORDS[verdict][english]} {count}" for verdict, count in counts.items())
    return [f"{url}: {bench.sender.code} → {bench.receiver.code}", *lines, summed]


def _data(url: str, bench: Bench, report: Report) -> dict[str, Any]:
    return {
        "url": url,
        "from": bench.sender.code,
        "to": bench.receiver.code,
        "is_conformant": report.is_conformant,
        "cases": [
            {
                "number": result.case.number,
                "vi": result.case.vi,
                "en": result.case.en,
                "expected_vi": result.case.expected_vi,
                "expected_en": result.case.expected_en,
                "result": result.verdict.value,
                "seen": result.seen,
            }
            for result in report.results
        ],
    }
