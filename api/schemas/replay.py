"""Shapes of runs done again (phát lại lần chạy)."""

from marshmallow import fields, validate

from api.schemas.procedures import ChainCheck
from api.schemas.shape import Shape


class ReplayQuery(Shape):
    """The event after which the run is to be seen; the last one unless told."""

    at = fields.Integer(validate=validate.Range(min=1))


class Standing(Shape):
    """A step where the run stood."""

    node = fields.String(required=True)
    name = fields.String(required=True)


class Moment(Shape):
    """The run after one event: where it stood, and the engine's state as it was stored."""

    seq = fields.Integer(required=True)
    standing = fields.List(fields.Nested(Standing), required=True)
    state = fields.String(required=True)


class Condition(Shape):
    """A condition at a gateway and the value it had."""

    expression = fields.String(required=True)
    value = fields.Raw(required=True, allow_none=True)


class Decision(Shape):
    """How a gateway chose: what it asked in order, and where its tokens went."""

    node = fields.String(required=True)
    asked = fields.List(fields.Nested(Condition), required=True)
    took = fields.List(fields.String(), required=True)


class EventAgain(Shape):
    """An event done again: its verdict, and three digests of the state it left.

    `recorded` stands in the chain, `stored` is that of the state kept beside it, `executed` that of
    doing it again, null where it was not.
    """

    seq = fields.Integer(required=True)
    kind = fields.String(required=True)
    node = fields.String(required=True)
    at = fields.DateTime(required=True)
    decisions = fields.List(fields.Nested(Decision), required=True)
    verdict = fields.String(
        required=True, validate=validate.OneOf(["agrees", "differs", "not_executable"])
    )
    reason_vi = fields.String(required=True)
    reason_en = fields.String(required=True)
    recorded = fields.String(required=True)
    stored = fields.String(required=True)
    executed = fields.String(required=True, allow_none=True)


class InstanceReplay(Shape):
    """A run done again; `holds` when its chain, its states and all that could be repeated agree."""

    instance = fields.UUID(required=True)
    holds = fields.Boolean(required=True)
    verification = fields.Nested(ChainCheck, required=True)
    differs_at = fields.Integer(required=True, allow_none=True)
    after = fields.Nested(Moment, required=True)
    items = fields.List(fields.Nested(EventAgain), required=True)
