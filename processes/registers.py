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


class WrongRegister(OfficeError):
    """The chosen register is not one for such documents (chọn nhầm sổ)."""

    code = "wrong-register"
    vi = "Sổ đã chọn không phải sổ đăng ký {kind} đang dùng. Chọn sổ khác, hoặc để trống."
    en = "The chosen register is no open register of {kind}. Choose another, or leave it empty."


def register_of(tx: Transaction, kind: RegisterKind, chosen: object = None) -> Register:
    """Return the register of this kind that was chosen, else the acting agency's first.

    Raises `NoRegister`, `WrongRegister`.
    """
    found = tx.scalars(
        sa.select(Register)
        .where(
            Register.agency_id == tx.acting.agency_id,
            Register.kind == kind,
            Register.is_active.is_(True),
        )
        .order_by(Register.id)
    )
    if chosen:
        named = [register for register in found if str(register.id) == str(chosen)]
        if not named:
            raise WrongRegister(kind=kind.vi.removeprefix("Sổ đăng ký "))
        return named[0]
    if not found:
        raise NoRegister(kind=kind.vi.removeprefix("Sổ đăng ký "))
    return found[0]
