"""Asking a server on this machine: redirects, private addresses, size, time, and names that move."""

import socket
import threading
import time

import pytest
from list_server import list_server, send, to

from signing.addresses import AllowList
from signing.errors import AddressRefused, AnswerRefused, NotReachable
from signing.fetching import Answer, Fetcher


@pytest.fixture
def server():
    with list_server() as found:
        yield found


@pytest.fixture
def fetcher(server) -> Fetcher:
    return Fetcher(AllowList((f"{server.url}/lists/",)), seconds=2.0)


def test_a_list_is_fetched_and_not_again_when_unchanged(server, fetcher):
    server.pages["/lists/a"] = b"content"
    first = fetcher.fetch(f"{server.url}/lists/a")
    assert first.body == b"content"
    again = fetcher.fetch(f"{server.url}/lists/a", held=first)
    assert again == Answer(b"", first.etag, first.last_modified, not_modified=True)
    assert server.unchanged == 1


def test_a_question_is_posted(server, fetcher):
    def echo(request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        send(request, request.headers["Content-Type"].encode() + b" " + body)

    server.pages["/lists/ocsp"] = echo
    found = fetcher.fetch(f"{server.url}/lists/ocsp", body=b"who", kind="application/ocsp-request")
    assert found.body == b"application/ocsp-request who"


def test_a_redirect_is_followed_within_the_list_only(server, fetcher):
    server.pages["/lists/b"] = b"there"
    server.pages["/lists/a"] = to("b")
    assert fetcher.fetch(f"{server.url}/lists/a").body == b"there"
    server.pages["/secret"] = b"internal"
    for location in (
        "/secret",
        "../secret",
        "//localhost/lists/b",
        f"{server.url.replace('127.0.0.1', 'localhost')}/lists/b",
        f"{server.url.replace('http:', 'https:')}/lists/b",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/",
    ):
        server.pages["/lists/a"] = to(location)
        with pytest.raises(AddressRefused):
            fetcher.fetch(f"{server.url}/lists/a")
    assert "/secret" not in server.requests


def test_a_redirect_in_a_circle_ends(server, fetcher):
    server.pages["/lists/a"] = to("a")
    with pytest.raises(AnswerRefused):
        fetcher.fetch(f"{server.url}/lists/a")
    assert server.requests["/lists/a"] == 4


def test_an_address_off_the_list_is_not_asked(server, fetcher):
    with pytest.raises(AddressRefused):
        fetcher.fetch(f"{server.url}/other/a")
    assert not server.requests


def test_a_name_that_leads_inside_is_refused_unless_the_operator_named_the_network(server):
    url = server.url.replace("127.0.0.1", "crl.example.vn") + "/a"
    server.pages["/a"] = b"inside"
    inside = Fetcher(AllowList((url,)), lookup=lambda *_: ["127.0.0.1"], seconds=2.0)
    with pytest.raises(AddressRefused) as refused:
        inside.fetch(url)
    assert "127.0.0.1" in refused.value.text("vi")
    assert not server.requests
    named = Fetcher(
        AllowList((url,)), ("127.0.0.0/8",), lookup=lambda *_: ["127.0.0.1"], seconds=2.0
    )
    assert named.fetch(url).body == b"inside"


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fe80::1%eth0", "0.0.0.0", "fd00::1",
     "100.64.0.1", "224.0.0.1"],
)  # fmt: skip
def test_no_private_address_is_connected_to(address):
    fetcher = Fetcher(AllowList(("http://crl.example.vn/",)), lookup=lambda *_: [address])
    with pytest.raises(AddressRefused):
        fetcher.fetch("http://crl.example.vn/a")


def test_a_name_is_looked_up_once_and_that_machine_is_asked(server):
    """DNS rebinding: the second look-up would lead elsewhere; there is none."""
    asked = []

    def lookup(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    url = server.url.replace("127.0.0.1", "crl.example.vn") + "/a"
    server.pages["/a"] = b"found"
    fetcher = Fetcher(AllowList((url,)), ("127.0.0.1/32",), lookup=lookup, seconds=2.0)
    assert fetcher.fetch(url).body == b"found"
    assert asked == ["crl.example.vn"]
    # a later request looks again, and is refused where the name now leads
    with pytest.raises(AddressRefused):
        fetcher.fetch(url)


def test_too_much_is_refused_while_it_streams(server, fetcher):
    sent = []

    def endless(request):
        request.send_response(200)
        request.end_headers()
        for _ in range(1600):  # 100 MB
            request.wfile.write(bytes(1 << 16))
            sent.append(1)

    server.pages["/lists/a"] = endless
    with pytest.raises(AnswerRefused) as refused:
        Fetcher(fetcher.allowed, seconds=5.0, largest=1 << 20).fetch(f"{server.url}/lists/a")
    assert "1048576" in refused.value.text("vi")
    assert len(sent) < 400


def test_too_much_is_refused_by_its_announcement(server, fetcher):
    def announced(request):
        request.send_response(200)
        request.send_header("Content-Length", str(100 << 20))
        request.end_headers()

    server.pages["/lists/a"] = announced
    with pytest.raises(AnswerRefused):
        fetcher.fetch(f"{server.url}/lists/a")
    # the default bears what real issuers publish
    assert fetcher.largest == 40 << 20


@pytest.mark.parametrize("where", ["header", "body"])
def test_a_server_that_drips_is_cut_off(server, fetcher, where):
    over = threading.Event()

    def drip(request):
        if where == "body":
            request.send_response(200)
            request.end_headers()
        while not over.wait(0.02):
            request.wfile.write(b"X")
            request.wfile.flush()

    server.pages["/lists/a"] = drip
    began = time.monotonic()
    with pytest.raises(NotReachable):
        Fetcher(fetcher.allowed, seconds=0.3, attempts=1).fetch(f"{server.url}/lists/a")
    over.set()
    assert time.monotonic() - began < 5


def test_a_server_that_fails_is_asked_once_more(server, fetcher):
    def broken(request):
        if server.requests["/lists/a"] == 1:
            request.send_error(503)
        else:
            send(request, b"better")

    server.pages["/lists/a"] = broken
    assert fetcher.fetch(f"{server.url}/lists/a").body == b"better"
    assert server.requests["/lists/a"] == 2


def test_a_cut_off_answer_is_no_answer(server, fetcher):
    server.pages["/lists/a"] = lambda request: send(request, b"half", Content_Length="100")
    with pytest.raises(NotReachable):
        fetcher.fetch(f"{server.url}/lists/a")


@pytest.mark.parametrize("page", [None, "packed"])
def test_what_the_server_should_not_say_is_refused_at_once(server, fetcher, page):
    if page:
        server.pages["/lists/a"] = lambda request: send(request, b"x", Content_Encoding="gzip")
    with pytest.raises(AnswerRefused) as refused:
        fetcher.fetch(f"{server.url}/lists/a")
    assert "giữ nguyên" in refused.value.text("vi")
    assert server.requests["/lists/a"] == 1


def test_a_server_that_is_gone_is_told_in_words():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/a"
        with pytest.raises(NotReachable) as refused:
            Fetcher(AllowList((url,)), seconds=2.0).fetch(url)
    assert url in refused.value.text("vi")
    assert "tự thử lại" in refused.value.text("vi")


def test_a_server_without_a_certificate_we_trust_is_not_read(server):
    url = server.url.replace("http:", "https:") + "/a"
    with pytest.raises(NotReachable):
        Fetcher(AllowList((url,)), seconds=2.0).fetch(url)
