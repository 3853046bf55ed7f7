"""Lists of withdrawn certificates that ran out (danh sách thu hồi hết hạn), told as incidents.

An address that is asked again each minute fails quietly; that its last list no longer counts must
be seen by who operates, once, and be over by itself when a newer list is at hand.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from cryptography import x509

from engine import jobs
from engine.database import Transaction
from engine.errors import OfficeError
from engine.handlers import Errand, GiveUp, Handlers
from engine.jobs import ClaimedJob, Incident
from processes.means import Known, Means
from signing.revocation_entry import Kind
from signing.zone import shown

#: the job that fails as long as its list is stale: incidents are of jobs
STALE_JOB = "revocation_list_stale"


class ListStale(OfficeError):
    """A list of withdrawn certificates is out of term (danh sách thu hồi đã hết hạn)."""

    code = "list-stale"
    status = 503
    vi = (
        "Danh sách thu hồi {url} đã hết hạn từ {until} và chưa có bản mới, nên chữ ký của nơi cấp "
        "này chưa kết luận được. Kiểm tra đường mạng tới địa chỉ đó, hoặc chép bản mới vào thư mục "
        "signing/trust. Sự cố tự đóng khi có danh sách còn hạn."
    )
    en = (
        "The revocation list {url} is out of term since {until} and no newer one is at hand, so "
        "signatures under its issuer stay undetermined. Check the network to that address, or lay "
        "a newer list into signing/trust. The incident closes by itself once a list counts again."
    )


def add_handlers(handlers: Handlers, means: Means) -> None:
    """Tell the worker how a stale list becomes an incident."""
    handlers.outside(STALE_JOB, lambda errand, job: _look(errand, job, means), forget=True)


def stale(known: Known, now: datetime) -> dict[str, datetime]:
    """Return the addresses whose newest list at hand is out of term, fetched or laid, since when.

    What never was at hand is no stale list: the health page tells of it.
    """
    until: dict[str, datetime] = {}
    terms = [
        (one.wanted.url, one.next_update)
        for one in known.cache.entries()
        if one.wanted.kind is Kind.LIST
    ]
    terms += [
        (one.url, x509.load_der_x509_crl(one.der).next_update_utc) for one in known.laid.lists
    ]
    for url, ends in terms:
        if ends is not None:
            until[url] = max(ends, until.get(url, ends))
    return {url: ends for url, ends in until.items() if ends < now}


_OPEN = """SELECT job.payload ->> 'url', incident.id FROM job
    LEFT JOIN incident ON incident.job_id = job.id AND incident.closed_at IS NULL
    WHERE job.kind = %s AND job.state IN ('ready', 'running', 'failed')"""


def tell(tx: Transaction, found: Mapping[str, datetime]) -> None:
    """Have an incident opened for each stale list that has none, and close those that are over."""
    told: dict[str, UUID | None] = dict(tx.execute(_OPEN, STALE_JOB).fetchall())
    for url in sorted(set(found) - set(told)):
        jobs.post(tx, STALE_JOB, {"url": url})
    for url, incident in told.items():
        if url not in found and incident is not None:
            jobs.retry(tx, tx.get(Incident, incident))


def _look(errand: Errand, job: ClaimedJob, means: Means) -> None:
    with errand.transaction() as tx:
        now = tx.now
    url = str(job.payload["url"])
    until = stale(means.signing.known(), now).get(url)
    if until is not None:
        error = ListStale(url=url, until=shown(until))
        raise GiveUp(f"{error.text('vi')}\n{error.text('en')}")
