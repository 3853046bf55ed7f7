"""A drawing tried on past work from the designer: told on a page, nothing published or written."""

import pytest

from processes.procedures import shipped_xml


@pytest.fixture
def drawing() -> str:
    return shipped_xml("outgoing").decode()


def test_the_designer_offers_to_rehearse_before_publishing(knock):
    page = knock("quantri.stttt").get("/procedures/outgoing")
    assert 'formaction="/procedures/outgoing/rehearsal"' in page.text
    assert "Diễn tập trên hồ sơ đã xử lý" in page.text
    assert "/rehearsal" not in knock("chuyenvien.stttt").get("/procedures/outgoing").text


def test_a_drawing_is_tried_and_told_and_nothing_is_published(knock, drawing):
    admin = knock("quantri.stttt")
    before = admin.get("/procedures/outgoing").text.count("bản ")
    page = admin.post("/procedures/outgoing/rehearsal", {"xml": drawing, "cases": "100"})
    assert page.status_code == 200
    assert "Không số nào được cấp" in page.text or "Chưa có hồ sơ nào được xử lý" in page.text
    assert admin.get("/procedures/outgoing").text.count("bản ") == before


def test_a_drawing_with_errors_is_told_so_on_the_page(knock, drawing):
    admin = knock("quantri.stttt")
    wrong = drawing.replace('congvan:verb="sign"', 'congvan:verb="sing"')
    page = admin.post("/procedures/outgoing/rehearsal", {"xml": wrong})
    assert page.status_code == 422
    assert "Sơ đồ còn" in page.text
    assert "sing" in page.text, "the errors are named: the page has no other list of them"
    broken = admin.post("/procedures/outgoing/rehearsal", {"xml": "<x/>"})
    assert broken.status_code == 422


def test_only_who_may_publish_rehearses(knock, drawing):
    for user in ("chuyenvien.stttt", "giamdoc.stttt"):
        answer = knock(user).post("/procedures/outgoing/rehearsal", {"xml": drawing})
        assert answer.status_code == 403
