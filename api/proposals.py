"""Proposals (đề nghị): what waits for a second person, and the decision."""

from typing import Any
from uuid import UUID

from flask import Response

from api.answers import Answer, show
from api.bearer import Scope, guarded, transaction
from api.blueprint import Resource
from api.foresight import preview
from api.idempotency import carry_out
from api.installation import installation
from api.schemas.steering import DecisionRequest, ProposalDetail, ProposalLine, ProposalList
from engine.database import Transaction
from processes import migration, second_person
from processes.foresight import Comparison
from processes.second_person import Proposal
from records.authority import Act

blueprint = Resource("proposals", "proposals", "Đề nghị")

_LINE = (
    "id", "act", "kind", "subject_id", "reason", "proposed_by", "proposed_at", "status",
    "decided_by", "decided_at", "decided_reason",
)  # fmt: skip


def line(proposal: Proposal) -> dict[str, Any]:
    """Return a proposal without the command it holds."""
    return {name: getattr(proposal, name) for name in _LINE}


def asked(proposal: Proposal) -> Answer:
    """Return what a command answers that waits for a second person."""
    place = f"{blueprint.url_prefix}/{proposal.id}"
    return Answer({"proposal": line(proposal)}, 202, {"Location": place})


@blueprint.get("")
@guarded(Scope.READ, Act.DECIDE_PROPOSAL)
@blueprint.response(200, ProposalList)
def index() -> Response:
    """List what waits: all to those who decide, to others what they proposed themselves."""
    with transaction() as tx:
        found = second_person.waiting(tx)
    return show({"items": [line(one) for one in found]})


@blueprint.get("/<uuid:proposal_id>")
@guarded(Scope.READ, Act.DECIDE_PROPOSAL)
@blueprint.response(200, ProposalDetail)
def read(proposal_id: UUID) -> Response:
    """Read a proposal with the command that would be carried out."""
    with transaction() as tx:
        found = second_person.find(tx, proposal_id)
        order = {name: value for name, value in found.order.items() if name != "foreseen"}
        foreseen = None
        if found.kind == "migrate":
            foreseen = _compared(migration.compared(tx, installation().means, found))
    return show({**line(found), "order": order, "foreseen": foreseen})


def _compared(found: Comparison) -> dict[str, Any]:
    return {
        **preview(found.then),
        "differs": found.differs,
        "gone": [one.instance_id for one in found.gone],
        "come": preview(found.come)["items"],
        "changed": preview(found.changed)["items"],
    }


@blueprint.post("/<uuid:proposal_id>/decision")
@guarded(Scope.WRITE, Act.DECIDE_PROPOSAL)
@blueprint.arguments(DecisionRequest)
@blueprint.response(200, ProposalLine)
def decide(body: dict[str, Any], proposal_id: UUID) -> Response:
    """Agree to a proposal and carry it out, refuse it, or take one's own back.

    409 where it was decided before, or the run went on since.
    """
    reason = body.get("reason", "")

    def effect(tx: Transaction) -> Answer:
        if body["decision"] == "agree":
            found = second_person.agree(tx, installation().means, proposal_id, reason)
        elif body["decision"] == "refuse":
            found = second_person.refuse(tx, proposal_id, reason)
        else:
            found = second_person.withdraw(tx, proposal_id)
        return Answer(line(found))

    return carry_out(effect)
