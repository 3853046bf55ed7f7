"""What the journal attests of a run (nhật ký chứng nhận): an event that is gone is missed there.

A chain says nothing of an end that was cut off together with the run's own row, or of one chained
anew. The leaf of the act that wrote an event names its hash, and no leaf leaves a sealed journal
unseen.
"""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from engine.history import Broken
from engine.instance import ProcessInstance

_REASON = "nhật ký chứng nhận một sự kiện không còn trong lịch sử"

#: A body is read as text: one that was tampered with may be no JSON, and `seal.verify` tells of it.
#: An unescaped quote stands in canonical JSON only where a key or a value begins or ends.
_LOST = """
SELECT instance, 1 + coalesce(
  (SELECT max(seq) FROM event WHERE instance_id = lost.instance AND event.at < lost.at), 0)
FROM (
  SELECT instance, min(at) AS at FROM (
    SELECT at,
           CASE object_type WHEN 'process_instance' THEN object_id ELSE
             substring(encode(body, 'escape') FROM
                       '"instance":"([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})"')::uuid
           END AS instance,
           decode(substring(encode(body, 'escape') FROM
                            '"event":"([0-9a-f]{{64}})"'), 'hex') AS hash
    FROM journal_leaf WHERE object_type IN ('work_item', 'process_instance') {only}
  ) AS told
  WHERE hash IS NOT NULL AND instance IS NOT NULL AND NOT EXISTS (
    SELECT FROM event WHERE event.instance_id = told.instance AND event.hash = told.hash)
  GROUP BY instance
) AS lost ORDER BY instance
"""
_LOST_OF_ALL = sa.text(_LOST.format(only=""))
_LOST_OF_ONE = sa.text(
    _LOST.format(
        only="AND object_id IN (SELECT id FROM work_item WHERE instance_id = :instance"
        " UNION ALL SELECT CAST(:instance AS uuid))"
    )
)


def lost(session: orm.Session) -> dict[UUID, Broken]:
    """Return the runs of which an attested event is gone: the first place where it is missed."""
    return {instance: Broken(seq, _REASON) for instance, seq in session.execute(_LOST_OF_ALL)}


def lost_of(session: orm.Session, instance: ProcessInstance) -> Broken | None:
    """Return where an attested event of one run is missed; `session` reads its agency."""
    found = session.execute(_LOST_OF_ONE, {"instance": instance.id})
    return next((Broken(seq, _REASON) for run, seq in found if run == instance.id), None)
