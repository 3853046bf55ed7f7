"""Shapes of what passed about a document (lược đồ: gói tin, lần gửi, biên nhận)."""

from marshmallow import fields

from api.schemas.shape import Shape, word
from records.transfer import AttemptOutcome, Carriage, Direction


class AttemptLine(Shape):
    """One attempt; without `ended_at` nobody knows yet what became of it."""

    number = fields.Integer(required=True)
    address = fields.String(required=True)
    outcome = word(AttemptOutcome, required=True)
    error_code = fields.String(required=True)
    error = fields.String(required=True)
    started_at = fields.DateTime(required=True)
    ended_at = fields.DateTime(required=True, allow_none=True)


class ReceiptLine(Shape):
    """A signed receipt: `signed` or `waiting` where we give it, else what its check found."""

    state = word(("waiting", "signed", "matches", "differs", "forged", "other-key"), required=True)
    signer = fields.String(required=True)
    fingerprint = fields.String(required=True)
    at = fields.DateTime(required=True)


class SendingLine(Shape):
    """One packet: `state` is how far it got on its way, apart from what becomes of the document."""

    id = fields.UUID(required=True)
    direction = word(Direction, required=True)
    message_type = word(("edoc", "status"), required=True)
    state = word(Carriage, required=True)
    from_code = fields.String(required=True)
    to_code = fields.String(required=True)
    recipient_id = fields.UUID(required=True, allow_none=True)
    send_id = fields.UUID(required=True, allow_none=True)
    packet_id = fields.String(required=True, allow_none=True)
    sha256 = fields.String(required=True)
    size = fields.Integer(required=True)
    repeats = fields.Integer(required=True)
    at = fields.DateTime(required=True)
    attempts = fields.List(fields.Nested(AttemptLine), required=True)
    receipt = fields.Nested(ReceiptLine, required=True, allow_none=True)


class FailureLine(Shape):
    """What was given up; `incident_id` is what is sent again."""

    incident_id = fields.UUID(required=True)
    to = fields.String(required=True)
    why = fields.String(required=True)
    since = fields.DateTime(required=True)


class SendingList(Shape):
    """What passed about a document, and what was given up."""

    items = fields.List(fields.Nested(SendingLine), required=True)
    failures = fields.List(fields.Nested(FailureLine), required=True)
