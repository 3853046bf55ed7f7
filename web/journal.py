"""The journal checked (kiểm tra nhật ký): every leaf and seal recomputed on request."""

import time
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.database import SYSTEM
from records import journal, seal
from records.authority import Act
from records.journal import JournalLeaf
from records.journal_signature import verify_journal
from records.organization import Officer
from records.seal import Head
from web import fields, words
from web.door import language, office, transaction
from web.journal_objects import names_of
from web.journal_words import act_words, object_words
from web.policy import needs
from web.tongue import _

pages = Blueprint("journal_page", __name__)
PAGE = 50


@pages.route("/journal", methods=["GET", "POST"])
@needs(Act.READ_JOURNAL)
def check() -> Response:
    """Show the agency's last acts; on request recompute the whole journal, against a head kept."""
    result, error = None, ""
    if request.method == "POST":
        head, error = _head(request.form.get("head", ""))
        if not error:
            result = _verify(head)
    with transaction() as tx:
        if result is not None:
            facts = {"holds": result["ok"], "sealed": result["sealed"]}
            journal.record(tx, "verify_journal", "journal", None, **facts)
        rows = _leaves(tx)
    with office().database.session(SYSTEM) as session:
        exported = seal.export_head(session)
    shown = {
        "title": _("Nhật ký hệ thống"),
        "summary": _(
            "Mọi thao tác, lượt xem, lượt tải và đăng nhập đều được ghi, niêm phong mỗi giây và "
            "nối thành chuỗi."
        ),
        "result": result,
        "action": url_for("journal_page.check"),
        "head": exported.to_json() if exported is not None else "",
        "form": fields.form(
            "journal",
            fields.field(
                "text", "head", _("Đầu chuỗi đã lưu giữ ở nơi khác"), request.form.get("head", ""),
                hint=_("Không bắt buộc. Có đầu chuỗi thì phát hiện được cả việc cắt bỏ phần cuối."),
                error=error,
            ),
        ),
        "rows": rows,
    }  # fmt: skip
    return make_response(render_template("journal.html", journal=shown), 422 if error else 200)


def _head(text: str) -> tuple[Head | None, str]:
    if not text.strip():
        return None, ""
    try:
        return Head.from_json(text), ""
    except (ValueError, TypeError):
        return None, _("Không đọc được đầu chuỗi. Dán nguyên văn nội dung đã lưu.")


def _verify(head: Head | None) -> dict[str, Any]:
    started = time.perf_counter()
    # The chain runs through all agencies: only the system reads it whole, and tells the verdict.
    with office().database.session(SYSTEM) as session:
        means = office().means
        stamps = means.signing.known().stamps(office().database.clock())
        found = verify_journal(session, means.journal_key, head, stamps=stamps)
    seconds = f"{time.perf_counter() - started:.1f}"
    if language() == "vi":
        seconds = seconds.replace(".", ",")
    return {
        "ok": found.holds,
        "sealed": found.sealed,
        "text": found.text(language()),
        "took": _("Kiểm tra trong %(n)s giây.", n=seconds),
    }  # fmt: skip


def _leaves(tx: Any) -> list[dict[str, str]]:
    found = tx.rows(
        sa.select(JournalLeaf, Officer.full_name)
        .outerjoin(Officer, Officer.id == JournalLeaf.officer_id)
        .where(JournalLeaf.agency_id == tx.acting.agency_id)
        .order_by(JournalLeaf.id.desc())
        .limit(PAGE)
    )
    names = names_of(tx, [leaf for leaf, _name in found])
    return [
        {
            "at": words.exact(leaf.at),
            "who": name or _("Hệ thống"),
            "act": act_words(leaf.act),
            "object": object_words(leaf.object_type),
            "name": names.get(leaf.object_id, ""),
            "hash": leaf.leaf.hex()[:16],
        }
        for leaf, name in found
    ]
