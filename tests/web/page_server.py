"""Serves pages over real HTTP on a port of its own, for a browser."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import BaseWSGIServer, make_server

_App = Callable[[dict[str, Any], Callable[..., Any]], Any]


@contextmanager
def served(app: _App) -> Iterator[BaseWSGIServer]:
    """Serve until the block ends; what is lent knows its port."""
    server = make_server("127.0.0.1", 0, closing(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def closing(app: _App) -> _App:
    """Close what is being sent even where the browser hung up: werkzeug then forgets to."""

    def call(environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
        body = app(environ, start)
        try:
            yield from body
        finally:
            if hasattr(body, "close"):
                body.close()

    return call
