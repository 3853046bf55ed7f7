"""Issued letters in number: one is written and signed step by step, the others are its copies."""

import itertools
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from story import Story, letter

from engine import jobs
from processes.outgoing.issue import SEND_JOB
from records.content import File
from records.document import OutgoingDocument
from records.organization import Agency, AgencyCode
from records.recipient import Recipient

_NUMBERS = itertools.count(5000)
_FIRST: dict[int, UUID] = {}


def _copy(record: Any, **changes: Any) -> Any:
    kept = {c.key: getattr(record, c.key) for c in sa.inspect(type(record)).columns}
    return type(record)(**{k: v for k, v in kept.items() if k not in {"id", "version"}} | changes)


def issued(story: Story, subject: str, *to: str) -> UUID:
    """Issue a letter of Sở TT&TT to these agencies: signed and sealed once, then sent as its own."""
    first = _FIRST.get(id(story))
    if first is None:
        first = _FIRST[id(story)] = letter(story, subject="văn bản đầu", to=("STC",))
    number = str(next(_NUMBERS))
    with story.as_("vanthu.stttt") as tx:
        model = tx.get(OutgoingDocument, first)
        identifier = (model.identifier or "").rpartition(",")[0]
        document = tx.add(
            _copy(
                model, subject=subject, code_number=number, serial_number=int(number),
                identifier=f"{identifier},{number}/{model.code_notation}",
            )
        )  # fmt: skip
        for file in tx.scalars(sa.select(File).where(File.outgoing_document_id == first)):
            tx.add(_copy(file, outgoing_document_id=document.id))
        for ordinal, symbol in enumerate(to, 1):
            (agency,) = tx.scalars(sa.select(Agency).where(Agency.symbol == symbol))
            code = tx.scalar(
                sa.select(AgencyCode.code).where(
                    AgencyCode.agency_id == agency.id, AgencyCode.preferred.is_(True)
                )
            )
            one = tx.add(
                Recipient(
                    agency_id=document.agency_id, outgoing_document_id=document.id,
                    ordinal=ordinal, receiver_agency_id=agency.id, organ_code=code,
                    name=agency.name,
                )
            )  # fmt: skip
            jobs.post(tx, SEND_JOB, {"recipient": str(one.id)})
        return document.id
