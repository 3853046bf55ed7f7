"""Shapes of what is asked of a document after it left (lược đồ: lấy lại, thu hồi, …)."""

from marshmallow import fields, validate

from api.schemas.shape import Shape, text, word
from records.change import WITHDRAWALS, ChangeAnswer, ChangeKind
from records.vocabulary import Urgency


class AskBackRequest(Shape):
    """What is asked of the receivers: a recall goes to all, taking back to those named."""

    kind = word(sorted(WITHDRAWALS), required=True)
    reason = text(500, required=True, least=1)
    recipient_ids = fields.List(fields.UUID(), load_default=list)


class UpdateRequest(Shape):
    """What changes of an issued document: what is left out stays; `files` holds one signed PDF.

    `annexes` take the place of those of their name, `drop_annexes` are ids of files.
    """

    reason = text(500, required=True, least=1)
    subject = text(500, least=1)
    urgency = word(Urgency)
    due_on = fields.Date()
    annexes = fields.List(fields.String(), load_default=list, validate=validate.Length(max=100))
    drop_annexes = fields.List(fields.UUID(), load_default=list)
    files = fields.List(fields.String(), load_default=list, validate=validate.Length(max=1))
    add = fields.List(fields.UUID(), load_default=list)
    remove = fields.List(fields.UUID(), load_default=list)


class UnreceivedQuery(Shape):
    """Where a page of the list begins."""

    after = fields.UUID()
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class UnreceivedLine(Shape):
    """One document at one receiver who has not taken it in."""

    document_id = fields.UUID(required=True)
    reference = fields.String(required=True)
    subject = fields.String(required=True)
    recipient_id = fields.UUID(required=True)
    name = fields.String(required=True)
    organ_code = fields.String(required=True)
    delivery = fields.String(required=True)
    delivery_reason = fields.String(required=True)
    since = fields.DateTime(required=True, allow_none=True)
    receipt_due_at = fields.DateTime(required=True)
    overdue = fields.Boolean(required=True)


class UnreceivedPage(Shape):
    """A page of the list and where the next begins."""

    items = fields.List(fields.Nested(UnreceivedLine), required=True)
    after = fields.UUID(required=True, allow_none=True)


class RequestLine(Shape):
    """One request with its answer."""

    id = fields.UUID(required=True)
    kind = word(ChangeKind, required=True)
    recipient_id = fields.UUID(required=True, allow_none=True)
    organ_code = fields.String(required=True)
    reason = fields.String(required=True)
    asked_by = fields.String(required=True)
    asked_at = fields.DateTime(required=True)
    sent_at = fields.DateTime(required=True, allow_none=True)
    received_at = fields.DateTime(required=True, allow_none=True)
    failure = fields.String(required=True)
    answer = word(ChangeAnswer, required=True)
    answer_reason = fields.String(required=True)
    answered_by = fields.String(required=True)
    answered_at = fields.DateTime(required=True, allow_none=True)


class RequestList(Shape):
    """What was asked about a document, oldest first."""

    items = fields.List(fields.Nested(RequestLine), required=True)
