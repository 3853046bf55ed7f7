"""Hosts on a network of their own: a namespace each, joined by a switch in one more namespace.

Nothing of it touches the network of this machine. A cable is pulled at the switch; in one direction
packets are lost because their sender is told a link address that nobody has. Both need no module of
the kernel beyond bridges and virtual cables.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NOWHERE = "02:00:00:00:00:99"
_OURS = re.compile(r"cv(\d+)-\w+")


def run(*command: str) -> str:
    """Run a command of the machine; return what it said."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def hindrance() -> str:
    """Return why no namespaces can be made here, empty where they can."""
    probe = f"cv{os.getpid()}-probe"
    try:
        run("ip", "netns", "add", probe)
    except (OSError, RuntimeError) as error:
        return f"network namespaces cannot be made here: {error}"
    try:
        run("ip", "-n", probe, "link", "add", "name", "br0", "type", "bridge")
    except RuntimeError as error:
        return f"a bridge cannot be made here: {error}"
    finally:
        run("ip", "netns", "del", probe)
    return ""


def remove_leftovers() -> None:
    """Remove the namespaces of test processes that were killed."""
    for line in run("ip", "netns", "list").splitlines():
        found = _OURS.fullmatch(line.split()[0])
        if found and not Path(f"/proc/{found[1]}").exists():
            run("ip", "netns", "del", found[0])


@dataclass(frozen=True)
class Network:
    """The switch and its hosts, by name; each has the address 10.188.0.<its number>."""

    names: Sequence[str]

    def namespace(self, name: str) -> str:
        return f"cv{os.getpid()}-{name}"

    def address(self, name: str) -> str:
        return f"10.188.0.{self.names.index(name) + 1}"

    def inside(self, name: str, *command: str | Path) -> list[str | Path]:
        """Return a command as it runs on a host; it sees the files and mounts of this machine."""
        return ["nsenter", f"--net=/run/netns/{self.namespace(name)}", *command]

    def pull(self, name: str) -> None:
        """Pull the cable of a host: nothing comes and nothing goes, and nobody is told."""
        run("ip", "-n", self.namespace("switch"), "link", "set", "dev", f"to-{name}", "down")

    def plug(self, name: str) -> None:
        run("ip", "-n", self.namespace("switch"), "link", "set", "dev", f"to-{name}", "up")

    def lose(self, source: str, target: str) -> None:
        """Lose what goes from one host to another; the other direction works."""
        self._neighbour("replace", source, target, "lladdr", NOWHERE, "nud", "permanent")

    def find(self, source: str, target: str) -> None:
        self._neighbour("del", source, target)

    def _neighbour(self, verb: str, source: str, target: str, *more: str) -> None:
        where = ("ip", "-n", self.namespace(source), "neigh", verb)
        run(*where, self.address(target), "dev", "eth0", *more)

    def make(self) -> None:
        switch = self.namespace("switch")
        run("ip", "netns", "add", switch)
        run("ip", "-n", switch, "link", "add", "name", "br0", "type", "bridge")
        run("ip", "-n", switch, "link", "set", "dev", "br0", "up")
        for name in self.names:
            own, port = self.namespace(name), f"to-{name}"
            run("ip", "netns", "add", own)
            cable = ("type", "veth", "peer", "name", "eth0", "netns", own)
            run("ip", "-n", switch, "link", "add", "name", port, *cable)
            run("ip", "-n", switch, "link", "set", "dev", port, "master", "br0", "up")
            run("ip", "-n", own, "link", "set", "dev", "lo", "up")
            run("ip", "-n", own, "link", "set", "dev", "eth0", "up")
            run("ip", "-n", own, "addr", "add", f"{self.address(name)}/24", "dev", "eth0")

    def remove(self) -> None:
        known = run("ip", "netns", "list").split()
        for name in (*self.names, "switch"):
            if self.namespace(name) in known:
                run("ip", "netns", "del", self.namespace(name))


@contextmanager
def network(*names: str) -> Iterator[Network]:
    """Lend a network of these hosts."""
    remove_leftovers()
    made = Network(names)
    try:
        made.make()
        yield made
    finally:
        made.remove()
