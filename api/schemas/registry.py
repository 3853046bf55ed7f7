"""Shapes of registers and dossiers (sổ đăng ký, hồ sơ)."""

from marshmallow import fields, validate

from api.schemas.shape import Paging, Shape, text, word


class SeriesLine(Shape):
    """One run of numbers of one year."""

    year = fields.Integer(required=True)
    key = fields.String(required=True)
    next_number = fields.Integer(required=True)
    opened_at_number = fields.Integer(required=True)
    reason = fields.String(required=True)


class RegisterLine(Shape):
    """A register with its series."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True)
    name = fields.String(required=True)
    is_active = fields.Boolean(required=True)
    series = fields.List(fields.Nested(SeriesLine), required=True)


class RegisterList(Shape):
    """The registers of the agency."""

    items = fields.List(fields.Nested(RegisterLine), required=True)


class BookQuery(Paging):
    """A year of a register; outgoing numbers run by series."""

    year = fields.Integer(required=True, validate=validate.Range(1945, 9999))
    series = fields.String(validate=validate.Length(max=100))


class Book(Shape):
    """A page of the book as it is printed (Decree 30/2020, annex IV)."""

    columns = fields.List(fields.Dict(), required=True)
    items = fields.List(fields.Dict(), required=True)
    next = fields.String(required=True, allow_none=True)


class DossierRequest(Shape):
    """A dossier to be opened."""

    title = text(500, required=True, least=1)
    notation = text(20)
    retention = text(30)


class DossierPatch(Shape):
    """What may be changed of a dossier; `state` may only become `closed`."""

    title = text(500, least=1)
    description = text(500)
    state = word(["closed"])


class DossierDetail(Shape):
    """A dossier."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    file_code = fields.String(required=True)
    year = fields.Integer(required=True)
    notation = fields.String(required=True)
    title = fields.String(required=True)
    description = fields.String(required=True)
    retention = fields.String(required=True)
    state = fields.String(required=True)
    creator = fields.String(required=True)
    started_on = fields.Date(required=True, allow_none=True)
    ended_on = fields.Date(required=True, allow_none=True)
    document_total = fields.Integer(required=True)
    page_total = fields.Integer(required=True)


class DossierQuery(Paging):
    """A page of dossiers, perhaps of one year or state."""

    year = fields.Integer(validate=validate.Range(1945, 9999))
    state = word(["open", "closed", "deposited"])


class DossierPage(Shape):
    """A page of dossiers, newest first."""

    items = fields.List(fields.Nested(DossierDetail), required=True)
    next = fields.String(required=True, allow_none=True)


class DossierItemLine(Shape):
    """One thing in a dossier, in its place."""

    ordinal = fields.Integer(required=True)
    kind = fields.String(required=True)
    id = fields.UUID(required=True)
    added_at = fields.DateTime(required=True)
    added_by = fields.String(required=True)


class DossierItems(Shape):
    """What lies in a dossier."""

    items = fields.List(fields.Nested(DossierItemLine), required=True)
    next = fields.String(required=True, allow_none=True)
