"""Each part of a directive is its own: deadlines, giving back, knowing (NĐ 30, Phụ lục IV)."""

from datetime import date, datetime
from uuid import UUID

import pytest
import sqlalchemy as sa
from story import Story, day, directing, incoming_letter, incoming_steps

from engine.instance import InstanceStatus
from engine.machine import NotWaiting
from forms.errors import FormInvalid
from processes import work_items
from processes.choices import _everyone
from records.authority import NoRight
from records.directive import AssignedTwice, Assignment, Directive
from records.document import IncomingDocument
from records.vietnamese import local_date
from records.vocabulary import AssignmentKind, AssignmentState, IncomingStatus
from web import paper, said
from web.app import create_app


@pytest.fixture(scope="module")
def app(story_office: Story):
    return create_app(story_office.office)


def document_of(story: Story, document: UUID) -> IncomingDocument:
    return story.one(IncomingDocument, IncomingDocument.id == document)


def go(story: Story, document: UUID, *nodes: str) -> None:
    steps = {n: (u, v) for n, u, v in incoming_steps(story, document_of(story, document))}
    for node in nodes:
        user, values = steps[node]
        story.do(user, node, of=document, **values)


def parts(story: Story, document: UUID, kind: AssignmentKind) -> list[Assignment]:
    given = sa.select(Directive.id).where(Directive.incoming_document_id == document)
    return story.all(Assignment, Assignment.kind == kind, Assignment.directive_id.in_(given))


def due(story: Story, user: str, node: str, document: UUID) -> date:
    (item,) = story.items(user, node, document)
    return local_date(item.due_at)


# -- deadlines -------------------------------------------------------------------------------------


def test_each_cooperating_unit_has_its_own_deadline(story_office):
    story = story_office
    document = incoming_letter(story, "direct")
    asked = [
        {"unit": story.unit("STTTT", "TTBC"), "deadline": day(4)},
        {"unit": story.unit("STTTT", "VP"), "deadline": day(12)},
    ]
    values = {**directing(story), "cooperating": asked}
    story.do("giamdoc.stttt", "direct", of=document, **values)
    go(story, document, "assign")
    assert due(story, "truongphong.ttbc", "cooperate", document).isoformat() == day(4)
    assert due(story, "chanvp.stttt", "cooperate", document).isoformat() == day(12)
    # the control: the lead has its own, between the two
    assert due(story, "chuyenvien.stttt", "process", document).isoformat() == day(10)


# -- what is none of the unit's business -----------------------------------------------------------


def above(app, story: Story, user: str, node: str, document: UUID) -> list[tuple[str, str, str]]:
    """What stands above the form of a step."""
    (item,) = story.items(user, node, document)
    with app.test_request_context(), story.as_(user) as tx:
        found, instance = work_items.read(tx, item.id)
        subject = paper.load_document(tx, instance.subject_type, instance.subject_id)
        return [(q["who"], q["role"], q["text"]) for q in said.above_form(tx, found, subject)]


def test_a_cooperating_unit_gives_back_and_the_director_asks_another(app, story_office):
    story = story_office
    document = incoming_letter(story, "assign", cooperating=["TTBC"])
    with pytest.raises(FormInvalid) as refused:
        story.do("truongphong.ttbc", "cooperate", of=document, outcome="return")
    assert list(refused.value.errors) == ["reason"]
    reason = "Thuộc chức năng của Văn phòng"
    story.do("truongphong.ttbc", "cooperate", of=document, outcome="return", reason=reason)
    assert story.standing(document) == ["assign", "review"], "the lead's work is not touched"
    (back,) = parts(story, document, AssignmentKind.COOPERATING)
    assert (back.state, back.note) == (AssignmentState.RETURNED, reason)
    (first, *_) = above(app, story, "giamdoc.stttt", "review", document)
    assert first == ("Mai Hồng Nhung", "trả lại tại bước «Phối hợp giải quyết»", reason)
    assert all(
        text != reason for *_, text in above(app, story, "truongphong.stttt", "assign", document)
    )

    office = {"outcome": "assign", "unit": story.unit("STTTT", "VP"), "deadline": day(5)}
    lead = {**office, "unit": story.unit("STTTT", "CNTT")}
    with pytest.raises(AssignedTwice):
        story.do("giamdoc.stttt", "review", of=document, **lead)
    story.do("giamdoc.stttt", "review", of=document, **office, opinion="Văn phòng phối hợp")
    assert due(story, "chanvp.stttt", "cooperate", document).isoformat() == day(5)
    words = [text for *_, text in above(app, story, "chanvp.stttt", "cooperate", document)]
    assert "Văn phòng phối hợp" in words

    go(story, document, "assign", "process", "complete")
    assert story.standing(document) == ["cooperate"], "it waits for whoever cooperates"
    story.do("chanvp.stttt", "cooperate", of=document, opinion="Đã gửi số liệu")
    states = [p.state for p in parts(story, document, AssignmentKind.COOPERATING)]
    assert sorted(states) == [AssignmentState.FINISHED, AssignmentState.RETURNED]
    go(story, document, "file")
    assert story.instance(document).status == InstanceStatus.COMPLETED


def test_the_director_may_insist_or_do_without(story_office):
    story = story_office
    document = incoming_letter(story, "assign", cooperating=["TTBC"])
    back = {"outcome": "return", "reason": "Không có số liệu"}
    story.do("truongphong.ttbc", "cooperate", of=document, **back)
    again = {"outcome": "assign", "unit": story.unit("STTTT", "TTBC"), "deadline": day(3)}
    story.do("giamdoc.stttt", "review", of=document, **again)
    assert due(story, "truongphong.ttbc", "cooperate", document).isoformat() == day(3)
    story.do("truongphong.ttbc", "cooperate", of=document, **back)
    story.do("giamdoc.stttt", "review", of=document, outcome="release", opinion="Đồng ý")
    assert story.standing(document) == ["assign"]
    go(story, document, "assign", "process", "complete", "file")
    assert story.instance(document).status == InstanceStatus.COMPLETED


# -- to know ---------------------------------------------------------------------------------------


def informing(story: Story) -> dict:
    return directing(
        story,
        informed=[story.unit("STTTT", "VP")],
        informed_officers=[story.officer("truongphong.ttbc"), story.officer("vanthu.stttt")],
    )


def test_whoever_is_to_know_gets_it_and_acknowledges_it(story_office):
    story = story_office
    document = incoming_letter(story, "direct")
    story.do("giamdoc.stttt", "direct", of=document, **informing(story))
    assert story.standing(document) == ["acknowledge"] * 3 + ["assign"]
    for user in ("chanvp.stttt", "truongphong.ttbc", "vanthu.stttt"):
        (item,) = story.items(user, "acknowledge", document)
        done = story.do(user, "acknowledge", of=document)
        assert done.summary == "Đã xem"
        assert not story.items(user, "acknowledge", document)
        with pytest.raises(NotWaiting), story.as_(user) as tx:
            work_items.complete(tx, story.means, work_items.CompleteItem(item.id, None, {}))
    informed = parts(story, document, AssignmentKind.INFORMED)
    assert {p.state for p in informed} == {AssignmentState.FINISHED}
    assert all(isinstance(p.finished_at, datetime) for p in informed)
    assert story.standing(document) == ["assign"]


def test_only_who_can_acknowledge_is_offered_to_be_informed(story_office):
    story = story_office
    with story.as_("giamdoc.stttt") as tx:
        offered = set(_everyone(tx))
    able = ("vanthu.stttt", "giamdoc.stttt", "chuyenvien.stttt", "chanvp.stttt")
    assert {story.officer(user) for user in able} <= offered
    assert offered.isdisjoint(story.officer(user) for user in ("thanhtra", "quantri.stttt"))


def test_nobody_else_acknowledges_for_them(story_office):
    story = story_office
    document = incoming_letter(story, "direct")
    values = directing(story, informed=[story.unit("STTTT", "VP")])
    story.do("giamdoc.stttt", "direct", of=document, **values)
    (item,) = story.items("chanvp.stttt", "acknowledge", document)
    for user in ("truongphong.ttbc", "chuyenvien.stttt", "giamdoc.stttt"):
        assert not story.items(user, "acknowledge", document)
        with pytest.raises(NoRight), story.as_(user) as tx:
            work_items.complete(tx, story.means, work_items.CompleteItem(item.id, None, {}))


def test_the_handling_and_its_end_wait_for_nobody_who_is_to_know(story_office):
    story = story_office
    document = incoming_letter(story, "direct")
    story.do("giamdoc.stttt", "direct", of=document, **informing(story))
    go(story, document, "assign", "process", "complete")
    assert document_of(story, document).status is IncomingStatus.COMPLETED
    assert len(story.items("chanvp.stttt", "acknowledge", document)) == 1
    go(story, document, "file")
    assert story.instance(document).status == InstanceStatus.COMPLETED
    assert story.standing(document) == []


def test_a_directive_given_anew_tells_nobody_twice(story_office):
    story = story_office
    document = incoming_letter(story, "direct")
    story.do("giamdoc.stttt", "direct", of=document, **informing(story))
    story.do("vanthu.stttt", "acknowledge", of=document)
    story.do("truongphong.stttt", "assign", of=document, outcome="return", reason="Việc của P.TTBC")
    story.do("giamdoc.stttt", "direct", of=document, **informing(story))
    # two have not looked yet; who has seen the first directive sees the second
    assert story.standing(document).count("acknowledge") == 3
    for user in ("chanvp.stttt", "truongphong.ttbc", "vanthu.stttt"):
        story.do(user, "acknowledge", of=document)
    states = {p.state for p in parts(story, document, AssignmentKind.INFORMED)}
    assert states == {AssignmentState.FINISHED}
