"""Shapes of documents (văn bản đến, văn bản đi)."""

from marshmallow import fields, validate

from api.schemas.files import FileBrief
from api.schemas.shape import Paging, Shape, text, word
from records.vocabulary import Channel, Secrecy, Urgency


class DocumentBrief(Shape):
    """What a list says of a document."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, metadata={"enum": ["incoming", "outgoing"]})
    reference = fields.String(required=True)
    subject = fields.String(required=True)
    type_name = fields.String(required=True)
    organ_name = fields.String(required=True)
    urgency = fields.String(required=True)
    status = fields.String()
    arrival_number = fields.Integer(allow_none=True)
    authenticity = fields.String(allow_none=True)


class OpenedItem(Shape):
    """A step that opened."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    name = fields.String(required=True)
    due_at = fields.DateTime(required=True)


class DocumentQuery(Paging):
    """A page of documents, perhaps of one status."""

    status = fields.String(validate=validate.Length(max=40))


class DocumentPage(Shape):
    """A page of documents, newest first."""

    items = fields.List(fields.Nested(DocumentBrief), required=True)
    next = fields.String(required=True, allow_none=True)


class DocumentDetail(DocumentBrief):
    """What incoming and outgoing documents have in common."""

    version = fields.Integer(required=True)
    status = fields.String(required=True)
    identifier = fields.String(required=True, allow_none=True)
    type_id = fields.UUID(required=True, allow_none=True)
    code_number = fields.String(required=True)
    code_notation = fields.String(required=True)
    issued_on = fields.Date(required=True, allow_none=True)
    organ_code = fields.String(required=True)
    language = fields.String(required=True)
    page_amount = fields.Integer(required=True)
    description = fields.String(required=True)
    signer_position = fields.String(required=True)
    signer_name = fields.String(required=True)
    secrecy = fields.String(required=True)
    is_petition = fields.Boolean(required=True)
    due_on = fields.Date(required=True, allow_none=True)
    created_at = fields.DateTime(required=True)
    files = fields.List(fields.Nested(FileBrief), required=True)


class IncomingDetail(DocumentDetail):
    """An incoming document with the fields of Decree 30/2020, annex VI."""

    channel = fields.String(required=True)
    arrived_on = fields.Date(required=True, allow_none=True)
    received_at = fields.DateTime(required=True)
    registered_at = fields.DateTime(required=True, allow_none=True)
    completed_at = fields.DateTime(required=True, allow_none=True)
    authenticity_reason = fields.String(required=True)
    refusal_reason = fields.String(required=True)
    proposal = fields.String(required=True)
    handed_to = fields.String(required=True)
    handed_on = fields.Date(required=True, allow_none=True)
    to_places = fields.String(required=True)


class OutgoingDetail(DocumentDetail):
    """An outgoing document with the fields of Decree 30/2020, annex VI."""

    serial_number = fields.Integer(required=True, allow_none=True)
    place = fields.String(required=True)
    issue_form = fields.String(required=True)
    off_system_reason = fields.String(required=True)
    signing_capacity = fields.String(required=True)
    issued_amount = fields.Integer(required=True)
    signed_at = fields.DateTime(required=True, allow_none=True)
    sealed_at = fields.DateTime(required=True, allow_none=True)
    issued_at = fields.DateTime(required=True, allow_none=True)
    recalled_at = fields.DateTime(required=True, allow_none=True)


class IncomingRequest(Shape):
    """What arrived at the counter, by post or by mail."""

    channel = word([c for c in Channel if c is not Channel.EXCHANGE], required=True)
    organ_name = text(200, required=True, least=1)
    subject = text(500, required=True, least=1)
    type_name = text(100)
    type_id = fields.UUID()
    code_number = text(11)
    code_notation = text(30)
    issued_on = fields.Date()
    urgency = word(Urgency)
    secrecy = word(Secrecy)
    is_petition = fields.Boolean()
    page_amount = fields.Integer(strict=True, validate=validate.Range(0, 999))
    files = fields.List(
        fields.String(validate=validate.Length(max=64)),
        load_default=list,
        validate=validate.Length(max=100),
    )


class OutgoingRequest(Shape):
    """What is to be drafted."""

    subject = text(500, least=1)
    in_reply_to = fields.UUID()


class Begun(Shape):
    """A document whose procedure has started."""

    id = fields.UUID(required=True)
    instance_id = fields.UUID(required=True)
    opened = fields.List(fields.Nested(OpenedItem), required=True)


class SignatureReport(Shape):
    """The newest check of a file's signatures."""

    file_id = fields.UUID(required=True)
    name = fields.String(required=True)
    verdict = fields.String(required=True)
    checked_at = fields.DateTime(required=True)
    report = fields.Raw(required=True)


class SignatureReports(Shape):
    """The verdict on a document and the report of each file."""

    authenticity = fields.String(required=True)
    items = fields.List(fields.Nested(SignatureReport), required=True)


class StatusLine(Shape):
    """A status the receiver reported."""

    code = fields.String(required=True)
    description = fields.String(required=True)
    staff = fields.String(required=True)
    reported_at = fields.DateTime(required=True)
    received_at = fields.DateTime(required=True)


class RecipientLine(Shape):
    """One addressee and how far the document has got there."""

    id = fields.UUID(required=True)
    ordinal = fields.Integer(required=True)
    organ_code = fields.String(required=True)
    name = fields.String(required=True)
    for_information = fields.Boolean(required=True)
    delivery = fields.String(required=True)
    delivery_reason = fields.String(required=True)
    delivered_at = fields.DateTime(required=True, allow_none=True)
    #: who reported last; until when receipt is to be confirmed, None once it is
    by = fields.String(required=True)
    receipt_due_at = fields.DateTime(required=True, allow_none=True)
    overdue = fields.Boolean(required=True)
    statuses = fields.List(fields.Nested(StatusLine), required=True)


class RecipientList(Shape):
    """The addressees of an outgoing document."""

    items = fields.List(fields.Nested(RecipientLine), required=True)
