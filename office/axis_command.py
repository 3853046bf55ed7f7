"""`congvan axis`: a hub alone, and the directory, queues and log of our own axis."""

import secrets
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from exchange.axis_store import System
from exchange.limits import MEGABYTE
from office import settings as configuration
from office.at_hand import database_at_hand, transaction_at_hand
from office.refusal import told

if TYPE_CHECKING:
    from engine.database import Transaction
    from exchange.axis_registry import Registry

_DAY = click.DateTime(["%d/%m/%Y", "%Y-%m-%d"])


@click.group(invoke_without_command=True)
@click.pass_context
@told
def axis(context: click.Context) -> None:
    """Chạy riêng trục liên thông; lệnh con quản lý trục (run a hub alone, look after an axis)."""
    if context.invoked_subcommand is not None:
        return
    from office.supervisor import House, Supervisor

    found = configuration.load()

    def load() -> House:
        from office import hub

        return hub.house(found)

    Supervisor(found, load).run()


@axis.command("system")
@click.argument("system_id")
@click.option("--messages", type=click.IntRange(0), help="Hạn mức gói tin một giờ (0: theo trục)")
@click.option("--megabytes", type=click.IntRange(0), help="Hạn mức triệu byte một giờ")
@click.option("--new-secret", is_flag=True, help="Cấp lại khóa bí mật (replace the secret)")
@told
def admit_system(
    system_id: str, messages: int | None, megabytes: int | None, *, new_secret: bool
) -> None:
    """Kết nối một hệ thống, đổi hạn mức hoặc khóa (admit a system, its quotas, its secret)."""
    from records.axis import AxisStore

    with transaction_at_hand() as tx:
        store = AxisStore(tx)
        known = store.system(system_id)
        system = known or System(system_id, secrets.token_urlsafe(32))
        if known is not None and new_secret:
            system = replace(system, secret=secrets.token_urlsafe(32))
        if messages is not None:
            system = replace(system, messages_per_hour=messages)
        if megabytes is not None:
            system = replace(system, bytes_per_hour=megabytes * MEGABYTE)
        store.put_system(system)
    if known is None or new_secret:
        click.echo("Khóa bí mật, chỉ in một lần (the secret, printed once):")
        click.echo(system.secret)
    else:
        click.echo(f"Đã lưu hệ thống {system_id} (saved).")


@axis.command("agency")
@click.argument("code")
@click.option("--name", required=True, help="Tên đơn vị (name)")
@click.option("--system", "system_id", required=True, help="Hệ thống đại diện (who speaks for it)")
@click.option("--code", "others", multiple=True, help="Mã khác của đơn vị (a further code)")
@click.option("--parent", default="", help="Mã đơn vị cấp trên (parent)")
@told
def admit_agency(
    code: str, name: str, system_id: str, others: tuple[str, ...], parent: str
) -> None:
    """Đưa một đơn vị vào danh bạ với mọi mã của đơn vị (enter an agency with all its codes)."""
    from exchange.axis_refusals import UnknownSystem
    from records.axis import AxisStore

    with transaction_at_hand() as tx:
        if AxisStore(tx).system(system_id) is None:
            raise UnknownSystem(system=system_id)
        _registry(tx).admit(system_id, code, name, others, parent)
    click.echo(f"Đã ghi {code}: {name} (entered).")


@axis.command("rename")
@click.argument("code")
@click.argument("name")
@told
def rename(code: str, name: str) -> None:
    """Đổi tên một đơn vị trong danh bạ (rename an agency)."""
    with transaction_at_hand() as tx:
        _registry(tx).rename(code, name)
    click.echo(f"Đã đổi tên {code}: {name} (renamed).")


@axis.command("add-code")
@click.argument("code")
@click.argument("new")
@click.option("--from", "valid_from", type=_DAY, help="Có hiệu lực từ ngày (in force from)")
@told
def add_code(code: str, new: str, valid_from: datetime | None) -> None:
    """Thêm mã định danh cho đơn vị đang có mã CODE (give an agency a further code)."""
    with transaction_at_hand() as tx:
        _registry(tx).add_code(code, new, valid_from.date() if valid_from else None)
    click.echo(f"{code}: thêm mã {new} (added).")


@axis.command("retire-code")
@click.argument("code")
@click.option("--until", required=True, type=_DAY, help="Ngày dùng cuối cùng (the last day)")
@click.option("--successor", required=True, help="Mã thay thế (what takes its place)")
@told
def retire_code(code: str, until: datetime, successor: str) -> None:
    """Cho một mã hết hiệu lực và ghi mã thay thế (end a code, name its successor)."""
    with transaction_at_hand() as tx:
        _registry(tx).retire_code(code, until.date(), successor)
    click.echo(f"{code}: dùng đến hết {until:%d/%m/%Y}, sau đó {successor}.")


@axis.command("intermediary")
@click.argument("code")
@click.argument("system_id")
@click.option("--remove", is_flag=True, help="Thôi cho gửi thay (no longer)")
@told
def intermediary(code: str, system_id: str, *, remove: bool) -> None:
    """Cho một hệ thống khác gửi thay đơn vị (let another system send for an agency)."""
    with transaction_at_hand() as tx:
        _registry(tx).allow_intermediary(code, system_id, allowed=not remove)
    click.echo(f"{system_id} {'thôi ' if remove else ''}được gửi thay {code}.")


@axis.command("lock")
@click.argument("code")
@click.option("--unlock", is_flag=True, help="Mở khóa (unlock)")
@told
def lock(code: str, *, unlock: bool) -> None:
    """Khóa hoặc mở khóa việc nhận của một đơn vị (stop or resume delivery to an agency)."""
    with transaction_at_hand() as tx:
        _registry(tx).lock(code, locked=not unlock)
    click.echo(f"{code}: {'mở khóa' if unlock else 'khóa'}.")


@axis.command("queues")
@told
def queues() -> None:
    """Hàng đợi của từng hệ thống và lần hỏi gần nhất (queues, and who is silent)."""
    from records.axis_queues import queues_of

    with transaction_at_hand() as tx:
        for one in queues_of(tx):
            asked = f"{one.polled_at:%d/%m/%Y %H:%M %z}" if one.polled_at else "chưa hỏi lần nào"
            click.echo(f"{one.system_id}: {one.waiting} gói tin chờ; {asked}")


@axis.command("verify-log")
@told
def verify_log() -> None:
    """Kiểm tra toàn vẹn nhật ký gói tin; mã thoát 1 khi có can thiệp (verify the message log)."""
    from engine.database import Database
    from office.journal_key import journal_key
    from office.trust import TrustShelf
    from records import axis_log

    with database_at_hand() as found:
        database = Database(found.database_url)
        try:
            known = TrustShelf(found.data / "signing", database).known()
            stamps = known.stamps(datetime.now(UTC))
            with database.session() as session:
                result = axis_log.verify_log(session, journal_key(found.data / "keys"), stamps)
        finally:
            database.dispose()
    click.echo(f"{result.text('vi')}\n{result.text('en')}")
    if not result.holds:
        sys.exit(1)


def _registry(tx: "Transaction") -> "Registry":
    from exchange.axis_registry import Registry
    from records.axis import AxisStore

    return Registry(AxisStore(tx), lambda: tx.now)
