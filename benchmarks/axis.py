"""What our hub costs (`python -m benchmarks.axis`): taking in, handing out, listing.

A document of 100 kB for three receivers, over HTTP through gunicorn with two workers and two
clients. The floor is what nobody is spared: the file written and fsynced and three rows in one
commit, by turns. A member's own list with 100,000 packets of others and 100 of its own waiting is
set beside the same list with nothing else there.
"""

import http.client
import json
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.completion import PORT, _server
from benchmarks.line import end, report
from benchmarks.setting import Bench, installation
from exchange.axis import Axis
from exchange.axis_headers import sign
from exchange.document_type import document_type
from exchange.edxml import write
from exchange.envelope import Attachment, Code, Envelope, Party
from records.axis import AxisStore

WARM, ROUNDS, CLIENTS = 20, 150, 2
SIZE = 100_000
ACCEPT, LIST = 4.0, 1.5
OWN, OTHERS = 100, 100_000
SECRET = "khoa-do-hieu-nang"
RECEIVERS = ("H99.01", "H99.02", "H99.03")

_ROWS = """CREATE TABLE IF NOT EXISTS floor_packet
  (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, receiver text, digest text, body text)"""
_FILL = """INSERT INTO axis_packet SELECT made.*
  FROM (SELECT p FROM axis_packet p LIMIT 1) one, generate_series(1, %(count)s) n,
    jsonb_populate_record(one.p, jsonb_build_object('packet_id', %(name)s || n,
      'sending_id', %(name)s || n, 'receiver', %(receiver)s::text, 'state', 'initial',
      'addressed_as', %(receiver)s::text, 'created_at', now() - make_interval(secs => n))) made"""


class Member:
    """A system's client on a kept-alive connection."""

    def __init__(self, system: str) -> None:
        self.system = system
        self.connection = http.client.HTTPConnection("127.0.0.1", PORT)

    def call(self, operation: str, parameters: dict[str, str], body: bytes = b"") -> Any:
        """Call an operation; return what it answered."""
        parameters = {"servicetype": "eDoc", "messagetype": "edoc", **parameters}
        headers = sign(parameters, body, self.system, SECRET, datetime.now(UTC))
        self.connection.request("POST", f"/axis/{operation}", body, headers)
        answer = json.loads(self.connection.getresponse().read())
        if answer["status"] != "OK":
            raise SystemExit(f"{operation}: {answer}")
        return answer


def documents(system: int, count: int) -> list[bytes]:
    """Return so many documents of 100 kB, no two alike."""
    noise = random.Random(f"{system}")
    room = SIZE * 3 // 4 - 3_000
    return [
        write(
            Envelope(
                sender=Party(f"H98.0{system}", "Sở Tài chính"),
                receivers=tuple(Party(code, code) for code in RECEIVERS),
                code=Code(str(n), "STC-QLNS"),
                promulgated_on=date(2026, 11, 28),
                document_type=document_type("Công văn"),
                subject=f"V/v quyết toán ngân sách, văn bản số {n}",
                document_id=f"H98.0{system},2026/11/28,{n}/STC-QLNS",
                attachments=(Attachment.of("cong-van.pdf", b"%PDF-1.7 " + noise.randbytes(room)),),
            )
        )
        for n in range(count)
    ]


def admit(bench: Bench) -> None:
    """Connect the members: a system for each client, one for each receiver."""
    with bench.office.database.transaction() as tx:
        axis = Axis(AxisStore(tx), clock=lambda: tx.now)
        for code in (*(f"H98.0{n}" for n in range(CLIENTS)), *RECEIVERS):
            axis.admit_system(code, SECRET)
            axis.admit_agency(code, code, code)


class Floor:
    """The file written and fsynced, and three rows in one commit."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self.connection = psycopg.connect(url.replace("+psycopg", ""), prepare_threshold=0)
        self.connection.execute(_ROWS, prepare=False)
        self.connection.commit()
        self._number = 0

    def once(self, data: bytes) -> None:
        """Keep one message."""
        self._number += 1
        with (self.folder / f"{id(self)}-{self._number}").open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with self.connection.transaction():
            for code in RECEIVERS:
                self.connection.execute(
                    "INSERT INTO floor_packet (receiver, digest, body) VALUES (%s, %s, %s)",
                    (code, "d" * 64, "b" * 200),
                )


def accepting(bench: Bench) -> list[bool]:
    """Measure taking in, two clients by turns with their floors."""
    taken: list[float] = []
    floors: list[float] = []
    gate, lock = threading.Barrier(CLIENTS), threading.Lock()
    with tempfile.TemporaryDirectory(dir=bench.settings.data) as folder:
        own = [Floor(bench.settings.database_url, Path(folder)) for _ in range(CLIENTS)]

        def drive(number: int) -> None:
            member, floor = Member(f"H98.0{number}"), own[number]
            mine: list[float] = []
            least: list[float] = []
            for data in documents(number, WARM + ROUNDS):
                gate.wait()
                mine.append(_timed(lambda data=data: member.call("sendEdoc", {}, data)))
                gate.wait()
                least.append(_timed(lambda data=data: floor.once(data)))
            with lock:
                taken.extend(mine[WARM:])
                floors.extend(least[WARM:])

        _together(drive)
    return [_line("accepting 100 kB for 3 receivers, 2 clients: median", taken, floors, ACCEPT)]


def fetching() -> list[bool]:
    """Measure handing out: a list, then each packet fetched and confirmed; no bound."""
    member = Member(RECEIVERS[0])
    waiting = member.call("getReceivedEdocList", {})["data"][:ROUNDS]
    fetched = [
        _timed(lambda row=row: member.call("getEdoc", {"docId": row["docId"]})) for row in waiting
    ]
    done = {"status": "done"}
    confirmed = [
        _timed(lambda row=row: member.call("updateStatus", {"docId": row["docId"], **done}))
        for row in waiting
    ]
    return [
        report("axis: fetching 100 kB, 1 client: median", statistics.median(fetched), "ms"),
        report("axis: confirming, 1 client: median", statistics.median(confirmed), "ms"),
    ]


def listing(bench: Bench) -> list[bool]:
    """Measure a member's own list of 100 with nothing else there, and with 100,000 of another."""
    taken: dict[int, list[float]] = {0: [], OTHERS: []}
    own, other = RECEIVERS[1].lower(), RECEIVERS[2].lower()
    member = Member(RECEIVERS[1])
    with psycopg.connect(
        bench.settings.database_url.replace("+psycopg", ""), autocommit=True
    ) as connection:
        keys = dict(connection.execute("SELECT lower(code), key FROM axis_agency").fetchall())
        connection.execute("UPDATE axis_packet SET state = 'done'")
        fill = {"name": "own-", "receiver": keys[own], "count": OWN}
        connection.execute(_FILL, fill)
        for others in (0, OTHERS, 0, OTHERS):
            connection.execute("DELETE FROM axis_packet WHERE packet_id LIKE 'other-%'")
            if others:
                fill = {"name": "other-", "receiver": keys[other], "count": others}
                connection.execute(_FILL, fill)
            connection.execute("VACUUM ANALYZE axis_packet")
            for turn in range(60):
                seconds = _timed(lambda: _listed(member))
                if turn >= 10:
                    taken[others].append(seconds)
    return [
        _line(f"listing one's own {OWN} beside {OTHERS:,} of others", taken[OTHERS], taken[0], LIST)
    ]


def _listed(member: Member) -> None:
    if len(member.call("getReceivedEdocList", {})["data"]) != OWN:
        raise SystemExit("not one's own list")


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1e3


def _together(drive: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=drive, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _line(name: str, taken: list[float], floors: list[float], bound: float) -> bool:
    ours, least = statistics.median(taken), statistics.median(floors)
    ratio = ours / least
    return report(
        f"axis: {name}", ours, "ms", floor=least, ratio=ratio, bound=f"<= {bound:g}",
        ok=ratio <= bound, p95=sorted(taken)[int(len(taken) * 0.95)],
    )  # fmt: skip


@contextmanager
def hub() -> Iterator[Bench]:
    """Lend a hub with its members behind two workers."""
    with installation(PORT) as bench:
        admit(bench)
        with _server():
            yield bench


def main() -> None:
    """Measure and print."""
    with hub() as bench:
        end([*accepting(bench), *fetching(), *listing(bench)])


if __name__ == "__main__":
    main()
