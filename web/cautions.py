"""What whoever takes a step is warned of above its form (lưu ý khi xử lý)."""

from uuid import UUID

from engine.database import Transaction
from engine.work_item import WorkItem
from processes.incoming.duplicate import named, registered_like
from processes.outgoing.number import printed_on
from records.document import Document, IncomingDocument, OutgoingDocument
from records.document_type import DocumentType
from records.keystore import keystore_of
from records.vietnamese import local_date
from records.vocabulary import Authenticity
from web import paper, words
from web.door import language, office
from web.tongue import _

Caution = dict[str, str]

#: what is left blank for number and date is looked at before the signature, and when they are given
_LOOKS_AT_PRINT = frozenset({"check_format", "number"})
_SIGNS = frozenset({"sign", "number", "seal"})


def cautions(tx: Transaction, item: WorkItem, document: Document) -> list[Caution]:
    """Return what to mind at this step, each with its tone."""
    if isinstance(document, OutgoingDocument):
        return _of_outgoing(tx, item, document)
    if item.verb == "check_authenticity":
        return paper.signature_notes(document, paper.papers_of(tx, document))
    found = _of_signatures(document)
    if item.verb == "register_incoming" and not document.is_registered:
        found += _of_duplicates(tx, document)
    return found


def _of_signatures(document: IncomingDocument) -> list[Caution]:
    match document.authenticity:
        case Authenticity.INVALID:
            return [{"tone": "bad", "text": _("Chữ ký số của văn bản không hợp lệ.")}]
        case Authenticity.UNSIGNED:
            return [{"tone": "", "text": _("Văn bản không có chữ ký số.")}]
        case Authenticity.UNDETERMINED:
            text = _("Chưa đủ căn cứ kết luận về chữ ký số của văn bản.")
            return [{"tone": "warn", "text": text}]
    return []


def _of_duplicates(tx: Transaction, document: IncomingDocument) -> list[Caution]:
    """Decree 30/2020, Phụ lục VI, Phần I: the clerk is warned of what may be the same."""
    alike = registered_like(tx, document)
    if not alike:
        return []
    text = _(
        "Có thể trùng với văn bản đã vào sổ: %(found)s. Nếu trùng, chọn «Trùng văn bản đã vào sổ» "
        "và ghi lý do.",
        found=named(alike, language()),
    )
    return [{"tone": "warn", "text": text}]


def _of_outgoing(tx: Transaction, item: WorkItem, document: OutgoingDocument) -> list[Caution]:
    found: list[Caution] = []
    kind = tx.get(DocumentType, document.type_id) if document.type_id else None
    barred = document.network_bar(kind)
    if barred is not None:  # Quy chế, Điều 6.2
        text = _(
            "Văn bản này không bao giờ được gửi qua mạng (%(reason)s); chỉ phát hành bản giấy.",
            reason=barred.label(language()),
        )
        found.append({"tone": "warn", "text": text})
    printed = None
    if item.verb in _LOOKS_AT_PRINT:
        printed = printed_on(tx, office().means, document)
    if printed is not None:  # Decree 30/2020, Điều 15: the register gives number and date
        text = _(
            "Trang đầu đã in sẵn «%(printed)s». Hệ thống không in đè; số, ngày được cấp mà khác "
            "thì không cấp số được. Trước khi ký, trả lại người soạn để bỏ trống số và ngày.",
            printed=str(printed),
        )
        found.append({"tone": "warn", "text": text})
    if item.verb in _SIGNS:
        mine = item.verb == "sign" and tx.acting.officer_id
        found += of_key(tx, mine or document.agency_id)
    return found


def of_key(tx: Transaction, owner: UUID) -> list[Caution]:
    """Return that the certificate which is to sign ends within 30 days, or has ended."""
    kept = keystore_of(tx, owner)
    if kept is None or not kept.ends_soon(tx.now):
        return []
    until = words.day(local_date(kept.valid_until))
    text = _("Chứng thư số ký bước này hết hạn ngày %(day)s. Hãy gia hạn.", day=until)
    return [{"tone": "bad" if kept.valid_until <= tx.now else "warn", "text": text}]
