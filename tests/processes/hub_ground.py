"""One or more hubs to play with: real installations without agencies, each behind real HTTP."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from psycopg import sql
from story import axis_server, settings_for

from engine.database import Transaction
from exchange import edxml
from exchange.axis import Axis
from exchange.axis_client import AxisClient, Connection
from exchange.document_type import document_type
from exchange.envelope import Attachment, Code, Envelope, Party, TraceHop
from exchange.gateway import MessageType
from exchange.wire import Secret
from office.hub_settings import HubSettings
from office.office import Office
from office.runner import Runner
from processes.means import Means
from records import axis_log
from records.axis import AxisStore

AT = datetime(2026, 11, 20, 9, 15, tzinfo=UTC)
EDOC, STATUS = MessageType.EDOC, MessageType.STATUS


@dataclass
class Hub:
    """One hub: its installation, where it answers, and the systems connected to it."""

    office: Office
    server: Any

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}/axis"

    @property
    def port(self) -> int:
        found: int = self.server.port
        return found

    @property
    def database(self) -> Any:
        return self.office.database

    def axis(self, tx: Transaction) -> Axis:
        return Axis(AxisStore(tx), lambda: tx.now, rules=self.office.means.axis_rules)

    def admit(self, system: str, *codes: str) -> None:
        with self.database.transaction() as tx:
            axis = self.axis(tx)
            axis.admit_system(system, f"khoa-{system}")
            for code in codes:
                axis.admit_agency(system, code, f"Cơ quan {code}")

    def client(self, system: str, code: str = "") -> AxisClient:
        connection = Connection(self.url, system, Secret(f"khoa-{system}"), code)
        return AxisClient(connection, self.database.clock)

    def work(self, means: Means | None = None) -> list[str]:
        """Do all due jobs with the real handlers; return their kinds."""
        office = self.office if means is None else replace(self.office, means=means)
        runner = Runner(self.database, office.handlers(), name="hub", lease=30.0)
        done = []
        while found := runner.claim(10):
            for job in found:
                runner.carry_out(job)
                done.append(job.kind)
        return done

    def chain(self) -> int:
        with self.database.transaction() as tx:
            return axis_log.chain(tx)

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.database.transaction() as tx:
            return tx.execute(statement, *values).fetchall()


def _database(cluster: Any, template: str) -> Iterator[str]:
    made = f"hub_{uuid4().hex[:12]}"
    name = sql.Identifier(made)
    copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
    with cluster.connect() as administrator:
        administrator.execute(copy.format(name, sql.Identifier(template)))
    yield cluster.url(made)
    with cluster.connect() as administrator:
        administrator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@contextmanager
def open_hub(cluster: Any, template: str, *, clock: Any = None, **told: Any) -> Iterator[Hub]:
    """Lend a hub on a database of its own; `told` are its settings."""
    for url in _database(cluster, template):
        with tempfile.TemporaryDirectory(prefix="congvan-hub-") as folder, axis_server() as server:
            settings = settings_for(url, Path(folder), server.port)
            settings = replace(settings, hub=replace(HubSettings(), **told))
            office = Office.open(settings, clock=clock)
            server.app.extensions["congvan"] = office
            yield Hub(office, server)
            office.database.dispose()


def document(sender: str, *to: str, number: int = 215, trace: tuple[str, ...] = ()) -> bytes:
    """Return a small document as edXML."""
    envelope = Envelope(
        sender=Party(sender, f"Cơ quan {sender}"),
        receivers=tuple(Party(code, f"Cơ quan {code}") for code in to),
        code=Code(str(number), "STTTT-VP"),
        promulgated_on=date(2026, 11, 20),
        document_type=document_type("Công văn"),
        subject="V/v góp ý quy chế liên thông văn bản",
        document_id=f"{sender},2026/11/20,{number}/STTTT-VP",
        trace=tuple(TraceHop(code, AT) for code in trace),
        attachments=(Attachment.of("van-ban.pdf", b"%PDF-1.7\n%%EOF\n" + str(number).encode()),),
    )
    return edxml.write(envelope)
