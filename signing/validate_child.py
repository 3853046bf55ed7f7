"""The process behind `sandbox.validate_limited`: `python -m signing.validate_child SOCKET`.

It has everything loaded and forks a child for each validation: loading anew takes ten times as long
as checking a letter. It reads no document itself, and ends with whoever started it.
"""

import gc
import logging
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import NoReturn

from signing.errors import cause_of
from signing.sandbox import BEGUN, DONE, FAILED, answer

#: seconds without a request after which it ends; the next request starts another
IDLE = 600.0
#: the file, the request, and where the report goes
_GIVEN = 3


def main() -> None:
    """Answer what comes over the socket until nobody is at its other end."""
    # what readers say about a hostile file belongs into the report, not into a log
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: _reap())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: whoever started it ends it
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as control:
        control.settimeout(IDLE)
        with suppress(TimeoutError):
            while True:
                _message, given, _flags, _address = socket.recv_fds(control, 1, _GIVEN)
                if len(given) != _GIVEN:
                    break
                if os.fork() == 0:
                    control.close()
                    _validate(*given)
                for descriptor in given:
                    os.close(descriptor)
    with suppress(ChildProcessError):
        while True:
            os.wait()


def _validate(file: int, request: int, report: int) -> NoReturn:
    """Be the child: write the report, or why there is none."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.write(report, BEGUN)
    try:
        try:
            with os.fdopen(request, "rb") as asked:
                asked.seek(0)
                said = DONE + answer(asked.read(), file).encode()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
            said = FAILED + cause_of(error).encode()
        with os.fdopen(report, "wb") as out:
            out.write(said)
    finally:
        os._exit(0)


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    main()
