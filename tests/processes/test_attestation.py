"""The end of a history cut off with all that tells of it in its own rows: the journal knows."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner
from story import Story, letter

from engine.instance import ProcessInstance
from office.cli import main
from office.verification import verify_records
from processes import history
from processes.steering import Steer, SteerRun, steer

AUDITOR = ("thanhtra", "STTTT")


@pytest.fixture(scope="module")
def steered(story_office: Story) -> ProcessInstance:
    run = story_office.instance(letter(story_office, "approve"))
    with story_office.as_("giamdoc.stttt") as tx:
        steer(tx, story_office.means, SteerRun(run.id, Steer.SUSPEND, "Chờ ý kiến"))
    return run


@pytest.fixture(scope="module")
def completed(story_office: Story) -> ProcessInstance:
    return story_office.instance(letter(story_office, "approve"))


@pytest.fixture
def owner(
    story_office: Story, steered: ProcessInstance, completed: ProcessInstance
) -> Iterator["psycopg.Connection"]:
    """The owner of the tables, whom no trigger stops; what he did is undone."""
    url = story_office.office.settings.database_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        for table in ("event", "journal_leaf"):
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        connection.execute("CREATE TABLE kept AS TABLE event")
        connection.execute("CREATE TABLE kept_run AS TABLE process_instance")
        yield connection
        connection.execute("INSERT INTO event SELECT * FROM kept ON CONFLICT DO NOTHING")
        connection.execute(
            "UPDATE process_instance p SET seq = k.seq, head = k.head, state = k.state,"
            " base = k.base, standing = k.standing FROM kept_run k WHERE k.id = p.id"
        )
        connection.execute("DROP TABLE kept, kept_run")
        for table in ("event", "journal_leaf"):
            connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def cut(story: Story, owner: "psycopg.Connection", run: UUID) -> int:
    """Take the last event away and make the run's row agree with the one before."""
    [last] = owner.execute("SELECT seq FROM process_instance WHERE id = %s", (run,)).fetchone()
    owner.execute("DELETE FROM event WHERE instance_id = %s AND seq = %s", (run, last))
    owner.execute(
        "UPDATE process_instance p SET seq = e.seq, head = e.hash, state = e.state, base = NULL,"
        " standing = ARRAY(SELECT jsonb_array_elements_text("
        "convert_from(e.body, 'UTF8')::jsonb -> 'standing'))"
        " FROM event e WHERE e.instance_id = p.id AND p.id = %s AND e.seq = %s",
        (run, last - 1),
    )
    return last - 1


def broken(story: Story, run: UUID) -> int | None:
    """Where the history that people are shown says that it is broken."""
    with story.as_(*AUDITOR) as tx, story.office.database.session(tx.acting) as session:
        found = history.tell(tx, session, run).broken
    return found.seq if found else None


@pytest.mark.parametrize("which", ["completed", "steered"])
def test_a_cut_end_is_found_everywhere(
    story_office: Story,
    owner: "psycopg.Connection",
    which: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, settings = request.getfixturevalue(which).id, story_office.office.settings
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("CONGVAN_DATA", str(settings.data))
    lines, holds = verify_records(settings)
    assert holds, lines
    assert broken(story_office, run) is None
    assert CliRunner().invoke(main, ["replay", str(run)]).exit_code == 0

    last = cut(story_office, owner, run)
    lines, holds = verify_records(settings)
    assert not holds
    [line] = [line for line in lines if str(run) in line]
    assert "nhật ký chứng nhận một sự kiện không còn" in line
    [other] = {"completed", "steered"} - {which}
    assert str(request.getfixturevalue(other).id) not in "\n".join(lines)
    assert broken(story_office, run) == last + 1
    told = CliRunner().invoke(main, ["replay", str(run)])
    assert told.exit_code == 1, told.output
    assert "không còn trong lịch sử" in told.output


def test_a_run_taken_away_altogether_is_found(
    story_office: Story, owner: "psycopg.Connection", completed: ProcessInstance
) -> None:
    owner.execute("DELETE FROM event WHERE instance_id = %s", (completed.id,))
    owner.execute("UPDATE process_instance SET seq = 0, head = '' WHERE id = %s", (completed.id,))
    lines, holds = verify_records(story_office.office.settings)
    assert not holds
    assert str(completed.id) in "\n".join(lines)


def test_a_body_that_is_no_json_is_no_obstacle(
    story_office: Story, owner: "psycopg.Connection", completed: ProcessInstance
) -> None:
    """The journal names the leaf itself; the histories are still read to their end."""
    [leaf, body] = owner.execute(
        "SELECT id, body FROM journal_leaf WHERE object_type = 'work_item' LIMIT 1"
    ).fetchone()
    change = "UPDATE journal_leaf SET body = %s WHERE id = %s"
    owner.execute(change, (b'"instance":"------------------------------------"\xff{', leaf))
    cut(story_office, owner, completed.id)
    lines, holds = verify_records(story_office.office.settings)
    owner.execute(change, (body, leaf))
    assert not holds
    assert f"dòng {leaf}" in lines[0]
