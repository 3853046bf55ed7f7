"""What the API needs of the house (hệ thống): its database and its means; nothing else."""

from typing import Protocol, cast

from flask import current_app

from engine.database import Database
from processes.means import Means


class Installation(Protocol):
    """The part of the composition root that this door is handed (`app.extensions["congvan"]`)."""

    @property
    def database(self) -> Database:
        """The pool of connections and the clock."""
        ...

    @property
    def means(self) -> Means:
        """Files, keys, the desk."""
        ...


def installation() -> Installation:
    """Return the installation that the running application serves."""
    return cast("Installation", current_app.extensions["congvan"])
