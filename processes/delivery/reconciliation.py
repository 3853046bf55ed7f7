"""What the axis says we sent, beside what we know we sent (đối chiếu với trục).

An axis that was restored from a backup has forgotten what it took since. Whatever of ours it does
not list any more is sent again by the same send id, so that whoever has it knows it again.
"""

import logging
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from engine import jobs
from engine.database import Transaction
from engine.handlers import Errand, Handlers
from engine.jobs import ClaimedJob
from exchange.clock import parse_moment
from exchange.errors import ExchangeError
from exchange.gateway import MessageType, TellsSent
from processes.delivery.gateway import gateway_of, tenants
from processes.means import Means
from processes.outgoing.issue import SEND_JOB
from processes.recall.ask import CHANGE_JOB
from processes.status_reports import STATUS_JOB
from records.recipient import Recipient
from records.transfer import Carriage, Direction, Packet
from records.vocabulary import Delivery

log = logging.getLogger(__name__)

#: the job that compares for one agency
RECONCILE_JOB: Final = "reconcile_axis"

#: what sends a message again: the job and the name of its subject, by the operation in a send key
_SENT_BY: Final = {
    "envelope": (SEND_JOB, "recipient"),
    "status": (STATUS_JOB, "report"),
    "change": (CHANGE_JOB, "change"),
}

#: as far back as an axis keeps what was delivered
LOOKING_BACK: Final = timedelta(days=7)
#: an answer of so many rows may be cut off; what is older than its oldest row is not judged by it
_CUT_OFF: Final = 1_000
#: clocks of two systems differ
_APART: Final = timedelta(minutes=10)

_WAITING = "SELECT agency_id FROM job WHERE state IN ('ready', 'running') AND kind = %s"
_SENT = """SELECT id, send_key, split_part(packet_id, ':', 1) FROM packet
WHERE agency_id = %s AND direction = 'out' AND message_type = %s AND state = 'sent'
  AND at > %s AND at < %s AND packet_id IS NOT NULL"""


def add_handlers(handlers: Handlers, means: Means) -> None:
    """Tell the worker how it compares."""
    handlers.outside(
        RECONCILE_JOB, lambda errand, job: reconcile(errand, job, means), forget=True, waits=True
    )


def post_reconciling(tx: Transaction) -> None:
    """Post a comparison for every agency that has none waiting."""
    waiting = {row[0] for row in tx.execute(_WAITING, RECONCILE_JOB).fetchall()}
    for agency_id, code in tenants(tx):
        if agency_id not in waiting:
            jobs.post(tx, RECONCILE_JOB, {"code": code}, agency_id=agency_id)


def reconcile(errand: Errand, job: ClaimedJob, means: Means) -> None:
    """Have sent again what the axis does not list, once for each id that it gave."""
    assert job.agency_id is not None
    gateway = gateway_of(means, job.agency_id, job.payload["code"])
    if not isinstance(gateway, TellsSent):
        return  # this carrier does not tell
    for message_type in (MessageType.EDOC, MessageType.STATUS):
        with errand.transaction() as tx:
            asked_at = tx.now
        try:
            listed = gateway.sent(message_type)
        except ExchangeError as error:
            log.info("agency %s: the axis does not tell what it has: %s", job.agency_id, error)
            return
        if listed is not None:
            with errand.transaction() as tx:
                _note_receivers(tx, job.agency_id, message_type, listed)
            _send_again(errand, job.agency_id, message_type, listed, asked_at)


def _note_receivers(
    tx: Transaction, agency_id: UUID, message_type: MessageType, listed: list[dict[str, object]]
) -> None:
    """Note who has what we sent, and who could not take it: the clerk sees that on the recipient.

    Who took it in before says so himself, whatever his axis tells afterwards.
    """
    told: dict[str, tuple[str, str]] = {}
    for row in listed:
        given, why = str(row.get("senderDocId")), str(row.get("receiveStatusDesc") or "")
        name = f"{given}:{row.get('toCode')}" if message_type is MessageType.EDOC else given
        told[name] = (str(row.get("receiveStatus")), why)
    packets = tx.scalars(
        sa.select(Packet)
        .where(
            Packet.agency_id == agency_id,
            Packet.direction == Direction.OUT,
            Packet.message_type == message_type.value,
            Packet.state == Carriage.SENT,
            Packet.packet_id.in_([n for n, (state, _) in told.items() if state in _ENDED]),
        )
        .with_for_update()
    )
    for packet in packets:
        state, why = told[packet.packet_id or ""]
        packet.state = _ENDED[state]
        if packet.state is not Carriage.FAILED:
            continue
        packet.note = why[:500]
        if packet.recipient_id is not None:
            recipient = tx.get(Recipient, packet.recipient_id, lock=True)
            if recipient.delivery is Delivery.SENT:
                recipient.delivery = Delivery.FAILED
                recipient.delivery_reason = f"Bên nhận không nhận được gói tin: {why}"[:500]


#: what a receiver told the axis, and what that makes of a packet
_ENDED = {"done": Carriage.ACKNOWLEDGED, "fail": Carriage.FAILED}


def _send_again(
    errand: Errand,
    agency_id: UUID,
    message_type: MessageType,
    listed: list[dict[str, object]],
    asked_at: datetime,
) -> None:
    known = {str(row["senderDocId"]) for row in listed if row.get("senderDocId")}
    if listed and not known:
        return  # it lists them by a name we do not know
    since = asked_at - LOOKING_BACK
    if len(listed) >= _CUT_OFF:
        moments = [parse_moment(str(row.get("sentTime") or "")) for row in listed]
        stated = [moment for moment in moments if moment is not None]
        since = max(since, min(stated) + _APART) if stated else asked_at
    with errand.transaction() as tx:
        sent = tx.execute(_SENT, agency_id, message_type.value, since, asked_at).fetchall()
        for packet_id, key, given in sent:
            operation, _, subject = (key or "").partition(":")
            if given in known or operation not in _SENT_BY:
                continue
            kind, name = _SENT_BY[operation]
            # The key is spent: an axis that only does not list it is not asked for ever.
            jobs.post(tx, kind, {name: subject}, key=f"again:{packet_id}:{given}")
            log.warning("agency %s: the axis has lost %s, it is sent again", agency_id, given)
