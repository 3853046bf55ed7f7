"""Uploads (tệp tải lên): bytes first, then a form or a new document names them."""

from flask import Response, request

from api.answers import Answer, send
from api.bearer import Scope, acting, guarded, transaction
from api.blueprint import Resource
from api.errors import Fault, RequestInvalid, WrongMediaType
from api.installation import installation
from api.problems import language
from api.schemas.files import UploadAnswer, UploadForm
from engine.database import Transaction
from processes.order import Upload
from processes.uploads import find_waiting, keep_waiting
from records.authority import Act, authorize
from records.inspection import DEFAULT

#: the largest file with the envelope of a multipart body
LARGEST_UPLOAD = DEFAULT.file_bytes + 100_000

blueprint = Resource("uploads", "uploads", "Tệp tải lên chờ dùng", largest=LARGEST_UPLOAD)


_UNKNOWN = (
    "Không có tệp này, hoặc tệp đã hết hạn. Tải tệp lên lại tại POST /api/v1/uploads.",
    "There is no such file, or it expired. Send it again to POST /api/v1/uploads.",
)


def named_files(tx: Transaction, references: list[str], at: str = "files") -> list[Upload]:
    """Return the caller's waiting files of a list in a body; raises `RequestInvalid`."""
    found = find_waiting(tx, references)
    words = _UNKNOWN[language() == "en"]
    faults = [
        Fault(words, f"/{at}/{number}")
        for number, reference in enumerate(references)
        if reference not in found
    ]
    if faults:
        raise RequestInvalid(faults)
    return [found[reference] for reference in references]


@blueprint.post("")
@guarded(Scope.WRITE, Act.DRAFT_DOCUMENT)
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {"multipart/form-data": {"schema": UploadForm}},
    }
)
@blueprint.response(201, UploadAnswer)
def upload() -> Response:
    """Take in one file; its id is good for a day, for this officer alone."""
    authorize(acting(), Act.DRAFT_DOCUMENT)
    if request.mimetype != "multipart/form-data":
        raise WrongMediaType(wanted="multipart/form-data", found=request.mimetype or "—")
    sent = request.files.getlist("file")
    if len(sent) != 1 or len(request.files) != 1:
        en = language() == "en"
        words = "Send exactly one file in the part “file”." if en else "Gửi đúng một tệp ở «file»."
        raise RequestInvalid([Fault(words, "/file")])
    # The bytes are checked and synced before any row names them; no transaction waits for it.
    stored = installation().means.content.put(sent[0].stream)  # type: ignore[arg-type] # a file
    with transaction() as tx:
        row = keep_waiting(tx, stored, sent[0].filename or "tep")
    answer = Answer(
        {
            "id": row.id,
            "name": row.name,
            "media_type": row.media_type,
            "size": row.size,
            "sha256": row.sha256,
            "expires_at": row.expires_at,
        }
    )
    return send(answer.encoded(), 201, {})
