"""Set the agency's digital seal (ký số cơ quan): by the clerk, on what is signed and numbered."""

from engine.database import Transaction
from engine.errors import OfficeError
from processes.means import Means
from processes.order import Decision, Order
from processes.outgoing.annex import sign_annexes
from processes.outgoing.paper import current_paper, keep_signed
from processes.signature import signed
from processes.verify import post_check
from records.authority import Act, authorize
from records.document import OutgoingDocument
from records.vocabulary import OutgoingStatus
from signing.placement import place_seal
from signing.signer import SignRequest, SignRole


class NotNumbered(OfficeError):
    """The seal comes after number and date (chưa cấp số, ngày)."""

    code = "not-numbered"
    status = 409
    citation = "Nghị định 30/2020/NĐ-CP, Điều 15, 18"
    vi = "Văn bản chưa được cấp số, ngày nên chưa đóng dấu được."
    en = "The document has no number and date yet; it cannot be sealed."


class AlreadySealed(OfficeError):
    """The document bears the agency's seal (đã ký số cơ quan)."""

    code = "already-sealed"
    status = 409
    vi = "Văn bản {reference} đã có chữ ký số của cơ quan."
    en = "The document {reference} already bears the agency's seal."


def seal(tx: Transaction, means: Means, order: Order[OutgoingDocument]) -> Decision:
    """Put the agency's seal over the left third of the person's signature; sign each annex.

    Decree 30/2020, Điều 32: the clerk does it personally, and only on a document the competent
    person has signed. Raises `NotSigned`, `NotNumbered`, `AlreadySealed`, `KeystoreRefused`,
    `NoRoom`.
    """
    authorize(tx.acting, Act.SEAL_DOCUMENT)
    document = order.document
    document.ensure_signed()
    if document.serial_number is None:
        raise NotNumbered
    if document.sealed_at is not None:
        raise AlreadySealed(reference=document.reference)
    paper = current_paper(tx, document)
    pdf = means.content.read(paper.file.sha256)
    image = means.signing.image_of(document.agency_id)
    request = SignRequest(
        role=SignRole.SEAL,
        signed_at=tx.now,
        placement=place_seal(pdf, image=image) if image is not None else None,
        image=image,
        name=document.organ_name,
        reason=f"Phát hành {document.reference}",
    )
    sealed = signed(tx, means, order, document.agency_id, pdf, request)
    file, _ = keep_signed(tx, means, document, sealed, SignRole.SEAL)
    post_check(tx, file)
    annexes = sign_annexes(tx, means, order, paper.files)
    document.sealed_at = tx.now
    document.status = OutgoingStatus.SEALED
    return Decision({}, f"Đã ký số của cơ quan{annexes}")
