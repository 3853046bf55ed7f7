"""Documents sent and not taken in yet (văn bản đi chưa được tiếp nhận): the clerk's list."""

from typing import Any

from flask import Blueprint, g, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.database import Transaction
from processes.unreceived import Unreceived, unreceived
from records.authority import Act, may
from records.change import ChangeRequest, requests_waiting
from records.organization import find_agency_by_code
from records.vocabulary import Delivery
from web import fields, paper, words
from web.door import acting, language, transaction
from web.policy import needs
from web.tongue import _

pages = Blueprint("unreceived", __name__)
_PAGE = 50
_TONES = {Delivery.FAILED: "bad", Delivery.ARRIVED: "act"}


def tab(*, incoming: bool = False, current: bool = False) -> list[dict[str, Any]]:
    """Return the tab that leads here, for whoever may see what passes between agencies."""
    if not may(acting(), Act.READ_EXCHANGE):
        return []
    if incoming:
        href = url_for("unreceived.requests")
        return [{"label": _("Yêu cầu chờ văn bản"), "href": href, "current": current}]
    label = _("Chưa được tiếp nhận")
    return [{"label": label, "href": url_for("unreceived.show"), "current": current}]


@pages.get("/outgoing/unreceived")
@needs(Act.READ_EXCHANGE)
def show() -> Response:
    """List what receivers have not taken in, the oldest first, each with its day of receipt."""
    g.nav = "document.outgoing_list"
    before = request.args.get("after", "")
    with transaction() as tx:
        calendar = words.calendar_of(tx, tx.acting.agency_id)
        after = paper.key_of(before) if before else None
        found = unreceived(tx, calendar, after=after, limit=_PAGE + 1)
        shown = [_row(tx, one) for one in found[:_PAGE]]
    more = found[_PAGE - 1].recipient.id if len(found) > _PAGE else None
    rest = (("open", _("Đang xử lý")), ("done", _("Đã xong")), ("all", _("Tất cả")))
    tabs = [
        {"label": label, "href": url_for("document.outgoing_list", state=state), "current": False}
        for state, label in rest
    ]
    context = {
        "title": _("Văn bản đi chưa được tiếp nhận"),
        "summary": _(
            "Bên nhận xác nhận trong ngày văn bản đến (Nghị định 30/2020/NĐ-CP, Điều 21); quá ngày "
            "thì liên hệ, đôn đốc."
        ),
        "kind": "outgoing",
        "tabs": tabs + tab(current=True),
        "filters": fields.form("unreceived"),
        "filter_action": url_for("document.outgoing_list"),
        "rows": shown,
        "page": {
            "text": words.documents(len(shown)),
            "older": url_for("unreceived.show", after=more) if more else None,
            "newer": url_for("unreceived.show") if before else None,
        },
        "new": None,
        "empty": {
            "title": _("Mọi nơi nhận đã tiếp nhận"),
            "text": _("Văn bản gửi qua trục đều đã được xác nhận."),
        },
    }
    return make_response(render_template("outgoing_list.html", documents=context))


@pages.get("/incoming/requests")
@needs(Act.READ_EXCHANGE)
def requests() -> Response:
    """List what senders ask of documents that have not come here, with the reasons."""
    g.nav = "document.incoming_list"
    with transaction() as tx:
        shown = [_asked(tx, one) for one in requests_waiting(tx)]
    context = {
        "title": _("Yêu cầu của bên gửi chờ văn bản"),
        "summary": _("Văn bản được yêu cầu chưa đến; khi đến, yêu cầu vào hộp việc của văn thư."),
        "kind": "incoming",
        "tabs": [
            {"label": _("Văn bản đến"), "href": url_for("document.incoming_list"), "current": False}
        ],
        "filters": fields.form("requests"),
        "filter_action": url_for("document.incoming_list"),
        "rows": shown,
        "page": {"text": words.documents(len(shown)), "older": None, "newer": None},
        "new": None,
        "empty": {
            "title": _("Không có yêu cầu nào"),
            "text": _("Mọi yêu cầu của bên gửi đều đã gắn với văn bản."),
        },
    }
    return make_response(render_template("incoming_list.html", documents=context))


def _asked(tx: Transaction, one: ChangeRequest) -> dict[str, Any]:
    agency = find_agency_by_code(tx, one.organ_code)
    return {
        "reference": one.reference or one.identifier,
        "href": url_for("document.incoming_list", text=one.reference, state="all"),
        "urgency": "normal",
        "subject": _("Lý do: %(reason)s", reason=one.reason),
        "party": agency.name if agency is not None else one.organ_code,
        "dated": "",
        "number_text": "",
        "status_text": one.kind.label(language()),
        "status_tone": "act",
        "who": _("từ %(when)s", when=words.moment(one.received_at, tx.now)),
        "due": None,
        "verdict": None,
    }


def _row(tx: Transaction, one: Unreceived) -> dict[str, Any]:
    document, recipient = one.document, one.recipient
    calendar = words.calendar_of(tx, document.agency_id)
    status = recipient.delivery.label(language())
    if recipient.delivery_reason:
        status = f"{status}: {recipient.delivery_reason}"
    since = words.moment(recipient.delivered_at or document.issued_at, tx.now)
    return {
        "reference": paper.reference(document),
        "href": paper.page_of(document),
        "urgency": document.urgency.value,
        "subject": document.subject,
        "party": recipient.name,
        "dated": words.day(document.issued_on),
        "number_text": _("Đã ký, đã đóng dấu") if document.sealed_at else _("Đã ký"),
        "status_text": status,
        "status_tone": _TONES.get(recipient.delivery, ""),
        "who": _("từ %(when)s", when=since),
        "due": words.due(one.due_at, tx.now, calendar),
        "verdict": None,
    }
