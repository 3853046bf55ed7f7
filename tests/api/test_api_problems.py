"""Every error is a problem: same shape, Vietnamese first, nothing of the inside."""

import io

import pikepdf
import pytest
from flask import Flask

from api import problems
from api.bearer import public
from api.blueprint import Resource, unrouted
from exchange.errors import DoctypeForbidden, InvalidMessage
from exchange.findings import Finding
from signing.errors import KeystoreRefused

POST = "incoming-documents"


def test_unknown_address_and_method_are_problems(nobody):
    missing = nobody.get("/api/v1/nothing")
    assert missing.status_code == 404
    assert missing.mimetype == "application/problem+json"
    assert missing.json["title"] == "Không tìm thấy"
    wrong = nobody("PUT", "work-items")
    assert wrong.status_code == 405
    assert "GET" in wrong.headers["Allow"]
    assert wrong.mimetype == "application/problem+json"


def test_language_follows_the_client(login):
    clerk = login("vanthu.stttt")
    body = {"channel": "hand"}
    vi = clerk.post(POST, body)
    en = clerk.post(POST, body, headers={"Accept-Language": "en-GB, vi;q=0.5"})
    assert (vi.headers["Content-Language"], en.headers["Content-Language"]) == ("vi", "en")
    assert vi.json["type"] == en.json["type"]
    assert vi.json["errors"][0]["detail"] == "Thiếu giá trị bắt buộc."
    assert en.json["errors"][0]["detail"] == "Missing data for required field."


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"subject": "a\x00b"}, "/subject"),
        ({"issued_on": "2026-02-31"}, "/issued_on"),
        ({"channel": "carrier pigeon"}, "/channel"),
        ({"channel": "exchange"}, "/channel"),
        ({"page_amount": 1000}, "/page_amount"),
        ({"page_amount": "2"}, "/page_amount"),
        ({"type_id": "x"}, "/type_id"),
        ({"subject": "x" * 501}, "/subject"),
        ({"subject": ""}, "/subject"),
        ({"a/b~c": 1}, "/a~1b~0c"),
        ({"files": "x"}, "/files"),
        ({"files": [1]}, "/files/0"),
    ],
)
def test_faults_name_their_place(login, body, pointer):
    sound = {"channel": "hand", "organ_name": "Sở", "subject": "Việc"}
    answer = login("vanthu.stttt").post(POST, {**sound, **body})
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json["errors"]] == [pointer]
    assert not answer.json["errors"][0]["detail"].isascii(), "the words are Vietnamese"


@pytest.mark.parametrize("limit", ["0", "100000"])
def test_a_range_names_both_its_ends(login, limit):
    answer = login("vanthu.stttt").get(f"incoming-documents?limit={limit}")
    assert answer.status_code == 422
    assert answer.json["errors"] == [{"parameter": "limit", "detail": "Phải từ 1 đến 100."}]


def test_a_year_that_no_column_holds_is_refused(login):
    answer = login("vanthu.stttt").get("dossiers?year=99999999999")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["detail"] == "Phải từ 1945 đến 9999."


@pytest.mark.parametrize(
    "address",
    ["incoming-documents?cursor=%00", "registers?a=%00", "dossiers?%1b=1", "work-items?basket=%07"],
)
def test_control_characters_in_a_parameter_are_refused(login, address):
    answer = login("vanthu.stttt").get(address)
    assert (answer.status_code, answer.json["type"]) == (
        400, "urn:congvan:problem:control-characters",
    )  # fmt: skip
    assert "ký tự điều khiển" in answer.json["detail"]


def test_control_characters_in_a_path_lead_nowhere(login):
    answer = login("quantri.stttt").get("process-definitions/a%00b/1/diagram")
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("body", [b"{", b"", b'{"a": NaN}', b"\xff", b"[]", b"null", b'"x"'])
def test_what_is_no_json_object_is_refused(login, body):
    answer = login("vanthu.stttt")("POST", POST, data=body, content_type="application/json")
    assert answer.status_code in {400, 422}
    assert answer.json["type"].startswith("urn:congvan:problem:")


def test_wrong_type_and_size(login):
    clerk = login("vanthu.stttt")
    assert clerk("POST", POST, data=b"<x/>", content_type="text/xml").status_code == 415
    large = clerk("POST", POST, data=b" " * 1_000_001, content_type="application/json")
    assert (large.status_code, large.json["title"]) == (413, "Nội dung gửi lên quá lớn")
    assert clerk("POST", "uploads", data=b"x", content_type="text/plain").status_code == 415


def test_unknown_parameters_are_no_accident(login):
    answer = login("vanthu.stttt").get("work-items?limt=5")
    assert answer.json["errors"] == [{"parameter": "limt", "detail": "Không có trường này."}]
    assert login("vanthu.stttt").get("work-items?limit=101").status_code == 422


def test_files_that_are_not_what_they_say(login, pdf):
    clerk = login("vanthu.stttt")
    encrypted = io.BytesIO()
    made = pikepdf.new()
    made.add_blank_page()
    made.save(encrypted, encryption=pikepdf.Encryption(owner="a", user="b"))
    tried = {
        "file-type-refused": b"MZ\x90 not a document",
        "empty-file": b"",
        "damaged-pdf": pdf[: len(pdf) // 2],
        "encrypted-pdf": encrypted.getvalue(),
    }
    for code, content in tried.items():
        answer = clerk.upload("van-ban.pdf", content)
        assert answer.status_code == 422
        assert answer.json["type"] == f"urn:congvan:problem:{code}"


def test_a_secret_document_does_not_enter(login):
    body = {"channel": "hand", "organ_name": "Bộ", "subject": "Mật", "secrecy": "secret"}
    answer = login("vanthu.stttt").post(POST, body)
    assert (answer.status_code, answer.json["type"]) == (422, "urn:congvan:problem:secret-refused")
    assert answer.json["citation"]


class _Broken(Exception):
    """Holds what must not leave: mật khẩu 12345."""


@pytest.fixture(scope="module")
def broken() -> Flask:
    """An application whose addresses fail in every family's way."""
    app = Flask("api")
    resource = Resource("broken", "broken", "")
    errors = {
        "surprise": _Broken("mật khẩu 12345"),
        "keystore": KeystoreRefused(),
        "doctype": DoctypeForbidden(),
        "message": InvalidMessage(Finding("N.From", "Thiếu cơ quan gửi", "No sender")),
    }

    @resource.get("/<name>")
    @public
    def fail(name: str):
        raise errors[name]

    app.register_blueprint(resource)
    app.before_request(unrouted)
    return app


def test_the_unexpected_says_nothing_but_its_id(broken, caplog):
    answer = broken.test_client().get("/api/v1/broken/surprise")
    assert answer.status_code == 500
    assert "12345" not in answer.text
    assert "Broken" not in answer.text
    instance = answer.json["instance"].rpartition(":")[2]
    assert instance == answer.headers["X-Request-ID"]
    assert instance in caplog.text
    assert "12345" in caplog.text, "the log tells what happened"


def test_signing_and_exchange_speak_for_themselves(broken):
    client = broken.test_client()
    key = client.get("/api/v1/broken/keystore")
    assert (key.status_code, key.json["type"]) == (422, "urn:congvan:problem:keystore-refused")
    assert key.json["detail"] == KeystoreRefused().text("vi")
    message = client.get("/api/v1/broken/message").json
    assert message["findings"] == [{"code": "N.From", "vi": "Thiếu cơ quan gửi", "en": "No sender"}]
    assert client.get("/api/v1/broken/doctype").json["type"].endswith("doctype-forbidden")


def test_pages_keep_their_own_errors(broken):
    """Addresses outside `/api` are none of this door's business."""
    answer = broken.test_client().get("/elsewhere")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_every_status_has_its_words():
    for vi, en in problems.WORDS.values():
        assert vi
        assert en.isascii()
