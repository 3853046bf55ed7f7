"""Has the wire send its statements one at a time and tells after each, for tests that cut it off."""

from collections.abc import Callable
from typing import Any

from engine import wire

converse = wire._converse


def singly(after: Callable[[str], object]) -> Callable[[Any, Any], list[Any]]:
    """Return what to put in the place of `wire._converse`; `after` gets each statement's text.

    What travels together in the product is done one after the other here: the server carries it out
    in the same order, each part a point where somebody can die.
    """

    def one_by_one(connection: Any, parcels: Any) -> list[Any]:
        results: list[Any] = []
        for parcel in parcels:
            results += converse(connection, [parcel])
            after(parcel.key[0])
        return results

    return one_by_one
