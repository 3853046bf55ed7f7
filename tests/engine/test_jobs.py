"""The job table against a real PostgreSQL: leases, fences, back-off, incidents, lanes."""

from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from engine import heartbeat, jobs
from engine.database import Acting, Database, Transaction, new_id
from engine.errors import Stale
from engine.handlers import Errand, GiveUp, Handlers, execute
from engine.jobs import ClaimedJob, Incident, Job, LeaseLost

LEASE = 30.0


@pytest.fixture
def effects(fresh_database: Database) -> Database:
    """A database with a table that shows each effect; nothing unique in it, so doubles show."""
    with fresh_database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE effect (job uuid, by text)")
        connection.exec_driver_sql("GRANT ALL ON effect TO congvan_app")
    return fresh_database


def post(database: Database, kind: str = "note", **options) -> UUID:
    with database.transaction() as tx:
        return jobs.post(tx, kind, {"n": 1}, **options)


def claim(database: Database, worker: str = "w1", limit: int = 10, **options) -> list[ClaimedJob]:
    with database.transaction() as tx:
        return jobs.claim(tx, worker, ["note", "errand"], limit, **{"lease": LEASE, **options})


def load(database: Database, job_id: UUID) -> Job:
    with database.transaction() as tx:
        return tx.get(Job, job_id)


def count(database: Database) -> int:
    with database.transaction() as tx:
        return tx.execute("SELECT count(*) FROM effect").fetchone()[0]


def make_due(database: Database, job_id: UUID) -> None:
    with database.transaction() as tx:
        tx.execute("UPDATE job SET run_at = clock_timestamp() WHERE id = %s", job_id)


def expire(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute("UPDATE job SET locked_until = clock_timestamp() - interval '1 second'")


def note(tx: Transaction, job: ClaimedJob) -> None:
    tx.execute("INSERT INTO effect VALUES (%s, %s)", job.id, job.worker)


def handlers_with(call=note) -> Handlers:
    known = Handlers()
    known.in_transaction("note", call)
    return known


# -- posting --------------------------------------------------------------------------------------


def test_a_job_exists_exactly_when_its_effect_does(fresh_database: Database):
    def refused() -> None:
        with fresh_database.transaction() as tx:
            jobs.post(tx, "note", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        refused()
    assert claim(fresh_database) == []
    posted = post(fresh_database)
    assert [job.id for job in claim(fresh_database)] == [posted]


def test_a_key_is_posted_once(fresh_database: Database):
    first = post(fresh_database, key="envelope 7")
    assert post(fresh_database, key="envelope 7") == first
    assert post(fresh_database, key="envelope 8") != first
    assert len(claim(fresh_database)) == 2


def test_payload_and_agency_arrive_as_they_were_posted(fresh_database: Database):
    agency, document = new_id(), new_id()
    with fresh_database.transaction(Acting(agency_id=agency)) as tx:
        jobs.post(tx, "note", {"document_id": document, "subject": "V/v họp"})
    [job] = claim(fresh_database)
    assert job.agency_id == agency
    assert job.payload == {"document_id": str(document), "subject": "V/v họp"}


def test_a_later_job_waits_and_the_urgent_one_goes_first(fresh_database: Database):
    with fresh_database.transaction() as tx:
        future = tx.execute("SELECT clock_timestamp() + interval '1 hour'").fetchone()[0]
    later = post(fresh_database, run_at=future)
    post(fresh_database)
    urgent = post(fresh_database, priority=-1)
    assert [job.id for job in claim(fresh_database, limit=1)] == [urgent]
    assert later not in {job.id for job in claim(fresh_database)}
    make_due(fresh_database, later)
    assert [job.id for job in claim(fresh_database)] == [later]


def test_only_the_kinds_asked_for_are_claimed(fresh_database: Database):
    post(fresh_database, "unknown")
    assert claim(fresh_database) == []


# -- claiming, fencing ----------------------------------------------------------------------------


def test_two_workers_never_claim_the_same_job_nor_wait(fresh_database: Database):
    for _ in range(4):
        post(fresh_database)
    with fresh_database.transaction() as one, fresh_database.transaction() as two:
        mine = jobs.claim(one, "w1", ["note"], 2, lease=LEASE)
        yours = jobs.claim(two, "w2", ["note"], 10, lease=LEASE)  # would hang if it waited
        assert len(mine) == len(yours) == 2
        assert not {j.id for j in mine} & {j.id for j in yours}


def test_a_claim_counts_as_an_attempt(fresh_database: Database):
    job_id = post(fresh_database)
    claim(fresh_database)
    assert load(fresh_database, job_id).attempt == 1


def test_a_worker_that_lost_its_lease_changes_nothing(effects: Database):
    job_id = post(effects)
    [stale] = claim(effects, "slow")
    expire(effects)
    with effects.transaction() as tx:
        assert jobs.reap(tx) == 1
    make_due(effects, job_id)
    [fresh] = claim(effects, "quick")
    assert fresh.attempt == stale.attempt + 1

    execute(effects, handlers_with(), stale)  # wakes up and finishes: discarded whole
    assert count(effects) == 0
    assert load(effects, job_id).state == "running"

    for late in (jobs.finish, jobs.hold, lambda tx, job: jobs.fail(tx, job, "late")):
        with effects.transaction() as tx, pytest.raises(LeaseLost):
            late(tx, stale)

    execute(effects, handlers_with(), fresh)
    assert count(effects) == 1
    assert load(effects, job_id).state == "done"


def test_without_the_fence_the_effect_happens_twice(effects: Database):
    """The negative control: what an unguarded worker would do, seen by the same count."""
    post(effects)
    [job] = claim(effects, "slow")
    for _ in range(2):
        with effects.transaction() as tx:
            note(tx, job)
    assert count(effects) == 2


def test_the_same_worker_on_its_next_attempt_is_fenced_too(fresh_database: Database):
    job_id = post(fresh_database)
    [stale] = claim(fresh_database, "w")
    expire(fresh_database)
    with fresh_database.transaction() as tx:
        jobs.reap(tx)
    make_due(fresh_database, job_id)
    claim(fresh_database, "w")
    with fresh_database.transaction() as tx, pytest.raises(LeaseLost):
        jobs.finish(tx, stale)


def test_reaping_leaves_a_job_whose_effect_is_being_committed(effects: Database):
    post(effects)
    [job] = claim(effects)
    expire(effects)
    with effects.transaction() as working:
        jobs.finish(working, job)
        note(working, job)
        with effects.transaction() as tx:  # would hang if it waited
            assert jobs.reap(tx) == 0
    assert count(effects) == 1


def test_an_extended_lease_holds_and_a_lost_one_is_not_extended(fresh_database: Database):
    post(fresh_database)
    post(fresh_database)
    kept, lost = claim(fresh_database)
    with fresh_database.transaction() as tx:
        tx.execute(
            "UPDATE job SET state = 'ready', locked_by = NULL, locked_until = NULL WHERE id = %s",
            lost.id,
        )
    with fresh_database.transaction() as tx:
        assert jobs.extend(tx, [kept, lost], lease=3600) == {kept.id}
    left = load(fresh_database, kept.id).locked_until - fresh_database.clock()
    assert left > timedelta(minutes=50)


# -- failing --------------------------------------------------------------------------------------


def test_a_failure_leaves_no_effect_and_is_tried_later(effects: Database):
    def broken(tx: Transaction, job: ClaimedJob) -> None:
        note(tx, job)
        raise RuntimeError("không gửi được")

    job_id = post(effects)
    [job] = claim(effects)
    execute(effects, handlers_with(broken), job)
    assert count(effects) == 0
    assert claim(effects) == []  # not before its pause is over
    found = load(effects, job_id)
    assert (found.state, found.attempt) == ("ready", 1)
    assert "không gửi được" in found.last_error
    make_due(effects, job_id)
    [again] = claim(effects)
    execute(effects, handlers_with(), again)
    assert count(effects) == 1


def test_pauses_double_and_are_spread(fresh_database: Database):
    def pauses(attempt: int) -> list[tuple[float, float]]:
        """Of twenty failures, the least and the most that the pause can have been (seconds)."""
        found = []
        for _ in range(20):
            job_id = post(fresh_database)
            with fresh_database.transaction() as tx:
                tx.execute("UPDATE job SET attempt = %s WHERE id = %s", attempt - 1, job_id)
            with fresh_database.transaction() as tx:
                job = jobs.claim_one(tx, "w1", job_id, lease=LEASE)
            with fresh_database.transaction() as tx:
                (before,) = tx.execute("SELECT clock_timestamp()").fetchone()
                jobs.fail(tx, job, "x")
                run_at, after = tx.execute(
                    "SELECT run_at, clock_timestamp() FROM job WHERE id = %s", job_id
                ).fetchone()
            found.append(((run_at - after).total_seconds(), (run_at - before).total_seconds()))
        return found

    for attempt, pause in ((1, jobs.FIRST_PAUSE), (3, 4 * jobs.FIRST_PAUSE)):
        spread = pauses(attempt)
        assert all(least < 1.5 * pause and most > 0.5 * pause for least, most in spread)
        assert len({round(most, 2) for _, most in spread}) > 5


def always_fails(tx: Transaction, job: ClaimedJob) -> None:
    raise RuntimeError("hỏng")


def exhaust(database: Database, job_id: UUID) -> None:
    for _ in range(jobs.ATTEMPTS):
        make_due(database, job_id)
        [job] = claim(database)
        execute(database, handlers_with(always_fails), job)


def test_after_the_last_attempt_an_operator_sees_it_and_can_retry(effects: Database):
    job_id = post(effects)
    exhaust(effects, job_id)
    assert load(effects, job_id).state == "failed"
    assert claim(effects) == []

    operator = Acting(officer_id=new_id())
    with effects.transaction(operator) as tx:
        [(incident_id,)] = tx.execute("SELECT id FROM incident").fetchall()
        incident = tx.get(Incident, incident_id)
        assert incident.kind == "note"
        assert "hỏng" in incident.error
        jobs.retry(tx, incident)
    [job] = claim(effects)
    assert job.attempt == jobs.ATTEMPTS + 1  # the fence never runs backwards
    execute(effects, handlers_with(), job)
    assert count(effects) == 1

    with effects.transaction(operator) as tx:
        closed = tx.get(Incident, incident_id)
        assert closed.closed_by == operator.officer_id
        with pytest.raises(Stale):
            jobs.retry(tx, closed)


def test_a_job_that_kills_its_worker_ends_as_an_incident(fresh_database: Database):
    job_id = post(fresh_database)
    for _ in range(jobs.ATTEMPTS):
        make_due(fresh_database, job_id)
        assert len(claim(fresh_database)) == 1
        expire(fresh_database)  # the worker died with it
        with fresh_database.transaction() as tx:
            assert jobs.reap(tx) == 1
    assert load(fresh_database, job_id).state == "failed"
    with fresh_database.transaction() as tx:
        assert tx.execute("SELECT count(*) FROM incident").fetchone() == (1,)


def test_giving_up_does_not_try_again(fresh_database: Database):
    def hopeless(tx: Transaction, job: ClaimedJob) -> None:
        raise GiveUp("tệp không phải PDF")

    job_id = post(fresh_database)
    [job] = claim(fresh_database)
    execute(fresh_database, handlers_with(hopeless), job)
    assert load(fresh_database, job_id).state == "failed"


def test_a_record_changed_meanwhile_costs_no_attempt(effects: Database):
    met = []

    def contended(tx: Transaction, job: ClaimedJob) -> None:
        met.append(job)
        note(tx, job)
        if len(met) < 3:
            raise Stale

    job_id = post(effects)
    [job] = claim(effects)
    execute(effects, handlers_with(contended), job)
    assert (count(effects), len(met)) == (1, 3)
    assert load(effects, job_id).attempt == 1


# -- outside work ---------------------------------------------------------------------------------


def test_outside_work_holds_no_transaction_and_ends_fenced(effects: Database):
    seen = []

    def errand(errand: Errand, job: ClaimedJob) -> None:
        with effects.transaction() as tx:
            seen.append(
                tx.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
                    " AND backend_type = 'client backend'"
                ).fetchone()[0]
            )
        with errand.transaction() as tx:
            tx.execute("SELECT 1")
        with errand.finish() as tx:
            note(tx, job)

    known = Handlers()
    known.outside("errand", errand)
    job_id = post(effects, "errand")
    [job] = claim(effects)
    execute(effects, known, job)
    assert seen == [0]
    assert count(effects) == 1
    assert load(effects, job_id).state == "done"


def test_outside_work_that_lost_its_lease_leaves_nothing(effects: Database):
    def errand(errand: Errand, job: ClaimedJob) -> None:
        expire(effects)
        with effects.transaction() as tx:
            jobs.reap(tx)
        with errand.finish() as tx:
            note(tx, job)

    known = Handlers()
    known.outside("errand", errand)
    job_id = post(effects, "errand")
    [job] = claim(effects)
    execute(effects, known, job)
    assert count(effects) == 0
    assert load(effects, job_id).state == "ready"


def test_outside_work_without_an_end_of_its_own_is_done_when_it_returns(fresh_database: Database):
    known = Handlers()
    known.outside("errand", lambda _errand, _job: None)
    job_id = post(fresh_database, "errand")
    [job] = claim(fresh_database)
    execute(fresh_database, known, job)
    assert load(fresh_database, job_id).state == "done"


@pytest.mark.parametrize(("forget", "left"), [(True, []), (False, ["done"])])
def test_a_job_that_says_nothing_afterwards_leaves_no_row(effects: Database, forget, left):
    def errand(errand: Errand, job: ClaimedJob) -> None:
        with errand.finish() as tx:
            note(tx, job)

    known = Handlers()
    known.outside("errand", errand, forget=forget)
    for _ in range(3):
        post(effects, "errand")
        [job] = claim(effects)
        execute(effects, known, job)
    assert count(effects) == 3
    with effects.transaction() as tx:
        states = [row[0] for row in tx.execute("SELECT state FROM job").fetchall()]
    assert states == left * 3


def test_a_forgotten_job_is_fenced_like_any_other(effects: Database):
    known = Handlers()
    known.outside("errand", lambda errand, job: None, forget=True)
    job_id = post(effects, "errand")
    [stale] = claim(effects)
    expire(effects)
    with effects.transaction() as tx:
        jobs.reap(tx)
    execute(effects, known, stale)
    assert load(effects, job_id).state == "ready"


def test_what_was_ever_an_incident_is_never_forgotten(effects: Database):
    def broken(_errand: Errand, _job: ClaimedJob) -> None:
        raise GiveUp("hỏng")

    job_id = post(effects, "errand")
    for call in (broken, lambda errand, job: None):
        known = Handlers()
        known.outside("errand", call, forget=True)
        [job] = claim(effects)
        execute(effects, known, job)
        if call is broken:
            assert load(effects, job_id).state == "failed"
            with effects.transaction() as tx:
                [(incident_id,)] = tx.execute("SELECT id FROM incident").fetchall()
                jobs.retry(tx, tx.get(Incident, incident_id))
    assert load(effects, job_id).state == "done"
    with effects.transaction() as tx:
        assert tx.get(Incident, incident_id).error == "hỏng"


# -- lanes, rings, sweeping -----------------------------------------------------------------------


def test_of_a_lane_one_job_runs_at_a_time(fresh_database: Database):
    post(fresh_database, "errand")
    post(fresh_database, "errand")
    with fresh_database.transaction() as one, fresh_database.transaction() as two:
        assert jobs.enter_lane(one, "soffice", ["errand"])
        assert not jobs.enter_lane(two, "soffice", ["errand"])
        assert jobs.enter_lane(two, "scanner", ["scan"])
        [job] = jobs.claim(one, "w1", ["errand"], 1, lease=LEASE)
    with fresh_database.transaction() as tx:
        assert not jobs.enter_lane(tx, "soffice", ["errand"])
        jobs.finish(tx, job)
    with fresh_database.transaction() as tx:
        assert jobs.enter_lane(tx, "soffice", ["errand"])


def test_one_handler_a_kind():
    known = handlers_with()
    known.outside("convert", lambda _errand, _job: None, lane="soffice")
    assert (known.free_kinds, known.lanes) == (["note"], {"soffice": ["convert"]})
    with pytest.raises(ValueError, match="note"):
        known.in_transaction("note", note)


def test_rings_are_bounded_and_a_lost_one_is_repeated(fresh_database: Database):
    for _ in range(5):
        post(fresh_database)

    def ring(again_after: float = 60) -> list[UUID]:
        with fresh_database.transaction() as tx:
            return [i for i, _ in jobs.ring(tx, ["note"], room=3, again_after=again_after)]

    first = ring()
    assert len(first) == 3
    assert ring() == []  # the window is full
    with fresh_database.transaction() as tx:
        assert jobs.claim_one(tx, "w", first[0], lease=LEASE) is not None
        assert jobs.claim_one(tx, "w", first[0], lease=LEASE) is None  # a message that came twice
    assert len(ring()) == 1
    with fresh_database.transaction() as tx:
        tx.execute("UPDATE job SET rung_at = rung_at - interval '61 seconds'")
    assert len(ring()) == 3  # told again: the messages were lost
    with fresh_database.transaction() as tx:
        jobs.unring(tx, first[1])
    assert len(ring()) == 1


def test_heartbeats(fresh_database: Database):
    with fresh_database.transaction() as tx:
        assert heartbeat.silence(tx) is None
    with fresh_database.transaction() as tx:
        heartbeat.beat(tx, "w1", "1.0")
        heartbeat.beat(tx, "w1", "1.0")
    with fresh_database.transaction() as tx:
        assert heartbeat.silence(tx) < timedelta(seconds=5)
        heartbeat.beat(tx, "killed", "1.0")
        assert heartbeat.alive(tx, timedelta(seconds=15)) == 2
        tx.execute(
            "UPDATE worker SET beat_at = beat_at - interval '1 minute' WHERE name = 'killed'"
        )
        assert heartbeat.alive(tx, timedelta(seconds=15)) == 1
        tx.execute("UPDATE worker SET beat_at = beat_at - interval '2 days'")
        assert heartbeat.alive(tx, timedelta(seconds=15)) == 0
        heartbeat.beat(tx, "w2", "1.0")
    with fresh_database.transaction() as tx:
        assert tx.execute("SELECT name FROM worker").fetchall() == [("w2",)]


def test_old_finished_jobs_are_swept_and_failed_ones_stay(effects: Database):
    done, failed = post(effects), post(effects)
    for job in claim(effects):
        with effects.transaction() as tx:
            if job.id == done:
                jobs.finish(tx, job)
            else:
                jobs.fail(tx, job, "x", final=True)
    with effects.transaction() as tx:
        jobs.sweep(tx)
        assert tx.execute("SELECT count(*) FROM job").fetchone() == (2,)
        jobs.sweep(tx, keep=timedelta(0))
        assert tx.execute("SELECT id FROM job").fetchall() == [(failed,)]


def test_an_unknown_state_is_refused_by_the_table(tx: Transaction):
    job_id = jobs.post(tx, "note", {})
    tx.flush()
    with pytest.raises(psycopg.errors.CheckViolation):
        tx.execute("UPDATE job SET state = 'lost' WHERE id = %s", job_id)
