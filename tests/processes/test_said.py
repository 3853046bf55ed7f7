"""Whoever acts next reads what was said: reports with their files, reasons, proposals, comments."""

from uuid import UUID

import pytest
from story import (
    Story,
    directing,
    incoming_letter,
    incoming_steps,
    letter,
    letter_values,
    source_file,
)

from processes import work_items
from records.document import IncomingDocument
from web import paper, said
from web.app import create_app


@pytest.fixture(scope="module")
def app(story_office: Story):
    return create_app(story_office.office)


def above(app, story: Story, user: str, node: str, document: UUID) -> list[tuple[str, str, str]]:
    """What stands above the form of a step: who, as what, in which words."""
    (item,) = story.items(user, node, document)
    with app.test_request_context(), story.as_(user) as tx:
        found, instance = work_items.read(tx, item.id)
        subject = paper.load_document(tx, instance.subject_type, instance.subject_id)
        return [(q["who"], q["role"], q["text"]) for q in said.above_form(tx, found, subject)]


def on_page(app, story: Story, user: str, agency: str, document: UUID) -> list[dict]:
    with app.test_request_context(), story.as_(user, agency) as tx:
        return said.on_document(tx, tx.get(IncomingDocument, document))


def test_reports_stand_on_the_page_and_above_the_form_that_confirms(app, story_office):
    story = story_office
    document = incoming_letter(story, "process", cooperating=["TTBC"])
    story.do(
        "chuyenvien.stttt", "process", of=document, outcome="continue", progress=40,
        opinion="Đã lấy số liệu",
    )  # fmt: skip
    story.do("truongphong.ttbc", "cooperate", of=document, opinion="Thống nhất số liệu")
    report = ("Nguyễn Hải An", "Chuyên viên, tiến độ 40%", "Đã lấy số liệu")
    helped = (
        "Mai Hồng Nhung",
        "Trưởng phòng Thông tin, Báo chí, ý kiến phối hợp của Phòng Thông tin, Báo chí",
        "Thống nhất số liệu",
    )
    for user, agency in [("giamdoc.stttt", ""), ("truongphong.stttt", ""), ("thanhtra", "STTTT")]:
        shown = on_page(app, story, user, agency, document)
        assert {report, helped} <= {(one["who"], one["role"], one["text"]) for one in shown}
    story.do("chuyenvien.stttt", "process", of=document, outcome="complete", opinion="Đã xong")
    asked = above(app, story, "truongphong.stttt", "complete", document)
    assert {report, helped} <= set(asked)
    assert ("Nguyễn Hải An", "Chuyên viên, tiến độ 100%", "Đã xong") in asked


def test_the_files_of_a_report_stand_beside_it(app, story_office):
    story = story_office
    document = incoming_letter(story, "process")
    (item,) = story.items("chuyenvien.stttt", "process", document)
    values = {"outcome": "complete", "opinion": "Xem tệp", "files": ["f1"]}
    command = work_items.CompleteItem(item.id, item.version, values, source_file(story))
    with story.as_("chuyenvien.stttt") as tx:
        work_items.complete(tx, story.means, command)
    shown = on_page(app, story, "giamdoc.stttt", "", document)
    names = [[file["name"] for file in one["files"]] for one in shown if one["text"] == "Xem tệp"]
    assert names == [["nguon.docx"]]


def test_the_clerks_proposal_stands_above_the_directors_form(app, story_office):
    story = story_office
    document = incoming_letter(story, "present")
    director = story.officer("giamdoc.stttt")
    story.do("vanthu.stttt", "present", of=document, director=director, proposal="Giao Phòng CNTT")
    found = above(app, story, "giamdoc.stttt", "direct", document)
    assert ("Văn thư", "đề xuất", "Giao Phòng CNTT") in found


def test_whoever_gets_it_back_reads_why_and_from_whom(app, story_office):
    story = story_office
    document = incoming_letter(story, "direct")
    story.do("giamdoc.stttt", "direct", of=document, outcome="return", reason="Sai thẩm quyền")
    (first, *_) = above(app, story, "vanthu.stttt", "register", document)
    assert first == (
        "Đỗ Xuân Hòa", "trả lại tại bước «Cho ý kiến, phân phối»", "Sai thẩm quyền"
    )  # fmt: skip
    found = story.one(IncomingDocument, IncomingDocument.id == document)
    steps = {node: (user, values) for node, user, values in incoming_steps(story, found)}
    for node in ("register", "present"):
        user, values = steps[node]
        story.do(user, node, of=document, **values)
    told = above(app, story, "giamdoc.stttt", "direct", document)
    assert all(text != "Sai thẩm quyền" for _, _, text in told), "answered by what was done since"
    story.do("giamdoc.stttt", "direct", of=document, **directing(story))
    user, values = steps["assign"]
    story.do(user, "assign", of=document, **values)
    story.do("chuyenvien.stttt", "process", of=document, outcome="return", reason="Không đủ hồ sơ")
    (first, *_) = above(app, story, "truongphong.stttt", "assign", document)
    assert first == ("Nguyễn Hải An", "trả lại tại bước «Giải quyết»", "Không đủ hồ sơ")


def test_a_returned_draft_and_the_comments_on_it_are_read_by_its_author(app, story_office):
    story = story_office
    document = letter(story, "approve", cooperating_units=[])
    story.do("truongphong.stttt", "approve", of=document, outcome="return", reason="Thiếu số liệu")
    (first, *_) = above(app, story, "chuyenvien.stttt", "draft", document)
    assert first == ("Lý Thanh Tùng", "trả lại tại bước «Duyệt nội dung»", "Thiếu số liệu")
    values = letter_values(story, cooperating_units=[story.unit("STTTT", "TTBC")])
    story.do("chuyenvien.stttt", "draft", of=document, **values)
    story.do("truongphong.ttbc", "comment", of=document, outcome="amend", text="Bổ sung mục 2")
    found = above(app, story, "chuyenvien.stttt", "revise", document)
    assert [(who, text) for who, _, text in found] == [
        ("Mai Hồng Nhung", "Có ý kiến: Bổ sung mục 2")
    ]
