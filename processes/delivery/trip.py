"""One attempt to send a message, from its row to its outcome (một lần gửi)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from engine.database import Transaction
from engine.errors import OfficeError
from engine.faultpoint import Point, reach
from engine.handlers import Errand, GiveUp, Later
from engine.jobs import ClaimedJob, LeaseLost
from exchange.errors import ExchangeError
from processes.delivery.departure import Attempted, Departure
from processes.delivery.gateway import gateway_of
from processes.delivery.road_state import wait_for_others
from processes.envelope_signature import EnvelopeNotSigned
from processes.means import Means
from records.issuing_error import NotExchangeable
from records.recipient import Recipient
from records.vocabulary import Delivery


class NotIssued(OfficeError):
    """Only what was issued is sent (văn bản chưa phát hành)."""

    code = "not-issued"
    status = 409
    citation = "Quy chế kèm theo QĐ 188/2018/QĐ-UBND, Điều 7.2"
    vi = "Văn bản «{reference}» chưa được phát hành nên không gửi đi. Văn thư phát hành trước."
    en = "«{reference}» is not issued yet and is not sent. The clerk issues it first."


#: another attempt changes nothing about these, but where an error of the exchange says it may
_SETTLED = (ExchangeError, NotExchangeable, NotIssued, EnvelopeNotSigned)


class Trip:
    """One attempt of one job; whatever goes wrong on it is written on it.

    With `recipient_id` a trip that failed for good is shown on that recipient too.
    """

    def __init__(
        self, errand: Errand, job: ClaimedJob, means: Means, recipient_id: UUID | None = None
    ) -> None:
        self.errand, self.job, self.means = errand, job, means
        self.recipient_id = recipient_id
        self.departure: Departure | None = None
        self.attempted: Attempted | None = None
        #: what is signed for in the same message, by its row
        self.receipts: Mapping[UUID, bytes] = {}

    @property
    def sha256(self) -> str:
        """The digest of what is sent."""
        assert self.attempted is not None
        return self.attempted.stored.sha256

    def kept(self, tx: Transaction) -> str | None:
        """Return the SHA-256 of what an earlier attempt sent, None before the first.

        Raises `Later` while another process tries the road, which failed last.
        """
        assert self.departure is not None
        wait_for_others(tx, self.departure.address(self.means))
        return self.departure.kept(tx)

    def make(self, written: bytes, kept: str | None, now: datetime) -> str:
        """Commit the attempt, hand the message to the axis; return the axis's id of it."""
        departure = self.departure
        assert departure is not None
        road = self.means.roads.taken(departure.receiver, ExchangeError)
        with self.told(), road:
            self.attempted = departure.begin(
                self.errand,
                self.job,
                self.means,
                written,
                kept=kept,
                now=now,
                receipts=self.receipts,
            )
            gateway = gateway_of(self.means, departure.agency_id, departure.sender)
            to = (departure.receiver,)
            packet_id = gateway.send(departure.message_type, self.attempted.data, to)
        reach(Point.SEND_ANSWERED)
        return packet_id

    def note_sent(self, tx: Transaction, packet_id: str) -> None:
        """Write down in the last transaction that the message left."""
        assert self.departure is not None
        assert self.attempted is not None
        self.departure.note_sent(tx, self.attempted, packet_id)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Write down what goes wrong; what is settled, or failed often enough, is given up."""
        try:
            yield
        except (LeaseLost, Later):
            raise
        except Exception as error:
            settled = isinstance(error, _SETTLED) and not getattr(error, "retryable", False)
            job = self.job
            if not settled and not self.means.sending.is_last(job.attempt, job.max_attempts):
                with self.errand.transaction() as tx:
                    self._note(tx, error, final=False)
                raise
            failed = error
            raise GiveUp(
                _incident(failed), also=lambda tx: self._note(tx, failed, final=True)
            ) from failed

    def _note(self, tx: Transaction, error: Exception, *, final: bool) -> None:
        words, code = _words(error), getattr(error, "code", "program-failed")
        if self.departure is not None:
            attempt_id = self.attempted.attempt_id if self.attempted else None
            self.departure.note_failed(tx, attempt_id, code, words, final=final)
        if final and self.recipient_id is not None:
            recipient = tx.get(Recipient, self.recipient_id, lock=True)
            recipient.delivery = Delivery.FAILED
            recipient.delivery_reason = words[:500]


def _words(error: Exception) -> str:
    """Return what is shown; of an error that is not ours its name alone: it may tell secrets."""
    return error.text("vi") if isinstance(error, _OURS) else type(error).__name__


def _incident(error: Exception) -> str:
    """Return the incident's words; who mends the installation need not read Vietnamese."""
    if isinstance(error, EnvelopeNotSigned):
        return f"{error.text('vi')} {error.text('en')}"
    return _words(error)


_OURS = (ExchangeError, OfficeError)
