"""Shapes of procedures, their runs and the journal (quy trình, lần chạy, nhật ký)."""

from marshmallow import fields, validate

from api.schemas.shape import Shape, text


class Finding(Shape):
    """What speaks against a diagram, or was rewritten in it.

    `path` is the way of a document that shows it: ids of elements and flows, in order.
    """

    severity = fields.String(required=True)
    element = fields.String(required=True)
    code = fields.String(required=True)
    vi = fields.String(required=True)
    en = fields.String(required=True)
    citation = fields.String(required=True)
    path = fields.List(fields.String(), required=True)


class DiagramRequest(Shape):
    """A diagram as text."""

    xml = fields.String(required=True)


class LintRequest(DiagramRequest):
    """A diagram to be checked; with a key as when it is published under it."""

    key = text(60)


class PublishRequest(DiagramRequest):
    """A diagram to be published, and why."""

    key = text(60, required=True, least=1)
    name = text(200)
    reason = text(1000, required=True)
    pilot_units = fields.List(
        fields.UUID(),
        load_default=list,
        validate=validate.Length(max=200),
        metadata={"description": "units that try it first; none for the whole agency"},
    )
    based_on = fields.Integer(
        strict=True,
        validate=validate.Range(min=1),
        metadata={"description": "number of the version it was drawn from; 409 if not in use"},
    )


class RehearsalRequest(DiagramRequest):
    """A diagram to be tried on the last cases."""

    cases = fields.Integer(
        load_default=100, validate=validate.Range(1, 1000),
        metadata={"description": "how many of the last cases"},
    )  # fmt: skip
    table = fields.Dict(
        keys=fields.String(), values=fields.String(), load_default=dict,
        metadata={"description": "old step to new step, where neither id nor name tells"},
    )  # fmt: skip


class RehearsalLine(Shape):
    """One thing the diagram would change, in how many cases, and some of them."""

    vi = fields.String(required=True)
    en = fields.String(required=True)
    count = fields.Integer(required=True)
    documents = fields.List(fields.UUID(), required=True)


class RehearsalReport(Shape):
    """What a diagram would have made of past cases; nothing was written."""

    key = fields.String(required=True)
    against = fields.Integer(required=True)
    cases = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    appeared = fields.List(fields.Nested(RehearsalLine), required=True)
    vanished = fields.List(fields.Nested(RehearsalLine), required=True)
    given = fields.List(fields.Nested(RehearsalLine), required=True)
    late = fields.List(fields.Nested(RehearsalLine), required=True)
    stuck = fields.List(fields.Nested(RehearsalLine), required=True)
    left_over = fields.List(fields.Nested(RehearsalLine), required=True)


class LintAnswer(Shape):
    """The findings of a diagram."""

    publishable = fields.Boolean(required=True)
    runnable = fields.Boolean(required=True)
    findings = fields.List(fields.Nested(Finding), required=True)


class DefinitionLine(Shape):
    """One version of a procedure."""

    id = fields.UUID(required=True)
    key = fields.String(required=True)
    number = fields.Integer(required=True)
    name = fields.String(required=True)
    is_current = fields.Boolean(required=True)
    pilot_units = fields.List(
        fields.UUID(), required=True, allow_none=True, metadata={"description": "on trial there"}
    )
    sha256 = fields.String(required=True)
    reason = fields.String(required=True)
    published_at = fields.DateTime(required=True)
    published_by = fields.UUID(required=True, allow_none=True)
    forms = fields.Dict(required=True)


class DefinitionList(Shape):
    """Versions of procedures."""

    items = fields.List(fields.Nested(DefinitionLine), required=True)


class Published(DefinitionLine):
    """A new version with what was found in its diagram."""

    findings = fields.List(fields.Nested(Finding), required=True)


class InstanceQuery(Shape):
    """The document whose procedures are asked for."""

    document = fields.UUID(required=True)


class InstanceLine(Shape):
    """One run of a procedure."""

    id = fields.UUID(required=True)
    definition_id = fields.UUID(required=True)
    document_id = fields.UUID(required=True)
    kind = fields.String(required=True)
    status = fields.String(required=True)
    seq = fields.Integer(required=True, metadata={"description": "its last event"})
    standing = fields.List(fields.String(), required=True)
    started_at = fields.DateTime(required=True)
    ended_at = fields.DateTime(required=True, allow_none=True)


class InstanceList(Shape):
    """The runs over one document."""

    items = fields.List(fields.Nested(InstanceLine), required=True)


class EventLine(Shape):
    """One event of the chain: what was said, its hash and the one before."""

    seq = fields.Integer(required=True)
    kind = fields.String(required=True)
    node = fields.String(required=True)
    at = fields.DateTime(required=True)
    previous = fields.String(required=True)
    hash = fields.String(required=True)
    body = fields.Dict(required=True)


class ChainCheck(Shape):
    """Whether the chain of events holds, else where and why not."""

    holds = fields.Boolean(required=True)
    broken_at = fields.Integer(required=True, allow_none=True)
    reason = fields.String(required=True)


class InstanceHistory(Shape):
    """The history of one run, verified."""

    instance = fields.Nested(InstanceLine, required=True)
    verification = fields.Nested(ChainCheck, required=True)
    items = fields.List(fields.Nested(EventLine), required=True)


class HeadQuery(Shape):
    """An exported head of the journal's chain, to find an end that was cut off."""

    no = fields.Integer()
    hash = fields.String(validate=validate.Regexp(r"[0-9a-f]{64}\Z"))


class JournalCheck(Shape):
    """What checking the journal found."""

    holds = fields.Boolean(required=True)
    sealed = fields.Integer(required=True)
    unsealed = fields.Integer(required=True)
    seal = fields.Integer(required=True, allow_none=True)
    leaf = fields.UUID(required=True, allow_none=True)
    reason = fields.String(required=True)
    detail = fields.String(required=True)
    head = fields.Dict(required=True, allow_none=True)
