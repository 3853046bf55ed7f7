"""Dossiers on the pages, scripts switched off: opened, renamed, closed, by whom it is right."""

import re

import pytest
import sqlalchemy as sa

from records.dossier import Dossier
from records.journal import JournalLeaf


def opened(visitor, **said) -> str:
    """Open a dossier; return its address."""
    answer = visitor.send(visitor.sheet(visitor.get("/dossiers/new")).fill(**said))
    assert answer.status_code == 303, visitor.problem(answer)
    return answer.headers["Location"]


def test_an_officer_opens_renames_and_closes_a_dossier(knock, office):
    clerk = knock("vanthu.stttt")
    assert 'href="/dossiers/new"' in clerk.get("/dossiers").text
    address = opened(clerk, title="Tập huấn  văn thư", notation="09.TH", retention="20 năm")
    page = clerk.get(address).text
    assert "Đã mở hồ sơ 09.TH." in page
    assert "20 năm" in page
    assert "Tập huấn văn thư" in clerk.get("/dossiers").text

    sheet = clerk.sheet(clerk.get(f"{address}/edit"))
    assert "Tập huấn văn thư" in sheet.values["title"][0]
    answer = clerk.send(sheet.fill(title="Tập huấn văn thư năm 2026", description="Hai đợt"))
    page = clerk.follow(answer).text
    assert "Tập huấn văn thư năm 2026" in page
    assert "Hai đợt" in page

    asked = clerk.get(f"{address}/close")
    assert "không sửa được nữa" in asked.text
    page = clerk.follow(clerk.send(clerk.sheet(asked))).text
    assert "Đã kết thúc hồ sơ." in page
    assert "/edit" not in page, "a closed dossier offers no change"
    for act in ("edit", "close"):
        refused = clerk.get(f"{address}/{act}")
        assert refused.status_code == 409
        assert "đã kết thúc" in refused.text
    with office.database.transaction() as tx:
        key = tx.scalar(sa.select(Dossier.id).where(Dossier.file_notation == "09.TH"))
        acts = tx.scalars(sa.select(JournalLeaf.act).where(JournalLeaf.object_id == str(key)))
    assert {"open_dossier", "change_dossier", "close_dossier"} <= set(acts)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"title": " "}, "Ghi tiêu đề hồ sơ."),
        ({"title": "\u200b\u3164"}, "Ghi tiêu đề hồ sơ."),
        ({"title": "TËp huÊn v¨n th­"}, "Gõ bằng bảng mã cũ"),
        ({"title": "x" * 501}, "Dài 501 ký tự; tối đa 500."),
        ({"title": "a", "notation": "9" * 21}, "Dài 21 ký tự; tối đa 20."),
        ({"title": "a", "retention": "mãi mãi"}, "Thời hạn bảo quản «mãi mãi» không hợp lệ"),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_stays(knock, said, told):
    clerk = knock("vanthu.stttt")
    sheet = clerk.sheet(clerk.get("/dossiers/new")).fill(notation="đang gõ").fill(**said)
    answer = clerk.send(sheet)
    assert answer.status_code == 422
    assert told in clerk.problem(answer)
    assert ("đang gõ" in answer.text) == ("notation" not in said)


def test_a_symbol_is_given_once_a_year(knock):
    clerk = knock("vanthu.stttt")
    opened(clerk, title="Một", notation="10.TH")
    answer = clerk.send(clerk.sheet(clerk.get("/dossiers/new")).fill(title="Hai", notation="10.TH"))
    assert answer.status_code == 409
    assert "đã có hồ sơ mang ký hiệu «10.TH»" in clerk.problem(answer)


def test_two_who_rename_it_do_not_overwrite_each_other(knock):
    clerk = knock("vanthu.stttt")
    address = opened(clerk, title="Cũ")
    first, second = (clerk.sheet(clerk.get(f"{address}/edit")) for _ in range(2))
    assert clerk.send(first.fill(title="Tiêu đề mới")).status_code == 303
    late = clerk.send(second.fill(title="Tiêu đề của người sau"))
    assert late.status_code == 409
    assert "tiêu đề hiện nay là «Tiêu đề mới»" in clerk.problem(late)
    assert "Tiêu đề của người sau" in late.text
    assert clerk.send(clerk.sheet(late)).status_code == 303, "seen, it may be saved"
    assert "Tiêu đề của người sau" in clerk.get(address).text


def test_whoever_only_reads_a_dossier_does_not_change_it(knock):
    officer = knock("chuyenvien.stttt")
    address = opened(officer, title="Hồ sơ của chuyên viên")
    assert f"{address}/edit" in officer.get(address).text
    leader = knock("giamdoc.stttt")
    assert leader.get(address).status_code == 200
    assert f"{address}/edit" not in leader.get(address).text
    for act in ("edit", "close"):
        assert leader.get(f"{address}/{act}").status_code == 403
        assert leader.post(f"{address}/{act}", {"title": "Của tôi"}).status_code == 403
    assert "Hồ sơ của chuyên viên" in officer.get(address).text
    head = knock("truongphong.stttt")
    assert head.get(f"{address}/edit").status_code == 200, "the head of his unit keeps it too"
    stranger = knock("truongphong.ttbc")
    assert stranger.get(f"{address}/close").status_code == 403
    assert knock("quantri.stttt").get("/dossiers/new").status_code == 403
    assert not re.search(r'href="/dossiers/new"', knock("thanhtra").get("/dossiers").text)
