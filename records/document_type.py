"""Kinds of documents (loại văn bản): the 29 of Decree 30/2020, Điều 7, the legal-normative, copies.

Every agency gets its own rows, so that it may list kinds it never exchanges (văn bản đặc biệt,
Quy chế Điều 6.2) or whose source file must go along (Quy chế Điều 3.6).
"""

import json
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import TypedDict
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Transaction
from records.encoding import sort_key
from records.record import GuardedRecord, at_most


class KnownType(TypedDict):
    """One kind as shipped in `data/document_types.json`."""

    code: str
    abbreviation: str | None
    group: str
    name: str
    type_name: str
    name_en: str
    wire_group: str | None
    wire_number: int | None
    series: str
    layout: str
    needs_source_file: bool


class DocumentType(GuardedRecord):
    """A kind of document as this agency treats it (loại văn bản)."""

    __tablename__ = "document_type"
    called = ("loại văn bản", "kind of document")
    __table_args__ = (sa.UniqueConstraint("agency_id", "code"), *at_most({"type_name": 100}))

    #: stable within the agency: `QĐ`, `QPPL:QĐ`, `CV`
    code: Mapped[str]
    #: None for công văn and thư công
    abbreviation: Mapped[str | None]
    name: Mapped[str]
    #: what the envelope and Phụ lục VI call it, at most 100 characters
    type_name: Mapped[str]
    name_en: Mapped[str]
    #: code lists of the exchange: A legal-normative, B administrative; by name they are resolved
    wire_group: Mapped[str | None]
    wire_number: Mapped[int | None]
    #: the register series its numbers come from unless the head decides otherwise (Điều 15)
    series: Mapped[str]
    #: which typeset layout it takes: `decision`, `letter`, `named`, `copy`
    layout: Mapped[str]
    is_legal_normative: Mapped[bool] = mapped_column(default=False)
    is_copy: Mapped[bool] = mapped_column(default=False)
    needs_source_file: Mapped[bool] = mapped_column(default=False)
    is_special: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)


@cache
def known_types() -> tuple[KnownType, ...]:
    """Return the shipped kinds in the order of the law."""
    text = resources.files("records").joinpath("data/document_types.json").read_text("utf-8")
    return tuple(json.loads(text)["types"])


def in_order(types: Iterable[DocumentType]) -> list[DocumentType]:
    """Return kinds as lists show them: in the order of the law, an agency's own after, by name."""
    place = {known["code"]: number for number, known in enumerate(known_types())}
    return sorted(types, key=lambda t: (place.get(t.code, len(place)), sort_key(t.name)))


def make_types(agency_id: UUID) -> list[DocumentType]:
    """Return the rows of a new agency, not yet stored."""
    return [
        DocumentType(
            agency_id=agency_id,
            is_legal_normative=known["group"] == "legal_normative",
            is_copy=known["group"] == "copy",
            **{key: value for key, value in known.items() if key != "group"},
        )
        for known in known_types()
    ]


def seed_types(tx: Transaction, agency_id: UUID) -> list[DocumentType]:
    """Give a new agency the kinds of the law and return them."""
    return [tx.add(row) for row in make_types(agency_id)]


def find_type(types: Iterable[DocumentType], type_name: str) -> DocumentType | None:
    """Return the kind a sender means by `type_name`, whatever its case, accents or Unicode form.

    An exact name wins over one without accents, an administrative kind over the legal-normative
    of the same name.
    """
    found = [t for t in types if _bare(t.type_name) == _bare(type_name)]
    exact = _folded(type_name)
    found.sort(key=lambda t: (_folded(t.type_name) != exact, t.is_legal_normative))
    return found[0] if found else None


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _bare(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", _folded(text)).replace("đ", "d")
    return "".join(c for c in decomposed if not unicodedata.combining(c))
