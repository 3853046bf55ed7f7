"""The demonstration at work (văn bản mẫu đang xử lý): documents at every step, for full inboxes.

By the officers' own verbs, in their names: nothing here may do what they may not.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

import sqlalchemy as sa

from engine.database import SYSTEM, Acting, Transaction
from engine.errors import OfficeError
from engine.instance import ProcessInstance
from engine.work_item import ItemStatus, WorkItem
from office import demo
from office.office import Office
from office.sample_documents import ARRIVED, WRITTEN, Arrived, Written
from office.settings import Mode, Settings
from processes import work_items
from processes.incoming.receive import ReceiveIncoming, receive
from processes.order import Upload
from processes.outgoing.begin import begin
from processes.work_items import CompleteItem
from records import journal
from records.account import find_account
from records.delegation import acting_as, choices_of
from records.document import IncomingDocument
from records.document_type import DocumentType
from records.journal import JournalLeaf
from records.organization import Agency, Officer, Unit
from records.typesetting.press import typeset
from records.vietnamese import local_date
from signing.errors import KeystoreRefused

#: what the journal says of an installation that has the sample documents
MARK = uuid5(NAMESPACE_URL, "congvan:sample documents")

#: who takes which part at the two agencies
_PEOPLE = {
    "STTTT": {
        "clerk": "vanthu.stttt", "leader": "giamdoc.stttt", "head": "truongphong.stttt",
        "officer": "chuyenvien.stttt", "format": "chanvp.stttt",
    },
    "UBND": {
        "clerk": "vanthu.ubnd", "leader": "chutich", "head": "truongphong.th",
        "officer": "chuyenvien.ubnd", "format": "chanvp",
    },
}  # fmt: skip


class SamplesLoaded(OfficeError):
    """The sample documents are there already (đã nạp văn bản mẫu)."""

    code = "samples-loaded"
    status = 409
    vi = "Bản trình diễn này đã có văn bản mẫu. Muốn làm lại từ đầu thì dùng CONGVAN_DATA mới."
    en = "The sample documents are here already. For a fresh start use a new CONGVAN_DATA."


class NotTheDemonstration(OfficeError):
    """Sample documents go into the demonstration alone (chỉ nạp vào bản trình diễn)."""

    code = "not-the-demonstration"
    status = 409
    vi = "Chỉ nạp văn bản mẫu vào bản trình diễn: chạy make run trước, với cùng CONGVAN_DATA."
    en = "Sample documents go into the demonstration alone: run make run first, same CONGVAN_DATA."


class OtherPassword(OfficeError):
    """The demonstration was made with another password (mật khẩu bản trình diễn không khớp)."""

    code = "other-demo-password"
    status = 409
    vi = (
        "Mật khẩu không phải của bản trình diễn này. Đặt CONGVAN_DEMO_PASSWORD đúng như lần chạy "
        "make run đầu tiên rồi chạy lại; chưa nạp văn bản nào."
    )
    en = (
        "This is not the demonstration's password. Set CONGVAN_DEMO_PASSWORD as at the first "
        "make run and try again; nothing was loaded."
    )


class StepNotFound(OfficeError):
    """The procedure does not lead where the sample expects (quy trình đã được sửa)."""

    code = "sample-step-missing"
    status = 409
    vi = "Quy trình đã được sửa: không có bước «{verb}» như quy trình mẫu. Dừng nạp văn bản mẫu."
    en = "The procedure was changed: it has no step “{verb}” where the shipped one does. Stopped."


@dataclass(slots=True)
class _Players:
    """The demonstration's officers at their desks, at one moment."""

    office: Office
    password: str
    known: dict[str, Acting] = field(default_factory=dict)

    @contextmanager
    def acting(self, username: str) -> Iterator[Transaction]:
        if username not in self.known:
            with self.office.database.transaction(SYSTEM) as tx:
                account = find_account(tx, username)
                if account is None:
                    raise NotTheDemonstration
                chosen, *_ = choices_of(tx, account.officer_id, local_date(tx.now))
                officer = tx.get(Officer, account.officer_id)
                self.known[username] = acting_as(officer, chosen.position)
        with self.office.database.transaction(self.known[username]) as tx:
            yield tx

    def do(self, username: str, verb: str, document: UUID, values: Mapping[str, Any]) -> None:
        """Complete the step of this document that calls `verb`, with a form filled in so."""
        with self.acting(username) as tx:
            waiting = tx.scalars(
                sa.select(WorkItem)
                .join(ProcessInstance, ProcessInstance.id == WorkItem.instance_id)
                .where(
                    ProcessInstance.subject_id == document,
                    WorkItem.status == ItemStatus.OPEN.value,
                    WorkItem.verb == verb,
                )
            )
            if not waiting:
                raise StepNotFound(verb=verb)
            command = CompleteItem(waiting[0].id, waiting[0].version, values)
            work_items.complete(tx, self.office.means, command)


def load_samples(settings: Settings, *, now: datetime | None = None) -> int:
    """Put the sample documents in flight; return how many.

    Raises `NotADemo` in production, `NotTheDemonstration`, `SamplesLoaded`, `OtherPassword`.
    """
    if settings.mode is not Mode.DEMO:
        raise demo.NotADemo
    moment, password = now or datetime.now(UTC), demo.password_of(settings)
    made = 0
    for days_ago in sorted({one.days_ago for one in ARRIVED} | {0}, reverse=True):
        at = moment - timedelta(days=days_ago)
        clock = (lambda at=at: at) if days_ago else None  # only what is late came earlier
        office = Office.open(settings, clock=clock)
        try:
            if not made:
                _claim(office, password)
            made += _play(_Players(office, password), days_ago)
        finally:
            office.database.dispose()
    return made


def _claim(office: Office, password: str) -> None:
    """Note that this demonstration takes the samples, once."""
    with office.database.transaction(SYSTEM) as tx:
        seen = sa.select(JournalLeaf.object_id).where(JournalLeaf.object_id.in_([MARK, demo.MARK]))
        marks = set(tx.scalars(seen))
        if demo.MARK not in marks:
            raise NotTheDemonstration
        if MARK in marks:
            raise SamplesLoaded
        signer = find_account(tx, _PEOPLE["UBND"]["leader"])
        if signer is None:
            raise NotTheDemonstration
        try:
            office.means.signing.open_keystore(tx, signer.officer_id, password).close()
        except KeystoreRefused:
            raise OtherPassword from None
        journal.record(tx, "load_samples", "installation", MARK)


def _play(players: _Players, days_ago: int) -> int:
    made = 0
    for one in ARRIVED:
        if one.days_ago == days_ago:
            _arrive(players, one)
            made += 1
    for written in WRITTEN if days_ago == 0 else ():
        _write(players, written)
        made += 1
    return made


def _arrive(players: _Players, one: Arrived) -> None:
    who = _PEOPLE[one.agency]
    number, notation = one.reference
    with players.acting(who["clerk"]) as tx:
        content = players.office.means.content
        addressee = tx.get(Agency, tx.acting.agency_id).name
        scan = Upload(f"{number}-{notation}.pdf", content.put(_scan(one, addressee, tx.now)))
        kind = _kind(tx, one.kind)
        command = ReceiveIncoming(
            channel=one.channel,
            organ_name=one.organ,
            subject=one.subject,
            type_name=kind.type_name,
            type_id=kind.id,
            code_number=number,
            code_notation=notation,
            issued_on=_workday(tx, -1),
            urgency=one.urgency,
            page_amount=1,
            files=[scan],
        )
        document, _ = receive(tx, players.office.means, command)
        steps = _steps_of_arrived(tx, one, document, kind)
    for verb, part, values in steps:
        if verb == one.waits_for:
            return
        players.do(who[part], verb, document.id, values)


def _steps_of_arrived(
    tx: Transaction, one: Arrived, document: IncomingDocument, kind: DocumentType
) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the road of an incoming document: verb, part, and what is filled in."""
    people = {part: _officer(tx, name) for part, name in _PEOPLE[one.agency].items()}
    directed: dict[str, Any] = {"outcome": "direct", "opinion": one.opinion}
    if one.lead:
        due = _workday(tx, one.days).isoformat()
        helping = [{"unit": _unit(tx, u), "deadline": due} for u in one.cooperating]
        directed |= {"lead_unit": _unit(tx, one.lead), "deadline": due, "cooperating": helping}
    return [
        (
            "check_authenticity",
            "clerk",
            {"outcome": "accept_unsigned", "reason": "Đã đối chiếu với bản giấy"},
        ),
        (
            "register_incoming",
            "clerk",
            {
                "document_type": str(kind.id),
                "subject": document.subject,
                "organ_name": document.organ_name,
                "issued_on": document.issued_on.isoformat() if document.issued_on else "",
                "code_number": document.code_number,
                "code_notation": document.code_notation,
                "urgency": document.urgency.value,
                "page_amount": "1",
            },
        ),
        ("present", "clerk", {"proposal": one.opinion, "director": people["leader"]}),
        ("direct", "leader", directed),
        ("assign", "head", {"outcome": "assign", "lead_officer": people["officer"]}),
        ("process", "officer", {"outcome": "complete", "opinion": "Đã hướng dẫn qua điện thoại."}),
        ("complete", "head", {"outcome": "accept"}),
    ]


def _write(players: _Players, one: Written) -> None:
    who = _PEOPLE[one.agency]
    with players.acting(who["officer"]) as tx:
        document, _ = begin(tx, players.office.means, subject=one.subject)
        values = _draft_of(tx, one, who["leader"])
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("draft", "officer", values),
        ("comment", "", {}),
        ("approve_content", "head", {"outcome": "approve"}),
        ("check_format", "format", {"outcome": "approve"}),
        ("sign", "leader", {"outcome": "sign", "pin": players.password}),
        ("number", "clerk", {"pin": players.password}),
    ]
    for verb, part, filled in steps:
        if verb == one.waits_for:
            return
        if part:
            players.do(who[part], verb, document.id, filled)


def _draft_of(tx: Transaction, one: Written, leader: str) -> dict[str, Any]:
    return {
        "document_type": str(_kind(tx, one.kind).id),
        "subject": one.subject,
        "source": "template",
        "body": one.body,
        "signatory": _officer(tx, leader),
        "urgency": one.urgency.value,
        "secrecy": "none",
        "recipients": [{"agency": _agency(tx, symbol)} for symbol in one.to],
        "cooperating_units": [_unit(tx, symbol) for symbol in one.cooperating],
    }


def _scan(one: Arrived, addressee: str, at: datetime) -> bytes:
    """Return a page that looks like what the other agency sent."""
    fields = {
        "issuer": one.organ,
        "notation": one.reference[1],
        "place": "Thái Nguyên",
        "subject": one.subject,
        "addressees": [addressee],
        "body": one.body,
        "signing_lines": ["Thủ trưởng cơ quan"],
        "signer_name": "(Đã ký)",
        "recipients": ["Như trên", "Lưu: VT"],
        "urgency": one.urgency.value,
    }
    return typeset("letter", fields, at=at)


def _workday(tx: Transaction, days: int) -> date:
    """Return the day so many days away, or the next towards then that is no week-end."""
    day = local_date(tx.now) + timedelta(days=days)
    while day.weekday() >= 5:
        day += timedelta(days=1 if days > 0 else -1)
    return day


def _kind(tx: Transaction, code: str) -> DocumentType:
    select = sa.select(DocumentType).where(
        DocumentType.agency_id == tx.acting.agency_id, DocumentType.code == code
    )
    return _only(tx.scalar(select))


def _unit(tx: Transaction, symbol: str) -> str:
    select = sa.select(Unit).where(Unit.agency_id == tx.acting.agency_id, Unit.symbol == symbol)
    return str(_only(tx.scalar(select)).id)


def _agency(tx: Transaction, symbol: str) -> str:
    return str(_only(tx.scalar(sa.select(Agency).where(Agency.symbol == symbol))).id)


def _officer(tx: Transaction, username: str) -> str:
    return str(_only(find_account(tx, username)).officer_id)


T = TypeVar("T")


def _only(found: T | None) -> T:
    if found is None:
        raise NotTheDemonstration
    return found
