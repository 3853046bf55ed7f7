"""The whole story over the API against a real `congvan run`, on both grounds."""

import pytest
from installation import Installation, Services, eventually
from narrative import REPLY, check, tell
from program import Programs

#: the first test waits for the whole story, on a machine that does other things too
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def told(house: Installation) -> Installation:
    """The installation after the story."""
    programs = Programs(house)
    tell(programs)
    check(programs)
    return house


def test_the_story_over_the_api(told: Installation):
    verified = told.command("verify-journal")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_passwords_are_kept_at_the_full_cost(told: Installation):
    """RFC 9106, 4: argon2id with 64 MiB, three passes, four lanes."""
    with told.database() as owner:
        owner.execute("SELECT set_config('congvan.agency', 'all', false)")
        stored = owner.execute("SELECT password_hash FROM account").fetchall()
    assert {one.rpartition("$")[0].rpartition("$")[0] for (one,) in stored} == {
        "$argon2id$v=19$m=65536,t=3,p=4"
    }


def test_an_altered_event_is_found(told: Installation):
    """The control: one step renamed in the database, and the same command says so."""
    change = "UPDATE event SET node_id = %s WHERE instance_id = %s AND seq = %s"
    with told.database() as owner:
        owner.execute("ALTER TABLE event DISABLE TRIGGER USER")
        owner.execute("ALTER TABLE event NO FORCE ROW LEVEL SECURITY")
        found = owner.execute("SELECT instance_id, seq FROM event WHERE node_id = 'seal'")
        place = found.fetchone()
        owner.execute(change, ("sign", *place))
        altered = told.command("verify-journal")
        owner.execute(change, ("seal", *place))
        owner.execute("ALTER TABLE event FORCE ROW LEVEL SECURITY")
        owner.execute("ALTER TABLE event ENABLE TRIGGER USER")
    assert altered.returncode == 1, altered.stdout
    assert str(place[0]) in altered.stdout
    assert told.command("verify-journal").returncode == 0


def test_the_services_named_in_the_environment_did_the_work(
    told: Installation, request: pytest.FixtureRequest
):
    """With external services nothing of ours is started; without, nothing else is."""
    names = {process.name() for process in told.family()}
    own = any("postgres" in name for name in names)
    if not told.services:
        assert own
        return
    running: Services = request.getfixturevalue("external")
    assert not own, names
    # what waits for other machines has lines of its own in the worker; all the rest is rung
    with told.database() as owner:
        owner.execute("SELECT set_config('congvan.agency', 'all', false)")
        (rung,) = owner.execute(
            "SELECT count(*) FROM job WHERE state = 'done' AND NOT kind = ANY(%s)",
            [["send_envelope", "send_status", "send_change", "poll_axis", "reconcile_axis"]],
        ).fetchone()
    assert rung > 0
    assert running.messages() >= rung, "jobs were done that nobody rang"
    assert not list(told.data.glob("postgres*"))


def test_kill_9_leaves_no_orphan_and_the_next_start_goes_on(told: Installation):
    """Last in this file: the supervisor is killed, all of it is gone, nothing is lost."""
    before = Programs(told).facts("vanthu.ubnd", "incoming", REPLY)
    family = told.family()
    told.kill()
    eventually(lambda: not [p for p in family if p.is_running()], what=family, seconds=20)
    told.start()
    assert Programs(told).facts("vanthu.ubnd", "incoming", REPLY) == before
