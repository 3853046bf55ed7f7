"""Shapes of work items (việc cần xử lý)."""

from marshmallow import fields, validate

from api.schemas.documents import DocumentBrief, OpenedItem
from api.schemas.shape import Paging, Shape, version_read, word


class InboxQuery(Paging):
    """A page of the inbox, perhaps of one basket."""

    basket = word(["mine", "overdue", "today", "incoming", "outgoing", "returned"])


class WorkItemBrief(Shape):
    """One line of the inbox."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    name = fields.String(required=True)
    node = fields.String(required=True, metadata={"description": "BPMN element id"})
    lane = fields.String(required=True)
    verb = fields.String(required=True)
    form = fields.String(required=True)
    status = fields.String(required=True)
    priority = fields.Integer(required=True)
    opened_at = fields.DateTime(required=True)
    due_at = fields.DateTime(required=True)
    is_overdue = fields.Boolean(required=True)
    instance_id = fields.UUID(required=True)
    document = fields.Nested(DocumentBrief, required=True)


class WorkItemPage(Shape):
    """A page of the inbox."""

    items = fields.List(fields.Nested(WorkItemBrief), required=True)
    next = fields.String(required=True, allow_none=True)


class WorkItemDetail(WorkItemBrief):
    """A step with all that is needed to complete it."""

    may_complete = fields.Boolean(required=True)
    form_schema = fields.Dict(required=True, allow_none=True)
    choices = fields.Dict(required=True)
    initial = fields.Dict(required=True)
    outcome = fields.Dict(required=True, allow_none=True)


class CompletionRequest(Shape):
    """The form as it was filled in, for the version that was read."""

    version = version_read()
    values = fields.Dict(keys=fields.String(), load_default=dict)
    files = fields.List(
        fields.String(validate=validate.Length(max=64)),
        load_default=list,
        validate=validate.Length(max=100),
        metadata={"description": "Every upload id that `values` names."},
    )


class Completion(Shape):
    """What completing the step led to."""

    id = fields.UUID(required=True)
    status = fields.String(required=True)
    summary = fields.String(required=True)
    opened = fields.List(fields.Nested(OpenedItem), required=True)
    instance = fields.Dict(required=True)
    document = fields.Dict(required=True)
