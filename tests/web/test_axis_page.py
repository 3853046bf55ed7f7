"""The axis on the operator's page: queues, silence, what is stuck; content only with a reason."""

import html
import re
from datetime import timedelta
from hashlib import sha256

import pytest
from hub_ground import document

from exchange.axis import Axis
from exchange.axis_acceptance import Handed
from exchange.axis_store import Route
from exchange.edxml import read
from records.axis import AxisStore

BODY = document("H55.X", "H55.Y", number=77)


@pytest.fixture(scope="module")
def packet(office):
    """A packet that has waited for two days in the queue of a system that never asked."""
    with office.database.transaction() as tx:
        axis = Axis(AxisStore(tx), lambda: tx.now - timedelta(days=2))
        for system, code in (("gui", "H55.X"), ("nhan", "H55.Y")):
            axis.admit_system(system, "khoa")
            axis.admit_agency(system, code, f"Cơ quan {code}")
        axis._acceptance.accept(*handed())
        found = tx.execute(
            "SELECT packet_id FROM axis_packet WHERE digest = %s", sha256(BODY).hexdigest()
        ).fetchone()
    return found[0]


def handed():
    return Handed(read(BODY), BODY, "H55.X", "gui"), {"H55.Y": ("H55.Y", Route.LOCAL)}


def text_of(answer) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_who_is_silent_and_what_is_stuck(knock, packet):
    operator = knock("vanhanh")
    assert 'href="/operator/axis"' in operator.get("/operator").text
    page = operator.get("/operator/axis")
    text = text_of(page)
    assert "H55.Y Cơ quan H55.Y nhan 1" in text
    assert "chưa hỏi lần nào im lặng" in text
    assert "chưa đóng dấu thời gian" in text, "no authority is named here"
    assert "77/STTTT-VP" in text
    assert "Cơ quan H55.X → Cơ quan H55.Y H55.X → H55.Y" in text
    assert f'href="/operator/axis/{packet}"' in page.text
    english = operator.get("/operator/axis", headers={"Accept-Language": "en"})
    assert english.status_code == 200


def test_only_an_operator_sees_it(knock, packet):
    for who in ("vanthu.stttt", "quantri.stttt", "giamdoc.stttt"):
        for address in ("/operator/axis", f"/operator/axis/{packet}"):
            assert knock(who).get(address).status_code == 403
        assert knock(who).post(f"/operator/axis/{packet}/content").status_code == 403
    assert knock("vanhanh").get("/operator/axis/khong-co").status_code == 404


def test_content_is_opened_with_a_reason_that_the_journal_keeps(knock, office, packet):
    operator = knock("vanhanh")
    page = operator.get(f"/operator/axis/{packet}").text
    assert "VGV4dA" not in page
    assert "ContentTransferEncoded" not in page, "headers only"
    for reason in ("", "  xem    "):
        refused = operator.post(f"/operator/axis/{packet}/content", {"reason": reason})
        assert refused.status_code == 422
        assert "Hãy nêu lý do mở nội dung" in text_of(refused)
    why = "Bên nhận báo tệp hỏng, phiếu yêu cầu 12"
    opened = operator.post(f"/operator/axis/{packet}/content", {"reason": why})
    assert opened.data == BODY
    assert opened.headers["Content-Disposition"].startswith("attachment")
    with office.database.transaction() as tx:
        ((body,),) = tx.execute(
            "SELECT body FROM journal_leaf WHERE act = 'open_axis_packet'"
        ).fetchall()
        kinds = tx.execute(
            "SELECT kind FROM axis_log_entry WHERE packet_id = %s ORDER BY id", packet
        ).fetchall()
    assert why in bytes(body).decode()
    assert [one[0] for one in kinds] == ["accepted", "opened"]


def test_a_packet_that_failed_is_offered_again(knock, office, packet):
    with office.database.transaction() as tx:
        tx.execute("UPDATE axis_packet SET state = 'fail' WHERE packet_id = %s", packet)
    operator = knock("vanhanh")
    assert "không nhận được" in text_of(operator.get(f"/operator/axis/{packet}"))
    assert (
        f'action="/operator/axis/{packet}/resend"' in operator.get(f"/operator/axis/{packet}").text
    )
    done = operator.follow(operator.post(f"/operator/axis/{packet}/resend"))
    assert "Gói tin được gửi lại." in text_of(done)
    assert "cho gửi lại Quách Tuấn Kiệt" in text_of(done), "by name, not by a key"
    assert "/resend" not in done.text, "what waits for its receiver is offered already"
    with office.database.transaction() as tx:
        waiting = tx.execute("SELECT state FROM axis_packet WHERE packet_id = %s", packet)
        acts = tx.execute("SELECT 1 FROM journal_leaf WHERE act = 'resend_axis_packet'")
    assert waiting.fetchone() == ("initial",)
    assert len(acts.fetchall()) == 1


def test_what_failed_stands_before_what_waits_and_the_rest_is_counted(knock, office, packet):
    with office.database.transaction() as tx:
        tx.execute("UPDATE axis_packet SET state = 'initial' WHERE packet_id = %s", packet)
        tx.execute(
            """INSERT INTO axis_packet SELECT made.* FROM axis_packet p, generate_series(1, 1204) n,
                 jsonb_populate_record(p, jsonb_build_object('packet_id', 'more-' || n,
                   'sending_id', 'more-' || n, 'reference', 'lỗi ' || n, 'updated_at', now(),
                   'state', CASE WHEN n = 1204 THEN 'fail' ELSE 'initial' END,
                   'created_at', p.created_at + make_interval(secs => n))) made
               WHERE p.packet_id = %s""",
            packet,
        )
    try:
        page = text_of(knock("vanhanh").get("/operator/axis"))
        assert "100 trong 1.205 gói tin: gói lỗi trước" in page
        first = page.index("Gói tin kẹt hoặc không nhận được", page.index("100 trong"))
        assert page.index("lỗi 1204") < page.index("77/STTTT-VP", first)
    finally:
        with office.database.transaction() as tx:
            tx.execute("DELETE FROM axis_packet WHERE packet_id LIKE 'more-%'")
