"""Looking for documents and dossiers (tìm kiếm): each word somewhere, with or without accents.

What is found is what the officer may read; ids grow with time, so that one key pages all kinds.
"""

import unicodedata
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.database import Transaction
from processes.reach import dossiers_within_reach, within_reach
from records.document import IncomingDocument, OutgoingDocument
from records.dossier import Dossier
from records.vocabulary import Term

_MOST_WORDS = 12


class Kind(Term):
    """What a search finds (loại kết quả)."""

    INCOMING = "incoming", "Văn bản đến", "Incoming"
    OUTGOING = "outgoing", "Văn bản đi", "Outgoing"
    DOSSIER = "dossier", "Hồ sơ", "Dossier"


Found = IncomingDocument | OutgoingDocument | Dossier
_ENTITIES: dict[Kind, type[Found]] = {
    Kind.INCOMING: IncomingDocument,
    Kind.OUTGOING: OutgoingDocument,
    Kind.DOSSIER: Dossier,
}


def matches(entity: Any, text: str) -> sa.ColumnElement[bool]:
    """Return the condition that every word of `text` stands in the line of a document or dossier.

    A document's line is subject, agency, kind, number and symbol as printed, and the arrival
    number; a dossier's is title, symbol and file code.
    """
    line: sa.ColumnElement[Any]
    if entity is Dossier:
        line = entity.title + " " + _dotted(entity.organ_code, _text(entity.file_catalog))
        line = _dotted(line, entity.file_notation) + " " + entity.file_notation
    else:
        line = entity.subject + " " + entity.organ_name + " " + entity.type_name + " "
        line = line + entity.code_number + "/" + entity.code_notation
    if entity is IncomingDocument:
        line = line + " " + sa.func.coalesce(_text(entity.arrival_number), "")
    bare = sa.func.unaccent(line)
    patterns = [f"%{_literal(word)}%" for word in text.split()[:_MOST_WORDS]]
    return sa.and_(sa.true(), *(bare.ilike(sa.func.unaccent(one)) for one in patterns))


def search(
    tx: Transaction, text: str, kinds: Iterable[Kind], *, before: UUID | None, limit: int
) -> list[tuple[Kind, Found]]:
    """Return what the officer may read of these kinds that holds `text`, newest first.

    `before` is the id that the page before ended with.
    """
    pages = [_page(tx, kind, text, before, limit).subquery() for kind in kinds]
    if not pages or not text.split():
        return []
    every = sa.union_all(*(sa.select(page.c.id, page.c.kind) for page in pages)).subquery()
    keys = tx.rows(sa.select(every.c.id, every.c.kind).order_by(every.c.id.desc()).limit(limit))
    records: dict[UUID, Found] = {}
    for kind in {kind for _id, kind in keys}:
        entity: Any = _ENTITIES[Kind(kind)]
        of_kind = [key for key, its_kind in keys if its_kind == kind]
        records |= {
            one.id: one for one in tx.scalars(sa.select(entity).where(entity.id.in_(of_kind)))
        }
    return [(Kind(kind), records[key]) for key, kind in keys]


def _page(
    tx: Transaction, kind: Kind, text: str, before: UUID | None, limit: int
) -> "sa.Select[tuple[UUID, str]]":
    entity: Any = _ENTITIES[kind]
    if entity is Dossier:
        reach = dossiers_within_reach(tx.acting)
    else:
        reach = within_reach(tx.acting, entity)
    named = sa.literal(kind.value, sa.Text()).label("kind")
    select = sa.select(entity.id.label("id"), named).where(reach, matches(entity, text))
    if before is not None:
        select = select.where(entity.id < before)
    return select.order_by(entity.id.desc()).limit(limit)


def _text(column: Any) -> sa.ColumnElement[Any]:
    return sa.cast(column, sa.Text())


def _dotted(before: Any, after: Any) -> sa.ColumnElement[Any]:
    dotted: sa.ColumnElement[Any] = before + "." + after
    return dotted


def _literal(word: str) -> str:
    """Return a typed word as a literal part of a LIKE pattern, composed as the records are."""
    composed = unicodedata.normalize("NFC", word)
    return composed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
