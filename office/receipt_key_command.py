"""`congvan receipt-key`: which keys sign the receipts of partners."""

import getpass

import click

from office.at_hand import transaction_at_hand
from office.refusal import told


@click.group("receipt-key", invoke_without_command=True)
@click.pass_context
@told
def receipt_key(context: click.Context) -> None:
    """In khóa ký biên nhận của các bên nhận, khóa chờ xác nhận (keys that sign receipts)."""
    if context.invoked_subcommand is None:
        _show()


def _show() -> None:
    from processes.delivery.receipt_keys import asked
    from records.receipt_key import all_keys

    with transaction_at_hand() as tx:
        known, waiting = all_keys(tx), asked(tx)
        for one in known:
            origin = f"{one.origin.vi} ({one.origin.en})"
            by = f", {one.added_by}" if one.added_by else ""
            click.echo(f"{one.partner}  {one.fingerprint}  {one.subject}")
            click.echo(f"    {origin}, {one.added_at:%d/%m/%Y %H:%M}{by}")
        for key in waiting:
            click.echo(f"{key.partner}  {key.fingerprint}  {key.subject}")
            click.echo(f"    CHỜ XÁC NHẬN (in doubt): {key.receipts} biên nhận (receipts)")
    if not known and not waiting:
        click.echo("Chưa có biên nhận nào của bên nhận (no receipts yet).")


@receipt_key.command("trust")
@click.argument("code")
@click.argument("fingerprint")
@told
def trust(code: str, fingerprint: str) -> None:
    """Xác nhận khóa FINGERPRINT là của đơn vị CODE (a key signs for this partner)."""
    from processes.delivery.receipt_keys import trust_key

    with transaction_at_hand() as tx:
        count = trust_key(tx, code, fingerprint, _who())
    click.echo(f"Đã xác nhận; {count} biên nhận được công nhận (confirmed, receipts that count).")


@receipt_key.command("distrust")
@click.argument("code")
@click.argument("fingerprint")
@told
def distrust(code: str, fingerprint: str) -> None:
    """Thôi công nhận một khóa, ví dụ khi khóa bị lộ (a key no longer signs for this partner)."""
    from processes.delivery.receipt_keys import distrust_key

    with transaction_at_hand() as tx:
        distrust_key(tx, code, fingerprint, _who())
    click.echo("Đã bỏ; biên nhận tiếp theo ký bằng khóa này sẽ là sự cố (the next is an incident).")


def _who() -> str:
    return f"máy chủ: {getpass.getuser()}"
