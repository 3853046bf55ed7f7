"""Registers (sổ đăng ký): which there are, and a year of one as it is printed."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Response

from api.answers import show
from api.bearer import Scope, acting, guarded, transaction
from api.blueprint import Resource
from api.cursors import read_cursor, write_cursor
from api.errors import Fault, RequestInvalid
from api.installation import installation
from api.problems import language
from api.schemas.registry import Book, BookQuery, RegisterList
from records.authority import Act, Facts, authorize
from records.register import Register, RegisterEntry, RegisterSeries
from records.register_book import (
    INCOMING_BOOK,
    OUTGOING_BOOK,
    incoming_book_rows,
    outgoing_book_rows,
)
from records.vocabulary import RegisterKind

blueprint = Resource("registers", "registers", "Sổ đăng ký")


@blueprint.get("")
@guarded(Scope.READ, Act.READ_REGISTER)
@blueprint.response(200, RegisterList)
def index() -> Response:
    """List the registers of the agency with their series."""
    with transaction() as tx:
        authorize(tx.acting, Act.READ_REGISTER)
        registers = tx.scalars(
            sa.select(Register)
            .where(Register.agency_id == tx.acting.agency_id)
            .order_by(Register.kind, Register.name)
        )
        series: dict[UUID, list[dict[str, Any]]] = {}
        for one in tx.scalars(
            sa.select(RegisterSeries)
            .where(RegisterSeries.agency_id == tx.acting.agency_id)
            .order_by(RegisterSeries.year.desc(), RegisterSeries.key)
        ):
            series.setdefault(one.register_id, []).append(_series(one))
    items = [
        {
            "id": register.id,
            "kind": register.kind,
            "name": register.name,
            "is_active": register.is_active,
            "series": series.get(register.id, []),
        }
        for register in registers
    ]
    return show({"items": items})


def _series(series: RegisterSeries) -> dict[str, Any]:
    names = ("year", "key", "next_number", "opened_at_number", "reason")
    return {name: getattr(series, name) for name in names}


@blueprint.get("/<uuid:register_id>/book")
@guarded(Scope.READ, Act.READ_REGISTER)
@blueprint.arguments(BookQuery, location="query")
@blueprint.response(200, Book)
def book(query: dict[str, Any], register_id: UUID) -> Response:
    """Return a page of a year's book; outgoing documents are numbered by series."""
    with transaction() as tx:
        register = tx.get(Register, register_id)
        authorize(tx.acting, Act.READ_REGISTER, Facts(register.agency_id))
    is_incoming = register.kind is RegisterKind.INCOMING
    series = query.get("series")
    if not is_incoming and series is None:
        say = "Name the series." if language() == "en" else "Phải nêu dãy số của sổ văn bản đi."
        raise RequestInvalid([Fault(say, parameter="series")])
    after, limit = 0, query["limit"]
    if cursor := query.get("cursor"):
        [after] = read_cursor(cursor, int)
    with installation().database.session(acting()) as session:
        if is_incoming:
            rows = incoming_book_rows(session, register_id, query["year"], after=after, limit=limit)
        else:
            rows = outgoing_book_rows(
                session, register_id, query["year"], series or "", after=after, limit=limit
            )
        numbers = session.execute(_numbers(register_id, query["year"], series, after, limit)).all()
    following = write_cursor(numbers[-1][0]) if len(rows) == limit else None
    columns = INCOMING_BOOK if is_incoming else OUTGOING_BOOK
    named = [column._asdict() for column in columns]
    return show({"columns": named, "items": rows, "next": following})


def _numbers(
    register_id: UUID, year: int, series: str | None, after: int, limit: int
) -> "sa.Select[int]":
    """Return the numbers of a page: the printed lines do not all tell theirs."""
    select = (
        sa.select(RegisterEntry.number)
        .join(RegisterSeries, RegisterSeries.id == RegisterEntry.series_id)
        .where(
            RegisterSeries.register_id == register_id,
            RegisterSeries.year == year,
            RegisterEntry.number > after,
        )
        .order_by(RegisterEntry.number)
        .limit(limit)
    )
    return select if series is None else select.where(RegisterSeries.key == series)
