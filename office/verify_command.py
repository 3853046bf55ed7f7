"""`congvan verify-pdf`: the signatures of a file, on a machine where nothing else runs."""

import sys
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from office import settings as configuration
from signing.errors import SigningError
from signing.role import SignRole
from signing.verdict import Verdict
from signing.zone import VIETNAM

if TYPE_CHECKING:
    from signing.report import DocumentReport

_NOBODY_TRUSTED = (
    "Máy này chưa có danh sách chứng thư số gốc tin cậy, nên chưa người ký nào được coi là tin cậy."
    " Chỉ ra danh sách: --trust THƯ_MỤC\n"
    "There are no trust anchors here, so no signer counts as trusted. Name some: --trust FOLDER"
)
_ONE_FORM = "Chỉ chọn một trong --json, --etsi.\nChoose one of --json and --etsi."
_TOO_EARLY = (
    "Thời điểm xét (--at {at}) sớm hơn thời điểm ký ghi trên chữ ký ({signed}): lúc đó văn bản chưa"
    " được ký. Bỏ --at để xét hiện tại, hoặc chọn thời điểm từ lúc ký trở đi.\n"
    "--at {at} is before the time of signing as stated ({signed}): nothing was signed yet. Leave"
    " --at out to ask about now, or name a time from then on."
)
_UNREADABLE = "Không mở được {file}: {vi}\n{file} cannot be opened: {en}"
_CAUSES: dict[type[OSError], tuple[str, str]] = {
    FileNotFoundError: ("không có tệp này", "there is no such file"),
    IsADirectoryError: ("đây là thư mục, không phải tệp", "this is a folder, not a file"),
    NotADirectoryError: ("đường dẫn không đúng", "the path is wrong"),
    PermissionError: ("không có quyền đọc", "it may not be read"),
}
_UNKNOWN_CAUSE = ("lỗi khi đọc tệp", "reading failed")


class Outcome(IntEnum):
    """What the command ends with (mã thoát), so that scripts may rely on it."""

    VALID = 0
    #: also a file without any signature: no later check will find one
    INVALID = 1
    UNDETERMINED = 2
    UNREADABLE = 3


def outcome_of(report: "DocumentReport") -> Outcome:
    """Return how the command ends after this report."""
    if not report.is_readable:
        return Outcome.UNREADABLE
    return {
        Verdict.VALID: Outcome.VALID,
        Verdict.UNDETERMINED: Outcome.UNDETERMINED,
    }.get(report.verdict, Outcome.INVALID)


class Moment(click.ParamType):  # type: ignore[type-arg] # not generic at run time
    """A moment in ISO 8601; without a zone it is the time of Vietnam."""

    name = "THỜI_ĐIỂM"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        """Return the moment, aware."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"«{value}»: cần dạng 2026-11-27T15:30 (ISO 8601)", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)


class _Command(click.Command):
    """Ends with `UNREADABLE` for wrong options: click's own 2 would say "undetermined"."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.exit_code = Outcome.UNREADABLE  # type: ignore[misc] # of this error alone
            raise


@click.command("verify-pdf", cls=_Command)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--trust", type=click.Path(path_type=Path), help="Thư mục tin cậy (trust.toml)")
@click.option("--at", type=Moment(), help="Xét tại thời điểm này thay cho hiện tại")
@click.option(
    "--expect",
    "roles",
    type=click.Choice([role.value for role in SignRole]),
    multiple=True,
    help="Vai trò phải có chữ ký; ghi được nhiều lần",
)
@click.option("--json", "as_json", is_flag=True, help="In báo cáo dạng JSON")
@click.option("--etsi", "as_etsi", is_flag=True, help="In báo cáo XML theo ETSI TS 119 102-2")
@click.option("--english", is_flag=True, help="In bằng tiếng Anh (print in English)")
def verify_pdf(
    file: Path,
    trust: Path | None,
    at: datetime | None,
    roles: tuple[str, ...],
    *,
    as_json: bool,
    as_etsi: bool,
    english: bool,
) -> None:
    """Kiểm tra chữ ký số của một tệp PDF (verify signatures).

    Mã thoát: 0 hợp lệ, 1 không hợp lệ hoặc không có chữ ký số, 2 chưa đủ thông tin để kết luận,
    3 không mở được tệp hoặc danh sách tin cậy.
    """
    if as_json and as_etsi:
        click.echo(_ONE_FORM, err=True)
        sys.exit(Outcome.UNREADABLE)
    form = "json" if as_json else "etsi" if as_etsi else None
    # the libraries of signing take seconds to load, which no other command needs
    from signing.verify import policy_of, verify_file

    own = configuration.load().data / "signing" / "trust"
    folder = trust or (own if own.is_dir() else None)
    if folder is None:
        click.echo(_NOBODY_TRUSTED, err=True)
    try:
        report = verify_file(file, folder, policy=policy_of(folder, roles), at=at)
        click.echo(_printed(report, form, "en" if english else "vi"))
        _warn_too_early(report, at)
    except SigningError as error:
        click.echo(f"{error.text('vi')}\n{error.text('en')}", err=True)
        sys.exit(Outcome.UNREADABLE)
    except OSError as error:
        vi, en = _CAUSES.get(type(error), _UNKNOWN_CAUSE)
        click.echo(_UNREADABLE.format(file=file, vi=vi, en=en), err=True)
        sys.exit(Outcome.UNREADABLE)
    sys.exit(outcome_of(report))


def _warn_too_early(report: "DocumentReport", at: datetime | None) -> None:
    """Tell who looks at a time before a signature that no verdict can be good then."""
    signed = max((one.claimed_at for one in report.signatures if one.claimed_at), default=None)
    if at is not None and signed is not None and at < signed:
        shown = [f"{moment.astimezone(VIETNAM):%Y-%m-%dT%H:%M:%S}" for moment in (at, signed)]
        click.echo(_TOO_EARLY.format(at=shown[0], signed=shown[1]), err=True)


def _printed(report: "DocumentReport", form: str | None, language: str) -> str:
    if form == "json":
        return report.to_json()
    if form == "etsi":
        from signing.etsi_report import etsi_xml

        return etsi_xml(report)
    from signing.facts import report_lines

    return "\n".join(report_lines(report, language))
