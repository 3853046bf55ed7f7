"""An answer written, signed, numbered, sealed and issued, by nothing but the API."""

import pytest

PASSWORD = "Thu-nghiem-188-2018"


@pytest.fixture(scope="module")
def issued(login, receive, choose) -> dict:
    """A công văn of Sở TT&TT that went the whole way to its recipient."""
    author, clerk = login("chuyenvien.stttt"), login("vanthu.stttt")
    begun = author.post("outgoing-documents", {"subject": "báo cáo kết quả"})
    assert begun.status_code == 201, begun.json
    run = begun.json["instance_id"]
    step = author.step("draft", run)
    answer = author.complete(
        step,
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
    login("truongphong.stttt").do("approve", run, outcome="approve")
    login("chanvp.stttt").do("check_format", run, outcome="approve")
    director = login("giamdoc.stttt")
    wrong = director.complete(director.step("sign", run), outcome="sign", pin="khong phai")
    assert (wrong.status_code, wrong.json["type"]) == (422, "urn:congvan:problem:keystore-refused")
    director.do("sign", run, outcome="sign", pin=PASSWORD)
    clerk.do("number", run, pin=PASSWORD)
    clerk.do("register", run, issue_form="electronic")
    clerk.do("seal", run, confirm=True, pin=PASSWORD)
    clerk.do("issue", run, confirm=True)
    done = clerk.do("store", run, new_dossier_title="Công văn đi", retention="20 năm")
    assert done["instance"]["status"] == "completed"
    return begun.json


def test_the_document_bears_what_was_done_to_it(login, issued):
    found = login("giamdoc.stttt").get(f"outgoing-documents/{issued['id']}").json
    assert found["status"] == "issued"
    assert found["reference"].startswith("01/STTTT")
    assert all(found[moment] for moment in ("signed_at", "sealed_at", "issued_at"))
    assert {"draft", "signed"} <= {file["kind"] for file in found["files"]}


def test_recipients_show_how_far_it_has_got(login, issued, owner):
    clerk = login("vanthu.stttt")
    address = f"outgoing-documents/{issued['id']}/recipients"
    (recipient,) = clerk.get(address).json["items"]
    assert (recipient["delivery"], recipient["statuses"]) == ("pending", [])
    owner.execute(
        "INSERT INTO status_received (id, agency_id, recipient_id, code, description, staff,"
        " reported_at, received_at, packet_id) SELECT gen_random_uuid(), agency_id, id, '03',"
        " 'Đã tiếp nhận', 'Nguyễn Thu Hà', now(), now(), 'p1' FROM recipient WHERE id = %s",
        (recipient["id"],),
    )
    (status,) = clerk.get(address).json["items"][0]["statuses"]
    assert (status["code"], status["staff"]) == ("03", "Nguyễn Thu Hà")


def test_the_pin_is_nowhere(login, issued, owner):
    """Neither in history nor in the journal nor in what is kept of a step."""
    run = issued["instance_id"]
    told = login("giamdoc.stttt").get(f"process-instances/{run}/history").text
    assert "outcome" in told
    assert PASSWORD not in told
    for table, column in (("journal_leaf", "body"), ("work_item", "outcome"), ("event", "body")):
        rows = owner.execute(f"SELECT {column}::text FROM {table}").fetchall()
        found = [row for (row,) in rows if row and PASSWORD.encode().hex() in row]
        found += [row for (row,) in rows if row and PASSWORD in row]
        assert rows
        assert found == []


def test_an_answer_names_what_it_answers(login, receive):
    """Whoever may not read a document may not answer it either."""
    received = receive()
    stranger = login("chuyenvien.stttt")
    refused = stranger.post("outgoing-documents", {"in_reply_to": received["id"]})
    assert refused.status_code == 403
    allowed = login("vanthu.stttt").post("outgoing-documents", {"in_reply_to": received["id"]})
    assert allowed.status_code == 201


def test_an_answer_is_addressed_to_whom_it_answers(login, receive, choose):
    clerk = login("vanthu.stttt")
    asked = receive(organ_name="Sở Tài chính", subject="Hỏi về chế độ")
    begun = clerk.post("outgoing-documents", {"in_reply_to": asked["id"]}).json
    step = clerk.step("draft", begun["instance_id"])
    finance = choose(step["choices"]["agencies"], "Sở Tài chính")
    assert step["initial"]["recipients"] == [{"agency": finance, "for_information": False}]


def test_statuses_narrow_the_list(login, issued):
    clerk = login("vanthu.stttt")
    found = clerk.get("outgoing-documents?status=issued").json["items"]
    assert [document["id"] for document in found] == [issued["id"]]
    wrong = clerk.get("outgoing-documents?status=lost")
    assert wrong.json["errors"][0]["parameter"] == "status"


def test_a_document_is_asked_back_and_the_answer_is_read(login, issued, owner):
    clerk = login("vanthu.stttt")
    address = f"outgoing-documents/{issued['id']}/requests"
    assert clerk.get(address).json == {"items": []}
    (recipient,) = clerk.get(f"outgoing-documents/{issued['id']}/recipients").json["items"]
    owner.execute("UPDATE recipient SET delivery = 'sent' WHERE id = %s", (recipient["id"],))
    waiting = clerk.get("outgoing-documents/unreceived").json["items"]
    assert [one["recipient_id"] for one in waiting] == [recipient["id"]]
    assert waiting[0]["receipt_due_at"] > waiting[0]["since"]
    wrong = clerk.post(address, {"kind": "update", "reason": "Sai"})
    assert wrong.status_code == 422
    assert (
        login("chuyenvien.stttt").post(address, {"kind": "recall", "reason": "Sai"}).status_code
        == 403
    )
    body = {"kind": "take_back", "reason": "Gửi nhầm", "recipient_ids": [recipient["id"]]}
    asked = clerk.post(address, body)
    assert asked.status_code == 201, asked.json
    again = clerk.post(address, body)
    assert (again.status_code, again.json["type"]) == (409, "urn:congvan:problem:already-asked")
    (one,) = clerk.get(address).json["items"]
    assert (one["answer"], one["reason"], one["answered_at"]) == ("open", "Gửi nhầm", None)
    nothing = clerk.post(f"outgoing-documents/{issued['id']}/updates", {"reason": "Không đổi"})
    assert (nothing.status_code, nothing.json["type"]) == (
        422,
        "urn:congvan:problem:nothing-to-update",
    )
