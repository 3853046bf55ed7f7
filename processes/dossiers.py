"""Dossiers after they were opened (hồ sơ): read, renamed, closed."""

from dataclasses import dataclass
from uuid import UUID

from engine.database import Transaction
from engine.errors import OfficeError
from processes.reach import facts_of_dossier, owners_of_dossier
from records import journal
from records.authority import Act, authorize
from records.dossier import Dossier


@dataclass(frozen=True, slots=True)
class ChangeDossier:
    """The command: what is to be different; None leaves it as it is."""

    dossier_id: UUID
    title: str | None = None
    description: str | None = None
    close: bool = False
    #: the version that was read; another one in the meantime is a refusal
    version: int | None = None


class DossierChanged(OfficeError):
    """Somebody else changed the dossier in the meantime (hồ sơ vừa được người khác sửa)."""

    code = "dossier-changed"
    status = 409
    vi = (
        "Hồ sơ vừa được người khác sửa, tiêu đề hiện nay là «{title}». Xem lại nội dung dưới đây "
        "rồi lưu lần nữa."
    )
    en = (
        "Somebody has just changed the dossier, which is called “{title}” now. Look at what stands "
        "below, then save again."
    )


def read_dossier(tx: Transaction, dossier_id: UUID, *, lock: bool = False) -> Dossier:
    """Return a dossier the acting officer may read; raises `NotFound`, `NoRight`."""
    dossier = tx.get(Dossier, dossier_id, lock=lock)
    authorize(tx.acting, Act.READ_DOSSIER, facts_of_dossier(tx, dossier))
    return dossier


def change_dossier(tx: Transaction, command: ChangeDossier) -> Dossier:
    """Change what an open dossier is called, or close it (kết thúc hồ sơ, Decree 30/2020, Điều 29).

    Raises `NotFound`, `NoRight`, `DossierClosed`, `DossierChanged`.
    """
    dossier = tx.get(Dossier, command.dossier_id, lock=True)
    authorize(tx.acting, Act.WRITE_DOSSIER, owners_of_dossier(dossier))
    dossier.ensure_open()
    if command.version not in {None, dossier.version}:
        raise DossierChanged(title=dossier.title)
    changed = {
        name: value
        for name in ("title", "description")
        if (value := getattr(command, name)) is not None and value != getattr(dossier, name)
    }
    for name, value in changed.items():
        setattr(dossier, name, value)
    if command.close:
        dossier.close(tx.now)
    journal.record(
        tx, "close_dossier" if command.close else "change_dossier", "dossier", dossier.id, **changed
    )
    return dossier
