"""Requests to change a document that was issued (yêu cầu lấy lại, thu hồi, cập nhật, thay thế).

One row for each receiver on the sender's side and one on the receiver's: who asks what and why,
and what was answered. Reasons of both sides stay with the document (Decree 30/2020, annex VI,
part I: the metadata of a recall is kept).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.database import Query, Transaction
from records.record import Authored, GuardedRecord
from records.transfer import Direction, StatusReceived
from records.vocabulary import Term, vocabulary


class ChangeKind(Term):
    """What is asked of a document that has left (loại yêu cầu)."""

    TAKE_BACK = "take_back", "Lấy lại", "Take back"
    RECALL = "recall", "Thu hồi", "Recall"
    UPDATE = "update", "Cập nhật", "Update"
    REPLACE = "replace", "Thay thế", "Replacement"

    @property
    def procedure(self) -> str:
        """Return the key of the procedure by which a receiver decides on it."""
        return "recall" if self in WITHDRAWALS else self.value


#: what ends a document at its receiver
WITHDRAWALS = frozenset({ChangeKind.TAKE_BACK, ChangeKind.RECALL})


class ChangeAnswer(Term):
    """What a receiver answered (trả lời của bên nhận)."""

    OPEN = "open", "Chờ trả lời", "Not answered yet"
    AGREED = "agreed", "Đồng ý", "Agreed"
    REFUSED = "refused", "Từ chối", "Refused"

    @property
    def wire(self) -> str | None:
        """Return the status code that says it, None while there is no answer."""
        return {"agreed": "15", "refused": "16"}.get(self.value)


class ChangeRequest(Authored, GuardedRecord):
    """One request about one document between two agencies (yêu cầu).

    Outgoing it belongs to a recipient; incoming it names a document by identifier and sender, which
    may still be on its way. `organ_code` is the other agency's.
    """

    __tablename__ = "change_request"
    called = ("yêu cầu thay đổi văn bản", "request to change a document")
    __table_args__ = (
        sa.CheckConstraint(
            "(direction = 'out') = (outgoing_document_id IS NOT NULL)", name="document"
        ),
        sa.CheckConstraint("(direction = 'out') = (recipient_id IS NOT NULL)", name="recipient"),
        sa.CheckConstraint("answer = 'open' OR answered_at IS NOT NULL", name="answered"),
        sa.Index("ix_change_request_agency_id_identifier", "agency_id", "identifier"),
    )

    direction: Mapped[Direction] = mapped_column(vocabulary(Direction))
    kind: Mapped[ChangeKind] = mapped_column(vocabulary(ChangeKind))
    outgoing_document_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("outgoing_document.id"), index=True
    )
    recipient_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("recipient.id"), index=True)
    incoming_document_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("incoming_document.id"), index=True
    )
    identifier: Mapped[str] = mapped_column(default="")
    organ_code: Mapped[str] = mapped_column(default="")
    reference: Mapped[str] = mapped_column(default="")
    reason: Mapped[str]
    #: as the asking agency dated it
    asked_at: Mapped[datetime]
    #: when it left, when it came
    sent_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]
    #: why it could not be sent
    failure: Mapped[str] = mapped_column(default="")
    #: the packet that brought it
    packet_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("packet.id"))
    #: of an update: the header as it reads now and the receivers added or taken off
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: of a replacement: the document that takes the place
    successor_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("incoming_document.id"))
    answer: Mapped[ChangeAnswer] = mapped_column(
        vocabulary(ChangeAnswer), default=ChangeAnswer.OPEN
    )
    answer_reason: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str] = mapped_column(default="")

    @property
    def takes_back(self) -> bool:
        """Whether the receiver is asked for the document, in whatever words."""
        is_off = self.direction is Direction.IN and bool(self.content.get("removed"))
        return self.kind in WITHDRAWALS or is_off

    def decide(self, answer: ChangeAnswer, reason: str, by: str, at: datetime) -> None:
        """Note what was answered, by whom and why."""
        self.answer, self.answer_reason = answer, reason
        self.answered_by, self.answered_at = by, at


_OUT = Query(
    sa.select(ChangeRequest)
    .where(ChangeRequest.outgoing_document_id == sa.bindparam("document", type_=sa.Uuid()))
    .order_by(ChangeRequest.asked_at, ChangeRequest.id)
)
_IN = Query(
    sa.select(ChangeRequest)
    .where(ChangeRequest.incoming_document_id == sa.bindparam("document", type_=sa.Uuid()))
    .order_by(ChangeRequest.asked_at, ChangeRequest.id)
)


def requests_sent(tx: Transaction, document_id: UUID) -> list[ChangeRequest]:
    """Return what was asked of the receivers of an outgoing document, oldest first."""
    return tx.scalars(_OUT, document=document_id)


def requests_received(tx: Transaction, document_id: UUID) -> list[ChangeRequest]:
    """Return what the sender of an incoming document asked, oldest first."""
    return tx.scalars(_IN, document=document_id)


_WAITING = Query(
    sa.select(ChangeRequest)
    .where(
        ChangeRequest.agency_id == sa.bindparam("agency", type_=sa.Uuid()),
        ChangeRequest.direction == Direction.IN,
        ChangeRequest.incoming_document_id.is_(None),
    )
    .order_by(ChangeRequest.id.desc())
    .limit(200)
)


def requests_waiting(tx: Transaction) -> list[ChangeRequest]:
    """Return what was asked of documents that have not come to the acting agency, newest first."""
    return tx.scalars(_WAITING, agency=tx.acting.agency_id)


def settle_answers(
    requests: Sequence[ChangeRequest],
    reports: Iterable[StatusReceived],
    sendings: Mapping[UUID, UUID] | None = None,
) -> list[ChangeRequest]:
    """Give each request of one recipient its answer; return those agreed to only now.

    `sendings` tells which request each of our sendings carried. An answer that names a sending
    answers that one alone; of other systems no answer names its request: it belongs to the last one
    asked before it, whose second the wire keeps. Once agreed is agreed: what was cancelled is not
    taken up again by a late refusal.
    """
    carried = sendings or {}
    asked = sorted(
        (r for r in requests if r.kind is not ChangeKind.REPLACE), key=lambda r: (r.asked_at, r.id)
    )
    answers = [r for r in reports if r.code in {"15", "16"}]
    agreed = []
    for index, one in enumerate(asked):
        own = [
            a
            for a in answers
            if (
                _belongs(a.reported_at, index, asked)
                if a.answers is None
                else carried.get(a.answers) == one.id
            )
        ]
        if not own:
            continue
        said = min(own, key=lambda a: (a.code, a.reported_at, a.description))
        answer = ChangeAnswer.AGREED if said.code == "15" else ChangeAnswer.REFUSED
        if answer is ChangeAnswer.AGREED and one.answer is not answer:
            agreed.append(one)
        one.decide(answer, said.description, said.staff, said.reported_at)
    return agreed


def _belongs(at: datetime, index: int, asked: Sequence[ChangeRequest]) -> bool:
    after = index == 0 or at >= asked[index].asked_at.replace(microsecond=0)
    last = index == len(asked) - 1
    return after and (last or at < asked[index + 1].asked_at.replace(microsecond=0))
