"""Tokens behind a PKCS#11 library (thiết bị lưu khóa): one user at a time, login last."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import pkcs11
from pkcs11 import PKCS11Error, Session, Token, TokenFlag

from signing.keystores.errors import (
    LastTry,
    PinLocked,
    TokenBusy,
    TokenGone,
    TokenLibraryRefused,
    WrongPin,
)
from signing.keystores.pin_tries import PinTries
from signing.keystores.secret import Secret

WRONG_PIN = (pkcs11.PinIncorrect, pkcs11.PinLenRange, pkcs11.PinInvalid)


class TokenLibrary:
    """One PKCS#11 library in this process (thư viện PKCS#11); every call to it is serialised.

    It is initialised without locks of its own, by which the caller promises (PKCS#11, C_Initialize)
    that no two threads are in it at once: whoever calls it holds `lock`. A token is held by one
    user at a time, for a login counts for every session of the process with that token.
    """

    def __init__(self, path: str, *, inherited: bool = False) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._inherited = inherited
        self._users: dict[str, threading.Lock] = {}
        self._open = 0
        self._untidy = False

    def tokens(self) -> list[Token]:
        """Return the tokens that are in; raise `TokenLibraryRefused`."""
        with self.lock:
            try:
                return list(self._loaded().get_tokens())
            except PKCS11Error:
                self.reset()
            try:
                return list(self._loaded().get_tokens())
            except PKCS11Error:
                return []

    def find(self, label: str, serial: bytes = b"") -> Token:
        """Return the token of this label; raise `TokenGone` where it is not in, or not alone."""
        with self.lock:
            found = self._matching(label, serial)
            if not found:
                # some libraries see what was put in only after a new start
                self.reset()
                found = self._matching(label, serial)
        if len(found) != 1:
            raise TokenGone(token=label)
        return found[0]

    def reset(self) -> None:
        """Start the library anew; every session of this process ends and is opened again."""
        with self.lock:
            self._untidy = False
            module = self._loaded()
            with suppress(PKCS11Error):
                module.finalize()
            with suppress(PKCS11Error):
                module.initialize()

    def log_in(self, token: Token, pin: Secret, tries: PinTries, at: datetime) -> Session:
        """Open the one session with this token and log in.

        Raise `WrongPin`, `LastTry`, `PinLocked`, `PinPaused` or `TokenGone`.
        """
        with self.lock:
            refuse_last_try(token)
            serial = token.serial.decode("latin-1")
            left = tries.begin(serial, at)
            try:
                session = self._opened(token, pin)
            except WRONG_PIN:
                self._tidy()
                refuse_last_try(token.slot.get_token())
                raise WrongPin(left=left) from None
            except pkcs11.PinLocked:
                raise PinLocked from None
            except PKCS11Error:
                tries.undo(serial)
                raise TokenGone(token=token.label) from None
            tries.succeed(serial)
            self._open += 1
            return session

    def log_out(self, session: Session) -> None:
        """Log out and close the session, whatever became of its token."""
        with self.lock:
            with suppress(PKCS11Error):
                session.close()
            self._open -= 1
            if self._untidy and not self._open:
                self.reset()

    @contextmanager
    def held(self, label: str, patience: float) -> Iterator[None]:
        """Hold the token of this label alone; raise `TokenBusy` after `patience` seconds."""
        with self.lock:
            mine = self._users.setdefault(label, threading.Lock())
        if not mine.acquire(timeout=patience):
            raise TokenBusy(token=label)
        try:
            yield
        finally:
            mine.release()

    def _opened(self, token: Token, pin: Secret) -> Session:
        try:
            return token.open(user_pin=pin.reveal())
        except pkcs11.UserAlreadyLoggedIn:
            # somebody's login was left behind, and nobody asked for this PIN yet
            self.reset()
            return self.find(token.label, token.serial).open(user_pin=pin.reveal())

    def _tidy(self) -> None:
        """A refused login leaves a session that only a new start closes; others sign on first."""
        self._untidy = True
        if not self._open:
            self.reset()

    def _matching(self, label: str, serial: bytes) -> list[Token]:
        return [
            token
            for token in self.tokens()
            if token.label == label and (not serial or token.serial == serial)
        ]

    def _loaded(self) -> Any:
        try:
            module = pkcs11.lib(self.path)
        except PKCS11Error:
            raise TokenLibraryRefused(path=self.path) from None
        if self._inherited:
            # PKCS#11: a child after a fork is an application of its own
            self._inherited = False
            self.reset()
        return module


def refuse_last_try(token: Token) -> None:
    """Raise `PinLocked` or `LastTry` where the token says that it is, or is about to be, locked."""
    if token.flags & TokenFlag.USER_PIN_LOCKED:
        raise PinLocked
    if token.flags & TokenFlag.USER_PIN_FINAL_TRY:
        raise LastTry


class _Libraries:
    """The libraries this process has loaded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: dict[str, TokenLibrary] = {}
        self._inherited: frozenset[str] = frozenset()
        self._watching = False

    def at(self, path: str) -> TokenLibrary:
        with self._lock:
            if not self._watching:
                os.register_at_fork(after_in_child=self._after_fork)
                self._watching = True
            if path not in self._loaded:
                self._loaded[path] = TokenLibrary(path, inherited=path in self._inherited)
            return self._loaded[path]

    def _after_fork(self) -> None:
        # a thread that held a lock does not live in the child
        self._lock = threading.Lock()
        self._inherited |= frozenset(self._loaded)
        self._loaded = {}


_LIBRARIES = _Libraries()


def library_at(path: str) -> TokenLibrary:
    """Return the library at this path, one and the same in all of this process."""
    return _LIBRARIES.at(path)
