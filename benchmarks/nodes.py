"""Two nodes exchange documents of 20 kB (`python -m benchmarks.nodes [MINUTES] [RATE]`).

Each is `congvan run` with its own PostgreSQL; the first is their axis too. They send to each other
by turns, at half the rate that the floor of the hub allows (`benchmarks.axis`: four times a file
with fsync and three rows), and one connection in a hundred is cut on the way. A machine that has to
be both nodes, the axis and who drives them may not do that many: a burst tells how many it does,
and most of that is kept for the minutes. Each document is a PDF with the seal of its agency.

Reported: the rate, the age of the oldest job of the exchange that is due, how long documents were
on their way, by itself the age of what waits to be checked, memory, and whether all arrived once.
"""

import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pikepdf
import psutil
import psycopg

from benchmarks.axis import ACCEPT, Floor
from benchmarks.line import end, report
from engine.database import Acting
from exchange.axis import Axis
from office import demo, migrate
from office import settings as configuration
from office.child import end as end_process
from office.child import spawn
from office.office import Office
from office.postgres import Cluster
from processes.order import Order
from processes.outgoing.issue import issue
from records.axis import AxisStore
from records.content import attach_file
from records.document import OutgoingDocument
from records.login import log_in
from records.login_session import resume
from records.recipient import Recipient
from records.vietnamese import local_date
from records.vocabulary import FileKind
from signing.keystores.pkcs12 import Pkcs12KeyStore
from signing.signer import SignRequest, SignRole, sign_pdf

SIZE, CUT, AGE, GROWTH = 20_000, 0.01, 5.0, 1.1
#: what a signature adds to a file
SIGNATURE = 14_000
#: documents of the burst, and the share of its rate that is kept for minutes
BURST, KEPT = 60, 0.7
PASSWORD = "Mat-khau-do-hieu-nang"
#: name, port, symbol, code, clerk
NODES = (
    ("first", 8095, "STTTT", "H55.07", "vanthu.stttt"),
    ("second", 8096, "STC", "H55.05", "vanthu.stc"),
)
ROAD = 8094
_AGE = """SELECT coalesce(extract(epoch FROM clock_timestamp() - min(run_at) FILTER (
    WHERE kind NOT IN ('poll_axis', 'reconcile_axis', 'check_signatures'))), 0)::float8,
  coalesce(extract(epoch FROM clock_timestamp() - min(run_at) FILTER (
    WHERE kind = 'check_signatures')), 0)::float8
FROM job WHERE state = 'ready' AND run_at <= clock_timestamp()"""
_LEFT = "SELECT identifier, issued_at FROM outgoing_document WHERE issued_at IS NOT NULL"
_ARRIVED = "SELECT identifier, created_at FROM incoming_document WHERE identifier IS NOT NULL"
_SENT = "SELECT d.identifier FROM outgoing_document d WHERE d.issued_at IS NOT NULL"
_CAME = "SELECT identifier FROM incoming_document"


class Road:
    """The way to the axis: a connection in a hundred is cut somewhere."""

    def __init__(self, port: int, target: int) -> None:
        self.target, self.random = target, random.Random(188)
        self.connections, self.cut = 0, 0
        self._listening = socket.create_server(("127.0.0.1", port), backlog=256)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                incoming, _ = self._listening.accept()
                self.connections += 1
                left = self.random.randrange(40_000) if self.random.random() < CUT else None
                threading.Thread(target=self._carry, args=(incoming, left), daemon=True).start()

    def _carry(self, incoming: socket.socket, left: int | None) -> None:
        with suppress(OSError), incoming:
            outgoing = socket.create_connection(("127.0.0.1", self.target))
            with outgoing:
                back = threading.Thread(target=_pump, args=(outgoing, incoming), daemon=True)
                back.start()
                if _pump(incoming, outgoing, left):
                    self.cut += 1
                    for end_of_it in (incoming, outgoing):
                        end_of_it.shutdown(socket.SHUT_RDWR)
                back.join()

    def close(self) -> None:
        """Take no more connections."""
        self._listening.close()


def _pump(source: socket.socket, target: socket.socket, left: int | None = None) -> bool:
    """Carry bytes until there are no more; tell whether they were cut off."""
    with suppress(OSError):
        while data := source.recv(65_536):
            if left is not None and len(data) >= left:
                return True
            left = None if left is None else left - len(data)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    return False


@dataclass
class Node:
    """One installation under its supervisor, and its clerk."""

    name: str
    port: int
    symbol: str
    code: str
    data: Path
    process: "subprocess.Popen[bytes]"
    office: Office
    acting: Acting
    paper: bytes
    ages: list[float] = field(default_factory=list)
    unchecked: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask its database past row-level security."""
        url = self.office.settings.database_url.replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            return connection.execute(statement).fetchall()  # type: ignore[arg-type]

    def look(self) -> None:
        """Note the age of the oldest due job and the memory of its Python processes, in MB."""
        [(age, unchecked)] = self.ask(_AGE)
        self.ages.append(age)
        self.unchecked.append(unchecked)
        held = 0
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.Error):
                held += 0 if child.name() == "postgres" else child.memory_full_info().pss
        self.memory.append(held / 1e6)

    def issue(self, number: int, to: str) -> None:
        """Issue the sealed paper to the other node."""
        stored = self.office.means.content.put(self.paper)
        with self.office.database.transaction(self.acting) as tx:
            agency_id = self.acting.agency_id
            assert agency_id is not None
            today = local_date(tx.now)
            document = tx.add(
                OutgoingDocument(
                    agency_id=agency_id, type_name="Công văn", code_number=str(number),
                    identifier=f"{self.code},{today:%Y/%m/%d},{number}/{self.symbol}-DO",
                    code_notation=f"{self.symbol}-DO", issued_on=today, organ_code=self.code,
                    organ_name=self.symbol, subject=f"Công văn số {number}", signed_at=tx.now,
                    signer_name="Đỗ Xuân Hòa", signer_position="Giám đốc", place="Thái Nguyên",
                    sealed_at=tx.now, created_at=tx.now,
                )
            )  # fmt: skip
            attach_file(tx, document, stored, name="cong-van.pdf", kind=FileKind.SIGNED)
            tx.add(
                Recipient(
                    agency_id=agency_id, outgoing_document_id=document.id, organ_code=to, name=to
                )
            )
            tx.flush()
            order: Order[Any] = Order(cast("Any", None), cast("Any", None), document, {})
            issue(tx, self.office.means, order)


def _paper(data: Path, agency: object) -> bytes:
    """Return a page of about 20 kB with the seal of an agency, which cannot be seen."""
    pdf = BytesIO()
    with pikepdf.new() as made:
        page = made.add_blank_page(page_size=(595, 842))
        made.attachments["so-lieu.bin"] = os.urandom(SIZE - SIGNATURE)
        page.obj.Contents = made.make_stream(b"")
        made.save(pdf)
    keystore = (data / "signing" / "keystores" / f"{agency}.p12").read_bytes()
    request = SignRequest(SignRole.SEAL, datetime.now(UTC))
    return sign_pdf(pdf.getvalue(), request, Pkcs12KeyStore(keystore, PASSWORD))


@contextmanager
def nodes() -> Iterator[tuple[list[Node], Road]]:
    """Lend two nodes at work; nothing of them stays."""
    folder = Path(tempfile.mkdtemp(prefix="congvan-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    made: list[Node] = []
    road = Road(ROAD, NODES[0][1])
    try:
        _seed(folder)
        made.extend(_start(folder, *one) for one in NODES)
        _admit(made)
        yield made, road
    finally:
        road.close()
        for node in made:
            node.office.database.dispose()
            end_process(node.process, ((signal.SIGTERM, 30), (signal.SIGKILL, 5)))
        shutil.rmtree(folder, ignore_errors=True)


def _seed(folder: Path) -> None:
    first = folder / NODES[0][0]
    first.mkdir()
    first.chmod(0o711)
    cluster = Cluster(first, say=lambda _line: None)
    url = cluster.start()
    try:
        migrate.upgrade(url)
        office = Office.open(_settings(url, first, NODES[0][1]))
        demo.seed(office, password=PASSWORD)
        office.database.dispose()
    finally:
        cluster.stop()
    subprocess.run(["cp", "-a", first, folder / NODES[1][0]], check=True)
    for name, _, symbol, _, _ in NODES:
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
        (keys / "carrier.secret").touch(mode=0o600)
        (keys / "carrier.secret").write_text(PASSWORD)


def _settings(url: str, data: Path, port: int) -> configuration.Settings:
    return replace(configuration.load(), database_url=url, data=data, port=port)


def _start(folder: Path, name: str, port: int, symbol: str, code: str, clerk: str) -> Node:
    data = folder / name
    environment = {
        **{k: v for k, v in os.environ.items() if k != "DATABASE_URL"},
        "CONGVAN_DATA": str(data), "PORT": str(port), "CONGVAN_DEMO_PASSWORD": PASSWORD,
        "CONGVAN_AXIS_URL": f"http://127.0.0.1:{ROAD}/axis", "CONGVAN_AXIS_SYSTEM": name,
        "CONGVAN_WEB_WORKERS": "2" if port == NODES[0][1] else "1",
    }  # fmt: skip
    with (folder / f"{name}.log").open("wb") as output:
        process = spawn(
            [sys.executable, "-m", "office.cli", "run"],
            on_parent_death=signal.SIGTERM, output=output, environment=environment,
        )  # fmt: skip
    until = time.monotonic() + 180
    while not _answers(f"http://127.0.0.1:{port}/readyz"):
        if process.poll() is not None or time.monotonic() > until:
            raise SystemExit((folder / f"{name}.log").read_text()[-2000:])
        time.sleep(0.1)
    office = Office.open(_settings((data / "database.url").read_text(), data, port))
    with office.database.transaction() as tx:
        admission = log_in(tx, clerk, PASSWORD, "127.0.0.1")
    with office.database.transaction() as tx:
        acting = resume(tx, admission.token).acting
    paper = _paper(data, acting.agency_id)
    return Node(name, port, symbol, code, data, process, office, acting, paper)


def _answers(address: str) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(address, timeout=5):
            return True
    except OSError:
        return False


def _admit(made: list[Node]) -> None:
    with made[0].office.database.transaction() as tx:
        axis = Axis(AxisStore(tx), clock=lambda: tx.now)
        for node in made:
            axis.admit_system(node.name, PASSWORD)
            axis.admit_agency(node.name, node.code, node.symbol)


def allowed_rate(node: Node) -> float:
    """Return half the documents a second that the hub's floor allows it."""
    with tempfile.TemporaryDirectory(dir=node.data) as folder:
        floor = Floor(node.office.settings.database_url, Path(folder))
        data, taken = os.urandom(SIZE), []
        for _ in range(200):
            started = time.perf_counter()
            floor.once(data)
            taken.append(time.perf_counter() - started)
    return 0.5 / (ACCEPT * statistics.median(taken))


def burst(made: list[Node]) -> float:
    """Return how many documents a second arrive when they are sent as fast as can be."""
    began = time.monotonic()
    for number in range(BURST):
        made[number % 2].issue(-number - 1, made[1 - number % 2].code)
    if wrong := arrived(made):
        raise SystemExit(f"the burst did not arrive: {wrong[:5]}")
    return BURST / (time.monotonic() - began)


def on_the_way(sender: Node, receiver: Node, since: datetime) -> list[float]:
    """Return how many seconds each document took from issuing to being taken in, by size."""
    left = {one: at for one, at in sender.ask(_LEFT) if at >= since}
    came = dict(receiver.ask(_ARRIVED))
    return sorted((came[one] - left[one]).total_seconds() for one in left if one in came)


def exchange(made: list[Node], minutes: float, rate: float) -> int:
    """Send by turns at this rate and look each second; return how many were sent."""
    began, sent, looked = time.monotonic(), 0, 0
    while (passed := time.monotonic() - began) < minutes * 60:
        if passed >= looked:
            for node in made:
                node.look()
            looked += 1
        if sent < passed * rate:
            node, other = made[sent % 2], made[1 - sent % 2]
            sent += 1
            node.issue(sent, other.code)
        else:
            time.sleep(min(0.01, 1 / rate))
    return sent


def arrived(made: list[Node], patience: float = 300.0) -> list[str]:
    """Wait until what was sent arrived; return what is lost or double."""
    until = time.monotonic() + patience
    while True:
        wrong = []
        for node, other in (made, made[::-1]):
            sent = {row[0] for row in node.ask(_SENT)}
            came = [row[0] for row in other.ask(_CAME)]
            wrong += [f"lost {i}" for i in sorted(sent - set(came))]
            wrong += [f"double {i}" for i in sorted(set(came)) if came.count(i) > 1]
        if not wrong or time.monotonic() > until:
            return wrong
        time.sleep(1)


def p95(values: list[float]) -> float:
    """Return what 95 in 100 do not exceed."""
    return sorted(values)[int(len(values) * 0.95)]


def main() -> None:
    """Exchange, then print."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with nodes() as (made, road):
        allowed, most = allowed_rate(made[0]), burst(made)
        rate = float(sys.argv[2]) if len(sys.argv) > 2 else min(allowed, KEPT * most)
        began, since = time.monotonic(), datetime.now(UTC)
        sent = exchange(made, minutes, rate)
        took, wrong = time.monotonic() - began, arrived(made)
        results = [
            report(
                "nodes: documents a second", sent / took, "1/s", floor=allowed,
                ratio=sent / took / allowed, bound=">= half of what the hub's floor allows",
                ok=sent / took >= 0.98 * allowed, burst=round(most, 2), minutes=minutes,
                processors=os.cpu_count(),
            ),
            report(
                "nodes: all arrived once", sent - len(wrong), "documents", bound="all",
                ok=not wrong, wrong=wrong[:5], connections=road.connections, cut=road.cut,
            ),
        ]  # fmt: skip
        for node, other in (made, made[::-1]):
            results += _of(node, other, since)
    end(results)


def _of(node: Node, other: Node, since: datetime) -> list[bool]:
    third = max(1, len(node.memory) // 3)
    early = statistics.mean(node.memory[third : 2 * third] or node.memory)
    late = statistics.mean(node.memory[-third:])
    age, way = p95(node.ages), on_the_way(other, node, since)
    return [
        report(
            f"nodes: queue age p95, {node.name}", age, "s", bound=f"<= {AGE:g}",
            ok=age <= AGE, most=max(node.ages),
        ),
        report(
            f"nodes: from issuing to {node.name} p95", p95(way), "s", bound=f"<= {AGE:g}",
            ok=p95(way) <= AGE, median=round(statistics.median(way), 3), most=way[-1],
        ),
        report(
            f"nodes: age of what waits to be checked p95, {node.name}", p95(node.unchecked), "s",
            most=max(node.unchecked),
        ),
        report(
            f"nodes: memory of {node.name}, last third over the second", late, "MB", floor=early,
            ratio=late / early, bound=f"<= {GROWTH}", ok=late / early <= GROWTH,
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
