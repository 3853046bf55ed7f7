"""Files of documents (tệp): bytes as they were stored, never as a page of ours."""

from typing import Any
from uuid import UUID

import orjson
from flask import Response, send_file

from api.answers import show
from api.bearer import Scope, guarded, transaction
from api.blueprint import Resource
from api.documents import read_file
from api.installation import installation
from api.schemas.files import FileQuery, SignatureHistory
from records import journal
from records.authority import Act
from records.inspection import DOCUMENTS, PDF
from records.keeping import newest_of
from records.verification import history_of
from signing.etsi_report import NothingSigned, etsi_xml
from signing.report import DocumentReport

blueprint = Resource("files", "files", "Tệp của văn bản")

#: shown in the browser on request; everything else is handed over for saving
SHOWN_INLINE = frozenset({PDF, "image/png", "image/jpeg"})

#: what officers and senders put in is never a page of ours
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Vary": "Authorization",
}


@blueprint.get("/<uuid:file_id>")
@guarded(Scope.READ, Act.READ_DOCUMENT)
@blueprint.arguments(FileQuery, location="query")
@blueprint.response(
    200, {"type": "string", "format": "binary"}, content_type="application/octet-stream"
)
def download(query: dict[str, Any], file_id: UUID) -> Response:
    """Hand over a file; every time is in the journal. What is in quarantine stays there.

    With `proofs` it comes with the newest proofs of its signatures behind the stored bytes.
    """
    with transaction() as tx:
        file = read_file(tx, file_id)
        inline = query["inline"] and file.media_type in SHOWN_INLINE
        sha256 = newest_of(tx, file)[0] if query["proofs"] else file.sha256
        journal.record(tx, "view" if inline else "download", "file", file.id, sha256=sha256)
    known = file.media_type if file.media_type in DOCUMENTS else "application/octet-stream"
    content = installation().means.content.open(sha256)
    response = send_file(
        content,
        mimetype=known,
        as_attachment=not inline,
        download_name=file.name,
        etag=sha256,
        conditional=True,
        max_age=None,
    )
    response.call_on_close(content.close)  # also where the client knows it already (304)
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


@blueprint.get("/<uuid:file_id>/signatures")
@guarded(Scope.READ, Act.READ_DOCUMENT)
@blueprint.response(200, SignatureHistory)
def signatures(file_id: UUID) -> Response:
    """Return every check of a file's signatures, newest first, each with its whole report."""
    with transaction() as tx:
        file = read_file(tx, file_id)
        found = history_of(tx, [file.id]).get(file.id, [])
    items = [
        {
            "id": one.id,
            "verdict": one.verdict,
            "checked_at": one.checked_at,
            "report": orjson.Fragment(one.report),
        }
        for one in reversed(found)
    ]
    return show({"file_id": file_id, "items": items})


@blueprint.get("/<uuid:file_id>/signatures/etsi")
@guarded(Scope.READ, Act.READ_DOCUMENT)
@blueprint.response(200, {"type": "string"}, content_type="application/xml")
def signatures_as_etsi(file_id: UUID) -> Response:
    """Return the newest report as ETSI TS 119 102-2 has it; 409 where no signature was found."""
    with transaction() as tx:
        file = read_file(tx, file_id)
        found = history_of(tx, [file.id]).get(file.id)
    if not found:
        raise NothingSigned
    text = etsi_xml(DocumentReport.from_json(found[-1].report))
    return Response(text, mimetype="application/xml", headers=HEADERS)
