"""Shapes of what is asked of a document after it left (lược đồ: lấy lại, thu hồi, …)."""

from marshmallow import fields

from api.schemas.shape import Shape, text, word
from records.change import WITHDRAWALS, ChangeAnswer, ChangeKind


class AskBackRequest(Shape):
    """What is asked of the receivers: a recall goes to all, taking back to those named."""

    kind = word(sorted(WITHDRAWALS), required=True)
    reason = text(500, required=True, least=1)
    recipient_ids = fields.List(fields.UUID(), load_default=list)


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
