"""Whom the axis knows can be addressed: an installation that knows nobody finds its receivers."""

from story import Story

from exchange.axis import Axis
from exchange.errors import Unreachable
from processes.delivery import directory
from records.axis import AxisStore
from records.organization import choose_agencies, find_agency_by_code


def admit(story: Story, code: str, name: str, others: tuple[str, ...] = ()) -> None:
    with story.office.database.transaction() as tx:
        axis = Axis(AxisStore(tx), clock=lambda: tx.now)
        axis.admit_system("elsewhere", "khoa-elsewhere")
        axis.admit_agency("elsewhere", code, name, others)


def look(story: Story) -> list[tuple[str, str | None]]:
    with story.office.database.transaction() as tx:
        directory.post_reading(tx)
    story.work(poll=False)
    with story.as_("vanthu.stttt") as tx:
        return [(agency.name, code) for agency, code in choose_agencies(tx)]


def test_who_is_on_the_axis_alone_can_be_addressed(story_office):
    story = story_office
    before = look(story)
    admit(story, "H55.91", "Trường Cao đẳng Y tế", ("000.00.91.H55",))
    found = look(story)
    assert [one for one in found if one not in before] == [("Trường Cao đẳng Y tế", "H55.91")]
    with story.office.database.transaction() as tx:
        by_old, by_new = (find_agency_by_code(tx, c) for c in ("000.00.91.H55", "H55.91"))
    assert by_old is not None
    assert by_old is by_new
    assert not by_old.is_tenant
    assert look(story) == found  # a second look enters nobody again


def test_a_code_that_was_given_later_is_of_the_same_agency(story_office):
    story = story_office
    admit(story, "H55.92", "Ban Dân tộc")
    found = look(story)
    admit(story, "H55.92", "Ban Dân tộc tỉnh", ("000.00.92.H55",))
    assert look(story) == found  # under the name it has here
    with story.office.database.transaction() as tx:
        assert find_agency_by_code(tx, "000.00.92.H55") is find_agency_by_code(tx, "H55.92")


def test_an_axis_that_is_away_changes_nothing(story_office, monkeypatch):
    story = story_office
    found = look(story)
    admit(story, "H55.93", "Sở Du lịch")
    for _ in range(2):  # one look at a time
        with story.office.database.transaction() as tx:
            directory.post_reading(tx)
    assert story.value("SELECT count(*) FROM job WHERE kind = 'read_directory'") == 1
    monkeypatch.setattr("exchange.axis_client.AxisClient._post", away)
    story.work(poll=False)
    with story.as_("vanthu.stttt") as tx:
        assert [(a.name, code) for a, code in choose_agencies(tx)] == found


def away(*_given: object, **_named: object) -> None:
    raise Unreachable(operation="getAgenciesList", reason="thử nghiệm")
