"""What is wrong with a call of our axis gets a defined answer over real HTTP; the queue goes on."""

import gzip
import http.client
import json
import socket
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hub_ground import EDOC, document, open_hub

from exchange.axis_headers import sign
from exchange.gateway import Outcome

DATA = document("H55.07", "H55")


@pytest.fixture(scope="module")
def hub(cluster, template):
    with open_hub(cluster, template, largest=2_000_000) as made:
        made.admit("ubnd", "H55")
        made.admit("stttt", "H55.07")
        yield made


@pytest.fixture(autouse=True)
def _goes_on(hub):
    """Whatever was tried, the next call is served and only sound documents wait."""
    yield
    waiting = hub.client("ubnd").list_received(EDOC)
    assert {hub.client("ubnd").fetch(one.packet_id) for one in waiting} <= {DATA}


def signed(body=b"", at=None, **parameters):
    stated = {"servicetype": "eDoc", "messagetype": "edoc", **parameters}
    return sign(stated, body, "stttt", "khoa-stttt", at or datetime.now(UTC))


def call(hub, operation, headers, body=b"", method="POST"):
    wire = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=20)
    try:
        wire.request(method, f"/axis/{operation}", body, headers)
        answer = wire.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        wire.close()


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"Content-Encoding": "gzip"}, 415, "21"),
        ({"XroadVnpt-sign-header": "{"}, 401, "15"),
        ({"XroadVnpt-sign-header": "[" * 5_000}, 401, "15"),
        ({"XroadVnpt-sign-header": '{"XroadVnpt-systemid": "\\u0000"}'}, 401, "15"),
        ({"XroadVnpt-more": "not signed"}, 401, "15"),
        ({"Content-Type": "text/html"}, 200, "0"),
        ({"Content-Encoding": "identity"}, 200, "0"),
    ],
)
def test_headers(hub, changed, status, code):
    headers = {**signed(DATA), **changed}
    answer = call(hub, "sendEdoc", headers, DATA)
    assert (answer[0], answer[1]["ErrorCode"]) == (status, code)


def test_a_bomb_is_not_unpacked(hub):
    bomb = gzip.compress(b"<a/>" * 5_000_000)
    headers = {**signed(bomb), "Content-Encoding": "gzip"}
    assert call(hub, "sendEdoc", headers, bomb)[0] == 415
    status, told = call(hub, "sendEdoc", signed(bomb), bomb)
    assert (status, told["ErrorCode"]) == (200, "10"), "as a file it is none"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"to": json.dumps(["\0"])}, "21"),
        ({"to": json.dumps([["H55"]])}, "21"),
        ({"to": '{"a": 1}'}, "21"),
        ({"to": json.dumps([f"H{n}" for n in range(900)])}, "18"),
        ({"messagetype": "status"}, "21"),
    ],
)
def test_parameters(hub, parameters, code):
    status, told = call(hub, "sendEdoc", signed(DATA, **parameters), DATA)
    assert (status, told["status"], told["ErrorCode"]) == (200, "FAIL", code)


@pytest.mark.parametrize(
    ("days", "code"),
    [
        ({"toDate": "9999/12/31"}, "0"),
        ({"fromDate": "1900/01/01", "toDate": "9999/12/31 23:59:59"}, "0"),
        ({"fromDate": "0001/01/01"}, "21"),
        ({"fromDate": "31/02/2026"}, "21"),
    ],
)
def test_days(hub, days, code):
    assert call(hub, "getReceivedEdocList", signed(**days))[1]["ErrorCode"] == code


@pytest.mark.parametrize("days", [-4_000, 4_000])
def test_a_clock_that_is_wrong_by_years(hub, days):
    at = datetime.now(UTC) + timedelta(days=days)
    assert call(hub, "sendEdoc", signed(DATA, at), DATA)[1]["status"] == "OK"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_methods(hub, method):
    status, told = call(hub, "sendEdoc", signed(DATA), DATA, method)
    assert (status, told["status"]) == (405, "FAIL")


@pytest.mark.parametrize("path", ["../../etc/passwd", "%00", "sendEdoc/more", "", "x" * 3_000])
def test_paths(hub, path):
    status, told = call(hub, path, signed(DATA), DATA)
    assert (status, told["ErrorCode"]) == (404, "404")
    assert len(told["ErrorDesc"]) < 200


@pytest.mark.parametrize(
    ("length", "sent", "status"),
    [(len(DATA), DATA[:1_000], 400), (2_000_000_000, DATA, 413), (3_000_000, DATA, 413)],
)
def test_a_body_that_is_not_what_its_length_says(hub, length, sent, status):
    head = "".join(f"{name}: {value}\r\n" for name, value in signed(DATA).items())
    request = f"POST /axis/sendEdoc HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{head}\r\n"
    with socket.create_connection(("127.0.0.1", hub.port), timeout=20) as line:
        line.sendall(request.encode() + sent)
        line.shutdown(socket.SHUT_WR)
        answer = http.client.HTTPResponse(line)
        answer.begin()
        told = json.loads(answer.read())
    assert (answer.status, told["status"]) == (status, "FAIL")
    assert told["ErrorCode"] == ("20" if status == 400 else "10"), "what was cut is sent again"


def test_the_same_document_from_many_at_once_is_one_send(hub):
    data = document("H55.07", "H55", number=77)
    told = []
    threads = [
        threading.Thread(target=lambda: told.append(call(hub, "sendEdoc", signed(data), data)[1]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one["DocId"] for one in told}) == 1
    assert [row[0] for row in hub.rows(
        "SELECT count(*) FROM axis_packet WHERE reference LIKE '77/%'"
    )] == [1]  # fmt: skip
    for one in hub.client("ubnd").list_received(EDOC):
        hub.client("ubnd").confirm(one.packet_id, Outcome.DONE)
