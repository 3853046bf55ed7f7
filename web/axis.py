"""The axis as its operator sees it (vận hành trục): queues, stuck packets, silence, its log.

Headers only; the content of a message is opened with a reason, which the journal keeps.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.database import Transaction
from engine.errors import NotFound, OfficeError
from exchange.axis_log import LogEntry, LogKind
from exchange.axis_refusals import NotProven
from exchange.axis_store import Packet, PacketState, Route
from records import axis_log, axis_queues, journal
from records.authority import Act, Facts
from records.axis import AxisStore
from records.organization import Officer
from web import words
from web.door import acting, language, office, system_transaction
from web.policy import ensure, needs
from web.shell import say
from web.tongue import _, later

pages = Blueprint("axis_page", __name__)
_INSTALLATION = Facts(None)
#: clients ask every few seconds; a system that has not for this long is not there
_SILENT = timedelta(minutes=15)
#: what waits longer is stuck; what failed within that time is worth a look
_PATIENCE, _MEMORY = timedelta(hours=1), timedelta(days=7)
_SHORTEST_REASON = 10
#: agencies of one system that are named
_NAMED = 4
_STATES = {
    PacketState.INITIAL: (later("chờ bên nhận"), "warn"),
    PacketState.PROCESSING: (later("đang xử lý"), "warn"),
    PacketState.DONE: (later("đã nhận"), "ok"),
    PacketState.FAIL: (later("không nhận được"), "bad"),
}
_KINDS = {
    LogKind.ACCEPTED: later("trục tiếp nhận"),
    LogKind.REPEATED: later("gửi lại, không nhận thêm"),
    LogKind.DELIVERED: later("bên nhận tải về"),
    LogKind.CONFIRMED: later("bên nhận xác nhận"),
    LogKind.FORWARDED: later("chuyển lên trục cấp trên"),
    LogKind.OFFERED: later("cho gửi lại"),
    LogKind.OPENED: later("người vận hành mở nội dung"),
}


class ReasonMissing(OfficeError):
    """Content was to be opened without a reason (chưa nêu lý do)."""

    code = "reason-missing"
    vi = "Hãy nêu lý do mở nội dung, ít nhất {least} ký tự; nhật ký giữ lý do này."
    en = "State why the content is opened, at least {least} characters; the journal keeps it."


@pages.get("/operator/axis")
@needs(Act.OPERATE, each=True)
def show() -> Response:
    """Show who has what waiting, what is stuck, and how the log stands."""
    ensure(acting(), Act.OPERATE, _INSTALLATION)
    with system_transaction() as tx:
        stuck, count = axis_queues.stuck(tx, _PATIENCE, _MEMORY)
        names = axis_queues.names_of(tx, stuck)
        shown = {
            "title": _("Trục liên thông"),
            "updated_text": _("Cập nhật %(at)s", at=words.exact(tx.now)),
            "log": _log(tx),
            "queues": [_queue(one, tx) for one in axis_queues.queues_of(tx)],
            "stuck": [
                _row(one, tx, names)
                | {"href": url_for("axis_page.packet", packet_id=one.packet_id)}
                for one in stuck
            ],
            "rest": _rest(len(stuck), count),
            "back": url_for("operator.show"),
        }
    return make_response(render_template("axis.html", axis=shown))


def _rest(shown: int, count: int) -> str:
    """Return what is said where more is stuck than is shown."""
    if shown == count:
        return ""
    numbers = {"n": words.number(shown), "m": words.number(count)}
    return _("%(n)s trong %(m)s gói tin: gói lỗi trước, gói chờ lâu nhất trước", **numbers)


def _queue(one: axis_queues.Queue, tx: Transaction) -> dict[str, Any]:
    silent = one.is_silent(tx.now, _SILENT)
    return {
        "system": one.system_id,
        "agencies": _agencies(one.agencies),
        "waiting": words.number(one.waiting),
        "oldest": words.moment(one.oldest_at, tx.now) if one.oldest_at else "–",
        "asked": words.moment(one.polled_at, tx.now) if one.polled_at else _("chưa hỏi lần nào"),
        "state_text": _("im lặng") if silent else _("đang nhận"),
        "state_tone": ("bad" if one.waiting else "warn") if silent else "ok",
    }


def _agencies(names: tuple[str, ...]) -> str:
    """Return the agencies of a system: a few by name, of a provincial one how many more."""
    told = ", ".join(names[:_NAMED]) or _("chưa có đơn vị")
    more = len(names) - _NAMED
    return _("%(told)s và %(n)s đơn vị khác", told=told, n=words.number(more)) if more > 0 else told


def _row(packet: Packet, tx: Transaction, names: dict[str, str]) -> dict[str, Any]:
    text, tone = _STATES[packet.state]
    forwarded = packet.route is Route.UPSTREAM and not packet.forwarded_as
    waits = forwarded and packet.state.is_waiting
    return {
        "reference": packet.reference or packet.packet_id,
        "subject": packet.subject,
        "way": _(
            "%(a)s → %(b)s",
            a=names.get(packet.sender, packet.sent_as),
            b=names.get(packet.receiver, packet.addressed_as),
        ),
        "codes": _("%(a)s → %(b)s", a=packet.sent_as, b=packet.addressed_as),
        "since": words.moment(packet.created_at, tx.now),
        "state_text": _("chờ chuyển lên trục cấp trên") if waits else str(text),
        "state_tone": tone,
        "why": packet.description,
    }


def _log(tx: Transaction) -> dict[str, str]:
    """Return how the log stands: proven, only signed, or so long unproven that nothing is taken."""
    means = office().means
    state = axis_log.state_of(tx)
    numbers = {"n": words.number(state.chained), "m": words.number(state.waiting)}
    text = _("%(n)s mục trong chuỗi, %(m)s mục chờ", **numbers)
    if state.signed_at is not None:
        text += _("; đầu chuỗi ký %(at)s", at=words.moment(state.signed_at, tx.now))
    if means.signing.timestamps is None:
        return {"text": text, "state_text": _("chưa đóng dấu thời gian"), "state_tone": "warn"}
    since = axis_log.unproven_since(tx)
    try:
        means.axis_rules.check_proof(since, tx.now)
    except NotProven as error:
        return {"text": error.text(language()), "state_text": _("ngừng nhận"), "state_tone": "bad"}
    if since is not None and tx.now - since > timedelta(minutes=10):
        late = _("chậm đóng dấu từ %(at)s", at=words.moment(since, tx.now))
        return {"text": text, "state_text": late, "state_tone": "warn"}
    return {"text": text, "state_text": _("đã đóng dấu thời gian"), "state_tone": "ok"}


@pages.get("/operator/axis/<packet_id>")
@needs(Act.OPERATE, each=True)
def packet(packet_id: str) -> Response:
    """Show the headers of a packet and what the log says of it."""
    ensure(acting(), Act.OPERATE, _INSTALLATION)
    return _packet_page(packet_id)


def _packet_page(packet_id: str, error: str = "", status: int = 200) -> Response:
    with system_transaction() as tx:
        found = _found(tx, packet_id)
        told = axis_log.entries_of(tx, found.packet_id)
        names = axis_queues.names_of(tx, [found])
        # what waits for its receiver is offered already
        resendable = found.route is Route.UPSTREAM or not found.state.is_waiting
        shown = _row(found, tx, names) | {
            "title": _("Gói tin %(what)s", what=found.reference or found.packet_id),
            "facts": [
                {"label": label, "value": value, "href": None}
                for label, value in (
                    (_("Nơi gửi"), _party(names, found.sender, found.sent_as)),
                    (_("Hệ thống gửi"), found.sent_by),
                    (_("Nơi nhận"), _party(names, found.receiver, found.addressed_as)),
                    (_("Trích yếu"), found.subject),
                    (_("Mã gói tin"), found.packet_id),
                    (_("SHA-256"), found.digest),
                )
            ],
            "log": [
                {
                    "at": words.exact(one.at),
                    "what": str(_KINDS[one.kind]),
                    "who": _officer(tx, one) if one.kind in _BY_PEOPLE else one.system_id,
                    "note": _note(one.note),
                }
                for one in told
            ],
            "resend_action": url_for("axis_page.resend", packet_id=found.packet_id)
            if resendable
            else "",
            "open_action": url_for("axis_page.open_content", packet_id=found.packet_id),
            "error": error,
            "back": url_for("axis_page.show"),
        }
    return make_response(render_template("axis_packet.html", packet=shown), status)


def _party(names: dict[str, str], agency: str, code: str) -> str:
    return f"{names[agency]} ({code})" if agency in names else code


#: what a note of the log means; a report of a receiver reads as the state it makes
_NOTES = {
    "": "–",
    "stale": later("đồng hồ bên gọi sai hoặc không đổi"),
    **{state.value: text for state, (text, _tone) in _STATES.items()},
}


def _note(note: str) -> str:
    return str(_NOTES.get(note, note))


_BY_PEOPLE = frozenset({LogKind.OFFERED, LogKind.OPENED})


def _officer(tx: Transaction, one: LogEntry) -> str:
    """Return who of the operators did it; the journal knows more."""
    try:
        return tx.get(Officer, UUID(one.system_id)).full_name
    except (ValueError, NotFound):
        return _("người vận hành")


def _found(tx: Transaction, packet_id: str) -> Packet:
    found = AxisStore(tx).packet(packet_id)
    if found is None:
        raise NotFound(what=_("gói tin này"))
    return found


@pages.post("/operator/axis/<packet_id>/resend")
@needs(Act.OPERATE, each=True)
def resend(packet_id: str) -> Response:
    """Offer a packet again, or send it up again."""
    ensure(acting(), Act.OPERATE, _INSTALLATION)
    with system_transaction() as tx:
        found = _found(tx, packet_id)
        axis_queues.offer_again(tx, found, str(acting().officer_id))
        _write_down(tx, "resend_axis_packet", found)
    say(_("Gói tin được gửi lại."))
    return redirect(url_for("axis_page.packet", packet_id=packet_id), 303)


@pages.post("/operator/axis/<packet_id>/content")
@needs(Act.OPERATE, each=True)
def open_content(packet_id: str) -> Response:
    """Hand out the bytes of a packet, once a reason is written down."""
    ensure(acting(), Act.OPERATE, _INSTALLATION)
    reason = " ".join(request.form.get("reason", "").split())[:500]
    if len(reason) < _SHORTEST_REASON:
        refusal = ReasonMissing(least=_SHORTEST_REASON)
        return _packet_page(packet_id, refusal.text(language()), refusal.status)
    with system_transaction() as tx:
        found = _found(tx, packet_id)
        data = AxisStore(tx).data(found.digest)
        if not isinstance(data, bytes):
            raise NotFound(what=_("nội dung gói tin, đã hết hạn lưu"))
        _write_down(tx, "open_axis_packet", found, reason=reason)
        axis_queues.note_opened(tx, found, str(acting().officer_id))
    answer = Response(data, content_type="application/octet-stream")
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.packet_id}.edxml"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _write_down(tx: Transaction, act: str, packet: Packet, **facts: str) -> None:
    """Write an act of the operator's into the journal."""
    object_id = UUID(hex=packet.packet_id) if _is_uuid(packet.packet_id) else None
    told = {"packet": packet.packet_id, "digest": packet.digest, **facts}
    journal.record(tx, act, "axis_packet", object_id, acting=acting(), **told)


def _is_uuid(text: str) -> bool:
    try:
        UUID(hex=text)
    except ValueError:
        return False
    return True
