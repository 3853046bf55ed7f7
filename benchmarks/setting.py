"""An installation to measure on: its own data directory, its own PostgreSQL, the demonstration."""

import gc
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine.database import Acting
from engine.work_item import WorkItem
from office import demo, garbage, migrate
from office import settings as configuration
from office.office import Office
from office.postgres import Cluster
from office.settings import Settings
from processes import work_items
from processes.incoming.receive import ReceiveIncoming, receive
from processes.work_items import CompleteItem
from records.document_type import DocumentType
from records.login import log_in
from records.login_session import resume
from records.organization import Officer, Unit
from records.vocabulary import Channel

PASSWORD = "Mat-khau-do-hieu-nang"


@contextmanager
def installation(port: int = 8097) -> Iterator["Bench"]:
    """Yield a seeded installation; all of it is gone afterwards.

    `BENCH_DATABASE_URL` measures on another PostgreSQL, whose database is left as it is then.
    """
    with tempfile.TemporaryDirectory(prefix="congvan-bench-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        os.environ["CONGVAN_DATA"] = str(Path(folder) / "data")
        os.environ["PORT"] = str(port)
        found = configuration.load()
        found.make_data()
        cluster = None
        url = os.environ.get("BENCH_DATABASE_URL", "")
        if not url:
            cluster = Cluster(found.data, say=lambda _line: None)
            url = cluster.start()
        os.environ["DATABASE_URL"] = url
        found = configuration.load()
        migrate.upgrade(found.database_url)
        demo.seed(Office.open(found), password=PASSWORD)
        office = Office.open(found)
        with garbage.loading():  # as whoever serves is started
            gc.collect()
        try:
            yield Bench(found, office)
        finally:
            office.database.dispose()
            if cluster is not None:
                cluster.stop()


@dataclass
class Bench:
    """The installation and officers of the Sở who are logged in."""

    settings: Settings
    office: Office
    _acting: dict[str, Acting] = field(default_factory=dict)

    def acting(self, username: str) -> Acting:
        """Return who acts under a sample account."""
        if username not in self._acting:
            with self.office.database.transaction() as tx:
                admission = log_in(tx, username, PASSWORD, "127.0.0.1")
            with self.office.database.transaction() as tx:
                self._acting[username] = resume(tx, admission.token).acting
        return self._acting[username]

    def pick(self, kind: Any, **values: Any) -> Any:
        """Return a record of the Sở with these values."""
        acting = self.acting("vanthu.stttt")
        wanted = [getattr(kind, name) == value for name, value in values.items()]
        with self.office.database.transaction(acting) as tx:
            return tx.scalars(sa.select(kind).where(kind.agency_id == acting.agency_id, *wanted))[0]

    def complete(self, username: str, item: WorkItem, **values: Any) -> tuple[WorkItem, ...]:
        """Complete a step by its verb in process; return what opened."""
        with self.office.database.transaction(self.acting(username)) as tx:
            command = CompleteItem(item.id, item.version, values)
            return work_items.complete(tx, self.office.means, command).result.opened

    def item_in_hand(self) -> WorkItem:
        """Bring a new incoming document to the step «Giải quyết» and return its work item."""
        letter = self.pick(DocumentType, code="CV")
        director = self.pick(Officer, full_name="Đỗ Xuân Hòa")
        unit = self.pick(Unit, symbol="CNTT")
        officer = self.pick(Officer, full_name="Nguyễn Hải An")
        deadline = (date.today() + timedelta(days=30)).isoformat()
        arrival = ReceiveIncoming(Channel.POST, "Sở Xây dựng", f"Đo hiệu năng {uuid.uuid4().hex}")
        with self.office.database.transaction(self.acting("vanthu.stttt")) as tx:
            _, started = receive(tx, self.office.means, arrival)
        [item] = self.complete("vanthu.stttt", started.opened[0], outcome="accept")
        [item] = self.complete(
            "vanthu.stttt", item, document_type=str(letter.id), subject=arrival.subject,
            organ_name=arrival.organ_name, issued_on=date.today().isoformat(),
        )  # fmt: skip
        [item] = self.complete("vanthu.stttt", item, director=str(director.id))
        [item] = self.complete(
            "giamdoc.stttt", item, outcome="direct", opinion="Giao phòng CNTT chủ trì",
            lead_unit=str(unit.id), deadline=deadline,
        )  # fmt: skip
        [item] = self.complete(
            "truongphong.stttt", item, outcome="assign", lead_officer=str(officer.id)
        )
        return item

    def report(self, item: WorkItem) -> WorkItem:
        """Report progress on the step «Giải quyết» with all its writes; return the next."""
        [following] = self.complete("chuyenvien.stttt", item, **PROGRESS)
        return following


#: the form as an officer fills it in
PROGRESS = {"outcome": "continue", "progress": "60", "opinion": "Đã có số liệu, đang viết mục 2"}
