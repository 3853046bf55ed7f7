"""An officer acts in the position he chose, and every trace says which one it was."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import orjson
import pytest
import sqlalchemy as sa
from story import (
    PASSWORD,
    Story,
    carry_out,
    incoming_letter,
    letter,
    letter_values,
    registering,
    today,
)

from engine import history
from engine.errors import NotAllowed, NotFound
from engine.history import Event
from engine.work_item import WorkItem
from processes import procedures, work_items
from processes.catalogue import VERBS
from processes.incoming.receive import ReceiveIncoming, receive
from processes.outgoing.begin import begin
from processes.outgoing.sign import NotTheSignatory
from processes.procedures import PublishProcedure
from processes.work_items import CompleteItem
from records.authority import Act, NoRight, may
from records.delegation import delegate, withdraw
from records.document import IncomingDocument, OutgoingDocument
from records.draft import Opinion
from records.login import log_in
from records.login_session import choose_position, resume
from records.organization import Position, Role
from records.register import RegisterEntry
from records.staffing import appoint
from records.vocabulary import Channel


@pytest.fixture(scope="module")
def both(story_office: Story) -> Story:
    """A document under way in each of two agencies."""
    letter(story_office, "approve", subject="của Sở TT&TT")
    with story_office.as_("chuyenvien.ubnd") as tx:
        begin(tx, story_office.means, subject="của UBND tỉnh")
    return story_office


def last_journal(story: Story, act: str) -> dict:
    (body,) = story.rows(
        "SELECT body FROM journal_leaf WHERE act = %s ORDER BY id DESC LIMIT 1", act
    )[0]
    return orjson.loads(body)


def test_until_he_chooses_an_officer_of_two_agencies_may_do_nothing(both):
    nobody = both.login("thanhtra")
    assert nobody.position_id is None
    assert nobody.roles == frozenset()
    assert not any(may(nobody, act) for act in Act)


@pytest.mark.parametrize(("agency", "other"), [("UBND", "STTTT"), ("STTTT", "UBND")])
def test_the_auditor_reads_histories_of_the_agency_he_chose_and_no_other(both, agency, other):
    auditor = both.login("thanhtra", agency)
    assert auditor.agency_id == both.agency(agency)
    with both.office.database.session(auditor) as session:
        seen = {e.agency_id for e in session.scalars(sa.select(Event))}
        documents = {d.agency_id for d in session.scalars(sa.select(OutgoingDocument))}
    assert seen == documents == {both.agency(agency)}
    assert may(auditor, Act.READ_HISTORY)
    stranger = both.value(
        "SELECT p.id FROM process_instance p WHERE agency_id = %s LIMIT 1", both.agency(other)
    )
    with both.office.database.session(auditor) as session:
        assert history.events_of(session, stranger) == []


@pytest.mark.parametrize("agency", ["UBND", "STTTT"])
def test_the_auditor_writes_nothing(both, agency):
    story = both
    auditor = story.login("thanhtra", agency)
    items = story.all(
        WorkItem, WorkItem.agency_id == story.agency(agency), WorkItem.status == "open"
    )
    assert items
    for item in items:
        with pytest.raises(NoRight), story.office.database.transaction(auditor) as tx:
            work_items.complete(tx, story.means, CompleteItem(item.id, item.version, {}))
    document = story.all(OutgoingDocument, OutgoingDocument.agency_id == story.agency(agency))[0].id
    for verb in VERBS.values():
        if not verb.by_machine:
            with pytest.raises(NoRight):
                carry_out(story, auditor, verb.name, document, item=items[0], pin=PASSWORD)
    commands = (
        lambda tx: begin(tx, story.means),
        lambda tx: receive(tx, story.means, ReceiveIncoming(Channel.POST, "Sở Nội vụ", "giấy mời")),
        lambda tx: procedures.publish(
            tx, PublishProcedure("outgoing", procedures.shipped_xml("outgoing"), "thử")
        ),
    )
    for command in commands:
        with pytest.raises(NoRight), story.office.database.transaction(auditor) as tx:
            command(tx)


def test_every_trace_shows_the_position_in_which_he_acted(story_office):
    """The clerk of Sở Nội vụ helps out at Sở Tài chính."""
    story = story_office
    with story.office.database.transaction() as tx:
        appoint(
            tx,
            UUID(story.officer("vanthu.snv")),
            story.agency("STC"),
            "Văn thư kiêm nhiệm",
            Role.CLERK,
            valid_from=today() - timedelta(days=1),
        )
    here = story.login("vanthu.snv", "SNV")
    there = story.login("vanthu.snv", "STC")
    assert here.officer_id == there.officer_id
    assert here.position_id != there.position_id
    assert here.title != there.title
    with story.office.database.transaction(there) as tx:
        document, _ = receive(
            tx, story.means, ReceiveIncoming(Channel.POST, "Sở Nội vụ", "giấy mời họp")
        )
    # in the other position neither the document nor its step exists for him
    with pytest.raises(NotFound), story.office.database.transaction(here) as tx:
        tx.get(IncomingDocument, document.id)
    (item,) = story.open_items(document.id)
    with pytest.raises(NotFound), story.office.database.transaction(here) as tx:
        work_items.complete(tx, story.means, CompleteItem(item.id, None, {"outcome": "accept"}))
    for values in (
        {"outcome": "accept"},
        registering(document, story.kind("STC", "GM")),
    ):
        (item,) = story.open_items(document.id)
        with story.office.database.transaction(there) as tx:
            work_items.complete(tx, story.means, CompleteItem(item.id, item.version, values))
    with story.office.database.session() as session:
        events = history.events_of(session, story.instance(document.id).id)
        assert {e.position_id for e in events} == {there.position_id}
        said = [orjson.loads(e.body) for e in events]
    assert {s["title"] for s in said} == {"Văn thư kiêm nhiệm"}
    entry = story.one(RegisterEntry, RegisterEntry.incoming_document_id == document.id)
    assert (entry.by_officer_id, entry.by_position_id) == (there.officer_id, there.position_id)
    written = last_journal(story, "register_incoming")
    assert written["position_id"] == str(there.position_id)
    assert written["title"] == "Văn thư kiêm nhiệm"


def test_who_stands_in_directs_in_his_name_and_it_shows(story_office):
    story = story_office
    with story.as_("giamdoc.stttt") as tx:
        given = delegate(
            tx,
            story.login("chanvp.stttt").officer_id,
            today(),
            today() + timedelta(days=3),
            basis="Giấy ủy quyền số 12/GUQ-STTTT",
        )
    with story.office.database.transaction() as tx:
        admitted = log_in(tx, "chanvp.stttt", PASSWORD, "127.0.0.1")
    choice = next(c for c in admitted.choices if c.delegation is not None)
    with story.office.database.transaction() as tx:
        present, token = choose_position(tx, admitted.token, choice.position.id)
    deputy = present.acting
    leader = story.login("giamdoc.stttt")
    assert (deputy.on_behalf_of, deputy.position_id) == (leader.officer_id, leader.position_id)
    document = incoming_letter(story, "direct")
    (item,) = story.open_items(document)
    values = {
        "outcome": "direct",
        "lead_unit": story.unit("STTTT", "CNTT"),
        "deadline": (today() + timedelta(days=9)).isoformat(),
    }
    with story.office.database.transaction(deputy) as tx:
        work_items.complete(tx, story.means, CompleteItem(item.id, item.version, values))
    with story.office.database.session() as session:
        event = history.events_of(session, story.instance(document).id)[-1]
        session.expunge(event)
    assert (event.officer_id, event.on_behalf_of) == (deputy.officer_id, leader.officer_id)
    written = last_journal(story, "direct")
    assert written["on_behalf_of"] == str(leader.officer_id)
    assert written["name"] == deputy.name
    # what was not delegated: signing, and passing it on
    paper = letter(story, "sign")
    with pytest.raises(NoRight):
        carry_out(story, deputy, "sign", paper, outcome="sign", pin=PASSWORD)
    signing = replace(deputy, roles=leader.roles)  # even with it: another signs in his own name
    with pytest.raises(NotTheSignatory):
        carry_out(story, signing, "sign", paper, outcome="sign", pin=PASSWORD)
    with pytest.raises(NotAllowed), story.office.database.transaction(deputy) as tx:
        delegate(
            tx,
            story.login("truongphong.stttt").officer_id,
            today(),
            today(),
            basis="Ủy quyền lại",
        )
    # and it ends when it is withdrawn: at once
    with story.as_("giamdoc.stttt") as tx:
        withdraw(tx, given.id)
    with story.office.database.transaction() as tx:
        assert not resume(tx, token).has_position


def test_comments_bear_the_unit_that_was_asked(story_office):
    story = story_office
    with story.as_("chuyenvien.stttt") as tx:
        document, _ = begin(tx, story.means)
    units = [story.unit("STTTT", "TTBC"), story.unit("STTTT", "VP")]
    story.do(
        "chuyenvien.stttt",
        "draft",
        of=document.id,
        **letter_values(story, cooperating_units=units),
    )
    story.do("truongphong.ttbc", "comment", of=document.id, outcome="agree")
    # one unit does not speak for another
    assert story.items("truongphong.ttbc", "comment", document.id) == []
    story.do("chanvp.stttt", "comment", of=document.id, outcome="amend", text="Sửa câu 2")
    opinions = story.all(Opinion, Opinion.stage == "consultation")
    assert {str(o.unit_id) for o in opinions[-2:]} == set(units)
    positions = {o.by_position_id for o in opinions[-2:]}
    assert positions == {
        story.login(user).position_id for user in ("truongphong.ttbc", "chanvp.stttt")
    }
    assert story.one(Position, Position.id == min(positions, key=str)).role is Role.UNIT_HEAD
