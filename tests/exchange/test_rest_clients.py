"""Clients of the province's wrapper and hub, against servers that follow their texts."""

import logging
import threading
import traceback
from contextlib import contextmanager
from datetime import timedelta

import orjson
import pytest
from stand_ins import Hub, Wrapper, reply, reply_json, serve

from exchange.edxml import read, write, write_status
from exchange.envelope import Party, ResponseFor
from exchange.errors import (
    AnswerTooLarge,
    AxisFault,
    GatewayError,
    InvalidSetting,
    NoSuchPacket,
    NotRecognised,
    RefusedByAxis,
    Unreachable,
)
from exchange.gateway import MessageType, Outcome
from exchange.hub_client import HeldForOthers, HubClient, HubConnection
from exchange.provincial_client import ProvincialClient, ProvincialConnection
from exchange.status import StatusCode, StatusMessage
from exchange.wire import Patience, Secret

EDOC, STATUS = MessageType.EDOC, MessageType.STATUS
SECRET, PASSWORD, TOKEN = "khoa-rat-mat", "mat-khau-lgsp", "the-rat-mat"


@pytest.fixture
def wrapper(clock):
    return Wrapper(
        clock,
        {"H55.07": "stttt", "H55": "ubnd", "H55.08": "stc"},
        {"stttt": SECRET, "ubnd": SECRET, "stc": SECRET},
        ("congvan", PASSWORD),
    )


@pytest.fixture
def provincial(clock):
    def connect(address, system="stttt", secret=SECRET, password=PASSWORD, **patience):
        connection = ProvincialConnection(
            address, system, Secret(secret), "congvan", Secret(password), Patience(**patience)
        )
        return ProvincialClient(connection, clock)

    return connect


def hub_client(address, organ="H55.07", token=TOKEN, **patience):
    return HubClient(HubConnection(address, organ, Secret(token), Patience(**patience)))


@pytest.fixture
def hub_stand_in():
    return Hub({"H55.07": TOKEN, "H55": TOKEN, "H55.08": TOKEN})


def status_message(clock, code=StatusCode.ARRIVED):
    answered = ResponseFor("H55.07", "215/STTTT-VP", None, "H55.07,2026/11/20,215/STTTT-VP")
    return StatusMessage(Party("H55", "UBND"), answered, code, clock(), code.vi)


# --- the wrapper --------------------------------------------------------------------------------


@pytest.mark.parametrize("as_xml", [False, True])
def test_a_document_by_the_wrapper(wrapper, provincial, clock, make_envelope, as_xml):
    wrapper.as_xml = as_xml
    envelope = make_envelope(to=("H55", "H55.08"))
    data = write(envelope)
    with serve(wrapper) as (address, seen):
        sender, receiver = provincial(address), provincial(address, "ubnd")
        assert sender.send(EDOC, data, ("H55", "H55.08")).startswith("tt-")
        assert receiver.list_received(STATUS) == []
        (arrival,) = receiver.list_received(EDOC)
        assert (arrival.sender, arrival.receiver) == ("H55.07", "H55")
        assert receiver.fetch(arrival.packet_id) == data
        receiver.confirm(arrival.packet_id, Outcome.PROCESSING)
        assert [a.packet_id for a in receiver.list_received(EDOC)] == [arrival.packet_id]
        receiver.confirm(arrival.packet_id, Outcome.DONE)
        assert receiver.list_received(EDOC) == []  # the wrapper still names it, as done
        assert len(provincial(address, "stc").list_received(EDOC)) == 1
        with pytest.raises(NoSuchPacket):
            receiver.fetch("khong-co")
    path, headers, _ = next(call for call in seen if call[0].startswith("/v1/sync"))
    assert path.endswith("messageType=status&fromDate=2026%2F10%2F21&toDate=2026%2F11%2F21")
    assert (headers["X-SystemId"], headers["X-SecretKey"]) == ("ubnd", SECRET)


def test_a_token_serves_until_shortly_before_its_end(wrapper, provincial, clock):
    with serve(wrapper) as (address, seen):
        client = provincial(address)
        for minutes in (0, 10, 13, 2):  # 25 minutes after the login: a fifth is left
            clock.at += timedelta(minutes=minutes)
            client.list_received(EDOC)
        assert [path for path, *_ in seen].count("/v1/auth/login") == 2
        assert all(self_ for self_ in wrapper.tokens)
        wrapper.tokens.clear()  # the wrapper was started again: our token is good no more
        assert client.list_received(EDOC) == []
        assert [path for path, *_ in seen].count("/v1/auth/login") == 3


def test_threads_share_one_login(wrapper, provincial):
    with serve(wrapper) as (address, seen):
        client = provincial(address)
        threads = [threading.Thread(target=client.list_received, args=(EDOC,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [path for path, *_ in seen].count("/v1/auth/login") == 1
        assert len(seen) == 9


def test_a_wrapper_without_login_asks_for_the_headers_alone(wrapper, clock):
    wrapper.tokens[""] = clock() + timedelta(hours=1)
    with serve(wrapper) as (address, seen):
        client = ProvincialClient(ProvincialConnection(address, "ubnd", Secret(SECRET)), clock)
        assert client.list_received(EDOC) == []
    assert [path.split("?")[0] for path, *_ in seen] == ["/v1/syncReceivedEdocList"]
    assert "Authorization" not in seen[0][1]


@pytest.mark.parametrize(
    ("code", "error", "retryable", "words"),
    [
        ("10", RefusedByAxis, False, "tệp gửi không hợp lệ"),
        ("15", NotRecognised, False, "sai SystemId hoặc SecretKey"),
        ("18", RefusedByAxis, False, "nơi nhận không tồn tại"),
        ("19", RefusedByAxis, False, "chưa đăng ký"),
        ("20", AxisFault, True, "lỗi nội bộ"),
        ("21", RefusedByAxis, False, "không xử lý được tệp"),
        ("22", RefusedByAxis, False, "không đúng định dạng"),
        ("23", RefusedByAxis, False, "đang bị khóa"),
        ("77", RefusedByAxis, False, "Lỗi lạ"),
    ],
)
def test_the_table_of_codes(wrapper, provincial, make_envelope, code, error, retryable, words):
    wrapper.send = lambda handler, _body: wrapper.fail(handler, code, "Lỗi lạ")
    with serve(wrapper) as (address, _), pytest.raises(GatewayError) as caught:
        provincial(address).send(EDOC, write(make_envelope()), ("H55",))
    assert type(caught.value) is error
    assert caught.value.retryable is retryable
    assert caught.value.fields["error_code"] == code
    assert words in caught.value.text("vi")
    assert caught.value.text("en")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, b'{"success":false}', AxisFault),
        (502, b"<html>", Unreachable),
        (200, b"<html>", Unreachable),
        (429, b"{}", AxisFault),
        (200, b'{"success":true,"message":"OK"}', Unreachable),  # no docId: not received
        (403, b"{}", NotRecognised),
        (302, b"", RefusedByAxis),
    ],
)
def test_answers_of_the_wrapper_are_sorted(wrapper, provincial, make_envelope, status, body, error):
    wrapper.send = lambda handler, _body: reply(handler, status, body)
    with serve(wrapper) as (address, _), pytest.raises(GatewayError) as caught:
        provincial(address).send(EDOC, write(make_envelope()))
    assert type(caught.value) is error


def test_who_is_not_named_in_the_message_cannot_be_reached(provincial, make_envelope):
    """Both are told no receivers: they would deliver to H55 and call it delivered to H55.08."""
    for client in (provincial("http://127.0.0.1:9"), hub_client("http://127.0.0.1:9")):
        with pytest.raises(RefusedByAxis) as caught:
            client.send(EDOC, write(make_envelope(to=("H55",))), ("H55.08",))
        assert "H55.08" in caught.value.text("vi")


# --- the hub ------------------------------------------------------------------------------------


def test_a_document_by_the_hub(hub_stand_in, make_envelope, clock):
    envelope = make_envelope(to=("H55", "H55.08"))
    data = write(envelope)
    with serve(hub_stand_in) as (address, seen):
        sender, receiver = hub_client(address), hub_client(address, "H55")
        assert sender.send(EDOC, data, ("H55",)) == "1001"
        (arrival,) = receiver.list_received(EDOC)  # the hub names it once for each receiver
        assert (arrival.packet_id, arrival.receiver) == ("edoc-1001", "H55")
        assert read(receiver.fetch(arrival.packet_id)) == envelope
        receiver.confirm(arrival.packet_id, Outcome.PROCESSING)
        assert receiver.list_received(EDOC) == [arrival]
        receiver.confirm(arrival.packet_id, Outcome.DONE)
        assert receiver.list_received(EDOC) == []
        receiver.send(STATUS, write_status(status_message(clock)))
        (status,) = sender.list_received(STATUS)
        assert read(sender.fetch(status.packet_id)) == status_message(clock)
        assert {entry.code for entry in sender.directory()} == {"H55.07", "H55", "H55.08"}
        for packet_id in ("edoc-9", "edoc", "../x", "edoc-1/2"):
            with pytest.raises((NoSuchPacket, AxisFault)):
                sender.fetch(packet_id)
    path, headers, body = seen[0]
    assert (path, headers["organid"], headers["type"]) == (
        "/EdocService/sendDocument",
        "H55.07",
        "EDOC",
    )
    assert body == data


def test_a_repeat_is_sent_only_where_the_hub_has_it_for_this_receiver(hub_stand_in, make_envelope):
    data, other = write(make_envelope(to=("H55", "H55.08"))), write(make_envelope(to=("H55",)))
    with serve(hub_stand_in) as (address, _):
        client = hub_client(address)
        client.send(EDOC, other, ("H55",))
        receipt = client.send(EDOC, other, ("H55",))  # the answer was lost, say
        assert receipt == client.send(EDOC, other)
        with pytest.raises(HeldForOthers) as caught:
            client.send(EDOC, data, ("H55", "H55.08"))
    assert "H55.08" in caught.value.text("vi")
    assert not caught.value.retryable
    assert len(hub_stand_in.packets) == 1


def test_no_status_is_confirmed_unread(hub_stand_in, make_envelope, clock):
    """The hub confirms every status of an agency with any packet of it."""
    with serve(hub_stand_in) as (address, _):
        mine, theirs = hub_client(address, "H55.07"), hub_client(address, "H55")
        theirs.send(EDOC, write(make_envelope(organ="H55", to=("H55.07",))))
        for code in (StatusCode.ARRIVED, StatusCode.ACCEPTED):
            theirs.send(STATUS, write_status(status_message(clock, code)))
        (document,) = mine.list_received(EDOC)
        mine.confirm(document.packet_id, Outcome.DONE)
        first, second = mine.list_received(STATUS)  # both are still there
        mine.confirm(first.packet_id, Outcome.DONE)
        assert mine.list_received(STATUS) == [first, second]
        mine.confirm(second.packet_id, Outcome.DONE)
        assert mine.list_received(STATUS) == []
        assert mine.list_received(EDOC) == [document]
        mine.confirm(document.packet_id, Outcome.DONE)
        assert mine.list_received(EDOC) == []
        # the control: the hub does forget unread statuses
        theirs.send(STATUS, write_status(status_message(clock, StatusCode.ASSIGNED)))
        mine._call("confirmReceived", {"docid": "1", "type": "EDOC"})
        assert mine.list_received(STATUS) == []


@pytest.mark.parametrize(
    ("codes", "error", "retryable"),
    [
        (["N.MessageHeader.Code"], RefusedByAxis, False),
        (["R.Subject", "T.OtherInfo"], RefusedByAxis, False),
        (["M.Priority"], RefusedByAxis, False),
        (["CheckSignature"], RefusedByAxis, False),
        (["Permission"], NotRecognised, False),
        (["InternalServer"], AxisFault, True),
        ([], AxisFault, True),
    ],
)
def test_errors_of_the_hub(make_envelope, codes, error, retryable):
    errors = [{"Code": code, "Description": f"lỗi {code}"} for code in codes]
    body = orjson.dumps({"status": "Fail", "code": "9999", "errors": errors})
    with (
        serve(lambda handler, _: reply(handler, 200, body)) as (address, _),
        pytest.raises(GatewayError) as caught,
    ):
        hub_client(address).send(EDOC, write(make_envelope()))
    assert type(caught.value) is error
    assert caught.value.retryable is retryable
    assert all(code in caught.value.text("vi") for code in codes)


def test_success_without_a_number_is_none(make_envelope):
    """The hub answers a status it cannot place with code 0 and number 0."""
    body = {"status": "Error", "code": "0", "docId": 0, "errors": []}
    with (
        serve(lambda handler, _: reply_json(handler, 200, body)) as (address, _),
        pytest.raises(AxisFault),
    ):
        hub_client(address).send(EDOC, write(make_envelope()))


# --- both ---------------------------------------------------------------------------------------


@contextmanager
def slow(patience_ended):
    def answer(handler, _):
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not patience_ended.wait(0.02):
                handler.wfile.write(b"X-Wait: 1\r\n")  # headers that drip for ever
        except OSError:
            return

    with serve(answer) as (address, _):
        try:
            yield address
        finally:
            patience_ended.set()


def clients(address, provincial, **patience):
    return [provincial(address, **patience), hub_client(address, **patience)]


def test_an_answer_that_never_ends_is_given_up(provincial):
    ended = threading.Event()
    with slow(ended) as address:
        for client in clients(address, provincial, total=0.15):
            with pytest.raises(Unreachable) as caught:
                client.list_received(EDOC)
            assert "quá thời gian chờ" in caught.value.text("vi")


def test_an_answer_beyond_the_cap_is_given_up_while_it_comes(wrapper, provincial):
    read_to_the_end = threading.Event()

    def answer(handler, body):
        if handler.path == "/v1/auth/login":
            return wrapper(handler, body)
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(100_000):
                handler.wfile.write(b" " * 65_536)  # six gigabytes
        except OSError:
            return None
        read_to_the_end.set()
        return None

    with serve(answer) as (address, _):
        for client in clients(address, provincial, largest_answer=1_000_000):
            with pytest.raises(AnswerTooLarge):
                client.list_received(EDOC)
    assert not read_to_the_end.is_set()


def test_no_secret_is_told(provincial, clock, caplog, make_envelope):
    """Not by an error, its chain or the log, even where the carrier repeats what it was sent."""
    caplog.set_level(logging.DEBUG)
    said = []

    def echo(handler, body):
        everything = f"{dict(handler.headers.items())} {body[:500]!r}"
        errors = [{"code": "M.X", "description": everything}]
        data = {"errorCode": "22", "errorDesc": everything}
        reply_json(handler, 200, {"success": False, "code": "9999", "errors": errors, "data": data,
                                  "token": None, "message": everything})  # fmt: skip

    with serve(echo) as (address, _):
        connection = ProvincialConnection(address, "stttt", Secret(SECRET))
        for client in (
            *clients(address, provincial),
            ProvincialClient(connection, clock),
            hub_client(address, token=f"{TOKEN}\r\nX: 1"),
            provincial(address, secret=f"{SECRET}\n"),
        ):
            with pytest.raises((GatewayError, InvalidSetting)) as caught:
                client.send(EDOC, write(make_envelope()))
            said.append("".join(traceback.format_exception(caught.value)) + caught.value.text("vi"))
        said.append(repr(connection) + repr(hub_client(address)._connection) + caplog.text)
    told = "".join(said)
    assert not [secret for secret in (SECRET, PASSWORD, TOKEN) if secret in told]
    assert "X-SystemId" in told  # the control: the carrier did repeat the call


@pytest.mark.parametrize("endpoint", ["ftp://x/", "http://", "https://ai:mat-khau@x/"])
def test_addresses_that_make_no_sense(provincial, endpoint):
    for make in (provincial, hub_client):
        with pytest.raises(InvalidSetting) as caught:
            make(endpoint)
        assert "mat-khau" not in caught.value.text("vi")
