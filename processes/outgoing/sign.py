"""Sign as the competent person (ký ban hành), or return it with the reason."""

from engine.database import Transaction
from engine.errors import OfficeError
from processes.means import Means
from processes.order import Decision, Order
from processes.outgoing.approve_content import judge
from processes.outgoing.paper import keep_signed
from processes.signature import signed, told_place
from records.authority import Act, authorize
from records.document import OutgoingDocument
from records.document_type import DocumentType
from records.vocabulary import OutgoingStatus
from signing.placement import place_person
from signing.signer import SignRequest, SignRole, normalise


class NotApproved(OfficeError):
    """Content and layout are approved before the signature (chưa duyệt nội dung, thể thức)."""

    code = "not-approved"
    status = 409
    citation = "Nghị định 30/2020/NĐ-CP, Điều 12"
    vi = "Văn bản chưa được duyệt {missing} nên chưa ký được."
    en = "The document cannot be signed before {missing} is approved."


class NotTheSignatory(OfficeError):
    """Another person is to sign (không phải người có thẩm quyền ký văn bản này)."""

    code = "not-the-signatory"
    status = 403
    vi = "Văn bản này do {name} ký. Chỉ người đó, trong đúng chức vụ của mình, được ký."
    en = "This document is for {name} to sign."


def sign(tx: Transaction, means: Means, order: Order[OutgoingDocument]) -> Decision:
    """Put the person's digital signature on the approved paper.

    The PDF is normalised before this first signature and never rewritten after it. Raises
    `NotTheSignatory`, `NotApproved`, `SecretRefused`, `PaperOnly` (it became such since), and
    `KeystoreRefused` for a wrong PIN.
    """
    authorize(tx.acting, Act.SIGN_DOCUMENT)
    document = order.document
    if document.signatory_id != tx.acting.officer_id:
        raise NotTheSignatory(name=document.signer_name)
    if not order.is_return:
        _ensure_approved(document)
        _ensure_may_leave(tx, document)
    paper, returned = judge(tx, order, stage="signature", words="")
    if returned:
        document.reviewer_id = document.format_checker_id = None
        return Decision({"outcome": "return"}, f"Chưa ký, trả lại: {order.reason}")
    officer = document.signatory_id
    assert officer is not None
    image = means.signing.image_of(officer)
    pdf = normalise(means.content.read(paper.file.sha256))
    placement = None
    if image is not None:
        placement = place_person(
            pdf, name=document.signer_name, image=image, position=document.signer_position
        )
    request = SignRequest(
        role=SignRole.APPROVE,
        signed_at=tx.now,
        placement=placement,
        image=image,
        name=tx.acting.name,
        position=tx.acting.title,
    )
    keep_signed(
        tx, means, document, signed(tx, means, order, officer, pdf, request), SignRole.APPROVE
    )
    document.signed_at = tx.now
    document.status = OutgoingStatus.SIGNED
    return Decision({"outcome": "sign"}, f"Đã ký số{told_place(placement)}")


def _ensure_may_leave(tx: Transaction, document: OutgoingDocument) -> None:
    document.ensure_may_have_content()
    document.refuse_network(tx.get(DocumentType, document.type_id) if document.type_id else None)


def _ensure_approved(document: OutgoingDocument) -> None:
    missing = [
        words
        for words, who in (
            ("nội dung", document.reviewer_id),
            ("thể thức", document.format_checker_id),
        )
        if who is None
    ]
    if missing:
        raise NotApproved(missing=" và ".join(missing))
