"""The command `congvan` (lệnh congvan): run an installation, set one up, look at files."""

import logging
import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import orjson

from engine.errors import OfficeError
from engine.release import release
from office import settings as configuration
from office.at_hand import database_at_hand
from office.axis_command import axis
from office.conformance_command import conformance
from office.edxml_command import edxml
from office.receipt_key_command import receipt_key
from office.refusal import NotAnId, NotWritable
from office.refusal import told as _told
from office.settings import Mode, Settings
from office.verify_command import verify_pdf


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(release(), prog_name="congvan")
@_told
def main() -> None:
    """Congvan: tiếp nhận, xử lý, ký, phát hành và liên thông văn bản."""
    logging.basicConfig(
        level=configuration.load().log_level,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )


# running ---------------------------------------------------------------------------------------


@main.command()
@_told
def run() -> None:
    """Chạy toàn bộ hệ thống (start everything, Ctrl-C stops it)."""
    from office.supervisor import House, Supervisor

    found = configuration.load()

    def load() -> House:
        from office import start

        return start.house(found)

    Supervisor(found, load).run()


@main.command()
@_told
def web() -> None:
    """Chạy máy chủ web (one web server; needs DATABASE_URL)."""
    from office import start

    start.serve(configuration.load())


@main.command()
@_told
def worker() -> None:
    """Chạy tiến trình xử lý việc nền (one worker; needs DATABASE_URL)."""
    from office.office import Office

    Office.open(configuration.load()).worker().run()


@main.command()
@_told
def migrate() -> None:
    """Nâng cấp cơ sở dữ liệu lên phiên bản mới nhất (bring the database to the newest schema)."""
    from office.migrate import upgrade

    with database_at_hand() as found:
        click.echo(f"Phiên bản cơ sở dữ liệu: {upgrade(found.database_url)}")


# setting up ------------------------------------------------------------------------------------


@main.command()
@click.option("--agency", "name", prompt="Tên cơ quan", help="Tên cơ quan (name of the agency)")
@click.option("--code", prompt="Mã định danh", help="Mã định danh, ví dụ H55.07 (identifier)")
@click.option("--symbol", prompt="Ký hiệu", help="Ký hiệu trong số văn bản, ví dụ STTTT (symbol)")
@click.option("--place", default="", help="Địa danh ghi trên văn bản (place)")
@click.option("--admin", prompt="Họ tên quản trị", help="Quản trị đầu tiên (first administrator)")
@_told
def init(name: str, code: str, symbol: str, place: str, admin: str) -> None:
    """Tạo cơ quan và đường dẫn một lần cho quản trị đầu tiên (agency and first administrator)."""
    from office import start

    with database_at_hand() as found:
        link = start.found_agency(
            found, name=name, code=code, symbol=symbol, place=place, admin=admin
        )
    click.echo("Gửi đường dẫn này cho quản trị; chỉ dùng được một lần (one-time link):")
    click.echo(link)


@main.command("add-operator")
@click.option("--name", prompt="Họ tên", help="Họ tên người vận hành (the operator's name)")
@click.option("--code", prompt="Mã định danh cơ quan", help="Cơ quan của người đó (his agency)")
@_told
def add_operator(name: str, code: str) -> None:
    """Thêm người vận hành và đường dẫn một lần (an operator, who watches jobs and incidents)."""
    from office import start

    with database_at_hand() as found:
        link = start.add_operator(found, name=name, code=code)
    click.echo("Gửi đường dẫn này cho người vận hành; chỉ dùng được một lần (one-time link):")
    click.echo(link)


@main.command("reset-password")
@click.argument("username")
@_told
def reset_password(username: str) -> None:
    """Cấp lại mật khẩu khi không còn ai cấp được (one-time password for a lost one)."""
    from office import start

    with database_at_hand() as found:
        name, secret, until = start.reset_password(found, username)
    click.echo(f"Mật khẩu dùng một lần của {name}, đến {until} (one-time password, until then):")
    click.echo(secret)


@main.command()
@_told
def sample() -> None:
    """Nạp văn bản mẫu đang xử lý vào bản trình diễn (fill the demonstration's inboxes)."""
    from office.sample import load_samples

    with database_at_hand() as found:
        count = load_samples(found)
    click.echo(f"Đã nạp {count} văn bản mẫu đang xử lý ({count} documents are in flight).")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="In kết quả dạng JSON")
@click.option("--english", is_flag=True, help="In bằng tiếng Anh (print in English)")
@_told
def doctor(*, as_json: bool, english: bool) -> None:
    """Kiểm tra máy và cấu hình, không cần hệ thống đang chạy (check machine and settings)."""
    from office.doctor import doctor as look
    from office.finding import Level
    from office.migrate import newest

    findings = look(configuration.load(), expected_revision=newest())
    if as_json:
        click.echo(orjson.dumps([vars_of(f) for f in findings], option=orjson.OPT_INDENT_2))
    else:
        for finding in findings:
            click.echo(finding.text("en" if english else "vi"))
    if any(f.level is Level.PROBLEM for f in findings):
        sys.exit(1)


def vars_of(finding: Any) -> dict[str, Any]:
    """Return a finding's fields as plain JSON."""
    return {name: str(getattr(finding, name)) for name in finding.__slots__}


@main.command("verify-journal")
@_told
def verify_journal() -> None:
    """Kiểm tra toàn vẹn nhật ký và lịch sử xử lý (verify the journal and all histories)."""
    from office import verification

    with database_at_hand() as found:
        lines, sound = verification.verify_records(found)
    for line in lines:
        click.echo(line)
    if not sound:
        sys.exit(1)


@main.command()
@click.argument("instance", type=click.UUID)
@click.option("--at", type=int, help="Dựng lại trạng thái sau sự kiện này (state after this event)")
@click.option("--json", "as_json", is_flag=True, help="In kết quả dạng JSON")
def replay(instance: UUID, at: int | None, as_json: bool) -> None:
    """Thực hiện lại một lần chạy; mã thoát 1 khi khác, 2 khi không đọc được (do a run again)."""
    from office import auditing
    from processes.replay import to_json

    try:
        with database_at_hand() as found:
            done = auditing.replay_run(found, instance, at)
    except OfficeError as error:
        click.echo(f"{error.text('vi')}\n{error.text('en')}", err=True)
        sys.exit(2)
    told = orjson.dumps(to_json(done), option=orjson.OPT_INDENT_2).decode()
    click.echo(told if as_json else "\n".join(auditing.lines(done)))
    if not done.report.holds:
        sys.exit(1)


@main.command()
@click.argument("of", metavar="MÃ")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Tệp zip để ghi"
)
@click.option("--asice", is_flag=True, help="Gói ASiC-E, ký bằng khóa của hệ thống (signed whole)")
@_told
def evidence(of: str, out: Path, *, asice: bool) -> None:
    """Xuất gói chứng cứ của một lần chạy hoặc một gói tin (of a run or packet, offline)."""
    from office import auditing, start

    try:
        wanted = UUID(of)
    except ValueError:
        raise NotAnId(given=of) from None

    # a bundle is journalled as handed out: none is made that cannot be kept
    _expect_room_for(out)
    with database_at_hand() as found:
        made = auditing.evidence(found, wanted, start.who(), as_container=asice)
    try:
        out.write_bytes(made.content)
    except OSError as error:
        raise NotWritable(file=out) from error
    click.echo(f"Đã ghi {out}. Kiểm tra: python3 -I verify.py {out} --manifest {made.manifest}")
    click.echo("Giữ mã băm này ở nơi khác (keep this digest elsewhere); nhật ký cũng ghi mã này.")


def _expect_room_for(out: Path) -> None:
    there = out if out.exists() else out.parent
    if not out.parent.is_dir() or not os.access(there, os.W_OK):
        raise NotWritable(file=out)


@main.command("begin-epoch")
@_told
def begin_epoch() -> None:
    """Mở kỳ nhật ký mới, một lần, sau khi khôi phục sang máy chủ khác (after a restore)."""
    from engine.database import Database
    from records import seal

    with database_at_hand() as found:
        database = Database(found.database_url, role=None)
        try:
            with database.transaction() as tx:
                epoch = seal.begin_epoch(tx)
        finally:
            database.dispose()
    click.echo(f"Kỳ nhật ký: {epoch}")


# files -----------------------------------------------------------------------------------------

_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


_READY = "Sơ đồ hợp lệ, ban hành được."
_RUNS_ONLY = (
    "Sơ đồ chạy được. Muốn ban hành thì gắn vai trò, việc và biểu mẫu cho các bước, rồi kiểm tra "
    "lại với --key."
)


@main.command("lint-process")
@_FILE
@click.option("--json", "as_json", is_flag=True, help="In kết quả dạng JSON")
@click.option("--key", default="", help="Kiểm tra như khi ban hành quy trình này (as published)")
@_told
def lint_process(file: Path, as_json: bool, key: str) -> None:
    """Kiểm tra một sơ đồ BPMN; mã thoát 1 khi có lỗi (check a diagram; exit 1 on errors)."""
    from processes.procedures import check

    prepared = check(file.read_bytes(), key)
    if as_json:
        findings = [f.to_json() for f in prepared.findings]
        click.echo(orjson.dumps(findings, option=orjson.OPT_INDENT_2))
    words = {"error": "Lỗi", "warning": "Cảnh báo", "info": "Ghi chú"}
    for finding in [] if as_json else prepared.findings:
        where = f" [{finding.element}]" if finding.element else ""
        click.echo(f"{words[finding.severity]}{where}: {finding.vi}")
        click.echo(f"    {finding.en}")
        if finding.path:
            click.echo(f"    Đường đi: {prepared.named(finding.path)}")
        if finding.citation:
            click.echo(f"    Căn cứ: {finding.citation}")
    if not as_json:
        count = sum(f.is_error for f in prepared.findings)
        ready = _READY if prepared.is_publishable else _RUNS_ONLY
        click.echo(f"{count} lỗi" if count else ready)
    if prepared.has_errors:
        sys.exit(1)


@main.command("embed-decision")
@_FILE
@click.argument("table", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_told
def embed_decision(file: Path, table: Path) -> None:
    """Đưa bảng quyết định DMN 1.3 vào tệp sơ đồ (put a DMN table into a diagram's file)."""
    from engine.decision_table import with_tables

    file.write_bytes(with_tables(file.read_bytes(), table.read_bytes()))
    click.echo(f"{file}: đã có bảng của {table.name} (now holds its tables)")


axis.add_command(conformance)
main.add_command(verify_pdf)
main.add_command(edxml)
main.add_command(receipt_key)
main.add_command(axis)


def mode_line(found: Settings) -> str:
    """Return one line that tells a trial from real use."""
    if found.mode is Mode.DEMO:
        return "Chế độ dùng thử (demo): không dùng cho công việc thật (not for production)."
    return "Chế độ vận hành (production)."


if __name__ == "__main__":
    main()
