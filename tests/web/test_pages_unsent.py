"""What an officer typed and has not sent is his, stays, and decides nothing."""

import io
import re
from uuid import UUID

from engine.work_item import WorkItem
from forms.definition import load_form
from processes import unsent

TYPED = "Đã gọi điện hỏi bên gửi, đang chờ bản giấy"


def keep(officer, step: str, **values):
    return officer.send(officer.sheet(officer.get(step)).fill(**values).to(f"{step}/unsent"))


def test_what_is_kept_is_there_again_and_the_step_still_waits(knock):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("giữ bản nháp")
    answer = keep(clerk, step, outcome="return", reason=TYPED)
    assert answer.headers["Location"].startswith("/inbox/?item=")
    page = clerk.follow(answer)
    assert TYPED in page.text
    assert "Đã lưu nháp hôm nay" in page.text
    assert "Bản nháp lưu hôm nay" in page.text
    assert clerk.sheet(clerk.get(step)).values["outcome"] == ["return"]
    # sent from there it counts, and nothing of it is left
    assert clerk.send(clerk.sheet(clerk.get(step))).status_code == 303
    assert clerk.get(step).status_code == 303


def test_half_a_form_can_be_kept_and_not_sent(knock):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("mới điền một nửa")
    clerk.accept(step)
    step = clerk.waiting("mới điền một nửa")
    wrong = {"due_on": "31/02/2027", "description": TYPED, "document_type": ""}
    assert keep(clerk, step, **wrong).status_code == 303
    page = clerk.get(step)
    assert 'value="31/02/2027"' in page.text
    assert TYPED in page.text
    assert clerk.send(clerk.sheet(page)).status_code == 422, "the control: it is not right yet"


def test_nobody_else_sees_it(knock, office):
    clerk, other = knock("vanthu.stttt"), knock("vanthu.ubnd")
    step = clerk.receive("bản nháp là của riêng")
    keep(clerk, step, outcome="return", reason=TYPED)
    assert TYPED in clerk.get(step).text
    assert other.post(f"{step}/unsent", {"reason": "x"}).status_code == 404
    assert other.post(f"{step}/unsent/discard").status_code == 404
    with office.database.transaction() as tx:
        tx.execute(
            "UPDATE unsent_form SET officer_id = (SELECT id FROM officer WHERE full_name = %s)"
            " WHERE item_id = %s",
            "Nguyễn Hải An",
            step.rpartition("/")[2],
        )
    assert TYPED not in clerk.get(step).text, "a colleague's is not shown"


def test_it_is_discarded_by_a_button_that_works_without_scripts(knock):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("bỏ bản nháp")
    keep(clerk, step, outcome="return", reason=TYPED)
    page = clerk.get(step)
    assert f'formaction="{step}/unsent/discard"' in page.text
    assert clerk.send(clerk.sheet(page).to(f"{step}/unsent/discard")).status_code == 303
    page = clerk.get(step)
    assert TYPED not in page.text
    assert "unsent/discard" not in page.text


def test_the_first_button_of_a_form_only_keeps(knock):
    """A browser presses it when one presses Enter in a field: it must neither send nor remove."""
    clerk = knock("vanthu.stttt")
    page = clerk.get(clerk.receive("phím Enter")).text
    form = page[page.index("data-step-form") :]
    first = re.search(r"<button[^>]*>", form)[0]
    assert re.search(r'formaction="/work-items/[0-9a-f-]{36}/unsent"', first)


def test_files_stay_with_it(knock, scan):
    officer = knock("vanthu.stttt")
    step = begin_outgoing(officer)
    sheet = officer.sheet(officer.get(step)).fill(annexes=(io.BytesIO(scan), "Phụ lục.pdf"))
    assert officer.send(sheet.to(f"{step}/unsent")).status_code == 303
    page = officer.get(step)
    assert "Phụ lục.pdf" in page.text
    assert re.search(r'name="upload" value="[^"]+"', page.text)


def begin_outgoing(officer) -> str:
    answer = officer.send(officer.sheet(officer.get("/outgoing/new")).fill(subject="có phụ lục"))
    return answer.headers["Location"].partition("?")[0]


def test_a_secret_is_never_kept(knock, office, acting):
    """The PIN of a key goes to the signature and nowhere else."""
    clerk = knock("vanthu.stttt")
    step = clerk.receive("không giữ mã PIN")
    item_id = UUID(step.rpartition("/")[2])
    with office.database.transaction(acting("vanthu.stttt")) as tx:
        item = tx.get(WorkItem, item_id)
        unsent.keep(tx, item, load_form("outgoing-sign"), {"pin": "12345678", "reason": "chờ ký"})
    with office.database.transaction() as tx:
        bodies = [row[0] for row in tx.execute("SELECT body FROM unsent_form")]
    assert any('"reason": "ch' in body for body in bodies)
    assert not any("12345678" in body for body in bodies)


def test_what_belongs_to_closed_steps_goes(knock, office):
    clerk = knock("vanthu.stttt")
    open_step, done = clerk.receive("còn mở"), clerk.receive("đã xong")
    for step in (open_step, done):
        keep(clerk, step, outcome="return", reason=TYPED)
    clerk.accept(done)
    with office.database.transaction() as tx:
        assert unsent.sweep(tx) >= 1
        left = {str(row[0]) for row in tx.execute("SELECT item_id FROM unsent_form")}
    assert open_step.rpartition("/")[2] in left
    assert done.rpartition("/")[2] not in left
    with office.database.transaction() as tx:
        assert unsent.sweep(tx) == 0


def test_a_step_that_is_done_keeps_nothing(knock):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("đã có người làm")
    sheet = clerk.sheet(clerk.get(step)).fill(outcome="return", reason=TYPED)
    clerk.accept(step)
    late = clerk.send(sheet.to(f"{step}/unsent"))
    assert late.status_code == 409


def test_what_comes_too_late_is_given_back(knock):
    """Somebody else was faster: what one wrote can still be copied from the page that says so."""
    clerk = knock("vanthu.stttt")
    step = clerk.receive("hai người, một người viết dài")
    sheet = clerk.sheet(clerk.get(step)).fill(outcome="return", reason=TYPED)
    clerk.accept(step)
    late = clerk.send(sheet)
    assert late.status_code == 409
    assert TYPED in late.text
    assert "Mở văn bản" in late.text


def test_a_stale_version_gives_the_form_back_as_it_was_typed(knock):
    clerk = knock("vanthu.stttt")
    step = clerk.receive("sửa trong lúc nhập")
    sheet = clerk.sheet(clerk.get(step)).fill(outcome="return", reason=TYPED, version="99")
    stale = clerk.send(sheet)
    assert stale.status_code == 409
    assert "vừa được cập nhật trong lúc bạn nhập" in clerk.problem(stale)
    assert TYPED in stale.text
    again = clerk.sheet(stale)
    assert again.values["version"] != ["99"]
    assert clerk.send(again).status_code == 303, "sent again it counts"
