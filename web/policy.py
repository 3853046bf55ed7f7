"""Who may open which page (quyền mở trang): every route says so; one that does not is closed."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from flask import current_app, g, request

from engine.database import Acting
from engine.errors import NotAllowed
from records.authority import Act, Facts, authorize

F = TypeVar("F", bound=Callable[..., object])


class Who(Enum):
    """Whom a page is for when it is no act on records."""

    EVERYONE = "everyone"
    LOGGED_IN = "logged in"
    IN_POSITION = "in position"


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may come in: somebody, or whoever may do `act`.

    With `each` the act is asked of the object itself, inside the page, by `ensure`.
    """

    who: Who
    act: Act | None = None
    each: bool = False


class PolicyMissing(NotAllowed):
    """A page that says not who may open it opens for nobody (trang chưa khai báo quyền)."""

    code = "policy-missing"
    status = 500
    vi = "Trang này chưa khai báo quyền truy cập nên không mở được. Báo quản trị hệ thống."
    en = "This page does not say who may open it, so it opens for nobody. Tell the operator."


def open_to(who: Who) -> Callable[[F], F]:
    """Mark a page as open to everyone, to whoever is logged in, or acts in a position."""
    return _marked(Policy(who))


def needs(act: Act, *, each: bool = False) -> Callable[[F], F]:
    """Mark a page as needing the right to `act`, on the agency or (`each`) on its object."""
    return _marked(Policy(Who.IN_POSITION, act, each))


def _marked(policy: Policy) -> Callable[[F], F]:
    def mark(view: F) -> F:
        view.policy = policy  # type: ignore[attr-defined] # read by `policy_of`
        return view

    return mark


def policy_of(endpoint: str) -> Policy | None:
    """Return what a route says of itself."""
    found = getattr(current_app.view_functions[endpoint], "policy", None)
    return found if isinstance(found, Policy) else None


def current_policy() -> Policy:
    """Return the policy of the request's page; raises `PolicyMissing`."""
    policy = policy_of(request.endpoint) if request.endpoint else None
    if policy is None:
        raise PolicyMissing(act=request.path)
    return policy


def ensure(acting: Acting, act: Act, facts: Facts | None = None) -> None:
    """Let the act pass or raise `NoRight`, and note that the page asked."""
    authorize(acting, act, facts)
    g.asked = True


def asked_below() -> None:
    """Note that the verb itself asked: it authorises before it does anything."""
    g.asked = True


def check_asked() -> None:
    """Raise `PolicyMissing` where a page should have asked about its object and did not."""
    policy = policy_of(request.endpoint) if request.endpoint else None
    if policy is not None and policy.each and not g.get("asked"):
        raise PolicyMissing(act=request.path)
