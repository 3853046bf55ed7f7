"""A server on this machine that hands out what a test puts on a path, and counts."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Hand = Callable[[BaseHTTPRequestHandler], None]


class ListServer:
    """`pages` maps a path to bytes, answered with an ETag, or to a function of the request."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.pages: dict[str, bytes | Hand] = {}
        self.requests: Counter[str] = Counter()
        self.unchanged = 0

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path
        self.requests[path] += 1
        page = self.pages.get(path)
        if page is None:
            request.send_error(404)
        elif callable(page):
            page(request)
        else:
            etag = f'"{hash(page)}"'
            if request.headers.get("If-None-Match") == etag:
                self.unchanged += 1
                request.send_response(304)
                request.end_headers()
                return
            send(request, page, ETag=etag)


def send(request: BaseHTTPRequestHandler, body: bytes, **headers: str) -> None:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    request.send_response(200)
    for name, value in {"Content-Length": str(len(body)), **given}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)


def to(location: str) -> Hand:
    def redirect(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", location)
        request.end_headers()

    return redirect


@contextmanager
def list_server() -> Iterator[ListServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._handle()

        def do_POST(self) -> None:
            self._handle()

        def _handle(self) -> None:
            with suppress(OSError):  # the client had enough
                found.answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        # a test may end while a slow answer is under way
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    found = ListServer(server.server_address[1])
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
