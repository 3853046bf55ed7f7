"""What attempts tell of a road (tình trạng đường gửi), whichever process made them.

`Roads` counts what this process sends; a dead receiver must not get one attempt from each.
"""

from datetime import timedelta

from engine.database import Transaction
from engine.handlers import Later
from processes.roads import PAUSE
from records.transfer import AttemptOutcome

#: no attempt lasts longer: one that has no end by then was cut off with its process
LONGEST = timedelta(minutes=3)
_RECENT = """SELECT outcome, started_at FROM delivery_attempt
WHERE agency_id = %s AND address = %s ORDER BY started_at DESC LIMIT 20"""


def wait_for_others(tx: Transaction, address: str) -> None:
    """Raise `Later` while somebody tries a road that failed last; once it answers all may."""
    assert tx.acting.agency_id is not None
    rows = tx.execute(_RECENT, tx.acting.agency_id, address).fetchall()
    ended = [outcome for outcome, _ in rows if outcome != AttemptOutcome.BEGUN]
    is_tried = any(
        outcome == AttemptOutcome.BEGUN and tx.now - started_at < LONGEST
        for outcome, started_at in rows
    )
    if is_tried and ended and ended[0] == AttemptOutcome.FAILED:
        raise Later(PAUSE)
