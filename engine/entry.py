"""The lines of a state that hold its sub-processes (mục quy trình con): most are never read.

A line is JSON: `["id", "under", "holder", "eager", ["at"], ⇥ {…}]`. What stands before the tab says
whether something may happen in it; where nothing can, the rest is neither decoded nor written anew.
Raw tabs and line feeds are never within JSON text, so both may be looked for in the bytes.
"""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

import orjson

#: between the tasks of the process and the lines of its sub-processes
BEGIN, BETWEEN, END = b'],"subs":[\n', b",\n", b"\n]}"
EAGER = "eager"
#: an id of a token is a UUID as text
_ID = 36


class Place(NamedTuple):
    """Which sub-process it stands in, whether it hears events, and the nodes tokens stand at.

    `holder` is the list whose instance it is, where the token of the instance is in the body.
    """

    under: str | None
    holder: str | None
    eager: str
    at: list[str]


class Entry(NamedTuple):
    """One sub-process as it is stored."""

    place: Place
    line: bytes

    @property
    def body(self) -> dict[str, Any]:
        """Return its rows, and which items and timers wait there."""
        found: dict[str, Any] = orjson.loads(self.line[self.line.index(b"\t") : -1])
        return found


def entry(identity: str, place: Place, body: dict[str, Any]) -> Entry:
    """Return the entry of a sub-process."""
    head = orjson.dumps([identity, *place])[:-1]
    return Entry(place, head + b",\t" + orjson.dumps(body, option=orjson.OPT_SORT_KEYS) + b"]")


def read(lines: Iterable[bytes]) -> dict[str, Entry]:
    """Return the entries of lines by the ids of their sub-processes; raises `ValueError`."""
    places: dict[bytes, Place] = {}
    found, made = {}, tuple.__new__  # without the arguments by name that hundreds do not need
    for line in lines:
        told = line[_ID + 3 : line.index(b"\t") - 1]
        if told not in places:
            places[told] = Place(*orjson.loads(b"[" + told[1:] + b"]"))
        found[line[2 : _ID + 2].decode()] = made(Entry, (places[told], line))
    return found


def awake(entries: dict[str, Entry], only: str) -> Collection[str]:
    """Return which sub-processes something may happen in while the token `only` moves."""
    token = only.encode()
    found: set[str] = set()
    for identity, (place, line) in entries.items():
        if place.eager or token in line:
            name: str | None = identity
            while name is not None and name not in found:
                found.add(name)
                name = entries[name].place.under
    return found
