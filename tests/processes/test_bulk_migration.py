"""Running work carried over in bulk, and a version on trial, in the demonstration."""

from contextlib import contextmanager

import psycopg
import pytest
from carried_runs import Watch, fingerprints, make_crowd
from carried_runs import redrawn as another_drawing
from dying import dying_in
from dying_office import KILLED, Request
from story import LETTER, Story, letter

from engine import history, jobs
from engine import steering as steering_of_engine
from engine.definition import Definition
from engine.errors import NotFound, Stale
from engine.instance import InstanceStatus, ProcessInstance
from processes import migration, procedures, second_person, standing, unsent, work_items
from processes.migration import (
    AnotherCarrying,
    MigrateRuns,
    MigrationStatus,
    NothingToCarry,
    StillCarrying,
)
from processes.outgoing.begin import begin
from processes.procedures import PublishProcedure
from processes.second_person import Proposal, ReasonMissing
from processes.steering import Steer, SteerRun, steer
from records.authority import Act, NoRight
from web.course import courses_of

ADMIN, LEADER, OFFICER = "quantri.stttt", "giamdoc.stttt", "chuyenvien.stttt"
WHY = "Bỏ bước kiểm tra trùng lặp theo quy chế mới"


def redrawn(*changes: tuple[str, str]) -> bytes:
    """The shipped diagram with some words of it replaced."""
    xml = procedures.shipped_xml("outgoing").decode()
    for old, new in changes:
        assert old in xml, old
        xml = xml.replace(old, new)
    return xml.encode()


RENAMED = (
    ('id="approve"', 'id="approve2"'),
    ("<bpmn:flowNodeRef>approve<", "<bpmn:flowNodeRef>approve2<"),
    ('targetRef="approve"', 'targetRef="approve2"'),
    ('sourceRef="approve"', 'sourceRef="approve2"'),
    ('bpmnElement="approve"', 'bpmnElement="approve2"'),
)


def publish(story: Story, xml: bytes, **more) -> Definition:
    with story.as_(ADMIN) as tx:
        return procedures.publish(tx, PublishProcedure("outgoing", xml, WHY, **more))


@pytest.fixture
def ground(story_office: Story):
    """The demonstration with the shipped diagram in force again and nothing running on another."""
    yield story_office
    made = publish(story_office, procedures.shipped_xml("outgoing"))
    story_office.run_sql(
        "UPDATE process_instance SET status = 'cancelled' WHERE agency_id = %s"
        " AND status IN ('running', 'suspended')",
        made.agency_id,
    )


def carry(story: Story, number: int, **table: str) -> migration.Migration:
    with story.as_(ADMIN) as tx:
        made = migration.migrate(tx, story.means, MigrateRuns("outgoing", number, WHY, table))
    story.work(poll=False)
    return made


def outcome(story: Story, made) -> migration.Outcome:
    with story.as_(ADMIN) as tx:
        return migration.outcome(tx, made.id)


def marks(story: Story, document) -> list[str]:
    run = story.instance(document)
    with story.office.database.session() as session:
        assert history.verify(session, session.get_one(ProcessInstance, run.id)) is None
        return [e.kind for e in history.events_of(session, run.id)]


def test_foreseen_then_carried_over_with_drafts_and_deadlines_kept(ground: Story) -> None:
    story = ground
    at_draft, at_approval = letter(story, "draft"), letter(story, "approve")
    [drafting] = story.open_items(at_draft)
    with story.as_(OFFICER) as tx:
        form = work_items.form_of(tx, drafting)
        unsent.keep(tx, drafting, form, {"subject": "đang gõ dở"}, [])
    new = publish(story, redrawn(*RENAMED))
    with story.as_(ADMIN) as tx:
        seen = {
            f.subject_id: f for f in migration.foresee(tx, story.means, "outgoing", new.number, {})
        }
    assert not seen[at_draft].is_refused
    assert seen[at_draft].changes == ()
    # another id of the same name is found by its name
    assert not seen[at_approval].is_refused
    made = carry(story, new.number)
    assert outcome(story, made).migration.status == MigrationStatus.DONE
    assert story.instance(at_approval).definition_id == new.id
    [moved] = story.open_items(at_approval)
    assert moved.node_id == "approve2"
    assert story.open_items(at_draft)[0].due_at == drafting.due_at
    with story.as_(OFFICER) as tx:
        kept = unsent.find(tx, drafting)
    assert kept.values == {"subject": "đang gõ dở"}
    story.do("truongphong.stttt", "approve2", of=at_approval, outcome="approve")
    for node, user, values in LETTER[1:]:
        story.do(user, node, of=at_approval, **values)
    assert story.instance(at_approval).status == InstanceStatus.COMPLETED
    assert marks(story, at_approval)[2] == "migrate"


def test_what_cannot_go_over_stays_and_is_named(ground: Story) -> None:
    story = ground
    at_draft, at_approval, held = (letter(story, n) for n in ("draft", "approve", "approve"))
    with story.as_(LEADER) as tx:
        steer(tx, story.means, SteerRun(story.instance(held).id, Steer.SUSPEND, "chờ"))
    other = [*RENAMED, ('name="Duyệt nội dung"', 'name="Thẩm định"')]
    new = publish(story, redrawn(*other))
    with story.as_(ADMIN) as tx:
        seen = {
            f.subject_id: f for f in migration.foresee(tx, story.means, "outgoing", new.number, {})
        }
    assert seen[at_approval].is_refused
    assert "chọn bước thay thế" in seen[at_approval].obstacles[0][0]
    assert "tạm dừng" in seen[held].obstacles[0][0]
    made = carry(story, new.number)
    result = outcome(story, made)
    assert result.counts == {"carried": 1, "refused": 2}
    assert len(result.refused) == 2
    assert story.instance(at_approval).definition_id != new.id
    assert story.instance(at_draft).definition_id == new.id
    # with the administrator's table the rest goes over
    again = carry(story, new.number, approve="approve2")
    assert outcome(story, again).counts == {"carried": 1, "refused": 1}
    with pytest.raises(NothingToCarry), story.as_("quantri.ubnd") as tx:
        migration.migrate(tx, story.means, MigrateRuns("outgoing", 1, WHY, {}))


def test_returned_in_one_act_while_nothing_has_moved(ground: Story) -> None:
    story = ground
    still, moved = letter(story, "approve"), letter(story, "approve")
    before = story.instance(still)
    new = publish(story, redrawn(*RENAMED))
    made = carry(story, new.number)
    story.do("truongphong.stttt", "approve2", of=moved, outcome="approve")
    with pytest.raises(ReasonMissing), story.as_(ADMIN) as tx:
        migration.give_back(tx, made.id, "")
    with story.as_(ADMIN) as tx:
        migration.give_back(tx, made.id, "Nhầm bản")
    with pytest.raises(StillCarrying), story.as_(ADMIN) as tx:
        migration.give_back(tx, made.id, "Nhầm bản")
    story.work(poll=False)
    result = outcome(story, made)
    assert result.migration.status == MigrationStatus.RETURNED
    assert result.counts == {"returned": 1, "stayed": 1}
    after = story.instance(still)
    assert (after.definition_id, after.state) == (before.definition_id, before.state)
    assert story.standing(still) == ["approve"]
    assert story.instance(moved).definition_id == new.id


def test_a_worker_that_is_killed_leaves_each_run_wholly_old_or_new(ground: Story) -> None:
    """`make faults` does it to hundreds of runs, again and again."""
    story = ground
    watch = Watch(story, make_crowd(story, 6))
    new = publish(story, another_drawing())
    with story.as_(ADMIN) as tx:
        made = migration.migrate(tx, story.means, MigrateRuns("outgoing", new.number, WHY, {}))
    watch.look()
    with dying_in(story) as dying:
        assert dying.ask(Request(25, kind=migration.MIGRATION_JOB)) == KILLED
    assert 0 < watch.look() < 6
    with story.office.database.transaction() as tx:
        jobs.reap(tx)
    story.work(poll=False, hurry=True)
    watch.look()
    watch.ensure_right(made, new)


def test_steps_done_under_another_id_are_sent_back_to_and_shown(ground: Story) -> None:
    story = ground
    documents = [letter(story, "check_format") for _ in range(2)]
    before = [*RENAMED, ('name="Duyệt nội dung"', 'name="Thẩm định"')]
    new = publish(story, redrawn(*before))
    tables = ({"approve": "approve2"}, {"approve": "sign"})
    for document, table in zip(documents, tables, strict=True):
        with story.as_(ADMIN) as tx:
            run = tx.get(ProcessInstance, story.instance(document).id, lock=True)
            steering_of_engine.migrate(
                tx, story.means.desk, run, tx.get(Definition, new.id), table, {"reason": WHY}
            )
    right, wrong = documents
    with story.as_(LEADER) as tx:
        [step] = standing.standing_of(tx, story.instance(right).id).steps
        [other] = standing.standing_of(tx, story.instance(wrong).id).steps
    assert [node.id for node in step.back] == ["draft", "approve2"]
    # whatever a table says, what was approved is not thereby signed
    assert [node.id for node in other.back] == ["draft"]
    run, [item] = story.instance(right), story.open_items(right)
    with story.as_(LEADER) as tx:
        back = SteerRun(run.id, Steer.SEND_BACK, WHY, item_id=item.id, target="approve2")
        steer(tx, story.means, back)
    assert story.standing(right) == ["approve2"]
    with story.as_(LEADER) as tx:
        [course] = courses_of(tx, story.outgoing(right))
    assert course.passed(3) == ["begun", "draft", "consult", "approve", "approved"]
    assert course.passed() == ["begun", "draft", "consult", "approve2", "approved"]
    shown = {step["name"]: step for step in course.steps()}
    assert (shown["Thẩm định"]["state"], shown["Soạn thảo"]["state"]) == ("now", "done")
    assert shown["Thẩm định"]["who"] != ""
    # returned to the former version nothing has another name
    run, [item] = story.instance(wrong), story.open_items(wrong)
    with story.as_(ADMIN) as tx:
        held = tx.get(ProcessInstance, run.id, lock=True)
        steering_of_engine.give_back(tx, story.means.desk, held, {"reason": WHY})
    with story.as_(LEADER) as tx:
        [step] = standing.standing_of(tx, run.id).steps
    assert [node.id for node in step.back] == ["draft", "approve"]


def test_asked_for_twice_it_is_one_and_another_waits(ground: Story) -> None:
    story = ground
    document = letter(story, "approve")
    new = publish(story, redrawn(*RENAMED))

    def begin_with(**table: str) -> migration.Migration:
        with story.as_(ADMIN) as tx:
            command = MigrateRuns("outgoing", new.number, WHY, table)
            return migration.migrate(tx, story.means, command)

    first = begin_with()
    assert begin_with().id == first.id
    with pytest.raises(AnotherCarrying):
        begin_with(approve="approve2")
    story.work(poll=False)
    assert marks(story, document).count("migrate") == 1
    with pytest.raises(NothingToCarry):
        begin_with(approve="approve2")


def test_only_an_administrator_and_with_a_reason(ground: Story) -> None:
    story = ground
    letter(story, "draft")
    new = publish(story, redrawn(*RENAMED))
    for user in (OFFICER, LEADER):
        with pytest.raises(NoRight), story.as_(user) as tx:
            migration.foresee(tx, story.means, "outgoing", new.number, {})
    with pytest.raises(ReasonMissing), story.as_(ADMIN) as tx:
        migration.migrate(tx, story.means, MigrateRuns("outgoing", new.number, "", {}))
    with pytest.raises(NotFound), story.as_(ADMIN) as tx:
        migration.migrate(tx, story.means, MigrateRuns("outgoing", 999, WHY, {}))


def test_what_the_new_diagram_gives_to_nobody_is_foreseen_and_stays(ground: Story) -> None:
    story = ground
    at_draft, at_approval = letter(story, "draft"), letter(story, "approve")
    gone = ('congvan:unit="=drafting_unit"', 'congvan:unit="KHONGCO"')
    new = publish(story, redrawn(gone))
    with story.as_(ADMIN) as tx:
        seen = {
            f.subject_id: f for f in migration.foresee(tx, story.means, "outgoing", new.number, {})
        }
    assert not seen[at_draft].is_refused
    [(why, _)] = seen[at_approval].obstacles
    assert "cơ quan không có đơn vị «KHONGCO»" in why
    before = fingerprints(story)[story.instance(at_approval).id]
    made = carry(story, new.number)
    result = outcome(story, made)
    assert result.migration.status == MigrationStatus.DONE
    assert result.counts == {"carried": 1, "refused": 1}
    assert result.refused[0].vi == why
    after = fingerprints(story)[story.instance(at_approval).id]
    assert {t for t in after if before.get(t) != after[t]} == {"migration_run"}


def test_one_run_that_cannot_be_read_keeps_no_other_from_going(ground: Story) -> None:
    story = ground
    broken, whole = letter(story, "approve"), letter(story, "approve")
    new = publish(story, redrawn(*RENAMED))
    story.run_sql(
        "UPDATE process_instance SET state = %s WHERE id = %s", b'{"no', story.instance(broken).id
    )
    with story.as_(ADMIN) as tx:
        foreseen = migration.foresee(tx, story.means, "outgoing", new.number, {})
    seen = {f.subject_id: f for f in foreseen}
    assert not seen[whole].is_refused
    [(why, _)] = seen[broken].obstacles
    assert "Không đọc được trạng thái" in why
    result = outcome(story, carry(story, new.number))
    assert result.migration.status == MigrationStatus.DONE
    assert result.counts == {"carried": 1, "refused": 1}
    assert why in result.refused[0].vi
    assert story.instance(whole).definition_id == new.id


def test_a_run_at_which_the_program_fails_keeps_no_other_from_going(ground: Story) -> None:
    """It stays, becomes an incident of its own, and goes over once the cause is mended."""
    story = ground
    broken, whole = letter(story, "approve"), letter(story, "approve")
    new = publish(story, redrawn(*RENAMED))
    run = story.instance(broken).id
    with failing_at(story, run):
        made = carry(story, new.number)
        result = outcome(story, made)
        assert result.migration.status == MigrationStatus.DONE
        assert result.counts == {"carried": 1, "refused": 1}
        assert "Chương trình gặp lỗi" in result.refused[0].vi
        assert story.instance(whole).definition_id == new.id
        assert story.instance(broken).definition_id != new.id
        for _ in range(jobs.ATTEMPTS):
            story.work(poll=False, hurry=True)
        [found] = story.all(jobs.Incident, jobs.Incident.kind == migration.RUN_JOB)
    with story.office.database.transaction() as tx:
        jobs.retry(tx, tx.get(jobs.Incident, found.id))
    story.work(poll=False)
    assert outcome(story, made).counts == {"carried": 2}
    assert outcome(story, made).refused == []
    assert story.instance(broken).definition_id == new.id
    assert marks(story, broken)[-1] == "migrate"


@contextmanager
def failing_at(story: Story, run):
    """The database refuses every change of one run, as no refusal of ours does."""
    url = story.office.settings.database_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(
            "CREATE FUNCTION planted_fault() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE EXCEPTION 'planted'; END$$"
        )
        owner.execute(
            "CREATE TRIGGER planted_fault BEFORE UPDATE ON process_instance FOR EACH ROW"
            f" WHEN (OLD.id = '{run}') EXECUTE FUNCTION planted_fault()"
        )
        try:
            yield
        finally:
            owner.execute("DROP TRIGGER planted_fault ON process_instance")
            owner.execute("DROP FUNCTION planted_fault()")


def test_what_was_proposed_is_kept_and_compared_with_now(ground: Story) -> None:
    story = ground
    moves, ends, stays = (letter(story, "approve") for _ in range(3))
    new = publish(story, redrawn(*RENAMED))
    with story.as_(ADMIN) as tx:
        second_person.want(tx, [Act.MIGRATE_PROCESS])
    try:
        with story.as_(ADMIN) as tx:
            asked = migration.migrate(tx, story.means, MigrateRuns("outgoing", new.number, WHY, {}))
        with story.as_(LEADER) as tx:
            first = migration.compared(tx, story.means, second_person.find(tx, asked.id))
        assert {f.subject_id for f in first.then} == {moves, ends, stays}
        assert {f.standing for f in first.then} == {("Duyệt nội dung",)}
        assert not first.differs
        story.do("truongphong.stttt", "approve", of=moves, outcome="approve")
        with story.as_(LEADER) as tx:
            steer(tx, story.means, SteerRun(story.instance(ends).id, Steer.CANCEL, WHY))
            steer(tx, story.means, SteerRun(story.instance(stays).id, Steer.SUSPEND, WHY))
        with story.as_(LEADER) as tx:
            then = migration.compared(tx, story.means, second_person.find(tx, asked.id))
        assert then.then == first.then
        assert [f.subject_id for f in then.gone] == [ends]
        assert {f.subject_id: f.is_refused for f in then.changed} == {moves: False, stays: True}
        assert then.come == []
        with story.as_(LEADER) as tx:
            second_person.refuse(tx, asked.id, "Chưa cần")
            closed = migration.compared(tx, story.means, second_person.find(tx, asked.id))
        assert not closed.differs  # what was decided is history
    finally:
        with story.as_(ADMIN) as tx:
            second_person.want(tx, [])


def test_a_second_person_agrees_to_a_migration_and_to_a_publication(ground: Story) -> None:
    story = ground
    document = letter(story, "draft")
    new = publish(story, redrawn(*RENAMED))
    with story.as_(ADMIN) as tx:
        second_person.want(tx, [Act.MIGRATE_PROCESS, Act.PUBLISH_PROCESS])
    try:
        with story.as_(ADMIN) as tx:
            asked = migration.migrate(tx, story.means, MigrateRuns("outgoing", new.number, WHY, {}))
            drawn = procedures.publish(
                tx, PublishProcedure("outgoing", procedures.shipped_xml("outgoing"), WHY)
            )
        assert isinstance(asked, Proposal)
        assert isinstance(drawn, Proposal)
        story.work(poll=False)
        assert story.instance(document).definition_id != new.id
        with story.as_(LEADER) as tx:
            second_person.agree(tx, story.means, asked.id)
        story.work(poll=False)
        assert story.instance(document).definition_id == new.id
        with story.as_(LEADER) as tx:
            second_person.agree(tx, story.means, drawn.id)
        with story.as_(ADMIN) as tx:
            newest = procedures.versions(tx, "outgoing")[0]
        assert newest.number == new.number + 1
        assert newest.is_current
    finally:
        with story.as_(ADMIN) as tx:
            second_person.want(tx, [])


def test_a_proposed_diagram_is_published_byte_for_byte_whatever_its_encoding(ground: Story) -> None:
    story = ground
    shipped = procedures.shipped_xml("outgoing").decode()
    drawn = shipped.replace("UTF-8", "UTF-16", 1).encode("utf-16")
    with story.as_(ADMIN) as tx:
        second_person.want(tx, [Act.PUBLISH_PROCESS])
    try:
        with story.as_(ADMIN) as tx:
            asked = procedures.publish(tx, PublishProcedure("outgoing", drawn, WHY))
        assert isinstance(asked, Proposal)
        with story.as_(LEADER) as tx:
            second_person.agree(tx, story.means, asked.id)
        with story.as_(ADMIN) as tx:
            newest = procedures.versions(tx, "outgoing")[0]
        assert newest.xml_original == drawn
    finally:
        with story.as_(ADMIN) as tx:
            second_person.want(tx, [])


# a version on trial ------------------------------------------------------------------------------


def begun_by(story: Story, user: str):
    with story.as_(user) as tx:
        document, _ = begin(tx, story.means)
    return story.instance(document.id).definition_id


def test_a_new_version_is_tried_by_chosen_units_first(ground: Story) -> None:
    story = ground
    with story.as_(ADMIN) as tx:
        current = next(d for d in procedures.versions(tx, "outgoing") if d.is_current)
    unit = story.login(OFFICER).unit_id
    tried = publish(story, redrawn(*RENAMED), pilot_units=(unit,))
    assert (tried.is_current, tried.pilot_units) == (False, [unit])
    assert begun_by(story, OFFICER) == tried.id
    assert begun_by(story, "truongphong.ttbc") == current.id
    with story.as_(ADMIN) as tx:
        procedures.end_trial(tx, "outgoing", "Chưa ổn", adopt=False)
    assert begun_by(story, OFFICER) == current.id
    with pytest.raises(NotFound), story.as_(ADMIN) as tx:
        procedures.end_trial(tx, "outgoing", "Chưa ổn", adopt=False)
    tried = publish(story, redrawn(*RENAMED), pilot_units=(unit,))
    with story.as_(ADMIN) as tx:
        procedures.end_trial(tx, "outgoing", "Áp dụng toàn cơ quan", adopt=True)
    assert begun_by(story, "truongphong.ttbc") == tried.id
    with pytest.raises(NoRight), story.as_(OFFICER) as tx:
        procedures.end_trial(tx, "outgoing", "x", adopt=True)


def test_ending_a_trial_needs_whom_publishing_needs(ground: Story) -> None:
    story = ground
    unit = story.login(OFFICER).unit_id
    tried = publish(story, redrawn(*RENAMED), pilot_units=(unit,))
    with story.as_(ADMIN) as tx:
        second_person.want(tx, [Act.PUBLISH_PROCESS])
    try:
        with story.as_(ADMIN) as tx:
            asked = procedures.end_trial(tx, "outgoing", "Đạt", adopt=True)
            given_up = procedures.end_trial(tx, "outgoing", "Chưa ổn", adopt=False)
        assert isinstance(asked, Proposal)
        assert isinstance(given_up, Proposal)
        assert begun_by(story, "truongphong.ttbc") != tried.id
        with pytest.raises(second_person.OwnProposal), story.as_(ADMIN) as tx:
            second_person.agree(tx, story.means, asked.id)
        with story.as_(LEADER) as tx:
            second_person.agree(tx, story.means, asked.id)
        assert begun_by(story, "truongphong.ttbc") == tried.id
        with pytest.raises(NotFound), story.as_(LEADER) as tx:
            second_person.agree(tx, story.means, given_up.id)  # none is on trial any more
    finally:
        with story.as_(ADMIN) as tx:
            second_person.want(tx, [])
    another = publish(story, redrawn(*RENAMED), pilot_units=(unit,))
    with pytest.raises(Stale), story.as_(LEADER) as tx:
        second_person.agree(tx, story.means, given_up.id)  # nor the same one
    assert begun_by(story, OFFICER) == another.id


def test_a_second_trial_takes_the_place_of_the_first_and_a_publication_ends_it(
    ground: Story,
) -> None:
    story = ground
    unit = story.login(OFFICER).unit_id
    first = publish(story, redrawn(*RENAMED), pilot_units=(unit,))
    second = publish(story, redrawn(*RENAMED), pilot_units=(unit,))
    assert second.number == first.number + 1
    assert begun_by(story, OFFICER) == second.id
    last = publish(story, procedures.shipped_xml("outgoing"))
    assert begun_by(story, OFFICER) == last.id
