"""A draft tried on the demonstration's past work: told in words, and nothing real is touched."""

import pytest
from story import Story, incoming_letter, letter, snapshot

from engine.definition import NotPublishable
from processes import procedures, rehearsal
from processes.rehearsal import RehearseDraft, Report
from records.authority import NoRight

ADMIN = "quantri.stttt"


def redrawn(*changes: tuple[str, str]) -> bytes:
    xml = procedures.shipped_xml("outgoing").decode()
    for old, new in changes:
        assert old in xml, old
        xml = xml.replace(old, new)
    return xml.encode()


def tried(story: Story, xml: bytes, user: str = ADMIN, **more) -> Report:
    with story.as_(user) as tx:
        return rehearsal.rehearse(tx, RehearseDraft("outgoing", xml, **more))


@pytest.fixture(scope="module")
def past(story_office: Story) -> Story:
    """Two letters that were issued and one that waits for the head of its unit."""
    letter(story_office)
    letter(story_office)
    letter(story_office, "approve")
    story_office.work(poll=False)
    return story_office


def test_the_diagram_in_use_changes_nothing_and_nothing_is_written(past: Story) -> None:
    past.login(ADMIN)
    before = snapshot(past)
    report = tried(past, procedures.shipped_xml("outgoing"))
    assert (report.cases, report.unchanged) == (3, 3)
    assert all(report.lines(name) == [] for name in rehearsal.SECTIONS)
    assert snapshot(past) == before


def test_who_would_get_it_is_told_by_name_with_the_documents(past: Story) -> None:
    report = tried(past, redrawn(('congvan:unit="VP"', 'congvan:unit="TTBC"')))
    [line] = report.lines("given")
    assert line.count == 2
    assert line.vi.startswith("«Kiểm tra thể thức»: Lãnh đạo đơn vị ")
    assert " → Lãnh đạo đơn vị " in line.vi
    assert len(line.documents) == 2
    assert report.unchanged == 1
    assert report.to_json()["given"][0]["count"] == 2


def test_where_nobody_could_take_it_is_told_in_words(past: Story) -> None:
    asked = 'congvan:verb="check_format"'
    report = tried(past, redrawn((asked, f'{asked} congvan:role="leader"')))
    [line] = report.lines("stuck")
    assert line.count == 2
    assert line.vi.startswith("dừng tại «Kiểm tra thể thức»: ")
    assert "không có ai khác có thẩm quyền" in line.vi


def test_only_who_publishes_and_only_what_could_be_published(past: Story) -> None:
    for user in ("chuyenvien.stttt", "giamdoc.stttt"):
        with pytest.raises(NoRight):
            tried(past, procedures.shipped_xml("outgoing"), user)
    with pytest.raises(NotPublishable):
        tried(past, redrawn(('congvan:verb="sign"', 'congvan:verb="sing"')))


def test_only_the_last_cases_are_walked(past: Story) -> None:
    assert tried(past, procedures.shipped_xml("outgoing"), cases=2).cases == 2


def test_incoming_work_is_tried_as_well(past: Story) -> None:
    incoming_letter(past)
    with past.as_(ADMIN) as tx:
        report = rehearsal.rehearse(
            tx, RehearseDraft("incoming", procedures.shipped_xml("incoming"))
        )
    assert report.cases == report.unchanged >= 1
