"""Three hosts: who sends, our hub, who receives; each with its own PostgreSQL and network.

Sender and receiver are the demonstration, in each of which one agency works: Sở TT&TT here, Sở Tài
chính there. The hub is an installation without agencies, and theirs are admitted to it.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from host_network import Network, network
from host_node import PORT, Node
from story import PASSWORD, Story, settings_for

from exchange.axis import Axis
from office import demo, migrate
from office.office import Office
from office.place import find_place
from office.postgres import Cluster
from records.axis import AxisStore

SENDER, HUB, RECEIVER = "sender", "hub", "receiver"
NAMES = (SENDER, HUB, RECEIVER)
#: the symbol and the code of the agency that works on a host
WORKS = {SENDER: ("STTTT", "H55.07"), RECEIVER: ("STC", "H55.05")}
SECRET = "bi-mat-cua-{}"
#: the disk of each database, more than what a run writes
DATABASE_DISK = "2g"


@dataclass
class Hosts:
    """The three hosts and the network between them."""

    folder: Path
    net: Network
    nodes: dict[str, Node]

    @property
    def sender(self) -> Node:
        return self.nodes[SENDER]

    @property
    def hub(self) -> Node:
        return self.nodes[HUB]

    @property
    def receiver(self) -> Node:
        return self.nodes[RECEIVER]

    def story(self, name: str) -> Story:
        """Return an installation as its officers and their verbs see it."""
        node = self.nodes[name]
        return Story(Office.open(settings_for(node.url, node.data, PORT)))


@contextmanager
def hosts() -> Iterator[Hosts]:
    """Lend three hosts at work; nothing of them stays."""
    folder = Path(tempfile.mkdtemp(prefix="cv-hosts-"))
    folder.chmod(0o711)  # under root the servers run as nobody
    try:
        _seed(folder)
        for name in NAMES:
            _move_to_disk(folder / name)
        with network(*NAMES) as net:
            made = {n: Node(net, n, folder / n, **_settings(net, n)) for n in NAMES}
            try:
                for node in made.values():
                    node.start()
                for node in made.values():
                    node.wait()
                _admit(made[HUB])
                yield Hosts(folder, net, made)
            finally:
                for node in made.values():
                    node.stop()
    finally:
        for mounted in (*folder.glob("*/content"), *map(_cluster, folder.glob("*/"))):
            subprocess.run(["umount", "-l", mounted], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def _settings(net: Network, name: str) -> dict[str, str]:
    if name == HUB:
        return {"CONGVAN_MODE": "production", "CONGVAN_WEB_WORKERS": "2"}
    return {
        "CONGVAN_DEMO_PASSWORD": PASSWORD,
        "CONGVAN_WEB_WORKERS": "1",
        "CONGVAN_AXIS_URL": f"http://{net.address(HUB)}:{PORT}/axis",
        "CONGVAN_AXIS_SYSTEM": name,
    }


def _seed(folder: Path) -> None:
    """Make the data directories: one cluster, copied before and after the demonstration."""
    data = folder / SENDER
    data.mkdir()
    data.chmod(0o711)
    cluster = Cluster(data, say=lambda _line: None)
    url = cluster.start()
    try:
        migrate.upgrade(url)
    finally:
        cluster.stop()
    _copy(data, folder / HUB)
    url = cluster.start()
    try:
        office = Office.open(settings_for(url, data, PORT))
        demo.seed(office, password=PASSWORD)
        office.database.dispose()
    finally:
        cluster.stop()
    _copy(data, folder / RECEIVER)
    for name, (symbol, _) in WORKS.items():
        cluster = Cluster(folder / name, say=lambda _line: None)
        cluster.start()
        try:
            with cluster.connect("congvan") as connection:
                connection.execute(
                    "UPDATE agency SET is_tenant = false WHERE is_tenant AND symbol <> %s", [symbol]
                )
        finally:
            cluster.stop()
        keys = folder / name / "keys"
        keys.mkdir(mode=0o700, exist_ok=True)
        secret = keys / "carrier.secret"
        secret.touch(mode=0o600)
        secret.write_text(SECRET.format(name))


def _cluster(data: Path) -> Path:
    found = find_place(data)
    return found.cluster if found is not None else data


def _move_to_disk(data: Path) -> None:
    """Put the files of a database on a disk of their own, which can be filled."""
    cluster = _cluster(data)
    owner, aside = cluster.stat(), cluster.with_name("aside")
    cluster.rename(aside)
    cluster.mkdir()
    access = f"size={DATABASE_DISK},mode=0700,uid={owner.st_uid},gid={owner.st_gid}"
    mount = ["mount", "-t", "tmpfs", "-o", access, "none", str(cluster)]
    subprocess.run(mount, check=True, capture_output=True)
    subprocess.run(["cp", "-a", f"{aside}/.", str(cluster)], check=True)
    shutil.rmtree(aside)


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", source, target], check=True)


def _admit(hub: Node) -> None:
    """Connect both systems to the hub, each with its agency."""
    database = hub.open()
    try:
        with database.transaction() as tx:
            axis = Axis(AxisStore(tx), clock=lambda: tx.now)
            for name, (symbol, code) in WORKS.items():
                axis.admit_system(name, SECRET.format(name))
                axis.admit_agency(name, code, symbol)
    finally:
        database.dispose()
