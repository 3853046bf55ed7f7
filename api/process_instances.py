"""Runs of procedures (lần chạy quy trình): over which document, where they stand, what happened."""

from typing import Any
from uuid import UUID

from flask import Response

from api.answers import Answer, show
from api.bearer import Scope, acting, guarded, transaction
from api.blueprint import Resource
from api.idempotency import carry_out
from api.installation import installation
from api.proposals import asked
from api.schemas.procedures import InstanceHistory, InstanceLine, InstanceList, InstanceQuery
from api.schemas.replay import InstanceReplay, ReplayQuery
from api.schemas.steering import ActDone, ActRequest, Proposed
from engine.database import Transaction
from engine.instance import ProcessInstance
from processes import history, replay, steering
from processes.evidence import bundle
from processes.history import ToldEvent
from processes.steering import Steer, SteerRun
from records.authority import Act

blueprint = Resource("process-instances", "process-instances", "Lần chạy quy trình")


@blueprint.get("")
@guarded(Scope.READ, Act.READ_HISTORY)
@blueprint.arguments(InstanceQuery, location="query")
@blueprint.response(200, InstanceList)
def index(query: dict[str, Any]) -> Response:
    """List the runs over one document."""
    with transaction() as tx:
        found = history.instances_of(tx, query["document"])
    return show({"items": [_line(instance) for instance in found]})


@blueprint.get("/<uuid:instance_id>")
@guarded(Scope.READ, Act.READ_HISTORY)
@blueprint.response(200, InstanceLine)
def read(instance_id: UUID) -> Response:
    """Read where a run stands."""
    with transaction() as tx:
        found = history.read_instance(tx, instance_id)
    return show(_line(found))


@blueprint.get("/<uuid:instance_id>/history")
@guarded(Scope.READ, Act.READ_HISTORY)
@blueprint.response(200, InstanceHistory)
def tell(instance_id: UUID) -> Response:
    """Return every event of a run, and whether the chain of them holds."""
    with transaction() as tx, installation().database.session(acting()) as session:
        found = history.tell(tx, session, instance_id)
        instance = _line(found.instance)
    broken = found.broken
    verification = {
        "holds": broken is None,
        "broken_at": broken.seq if broken else None,
        "reason": broken.reason if broken else "",
    }
    events = [_event(event) for event in found.events]
    return show({"instance": instance, "verification": verification, "items": events})


@blueprint.get("/<uuid:instance_id>/replay")
@guarded(Scope.READ, Act.READ_HISTORY)
@blueprint.arguments(ReplayQuery, location="query")
@blueprint.response(200, InstanceReplay)
def do_again(query: dict[str, Any], instance_id: UUID) -> Response:
    """Do a run again from what its events recorded; say where it stood and whether all agrees."""
    with transaction() as tx, installation().database.session(acting()) as session:
        found = replay.to_json(replay.tell(tx, session, instance_id, query.get("at")))
    return show(found)


@blueprint.get("/<uuid:instance_id>/evidence")
@guarded(Scope.READ, Act.EXPORT_EVIDENCE)
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="application/zip")
def export(instance_id: UUID) -> Response:
    """Hand over everything known of a run as one zip that verifies offline.

    `Congvan-Manifest` is the digest of its manifest, to be kept elsewhere; the journal has it too.
    """
    with transaction() as tx, installation().database.session() as session:
        made = bundle.make(tx, session, installation().means, instance_id)
    response = Response(made.content, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    response.headers["Congvan-Manifest"] = made.manifest
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/<uuid:instance_id>/acts")
@guarded(Scope.WRITE, Act.STEER_PROCESS)
@blueprint.arguments(ActRequest)
@blueprint.response(200, ActDone)
@blueprint.alt_response(202, schema=Proposed)
def act(body: dict[str, Any], instance_id: UUID) -> Response:
    """Do something to a run as it was read: move, send back, skip, reassign, suspend, cancel.

    202 where the agency wants a second person, 409 where the run went on since.
    """
    command = SteerRun(
        instance_id, Steer(body["act"]), body["reason"], body["seq"], body.get("item"),
        body.get("target", ""), body.get("officer"), body.get("unit"), body["variables"],
    )  # fmt: skip

    def effect(tx: Transaction) -> Answer:
        made = steering.steer(tx, installation().means, command)
        if made is not None:
            return asked(made)
        return Answer({"instance": _line(tx.get(ProcessInstance, instance_id))})

    return carry_out(effect)


def _line(instance: Any) -> dict[str, Any]:
    return {
        "id": instance.id,
        "definition_id": instance.definition_id,
        "document_id": instance.subject_id,
        "kind": instance.subject_type,
        "status": instance.status,
        "seq": instance.seq,
        "standing": instance.standing,
        "started_at": instance.started_at,
        "ended_at": instance.ended_at,
    }


def _event(event: ToldEvent) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "kind": event.body["kind"],
        "node": event.body["node"],
        "at": event.body["at"],
        "previous": event.previous,
        "hash": event.hash,
        "body": event.body,
    }
