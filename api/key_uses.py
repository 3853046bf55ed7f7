"""The log of the agency's key (sổ theo dõi dùng khóa của cơ quan), newest first."""

from typing import Any
from uuid import UUID

from flask import Response

from api.answers import show_page
from api.bearer import Scope, guarded, transaction
from api.blueprint import Resource
from api.cursors import read_cursor, write_cursor
from api.schemas.key_uses import KeyUsePage
from api.schemas.shape import Paging
from records.authority import Act, authorize
from records.key_custody import KeyUse, uses

blueprint = Resource("key-uses", "key-uses", "Sổ theo dõi dùng khóa của cơ quan")


@blueprint.get("")
@guarded(Scope.READ, Act.READ_KEY_USES)
@blueprint.arguments(Paging, location="query")
@blueprint.response(200, KeyUsePage)
def index(query: dict[str, Any]) -> Response:
    """List each use of the agency's key, also those that were refused."""
    before = read_cursor(query["cursor"], UUID)[0] if "cursor" in query else None
    limit = query["limit"]
    with transaction() as tx:
        authorize(tx.acting, Act.READ_KEY_USES)
        found = uses(tx, before=before, limit=limit + 1)
    following = write_cursor(found[limit - 1].id) if len(found) > limit else None
    return show_page([_shown(one) for one in found[:limit]], following)


def _shown(one: KeyUse) -> dict[str, Any]:
    return {
        "id": one.id,
        "at": one.at,
        "by": one.by_name,
        "by_title": one.by_title,
        "document_id": one.document_id,
        "document": one.document,
        "purpose": one.purpose,
        "ordered_by": one.ordered_by,
        "digest": one.digest,
        "signed_digest": one.signed_digest,
        "certificate": one.fingerprint,
        "outcome": one.outcome.value,
        "reason": one.reason,
    }
