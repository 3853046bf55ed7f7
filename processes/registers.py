"""The registers a verb enters documents in (sổ đăng ký)."""

import sqlalchemy as sa

from engine.database import Transaction
from engine.errors import OfficeError
from records.register import Register
from records.vocabulary import RegisterKind


class NoRegister(OfficeError):
    """The agency has no register of outgoing documents (chưa mở sổ)."""

    code = "no-register"
    status = 409
    vi = "Cơ quan chưa mở sổ đăng ký {kind}. Quản trị cơ quan mở sổ trước."
    en = "The agency has no register of {kind}. Its administrator opens one first."


def register_of(tx: Transaction, kind: RegisterKind) -> Register:
    """Return the acting agency's register of this kind; raises `NoRegister`."""
    found = tx.scalars(
        sa.select(Register)
        .where(
            Register.agency_id == tx.acting.agency_id,
            Register.kind == kind,
            Register.is_active.is_(True),
        )
        .order_by(Register.id)
        .limit(1)
    )
    if not found:
        raise NoRegister(kind=kind.vi.removeprefix("Sổ đăng ký "))
    return found[0]
