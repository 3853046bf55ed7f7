"""What befalls three hosts: each fault is begun, lasts a while, and is over."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random

from host_ground import HUB, NAMES, RECEIVER, SENDER, Hosts
from host_node import PARTS

from engine.faultpoint import Point


class Kind(StrEnum):
    """The kinds of fault of the promise of delivery."""

    PARTITION = "partition"
    ONE_WAY = "one-way loss"
    OUTAGE = "outage of 30 s"
    KILL = "kill -9"
    POINT = "kill -9 at a fault point"
    FULL = "full disk"
    DATABASE_FULL = "full disk of the database"
    RESTORE = "hub restored"


#: how often each is drawn; an outage and a restore take longest
WEIGHTS = {
    Kind.PARTITION: 5,
    Kind.ONE_WAY: 5,
    Kind.OUTAGE: 0.4,
    Kind.KILL: 5,
    Kind.POINT: 8,
    Kind.FULL: 2,
    Kind.DATABASE_FULL: 1.5,
    Kind.RESTORE: 0.6,
}
#: bytes of the small disk on which a full disk is tried
DISK = "96m"


@dataclass(frozen=True)
class Fault:
    """A fault that was drawn: what, where, and for how many seconds."""

    kind: Kind
    host: str
    what: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.kind} {self.host} {self.what} {self.seconds:.1f} s".replace("  ", " ")


def draw(random: Random, kind: Kind | None = None) -> Fault:
    """Draw the next fault."""
    kind = kind or random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    host, seconds = random.choice(NAMES), random.uniform(0.5, 3.0)
    if kind is Kind.ONE_WAY:
        host = random.choice((SENDER, RECEIVER))
        return Fault(kind, host, random.choice(("to the hub", "from the hub")), seconds)
    if kind is Kind.KILL:
        return Fault(kind, host, random.choice((*PARTS, "page server", "all")), seconds)
    if kind is Kind.POINT:
        points = [p for p in Point if (host == HUB) == p.startswith("hub-")]
        return Fault(kind, host, random.choice(points), 4.0)
    if kind is Kind.FULL:
        return Fault(kind, random.choice((SENDER, RECEIVER)), seconds=seconds)
    if kind is Kind.RESTORE:
        return Fault(kind, HUB)
    return Fault(kind, host, seconds=30.0 if kind is Kind.OUTAGE else seconds)


@contextmanager
def small_disks(hosts: Hosts) -> Iterator[None]:
    """Lend sender and receiver a small disk each for their files."""
    mounted = []
    for name in (SENDER, RECEIVER):
        place = hosts.nodes[name].data / "content"
        place.mkdir(mode=0o700, exist_ok=True)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0700", "none", str(place)]
        subprocess.run(mount, check=True, capture_output=True)
        mounted.append(place)
    try:
        yield
    finally:
        for place in mounted:
            subprocess.run(["umount", "-l", place], check=True, capture_output=True)


@contextmanager
def befalls(hosts: Hosts, fault: Fault, backup: Path) -> Iterator[Callable[[], bool]]:
    """Have a fault begin and end; what is lent tells whether it is over before its time."""
    node = hosts.nodes[fault.host]
    if fault.kind in {Kind.PARTITION, Kind.OUTAGE}:
        hosts.net.pull(fault.host)
        yield _never
        hosts.net.plug(fault.host)
    elif fault.kind is Kind.ONE_WAY:
        ends = (fault.host, HUB) if fault.what == "to the hub" else (HUB, fault.host)
        hosts.net.lose(*ends)
        yield _never
        hosts.net.find(*ends)
    elif fault.kind is Kind.KILL:
        node.kill(fault.what)
        yield _never
        if fault.what == "all":
            node.start()
            node.wait()
    elif fault.kind is Kind.POINT:
        file = node.points / fault.what
        file.touch()
        yield lambda: not file.exists()
        file.unlink(missing_ok=True)
    elif fault.kind in {Kind.FULL, Kind.DATABASE_FULL}:
        full = node.data / "content" if fault.kind is Kind.FULL else node.place.cluster
        filler = _fill(full)
        yield _never
        filler.unlink()
    else:
        yield _never
        hosts.hub.restore(backup)


def _never() -> bool:
    return False


def _fill(folder: Path) -> Path:
    filler = folder / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 1_000_000)
    return filler
