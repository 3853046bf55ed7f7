"""How long the axis keeps what it carried (thời hạn lưu): the bytes go, the rest stays."""

from datetime import timedelta

from engine.database import Transaction

#: messages whose bytes go at one time
_BATCH = 500
#: quotas count by the hour: older counts say nothing any more
_USAGE_KEPT = timedelta(days=31)

_SWEEP = """
WITH old AS (
  SELECT digest FROM axis_message WHERE data IS NOT NULL AND kept_at < %s
    AND NOT EXISTS (SELECT FROM axis_packet p WHERE p.digest = axis_message.digest
      AND (p.state IN ('initial', 'processing') OR p.updated_at >= %s))
  ORDER BY kept_at LIMIT %s FOR UPDATE SKIP LOCKED)
UPDATE axis_message SET data = NULL, removed_at = %s FROM old
WHERE axis_message.digest = old.digest"""


def sweep(tx: Transaction, days: int) -> int:
    """Remove the bytes of messages that all receivers confirmed longer than `days` ago.

    Headers, the log and what nobody has confirmed stay. Returns how many went.
    """
    before = tx.now - timedelta(days=days)
    tx.execute("DELETE FROM axis_usage WHERE hour < %s", tx.now - _USAGE_KEPT)
    return tx.execute(_SWEEP, before, before, _BATCH, tx.now).rowcount
