"""An incoming document from the counter to its dossier by the API alone, and what is read of it."""

import hashlib
import json
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from office.runner import Runner
from processes.evidence import verify
from records.vietnamese import local_date
from signing.report import DocumentReport, Reason, SignatureReport, Verdict


def working_day(days: int) -> str:
    """A day some time ahead, never at a weekend, as a form's date."""
    day = local_date(datetime.now(UTC)) + timedelta(days=days)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day.isoformat()


@pytest.fixture(scope="module")
def filed(login, receive, choose, pdf) -> dict:
    """A document that went the whole way: its id, its run, its file, its dossier's title."""
    clerk, director = login("vanthu.stttt"), login("giamdoc.stttt")
    head, officer = login("truongphong.stttt"), login("chuyenvien.stttt")
    upload = clerk.upload("Đề nghị số 15.pdf", pdf)
    assert upload.status_code == 201, upload.json
    received = receive(code_number="15", code_notation="CV-SC", files=[upload.json["id"]])
    run = received["instance_id"]
    assert clerk.do("check", run, outcome="accept")["status"] == "done"
    step = clerk.step("register", run)
    initial = {k: v for k, v in step["initial"].items() if v not in (None, "") and k != "reference"}
    kind = choose(step["choices"]["document_types"], "Công văn")
    answer = clerk.complete(step, **{**initial, "document_type": kind})
    assert answer.json["summary"] == "Vào sổ, số đến 1"
    step = clerk.step("present", run)
    leader = choose(step["choices"]["leaders"], "Đỗ Xuân Hòa")
    clerk.complete(step, director=leader, proposal="Kính trình Giám đốc")
    step = director.step("direct", run)
    unit = choose(step["choices"]["units"], "Công nghệ")
    answer = director.complete(
        step, outcome="direct", lead_unit=unit, deadline=working_day(10), opinion="Giải quyết"
    )
    assert answer.status_code == 200, answer.json
    step = head.step("assign", run)
    who = choose(step["choices"]["unit_officers"], "Nguyễn Hải An")
    head.complete(step, outcome="assign", lead_officer=who, deadline=working_day(8))
    attached = officer.upload("Biên bản.pdf", pdf).json["id"]
    step = officer.step("process", run)
    done = {"outcome": "complete", "opinion": "Đã trả lời qua điện thoại"}
    unnamed = officer.complete(step, **done, files=[attached])
    assert [e["pointer"] for e in unnamed.json["errors"]] == ["/values/files"]
    assert officer.complete(step, **done, files=[attached], uploads=[attached]).status_code == 200
    head.do("complete", run, outcome="accept")
    done = officer.do("file", run, new_dossier_title="Quy hoạch viễn thông", retention="20 năm")
    assert done["instance"]["status"] == "completed"
    assert done["document"]["status"] == "completed"
    return received


def test_document_is_registered_and_filed(login, filed):
    found = login("vanthu.stttt").get(f"incoming-documents/{filed['id']}").json
    assert (found["arrival_number"], found["status"]) == (1, "completed")
    named = [(file["name"], file["kind"]) for file in found["files"]]
    assert named == [("Đề nghị số 15.pdf", "scan"), ("Biên bản.pdf", "opinion")]
    assert found["handed_to"] == "Phòng Công nghệ thông tin"


def test_history_is_told_and_its_chain_holds_until_it_is_altered(login, filed, owner):
    officer = login("chuyenvien.stttt")
    (instance,) = officer.get(f"process-instances?document={filed['id']}").json["items"]
    address = f"process-instances/{instance['id']}/history"
    told = officer.get(address).json
    assert told["verification"] == {"holds": True, "broken_at": None, "reason": ""}
    assert [e["node"] for e in told["items"]] == [
        "", "check", "register", "present", "direct", "assign", "process", "complete", "file",
    ]  # fmt: skip
    assert all(
        a["hash"] == b["previous"] for a, b in zip(told["items"], told["items"][1:], strict=False)
    )
    owner.execute("ALTER TABLE event DISABLE TRIGGER USER")
    change = "UPDATE event SET node_id = %s WHERE instance_id = %s AND seq = 3"
    owner.execute(change, ("present", instance["id"]))
    broken = officer.get(address).json["verification"]
    owner.execute(change, ("register", instance["id"]))
    owner.execute("ALTER TABLE event ENABLE TRIGGER USER")
    assert (broken["holds"], broken["broken_at"]) == (False, 3)


def test_a_run_is_done_again_until_its_record_is_altered(login, filed, owner):
    officer = login("chuyenvien.stttt")
    (instance,) = officer.get(f"process-instances?document={filed['id']}").json["items"]
    address = f"process-instances/{instance['id']}/replay"
    told = officer.get(address).json
    assert (told["holds"], told["differs_at"], told["verification"]["holds"]) == (True, None, True)
    assert {e["verdict"] for e in told["items"]} == {"agrees"}
    assert all(e["recorded"] == e["stored"] == e["executed"] for e in told["items"])
    chosen = [d for e in told["items"] for d in e["decisions"]]
    assert {asked["value"] for d in chosen for asked in d["asked"]} <= {True, False}
    assert any(d["asked"] and d["took"] for d in chosen)
    after = officer.get(f"{address}?at=3").json["after"]
    assert [s["node"] for s in after["standing"]] == ["present"]
    assert json.loads(after["state"])["format"]
    assert officer.get(f"{address}?at=99").status_code == 404
    owner.execute("ALTER TABLE event DISABLE TRIGGER USER")
    change = "UPDATE event SET state = replace(convert_from(state, 'utf8'), %s, %s)::bytea"
    where = " WHERE instance_id = %s AND seq = 4"
    owner.execute(change + where, ('"format":4', '"format":9', instance["id"]))
    broken = officer.get(address).json
    owner.execute(change + where, ('"format":9', '"format":4', instance["id"]))
    owner.execute("ALTER TABLE event ENABLE TRIGGER USER")
    assert (broken["holds"], broken["verification"]["broken_at"]) == (False, 4)
    assert broken["items"][3]["stored"] != broken["items"][3]["recorded"]


def test_evidence_is_handed_to_the_leader_and_verifies(login, filed, tmp_path):
    (instance,) = (
        login("chuyenvien.stttt").get(f"process-instances?document={filed['id']}").json["items"]
    )
    address = f"process-instances/{instance['id']}/evidence"
    assert login("chuyenvien.stttt").get(address).status_code == 403
    answer = login("giamdoc.stttt").get(address)
    assert answer.headers["Content-Type"] == "application/zip"
    (tmp_path / "b.zip").write_bytes(answer.data)
    told = verify.Bundle(tmp_path / "b.zip")
    assert list(verify.faults_of(told, answer.headers["Congvan-Manifest"])) == []
    assert b'class="bpmn' in told.read("index.html")


def test_file_comes_back_as_it_was_sent(login, filed, pdf, owner):
    clerk = login("vanthu.stttt")
    file = clerk.get(f"incoming-documents/{filed['id']}").json["files"][0]
    address = f"files/{file['id']}"
    answer = clerk.get(address)
    assert answer.data == pdf
    assert hashlib.sha256(answer.data).hexdigest() == file["sha256"]
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert (
        "filename*=UTF-8''%C4%90%E1%BB%81%20ngh%E1%BB%8B" in answer.headers["Content-Disposition"]
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert clerk.get(f"{address}?proofs=true").data == pdf, "nothing was added to it"
    inline = clerk.get(f"{address}?inline=true")
    assert inline.headers["Content-Disposition"].startswith("inline;")
    again = clerk.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    acts = owner.execute(
        "SELECT act FROM journal_leaf WHERE object_id = %s ORDER BY id", (file["id"],)
    ).fetchall()
    assert acts == [("download",), ("download",), ("view",), ("download",)]


def test_quarantined_file_stays_where_it_is(login, filed, owner):
    clerk = login("vanthu.stttt")
    file = clerk.get(f"incoming-documents/{filed['id']}").json["files"][0]
    change = "UPDATE file SET scan = %s WHERE id = %s"
    owner.execute(change, ("quarantine", file["id"]))
    answer = clerk.get(f"files/{file['id']}")
    owner.execute(change, ("unscanned", file["id"]))
    assert (answer.status_code, answer.json["type"]) == (403, "urn:congvan:problem:not-scanned")
    assert clerk.get(f"files/{file['id']}").status_code == 200


def test_signature_report_stands_beside_the_file(login, filed, owner):
    clerk = login("vanthu.stttt")
    address = f"incoming-documents/{filed['id']}/signatures"
    assert clerk.get(address).json == {"authenticity": "paper", "items": []}
    file = clerk.get(f"incoming-documents/{filed['id']}").json["files"][0]
    owner.execute(
        "INSERT INTO signature_check (id, agency_id, file_id, verdict, report, checked_at)"
        " SELECT gen_random_uuid(), agency_id, id, 'unsigned', %s, now() FROM file WHERE id = %s",
        ('{"verdict": "unsigned"}', file["id"]),
    )
    (item,) = clerk.get(address).json["items"]
    assert (item["verdict"], item["report"]) == ("unsigned", {"verdict": "unsigned"})


def test_every_check_of_a_file_is_had_whole_and_as_etsi_has_it(login, receive, pdf, owner):
    clerk = login("vanthu.stttt")
    received = receive(files=[clerk.upload("a.pdf", pdf).json["id"]])
    file = clerk.get(f"incoming-documents/{received['id']}").json["files"][0]["id"]
    unchecked = clerk.get(f"files/{file}/signatures/etsi")
    assert (unchecked.status_code, unchecked.json["type"]) == (
        409, "urn:congvan:problem:nothing-signed",
    )  # fmt: skip
    signature = SignatureReport("NguoiKy", Verdict.INVALID, Reason.HASH_FAILURE, subject="An")
    when = datetime(2026, 11, 22, tzinfo=UTC)
    report = DocumentReport(
        Verdict.INVALID, when, Reason.HASH_FAILURE, (signature,), digest="ab" * 32
    )
    for days, kept in ((1, replace(report, detail="earlier")), (2, report)):
        owner.execute(
            "INSERT INTO signature_check (id, agency_id, file_id, verdict, report, checked_at)"
            " SELECT gen_random_uuid(), agency_id, id, 'invalid', %s, now() + %s * interval '1 day'"
            " FROM file WHERE id = %s",
            (kept.to_json(), days, file),
        )
    newest, earlier = clerk.get(f"files/{file}/signatures").json["items"]
    assert DocumentReport.from_json(json.dumps(newest["report"])) == report
    assert earlier["report"]["detail"] == "earlier"
    etsi = clerk.get(f"files/{file}/signatures/etsi")
    assert etsi.content_type.startswith("application/xml")
    assert b"urn:etsi:019102:subindication:HASH_FAILURE" in etsi.data


def test_register_is_printed_by_the_page(login, filed, receive):
    clerk = login("vanthu.stttt")
    registers = clerk.get("registers").json["items"]
    incoming = next(r for r in registers if r["kind"] == "incoming")
    year = incoming["series"][0]["year"]
    book = clerk.get(f"registers/{incoming['id']}/book?year={year}&limit=1").json
    assert [c["key"] for c in book["columns"]][:2] == ["arrived_on", "number"]
    assert (book["items"][0]["number"], book["items"][0]["reference"]) == ("1", "15/CV-SC")
    rest = clerk.get(f"registers/{incoming['id']}/book?year={year}&limit=1&cursor={book['next']}")
    assert (rest.json["items"], rest.json["next"]) == ([], None)
    outgoing = next(r for r in registers if r["kind"] == "outgoing")
    answer = clerk.get(f"registers/{outgoing['id']}/book?year={year}")
    assert answer.json["errors"][0]["parameter"] == "series"


def test_a_dossier_is_changed_by_its_maker_his_head_and_the_clerk_alone(login, filed, owner):
    """A head whose unit was asked for an opinion reads the dossier; it is not his to close."""
    shared = owner.execute(
        "UPDATE work_item SET groups = array_append(groups, 'unit:' || (SELECT p.unit_id FROM"
        " position p JOIN account a USING (officer_id) WHERE a.username = 'truongphong.ttbc'))"
        " WHERE instance_id = %s", (filed["instance_id"],),
    )  # fmt: skip
    assert shared.rowcount > 0
    (dossier,) = login("chuyenvien.stttt").get("dossiers").json["items"]
    address = f"dossiers/{dossier['id']}"
    for who, status in (
        ("truongphong.ttbc", 403), ("giamdoc.stttt", 403), ("vanthu.stttt", 200),
        ("truongphong.stttt", 200), ("chuyenvien.stttt", 200),
    ):  # fmt: skip
        officer = login(who)
        read = officer.get(address)
        assert read.status_code == 200, who
        body, condition = {"description": f"Ghi của {who}"}, {"If-Match": read.headers["ETag"]}
        assert officer("PATCH", address, json=body, headers=condition).status_code == status, who
    kept = login("chuyenvien.stttt").get(address).json
    assert (kept["description"], kept["state"]) == ("Ghi của chuyenvien.stttt", "open")


def test_dossier_holds_what_was_filed_and_changes_only_on_condition(login, filed):
    officer = login("chuyenvien.stttt")
    (dossier,) = officer.get("dossiers").json["items"]
    address = f"dossiers/{dossier['id']}"
    assert dossier["title"] == "Quy hoạch viễn thông"
    items = officer.get(f"{address}/items?limit=1").json
    assert (items["items"][0]["kind"], items["items"][0]["id"]) == ("incoming", filed["id"])
    more = officer.get(f"{address}/items?cursor={items['next']}").json["items"]
    assert [item["kind"] for item in more] == ["directive", "directive"]
    read = officer.get(address)
    etag = read.headers["ETag"]
    assert officer.get(address, headers={"If-None-Match": etag}).status_code == 304
    body = {"title": unicodedata.normalize("NFD", "Quy hoạch viễn thông 2026")}
    assert officer("PATCH", address, json=body).status_code == 428
    changed = officer("PATCH", address, json=body, headers={"If-Match": etag})
    assert changed.json["title"] == "Quy hoạch viễn thông 2026"
    stale = officer("PATCH", address, json=body, headers={"If-Match": etag})
    assert (stale.status_code, stale.json["type"]) == (412, "urn:congvan:problem:condition-failed")
    fresh = {"If-Match": changed.headers["ETag"]}
    closed = officer("PATCH", address, json={"state": "closed"}, headers=fresh)
    assert closed.json["state"] == "closed"
    again = {"If-Match": closed.headers["ETag"]}
    assert officer("PATCH", address, json={"title": "Khác"}, headers=again).status_code == 409


def test_lists_go_on_by_signed_cursors(login, receive, filed):
    clerk = login("vanthu.stttt")
    for number in range(3):
        receive(subject=f"Văn bản thứ {number}")
    met, address = [], "/api/v1/incoming-documents?limit=2"
    while address:
        answer = clerk.get(address)
        met += [item["id"] for item in answer.json["items"]]
        link = answer.headers.get("Link", "")
        address = link.partition(">")[0].removeprefix("<")
    every = clerk.get("incoming-documents?limit=100").json["items"]
    assert sorted(met) == sorted(item["id"] for item in every)
    assert len(met) == len(set(met)) >= 4
    cursor = clerk.get("incoming-documents?limit=2").json["next"]
    assert clerk.get(f"dossiers?cursor={cursor}").json["type"] == "urn:congvan:problem:bad-cursor"
    forged = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    assert clerk.get(f"incoming-documents?cursor={forged}").status_code == 422
    other = login("vanthu.stc").get(f"incoming-documents?cursor={cursor}")
    assert other.status_code == 422


def test_inbox_pages_and_baskets(login, receive):
    clerk = login("vanthu.stttt")
    for number in range(3):
        receive(subject=f"Chờ kiểm tra {number}")
    everything = [item["id"] for item in clerk.inbox()]
    met, address = [], "/api/v1/work-items?limit=2&basket=incoming"
    while address:
        answer = clerk.get(address)
        met += [item["id"] for item in answer.json["items"]]
        address = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert met == everything
    assert clerk.get("work-items?basket=outgoing").json["items"] == []
    assert clerk.get("work-items?basket=overdue").json["items"] == []
    assert clerk.get("work-items?basket=returned").json["items"] == []


def test_officer_lists_only_what_came_to_him(login, filed, receive):
    officer = login("chuyenvien.stttt")
    other = receive(subject="Chưa giao cho ai")
    assert [item["id"] for item in officer.get("incoming-documents").json["items"]] == [filed["id"]]
    assert officer.get(f"incoming-documents/{other['id']}").status_code == 403


def test_journal_is_verified_by_the_auditor_and_shows_tampering(login, filed, owner, office):
    stttt = next(p for p in login_positions(login) if p["agency"].startswith("Sở Thông tin"))
    auditor = login("thanhtra", position_id=stttt["position_id"])
    found = auditor.get("journal/verification").json
    assert found["holds"], found
    owner.execute("ALTER TABLE journal_leaf DISABLE TRIGGER USER")
    (leaf,) = owner.execute("SELECT id FROM journal_leaf WHERE act = 'receive' LIMIT 1").fetchone()
    owner.execute("UPDATE journal_leaf SET act = 'nothing' WHERE id = %s", (leaf,))
    broken = auditor.get("journal/verification").json
    owner.execute("UPDATE journal_leaf SET act = 'receive' WHERE id = %s", (leaf,))
    owner.execute("ALTER TABLE journal_leaf ENABLE TRIGGER USER")
    assert (broken["holds"], broken["leaf"], broken["reason"]) == (
        False, str(leaf), "columns-changed",
    )  # fmt: skip
    assert login("chuyenvien.stttt").get("journal/verification").status_code == 403


def test_what_comes_by_mail_is_examined_by_the_worker(login, receive, office, pdf):
    clerk = login("vanthu.stttt")
    upload = clerk.upload("Công văn.pdf", pdf).json["id"]
    by_mail = receive(channel="mail", files=[upload])
    address = f"incoming-documents/{by_mail['id']}/signatures"
    assert clerk.get(address).json == {"authenticity": "unchecked", "items": []}
    step = clerk.step("check", by_mail["instance_id"])
    too_soon = clerk.complete(step, outcome="accept")
    assert (too_soon.status_code, too_soon.json["type"]) == (
        409, "urn:congvan:problem:signatures-unchecked",
    )  # fmt: skip
    runner = Runner(office.database, office.handlers(), name="api")
    while found := runner.claim(8):
        for job in found:
            runner.carry_out(job)
    told = clerk.get(address).json
    (item,) = told["items"]
    assert (told["authenticity"], item["verdict"], item["name"]) == (
        "unsigned", "unsigned", "Công văn.pdf",
    )  # fmt: skip
    reason = {"outcome": "accept_unsigned", "reason": "Đã xác minh qua điện thoại"}
    assert clerk.do("check", by_mail["instance_id"], **reason)["status"] == "done"


def login_positions(login) -> list[dict]:
    """What somebody with several positions is told when he names none."""
    nobody = login("vanthu.stttt")
    answer = type(nobody)(nobody.app, nobody.contract).post(
        "tokens", {"username": "thanhtra", "password": "Thu-nghiem-188-2018"}
    )
    assert answer.status_code == 403
    assert answer.json["type"] == "urn:congvan:problem:position-unclear"
    return answer.json["positions"]


BLANK = [" ", "\u00a0\t ", "\u200b\u2060", "\u3164"]
OLD = ["B¸o c¸o t×nh h×nh thùc hiÖn", "Baùo caùo tình hình thöïc hieän"]


@pytest.mark.parametrize("subject", BLANK + OLD)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_no_subject_of_blanks_or_in_an_old_encoding_comes_in(login, subject, language):
    clerk = login("vanthu.stttt")
    body = {"channel": "hand", "organ_name": "Công ty Sông Công", "subject": subject}
    answer = clerk.post("incoming-documents", body, headers={"Accept-Language": language})
    assert (answer.status_code, answer.json["type"]) == (
        422, "urn:congvan:problem:request-invalid",
    )  # fmt: skip
    (fault,) = answer.json["errors"]
    assert fault["pointer"] == "/subject"
    words = {
        "vi": ("khoảng trắng", "bảng mã cũ"), "en": ("blanks", "old encoding"),
    }[language][subject in OLD]  # fmt: skip
    assert words in fault["detail"]
    begun = login("chuyenvien.stttt").post("outgoing-documents", {"subject": subject})
    assert begun.status_code == 422


@pytest.mark.parametrize("subject", OLD)
def test_nor_by_the_form_of_a_step(login, receive, choose, subject):
    clerk, run = login("vanthu.stttt"), receive()["instance_id"]
    clerk.do("check", run, outcome="accept")
    step = clerk.step("register", run)
    kind = choose(step["choices"]["document_types"], "Công văn")
    good = {
        "document_type": kind, "issued_on": working_day(0), "organ_name": "Công ty Sông Công",
        "subject": "Báo cáo tình hình thực hiện",
    }  # fmt: skip
    answer = clerk.complete(step, **{**good, "subject": subject})
    assert answer.status_code == 422
    (fault,) = answer.json["errors"]
    assert (fault["pointer"], "TCVN3" in fault["detail"]) == ("/values/subject", True)
    assert clerk.complete(step, **good, confirm_duplicate=True).status_code == 200
