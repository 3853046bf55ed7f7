"""P9, P12: an office killed after any statement of any verb leaves before or after, no between."""

from dataclasses import replace
from uuid import UUID

import pytest
from dying_office import KILLED, Request
from story import (
    LETTER,
    Story,
    envelope_from,
    incoming_steps,
    letter_values,
    send,
    snapshot,
    today,
)

from engine import jobs
from processes.delivery import arrivals
from processes.incoming.receive import ReceiveIncoming
from processes.outgoing.issue import SEND_JOB
from processes.status_reports import STATUS_JOB
from processes.work_items import CompleteItem
from records.content import File
from records.document import IncomingDocument, OutgoingDocument
from records.key_custody import KeyUse, KeyUseOutcome
from records.register import RegisterEntry, RegisterSeries
from records.transfer import Packet
from records.vocabulary import Channel, Delivery

pytestmark = pytest.mark.faults

#: no verb of the story sends more statements; one that loops would never end
MOST = 200


def complete(story: Story, user: str, node: str, document: UUID, values: dict) -> Request:
    (item,) = story.items(user, node, document)
    return Request(0, story.login(user), CompleteItem(item.id, item.version, values))


#: that the agency's key is about to sign is written down to last, before it does
TO_LAST = {"key_use", "journal_leaf"}


def kept(story: Story) -> dict[str, str]:
    """Return a digest of all that a verb may only keep whole."""
    return {name: rows for name, rows in snapshot(story).items() if name not in TO_LAST}


def kill_everywhere(story: Story, dying, request: Request) -> int:
    """Run `request` again and again, killed a statement later each time; return how many."""
    before = kept(story)
    for point in range(1, MOST):
        ended = dying.ask(replace(request, point=point))
        ensure_files(story)
        if kept(story) != before:
            # The commit was the last statement, and all of it is there.
            assert story.broken_chains() == []
            return point
        assert ended == KILLED, (ended, point, request)
    raise AssertionError(request)


def ensure_files(story: Story) -> None:
    """No row without its file; what lies there unnamed is the sweep's affair."""
    kept = set(story.means.content.digests())
    rows = {f for (f,) in story.rows("SELECT sha256 FROM file UNION SELECT sha256 FROM packet")}
    assert rows <= kept


def ensure_gapless(story: Story) -> None:
    for series in story.all(RegisterSeries):
        numbers = [e.number for e in story.all(RegisterEntry, RegisterEntry.series_id == series.id)]
        first = series.opened_at_number
        assert sorted(numbers) == list(range(first, first + len(numbers)))
        assert series.next_number == first + len(numbers)


def newest(story: Story, entity: type) -> UUID:
    return story.all(entity)[-1].id


def test_every_verb_of_a_letter(story_office, dying):
    story = story_office
    # the list of trust becomes version 1 when it is first asked for, whatever asks
    story.means.signing.known()
    for user in {"chuyenvien.stttt", *(user for _, user, _ in LETTER)}:
        story.login(user)
    points = {}
    started = Request(0, story.login("chuyenvien.stttt"))
    points["begin"] = kill_everywhere(story, dying, started)
    document = newest(story, OutgoingDocument)
    steps = [("draft", "chuyenvien.stttt", letter_values(story)), *LETTER]
    for node, user, values in steps:
        request = complete(story, user, node, document, values)
        # The typesetter of drafts has threads.
        points[node] = kill_everywhere(story, dying, replace(request, cold=node == "draft"))
        assert node not in story.standing(document)
    assert story.instance(document).status == "completed"
    ensure_gapless(story)
    issued = story.outgoing(document)
    assert issued.serial_number == 1
    uses = story.all(KeyUse, KeyUse.document_id == document)
    outcomes = [one.outcome for one in uses]
    assert outcomes.count(KeyUseOutcome.SIGNED) == 2  # number and seal, whatever died before
    assert KeyUseOutcome.BEGUN in outcomes
    assert KeyUseOutcome.REFUSED not in outcomes
    assert min(points.values()) >= 4, points  # the control: it was killed on the way
    assert sum(points.values()) >= 80, points


def test_every_verb_of_an_incoming_document(story_office, dying):
    story = story_office
    for user in (
        "vanthu.stttt",
        "giamdoc.stttt",
        "truongphong.stttt",
        "truongphong.ttbc",
        "chuyenvien.stttt",
    ):
        story.login(user)
    command = ReceiveIncoming(
        Channel.POST,
        "Sở Tài chính",
        "đề nghị phối hợp",
        code_number="9",
        code_notation="STC",
        issued_on=today(),
    )
    points = {
        "receive": kill_everywhere(story, dying, Request(0, story.login("vanthu.stttt"), command))
    }
    document = newest(story, IncomingDocument)
    record = story.one(IncomingDocument, IncomingDocument.id == document)
    steps = incoming_steps(story, record, cooperating=("TTBC",))
    steps.insert(5, ("cooperate", "truongphong.ttbc", {"opinion": "Đã phối hợp"}))
    for node, user, values in steps:
        request = complete(story, user, node, document, values)
        points[node] = kill_everywhere(story, dying, request)
        assert node not in story.standing(document)
    assert story.instance(document).status == "completed"
    ensure_gapless(story)
    assert story.one(IncomingDocument, IncomingDocument.id == document).arrival_number == 1
    assert min(points.values()) >= 4, points


# -- what is done outside a transaction ------------------------------------------------------------


def kill_job_everywhere(story: Story, dying, kind: str) -> int:
    """Have the worker that does the jobs of a kind die a statement later each time."""
    for point in range(1, MOST):
        story.run_sql(
            "UPDATE job SET max_attempts = 1000, run_at = created_at WHERE state = 'ready'"
        )
        ended = dying.ask(Request(point, kind=kind))
        with story.office.database.transaction() as tx:
            jobs.reap(tx)
        assert story.broken_chains() == []
        ensure_files(story)
        unfinished = "SELECT count(*) FROM job WHERE kind = %s AND state <> 'done'"
        if not story.value(unfinished, kind):
            return point
        assert ended == KILLED, (ended, point)
    raise AssertionError(kind)


def test_a_worker_killed_while_it_sends_sends_once(story_office, dying):
    story = story_office
    (recipient,) = story.recipients(newest(story, OutgoingDocument))
    assert recipient.delivery is Delivery.PENDING
    assert kill_job_everywhere(story, dying, SEND_JOB) > 8
    (recipient,) = story.recipients(recipient.outgoing_document_id)
    assert recipient.delivery is Delivery.SENT
    sent = story.all(Packet, Packet.outgoing_document_id == recipient.outgoing_document_id)
    assert [p.result for p in sent] == ["sent"]
    assert story.value("SELECT count(*) FROM axis_packet WHERE message_type = 'edoc'") == 1


def test_a_worker_killed_while_a_document_arrives_takes_it_in_once(story_office, dying):
    story = story_office
    story.work()  # what the tests above sent
    send(story, "STC", envelope_from(story, "STC", "55"))
    story.run_sql("DELETE FROM job WHERE kind = %s", arrivals.POLL_JOB)
    with story.office.database.transaction() as tx:
        jobs.post(tx, arrivals.POLL_JOB, {"code": "H55.07"}, agency_id=story.agency("STTTT"))
    assert kill_job_everywhere(story, dying, arrivals.POLL_JOB) > 15
    document = story.one(IncomingDocument, IncomingDocument.code_number == "55")
    (packet,) = story.all(
        Packet, Packet.incoming_document_id == document.id, Packet.message_type == "edoc"
    )
    assert packet.result == "accepted"
    assert story.on_the_wire() == 0
    assert len(story.all(File, File.incoming_document_id == document.id)) == 1
    assert story.standing(document.id) == ["check"]
    # and the word that it arrived goes back once
    assert kill_job_everywhere(story, dying, STATUS_JOB) > 8
    own = (
        "SELECT count(*) FROM status_report WHERE incoming_document_id = %s AND sent_at IS NOT NULL"
    )
    assert story.value(own, document.id) == 1
    assert (
        story.value(
            "SELECT count(*) FROM axis_packet WHERE message_type = 'status' AND receiver = 'H55.05'"
        )
        == 1
    )


def test_the_control_two_transactions_in_a_verb_would_be_seen(story_office, dying):
    """A file row whose bytes are gone, and a cut history, are found by what the tests above ask."""
    story = story_office
    stored = story.all(File)[-1]
    path = story.means.content.path(stored.sha256)
    hidden = path.with_suffix(".hidden")
    path.rename(hidden)
    with pytest.raises(AssertionError):
        ensure_files(story)
    hidden.rename(path)
    instance = story.instance(newest(story, OutgoingDocument))
    story.run_sql("UPDATE process_instance SET seq = seq + 1 WHERE id = %s", instance.id)
    assert len(story.broken_chains()) == 1
    story.run_sql("UPDATE process_instance SET seq = seq - 1 WHERE id = %s", instance.id)
    before = snapshot(story)
    story.run_sql(
        "UPDATE register_series SET next_number = next_number + 1 WHERE id ="
        " (SELECT id FROM register_series WHERE next_number > 1 LIMIT 1)"
    )
    assert snapshot(story) != before
    with pytest.raises(AssertionError):
        ensure_gapless(story)
