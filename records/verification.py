"""What was found out about a file's signatures (kết quả kiểm tra chữ ký số), kept with it."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Transaction
from records.record import Record
from records.vocabulary import Authenticity, vocabulary


class SignatureCheck(Record):
    """One check of one file (lần kiểm tra): the report as JSON, never changed afterwards.

    TT 41/2017/TT-BTTTT, Điều 9: kept with the signed document.
    """

    __tablename__ = "signature_check"
    __table_args__ = ({"info": {"append_only": True}},)

    file_id: Mapped[UUID] = mapped_column(sa.ForeignKey("file.id"), index=True)
    verdict: Mapped[Authenticity] = mapped_column(vocabulary(Authenticity))
    #: `signing.report.DocumentReport.to_json`
    report: Mapped[str]
    checked_at: Mapped[datetime]


def checks_of(tx: Transaction, file_ids: list[UUID]) -> dict[UUID, SignatureCheck]:
    """Return the newest check of each file that has one."""
    return {file_id: found[-1] for file_id, found in history_of(tx, file_ids).items()}


def history_of(tx: Transaction, file_ids: list[UUID]) -> dict[UUID, list[SignatureCheck]]:
    """Return all checks of each file that has any, oldest first (lịch sử kiểm tra)."""
    found: dict[UUID, list[SignatureCheck]] = {}
    for check in tx.scalars(
        sa.select(SignatureCheck)
        .where(SignatureCheck.file_id.in_(file_ids))
        .order_by(SignatureCheck.checked_at, SignatureCheck.id)
    ):
        found.setdefault(check.file_id, []).append(check)
    return found
