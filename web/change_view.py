"""What was asked of a document after it left, and what was answered, as its page tells it."""

from typing import Any
from uuid import UUID

from flask import url_for

from engine.database import Transaction
from processes.recall.ask import askable
from records.authority import Act, may
from records.change import ChangeAnswer, ChangeRequest, requests_received, requests_sent
from records.document import Document, IncomingDocument, OutgoingDocument
from records.vocabulary import IncomingStatus, OutgoingStatus
from web import words
from web.door import language
from web.tongue import _

_ENDED = {OutgoingStatus.RECALLED, OutgoingStatus.REPLACED}


def acts(tx: Transaction, document: Document) -> list[dict[str, str]]:
    """Return what may be asked of the receivers of an issued document."""
    if not isinstance(document, OutgoingDocument) or document.issued_at is None:
        return []
    if document.status in _ENDED:
        return []
    found = []
    if may(tx.acting, Act.DRAFT_DOCUMENT):
        new = url_for("begin.outgoing", replaces=document.id)
        found.append({"label": _("Soạn văn bản thay thế"), "href": new, "icon": "file-pen"})
    if not may(tx.acting, Act.RECALL_DOCUMENT):
        return found
    if document.frozen_at is not None and not askable(tx, document):
        return found
    if document.frozen_at is None:
        changed = url_for("updating.ask", document_id=document.id)
        label = _("Cập nhật, thêm bớt nơi nhận")
        found.append({"label": label, "href": changed, "icon": "file-pen"})
    asked = url_for("recalling.ask", document_id=document.id)
    found.append({"label": _("Lấy lại, thu hồi"), "href": asked, "icon": "undo"})
    return found


def told_of_recipients(tx: Transaction, document_id: UUID) -> dict[UUID, list[dict[str, str]]]:
    """Return the lines on what was asked of each recipient, by recipient."""
    found: dict[UUID, list[dict[str, str]]] = {}
    for one in requests_sent(tx, document_id):
        if one.recipient_id is not None:
            found.setdefault(one.recipient_id, []).extend(_lines(one, tx))
    return found


def _lines(one: ChangeRequest, tx: Transaction) -> list[dict[str, str]]:
    kind = one.kind.label(language())
    asked = _("Yêu cầu %(kind)s: %(reason)s", kind=kind.lower(), reason=one.reason)
    lines = [{"agency": "", "code_text": asked, "when": words.moment(one.asked_at, tx.now)}]
    if one.failure and one.sent_at is None:
        failed = _("Chưa gửi được yêu cầu: %(reason)s", reason=one.failure)
        lines.append({"agency": "", "code_text": failed, "when": ""})
    if one.answer is not ChangeAnswer.OPEN:
        when = words.moment(one.answered_at, tx.now)
        lines.append({"agency": "", "code_text": answer_text(one), "when": when})
    return lines


def answer_text(one: ChangeRequest) -> str:
    """Return what was answered, by whom and why."""
    said = one.answer.label(language())
    if one.answered_by:
        said = f"{said} ({one.answered_by})"
    reason = reason_of(one)
    return f"{said}: {reason}" if reason else said


def reason_of(one: ChangeRequest) -> str:
    """Return why it was answered so, nothing where only the answer itself is said again."""
    plain = f"{one.answer.vi} {one.kind.vi.lower()}"
    return "" if one.answer_reason == plain else one.answer_reason


def warnings(tx: Transaction, document: Document) -> list[dict[str, Any]]:
    """Return the notes on a document that was asked back, withdrawn or replaced."""
    found = []
    if isinstance(document, OutgoingDocument) and document.status in _ENDED:
        found.append({"tone": "bad", "text": _withdrawn(document)})
    if isinstance(document, IncomingDocument):
        if is_ended(document):
            found.append({"tone": "bad", "text": _withdrawn(document)})
        for one in requests_received(tx, document.id):
            tone = "warn" if one.answer is ChangeAnswer.OPEN else ""
            found.append({"tone": tone, "text": _received(one, tx, document)})
    return found


def is_ended(document: Document) -> bool:
    """Return whether its sender withdrew or replaced a document, which says that it is frozen."""
    ended = {*_ENDED, IncomingStatus.CANCELLED, IncomingStatus.REPLACED}
    return document.status in ended


def _received(one: ChangeRequest, tx: Transaction, document: IncomingDocument) -> str:
    """Return what the sender asked; a reason that the document's own note gives is not repeated."""
    asked = _(
        "Bên gửi yêu cầu %(kind)s lúc %(when)s",
        kind=one.kind.label(language()).lower(), when=words.moment(one.asked_at, tx.now),
    )  # fmt: skip
    if one.reason not in document.withdrawn_reason:
        asked = f"{asked}: {one.reason}"
    return _("%(asked)s. Trả lời: %(answer)s", asked=asked, answer=answer_text(one))


def _withdrawn(document: Document) -> str:
    state = document.status.label(language())
    return f"{state}: {document.withdrawn_reason}" if document.withdrawn_reason else state


def called(tx: Transaction, document: Document) -> dict[UUID | str, str]:
    """Return what packets of a document ask, by the key of what left or the id of what came."""
    if isinstance(document, OutgoingDocument):
        sent = requests_sent(tx, document.id)
        return {f"change:{one.id}": one.kind.label(language()).lower() for one in sent}
    received = requests_received(tx, document.id)
    return {
        one.packet_id: one.kind.label(language()).lower()
        for one in received
        if one.packet_id is not None
    }
