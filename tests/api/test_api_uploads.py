"""Uploads: one file, its owner's, for a day."""

from io import BytesIO

from api import idempotency
from processes import uploads


def test_an_upload_is_stored_under_its_digest(login, office, pdf):
    clerk = login("vanthu.stttt")
    answer = clerk.upload("Công văn\u202egpj.pdf", pdf)
    assert answer.status_code == 201
    assert answer.json["media_type"] == "application/pdf"
    assert "\u202e" not in answer.json["name"]
    assert office.means.content.read(answer.json["sha256"]) == pdf


def test_exactly_one_file_at_a_time(login, pdf):
    clerk = login("vanthu.stttt")
    none = clerk("POST", "uploads", data={"other": "x"}, content_type="multipart/form-data")
    two = clerk(
        "POST", "uploads", data={"file": [(BytesIO(pdf), "a.pdf"), (BytesIO(pdf), "b.pdf")]}
    )
    other = clerk("POST", "uploads", data={"scan": (BytesIO(pdf), "a.pdf")})
    assert [a.status_code for a in (none, two, other)] == [422, 422, 422]


def test_whoever_drafts_nothing_uploads_nothing(login, pdf, owner):
    before = owner.execute("SELECT count(*) FROM waiting_file").fetchone()
    assert login("quantri.stttt").upload("a.pdf", pdf).status_code == 403
    assert owner.execute("SELECT count(*) FROM waiting_file").fetchone() == before


def test_an_upload_expires_and_is_swept(login, office, pdf, owner):
    clerk = login("vanthu.stttt")
    body = {"channel": "hand", "organ_name": "Sở", "subject": "Việc"}
    old, fresh = (clerk.upload("a.pdf", pdf).json["id"] for _ in range(2))
    expire = "UPDATE {} SET expires_at = now() - interval '1 second' WHERE {} = %s"
    owner.execute(expire.format("waiting_file", "id"), (old,))
    refused = clerk.post("incoming-documents", {**body, "files": [fresh, old]})
    assert [e["pointer"] for e in refused.json["errors"]] == ["/files/1"]
    english = {"Accept-Language": "en"}
    refused = clerk.post("incoming-documents", {**body, "files": [old]}, headers=english)
    assert "expired" in refused.json["errors"][0]["detail"]
    clerk.post("incoming-documents", body, headers={"Idempotency-Key": "old"})
    owner.execute(expire.format("idempotency_key", "key"), ("old",))
    with office.database.transaction() as tx:
        assert uploads.sweep(tx) == 1
        assert idempotency.sweep(tx) == 1
    left = owner.execute(
        "SELECT id::text FROM waiting_file WHERE id = ANY(%s::uuid[])", ([old, fresh],)
    )
    assert left.fetchall() == [(fresh,)]
