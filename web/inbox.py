"""The inbox (hộp việc): baskets, list, preview with the form, in three panes."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.database import Transaction
from engine.errors import NotFound, OfficeError
from engine.instance import ProcessInstance
from engine.work_item import Candidate, ItemStatus, WorkItem
from processes import inbox, work_items
from processes.batch import SIGNING
from processes.inbox import Basket, Cursor, InboxRow, Page
from records import journal
from records.authority import Act
from records.content import File
from records.organization import Officer, group_keys
from records.vietnamese import VIETNAM, local_date
from records.working_time import WorkingCalendar, add_working_time
from web import paper, words
from web.desk import reach_bridge
from web.door import transaction, wants_partial
from web.policy import ensure, needs
from web.step import shown_item, shown_task
from web.tongue import _

pages = Blueprint("inbox", __name__)

#: a basket that keeps one direction reads on at most so many pages to fill its own
_FURTHEST = 10


def _titles() -> dict[Basket, tuple[str, str]]:
    return {
        Basket.MINE: (_("Chờ tôi xử lý"), "inbox"),
        Basket.OVERDUE: (_("Quá hạn"), "late"),
        Basket.TODAY: (_("Đến hạn hôm nay"), "sun"),
        Basket.INCOMING: (_("Văn bản đến"), "mail"),
        Basket.OUTGOING: (_("Văn bản đi"), "send"),
    }


@pages.get("/inbox/")
@pages.get("/inbox/<basket>")
@needs(Act.DRAFT_DOCUMENT)
def show(basket: str = "mine") -> Response:
    """Show a basket and, where one was asked for, an item with its form."""
    try:
        chosen = Basket(basket)
    except ValueError:
        raise NotFound(what=_("rổ việc")) from None
    if chosen not in _titles():
        raise NotFound(what=_("rổ việc"))
    with transaction() as tx:
        if wants_partial("preview"):
            item, task = _opened(tx, chosen, _asked_id(request.args.get("item", "")))
            return make_response(render_template("_preview.html", item=item, task=task))
        listed = _page(tx, chosen)
        asked = _asked(listed)
        shown = _listed(tx, chosen, listed, asked)
        if wants_partial("list"):
            return make_response(render_template("_list.html", inbox=shown))
        item, task = _opened(tx, chosen, asked) if asked else (None, None)
        shown["baskets"] = _baskets(tx, chosen)
    # for the steps that are opened in it later
    reach_bridge()
    return make_response(render_template("inbox.html", inbox=shown, item=item, task=task))


def _asked(listed: Page) -> UUID | None:
    """Return the item to open: the one named, the first after a step, or on a wide screen."""
    wanted = request.args.get("item", "")
    if wanted == "first":
        return listed.rows[0].item.id if listed.rows else None
    return _asked_id(wanted) if wanted else None


def _asked_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(what=_("việc cần xử lý")) from None


def _page(tx: Transaction, basket: Basket) -> Page:
    after = _cursor(request.args.get("after", ""))
    until = {Basket.OVERDUE: tx.now, Basket.TODAY: _midnight(tx.now)}.get(basket)
    if basket not in {Basket.INCOMING, Basket.OUTGOING}:
        return inbox.first_page(tx, after=after, until=until)
    rows: list[InboxRow] = []
    for _round in range(_FURTHEST):
        page = inbox.first_page(tx, after=after)
        rows += [row for row in page.rows if row.subject_type == basket.value]
        after = page.following
        if after is None or len(rows) >= inbox.PAGE:
            break
    return Page(tuple(rows), after)


def _midnight(now: datetime) -> datetime:
    local = now.astimezone(VIETNAM)
    return local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _cursor(text: str) -> Cursor | None:
    if not text:
        return None
    try:
        moment, _mark, item = text.partition("~")
        due = datetime.fromisoformat(moment)
        return Cursor(due, UUID(item)) if due.tzinfo else None
    except ValueError:
        return None


def _opened(
    tx: Transaction, basket: Basket, item_id: UUID | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return an item and its form for the preview; one that is done shows its document alone."""
    if item_id is None:
        return None, None
    item, instance = work_items.read(tx, item_id)
    ensure(tx.acting, Act.READ_WORK_ITEM, work_items.facts_of(item))
    document = paper.load_document(tx, instance.subject_type, instance.subject_id)
    shown = shown_item(tx, item, document)
    shown["list_href"] = url_for("inbox.show", basket=basket.value)
    try:
        task = shown_task(tx, item, instance, document, following=shown["list_href"])
    except OfficeError:
        if item.status == ItemStatus.OPEN:
            raise
        task = None
    kind = f"{instance.subject_type}_document"
    journal.record(tx, "view", kind, document.id, item=item.id)
    return shown, task


# the list --------------------------------------------------------------------------------------


def _listed(tx: Transaction, basket: Basket, page: Page, opened: UUID | None) -> dict[str, Any]:
    calendar = words.calendar_of(tx, tx.acting.agency_id)
    files = _file_counts(tx, [row.document_id for row in page.rows])
    behalf = tx.acting.on_behalf_of
    instead = tx.get(Officer, behalf).full_name if behalf else None
    title = _titles()[basket][0]
    following = None
    if page.following is not None:
        after = f"{page.following.due_at.isoformat()}~{page.following.item_id}"
        following = url_for("inbox.show", basket=basket.value, after=after)
    first = url_for("inbox.show", basket=basket.value) if request.args.get("after") else None

    def shown(row: InboxRow) -> dict[str, Any]:
        return {
            "id": str(row.item.id),
            "href": url_for("inbox.show", basket=basket.value, item=row.item.id),
            "reference": _reference(row),
            "urgency": row.urgency.value,
            "subject": row.subject or _("(chưa có trích yếu)"),
            "due": words.due(row.item.due_at, tx.now, calendar),
            "from_name": row.organ_name,
            "step": row.item.name,
            "files": files.get(row.document_id, 0),
            "verdict": _verdict(row),
            "unread": False,
            "selected": row.item.id == opened,
            "acting_for": instead,
            "chosen_with": row.item.verb == SIGNING,
        }

    return {
        "title": title,
        "count_text": words.documents(len(page.rows)) if not following else "",
        "opened": opened is not None,
        "chips": [],
        "sort_text": _("Thời gian làm việc còn lại"),
        "groups": _groups(tx.now, page.rows, calendar, shown),
        "page": {"text": _page_text(page, bool(first)), "older": following, "newer": first},
        "empty": _empty(basket),
        "bulk": _bulk(page),
    }


def _bulk(page: Page) -> dict[str, Any] | None:
    """Return what may be done with several at once: sign, where more than one waits for it."""
    if sum(row.item.verb == SIGNING for row in page.rows) < 2:
        return None
    action = url_for("signing_batch.choose")
    return {"action": action, "buttons": [{"value": "sign", "label": _("Ký nhiều văn bản…")}]}


def _page_text(page: Page, further: bool) -> str:
    count = len(page.rows)
    if not count:
        return ""
    if further or page.following:
        return _("%(n)s việc trên trang này", n=count)
    return _("Tất cả %(n)s việc", n=count)


def _empty(basket: Basket) -> dict[str, Any]:
    text = _("Việc mới sẽ hiện ở đây.")
    if basket is Basket.MINE:
        return {"title": _("Không còn việc chờ xử lý"), "text": text, "href": None, "label": ""}
    href = url_for("inbox.show")
    title = _("Rổ này không có việc nào")
    return {"title": title, "text": text, "href": href, "label": _("Mở rổ chờ tôi xử lý")}


def _reference(row: InboxRow) -> str:
    if row.reference:
        return row.reference
    if row.subject_type == "outgoing":
        return _("Dự thảo")
    if row.arrival_number is not None:
        return _("Số đến %(n)s", n=row.arrival_number)
    return _("Chưa có số")


def _verdict(row: InboxRow) -> str | None:
    known = {"valid", "invalid", "undetermined", "unsigned", "unchecked"}
    value = row.authenticity.value if row.authenticity is not None else ""
    return value if value in known - {"unchecked"} else None


def _groups(
    now: datetime,
    rows: Sequence[InboxRow],
    calendar: WorkingCalendar,
    shown: Callable[[InboxRow], dict[str, Any]],
) -> list[dict[str, Any]]:
    """Group by when work is due: late, today, within three working days, later."""
    today, soon = _midnight(now), add_working_time(now, "P3D", calendar)
    day = local_date(now)
    weekday = _weekday(day.weekday())
    labels = (
        (_("Quá hạn"), True, lambda due: due < now),
        (_("Hôm nay, %(weekday)s %(day)s", weekday=weekday, day=f"{day:%d/%m}"), False,
         lambda due: due < today),
        (_("Trong 3 ngày làm việc"), False, lambda due: due <= soon),
        (_("Sau đó"), False, lambda _due: True),
    )  # fmt: skip
    left, groups = list(rows), []
    for label, late, belongs in labels:
        taken = [row for row in left if belongs(row.item.due_at)]
        left = [row for row in left if not belongs(row.item.due_at)]
        if taken:
            items = [shown(row) for row in taken]
            groups.append({"label": label, "count": len(items), "late": late, "items": items})
    return groups


def _weekday(number: int) -> str:
    return (
        _("thứ Hai"), _("thứ Ba"), _("thứ Tư"), _("thứ Năm"), _("thứ Sáu"), _("thứ Bảy"),
        _("Chủ nhật"),
    )[number]  # fmt: skip


def _file_counts(tx: Transaction, ids: list[UUID]) -> dict[UUID, int]:
    if not ids:
        return {}
    about = sa.func.coalesce(File.incoming_document_id, File.outgoing_document_id)
    rows = tx.rows(
        sa.select(about, sa.func.count(File.id))
        .where(sa.or_(File.incoming_document_id.in_(ids), File.outgoing_document_id.in_(ids)))
        .group_by(about)
    )
    return {key: int(count) for key, count in rows}


# the baskets -----------------------------------------------------------------------------------


def _baskets(tx: Transaction, current: Basket) -> list[dict[str, Any]]:
    counts = _counts(tx)
    late = {Basket.OVERDUE}

    def entry(basket: Basket) -> dict[str, Any]:
        label, icon = _titles()[basket]
        return {
            "label": label,
            "href": url_for("inbox.show", basket=basket.value),
            "icon": icon,
            "count": words.number(counts[basket]),
            "late": basket in late and counts[basket] > 0,
            "current": basket is current,
        }

    mine = (Basket.MINE, Basket.OVERDUE, Basket.TODAY)
    kinds = (Basket.INCOMING, Basket.OUTGOING)
    return [
        {"title": _("Việc của tôi"), "entries": [entry(b) for b in mine]},
        {"title": _("Theo loại việc"), "entries": [entry(b) for b in kinds]},
    ]


def _counts(tx: Transaction) -> dict[Basket, int]:
    """Count what waits, by basket, in one statement; own drafts to approve are left out."""
    mine = (
        sa.select(
            Candidate.work_item_id,
            sa.func.min(Candidate.due_at).label("due_at"),
        )
        .where(Candidate.group_key == sa.any_(sa.cast(group_keys(tx.acting), sa.ARRAY(sa.Text()))))
        .group_by(Candidate.work_item_id)
        .subquery()
    )
    count = sa.func.count()
    kind = ProcessInstance.subject_type
    [row] = tx.rows(
        sa.select(
            count,
            count.filter(mine.c.due_at < tx.now),
            count.filter(mine.c.due_at < _midnight(tx.now)),
            count.filter(kind == "incoming"),
            count.filter(kind == "outgoing"),
        )
        .select_from(mine)
        .join(WorkItem, WorkItem.id == mine.c.work_item_id)
        .join(ProcessInstance, ProcessInstance.id == WorkItem.instance_id)
        .where(sa.literal(str(tx.acting.officer_id)) != sa.all_(WorkItem.excluded))
    )
    order = (Basket.MINE, Basket.OVERDUE, Basket.TODAY, Basket.INCOMING, Basket.OUTGOING)
    return dict(zip(order, map(int, row), strict=True))
