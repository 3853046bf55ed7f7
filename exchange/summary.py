"""What a message says, for people (tóm tắt gói tin): every part of it that says something."""

from collections.abc import Iterable
from datetime import date, datetime

from exchange.edxml_files import UNPRINTABLE
from exchange.envelope import (
    Attachment,
    Business,
    BusinessType,
    Envelope,
    Original,
    Party,
    Priority,
    ResponseFor,
    Staff,
    TraceHop,
)
from exchange.status import StatusCode, StatusMessage

#: Vietnamese and English label, value
_Line = tuple[tuple[str, str], str]


def summarize(message: Envelope | StatusMessage, language: str = "vi") -> str:
    """Return a message as lines of text in `vi` or `en`."""
    column = 1 if language == "en" else 0
    lines = (
        _envelope(message, language)
        if isinstance(message, Envelope)
        else _status(message, language)
    )
    shown = [(labels[column], told) for labels, value in lines if (told := _plain(value))]
    width = max(len(label) for label, _ in shown)
    text = [f"{label:<{width}}  {value}" for label, value in shown]
    original = message.original
    if original is not None and original.remarks:
        text.append(("Điểm chưa đúng chuẩn:", "Deviations:")[column])
        for remark in original.remarks:
            words = remark.en if language == "en" else remark.vi
            text.append(f"  [{remark.code}] {_plain(words)}")
    return "\n".join(text)


def _envelope(envelope: Envelope, language: str) -> Iterable[_Line]:
    kind = envelope.document_type
    yield ("Gói tin", "Message"), f"edoc, {_named(envelope.business.type, language).lower()}"
    yield ("Mã định danh", "DocumentId"), envelope.identifier
    yield from _agency(("Nơi gửi", "From"), envelope.sender)
    for receiver in envelope.receivers:
        yield from _agency(("Nơi nhận", "To"), receiver)
    codes = "/".join(part for part in (kind.number, kind.detail) if part)
    yield ("Loại văn bản", "Kind"), f"{kind.name} [{codes}]" if codes else kind.name
    yield ("Số, ký hiệu", "Reference"), str(envelope.code)
    yield ("Ngày ban hành", "Date"), _day(envelope.promulgated_on)
    yield ("Địa danh", "Place"), envelope.promulgated_at
    yield ("Trích yếu", "Subject"), envelope.subject
    yield ("Nội dung", "Content"), envelope.content if envelope.content != envelope.subject else ""
    if envelope.signer is not None:
        signer = envelope.signer
        signed = f"{signer.competence} {signer.position} {signer.full_name}"
        yield ("Người ký", "Signed by"), " ".join(signed.split())
    yield ("Độ khẩn", "Urgency"), _named(envelope.priority, language)
    yield ("Hạn trả lời", "Due"), _day(envelope.due_on)
    yield ("Nơi nhận ghi trên văn bản", "Places named"), "; ".join(envelope.to_places)
    yield ("Phạm vi lưu hành", "Circulation"), envelope.sphere
    yield ("Ký hiệu người soạn thảo", "Typist"), envelope.typist
    yield ("Số bản", "Copies"), _count(envelope.copies)
    yield ("Số trang", "Pages"), _count(envelope.pages)
    yield ("Phụ lục", "Annexes"), "; ".join(envelope.appendixes)
    yield ("Loại chỉ đạo", "Steering"), _count(envelope.steering or None)
    for response in envelope.responses:
        yield ("Trả lời văn bản", "In reply to"), _response(response)
    yield ("Việc được giao", "Task answered"), envelope.response_for_task
    yield ("Loại ứng dụng", "Application"), envelope.application_type
    yield from _business(envelope.business, envelope.targets, language)
    for hop in envelope.trace:
        yield ("Vết truyền", "Trace"), _hop(hop)
    for number, item in enumerate(envelope.attachments, 1):
        yield ((f"Tệp đính kèm {number}", f"Attachment {number}"), _file(item))
        yield ("  mô tả", "  description"), item.description
        yield ("  SHA-256", "  SHA-256"), item.sha256
    yield from _evidence(envelope.original, language)


def _business(business: Business, targets: tuple[str, ...], language: str) -> Iterable[_Line]:
    yield ("Lý do", "Reason"), business.reason
    yield ("Văn bản tác động", "Acts on"), "; ".join(targets)
    yield ("Gửi kèm bản giấy", "Paper too"), _yes(language, said=business.paper)
    yield ("Đổi nội dung", "Content changed"), _yes(language, said=business.content_changed)
    yield ("Đổi nơi nhận", "Receivers changed"), _yes(language, said=business.receivers_changed)
    changes = [f"{'+' if one.added else '-'}{one.organ_id}" for one in business.receiver_changes]
    yield ("Thêm (+), bớt (-) nơi nhận", "Added (+), taken off (-)"), "; ".join(changes)
    for item in business.replacements:
        told = f"{item.document_id} → {', '.join(item.organ_ids)}"
        yield ("Thay thế văn bản", "Replaces"), told
    yield ("Cán bộ liên hệ", "To call"), _staff(business.staff)


def _status(message: StatusMessage, language: str) -> Iterable[_Line]:
    yield ("Gói tin", "Message"), "status"
    yield ("Trạng thái", "Status"), f"{message.code.value} {_named(message.code, language)}"
    yield from _agency(("Bên báo", "Reported by"), message.sender)
    yield ("Về văn bản", "About"), _response(message.response)
    yield ("Mô tả", "Description"), message.description
    yield ("Cán bộ liên hệ", "To call"), _staff(message.staff)
    yield ("Thời điểm", "Time"), _moment(message.at)
    yield from _evidence(message.original, language)


def _evidence(original: Original | None, language: str) -> Iterable[_Line]:
    if original is not None:
        yield ("SHA-256 gói tin", "SHA-256 of message"), original.sha256
        unproven = ("có, chưa kiểm tra", "yes, not checked")[language == "en"]
        signed = unproven if original.carries_signature else ""
        yield ("Chữ ký trên gói tin", "Signature on it"), signed
        yield ("Phần tử lạ, giữ nguyên", "Unknown, kept"), "; ".join(original.unknown)


def _plain(text: str) -> str:
    """Return text on one line and without marks that move what is shown elsewhere."""
    return UNPRINTABLE.sub("", " ".join(text.split()))


def _yes(language: str, *, said: bool) -> str:
    return ("có", "yes")[language == "en"] if said else ""


def _named(value: BusinessType | Priority | StatusCode, language: str) -> str:
    return value.en if language == "en" else value.vi


def _agency(labels: tuple[str, str], party: Party) -> Iterable[_Line]:
    yield labels, f"{party.name} [{party.organ_id}]" if party.name else party.organ_id
    contact = (party.address, party.telephone, party.fax, party.email, party.website)
    yield ("  cơ quan chủ quản", "  in charge"), party.in_charge
    yield ("  liên hệ", "  contact"), ", ".join(part for part in contact if part)


def _staff(staff: Staff | None) -> str:
    if staff is None:
        return ""
    ids = "/".join(part for part in (staff.department_id, staff.staff_id) if part)
    parts = (staff.name, staff.department, staff.mobile, staff.email, f"[{ids}]" if ids else "")
    return ", ".join(part for part in parts if part)


def _response(response: ResponseFor) -> str:
    parts = (response.organ_id, response.code, _day(response.promulgated_on), response.document_id)
    return " · ".join(part for part in parts if part)


def _hop(hop: TraceHop) -> str:
    return f"{hop.organ_id or '?'} {_moment(hop.at) if hop.at else '?'}"


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day is not None else ""


def _moment(moment: datetime) -> str:
    return f"{moment:%d/%m/%Y %H:%M:%S %z}"


def _count(number: int | None) -> str:
    return "" if number is None else str(number)


def _file(attachment: Attachment) -> str:
    size = f"{len(attachment.content):,}".replace(",", ".")
    return f"{attachment.name} ({attachment.content_type}, {size} byte)"
