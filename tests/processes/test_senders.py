"""A packet that somebody else brought than its sender is no document, until the node is registered."""

from dataclasses import replace

import sqlalchemy as sa
from story import Story, envelope_from, send

from engine import jobs
from engine.jobs import Incident
from exchange.identity import organ_key
from processes.delivery.arrivals import REFUSED
from processes.delivery.senders import DOUBT_JOB
from records.document import IncomingDocument
from records.transfer import Packet


def brought_by(story: Story, code: str, number: str) -> str:
    """Have a packet of Sở Tài chính listed as brought by the holder of `code`; return its id."""
    sending = send(story, "STC", envelope_from(story, "STC", number))
    story.run_sql("UPDATE axis_packet SET sent_as = %s WHERE sending_id = %s", code, sending)
    return str(story.value("SELECT packet_id FROM axis_packet WHERE sending_id = %s", sending))


def documents(story: Story, number: str) -> list[IncomingDocument]:
    return list(story.all(IncomingDocument, IncomingDocument.code_number == number))


def test_it_is_refused_told_to_the_operator_and_never_registered(story_office):
    story = story_office
    other = story.code("SNV")
    packet_id = brought_by(story, other, "801")
    story.work()
    assert documents(story, "801") == []
    packet = story.one(Packet, Packet.packet_id == packet_id)
    assert (packet.result, packet.from_code) == (REFUSED, other)
    assert other in packet.note
    state, why = story.rows(
        "SELECT state, description FROM axis_packet WHERE packet_id = %s", packet_id
    )[0]
    assert (state, other in why) == ("fail", True)
    incident = story.one(Incident, Incident.kind == DOUBT_JOB)
    assert incident.agency_id == story.agency("STTTT")
    assert f"{other}:{story.code('STC')}" in incident.error  # what to register
    # tried again without it, it stays an incident
    retry(story)
    story.work()
    assert documents(story, "801") == []
    assert len([i for i in story.all(Incident, Incident.kind == DOUBT_JOB) if not i.closed_at]) == 1


def retry(story: Story) -> None:
    with story.office.database.transaction() as tx:
        (one,) = tx.scalars(
            sa.select(Incident).where(Incident.kind == DOUBT_JOB, Incident.closed_at.is_(None))
        )
        jobs.retry(tx, one)


def test_once_the_node_is_registered_it_is_taken_in_from_the_bytes_at_hand(story_office):
    story = story_office
    pair = (organ_key(story.code("SNV")), organ_key(story.code("STC")))
    with story.reopened() as told:
        means = replace(told.means, intermediaries=frozenset({pair}))
        knowing = Story(replace(told.office, means=means), story.acting)
        retry(knowing)
        knowing.work()
        (document,) = documents(story, "801")
        assert document.organ_code == story.code("STC")
        brought_by(story, story.code("SNV"), "802")
        knowing.work()
        assert len(documents(story, "802")) == 1
        brought_by(story, story.code("UBND"), "803")  # who is registered for another is not
        knowing.work()
        assert documents(story, "803") == []


def test_all_codes_of_an_agency_are_one_sender(story_office):
    story = story_office
    story.run_sql(
        "INSERT INTO agency_code (id, agency_id, code, preferred, valid_from) VALUES"
        " (gen_random_uuid(), %s, '000.05.00.h55', false, current_date)",
        story.agency("STC"),
    )
    brought_by(story, "000.05.00.H55", "804")
    story.work()
    assert len(documents(story, "804")) == 1
