"""Shapes of comparing and merging diagrams (so sánh, hòa nhập sơ đồ)."""

from marshmallow import fields, validate

from api.schemas.shape import Shape
from engine.difference import Turn
from engine.merging import Side


class Change(Shape):
    """One difference: what became of an element, of which of its slots, in words."""

    turn = fields.String(required=True, validate=validate.OneOf([turn.value for turn in Turn]))
    element = fields.String(required=True)
    slot = fields.String(required=True)
    before = fields.String(required=True)
    after = fields.String(required=True)
    vi = fields.String(required=True)
    en = fields.String(required=True)


class ComparisonRequest(Shape):
    """Two diagrams as text."""

    old = fields.String(required=True)
    new = fields.String(required=True)


class ChangeList(Shape):
    """What differs, element by element."""

    items = fields.List(fields.Nested(Change), required=True)


class MergeDecision(Shape):
    """Whose change counts for a conflict."""

    element = fields.String(required=True)
    slot = fields.String(required=True)
    side = fields.String(required=True, validate=validate.OneOf([side.value for side in Side]))


class MergeRequest(Shape):
    """The master an agency began from, the new master, the agency's own; decisions on conflicts."""

    base = fields.String(required=True)
    master = fields.String(required=True)
    agency = fields.String(required=True)
    decided = fields.List(fields.Nested(MergeDecision), load_default=list)


class MergeConflict(Shape):
    """What both changed differently: the changes of each side since the base."""

    element = fields.String(required=True)
    slot = fields.String(required=True)
    master = fields.List(fields.Nested(Change), required=True)
    agency = fields.List(fields.Nested(Change), required=True)


class MergeAnswer(Shape):
    """The merged diagram, empty while a conflict is undecided; what it takes and keeps."""

    xml = fields.String(required=True)
    taken = fields.List(fields.Nested(Change), required=True)
    kept = fields.List(fields.Nested(Change), required=True)
    conflicts = fields.List(fields.Nested(MergeConflict), required=True)


class MasterLine(Shape):
    """One version of a master diagram."""

    id = fields.UUID(required=True)
    agency_id = fields.UUID(required=True)
    key = fields.String(required=True)
    number = fields.Integer(required=True)
    name = fields.String(required=True)
    reason = fields.String(required=True)
    published_at = fields.DateTime(required=True)


class Inheritance(Shape):
    """How an agency's procedure stands to the master above: what is new there, what is its own."""

    behind = fields.Boolean(required=True)
    master = fields.Nested(MasterLine, required=True, allow_none=True)
    theirs = fields.List(fields.Nested(Change), required=True)
    ours = fields.List(fields.Nested(Change), required=True)
    conflicts = fields.List(fields.Nested(MergeConflict), required=True)


class Adoption(Shape):
    """To merge the newest master into the agency's procedure and publish that, and why."""

    reason = fields.String(required=True, validate=validate.Length(max=1000))
    decided = fields.List(fields.Nested(MergeDecision), load_default=list)


class MasterRequest(Shape):
    """To make the version in use the master of the agencies below, and why."""

    reason = fields.String(required=True, validate=validate.Length(max=1000))
