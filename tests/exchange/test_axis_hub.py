"""The hub: who may call, who gets what, once, and until it is confirmed."""

import json
from dataclasses import replace
from datetime import date, timedelta

import orjson
import pytest

from exchange.axis_headers import sign
from exchange.axis_refusals import CodeTaken
from exchange.edxml import read, write, write_status
from exchange.envelope import Business, BusinessType, Party, ResponseFor
from exchange.errors import AxisFault, NoSuchPacket, NotRecognised, RefusedByAxis
from exchange.gateway import MessageType, Outcome
from exchange.status import StatusCode, StatusMessage

EDOC, STATUS = MessageType.EDOC, MessageType.STATUS


@pytest.fixture
def ask(hub, clock):
    """Call the hub with headers signed by a system; `change` may spoil them."""

    def call(operation, parameters, body=b"", system="stttt", secret=None, change=None, at=None):
        headers = sign(parameters, body, system, secret or f"khoa-{system}", at or clock())
        if change:
            change(headers)
        answer = hub.handle(operation, headers, body)
        return answer.status, orjson.loads(answer.body)

    return call


def sending(**extra):
    return {"servicetype": "eDoc", "messagetype": "edoc", "from": "H55.07", **extra}


def test_one_packet_per_receiver_and_the_bytes_untouched(in_process, make_envelope):
    sender = in_process("stttt", "H55.07")
    data = write(make_envelope(to=("H55", "H55.08")))
    receipt = sender.send(EDOC, data)
    for system, code in (("ubnd", "H55"), ("stc", "H55.08")):
        receiver = in_process(system, code)
        (arrival,) = receiver.list_received(EDOC)
        assert (arrival.sender, arrival.receiver) == ("H55.07", code)
        assert arrival.packet_id != receipt
        assert receiver.fetch(arrival.packet_id) == data
        assert receiver.list_received(STATUS) == []
    assert [row["senderDocId"] for row in sender.sent(EDOC)] == [receipt, receipt]


def test_two_codes_of_one_agency_make_one_packet(in_process, make_envelope):
    data = write(make_envelope(to=("000.00.00.H55", "H55", "h55.08")))
    in_process("stttt", "H55.07").send(EDOC, data)
    (arrival,) = in_process("ubnd", "H55").list_received(EDOC)
    assert arrival.receiver == "000.00.00.H55"  # as the sender addressed it
    assert len(in_process("stc", "H55.08").list_received(EDOC)) == 1


def test_the_call_s_own_receivers_come_before_those_in_the_message(in_process, make_envelope):
    data = write(make_envelope(to=("H55", "H55.08")))
    in_process("stttt", "H55.07").send(EDOC, data, ("H55.08",))
    assert in_process("ubnd", "H55").list_received(EDOC) == []
    assert len(in_process("stc", "H55.08").list_received(EDOC)) == 1


def test_listed_until_done(in_process, make_envelope):
    in_process("stttt", "H55.07").send(EDOC, write(make_envelope()))
    receiver = in_process("ubnd", "H55")
    (arrival,) = receiver.list_received(EDOC)
    receiver.fetch(arrival.packet_id)
    assert receiver.list_received(EDOC) == [arrival]
    receiver.confirm(arrival.packet_id, Outcome.PROCESSING)
    assert [a.packet_id for a in receiver.list_received(EDOC)] == [arrival.packet_id]
    receiver.confirm(arrival.packet_id, Outcome.DONE)
    assert receiver.list_received(EDOC) == []
    # the answer to `done` may be lost: saying it again, or fetching again, is harmless
    receiver.confirm(arrival.packet_id, Outcome.DONE)
    receiver.confirm(arrival.packet_id, Outcome.FAIL, "trễ")
    assert read(receiver.fetch(arrival.packet_id)).subject
    (row,) = in_process("stttt", "H55.07").sent(EDOC)
    assert (row["receiveStatus"], row["receiveStatusDesc"]) == ("done", "")


def test_a_failed_packet_is_seen_by_its_sender_and_can_be_offered_again(
    hub, in_process, make_envelope
):
    sender, receiver = in_process("stttt", "H55.07"), in_process("ubnd", "H55")
    sender.send(EDOC, write(make_envelope()))
    (arrival,) = receiver.list_received(EDOC)
    receiver.confirm(arrival.packet_id, Outcome.FAIL, "Không mở được\ntệp đính kèm")
    assert receiver.list_received(EDOC) == []
    assert sender.sent(EDOC)[0]["receiveStatusDesc"] == "Không mở được tệp đính kèm"
    hub.redeliver(arrival.packet_id)
    assert [a.packet_id for a in receiver.list_received(EDOC)] == [arrival.packet_id]


def test_sending_again_gives_the_same_id_and_no_second_packet(in_process, make_envelope):
    sender, receiver = in_process("stttt", "H55.07"), in_process("ubnd", "H55")
    envelope = make_envelope()
    first = sender.send(EDOC, write(envelope))
    assert sender.send(EDOC, write(envelope)) == first
    # other bytes, the same new document: a retry written anew
    assert sender.send(EDOC, write(replace(envelope, content="ghi lại"))) == first
    assert len(receiver.list_received(EDOC)) == 1
    receiver.confirm(receiver.list_received(EDOC)[0].packet_id, Outcome.DONE)
    assert sender.send(EDOC, write(envelope)) == first
    assert receiver.list_received(EDOC) == []
    # the controls: another document, and an update of the same, do arrive
    assert sender.send(EDOC, write(make_envelope(216))) != first
    update = Business(BusinessType.UPDATE, "Sửa trích yếu", document_id=envelope.document_id)
    assert sender.send(EDOC, write(replace(envelope, business=update))) != first
    assert len(receiver.list_received(EDOC)) == 2


def test_sending_again_to_a_further_receiver_reaches_only_that_one(in_process, make_envelope):
    sender = in_process("stttt", "H55.07")
    data = write(make_envelope(to=("H55", "H55.08")))
    first = sender.send(EDOC, data, ("H55",))
    assert sender.send(EDOC, data, ("H55", "H55.08")) == first
    assert len(in_process("ubnd", "H55").list_received(EDOC)) == 1
    assert len(in_process("stc", "H55.08").list_received(EDOC)) == 1


def test_the_same_document_id_from_another_sender_is_another_document(in_process, make_envelope):
    mine = make_envelope()
    theirs = replace(mine, sender=Party("H55.08", "Sở Tài chính"))
    first = in_process("stttt", "H55.07").send(EDOC, write(mine))
    assert in_process("stc", "H55.08").send(EDOC, write(theirs)) != first
    assert len(in_process("ubnd", "H55").list_received(EDOC)) == 2


def test_unknown_receiver_is_error_18_and_nobody_gets_it(in_process, make_envelope):
    sender = in_process("stttt", "H55.07")
    with pytest.raises(RefusedByAxis) as caught:
        sender.send(EDOC, write(make_envelope(to=("H55", "H55.99", "G00"))))
    assert caught.value.fields["error_code"] == "18"
    assert "H55.99, G00" in caught.value.text("vi")
    assert not caught.value.retryable
    assert in_process("ubnd", "H55").list_received(EDOC) == []
    assert sender.sent(EDOC) == []


def test_locked_and_deleted_receivers(hub, in_process, make_envelope):
    sender = in_process("stttt", "H55.07")
    hub.registry.lock("000.00.00.H55")
    with pytest.raises(RefusedByAxis) as caught:
        sender.send(EDOC, write(make_envelope()))
    assert caught.value.fields["error_code"] == "23"
    hub.registry.lock("H55", locked=False)
    sender.send(EDOC, write(make_envelope()))
    in_process("stc", "H55.08")._call("deleteAgency", {"AgencyCode": "H55.08"})
    with pytest.raises(RefusedByAxis) as caught:
        sender.send(EDOC, write(make_envelope(217, to=("H55.08",))))
    assert caught.value.fields["error_code"] == "18"
    with pytest.raises(RefusedByAxis):
        in_process("la", "G99")._call("deleteAgency", {"AgencyCode": "H55"})


def test_transport_identity_and_from_must_agree(in_process, make_envelope):
    """A system that signs well may still not speak for another's agency."""
    with pytest.raises(RefusedByAxis) as caught:
        in_process("la", "G99").send(EDOC, write(make_envelope()))
    assert caught.value.fields["error_code"] == "19"
    assert "không được gửi thay" in caught.value.text("vi")
    with pytest.raises(RefusedByAxis):  # the header says another agency than the message
        in_process("stttt", "H55").send(EDOC, write(make_envelope()))
    with pytest.raises(RefusedByAxis) as caught:
        in_process("stttt", "X1").send(EDOC, write(make_envelope(organ="X1")))
    assert caught.value.fields["error_code"] == "19"
    assert in_process("ubnd", "H55").list_received(EDOC) == []


def test_packets_of_others_do_not_exist(in_process, make_envelope):
    in_process("stttt", "H55.07").send(EDOC, write(make_envelope()))
    (arrival,) = in_process("ubnd", "H55").list_received(EDOC)
    stranger = in_process("la", "G99")
    with pytest.raises(NoSuchPacket):
        stranger.fetch(arrival.packet_id)
    with pytest.raises(RefusedByAxis):
        stranger.confirm(arrival.packet_id, Outcome.DONE)
    with pytest.raises(NoSuchPacket):
        in_process("stttt", "H55.07").fetch(arrival.packet_id)
    assert len(in_process("ubnd", "H55").list_received(EDOC)) == 1


def test_a_status_goes_back_by_its_response_for(in_process):
    receiver, sender = in_process("ubnd", "H55"), in_process("stttt", "H55.07")
    message = StatusMessage(
        Party("H55", "UBND tỉnh"),
        ResponseFor("H55.07", "215/STTTT-VP", date(2026, 11, 20), "H55.07,2026/11/20,215/STTTT-VP"),
        StatusCode.REFUSED,
        receiver._clock(),
        "Sai thẩm quyền",
    )
    receipt = receiver.send(STATUS, write_status(message))
    assert receiver.send(STATUS, write_status(message)) == receipt
    (arrival,) = sender.list_received(STATUS)
    assert read(sender.fetch(arrival.packet_id)) == message
    with pytest.raises(RefusedByAxis):  # a status is no document
        receiver.send(EDOC, write_status(message))


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda data: data[:-20], "10"),
        (lambda data: data.replace(b"<edXML ", b"<!DOCTYPE x><edXML ", 1), "10"),
        (lambda data: data.replace(b"<edXML:Subject>", b"<edXML:Subjekt>").replace(b"</edXML:Subject>", b"</edXML:Subjekt>"), "22"),
        (lambda data: data.replace(b'QCVN_102_2016">JVBE', b'QCVN_102_2016">J*BE'), "21"),
        (lambda data: b"", "10"),
    ],
)  # fmt: skip
def test_bad_messages_never_enter(in_process, make_envelope, damage, code):
    data = write(make_envelope())
    with pytest.raises(RefusedByAxis) as caught:
        in_process("stttt", "H55.07").send(EDOC, damage(data))
    assert caught.value.fields["error_code"] == code
    assert in_process("ubnd", "H55").list_received(EDOC) == []


# --- authentication -----------------------------------------------------------------------------


def test_a_well_signed_call_passes(ask, make_envelope):
    status, answer = ask("sendEdoc", sending(), write(make_envelope()))
    assert (status, answer["status"], answer["ErrorCode"]) == (200, "OK", "0")


def drop(name):
    return lambda headers: headers.pop(name)


def put(name, value):
    return lambda headers: headers.update({name: value})


@pytest.mark.parametrize(
    "change",
    [
        put("XroadVnpt-hash-header", "0" * 64),
        drop("XroadVnpt-hash-header"),
        drop("XroadVnpt-sign-header"),
        drop("XroadVnpt-sign-header-key"),
        put("XroadVnpt-sign-header", "[]"),
        put("XroadVnpt-sign-header", "[" * 100_000),
        put("XroadVnpt-sign-header", '{"XroadVnpt-systemid": 7}'),
        put("XroadVnpt-to", '["H55.08"]'),  # a parameter nobody signed
        put("XroadVnpt-from", "H55.08"),  # differs from what was signed
        put("xroadvnpt-FROM2", "x"),
        put("XroadVnpt-sign-header-key", "XroadVnpt-systemid"),
        lambda headers: headers.clear(),
    ],
)
def test_what_is_not_signed_as_it_must_be_is_refused(ask, in_process, make_envelope, change):
    status, answer = ask("sendEdoc", sending(), write(make_envelope()), change=change)
    assert (status, answer["status"], answer["ErrorCode"]) == (401, "FAIL", "15")
    assert "Không xác thực được" in answer["ErrorDesc"]
    assert in_process("ubnd", "H55").list_received(EDOC) == []


@pytest.mark.parametrize(
    ("system", "secret"), [("stttt", "sai"), ("nobody", "khoa-stttt"), ("", "x")]
)
def test_wrong_secret_or_system(ask, system, secret):
    status, answer = ask("getAgenciesList", {}, system=system, secret=secret)
    assert (status, answer["ErrorCode"]) == (401, "15")


def test_a_changed_or_unsigned_body(hub, clock, make_envelope):
    body = write(make_envelope())
    headers = sign(sending(), body, "stttt", "khoa-stttt", clock())
    assert hub.handle("sendEdoc", headers, body.replace(b"STTTT", b"SXXXX")).status == 401
    bare = sign(sending(), b"", "stttt", "khoa-stttt", clock())
    assert "XroadVnpt-hash-file" not in bare
    assert hub.handle("sendEdoc", bare, body).status == 401
    assert hub.handle("sendEdoc", headers, body).status == 200


def test_an_empty_secret_opens_nothing(hub, clock):
    hub.admit_system("trong", "")
    headers = sign({}, b"", "trong", "", clock())
    assert hub.handle("getAgenciesList", headers, b"").status == 401


@pytest.mark.parametrize("days", [-400, 400])
def test_a_stale_call_of_the_adapter_is_served_and_written_down(
    hub, ask, make_envelope, days, clock
):
    """An SDK sets its timestamp once, when it is made: a long-lived client is stale for ever."""
    far = clock() + timedelta(days=days)
    answer = ask("sendEdoc", sending(), write(make_envelope()), at=far)[1]
    again = ask("sendEdoc", sending(), write(make_envelope()), at=far)[1]
    assert (answer["status"], again["DocId"]) == ("OK", answer["DocId"])
    ask("sendEdoc", sending(), write(make_envelope(216)))
    assert [(one.kind, one.note) for one in hub._store.log] == [
        ("accepted", "stale"), ("repeated", "stale"), ("accepted", ""),
    ]  # fmt: skip


def test_our_own_extensions_refuse_a_stale_call(hub, ask, clock):
    hub._operations = {**hub._operations, "ourOwn": lambda *_: {}}
    assert ask("ourOwn", {})[0] == 200
    status, answer = ask("ourOwn", {}, at=clock() + timedelta(minutes=11))
    assert status == 401
    assert "đồng hồ" in answer["ErrorDesc"]


def test_header_names_come_in_any_case_and_keys_without_prefix(ask):
    def lower(headers):
        keys = headers["XroadVnpt-sign-header-key"].replace("XroadVnpt-", "")
        changed = {name.lower(): value for name, value in headers.items()}
        headers.clear()
        headers.update(changed | {"xroadvnpt-sign-header-key": keys})

    assert ask("getReceivedEdocList", {"messagetype": "edoc"}, change=lower)[0] == 200


def test_the_json_is_verified_as_sent_whatever_its_order(hub, clock):
    """Java's map order is not ours; the text itself is what was signed."""
    from exchange.axis_headers import _mac

    headers = sign({"messagetype": "edoc"}, b"", "stttt", "khoa-stttt", clock())
    stated = json.loads(headers["XroadVnpt-sign-header"])
    text = json.dumps(dict(reversed(stated.items())), indent=1).replace("\n", " ")
    headers["XroadVnpt-sign-header"] = text
    assert hub.handle("getReceivedEdocList", headers, b"").status == 401
    headers["XroadVnpt-hash-header"] = _mac("khoa-stttt", text)
    assert hub.handle("getReceivedEdocList", headers, b"").status == 200


# --- directory and lists ------------------------------------------------------------------------


def test_the_directory_has_a_row_for_each_code(in_process):
    rows = in_process("la", "G99").directory()
    assert {row.code: row.agency_id for row in rows} == {
        "H55": "H55", "000.00.00.H55": "H55", "H55.07": "H55.07", "H55.08": "H55.08", "G99": "G99",
    }  # fmt: skip


def test_a_system_registers_agencies_below_its_own_only(hub, in_process):
    office, stranger = in_process("ubnd", "H55"), in_process("la", "G99")
    body = orjson.dumps({"code": "H55.30", "pcode": "000.00.00.H55", "name": "UBND xã", "mail": ""})
    office._call("registerAgency", {}, body)
    assert "H55.30" in {row.code for row in stranger.directory()}
    for entry in (
        {"code": "H55.31", "pcode": "H55", "name": "Giả danh"},
        {"code": "G98", "pcode": "", "name": "Không có cấp trên"},
        {"code": "H55.07", "pcode": "G99", "name": "Chiếm mã"},
    ):
        with pytest.raises(RefusedByAxis) as caught:
            stranger._call("registerAgency", {}, orjson.dumps(entry))
        assert caught.value.fields["error_code"] == "19"
    hub.registry.lock("H55.30")
    office._call("registerAgency", {}, body)
    assert hub._store.agency("H55.30").is_locked  # registering again is no way round a lock
    with pytest.raises(CodeTaken):
        hub.admit_agency("la", "G98", "Trùng mã cũ", ("000.00.00.H55",))


def test_units_carry_what_a_copy_of_the_directory_needs(ask):
    before = ask("getSynchronizeUnit", {})[1]["data"]
    ask("deleteAgency", {"AgencyCode": "H55.08"}, system="stc")
    after = ask("getSynchronizeUnit", {})[1]["data"]
    assert [row["deleted"] for row in before] == [False] * 5
    assert [row["code"] for row in after if row["deleted"]] == ["H55.08"]


def test_lists_by_day_in_either_format(ask, clock, make_envelope):
    ask("sendEdoc", sending(), write(make_envelope()))
    clock.at += timedelta(days=2)
    ask("sendEdoc", sending(), write(make_envelope(216)))

    def count(**period):
        answer = ask("getReceivedEdocList", {"messagetype": "edoc", **period}, system="ubnd")[1]
        return len(answer["data"])

    assert count() == 2
    assert count(fromDate="2026/11/21") == 1
    assert count(toDate="20/11/2026") == 1
    assert count(fromDate="20/11/2026 00:00:00", toDate="2026/11/22") == 2
    assert count(toDate="20/11/2026 00:00:00") == 0
    bad = ask("getReceivedEdocList", {"messagetype": "edoc", "fromDate": "mai"}, system="ubnd")[1]
    assert (bad["status"], bad["ErrorCode"]) == ("FAIL", "21")


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("getReceivedEdocList", {"messagetype": "replacement"}),
        ("getReceivedEdocList", {}),
        ("updateStatus", {"docId": "none", "status": "done"}),
        ("getEdoc", {}),
        ("registerAgency", {}),
        ("sendEdoc", {"messagetype": "edoc", "to": "H55"}),
        ("sendEdoc", {"messagetype": "edoc", "to": "[7]"}),
    ],
)
def test_bad_parameters_get_an_answer(ask, make_envelope, operation, parameters):
    body = write(make_envelope()) if operation == "sendEdoc" else b""
    status, answer = ask(operation, parameters, body)
    assert (status, answer["status"]) == (200, "FAIL")
    assert answer["ErrorDesc"]


def test_a_business_code_is_no_packet_state(ask, in_process, make_envelope):
    ask("sendEdoc", sending(), write(make_envelope()))
    (arrival,) = in_process("ubnd", "H55").list_received(EDOC)
    answer = ask("updateStatus", {"docId": arrival.packet_id, "status": "03"}, system="ubnd")[1]
    assert (answer["status"], answer["ErrorCode"]) == ("FAIL", "21")


def test_an_unknown_operation(ask):
    status, answer = ask("dropTables", {})
    assert (status, answer["status"]) == (404, "FAIL")


def test_an_internal_fault_is_one_to_retry(in_process):
    from exchange.axis import fault

    client = in_process("ubnd", "H55")
    client._hub = type("Down", (), {"handle": lambda *_: fault()})()
    with pytest.raises(AxisFault) as caught:
        client.list_received(EDOC)
    assert caught.value.retryable


def test_wrong_secret_alarms_instead_of_retrying(hub, in_process):
    hub.admit_system("ubnd", "khoa-moi")
    with pytest.raises(NotRecognised) as caught:
        in_process("ubnd", "H55").list_received(EDOC)
    assert not caught.value.retryable


def test_many_threads_send_the_same_document_once(in_process, make_envelope):
    from concurrent.futures import ThreadPoolExecutor

    sender, data = in_process("stttt", "H55.07"), write(make_envelope())
    with ThreadPoolExecutor(8) as pool:
        receipts = set(pool.map(lambda _: sender.send(EDOC, data), range(40)))
    assert len(receipts) == 1
    assert len(in_process("ubnd", "H55").list_received(EDOC)) == 1
