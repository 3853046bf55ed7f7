"""What every page has at hand (phần chung của các trang): the office, who acts, the language."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from flask import current_app, g, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, orm
from werkzeug.wrappers import Response

from engine.database import SYSTEM, Acting, Database, Transaction, bind_session
from processes.means import Means
from records.login_session import Presence, SessionEnded

LANGUAGES = ("vi", "en")
THEMES = ("system", "light", "dark")


class Installation(Protocol):
    """What the pages know of the installation's settings."""

    @property
    def mode(self) -> Any:
        """Trial or real use."""

    @property
    def public_url(self) -> str:
        """The address that browsers know us by, empty where that is what they connect to."""

    @property
    def proxies(self) -> Sequence[IPv4Network | IPv6Network]:
        """The proxies in front whose word on who connects is believed."""

    @property
    def bridge(self) -> str:
        """Where pages reach the signing program on an officer's own machine, empty for nowhere."""

    @property
    def bridge_transport(self) -> str:
        """What that program signs: whole files, or the bytes it is handed."""

    def secret_key(self) -> str:
        """Return the key that signs what goes through browsers."""


class Office(Protocol):
    """What the composition root hands to this door."""

    @property
    def settings(self) -> Installation: ...

    @property
    def database(self) -> Database: ...

    @property
    def means(self) -> Means: ...


class OfficeDatabase(SQLAlchemy):
    """The request's ORM session, over the office's own pool."""

    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Any) -> Engine:  # noqa: ARG002 - the library's signature
        office: Office = app.extensions["congvan"]
        return office.database.engine


db = OfficeDatabase()


def office() -> Office:
    """Return the installation this application serves."""
    return cast("Office", current_app.extensions["congvan"])


def presence() -> Presence:
    """Return who is logged in; raises `SessionEnded`."""
    found: Presence | None = g.get("presence")
    if found is None:
        raise SessionEnded
    return found


def acting() -> Acting:
    """Return who acts in this request; raises `SessionEnded`."""
    return presence().acting


@contextmanager
def transaction() -> Iterator[Transaction]:
    """Open the one transaction of a command in the name of who acts."""
    with office().database.transaction(acting()) as tx:
        yield tx


@contextmanager
def system_transaction() -> Iterator[Transaction]:
    """Open a transaction of the system's: logging in, positions in several agencies."""
    with office().database.transaction(SYSTEM) as tx:
        yield tx


def reading() -> orm.Session:
    """Return the request's read-only session in the acting agency, for lists."""
    session = cast("orm.Session", db.session())
    if not g.get("is_reading"):
        bind_session(session, office().database.role, acting())
        g.is_reading = True
    return session


def end_reading(response: Response) -> Response:
    """Commit the read-only session: a rollback would throw away every prepared statement."""
    if g.pop("is_reading", False):
        db.session.commit()
    return response


def language() -> str:
    """Return the reader's language: `vi` unless he chose otherwise."""
    chosen = request.cookies.get("language", "vi") if request else "vi"
    return chosen if chosen in LANGUAGES else "vi"


def theme() -> str:
    """Return the chosen theme: as the machine, light or dark."""
    chosen = request.cookies.get("theme", "system")
    return chosen if chosen in THEMES else "system"


def address() -> str:
    """Return the network address the request came from."""
    return request.remote_addr or ""


def own_address(target: str, otherwise: str) -> str:
    """Return `target` where it is a page of ours, else `otherwise`: never leave for elsewhere."""
    if not target.startswith("/") or target.startswith("//") or "\\" in target:
        return otherwise
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or any(ord(c) < 32 for c in target):
        return otherwise
    return target


def wants_partial(name: str) -> bool:
    """Return whether a script asks for this part of the page alone."""
    return request.headers.get("X-Partial") == name
