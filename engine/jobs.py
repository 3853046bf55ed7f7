"""The durable job table: what must happen outside, or later, is a row (việc nền).

A job is posted in the transaction whose effect asks for it, so it exists exactly when that effect
does. A worker claims it for a while (a lease), which counts as an attempt; the effect and the word
`done` then commit together, guarded by the number of the attempt (a fence): a worker that lost its
lease changes nothing. What fails is tried again later, and at last becomes an `Incident` that an
operator sees and can retry. Nothing is ever dropped. Leases run on the database's clock alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from engine.backoff import ATTEMPTS, FIRST_PAUSE, LONGEST_PAUSE, PLAIN, Patience
from engine.database import Base, Transaction, as_jsonb, new_id
from engine.errors import OfficeError, Stale


class JobState(StrEnum):
    """Where a job stands."""

    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(Base):
    """One piece of work to be done outside the request (việc nền)."""

    __tablename__ = "job"
    __table_args__ = (
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name="state"),
        sa.Index("ix_job_due", "run_at", postgresql_where=sa.text("state = 'ready'")),
        sa.Index("ix_job_leased", "locked_until", postgresql_where=sa.text("state = 'running'")),
        sa.Index("ix_job_done", "done_at", postgresql_where=sa.text("state = 'done'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    agency_id: Mapped[UUID | None]
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default=JobState.READY.value)
    #: smaller is sooner
    priority: Mapped[int] = mapped_column(default=0)
    run_at: Mapped[datetime] = mapped_column(server_default=sa.text("clock_timestamp()"))
    attempt: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=ATTEMPTS)
    locked_by: Mapped[str | None]
    locked_until: Mapped[datetime | None]
    #: when a broker was last told of it; says nothing about whether the message arrived
    rung_at: Mapped[datetime | None]
    #: the same key is never posted twice
    key: Mapped[str | None] = mapped_column(unique=True)
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.text("clock_timestamp()"))
    done_at: Mapped[datetime | None]


class Incident(Base):
    """A job that failed for good, until an operator retries it (sự cố)."""

    __tablename__ = "incident"
    called = ("sự cố", "incident")
    __table_args__ = (
        sa.Index("ix_incident_open", "opened_at", postgresql_where=sa.text("closed_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    agency_id: Mapped[UUID | None]
    job_id: Mapped[UUID] = mapped_column(sa.ForeignKey("job.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    error: Mapped[str]
    opened_at: Mapped[datetime] = mapped_column(server_default=sa.text("clock_timestamp()"))
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]


class LeaseLost(OfficeError):
    """The job is no longer this worker's (mất quyền xử lý việc); its effect must not be kept."""

    code = "lease-lost"
    status = 409
    vi = "Việc nền {kind} đã được tiến trình khác nhận; kết quả của lần chạy này bị bỏ."
    en = "The job {kind} went to another worker; what this attempt did is discarded."


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """One attempt at a job: what to do, for which agency, and the fence that guards the end."""

    id: UUID
    kind: str
    payload: dict[str, Any]
    agency_id: UUID | None
    attempt: int
    max_attempts: int
    worker: str

    @property
    def fence(self) -> tuple[Any, ...]:
        return (self.id, self.attempt, self.worker)


def post(
    tx: Transaction,
    kind: str,
    payload: Mapping[str, Any],
    *,
    run_at: datetime | None = None,
    key: str | None = None,
    agency_id: UUID | None = None,
    priority: int = 0,
) -> UUID:
    """Post a job in the transaction of the effect that asks for it; return its id.

    `agency_id` is the acting agency unless told otherwise. A `key` that was posted before posts
    nothing and returns the earlier job.
    """
    job = Job(
        id=new_id(),
        agency_id=agency_id or tx.acting.agency_id,
        kind=kind,
        payload=dict(payload),
        run_at=run_at,
        priority=priority,
        key=key,
    )
    if key is None:
        return tx.add(job).id
    made = tx.execute(
        """INSERT INTO job (id, agency_id, kind, payload, run_at, priority, key, state, attempt,
             max_attempts)
           VALUES (%s, %s, %s, %s, coalesce(%s::timestamptz, clock_timestamp()), %s, %s, 'ready',
             0, %s)
           ON CONFLICT (key) DO NOTHING RETURNING id""",
        *(job.id, job.agency_id, kind, as_jsonb(job.payload), run_at, priority, key),
        ATTEMPTS,
    ).fetchone()
    if made is None:
        earlier = tx.execute("SELECT id FROM job WHERE key = %s", key).fetchone()
        if earlier is None:
            raise Stale(what=f"job {key}")
        return UUID(str(earlier[0]))
    return job.id


class Post(NamedTuple):
    """A job of several that are posted at once, told apart by its key."""

    key: str
    payload: Mapping[str, Any]
    agency_id: UUID


def post_all(tx: Transaction, kind: str, posts: Sequence[Post]) -> None:
    """Post jobs of one kind in one statement; a key that was posted before posts nothing."""
    tx.execute(
        """INSERT INTO job (id, agency_id, kind, payload, run_at, priority, key, state, attempt,
             max_attempts)
           SELECT id, agency_id, %s, payload::jsonb, clock_timestamp(), 0, key, 'ready', 0, %s
           FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[])
             AS new (id, agency_id, payload, key)
           ON CONFLICT (key) DO NOTHING""",
        *(kind, ATTEMPTS, [new_id() for _ in posts], [p.agency_id for p in posts]),
        *([orjson.dumps(p.payload).decode() for p in posts], [p.key for p in posts]),
    )


# The choice is a WITH query: it is made once, where a subquery could be made again for each row.
_CLAIM = """
WITH due AS (
    SELECT id FROM job WHERE state = 'ready' AND run_at <= statement_timestamp() AND {which}
    ORDER BY priority, run_at, id LIMIT %s FOR UPDATE SKIP LOCKED)
UPDATE job SET state = 'running', attempt = attempt + 1, locked_by = %s, rung_at = NULL,
    locked_until = clock_timestamp() + make_interval(secs => %s)
FROM due WHERE job.id = due.id
RETURNING job.id, kind, payload, agency_id, attempt, max_attempts, locked_by"""
_CLAIM_KINDS = _CLAIM.format(which="kind = ANY(%s::text[])")
_CLAIM_ID = _CLAIM.format(which="id = %s")


def claim(
    tx: Transaction, worker: str, kinds: Sequence[str], limit: int, *, lease: float
) -> list[ClaimedJob]:
    """Take up to `limit` due jobs of `kinds` for `lease` seconds, most urgent first.

    Nobody waits for anybody: what another worker is taking is passed over.
    """
    rows = tx.execute(_CLAIM_KINDS, list(kinds), limit, worker, lease).fetchall()
    return [ClaimedJob(*row) for row in rows]


def claim_one(tx: Transaction, worker: str, job_id: UUID, *, lease: float) -> ClaimedJob | None:
    """Take this one job if it is due; None when somebody has it or it is done."""
    row = tx.execute(_CLAIM_ID, job_id, 1, worker, lease).fetchone()
    return None if row is None else ClaimedJob(*row)


def enter_lane(tx: Transaction, lane: str, kinds: Sequence[str]) -> bool:
    """Tell whether a job of `kinds` may be claimed now: one of a lane runs at a time, anywhere.

    The lock is held to the end of the transaction that claims, so two claims cannot overlap.
    """
    locked = tx.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", f"lane {lane}")
    if locked.fetchone() != (True,):
        return False
    # A statement of its own: it sees what the last holder of the lock committed.
    busy = tx.execute(
        "SELECT 1 FROM job WHERE state = 'running' AND kind = ANY(%s::text[]) LIMIT 1", list(kinds)
    )
    return busy.fetchone() is None


_FENCE = "id = %s AND attempt = %s AND locked_by = %s AND state = 'running'"


def hold(tx: Transaction, job: ClaimedJob) -> None:
    """Keep the job ours until the transaction ends; raises `LeaseLost` when it is not."""
    held = tx.execute(f"SELECT 1 FROM job WHERE {_FENCE} FOR UPDATE", *job.fence)  # noqa: S608 - a constant
    if held.fetchone() is None:
        raise LeaseLost(kind=job.kind)


_FORGET = f"""DELETE FROM job WHERE {_FENCE}
    AND NOT EXISTS (SELECT FROM incident WHERE job_id = job.id)"""  # noqa: S608 - a constant


def finish(tx: Transaction, job: ClaimedJob, *, forget: bool = False) -> None:
    """Write `done` in the transaction of the effect; raises `LeaseLost` when it is not ours.

    With `forget` the row goes instead, unless it was ever an incident: that is kept with its job.
    """
    if forget and tx.execute(_FORGET, *job.fence).rowcount == 1:
        return
    done = tx.execute(
        "UPDATE job SET state = 'done', done_at = clock_timestamp(), locked_by = NULL,"  # noqa: S608 - a constant
        f" locked_until = NULL, last_error = NULL WHERE {_FENCE}",
        *job.fence,
    )
    if done.rowcount != 1:
        raise LeaseLost(kind=job.kind)


def extend(tx: Transaction, jobs: Sequence[ClaimedJob], *, lease: float) -> set[UUID]:
    """Lengthen the leases of `jobs` to `lease` seconds from now; return the ids still held."""
    rows = tx.execute(
        """UPDATE job SET locked_until = clock_timestamp() + make_interval(secs => %s)
           FROM unnest(%s::uuid[], %s::bigint[], %s::text[]) AS ours (id, attempt, worker)
           WHERE job.id = ours.id AND job.attempt = ours.attempt AND job.locked_by = ours.worker
             AND job.state = 'running'
           RETURNING job.id""",
        *(lease, [j.id for j in jobs], [j.attempt for j in jobs], [j.worker for j in jobs]),
    )
    return {row[0] for row in rows.fetchall()}


# By chance between half and one and a half of the doubled pause, so that what failed together
# does not come back together.
_GIVE_BACK = """
WITH given AS (SELECT id, coalesce(%s::jsonb -> kind, %s::jsonb) AS patience FROM job WHERE {which})
UPDATE job SET locked_by = NULL, locked_until = NULL, last_error = %s,
    state = CASE WHEN %s OR attempt >= max_attempts + (patience ->> 0)::int
        THEN 'failed' ELSE 'ready' END,
    run_at = clock_timestamp() + make_interval(secs => least((patience ->> 1)::float
        * power(2, least(attempt - 1, 60)), (patience ->> 2)::float) * (0.5 + random()))
FROM given WHERE job.id = given.id
RETURNING job.id, agency_id, kind, state"""
_FAIL = _GIVE_BACK.format(which=f"{_FENCE} FOR UPDATE")
_REAP = _GIVE_BACK.format(
    which="""state = 'running' AND locked_until < statement_timestamp()
        LIMIT 500 FOR UPDATE SKIP LOCKED"""
)


def fail(
    tx: Transaction, job: ClaimedJob, error: str, patience: Patience = PLAIN, *, final: bool = False
) -> None:
    """Give the job back to be tried later, or open an incident after the last attempt.

    `final` opens it at once: trying again cannot help. Raises `LeaseLost` when it is not ours.
    """
    if not _give_back(tx, _FAIL, patience, error, final, *job.fence):
        raise LeaseLost(kind=job.kind)


def postpone(tx: Transaction, job: ClaimedJob, pause: timedelta) -> None:
    """Put off a job that could not be begun: no attempt is used up, though the fence counts one."""
    put_off = tx.execute(
        "UPDATE job SET state = 'ready', max_attempts = max_attempts + 1, locked_by = NULL,"  # noqa: S608 - a constant
        f" locked_until = NULL, run_at = clock_timestamp() + %s::interval WHERE {_FENCE}",
        *(pause, *job.fence),
    )
    if put_off.rowcount != 1:
        raise LeaseLost(kind=job.kind)


def reap(tx: Transaction, patience: Patience = PLAIN) -> int:
    """Take jobs from workers whose lease ran out (killed or hung); return how many.

    A worker that is committing its effect at this moment keeps its job.
    """
    return _give_back(tx, _REAP, patience, "the worker died or did not answer any more", False)


def _give_back(
    tx: Transaction, statement: str, patience: Patience, error: str, final: bool, *where: Any
) -> int:
    text = error[:4000]
    told = {k: [b.attempts - ATTEMPTS, b.first, b.longest] for k, b in patience.items()}
    plain = [0, FIRST_PAUSE, LONGEST_PAUSE]
    rows = tx.execute(statement, as_jsonb(told), as_jsonb(plain), *where, text, final).fetchall()
    for job_id, agency_id, kind, state in rows:
        if state == JobState.FAILED:
            tx.add(Incident(agency_id=agency_id, job_id=job_id, kind=kind, error=text))
    return len(rows)


def retry(tx: Transaction, incident: Incident) -> None:
    """Have the failed job tried again and close its incident; raises `Stale` when it is closed.

    The count of attempts goes on, for it is the fence: only the limit is raised.
    """
    again = tx.execute(
        """UPDATE job SET state = 'ready', run_at = clock_timestamp(), rung_at = NULL,
             max_attempts = attempt + %s WHERE id = %s AND state = 'failed'""",
        *(ATTEMPTS, incident.job_id),
    )
    if again.rowcount != 1 or incident.closed_at is not None:
        raise Stale(what="incident")
    incident.closed_at = tx.now
    incident.closed_by = tx.acting.officer_id


def ring(
    tx: Transaction, kinds: Sequence[str], *, room: int, again_after: float
) -> list[tuple[UUID, str]]:
    """Choose due jobs that a broker is to be told of, and note that; send only after the commit.

    At most `room` are out unanswered at a time. What was not claimed `again_after` seconds after
    it was told is told again: its message is lost.
    """
    rows = tx.execute(
        """WITH out AS (
             SELECT count(*) AS jobs FROM job WHERE state = 'ready' AND kind = ANY(%s::text[])
               AND rung_at >= statement_timestamp() - make_interval(secs => %s)),
           due AS (
             SELECT id FROM job WHERE state = 'ready' AND run_at <= statement_timestamp()
               AND kind = ANY(%s::text[])
               AND (rung_at IS NULL
                    OR rung_at < statement_timestamp() - make_interval(secs => %s))
             ORDER BY priority, run_at, id LIMIT greatest(0, %s - (SELECT jobs FROM out))
             FOR UPDATE SKIP LOCKED)
           UPDATE job SET rung_at = clock_timestamp() FROM due WHERE job.id = due.id
           RETURNING job.id, kind""",
        *(list(kinds), again_after, list(kinds), again_after, room),
    )
    return [(row[0], row[1]) for row in rows.fetchall()]


def unring(tx: Transaction, job_id: UUID) -> None:
    """Note that the broker's message for a ready job was used up, so that it is told again."""
    tx.execute("UPDATE job SET rung_at = NULL WHERE id = %s AND state = 'ready'", job_id)


def sweep(tx: Transaction, *, keep: timedelta = timedelta(days=30)) -> None:
    """Delete jobs done longer than `keep` ago; failed ones stay."""
    tx.execute(
        "DELETE FROM job WHERE state = 'done' AND done_at < statement_timestamp() - %s::interval",
        keep,
    )
