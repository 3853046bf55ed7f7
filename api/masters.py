"""Master diagrams (quy trình mẫu): given to the agencies below, merged with their own."""

from typing import Any

from flask import Response

from api.answers import Answer, show
from api.bearer import Scope, guarded, transaction
from api.blueprint import Resource
from api.idempotency import carry_out
from api.process_definitions import line
from api.process_diagrams import conflicts_told, told
from api.proposals import asked
from api.schemas.diagrams import Adoption, Inheritance, MasterLine, MasterRequest
from api.schemas.procedures import Published
from api.schemas.steering import Proposed
from engine.database import Transaction
from engine.merging import Side
from processes import master
from processes.second_person import Proposal
from records.authority import Act

blueprint = Resource("masters", "process-definitions", "Quy trình mẫu")

_LINE = ("id", "agency_id", "key", "number", "name", "reason", "published_at")


@blueprint.get("/<key>/master")
@guarded(Scope.READ, Act.READ_PROCESS)
@blueprint.response(200, Inheritance)
def read(key: str) -> Response:
    """Tell how the version in use stands to the newest master above it."""
    with transaction() as tx:
        found = master.inherit(tx, key)
    return show(
        {
            "behind": found.is_behind,
            "master": _line(found.newest) if found.newest is not None else None,
            "theirs": told(found.theirs),
            "ours": told(found.ours),
            "conflicts": conflicts_told(found.merged),
        }
    )


@blueprint.post("/<key>/master")
@guarded(Scope.WRITE, Act.PUBLISH_PROCESS)
@blueprint.arguments(MasterRequest)
@blueprint.response(201, MasterLine)
def publish(body: dict[str, Any], key: str) -> Response:
    """Make the version in use the master of the agencies below."""

    def effect(tx: Transaction) -> Answer:
        return Answer(_line(master.publish(tx, key, body["reason"])), 201)

    return carry_out(effect)


@blueprint.post("/<key>/master-adoption")
@guarded(Scope.WRITE, Act.PUBLISH_PROCESS)
@blueprint.arguments(Adoption)
@blueprint.response(201, Published)
@blueprint.alt_response(202, schema=Proposed)
def adopt(body: dict[str, Any], key: str) -> Response:
    """Merge the newest master into the agency's procedure and publish that.

    202 where it was only proposed; 409 while a conflict is undecided, or where a change would be
    lost; 422 with the findings where the merged diagram has errors.
    """
    decided = {(one["element"], one["slot"]): Side(one["side"]) for one in body["decided"]}

    def effect(tx: Transaction) -> Answer:
        made = master.adopt(tx, key, body["reason"], decided)
        if isinstance(made, Proposal):
            return asked(made)
        place = f"{blueprint.url_prefix}/{made.key}/{made.number}/diagram"
        return Answer({**line(made), "findings": made.findings}, 201, {"Location": place})

    return carry_out(effect)


def _line(made: master.MasterDiagram) -> dict[str, Any]:
    return {name: getattr(made, name) for name in _LINE}
