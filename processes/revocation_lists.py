"""Lists of withdrawn certificates renewed ahead of their end (cập nhật danh sách thu hồi)."""

from datetime import datetime

import sqlalchemy as sa
from cryptography import x509

from engine import jobs
from engine.database import Transaction
from engine.handlers import Errand, Handlers
from engine.jobs import ClaimedJob, Job, JobState
from processes.means import Known, Means
from processes.stale_lists import stale, tell
from signing.errors import SigningError
from signing.revocation_entry import Entry, Kind, Wanted
from signing.trust import AnchorRole

#: the job that asks for what is due
REFRESH_JOB = "refresh_revocation"


def add_handlers(handlers: Handlers, means: Means) -> None:
    """Tell the worker how lists are renewed."""
    handlers.outside(REFRESH_JOB, lambda errand, job: _refresh(errand, job, means), forget=True)


def post_refresh(tx: Transaction) -> None:
    """Post a look at the lists unless one waits or runs: nothing is asked that is not due."""
    is_open = Job.state.in_((JobState.READY.value, JobState.RUNNING.value))
    if not tx.scalar(sa.select(sa.func.count(Job.id)).where(Job.kind == REFRESH_JOB, is_open)):
        jobs.post(tx, REFRESH_JOB, {})


def _refresh(errand: Errand, _job: ClaimedJob, means: Means) -> None:
    with errand.transaction() as tx:
        now = tx.now
    known = means.signing.known()
    refresh(known, now)
    found = stale(known, now)
    with errand.finish() as tx:
        tell(tx, found)


def refresh(known: Known, now: datetime) -> None:
    """Ask for all lists that are due; what fails is noted with its entry and tried again."""
    for wanted, roles in wanted_lists(known).items():
        for role in roles:
            try:
                known.cache.refresh(wanted, role, now)
            except SigningError:
                # the entry says what went wrong, and is shown where lists are looked after
                continue
    known.cache.refresh_due(now)
    known.cache.sweep(now)


def wanted_lists(known: Known) -> dict[Wanted, frozenset[AnchorRole]]:
    """Return the lists that are always at hand: those named, and those of known authorities."""
    found = {
        Wanted(Kind.LIST, one.url, one.issuer): frozenset(AnchorRole) for one in known.sources.lists
    }
    roots = {x509.load_der_x509_certificate(one.certificate).subject: one.certificate
             for one in known.trust.anchors}  # fmt: skip
    for issuer in known.trust.issuers:
        root = roots.get(x509.load_der_x509_certificate(issuer).issuer)
        if root is not None:
            lists = (one for one in known.cache.wanted_for(issuer, root) if one.kind is Kind.LIST)
            found |= dict.fromkeys(lists, frozenset(AnchorRole))
    return found


def troubled(known: Known, now: datetime) -> list[Entry]:
    """Return the lists that are out of term, or will be before the next try has succeeded once."""
    return [
        one
        for one in known.cache.entries()
        if one.wanted.kind is Kind.LIST and (one.failures or not one.is_current(now))
    ]
