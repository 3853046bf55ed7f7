"""What completing one step costs (`python -m benchmarks.completion`).

The step «Giải quyết» of the shipped incoming procedure, by its verb with all its writes: in process
on one connection, and over HTTP through gunicorn with two workers, authentication and form
validation included. Every measurement has a floor beside it.
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks.floor import Floor
from benchmarks.line import end, report
from benchmarks.setting import PASSWORD, PROGRESS, Bench, installation
from office.place import choose_place

WARM, ROUNDS = 60, 400
PORT = 8097


def in_process(bench: Bench) -> list[bool]:
    """Return the throughput of one connection over the floor's."""
    floor = Floor(bench.settings.database_url)
    item = bench.item_in_hand()
    for _ in range(WARM):
        item = bench.report(item)
        floor.once()
    taken, floors, cpu = [], [], []
    for _ in range(ROUNDS):
        busy, started = time.process_time(), time.perf_counter()
        item = bench.report(item)
        taken.append(time.perf_counter() - started)
        cpu.append(time.process_time() - busy)
        floors.append(floor.once())
    ours, least = statistics.median(taken), statistics.median(floors)
    ratio = least / ours
    return [
        report(
            "completion in process, 1 connection: throughput", 1 / ours, "completions/s",
            floor=1 / least, ratio=ratio, bound=">= 0.3", ok=ratio >= 0.3,
            median_ms=ours * 1e3, p95_ms=_p95(taken), cpu_ms=statistics.median(cpu) * 1e3,
            floor_ms=least * 1e3,
        )
    ]  # fmt: skip


def over_http(bench: Bench, pid: int, clients: int, bound: float) -> list[bool]:
    """Return the median of a completion over HTTP with so many clients, over the floor's."""
    taken: list[float] = []
    floors: list[float] = []
    gate = threading.Barrier(clients)
    lock = threading.Lock()

    def drive(number: int) -> None:
        client = Client(bench)
        floor = Floor(bench.settings.database_url, row=number + 1)
        for _ in range(WARM):
            client.complete()
            floor.once()
        mine, least = [], []
        for _ in range(ROUNDS):  # by turns, and all clients the same thing at the same time
            gate.wait()
            mine.append(client.complete())
            gate.wait()
            least.append(floor.once())
        with lock:
            taken.extend(mine)
            floors.extend(least)

    threads = [threading.Thread(target=drive, args=(n,)) for n in range(clients)]
    before = _cpu_of(pid)
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = _cpu_of(pid) - before
    ours, least = statistics.median(taken), statistics.median(floors)
    ratio = ours / least
    done = clients * (WARM + ROUNDS)
    return [
        report(
            f"completion over HTTP, {clients} client(s): median", ours * 1e3, "ms",
            floor=least * 1e3, ratio=ratio, bound=f"<= {bound}", ok=ratio <= bound,
            p95_ms=_p95(taken), cpu_ms_per_request=spent / done * 1e3,
            requests_per_s=done / (time.perf_counter() - started),
        )
    ]  # fmt: skip


class Client:
    """An officer's program on a kept-alive connection, with his login session."""

    def __init__(self, bench: Bench) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", PORT)
        self.token = self._log_in()
        self.item = bench.item_in_hand()
        self.identity, self.version = str(self.item.id), self.item.version

    def _log_in(self) -> str:
        answer = self._post(
            "/api/v1/tokens", {"username": "chuyenvien.stttt", "password": PASSWORD}, token=""
        )
        return answer["access_token"]

    def complete(self) -> float:
        """Complete the step in hand; return the seconds until the answer is read."""
        body = {"version": self.version, "values": PROGRESS, "files": []}
        started = time.perf_counter()
        answer = self._post(f"/api/v1/work-items/{self.identity}/completion", body, self.token)
        taken = time.perf_counter() - started
        [opened] = answer["opened"]
        self.identity, self.version = opened["id"], opened["version"]
        return taken

    def _post(self, path: str, body: dict, token: str) -> dict:
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self.connection.request("POST", path, json.dumps(body), headers)
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.status not in (200, 201):
            raise SystemExit(f"{path}: {answer.status} {data[:400]!r}")
        return json.loads(data)


def statements(bench: Bench) -> list[bool]:
    """Count the SQL statements and writing commits of one completion over HTTP."""
    client = Client(bench)
    for _ in range(WARM):
        client.complete()
    url = bench.settings.database_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET log_min_duration_statement = 0")
        connection.execute("SELECT pg_reload_conf()")
        time.sleep(1)
        path = choose_place(bench.settings.data).log
        start = path.stat().st_size
        rounds = 20
        for _ in range(rounds):
            client.complete()
        time.sleep(0.5)
        with path.open("rb") as file:
            file.seek(start)
            lines = file.read().decode(errors="replace").splitlines()
        connection.execute("ALTER SYSTEM RESET log_min_duration_statement")
        connection.execute("SELECT pg_reload_conf()")
    ran = [line for line in lines if "duration:" in line and _is_ours(line)]
    count = sum(1 + line.count("; ") for line in ran) / rounds
    commits = sum("COMMIT" in line for line in ran) / rounds
    return [
        report(
            "completion over HTTP: SQL statements, authentication included", count, "statements",
            bound="<= 12", ok=count <= 12, commits=commits,
        )
    ]  # fmt: skip


def _is_ours(line: str) -> bool:
    """A statement of the request: not the worker's, not a parse or bind of the same statement."""
    return ("statement:" in line or "execute" in line) and "floor_" not in line


def _p95(taken: list[float]) -> float:
    return sorted(taken)[int(len(taken) * 0.95)] * 1e3


def _cpu_of(pid: int) -> float:
    """CPU seconds of a process and its children."""
    ticks = os.sysconf("SC_CLK_TCK")
    total = 0.0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(entry.parent.name) == pid or int(fields[1]) == pid:
            total += (int(fields[11]) + int(fields[12])) / ticks
    return total


@contextmanager
def _server() -> Iterator[int]:
    """Run gunicorn with two workers, as `congvan run` does; no worker process beside it."""
    environment = {**os.environ, "CONGVAN_WEB_WORKERS": "2", "PORT": str(PORT)}
    server = subprocess.Popen([sys.executable, "-m", "office.cli", "web"], env=environment)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=2)
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield server.pid
    finally:
        server.terminate()
        server.wait(30)


def main() -> None:
    """Measure and print."""
    with installation(PORT) as bench:
        results = in_process(bench)
        with _server() as pid:
            results += over_http(bench, pid, 1, 7)
            results += over_http(bench, pid, 2, 10)
            results += statements(bench)
    end(results)


if __name__ == "__main__":
    main()
