"""How the packets of a document fared (gói tin của văn bản): attempts, failures, send again."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, make_response, redirect, url_for
from werkzeug.wrappers import Response

from engine.database import Transaction
from processes import reach
from processes.delivery.receipt import MATCHES
from processes.delivery.unsent import send_again, unsent
from processes.evidence.exchange import make_exchange, subject_of
from records.authority import Act, may
from records.document import Document, IncomingDocument, about
from records.organization import find_agency_by_code
from records.transfer import Attempt, AttemptOutcome, Carriage, Direction, Packet, SignedReceipt
from web import change_view, paper, words
from web.door import language, office, transaction
from web.policy import ensure, needs
from web.shell import say
from web.tongue import _, ngettext

pages = Blueprint("sending", __name__)
_TONES = {Carriage.FAILED: "bad", Carriage.QUEUED: "warn", Carriage.ACKNOWLEDGED: "ok"}


def packets_of(tx: Transaction, document: Document) -> dict[str, Any]:
    """Return what a document's page tells of its packets."""
    return {"sendings": sendings_of(tx, document), "failures": failures_of(tx, document)}


def sendings_of(tx: Transaction, document: Document) -> list[dict[str, Any]]:
    """Return the packets of a document that came or left, each with its attempts."""
    ((column, key),) = about(document).items()
    packets = tx.scalars(
        sa.select(Packet)
        .where(
            getattr(Packet, column) == key,
            sa.or_(Packet.direction == Direction.OUT, Packet.message_type == "edoc"),
        )
        .order_by(Packet.at, Packet.id)
    )
    attempts: dict[UUID, list[Attempt]] = {}
    for one in tx.scalars(
        sa.select(Attempt)
        .where(Attempt.of_packet_id.in_([p.id for p in packets]))
        .order_by(Attempt.started_at, Attempt.id)
    ):
        attempts.setdefault(one.of_packet_id, []).append(one)
    may_export = may(tx.acting, Act.EXPORT_EVIDENCE, reach.facts_of_document(tx, document))
    called = change_view.called(tx, document)
    return [
        {"text": _called(tx, p, called.get(p.send_key or p.id, ""))}
        | _packet(tx, p, attempts.get(p.id, []), may_export=may_export)
        for p in packets
    ]


def _packet(
    tx: Transaction, packet: Packet, attempts: Sequence[Attempt], *, may_export: bool
) -> dict[str, Any]:
    count = ngettext("%(num)d lần gửi", "%(num)d lần gửi", len(attempts))
    return {
        "state_text": packet.state.label(language()),
        "tone": _TONES.get(packet.state, ""),
        "count_text": count if packet.direction is Direction.OUT else "",
        "receipt_text": _receipt(tx, packet),
        "evidence_href": evidence_href(packet) if may_export else None,
        "attempts": [_attempt(tx, one) for one in attempts],
    }


def _called(tx: Transaction, packet: Packet, asked: str) -> str:
    """Return what a packet is: a document, a report, or what is `asked` of a document."""
    if packet.direction is Direction.IN:
        who = _who(tx, packet.from_code)
        if asked:
            return _("Yêu cầu %(kind)s nhận từ %(who)s", kind=asked, who=who)
        return _("Văn bản nhận từ %(who)s", who=who)
    to = _who(tx, packet.to_code)
    if asked:
        return _("Yêu cầu %(kind)s gửi %(to)s", kind=asked, to=to)
    if packet.message_type == "status":
        return _("Thông báo trạng thái gửi %(to)s", to=to)
    return _("Văn bản gửi %(to)s", to=to)


def _who(tx: Transaction, code: str) -> str:
    """Return the name of the agency that bears a code, with the code."""
    agency = find_agency_by_code(tx, code)
    return f"{agency.name} ({code})" if agency is not None else code


def evidence_href(packet: Packet) -> str:
    """Return where the evidence of one exchange is had."""
    return url_for("sending.evidence", packet_id=packet.id)


def _receipt(tx: Transaction, packet: Packet) -> str:
    """Return what is known of the receiver's signed receipt, nothing for what asks for none."""
    found = tx.scalars(sa.select(SignedReceipt).where(SignedReceipt.of_packet_id == packet.id))
    if not found:
        return ""
    if packet.direction is Direction.IN:
        return _("Đã ký biên nhận gửi bên gửi") if found[0].body else ""
    if found[0].verdict == MATCHES:
        return _("Bên nhận đã ký biên nhận: %(who)s", who=found[0].signer)
    return _("Biên nhận của bên nhận KHÔNG KHỚP với gói tin đã gửi")


def _attempt(tx: Transaction, one: Attempt) -> dict[str, str]:
    took = "" if one.ended_at is None else _seconds((one.ended_at - one.started_at).total_seconds())
    text = one.outcome.label(language())
    if one.outcome in {AttemptOutcome.FAILED, AttemptOutcome.GIVEN_UP}:
        text = f"{text}: {one.error} ({one.error_code})"
    when = words.moment(one.started_at, tx.now)
    return {"when": when, "took": took, "address": one.address, "text": text}


def _seconds(length: float) -> str:
    return _("%(n)s giây", n=f"{length:.1f}".replace(".", "," if language() == "vi" else "."))


def failures_of(tx: Transaction, document: Document) -> list[dict[str, Any]]:
    """Return what was given up about a document, with the act that sends it again."""
    allowed = may(tx.acting, Act.ISSUE_DOCUMENT)
    way = "incoming" if isinstance(document, IncomingDocument) else "outgoing"
    return [
        {
            "text": _("Không gửi được tới %(to)s: %(why)s", to=one.to, why=one.why),
            "action": url_for(
                "sending.again", way=way, document_id=document.id, incident_id=one.incident_id
            )
            if allowed
            else None,
        }
        for one in unsent(tx)
        if one.document_id == document.id
    ]


@pages.get("/sendings/<uuid:packet_id>/evidence")
@needs(Act.EXPORT_EVIDENCE, each=True)
def evidence(packet_id: UUID) -> Response:
    """Hand over the evidence of one exchange; the journal notes its digest."""
    with transaction() as tx, office().database.session() as session:
        packet = tx.get(Packet, packet_id)
        document = subject_of(tx, packet)
        facts = reach.facts_of_document(tx, document) if document is not None else None
        ensure(tx.acting, Act.EXPORT_EVIDENCE, *(one for one in (facts,) if one is not None))
        made = make_exchange(tx, session, office().means, packet_id)
    response = make_response(made.content)
    response.content_type = "application/vnd.etsi.asic-e+zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    return response


@pages.post("/<any(incoming, outgoing):way>/<uuid:document_id>/sendings/<uuid:incident_id>/again")
@needs(Act.ISSUE_DOCUMENT)
def again(way: str, document_id: UUID, incident_id: UUID) -> Response:
    """Have what could not be sent tried again."""
    with transaction() as tx:
        document = paper.load_document(tx, way, document_id)
        ensure(tx.acting, Act.READ_DOCUMENT, reach.facts_of_document(tx, document))
        one = send_again(tx, incident_id)
        target = paper.page_of(document)
    say(_("Đang gửi lại tới %(to)s.", to=one.to))
    return redirect(target, 303)
