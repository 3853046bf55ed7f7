"""Heads of the journal are signed now and then (ký số đầu chuỗi nhật ký), outside a transaction."""

import asyncio
import hashlib

from engine import jobs
from engine.database import Transaction
from engine.handlers import Errand, Handlers
from engine.jobs import ClaimedJob
from processes.means import Means
from records.journal_signature import DIGEST, keep_signature, sign_head, unsigned_head
from signing.errors import SigningError
from signing.proof_errors import TimestampUnavailable

HEAD_JOB = "sign_journal_head"


def post_signing(tx: Transaction) -> None:
    """Have the head signed unless it is, or a job for it waits."""
    waiting = tx.execute(
        "SELECT 1 FROM job WHERE kind = %s AND state IN ('ready', 'running') LIMIT 1", HEAD_JOB
    ).fetchone()
    if waiting is None and unsigned_head(tx) is not None:
        jobs.post(tx, HEAD_JOB, {})


def add_handlers(handlers: Handlers, means: Means) -> None:
    """Tell the worker how heads are signed."""
    handlers.outside(HEAD_JOB, lambda errand, job: _sign(errand, job, means))


def _sign(errand: Errand, _job: ClaimedJob, means: Means) -> None:
    with errand.transaction() as tx:
        head = unsigned_head(tx)
    if head is None or means.journal_key is None:
        with errand.finish():
            return
    signed = sign_head(head, means.journal_key())
    timestamp = stamped(means, signed.value)
    with errand.finish() as tx:
        keep_signature(tx, signed, timestamp)


def stamped(means: Means, value: bytes) -> bytes | None:
    """Return an authority's timestamp on a signature, None where none is named or none answers.

    The next head is stamped again: it covers all before it.
    """
    client = means.signing.timestamps
    if client is None:
        return None
    try:
        digest = hashlib.sha256(value).digest()
        return bytes(asyncio.run(client.async_timestamp(digest, DIGEST)).dump())
    except (SigningError, TimestampUnavailable):
        return None
