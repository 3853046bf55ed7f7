"""Procedures (quy trình): versions, their diagrams, checking one, publishing one."""

from typing import Any

from flask import Response, request

from api.answers import Answer, show
from api.bearer import Scope, acting, guarded, transaction
from api.blueprint import Resource
from api.errors import WrongMediaType
from api.idempotency import carry_out
from api.proposals import asked
from api.schemas.procedures import (
    DefinitionLine,
    DefinitionList,
    LintAnswer,
    LintRequest,
    Published,
    PublishRequest,
    RehearsalReport,
    RehearsalRequest,
)
from api.schemas.steering import Proposed, TrialEnd
from engine.database import Transaction
from engine.errors import NotFound
from processes import procedures, rehearsal
from processes.procedures import PublishProcedure
from processes.rehearsal import RehearseDraft
from processes.second_person import Proposal
from records.authority import Act, authorize

XML = frozenset({"application/xml", "text/xml"})

#: a diagram of the largest size, as a JSON string
LARGEST_DIAGRAM = 5_000_000

blueprint = Resource(
    "process-definitions", "process-definitions", "Quy trình", largest=LARGEST_DIAGRAM
)

_LINE = (
    "id", "key", "number", "name", "is_current", "pilot_units", "sha256", "reason", "published_at",
    "published_by", "forms",
)  # fmt: skip


@blueprint.get("")
@guarded(Scope.READ, Act.READ_PROCESS)
@blueprint.response(200, DefinitionList)
def index() -> Response:
    """List the current version of each procedure of the agency."""
    with transaction() as tx:
        found = procedures.current_procedures(tx)
    return show({"items": [line(one) for one in found]})


@blueprint.get("/<key>")
@guarded(Scope.READ, Act.READ_PROCESS)
@blueprint.response(200, DefinitionList)
def versions(key: str) -> Response:
    """List all versions of a procedure, newest first."""
    with transaction() as tx:
        found = procedures.versions(tx, key)
    return show({"items": [line(one) for one in found]})


@blueprint.get("/<key>/<int:number>/diagram")
@guarded(Scope.READ, Act.READ_PROCESS)
@blueprint.response(200, {"type": "string"}, content_type="application/xml")
def diagram(key: str, number: int) -> Response:
    """Return the diagram of a version as its author drew it."""
    with transaction() as tx:
        found = next((v for v in procedures.versions(tx, key) if v.number == number), None)
    if found is None:
        raise NotFound(what=f"phiên bản {number} của quy trình «{key}»")
    response = Response(found.xml_original, content_type="application/xml")
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(found.sha256)
    response.make_conditional(request)
    return response


@blueprint.post("/lint")
@guarded(Scope.READ, Act.READ_PROCESS)
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {
            "application/json": {"schema": LintRequest},
            "application/xml": {"schema": {"type": "string"}},
        },
    }
)
@blueprint.response(200, LintAnswer)
def lint() -> Response:
    """Check a diagram without publishing it; 422 where it cannot be read at all.

    With a key it is checked as when it is published under it. Without one, a diagram that names
    none of our verbs, roles or forms is completed so that it runs: `runnable`, not `publishable`.
    """
    authorize(acting(), Act.READ_PROCESS)
    prepared = procedures.check(*_diagram())
    return show(
        {
            "publishable": prepared.is_publishable,
            "runnable": not prepared.has_errors,
            "findings": [finding.to_json() for finding in prepared.findings],
        }
    )


def _diagram() -> tuple[bytes, str]:
    if request.mimetype in XML:
        return request.get_data(), request.args.get("key", "")
    if not request.is_json:
        raise WrongMediaType(
            wanted="application/xml, application/json", found=request.mimetype or "—"
        )
    body = blueprint.ARGUMENTS_PARSER.parse(LintRequest(), request, location="json")
    return str(body["xml"]).encode(), str(body.get("key", ""))


@blueprint.post("/<key>/rehearsal")
@guarded(Scope.READ, Act.PUBLISH_PROCESS)
@blueprint.arguments(RehearsalRequest)
@blueprint.response(200, RehearsalReport)
def rehearse(body: dict[str, Any], key: str) -> Response:
    """Try a diagram on the last cases of the version in use; nothing real is touched.

    422 with the findings where the diagram has errors.
    """
    command = RehearseDraft(key, body["xml"].encode(), body["cases"], body["table"])
    with transaction() as tx:
        report = rehearsal.rehearse(tx, command)
    return show(report.to_json())


@blueprint.post("")
@guarded(Scope.WRITE, Act.PUBLISH_PROCESS)
@blueprint.arguments(PublishRequest)
@blueprint.response(201, Published)
@blueprint.alt_response(202, schema=Proposed)
def publish(body: dict[str, Any]) -> Response:
    """Publish a new version; runs that are under way stay with theirs.

    202 where the agency wants a second person; 409 where the version it is `based_on` is no longer
    in use; 422 with the findings where the diagram has errors.
    """
    command = PublishProcedure(
        body["key"],
        body["xml"].encode(),
        body["reason"],
        body.get("name", ""),
        tuple(body["pilot_units"]),
        based_on=body.get("based_on"),
    )

    def effect(tx: Transaction) -> Answer:
        made = procedures.publish(tx, command)
        if isinstance(made, Proposal):
            return asked(made)
        place = f"{blueprint.url_prefix}/{made.key}/{made.number}/diagram"
        return Answer({**line(made), "findings": made.findings}, 201, {"Location": place})

    return carry_out(effect)


@blueprint.post("/<key>/trial-end")
@guarded(Scope.WRITE, Act.PUBLISH_PROCESS)
@blueprint.arguments(TrialEnd)
@blueprint.response(200, DefinitionLine)
@blueprint.alt_response(202, schema=Proposed)
def end_trial(body: dict[str, Any], key: str) -> Response:
    """End the trial of a version: for the whole agency from now on, or its units go back.

    202 where it was only proposed.
    """

    def effect(tx: Transaction) -> Answer:
        made = procedures.end_trial(tx, key, body["reason"], adopt=body["adopt"])
        return asked(made) if isinstance(made, Proposal) else Answer(line(made))

    return carry_out(effect)


def line(definition: Any) -> dict[str, Any]:
    """Return a version without its diagram."""
    return {name: getattr(definition, name) for name in _LINE}
