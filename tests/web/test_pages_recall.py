"""The clerk asks a document back on its page; the receiver's clerk answers at a step of his."""

import lxml.html
import pytest
import story
from issuing import issued
from story import Story

from records.change import ChangeAnswer, ChangeKind, ChangeRequest
from records.content import attach_file
from records.document import OutgoingDocument
from records.transfer import Direction
from records.vocabulary import FileKind
from tests.web.conftest import PASSWORD


@pytest.fixture(scope="module")
def told(office):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(story, "PASSWORD", PASSWORD)
        steps = [
            (node, user, {**values, **({"pin": PASSWORD} if "pin" in values else {})})
            for node, user, values in story.LETTER
        ]
        patch.setattr(story, "LETTER", steps)
        yield Story(office)


@pytest.fixture(scope="module")
def document(told) -> str:
    return f"/outgoing/{issued(told, 'xin lại văn bản', 'STC', 'SNV')}"


def text_of(page, part: str) -> str:
    tree = lxml.html.fromstring(page.data.decode())
    [found] = tree.xpath(f"//section[@aria-labelledby='{part}']")
    return " ".join(" ".join(found.itertext()).split())


def test_a_clerk_asks_some_receivers_with_a_reason(knock, told, document):
    clerk = knock("vanthu.stttt")
    page = clerk.get(document)
    assert f"{document}/recall" in page.text
    assert f"{document}/recall" not in knock("chuyenvien.stttt").get(document).text
    form = clerk.get(f"{document}/recall")
    tree = lxml.html.fromstring(form.text)
    values = tree.xpath("//input[@name='recipients']/@value")
    assert len(values) == 2
    empty = clerk.send(clerk.sheet(form))
    assert empty.status_code == 422, "neither receivers nor reason"
    done = clerk.send(clerk.sheet(form).fill(recipients=values[:1], reason="Gửi nhầm nơi nhận"))
    assert done.status_code == 303, clerk.problem(done)
    shown = text_of(clerk.get(done.headers["Location"]), "h-statuses")
    assert "Yêu cầu lấy lại: Gửi nhầm nơi nhận" in shown
    (asked,) = told.all(ChangeRequest)
    assert str(asked.recipient_id) == values[0]
    # who has not answered is not asked again
    again = lxml.html.fromstring(clerk.get(f"{document}/recall").text)
    assert again.xpath("//input[@name='recipients']/@value") == values[1:]


def test_only_who_may_recall_opens_the_page(knock, document):
    assert knock("chuyenvien.stttt").get(f"{document}/recall").status_code == 403
    assert knock("vanthu.stc").get(f"{document}/recall").status_code == 404


def test_what_was_answered_is_told_with_its_reason(knock, told, document):
    with told.office.database.transaction() as tx:
        (asked,) = told.all(ChangeRequest)
        row = tx.get(ChangeRequest, asked.id)
        row.decide(ChangeAnswer.REFUSED, "Đã giải quyết xong", "Lưu Thị Hạnh", tx.now)
    shown = text_of(knock("vanthu.stttt").get(document), "h-statuses")
    assert "Từ chối (Lưu Thị Hạnh): Đã giải quyết xong" in shown


def test_a_recall_freezes_the_document_and_its_page_says_so(knock, told):
    other = issued(told, "thu hồi cả văn bản", "STC")
    clerk = knock("vanthu.stttt")
    form = clerk.get(f"/outgoing/{other}/recall")
    done = clerk.send(clerk.sheet(form).fill(kind="recall", reason="Trái thẩm quyền"))
    assert done.status_code == 303, clerk.problem(done)
    shown = clerk.get(f"/outgoing/{other}").text
    assert "giữ nguyên trạng" in shown
    # all who hold it have been asked: nothing is left to ask
    assert f"/outgoing/{other}/recall" not in shown
    assert "Không còn nơi nhận nào để lấy lại" in clerk.get(f"/outgoing/{other}/recall").text
    assert told.one(OutgoingDocument, OutgoingDocument.id == other).frozen_at is not None


def test_the_list_tells_who_has_not_taken_a_document_in(knock, told, document):
    clerk = knock("vanthu.stttt")
    assert "/outgoing/unreceived" in clerk.get("/outgoing").text
    tree = lxml.html.fromstring(clerk.get("/outgoing/unreceived").text)
    rows = [" ".join(row.text_content().split()) for row in tree.xpath("//tbody/tr")]
    mine = [row for row in rows if "xin lại văn bản" in row]
    assert [("Sở Tài chính" in row, "Sở Nội vụ" in row) for row in mine] == [
        (True, False),
        (False, True),
    ]
    assert all("Chờ gửi" in row for row in mine)
    assert knock("chuyenvien.stttt").get("/outgoing/unreceived").status_code == 403
    assert "xin lại văn bản" not in knock("vanthu.stc").get("/outgoing/unreceived").text


def test_a_clerk_updates_header_and_receivers_on_one_page(knock, told, document):
    clerk = knock("vanthu.stttt")
    form = clerk.get(f"{document}/update")
    sheet = clerk.sheet(form)
    assert sheet.values["subject"] == ["xin lại văn bản"]
    offered = lxml.html.fromstring(form.text).xpath("//input[@name='add']/@value")
    assert offered == [str(told.agency("UBND"))], "who has it is not offered again"
    unchanged = clerk.send(clerk.sheet(form).fill(reason="Không sửa gì"))
    assert unchanged.status_code == 422
    assert "Chưa có gì thay đổi" in clerk.problem(unchanged)
    due = story.day(12)
    new = {"subject": "xin lại văn bản, sửa", "add": [str(told.agency("UBND"))], "due_on": due}
    done = clerk.send(clerk.sheet(form).fill(reason="Sai trích yếu", **new))
    assert done.status_code == 303, clerk.problem(done)
    page = clerk.get(done.headers["Location"])
    assert "xin lại văn bản, sửa" in page.text
    year, month, of_month = due.split("-")
    assert f"Hạn trả lời {of_month}/{month}/{year}" in text_of(page, "h-facts")
    shown = text_of(page, "h-statuses")
    assert "Ủy ban nhân dân tỉnh Thái Nguyên Chờ gửi" in shown
    assert "Yêu cầu cập nhật: Sai trích yếu" in shown
    history = text_of(page, "h-history")
    assert "yêu cầu cập nhật tại Sở Tài chính, Sở Nội vụ: Sai trích yếu" in history
    assert "từ chối yêu cầu lấy lại: Đã giải quyết xong" in history


def test_what_an_update_superseded_is_told_apart(knock, told, document):
    key = document.rsplit("/", 1)[1]
    with told.as_("vanthu.stttt") as tx:
        ours = tx.get(OutgoingDocument, key)
        for version in (1, 2):
            stored = told.means.content.put(story.word_file(f"bản {version}"))
            attach_file(tx, ours, stored, name="bieu.docx", kind=FileKind.ANNEX, version_no=version)
    tabs = lxml.html.fromstring(knock("vanthu.stttt").get(document).text)
    named = [t.strip() for t in tabs.xpath("//a/text()") if "bieu.docx" in t]
    assert named == ["Phụ lục: bieu.docx", "Phụ lục (bản cũ): bieu.docx"]


def test_a_replacement_begins_on_the_page_of_what_it_replaces(knock, told, document):
    author = knock("vanthu.stttt")
    found = lxml.html.fromstring(author.get(document).text)
    [href] = found.xpath("//a[contains(@href, 'replaces=')]/@href")
    form = author.get(href)
    assert "Soạn văn bản thay thế" in form.text
    done = author.send(author.sheet(form).fill(subject="bản thay thế"))
    assert done.status_code == 303, author.problem(done)
    shown = author.get(document)
    assert "Bị thay thế bởi" in text_of(shown, "h-related")


def test_what_is_asked_of_documents_not_here_is_listed(knock, told):
    with told.office.database.transaction() as tx:
        tx.add(
            ChangeRequest(
                agency_id=told.agency("STC"), direction=Direction.IN, kind=ChangeKind.RECALL,
                identifier="X,2026/11/01,9/A", organ_code=told.code("SNV"), reference="9/A",
                reason="Thu hồi do sai", asked_at=tx.now, received_at=tx.now,
            )
        )  # fmt: skip
    shown = knock("vanthu.stc").get("/incoming/requests").text
    assert "Lý do: Thu hồi do sai" in shown
    assert "Sở Nội vụ" in lxml.html.fromstring(shown).xpath("//tbody/tr/td/text()")
    assert '<form class="filters"' not in shown
    assert "Thu hồi do sai" not in knock("vanthu.stttt").get("/incoming/requests").text
