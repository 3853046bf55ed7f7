"""Who calls (mã truy cập API): the bearer token of every request, and the transaction of its owner.

Session cookies are no way in here, so this door needs no protection against forged requests.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, TypeVar, cast

from flask import g, request
from flask_smorest import Blueprint

from api.errors import ScopeMissing, TokenMissing
from api.installation import installation
from engine.database import Acting, Transaction
from records import login_session
from records.authority import Act
from records.login_session import Presence

View = TypeVar("View", bound=Callable[..., Any])

#: what API tokens begin with; those of browser sessions are refused here
TOKEN_MARK = "cva_"  # noqa: S105 - a prefix, no secret

#: bytes of a request that is read before its caller is known
SHORT = 1 << 16


class Scope(StrEnum):
    """What a token may be used for (phạm vi của mã)."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Policy:
    """What an address asks of its caller: a scope of the token, then a right of the officer.

    An address without a policy does not pass the tests; a public one has neither.
    """

    scope: Scope | None
    act: Act | None


def guarded(scope: Scope, act: Act | None) -> Callable[[View], View]:
    """Let a view be called with a bearer token of this scope; `act` is what it authorizes.

    None is for what is nobody's but the caller's own: his token.
    """

    def decorate(view: View) -> View:
        documented = Blueprint.doc(
            **{"security": [{"bearer": [scope.value]}], "x-congvan-act": act or "own"}
        )(view)

        @wraps(documented)
        def entered(*args: Any, **kwargs: Any) -> Any:
            _enter(scope)
            try:
                return view(*args, **kwargs)
            finally:
                if unused := g.pop("entered", None):
                    unused[0].close()

        return cast("View", _marked(entered, Policy(scope, act)))

    return decorate


def public(view: View) -> View:
    """Let a view be called by anybody: it gives out nothing of an agency."""
    documented = Blueprint.doc(security=[])(view)
    return cast("View", _marked(documented, Policy(None, None)))


def _marked(view: Any, policy: Policy) -> Any:
    view.policy = policy
    return view


def token() -> str:
    """Return the bearer token of the request; raises `TokenMissing`."""
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not given.strip().startswith(TOKEN_MARK):
        raise TokenMissing
    return given.strip()


def _enter(scope: Scope) -> None:
    """Find out who calls; the transaction in which it was found is the view's first one."""
    here = _is_here()
    with ExitStack() as stack:
        tx = stack.enter_context(installation().database.transaction())
        present = login_session.resume(tx, token(), request.remote_addr or "")
        if present.scopes is None or scope.value not in present.scopes:
            raise ScopeMissing(scope=scope.value)
        g.presence = present
        if here:
            g.entered = (stack.pop_all(), tx)


def _is_here() -> bool:
    """Return whether all of it is read: who sends slowly holds no transaction."""
    if request.method in {"GET", "HEAD"}:
        return True
    if request.content_length is None or request.content_length > SHORT:
        return False
    request.get_data()
    return True


def acting() -> Acting:
    """Return who acts in this request."""
    return cast("Presence", g.presence).acting


@contextmanager
def transaction() -> Iterator[Transaction]:
    """Open the one transaction of this request, in the name and agency of its caller."""
    if entered := g.pop("entered", None):
        open_still, tx = entered
        with open_still:
            tx.act_as(acting())
            yield tx
    else:
        with installation().database.transaction(acting()) as tx:
            yield tx
