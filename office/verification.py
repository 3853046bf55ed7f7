"""Whether the journal and the histories stand as they were written (kiểm tra toàn vẹn).

It stands apart from `office.start`, which brings the pages and the whole house with it.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from engine import history
from engine.database import Database
from engine.instance import ProcessInstance
from office.journal_key import journal_key
from office.settings import Settings
from office.trust import TrustShelf
from processes import attestation
from records.journal_signature import verify_journal
from signing.zone import shown


def verify_records(settings: Settings) -> tuple[list[str], bool]:
    """Verify the journal and all histories; return what to print and whether they hold."""
    database = Database(settings.database_url)
    with database.session() as session:
        shelf = TrustShelf(settings.data / "signing", database)
        journal = verify_journal(
            session,
            lambda: journal_key(settings.data / "keys"),
            stamps=shelf.known().stamps(datetime.now(UTC)),
        )
        lines = [journal.text("vi")]
        broken = _broken(session)
        count = session.scalar(sa.select(sa.func.count(ProcessInstance.id)))
    lines += broken or [f"Lịch sử xử lý toàn vẹn: {count} lần chạy quy trình."]
    lines.append(f"Kiểm tra lúc {shown(datetime.now(UTC))}")
    database.dispose()
    return lines, journal.holds and not broken


def _broken(session: orm.Session) -> list[str]:
    found = attestation.lost(session)  # of a run that is gone altogether too
    for instance in session.scalars(sa.select(ProcessInstance).order_by(ProcessInstance.id)):
        problem = history.verify(session, instance)
        if problem is not None:
            found[instance.id] = problem
    return [f"Lần chạy {i}, sự kiện {one.seq}: {one.reason}" for i, one in found.items()]
