"""What the page of one document tells (trang văn bản), gathered in one reading."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import url_for

from engine.database import Transaction
from engine.instance import InstanceStatus
from engine.work_item import WorkItem
from processes import reach, standing, work_items
from processes.copying import possible_copies
from records.authority import Act, may
from records.content import File
from records.directive import Assignment, Directive
from records.document import Document, IncomingDocument, OutgoingDocument, about
from records.dossier import Dossier, DossierItem
from records.link import DocumentLink
from records.vocabulary import (
    AssignmentKind,
    AssignmentState,
    Authenticity,
    FileKind,
    IncomingStatus,
    LinkKind,
)
from web import change_view, chronicle, paper, said, signature_view, words
from web.course import Course, courses_of, handling
from web.document_facts import facts_of, makers, statuses
from web.door import language
from web.keeping import keeping_facts
from web.paper import Papers
from web.sendings import packets_of
from web.tongue import _, ngettext

#: kinds of which a document may have several, told by their names
_NAMED = {
    FileKind.ANNEX,
    FileKind.SIGNED_ANNEX,
    FileKind.OPINION,
    FileKind.SOURCE,
    FileKind.COPY,
}
_ANSWERABLE = (
    IncomingStatus.REGISTERED,
    IncomingStatus.PRESENTED,
    IncomingStatus.DIRECTED,
    IncomingStatus.IN_PROGRESS,
)


def view_of(
    tx: Transaction, document: Document, papers: Papers, face: File | None
) -> dict[str, Any]:
    """Return the context of `document.html`."""
    courses = courses_of(tx, document)
    course = handling(courses)
    waiting = course.open_items() if course is not None else []
    held = course is not None and course.instance.status == InstanceStatus.SUSPENDED
    mine = next((i for i in _beside(courses, course, waiting, held=held) if _may_take(tx, i)), None)
    calendar = words.calendar_of(tx, document.agency_id)
    opinions = said.on_document(tx, document)
    facts = facts_of(document) + makers(tx, document) + keeping_facts(tx, face)
    title = paper.reference(document)
    return {
        "crumbs": _crumbs(document),
        "subject": document.subject or _("(chưa có trích yếu)"),
        "reference": title,
        "urgency": document.urgency.value,
        "secrecy": None,
        "status_text": _status(document, waiting, held=held),
        "due": words.due(waiting[0].due_at, tx.now, calendar) if waiting else None,
        "verdicts": paper.verdict_badges(document, papers),
        "step_href": url_for("step.show", item_id=mine.id) if mine is not None else None,
        "replay_href": _replay(document) if course is not None else None,
        "run_href": run_href(tx, document, course),
        "reply_href": _reply(tx, document),
        "copy_href": _copy(tx, document, papers),
        "opinion_href": None,
        "files": _tabs(document, papers, face),
        "pdf": paper.pdf(face, title),
        "download": _download(face),
        "warnings": _warnings(document) + change_view.warnings(tx, document),
        "diagram": _diagram(course),
        "opinions": opinions,
        "opinions_text": _count(len(opinions)),
        "assignments": _assignments(tx, document),
        "history": chronicle.history_of(tx, document, courses, course),
        "related": _related(tx, document),
        "signatures": signature_view.signatures(papers, face)
        or _signed_by(document, tx)
        or signature_view.unchecked(papers, face),
        "checks": signature_view.checks(papers, face),
        "check_action": _check_action(face),
        "facts": facts,
        "facts_text": _("%(n)s trường", n=len(facts)),
        **_exchange(tx, document),
    }


def _exchange(tx: Transaction, document: Document) -> dict[str, Any]:
    """Return what became of a document on its way, and what may be asked of its receivers."""
    return {
        "statuses": statuses(tx, document),
        **packets_of(tx, document),
        "acts": change_view.acts(tx, document),
    }


def _beside(
    courses: list[Course], course: Course | None, waiting: list[WorkItem], *, held: bool
) -> list[WorkItem]:
    """Return the open steps on a document: first those that answer what its sender asks."""
    aside = [i for c in courses if c is not course and c.instance.goes_on for i in c.open_items()]
    return [*aside, *([] if held else waiting)]


def _may_take(tx: Transaction, item: WorkItem) -> bool:
    allowed = may(tx.acting, Act.COMPLETE_WORK_ITEM, work_items.facts_of(item))
    return allowed and str(tx.acting.officer_id) not in item.excluded


def _count(count: int) -> str:
    return ngettext("%(num)d ý kiến", "%(num)d ý kiến", count)


def _crumbs(document: Document) -> list[dict[str, str]]:
    if isinstance(document, IncomingDocument):
        first = {"label": _("Văn bản đến"), "href": url_for("document.incoming_list")}
    else:
        first = {"label": _("Văn bản đi"), "href": url_for("document.outgoing_list")}
    return [first, {"label": paper.reference(document), "href": ""}]


def _status(document: Document, waiting: list[WorkItem], *, held: bool) -> str:
    status = document.status.label(language())
    if not waiting:
        return status
    step = waiting[0].name
    if held:
        return _("%(status)s · tạm dừng tại: %(step)s", status=status, step=step)
    return _("%(status)s · đang ở: %(step)s", status=status, step=step)


def _way(document: Document) -> str:
    return "incoming" if isinstance(document, IncomingDocument) else "outgoing"


def _replay(document: Document) -> str:
    return url_for("replay.show", way=_way(document), document_id=document.id)


def run_href(tx: Transaction, document: Document, course: Course | None) -> str | None:
    """Return where acts on the run are done, for whoever may do any while it goes on."""
    if course is None or course.instance.ended_at is not None:
        return None
    facts = reach.facts_of_document(tx, document)
    if not standing.may_act(tx, facts, course.open_items()):
        return None
    return url_for("run.show", instance_id=course.instance.id)


def _reply(tx: Transaction, document: Document) -> str | None:
    if not isinstance(document, IncomingDocument) or document.status not in _ANSWERABLE:
        return None
    if not may(tx.acting, Act.DRAFT_DOCUMENT):
        return None
    return url_for("begin.outgoing", reply=document.id)


def _copy(tx: Transaction, document: Document, papers: Papers) -> str | None:
    allowed = may(tx.acting, Act.SEAL_DOCUMENT) and document.frozen_at is None
    if not allowed or not possible_copies(document, list(papers.files)):
        return None
    return url_for("copying.make", way=_way(document), document_id=document.id)


def _tabs(document: Document, papers: Papers, face: File | None) -> list[dict[str, Any]]:
    """Return the files as tabs: of the signed versions only the newest."""
    main, old = papers.face(), papers.superseded()
    kept = {main, face}
    shown = [f for f in papers.files if f.kind is not FileKind.SIGNED or f in kept or f.id in old]
    shown.sort(key=lambda f: (f is not main, f.id in old, f.id))
    page = paper.page_of(document)
    return [
        {
            "label": _("Văn bản") if f is main else _tab(f, is_old=f.id in old),
            "href": f"{page}?file={f.id}",
            "current": face is not None and f.id == face.id,
        }
        for f in shown
    ]


def _tab(file: File, *, is_old: bool) -> str:
    label = paper.file_label(file)
    if is_old:
        label = _("%(kind)s (bản cũ)", kind=label)
    return f"{label}: {file.name}" if file.kind in _NAMED else label


def _download(face: File | None) -> dict[str, str] | None:
    if face is None:
        return None
    text = _("Tải tệp %(name)s, %(size)s", name=face.name, size=words.size(face.size))
    return {"href": url_for("file.read", file_id=face.id), "text": text}


def _check_action(face: File | None) -> str | None:
    """Return where the signatures of a PDF can be checked again, as of now."""
    if face is None or paper.pdf(face, "") is None or face.kind is FileKind.DRAFT:
        return None
    return url_for("file.check", file_id=face.id)


def _warnings(document: Document) -> list[dict[str, str]]:
    found = []
    if document.frozen_at is not None and not change_view.is_ended(document):
        found.append(
            {"tone": "warn", "text": _("Văn bản đang bị giữ nguyên trạng: không thay đổi được.")}
        )
    if document.is_petition:
        text = _("Đơn thư tranh chấp, khiếu nại, tố cáo: không gửi qua trục liên thông.")
        found.append({"tone": "", "text": text})
    if isinstance(document, IncomingDocument):
        if document.refusal_reason:
            text = _("Từ chối tiếp nhận: %(reason)s", reason=document.refusal_reason)
            found.append({"tone": "bad", "text": text})
        if document.authenticity.value in {"unsigned", "invalid"}:
            text = document.authenticity.label(language())
            if document.authenticity_reason:
                text = _(
                    "%(verdict)s. Vẫn tiếp nhận vì: %(reason)s",
                    verdict=text, reason=document.authenticity_reason,
                )  # fmt: skip
            tone = "bad" if document.authenticity is Authenticity.INVALID else ""
            found.append({"tone": tone, "text": text})
    return found


def _diagram(course: Course | None) -> dict[str, Any] | None:
    if course is None:
        return None
    return {
        "svg": course.draw(compact=True),
        "title": course.definition.name,
        "version_text": _("bản %(n)s", n=course.definition.number),
        "steps": course.steps(),
    }


def _assignments(tx: Transaction, document: Document) -> list[dict[str, Any]]:
    ((column, key),) = about(document).items()
    found = tx.scalars(
        sa.select(Assignment)
        .join(Directive, Directive.id == Assignment.directive_id)
        .where(getattr(Directive, column) == key)
        .order_by(Directive.at, Assignment.id)
    )
    calendar = words.calendar_of(tx, document.agency_id)
    over = {AssignmentState.FINISHED, AssignmentState.RETURNED}

    def progress(one: Assignment) -> str:
        if one.kind is AssignmentKind.INFORMED:
            return _("Đã xem") if one.state in over else _("Chưa xem")
        state = one.state.label(language())
        return f"{state}, {one.progress}%" if 0 < one.progress < 100 else state

    return [
        {
            "role_text": one.kind.label(language()),
            "tone": "act" if one.kind is AssignmentKind.LEAD else "",
            "who": one.name,
            "due": None if one.state in over else words.due(one.deadline, tx.now, calendar),
            "progress": progress(one),
        }
        for one in found
    ]


def _related(tx: Transaction, document: Document) -> list[dict[str, str]]:
    way = _way(document)
    mine = (
        getattr(DocumentLink, f"from_{way}_id") == document.id,
        getattr(DocumentLink, f"to_{way}_id") == document.id,
    )
    found = []
    for link in tx.scalars(sa.select(DocumentLink).where(sa.or_(*mine)).order_by(DocumentLink.id)):
        from_here = document.id in {link.from_incoming_id, link.from_outgoing_id}
        other = _other_end(tx, link, from_here=from_here)
        kind = link.kind.label(language()) if from_here else _from_there(link.kind)
        if other is None:
            label = link.to_reference or link.to_identifier
            found.append({"kind": kind, "label": label, "href": paper.page_of(document)})
            continue
        label = f"{paper.reference(other)}, {other.subject}"
        found.append({"kind": kind, "label": label, "href": paper.page_of(other)})
    return found + _dossiers(tx, document)


def _from_there(kind: LinkKind) -> str:
    """Return what a document is to the one that names it."""
    match kind:
        case LinkKind.REPLIES_TO:
            return _("Được trả lời bằng")
        case LinkKind.BASED_ON:
            return _("Làm căn cứ cho")
        case LinkKind.REPLACES:
            return _("Bị thay thế bởi")
    return kind.label(language())


def _other_end(tx: Transaction, link: DocumentLink, *, from_here: bool) -> Document | None:
    end = "to" if from_here else "from"
    incoming: UUID | None = getattr(link, f"{end}_incoming_id")
    outgoing: UUID | None = getattr(link, f"{end}_outgoing_id")
    if incoming is not None:
        return tx.get(IncomingDocument, incoming)
    return tx.get(OutgoingDocument, outgoing) if outgoing is not None else None


def _dossiers(tx: Transaction, document: Document) -> list[dict[str, str]]:
    ((column, key),) = about(document).items()
    found = tx.scalars(
        sa.select(Dossier)
        .join(DossierItem, DossierItem.dossier_id == Dossier.id)
        .where(getattr(DossierItem, column) == key)
        .order_by(Dossier.id)
    )
    return [
        {
            "kind": _("Hồ sơ"),
            "label": f"{one.file_notation} · {one.title}",
            "href": url_for("dossier.show", dossier_id=one.id),
        }
        for one in found
    ]


def _signed_by(document: Document, tx: Transaction) -> list[dict[str, Any]]:
    """Return what the record says of the signatures of our own document, not checked again yet."""
    if not isinstance(document, OutgoingDocument) or document.signed_at is None:
        return []
    signer = f"{document.signer_name}, {document.signer_position}"
    at = words.moment(document.signed_at, tx.now)
    found = [{"who": signer, "text": _("Ký lúc %(at)s.", at=at)}]
    if document.sealed_at is not None:
        at = words.moment(document.sealed_at, tx.now)
        found.append({"who": document.organ_name, "text": _("Ký số cơ quan lúc %(at)s.", at=at)})
    return [{"verdict": "unchecked", "step": "", "facts": [], **one} for one in found]
