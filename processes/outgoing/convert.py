"""Word drafts become PDF beside the procedure (chuyển đổi dự thảo): one at a time on a node."""

from uuid import UUID

from engine.handlers import Errand, GiveUp, Handlers
from engine.jobs import ClaimedJob
from processes.means import Means
from processes.outgoing.draft import CONVERT_JOB
from records.content import File, attach_file
from records.conversion import ConversionFailed, ConversionUnavailable, convert_to_pdf
from records.document import OutgoingDocument
from records.draft import Draft
from records.vocabulary import FileKind


def add_handlers(handlers: Handlers, means: Means) -> None:
    """Tell the worker how a draft is converted."""
    handlers.outside(CONVERT_JOB, lambda errand, job: convert(errand, job, means), lane="soffice")


def convert(errand: Errand, job: ClaimedJob, means: Means) -> None:
    """Make the PDF of a Word draft and attach it; what LibreOffice refuses becomes an incident."""
    with errand.transaction() as tx:
        draft = tx.get(Draft, UUID(job.payload["draft"]))
        source = tx.get(File, draft.source_file_id)
        name, sha256 = source.name, source.sha256
    try:
        pdf = convert_to_pdf(means.content.read(sha256))
    except (ConversionFailed, ConversionUnavailable) as error:
        raise GiveUp(error.text("vi")) from error
    stored = means.content.put(pdf)
    with errand.finish() as tx:
        draft = tx.get(Draft, UUID(job.payload["draft"]))
        document = tx.get(OutgoingDocument, draft.outgoing_document_id)
        attach_file(
            tx,
            document,
            stored,
            name=f"{name.rpartition('.')[0] or name}.pdf",
            kind=FileKind.DRAFT,
            version_no=draft.version_no,
            page_amount=means.content.count_pages(stored.sha256),
        )
