"""After the seal proofs are added in the background, and the stored original never changes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from story import LETTER, PASSWORD, Story, letter

from engine import jobs
from engine.database import Acting
from engine.jobs import Incident, Job
from office.office import Office
from office.settings import Timestamps
from processes import archive
from processes.outgoing.paper import current_paper
from records import keeping
from records.content import ContentStore, File, Stored, attach_file
from records.document import OutgoingDocument
from records.keeping import ProofStep, SignatureKeeping
from records.verification import SignatureCheck
from records.vocabulary import Authenticity, FileKind
from signing.carried import read_contents
from signing.proof_errors import TimestampUnavailable
from signing.report import DocumentReport, Level
from signing.testing import Fault, Issued, Lie, TsaServer

DAY = timedelta(days=1)


class Time:
    """The office's clock, which a test moves ahead of the real one."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture(scope="module")
def clock() -> Time:
    return Time()


@pytest.fixture
def time(clock: Time) -> Iterator[Time]:
    yield clock
    clock.ahead = timedelta()


@pytest.fixture(scope="module")
def authority(story_office: Story, clock: Time) -> Iterator[TsaServer]:
    keystore = Path(story_office.office.settings.data, "signing", "keystores", "tsa.p12")
    with TsaServer(Issued.load(keystore.read_bytes(), PASSWORD), clock) as running:
        yield running


@pytest.fixture
def tsa(authority: TsaServer) -> Iterator[TsaServer]:
    authority.requests.clear()
    yield authority
    authority.lying(None)
    authority.fault = None


@pytest.fixture(scope="module")
def stamped(story_office: Story, authority: TsaServer, clock: Time) -> Iterator[Story]:
    with stamping(story_office, authority, clock) as kept:
        yield kept


@pytest.fixture
def story(stamped: Story, tsa: TsaServer, time: Time) -> Story:
    with stamped.office.database.transaction() as tx:
        tx.execute("UPDATE signature_keeping SET due_at = NULL")
    return stamped


@contextmanager
def stamping(story: Story, tsa: TsaServer, time: Time, **settings) -> Iterator[Story]:
    """Lend the same installation with an authority for timestamps and a clock to be moved."""
    office = Office.open(
        replace(story.office.settings, tsa_urls=(tsa.url,), **settings), clock=time
    )
    try:
        yield Story(office, story.acting)
    finally:
        office.database.dispose()


def sealed(story: Story) -> File:
    document = letter(story, "issue", subject="lưu giữ chữ ký số")
    with story.office.database.transaction() as tx:
        return current_paper(tx, tx.get(OutgoingDocument, document)).file


@pytest.fixture(scope="module")
def model(stamped: Story) -> File:
    """A document of three signatures, each with its time."""
    return sealed(stamped)


@pytest.fixture
def file(story: Story, model: File) -> File:
    return again(story, model)


def again(story: Story, model: File) -> File:
    """Keep the same bytes once more as a file of their own: signing anew takes its time."""
    with story.office.database.transaction(Acting(agency_id=model.agency_id)) as tx:
        document = tx.get(OutgoingDocument, model.outgoing_document_id)
        content = Stored(model.sha256, model.size, model.media_type)
        made = attach_file(tx, document, content, name="luu.pdf", kind=FileKind.SIGNED)
        keeping.take_in(tx, made, Authenticity.VALID)
    return made


def work(story: Story, *, due: bool = True) -> None:
    """Do what the worker does: hand out what is due, carry jobs out."""
    with story.office.database.transaction() as tx:
        if due:
            archive.post_due(tx)
    story.work(poll=False)


def kept(story: Story, file: File) -> SignatureKeeping:
    return story.one(SignatureKeeping, SignatureKeeping.file_id == file.id)


def steps(story: Story, file: File) -> list[ProofStep]:
    return story.all(ProofStep, ProofStep.file_id == file.id)


def test_a_sealed_document_becomes_provable_for_decades(story, model, time, tsa):
    original = story.means.content.read(model.sha256)
    assert all(one.stamp for one in read_contents(original).signatures), "T at once"
    work(story, due=False)
    with story.office.database.transaction() as tx:
        tx.execute("UPDATE signature_keeping SET due_at = %s", tx.now)
    work(story)
    waiting = kept(story, model)
    # the list of withdrawn certificates that tells of the signing is not out yet
    assert (waiting.sha256, steps(story, model)) == (model.sha256, [])
    assert timedelta(hours=23) < waiting.due_at - time() < timedelta(hours=25)
    assert tsa.requests == []
    time.ahead = 2 * DAY
    work(story)
    newest = kept(story, model)
    (step,) = steps(story, model)
    assert len(tsa.requests) == 1
    assert (step.step, step.tsa_name) == ("evidence", "Dấu thời gian thử nghiệm")
    assert (step.sha256_before, step.sha256_after) == (model.sha256, newest.sha256)
    assert len(step.evidence.splitlines()) == 4
    augmented = story.means.content.read(newest.sha256)
    assert augmented.startswith(original)
    assert newest.size == len(augmented)
    assert story.means.content.read(model.sha256) == original
    check = story.all(SignatureCheck, SignatureCheck.file_id == model.id)[-1]
    assert check.verdict is Authenticity.VALID
    report = DocumentReport.from_json(check.report)
    assert {one.level for one in report.signatures} == {Level.LTA}
    assert "keep_signatures" in {row[0] for row in story.rows("SELECT act FROM journal_leaf")}
    # bytes with the newest proofs are named, also when nothing else names them
    with story.office.database.transaction() as tx:
        assert keeping.is_named(tx, newest.sha256)
        assert not keeping.is_named(tx, "0" * 64)
        time.ahead = 400 * DAY
        story.office._sweep_content(tx)
    assert story.means.content.read(newest.sha256) == augmented
    # what is due is renewed once, before the timestamp ends
    assert newest.next_step == "renewal"
    assert newest.due_at > time() + 1000 * DAY
    time.ahead = newest.due_at - datetime.now(UTC) + timedelta(minutes=1)
    with story.office.database.transaction() as tx:
        archive.post_due(tx)
        archive.post_due(tx)
    story.work(poll=False)
    assert [one.step for one in steps(story, model)] == ["evidence", "renewal"]
    assert story.means.content.read(kept(story, model).sha256).startswith(augmented)


def test_where_the_time_may_come_later_it_comes_in_the_background(story_office, story, tsa, time):
    tsa.fault = Fault.ERROR
    file = sealed(story)
    assert not any(
        one.stamp for one in read_contents(story.means.content.read(file.sha256)).signatures
    )
    assert len(tsa.requests) == 2, "nobody waits for it again at each signature"
    # without an authority nothing is begun; a file from such days is taken in later
    story_office.work(poll=False)
    assert story.all(SignatureKeeping, SignatureKeeping.file_id == file.id) == []
    with story.office.database.transaction() as tx:
        keeping.take_in_older(tx)
    work(story)
    failed = kept(story, file)
    assert (failed.failures, "HTTP 500" in failed.last_error) == (1, True)
    assert steps(story, file) == []
    tsa.fault = None
    time.ahead = timedelta(minutes=6)
    work(story)
    (step,) = steps(story, file)
    assert (step.step, step.evidence) == ("time", "")
    assert (kept(story, file).failures, kept(story, file).last_error) == (0, "")


def test_where_the_time_is_required_nothing_is_signed_without(story_office, tsa, time):
    with stamping(story_office, tsa, time, timestamps=Timestamps.REQUIRED) as story:
        document = letter(story, "sign", subject="bắt buộc có dấu thời gian")
        tsa.fault = Fault.ERROR
        with pytest.raises(TimestampUnavailable, match="500"):
            letter_step(story, document)
        (item,) = story.items("giamdoc.stttt", "sign", document)
        assert item.version == 1, "the step waits as before"
        tsa.fault = None
        letter_step(story, document)


def letter_step(story: Story, document: UUID) -> None:
    values = next(given for node, _, given in LETTER if node == "sign")
    story.do("giamdoc.stttt", "sign", of=document, **values)


def test_an_authority_that_stays_gone_is_one_incident_an_operator_can_retry(
    story, model, tsa, time
):
    files = [again(story, model), again(story, model)]
    tsa.lying(Lie.REFUSES)
    time.ahead = 2 * DAY
    pauses = []
    for _ in range(archive.ATTEMPTS):
        work(story)
        moments = [one.due_at for file in files if (one := kept(story, file)).due_at]
        pauses.append(round((min(moments) - time()) / timedelta(minutes=1)))
        time.ahead += max(moments) - time() + timedelta(seconds=1)
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 360]
    incidents = story.all(Incident, Incident.kind == archive.KEEP_JOB)
    assert len(incidents) == 1
    assert "bảo trì" in incidents[0].error
    tsa.lying(None)
    with story.office.database.transaction() as tx:
        jobs.retry(tx, tx.get(Incident, incidents[0].id))
    work(story)
    for file in files:
        assert [one.step for one in steps(story, file)] == ["evidence"]


class Interrupted(ContentStore):
    """A store whose worker dies once, right after it wrote."""

    dies = True

    def put(self, *args, **kwargs):
        stored = super().put(*args, **kwargs)
        if self.dies:
            self.dies = False
            raise KeyboardInterrupt
        return stored


def test_a_worker_that_dies_in_between_leaves_one_proof(story, file, time):
    time.ahead = 2 * DAY
    content = Interrupted(Path(story.office.settings.data, "content"))
    mortal = Story(replace(story.office, means=replace(story.means, content=content)), story.acting)
    with pytest.raises(KeyboardInterrupt):
        work(mortal)
    assert steps(story, file) == []
    with story.office.database.transaction() as tx:
        tx.execute(
            "UPDATE job SET locked_until = clock_timestamp() - interval '1 second'"
            " WHERE kind = %s AND state = 'running'",
            archive.KEEP_JOB,
        )
        assert jobs.reap(tx) == 1
    story.work(poll=False, hurry=True)
    assert len(steps(story, file)) == 1
    assert [one.state for one in story.all(Job, Job.kind == archive.KEEP_JOB)][-1] == "done"
