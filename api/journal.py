"""The journal (nhật ký): whether it holds, for auditors; its head, to be kept elsewhere."""

from dataclasses import asdict
from typing import Any

from flask import Response

from api.answers import show
from api.bearer import Scope, guarded, transaction
from api.blueprint import Resource
from api.installation import installation
from api.problems import language
from api.schemas.procedures import HeadQuery, JournalCheck
from records import journal, seal
from records.authority import Act, authorize
from records.journal_signature import verify_journal
from records.seal import Head

blueprint = Resource("journal", "journal", "Nhật ký hệ thống")


@blueprint.get("/verification")
@guarded(Scope.READ, Act.READ_JOURNAL)
@blueprint.arguments(HeadQuery, location="query")
@blueprint.response(200, JournalCheck)
def verification(query: dict[str, Any]) -> Response:
    """Check every leaf and seal of the installation, against an exported head where one is given.

    The chain is one for all agencies; the answer tells nothing of what stands in it.
    """
    with transaction() as tx:
        authorize(tx.acting, Act.READ_JOURNAL)
        journal.record(tx, "verify_journal", "journal", None)
    head = None
    if "no" in query and "hash" in query:
        head = Head(query["no"], query["hash"], "")
    with installation().database.session() as session:
        means = installation().means
        stamps = means.signing.known().stamps(installation().database.clock())
        found = verify_journal(session, means.journal_key, head, stamps=stamps)
        last = seal.export_head(session)
    shown = {
        "holds": found.holds,
        "sealed": found.sealed,
        "unsealed": found.unsealed,
        "seal": found.seal,
        "leaf": found.leaf,
        "reason": found.reason,
        "detail": found.text(language()),
        "head": asdict(last) if last else None,
    }
    return show(shown)
