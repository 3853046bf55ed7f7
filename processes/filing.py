"""Into a dossier (lập hồ sơ): one that is there, or a new one opened on the way."""

from collections.abc import Mapping
from itertools import count
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.database import Transaction
from engine.errors import OfficeError
from processes.order import text
from records import journal
from records.authority import Act, authorize
from records.directive import Directive
from records.document import Document, IncomingDocument, OutgoingDocument, about
from records.dossier import PERMANENT, Dossier, file_into
from records.link import DocumentLink
from records.organization import AgencyCode
from records.vietnamese import local_date
from records.vocabulary import IncomingStatus


class NoDossier(OfficeError):
    """Neither a dossier nor the title of a new one was given (chưa chọn hồ sơ)."""

    code = "no-dossier"
    vi = "Chọn hồ sơ công việc đang mở, hoặc ghi tiêu đề để mở hồ sơ mới."
    en = "Choose an open dossier, or give the title of a new one."


class DossierSymbolTaken(OfficeError):
    """Another dossier of the year bears this symbol (trùng ký hiệu hồ sơ)."""

    code = "dossier-symbol-taken"
    status = 409
    vi = "Năm {year} đã có hồ sơ mang ký hiệu «{notation}». Ghi ký hiệu khác, hoặc chọn hồ sơ đó."
    en = "A dossier of {year} bears the symbol “{notation}” already. Choose it or another symbol."


def choose_dossier(tx: Transaction, document: Document, data: Mapping[str, Any]) -> Dossier:
    """Return the dossier the form names, opening a new one where it gives a title."""
    if data.get("dossier"):
        return tx.get(Dossier, UUID(str(data["dossier"])))
    title = text(data, "new_dossier_title").strip()
    if not title:
        raise NoDossier
    return open_dossier(
        tx,
        document.agency_id,
        title=title,
        notation=text(data, "new_dossier_notation").strip(),
        retention=text(data, "retention").strip() or PERMANENT,
    )


def open_dossier(
    tx: Transaction, agency_id: UUID, *, title: str, notation: str = "", retention: str = PERMANENT
) -> Dossier:
    """Open a dossier in the name of the acting officer (mở hồ sơ).

    Without a symbol it takes the next of the year. Raises `DossierSymbolTaken`, `BadRetention`.
    """
    authorize(tx.acting, Act.OPEN_DOSSIER)
    year = local_date(tx.now).year
    tx.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", f"dossier {agency_id}")
    taken = set(
        tx.scalars(
            sa.select(Dossier.file_notation).where(
                Dossier.agency_id == agency_id, Dossier.file_catalog == year
            )
        )
    )
    if notation in taken:
        raise DossierSymbolTaken(notation=notation, year=year)
    if not notation:
        free = (f"{n:02d}.HS" for n in count(len(taken) + 1))
        notation = next(symbol for symbol in free if symbol not in taken)
    dossier = Dossier(
        agency_id=agency_id,
        organ_code=_code_of(tx, agency_id),
        file_catalog=year,
        file_notation=notation,
        title=title,
        retention=retention,
        creator=tx.acting.name[:30],
        creator_id=tx.acting.officer_id,
        unit_id=tx.acting.unit_id,
        started_on=local_date(tx.now),
        created_at=tx.now,
    )
    _ = dossier.retention_years  # refuses what is no period
    tx.add(dossier)
    journal.record(tx, "open_dossier", "dossier", dossier.id, notation=notation, year=year)
    tx.flush()
    return dossier


def file_document(tx: Transaction, dossier: Dossier, document: Document) -> None:
    """File a document with its directives and the documents it is linked to (Quy chế, Điều 8.3)."""
    file_into(tx, dossier, document)
    ((column, key),) = about(document).items()
    for directive in tx.scalars(
        sa.select(Directive).where(getattr(Directive, column) == key).order_by(Directive.at)
    ):
        file_into(tx, dossier, directive)
    for linked in _linked(tx, document):
        if linked.status is IncomingStatus.REFUSED:  # a duplicate of it that was not taken in
            continue
        file_into(tx, dossier, linked)


def _linked(tx: Transaction, document: Document) -> list[Document]:
    way = "incoming" if isinstance(document, IncomingDocument) else "outgoing"
    from_key = getattr(DocumentLink, f"from_{way}_id")
    to_key = getattr(DocumentLink, f"to_{way}_id")
    found: list[Document] = []
    for link in tx.scalars(
        sa.select(DocumentLink).where(sa.or_(from_key == document.id, to_key == document.id))
    ):
        for kind, keys in (
            (IncomingDocument, (link.from_incoming_id, link.to_incoming_id)),
            (OutgoingDocument, (link.from_outgoing_id, link.to_outgoing_id)),
        ):
            found += [_get(tx, kind, k) for k in keys if k is not None and k != document.id]
    return found


def _get(tx: Transaction, kind: type[Document], key: UUID) -> Document:
    return tx.get(kind, key)


def _code_of(tx: Transaction, agency_id: UUID) -> str:
    code = tx.scalar(
        sa.select(AgencyCode.code).where(
            AgencyCode.agency_id == agency_id, AgencyCode.preferred.is_(True)
        )
    )
    return code or ""
