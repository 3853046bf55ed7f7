"""Our axis serves clients that call as the national adapter's own SDK does, over real HTTP."""

import json
from hashlib import sha256
from itertools import count

import pytest
from deployed_sdk import DeployedSdk
from hub_ground import document, open_hub

DOCUMENTS = {"servicetype": "eDoc", "messagetype": "edoc"}


@pytest.fixture(scope="module")
def hub(cluster, template):
    with open_hub(cluster, template) as made:
        made.admit("ubnd", "H55")
        made.admit("stttt", "H55.07")
        made.admit("stc", "H55.08")
        yield made


@pytest.fixture
def sdk(hub):
    return lambda system: DeployedSdk(hub.port, system, f"khoa-{system}")


#: its digest as the SDK writes it is not the digest as others write it
FILE = next(
    data
    for number in count()
    if min(sha256(data := document("H55.07", "H55", number=number)).digest()) < 16
)


def test_a_document_goes_its_whole_way(sdk):
    sender, receiver = sdk("stttt"), sdk("ubnd")
    asked = {**DOCUMENTS, "from": "H55.07"}
    sent = sender.send(asked, FILE)
    assert (sent["status"], sent["ErrorCode"]) == ("OK", "0")
    assert sender.send(asked, FILE) == sent, "the same bytes again"
    [row] = receiver.call("getReceivedEdocList", DOCUMENTS)["data"]
    assert json.loads(receiver.get("countReceiveEdoc", {}))["count"] == 1
    assert json.loads(receiver.get("countReceiveStatus", {}))["count"] == 0
    packet = {"docId": row["docId"]}
    # exactly the file: the line break is the client's, the digest does not cover it
    assert receiver.get("downloadEdoc", packet) == FILE
    told = receiver.call("updateStatus", {**packet, "status": "fail", "description": "Lỗi tệp"})
    assert told["status"] == "OK"
    assert receiver.call("updateStatus", {**packet, "status": "done"})["status"] == "OK"
    assert receiver.call("getReceivedEdocList", DOCUMENTS)["data"] == []
    # its digest stays in the headers of calls that carry no file
    [row] = sender.call("getSentEdocList", DOCUMENTS)["data"]
    assert (row["senderDocId"], row["receiveStatus"]) == (sent["DocId"], "done")
    assert row["receiveStatusDesc"] == "Lỗi tệp"


def test_what_is_refused_reaches_it(sdk):
    sender = sdk("stttt")
    data = document("H55.07", "H55.99")
    told = sender.send({**DOCUMENTS, "from": "H55.07"}, data)
    assert (told["status"], told["ErrorCode"], told["DocId"]) == ("FAIL", "18", "")
    assert "Nơi nhận không có trong danh bạ" in told["ErrorDesc"]
    # whoever downloads keeps any body as the file
    assert sender.get("downloadEdoc", {"docId": "khong-co"}) == b""
    stranger = DeployedSdk(sender.port, "stttt", "khoa-sai")
    assert stranger.get("downloadEdoc", {"docId": "khong-co"}) == b""
    assert json.loads(stranger.get("countReceiveEdoc", {}))["ErrorCode"] == "15"


@pytest.mark.parametrize("behind", [b"\n", b"\r\n\r\n", b" \r\n", b"x"])
def test_nothing_else_may_follow_the_file(sdk, behind):
    class Longer(DeployedSdk):
        def _ask(self, operation, body):
            return super()._ask(operation, body[:-2] + behind)

    client = Longer(sdk("stttt").port, "stttt", "khoa-stttt")
    told = client.send({**DOCUMENTS, "from": "H55.07"}, FILE)
    assert (told["status"], told["ErrorCode"]) == ("FAIL", "15")


def test_an_agency_is_registered_with_a_body_that_is_not_signed_but_never_with_another(sdk, hub):
    made = {"code": "H55.07.09", "pcode": "H55.07", "name": "Trung tâm", "mail": ""}
    client = sdk("stttt")
    assert client.register(made)["status"] == "OK"
    rows = client.call("getAgenciesListQD20", {"id": "H55.07.09"})["data"]
    assert [(row["code"], row["name"], row["code102"]) for row in rows] == [
        ("H55.07.09", "Trung tâm", "")
    ]
    client.headers["hash-file"] = sha256(b"khac").hexdigest()
    assert client.register(made)["ErrorCode"] == "15"
    del client.headers["hash-file"]
    stranger = {"code": "H55.08.09", "pcode": "H55.08", "name": "Trung tâm"}
    assert client.register(stranger)["ErrorCode"] == "19"


def test_the_codes_of_the_new_form_stand_beside_the_old(sdk, hub):
    with hub.database.transaction() as tx:
        hub.axis(tx).admit_agency("stc", "H55.08", "Sở Tài chính", ("000.00.08.H55",))
    rows = sdk("ubnd").call("getAgenciesListQD20", {"id": "H55.08"})["data"]
    assert [(row["code"], row["code102"]) for row in rows] == [("H55.08", "000.00.08.H55")]
