"""How the packets of a document fared (gói tin của văn bản): attempts, failures, send again."""

from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, redirect, url_for
from werkzeug.wrappers import Response

from engine.database import Transaction
from engine.errors import NotFound, Stale
from processes import reach
from processes.delivery.receipt_keys import MATCHES, OTHER_KEY
from processes.delivery.sendings import Sending, given_up, sendings_of
from processes.delivery.unsent import send_again
from processes.evidence.exchange import evidence_of, subject_of
from records.authority import Act, may
from records.document import Document, IncomingDocument
from records.organization import find_agency_by_code
from records.transfer import Attempt, AttemptOutcome, Carriage, Direction, Packet
from web import change_view, paper, words
from web.door import language, office, transaction
from web.policy import ensure, needs
from web.shell import say
from web.tongue import _, ngettext

pages = Blueprint("sending", __name__)
_TONES = {Carriage.FAILED: "bad", Carriage.QUEUED: "warn", Carriage.ACKNOWLEDGED: "ok"}


def packets_of(tx: Transaction, document: Document) -> dict[str, Any]:
    """Return what a document's page tells of its packets."""
    return {"sendings": sendings_shown(tx, document), "failures": failures_of(tx, document)}


def sendings_shown(tx: Transaction, document: Document) -> list[dict[str, Any]]:
    """Return the packets of a document that came or left, each with its attempts."""
    may_export = may(tx.acting, Act.EXPORT_EVIDENCE, reach.facts_of_document(tx, document))
    called = change_view.called(tx, document)
    return [
        {"text": _called(tx, one.packet, called.get(one.packet.send_key or one.packet.id, ""))}
        | _packet(tx, one, may_export=may_export)
        for one in sendings_of(tx, document)
    ]


def _packet(tx: Transaction, sending: Sending, *, may_export: bool) -> dict[str, Any]:
    packet, attempts = sending.packet, sending.attempts
    count = ngettext("%(num)d lần gửi", "%(num)d lần gửi", len(attempts))
    return {
        "state_text": packet.state.label(language()),
        "tone": _TONES.get(packet.state, ""),
        "count_text": count if packet.direction is Direction.OUT else "",
        "receipt_text": _receipt(sending),
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


def _receipt(sending: Sending) -> str:
    """Return what is known of the receiver's signed receipt, nothing for what asks for none."""
    found = sending.receipt
    if found is None:
        return ""
    if sending.packet.direction is Direction.IN:
        return _("Đã ký biên nhận gửi bên gửi") if found.body else ""
    if found.verdict == OTHER_KEY:
        return _("Biên nhận ký bằng khóa khác với khóa đã biết của bên nhận, chờ xác nhận")
    if found.verdict == MATCHES:
        key = found.fingerprint[:16]
        return _("Bên nhận đã ký biên nhận: %(who)s, khóa %(key)s…", who=found.signer, key=key)
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
        for one in given_up(tx, document)
    ]


@pages.get("/sendings/<uuid:packet_id>/evidence")
@needs(Act.EXPORT_EVIDENCE, each=True)
def evidence(packet_id: UUID) -> Response:
    """Hand over the evidence of one exchange; the journal notes its digest."""
    with transaction() as tx:
        packet = tx.get(Packet, packet_id)
        document = subject_of(tx, packet)
        facts = reach.facts_of_document(tx, document) if document is not None else None
        ensure(tx.acting, Act.EXPORT_EVIDENCE, *(one for one in (facts,) if one is not None))
    made = evidence_of(transaction, office().database, office().means, packet_id)
    response = make_response(made.content)
    response.content_type = made.media_type
    response.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    return response


@pages.post("/<any(incoming, outgoing):way>/<uuid:document_id>/sendings/<uuid:incident_id>/again")
@needs(Act.ISSUE_DOCUMENT)
def again(way: str, document_id: UUID, incident_id: UUID) -> Response:
    """Have what could not be sent tried again."""
    with transaction() as tx:
        document = paper.load_document(tx, way, document_id)
        ensure(tx.acting, Act.READ_DOCUMENT, reach.facts_of_document(tx, document))
        target = paper.page_of(document)
        try:
            one = send_again(tx, incident_id)
        except (NotFound, Stale):  # pressed twice: the first press closed it
            say(_("Việc gửi này không còn chờ gửi lại: xem tình trạng gửi của văn bản."))
            return redirect(target, 303)
    say(_("Đang gửi lại tới %(to)s.", to=one.to))
    return redirect(target, 303)
