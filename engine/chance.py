"""Chance and clock of one command (ngẫu nhiên và đồng hồ của một lệnh), so that it can be repeated.

A command draws the ids of its tokens from a seed of 16 bytes, and each change of a token's state
takes the next moment after its `now`. Both stand in the event: whoever has them repeats the command
byte for byte. A `Chance` holds in its context alone, so commands of other threads draw their own.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar, Token
from datetime import datetime
from functools import wraps
from hashlib import shake_128
from typing import ParamSpec, Self, TypeVar

from engine.budget import BUDGET
from engine.errors import OfficeError
from engine.tables import new_seed, new_token_id

#: compaction asks which of two states is newer, so no two moments of a run may be equal; what a
#: float of seconds keeps apart until the year 2106
TICK = 1e-6

#: hexadecimal digits drawn at a time: 16 ids
_DIGITS = 512

#: the four ways the variant of RFC 9562 may be written, by the digit that was drawn there
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


P = ParamSpec("P")
T = TypeVar("T")


class TooManyTokens(OfficeError):
    """One command foresees more tokens than any office has (rẽ nhánh quá nhiều)."""

    code = "too-many-tokens"
    vi = (
        "Sơ đồ rẽ nhánh quá nhiều: một lệnh sinh hơn {most} vị trí. Việc chưa được ghi; bớt các "
        "cổng song song nối tiếp nhau."
    )
    en = (
        "The diagram forks too often: one command makes more than {most} tokens. Nothing was "
        "written; take out parallel gateways that follow each other."
    )


class Chance:
    """What chance and the clock give the commands within `with Chance(seed):`."""

    __slots__ = ("_at", "_block", "_digits", "_place", "_token", "seed")

    def __init__(self, seed: bytes | None = None) -> None:
        self.seed = seed or new_seed()
        self._at = 0.0
        self._digits = ""
        self._place = self._block = 0
        self._token: Token[Chance | None] | None = None

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _current.reset(self._token)

    def token_id(self) -> str:
        """Return the next id of the seed as text (UUID version 4, RFC 9562 §5.4)."""
        if self._place == len(self._digits):
            if self._block * (_DIGITS // 32) >= BUDGET.tokens:
                raise TooManyTokens(most=BUDGET.tokens)
            block = self.seed + self._block.to_bytes(4, "big")
            self._digits = shake_128(block).hexdigest(_DIGITS // 2)
            self._place, self._block = 0, self._block + 1
        d = self._digits[self._place : self._place + 32]
        self._place += 32
        return f"{d[:8]}-{d[8:12]}-4{d[13:16]}-{_VARIANT[d[16]]}{d[17:20]}-{d[20:]}"

    def moment(self) -> float:
        """Return the next moment in seconds since 1970, later than any before it."""
        self._at += TICK
        return self._at

    def not_before(self, at: float) -> None:
        """Have all moments from now on be later than `at`."""
        self._at = max(self._at, at)


_current: ContextVar[Chance | None] = ContextVar("chance", default=None)


def token_id() -> str:
    """Return an id for a new token: the next of the command's seed, any outside of commands."""
    chance = _current.get()
    return new_token_id() if chance is None else chance.token_id()


class Clock:
    """What the library takes for the module `time`."""

    @staticmethod
    def time() -> float:
        """Return the next moment of the command, the present one outside of commands."""
        chance = _current.get()
        return time.time() if chance is None else chance.moment()


def begin(now: datetime) -> None:
    """Have the moments of the command that runs be those after `now`."""
    not_before(now.timestamp())


def not_before(at: float) -> None:
    """Have the moments of the command that runs be later than `at`: what it found was before it."""
    chance = _current.get()
    if chance is not None:
        chance.not_before(at)


def seed() -> bytes:
    """Return what the command that runs draws from, nothing outside of commands."""
    chance = _current.get()
    return b"" if chance is None else chance.seed


def drawn(command: Callable[P, T]) -> Callable[P, T]:
    """Have `command` draw from a seed of its own, or from the `Chance` it is repeated in."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if _current.get() is not None:
            return command(*args, **kwargs)
        with Chance():
            return command(*args, **kwargs)

    return run
