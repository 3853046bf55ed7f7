"""Dossiers after they were opened (hồ sơ): read, renamed, closed."""

from dataclasses import dataclass
from uuid import UUID

from engine.database import Transaction
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


def read_dossier(tx: Transaction, dossier_id: UUID, *, lock: bool = False) -> Dossier:
    """Return a dossier the acting officer may read; raises `NotFound`, `NoRight`."""
    dossier = tx.get(Dossier, dossier_id, lock=lock)
    authorize(tx.acting, Act.READ_DOSSIER, facts_of_dossier(tx, dossier))
    return dossier


def change_dossier(tx: Transaction, command: ChangeDossier) -> Dossier:
    """Change what an open dossier is called, or close it (kết thúc hồ sơ, Decree 30/2020, Điều 29).

    Raises `NotFound`, `NoRight`, `DossierClosed`.
    """
    dossier = tx.get(Dossier, command.dossier_id, lock=True)
    authorize(tx.acting, Act.WRITE_DOSSIER, owners_of_dossier(dossier))
    dossier.ensure_open()
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
