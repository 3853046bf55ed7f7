"""Steps as this door tells them (việc): what opened next after every command that moves one."""

from collections.abc import Sequence
from typing import Any, Protocol


class Moved(Protocol):
    """What moving a procedure led to."""

    @property
    def opened(self) -> Sequence[Any]:
        """The work items that opened."""
        ...


def opened(moved: Moved) -> list[dict[str, Any]]:
    """Return the steps that opened, with the version that completing one asks for."""
    return [
        {"id": i.id, "version": i.version, "name": i.name, "due_at": i.due_at} for i in moved.opened
    ]
