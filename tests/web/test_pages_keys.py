"""Keys and certificates: registered, handed over, tried; the log of the agency's key."""

import csv
import io
import re
from uuid import UUID

import lxml.html
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from story import Story

from records.key_custody import KeyUse
from records.keystore import KeyKind, Keystore
from tests.web.conftest import PASSWORD
from web.cautions import of_key
from web.keys import _plain


@pytest.fixture(scope="module")
def told(office) -> Story:
    return Story(office)


def certificate(told: Story, owner: UUID) -> bytes:
    file = told.office.settings.data / "signing" / "keystores" / f"{owner}.p12"
    _, found, _ = pkcs12.load_key_and_certificates(file.read_bytes(), PASSWORD.encode())
    return found.public_bytes(Encoding.PEM)


def test_a_certificate_is_registered_and_its_key_tried(knock, told):
    admin, agency = knock("quantri.stttt"), told.agency("STTTT")
    assert "Chưa đăng ký chứng thư số nào" in admin.get("/keys").text
    file = certificate(told, agency)

    def register(**changed):
        given = {"owner": "agency", "kind": "pkcs12", "name": "Con dấu"}
        return admin.post(
            "/keys/certificate", {**given, "certificate": (io.BytesIO(file), "a.pem"), **changed}
        )

    refused = register(kind="pkcs11", library="/usr/lib/x.so")
    assert refused.status_code == 422
    assert "Chưa đủ thông tin nơi giữ khóa" in refused.text
    no_certificate = register(certificate=(io.BytesIO(b"x"), "a.cer"))
    assert no_certificate.status_code == 422
    assert "Tệp «a.cer» không phải chứng thư số." in no_certificate.text
    assert "Khóa ký số không được chấp nhận" not in no_certificate.text
    empty = admin.post("/keys/certificate", {"name": "Con dấu"})
    assert empty.status_code == 400
    assert "Chưa nhập đủ: Của ai; Khóa nằm ở đâu; Tệp chứng thư số" in empty.text
    assert 'value="Con dấu"' in empty.text, "what was typed stays"
    done = register()
    assert done.status_code == 303
    assert "Con dấu" in admin.follow(done).text
    [kept] = told.all(Keystore)
    assert (kept.owner_id, kept.kind, kept.of_agency) == (agency, KeyKind.PKCS12, True)

    clerk = knock("vanthu.stttt")
    wrong = clerk.post("/keys/trial", {"owner": "agency", "pin": "sai-881"})
    assert wrong.status_code == 422
    assert "sai-881" not in wrong.text
    tried = clerk.post("/keys/trial", {"owner": "agency", "pin": PASSWORD})
    assert "Ký thử thành công" in clerk.follow(tried).text
    leader = knock("giamdoc.stttt")
    assert (
        "Ký thử thành công"
        in leader.follow(leader.post("/keys/trial", {"owner": "mine", "pin": PASSWORD})).text
    )
    # the agency's key is tried by who keeps it, and each trial stands in its log
    assert leader.post("/keys/trial", {"owner": "agency", "pin": PASSWORD}).status_code == 403
    outcomes = [one.outcome.value for one in told.all(KeyUse) if one.purpose == "trial"]
    assert sorted(outcomes) == ["begun", "refused", "signed"]


def test_what_a_key_of_another_kind_needs_is_not_asked(knock, told):
    admin = knock("quantri.stttt")

    def hidden(answer) -> set[str]:
        page = lxml.html.fromstring(answer.data.decode())
        return {f.get("data-hide") for f in page.xpath("//*[@data-hide][@hidden]")}

    token, remote = '=kind != "pkcs11"', '=kind != "remote"'
    assert hidden(admin.get("/keys")) == {token, remote}
    refused = admin.post("/keys/certificate", {"owner": "agency", "kind": "pkcs11"})
    assert hidden(refused) == {remote}, "what was chosen stays open"
    # scripts decide by the field of the same form
    page = lxml.html.fromstring(refused.data.decode())
    [form] = [f for f in page.forms if f.action == "/keys/certificate"]
    assert {"kind", "library", "token", "url"} <= set(form.fields)


def test_the_address_of_a_refused_form_may_be_loaded_again(knock):
    clerk = knock("vanthu.stttt")
    assert clerk.post("/keys/trial", {"owner": "mine", "pin": ""}).status_code == 400
    assert "Sổ dùng khóa" in clerk.follow(clerk.get("/keys/trial")).text
    assert clerk.get("/keys/nothing").status_code == 404


def test_a_page_left_open_while_the_session_changed_says_so(knock):
    """Nobody's rights are in question: the title said that they were missing."""
    clerk = knock("vanthu.stttt")
    answer = clerk.client.post("/keys/trial", data={"owner": "mine", "pin": "x"})
    assert answer.status_code == 403
    assert "Trang đã hết hạn" in answer.text
    assert "Không có quyền thực hiện" not in answer.text


def test_a_certificate_that_ends_within_30_days_is_warned_of(app, knock, told):
    agency = told.agency("STTTT")
    assert "sắp hết hạn" not in knock("vanthu.stttt").get("/keys").text
    with app.test_request_context(), told.office.database.transaction() as tx:
        assert of_key(tx, agency) == []
    told.run_sql("UPDATE keystore SET valid_until = now() + interval '29 days'")
    assert "sắp hết hạn" in knock("vanthu.stttt").get("/keys").text
    with app.test_request_context(), told.office.database.transaction() as tx:
        (warned,) = of_key(tx, agency)
        assert warned["tone"] == "warn"
        assert of_key(tx, UUID(int=0)) == []


def test_the_handover_stands_on_the_page(knock, told):
    admin = knock("quantri.stttt")
    tree = lxml.html.fromstring(admin.get("/keys").text)
    [holder] = [
        option.get("value")
        for option in tree.xpath("//select[@name='holder']/option")
        if option.get("value") == told.officer("vanthu.stttt")
    ]
    given = {"holder": holder, "received_on": "02/01/2026", "record": "Biên bản số 05/BB-VP"}
    assert admin.post("/keys/handover", {**given, "received_on": "31/02/2026"}).status_code == 422
    empty = admin.post("/keys/handover", {**given, "holder": "", "note": "kèm thiết bị"})
    assert empty.status_code == 400
    assert "Chưa nhập đủ: Người nhận." in empty.text
    assert "Biên bản số 05/BB-VP" in empty.text, "what was typed stays"
    assert "kèm thiết bị" in empty.text
    labels = lxml.html.fromstring(empty.text).xpath("//label[@for='f-holder']")
    assert "không bắt buộc" not in labels[0].text_content()
    shown = admin.follow(admin.post("/keys/handover", given)).text
    assert "theo Biên bản số 05/BB-VP" in shown
    clerk = knock("vanthu.stttt")
    assert "theo Biên bản số 05/BB-VP" in clerk.get("/keys").text
    assert clerk.post("/keys/handover", given).status_code == 403


def test_the_log_is_handed_out_as_a_table(knock, told):
    clerk = knock("vanthu.stttt")
    answer = clerk.get("/keys/uses.csv")
    assert answer.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    # a beginning stands there only while no outcome is known
    every = told.all(KeyUse)
    ended = {one.begun_id for one in every}
    assert ended - {None}
    assert len(rows) == 1 + len([one for one in every if one.id not in ended])
    assert "Mã băm tệp đã ký (SHA-256)" in rows[0]
    shown = clerk.get("/keys").text
    for at, purpose, outcome, reason in ((row[0], row[4], row[9], row[10]) for row in rows[1:]):
        assert re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d", at)
        assert purpose == "ký thử"
        assert bool(reason) == (outcome == "không ký được")
    assert "Không mở được kho khóa ký số" in {row[10] for row in rows[1:]}
    assert "trial<" not in shown
    assert "keystore-refused" not in shown
    assert _plain("=1+1") == "'=1+1"
    assert knock("chuyenvien.stttt").get("/keys/uses.csv").status_code == 403
    assert len(list(csv.reader(io.StringIO(knock("vanthu.stc").get("/keys/uses.csv").text)))) == 1


def test_who_has_no_key_is_not_told_that_the_password_is_wrong(knock, told):
    admin = knock("quantri.stttt")
    owner = told.officer("quantri.stttt")
    (told.office.settings.data / "signing" / "keystores" / f"{owner}.p12").unlink(missing_ok=True)
    tried = admin.post("/keys/trial", {"owner": "mine", "pin": PASSWORD})
    assert tried.status_code == 409
    assert "Chưa có khóa ký số nào được đăng ký" in tried.text
    assert "sai mật khẩu" not in tried.text
