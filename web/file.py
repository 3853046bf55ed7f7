"""Files handed out (xem, tải tệp): asked, noted in the journal, verified, never a page of ours."""

from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response, redirect, request, send_file
from werkzeug.wrappers import Response as WerkzeugResponse

from engine.database import Transaction
from engine.errors import NotFound
from processes import reach
from processes.verify import conclude, examine_pdf
from records import journal
from records.authority import Act
from records.content import File
from records.document import Document
from records.keeping import newest_of
from records.verification import history_of
from records.vocabulary import Scan
from signing.etsi_report import etsi_xml
from signing.report import DocumentReport
from web import paper
from web.door import language, office, transaction
from web.policy import ensure, needs
from web.security import DOWNLOAD
from web.shell import say
from web.tongue import _

pages = Blueprint("file", __name__)


@pages.get("/files/<uuid:file_id>")
@needs(Act.READ_DOCUMENT, each=True)
def read(file_id: UUID) -> Response:
    """Hand out the bytes of a file; the journal tells who read (`view=1`) or took it.

    With `proofs=1` the newest proofs of its signatures come behind the stored bytes.
    """
    with transaction() as tx:
        file, document = _readable(tx, file_id)
        if file.scan is Scan.QUARANTINE:
            file.ensure_downloadable()
        act = "view_file" if "view" in request.args else "download"
        sha256 = newest_of(tx, file)[0] if "proofs" in request.args else file.sha256
        journal.record(tx, act, "file", file.id, document=document.id, sha256=sha256)
        name, kind = file.name, file.media_type
    content = office().means.content.open(sha256)
    response = send_file(content, mimetype=kind, etag=sha256, conditional=True, max_age=0)
    # RFC 6266, RFC 5987: the name is text of a stranger's, in one encoding every browser knows
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    response.headers["Content-Security-Policy"] = DOWNLOAD
    response.headers["Cache-Control"] = "private, no-store"
    return response


@pages.post("/files/<uuid:file_id>/check")
@needs(Act.READ_DOCUMENT, each=True)
def check(file_id: UUID) -> WerkzeugResponse:
    """Check the signatures of a PDF anew and keep the report with it."""
    with transaction() as tx:
        file, document = _readable(tx, file_id)
        target, sha256, now = f"{paper.page_of(document)}?file={file.id}", file.sha256, tx.now
    examination = examine_pdf(office().means, office().means.content.read(sha256), now)
    with transaction() as tx:
        file, document = _readable(tx, file_id)
        conclude(tx, file, examination)
        verdict = examination.authenticity
        journal.record(tx, "check_signatures", "file", file.id, verdict=verdict.value)
    say(_("Kết quả kiểm tra chữ ký số: %(verdict)s.", verdict=verdict.label(language())))
    return redirect(target, 303)


@pages.get("/files/<uuid:file_id>/signatures.<any(json, xml):form>")
@needs(Act.READ_DOCUMENT, each=True)
def report(file_id: UUID, form: str) -> WerkzeugResponse:
    """Hand out the report of the newest check of a file, or of the one named; XML is ETSI's."""
    with transaction() as tx:
        file, document = _readable(tx, file_id)
        found = history_of(tx, [file.id]).get(file.id, [])
        asked = request.args.get("check")
        found = [one for one in found if asked in {None, str(one.id)}]
        if not found:
            raise NotFound(what=_("báo cáo kiểm tra chữ ký số"))
        journal.record(tx, "download_report", "file", file.id, document=document.id, form=form)
        kept, name = found[-1].report, f"{Path(file.name).stem}-chu-ky.{form}"
    text = kept if form == "json" else etsi_xml(DocumentReport.from_json(kept))
    response = Response(text, mimetype=f"application/{form}")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _readable(tx: Transaction, file_id: UUID) -> tuple[File, Document]:
    """Return a file and its document; raises `NotFound`, `NoRight`."""
    file = tx.get(File, file_id)
    way = "incoming" if file.incoming_document_id else "outgoing"
    document_id = file.incoming_document_id or file.outgoing_document_id
    if document_id is None:
        raise NotFound(what=_("tệp"))
    document = paper.load_document(tx, way, document_id)
    ensure(tx.acting, Act.READ_DOCUMENT, reach.facts_of_document(tx, document))
    return file, document
