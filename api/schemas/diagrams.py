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
