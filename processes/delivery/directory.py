"""Whom the axis knows can be addressed (danh bạ trục liên thông): its agencies become addressees.

A new installation knows nobody, and the first document to another needs its receiver in the form.
What is known here keeps its name and is never taken off: a code that is no longer in force is
refused by the axis, with the one to use.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa

from engine import jobs
from engine.database import Query, Transaction
from engine.handlers import Errand, Handlers
from engine.jobs import ClaimedJob
from exchange.errors import ExchangeError
from exchange.gateway import DirectoryEntry, TellsDirectory
from exchange.identity import ORGAN_ID_LENGTH, OrganForm, is_addressable, organ_form, organ_key
from processes.delivery.gateway import gateway_of, tenants
from processes.means import Means
from records.organization import AgencyCode
from records.staffing import add_partner, add_partner_code

log = logging.getLogger(__name__)

#: the job that reads the directory, by the connection of one agency: an axis has one for all
DIRECTORY_JOB: Final = "read_directory"
#: agencies entered in one transaction
_AT_ONCE: Final = 100
_LONGEST_NAME: Final = 300

_OPEN = "SELECT 1 FROM job WHERE state IN ('ready', 'running') AND kind = %s LIMIT 1"
_CODES = Query(sa.select(AgencyCode.code))


def add_handlers(handlers: Handlers, means: Means) -> None:
    """Tell the worker how the directory is read."""
    handlers.outside(
        DIRECTORY_JOB, lambda errand, job: look_up(errand, job, means), forget=True, waits=True
    )


def post_reading(tx: Transaction) -> None:
    """Post a look at the directory unless one waits or runs."""
    if tx.execute(_OPEN, DIRECTORY_JOB).fetchone() is None:
        for agency_id, code in tenants(tx)[:1]:
            jobs.post(tx, DIRECTORY_JOB, {"code": code}, agency_id=agency_id)


def look_up(errand: Errand, job: ClaimedJob, means: Means) -> None:
    """Enter whom the axis knows and nobody here does."""
    assert job.agency_id is not None
    gateway = gateway_of(means, job.agency_id, job.payload["code"])
    if not isinstance(gateway, TellsDirectory):
        return  # this carrier does not tell
    try:
        listed = gateway.directory()
    except ExchangeError as error:
        # the next look comes by itself; that the axis is away is told where it is looked for mail
        log.info("the axis does not tell its directory: %s", error)
        return
    agencies = _grouped(listed)
    for start in range(0, len(agencies), _AT_ONCE):
        with errand.transaction() as tx:
            _enter(tx, agencies[start : start + _AT_ONCE])


def _grouped(entries: Iterable[DirectoryEntry]) -> list[list[DirectoryEntry]]:
    """Return the codes of each agency, one in force today before one of the old form."""
    found: dict[str, list[DirectoryEntry]] = defaultdict(list)
    for entry in entries:
        if is_addressable(entry.code) and len(entry.code.strip()) <= ORGAN_ID_LENGTH:
            found[entry.agency_id or organ_key(entry.code)].append(entry)
    return [sorted(g, key=lambda e: organ_form(e.code) is OrganForm.OLD) for g in found.values()]


def _enter(tx: Transaction, agencies: Iterable[list[DirectoryEntry]]) -> None:
    known = {organ_key(code): code for code in tx.scalars(_CODES)}
    for entries in agencies:
        missing = [one for one in entries if organ_key(one.code) not in known]
        if not missing:
            continue
        here = (known[k] for one in entries if (k := organ_key(one.code)) in known)
        first = next(here, entries[0].code)
        name = entries[0].name.strip()[:_LONGEST_NAME]
        partner = add_partner(tx, name or first, first)
        known[organ_key(first)] = first
        for one in missing:
            if organ_key(one.code) in known:
                continue
            add_partner_code(tx, partner, one.code)
            known[organ_key(one.code)] = one.code
