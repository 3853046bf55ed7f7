"""Registers (sổ đăng ký): the book of a year on the screen, and on paper as it is bound."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from sqlalchemy import orm
from werkzeug.wrappers import Response

from engine.errors import NotFound
from records import journal
from records.authority import Act, may
from records.document import Document, IncomingDocument, OutgoingDocument
from records.organization import Agency
from records.register import Register, RegisterEntry, RegisterSeries, year_of
from records.register_book import incoming_book_rows, outgoing_book_rows
from records.vocabulary import Authenticity, EntryState, RegisterKind
from web import fields, paper, words
from web.door import acting, language, office, reading, transaction
from web.policy import needs
from web.tongue import _

pages = Blueprint("register", __name__)
PAGE = 100


@pages.get("/registers")
@needs(Act.READ_REGISTER)
def books() -> Response:
    """Open the agency's register of incoming documents, the book used most."""
    found = reading().scalars(
        sa.select(Register)
        .where(Register.agency_id == acting().agency_id, Register.is_active.is_(True))
        .order_by(Register.kind, Register.name)
    )
    order = (RegisterKind.INCOMING, RegisterKind.OUTGOING)
    first = next((r for kind in order for r in list(found) if r.kind is kind), None)
    if first is None:
        raise NotFound(what=_("sổ đăng ký"))
    return redirect(url_for("register.show", register_id=first.id), 303)


@pages.get("/registers/<uuid:register_id>")
@needs(Act.READ_REGISTER)
def show(register_id: UUID) -> Response:
    """Show one series of one year, the newest page first; the browser prints it as the book."""
    session = reading()
    register = session.get(Register, register_id)
    if register is None or register.agency_id != acting().agency_id:
        raise NotFound(what=_("sổ đăng ký"))
    year = request.args.get("year", year_of(office().database.clock()), type=int)
    series = session.scalars(
        sa.select(RegisterSeries)
        .where(RegisterSeries.register_id == register.id, RegisterSeries.year == year)
        .order_by(RegisterSeries.key)
    ).all()
    wanted = request.args.get("series", "")
    chosen = next((s for s in series if s.key == wanted), series[0] if series else None)
    shown = _book(session, register, year, series, chosen)
    with transaction() as tx:
        journal.record(tx, "view", "register", register.id, year=year)
    return make_response(render_template("register.html", register=shown))


def _book(
    session: orm.Session,
    register: Register,
    year: int,
    series: Sequence[RegisterSeries],
    chosen: RegisterSeries | None,
) -> dict[str, Any]:
    is_in = register.kind is RegisterKind.INCOMING
    last = chosen.next_number - 1 if chosen is not None else 0
    after = request.args.get("after", max(0, last - PAGE), type=int)
    entries = _entries(session, register, year, chosen, after)
    agency = session.get_one(Agency, register.agency_id)
    parent = session.get(Agency, agency.parent_id) if agency.parent_id else None
    name = register.kind.label(language())
    title = _("%(name)s năm %(year)s", name=name, year=year)

    def at(**changed: Any) -> str:
        key = chosen.key if chosen is not None else None
        kept = {"register_id": register.id, "year": year, "series": key, **changed}
        return url_for("register.show", **kept)

    first_no, last_no = after + 1, min(after + PAGE, last)
    text = _("số %(first)s đến %(last)s", first=first_no, last=last_no) if entries else ""
    return {
        "kind": "incoming" if is_in else "outgoing",
        "title": title,
        "summary": _summary(chosen),
        "book_title": register.kind.vi.upper(),
        "period_text": f"Năm {year}. {_plain_series(chosen)} {text}".strip(),
        "agency_parent": parent.name if parent is not None else "",
        "agency_name": agency.name,
        "export_href": None,
        "new": _new(is_in),
        "tabs": _tabs(session, register.id),
        "filters": _filters(session, register, year, series, chosen),
        "filter_action": url_for("register.show", register_id=register.id),
        "days": _days(entries),
        "page": {
            "text": text,
            "older": at(after=max(0, after - PAGE)) if after > 0 else None,
            "newer": at(after=after + PAGE) if after + PAGE < last else None,
        },
        "closing": None,
    }


def _summary(chosen: RegisterSeries | None) -> str:
    if chosen is None:
        return _("Chưa có số nào trong năm này.")
    text = _("Dãy số «%(key)s». Số kế tiếp: %(next)s.", key=chosen.key, next=chosen.next_number)
    if chosen.opened_at_number > 1:
        text += " " + _(
            "Mở từ số %(first)s: %(reason)s.",
            first=chosen.opened_at_number, reason=chosen.reason,
        )  # fmt: skip
    return text


def _plain_series(chosen: RegisterSeries | None) -> str:
    return f"Dãy số {chosen.key}:" if chosen is not None else ""


def _new(is_in: bool) -> dict[str, str] | None:
    if is_in and may(acting(), Act.RECEIVE_DOCUMENT):
        return {"href": url_for("begin.incoming"), "label": _("Tiếp nhận văn bản")}
    return None


def _filters(
    session: orm.Session,
    register: Register,
    year: int,
    series: Sequence[RegisterSeries],
    chosen: RegisterSeries | None,
) -> Any:
    """Return the choice of year and series."""
    years = set(
        session.scalars(
            sa.select(RegisterSeries.year).where(RegisterSeries.register_id == register.id)
        )
    ) | {year}
    keys = [(one.key, one.key) for one in series]
    parts = [fields.choice("year", _("Năm"), [(str(y), str(y)) for y in sorted(years)], str(year))]
    if len(keys) > 1:
        key = chosen.key if chosen is not None else ""
        parts.append(fields.choice("series", _("Dãy số"), keys, key))
    return fields.form("register", *parts)


def _tabs(session: orm.Session, current: UUID) -> list[dict[str, Any]]:
    """Return the agency's registers as tabs."""
    found = session.scalars(
        sa.select(Register)
        .where(Register.agency_id == acting().agency_id, Register.is_active.is_(True))
        .order_by(Register.kind, Register.name)
    )
    return [
        {
            "label": one.kind.label(language()),
            "href": url_for("register.show", register_id=one.id),
            "current": one.id == current,
        }
        for one in found
    ]


def _entries(
    session: orm.Session,
    register: Register,
    year: int,
    chosen: RegisterSeries | None,
    after: int,
) -> list[dict[str, Any]]:
    if chosen is None:
        return []
    if register.kind is RegisterKind.INCOMING:
        lines = incoming_book_rows(session, register.id, year, after=after, limit=PAGE)
    else:
        lines = outgoing_book_rows(session, register.id, year, chosen.key, after=after, limit=PAGE)
    entity: Any = IncomingDocument if register.kind is RegisterKind.INCOMING else OutgoingDocument
    column = (
        RegisterEntry.incoming_document_id
        if entity is IncomingDocument
        else RegisterEntry.outgoing_document_id
    )
    same_series = RegisterEntry.series_id == chosen.id
    if register.kind is RegisterKind.INCOMING:
        same_series = RegisterEntry.series_id.in_(
            sa.select(RegisterSeries.id).where(
                RegisterSeries.register_id == register.id, RegisterSeries.year == year
            )
        )
    found = session.execute(
        sa.select(RegisterEntry, entity)
        .join(RegisterSeries, RegisterSeries.id == RegisterEntry.series_id)
        .outerjoin(entity, entity.id == column)
        .where(same_series, RegisterEntry.number > after)
        .order_by(RegisterEntry.number, RegisterSeries.key)
        .limit(PAGE)
    ).all()
    shown = _incoming_entry if entity is IncomingDocument else _outgoing_entry
    return [
        shown(line, entry, document) for line, (entry, document) in zip(lines, found, strict=True)
    ]


def _shared(
    line: dict[str, str], entry: RegisterEntry, document: Document | None
) -> dict[str, Any]:
    voided = entry.state is EntryState.VOIDED
    return {
        "reference": line["reference"] or _("chưa có số"),
        "href": paper.page_of(document) if document is not None else "",
        "dated": line["issued_on"],
        "urgency": document.urgency.value if document is not None else "normal",
        "subject": line["subject"],
        "passed_on": line["handed_on"],
        "signed_for": line["receipt"],
        "signed_tone": "",
        "note": line["note"],
        "note_tone": "bad" if voided else "",
        "cancelled": voided,
    }


def _incoming_entry(
    line: dict[str, str], entry: RegisterEntry, document: IncomingDocument | None
) -> dict[str, Any]:
    shown = _shared(line, entry, document) | {
        "arrived_on": line["arrived_on"],
        "arrival_number": line["number"],
        "author": line["organ"],
        "receiver": line["receiver"],
        "channel": "",
        "channel_icon": "mail",
        "day": document.arrived_on if document is not None else None,
    }
    if document is None:
        return shown
    shown["channel"] = document.channel.label(language())
    shown["channel_icon"] = "network" if document.channel.value == "exchange" else "mail"
    if not shown["note"] and document.authenticity in {
        Authenticity.INVALID,
        Authenticity.UNSIGNED,
        Authenticity.UNDETERMINED,
    }:
        shown["note"] = document.authenticity.label(language())
        undetermined = document.authenticity is Authenticity.UNDETERMINED
        shown["note_tone"] = "undet" if undetermined else "bad"
    return shown


def _outgoing_entry(
    line: dict[str, str], entry: RegisterEntry, document: OutgoingDocument | None
) -> dict[str, Any]:
    return _shared(line, entry, document) | {
        "signatory": line["signer"],
        "recipients": line["recipients"],
        "keeper": line["kept_by"],
        "copies": line["copies"],
        "day": document.issued_on if document is not None else None,
    }


def _days(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Group the lines, in the order of their numbers, by the day they belong to."""
    days = []
    for day, lines in groupby(entries, key=lambda entry: entry["day"]):
        kept = list(lines)
        count = words.documents(len(kept))
        label = words.long_day(day) if day is not None else _("Chưa có ngày")
        days.append({"label": f"{label[:1].upper()}{label[1:]} ({count})", "entries": kept})
    return days
