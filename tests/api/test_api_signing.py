"""A step signed by a key at a desk, by nothing but the API: raw, and as a whole file by an agent."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from desk_key import administrator, register

from signing.keystores.pkcs12 import Pkcs12KeyStore
from signing.page_text import Box
from signing.placement import Placement
from signing.signer import SignRequest, SignRole, sign_pdf

PASSWORD = "Thu-nghiem-188-2018"
MINE = "Báo cáo.pdf"


@pytest.fixture(scope="module")
def keys(office, owner) -> dict[str, Pkcs12KeyStore]:
    """The keys of the director and of the agency, registered as lying on devices."""
    folder = office.settings.data / "signing"
    (officer, agency) = owner.execute(
        "SELECT o.id, o.agency_id FROM account a JOIN officer o ON o.id = a.officer_id"
        " WHERE a.username = 'giamdoc.stttt'"
    ).fetchone()
    found = {}
    admin = administrator(office.database, "quantri.stttt")
    for name, owner_id in (("person", officer), ("agency", agency)):
        found[name] = Pkcs12KeyStore(
            (folder / "keystores" / f"{owner_id}.p12").read_bytes(), PASSWORD
        )
        with office.database.transaction(admin) as tx:
            register(tx, owner_id, found[name])
    return found


class Paper:
    """One outgoing document on its way, and what is asked for at its steps."""

    def __init__(self, login, begun: dict[str, Any]) -> None:
        self.login, self.id, self.run = login, begun["id"], begun["instance_id"]
        self.director, self.clerk = login("giamdoc.stttt"), login("vanthu.stttt")

    def who(self, role: str):
        return self.director if role == "approve" else self.clerk

    def begin(self, role: str, transport: str, **more: Any):
        who, node = self.who(role), {"approve": "sign"}.get(role, role)
        step = who.step(node, self.run)
        values = {"approve": {"outcome": "sign"}, "seal": {"confirm": True}}.get(role, {})
        body = {
            "document_id": self.id, "version": step["version"], "role": role,
            "transport": transport, "values": values, **more,
        }  # fmt: skip
        return who.post("signing/sessions", body)


@pytest.fixture(scope="module")
def paper(login, choose, keys, pdf) -> Paper:
    author = login("chuyenvien.stttt")
    begun = author.post("outgoing-documents", {"subject": "báo cáo"}).json
    step = author.step("draft", begun["instance_id"])
    annex = author.upload("phu luc.pdf", pdf).json["id"]
    answer = author.complete(
        step,
        uploads=[annex],
        annexes=[annex],
        document_type=choose(step["choices"]["document_types"], "Công văn"),
        subject="báo cáo kết quả",
        source="template",
        body="Sở Thông tin và Truyền thông báo cáo như sau:\n1. Đã triển khai.",
        signatory=choose(step["choices"]["signatories"], "Đỗ Xuân Hòa"),
        urgency="normal",
        secrecy="none",
        recipients=[{"agency": choose(step["choices"]["agencies"], "Ủy ban nhân dân tỉnh")}],
        cooperating_units=[],
    )
    assert answer.status_code == 200, answer.json
    login("truongphong.stttt").do("approve", begun["instance_id"], outcome="approve")
    login("chanvp.stttt").do("check_format", begun["instance_id"], outcome="approve")
    return Paper(login, begun)


def local(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def signed_by(key: Pkcs12KeyStore, pdf: bytes, field: str = "Signature1") -> bytes:
    place = Placement(0, Box(30, 20, 130, 60))
    now = datetime.now(UTC)
    return sign_pdf(pdf, SignRequest(SignRole.APPROVE, now, place, field=field), key)


def problem(answer) -> str:
    return str(answer.json["type"].rpartition(":")[2])


def test_a_person_signs_the_whole_file_through_an_agent(paper, keys, nobody, owner):
    wrong = paper.director.post(
        "signing/sessions",
        {"document_id": paper.id, "version": 99, "role": "approve", "transport": "raw",
         "values": {"outcome": "sign"}},
    )  # fmt: skip
    assert (wrong.status_code, problem(wrong)) == (409, "stale")
    other = b64encode(keys["agency"].certificate()).decode()
    refused = paper.begin("approve", "agent-file", cert=other)
    assert (refused.status_code, problem(refused)) == (422, "other-desk-key")
    own = b64encode(keys["person"].certificate()).decode()
    begun = paper.begin("approve", "agent-file", cert=own)
    assert begun.status_code == 201, begun.json
    told = begun.json
    assert (told["state"], told["agent"]["action"]) == ("prepared", "SignApproved")
    assert told["agent"]["params"]["FileName"] == told["download_url"]
    assert told["agent"]["params"]["FileUploadHandler"] == told["upload_url"]
    session = f"signing/sessions/{told['session']}"
    down, up = local(told["download_url"]), local(told["upload_url"])

    # the two addresses are their own proof, and neither opens the other's
    for address in (down.partition("?")[0], up.replace("file?", "van-ban.pdf?")):
        assert nobody.get(address).status_code == 404
    assert nobody("PUT", down.replace("van-ban.pdf", "file"), data=b"").status_code == 404
    base = nobody.get(down)
    assert (base.status_code, base.mimetype) == (200, "application/pdf")
    again = nobody.get(down)
    assert (again.status_code, problem(again)) == (410, "address-used")

    def bring(content: bytes, method: str = "PUT", part: str = "uploadfile", name: str = MINE):
        return nobody(method, up, data={part: (BytesIO(content), name)})

    for content, code in (
        (base.data, "other-document"),
        (b"%PDF-1.7 khac", "other-document"),
        (signed_by(keys["person"], base.data).replace(b"/Type", b"/Tipe", 1), "other-document"),
        (signed_by(keys["agency"], base.data), "other-certificate"),
    ):
        answer = bring(content)
        assert (answer.status_code, problem(answer)) == (422, code)
    assert paper.director.get(session).json["state"] == "prepared"
    assert nobody("PUT", up, data={}).status_code == 422

    signed = signed_by(keys["person"], base.data, told["field"])
    done = bring(signed, "POST", "whatever", "../../etc/passwd")
    assert done.status_code == 200, done.json
    assert (done.json["Status"], done.json["state"]) == (True, "done")
    assert bring(signed).json["state"] == "done"
    late = bring(signed_by(keys["person"], base.data))
    assert (late.status_code, problem(late)) == (409, "signing-session-closed")
    found = paper.director.get(f"outgoing-documents/{paper.id}").json
    assert found["status"] == "signed"
    names = [row[0] for row in owner.execute("SELECT name FROM file").fetchall()]
    assert not [name for name in names if "passwd" in name or name == MINE]


def test_the_clerk_numbers_with_a_raw_signature(paper, keys, owner, login):
    begun = paper.begin("number", "raw")
    assert begun.status_code == 201, begun.json
    told = begun.json
    assert (told["digest_alg"], told["sig_alg"], told["field"]) == (
        "sha256",
        "sha256_ecdsa",
        "SoNgay",
    )
    assert b64decode(told["certificate"]) == keys["agency"].certificate()
    assert "download_url" not in told
    address = f"signing/sessions/{told['session']}/signature"
    good = b64encode(keys["agency"].sign(b64decode(told["to_be_signed"]), "sha256")).decode()
    bad = paper.clerk.post(address, {"signature": b64encode(bytes(70)).decode()})
    assert (bad.status_code, problem(bad)) == (422, "signature-mismatch")
    assert paper.clerk.post(address, {"signature": "không"}).status_code == 422
    assert login("giamdoc.stttt").post(address, {"signature": good}).status_code == 404
    expires = owner.execute(
        "UPDATE signing_session SET expires_at = created_at WHERE id = %s RETURNING created_at",
        (told["session"],),
    )
    assert expires.rowcount == 1
    late = paper.clerk.post(address, {"signature": good})
    assert (late.status_code, problem(late)) == (410, "signing-session-expired")
    assert paper.clerk.get(f"signing/sessions/{told['session']}").json["state"] == "expired"

    told = paper.begin("number", "raw").json
    address = f"signing/sessions/{told['session']}/signature"
    good = b64encode(keys["agency"].sign(b64decode(told["to_be_signed"]), "sha256")).decode()
    done = paper.clerk.post(address, {"signature": good})
    assert (done.status_code, done.json["state"]) == (200, "done"), done.json
    assert paper.clerk.post(address, {"signature": good}).json == done.json
    found = paper.clerk.get(f"outgoing-documents/{paper.id}").json
    assert found["reference"].startswith("01/STTTT")


def test_a_session_is_given_up_and_a_moved_version_ends_it(paper, keys, owner):
    paper.clerk.do("register", paper.run, issue_form="electronic")
    told = paper.begin("seal", "raw").json
    address = f"signing/sessions/{told['session']}"
    given_up = paper.clerk("DELETE", address)
    assert (given_up.status_code, given_up.json["state"]) == (200, "failed")
    assert given_up.json["failure"]["code"] == "cancelled"
    told = paper.begin("seal", "raw").json
    owner.execute(
        "UPDATE work_item SET version = version + 1 WHERE id = %s", (told["work_item_id"],)
    )
    [annex] = told["annexes"]
    assert [one["session"] for one in told["files"]] == [told["session"], annex["session"]]
    assert [one["role"] for one in told["files"]] == ["seal", "annex"]
    first, moved = (
        paper.clerk.post(
            f"signing/sessions/{one['session']}/signature",
            {
                "signature": b64encode(
                    keys["agency"].sign(b64decode(one["to_be_signed"]), "sha256")
                ).decode()
            },
        )
        for one in (annex, told)
    )
    # nothing is sealed before all are here
    assert (first.status_code, first.json["state"]) == (200, "prepared")
    assert [one["state"] for one in first.json["files"]] == ["prepared", "signed"]
    assert (moved.status_code, problem(moved)) == (409, "stale")
    ended = paper.clerk.get(f"signing/sessions/{told['session']}").json
    assert (ended["state"], ended["failure"]["code"]) == ("failed", "stale")
    nothing = paper.director.post(
        "signing/sessions",
        {"document_id": paper.id, "version": 1, "role": "approve", "transport": "raw"},
    )
    assert (nothing.status_code, problem(nothing)) == (409, "nothing-to-sign")


def test_a_file_that_is_too_large_is_refused(paper, nobody):
    told = paper.begin("seal", "agent-file").json
    address = local(told["upload_url"])
    told_length = {"CONTENT_LENGTH": str(400 << 20)}
    answer = nobody(
        "PUT", address, data=b"x", content_type="application/pdf", environ_overrides=told_length
    )
    assert answer.status_code == 413
