"""How fast a body has to come (nhịp nhận nội dung): slow clients may not hold every thread."""

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, Final

from werkzeug.exceptions import ClientDisconnected

_PIECE: Final = 1 << 16
_TICK: Final = 1.0


@dataclass(frozen=True)
class Pace:
    """Seconds given to begin with, and bytes a second that have to come on the whole."""

    grace: float = 20.0
    rate: int = 10_000


class Watch:
    """Ends the reading from connections whose time is over; one thread for each process."""

    def __init__(self, pace: Pace, tick: float = _TICK) -> None:
        self._pace = pace
        self._tick = tick
        self._due: dict[socket.socket, float] = {}
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def read(self, source: BinaryIO, most: int, connection: socket.socket | None) -> bytes:
        """Return a body of up to `most` bytes.

        Raises ClientDisconnected where reading fails, also because it was ended here. A server that
        does not show its connection watches over it itself.
        """
        began, got, pieces = time.monotonic(), 0, []
        try:
            while got < most:
                if connection is not None:
                    allowed = self._pace.grace + (got + _PIECE) / self._pace.rate
                    self._await(connection, began + allowed)
                piece = source.read(min(most - got, _PIECE))
                if not piece:
                    break
                pieces.append(piece)
                got += len(piece)
        except Exception as error:  # each server has errors of its own for a body that is none
            raise ClientDisconnected from error
        finally:
            if connection is not None:
                self._due.pop(connection, None)
        return b"".join(pieces)

    def _await(self, connection: socket.socket, until: float) -> None:
        self._due[connection] = until
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._watch, daemon=True)
                    self._thread.start()

    def _watch(self) -> None:
        never = threading.Event()
        while not never.wait(self._tick):
            now = time.monotonic()
            for connection, until in [*self._due.items()]:
                if until < now and self._due.pop(connection, None) is not None:
                    with suppress(OSError):  # gone already
                        connection.shutdown(socket.SHUT_RD)
