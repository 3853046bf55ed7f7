"""A paper that came in, scanned (văn bản giấy đến được số hóa): the agency signs the scan."""

from engine.database import Transaction
from engine.errors import OfficeError
from processes.agency_mark import Mark, keep_marked, ready
from processes.means import Means
from processes.order import Order
from processes.signature import signed
from records.authority import Act, authorize
from records.content import files_of
from records.document import IncomingDocument
from records.inspection import PDF
from records.organization import Agency
from records.vocabulary import FileKind
from signing.corner import place_incoming
from signing.role import SignRole


class NoScan(OfficeError):
    """There is no scan of a paper to sign (không có bản số hóa)."""

    code = "no-scan"
    status = 409
    citation = "Nghị định 30/2020/NĐ-CP, Phụ lục I"
    vi = (
        "Văn bản này không có bản quét PDF của bản giấy nên không có gì để ký số. Bỏ chọn «Ký số "
        "bản số hóa», hoặc quét bản giấy thành PDF và tiếp nhận lại."
    )
    en = "There is no PDF scan of a paper to sign. Clear the box, or scan the paper to PDF."


def sign_scans(tx: Transaction, means: Means, order: Order[IncomingDocument]) -> int:
    """Sign each scan as it was received and return how many; the unsigned scan stays beside it.

    Raises `NoScan`, `KeystoreRefused`, `NoRoom`.
    """
    authorize(tx.acting, Act.SEAL_DOCUMENT)
    document = order.document
    scans = [f for f in files_of(tx, document) if f.kind is FileKind.SCAN and f.media_type == PDF]
    unsigned = [f for f in scans if f.version_no == 1]
    if not unsigned or len(unsigned) < len(scans):
        raise NoScan
    organ_name = tx.get(Agency, document.agency_id).name
    for file in unsigned:
        pdf = ready(means.content.read(file.sha256))
        place = place_incoming(pdf, organ_name=organ_name, signed_at=tx.now)
        mark = Mark(SignRole.INCOMING, place, organ_name, "Số hóa văn bản giấy đến")
        pdf = signed(tx, means, order, document.agency_id, pdf, mark.request(pdf, tx.now))
        keep_marked(tx, means, document, pdf, name=file.name, kind=FileKind.SCAN, version_no=2)
    return len(unsigned)
