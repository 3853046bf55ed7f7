"""Shapes of files (tệp)."""

from marshmallow import fields

from api.schemas.shape import Shape


class UploadForm(Shape):
    """One file."""

    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class UploadAnswer(Shape):
    """A file that waits to be named by a form or a new document."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    media_type = fields.String(required=True)
    size = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    expires_at = fields.DateTime(required=True)


class FileQuery(Shape):
    """How a file is wanted."""

    inline = fields.Boolean(load_default=False)
    #: with the newest proofs of its signatures behind it
    proofs = fields.Boolean(load_default=False)


class FileBrief(Shape):
    """A file of a document."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True)
    media_type = fields.String(required=True)
    size = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    version_no = fields.Integer(required=True)
    scan = fields.String(required=True)
    created_at = fields.DateTime(required=True)


class SignatureCheckLine(Shape):
    """One check of a file's signatures."""

    id = fields.UUID(required=True)
    verdict = fields.String(required=True)
    checked_at = fields.DateTime(required=True)
    report = fields.Raw(required=True)


class SignatureHistory(Shape):
    """All checks of a file's signatures."""

    file_id = fields.UUID(required=True)
    items = fields.List(fields.Nested(SignatureCheckLine), required=True)
