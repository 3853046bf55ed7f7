"""What was said over a document (ý kiến, tiến độ, lý do trả lại): on its page and above a form."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.database import Transaction
from engine.work_item import ItemStatus, WorkItem
from records.content import File
from records.directive import Assignment, Directive, ProgressEntry
from records.document import Document, IncomingDocument, OutgoingDocument, about
from records.draft import Draft, Opinion, drafts_of
from records.organization import Officer
from records.vocabulary import AssignmentKind, FileKind
from web import paper, words
from web.door import language
from web.tongue import _

#: who confirms, urges on or goes on with the work reads how far it has got (Quy chế, Điều 8.1, 9.3)
_FOLLOWS_PROGRESS = frozenset({"complete", "follow_up", "process"})
#: so much of it stands above a form; all of it is on the document's page
_ABOVE_A_FORM = 8


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said: when, by whom, as what, in which words, with which files."""

    at: datetime
    who: str
    role: str
    text: str
    directive: bool = False
    files: Sequence[File] = field(default_factory=tuple)

    def shown(self, now: datetime) -> dict[str, Any]:
        """Return it for a page."""
        return {
            "who": self.who,
            "role": self.role,
            "when": words.moment(self.at, now),
            "text": self.text,
            "directive": self.directive,
            "files": [paper.file_link(file) for file in self.files],
        }


def on_document(tx: Transaction, document: Document) -> list[dict[str, Any]]:
    """Return directives, reports, proposals and opinions on drafts, in the order of time."""
    told = _directives(tx, document)
    if isinstance(document, OutgoingDocument):
        told += _on_drafts(tx, document)
    else:
        told += _progress(tx, document) + _proposal(document)
    return [one.shown(tx.now) for one in sorted(told, key=lambda one: one.at)]


def above_form(tx: Transaction, item: WorkItem, document: Document) -> list[dict[str, Any]]:
    """Return what whoever takes this step must have read: why it came back comes first."""
    told = _directives(tx, document)[-2:]
    if isinstance(document, OutgoingDocument):
        if item.verb == "draft":
            last = drafts_of(tx, document.id)[-1:]
            told += _on_drafts(tx, document, only=last[0], stage="consultation") if last else []
    elif item.verb == "direct":
        told += _proposal(document)
    if isinstance(document, IncomingDocument) and item.verb in _FOLLOWS_PROGRESS:
        told += _progress(tx, document)[-_ABOVE_A_FORM:]
    told.sort(key=lambda one: one.at)
    return [one.shown(tx.now) for one in _returned(tx, item) + told]


def _directives(tx: Transaction, document: Document) -> list[Said]:
    ((column, key),) = about(document).items()
    found = tx.scalars(
        sa.select(Directive)
        .where(getattr(Directive, column) == key, Directive.text != "")
        .order_by(Directive.at)
    )
    return [Said(one.at, one.by_name, one.by_title, one.text, directive=True) for one in found]


def _proposal(document: IncomingDocument) -> list[Said]:
    """Return what the clerk proposed when presenting it (Quy chế, Điều 3.7)."""
    if not document.proposal:
        return []
    at = document.registered_at or document.received_at
    return [Said(at, _("Văn thư"), _("đề xuất"), document.proposal)]


def _progress(tx: Transaction, document: IncomingDocument) -> list[Said]:
    """Return the reports of progress and of the cooperating units, each with its files."""
    rows = tx.rows(
        sa.select(ProgressEntry, Assignment)
        .join(Assignment, Assignment.id == ProgressEntry.assignment_id)
        .join(Directive, Directive.id == Assignment.directive_id)
        .where(Directive.incoming_document_id == document.id)
        .order_by(ProgressEntry.at)
    )
    if not rows:
        return []
    files = tx.scalars(
        sa.select(File)
        .where(File.incoming_document_id == document.id, File.kind == FileKind.OPINION)
        .order_by(File.id)
    )
    return [_report(entry, part, files) for entry, part in rows]


def _report(entry: ProgressEntry, part: Assignment, files: Sequence[File]) -> Said:
    if part.kind is AssignmentKind.COOPERATING:
        role = _("%(title)s, ý kiến phối hợp của %(part)s", title=entry.by_title, part=part.name)
    else:
        percent = f"{entry.percent}%"
        role = _("%(title)s, tiến độ %(percent)s", title=entry.by_title, percent=percent)
    sent = [
        file
        for file in files
        if file.created_at == entry.at and file.by_officer_id == entry.by_officer_id
    ]
    return Said(entry.at, entry.by_name, role, entry.text, files=sent)


def _on_drafts(
    tx: Transaction, document: OutgoingDocument, only: Draft | None = None, stage: str = ""
) -> list[Said]:
    wanted = (
        sa.select(Opinion, Draft.version_no)
        .join(Draft, Draft.id == Opinion.draft_id)
        .where(Draft.outgoing_document_id == document.id)
    )
    if only is not None:
        wanted = wanted.where(Draft.id == only.id, Opinion.stage == stage)
    told = []
    for opinion, number in tx.rows(wanted.order_by(Opinion.at)):
        verdict = opinion.verdict.label(language())
        text = f"{verdict}: {opinion.text}" if opinion.text else verdict
        role = _("%(title)s, về dự thảo bản %(n)s", title=opinion.by_title, n=number)
        told.append(Said(opinion.at, opinion.by_name, role, text))
    return told


def _returned(tx: Transaction, item: WorkItem) -> list[Said]:
    """Return why this step was opened again, and who says so (trả lại kèm lý do, Điều 14.4).

    A return counts until another step was begun and done after it.
    """
    rows = tx.rows(
        sa.select(WorkItem, Officer.full_name)
        .outerjoin(Officer, Officer.id == WorkItem.done_by)
        .where(
            WorkItem.instance_id == item.instance_id,
            WorkItem.status == ItemStatus.DONE,
            WorkItem.done_at <= item.opened_at,
        )
        .order_by(WorkItem.done_at.desc())
        .limit(50)
    )
    later: list[WorkItem] = []
    for one, name in rows:
        if one.verb == "cooperate" and item.verb != "review_cooperation":
            continue  # beside the work of the lead: only whoever directs takes it back
        outcome, at = one.outcome or {}, one.done_at
        if outcome.get("outcome") == "return" and at is not None:
            if any(other.opened_at >= at for other in later):
                return []
            role = _("trả lại tại bước «%(step)s»", step=one.name)
            return [Said(at, name or "", role, str(outcome.get("reason") or ""))]
        if one.node_id != item.node_id:
            later.append(one)
    return []
