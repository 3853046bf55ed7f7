"""An axis that stays away (trục không trả lời): nothing comes, and somebody has to hear of it.

The first look that fails posts a job that is due after a while; a look that succeeds takes it back,
or ends the incident that it became. Which process looked does not matter.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from engine import jobs
from engine.database import Transaction
from engine.errors import OfficeError
from engine.handlers import Errand, GiveUp
from engine.jobs import ClaimedJob
from exchange.clock import VIETNAM
from exchange.errors import ExchangeError
from exchange.gateway import MessageType
from processes.delivery.gateway import gateway_of
from processes.means import Means

#: the job that fails while the axis stays away: incidents are of jobs
SILENT_JOB = "axis_silent"
#: in a look's job: the axis did not answer the one before
UNHEARD = "unheard"
#: an axis that is started anew is no incident
PATIENCE = timedelta(minutes=15)


class AxisSilent(OfficeError):
    """No packets have come for a while, because the axis cannot be asked (trục không trả lời)."""

    code = "axis-silent"
    status = 503
    vi = (
        "Từ {since} không nhận được văn bản, thông báo nào qua trục: {why_vi} Kiểm tra đường "
        "truyền, mã hệ thống và khóa bí mật (congvan doctor). Sự cố tự đóng khi trục trả lời; "
        "văn bản chờ trên trục không mất."
    )
    en = (
        "Nothing has come from the axis since {since}: {why_en} Check the connection, system id "
        "and secret (congvan doctor). This closes by itself once the axis answers; "
        "what waits there is not lost."
    )


def note_silence(errand: Errand, look: ClaimedJob) -> None:
    """Have it become an incident that an agency's axis does not answer, unless it does soon."""
    if look.payload.get(UNHEARD):
        return
    with errand.transaction() as tx:
        payload = {"code": look.payload["code"], "since": tx.now.isoformat()}
        due, key = tx.now + PATIENCE, f"{SILENT_JOB}:{look.agency_id}"
        jobs.post(tx, SILENT_JOB, payload, run_at=due, key=key, agency_id=look.agency_id)


def end_silence(errand: Errand, look: ClaimedJob) -> None:
    """Take back what `note_silence` posted, and close the incident about it."""
    if not look.payload.get(UNHEARD):
        return
    with errand.transaction() as tx:
        tx.execute(
            "WITH ended AS (UPDATE job SET key = NULL, state = 'done', done_at = %s"
            " WHERE key = %s AND state IN ('ready', 'failed') RETURNING id)"
            " UPDATE incident SET closed_at = %s WHERE closed_at IS NULL"
            " AND job_id IN (SELECT id FROM ended)",
            *(tx.now, f"{SILENT_JOB}:{look.agency_id}", tx.now),
        )


def silent(tx: Transaction) -> set[UUID]:
    """Return the agencies whose axis did not answer last."""
    rows = tx.execute("SELECT agency_id FROM job WHERE kind = %s AND key IS NOT NULL", SILENT_JOB)
    return {row[0] for row in rows.fetchall()}


def look_at_silence(errand: Errand, job: ClaimedJob, means: Means) -> None:
    """Ask the axis once more; raise what makes it an incident where it stays away."""
    assert job.agency_id is not None
    payload: dict[str, Any] = job.payload
    try:
        gateway_of(means, job.agency_id, payload["code"]).list_received(MessageType.EDOC)
    except ExchangeError as error:
        since = datetime.fromisoformat(payload["since"]).astimezone(VIETNAM)
        told = AxisSilent(
            since=f"{since:%H:%M %d/%m/%Y}", why_vi=error.text("vi"), why_en=error.text("en")
        )
        raise GiveUp(f"{told.text('vi')} {told.text('en')}") from error
    with errand.finish() as tx:
        tx.execute("UPDATE job SET key = NULL WHERE id = %s", job.id)
