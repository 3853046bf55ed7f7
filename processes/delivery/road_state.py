"""What attempts tell of a road (tình trạng đường gửi), whichever process made them.

`Roads` counts what this process sends; a dead receiver must not get one attempt from each.
"""

from engine.database import Transaction
from engine.handlers import Later
from processes.roads import PAUSE
from records.transfer import AttemptOutcome

#: an attempt is under way while its job runs in this very claim: a process that dies loses the
#: lease, and what it began is believed no longer
_RECENT = """SELECT a.outcome, a.outcome = 'begun' AND EXISTS (
  SELECT 1 FROM job j JOIN packet p ON p.id = a.of_packet_id
  WHERE j.state = 'running' AND j.agency_id = a.agency_id AND j.attempt = a.number
    AND split_part(p.send_key, ':', 2)
      IN (j.payload ->> 'recipient', j.payload ->> 'report', j.payload ->> 'change'))
FROM delivery_attempt a WHERE a.agency_id = %s AND a.address = %s
ORDER BY a.started_at DESC LIMIT 20"""


def wait_for_others(tx: Transaction, address: str) -> None:
    """Raise `Later` while somebody tries a road that failed last; once it answers all may."""
    assert tx.acting.agency_id is not None
    rows = tx.execute(_RECENT, tx.acting.agency_id, address).fetchall()
    ended = [outcome for outcome, _ in rows if outcome != AttemptOutcome.BEGUN]
    is_tried = any(under_way for _, under_way in rows)
    if is_tried and ended and ended[0] == AttemptOutcome.FAILED:
        raise Later(PAUSE)
