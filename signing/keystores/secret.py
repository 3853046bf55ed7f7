"""A PIN in memory (mã PIN trong bộ nhớ): shown by nothing, kept by nothing, forgotten at will."""

from typing import NoReturn

from signing.errors import KeystoreRefused


class Secret:
    """What opens a token, for as long as the token is open (mã PIN).

    It has no text, cannot be pickled or copied, and after `forget` it is gone.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Take it; raise `KeystoreRefused` for one that no library could be handed whole."""
        if "\0" in value:
            raise KeystoreRefused
        self._value: str | None = value

    def __repr__(self) -> str:
        return "<Secret>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written down")

    def reveal(self) -> str:
        """Return it; raise `KeystoreRefused` once it was forgotten."""
        if self._value is None:
            raise KeystoreRefused
        return self._value

    def forget(self) -> None:
        """Drop it."""
        self._value = None
