"""Status messages and what they add up to (thông báo trạng thái xử lý văn bản)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from exchange.envelope import Original, Party, ResponseFor, Staff
from exchange.identity import DocumentId


class StatusCode(StrEnum):
    """The nine codes on the wire (mã trạng thái); 07 to 12 and 14 do not exist."""

    ARRIVED = "01"
    REFUSED = "02"
    ACCEPTED = "03"
    ASSIGNED = "04"
    PROCESSING = "05"
    COMPLETED = "06"
    TAKE_BACK = "13"
    CHANGE_AGREED = "15"
    CHANGE_REFUSED = "16"

    @property
    def vi(self) -> str:
        """Return the Vietnamese name."""
        return _NAMES[self][0]

    @property
    def en(self) -> str:
        """Return the English name."""
        return _NAMES[self][1]

    @property
    def rank(self) -> int:
        """Return how far handling has come; 0 for codes about a change.

        Refusal and acceptance are the two answers to one question and share a rank.
        """
        return _RANKS.get(self, 0)

    @property
    def concerns_change(self) -> bool:
        """Say whether the code asks for or answers a change (lấy lại, cập nhật)."""
        return self not in _RANKS

    @property
    def comes_from_sender(self) -> bool:
        """Say whether the sender of the document reports it, not its receiver."""
        return self is StatusCode.TAKE_BACK


_NAMES = {
    StatusCode.ARRIVED: ("Đã đến", "arrived"),
    StatusCode.REFUSED: ("Từ chối tiếp nhận", "refused"),
    StatusCode.ACCEPTED: ("Đã tiếp nhận", "accepted"),
    StatusCode.ASSIGNED: ("Đã phân công", "assigned"),
    StatusCode.PROCESSING: ("Đang xử lý", "in process"),
    StatusCode.COMPLETED: ("Hoàn thành", "completed"),
    StatusCode.TAKE_BACK: ("Yêu cầu lấy lại", "take-back requested"),
    StatusCode.CHANGE_AGREED: ("Đồng ý lấy lại hoặc cập nhật", "change agreed"),
    StatusCode.CHANGE_REFUSED: ("Từ chối lấy lại hoặc cập nhật", "change refused"),
}

_RANKS = {
    StatusCode.ARRIVED: 1,
    StatusCode.REFUSED: 2,
    StatusCode.ACCEPTED: 2,
    StatusCode.ASSIGNED: 3,
    StatusCode.PROCESSING: 4,
    StatusCode.COMPLETED: 5,
}


@dataclass(frozen=True)
class StatusMessage:
    """A receipt or request about one document (thông báo trạng thái).

    `response.organ_id` is the other party; `description` is the reason where there is one.
    """

    sender: Party
    response: ResponseFor
    code: StatusCode
    at: datetime
    description: str = ""
    staff: Staff | None = None
    original: Original | None = field(default=None, compare=False, repr=False)

    @property
    def document_sender(self) -> str:
        """Return the code of the agency that sent the document: `From` of a 13, else the other."""
        return self.sender.organ_id if self.code.comes_from_sender else self.response.organ_id

    @property
    def document_receiver(self) -> str:
        """Return the code of the agency that received the document."""
        return self.response.organ_id if self.code.comes_from_sender else self.sender.organ_id

    @property
    def document_ids(self) -> tuple[str, ...]:
        """Return the ids the document may be known by, the most trustworthy first.

        After the stated one comes the id made from issuer, date and reference, since some senders
        build theirs from the receiver's code.
        """
        made = ""
        if self.response.promulgated_on and self.response.code:
            day = self.response.promulgated_on
            made = str(DocumentId(self.document_sender, day, self.response.code))
        return tuple(dict.fromkeys(one for one in (self.response.document_id, made) if one))


@dataclass(frozen=True)
class Progress:
    """Where a sent document stands at one receiver (tình trạng xử lý).

    `handling` is 01 to 06 or None before any report; `change` is None, 13 (asked, unanswered), 15
    or 16. The two are independent.
    """

    handling: StatusCode | None = None
    change: StatusCode | None = None


def derive_progress(reports: Iterable[tuple[StatusCode, datetime]]) -> Progress:
    """Derive where a document stands from all reports, in whatever order they arrived.

    Handling goes by rank, then time: a late lower code never moves it back, skips and repeats are
    accepted. A change goes by time; at the same second the answer follows its request.
    """
    handling: tuple[int, datetime, StatusCode] | None = None
    change: tuple[datetime, bool, StatusCode] | None = None
    for code, at in reports:
        if code.concerns_change:
            change = max(filter(None, (change, (at, not code.comes_from_sender, code))))
        else:
            handling = max(filter(None, (handling, (code.rank, at, code))))
    return Progress(handling and handling[2], change and change[2])
