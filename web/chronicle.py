"""All that happened to a document, newest first (lịch sử): its runs, and what was asked of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from engine.database import Transaction
from records.change import ChangeAnswer, ChangeRequest, requests_received, requests_sent
from records.document import Document, IncomingDocument, OutgoingDocument
from records.recipient import recipients_of
from web import change_view, words
from web.course import Course
from web.door import language
from web.tongue import _

#: a moment and the line that tells of it
_Told = tuple[datetime, dict[str, Any]]


def history_of(
    tx: Transaction, document: Document, courses: Sequence[Course], course: Course | None
) -> list[dict[str, Any]]:
    """Return the steps of the run that handles a document, of those that answered its sender, and
    what was asked and answered, each with who and why.
    """
    told: list[_Told] = []
    for one in courses:
        shown = one.timeline(tx.now)
        lines = zip(reversed(one.happenings), shown, strict=True)
        # that an answering run began is told by the request itself
        told += [(h.at, line) for h, line in lines if one is course or h.kind != "start"]
    if isinstance(document, OutgoingDocument):
        told += [*_asked_of_receivers(tx, document), *_ended(tx, document)]
    else:
        told += _asked_by_sender(tx, document, courses)
    told.sort(key=lambda one: one[0], reverse=True)
    for place, (_at, line) in enumerate(told):
        if line["state"] in {"now", ""}:
            line["state"] = "" if place else "now"
    return [line for _at, line in told]


def _line(tx: Transaction, at: datetime, who: str, text: str, state: str = "") -> _Told:
    when = words.moment(at, tx.now)
    return at, {"who": who, "text": text, "when": when, "at": words.iso(at), "state": state}


def _asked_of_receivers(tx: Transaction, document: OutgoingDocument) -> Iterator[_Told]:
    """Yield what we asked, once for all receivers asked at once, and each answer."""
    names = {one.id: one.name for one in recipients_of(tx, document)}
    sent = requests_sent(tx, document.id)
    for _key, alike in groupby(sent, key=lambda r: (r.asked_at, r.kind, r.reason, r.by_name)):
        group = list(alike)
        one, to = group[0], ", ".join(_named(names, r.recipient_id) for r in group)
        asked = _(
            "yêu cầu %(kind)s tại %(to)s: %(reason)s", kind=_kind(one), to=to, reason=one.reason
        )
        yield _line(tx, one.asked_at, one.by_name or _("Hệ thống"), asked)
    for one in sent:
        if one.answered_at is not None:
            who = ", ".join(p for p in (one.answered_by, _named(names, one.recipient_id)) if p)
            yield _line(tx, one.answered_at, who, _answer(one), _tone(one))


def _asked_by_sender(
    tx: Transaction, document: IncomingDocument, courses: Sequence[Course]
) -> Iterator[_Told]:
    """Yield what the sender asked; an answer that no run tells of was given at once."""
    run = {str(item.variables.get("change")) for course in courses for item in course.items}
    for one in requests_received(tx, document.id):
        who = ", ".join(part for part in (one.by_name, document.organ_name) if part)
        asked = _("yêu cầu %(kind)s: %(reason)s", kind=_kind(one), reason=one.reason)
        yield _line(tx, one.received_at or one.asked_at, who, asked)
        if one.answered_at is not None and str(one.id) not in run:
            yield _line(tx, one.answered_at, one.answered_by, _answer(one), _tone(one))


def _ended(tx: Transaction, document: OutgoingDocument) -> Iterator[_Told]:
    if document.recalled_at is not None and change_view.is_ended(document):
        state = document.status.label(language())
        text = f"{state}: {document.withdrawn_reason}" if document.withdrawn_reason else state
        yield _line(tx, document.recalled_at, _("Hệ thống"), text)


def _named(names: dict[UUID, str], key: UUID | None) -> str:
    return names.get(key, "") if key is not None else ""


def _kind(one: ChangeRequest) -> str:
    return one.kind.label(language()).lower()


def _answer(one: ChangeRequest) -> str:
    said = one.answer.label(language()).lower()
    reason = change_view.reason_of(one)
    if not reason:
        return _("%(answer)s yêu cầu %(kind)s", answer=said, kind=_kind(one))
    return _(
        "%(answer)s yêu cầu %(kind)s: %(reason)s",
        answer=said, kind=_kind(one), reason=reason,
    )  # fmt: skip


def _tone(one: ChangeRequest) -> str:
    return "bad" if one.answer is ChangeAnswer.REFUSED else ""
