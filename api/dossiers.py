"""Dossiers (hồ sơ công việc): list, read, open, rename, close; what lies in them."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Response, request

from api.answers import Answer, show, show_page
from api.bearer import Scope, guarded, transaction
from api.blueprint import Resource
from api.cursors import read_cursor, write_cursor
from api.errors import ConditionFailed, ConditionMissing
from api.idempotency import carry_out
from api.schemas.registry import (
    DossierDetail,
    DossierItems,
    DossierPage,
    DossierPatch,
    DossierQuery,
    DossierRequest,
)
from api.schemas.shape import Paging
from engine.database import Transaction
from processes.dossiers import ChangeDossier, change_dossier, read_dossier
from processes.filing import open_dossier
from processes.reach import dossiers_within_reach, own_reach
from records.authority import Act, authorize
from records.dossier import PERMANENT, Dossier, DossierItem
from records.vocabulary import DossierState

blueprint = Resource("dossiers", "dossiers", "Hồ sơ công việc")


@blueprint.get("")
@guarded(Scope.READ, Act.READ_DOSSIER)
@blueprint.arguments(DossierQuery, location="query")
@blueprint.response(200, DossierPage)
def index(query: dict[str, Any]) -> Response:
    """List dossiers, newest first."""
    limit = query["limit"]
    with transaction() as tx:
        authorize(tx.acting, Act.READ_DOSSIER, own_reach(tx.acting))
        select = sa.select(Dossier).where(dossiers_within_reach(tx.acting))
        if year := query.get("year"):
            select = select.where(Dossier.file_catalog == year)
        if state := query.get("state"):
            select = select.where(Dossier.state == DossierState(state))
        if cursor := query.get("cursor"):
            [after] = read_cursor(cursor, UUID)
            select = select.where(Dossier.id < after)
        found = tx.scalars(select.order_by(Dossier.id.desc()).limit(limit + 1))
    following = write_cursor(found[limit - 1].id) if len(found) > limit else None
    return show_page([_shown(dossier) for dossier in found[:limit]], following)


@blueprint.get("/<uuid:dossier_id>")
@guarded(Scope.READ, Act.READ_DOSSIER)
@blueprint.response(200, DossierDetail)
def read(dossier_id: UUID) -> Response:
    """Read a dossier; its ETag is what a change must name."""
    with transaction() as tx:
        dossier = read_dossier(tx, dossier_id)
    return show(_shown(dossier), etag=_etag(dossier))


@blueprint.post("")
@guarded(Scope.WRITE, Act.OPEN_DOSSIER)
@blueprint.arguments(DossierRequest)
@blueprint.response(201, DossierDetail)
def open_new(body: dict[str, Any]) -> Response:
    """Open a dossier."""

    def effect(tx: Transaction) -> Answer:
        authorize(tx.acting, Act.OPEN_DOSSIER)
        assert tx.acting.agency_id is not None
        dossier = open_dossier(
            tx,
            tx.acting.agency_id,
            title=body["title"],
            notation=body.get("notation", ""),
            retention=body.get("retention") or PERMANENT,
        )
        headers = {
            "Location": f"{blueprint.url_prefix}/{dossier.id}",
            "ETag": f'"{_etag(dossier)}"',
        }
        return Answer(_shown(dossier), 201, headers)

    return carry_out(effect)


@blueprint.patch("/<uuid:dossier_id>")
@guarded(Scope.WRITE, Act.WRITE_DOSSIER)
@blueprint.doc(
    parameters=[
        {"name": "If-Match", "in": "header", "required": True, "schema": {"type": "string"}}
    ]
)
@blueprint.arguments(DossierPatch)
@blueprint.response(200, DossierDetail)
def change(body: dict[str, Any], dossier_id: UUID) -> Response:
    """Change what a dossier is called, or close it; `If-Match` names the state that was read."""
    if not request.if_match:
        raise ConditionMissing
    command = ChangeDossier(
        dossier_id, body.get("title"), body.get("description"), close="state" in body
    )

    def effect(tx: Transaction) -> Answer:
        dossier = read_dossier(tx, dossier_id, lock=True)
        if not request.if_match.contains(_etag(dossier)):
            raise ConditionFailed
        change_dossier(tx, command)
        tx.flush()
        return Answer(_shown(dossier), 200, {"ETag": f'"{_etag(dossier)}"'})

    return carry_out(effect)


@blueprint.get("/<uuid:dossier_id>/items")
@guarded(Scope.READ, Act.READ_DOSSIER)
@blueprint.arguments(Paging, location="query")
@blueprint.response(200, DossierItems)
def items(query: dict[str, Any], dossier_id: UUID) -> Response:
    """List what lies in a dossier, in its order."""
    after, limit = 0, query["limit"]
    if cursor := query.get("cursor"):
        [after] = read_cursor(cursor, int)
    with transaction() as tx:
        read_dossier(tx, dossier_id)
        found = tx.scalars(
            sa.select(DossierItem)
            .where(DossierItem.dossier_id == dossier_id, DossierItem.ordinal > after)
            .order_by(DossierItem.ordinal)
            .limit(limit + 1)
        )
    following = write_cursor(found[limit - 1].ordinal) if len(found) > limit else None
    return show_page([_item(item) for item in found[:limit]], following)


def _etag(dossier: Dossier) -> str:
    return f"{dossier.id}.{dossier.version}"


def _shown(dossier: Dossier) -> dict[str, Any]:
    return {
        "id": dossier.id,
        "version": dossier.version,
        "file_code": dossier.file_code,
        "year": dossier.file_catalog,
        "notation": dossier.file_notation,
        "title": dossier.title,
        "description": dossier.description,
        "retention": dossier.retention,
        "state": dossier.state,
        "creator": dossier.creator,
        "started_on": dossier.started_on,
        "ended_on": dossier.ended_on,
        "document_total": dossier.doc_total,
        "page_total": dossier.page_total,
    }


def _item(item: DossierItem) -> dict[str, Any]:
    things = {
        "incoming": item.incoming_document_id,
        "outgoing": item.outgoing_document_id,
        "file": item.file_id,
        "directive": item.directive_id,
    }
    kind, key = next((kind, key) for kind, key in things.items() if key is not None)
    return {
        "ordinal": item.ordinal,
        "kind": kind,
        "id": key,
        "added_at": item.added_at,
        "added_by": item.by_name,
    }
