"""The client against the real hub core over real HTTP, and against servers that misbehave."""

import base64
import hashlib
import hmac
import json
import socket
import threading
from datetime import timedelta

import orjson
import pytest
from stand_ins import reply, serve

from exchange.axis_client import AxisClient, Connection, Secret
from exchange.edxml import read, write
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

EDOC = MessageType.EDOC


@pytest.fixture
def wire(hub):
    """The hub behind `…/XrdAdapter/adapter`, as adapters are deployed."""

    def answer(handler, body):
        base, _, operation = handler.path.rpartition("/")
        assert base == "/XrdAdapter/adapter"
        response = hub.handle(operation, dict(handler.headers.items()), body)
        reply(handler, response.status, response.body)

    with serve(answer) as (address, seen):
        yield f"{address}/XrdAdapter/adapter", seen


def connect(address, system="stttt", code="H55.07", secret=None, clock=None, **settings):
    connection = Connection(address, system, Secret(secret or f"khoa-{system}"), code, **settings)
    return AxisClient(connection, clock) if clock else AxisClient(connection)


def test_a_document_over_http(wire, clock, make_envelope):
    address, seen = wire
    sender = connect(address, clock=clock)
    receiver = connect(address, "ubnd", "H55", clock=clock)
    envelope = make_envelope()
    receipt = sender.send(EDOC, write(envelope), ("H55",))
    assert sender.send(EDOC, write(envelope), ("H55",)) == receipt
    (arrival,) = receiver.list_received(EDOC)
    assert arrival.created_at == clock()
    assert read(receiver.fetch(arrival.packet_id)) == envelope
    receiver.confirm(arrival.packet_id, Outcome.DONE, "Đã lưu — bản gốc")
    assert receiver.list_received(EDOC) == []
    (row,) = sender.sent(EDOC)
    assert (row["receiveStatus"], row["receiveStatusDesc"]) == ("done", "Đã lưu — bản gốc")
    assert row["title"] == envelope.subject
    path, headers, body = seen[0]
    assert path == "/XrdAdapter/adapter/sendEdoc"
    assert headers["XroadVnpt-hash-file"] == hashlib.sha256(body).hexdigest()
    assert headers["XroadVnpt-version"] == "3.0.201608"


def test_the_signature_as_an_independent_server_computes_it(wire, clock):
    """Recomputed from the description of the protocol, not by our own verifier."""
    address, seen = wire
    connect(address, clock=clock).directory()
    _, headers, _ = seen[0]
    text = headers["XroadVnpt-sign-header"]
    mac = hmac.new(b"khoa-stttt", text.encode(), hashlib.sha256).hexdigest()
    assert headers["XroadVnpt-hash-header"] == mac
    stated = json.loads(text)
    assert headers["XroadVnpt-sign-header-key"].split(";") == list(stated)
    assert {name: headers[name] for name in stated} == stated
    assert stated["XroadVnpt-timestamp"] == "20112026T100000+0000"


def test_a_wrong_secret_is_refused_over_http(wire, clock, make_envelope):
    address, _ = wire
    with pytest.raises(NotRecognised) as caught:
        connect(address, secret="khong-dung", clock=clock).send(EDOC, write(make_envelope()))
    assert not caught.value.retryable
    assert "khong-dung" not in str(caught.value) + caught.value.text("vi")
    assert connect(address, "ubnd", "H55", clock=clock).list_received(EDOC) == []


def test_each_call_carries_its_own_time(wire, clock):
    """A client that signed once would be refused after the window; ours lives as long as it likes."""
    address, seen = wire
    client = connect(address, clock=clock)
    client.directory()
    clock.at += timedelta(hours=5)
    client.directory()
    stamps = [headers["XroadVnpt-timestamp"] for _, headers, _ in seen]
    assert stamps == ["20112026T100000+0000", "20112026T150000+0000"]


def test_no_such_packet(wire, clock):
    with pytest.raises(NoSuchPacket):
        connect(wire[0], clock=clock).fetch("khong-co")


@pytest.mark.parametrize(
    ("status", "body", "error", "retryable"),
    [
        (500, b"<html>loi</html>", Unreachable, True),
        (502, b"", Unreachable, True),
        (503, b'{"status":"FAIL","ErrorCode":"1"}', AxisFault, True),
        (429, b'{"status":"FAIL"}', AxisFault, True),
        (200, b'{"status":"FAIL","ErrorCode":"20","ErrorDesc":"x"}', AxisFault, True),
        (200, b"khong phai json", Unreachable, True),
        (200, b"[1]", Unreachable, True),
        (200, b'{"status":"OK","ErrorCode":"0"}', Unreachable, True),  # no DocId: not received
        (200, b'{"status":"FAIL","ErrorCode":"18"}', RefusedByAxis, False),
        (200, b'{"status":"FAIL","ErrorCode":"0"}', RefusedByAxis, False),
        (200, b'{"status":"FAIL","ErrorCode":15}', NotRecognised, False),
        (401, b"{}", NotRecognised, False),
        (404, b"Not Found", RefusedByAxis, False),
        (413, b"", RefusedByAxis, False),
    ],
)
def test_answers_are_sorted_into_retry_and_refusal(make_envelope, status, body, error, retryable):
    with (
        serve(lambda handler, _: reply(handler, status, body)) as (address, _),
        pytest.raises(GatewayError) as caught,
    ):
        connect(address).send(EDOC, write(make_envelope()))
    assert type(caught.value) is error
    assert caught.value.retryable is retryable
    assert caught.value.text("vi")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(make_envelope, status):
    ok = orjson.dumps({"status": "OK", "ErrorCode": "0", "DocId": "x"})
    with (
        serve(lambda handler, _: reply(handler, 200, ok)) as (elsewhere, reached),
        serve(lambda handler, _: reply(handler, status, b"", Location=f"{elsewhere}/sendEdoc")) as (
            address,
            _,
        ),
    ):
        with pytest.raises(RefusedByAxis) as caught:
            connect(address).send(EDOC, write(make_envelope()))
        assert reached == []
        assert not caught.value.retryable
        assert connect(elsewhere).send(EDOC, write(make_envelope())) == "x"  # the control


def test_an_answer_beyond_the_cap_is_not_read():
    body = orjson.dumps({"status": "OK", "ErrorCode": "0", "data": "A" * 400_000})
    with serve(lambda handler, _: reply(handler, 200, body)) as (address, _):
        assert connect(address).fetch("x") == bytes(300_000)
        with pytest.raises(AnswerTooLarge) as caught:
            connect(address, largest_answer=100_000).fetch("x")
        assert not caught.value.retryable


def test_an_answer_cut_off_half_way():
    """What came looks whole; only the stated length tells that it is not."""
    body = orjson.dumps({"status": "OK", "ErrorCode": "0", "data": "AAAA"})

    def answer(handler, _):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body) + 1))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    with serve(answer) as (address, _), pytest.raises(Unreachable) as caught:
        connect(address).fetch("x")
    assert caught.value.retryable


def test_wrong_base64_in_the_answer():
    body = orjson.dumps({"status": "OK", "ErrorCode": "0", "data": "AAA*"})
    with (
        serve(lambda handler, _: reply(handler, 200, body)) as (address, _),
        pytest.raises(Unreachable),
    ):
        connect(address).fetch("x")


def test_nobody_listens_and_nobody_answers():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Unreachable) as caught:
        connect(f"http://127.0.0.1:{port}").directory()
    assert "không nhận kết nối" in caught.value.text("vi")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unreachable) as caught:
            connect(address, total_timeout=0.2).directory()
    assert "quá thời gian chờ" in caught.value.text("vi")


def test_an_answer_that_drips_is_given_up():
    stop = threading.Event()

    def answer(handler, _):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        while not stop.wait(0.05):
            try:
                handler.wfile.write(b" ")
            except OSError:
                return

    with serve(answer) as (address, _):
        with pytest.raises(Unreachable) as caught:
            connect(address, total_timeout=0.4).directory()
        stop.set()
    assert "quá thời gian chờ" in caught.value.text("vi")


def test_text_in_headers_stays_one_line(wire, clock, make_envelope):
    address, seen = wire
    connect(address, clock=clock).send(EDOC, write(make_envelope()))
    receiver = connect(address, "ubnd", "H55", clock=clock)
    (arrival,) = receiver.list_received(EDOC)
    receiver.confirm(arrival.packet_id, Outcome.FAIL, "lỗi\r\nXroadVnpt-from: H55\x00")
    description = seen[-1][1]["XroadVnpt-description"].encode("latin-1").decode()
    assert description == "lỗi XroadVnpt-from: H55"


def test_too_many_receivers_in_one_call(make_envelope):
    codes = tuple(f"H55.{number:04d}" for number in range(1_000))
    with pytest.raises(RefusedByAxis) as caught:
        connect("http://127.0.0.1:9").send(EDOC, write(make_envelope()), codes)
    assert "từng nơi nhận" in caught.value.text("vi")


@pytest.mark.parametrize("endpoint", ["ftp://x/", "file:///etc/passwd", "http://", "http://u:p@x/"])
def test_endpoints_that_make_no_sense(endpoint):
    with pytest.raises(InvalidSetting):
        connect(endpoint)


def test_the_secret_does_not_show():
    connection = Connection("http://x", "s", Secret("rat-mat"), "H55")
    assert "rat-mat" not in repr(connection)
    assert base64.b64encode(connection.secret.encode()) == b"cmF0LW1hdA=="
