"""Keeping the axis's log proven (niêm phong nhật ký gói tin): signed, timestamped, watched."""

from datetime import timedelta

from engine import jobs
from engine.database import Transaction
from engine.handlers import Errand, GiveUp, Handlers
from engine.jobs import ClaimedJob
from exchange.axis_refusals import NotProven
from processes.journal_heads import stamped
from processes.means import Means
from records import axis_log
from records.journal_signature import DIGEST

HEAD_JOB = "sign_axis_log"
#: how often the chain is lengthened, and its end signed
CHAINED_EVERY, SIGNED_EVERY = timedelta(seconds=2), timedelta(minutes=1)


def post_signing(tx: Transaction, means: Means) -> None:
    """Have the end of the log signed and timestamped unless it is, or a job for it waits."""
    waiting = tx.execute(
        "SELECT 1 FROM job WHERE kind = %s AND state IN ('ready', 'running') LIMIT 1", HEAD_JOB
    ).fetchone()
    if waiting is None and axis_log.head_to_sign(tx, stamps=_stamps(means)) is not None:
        jobs.post(tx, HEAD_JOB, {})


def add_handlers(handlers: Handlers, means: Means) -> None:
    """Tell the worker how the end of the log is signed."""
    handlers.outside(HEAD_JOB, lambda errand, job: _sign(errand, job, means), forget=True)


def _sign(errand: Errand, _job: ClaimedJob, means: Means) -> None:
    with errand.transaction() as tx:
        head = axis_log.head_to_sign(tx, stamps=_stamps(means))
    if head is None or means.journal_key is None:
        return
    key = means.journal_key()
    value = key.keystore.sign(head.text(), DIGEST)
    timestamp = stamped(means, value)
    with errand.transaction() as tx:
        is_signed = axis_log.head_to_sign(tx, stamps=False) is None
        if timestamp is not None or not is_signed:
            axis_log.keep_head(tx, head, value, key.keystore.certificate(), timestamp)
    if timestamp is None and _stamps(means):
        _watch(errand, means)
    elif timestamp is not None:
        with errand.finish() as tx:
            tx.execute(
                "UPDATE incident SET closed_at = %s WHERE kind = %s AND closed_at IS NULL",
                *(tx.now, HEAD_JOB),
            )


def _watch(errand: Errand, means: Means) -> None:
    """Make it an incident, once, that the axis stopped accepting; the next round asks again."""
    with errand.transaction() as tx:
        now, since = tx.now, axis_log.unproven_since(tx)
        told = tx.execute(
            "SELECT 1 FROM incident WHERE kind = %s AND closed_at IS NULL", HEAD_JOB
        ).fetchone()
    try:
        means.axis_rules.check_proof(since, now)
    except NotProven as error:
        if told is None:
            raise GiveUp(error.text("vi")) from error


def _stamps(means: Means) -> bool:
    return means.signing.timestamps is not None
