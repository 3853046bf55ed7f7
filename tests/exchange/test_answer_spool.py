"""An answer with a message in it, taken apart as it comes: whatever the pieces, and cheap."""

import base64
import http.server
import json
import os
import subprocess
import sys
import threading
from contextlib import closing, suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.answer_spool import AnswerSpool
from exchange.axis_client import AxisClient, Connection, Secret
from exchange.errors import Unreachable

ROOT = Path(__file__).parents[2]
SIZE = 50_000_000
MESSAGE = b"<edXML>" + bytes(range(256)) * 3
TEXT = base64.b64encode(MESSAGE).decode()


def java(text: str) -> str:
    """As a writer for web pages puts it."""
    return text.replace("=", "\\u003d").replace("+", "\\u002b").replace("/", "\\/")


def lines(text: str) -> str:
    return "\\r\\n".join(text[at : at + 76] for at in range(0, len(text), 76))


ANSWERS = {
    "plain": f'{{"status":"OK","ErrorCode":"0","data":"{TEXT}"}}',
    "first": f'{{ "data" : "{TEXT}" , "status":"OK","ErrorCode":"0","ErrorDesc":""}}',
    "java": f'{{"ErrorCode":"0","status":"OK","data":"{java(TEXT)}"}}',
    "lines": f'{{"ErrorCode":"0","status":"OK","data":"{lines(TEXT)}"}}',
    "nested": f'{{"more":{{"data":"x","a":["data",":"]}},"ErrorDesc":"\\"data\\":\\"y","data":"{TEXT}"}}',
}


def spooled(answer: bytes, cuts: list[int]) -> tuple[AnswerSpool, bytes | None]:
    spool = AnswerSpool("getEdoc")
    places = [0, *sorted({cut % (len(answer) + 1) for cut in cuts}), len(answer)]
    for begin, end in pairwise(places):
        spool.feed(answer[begin:end])
    return spool, spool.read()


@given(st.sampled_from(sorted(ANSWERS)), st.lists(st.integers(0, 10_000), max_size=60))
def test_the_pieces_in_which_it_comes_do_not_matter(kind, cuts):
    answer = ANSWERS[kind]
    spool, message = spooled(answer.encode(), cuts)
    assert message == MESSAGE
    assert spool.is_found
    assert json.loads(spool.rest) == {**json.loads(answer), "data": ""}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ('{"status":"FAIL","ErrorCode":"404"}', b""),
        ('{"data":null}', b""),
        ('{"data":{"data":"QUJD"}}', b""),
        ("<html>data</html>", b""),
        ('{"data":"QUJD', None),  # cut off
        ('{"data":"QUJDR"}', None),
        ('{"data":"QU*D"}', None),
        ('{"data":"QU\\"D"}', None),
        ('{"data":"QU\\u00zzD"}', None),
    ],
)
def test_what_is_no_message_is_none(answer, message):
    spool, found = spooled(answer.encode(), list(range(len(answer))))
    assert (found, spool.is_found) == (message, message is None)


def test_much_that_is_no_message_is_not_held():
    spool = AnswerSpool("getEdoc")
    pieces = 0
    with closing(spool.stream), suppress(Unreachable):
        for pieces in range(100):  # noqa: B007 - how many were taken
            spool.feed(b"<p>" * 20_000)
    assert pieces < 20


# what it costs -------------------------------------------------------------------------------------

# Most memory of a process of its own beyond what it has with all loaded, in bytes.
MEASURE = """
import base64, json, sys, urllib.request
from pathlib import Path
from exchange.axis_client import AxisClient, Connection, Secret

def most():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024

def client():
    return AxisClient(Connection(sys.argv[2], "s", Secret("x"), "H55")).fetch("1")

def whole():  # how it is done where nobody thinks of it: the control
    call = urllib.request.Request(sys.argv[2] + "/getEdoc", b"", method="POST")
    with urllib.request.urlopen(call) as answer:
        return base64.b64decode(json.loads(answer.read())["data"])

before = most()
size = len(globals()[sys.argv[1]]())
print(size, most() - before)
"""


@pytest.fixture(scope="module")
def axis(tmp_path_factory):
    """A server that answers with a packet of a 50 MB attachment; its address, the packet's size."""
    packet = base64.b64encode(os.urandom(SIZE))
    text = base64.b64encode(packet)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            begin, end = b'{"status":"OK","ErrorCode":"0","data":"', b'"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(begin) + len(text) + len(end)))
            self.end_headers()
            with suppress(ConnectionError):  # who has no room hangs up
                for part in (begin, text, end):
                    self.wfile.write(part)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", len(packet)
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("way", "is_cheap"), [("client", True), ("whole", False)])
def test_a_packet_with_50_mb_costs_at_most_three_times_that(axis, way, is_cheap):
    address, size = axis
    told = subprocess.run(
        [sys.executable, "-c", MEASURE, way, address],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    found, most = map(int, told.stdout.split())
    assert found == size
    assert (most <= 3 * SIZE) is is_cheap, most


def test_a_full_disk_is_told_and_tried_again(axis, monkeypatch):
    """A spool on a disk without room: the packet stays with the axis."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")

    class Full:
        def __init__(self, _size: int) -> None:
            self.file = full.open("wb", buffering=0)

        def __getattr__(self, name: str):
            return getattr(self.file, name)

    monkeypatch.setattr("exchange.base64_stream.SpooledTemporaryFile", Full)
    client = AxisClient(Connection(axis[0], "s", Secret("x"), "H55"))
    with pytest.raises(Unreachable) as caught:
        client.fetch("1")
    assert "hết chỗ" in caught.value.text("vi")
    assert caught.value.retryable
