"""Shapes of acts on runs, proposals, migrations and trials (điều hành hồ sơ, đề nghị)."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate

from api.schemas.procedures import InstanceLine
from api.schemas.shape import Shape, text, word
from processes.steering import Steer


class Reasoned(Shape):
    """Why."""

    reason = text(1000, required=True)


def _plain(found: Mapping[str, Any]) -> None:
    """Refuse what no gateway asks about: routing variables are short words, numbers, yes or no."""
    for name, value in found.items():
        if not isinstance(value, str | int | float | bool | None) or len(f"{name}{value}") > 200:
            raise ValidationError("Must hold short text, numbers, true or false.")


class ActRequest(Reasoned):
    """What is done to a run as it was read (`seq`); acts on a step name it by `item`."""

    act = word(Steer, required=True)
    seq = fields.Integer(required=True, strict=True)
    item = fields.UUID()
    target = fields.String(
        validate=validate.Length(max=200),
        metadata={"description": "BPMN element id, to move or to send back"},
    )
    officer = fields.UUID(metadata={"description": "who gets the step"})
    unit = fields.UUID(metadata={"description": "the unit that gets the step"})
    variables = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        validate=[validate.Length(max=20), _plain],
        metadata={"description": "what gateways behind a skipped step ask for"},
    )


class ActDone(Shape):
    """The run after the act."""

    instance = fields.Nested(InstanceLine, required=True)


class ProposalLine(Shape):
    """An act that waits for a second person, or waited."""

    id = fields.UUID(required=True)
    act = fields.String(required=True)
    kind = fields.String(required=True)
    subject_id = fields.UUID(required=True)
    reason = fields.String(required=True)
    proposed_by = fields.UUID(required=True)
    proposed_at = fields.DateTime(required=True)
    status = fields.String(required=True)
    decided_by = fields.UUID(required=True, allow_none=True)
    decided_at = fields.DateTime(required=True, allow_none=True)
    decided_reason = fields.String(required=True)


class ProposalList(Shape):
    """What waits for a decision."""

    items = fields.List(fields.Nested(ProposalLine), required=True)


class Proposed(Shape):
    """The agency wants a second person: nothing was done yet."""

    proposal = fields.Nested(ProposalLine, required=True)


class DecisionRequest(Shape):
    """To agree, to refuse with a reason, or to take one's own back."""

    decision = word(["agree", "refuse", "withdraw"], required=True)
    reason = text(1000)


class MigrationTable(Shape):
    """For steps that are not found by id or name: old step to new step."""

    table = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)


class MigrationRequest(MigrationTable):
    """To carry running work over, and why."""

    reason = text(1000, required=True)


class Words(Shape):
    """One thing in both languages."""

    vi = fields.String(required=True)
    en = fields.String(required=True)


class ForeseenRun(Shape):
    """What would become of one run."""

    instance_id = fields.UUID(required=True)
    document_id = fields.UUID(required=True)
    standing = fields.List(fields.String(), required=True)
    changes = fields.List(fields.Nested(Words), required=True)
    obstacles = fields.List(fields.Nested(Words), required=True)
    is_refused = fields.Boolean(required=True)


class MigrationPreview(Shape):
    """What a migration would do, run by run; nothing was written."""

    goes = fields.Integer(required=True)
    stays = fields.Integer(required=True)
    items = fields.List(fields.Nested(ForeseenRun), required=True)


class ProposedMigration(MigrationPreview):
    """What was foreseen when a migration was proposed, and what would be otherwise now."""

    differs = fields.Boolean(required=True)
    gone = fields.List(fields.UUID(), required=True)
    come = fields.List(fields.Nested(ForeseenRun), required=True)
    changed = fields.List(fields.Nested(ForeseenRun), required=True)


class ProposalDetail(ProposalLine):
    """A proposal with the command that would be carried out; of a migration, what it would do."""

    order = fields.Dict(required=True)
    foreseen = fields.Nested(ProposedMigration, required=True, allow_none=True)


class MigrationLine(Shape):
    """One migration of running work."""

    id = fields.UUID(required=True)
    key = fields.String(required=True)
    definition_id = fields.UUID(required=True)
    table = fields.Dict(required=True)
    reason = fields.String(required=True)
    status = fields.String(required=True)
    started_by = fields.UUID(required=True, allow_none=True)
    started_at = fields.DateTime(required=True)
    ended_at = fields.DateTime(required=True, allow_none=True)


class MigrationList(Shape):
    """Migrations, newest first."""

    items = fields.List(fields.Nested(MigrationLine), required=True)


class RefusedRun(Words):
    """A run that did not go over, or did not come back, and why."""

    instance_id = fields.UUID(required=True)
    status = fields.String(required=True)


class MigrationOutcome(MigrationLine):
    """How a migration went so far."""

    counts = fields.Dict(required=True)
    refused = fields.List(fields.Nested(RefusedRun), required=True)


class TrialEnd(Reasoned):
    """To end a trial: `adopt` applies the version to the whole agency."""

    adopt = fields.Boolean(required=True)
