"""A client that sends its body drop by drop loses its connection, not a thread for good."""

import socket
import threading
import time

import pytest
from werkzeug.exceptions import ClientDisconnected

from api.pace import Pace, Watch

BRISK = Pace(grace=0.3, rate=1_000_000)


@pytest.fixture
def line():
    """Both ends of a connection."""
    here, there = socket.socketpair()
    with here, there:
        yield here, there


def test_a_body_in_time_is_read_however_many_pieces_it_comes_in(line):
    here, there = line
    body = bytes(range(256)) * 1_000

    def send():
        for start in range(0, len(body), 50_000):
            there.sendall(body[start : start + 50_000])

    sender = threading.Thread(target=send)
    sender.start()
    source = here.makefile("rb", buffering=0)
    assert Watch(BRISK, 0.05).read(source, len(body), here) == body
    sender.join()
    # the same connection serves the next body, long after the time of the first
    time_over = threading.Event()
    time_over.wait(0.5)
    there.sendall(b"again")
    assert Watch(BRISK, 0.05).read(source, 5, here) == b"again"


def test_drops_do_not_hold_the_reader(line):
    here, there = line
    done = threading.Event()

    def drip():
        while not done.wait(0.02):
            try:
                there.sendall(b".")
            except OSError:
                return

    dripping = threading.Thread(target=drip)
    dripping.start()
    began = time.monotonic()
    got = Watch(BRISK, 0.05).read(here.makefile("rb", buffering=0), 1_000, here)
    took = time.monotonic() - began
    done.set()
    dripping.join()
    assert 0 < len(got) < 1_000
    assert took >= BRISK.grace, "not before its time"


def test_what_the_server_cannot_read_is_a_client_that_went_away(line):
    here, _ = line

    class Garbled:
        def read(self, _size):
            raise RuntimeError("the server's own error for a chunk that is none")

    watch = Watch(BRISK, 0.05)
    with pytest.raises(ClientDisconnected):
        watch.read(Garbled(), 10, here)
    assert watch._due == {}
