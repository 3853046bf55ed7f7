"""A province's master diagram with an agency's own changes: told in words, merged, nothing lost."""

import pytest
from story import Story

from engine.merging import Side
from processes import master, procedures
from processes.master import NobodyBelow, Undecided
from processes.procedures import PublishProcedure
from processes.second_person import ReasonMissing
from records.authority import NoRight

PROVINCE, AGENCY = "quantri.ubnd", "quantri.stttt"


def redrawn(*changes: tuple[str, str], of: bytes | None = None) -> bytes:
    xml = (of or procedures.shipped_xml("outgoing")).decode()
    for old, new in changes:
        assert old in xml, old
        xml = xml.replace(old, new)
    return xml.encode()


def limit(step: str, old: str, new: str) -> tuple[str, str]:
    """Another limit of a step."""
    shipped = procedures.shipped_xml("outgoing").decode()
    at = shipped.index(f'<bpmn:userTask id="{step}"')
    tag = shipped[at : shipped.index(">", at)]
    assert f'congvan:due="{old}"' in tag
    return tag, tag.replace(f'congvan:due="{old}"', f'congvan:due="{new}"')


def publish(story: Story, user: str, xml: bytes) -> None:
    with story.as_(user) as tx:
        procedures.publish(tx, PublishProcedure("outgoing", xml, "thử"))


def make_master(story: Story, xml: bytes, reason: str = "Quy trình mẫu của tỉnh"):
    publish(story, PROVINCE, xml)
    with story.as_(PROVINCE) as tx:
        return master.publish(tx, "outgoing", reason)


def standing(story: Story, user: str = AGENCY) -> master.Inheritance:
    with story.as_(user) as tx:
        return master.inherit(tx, "outgoing")


def test_where_no_agency_above_has_a_master_there_is_none(story_office: Story) -> None:
    assert standing(story_office).newest is None
    assert not standing(story_office).is_behind


@pytest.fixture
def ground(story_office: Story):
    """The province's master is the shipped diagram, and so is the agency's, merged from it."""
    made = make_master(story_office, procedures.shipped_xml("outgoing"))
    with story_office.as_(AGENCY) as tx:
        procedures.publish(
            tx,
            PublishProcedure(
                "outgoing", procedures.shipped_xml("outgoing"), "thử", master_id=made.id
            ),
        )
    return story_office


def test_who_is_behind_is_known_at_once(ground: Story) -> None:
    story = ground

    def behind(user: str) -> list[str]:
        with story.as_(user) as tx:
            return master.behind(tx)

    assert behind(AGENCY) == []
    make_master(story, redrawn(limit("check_format", "P1D", "P2D")))
    assert behind(AGENCY) == ["outgoing"]
    assert behind(PROVINCE) == []
    with story.as_(AGENCY) as tx:
        master.adopt(tx, "outgoing", "Theo mẫu", {})
    assert behind(AGENCY) == []
    publish(story, AGENCY, redrawn(limit("check_format", "P1D", "P2D")))  # its own edit after
    assert behind(AGENCY) == []
    make_master(story, procedures.shipped_xml("outgoing"))
    with story.as_(AGENCY) as tx:
        master.adopt(tx, "outgoing", "Theo mẫu", {})


def test_what_is_new_in_the_master_and_what_is_ones_own_is_told_in_words(ground: Story) -> None:
    story = ground
    assert not standing(story).is_behind
    publish(story, AGENCY, redrawn(('name="Duyệt nội dung"', 'name="Lãnh đạo phòng duyệt"')))
    made = make_master(story, redrawn(limit("check_format", "P1D", "P2D")))
    found = standing(story)
    assert found.is_behind
    assert found.newest.id == made.id
    assert [c.element for c in found.theirs] == ["check_format"]
    assert "P1D" in found.theirs[0].vi
    assert "P2D" in found.theirs[0].vi
    assert [c.element for c in found.ours] == ["approve"]
    assert found.merged.xml
    assert b"P2D" in found.merged.xml
    assert "Lãnh đạo phòng duyệt".encode() in found.merged.xml


def test_both_are_kept_by_the_merge_which_is_published(ground: Story) -> None:
    story = ground
    publish(story, AGENCY, redrawn(('name="Duyệt nội dung"', 'name="Lãnh đạo phòng duyệt"')))
    made = make_master(story, redrawn(limit("check_format", "P1D", "P2D")))
    with pytest.raises(ReasonMissing), story.as_(AGENCY) as tx:
        master.adopt(tx, "outgoing", " ", {})
    with story.as_(AGENCY) as tx:
        done = master.adopt(tx, "outgoing", "Theo quy trình mẫu", {})
    assert done.master_id == made.id
    after = standing(story)
    assert not after.is_behind
    assert after.theirs == []
    assert [c.element for c in after.ours] == ["approve"]
    # a change of its own afterwards follows the same master, and a newer master is seen again
    publish(story, AGENCY, redrawn(('name="Ký ban hành"', 'name="Ký"'), of=done.xml_original))
    assert standing(story).since.id == made.id
    make_master(story, redrawn(limit("check_format", "P1D", "P3D")))
    assert standing(story).is_behind


def test_what_both_changed_is_decided_by_somebody_or_not_merged(ground: Story) -> None:
    story = ground
    publish(story, AGENCY, redrawn(limit("check_format", "P1D", "P5D")))
    make_master(story, redrawn(limit("check_format", "P1D", "P2D")))
    found = standing(story)
    [conflict] = found.merged.conflicts
    assert conflict.element == "check_format"
    assert not found.merged.xml
    with pytest.raises(Undecided), story.as_(AGENCY) as tx:
        master.adopt(tx, "outgoing", "Theo mẫu", {})
    with story.as_(AGENCY) as tx:
        done = master.adopt(tx, "outgoing", "Giữ hạn của cơ quan", {conflict.key: Side.AGENCY})
    assert b'congvan:due="P5D"' in done.xml_original
    assert not standing(story).is_behind


def test_only_an_administrator_with_agencies_below_gives_a_master(ground: Story) -> None:
    story = ground
    with pytest.raises(NoRight), story.as_("giamdoc.stttt") as tx:
        master.publish(tx, "outgoing", "x")
    with pytest.raises(NobodyBelow), story.as_(AGENCY) as tx:
        master.publish(tx, "outgoing", "x")
    with pytest.raises(ReasonMissing), story.as_(PROVINCE) as tx:
        master.publish(tx, "outgoing", "")
