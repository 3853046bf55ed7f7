"""Dossiers (hồ sơ công việc): what one piece of work produced, in order, under one file code.

A document may lie in many dossiers without being copied (Decree 30/2020, annex VI, L-23).
"""

import unicodedata
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, validates

from engine.database import Query, Transaction
from engine.errors import OfficeError
from records.content import File
from records.directive import Directive
from records.document import IncomingDocument, OutgoingDocument, about
from records.record import Authored, GuardedRecord, at_most, author
from records.vietnamese import local_date
from records.vocabulary import DossierState, vocabulary

#: greatest lengths of Decree 30/2020, annex VI, part II; codes of agencies per Decision 20/2020
LENGTHS = {
    "organ_code": 35,
    "file_notation": 20,
    "title": 500,
    "retention": 30,
    "rights": 30,
    "creator": 30,
    "language": 50,
    "description": 500,
}
PERMANENT = "Vĩnh viễn"


class DossierClosed(OfficeError):
    """The dossier is closed (hồ sơ đã kết thúc)."""

    code = "dossier-closed"
    status = 409
    vi = "Hồ sơ «{title}» đã kết thúc nên không sửa, không thêm tài liệu được. Hãy mở hồ sơ khác."
    en = "The dossier “{title}” is closed: it takes no change and no document. Open another one."


class BadRetention(OfficeError):
    """The retention is no period (thời hạn bảo quản không hợp lệ)."""

    code = "bad-retention"
    vi = "Thời hạn bảo quản «{value}» không hợp lệ. Ghi «Vĩnh viễn» hoặc số năm, ví dụ «20 năm»."
    en = "«{value}» is no retention period. Write «Vĩnh viễn» (permanent) or years: «20 năm»."


class DossierCatalogue(GuardedRecord):
    """The list of the year's dossiers (danh mục hồ sơ), approved by the head (Điều 28)."""

    __tablename__ = "dossier_catalogue"
    __table_args__ = (sa.UniqueConstraint("agency_id", "year"),)

    year: Mapped[int]
    title: Mapped[str]
    approved_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("officer.id"))
    approved_on: Mapped[date | None]


class Dossier(GuardedRecord):
    """A dossier (hồ sơ): file code, title, retention, what lies in it."""

    __tablename__ = "dossier"
    called = ("hồ sơ", "dossier")
    __table_args__ = (
        sa.UniqueConstraint("agency_id", "file_catalog", "file_notation"),
        sa.CheckConstraint("doc_total BETWEEN 0 AND 9999", name="doc_total"),
        sa.CheckConstraint("file_catalog BETWEEN 1000 AND 9999", name="file_catalog"),
        *at_most(LENGTHS),
    )

    catalogue_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("dossier_catalogue.id"))
    #: đề mục of the catalogue it stands under
    heading: Mapped[str] = mapped_column(default="")
    organ_code: Mapped[str] = mapped_column(default="")
    #: the year the dossier is formed in
    file_catalog: Mapped[int]
    #: số, ký hiệu hồ sơ: `01.TCCB`
    file_notation: Mapped[str]
    title: Mapped[str]
    retention: Mapped[str] = mapped_column(default=PERMANENT)
    rights: Mapped[str] = mapped_column(default="")
    creator: Mapped[str] = mapped_column(default="")
    creator_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("officer.id"), index=True)
    unit_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("unit.id"))
    language: Mapped[str] = mapped_column(default="Tiếng Việt")
    started_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    doc_total: Mapped[int] = mapped_column(default=0)
    page_total: Mapped[int] = mapped_column(default=0)
    description: Mapped[str] = mapped_column(default="")
    #: items filed so far; unlike the totals it never falls
    last_ordinal: Mapped[int] = mapped_column(default=0)
    state: Mapped[DossierState] = mapped_column(vocabulary(DossierState), default=DossierState.OPEN)
    created_at: Mapped[datetime]

    @validates(*LENGTHS)
    def _normalise(self, _name: str, value: str) -> str:
        return unicodedata.normalize("NFC", value)

    @property
    def file_code(self) -> str:
        """Return mã hồ sơ: agency, year, symbol."""
        return f"{self.organ_code}.{self.file_catalog}.{self.file_notation}"

    @property
    def retention_years(self) -> int | None:
        """Return the years of retention, None for a permanent one; raise `BadRetention`."""
        if self.retention.casefold() == PERMANENT.casefold():
            return None
        years = self.retention.split(" ")[0]
        if not years.isdecimal() or self.retention not in {years, f"{years} năm"}:
            raise BadRetention(value=self.retention)
        return int(years)

    def ensure_open(self) -> None:
        """Raise `DossierClosed` unless documents may still be filed into it."""
        if self.state is not DossierState.OPEN:
            raise DossierClosed(title=self.title)

    def close(self, now: datetime) -> None:
        """End the dossier (kết thúc hồ sơ, Điều 29)."""
        self.ensure_open()
        _ = self.retention_years
        self.state = DossierState.CLOSED
        self.ended_on = self.ended_on or local_date(now)


class DossierItem(Authored, GuardedRecord):
    """One thing in a dossier, in its place (văn bản, tệp, ý kiến chỉ đạo trong hồ sơ)."""

    __tablename__ = "dossier_item"
    __table_args__ = (
        sa.UniqueConstraint("dossier_id", "ordinal"),
        sa.UniqueConstraint("dossier_id", "incoming_document_id"),
        sa.UniqueConstraint("dossier_id", "outgoing_document_id"),
        sa.UniqueConstraint("dossier_id", "file_id"),
        sa.UniqueConstraint("dossier_id", "directive_id"),
        sa.CheckConstraint(
            "num_nonnulls(incoming_document_id, outgoing_document_id, file_id, directive_id) = 1",
            name="one_thing",
        ),
    )

    dossier_id: Mapped[UUID] = mapped_column(sa.ForeignKey("dossier.id"))
    ordinal: Mapped[int]
    incoming_document_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("incoming_document.id"), index=True
    )
    outgoing_document_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("outgoing_document.id"), index=True
    )
    file_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("file.id"), index=True)
    directive_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("directive.id"), index=True)
    added_at: Mapped[datetime]


Filed = IncomingDocument | OutgoingDocument | File | Directive


def file_into(tx: Transaction, dossier: Dossier, thing: Filed) -> DossierItem:
    """File `thing` into `dossier` under the next ordinal; filed already, its item is returned.

    Raises `DossierClosed`. The totals of the dossier are kept (Phụ lục VI, fields 9 and 10).
    """
    locked = tx.get(Dossier, dossier.id, lock=True)
    ((column, key),) = _column(thing).items()
    present = tx.scalar(_PRESENT[column], dossier=locked.id, thing=key)
    if present is not None:
        return present
    locked.ensure_open()
    locked.last_ordinal += 1
    if isinstance(thing, IncomingDocument | OutgoingDocument):
        locked.doc_total += 1
        locked.page_total += thing.page_amount
        locked.started_on = locked.started_on or thing.issued_on or local_date(tx.now)
    item = DossierItem(
        agency_id=locked.agency_id,
        dossier_id=locked.id,
        ordinal=locked.last_ordinal,
        added_at=tx.now,
        **{column: key},
        **author(tx.acting),
    )
    tx.add(item)
    tx.flush()
    return item


def _column(thing: Filed) -> dict[str, UUID]:
    match thing:
        case File():
            return {"file_id": thing.id}
        case Directive():
            return {"directive_id": thing.id}
        case _:
            return about(thing)


_PRESENT = {
    column: Query(
        sa.select(DossierItem).where(
            DossierItem.dossier_id == sa.bindparam("dossier", type_=sa.Uuid()),
            getattr(DossierItem, column) == sa.bindparam("thing", type_=sa.Uuid()),
        )
    )
    for column in ("incoming_document_id", "outgoing_document_id", "file_id", "directive_id")
}
