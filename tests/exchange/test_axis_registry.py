"""The directory of the axis, over both its stores: codes with days, successors, who sends for whom."""

from dataclasses import replace
from datetime import date, timedelta

import orjson
import pytest

from exchange.axis import Axis
from exchange.axis_headers import sign
from exchange.axis_parameters import MOST_RECEIVERS
from exchange.axis_refusals import BadCall, CodeTaken, UnknownReceiver, UnknownSystem
from exchange.axis_store import AgencyCode
from exchange.edxml import write, write_status
from exchange.envelope import Party, ResponseFor
from exchange.memory_store import MemoryStore
from exchange.status import StatusCode, StatusMessage
from records.axis import AxisStore

MERGED = date(2026, 11, 19)


@pytest.fixture(params=["memory", "postgres"])
def axis(request, clock):
    """Departments of a province; finance was merged into planning the day before."""
    store = MemoryStore() if request.param == "memory" else AxisStore(request.getfixturevalue("tx"))
    axis = Axis(store, clock)
    for system_id in ("ubnd", "stttt", "stc", "vnpt"):
        axis.admit_system(system_id, f"khoa-{system_id}")
    axis.admit_agency("ubnd", "H55", "UBND tỉnh Thái Nguyên", ("000.00.00.H55",))
    axis.admit_agency("stttt", "H55.07", "Sở Thông tin và Truyền thông", parent="H55")
    axis.admit_agency("stc", "H55.08", "Sở Tài chính", ("000.00.08.H55",), parent="H55")
    axis.admit_agency("ubnd", "H55.09", "Sở Kế hoạch và Đầu tư", parent="H55")
    return axis


@pytest.fixture
def ask(axis, clock):
    def call(operation, parameters, body=b"", system="stttt"):
        headers = sign(parameters, body, system, f"khoa-{system}", clock())
        return orjson.loads(axis.handle(operation, headers, body).body)

    return call


@pytest.fixture
def send(ask):
    def call(message, system="stttt", kind="edoc"):
        body = message if isinstance(message, bytes) else write(message)
        return ask("sendEdoc", {"servicetype": "eDoc", "messagetype": kind}, body, system)

    return call


def waiting(ask, system, kind="edoc"):
    return [
        row["to"] for row in ask("getReceivedEdocList", {"messagetype": kind}, b"", system)["data"]
    ]


def test_a_retired_code_is_refused_with_its_successor(axis, ask, send, clock, make_envelope):
    axis.registry.retire_code("000.00.08.H55", MERGED, "H55.08")
    refused = send(make_envelope(to=("H55", "000.00.08.H55")))
    assert (refused["status"], refused["ErrorCode"]) == ("FAIL", "18")
    assert refused["successors"] == {"000.00.08.H55": "H55.08"}
    assert "000.00.08.H55 (đã hết hiệu lực, nay dùng H55.08)" in refused["ErrorDesc"]
    assert waiting(ask, "ubnd") == [], "all or nothing"
    # the control: on its last day it counted
    clock.at -= timedelta(days=1)
    assert send(make_envelope(to=("H55", "000.00.08.H55")))["status"] == "OK"
    assert waiting(ask, "stc") == ["000.00.08.H55"]


def test_a_code_of_the_future_is_refused_until_its_day(axis, send, clock, make_envelope):
    axis.registry.add_code("H55.08", "H55.88", date(2026, 12, 1))
    refused = send(make_envelope(to=("H55.88",)))
    assert "H55.88 (có hiệu lực từ 01/12/2026)" in refused["ErrorDesc"]
    clock.at += timedelta(days=11)
    assert send(make_envelope(to=("H55.88",)))["status"] == "OK"


@pytest.mark.parametrize(
    ("written", "meant"),
    [("000.00.07.H55", "H55.07"), ("000.00.09.H55", "H55.09"), ("H55.999", ""), ("X.Y", "")],
)
def test_an_unknown_code_in_the_other_form_is_only_suggested(send, make_envelope, written, meant):
    refused = send(make_envelope(organ="H55.08", to=(written,)), "stc")
    assert refused["ErrorCode"] == "18"
    assert refused.get("successors", {}) == ({written: meant} if meant else {})
    assert (f"có phải {meant}?" in refused["ErrorDesc"]) == bool(meant)


def test_a_merged_agency_sends_no_more_and_its_reports_go_to_the_successor(
    axis, ask, send, clock, make_envelope
):
    """Who answers an old document names the code that stood on it (edxml.md §7: ResponseFor)."""
    for code in ("H55.08", "000.00.08.H55"):
        axis.registry.retire_code(code, MERGED, "H55.09")
    refused = send(make_envelope(organ="H55.08"), "stc")
    assert refused["ErrorCode"] == "19"
    report = StatusMessage(
        Party("H55.07", "Sở TTTT"),
        ResponseFor("000.00.08.H55", "9/STC", date(2026, 10, 1), "H55.08,2026/10/01,9/STC"),
        StatusCode.COMPLETED,
        clock(),
        "Xong",
    )
    assert send(write_status(report), kind="status")["status"] == "OK"
    assert waiting(ask, "ubnd", "status") == ["000.00.08.H55"]
    lost = replace(report, response=replace(report.response, organ_id="H55.77"))
    assert send(write_status(lost), kind="status")["ErrorCode"] == "18"


def test_old_and_new_codes_name_one_agency_whose_queue_outlives_them(
    axis, ask, send, clock, make_envelope
):
    both = make_envelope(to=("H55.08", "000.00.08.H55"))
    assert send(both)["status"] == "OK"
    axis.registry.add_code("H55.08", "H55.18")
    axis.registry.retire_code("H55.08", MERGED, "H55.18")
    assert waiting(ask, "stc") == ["H55.08"], "one delivery, and it stays in the queue"
    assert axis.registry.agency("000.00.08.H55").code == "H55.18"
    clock.at += timedelta(minutes=1)
    assert send(make_envelope(216, to=("H55.18",)))["status"] == "OK"
    assert waiting(ask, "stc") == ["H55.08", "H55.18"]


def test_only_its_own_system_and_its_intermediaries_send_for_an_agency(
    axis, ask, send, make_envelope
):
    envelope = make_envelope()
    assert send(envelope, "vnpt")["ErrorCode"] == "19"
    axis.registry.allow_intermediary("H55.07", "vnpt")
    receipt = send(envelope, "vnpt")["DocId"]
    for system in ("vnpt", "stttt"):
        sent = ask("getSentEdocList", {"messagetype": "edoc"}, b"", system)["data"]
        assert [row["senderDocId"] for row in sent] == [receipt]
    assert waiting(ask, "vnpt") == [], "to send for an agency is not to read its post"
    assert ask("deleteAgency", {"AgencyCode": "H55.07"}, b"", "vnpt")["ErrorCode"] == "19"
    axis.registry.allow_intermediary("H55.07", "vnpt", allowed=False)
    assert send(make_envelope(216), "vnpt")["ErrorCode"] == "19"
    with pytest.raises(UnknownSystem):
        axis.registry.allow_intermediary("H55.07", "ai-do")


def test_a_copy_of_the_directory_follows_by_version(axis, ask, clock):
    whole = ask("getSynchronizeUnit", {})
    assert len(whole["data"]) == 6, "a plain client still gets everything"
    assert ask("getSynchronizeUnit", {"version": str(whole["version"])})["data"] == []
    # twice within one second: both are newer than what the copy has, and told apart
    axis.registry.rename("H55.07", "Sở Khoa học và Công nghệ")
    first = ask("getSynchronizeUnit", {"since": str(whole["version"])})
    axis.registry.retire_code("000.00.08.H55", MERGED, "H55.08")
    second = ask("getSynchronizeUnit", {"version": str(first["version"])})
    assert [row["name"] for row in first["data"]] == ["Sở Khoa học và Công nghệ"]
    rows = {
        row["code"]: (row["deleted"], row["validUntil"], row["successor"]) for row in second["data"]
    }
    assert rows == {"H55.08": (False, "", ""), "000.00.08.H55": (True, "2026/11/19", "H55.08")}
    assert "000.00.08.H55" not in {row["code"] for row in ask("getAgenciesList", {})["data"]}
    for wrong in ("-1", "mai", "9" * 30):
        assert ask("getSynchronizeUnit", {"version": wrong})["ErrorCode"] == "21"


def test_what_the_directory_refuses(axis):
    registry = axis.registry
    with pytest.raises(CodeTaken):
        registry.add_code("H55.07", "000.00.08.h55")
    with pytest.raises(CodeTaken):
        axis.admit_agency("stttt", "H55.70", "Chiếm mã cũ", ("000.00.08.H55",))
    for successor in ("H55.08", "H99"):
        with pytest.raises(BadCall):
            registry.retire_code("h55.08", MERGED, successor)
    with pytest.raises(UnknownReceiver):
        registry.rename("H99", "Không có")


def test_entering_an_agency_again_brings_no_retired_code_back(axis):
    axis.registry.retire_code("000.00.08.H55", MERGED, "H55.08")
    axis.admit_agency("stc", "H55.08", "Sở Tài chính", ("000.00.08.H55",))
    assert axis.registry.agency("H55.08").codes[1] == AgencyCode(
        "000.00.08.H55", None, MERGED, "H55.08"
    )


def test_its_own_agency_as_an_addressee_is_a_refusal(ask, send, make_envelope):
    refused = send(make_envelope(to=("H55", "h55.07")))
    assert refused["ErrorCode"] == "18"
    assert "chính là đơn vị gửi" in refused["ErrorDesc"]
    assert waiting(ask, "ubnd") == []


def test_ten_thousand_addressees_are_served_and_one_more_is_refused(tx, clock, make_envelope):
    store = AxisStore(tx)
    axis = Axis(store, clock)
    axis.admit_system("stttt", "khoa-stttt")
    axis.admit_agency("stttt", "H55.07", "Sở Thông tin và Truyền thông")
    tx.execute(
        """INSERT INTO axis_agency (key, code, name, system_id, changed_at, revision, intermediaries,
             parent, mail, is_locked, is_deleted)
           SELECT 'H55.X.' || n, 'H55.X.' || n, 'Xã ' || n, 'stttt', now(), n, '{}', '', '', false,
             false FROM generate_series(0, %s) n""",
        MOST_RECEIVERS,
    )
    tx.execute(
        "INSERT INTO axis_code (key, code, agency, no, successor)"
        " SELECT key, code, key, 1, '' FROM axis_agency WHERE key LIKE 'H55.X.%'"
    )
    codes = [f"H55.X.{number}" for number in range(MOST_RECEIVERS + 1)]

    def send(to):
        body = write(make_envelope(to=to))
        headers = sign({"messagetype": "edoc"}, body, "stttt", "khoa-stttt", clock())
        return orjson.loads(axis.handle("sendEdoc", headers, body).body)

    assert send(codes)["ErrorCode"] == "22"
    assert send(codes[1:])["status"] == "OK"
    held = tx.execute("SELECT count(*), count(DISTINCT receiver) FROM axis_packet").fetchone()
    assert held == (MOST_RECEIVERS, MOST_RECEIVERS)
