"""The page of trust: read by those who look after signatures, changed by the operator alone."""

import html
import io
import re
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from small_authority import SmallAuthority

from processes import revocation_lists
from processes.trust_rules import (
    Rules,
    fingerprint,
)
from records.trust import newest
from signing.policy import policy_text


@pytest.fixture
def authority(office) -> SmallAuthority:
    return SmallAuthority("CA trên trang", office.database.clock())


def in_force(office) -> Rules:
    with office.database.transaction() as tx:
        return Rules.of(newest(tx))


def text_of(answer) -> str:
    return html.unescape(answer.data.decode())


def sent(operator, do: str, **values):
    return operator.post("/trust", {"do": do, "reason": "văn bản số 12", **values})


def test_who_looks_after_signatures_reads_it_and_only_the_operator_changes_it(knock):
    operator = knock("vanhanh")
    page = text_of(operator.get("/trust"))
    assert "Bản đang áp dụng: 1" in page
    assert "CA thử nghiệm" in page
    assert "văn bản đến được số hóa" in page
    assert ">outgoing<" not in page
    assert "Đọc từ tệp trust.toml trong thư mục dữ liệu" in page
    assert "/signing/trust" not in page, "a place on the server says nothing to a reader"
    assert "SHA-1" in page
    assert "07:00:00" not in page, "an algorithm ends on a day"
    assert "data-trust" in page
    assert '<a href="/trust"' in operator.get("/help").text
    for reader in ("quantri.stttt", "quantri.ubnd"):
        visitor = knock(reader)
        answer = visitor.get("/trust")
        assert answer.status_code == 200, reader
        assert "data-trust" not in answer.text
        assert visitor.post("/trust", {"do": "set_addresses"}).status_code == 403
    clerk = knock("vanthu.stttt")
    assert clerk.get("/trust").status_code == 403
    assert clerk.post("/trust", {"do": "set_addresses"}).status_code == 403


def test_a_root_is_read_compared_and_then_trusted(knock, office, authority):
    operator = knock("vanhanh")
    pem = authority.certificate.public_bytes(Encoding.PEM)
    values = {"name": "CA trên trang", "role": "tsa", "valid_until": "31/12/2030"}
    first = sent(operator, "add_anchor", file=(io.BytesIO(pem), "root.pem"), **values)
    assert first.status_code == 200
    page = text_of(first)
    digest = fingerprint(authority.der)
    shown = " ".join(digest.upper()[at : at + 4] for at in range(0, 64, 4))
    assert shown in page, "what to compare"
    assert "CA trên trang" in page
    before = in_force(office).trust
    # the second step sends no file: the certificate read is sent again with what was typed
    read = re.search(r'name="read" value="([^"]+)"', page)[1]
    values |= {"valid_from": "01/01/2026", "policies": "1.2.3, 1.2.4"}
    wrong = sent(operator, "add_anchor", read=read, fingerprint="00" * 32, **values)
    assert wrong.status_code == 422
    assert "không khớp" in text_of(wrong)
    assert shown in text_of(wrong)
    bad_day = values | {"valid_until": "31/02/2030"}
    answer = sent(operator, "add_anchor", read=read, fingerprint=digest, **bad_day)
    assert answer.status_code == 422
    assert "31/02/2030" in text_of(answer)
    assert in_force(office).trust == before
    done = sent(operator, "add_anchor", read=read, fingerprint=shown, **values)
    page = text_of(operator.follow(done))
    assert f"Đã lập bản {before.version + 1}" in page
    assert "văn bản số 12" in page
    anchor = in_force(office).trust.anchors[-1]
    assert (anchor.role, anchor.policies) == ("tsa", {"1.2.3", "1.2.4"})
    assert anchor.certificate == authority.der
    # and trusted no longer, from a day on
    chosen = {"anchor": f"{digest} tsa", "until": ""}
    assert "thôi tin cậy" in text_of(operator.follow(sent(operator, "withdraw_anchor", **chosen)))
    assert in_force(office).trust.anchors[-1].valid_until < office.database.clock()


def test_addresses_lists_and_policy_are_changed_by_their_forms(knock, office, authority):
    operator = knock("vanhanh")
    allowed = "\r\n".join([*in_force(office).sources.allowed, "http://crl.example.vn/"])
    operator.follow(sent(operator, "set_addresses", allowed=allowed, networks="10.20.0.0/16"))
    operator.follow(sent(operator, "add_issuer", file=(io.BytesIO(authority.der), "ca.cer")))
    known = {"issuer": fingerprint(authority.der), "url": "http://crl.example.vn/a.crl"}
    operator.follow(sent(operator, "add_list", **known))
    assert [one.url for one in in_force(office).sources.lists] == [known["url"]]
    before = in_force(office).trust.version
    refused = (
        ("set_addresses", {"allowed": "http://crl.example.vn@evil/"}),
        ("add_list", known | {"url": "http://evil.vn/a.crl"}),
        ("add_issuer", {"file": (io.BytesIO(b"junk"), "ca.cer")}),
        ("add_issuer", {}),
        ("set_policy", {"text": "mode ="}),
        ("set_policy", {"text": policy_text(), "reason": " "}),
    )
    for do, values in refused:
        answer = sent(operator, do, **values)
        assert answer.status_code == 422, (do, values)
        assert re.search(r'<details open><summary>.*?role="alert"', answer.text, re.DOTALL), do
    assert sent(operator, "burn").status_code == 404
    assert in_force(office).trust.version == before
    page = text_of(operator.get("/trust"))
    assert "Nghị định 30/2020/NĐ-CP, Điều 13" in page
    text = re.search(r'id="f-set_policy-text"[^>]*>([^<]*)<', operator.get("/trust").text)[1]
    changed = html.unescape(text).replace('mode = "require"', 'mode = "soft"')
    page = text_of(operator.follow(sent(operator, "set_policy", text=changed)))
    assert "chưa quá 168 giờ" in page


def test_a_list_that_cannot_be_had_is_told_where_the_machine_is_watched(knock, office):
    operator = knock("vanhanh")
    known = office.means.signing.known()
    revocation_lists.refresh(known, office.database.clock() + timedelta(days=1))
    assert revocation_lists.troubled(known, office.database.clock())
    assert "Danh sách thu hồi" in text_of(operator.get("/operator"))
    assert "hết hạn hoặc chưa tải được" in text_of(operator.get("/operator"))
    page = text_of(operator.get("/trust"))
    assert "http://crl.example.vn/a.crl" in page
    assert "hết hạn hoặc chưa có" in page


def test_a_file_that_is_no_certificate_is_refused_in_words(knock):
    operator = knock("vanhanh")
    values = {
        "name": "x",
        "role": "signer",
        "valid_from": "01/01/2026",
        "valid_until": "31/12/2030",
    }
    answer = sent(operator, "add_anchor", file=(io.BytesIO(b"%PDF-1.7"), "a.pdf"), **values)
    assert answer.status_code == 422
    page = text_of(answer)
    assert "tệp không chứa chứng thư số đọc được" in page
    assert "parsing" not in page, "what a library says is not for an official"
    unsaid = operator.post("/trust", {"do": "set_addresses", "reason": "", "allowed": ""})
    assert "Phải ghi lý do" in text_of(unsaid)
    assert "hồ sơ." not in text_of(unsaid)
