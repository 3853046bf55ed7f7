"""Named points at which a test kills the process (điểm gây lỗi); elsewhere they do nothing.

`CONGVAN_FAULT_POINTS` names a folder, and only tests set it. Whoever reaches a point takes the file
of that name out of the folder and dies by SIGKILL: one file, one death, in whichever process comes
there first.
"""

import os
import signal
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path


class Point(StrEnum):
    """Where the promise of delivery could break: each between two things that must both happen."""

    #: the message is kept in a transaction that has not committed
    SEND_COMPOSING = "send-composing"
    #: committed, nothing sent
    SEND_COMPOSED = "send-composed"
    #: the axis has it, nothing noted
    SEND_ANSWERED = "send-answered"
    #: noted, not committed
    SEND_NOTING = "send-noting"
    #: fetched, nothing kept
    RECEIVE_FETCHED = "receive-fetched"
    #: taken in, not committed
    RECEIVE_KEEPING = "receive-keeping"
    #: committed, not confirmed
    RECEIVE_KEPT = "receive-kept"
    #: confirmed, not noted
    RECEIVE_CONFIRMED = "receive-confirmed"
    #: the hub has kept what it was sent, not committed
    HUB_KEEPING = "hub-keeping"
    #: committed, not answered
    HUB_KEPT = "hub-kept"
    #: the hub notes that a receiver confirmed, not committed
    HUB_CONFIRMING = "hub-confirming"
    #: committed, not answered
    HUB_CONFIRMED = "hub-confirmed"


def reach(point: Point, first: Callable[[], object] | None = None) -> None:
    """Die here if a test asks for it (dừng đột ngột theo yêu cầu kiểm thử), having done `first`."""
    folder = os.environ.get("CONGVAN_FAULT_POINTS")
    if not folder:
        return
    try:
        (Path(folder) / point).unlink()
    except FileNotFoundError:
        return
    if first is not None:
        first()
    os.kill(os.getpid(), signal.SIGKILL)
