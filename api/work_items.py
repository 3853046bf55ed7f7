"""Work items (việc cần xử lý): the inbox, one step with its form, and completing it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from flask import Response

from api.answers import Answer, show, show_page
from api.bearer import Scope, guarded, transaction
from api.blueprint import Resource
from api.cursors import read_cursor, write_cursor
from api.documents import brief
from api.idempotency import carry_out
from api.installation import installation
from api.problems import language
from api.schemas.work_items import (
    Completion,
    CompletionRequest,
    InboxQuery,
    WorkItemDetail,
    WorkItemPage,
)
from api.steps import opened
from engine.database import Transaction
from processes import inbox, work_items
from processes.choices import choices_for
from processes.history import subject_of
from processes.inbox import Basket, Cursor, InboxRow
from processes.order import Order
from processes.prefill import initial_values
from processes.reach import own_reach
from processes.uploads import find_waiting
from processes.work_items import CompleteItem, facts_of
from records import journal
from records.authority import Act, authorize, bound_by, may
from records.vietnamese import VIETNAM, local_date

blueprint = Resource("work-items", "work-items", "Việc cần xử lý")

#: a basket that few items fall into is looked for in so many pages of the inbox at most
MOST_PAGES = 10

_ITEM = (
    "id", "version", "name", "lane", "verb", "form", "status", "priority", "opened_at", "due_at",
    "instance_id",
)  # fmt: skip


@blueprint.get("")
@guarded(Scope.READ, Act.READ_WORK_ITEM)
@blueprint.arguments(InboxQuery, location="query")
@blueprint.response(200, WorkItemPage)
def index(query: dict[str, Any]) -> Response:
    """List the caller's open work, most urgent first; a basket keeps part of it."""
    after = None
    if cursor := query.get("cursor"):
        after = Cursor(*read_cursor(cursor, datetime, UUID))
    basket = Basket(query.get("basket", Basket.MINE))
    with transaction() as tx:
        authorize(tx.acting, Act.READ_WORK_ITEM, own_reach(tx.acting))
        rows, following = _page(tx, basket, after, query["limit"])
        now = tx.now
    place = write_cursor(following.due_at, following.item_id) if following else None
    return show_page([_line(row, now) for row in rows], place)


def _page(
    tx: Transaction, basket: Basket, after: Cursor | None, limit: int
) -> tuple[list[InboxRow], Cursor | None]:
    """Return a page of a basket and where to go on; one of few items may come out short."""
    found: list[InboxRow] = []
    for _ in range(MOST_PAGES):
        page = inbox.first_page(tx, after=after, until=_until(tx, basket), limit=limit)
        for row in page.rows:
            if _belongs(row, basket):
                found.append(row)
            if len(found) == limit:
                return found, Cursor(row.item.due_at, row.item.id)
        after = page.following
        if after is None:
            return found, None
    return found, after


def _until(tx: Transaction, basket: Basket) -> datetime | None:
    if basket is Basket.OVERDUE:
        return tx.now
    if basket is Basket.TODAY:
        tomorrow = local_date(tx.now) + timedelta(days=1)
        return datetime.combine(tomorrow, datetime.min.time(), VIETNAM)
    return None


def _belongs(row: InboxRow, basket: Basket) -> bool:
    match basket:
        case Basket.INCOMING | Basket.OUTGOING:
            return row.subject_type == basket.value
        case Basket.RETURNED:
            return row.item.variables.get("outcome") == "return"
    return True


def _line(row: InboxRow, now: datetime) -> dict[str, Any]:
    document = {
        "id": row.document_id,
        "kind": row.subject_type,
        "reference": row.reference,
        "subject": row.subject,
        "type_name": row.type_name,
        "organ_name": row.organ_name,
        "urgency": row.urgency,
        "arrival_number": row.arrival_number,
        "authenticity": row.authenticity,
    }
    return {**_item(row.item, now), "document": document}


def _item(item: Any, now: datetime) -> dict[str, Any]:
    shown = {name: getattr(item, name) for name in _ITEM}
    return {
        **shown,
        "node": item.node_id,
        "is_overdue": item.status == "open" and item.due_at < now,
    }


@blueprint.get("/<uuid:item_id>")
@guarded(Scope.READ, Act.READ_WORK_ITEM)
@blueprint.response(200, WorkItemDetail)
def read(item_id: UUID) -> Response:
    """Read a step: its form, the lists the form offers, what it knows already, the document."""
    with transaction() as tx:
        item, instance = work_items.read(tx, item_id)
        document = subject_of(tx, instance)
        journal.record(tx, "view", "work_item", item.id, document=document.id)
        form = work_items.form_of(tx, item)
        may_complete = (
            item.status == "open"
            and may(tx.acting, Act.COMPLETE_WORK_ITEM, facts_of(item))
            and bound_by(tx.acting).isdisjoint(item.excluded)
        )
        shown = {
            **_item(item, tx.now),
            "document": brief(document),
            "may_complete": may_complete,
            "form_schema": orjson.Fragment(form.canonical) if form else None,
            "choices": choices_for(tx, form) if form and may_complete else {},
            "initial": (
                initial_values(tx, Order(item, instance, document, {})) if may_complete else {}
            ),
            "outcome": item.outcome,
        }
    return show(shown)


@blueprint.post("/<uuid:item_id>/completion")
@guarded(Scope.WRITE, Act.COMPLETE_WORK_ITEM)
@blueprint.arguments(CompletionRequest)
@blueprint.response(200, Completion)
def complete(body: dict[str, Any], item_id: UUID) -> Response:
    """Complete a step with its form as filled in, for the version that was read.

    409 where somebody was first, 422 with a pointer to each field that needs correcting.
    """

    def effect(tx: Transaction) -> Answer:
        files = find_waiting(tx, body["files"])
        command = CompleteItem(item_id, body["version"], body["values"], files, language())
        done = work_items.complete(tx, installation().means, command)
        instance, document = done.result.instance, done.document
        return Answer(
            {
                "id": done.item.id,
                "status": done.item.status,
                "summary": done.summary,
                "opened": opened(done.result),
                "instance": {"id": instance.id, "status": instance.status},
                "document": {
                    "id": document.id,
                    "status": document.status,
                    "reference": document.reference,
                },
            }
        )

    return carry_out(effect)
