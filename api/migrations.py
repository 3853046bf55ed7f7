"""Migrations (đợt chuyển hồ sơ): running work carried over to another version, and returned."""

from typing import Any
from uuid import UUID

from flask import Response

from api.answers import Answer, show
from api.bearer import Scope, guarded, transaction
from api.blueprint import Resource
from api.foresight import preview
from api.idempotency import carry_out
from api.installation import installation
from api.proposals import asked
from api.schemas.steering import (
    MigrationLine,
    MigrationList,
    MigrationOutcome,
    MigrationPreview,
    MigrationRequest,
    MigrationTable,
    Proposed,
    Reasoned,
)
from engine.database import Transaction
from processes import migration
from processes.migration import MigrateRuns, Migration
from processes.second_person import Proposal
from records.authority import Act

blueprint = Resource("migrations", "", "Đợt chuyển hồ sơ")

_LINE = (
    "id", "key", "definition_id", "table", "reason", "status", "started_by", "started_at",
    "ended_at",
)  # fmt: skip


@blueprint.post("/process-definitions/<key>/<int:number>/migration-preview")
@guarded(Scope.READ, Act.MIGRATE_PROCESS)
@blueprint.arguments(MigrationTable)
@blueprint.response(200, MigrationPreview)
def foresee(body: dict[str, Any], key: str, number: int) -> Response:
    """Tell run by run what carrying all over to this version would change; nothing is written."""
    with transaction() as tx:
        found = migration.foresee(tx, installation().means, key, number, body["table"])
    return show(preview(found))


@blueprint.post("/process-definitions/<key>/<int:number>/migrations")
@guarded(Scope.WRITE, Act.MIGRATE_PROCESS)
@blueprint.arguments(MigrationRequest)
@blueprint.response(201, MigrationLine)
@blueprint.alt_response(202, schema=Proposed)
def migrate(body: dict[str, Any], key: str, number: int) -> Response:
    """Begin to carry all running work over to this version; 202 where it was only proposed."""
    command = MigrateRuns(key, number, body["reason"], body["table"])

    def effect(tx: Transaction) -> Answer:
        made = migration.migrate(tx, installation().means, command)
        if isinstance(made, Proposal):
            return asked(made)
        place = f"{blueprint.url_prefix}/migrations/{made.id}"
        return Answer(_line(made), 201, {"Location": place})

    return carry_out(effect)


@blueprint.get("/process-definitions/<key>/migrations")
@guarded(Scope.READ, Act.MIGRATE_PROCESS)
@blueprint.response(200, MigrationList)
def index(key: str) -> Response:
    """List the migrations of a procedure, newest first."""
    with transaction() as tx:
        found = migration.migrations(tx, key)
    return show({"items": [_line(one) for one in found]})


@blueprint.get("/migrations/<uuid:migration_id>")
@guarded(Scope.READ, Act.MIGRATE_PROCESS)
@blueprint.response(200, MigrationOutcome)
def read(migration_id: UUID) -> Response:
    """Read how a migration went so far, and which runs did not go over."""
    with transaction() as tx:
        found = migration.outcome(tx, migration_id)
    refused = [
        {"instance_id": r.instance_id, "status": r.status, "vi": r.vi, "en": r.en}
        for r in found.refused
    ]
    return show({**_line(found.migration), "counts": found.counts, "refused": refused})


@blueprint.post("/migrations/<uuid:migration_id>/return")
@guarded(Scope.WRITE, Act.MIGRATE_PROCESS)
@blueprint.arguments(Reasoned)
@blueprint.response(200, MigrationLine)
def give_back(body: dict[str, Any], migration_id: UUID) -> Response:
    """Begin to return the runs that have not moved since; 409 while it is still at work."""

    def effect(tx: Transaction) -> Answer:
        return Answer(_line(migration.give_back(tx, migration_id, body["reason"])))

    return carry_out(effect)


def _line(one: Migration) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _LINE}
