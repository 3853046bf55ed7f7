"""The clerk's morning and the director's answer, with scripts switched off."""

import io
import re

import lxml.html
import pytest
import sqlalchemy as sa

from records.document_type import known_types
from records.journal import JournalLeaf

SUBJECT = "báo cáo kết quả thực hiện Quy chế liên thông văn bản"


def options(page, name: str) -> dict[str, str]:
    found = lxml.html.fromstring(page.data.decode()).xpath(f"//select[@name='{name}']/option")
    return {o.text_content().strip(): o.get("value") for o in found}


def register(clerk, step: str, **more):
    sheet = clerk.sheet(clerk.get(step))
    return clerk.send(sheet.fill(document_type=first_type(clerk, step), go="stay", **more))


def first_type(clerk, step: str) -> str:
    return options(clerk.get(step), "document_type")["Công văn"]


def test_a_document_goes_from_the_counter_to_the_officer(knock):
    clerk = knock("vanthu.stttt")
    step = clerk.receive(SUBJECT)
    answer = clerk.accept(step)
    assert answer.headers["Location"] == "/inbox/?item=first"
    inbox = clerk.follow(answer)
    assert SUBJECT in inbox.text
    assert "Đăng ký văn bản đến" in inbox.text
    assert "Tiếp nhận, kiểm tra: Đã tiếp nhận" in inbox.text  # what was done is said once
    assert "Tiếp nhận, kiểm tra: Đã tiếp nhận" not in clerk.get("/inbox/").text

    document = clerk.follow(register(clerk, clerk.waiting(SUBJECT)))
    assert "Vào sổ, số đến 1" in document.text
    book = clerk.get("/registers", follow_redirects=True)
    assert SUBJECT in book.text
    assert "5127/UBND-TH" in book.text

    step = clerk.waiting(SUBJECT)
    answer = clerk.send(clerk.sheet(clerk.get(step)).fill(proposal="Giao Phòng CNTT", go="stay"))
    assert answer.status_code == 303

    leader = knock("giamdoc.stttt")
    step = leader.waiting(SUBJECT)
    page = leader.get(step)
    assert "Cho ý kiến chỉ đạo" in page.text
    # A row is added by its button alone, and what was typed before stays.
    sheet = leader.sheet(page).fill(
        opinion="Phòng CNTT chủ trì, báo cáo tôi.", row_command="add:cooperating"
    )
    page = leader.send(sheet)
    assert page.status_code == 200
    assert "Phòng CNTT chủ trì, báo cáo tôi." in page.text
    units = options(page, "cooperating.0.unit")
    sheet = leader.sheet(page).fill(
        **{
            "lead_unit": units["Phòng Công nghệ thông tin"],
            "deadline": "31/02/2027",
            "cooperating.0.unit": units["Văn phòng Sở"],
            "cooperating.0.deadline": "30/12/2026",
        }
    )
    page = leader.send(sheet)
    assert page.status_code == 422
    assert "<title>Lỗi: " in page.text
    assert 'value="31/02/2027"' in page.text, "the raw text stays"
    assert "Phòng CNTT chủ trì, báo cáo tôi." in page.text
    answer = leader.send(leader.sheet(page).fill(deadline="30/12/2026"))
    assert answer.status_code == 303, clerk.problem(answer)

    head = knock("truongphong.stttt")
    assert SUBJECT in head.get("/inbox/").text
    page = head.get(head.waiting(SUBJECT))
    assert "Phòng CNTT chủ trì, báo cáo tôi." in page.text, "the directive stands above the form"
    assert "Nguyễn Hải An, Chuyên viên" in options(page, "lead_officer")


def test_kinds_of_documents_are_listed_in_the_order_of_the_decree(knock):
    clerk = knock("vanthu.stttt")
    page = clerk.get("/incoming/new")
    listed = [name for name in options(page, "document_type") if not name.startswith("Chọn")]
    assert listed == [known["name"] for known in known_types()]


def test_two_who_complete_the_same_step_are_told_who_was_faster(knock):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("hai người cùng xử lý một việc")
    sheet = clerk.sheet(clerk.get(step)).fill(outcome="accept_unsigned", reason="Đã đối chiếu")
    assert clerk.send(sheet).status_code == 303
    late = clerk.send(sheet)
    assert late.status_code == 409
    assert "Bước «Tiếp nhận, kiểm tra» đã được Bùi Thị Ngọc xử lý" in late.text
    assert re.search(r'href="/incoming/[0-9a-f-]{36}"', late.text), "a way back to the document"
    assert clerk.get(step).status_code == 303, "what is done is shown as the document"


def test_a_stale_version_changes_nothing(knock):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("phiên bản cũ")
    sheet = clerk.sheet(clerk.get(step)).fill(outcome="accept_unsigned", reason="x", version="99")
    assert clerk.send(sheet).status_code == 409
    assert clerk.get(step).status_code == 200, "the step still waits"


def test_the_verb_s_refusal_stands_on_the_form(knock):
    clerk = knock("vanthu.stttt")
    steps = [clerk.receive("bản trùng", code_number="77") for _ in range(2)]
    for step in steps:
        clerk.accept(step)
    page = lxml.html.fromstring(clerk.get("/inbox/").data.decode())
    links = [a.get("href") for a in page.xpath("//li/a") if "77/UBND-TH" in a.text_content()]
    first, second = (f"/work-items/{link.partition('item=')[2]}" for link in links)
    assert register(clerk, first).status_code == 303
    refused = register(clerk, second, description="đang gõ dở")
    assert refused.status_code == 409
    assert "Có thể trùng với văn bản đã vào sổ" in clerk.problem(refused)
    assert "đang gõ dở" in refused.text
    assert register(clerk, second, confirm_duplicate="true").status_code == 303


def test_unknown_keys_are_refused(knock):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("trường lạ")
    sheet = clerk.sheet(clerk.get(step)).fill(outcome="accept_unsigned", reason="x", hacked="1")
    answer = clerk.send(sheet)
    assert answer.status_code == 422
    assert "hacked" in clerk.problem(answer)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"MZ not a pdf at all", "Loại tệp"),
        (b"%PDF-1.7\n1 0 obj", "PDF bị hỏng"),
        (b"", "Tệp rỗng"),
    ],
)
def test_a_bad_file_is_told_at_its_input(knock, content, said):
    clerk = knock("vanthu.stttt")
    sheet = clerk.sheet(clerk.get("/incoming/new")).fill(
        organ_name="Sở Nội vụ", subject="tệp hỏng", files=(io.BytesIO(content), "ban-quet.pdf")
    )
    answer = clerk.send(sheet)
    assert answer.status_code == 422
    assert "ban-quet.pdf" in clerk.problem(answer)
    assert said in clerk.problem(answer) or "Tệp" in clerk.problem(answer)
    assert "tệp hỏng" in answer.text, "what was typed stays"


def test_a_file_sent_with_an_error_need_not_be_sent_again(knock, scan):
    clerk = knock("vanthu.stttt")
    sheet = clerk.sheet(clerk.get("/incoming/new")).fill(
        organ_name="Sở Nội vụ", subject="", files=(io.BytesIO(scan), "Tờ trình.pdf")
    )
    answer = clerk.send(sheet)
    assert answer.status_code == 422
    assert "Tờ trình.pdf" in answer.text
    again = clerk.sheet(answer).fill(subject="gửi lại không cần tệp")
    again.values.pop("files", None)
    kept = re.search(r'name="files" value="([0-9a-f]{40})"', answer.text)[1]
    answer = clerk.send(again.fill(files=kept))
    assert answer.status_code == 303, clerk.problem(answer)
    clerk.accept(answer.headers["Location"])
    document = clerk.follow(clerk.get(answer.headers["Location"]))
    assert "Tải tệp Tờ trình.pdf" in document.text


def test_a_made_up_reference_gives_no_file(knock):
    clerk = knock("vanthu.stttt")
    sheet = clerk.sheet(clerk.get("/incoming/new")).fill(
        organ_name="Sở Nội vụ", subject="tệp bịa", files="ab" * 20, upload="eyJmYWtlIjoxfQ"
    )
    answer = clerk.send(sheet)
    assert answer.status_code == 422
    assert "không còn trên máy chủ" in clerk.problem(answer)


def test_a_secret_document_does_not_enter(knock):
    clerk = knock("vanthu.stttt")
    sheet = clerk.sheet(clerk.get("/incoming/new")).fill(
        organ_name="Sở Nội vụ", subject="chuyện kín", secrecy="secret"
    )
    answer = clerk.send(sheet)
    assert answer.status_code == 422
    assert "chuyện kín" not in clerk.get("/incoming?state=all").text


def test_viewing_and_downloading_are_in_the_journal(knock, office):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("nhật ký ghi lượt xem")
    clerk.accept(step)
    page = clerk.get(clerk.get(step).headers["Location"])
    [file] = set(re.findall(r"/files/([0-9a-f-]{36})\?view", page.text))
    assert clerk.get(f"/files/{file}?view=1").status_code == 200
    download = clerk.get(f"/files/{file}")
    assert download.data.startswith(b"%PDF")
    with office.database.transaction() as tx:
        acts = tx.scalars(
            sa.select(JournalLeaf.act).where(sa.cast(JournalLeaf.object_id, sa.Text()) == file)
        )
        views = tx.scalars(
            sa.select(JournalLeaf.act).where(
                JournalLeaf.object_type == "incoming_document", JournalLeaf.act == "view"
            )
        )
    assert sorted(acts) == ["download", "view_file"]
    assert views


def test_an_answer_is_begun_from_the_incoming_document(knock):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("hỏi và đáp", code_number="990")
    clerk.accept(step)
    page = clerk.follow(register(clerk, clerk.waiting("hỏi và đáp")))
    link = re.search(r'href="(/outgoing/new\?reply=[0-9a-f-]+)"', page.text)[1]
    form = clerk.get(link)
    assert "trả lời văn bản số 990/UBND-TH" in form.text
    answer = clerk.send(clerk.sheet(form))
    assert answer.status_code == 303
    draft = clerk.follow(answer)
    assert "Soạn thảo văn bản đi" in draft.text
    addressed = clerk.sheet(draft).values["recipients.0.agency"]
    [option] = lxml.html.fromstring(draft.data.decode()).xpath(
        f"//select[@name='recipients.0.agency']/option[@value='{addressed[0]}']"
    )
    assert "Ủy ban nhân dân tỉnh Thái Nguyên" in option.text_content()
    assert "Được trả lời bằng" in clerk.get(page.request.path).text, (
        "the link is seen from both ends"
    )


def test_the_list_is_searched_without_accents(knock):
    clerk = knock("vanthu.stttt")
    clerk.receive("Phòng chống thiên tai năm 2026", organ_name="Sở Nông nghiệp", code_number="31")
    for query in ("thien tai", "THIÊN TAI", "31/ubnd", "so nong nghiep"):
        found = clerk.get("/search", query_string={"q": query}, follow_redirects=True)
        assert "Phòng chống thiên tai" in found.text, query
    none = clerk.get("/search", query_string={"q": "thien tai xyz"}, follow_redirects=True)
    assert "Phòng chống thiên tai" not in none.text
    wild = clerk.get("/search", query_string={"q": "%"}, follow_redirects=True)
    assert "Phòng chống thiên tai" not in wild.text, "a sign of LIKE is a letter here"


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("\u00a0 \u200b", "Chưa nhập “Trích yếu"),
        ("B¸o c¸o t×nh h×nh thùc hiÖn", "gõ bằng bảng mã cũ (TCVN3 hoặc VNI)"),
    ],
)
def test_the_counter_takes_no_blank_or_old_text(knock, subject, told):
    clerk = knock("vanthu.stttt")
    sheet = clerk.sheet(clerk.get("/incoming/new"))
    answer = clerk.send(
        sheet.fill(organ_name="Sở Y tế", subject=subject, channel="post", issued_on="11/12/2025")
    )
    assert answer.status_code == 422
    assert told in clerk.problem(answer)


@pytest.mark.parametrize("subject", [" \u200b", "Baùo caùo tình hình thöïc hieän"])
def test_no_draft_begins_with_such_a_subject(knock, subject):
    officer = knock("chuyenvien.stttt")
    answer = officer.send(officer.sheet(officer.get("/outgoing/new")).fill(subject=subject))
    assert answer.status_code == 422


def test_a_duplicate_is_pointed_out_and_closed_on_the_page(knock):
    clerk = knock("vanthu.stttt")
    first = clerk.receive("văn bản đến hai lần", code_number="8801")
    clerk.accept(first)
    register(clerk, clerk.waiting("văn bản đến hai lần"))
    second = clerk.receive("văn bản đến lần nữa", code_number="8801")
    clerk.accept(second)
    step = clerk.waiting("văn bản đến lần nữa")
    page = clerk.get(step)
    assert "Có thể trùng với văn bản đã vào sổ: số đến" in page.text
    sheet = clerk.sheet(page).fill(outcome="duplicate", reason="Gửi hai lần", go="stay")
    document = clerk.follow(clerk.send(sheet)).text
    assert "Trùng với văn bản đã vào sổ, số đến" in document
    assert "Gửi hai lần" in document


def test_who_is_to_know_says_so_with_one_button(knock):
    clerk, leader, head = knock("vanthu.stttt"), knock("giamdoc.stttt"), knock("chanvp.stttt")
    subject = "văn bản để Văn phòng biết"
    clerk.accept(clerk.receive(subject, code_number="8802"))
    register(clerk, clerk.waiting(subject))
    clerk.send(clerk.sheet(clerk.get(clerk.waiting(subject))).fill(go="stay"))
    step = leader.waiting(subject)
    page = leader.get(step)
    sheet = leader.sheet(page).fill(
        lead_unit=options(page, "lead_unit")["Phòng Công nghệ thông tin"],
        deadline="31/12/2099",
        informed=office_of(page),
        go="stay",
    )
    answer = leader.send(sheet)
    assert answer.status_code == 303, leader.problem(answer)
    step = head.waiting(subject)
    page = head.get(step)
    assert "không phải giải quyết" in page.text
    buttons = lxml.html.fromstring(page.data.decode()).xpath(
        "//form[@data-step-form]//footer/button"
    )
    assert [b.text_content().strip() for b in buttons][:1] == ["Đã xem và mở việc tiếp theo"]
    assert "Lưu nháp" not in page.text, "there is nothing to keep"
    document = head.follow(head.send(head.sheet(page).fill(go="stay"))).text
    assert "Đã xem" in document


def office_of(page) -> str:
    """The value of «Văn phòng Sở» among the units to be informed."""
    (found,) = re.findall(
        r'name="informed" value="([0-9a-f-]+)"[^>]*>\s*(?:<[^>]+>)?\s*Văn phòng Sở', page.text
    )
    return found
