"""Register an incoming document (đăng ký văn bản đến): arrival number and date, Phụ lục VI."""

from datetime import date, timedelta
from uuid import UUID

from engine.database import Transaction
from engine.errors import OfficeError
from processes.incoming.duplicate import close_duplicate, refuse_duplicate
from processes.incoming.scan import sign_scans
from processes.means import Means
from processes.order import Decision, Order, term, text
from processes.registers import register_of
from processes.status_reports import report_status
from records.authority import Act, authorize
from records.document import IncomingDocument
from records.document_type import DocumentType
from records.register import enter
from records.vietnamese import day_text, local_date
from records.vocabulary import IncomingStatus, RegisterKind, Urgency
from records.working_time import WorkingCalendar

#: one series for paper and electronic (Decree 30/2020, Điều 22)
SERIES = "VB đến"

FIELDS = (
    "subject",
    "code_number",
    "code_notation",
    "organ_name",
    "signer_position",
    "signer_name",
    "language",
    "to_places",
    "description",
)


class AlreadyRegistered(OfficeError):
    """The document has its arrival number (đã vào sổ)."""

    code = "already-registered"
    status = 409
    vi = "Văn bản đã vào sổ với số đến {number}."
    en = "The document is registered already under arrival number {number}."


class NotArrivedYet(OfficeError):
    """The day of arrival lies ahead (ngày đến ở tương lai)."""

    code = "not-arrived-yet"
    vi = "Ngày đến {day} chưa tới. Ghi đúng ngày văn bản đến cơ quan, không sau hôm nay."
    en = "The day of arrival {day} lies ahead. Give the day the document came, today at the latest."


def register_incoming(tx: Transaction, means: Means, order: Order[IncomingDocument]) -> Decision:
    """Enter the document in the register under the next arrival number; tell the sender (03).

    Registering a second time after a return keeps the number; a duplicate is closed instead. Raises
    `PossibleDuplicate` unless confirmed, `FirstUnknown`, `NotArrivedYet`, `NoRegister`,
    `MissingFields`, `FieldTooLong`, `SecretRefused`, `NoScan`, `KeystoreRefused`.
    """
    authorize(tx.acting, Act.REGISTER_DOCUMENT)
    document = order.document
    if order.outcome == "duplicate":
        return close_duplicate(tx, order)
    _fill(tx, document, order)
    if not document.is_registered:
        refuse_duplicate(tx, document, confirmed=bool(order.data.get("confirm_duplicate")))
        document.ensure_registrable()
        register = register_of(tx, RegisterKind.INCOMING, order.data.get("register"))
        arrived_on = order.data.get("arrived_on") or local_date(tx.now)
        actual = _late(arrived_on, local_date(tx.now), means.desk.calendar(tx, document.agency_id))
        entry = enter(tx, register.id, SERIES, document, at=tx.now, actual_on=actual)
        document.arrival_number = entry.number
        document.arrived_on = arrived_on
        document.registered_at = tx.now
        report_status(tx, document, "03", "Văn thư đã tiếp nhận, đăng ký văn bản đến")
    document.ensure_lengths()
    document.status = IncomingStatus.REGISTERED
    told = f"Vào sổ, số đến {document.arrival_number}"
    if order.data.get("sign_scan"):
        count = sign_scans(tx, means, order)
        told += f"; ký số {count} bản số hóa"
    return Decision({"outcome": "register", "urgency": document.urgency.value}, told)


def _late(arrived_on: date, today: date, calendar: WorkingCalendar) -> date | None:
    """Return the day of arrival where the entry is a later one, made up for (nhập bù).

    Documents are registered the day they come or the next working day (Decree 30/2020, Điều 4.2c).
    """
    if arrived_on > today:
        raise NotArrivedYet(day=day_text(arrived_on))
    days = (arrived_on + timedelta(n) for n in range(1, (today - arrived_on).days + 1))
    return arrived_on if sum(map(calendar.is_working_day, days)) > 1 else None


def _fill(tx: Transaction, document: IncomingDocument, order: Order[IncomingDocument]) -> None:
    data = order.data
    for name in FIELDS:
        if name in data:
            setattr(document, name, text(data, name))
    if data.get("issued_on"):
        document.issued_on = data["issued_on"]
    document.due_on = data.get("due_on") or document.due_on
    document.urgency = term(Urgency, data, "urgency", document.urgency)
    if data.get("page_amount") is not None:
        document.page_amount = int(data["page_amount"])
    if data.get("document_type"):
        kind = tx.get(DocumentType, UUID(str(data["document_type"])))
        document.type_id = kind.id
        document.type_name = kind.type_name
