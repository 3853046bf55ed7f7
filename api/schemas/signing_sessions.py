"""Shapes of signing sessions (phiên ký số)."""

from marshmallow import fields, validate

from api.schemas.shape import Shape, version_read, word
from records.signing_session import SessionState
from signing.role import SignRole
from signing.transport import Transport

#: base64 of a certificate, a chain, a signature
_LONGEST = 20_000


def _base64(*, required: bool = False) -> fields.String:
    return fields.String(
        required=required,
        validate=validate.Length(1, _LONGEST),
        metadata={"format": "byte", "description": "base64"},
    )


class SessionRequest(Shape):
    """What is to be signed, and how the key is reached."""

    document_id = fields.UUID(required=True)
    version = version_read("Version of the work item.")
    role = word(SignRole, required=True)
    cert = _base64()
    cert_chain = fields.List(_base64(), validate=validate.Length(1, 10))
    level = word(["B"])
    transport = word(Transport, required=True)
    values = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        metadata={"description": "The form of the step, without the PIN."},
    )


class AgentCall(Shape):
    """What the page sends to the program at the desk."""

    action = fields.String(required=True)
    params = fields.Dict(required=True)


class Failure(Shape):
    """Why a session ended."""

    code = fields.String(required=True)
    detail = fields.String(required=True)


class WaitingFile(Shape):
    """One of the files a step signs."""

    session = fields.UUID(required=True)
    role = fields.String(required=True)
    state = word(SessionState, required=True)


class Session(Shape):
    """A session, and how far all files of its step have come."""

    session = fields.UUID(required=True)
    state = word(SessionState, required=True)
    role = fields.String(required=True)
    transport = fields.String(required=True)
    document_id = fields.UUID(required=True)
    work_item_id = fields.UUID(required=True)
    expires = fields.DateTime(required=True)
    failure = fields.Nested(Failure, required=True, allow_none=True)
    files = fields.List(
        fields.Nested(WaitingFile),
        required=True,
        metadata={"description": "The document first; `state` is that of all together."},
    )


class AnnexBegun(Shape):
    """The session of an annex, with what one of the two transports needs."""

    session = fields.UUID(required=True)
    field = fields.String()
    to_be_signed = fields.String(metadata={"description": "base64 of DER"})
    digest = fields.String(metadata={"description": "base64"})
    digest_alg = fields.String()
    sig_alg = fields.String()
    certificate = fields.String(metadata={"description": "base64 of DER"})
    download_url = fields.String()
    upload_url = fields.String()
    agent = fields.Nested(AgentCall, required=True)


class SessionBegun(AnnexBegun, Session):
    """A session that waits, with what one of the two transports needs."""

    annexes = fields.List(fields.Nested(AnnexBegun), required=True)


class SignatureRequest(Shape):
    """The raw signature."""

    signature = _base64(required=True)


class AgentAnswer(Session):
    """The answer to an agent, with the names VGCA's programs read."""

    Status = fields.Boolean(required=True)
    Message = fields.String(required=True)
    FileName = fields.String(required=True)
    FileServer = fields.String(required=True)


class SignedFile(Shape):
    """The signed file, whatever the name of its part."""

    uploadfile = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})
