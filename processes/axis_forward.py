"""The axis above ours (trục cấp trên): it takes what is for no member and has what is for one.

A send that goes up is a job: tried again with growing pauses, in the end an incident. The axis
above is asked again and again, as an agency asks its own: kept, committed, then confirmed.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from engine import jobs
from engine.database import Transaction
from engine.handlers import Errand, GiveUp, Handlers
from engine.jobs import ClaimedJob, LeaseLost
from exchange.axis import Axis
from exchange.axis_acceptance import entry
from exchange.axis_log import LogKind
from exchange.axis_rows import PAGE
from exchange.axis_store import Packet as Carried
from exchange.axis_store import PacketState, Route
from exchange.axis_trace import with_hop
from exchange.errors import ExchangeError, NotRecognised, RefusedByAxis
from exchange.gateway import Arrival, MessageType, Outcome
from processes.means import Means
from records.axis import FORWARD_JOB, AxisStore
from records.axis_tables import AxisPacket

log = logging.getLogger(__name__)

#: the job that asks the axis above for what is ours
ASK_JOB = "ask_upstream"
ASKED_EVERY = timedelta(seconds=10)
#: one send at a time: an axis above that does not answer holds one thread, not all
LANE = "axis above"
#: who is written down as the caller of what came from there
UPSTREAM = "upstream"
#: sends asked for by their own time in one look
_OLD_AT_ONCE = 5
#: clocks of two axes differ
_APART = timedelta(minutes=10)
_AWAITING = """SELECT min(created_at), max(updated_at) FROM axis_packet
WHERE state = 'processing' AND forwarded_as <> '' AND message_type = %s
GROUP BY forwarded_as ORDER BY random() LIMIT %s"""
#: codes of one call: they travel in a header, twice
_AT_ONCE = 60


def add_handlers(handlers: Handlers, means: Means) -> None:
    """Tell the worker how the axis above is reached."""
    handlers.outside(FORWARD_JOB, lambda errand, job: _forward(errand, job, means), lane=LANE)
    handlers.outside(ASK_JOB, lambda errand, _: ask(errand, means), lane=ASK_JOB, forget=True)


def post_asking(tx: Transaction, means: Means) -> None:
    """Post a look at the axis above unless one waits, or there is none."""
    if means.upstream is None:
        return
    waiting = tx.execute(
        "SELECT 1 FROM job WHERE kind = %s AND state IN ('ready', 'running') LIMIT 1", ASK_JOB
    ).fetchone()
    if waiting is None:
        jobs.post(tx, ASK_JOB, {})


def _forward(errand: Errand, job: ClaimedJob, means: Means) -> None:
    """Hand a send to the axis above for all its receivers there, and note its receipt."""
    if means.upstream is None:
        raise GiveUp("chưa đặt CONGVAN_HUB_UPSTREAM (no axis above is set)")
    with errand.transaction() as tx:
        store = AxisStore(tx)
        packets = _of_sending(tx, str(job.payload["sending"]))
        data = store.data(packets[0].digest) if packets else b""
    for group in _groups(packets):
        one = group[0]
        assert isinstance(data, bytes)  # not removed before it is confirmed
        sent = with_hop(data, means.axis_rules.node, one.created_at)
        try:
            gateway = means.upstream(one.sent_as)
            receipt = gateway.send(
                one.message_type, sent, tuple(packet.addressed_as for packet in group)
            )
        except NotRecognised:
            raise  # a secret is put right on the machine; nothing is lost by trying again
        except RefusedByAxis as error:
            told = error.text("vi")
            raise GiveUp(told, also=partial(_fail, packets=group, why=told)) from error
        with errand.transaction() as tx:
            _note_forwarded(tx, group, receipt, sha256(sent).hexdigest())


def _of_sending(tx: Transaction, sending_id: str) -> list[Carried]:
    ids = tx.scalars(
        sa.select(AxisPacket.packet_id)
        .where(
            AxisPacket.sending_id == sending_id,
            AxisPacket.route == Route.UPSTREAM.value,
            AxisPacket.forwarded_as == "",
            AxisPacket.state.in_([PacketState.INITIAL.value, PacketState.PROCESSING.value]),
        )
        .order_by(AxisPacket.packet_id)
    )
    return AxisStore(tx).packets(ids)


def _groups(packets: Sequence[Carried]) -> Iterator[Sequence[Carried]]:
    for start in range(0, len(packets), _AT_ONCE):
        yield packets[start : start + _AT_ONCE]


def _note_forwarded(tx: Transaction, packets: Sequence[Carried], receipt: str, digest: str) -> None:
    """Note the receipt; the log names the bytes that left, which may bear one hop more."""
    store = AxisStore(tx)
    for packet in packets:
        state = PacketState.PROCESSING
        store.put_packet(
            replace(packet, state=state, forwarded_as=receipt, description="", updated_at=tx.now)
        )
    noted = [entry(LogKind.FORWARDED, one, tx.now, UPSTREAM, receipt) for one in packets]
    store.note([replace(one, digest=digest) for one in noted])


def _fail(tx: Transaction, packets: Sequence[Carried], why: str) -> None:
    store = AxisStore(tx)
    for packet in packets:
        state, text = PacketState.FAIL, why[:500]
        store.put_packet(replace(packet, state=state, description=text, updated_at=tx.now))
    store.note([entry(LogKind.CONFIRMED, one, tx.now, UPSTREAM, "fail") for one in packets])


# what comes back ---------------------------------------------------------------------------------


def ask(errand: Errand, means: Means) -> None:
    """Take in what the axis above has for our members, and what became of what went there."""
    assert means.upstream is not None
    gateway = means.upstream("")
    for kind in (MessageType.EDOC, MessageType.STATUS):
        try:
            for arrival in gateway.list_received(kind):
                _take_in(errand, means, gateway, arrival)
            _ask_what_became(errand, gateway, kind)
        except LeaseLost:
            raise
        except ExchangeError as error:
            # the next look comes by itself
            log.info("the axis above does not answer: %s", error)
            return


def _ask_what_became(errand: Errand, gateway: Any, kind: MessageType) -> None:
    """Note what the axis above knows of what went up and nobody has confirmed yet.

    It shows its newest first and no more than a page: of what is older some is asked for by its
    own time, other ones each time.
    """
    if not _awaiting(errand, kind, 1):
        return  # nobody need ask
    rows = gateway.sent(kind)
    _apply_all(errand, rows)
    if len(rows) < PAGE:
        return
    for accepted_at, forwarded_at in _awaiting(errand, kind, _OLD_AT_ONCE):
        _apply_all(errand, gateway.sent(kind, accepted_at - _APART, forwarded_at + _APART))


def _awaiting(errand: Errand, kind: MessageType, most: int) -> list[tuple[datetime, datetime]]:
    """Return when some sends that await word were accepted here and taken on."""
    with errand.transaction() as tx:
        return [(row[0], row[1]) for row in tx.execute(_AWAITING, kind.value, most).fetchall()]


def _apply_all(errand: Errand, rows: Sequence[dict[str, Any]]) -> None:
    with errand.transaction() as tx:
        for row in rows:
            _apply(tx, row)


def _take_in(errand: Errand, means: Means, gateway: Any, arrival: Arrival) -> None:
    data = gateway.fetch(arrival.packet_id)
    try:
        with errand.transaction() as tx:
            axis = Axis(AxisStore(tx), lambda: tx.now, rules=means.axis_rules)
            axis.take_in(data, arrival.receiver, UPSTREAM)
    except ExchangeError as error:
        if not error.retryable:
            gateway.confirm(arrival.packet_id, Outcome.FAIL, error.text("vi")[:500])
        return
    gateway.confirm(arrival.packet_id, Outcome.DONE)


def _apply(tx: Transaction, row: dict[str, Any]) -> None:
    """Note what a receiver beyond the axis above said of a packet; `done` is final."""
    stated = str(row.get("receiveStatus") or "")
    if stated not in {PacketState.DONE.value, PacketState.FAIL.value}:
        return
    store = AxisStore(tx)
    found = tx.scalars(
        sa.select(AxisPacket.packet_id).where(
            AxisPacket.forwarded_as == str(row.get("senderDocId") or "-"),
            AxisPacket.addressed_as == str(row.get("toCode") or ""),
            AxisPacket.state == PacketState.PROCESSING.value,
        )
    )
    for packet_id in found:
        packet = store.packet(packet_id)
        if packet is not None:
            text = str(row.get("receiveStatusDesc") or "")[:500]
            state = PacketState(stated)
            store.put_packet(replace(packet, state=state, description=text, updated_at=tx.now))
            store.note([entry(LogKind.CONFIRMED, packet, tx.now, UPSTREAM, stated)])
